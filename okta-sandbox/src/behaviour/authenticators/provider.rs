//! Who stands behind an authenticator: other vendors' services, push providers, identity
//! providers, and the rules of temporary codes.

use serde_json::{Map, Value, json};

use super::{AUTHENTICATORS, blank, invalid};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::{fill, merge, remove, text};

const PUSH_PROVIDERS: &str = "/api/v1/push-providers";
const IDENTITY_PROVIDERS: &str = "/api/v1/idps";

/// What is told to the service and never back.
const SECRETS: [&str; 3] = ["integrationKey", "secretKey", "sharedSecret"];

pub(super) fn hide_secrets(one: &mut Value) {
    if let Some(configuration) = one.pointer_mut("/provider/configuration") {
        for secret in SECRETS {
            remove(configuration, secret);
        }
    }
}

/// The type of the provider of a key, what must be configured, and what need not.
fn form(key: &str) -> Option<(&'static str, &'static [&'static str], Value)> {
    let template = |template: &str| json!({ "userNameTemplate": { "template": template } });
    Some(match key {
        "duo" => (
            "DUO",
            &["host", "integrationKey", "secretKey"],
            template("oktaId"),
        ),
        "onprem_mfa" | "rsa_token" => (
            "DEL_OATH",
            &["hostName", "authPort", "sharedSecret"],
            template("global.assign.userName.login"),
        ),
        "custom_app" => ("PUSH", &[], json!({})),
        "tac" => ("tac", &[], json!({})),
        "external_idp" | "smart_card_idp" => ("CLAIMS", &["idpId"], json!({})),
        _ => return None,
    })
}

/// What may be configured; the service forgets anything else.
fn is_known(key: &str, name: &str) -> bool {
    match key {
        "duo" => matches!(
            name,
            "host" | "integrationKey" | "secretKey" | "userNameTemplate"
        ),
        "onprem_mfa" | "rsa_token" => matches!(
            name,
            "hostName" | "authPort" | "sharedSecret" | "instanceId" | "userNameTemplate"
        ),
        "custom_app" => matches!(name, "fcm" | "apns"),
        "tac" => matches!(
            name,
            "minTtl" | "maxTtl" | "defaultTtl" | "length" | "complexity" | "multiUseAllowed"
        ),
        _ => name == "idpId",
    }
}

/// Takes over the provider that a body describes; keys without one ignore it.
pub(super) fn take(
    call: &mut Call<'_>,
    key: &str,
    one: &mut Value,
    body: &Value,
    new: bool,
) -> Result<(), Fault> {
    let Some((ty, needed, defaults)) = form(key) else {
        return Ok(());
    };
    let given = &body["provider"];
    if !given.is_object() {
        // The published form of federated authenticators has no provider.
        let needed = new && !matches!(key, "external_idp" | "smart_card_idp");
        return match needed || !given.is_null() {
            true => Err(blank("provider")),
            false => Ok(()),
        };
    }
    if text(given, "/type") != ty {
        return Err(invalid("type"));
    }
    let mut provider = one["provider"].clone();
    if !provider.is_object() {
        provider = json!({ "configuration": {} });
    }
    provider["type"] = json!(ty);
    let configuration = &mut provider["configuration"];
    for (name, value) in given["configuration"].as_object().into_iter().flatten() {
        if is_known(key, name) && !value.is_null() {
            merge(configuration, &json!({ name: value }));
        }
    }
    for name in needed {
        if matches!(&configuration[name], Value::Null) || configuration[name] == "" {
            return Err(blank(name));
        }
    }
    fill(configuration, &defaults);
    match key {
        "custom_app" => push(call, configuration)?,
        "tac" => codes(configuration)?,
        "onprem_mfa" | "rsa_token" => {
            if !configuration["authPort"].is_number() {
                return Err(invalid("authPort"));
            }
            if configuration["instanceId"].is_null() {
                configuration["instanceId"] = json!(call.org.dice.id("0oa"));
            }
        }
        "external_idp" | "smart_card_idp" => identity(call, one, configuration)?,
        _ => {}
    }
    one["provider"] = provider;
    Ok(())
}

/// At least one push service, each of the right kind.
fn push(call: &mut Call<'_>, configuration: &Value) -> Result<(), Fault> {
    let mut any = false;
    for (service, kind) in [("fcm", "FCM"), ("apns", "APNS")] {
        let Some(given) = configuration.get(service).filter(|one| !one.is_null()) else {
            continue;
        };
        any = true;
        let provider = call.org.shelf(PUSH_PROVIDERS).get(text(given, "/id"));
        if !provider.is_some_and(|provider| provider["providerType"] == kind) {
            return Err(invalid(&format!("{service}.id")));
        }
        if service == "apns" && text(given, "/appBundleId").is_empty() {
            return Err(blank("appBundleId"));
        }
    }
    match any {
        true => Ok(()),
        false => Err(blank("configuration")),
    }
}

/// Ten days, in minutes.
const LONGEST_TTL: f64 = 14_400.0;

/// Lifetimes in their order, and some kind of character.
fn codes(configuration: &Value) -> Result<(), Fault> {
    let minutes = |name: &str| configuration[name].as_f64().ok_or_else(|| blank(name));
    let (least, usual, most) = (
        minutes("minTtl")?,
        minutes("defaultTtl")?,
        minutes("maxTtl")?,
    );
    for (name, bounds, value) in [
        ("minTtl", 10.0..=LONGEST_TTL, least),
        ("defaultTtl", 10.0..=LONGEST_TTL, usual),
        ("maxTtl", 10.0..=LONGEST_TTL, most),
        ("length", 8.0..=64.0, minutes("length")?),
    ] {
        if !bounds.contains(&value) {
            let (low, high) = (bounds.start(), bounds.end());
            let cause = format!("{name}: must be between {low} and {high}");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    if least > most {
        let cause = "minTtl: must be less than or equal to maxTtl";
        return Err(Fault::validation("minTtl", &[cause]));
    }
    if !(least..=most).contains(&usual) {
        let cause = "defaultTtl: must be between minTtl and maxTtl";
        return Err(Fault::validation("defaultTtl", &[cause]));
    }
    let kinds = configuration["complexity"].as_object();
    let any = |kinds: &Map<String, Value>| kinds.values().any(|kind| *kind == true);
    match kinds.is_some_and(any) {
        true => Ok(()),
        false => {
            let cause = "complexity: At least one kind of character must be allowed";
            Err(Fault::validation("complexity", &[cause]))
        }
    }
}

/// An identity provider that no other authenticator uses.
fn identity(call: &mut Call<'_>, one: &Value, configuration: &Value) -> Result<(), Fault> {
    let idp = text(configuration, "/idpId");
    if !call.org.shelf(IDENTITY_PROVIDERS).contains(idp) {
        return Err(Fault::not_found(idp, "IdpTrust"));
    }
    let mut others = call.org.shelf(AUTHENTICATORS).values();
    let taken = others.any(|other| {
        other["id"] != one["id"] && text(other, "/provider/configuration/idpId") == idp
    });
    match taken {
        true => {
            let summary = format!("Another authenticator is already associated with idpId: {idp}.");
            Err(Fault::api(409, "E0000230", summary, &[]))
        }
        false => Ok(()),
    }
}
