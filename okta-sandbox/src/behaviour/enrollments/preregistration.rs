//! Security keys that an org has made ready for its users before these have them in hand.

use serde_json::{Value, json};

use super::{factors, hinted, person};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{named as named_target, user_target};
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listWebAuthnPreregistrationFactors" => list,
        "deleteWebAuthnPreregistrationFactor" => delete,
        "generateFulfillmentRequest" => initiate,
        "assignFulfillmentErrorWebAuthnPreregistrationFactor" => mark,
        _ => return None,
    })
}

const PENDING: &str = "PENDING_ACTIVATION";
const FAILED: &str = "FULFILLMENT_ERRORED";

/// True for a key that was not used yet.
pub(super) fn is_ready(factor: &Value) -> bool {
    text(factor, "/factorType") == "webauthn" && matches!(text(factor, "/status"), PENDING | FAILED)
}

fn view(call: &Call<'_>, user: &str, factor: &Value) -> Value {
    let id = text(factor, "/id");
    let at = "webauthn-registration/api/v1/users";
    let own = format!("{}/{at}/{user}/enrollments/{id}", call.base());
    json!({
        "id": id, "factorType": "webauthn", "provider": factor["provider"],
        "vendorName": factor["vendorName"], "status": factor["status"], "created": factor["created"],
        "lastUpdated": factor["lastUpdated"],
        "profile": factor.get("profile").cloned().unwrap_or_else(|| json!({})),
        "_links": { "self": hinted(own, &["GET", "DELETE"]) },
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (user, _) = person(call)?;
    let all: Vec<Value> = call
        .org
        .shelf(&factors::shelf_of(&user))
        .values()
        .filter(|factor| is_ready(factor))
        .cloned()
        .collect();
    let shown: Vec<Value> = all.iter().map(|one| view(call, &user, one)).collect();
    Ok(Answer::ok(&json!(shown)))
}

/// The user and the key that the path names.
fn named(call: &mut Call<'_>) -> Result<(String, String, Value), Fault> {
    let (user, _) = person(call)?;
    let shelf = factors::shelf_of(&user);
    let wanted = call.parameter(1);
    let known = call.org.shelf(&shelf).get(wanted).cloned();
    let factor = known.filter(is_ready);
    let factor = factor.ok_or_else(|| Fault::not_found(wanted, "UserFactor"))?;
    Ok((user, shelf, factor))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (user, shelf, factor) = named(call)?;
    call.org.shelf(&shelf).remove(text(&factor, "/id"));
    factors::log_factor(call, "user.mfa.factor.deactivate", &user, &factor);
    Ok(Answer::no_content())
}

/// Somebody orders a key for a user. What orders it is a flow that the event starts.
fn initiate(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    for member in ["userId", "fulfillmentProvider"] {
        if text(&body, &format!("/{member}")).is_empty() {
            let cause = format!("{member}: The field cannot be left blank");
            return Err(Fault::validation(member, &[&cause]));
        }
    }
    let id = text(&body, "/userId");
    let user = call.org.users.get(id).map(user_target);
    let user = user.ok_or_else(|| Fault::not_found(id, "User"))?;
    let provider = text(&body, "/fulfillmentProvider");
    let mut factor = named_target("AuthenticatorEnrollment", id, "unknown", provider);
    factor["detailEntry"] = json!({
        "fulfillmentProvider": provider, "fulfillmentData": body["fulfillmentData"],
    });
    call.log("system.mfa.preregister.initiate", vec![user, factor]);
    Ok(Answer::no_content())
}

/// The key did not reach its user.
fn mark(call: &mut Call<'_>) -> Outcome {
    let (user, shelf, mut factor) = named(call)?;
    if factor["status"] != FAILED {
        factor["status"] = json!(FAILED);
        factor["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
        let id = text(&factor, "/id").to_owned();
        call.org.shelf(&shelf).put(&id, factor.clone());
        factors::log_factor(call, "user.mfa.factor.update", &user, &factor);
    }
    Ok(Answer::no_content())
}
