//! Signing a user in: by a browser on this machine, or by a code on another device.

mod browser;
mod device;
mod id_token;
mod loopback;

pub use browser::BrowserSignIn;
pub use device::{DeviceProgress, DevicePrompt, DeviceSignIn};
pub use id_token::IdClaims;

pub(super) use id_token::Keys;

use crate::error::{Error, Result};
use crate::scope::Scopes;

/// How a user signs in; made from a [`BrowserSignIn`] or a [`DeviceSignIn`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SignIn {
    /// Authorization code with PKCE and a listener on loopback.
    Browser(BrowserSignIn),
    /// A code that the user enters on another device.
    Device(DeviceSignIn),
}

impl From<BrowserSignIn> for SignIn {
    fn from(how: BrowserSignIn) -> Self {
        Self::Browser(how)
    }
}

impl From<DeviceSignIn> for SignIn {
    fn from(how: DeviceSignIn) -> Self {
        Self::Device(how)
    }
}

/// A user is signed in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SignedIn {
    /// Who, by the checked ID token; `None` if the scope `openid` was not asked for.
    pub user: Option<IdClaims>,
    /// Scopes that were granted.
    pub scopes: Scopes,
    /// Scopes that were asked for and not granted.
    pub missing: Scopes,
    /// True if the session outlives its access token: there is a refresh token.
    pub can_refresh: bool,
}

/// 256 random bits as base64url, unguessable.
fn unguessable() -> Result<String> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(&mut *bytes)
        .map_err(|_| Error::config("the operating system has no random numbers"))?;
    Ok(super::jwk::base64url(&*bytes))
}
