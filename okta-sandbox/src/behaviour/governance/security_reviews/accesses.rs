//! What a person has: apps, and the groups, bundles and values that give or are within them.

use serde_json::{Value, json};

use super::{ACCESSES, addressed, listed};
use crate::behaviour::apps::links;
use crate::behaviour::governance::{bundles, entitlements, grants, not_found, reviews};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::json::{remove, text};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listSecurityAccessReviewAccesses" | "listMySecurityAccessReviewAccesses" => list,
        "listSecurityAccessReviewSubAccesses" | "listMySecurityAccessReviewSubAccesses" => list_sub,
        "listSecurityAccessReviewAccessesAnomalies"
        | "listMySecurityAccessReviewAccessesAnomalies" => anomalies,
        _ => return None,
    })
}

/// Sub-accesses of an access, and what it was before it was taken away; neither is shown.
pub(super) const SUBS: &str = "~subs";
pub(super) const BEFORE: &str = "~before";

/// What a person has now. Ids are those of the review's own items.
pub(super) fn found(org: &mut Org, person: &str, base: &str) -> Value {
    let held = org.app_users.holders(person);
    let apps: Vec<String> = held.map(|(_, app)| app.to_owned()).collect();
    let items = apps.iter().filter_map(|app| access(org, app, person, base));
    let mut items: Vec<Value> = items.collect();
    for item in &mut items {
        item["id"] = json!(org.dice.id("aim"));
        for sub in item[SUBS].as_array_mut().into_iter().flatten() {
            sub["id"] = json!(org.dice.id("sai"));
        }
    }
    json!(items)
}

fn item(kind: &str, resource: &str, name: &Value, manual: &[&str]) -> Value {
    let mut item = json!({
        "type": kind, "name": name, "resourceId": resource, "severity": "LOW",
        "remediationStatus": "NONE",
    });
    if !manual.is_empty() {
        item["manualRemediationTypes"] = json!(manual);
    }
    item
}

/// The groups that give a person an app.
pub(super) fn giving<'o>(org: &'o Org, app: &str, person: &str) -> Vec<&'o str> {
    let groups = org.app_groups.of(app).map(|(_, group, _)| group);
    groups
        .filter(|group| org.members.contains(group, person))
        .filter_map(|group| Some(text(org.groups.get(group)?, "/id")))
        .collect()
}

/// Why a membership cannot be ended here, if so.
fn manual(org: &Org, group: &str) -> Option<&'static str> {
    let kind = org.groups.get(group).map_or("", |one| text(one, "/type"));
    let by_rule = org.rules.values().any(|rule| {
        let groups = rule.pointer("/actions/assignUserToGroups/groupIds");
        let groups = groups.and_then(Value::as_array).into_iter().flatten();
        rule["status"] == "ACTIVE" && { groups }.any(|id| id == group)
    });
    match kind {
        "APP_GROUP" => Some("APP_GROUP"),
        "OKTA_GROUP" if by_rule => Some("GROUP_RULE"),
        "OKTA_GROUP" => None,
        _ => Some("UNSUPPORTED_GROUP"),
    }
}

fn access(org: &Org, app: &str, person: &str, base: &str) -> Option<Value> {
    let instance = org.apps.get(app)?;
    let assignment = org.app_users.get(app, person)?;
    let groups = giving(org, app, person);
    let by_group = assignment["scope"] == "GROUP";
    let why: Vec<&str> = groups
        .iter()
        .filter_map(|group| manual(org, group))
        .collect();
    let mut access = item("APPLICATION", app, &instance["label"], &why);
    let method = match (by_group, why.first()) {
        (false, _) => "INDIVIDUAL",
        (true, Some(&"GROUP_RULE")) => "GROUP_RULE",
        (true, Some(&"APP_GROUP")) => "APP_GROUP",
        (true, _) => "GROUP",
    };
    access["appInfo"] = json!({
        "id": app, "name": instance["name"], "label": instance["label"],
        "logoUrl": links::logos(org, app, base)[0]["href"], "assignedDate": assignment["created"],
        "assignmentType": method, "applicationUsage": 0,
    });
    let subs = subs(org, app, person, &groups);
    let mut kinds: Vec<&Value> = Vec::new();
    for kind in subs.iter().map(|sub| &sub["type"]) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if !kinds.is_empty() {
        access["subAccessTypes"] = json!(kinds);
    }
    access[SUBS] = json!(subs);
    Some(access)
}

