//! The tokens of a connection: the present ones, and all that are still to be revoked one day.

use jiff::{SignedDuration, Timestamp};
use okta_core::Secret;
use serde::Deserialize;

use crate::error::CardError;

/// Tokens as the service gave them.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredTokens {
    /// Access token.
    pub access_token: Secret,
    /// Refresh token; absent for servers.
    #[serde(default)]
    pub refresh_token: Option<Secret>,
    /// Scopes that were granted, separated by blanks.
    #[serde(default)]
    pub scope: Option<String>,
    /// Where the API is, if not at the login URL (Salesforce).
    #[serde(default)]
    pub instance_url: Option<String>,
    /// URL of the user who authorized (Salesforce).
    #[serde(default)]
    pub id: Option<String>,
    /// Seconds that the access token is valid from when it was given; Salesforce does not tell.
    #[serde(default)]
    pub expires_in: Option<i64>,
}

/// What a token is, as `token_type_hint` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TokenKind {
    Refresh,
    Access,
}

impl TokenKind {
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Refresh => "refresh_token",
            Self::Access => "access_token",
        }
    }
}

/// A token that was given and not revoked.
#[derive(Clone)]
pub(super) struct Issued {
    pub(super) kind: TokenKind,
    pub(super) token: Secret,
    until: Option<Timestamp>,
}

/// The tokens of one connection.
#[derive(Default)]
pub(super) struct Tokens {
    present: Option<StoredTokens>,
    issued: Vec<Issued>,
    /// Why the last renewal failed, and the access token that it should have replaced.
    failure: Option<(Secret, CardError)>,
}

impl Tokens {
    pub(super) fn present(&self) -> Option<&StoredTokens> {
        self.present.as_ref()
    }

    pub(super) fn access(&self) -> Option<&Secret> {
        self.present.as_ref().map(|tokens| &tokens.access_token)
    }

    /// Takes what a refresh answered, which is only what is new.
    pub(super) fn renewed(&mut self, mut tokens: StoredTokens, now: Timestamp) {
        if let Some(before) = self.present.take() {
            tokens.refresh_token = tokens.refresh_token.or(before.refresh_token);
            tokens.scope = tokens.scope.or(before.scope);
            tokens.instance_url = tokens.instance_url.or(before.instance_url);
            tokens.id = tokens.id.or(before.id);
        }
        self.authorized(tokens, now);
    }

    /// Takes the tokens of a new authorization, which owe nothing to those before.
    pub(super) fn authorized(&mut self, tokens: StoredTokens, now: Timestamp) {
        // What is over by itself need not be revoked.
        self.issued
            .retain(|one| one.until.is_none_or(|until| until > now));
        let until = tokens
            .expires_in
            .and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok());
        self.remember(TokenKind::Access, &tokens.access_token, until);
        if let Some(refresh) = &tokens.refresh_token {
            self.remember(TokenKind::Refresh, refresh, None);
        }
        self.failure = None;
        self.present = Some(tokens);
    }

    fn remember(&mut self, kind: TokenKind, token: &Secret, until: Option<Timestamp>) {
        // A service may give the same token again.
        self.issued
            .retain(|one| one.token.expose() != token.expose());
        self.issued.push(Issued {
            kind,
            token: token.clone(),
            until,
        });
    }

    /// Everything to revoke, refresh tokens first: they take their access tokens with them.
    pub(super) fn all(&self) -> Vec<Issued> {
        let mut all = self.issued.clone();
        all.sort_by_key(|one| one.kind);
        all
    }

    /// Everything to revoke but the present tokens.
    pub(super) fn former(&self) -> Vec<Issued> {
        let mut all = self.all();
        all.retain(|one| !self.is_present(&one.token));
        all
    }

    fn is_present(&self, token: &Secret) -> bool {
        let present = self.present.as_ref();
        present.is_some_and(|present| {
            let refresh = present.refresh_token.as_ref();
            present.access_token.expose() == token.expose()
                || refresh.is_some_and(|refresh| refresh.expose() == token.expose())
        })
    }

    /// Forgets a token that was revoked.
    pub(super) fn revoked(&mut self, token: &Secret) {
        self.issued
            .retain(|one| one.token.expose() != token.expose());
    }

    /// The connection has no tokens any more; what is not revoked stays to be revoked.
    pub(super) fn close(&mut self) {
        self.present = None;
        self.failure = None;
    }

    /// A renewal of the present access token failed.
    pub(super) fn failed(&mut self, error: CardError) {
        self.failure = self.access().cloned().map(|token| (token, error));
    }

    /// Why the present access token could not be renewed, if that was tried last.
    pub(super) fn failure(&self) -> Option<CardError> {
        let (token, error) = self.failure.as_ref()?;
        let same = self.access()?.expose() == token.expose();
        same.then(|| error.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(access: &str, refresh: Option<&str>, expires_in: Option<i64>) -> StoredTokens {
        StoredTokens {
            access_token: access.into(),
            refresh_token: refresh.map(Secret::from),
            scope: None,
            instance_url: None,
            id: None,
            expires_in,
        }
    }

    fn texts(issued: &[Issued]) -> Vec<&str> {
        issued.iter().map(|one| one.token.expose()).collect()
    }

    #[test]
    fn all_that_was_given_is_known_until_it_is_revoked_or_over() {
        let now = Timestamp::UNIX_EPOCH;
        let mut known = Tokens::default();
        known.authorized(tokens("a0", Some("r0"), Some(60)), now);
        for number in 1..=300 {
            let rotated = (number % 100 == 0).then(|| format!("r{number}"));
            known.renewed(tokens(&format!("a{number}"), rotated.as_deref(), None), now);
        }
        assert_eq!(known.all().len(), 301 + 4);
        assert_eq!(texts(&known.all())[..4], ["r0", "r100", "r200", "r300"]);
        assert!(!texts(&known.former()).contains(&"r300"));
        assert!(!texts(&known.former()).contains(&"a300"));
        let later = now + SignedDuration::from_mins(2);
        known.renewed(tokens("a301", None, None), later);
        assert!(!texts(&known.all()).contains(&"a0"), "it is over");
        known.revoked(&"r100".into());
        assert_eq!(texts(&known.all())[..3], ["r0", "r200", "r300"]);
    }

    #[test]
    fn a_failure_is_told_until_the_token_is_another() {
        let now = Timestamp::UNIX_EPOCH;
        let mut known = Tokens::default();
        known.authorized(tokens("a", Some("r"), None), now);
        known.failed(crate::oauth::app::fault("invalid_grant"));
        assert!(known.failure().is_some());
        known.renewed(tokens("b", None, None), now);
        assert!(known.failure().is_none());
    }
}
