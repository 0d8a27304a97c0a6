//! What users enrolled, seen from the org's authenticators: their factors, passwords and
//! temporary codes.

mod preregistration;
mod temporary;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::authenticators::{self, AUTHENTICATORS};
use super::org_switches::hinted;
use super::{factors, users};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAuthenticatorEnrollments" => list,
        "getAuthenticatorEnrollment" => get,
        "deleteAuthenticatorEnrollment" => delete,
        "createAuthenticatorEnrollment" => enroll_phone,
        "createTacAuthenticatorEnrollment" => temporary::create,
        _ => return preregistration::handler(id),
    })
}

const PASSWORD: &str = "okta_password";
const PHONE: &str = "phone_number";

/// The key of the authenticator that a factor belongs to.
fn key_of(factor: &Value) -> Option<&'static str> {
    key_of_kind(text(factor, "/factorType"), text(factor, "/provider"))
}

/// The same by type and provider of a factor.
pub(super) fn key_of_kind(kind: &str, provider: &str) -> Option<&'static str> {
    Some(match (kind, provider) {
        ("question", _) => "security_question",
        ("sms" | "call", _) => PHONE,
        ("email", _) => "okta_email",
        ("token:software:totp", "GOOGLE") => "google_otp",
        ("push" | "signed_nonce" | "token:software:totp", _) => "okta_verify",
        ("webauthn", _) => "webauthn",
        ("token:hardware", "YUBICO") => "yubikey_token",
        _ => return None,
    })
}

/// A person's password has an id of its own beside the person's.
fn password_id(user: &str) -> String {
    format!("lae{}", user.get(3..).unwrap_or_default())
}

/// A phone number of which the last digits only are told.
fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let last: String = digits.iter().skip(digits.len().saturating_sub(4)).collect();
    match digits.as_slice() {
        ['1', rest @ ..] if rest.len() == 10 => format!("+1 XXX-XXX-{last}"),
        _ => format!("+{}{last}", "X".repeat(digits.len().saturating_sub(4))),
    }
}

/// The user that the path names.
fn person(call: &Call<'_>) -> Result<(String, Value), Fault> {
    let id = users::resolve(call, call.parameter(0))?;
    let user = call.org.users.get(&id).cloned().unwrap_or_default();
    Ok((id, user))
}

/// An enrolment of an authenticator of a key; none where the org has no such authenticator.
fn enrollment(call: &Call<'_>, user: &str, key: &str, source: &Value) -> Option<Value> {
    let own = authenticators::of_key(call.org, key).next()?;
    let at = format!("{}/api/v1/users/{user}", call.base());
    let id = text(source, "/id");
    let authenticator = format!("{}{AUTHENTICATORS}/{}", call.base(), text(own, "/id"));
    // Nobody signs in with what the org switched off.
    let off = own["status"] != "ACTIVE" && source["status"] == "ACTIVE";
    let status = if off {
        json!("INACTIVE")
    } else {
        source["status"].clone()
    };
    let mut shown = json!({
        "id": id, "key": key, "type": own["type"], "name": own["name"], "status": status,
        "created": source["created"], "lastUpdated": source["lastUpdated"],
        "_links": {
            "self": hinted(format!("{at}/authenticator-enrollments/{id}"), &["GET", "DELETE"]),
            "user": hinted(at, &["GET"]),
            "authenticator": hinted(authenticator, &["GET"]),
        },
    });
    match key {
        PHONE => {
            let number = text(source, "/profile/phoneNumber");
            let disclosed = call.request.query.iter().any(|(name, value)| {
                name == "discloseIdentifiers" && value.split(',').any(|kind| kind == "phone")
            });
            let number = if disclosed {
                number.to_owned()
            } else {
                masked(number)
            };
            shown["profile"] = json!({ "phoneNumber": number });
        }
        "okta_email" => shown["profile"] = json!({ "email": source["profile"]["email"] }),
        _ => {}
    }
    Some(shown)
}

