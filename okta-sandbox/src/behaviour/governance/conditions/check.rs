//! What conditions may say.

use serde_json::{Value, json};

use super::scope;
use crate::behaviour::governance::{request_settings, sequences};
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::org::Org;

/// The 400 of a condition.
pub(super) fn invalid(cause: &str) -> Fault {
    Fault::validation("AccessRequestCondition", &[cause])
}

/// Refuses a new condition that says too little.
pub(super) fn required(body: &Value) -> Result<(), Fault> {
    let needed = [
        "name",
        "requesterSettings",
        "accessScopeSettings",
        "approvalSequenceId",
    ];
    let missing = needed.iter().find(|member| body[**member].is_null());
    missing.map_or(Ok(()), |member| {
        Err(invalid(&format!(
            "{member}: The field cannot be left blank"
        )))
    })
}

/// Takes over what a body says, if the resource allows it.
pub(super) fn take(
    org: &Org,
    condition: &mut Value,
    body: &Value,
    kind: &str,
) -> Result<(), Fault> {
    let resource = text(condition, "/~resource").to_owned();
    if let Some(name) = body.get("name") {
        let length = name.as_str().map_or(0, |name| name.chars().count());
        if !(1..=255).contains(&length) {
            return Err(invalid("name: must be between 1 and 255 characters long"));
        }
        condition["name"] = name.clone();
    }
    if let Some(description) = body.get("description") {
        condition["description"] = description.clone();
    }
    if let Some(priority) = body.get("priority")
        && priority.as_u64().is_none()
    {
        return Err(invalid("priority: must be a number of at least 0"));
    }
    if let Some(settings) = body.get("requesterSettings") {
        condition["requesterSettings"] = requesters(org, settings)?;
    }
    if let Some(settings) = body.get("accessScopeSettings") {
        condition["accessScopeSettings"] = scopes(org, settings, &resource)?;
    }
    if let Some(sequence) = body.get("approvalSequenceId") {
        let id = sequence.as_str().unwrap_or_default();
        if sequences::fitting(org, id, kind).is_none() {
            return Err(invalid(
                "approvalSequenceId: The sequence does not exist or does not support the resource.",
            ));
        }
        condition["approvalSequenceId"] = sequence.clone();
    }
    match body.get("accessDurationSettings") {
        None => {}
        Some(Value::Null) => {
            remove(condition, "accessDurationSettings");
        }
        Some(settings) => {
            durations(settings)?;
            condition["accessDurationSettings"] = settings.clone();
        }
    }
    Ok(())
}

/// The ids that settings list, of which there has to be one.
fn listed<'v>(settings: &'v Value, member: &str) -> Result<Vec<&'v str>, Fault> {
    let listed = settings[member].as_array().into_iter().flatten();
    let ids: Vec<&str> = listed.map(|one| text(one, "/id")).collect();
    match ids.is_empty() {
        true => Err(invalid(&format!("{member}: must have at least 1 item"))),
        false => Ok(ids),
    }
}

fn just_ids(kind: &str, member: &str, ids: &[&str]) -> Value {
    let ids: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    json!({ "type": kind, member: ids })
}

fn requesters(org: &Org, settings: &Value) -> Result<Value, Fault> {
    match text(settings, "/type") {
        "EVERYONE" => Ok(json!({ "type": "EVERYONE" })),
        "GROUPS" => {
            let ids = listed(settings, "groups")?;
            if let Some(unknown) = ids.iter().find(|id| !org.groups.contains(id)) {
                let cause = format!("requesterSettings.groups: {unknown} not found");
                return Err(invalid(&cause));
            }
            Ok(just_ids("GROUPS", "groups", &ids))
        }
        _ => Err(invalid("RequestSettings is invalid for this resource.")),
    }
}

fn scopes(org: &Org, settings: &Value, resource: &str) -> Result<Value, Fault> {
    let kind = text(settings, "/type");
    if !scope::valid_scopes(org, resource).contains(&kind) {
        return Err(invalid("AccessScopeSettings is invalid for this resource."));
    }
    let member = match kind {
        "GROUPS" => "groups",
        "ENTITLEMENT_BUNDLES" => "entitlementBundles",
        _ => return Ok(json!({ "type": kind })),
    };
    let ids = listed(settings, member)?;
    if let Some(foreign) = ids
        .iter()
        .find(|id| !scope::belongs(org, kind, id, resource))
    {
        let cause = format!("accessScopeSettings.{member}: {foreign} not found");
        return Err(invalid(&cause));
    }
    Ok(just_ids(kind, member, &ids))
}

/// Hours of a duration in one of the three units that settings have.
fn parts(duration: &str) -> Option<(u64, &'static str, u64)> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|n| *n > 0);
    let rest = duration.strip_prefix('P')?;
    if let Some(hours) = rest.strip_prefix('T') {
        let hours = number(hours.strip_suffix('H')?)?;
        return Some((hours, "hours", hours));
    }
    if let Some(weeks) = rest.strip_suffix('W') {
        let weeks = number(weeks)?;
        return Some((weeks, "weeks", weeks.checked_mul(7 * 24)?));
    }
    let days = number(rest.strip_suffix('D')?)?;
    Some((days, "days", days.checked_mul(24)?))
}

/// Refuses a duration that is none, or is longer than resources allow.
fn duration(duration: &str) -> Result<(), Fault> {
    let Some((number, unit, _)) = parts(duration) else {
        return Err(invalid(
            "accessDurationSettings: must be a duration of hours, days or weeks",
        ));
    };
    let most = request_settings::longest(unit);
    match number <= most {
        true => Ok(()),
        false => Err(invalid(&format!(
            "Maximum {unit} for access duration is {most} {unit}."
        ))),
    }
}

/// True if a duration is longer than another, or is none.
pub(crate) fn longer(asked: &str, most: &str) -> bool {
    match (parts(asked), parts(most)) {
        (Some((.., asked)), Some((.., most))) => asked > most,
        _ => true,
    }
}

/// The hours of a duration; none if it is none.
pub(crate) fn hours(duration: &str) -> Option<i64> {
    let (.., hours) = parts(duration)?;
    i64::try_from(hours).ok()
}

/// Checks the settings of durations, of conditions and of risks.
pub(crate) fn durations(settings: &Value) -> Result<(), Fault> {
    match text(settings, "/type") {
        "ADMIN_FIXED_DURATION" => duration(text(settings, "/duration")),
        "REQUESTER_SPECIFIED_DURATION" => duration(text(settings, "/maximumDuration")),
        _ => Err(invalid(
            "AccessDurationSettings is invalid for this resource.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_an_end() {
        for good in ["P30D", "P90D", "P12W", "PT72H"] {
            assert!(duration(good).is_ok(), "{good}");
        }
        for bad in ["", "P0D", "P91D", "P13W", "PT73H", "P1M", "30D", "PT5M"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(longer("P2D", "PT47H") && !longer("P2D", "PT48H") && longer("x", "P1D"));
    }
}
