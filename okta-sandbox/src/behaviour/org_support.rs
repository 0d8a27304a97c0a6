//! What the org lets its vendor do: support access, emails, contacts, CAPTCHA pages.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getOrgOktaSupportSettings" => support,
        "grantOktaSupport" => grant,
        "extendOktaSupport" => extend,
        "revokeOktaSupport" => revoke,
        "getOktaCommunicationSettings" => communication,
        "optInUsersToOktaCommunicationEmails" => opt_in,
        "optOutUsersFromOktaCommunicationEmails" => opt_out,
        "listOrgContactTypes" => contacts,
        "getOrgContactUser" => contact,
        "replaceOrgContactUser" => set_contact,
        "getOrgCaptchaSettings" => captcha,
        "replacesOrgCaptchaSettings" => set_captcha,
        "deleteOrgCaptchaSettings" => reset_captcha,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/org/support";

fn stored(call: &mut Call<'_>, name: &str, initial: Value) -> Value {
    call.org.shelf(SHELF).get(name).cloned().unwrap_or(initial)
}

fn hinted(href: String, allow: &[&str]) -> Value {
    json!({ "href": href, "hints": { "allow": allow } })
}

fn show_support(call: &mut Call<'_>) -> Outcome {
    let own = format!("{}/api/v1/org/privacy/oktaSupport", call.base());
    let expiration = stored(call, "support", Value::Null);
    let now = call.org.clock.now();
    let open = clock::parse(expiration.as_str().unwrap_or_default()).is_some_and(|at| at > now);
    Ok(Answer::ok(&match open {
        true => json!({ "support": "ENABLED", "expiration": expiration, "_links": {
            "extend": hinted(format!("{own}/extend"), &["POST"]),
            "revoke": hinted(format!("{own}/revoke"), &["POST"]),
        } }),
        false => json!({ "support": "DISABLED", "expiration": null, "_links": {
            "grant": hinted(format!("{own}/grant"), &["POST"]),
        } }),
    }))
}

fn support(call: &mut Call<'_>) -> Outcome {
    show_support(call)
}

/// Opens support access until a time after `from`.
fn open_until(call: &mut Call<'_>, from: jiff::Timestamp, hours: i64) -> Outcome {
    let until = from
        .checked_add(SignedDuration::from_hours(hours))
        .unwrap_or(from);
    call.org
        .shelf(SHELF)
        .put("support", json!(clock::zero_millis(until)));
    show_support(call)
}

fn grant(call: &mut Call<'_>) -> Outcome {
    let now = call.org.clock.now();
    open_until(call, now, 8)
}

fn extend(call: &mut Call<'_>) -> Outcome {
    let now = call.org.clock.now();
    let until = stored(call, "support", Value::Null);
    let until = clock::parse(until.as_str().unwrap_or_default());
    open_until(call, until.unwrap_or(now), 24)
}

fn revoke(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(SHELF).remove("support");
    show_support(call)
}

fn show_communication(call: &mut Call<'_>) -> Outcome {
    let own = format!("{}/api/v1/org/privacy/oktaCommunication", call.base());
    let out = stored(call, "optOut", json!(false));
    let step = if out == true { "optIn" } else { "optOut" };
    Ok(Answer::ok(&json!({ "optOutEmailUsers": out, "_links": {
        step: hinted(format!("{own}/{step}"), &["POST"]),
    } })))
}

fn communication(call: &mut Call<'_>) -> Outcome {
    show_communication(call)
}

fn opt_in(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(SHELF).put("optOut", json!(false));
    show_communication(call)
}

fn opt_out(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(SHELF).put("optOut", json!(true));
    show_communication(call)
}

fn contacts(call: &mut Call<'_>) -> Outcome {
    let own = format!("{}/api/v1/org/contacts", call.base());
    let shown: Vec<Value> = ["BILLING", "TECHNICAL"]
        .iter()
        .map(|kind| {
            let name = kind.to_lowercase();
            json!({ "contactType": kind, "_links": { &name: { "href": format!("{own}/{name}") } } })
        })
        .collect();
    Ok(Answer::ok(&json!(shown)))
}

fn contact_key(call: &Call<'_>) -> Result<String, Fault> {
    let kind = call.parameter(0).to_uppercase();
    match kind.as_str() {
        "BILLING" | "TECHNICAL" => Ok(kind),
        _ => Err(Fault::not_found(call.parameter(0), "OrgContact")),
    }
}

fn show_contact(call: &Call<'_>, user: &Value) -> Outcome {
    let href = format!(
        "{}/api/v1/users/{}",
        call.base(),
        user.as_str().unwrap_or_default()
    );
    Ok(Answer::ok(
        &json!({ "userId": user, "_links": { "user": { "href": href } } }),
    ))
}

fn contact(call: &mut Call<'_>) -> Outcome {
    let key = contact_key(call)?;
    let admin = json!(call.org.admin);
    let user = stored(call, &key, admin);
    show_contact(call, &user)
}

fn set_contact(call: &mut Call<'_>) -> Outcome {
    let key = contact_key(call)?;
    let user = call.request.object()?["userId"].clone();
    let id = user.as_str().unwrap_or_default();
    if !call.org.users.contains(id) {
        return Err(Fault::not_found(id, "User"));
    }
    call.org.shelf(SHELF).put(&key, user.clone());
    show_contact(call, &user)
}

/// The id of the CAPTCHA that the org's pages show; empty where they show none.
pub(super) fn shown_captcha(call: &mut Call<'_>) -> String {
    let settings = stored(call, "captcha", Value::Null);
    text(&settings, "/captchaId").to_owned()
}

fn show_captcha(call: &mut Call<'_>) -> Outcome {
    let none = json!({ "captchaId": null, "enabledPages": null });
    let mut shown = stored(call, "captcha", none);
    let own = format!("{}/api/v1/org/captcha", call.base());
    shown["_links"] = json!({ "self": hinted(own, &["GET", "PUT"]) });
    let id = text(&shown, "/captchaId").to_owned();
    if !id.is_empty() {
        let href = format!("{}/api/v1/captchas/{id}", call.base());
        shown["_links"]["captcha"] = hinted(href, &["GET", "POST", "PUT", "DELETE"]);
    }
    Ok(Answer::ok(&shown))
}

fn captcha(call: &mut Call<'_>) -> Outcome {
    show_captcha(call)
}

fn set_captcha(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let id = text(&body, "/captchaId");
    if !id.is_empty() && !call.org.shelf("/api/v1/captchas").contains(id) {
        return Err(Fault::not_found(id, "Captcha"));
    }
    let kept = json!({ "captchaId": body["captchaId"], "enabledPages": body["enabledPages"] });
    call.org.shelf(SHELF).put("captcha", kept);
    show_captcha(call)
}

fn reset_captcha(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(SHELF).remove("captcha");
    Ok(Answer::no_content())
}
