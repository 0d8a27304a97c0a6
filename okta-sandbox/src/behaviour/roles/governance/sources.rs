//! The grants that a user's role comes from.
//!
//! A role that a grant gave goes with the last of its grants; one that was assigned by hand stays
//! as it is, and only remembers the grants.

use serde_json::{Value, json};

use super::super::{Assignee, GOVERNED, add_app, give, take_back, user_targets};
use super::bundles::{ENTITLEMENTS, about, find};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getUserAssignedRoleGovernance" => list,
        "getRoleAssignmentGovernanceGrant" => get,
        "getRoleAssignmentGovernanceGrantResources" => resources,
        _ => return None,
    })
}

/// Where the grants of a role stand.
fn shelf(role: &str) -> String {
    format!("{role}/governance")
}

/// When targets of a role end, as far as they do.
pub(in crate::behaviour::roles) fn expirations(org: &Org, role: &str) -> Vec<(String, String)> {
    let sources = org.shelves.get(&shelf(role)).into_iter();
    let ending = sources.flat_map(|shelf| shelf.values());
    let ending = ending.flat_map(|source| {
        let date = source["expirationDate"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let targets = source["targets"].as_array().into_iter().flatten();
        targets.filter_map(move |one| Some((one.as_str()?.to_owned(), date.clone())))
    });
    ending.filter(|(_, date)| !date.is_empty()).collect()
}

fn roles_of(org: &Org, who: &Assignee) -> Vec<Value> {
    let shelf = org.shelves.get(&who.shelf()).into_iter();
    shelf.flat_map(|shelf| shelf.values()).cloned().collect()
}

/// A role of somebody: the one they have, or a new one.
fn role(call: &mut Call<'_>, who: &Assignee, wanted: &Value) -> Value {
    let members = ["type", "role", "resource-set"];
    let known = roles_of(call.org, who).into_iter();
    let same = |one: &Value| members.iter().all(|name| one[*name] == wanted[*name]);
    match { known }.find(same) {
        Some(known) => known,
        None => {
            let mut fresh = wanted.clone();
            fresh[GOVERNED] = json!(true);
            give(call, who, fresh)
        }
    }
}

/// Gives somebody the roles of a granted bundle, or brings them up to date.
pub(in crate::behaviour) fn hold(call: &mut Call<'_>, grant: &Value) {
    let (id, bundle) = (text(grant, "/id"), text(grant, "/entitlementBundleId"));
    let Some(bundle) = find(call.org, bundle).cloned() else {
        return;
    };
    let Some(who) = Assignee::user(call.org, text(grant, "/targetPrincipal/externalId")) else {
        return;
    };
    let mut held: Vec<Value> = Vec::new();
    for entitlement in bundle[ENTITLEMENTS].as_array().into_iter().flatten() {
        let values = entitlement["values"].as_array().into_iter().flatten();
        let values: Vec<Value> = values.map(|one| one["value"].clone()).collect();
        let (kind, label) = (text(entitlement, "/role"), &entitlement["name"]);
        let mut put = |call: &mut Call<'_>, wanted: &Value, targets: &[Value]| {
            let role = role(call, &who, wanted);
            let own = format!("{}/{}", who.shelf(), text(&role, "/id"));
            let mut source = json!({
                "grantId": id, "type": "ENTITLEMENT-BUNDLE", "bundleId": bundle["id"],
                "targets": targets,
            });
            if let Some(date) = grant["scheduleSettings"].get("expirationDate") {
                source["expirationDate"] = date.clone();
            }
            call.org.shelf(&shelf(&own)).put(id, source);
            retarget(call, &own, &role);
            held.push(role["id"].clone());
        };
        match kind.starts_with("cr0") {
            false => put(call, &json!({ "type": kind, "label": label }), &values),
            true => {
                for set in &values {
                    let wanted = json!({
                        "type": "CUSTOM", "label": label, "role": kind, "resource-set": set,
                    });
                    put(call, &wanted, std::slice::from_ref(set));
                }
            }
        }
    }
    release(call, &who, id, &held);
}

/// A grant has ended: its roles go, but for those that come from elsewhere as well.
pub(in crate::behaviour) fn let_go(call: &mut Call<'_>, grant: &Value) {
    let user = text(grant, "/targetPrincipal/externalId");
    if find(call.org, text(grant, "/entitlementBundleId")).is_some()
        && let Some(who) = Assignee::user(call.org, user)
    {
        release(call, &who, text(grant, "/id"), &[]);
    }
}

