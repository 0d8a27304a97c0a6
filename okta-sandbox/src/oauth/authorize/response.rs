//! Response types: what a client asks the authorization endpoint for, and how it may be sent.

use serde_json::Value;

use super::Mode;
use crate::oauth::client::{self, Form};

/// The response types of the service.
pub(crate) const TYPES: [&str; 7] = [
    "code",
    "id_token",
    "code id_token",
    "code token",
    "id_token token",
    "code id_token token",
    "token",
];

/// The parts of a response type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub(crate) code: bool,
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

/// The refusal of a type that does not exist, or that the client is not set up for.
pub(super) fn unsupported(client: &Value) -> String {
    let own = client.pointer("/settings/oauthClient/response_types");
    let own = own.and_then(Value::as_array).into_iter().flatten();
    let own: Vec<&str> = own.filter_map(Value::as_str).collect();
    format!(
        "The response type is not supported by the authorization server. Configured response types: \
         [{}].",
        own.join(", ")
    )
}

impl Kinds {
    /// The parts, in whatever order; none if there is an unknown one or one comes twice.
    pub(super) fn of(response_type: &str) -> Option<Self> {
        let mut kinds = Self::default();
        for word in response_type.split_whitespace() {
            let part = match word {
                "code" => &mut kinds.code,
                "id_token" => &mut kinds.id_token,
                "token" => &mut kinds.token,
                _ => return None,
            };
            if std::mem::replace(part, true) {
                return None;
            }
        }
        (kinds != Self::default()).then_some(kinds)
    }

    /// True if tokens come from the authorization endpoint itself.
    pub(super) fn is_implicit(self) -> bool {
        self.id_token || self.token
    }

    /// How the answer is sent unless the client says so.
    pub(super) fn usual_mode(self) -> Mode {
        match self.is_implicit() {
            true => Mode::Fragment,
            false => Mode::Query,
        }
    }

    /// The grants that an app needs for it.
    pub(super) fn grants(self) -> impl Iterator<Item = &'static str> {
        let code = self.code.then_some("authorization_code");
        code.into_iter()
            .chain(self.is_implicit().then_some("implicit"))
    }

    fn words(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.code, "code"),
            (self.id_token, "id_token"),
            (self.token, "token"),
        ];
        all.into_iter().filter_map(|(on, name)| on.then_some(name))
    }

    /// Whether the client may ask so, and asks with what is needed: error and text otherwise.
    pub(super) fn check(
        self,
        client: &Value,
        mode: Mode,
        form: &Form,
    ) -> Result<(), (&'static str, String)> {
        let allowed = client.pointer("/settings/oauthClient/response_types");
        let allowed = allowed.and_then(Value::as_array);
        let has = |word: &str| allowed.is_some_and(|all| all.iter().any(|r| r == word));
        if !self.words().all(has) {
            return Err(("unsupported_response_type", unsupported(client)));
        }
        if !self.grants().all(|grant| client::may_use(client, grant)) {
            let text = format!(
                "The client is not authorized to use the provided grant type. Configured grant \
                 types: [{}].",
                client::grant_types(client).join(", ")
            );
            return Err(("unauthorized_client", text));
        }
        if self.is_implicit() && mode == Mode::Query {
            let text = "The response mode 'query' is not allowed for response types with tokens. \
                        Supported response modes: [fragment, form_post, okta_post_message].";
            return Err(("invalid_request", text.to_owned()));
        }
        if self.id_token && form.get("nonce").is_none() {
            let text = "The required parameter 'nonce' is missing.";
            return Err(("invalid_request", text.to_owned()));
        }
        Ok(())
    }

    /// The scopes that count: without a code there is nothing to refresh.
    pub(super) fn usable(self, mut scopes: Vec<String>) -> Vec<String> {
        if !self.code {
            scopes.retain(|s| s != "offline_access");
        }
        scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_in_any_order() {
        for name in TYPES {
            let backwards: Vec<&str> = name.split(' ').rev().collect();
            assert_eq!(Kinds::of(name), Kinds::of(&backwards.join(" ")));
            let kinds = Kinds::of(name).expect("a type");
            assert_eq!(kinds.words().collect::<Vec<_>>().join(" "), name);
        }
        for wrong in ["", "code code", "none", "code other"] {
            assert_eq!(Kinds::of(wrong), None, "{wrong}");
        }
    }
}
