//! The keys that apps sign with, each with its certificate. A key is made when it is first looked at.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::log::app_target;
use crate::oauth::{jwk, rsa};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApplicationKeys" => list,
        "getApplicationKey" => get,
        "generateApplicationKey" => generate,
        "cloneApplicationKey" => copy,
        _ => return None,
    })
}

fn shelf(app: &str) -> String {
    format!("/api/v1/apps/{app}/credentials/keys")
}

/// The same date and time so many years later.
fn years_later(at: Timestamp, years: i64) -> Timestamp {
    let later = Offset::UTC.to_datetime(at).checked_add(years.years());
    later
        .and_then(|later| Offset::UTC.to_timestamp(later))
        .unwrap_or(Timestamp::MAX)
}

fn failed() -> Fault {
    Fault::code("E0000009", &[])
}

/// A new RSA key: its public JWK, and what signs with it.
pub(in crate::behaviour) fn pair() -> Result<(Value, KeyPair), Fault> {
    let pair = rsa::generate().map_err(|_| failed())?;
    let key = rsa::public_jwk(&pair).map_err(|_| failed())?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
    let pem = jwk::pem("PRIVATE KEY", der.as_ref());
    let pair = KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).map_err(|_| failed())?;
    Ok((key, pair))
}

/// A new RSA key with a certificate that it signs itself, under a key id.
pub(crate) fn fresh(
    org: &Org,
    kid: Option<&str>,
    created: Timestamp,
    years: i64,
) -> Result<Value, Fault> {
    let (mut key, pair) = pair()?;
    let mut parameters = CertificateParams::default();
    let name = &mut parameters.distinguished_name;
    name.push(DnType::OrganizationName, "Okta");
    name.push(DnType::OrganizationalUnitName, "SSOProvider");
    name.push(DnType::CommonName, org.subdomain.as_str());
    let expires = years_later(created, years);
    let date = |at: Timestamp| {
        let day = Offset::UTC.to_datetime(at).date();
        let number = |n: i8| u8::try_from(n).unwrap_or(1);
        rcgen::date_time_ymd(
            i32::from(day.year()),
            number(day.month()),
            number(day.day()),
        )
    };
    (parameters.not_before, parameters.not_after) = (date(created), date(expires));
    let certificate = parameters.self_signed(&pair).map_err(|_| failed())?;
    let thumbprint = jwk::thumbprint(&key).ok_or_else(failed)?;
    let now = clock::zero_millis(created);
    for (name, value) in [
        ("kid", json!(kid.unwrap_or(&thumbprint))),
        ("use", json!("sig")),
        ("created", json!(now)),
        ("lastUpdated", json!(now)),
        ("expiresAt", json!(clock::zero_millis(expires))),
        ("x5c", json!([STANDARD.encode(certificate.der())])),
        ("x5t#S256", json!(jwk::sha256(certificate.der()))),
    ] {
        key[name] = value;
    }
    Ok(key)
}

/// The key that the org's older SAML apps sign with; apps of the catalogue have it beside their own.
const SHARED: &str = "/shared-signing-key";

/// The id of the key that the org's older SAML apps sign with.
pub(super) fn shared_kid(org: &mut Org) -> String {
    let known = org.shelf(SHARED).values().next();
    if let Some(known) = known {
        return text(known, "/kid").to_owned();
    }
    let kid = org.dice.secret(32);
    org.shelf(SHARED).put(&kid, json!({ "kid": kid }));
    kid
}

fn shared_key(org: &mut Org, kid: &str, created: Timestamp) -> Result<Value, Fault> {
    let known = org.shelf(SHARED).get(kid).cloned();
    let mut key = match known.filter(|key| key.get("n").is_some()) {
        Some(key) => key,
        None => {
            let key = fresh(org, Some(kid), created, 10)?;
            org.shelf(SHARED).put(kid, key.clone());
            key
        }
    };
    // For an app it begins with the app.
    let now = clock::zero_millis(created);
    merge(&mut key, &json!({ "created": now, "lastUpdated": now }));
    Ok(key)
}

