//! Risk rules: which entitlements nobody should have together, and who would.
//!
//! Requests heed the rules, see [`conflicts`]; a grant that an admin makes does not, nor does what
//! a collection gives.

pub(super) mod conflicts;

use serde_json::{Value, json};

use super::resources::{app_orn, checked, parts, tail, target_app, unknown, user_orn};
use super::{caller, counted, entitlements, filter, fits, link, not_found, stamped, stored};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listRiskRules" => list,
        "createRiskRule" => create,
        "getRiskRule" => get,
        "replaceRiskRule" => replace,
        "deleteRiskRule" => delete,
        "generatePotentialRiskAssessments" => assess,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v1/risk-rules";

/// The only thing that criteria look at.
const ATTRIBUTE: &str = "principal.effective_grants";

fn target(rule: &Value) -> Value {
    let (id, name) = (text(rule, "/id"), text(rule, "/name"));
    named("RiskRule", id, "unknown", name)
}

fn criteria(rule: &Value) -> &[Value] {
    let criteria = rule["conflictCriteria"]["and"].as_array();
    criteria.map_or(&[], Vec::as_slice)
}

/// The app that a rule is about.
fn app_of(rule: &Value) -> &str {
    tail(text(rule, "/resources/0/resourceOrn"))
}

/// The criteria with the names of entitlements and values as they are now.
fn named_criteria(org: &Org, rule: &Value) -> Value {
    let mut shown = rule["conflictCriteria"].clone();
    for one in shown["and"].as_array_mut().into_iter().flatten() {
        let mut full = entitlements::full(org, &one["value"]["value"]);
        for entitlement in full.as_array_mut().into_iter().flatten() {
            for member in ["description", "multiValue", "required", "dataType"] {
                remove(entitlement, member);
            }
            for value in entitlement["values"].as_array_mut().into_iter().flatten() {
                remove(value, "description");
                remove(value, "orn");
            }
        }
        one["value"]["value"] = full;
    }
    shown
}

fn view(call: &Call<'_>, rule: &Value) -> Value {
    let mut shown = rule.clone();
    shown["conflictCriteria"] = named_criteria(call.org, rule);
    let own = format!("{SHELF}/{}", text(rule, "/id"));
    shown["_links"] = json!({ "self": link(call, &own) });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let all = call.org.shelf(SHELF).values();
    let hits = all.filter(|rule| {
        let mut shown = (*rule).clone();
        shown["resourceOrn"] = json!(text(rule, "/resources/0/resourceOrn"));
        fits(filter.as_ref(), &shown)
    });
    let hits: Vec<Value> = hits.cloned().collect();
    counted(call, &hits, |one| view(call, one))
}

fn invalid(member: &str) -> Fault {
    let cause = format!("{member}: The field is missing or invalid.");
    Fault::validation(member, &[&cause])
}