/// The enrolment by password, if the user has one.
fn password(call: &Call<'_>, id: &str, user: &Value) -> Option<Value> {
    user.pointer("/credentials/password")?;
    let changed = match &user["passwordChanged"] {
        Value::Null => &user["created"],
        changed => changed,
    };
    let source = json!({
        "id": password_id(id), "status": "ACTIVE", "created": user["created"], "lastUpdated": changed,
    });
    enrollment(call, id, PASSWORD, &source)
}

/// Everything that a user enrolled; what still waits for its activation is no enrolment yet.
fn all(call: &mut Call<'_>, id: &str, user: &Value) -> Vec<Value> {
    let factors: Vec<Value> = call
        .org
        .shelf(&factors::shelf_of(id))
        .values()
        .cloned()
        .collect();
    let pending = |factor: &Value| {
        text(factor, "/status") == "PENDING_ACTIVATION" || preregistration::is_ready(factor)
    };
    let factors = factors
        .iter()
        .filter(|factor| !pending(factor))
        .filter_map(|factor| enrollment(call, id, key_of(factor)?, factor));
    let mut all: Vec<Value> = password(call, id, user)
        .into_iter()
        .chain(factors)
        .collect();
    all.extend(temporary::current(call, id));
    all
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (id, user) = person(call)?;
    let all = all(call, &id, &user);
    Ok(Answer::ok(&json!(all)))
}

/// The enrolment that the path names.
fn named(call: &mut Call<'_>, id: &str, user: &Value) -> Result<Value, Fault> {
    let wanted = call.parameter(1);
    let found = all(call, id, user)
        .into_iter()
        .find(|one| one["id"] == wanted);
    found.ok_or_else(|| Fault::not_found(wanted, "AuthenticatorEnrollment"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (id, user) = person(call)?;
    let one = named(call, &id, &user)?;
    Ok(Answer::ok(&one))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (id, mut user) = person(call)?;
    let one = named(call, &id, &user)?;
    let enrolled = text(&one, "/id");
    let gone = match text(&one, "/key") {
        PASSWORD => {
            remove(&mut user["credentials"], "password");
            call.org.users.put(&id, user);
            call.org.passwords.remove(&id);
            as_factor(&one)
        }
        temporary::KEY => {
            temporary::forget(call, &id);
            as_factor(&one)
        }
        _ => {
            let shelf = call.org.shelf(&factors::shelf_of(&id));
            shelf.remove(enrolled).unwrap_or_default()
        }
    };
    factors::log_factor(call, "user.mfa.factor.deactivate", &id, &gone);
    Ok(Answer::no_content())
}

/// What has no factor, as the log names factors.
fn as_factor(one: &Value) -> Value {
    json!({ "id": one["id"], "factorType": one["type"], "provider": "OKTA" })
}

/// A body of the operation's form, for an authenticator of a key that is on.
fn request(call: &mut Call<'_>, key: &str) -> Result<(Value, Value), Fault> {
    let body = call.given(Fullness::Whole)?;
    let id = text(&body, "/authenticatorId");
    let known = call.org.shelf(AUTHENTICATORS).get(id).cloned();
    let own = known.ok_or_else(|| Fault::not_found(id, "Authenticator"))?;
    if own["key"] != key || own["status"] != "ACTIVE" {
        let cause = format!("authenticatorId: No active authenticator of key {key}");
        return Err(Fault::validation("authenticatorId", &[&cause]));
    }
    Ok((body, own))
}

/// The user of the path, who has to be one that may sign in some day.
fn living(call: &Call<'_>) -> Result<String, Fault> {
    let (id, user) = person(call)?;
    match text(&user, "/status") {
        "DEPROVISIONED" => Err(Fault::code("E0000038", &[])),
        _ => Ok(id),
    }
}

/// A phone that needs no proof: it has the first method that the authenticator uses.
fn enroll_phone(call: &mut Call<'_>) -> Outcome {
    let id = living(call)?;
    let (body, own) = request(call, PHONE)?;
    let method = authenticators::first_method(call.org, text(&own, "/id"));
    let kind = match method.as_deref() {
        Some("voice") => "call",
        _ => "sms",
    };
    let number = text(&body, "/profile/phoneNumber");
    let factor = factors::add_phone(call, &id, kind, number)?;
    let shown = enrollment(call, &id, PHONE, &factor).unwrap_or_default();
    Ok(Answer::ok(&shown))
}
