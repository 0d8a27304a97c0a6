//! TLS: a certificate of its own, or a given one.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Which certificate a sandbox shows.
#[derive(Clone)]
pub struct Tls {
    chain_pem: String,
    key_pem: String,
    ca_pem: Option<String>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("own_ca", &self.ca_pem.is_some())
            .finish_non_exhaustive()
    }
}

/// The names that a generated certificate is for.
const NAMES: [&str; 5] = [
    "localhost",
    "*.localhost",
    "127.0.0.1",
    "::1",
    "localhost-admin",
];

impl Tls {
    /// A fresh certificate authority and a certificate of it for `localhost`, `*.localhost`,
    /// `127.0.0.1` and `::1`. Clients must trust [`Sandbox::ca_pem`](crate::Sandbox::ca_pem).
    ///
    /// # Errors
    /// If the system has no randomness for a key.
    pub fn generate() -> io::Result<Self> {
        Self::try_generate().map_err(io::Error::other)
    }

    fn try_generate() -> Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let name = &mut authority.distinguished_name;
        name.push(DnType::CommonName, "Okta sandbox CA");
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);
        let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name
            .push(DnType::CommonName, "Okta sandbox");
        leaf.use_authority_key_identifier_extension = true;
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &issuer)?;
        Ok(Self {
            chain_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            ca_pem: Some(authority_certificate.pem()),
        })
    }

    /// A certificate chain and its private key, both in PEM.
    #[must_use]
    pub fn from_pem(chain: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            chain_pem: chain.into(),
            key_pem: key.into(),
            ca_pem: None,
        }
    }

    /// The certificate authority to trust, if the sandbox made one.
    pub(crate) fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// What accepts connections.
    pub(crate) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let invalid = |what: &str| {
            let text = format!("the TLS {what} cannot be used");
            io::Error::new(io::ErrorKind::InvalidInput, text)
        };
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(self.chain_pem.as_bytes())
                .collect::<Result<_, _>>()
                .map_err(|_| invalid("certificate"))?;
        if chain.is_empty() {
            return Err(invalid("certificate"));
        }
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes())
            .map_err(|_| invalid("private key"))?;
        // The provider is named, so that whatever the process has installed does not matter.
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|_| invalid("certificate with this private key"))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
