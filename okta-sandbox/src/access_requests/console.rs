//! Request types as an admin makes them in the Access Requests console, with steps that the API
//! neither makes nor shows: there they are `CUSTOM`.

use serde_json::{Value, json};

use super::{catalogue, rights, teams};
use crate::clock;
use crate::json::text;
use crate::org::Org;

/// Where the API's request types stand.
const TYPES: &str = "/governance/api/v1/request-types";
/// What the console knows of them: fields, steps, team.
const SHELF: &str = "/_sandbox/request-types";

/// The console's part of a request type; none if the API made it.
pub(crate) fn of(org: &Org, id: &str) -> Option<Value> {
    org.shelves.get(SHELF)?.get(id).cloned()
}

/// What a field may be filled in with by the product itself.
pub(super) const PEOPLE: [&str; 2] = ["requester.email", "assignee.email"];

fn refused<T>(text: String) -> Result<T, String> {
    Err(text)
}

/// Defines a request type:
///
/// ```json
/// {
///   "name": "Badge access", "team": "Facilities",
///   "fields": [
///     { "name": "requesterEmail", "from": "requester.email" },
///     { "name": "buildingRequested", "type": "SELECT", "options": ["HQ"] },
///     { "name": "endDate", "type": "DATE-TIME", "required": false }
///   ],
///   "steps": [
///     { "type": "APPROVAL", "approver": "MANAGER" },
///     { "type": "RUN_WORKFLOW", "flow": "Badge", "inputs": { "who": "requesterEmail" } },
///     { "type": "TIMER", "until": "endDate" },
///     { "type": "TASK", "label": "Hand the badge out" }
///   ]
/// }
/// ```
///
/// # Errors
/// What the console would not let an admin do: a step with a flow that is not offered, an input
/// that the flow lacks, a field that does not exist.
pub(super) fn define(org: &mut Org, given: &Value) -> Result<Value, String> {
    let name = text(given, "/name");
    if name.is_empty() {
        return refused("a request type has a `name`".to_owned());
    }
    let Some(team) = teams::find(org, text(given, "/team")) else {
        return refused(format!(
            "there is no team `{}` for the request type",
            text(given, "/team")
        ));
    };
    let mut fields = Vec::new();
    for field in given["fields"].as_array().into_iter().flatten() {
        let kept = self::field(org, field)?;
        if fields
            .iter()
            .any(|other: &Value| other["prompt"] == kept["prompt"])
        {
            return refused(format!("two fields are named {}", kept["prompt"]));
        }
        fields.push(kept);
    }
    let mut steps = Vec::new();
    for step in given["steps"].as_array().into_iter().flatten() {
        steps.push(self::step(org, step, &fields)?);
    }
    let id = org.dice.hex(24);
    let now = clock::seconds(org.clock.now());
    let custom = json!({ "type": "CUSTOM" });
    let kind = json!({
        "id": id, "name": name, "description": text(given, "/description"), "ownerId": team,
        "status": "ACTIVE", "accessDuration": null, "lastUpdateSource": "WEB", "created": now,
        "createdBy": org.admin, "lastUpdated": now, "lastUpdatedBy": org.admin,
        "requestSettings": custom, "approvalSettings": custom, "resourceSettings": custom,
    });
    org.shelf(TYPES).put(&id, kind);
    let made = json!({ "id": id, "name": name, "team": team, "fields": fields, "steps": steps });
    org.shelf(SHELF).put(&id, made.clone());
    Ok(made)
}

fn field(org: &mut Org, given: &Value) -> Result<Value, String> {
    let name = text(given, "/name");
    if name.is_empty() {
        return refused("a field has a `name`".to_owned());
    }
    let kind = match text(given, "/type") {
        "" => "TEXT",
        kind @ ("TEXT" | "SELECT" | "DATE-TIME") => kind,
        kind => {
            return refused(format!(
                "field `{name}` is a {kind}, which is none of TEXT, SELECT, DATE-TIME"
            ));
        }
    };
    let mut field = json!({
        "id": org.dice.uuid(), "prompt": name, "type": kind, "required": given["required"] != false,
    });
    if kind == "SELECT" {
        let options = given["options"].as_array().into_iter().flatten();
        let options: Vec<Value> = options.map(|one| json!({ "value": one })).collect();
        if options.is_empty() {
            return refused(format!("field `{name}` has no `options`"));
        }
        field["options"] = json!(options);
    }
    match text(given, "/from") {
        "" => {}
        from if PEOPLE.contains(&from) => {
            field["from"] = json!(from);
            field["required"] = json!(false);
        }
        from => {
            let known = PEOPLE.join(", ");
            return refused(format!("field `{name}` is from `{from}`, none of {known}"));
        }
    }
    Ok(field)
}

fn step(org: &mut Org, given: &Value, fields: &[Value]) -> Result<Value, String> {
    let known = |name: &str| fields.iter().any(|field| field["prompt"] == name);
    match text(given, "/type") {
        "APPROVAL" => {
            let approver = text(given, "/approver");
            if approver != "MANAGER" && !org.users.contains(approver) {
                return refused(format!(
                    "the approver `{approver}` is neither MANAGER nor a user's id"
                ));
            }
            Ok(json!({ "type": "APPROVAL", "approver": approver }))
        }
        "TASK" => {
            let label = text(given, "/label");
            if label.is_empty() {
                return refused("a TASK has a `label`".to_owned());
            }
            Ok(json!({ "type": "TASK", "label": label }))
        }
        "TIMER" => {
            let until = text(given, "/until");
            let dated = |field: &&Value| field["prompt"] == until && field["type"] == "DATE-TIME";
            if !fields.iter().any(|field| dated(&field)) {
                return refused(format!("`{until}` is no DATE-TIME field to wait for"));
            }
            Ok(json!({ "type": "TIMER", "until": until }))
        }
        "RUN_WORKFLOW" => {
            let flow = rights::check(org, text(given, "/flow"))?;
            let mapping = given["inputs"].as_object().cloned().unwrap_or_default();
            let inputs = flow["inputs"].as_array().map_or(&[][..], Vec::as_slice);
            for (input, source) in &mapping {
                let source = source.as_str().unwrap_or_default();
                if !inputs.iter().any(|one| one["name"] == **input) {
                    return refused(format!("the flow {} has no input `{input}`", flow["name"]));
                }
                if !known(source) && !PEOPLE.contains(&source) {
                    return refused(format!("input `{input}` comes from `{source}`, no field"));
                }
            }
            Ok(json!({
                "type": "RUN_WORKFLOW", "flow": flow["id"], "flowName": flow["name"], "inputs": mapping,
            }))
        }
        other => refused(format!(
            "a step is an APPROVAL, RUN_WORKFLOW, TIMER or TASK, not `{other}`"
        )),
    }
}

/// The flows that the console offers in a request type.
pub(super) fn offered(org: &mut Org) -> Vec<Value> {
    let flows = catalogue::all(org);
    let offers = flows.into_iter().map(|flow| {
        let why = rights::check(org, text(&flow, "/id")).err();
        let mut offer = flow;
        offer["offered"] = json!(why.is_none());
        offer["reason"] = json!(why);
        offer
    });
    offers.collect()
}