/// A SAML app of the catalogue: its destination is none of its settings.
fn is_catalogue_saml(app: &Value) -> bool {
    text(app, "/signOnMode").starts_with("SAML")
        && app.pointer("/settings/signOn/ssoAcsUrl").is_none()
}

/// All keys of an app, the newest first; those that it signs with are made now if they never were.
fn keys(org: &mut Org, app: &Value) -> Result<Vec<Value>, Fault> {
    let (shelf, kid) = (
        shelf(text(app, "/id")),
        text(app, "/credentials/signing/kid"),
    );
    let created = clock::parse(text(app, "/created")).unwrap_or_else(|| org.clock.now());
    if is_catalogue_saml(app) {
        let shared = shared_kid(org);
        if !org.shelf(&shelf).contains(&shared) {
            let key = shared_key(org, &shared, created)?;
            org.shelf(&shelf).put(&shared, key);
        }
    }
    if !kid.is_empty() && !org.shelf(&shelf).contains(kid) {
        let key = fresh(org, Some(kid), created, 10)?;
        org.shelf(&shelf).put(kid, key);
    }
    let mut keys: Vec<Value> = org.shelf(&shelf).values().rev().cloned().collect();
    // The app's first key may have been made after others, but is older.
    keys.sort_by(|a, b| text(b, "/created").cmp(text(a, "/created")));
    Ok(keys)
}

/// The key that an app signs with.
pub(super) fn active(org: &mut Org, app: &Value) -> Result<Option<Value>, Fault> {
    let kid = text(app, "/credentials/signing/kid");
    let mut keys = keys(org, app)?.into_iter();
    Ok(keys.find(|key| text(key, "/kid") == kid))
}

/// The certificate that an app signs with, base64.
pub(super) fn certificate(org: &mut Org, app: &Value) -> Result<String, Fault> {
    let used = active(org, app)?;
    Ok(used.map_or_else(String::new, |key| text(&key, "/x5c/0").to_owned()))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let keys = keys(call.org, &app)?;
    call.all(keys)
}

fn named_key(call: &mut Call<'_>) -> Result<Value, Fault> {
    let app = named_app(call)?;
    let kid = call.parameter(1);
    let mut keys = keys(call.org, &app)?.into_iter();
    keys.find(|key| text(key, "/kid") == kid)
        .ok_or_else(|| Fault::not_found(kid, "JsonWebKey"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&named_key(call)?))
}

/// For how many years a key is asked for.
pub(crate) fn validity_years(call: &Call<'_>) -> Result<i64, Fault> {
    let years = call.request.query("validityYears");
    let years = years.and_then(|years| years.parse().ok());
    years
        .filter(|years| (2..=10).contains(years))
        .ok_or_else(|| {
            let cause = "validityYears: The value must be between 2 and 10.";
            Fault::validation("validityYears", &[cause])
        })
}

fn generate(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let years = validity_years(call)?;
    let key = fresh(call.org, None, call.org.clock.now(), years)?;
    keep(call, &app, &key);
    Ok(Answer::json(201, &key))
}

/// Shares a key with another app.
fn copy(call: &mut Call<'_>) -> Outcome {
    let key = named_key(call)?;
    let target = call.request.query("targetAid").unwrap_or_default();
    let target = call.org.apps.get(target).cloned();
    let Some(target) = target else {
        let named = call.request.query("targetAid").unwrap_or_default();
        return Err(Fault::not_found(named, "AppInstance"));
    };
    keep(call, &target, &key);
    Ok(Answer::json(201, &key))
}

/// Adds a key to those of an app.
pub(in crate::behaviour) fn store(org: &mut Org, app: &Value, key: &Value) {
    let shelf = shelf(text(app, "/id"));
    org.shelf(&shelf).put(text(key, "/kid"), key.clone());
}

fn keep(call: &mut Call<'_>, app: &Value, key: &Value) {
    store(call.org, app, key);
    call.log("application.lifecycle.update", vec![app_target(app)]);
}