/// Takes a grant from all roles of somebody but those that it still gives.
fn release(call: &mut Call<'_>, who: &Assignee, grant: &str, held: &[Value]) {
    for role in roles_of(call.org, who) {
        let own = format!("{}/{}", who.shelf(), text(&role, "/id"));
        if held.contains(&role["id"]) || call.org.shelf(&shelf(&own)).remove(grant).is_none() {
            continue;
        }
        let left = call.org.shelf(&shelf(&own)).len();
        match left == 0 && role[GOVERNED] == true {
            true => take_back(call, who, &role),
            false => retarget(call, &own, &role),
        }
    }
}

/// The targets of a role are those of its grants; none if one of them has none.
fn retarget(call: &mut Call<'_>, own: &str, role: &Value) {
    let Some(kind) = user_targets::target_kind(text(role, "/type")) else {
        return;
    };
    if role[GOVERNED] != true {
        return;
    }
    let sources: Vec<Value> = call.org.shelf(&shelf(own)).values().cloned().collect();
    let listed = |source: &Value| source["targets"].as_array().cloned().unwrap_or_default();
    let everywhere = sources.iter().any(|source| listed(source).is_empty());
    let wanted: Vec<Value> = match everywhere {
        true => Vec::new(),
        false => sources.iter().flat_map(listed).collect(),
    };
    let targets = format!("{own}/targets/{kind}");
    let present = call.org.shelf(&targets).values();
    let present = present.map(|one| one.as_str().unwrap_or_else(|| text(one, "/id")).to_owned());
    let present: Vec<String> = present.collect();
    for gone in present.iter().filter(|id| !wanted.contains(&json!(id))) {
        let name = call
            .org
            .apps
            .get(gone)
            .map(|app| text(app, "/name").to_owned());
        let key = name.map_or_else(|| gone.clone(), |name| format!("{name}/{gone}"));
        call.org.shelf(&targets).remove(&key);
    }
    for id in wanted
        .iter()
        .filter_map(Value::as_str)
        .filter(|id| !present.iter().any(|p| p == id))
    {
        match call.org.apps.get(id).cloned() {
            Some(app) => add_app(call, &targets, &app),
            None => call.org.shelf(&targets).put(id, json!(id)),
        }
    }
}

/// Assignee, role and where the role's grants stand.
fn named_role(call: &mut Call<'_>) -> Result<(Assignee, String), Fault> {
    let who = Assignee::of(call)?;
    let role = who.role(call)?;
    let own = format!("{}/{}", who.shelf(), text(&role, "/id"));
    Ok((who, own))
}

fn view(call: &Call<'_>, own: &str, source: &Value) -> Value {
    let mut shown = source.clone();
    remove(&mut shown, "targets");
    let here = format!(
        "{}{own}/governance/{}",
        call.base(),
        text(source, "/grantId")
    );
    shown["_links"] = json!({
        "self": { "href": here }, "resources": { "href": format!("{here}/resources") },
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (who, own) = named_role(call)?;
    let sources: Vec<Value> = call.org.shelf(&shelf(&own)).values().cloned().collect();
    let shown: Vec<Value> = sources.iter().map(|one| view(call, &own, one)).collect();
    let base = call.base();
    Ok(Answer::ok(&json!({ "grants": shown, "_links": {
        "self": { "href": format!("{base}{}", shelf(&own)) },
        "assignee": { "href": format!("{base}{}", who.path) },
    } })))
}

fn source(call: &mut Call<'_>) -> Result<(String, Value), Fault> {
    let (_, own) = named_role(call)?;
    let id = call.parameter(2);
    let found = call.org.shelf(&shelf(&own)).get(id).cloned();
    let found = found.ok_or_else(|| Fault::not_found(id, "Grant"))?;
    Ok((own, found))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (own, source) = source(call)?;
    Ok(Answer::ok(&view(call, &own, &source)))
}

fn resources(call: &mut Call<'_>) -> Outcome {
    let (own, source) = source(call)?;
    let listed = source["targets"].as_array().into_iter().flatten();
    let shown = listed.filter_map(Value::as_str).map(|id| {
        let (label, ..) = about(call.org, id);
        json!({ "resource": id, "label": label })
    });
    let here = format!(
        "{}{own}/governance/{}/resources",
        call.base(),
        text(&source, "/grantId")
    );
    Ok(Answer::ok(&json!({
        "resources": shown.collect::<Vec<_>>(), "_links": { "self": { "href": here } },
    })))
}
