//! Which scopes are missing, before the first call fails.

use std::fmt;

use super::Client;
use crate::call::BoxFuture;
use crate::error::{Challenge, Result, how_to_grant};
use crate::operation::OperationInfo;
use crate::scope::{Scope, Scopes};

impl Client {
    /// Compares the scopes that a program needs with those that the token carries; gets a token if
    /// there is none yet.
    ///
    /// With typed operations: `client.preflight(scopes_of![users::List, groups::Create])`.
    ///
    /// ```no_run
    /// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
    /// let report = client.preflight(["okta.users.read", "okta.groups.manage"]).await?;
    /// if !report.is_ok() {
    ///     eprintln!("{report}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Token`](crate::ErrorKind::Token) if no token can be had.
    pub fn preflight(&self, needed: impl Into<Scopes>) -> BoxFuture<Result<Preflight>> {
        let client = self.clone();
        let needed = needed.into();
        Box::pin(async move { client.preflight_for(needed).await })
    }

    async fn preflight_for(&self, needed: Scopes) -> Result<Preflight> {
        let uri = self.root_uri()?;
        let cx = self.auth_context(&uri);
        let credential = &self.inner.credential;
        let ready = self.in_time(&cx, credential.ready(&cx, &needed)).await;
        let granted = match ready {
            Ok(granted) => granted,
            // Not one of the scopes is granted: that is a finding, too.
            Err(error) if error.code() == Some("consent_required") => Some(Scopes::new()),
            // The policy of the credential is to fail; here it is the report that is asked for.
            Err(error) => match error.insufficient_scope() {
                Some(scope) => scope.granted().cloned(),
                None => return Err(error),
            },
        };
        let app = credential.client_id();
        let missing = match &granted {
            Some(granted) => needed.missing_from(granted),
            None => Scopes::new(),
        };
        let missing = missing
            .iter()
            .map(|scope| MissingScope {
                scope: scope.clone(),
                how_to_fix: how_to_grant(
                    &Scopes::from(scope.clone()),
                    credential.requested_scopes(),
                    app,
                    self.org_url(),
                ),
            })
            .collect();
        Ok(Preflight {
            needed,
            granted,
            missing,
            scoped: credential.is_scoped(),
        })
    }
}

/// What [`Client::preflight`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preflight {
    /// Scopes asked about.
    pub needed: Scopes,
    /// Scopes that the token carries; `None` if that cannot be known (API token, static bearer).
    pub granted: Option<Scopes>,
    /// Needed scopes that the token does not carry.
    pub missing: Vec<MissingScope>,
    scoped: bool,
}

/// A missing scope and how an admin grants it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingScope {
    /// The scope.
    pub scope: Scope,
    /// Which app, which call or console page, what then.
    pub how_to_fix: String,
}

impl Preflight {
    /// True if nothing is known to be missing.
    pub fn is_ok(&self) -> bool {
        self.missing.is_empty()
    }
}

impl fmt::Display for Preflight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.granted {
            None if !self.scoped => {
                return f.write_str(
                    "scopes do not apply: an API token acts with its owner's admin roles",
                );
            }
            None => return f.write_str("the scopes of the token are not known"),
            Some(_) if self.is_ok() => return write!(f, "all scopes granted: {}", self.needed),
            Some(_) => {}
        }
        for (index, missing) in self.missing.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{} is missing: {}", missing.scope, missing.how_to_fix)?;
        }
        Ok(())
    }
}

/// Scopes that an operation needs: by its record, else by the service's own words (which often
/// name only the weakest one).
pub(super) fn needed(info: &'static OperationInfo, challenge: &Challenge) -> Scopes {
    if info.scopes.is_empty() {
        challenge
            .scopes()
            .map(|name| Scope::from(name.to_owned()))
            .collect()
    } else {
        Scopes::of_one(info)
    }
}
