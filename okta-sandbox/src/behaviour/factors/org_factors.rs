//! Factors of the org, on or off, as older clients know them.

use serde_json::json;

use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::org::Org;
use crate::shelf::Shelf;

const ORG_FACTORS: &str = "/api/v1/org/factors";

/// Kind and provider of a key.
fn named(key: &str) -> Option<(&str, &'static str)> {
    Some(match key.strip_prefix("okta_") {
        Some("otp") => ("token:software:totp", "OKTA"),
        Some(kind @ ("question" | "sms" | "call" | "email" | "push")) => (kind, "OKTA"),
        _ if key == "google_otp" => ("token:software:totp", "GOOGLE"),
        _ if key == "fido_webauthn" => ("webauthn", "FIDO"),
        _ => return None,
    })
}

/// True if a client switched a kind of factor on.
pub(super) fn is_on(org: &Org, kind: &str, provider: &str) -> bool {
    let known = org.shelves.get(ORG_FACTORS).into_iter();
    { known }
        .flat_map(Shelf::entries)
        .any(|(key, status)| status == "ACTIVE" && named(key) == Some((kind, provider)))
}

fn org_factor(call: &mut Call<'_>, status: Option<&str>) -> Outcome {
    let key = call.parameter(0);
    let (kind, provider) = named(key).ok_or_else(|| Fault::not_found(key, "FactorLifecycle"))?;
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
    Ok(Answer::ok(&json!({
        "id": key, "provider": provider, "factorType": kind, "status": status, "_links": {
            step: { "href": format!("{own}/lifecycle/{step}"), "hints": { "allow": ["POST"] } },
            "self": { "href": own, "hints": { "allow": ["GET"] } },
        },
    })))
}

pub(in crate::behaviour) fn get_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, None)
}

pub(in crate::behaviour) fn activate_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, Some("ACTIVE"))
}

pub(in crate::behaviour) fn deactivate_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, Some("INACTIVE"))
}