fn subs(org: &Org, app: &str, person: &str, groups: &[&str]) -> Vec<Value> {
    let mut subs = Vec::new();
    for group in groups {
        let name = org
            .groups
            .get(group)
            .map(|one| one["profile"]["name"].clone());
        let why: Vec<&str> = manual(org, group).into_iter().collect();
        let mut sub = item("GROUP", group, &json!(name), &why);
        sub["groupInfo"] = json!({ "assignmentType": "INDIVIDUAL" });
        subs.push(sub);
    }
    for grant in grants::active(org, app, person) {
        let date = &grant["created"];
        let info = |kind: &str| {
            json!({ "type": kind, "assignmentType": "INDIVIDUAL", "assignedDate": date,
                "collectionsAssigning": [], "entitlements": [], "governanceLabels": [] })
        };
        if let Some(bundle) = bundles::find(org, text(grant, "/entitlementBundleId")) {
            let id = text(bundle, "/id");
            let mut sub = item("ENTITLEMENT_BUNDLE", id, &bundle["name"], &[]);
            sub["entitlementInfo"] = info("ENTITLEMENT_BUNDLE");
            subs.push(sub);
            continue;
        }
        let full = entitlements::full(org, grants::given(org, grant));
        for entitlement in full.as_array().into_iter().flatten() {
            for value in entitlement["values"].as_array().into_iter().flatten() {
                let id = text(value, "/id");
                if subs.iter().any(|sub| sub["resourceId"] == id) {
                    continue;
                }
                let name = format!("{}: {}", text(entitlement, "/name"), text(value, "/name"));
                let mut sub = item("ENTITLEMENT_VALUE", id, &json!(name), &[]);
                sub["entitlementInfo"] = info("ENTITLEMENT_VALUE");
                subs.push(sub);
            }
        }
    }
    subs
}

/// What can be done about an item, by what was done.
pub(super) fn supported(item: &Value) -> Vec<&'static str> {
    let manual = item.get("manualRemediationTypes").is_some();
    match text(item, "/remediationStatus") {
        "REMEDIATED" => vec!["RESTORE_ACCESS"],
        "PENDING_MANUAL_REMEDIATION" => vec!["FLAG_FOR_MANUAL_RESTORATION"],
        _ if manual => vec!["FLAG_FOR_MANUAL_REMEDIATION"],
        _ => vec!["REVOKE_ACCESS"],
    }
}

fn view(item: &Value) -> Value {
    let mut shown = item.clone();
    shown["supportedActions"] = json!(supported(item));
    for member in [SUBS, BEFORE] {
        remove(&mut shown, member);
    }
    shown
}

fn items(review: &Value) -> Vec<Value> {
    review[ACCESSES].as_array().cloned().unwrap_or_default()
}

fn list(call: &mut Call<'_>) -> Outcome {
    let review = addressed(call)?;
    listed(call, &items(&review), view)
}

fn list_sub(call: &mut Call<'_>) -> Outcome {
    let review = addressed(call)?;
    let items = items(&review);
    let item = items.iter().find(|item| item["id"] == call.parameter(1));
    let subs = item.ok_or_else(not_found)?[SUBS].as_array();
    listed(call, &subs.cloned().unwrap_or_default(), view)
}

/// What reviews of campaigns decided before: (approved, revoked).
fn past((approved, revoked): (usize, usize)) -> Value {
    let number = |count: usize| json!({ "value": count.to_string(), "type": "NUMBER" });
    let (message, code, args) = match (approved, revoked) {
        (0, 0) => ("The access was not reviewed before", "never", json!([])),
        _ => (
            "The access was approved {0} times and revoked {1} times",
            "decided",
            json!([number(approved), number(revoked)]),
        ),
    };
    json!({
        "type": "PAST_GOVERNANCE_DECISIONS", "severity": if revoked > 0 { "MEDIUM" } else { "LOW" },
        "subtext": { "message": message, "messageCode": format!("past.decisions.{code}"), "args": args },
    })
}

/// How usual an access is: what can be told without having watched the person.
fn anomalies(call: &mut Call<'_>) -> Outcome {
    let review = addressed(call)?;
    let items = items(&review);
    let found = items.iter().find(|item| {
        let subs = item[SUBS].as_array().into_iter().flatten();
        let own = item["id"] == call.parameter(1);
        own || { subs }.any(|sub| sub["id"] == call.parameter(1))
    });
    let item = found.ok_or_else(not_found)?;
    let app = text(item, "/resourceId");
    let by_group = item["appInfo"]["assignmentType"] != "INDIVIDUAL";
    let all: Vec<bool> = { call.org.app_users.of(app) }
        .map(|(.., one)| (one["scope"] == "GROUP") == by_group)
        .collect();
    let same = all.iter().filter(|same| **same).count() * 100 / all.len().max(1);
    let data = json!([
        { "type": "ASSIGNMENT_METHOD", "severity": if same < 50 { "MEDIUM" } else { "LOW" },
          "subtext": { "message": "{0}% of the users of the app were assigned in the same way",
            "messageCode": "assignment.method.share",
            "args": [{ "value": same.to_string(), "type": "NUMBER" }] } },
        past(reviews::decisions(call.org, app, text(&review, "/~principal"))),
    ]);
    Ok(Answer::ok(&json!({ "data": data })))
}
