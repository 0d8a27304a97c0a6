//! TLS by our own configuration, with an explicit crypto provider: the process-wide default, which
//! another crate may have set or left unset, plays no part.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, Result};

/// `required`: https is going to be used, so that missing system roots are an error.
pub(super) fn config(extra_roots_pem: &[Vec<u8>], required: bool) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = extra_roots(extra_roots_pem)?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::config("TLS cannot be set up").with_source(error))?;
    let mut config = match Verifier::new_with_extra_roots(roots, provider) {
        Ok(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        Err(error) if required => {
            return Err(Error::config("no root certificates to check the org's certificate with")
                .with_hint("install the system's CA certificates, or give the builder extra_root_pem(…)")
                .with_source(error));
        }
        Err(_) => builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth(),
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

    #[test]
    fn wrong_roots_are_named() {
        let error = config(&[b"nonsense".to_vec()], false).unwrap_err();
        assert!(error.to_string().contains("no certificate"), "{error}");
        let broken = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n".to_vec();
        assert!(config(&[broken], false).is_err());
        assert!(config(&[], false).is_ok());
    }
}
