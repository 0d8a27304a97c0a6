//! Factors of users: enrolment, activation, verification.

mod org_factors;
mod phones;
mod pushes;
mod questions;
#[cfg(test)]
mod tests;
mod yubikeys;

use serde_json::{Value, json};

use super::{authenticators, enrollments};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::{named as entity, user_target};
use crate::schema;

pub(super) use org_factors::{activate_org_factor, deactivate_org_factor, get_org_factor};
pub(super) use phones::add_phone;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listFactors" => list,
        "listSupportedFactors" => catalog,
        "listSupportedSecurityQuestions" => questions::list,
        "enrollFactor" => enroll,
        "getFactor" => get,
        "unenrollFactor" => unenroll,
        "activateFactor" => activate,
        "resendEnrollFactor" => resend,
        "verifyFactor" => verify,
        "getFactorTransactionStatus" => pushes::status,
        _ => return yubikeys::handler(id),
    })
}

/// What the log calls a verified factor.
const VERIFIED: &str = "user.authentication.auth_via_mfa";

/// What a code is that is wrong on purpose, so that clients can try their error paths.
const WRONG_CODE: &str = "000000";

/// Kinds: type, provider, vendor, prefix of ids, whether it needs activation.
const KINDS: [(&str, &str, &str, &str, bool); 9] = [
    ("question", "OKTA", "OKTA", "ufs", false),
    ("sms", "OKTA", "OKTA", "mbl", true),
    ("call", "OKTA", "OKTA", "clf", true),
    ("email", "OKTA", "OKTA", "emf", true),
    ("push", "OKTA", "OKTA", "opf", true),
    ("token:software:totp", "OKTA", "OKTA", "ost", true),
    ("token:software:totp", "GOOGLE", "GOOGLE", "uft", true),
    ("webauthn", "FIDO", "FIDO", "fwf", true),
    ("token:hardware", "YUBICO", "YUBICO", "ykf", false),
];

/// Where the factors of a user stand.
pub(super) fn shelf_of(user: &str) -> String {
    format!("/api/v1/users/{user}/factors")
}

fn shelf(call: &Call<'_>) -> Result<(String, String), Fault> {
    let user = crate::behaviour::users::resolve(call, call.parameter(0))?;
    Ok((shelf_of(&user), user))
}

fn view(call: &Call<'_>, user: &str, factor: &Value) -> Value {
    let person = format!("{}/api/v1/users/{user}", call.base());
    let own = format!("{person}/factors/{}", text(factor, "/id"));
    let hinted =
        |href: String, allow: &[&str]| json!({ "href": href, "hints": { "allow": allow } });
    let kind = text(factor, "/factorType");
    let pending = text(factor, "/status") == "PENDING_ACTIVATION";
    let mut links = json!({
        "self": hinted(own.clone(), if pending { &["GET"] } else { &["GET", "DELETE"] }),
        "user": hinted(person.clone(), &["GET"]),
    });
    if pending {
        links["activate"] = hinted(format!("{own}/lifecycle/activate"), &["POST"]);
        if matches!(kind, "sms" | "call" | "email") {
            let mut resend = hinted(format!("{own}/resend"), &["POST"]);
            resend["name"] = json!(kind);
            links["resend"] = json!([resend]);
        }
    } else if kind == "question" {
        links["questions"] = hinted(format!("{person}/factors/questions"), &["GET"]);
    } else {
        links["verify"] = hinted(format!("{own}/verify"), &["POST"]);
    }
    let mut shown = factor.clone();
    remove(&mut shown, "answer");
    let secret = remove(&mut shown, "secret");
    if let Some(secret) = secret.filter(|_| pending) {
        let qrcode =
            json!({ "href": format!("{own}/qr/{}", text(factor, "/id")), "type": "image/png" });
        shown["_embedded"] = json!({ "activation": {
            "timeStep": 30, "sharedSecret": secret, "encoding": "base32", "keyLength": 6,
            "_links": { "qrcode": qrcode },
        } });
        if kind == "push" {
            shown["_embedded"]["activation"]["factorResult"] = json!("WAITING");
        }
    }
    shown["_links"] = links;
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (shelf, user) = shelf(call)?;
    let factors: Vec<Value> = call.org.shelf(&shelf).values().cloned().collect();
    let shown: Vec<Value> = factors
        .iter()
        .map(|factor| view(call, &user, factor))
        .collect();
    Ok(Answer::ok(&json!(shown)))
}

fn catalog(call: &mut Call<'_>) -> Outcome {
    let (shelf, user) = shelf(call)?;
    let enroll = format!("{}/api/v1/users/{user}/factors", call.base());
    let enrolled = |call: &mut Call<'_>, kind: &str, provider: &str| {
        let mut factors = call.org.shelf(&shelf).values();
        factors.any(|f| text(f, "/factorType") == kind && text(f, "/provider") == provider)
    };
    let mut shown = Vec::new();
    for (kind, provider, vendor, _, _) in KINDS {
        if !is_enabled(call, kind, provider) {
            continue;
        }
        let status = if enrolled(call, kind, provider) {
            "ACTIVE"
        } else {
            "NOT_SETUP"
        };
        shown.push(json!({
            "factorType": kind, "provider": provider, "vendorName": vendor, "status": status,
            "enrollment": "OPTIONAL",
            "_links": { "enroll": { "href": enroll, "hints": { "allow": ["POST"] } } },
        }));
    }
    Ok(Answer::ok(&json!(shown)))
}

