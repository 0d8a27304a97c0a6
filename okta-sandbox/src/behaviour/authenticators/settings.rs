//! Settings of authenticators: what a body may say, and what of it is kept.

use serde_json::{Value, json};

use super::{blank, catalogue, invalid};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::schema::{self, Fullness, Type};

const API: &str = "management";

/// Minutes that a code by email may be good for.
const EMAIL_MINUTES: std::ops::RangeInclusive<f64> = 1.0..=30.0;

/// Refuses settings and providers of another form than the key has. What the service says itself
/// of an authenticator (stamps, status, links) may come back with any value.
pub(super) fn check(key: &str, body: &Value) -> Result<(), Fault> {
    let base = schema::schema(API, "AuthenticatorBase");
    let Some(name) = base.and_then(|base| base.tagged.get(key)) else {
        return Ok(());
    };
    let mut own = body.clone();
    for given in ["key", "type", "status"] {
        remove(&mut own, given);
    }
    if own.get("name").is_some_and(|name| !name.is_string()) {
        return Err(invalid("name"));
    }
    schema::check(API, &Type::Named(name.clone()), &own, Fullness::Part)
}

/// Takes over the settings that the key has.
pub(super) fn take(
    call: &Call<'_>,
    key: &str,
    one: &mut Value,
    body: &Value,
    new: bool,
) -> Result<(), Fault> {
    if key == "custom_app" {
        app(call, one, body, new)?;
    }
    let Some(given) = body["settings"].as_object() else {
        return Ok(());
    };
    for (name, value) in given {
        let known = catalogue::settings(key).get(name).is_some() || is_more(key, name);
        if known && !value.is_null() {
            merge(&mut one["settings"][name], value);
        }
    }
    if key == "okta_email" {
        let minutes = one["settings"]["tokenLifetimeInMinutes"].as_f64();
        if !minutes.is_some_and(|minutes| EMAIL_MINUTES.contains(&minutes)) {
            return Err(invalid("tokenLifetimeInMinutes"));
        }
    }
    Ok(())
}

/// Settings that a new authenticator does not show.
fn is_more(key: &str, name: &str) -> bool {
    key == "okta_verify" && name == "enrollmentSecurityLevel"
}

/// A custom authenticator is an OpenID Connect app's, which stays the same.
fn app(call: &Call<'_>, one: &mut Value, body: &Value, new: bool) -> Result<(), Fault> {
    let given = text(body, "/settings/appInstanceId");
    if !new {
        let known = text(one, "/settings/appInstanceId");
        return match given.is_empty() || given == known {
            true => Ok(()),
            false => Err(invalid("appInstanceId")),
        };
    }
    if body["agreeToTerms"] != true {
        let cause = "agreeToTerms: The terms must be agreed to";
        return Err(Fault::validation("agreeToTerms", &[cause]));
    }
    if given.is_empty() {
        return Err(blank("appInstanceId"));
    }
    let app = call.org.apps.get(given);
    let client = app.map_or("", |app| text(app, "/credentials/oauthClient/client_id"));
    if client.is_empty() {
        return Err(invalid("appInstanceId"));
    }
    one["settings"]["appInstanceId"] = json!(given);
    one["settings"]["oauthClientId"] = json!(client);
    Ok(())
}
