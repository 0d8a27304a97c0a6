//! Assertions that somebody else signs (RFC 7523).

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::call::BoxFuture;
use crate::error::{Error, Result};
use crate::secret::Secret;

type Make = dyn Fn(String) -> BoxFuture<Result<Secret>> + Send + Sync;

/// A client assertion (RFC 7523) that is signed elsewhere: the private key never comes into this
/// program.
///
/// An assertion with a `jti` is good for one token request, and each is good until its `exp` only:
/// a program that outlives its first token needs one that can be had anew, from a
/// [file](Self::from_file) that somebody keeps fresh or from a [function](Self::from_fn).
#[derive(Clone)]
pub struct ClientAssertion(From);

#[derive(Clone)]
enum From {
    Text(Secret),
    File(PathBuf),
    Function(Arc<Make>),
}

/// Longest assertion file.
const MAX_FILE: u64 = 64 * 1024;

impl ClientAssertion {
    /// A ready-made assertion, which is sent with every token request.
    pub fn new(assertion: impl Into<Secret>) -> Self {
        let assertion: Secret = assertion.into();
        Self(From::Text(Secret::new(assertion.expose().trim())))
    }

    /// A file that holds the assertion of the moment; it is read before every token request.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self(From::File(path.into()))
    }

    /// A function that makes an assertion for the audience that it is given, the URL of the token
    /// endpoint; it is called before every token request.
    ///
    /// ```
    /// use okta_core::{ClientAssertion, ServiceApp};
    ///
    /// # async fn signed_by_the_vault(audience: &str) -> okta_core::Result<String> { Ok("e30.e30.e30".into()) }
    /// let assertion = ClientAssertion::from_fn(|audience| async move {
    ///     signed_by_the_vault(&audience).await
    /// });
    /// let app = ServiceApp::with_assertion("0oa1b2c3d4", assertion, ["okta.users.read"])?;
    /// # let _ = app;
    /// # Ok::<(), okta_core::Error>(())
    /// ```
    pub fn from_fn<F, S>(make: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<S>> + Send + 'static,
        S: Into<Secret>,
    {
        Self(From::Function(Arc::new(move |audience| {
            let made = make(audience);
            Box::pin(async move { made.await.map(Into::into) })
        })))
    }

    /// What can be known before the first request.
    pub(super) fn check(&self) -> Result<()> {
        match &self.0 {
            From::Text(text) => sound(text.clone()).map(drop),
            From::File(path) => read(path).map(drop),
            From::Function(_) => Ok(()),
        }
    }

    /// The client that a ready-made assertion names (`sub`).
    pub(crate) fn subject(&self) -> Result<String> {
        let text = match &self.0 {
            From::Text(text) => sound(text.clone())?,
            From::File(path) => read(path)?,
            From::Function(_) => return Err(Error::config("the client id is missing")),
        };
        let claims = text.expose().split('.').nth(1).unwrap_or_default();
        URL_SAFE_NO_PAD
            .decode(claims)
            .ok()
            .and_then(|claims| serde_json::from_slice::<serde_json::Value>(&claims).ok())
            .and_then(|claims| claims.get("sub")?.as_str().map(str::to_owned))
            .ok_or_else(|| {
                Error::config("the client assertion does not name its client (`sub`)").with_hint(
                    "set clientId, or give an assertion whose sub is the app's client id",
                )
            })
    }

    pub(super) async fn make(&self, audience: String) -> Result<Secret> {
        match &self.0 {
            From::Text(text) => Ok(text.clone()),
            // A few kilobytes, once in an hour or so.
            From::File(path) => read(path),
            From::Function(make) => sound(make(audience).await?),
        }
    }

    /// For error messages.
    pub(super) fn describe(&self) -> String {
        match &self.0 {
            From::Text(_) => "a ready-made client assertion".into(),
            From::File(path) => format!("client assertion of {}", path.display()),
            From::Function(_) => "client assertion of a function".into(),
        }
    }

    /// What to do when it is refused.
    pub(super) fn hint(&self) -> &'static str {
        match &self.0 {
            From::Text(_) => {
                "a ready-made assertion is good until its exp, and for one token request if it has a jti: use ClientAssertion::from_file or from_fn, or give the app's private key"
            }
            From::File(_) => {
                "the file must hold a new assertion for each token request: one with a jti is good once, and none is good after its exp"
            }
            From::Function(_) => {
                "the function must make a new assertion each time, with aud as it was given, and iss and sub the client id"
            }
        }
    }
}

fn read(path: &PathBuf) -> Result<Secret> {
    let fault =
        |what: String| Error::config(format!("client assertion: {}: {what}", path.display()));
    let length = std::fs::metadata(path)
        .map_err(|error| fault(error.to_string()).with_source(error))?
        .len();
    if length > MAX_FILE {
        return Err(fault("it is longer than 64 KiB".into()));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| fault(error.to_string()).with_source(error))?;
    sound(Secret::new(text.trim())).map_err(|error| fault(error.to_string()))
}

/// Three parts of base64url. Errors never repeat any of it.
fn sound(assertion: Secret) -> Result<Secret> {
    let plain = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let text = assertion.expose();
    if text.split('.').count() == 3 && text.split('.').all(plain) {
        return Ok(assertion);
    }
    Err(Error::config("the client assertion is no signed JWT")
        .with_hint("it has three parts of base64url with dots between them"))
}

impl fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}