/// The profile as it shows: phone numbers and addresses as given, questions in full.
fn profile(factor: &mut Value, body: &Value) -> Result<(), Fault> {
    let given = &body["profile"];
    let needed = match text(body, "/factorType") {
        "question" => &["question", "answer"][..],
        "sms" | "call" => &["phoneNumber"],
        "email" => &["email"],
        _ => &[],
    };
    for name in needed {
        if text(given, &format!("/{name}")).is_empty() {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation("factorEnrollRequest", &[&cause]));
        }
    }
    match text(body, "/factorType") {
        "question" => {
            let question = text(given, "/question");
            let words = questions::words(question).unwrap_or(text(given, "/questionText"));
            factor["profile"] = json!({ "question": question, "questionText": words });
            factor["answer"] = given["answer"].clone();
        }
        _ if given.is_object() => factor["profile"] = given.clone(),
        _ => {}
    }
    Ok(())
}

fn not_enabled() -> Fault {
    let cause = "Factor is not enabled for this organization.";
    Fault::validation("factorEnrollRequest", &[cause])
}

/// With the Identity Engine nobody enrols what no authenticator of the org stands for that is on,
/// unless an older client switched the kind of factor on.
fn is_enabled(call: &Call<'_>, kind: &str, provider: &str) -> bool {
    let org = &call.org;
    org.settings.kind.is_classic()
        || enrollments::key_of_kind(kind, provider).is_some_and(|key| {
            { authenticators::of_key(org, key) }.any(|one| one["status"] == "ACTIVE")
        })
        || org_factors::is_on(org, kind, provider)
}

fn enroll(call: &mut Call<'_>) -> Outcome {
    let (shelf, user) = shelf(call)?;
    let body = call.request.object()?;
    let (kind, provider) = (text(&body, "/factorType"), text(&body, "/provider"));
    if kind.is_empty() {
        let cause = "factorType: The field cannot be left blank";
        return Err(Fault::validation("factorType", &[cause]));
    }
    let found = KINDS
        .iter()
        .find(|(k, p, ..)| *k == kind && (provider.is_empty() || *p == provider));
    let Some((_, provider, vendor, prefix, pending)) = found else {
        let known = schema::schema("management", "UserFactorType");
        if known.is_some_and(|s| s.values.iter().any(|v| v == kind)) {
            return Err(not_enabled());
        }
        let cause = "factorType: The field has an invalid value";
        return Err(Fault::validation("factorEnrollRequest", &[cause]));
    };
    if !is_enabled(call, kind, provider) {
        return Err(not_enabled());
    }
    let single = matches!(kind, "question" | "email" | "sms" | "call");
    let now = clock::zero_millis(call.org.clock.now());
    let id = call.org.dice.id(prefix);
    let at_once = call.request.flag("activate", false) && single;
    let mut factor = json!({
        "id": id, "factorType": kind, "provider": provider, "vendorName": vendor,
        "status": if *pending && !at_once { "PENDING_ACTIVATION" } else { "ACTIVE" },
        "created": now, "lastUpdated": now,
    });
    profile(&mut factor, &body)?;
    if single {
        let update = call.request.flag("updatePhone", false);
        phones::make_room(call, &shelf, (kind, provider), update)?;
    }
    if matches!(kind, "push" | "token:software:totp") {
        factor["secret"] = json!(call.org.dice.hex(16).to_uppercase());
        if factor.get("profile").is_none() {
            let login = call
                .org
                .users
                .get(&user)
                .map(|u| u["profile"]["login"].clone());
            factor["profile"] = json!({ "credentialId": login });
        }
    }
    if *provider == "YUBICO" {
        yubikeys::assign(call, &user, &mut factor, &body)?;
    }
    call.org.shelf(&shelf).put(&id, factor.clone());
    if factor["status"] == "ACTIVE" {
        log_factor(call, "user.mfa.factor.activate", &user, &factor);
    } else {
        log_message(call, kind, &user, true);
    }
    Ok(Answer::ok(&view(call, &user, &factor)))
}

fn log(call: &mut Call<'_>, event: &str, user: &str) {
    let target = call.org.users.get(user).map(user_target);
    call.log(event, target.into_iter().collect());
}

/// Logs what becomes of a factor, which the event names beside its user.
pub(super) fn log_factor(call: &mut Call<'_>, event: &str, user: &str, factor: &Value) {
    let user = call.org.users.get(user).map(user_target);
    let kind = text(factor, "/factorType");
    let mut target = entity(
        "AuthenticatorEnrollment",
        text(factor, "/id"),
        "unknown",
        kind,
    );
    target["detailEntry"] = json!({ "factorType": kind, "provider": factor["provider"] });
    call.log(event, user.into_iter().chain([target]).collect());
}

