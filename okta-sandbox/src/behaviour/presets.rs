//! What a new org, or a new brand, has of collections that have no behaviour of their own.

use serde_json::{Value, json};

use crate::json::{fill, text};
use crate::org::Org;

pub(crate) const AUTHENTICATORS: &str = "/api/v1/authenticators";
pub(crate) const TOKENS: &str = "/api/v1/api-tokens";

/// Puts everything in.
pub(crate) fn add(org: &mut Org) {
    authenticators(org);
    features(org);
    let now = org.created.clone();
    let tokens: Vec<(String, String)> = org.api_tokens.values().cloned().collect();
    for (id, user) in tokens {
        let token = token(&id, &user, "Sandbox", &now);
        org.shelf(TOKENS).put(&id, token);
    }
}

/// An API token, as the list of tokens shows it.
pub(crate) fn token(id: &str, user: &str, name: &str, now: &str) -> Value {
    json!({
        "id": id, "name": name, "userId": user, "clientName": "Okta API", "tokenWindow": "P30D",
        "network": { "connection": "ANYWHERE" }, "created": now, "lastUpdated": now,
        "expiresAt": expiry(now),
    })
}

/// Thirty days after a date.
fn expiry(now: &str) -> Value {
    let at = crate::clock::parse(now);
    let at = at.and_then(|at| {
        at.checked_add(jiff::SignedDuration::from_hours(24 * 30))
            .ok()
    });
    json!(at.map(crate::clock::zero_millis))
}

fn authenticators(org: &mut Org) {
    let now = org.created.clone();
    let plain = json!({});
    let any = json!({ "allowedFor": "any" });
    let email = json!({ "allowedFor": "any", "tokenLifetimeInMinutes": 5 });
    let recovery = json!({ "allowedFor": "recovery" });
    let verify = json!({
        "compliance": { "fips": "OPTIONAL" }, "userVerification": "PREFERRED", "appInstanceId": "",
        "channelBinding": { "style": "NUMBER_CHALLENGE", "required": "NEVER" },
        "userVerificationMethods": ["BIOMETRICS", "PIN"],
    });
    let totp = json!({
        "timeIntervalInSeconds": 30, "encoding": "Base32", "algorithm": "HMACSHA1", "passCodeLength": 6,
    });
    let algorithms = json!({ "algorithms": ["ES256", "RS256"], "keyProtection": "ANY" });
    let with = |more: Value| {
        let mut settings = more;
        fill(&mut settings, &algorithms);
        settings
    };
    let push = with(json!({ "transactionTypes": ["LOGIN"] }));
    let nonce = with(json!({ "showSignInWithOV": "NEVER" }));
    let webauthn = json!({ "userVerification": "DISCOURAGED", "attachment": "ANY" });
    type Method<'m> = (&'m str, bool, &'m Value);
    type Row<'m> = (&'m str, &'m str, &'m str, bool, &'m Value, &'m [Method<'m>]);
    let all: [Row<'_>; 7] = [
        (
            "okta_email",
            "email",
            "Email",
            true,
            &email,
            &[("email", true, &plain)],
        ),
        (
            "okta_verify",
            "app",
            "Okta Verify",
            true,
            &verify,
            &[
                ("totp", true, &totp),
                ("push", false, &push),
                ("signed_nonce", false, &nonce),
            ],
        ),
        (
            "okta_password",
            "password",
            "Password",
            true,
            &plain,
            &[("password", true, &plain)],
        ),
        (
            "phone_number",
            "phone",
            "Phone",
            false,
            &any,
            &[("sms", false, &plain), ("voice", false, &plain)],
        ),
        (
            "webauthn",
            "security_key",
            "Security Key or Biometric",
            false,
            &plain,
            &[("webauthn", true, &webauthn)],
        ),
        (
            "security_question",
            "security_question",
            "Security Question",
            true,
            &recovery,
            &[("security_question", true, &plain)],
        ),
        (
            "google_otp",
            "app",
            "Google Authenticator",
            false,
            &plain,
            &[("otp", true, &plain)],
        ),
    ];
    let status = |active: bool| if active { "ACTIVE" } else { "INACTIVE" };
    for (key, kind, name, active, settings, methods) in all {
        let id = org.dice.id("aut");
        let mut authenticator = json!({
            "id": id, "key": key, "type": kind, "name": name, "status": status(active),
            "created": now, "lastUpdated": now,
        });
        if *settings != plain || key == "google_otp" {
            authenticator["settings"] = settings.clone();
        }
        org.shelf(AUTHENTICATORS).put(&id, authenticator);
        for (kind, active, settings) in methods {
            let mut method = json!({ "type": kind, "status": status(*active) });
            if **settings != plain {
                method["settings"] = (*settings).clone();
            }
            org.shelf(&format!("{AUTHENTICATORS}/{id}/methods"))
                .put(kind, method);
        }
    }
}

/// Features that an admin may switch: name, description, stage, what it needs.
const FEATURES: [(&str, &str, &str, Option<usize>); 3] = [
    (
        "Enable Custom Admin Roles for Hooks",
        "Custom admin roles may view and manage inline hooks and event hooks.",
        "EA",
        None,
    ),
    (
        "Import Monitoring",
        "Shows imports that run or ran in the last day.",
        "BETA",
        None,
    ),
    (
        "Import Safeguards",
        "Stops imports that would remove many users.",
        "EA",
        Some(1),
    ),
];

pub(crate) const FEATURES_AT: &str = "/api/v1/features";

fn features(org: &mut Org) {
    let mut ids: Vec<String> = Vec::new();
    for (name, description, stage, needs) in FEATURES {
        let id = org.dice.id("ftr");
        let mut stage = json!({ "value": stage });
        if stage["value"] == "BETA" {
            stage["state"] = json!("OPEN");
        }
        let needs: Vec<&String> = needs.and_then(|place| ids.get(place)).into_iter().collect();
        let feature = json!({
            "id": id, "type": "self-service", "status": "DISABLED", "name": name,
            "description": description, "stage": stage, "needs": needs,
        });
        org.shelf(FEATURES_AT).put(&id, feature);
        ids.push(id);
    }
}

/// Gives a brand its theme.
pub(crate) fn brand(org: &mut Org, collection: &str, brand: &Value) {
    let own = format!("{collection}/{}", text(brand, "/id"));
    let id = org.dice.id("the");
    let theme = json!({
        "id": id, "logo": "/assets/img/logos/okta-logo.png", "favicon": "/favicon.ico", "backgroundImage": null,
        "primaryColorHex": "#1662dd", "primaryColorContrastHex": "#000000",
        "secondaryColorHex": "#ebebed", "secondaryColorContrastHex": "#000000",
        "signInPageTouchPointVariant": "OKTA_DEFAULT", "endUserDashboardTouchPointVariant": "OKTA_DEFAULT",
        "errorPageTouchPointVariant": "OKTA_DEFAULT", "emailTemplateTouchPointVariant": "OKTA_DEFAULT",
        "loadingPageTouchPointVariant": "OKTA_DEFAULT",
    });
    org.shelf(&format!("{own}/themes")).put(&id, theme);
}
