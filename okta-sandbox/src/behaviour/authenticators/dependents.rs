//! What authenticators stand on, and so stays.

use super::{AUTHENTICATORS, text};
use crate::call::{Call, Handler, Outcome};
use crate::engine;
use crate::fault::Fault;

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "deletePushProvider" => delete_push_provider,
        "deactivateIdentityProvider" | "deleteIdentityProvider" => end_identity_provider,
        _ => return None,
    })
}

fn delete_push_provider(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let used = call.org.shelf(AUTHENTICATORS).values().any(|one| {
        ["fcm", "apns"]
            .iter()
            .any(|service| text(one, &format!("/provider/configuration/{service}/id")) == id)
    });
    if used {
        let summary =
            "Cannot delete push provider because it is being used by a custom app authenticator.";
        return Err(Fault::api(409, "E0000187", summary, &[]));
    }
    engine::run(call)
}

/// An identity provider is needed while an authenticator that is on asks it.
fn end_identity_provider(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let authenticators = call.org.shelf(AUTHENTICATORS).values();
    let user = { authenticators }
        .find(|one| one["status"] == "ACTIVE" && text(one, "/provider/configuration/idpId") == id)
        .map(|one| text(one, "/name").to_owned());
    if let Some(name) = user {
        let summary = format!("This identity provider is used by the authenticator {name}.");
        return Err(Fault::api(403, "E0000167", summary, &[]));
    }
    engine::run(call)
}
