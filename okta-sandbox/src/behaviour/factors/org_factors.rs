//! Factors of the org, on or off, as older clients know them.

use serde_json::json;

use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;

const ORG_FACTORS: &str = "/api/v1/org/factors";

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

pub(in crate::behaviour) fn get_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, None)
}

pub(in crate::behaviour) fn activate_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, Some("ACTIVE"))
}

pub(in crate::behaviour) fn deactivate_org_factor(call: &mut Call<'_>) -> Outcome {
    org_factor(call, Some("INACTIVE"))
}
