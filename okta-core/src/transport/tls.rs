//! TLS by our own configuration, with an explicit crypto provider: the process-wide default, which
//! another crate may have set or left unset, plays no part.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_platform_verifier::Verifier;

use super::TransportOptions;
use super::lazy_verifier::LazyVerifier;
use crate::error::{Error, Result};

/// Where https is going to be used, missing system roots are an error.
pub(super) fn config(options: &TransportOptions) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = extra_roots(&options.extra_roots_pem)?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::config("TLS cannot be set up").with_source(error))?;
    let verifier: Arc<dyn ServerCertVerifier> = if options.tls_required {
        let made = Verifier::new_with_extra_roots(roots, provider).map_err(|error| {
            Error::config("no root certificates to check the org's certificate with")
                .with_hint(
                    "install the system's CA certificates, or give the builder extra_root_pem(…)",
                )
                .with_source(error)
        })?;
        Arc::new(made)
    } else {
        Arc::new(LazyVerifier::new(roots, provider))
    };
    let verified = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &options.identity {
        None => verified.with_no_client_auth(),
        Some((chain, key)) => {
            let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
                .filter_map(Result::ok)
                .collect();
            let fault = |what: &str| {
                Error::config(format!("client certificate: {what}"))
                    .with_hint("give PEM text: the certificate with its chain, and its private key without passphrase")
            };
            if chain.is_empty() {
                return Err(fault("there is no certificate in it"));
            }
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .map_err(|_| fault("there is no private key for it"))?;
            verified
                .with_client_auth_cert(chain, key)
                .map_err(|error| fault("certificate and key do not fit").with_source(error))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn extra_roots(pems: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>> {
    let mut roots = Vec::new();
    for pem in pems {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.push(certificate.map_err(|error| {
                Error::config(format!("an extra root certificate is not PEM: {error:?}"))
            })?);
        }
        if roots.len() == before {
            return Err(Error::config("an extra root holds no certificate")
                .with_hint("give PEM text with -----BEGIN CERTIFICATE----- blocks"));
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_roots(roots: &[&[u8]]) -> Result<ClientConfig> {
        config(&TransportOptions {
            extra_roots_pem: roots.iter().map(|root| root.to_vec()).collect(),
            ..TransportOptions::default()
        })
    }

    #[test]
    fn wrong_roots_are_named() {
        let error = with_roots(&[b"nonsense"]).unwrap_err();
        assert!(error.to_string().contains("no certificate"), "{error}");
        let broken = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        assert!(with_roots(&[broken]).is_err());
        assert!(with_roots(&[]).is_ok());
    }

    #[test]
    fn wrong_client_certificates_are_named() {
        const CA: &[u8] = include_bytes!("../../tests/tls/ca.pem");
        const CERTIFICATE: &[u8] = include_bytes!("../../tests/tls/server.pem");
        const KEY: &str = include_str!("../../tests/tls/server.key");
        let with = |certificate: &[u8], key: &str| {
            config(&TransportOptions {
                identity: Some((certificate.to_vec(), key.into())),
                ..TransportOptions::default()
            })
        };
        assert!(with(CERTIFICATE, KEY).is_ok());
        for (certificate, key, what) in [
            (&b"x"[..], KEY, "no certificate"),
            (CERTIFICATE, "canary", "no private key"),
            (CA, KEY, "do not fit"),
        ] {
            let error = with(certificate, key).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert!(!format!("{error:?}").contains("canary"));
        }
    }
}
