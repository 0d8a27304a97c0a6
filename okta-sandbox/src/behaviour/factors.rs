//! Factors of users: enrolment, activation, verification.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::{named as entity, user_target};
use crate::schema;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listFactors" => list,
        "listSupportedFactors" => catalog,
        "listSupportedSecurityQuestions" => questions,
        "enrollFactor" => enroll,
        "getFactor" => get,
        "unenrollFactor" => unenroll,
        "activateFactor" => activate,
        "resendEnrollFactor" => resend,
        "verifyFactor" => verify,
        _ => return None,
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

const QUESTIONS: [(&str, &str); 6] = [
    (
        "disliked_food",
        "What is the food you least liked as a child?",
    ),
    (
        "name_of_first_plush_toy",
        "What is the name of your first stuffed animal?",
    ),
    (
        "first_award",
        "What did you earn your first medal or award for?",
    ),
    (
        "favorite_security_question",
        "What is your favorite security question?",
    ),
    (
        "first_computer_game",
        "What was the first computer game you played?",
    ),
    ("favorite_movie_quote", "What is your favorite movie quote?"),
];

fn shelf(call: &Call<'_>) -> Result<(String, String), Fault> {
    let user = crate::behaviour::users::resolve(call, call.parameter(0))?;
    Ok((format!("/api/v1/users/{user}/factors"), user))
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

fn questions(call: &mut Call<'_>) -> Outcome {
    shelf(call)?;
    let shown: Vec<Value> = QUESTIONS
        .iter()
        .map(|(question, text)| json!({ "question": question, "questionText": text }))
        .collect();
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
            let known = QUESTIONS.iter().find(|(name, _)| *name == question);
            let own = text(given, "/questionText");
            let words = known.map_or(own, |(_, text)| text);
            factor["profile"] = json!({ "question": question, "questionText": words });
            factor["answer"] = given["answer"].clone();
        }
        _ if given.is_object() => factor["profile"] = given.clone(),
        _ => {}
    }
    Ok(())
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
        let cause = match known.is_some_and(|s| s.values.iter().any(|v| v == kind)) {
            true => "Factor is not enabled for this organization.",
            false => "factorType: The field has an invalid value",
        };
        return Err(Fault::validation("factorEnrollRequest", &[cause]));
    };
    let single = matches!(kind, "question" | "email" | "sms" | "call");
    let update = call.request.flag("updatePhone", false);
    let mut known = call.org.shelf(&shelf).values();
    let twin = known
        .find(|f| text(f, "/factorType") == kind && text(f, "/provider") == *provider)
        .filter(|_| single)
        .map(|f| (text(f, "/id").to_owned(), f["status"].clone()));
    drop(known);
    if let Some((id, status)) = twin {
        if status == "ACTIVE" && !update {
            let cause = "Factor already exists.";
            return Err(Fault::validation("factorEnrollRequest", &[cause]));
        }
        call.org.shelf(&shelf).remove(&id);
    }
    let now = clock::zero_millis(call.org.clock.now());
    let id = call.org.dice.id(prefix);
    let at_once = call.request.flag("activate", false) && single;
    let mut factor = json!({
        "id": id, "factorType": kind, "provider": provider, "vendorName": vendor,
        "status": if *pending && !at_once { "PENDING_ACTIVATION" } else { "ACTIVE" },
        "created": now, "lastUpdated": now,
    });
    profile(&mut factor, &body)?;
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
fn log_factor(call: &mut Call<'_>, event: &str, user: &str, factor: &Value) {
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
        "push" => {
            let own = format!(
                "{}/api/v1/users/{user}/factors/{}",
                call.base(),
                call.parameter(1)
            );
            let id = call.org.dice.id("v2m");
            let poll = json!({ "href": format!("{own}/transactions/{id}"), "hints": { "allow": ["GET"] } });
            let waiting = json!({ "factorResult": "WAITING", "_links": { "poll": poll } });
            return Ok(Answer::json(201, &waiting));
        }
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

const ORG_FACTORS: &str = "/api/v1/org/factors";

/// A factor of the org, on or off, as older clients know it.
fn org_factor(call: &mut Call<'_>, status: Option<&str>) -> Outcome {
    let key = call.parameter(0);
    let kind = match key.strip_prefix("okta_") {
        Some("otp") => "token:software:totp",
        Some(kind @ ("question" | "sms" | "call" | "email" | "push")) => kind,
        _ if matches!(key, "google_otp") => "token:software:totp",
        _ if matches!(key, "fido_webauthn") => "webauthn",
        _ => return Err(Fault::not_found(key, "FactorLifecycle")),
    };
    if let Some(status) = status {
        call.org.shelf(ORG_FACTORS).put(key, json!(status));
    }
    let status = call
        .org
        .shelf(ORG_FACTORS)
        .get(key)
        .cloned()
        .unwrap_or_else(|| json!("INACTIVE"));
    let step = if status == "ACTIVE" {
        "deactivate"
    } else {
        "activate"
    };
    let own = format!("{}{ORG_FACTORS}/{key}", call.base());
    let provider = if key.starts_with("okta") {
        "OKTA"
    } else {
        "GOOGLE"
    };
    Ok(Answer::ok(&json!({
        "id": key, "provider": provider, "factorType": kind, "status": status, "_links": {
            step: { "href": format!("{own}/lifecycle/{step}"), "hints": { "allow": ["POST"] } },
            "self": { "href": own, "hints": { "allow": ["GET"] } },
        },
    })))
}

pub(super) fn get_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, None)
}

pub(super) fn activate_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, Some("ACTIVE"))
}

pub(super) fn deactivate_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, Some("INACTIVE"))
}
