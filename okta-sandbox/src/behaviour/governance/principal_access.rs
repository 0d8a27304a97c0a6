//! What a user may do in an app by the grants: entitlements, access, their history, and taking
//! them away.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::leftovers::remove_where;
use super::resources::{
    checked, invalid, named_pair, principal, tail, target, target_app, user_orn,
};
use super::{entitlements, filter, fits, grants, link, not_found, page};
use crate::behaviour::assignments;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::log::{app_target, named, user_target};
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getPrincipalEntitlements" => list,
        "getPrincipalEntitlementsHistory" => history,
        "getPrincipalEntitlementsChanges" => change,
        "getPrincipalAccess" => access,
        "revokePrincipalAccess" => revoke,
        _ => return None,
    })
}

/// What users had when, by app and user.
const HISTORY: &str = "/governance/api/v1/principal-entitlements/history";
const CHANGES: &str = "/governance/api/v1/principal-entitlements-changes";

/// The values that a user has of each entitlement of an app.
pub(super) fn effective(org: &Org, app: &str, user: &str) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // A base grant that denies takes everything away.
    let denied = |grant: &Value| grants::is_base(grant) && grant["action"] == "DENY";
    if grants::active(org, app, user).any(denied) {
        return values;
    }
    for grant in grants::active(org, app, user).filter(|grant| grant["action"] == "ALLOW") {
        let references = grants::given(org, grant).as_array().into_iter().flatten();
        for reference in references {
            let held = values.entry(text(reference, "/id").to_owned()).or_default();
            for value in entitlements::ids_of(&reference["values"]) {
                if !held.iter().any(|known| known == value) {
                    held.push(value.to_owned());
                }
            }
        }
    }
    values
}

fn as_references(values: &BTreeMap<String, Vec<String>>) -> Value {
    let one = |(id, values): (&String, &Vec<String>)| {
        let values: Vec<Value> = values.iter().map(|id| json!({ "id": id })).collect();
        json!({ "id": id, "values": values })
    };
    values.iter().map(one).collect()
}

/// Counts anew what the user of a grant has; a difference goes into the history and the log.
pub(super) fn recount(call: &mut Call<'_>, grant: &Value) {
    let app = text(grant, "/target/externalId").to_owned();
    let user = text(grant, "/targetPrincipal/externalId").to_owned();
    let now = effective(call.org, &app, &user);
    let key = format!("{app} {user}");
    let mut history = call
        .org
        .shelf(HISTORY)
        .get(&key)
        .cloned()
        .unwrap_or_else(|| json!([]));
    let last = history.as_array().and_then(|records| records.last());
    let before = last.map_or_else(|| json!([]), |record| record["references"].clone());
    let references = as_references(&now);
    if before == references {
        return;
    }
    let date = clock::seconds(call.org.clock.now());
    if let Some(records) = history.as_array_mut() {
        if let Some(last) = records.last_mut() {
            last["endDate"] = json!(date);
        }
        records.push(json!({
            "startDate": date, "references": references,
            "entitlements": entitlements::full(call.org, &references),
        }));
    }
    call.org.shelf(HISTORY).put(&key, history);
    let id = tell(call, &app, &user);
    let changed = difference(call.org, &before, &references);
    call.org.shelf(CHANGES).put(
        &id,
        json!({ "app": app, "user": user, "entitlementsChanged": changed }),
    );
}

/// Forgets what users had of apps, by app and user.
pub(super) fn forget(org: &mut Org, gone: impl Fn(&str, &str) -> bool) {
    remove_where(org, CHANGES, |one| {
        gone(text(one, "/app"), text(one, "/user"))
    });
    if let Some(shelf) = org.shelves.get_mut(HISTORY) {
        let keys = shelf.entries().map(|(key, _)| key);
        let pair = |key: &&str| {
            key.split_once(' ')
                .is_some_and(|(app, user)| gone(app, user))
        };
        let keys: Vec<String> = keys.filter(pair).map(str::to_owned).collect();
        for key in keys {
            shelf.remove(&key);
        }
    }
}

