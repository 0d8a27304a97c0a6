//! A program whose dependencies link two TLS providers.

use okta_core::{Client, RetryPolicy};
use rustls::crypto::CryptoProvider;

/// rustls cannot choose a process-wide default between the two, and says so by a panic in whoever
/// relies on it. The client brings its own provider.
#[tokio::test]
async fn demand_53_two_tls_providers_in_one_program_do_not_panic() {
    assert!(CryptoProvider::get_default().is_none());
    let relying = std::panic::catch_unwind(|| {
        drop(rustls::ClientConfig::builder());
    });
    assert!(
        relying.is_err(),
        "only one provider is linked: this test shows nothing"
    );

    let call = || async {
        let client = Client::builder()
            .org_url("https://127.0.0.1:9")
            .api_token("00x")
            .extra_root_pem(include_str!("../../okta-core/tests/tls/ca.pem"))
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        client.call("GET", "/api/v1/meta").await.unwrap_err()
    };
    assert!(call().await.is_transport());
    // Nor does another provider as the default play a part.
    CryptoProvider::install_default(rustls::crypto::ring::default_provider()).unwrap();
    assert!(call().await.is_transport());
}
