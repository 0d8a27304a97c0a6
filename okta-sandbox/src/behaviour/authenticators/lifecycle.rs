//! Turning authenticators on and off.

use serde_json::{Value, json};

use super::{ACTIVATED, DEACTIVATED, changed, found, methods, uses, view};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;

/// The key of the one authenticator that cannot be off.
pub(super) const ALWAYS_ON: &str = "okta_password";

/// An authenticator that is on stays as it is.
pub(super) fn activate(call: &mut Call<'_>) -> Outcome {
    let mut one = found(call)?;
    if one["status"] != "ACTIVE" {
        one["status"] = json!("ACTIVE");
        methods::ensure_one(call, &one);
        changed(call, ACTIVATED, &mut one);
    }
    Ok(Answer::ok(&view(call, &one)))
}

pub(super) fn deactivate(call: &mut Call<'_>) -> Outcome {
    let mut one = found(call)?;
    if one["status"] != "ACTIVE" || text(&one, "/key") == ALWAYS_ON {
        let field = "api.authenticator.error.unsupported.active.deactivate";
        return Err(Fault::validation(field, &[]));
    }
    refuse_used(call, &one)?;
    one["status"] = json!("INACTIVE");
    changed(call, DEACTIVATED, &mut one);
    Ok(Answer::ok(&view(call, &one)))
}

fn refuse_used(call: &Call<'_>, one: &Value) -> Result<(), Fault> {
    let users = uses::of(call.org, one);
    if !users.is_empty() {
        let summary = "Cannot modify/disable this authenticator because it is enabled in one or more \
                       policies. To continue, disable the authenticator in these policies.";
        let causes: Vec<&str> = users.iter().map(String::as_str).collect();
        return Err(Fault::api(403, "E0000148", summary, &causes));
    }
    let rules = uses::left_without_phishing_resistance(call.org, one);
    if !rules.is_empty() {
        let summary = format!(
            "This action can't be completed because it would result in 0 phishing resistant authenticators \
             and your org has at least one authentication policy rule that requires phishing resistant \
             authenticators. To continue, either enable FIDO 2 (WebAuthn) or remove the phishing resistance \
             constraint from the affected policies. Policy rules: {}",
            rules.join(", ")
        );
        return Err(Fault::api(403, "E0000219", summary, &[]));
    }
    Ok(())
}