/// What of the values came and went.
fn difference(org: &Org, before: &Value, after: &Value) -> Value {
    let (old, new) = (
        entitlements::full(org, before),
        entitlements::full(org, after),
    );
    let lists = [(&new, before, "ADDED"), (&old, after, "REMOVED")];
    let mut changed: Vec<Value> = Vec::new();
    for (there, elsewhere, kind) in lists {
        for entitlement in there.as_array().into_iter().flatten() {
            let values = entitlement["values"].as_array().into_iter().flatten();
            let only_here =
                values.filter(|value| !super::bundles::refers(elsewhere, text(value, "/id")));
            let mut values: Vec<Value> = only_here.cloned().collect();
            values
                .iter_mut()
                .for_each(|value| value["changeType"] = json!(kind));
            if values.is_empty() {
                continue;
            }
            match changed
                .iter_mut()
                .find(|one| one["id"] == entitlement["id"])
            {
                Some(one) => {
                    if let Some(known) = one["values"].as_array_mut() {
                        known.extend(values);
                    }
                }
                None => {
                    let mut one = entitlement.clone();
                    one["values"] = json!(values);
                    changed.push(one);
                }
            }
        }
    }
    json!(changed)
}

/// Logs a change, and returns the id under which it can be read.
fn tell(call: &mut Call<'_>, app: &str, user: &str) -> String {
    let id = call.org.dice.id("rep");
    let user = call.org.users.get(user).map(user_target);
    let app = call.org.apps.get(app).map(app_target);
    let change = named(
        "PrincipalEntitlementsChange",
        &id,
        &format!("{CHANGES}/{id}"),
        &id,
    );
    let targets = user.into_iter().chain(app).chain([change]).collect();
    call.log("resource.user_entitlements.update", targets);
    id
}

const PARENT: (&str, &str) = ("parent", "parentResourceOrn");
const PRINCIPAL: (&str, &str) = ("targetPrincipal", "targetPrincipalOrn");