/// Name, texts and criteria as a body sets them.
fn take(call: &mut Call<'_>, body: &Value, app: &Value, rule: &mut Value) -> Result<(), Fault> {
    if text(body, "/name").is_empty() {
        return Err(invalid("name"));
    }
    let same = |one: &Value| one["id"] != rule["id"] && one["name"] == body["name"];
    if call.org.shelf(SHELF).values().any(same) {
        let summary = "Rule name needs to be unique";
        let cause = "The rule name needs to be unique.";
        return Err(Fault::api(400, "E0000028", summary, &[cause]));
    }
    for member in ["name", "description", "notes"] {
        match body.get(member).filter(|given| !given.is_null()) {
            Some(given) => rule[member] = given.clone(),
            None => {
                remove(rule, member);
            }
        }
    }
    let given = criteria(body);
    if given.len() != 2 {
        return Err(invalid("conflictCriteria.and"));
    }
    let mut kept = Vec::new();
    for one in given {
        let operation = text(one, "/operation");
        if !matches!(operation, "CONTAINS_ONE" | "CONTAINS_ALL") {
            return Err(invalid("conflictCriteria.and.operation"));
        }
        if text(one, "/attribute") != ATTRIBUTE {
            return Err(invalid("conflictCriteria.and.attribute"));
        }
        // A rule names the alternatives: several values of one with a single value are fine.
        let references = entitlements::known(call.org, app, &one["value"]["value"])?;
        if references.as_array().is_none_or(Vec::is_empty) {
            return Err(invalid("conflictCriteria.and.value"));
        }
        kept.push(json!({
            "name": one["name"], "attribute": ATTRIBUTE, "operation": operation,
            "value": { "type": "ENTITLEMENTS", "value": references },
        }));
    }
    rule["conflictCriteria"] = json!({ "and": kept });
    Ok(())
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    if text(&body, "/type") != "SEPARATION_OF_DUTIES" {
        return Err(invalid("type"));
    }
    let resource = text(&body, "/resources/0/resourceOrn");
    let Some(("apps", app)) = parts(resource) else {
        return Err(invalid("resources"));
    };
    let instance = target_app(call.org, &json!({ "externalId": app }))?;
    let id = call.org.dice.id("rul");
    let mut rule = stamped(call, &id);
    take(call, &body, &instance, &mut rule)?;
    rule["type"] = body["type"].clone();
    rule["status"] = json!("ACTIVE");
    rule["resources"] = json!([{ "resourceOrn": app_orn(call.org, app) }]);
    call.org.shelf(SHELF).put(&id, rule.clone());
    call.log("resource.risk_rule.create", vec![target(&rule)]);
    Ok(Answer::json(201, &view(call, &rule)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let rule = stored(call, SHELF)?;
    Ok(Answer::ok(&view(call, &rule)))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let before = stored(call, SHELF)?;
    let body = checked(call, Fullness::Whole)?;
    if body["id"] != before["id"] {
        return Err(invalid("id"));
    }
    let mut rule = before.clone();
    let app = call.org.apps.get(app_of(&before)).cloned();
    let app = app.ok_or_else(not_found)?;
    take(call, &body, &app, &mut rule)?;
    if rule != before {
        rule["lastUpdated"] = json!(clock::seconds(call.org.clock.now()));
        rule["lastUpdatedBy"] = json!(caller(call));
        call.org.shelf(SHELF).put(text(&rule, "/id"), rule.clone());
        call.log("resource.risk_rule.update", vec![target(&rule)]);
    }
    Ok(Answer::ok(&view(call, &rule)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let rule = stored(call, SHELF)?;
    call.org.shelf(SHELF).remove(text(&rule, "/id"));
    call.log("resource.risk_rule.delete", vec![target(&rule)]);
    Ok(Answer::no_content())
}

fn assess(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let Some(("users", user)) = parts(text(&body, "/principalOrn")) else {
        return Err(invalid("principalOrn"));
    };
    if !call.org.users.contains(user) {
        return Err(unknown("/principalOrn", user));
    }
    let listed = body["resourceOrnList"].as_array().into_iter().flatten();
    let orns: Vec<&str> = listed
        .chain(body.get("resourceOrn"))
        .filter_map(Value::as_str)
        .collect();
    let kinds = orns.iter().map(|one| parts(one).map(|(kind, _)| kind));
    let mut kinds: Vec<Option<&str>> = kinds.collect();
    kinds.dedup();
    if kinds.len() != 1 {
        return Err(invalid("resourceOrnList"));
    }
    let mut given: Vec<conflicts::Given> = Vec::new();
    for one in &orns {
        for (app, more) in conflicts::gives(call.org, one)? {
            match given.iter_mut().find(|(known, _)| *known == app) {
                Some((_, all)) => all.extend(more),
                None => given.push((app, more)),
            }
        }
    }
    let mut data = Vec::new();
    for (app, more) in given {
        let given = (app, more);
        let broken = conflicts::by_more(call.org, user, &given);
        let app = given.0;
        data.extend(broken.into_iter().map(|rule| {
            let id = text(rule, "/id");
            json!({
                "id": format!("{}:{id}", tail(orns[0])), "ruleId": id,
                "ruleName": rule["name"], "type": rule["type"],
                "description": rule.get("description").unwrap_or(&rule["name"]),
                "principalOrn": user_orn(call.org, user),
                "resourceOrn": app_orn(call.org, &app),
                "conflictCriteria": named_criteria(call.org, rule),
            })
        }));
    }
    let own = link(call, &call.request.path);
    Ok(Answer::ok(
        &json!({ "data": data, "_links": { "self": own } }),
    ))
}
