//! The Shared Signals Framework: the org as a transmitter of security event tokens.
//!
//! A client app has one stream at most. What happens to people's sessions and credentials goes
//! to the receivers of all streams that ask for it, as signed tokens.

mod signals;
mod streams;

#[cfg(test)]
mod tests;

use serde_json::json;

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;

pub(crate) use signals::{Push, due};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    match id {
        "getWellknownSsfMetadata" => Some(metadata),
        _ => streams::handler(id),
    }
}

const STREAMS: &str = "/api/v1/ssf/stream";

/// Verifications that were asked for and are not sent yet.
const ASKED: &str = "/api/v1/ssf/stream/verification";

const METHODS: [&str; 2] = [
    "https://schemas.openid.net/secevent/risc/delivery-method/push",
    "urn:ietf:rfc:8935",
];

const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const CREDENTIAL_CHANGE: &str =
    "https://schemas.openid.net/secevent/caep/event-type/credential-change";
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// What streams can ask for; verifications come without being asked for.
const SUPPORTED: [&str; 2] = [SESSION_REVOKED, CREDENTIAL_CHANGE];

fn metadata(call: &mut Call<'_>) -> Outcome {
    let base = call.base();
    Ok(Answer::ok(&json!({
        "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6749" }],
        "configuration_endpoint": format!("{base}{STREAMS}"),
        "default_subjects": "ALL",
        "delivery_methods_supported": METHODS,
        "issuer": base,
        "jwks_uri": format!("{base}/oauth2/v1/keys"),
        "spec_version": "1_0-ID3",
        "verification_endpoint": format!("{base}{ASKED}"),
    })))
}
