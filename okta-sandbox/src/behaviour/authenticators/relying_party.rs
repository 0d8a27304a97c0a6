//! The domain that security keys are bound to: the relying party's id.

use serde_json::{Value, json};

use super::invalid;
use crate::behaviour::domain_names::is_domain;
use crate::call::Call;
use crate::fault::Fault;
use crate::json::{remove, text};

const DOMAIN: &str = "/settings/rpId/domain";

/// True if a method has a domain that nobody verified yet.
pub(super) fn is_unverified(method: &Value) -> bool {
    let domain = method.pointer(DOMAIN);
    domain.is_some_and(|domain| domain["validationStatus"] != "VERIFIED")
}

/// Takes over a wanted relying party. A new domain begins unverified; only a verified one is put
/// to use, and one in use does not change.
pub(super) fn take(call: &mut Call<'_>, method: &mut Value, wanted: &Value) -> Result<(), Fault> {
    if wanted.is_null() {
        return Ok(());
    }
    let mut own = method["settings"]["rpId"].clone();
    if !own.is_object() {
        own = json!({ "enabled": false });
    }
    let enabled = match &wanted["enabled"] {
        Value::Null => own["enabled"] == true,
        given => *given == true,
    };
    let name = text(wanted, "/domain/name").to_lowercase();
    if !name.is_empty() && name != text(&own, "/domain/name") {
        if !is_domain(&name) {
            return Err(invalid("name"));
        }
        if own["enabled"] == true && enabled {
            let cause = "domain: The domain can't be changed while it is enabled";
            return Err(Fault::validation("rpId", &[cause]));
        }
        own["domain"] = json!({
            "name": name, "validationStatus": "NOT_STARTED",
            "dnsRecord": {
                "recordType": "TXT", "fqdn": format!("_oktaverification.{name}"),
                "verificationValue": call.org.dice.hex(32),
            },
        });
    }
    if enabled && text(&own, "/domain/validationStatus") != "VERIFIED" {
        let cause = "enabled: The domain must be verified before it is enabled";
        return Err(Fault::validation("rpId", &[cause]));
    }
    own["enabled"] = json!(enabled);
    method["settings"]["rpId"] = own;
    Ok(())
}

/// There is no DNS to ask, so the record is there. It is not shown any more.
pub(super) fn verify(method: &mut Value) -> Result<(), Fault> {
    let Some(domain) = method.pointer_mut(DOMAIN) else {
        let cause = "domain: The field cannot be left blank";
        return Err(Fault::validation("rpId", &[cause]));
    };
    domain["validationStatus"] = json!("VERIFIED");
    remove(domain, "dnsRecord");
    Ok(())
}
