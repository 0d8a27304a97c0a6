//! Which rules somebody breaks by what they have, or would break by something more.

use serde_json::{Value, json};

use super::{SHELF, app_of, criteria, invalid, named_criteria};
use crate::behaviour::governance::resources::{parts, unknown};
use crate::behaviour::governance::{
    bundles, collections, entitlements, principal_access, request_settings,
};
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::org::Org;

/// Rules that an assessment of a request tells at most.
const TOLD: usize = 5;

/// Values of an app.
pub(super) type Given = (String, Vec<String>);

/// The ids of the values in references.
fn ids(references: &Value) -> Vec<String> {
    let all = references.as_array().into_iter().flatten();
    let ids = all.flat_map(|one| entitlements::ids_of(&one["values"]));
    ids.map(str::to_owned).collect()
}

fn of_bundle(org: &Org, id: &str) -> Option<Given> {
    let bundle = bundles::find(org, id)?;
    let app = text(bundle, "/target/externalId").to_owned();
    Some((app, ids(&bundle["entitlements"])))
}

/// What a resource would give: values of apps.
pub(super) fn gives(org: &Org, orn: &str) -> Result<Vec<Given>, Fault> {
    let (kind, id) = parts(orn).ok_or_else(|| invalid("resourceOrn"))?;
    let given = match kind {
        "entitlement-bundles" => of_bundle(org, id).map(|given| vec![given]),
        "entitlement-values" => entitlements::find_value(org, id).map(|(entitlement, _)| {
            let app = text(entitlement, "/parent/externalId").to_owned();
            vec![(app, vec![id.to_owned()])]
        }),
        "collections" => collections::references(org, id).map(|all| {
            let all = all.into_iter();
            all.map(|(app, given)| (app, ids(given))).collect()
        }),
        _ => return Err(invalid("resourceOrn")),
    };
    given.ok_or_else(|| unknown("resourceOrn", orn))
}

/// Whether somebody with these values meets a criterion.
fn meets(criterion: &Value, has: &[String]) -> bool {
    let mut wanted = ids(&criterion["value"]["value"]).into_iter();
    match text(criterion, "/operation") {
        "CONTAINS_ALL" => wanted.all(|id| has.contains(&id)),
        _ => wanted.any(|id| has.contains(&id)),
    }
}

/// The rules about an app that whoever has these values breaks.
fn broken<'o>(org: &'o Org, app: &str, has: &[String]) -> impl Iterator<Item = &'o Value> {
    let rules = org.shelves.get(SHELF).into_iter();
    rules
        .flat_map(|shelf| shelf.values())
        .filter(move |rule| app_of(rule) == app)
        .filter(move |rule| criteria(rule).iter().all(|one| meets(one, has)))
}

/// The values that a user has of an app now.
fn held(org: &Org, app: &str, user: &str) -> Vec<String> {
    let effective = principal_access::effective(org, app, user);
    effective.into_values().flatten().collect()
}

/// The rules that a user would break who got some values: those that the new values play a part in.
pub(super) fn by_more<'o>(org: &'o Org, user: &str, (app, more): &Given) -> Vec<&'o Value> {
    let mut has = held(org, app, user);
    has.extend(more.iter().cloned());
    let touches = |rule: &&Value| {
        let wanted = criteria(rule)
            .iter()
            .flat_map(|one| ids(&one["value"]["value"]));
        { wanted }.any(|id| more.contains(&id))
    };
    broken(org, app, &has).filter(touches).collect()
}

/// True if a user breaks a rule about an app now.
pub(crate) fn standing(org: &Org, app: &str, user: &str) -> bool {
    broken(org, app, &held(org, app, user)).next().is_some()
}

/// The rules that a user breaks now and that a value plays a part in, as reviews tell them.
pub(crate) fn by_value(org: &Org, app: &str, user: &str, value: &str) -> Vec<Value> {
    let has = held(org, app, user);
    let touches = |rule: &&Value| {
        let mut named = criteria(rule).iter();
        named.any(|one| ids(&one["value"]["value"]).iter().any(|id| id == value))
    };
    let told = broken(org, app, &has).filter(touches).map(|rule| {
        let mut criteria = named_criteria(org, rule);
        for one in criteria["and"].as_array_mut().into_iter().flatten() {
            remove(one, "attribute");
        }
        json!({ "id": rule["id"], "type": rule["type"], "conflictCriteria": criteria })
    });
    told.collect()
}

/// What is told of a request: which rules it would break, and whether it may be made.
pub(crate) fn of_request(
    org: &Org,
    resource: &str,
    (kind, scope): (&str, &str),
    user: &str,
) -> Value {
    let given = (kind == "ENTITLEMENT_BUNDLE").then(|| of_bundle(org, scope));
    let rules = given
        .flatten()
        .map_or_else(Vec::new, |given| by_more(org, user, &given));
    if rules.is_empty() {
        return json!({ "requestSubmissionType": "ALLOWED_WITH_NO_OVERRIDES", "riskRules": [] });
    }
    let label = org.apps.get(resource).map(|app| &app["label"]);
    let told = rules.into_iter().take(TOLD).map(|rule| {
        let mut told = json!({ "name": rule["name"] });
        if let Some(description) = rule.get("description") {
            told["description"] = description.clone();
        }
        if let Some(label) = label {
            told["resourceName"] = label.clone();
        }
        told
    });
    let setting = request_settings::on_conflict(org, resource);
    json!({
        "requestSubmissionType": setting["requestSubmissionType"],
        "riskRules": told.collect::<Vec<_>>(),
    })
}
