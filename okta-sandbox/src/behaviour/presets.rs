//! What a new org, or a new brand, has of collections that have no behaviour of their own.

use serde_json::{Value, json};

use super::authenticators;
use crate::json::text;
use crate::org::Org;

pub(crate) const TOKENS: &str = "/api/v1/api-tokens";

/// Puts everything in.
pub(crate) fn add(org: &mut Org) {
    authenticators::add_built_in(org);
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
