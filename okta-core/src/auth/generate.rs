//! New keys, and what is registered or kept of them.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, RsaKeyPair};
use zeroize::Zeroizing;

use super::jwt::Algorithm;
use super::key::{Curve, Inner, PrivateKey, fault};
use super::key_text::{finish, from_pkcs8};
use super::pem;
use crate::error::Result;
use crate::secret::Secret;

impl PrivateKey {
    /// Generates a key for this algorithm: RSA with 3072 bits, or EC on the algorithm's curve. Its
    /// key id is its [`thumbprint`](Self::thumbprint).
    ///
    /// ```
    /// use okta_core::{PrivateKey, auth::Algorithm};
    /// # fn main() -> okta_core::Result<()> {
    /// let key = PrivateKey::generate(Algorithm::Es256)?;
    /// // Paste this into the app: Admin Console > Applications > the app > Public Keys.
    /// println!("{}", key.public_jwks());
    /// // Keep this: a file with mode 0600, or a secret store.
    /// let pem = key.to_pkcs8_pem()?;
    /// assert_eq!(PrivateKey::parse(pem.expose())?.thumbprint(), key.thumbprint());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the crypto library cannot make one.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let failed = || fault("no key can be generated");
        let curve = Curve::ALL
            .into_iter()
            .find(|curve| curve.algorithm() == algorithm);
        let inner = match curve {
            Some(curve) => {
                let key = EcdsaKeyPair::generate(curve.signing()).map_err(|_| failed())?;
                Inner::Ec(key, curve)
            }
            None => Inner::Rsa(RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| failed())?),
        };
        let key = finish(inner, None).with_algorithm(algorithm)?;
        let id = key.thumbprint();
        Ok(key.with_key_id(id))
    }

    /// The private key as PKCS#8 PEM text, to be kept. It holds neither key id nor algorithm: give
    /// them again when it is read.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the crypto library cannot encode it.
    pub fn to_pkcs8_pem(&self) -> Result<Secret> {
        Ok(pem::private_key(&self.pkcs8()?))
    }

    /// The public half as a JWKS (JSON text), to paste into the app's settings.
    pub fn public_jwks(&self) -> String {
        format!("{{\"keys\":[{}]}}", self.public_jwk())
    }

    fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>> {
        let failed = |_| fault("it cannot be encoded");
        Ok(Zeroizing::new(match &*self.inner {
            Inner::Rsa(key) => {
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
                der.as_ref().to_vec()
            }
            Inner::Ec(key, _) => key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
        }))
    }

    /// base64url of PKCS#8, for a token store.
    pub(super) fn to_stored(&self) -> Result<Secret> {
        Ok(super::jwk::base64url(&self.pkcs8()?).into())
    }

    /// Back from a token store; the text is not repeated in the error.
    pub(super) fn from_stored(text: &Secret) -> Result<Self, String> {
        let der = super::jwk::bytes(Some(text.expose()), "key")?;
        Ok(finish(from_pkcs8(&der)?, None))
    }
}