fn log_failure(call: &mut Call<'_>, event: &str, user: &str) {
    let target = call.org.users.get(user).map(user_target);
    let target = target.into_iter().collect();
    call.log_failure(event, target, "INVALID_CREDENTIALS");
}

/// Logs the message or call that tells a code: one that verifies a new phone, or one that
/// verifies the person.
fn log_message(call: &mut Call<'_>, kind: &str, user: &str, new: bool) {
    let event = match (kind, new) {
        ("sms", true) => "system.sms.send_phone_verification_message",
        ("sms", false) => "system.sms.send_factor_verify_message",
        ("call", true) => "system.voice.send_phone_verification_call",
        ("call", false) => "system.voice.send_mfa_challenge_call",
        _ => return,
    };
    log(call, event, user);
}

fn named(call: &mut Call<'_>) -> Result<(String, String, Value), Fault> {
    let (shelf, user) = shelf(call)?;
    let id = call.parameter(1);
    let found = call.org.shelf(&shelf).get(id).cloned();
    let factor = found.ok_or_else(|| Fault::not_found(id, "UserFactor"))?;
    Ok((shelf, user, factor))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, user, factor) = named(call)?;
    Ok(Answer::ok(&view(call, &user, &factor)))
}

fn unenroll(call: &mut Call<'_>) -> Outcome {
    let (shelf, user, factor) = named(call)?;
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).remove(named_id);
    log_factor(call, "user.mfa.factor.deactivate", &user, &factor);
    Ok(Answer::no_content())
}

/// `PUT` on a factor, which the console uses: a new question or phone number.
pub(super) fn replace(call: &mut Call<'_>) -> Outcome {
    let (shelf, user, mut factor) = named(call)?;
    let mut body = call.request.object()?;
    body["factorType"] = factor["factorType"].clone();
    profile(&mut factor, &body)?;
    factor["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).put(named_id, factor.clone());
    log_factor(call, "user.mfa.factor.update", &user, &factor);
    Ok(Answer::ok(&view(call, &user, &factor)))
}

/// True if a code is right, which all are but the one that is wrong on purpose.
pub(crate) fn is_right_code(code: &str) -> bool {
    !matches!(code, "" | WRONG_CODE)
}

fn refuse_code(code: &str) -> Result<(), Fault> {
    match is_right_code(code) {
        false => {
            let cause = "Your token doesn't match our records. Please try again.";
            Err(Fault::api(
                403,
                "E0000068",
                "Invalid Passcode/Answer",
                &[cause],
            ))
        }
        true => Ok(()),
    }
}

fn activate(call: &mut Call<'_>) -> Outcome {
    let (shelf, user, mut factor) = named(call)?;
    if factor["status"] == "ACTIVE" {
        return Err(Fault::code("E0000038", &[]));
    }
    let body = call.request.object_or_empty()?;
    if !matches!(text(&factor, "/factorType"), "push" | "webauthn") {
        refuse_code(text(&body, "/passCode"))?;
    }
    factor["status"] = json!("ACTIVE");
    factor["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).put(named_id, factor.clone());
    log_factor(call, "user.mfa.factor.activate", &user, &factor);
    Ok(Answer::ok(&view(call, &user, &factor)))
}

fn resend(call: &mut Call<'_>) -> Outcome {
    let (_, user, factor) = named(call)?;
    if factor["status"] == "ACTIVE" {
        return Err(Fault::code("E0000038", &[]));
    }
    log_message(call, text(&factor, "/factorType"), &user, true);
    Ok(Answer::ok(&view(call, &user, &factor)))
}

/// Without a code, codes are sent and pushes wait; with one, it is right unless it is all zeros.
fn verify(call: &mut Call<'_>) -> Outcome {
    let (_, user, factor) = named(call)?;
    if factor["status"] != "ACTIVE" {
        return Err(Fault::code("E0000038", &[]));
    }
    let body = call.request.object_or_empty()?;
    let result = |result: &str| Ok(Answer::ok(&json!({ "factorResult": result })));
    match text(&factor, "/factorType") {
        "question" => {
            if text(&body, "/answer") != text(&factor, "/answer") {
                log_failure(call, VERIFIED, &user);
                let cause = "Your answer doesn't match our records. Please try again.";
                return Err(Fault::api(
                    403,
                    "E0000068",
                    "Invalid Passcode/Answer",
                    &[cause],
                ));
            }
        }
        "push" => return pushes::send(call, &user, &body),
        "sms" | "call" | "email" if text(&body, "/passCode").is_empty() => {
            log_message(call, text(&factor, "/factorType"), &user, false);
            return result("CHALLENGE");
        }
        _ => {
            let refused = refuse_code(text(&body, "/passCode"));
            refused.inspect_err(|_| log_failure(call, VERIFIED, &user))?;
        }
    }
    log(call, VERIFIED, &user);
    result("SUCCESS")
}