/// Members that name app and user.
fn ends(org: &Org, app: &Value, user: &str) -> Value {
    json!({
        "parent": target(app), "parentResourceOrn": app["orn"],
        "targetPrincipal": principal(user), "targetPrincipalOrn": user_orn(org, user),
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (app, user) = named_pair(call, PARENT, PRINCIPAL)?;
    let references = as_references(&effective(call.org, text(&app, "/id"), &user));
    let mut all = entitlements::full(call.org, &references);
    let ends = ends(call.org, &app, &user);
    let all = all.as_array_mut().map(std::mem::take).unwrap_or_default();
    let with_ends = |mut one: Value| {
        merge(&mut one, &ends);
        one
    };
    let all: Vec<Value> = all.into_iter().map(with_ends).collect();
    let filter = filter(call)?;
    let placed = all.iter().enumerate().map(|(n, one)| (n as u64 + 1, one));
    page(
        call,
        placed.filter(|(_, one)| fits(filter.as_ref(), one)),
        Value::clone,
    )
}

fn access(call: &mut Call<'_>) -> Outcome {
    let (app, user) = named_pair(call, PARENT, PRINCIPAL)?;
    let mut access = ends(call.org, &app, &user);
    let effective = effective(call.org, text(&app, "/id"), &user);
    let mut additional = Vec::new();
    let mut last: Option<String> = None;
    for grant in grants::active(call.org, text(&app, "/id"), &user) {
        let mut shown = json!({
            "grantType": grant["grantType"], "grantMethod": grant["actor"],
            "startTime": grant["created"],
            "grant": { "id": grant["id"], "_links": {
                "self": link(call, &format!("{}/{}", grants::SHELF, text(grant, "/id"))),
            } },
            "entitlements": granted(call.org, grants::given(call.org, grant), &effective),
        });
        if let Some(bundle) = super::bundles::find(call.org, text(grant, "/entitlementBundleId")) {
            shown["bundle"] = json!({ "id": bundle["id"], "name": bundle["name"] });
        }
        if let Some(collection) = grant.get(grants::COLLECTION) {
            shown["grant"]["metadata"] = json!({ "collection": collection });
        }
        for (name, of) in [
            ("expirationTime", "expirationDate"),
            ("timeZone", "timeZone"),
        ] {
            if let Some(given) = grant["scheduleSettings"].get(of) {
                shown[name] = given.clone();
            }
        }
        if let Some(end) = shown["expirationTime"].as_str() {
            last = last.max(Some(end.to_owned()));
        }
        match grants::is_base(grant) {
            true => access["base"] = shown,
            false => additional.push(shown),
        }
    }
    access["additional"] = json!(additional);
    // Access ends where no grant goes on for ever.
    let endless = |grant: &Value| grant["scheduleSettings"]["expirationDate"].is_null();
    if !grants::active(call.org, text(&app, "/id"), &user).any(endless)
        && let Some(last) = last
    {
        access["expirationTime"] = json!(last);
    }
    Ok(Answer::ok(&access))
}

/// The entitlements of a grant, each value with whether it counts.
fn granted(org: &Org, references: &Value, effective: &BTreeMap<String, Vec<String>>) -> Value {
    let mut shown = entitlements::full(org, references);
    for entitlement in shown.as_array_mut().into_iter().flatten() {
        let held = effective.get(text(entitlement, "/id"));
        for value in entitlement["values"].as_array_mut().into_iter().flatten() {
            let id = text(value, "/id");
            let counts = held.is_some_and(|held| held.iter().any(|known| known == id));
            value["effective"] = json!(counts);
        }
    }
    shown
}

fn history(call: &mut Call<'_>) -> Outcome {
    let (resource, by) = (("resource", "resourceOrn"), ("principal", "principalOrn"));
    let (app, user) = named_pair(call, resource, by)?;
    let wanted = filter(call)?;
    let bound = |name: &str| {
        let date = wanted
            .as_ref()
            .and_then(|f| super::resources::wanted(f, name));
        date.map(|date| clock::parse(date).ok_or_else(|| invalid("filter", "A date is no date.")))
            .transpose()
    };
    let (from, until) = (bound("startDate")?, bound("endDate")?);
    let key = format!("{} {user}", text(&app, "/id"));
    let records = call
        .org
        .shelf(HISTORY)
        .get(&key)
        .cloned()
        .unwrap_or_default();
    let date = |record: &Value, name: &str| clock::parse(text(record, name));
    let mut shown: Vec<Value> = records.as_array().cloned().unwrap_or_default();
    // What a user had of nothing is no record.
    shown.retain(|record| {
        record["references"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
            && from.is_none_or(|from| date(record, "/endDate").is_none_or(|end| end >= from))
            && until
                .is_none_or(|until| date(record, "/startDate").is_some_and(|start| start <= until))
    });
    shown.reverse();
    let limit = call
        .request
        .query("limit")
        .and_then(|n| n.parse::<usize>().ok());
    let limit = limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(invalid("limit", "The limit must be between 1 and 100."));
    }
    let total = shown.len();
    let skipped = crate::paging::position(call.request)?;
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX).min(total);
    let rest = total - skipped;
    let records: Vec<Value> = shown
        .into_iter()
        .skip(skipped)
        .take(limit)
        .map(|mut record| {
            let lifecycle = if record.get("endDate").is_some() {
                "INACTIVE"
            } else {
                "ACTIVE"
            };
            crate::json::remove(&mut record, "references");
            record["lifecycle"] = json!(lifecycle);
            record
        })
        .collect();
    let mut links =
        json!({ "self": { "href": crate::paging::self_url(call.request, call.base()) } });
    if rest > limit {
        let cursor = crate::paging::issue(&call.request.path, (skipped + limit) as u64);
        let next = crate::paging::next_url(call.request, call.base(), &cursor, limit);
        links["next"] = json!({ "href": next });
    }
    let mut answer = json!({
        "resource": target(&app), "resourceOrn": app["orn"], "principal": principal(&user),
        "principalOrn": user_orn(call.org, &user), "entitlementHistory": records, "_links": links,
    });
    if super::resources::includes(call, "counts") {
        answer["metadata"] = json!({ "total": total });
    }
    Ok(Answer::ok(&answer))
}

/// The address of what a user has in an app.
fn own_list(call: &Call<'_>, list: &str, app: &Value, user: &str) -> Value {
    let filter = format!(
        "parentResourceOrn eq \"{}\" AND targetPrincipalOrn eq \"{}\"",
        text(app, "/orn"),
        user_orn(call.org, user)
    );
    let filter = filter.replace(' ', "%20").replace('"', "%22");
    let base = crate::paging::admin_base(call.base());
    json!({ "href": format!("{base}/governance/api/v1/{list}?filter={filter}") })
}

fn change(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let stored = call
        .org
        .shelf(CHANGES)
        .get(id)
        .cloned()
        .ok_or_else(not_found)?;
    let app = target_app(call.org, &json!({ "externalId": stored["app"] }))?;
    let user = text(&stored, "/user");
    Ok(Answer::ok(&json!({
        "resource": target(&app), "resourceOrn": app["orn"], "principal": principal(user),
        "principalOrn": user_orn(call.org, user), "entitlementsChanged": stored["entitlementsChanged"],
        "_links": { "principal-entitlements": own_list(call, "principal-entitlements", &app, user) },
    })))
}

/// Takes away apps, bundles or single values by their ORNs.
fn revoke(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let user = tail(text(&body, "/principalOrn")).to_owned();
    if !call.org.users.contains(&user) {
        return Err(not_found());
    }
    let orns = body["revokeOrns"].as_array().into_iter().flatten();
    let orns: Vec<String> = orns
        .filter_map(|orn| orn.as_str().map(str::to_owned))
        .collect();
    let mut apps: Vec<String> = Vec::new();
    for orn in &orns {
        let app = revoke_one(call, orn, &user)?;
        if !apps.contains(&app) {
            apps.push(app);
        }
    }
    let links = |app: &String| {
        let app = call.org.apps.get(app).cloned().unwrap_or_default();
        json!({ "_links": {
            "principal-access": own_list(call, "principal-access", &app, &user),
            "principal-entitlements": own_list(call, "principal-entitlements", &app, &user),
        } })
    };
    let data: Vec<Value> = apps.iter().map(links).collect();
    Ok(Answer::ok(&json!({ "data": data })))
}

/// Takes one thing away; returns the app that it is of.
pub(super) fn revoke_one(call: &mut Call<'_>, orn: &str, user: &str) -> Result<String, Fault> {
    let id = tail(orn);
    if call.org.apps.contains(id) {
        let held: Vec<Value> = grants::active(call.org, id, user).cloned().collect();
        for grant in held {
            grants::end(call, &grant, "INACTIVE");
        }
        assignments::take_away(call, id, user);
        return Ok(id.to_owned());
    }
    if let Some(bundle) = super::bundles::find(call.org, id) {
        let app = text(bundle, "/target/externalId").to_owned();
        let held =
            grants::active(call.org, &app, user).filter(|grant| grant["entitlementBundleId"] == id);
        let held: Vec<Value> = held.cloned().collect();
        for grant in held {
            grants::end(call, &grant, "INACTIVE");
        }
        return Ok(app);
    }
    let of_value = |one: &&Value| entitlements::ids_of(&one["values"]).any(|value| value == id);
    let entitlement = entitlements::all(call.org)
        .find(of_value)
        .ok_or_else(not_found)?;
    let app = text(entitlement, "/parent/externalId").to_owned();
    let held = grants::active(call.org, &app, user)
        .filter(|grant| super::bundles::refers(&grant["entitlements"], id));
    let held: Vec<Value> = held.cloned().collect();
    for mut grant in held {
        without(&mut grant["entitlements"], id);
        match grant["entitlements"].as_array().is_none_or(Vec::is_empty) {
            true => grants::end(call, &grant, "INACTIVE"),
            false => {
                grants::touch(call, &mut grant);
                recount(call, &grant);
            }
        }
    }
    Ok(app)
}

/// Takes a value out of references.
fn without(references: &mut Value, id: &str) {
    let Some(references) = references.as_array_mut() else {
        return;
    };
    for reference in references.iter_mut() {
        if let Some(values) = reference["values"].as_array_mut() {
            values.retain(|value| value["id"] != id);
        }
    }
    references.retain(|reference| {
        reference["values"]
            .as_array()
            .is_some_and(|v| !v.is_empty())
    });
}
