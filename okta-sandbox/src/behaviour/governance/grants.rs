//! Grants of entitlements to users.
//!
//! One base grant (`POLICY` or `CUSTOM`) per user and app replaces others; `ENTITLEMENT` and
//! `ENTITLEMENT-BUNDLE` grants add up.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::resources::{
    checked, includes, invalid, principal, target, target_app, target_user, user_orn,
};
use super::{
    bundles, entitlements, filter, fits, link, not_found, page, principal_access, stamped, stored,
};
use crate::behaviour::assignments;
use crate::behaviour::roles::governance as roles;
use crate::call::{Call, Handler, Outcome, by_itself};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listGrants" => list,
        "createGrant" => create,
        "getGrant" => get,
        "replaceGrant" => replace,
        "updateGrant" => update,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v1/grants";

/// The member that names the collection behind a grant; shown where asked for only.
pub(super) const COLLECTION: &str = "~collection";
/// The member that says that the app was assigned for this grant, and is so no longer than it.
pub(super) const ASSIGNED: &str = "~assigned";

/// All grants, of whatever status.
pub(super) fn all(org: &Org) -> impl Iterator<Item = &Value> {
    let shelf = org.shelves.get(SHELF);
    shelf.into_iter().flat_map(|shelf| shelf.values())
}

/// The grants that give something to a user of an app now.
pub(super) fn active<'o>(org: &'o Org, app: &str, user: &str) -> impl Iterator<Item = &'o Value> {
    all(org).filter(move |grant| {
        grant["status"] == "ACTIVE"
            && grant["target"]["externalId"] == app
            && grant["targetPrincipal"]["externalId"] == user
    })
}

pub(super) fn is_base(grant: &Value) -> bool {
    matches!(text(grant, "/grantType"), "POLICY" | "CUSTOM")
}

/// Whether a grant that is in force gives an entitlement, a value or a bundle of this id.
pub(super) fn uses(org: &Org, id: &str) -> bool {
    { all(org) }.any(|grant| {
        grant["status"] == "ACTIVE"
            && (grant["entitlementBundleId"] == id || bundles::refers(&grant["entitlements"], id))
    })
}

/// The references that a grant gives: its own, or those of its bundle.
pub(super) fn given<'o>(org: &'o Org, grant: &'o Value) -> &'o Value {
    match bundles::find(org, text(grant, "/entitlementBundleId")) {
        Some(bundle) => &bundle["entitlements"],
        None => &grant["entitlements"],
    }
}

/// The grants whose time is over, which they are not marked as yet.
pub(super) fn over(org: &Org) -> Vec<Value> {
    let now = org.clock.now();
    let over = |grant: &&Value| {
        let date = text(grant, "/scheduleSettings/expirationDate");
        !date.is_empty()
            && grant["status"] == "ACTIVE"
            && clock::parse(date).is_some_and(|date| date <= now)
    };
    all(org).filter(over).cloned().collect()
}

/// Ends a grant, and what its user has by it.
pub(super) fn end(call: &mut Call<'_>, grant: &Value, status: &str) {
    // One that ended just before may have left the app to it.
    let kept = call.org.shelf(SHELF).get(text(grant, "/id")).cloned();
    let mut grant = kept.unwrap_or_else(|| grant.clone());
    grant["status"] = json!(status);
    touch(call, &mut grant);
    let (app, user) = ["/target/externalId", "/targetPrincipal/externalId"]
        .map(|member| text(&grant, member))
        .into();
    if grant[ASSIGNED] == true {
        // The last one that needs the app takes it along.
        let other = active(call.org, app, user).next().cloned();
        match other {
            Some(mut other) => {
                other[ASSIGNED] = json!(true);
                let id = text(&other, "/id");
                call.org.shelf(SHELF).put(id, other.clone());
            }
            None => assignments::take_away(call, app, user),
        }
    }
    principal_access::recount(call, &grant);
    roles::let_go(call, &grant);
}

/// Keeps a changed grant.
pub(super) fn touch(call: &mut Call<'_>, grant: &mut Value) {
    let id = text(grant, "/id").to_owned();
    let now = stamped(call, &id);
    for name in ["lastUpdated", "lastUpdatedBy"] {
        // The service by itself has no id.
        if now[name] != "" {
            grant[name] = now[name].clone();
        }
    }
    call.org.shelf(SHELF).put(&id, grant.clone());
}

/// Grants a bundle for which somebody asked; false if the user has it, none where that cannot be.
pub(super) fn give_bundle(
    org: &mut Org,
    bundle: &str,
    user: &str,
    until: Option<Timestamp>,
    by: &str,
    assigned: bool,
) -> Option<bool> {
    let bundle = bundles::find(org, bundle)?.clone();
    let app = target_app(org, &bundle["target"]).ok()?;
    let same = |grant: &Value| grant["entitlementBundleId"] == bundle["id"];
    let held = active(org, text(&app, "/id"), user).find(|grant| same(grant));
    if let Some(held) = held.cloned() {
        prolong(org, held, until);
        return Some(false);
    }
    by_itself(org, |call| {
        let id = call.org.dice.id("gra");
        let mut grant = fresh(call, &id, "ENTITLEMENT-BUNDLE", &app, user);
        grant["createdBy"] = json!(by);
        grant["lastUpdatedBy"] = json!(by);
        grant["actor"] = json!("ACCESS_REQUEST");
        grant["entitlementBundleId"] = bundle["id"].clone();
        if let Some(until) = until {
            grant["scheduleSettings"] = json!({ "expirationDate": clock::seconds(until) });
        }
        if assigned {
            grant[ASSIGNED] = json!(true);
        }
        call.org.shelf(SHELF).put(&id, grant.clone());
        principal_access::recount(call, &grant);
    });
    Some(true)
}

/// A grant that was asked for once more lasts as long as the later request says.
fn prolong(org: &mut Org, mut grant: Value, until: Option<Timestamp>) {
    let ends = clock::parse(text(&grant, "/scheduleSettings/expirationDate"));
    match (ends, until) {
        (Some(_), None) => {
            remove(&mut grant, "scheduleSettings");
        }
        (Some(ends), Some(until)) if ends < until => {
            grant["scheduleSettings"]["expirationDate"] = json!(clock::seconds(until));
        }
        _ => return,
    }
    by_itself(org, |call| touch(call, &mut grant));
}

/// A grant that gives nothing yet.
fn fresh(call: &mut Call<'_>, id: &str, kind: &str, app: &Value, user: &str) -> Value {
    let mut grant = stamped(call, id);
    merge(
        &mut grant,
        &json!({
            "grantType": kind, "status": "ACTIVE", "action": "ALLOW", "actor": "API",
            "target": target(app), "targetResourceOrn": app["orn"],
            "targetPrincipal": principal(user), "targetPrincipalOrn": user_orn(call.org, user),
        }),
    );
    grant
}

/// The grants of a bundle that are in force.
pub(crate) fn grants_of(org: &Org, bundle: &str) -> Vec<Value> {
    let of_bundle =
        |grant: &&Value| grant["entitlementBundleId"] == bundle && grant["status"] == "ACTIVE";
    all(org).filter(of_bundle).cloned().collect()
}

/// Ends the grants of a bundle.
pub(crate) fn end_grants(call: &mut Call<'_>, bundle: &str) {
    for grant in grants_of(call.org, bundle) {
        end(call, &grant, "INACTIVE");
    }
}

/// A bundle changed: so does what its holders have.
pub(super) fn recount_bundle(call: &mut Call<'_>, bundle: &str) {
    for grant in grants_of(call.org, bundle) {
        principal_access::recount(call, &grant);
    }
}

fn view(call: &Call<'_>, grant: &Value, full: bool) -> Value {
    let mut shown = grant.clone();
    remove(&mut shown, ASSIGNED);
    if let Some(collection) = remove(&mut shown, COLLECTION).filter(|_| includes(call, "metadata"))
    {
        shown["metadata"] = json!({ "collection": collection });
    }
    let references = given(call.org, grant);
    shown["entitlements"] = match full {
        true => entitlements::full(call.org, references),
        false => match references {
            Value::Null => json!([]),
            references => references.clone(),
        },
    };
    shown["_links"] = json!({ "self": link(call, &format!("{SHELF}/{}", text(grant, "/id"))) });
    if let Some(bundle) = grant["entitlementBundleId"].as_str() {
        let href = match roles::knows(call.org, bundle) {
            true => roles::path(bundle),
            false => format!("/governance/api/v1/entitlement-bundles/{bundle}"),
        };
        shown["_links"]["entitlementBundle"] = link(call, &href);
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    if filter.is_none() {
        return Err(invalid("filter", "The field cannot be left blank"));
    }
    call.org.shelf(SHELF);
    let full = includes(call, "full_entitlements");
    let hits = call.org.shelves[SHELF].placed().filter(|(_, grant)| {
        let mut seen = (*grant).clone();
        seen["entitlements"] = given(call.org, grant).clone();
        fits(filter.as_ref(), &seen)
    });
    page(call, hits, |grant| view(call, grant, full))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let grant = stored(call, SHELF)?;
    Ok(Answer::ok(&view(call, &grant, true)))
}

/// Refuses a date that is over.
fn check_schedule(call: &Call<'_>, settings: &Value) -> Result<(), Fault> {
    let Some(date) = settings["expirationDate"].as_str() else {
        return Ok(());
    };
    match clock::parse(date).is_some_and(|date| date > call.org.clock.now()) {
        true => Ok(()),
        false => Err(invalid(
            "scheduleSettings.expirationDate",
            "The date must be in the future.",
        )),
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let user = target_user(call.org, &body["targetPrincipal"])?;
    check_schedule(call, &body["scheduleSettings"])?;
    let kind = text(&body, "/grantType").to_owned();
    let named = text(&body, "/entitlementBundleId");
    if kind == "ENTITLEMENT-BUNDLE" && roles::knows(call.org, named) {
        return create_of_roles(call, &body, &user);
    }
    let bundle = match kind.as_str() {
        "ENTITLEMENT-BUNDLE" => {
            let bundle = bundles::find(call.org, text(&body, "/entitlementBundleId"));
            Some(bundle.cloned().ok_or_else(not_found)?)
        }
        _ => None,
    };
    let app = match &bundle {
        Some(bundle) => target_app(call.org, &bundle["target"])?,
        None => target_app(call.org, &body["target"])?,
    };
    let references = entitlements::references(call.org, &app, &body["entitlements"])?;
    if kind == "ENTITLEMENT" && references.as_array().is_none_or(Vec::is_empty) {
        return Err(invalid("entitlements", "The field cannot be left blank"));
    }
    let app_id = text(&app, "/id").to_owned();
    let held = active(call.org, &app_id, &user);
    let held: Vec<Value> = held.cloned().collect();
    if let Some(bundle) = &bundle
        && held
            .iter()
            .any(|grant| grant["entitlementBundleId"] == bundle["id"])
    {
        return Err(invalid(
            "entitlementBundleId",
            "The principal already has this bundle.",
        ));
    }
    let id = call.org.dice.id("gra");
    let mut grant = fresh(call, &id, &kind, &app, &user);
    for name in ["action", "actor", "scheduleSettings"] {
        if let Some(given) = body.get(name).filter(|given| !given.is_null()) {
            grant[name] = given.clone();
        }
    }
    match &bundle {
        Some(bundle) => grant["entitlementBundleId"] = bundle["id"].clone(),
        None => grant["entitlements"] = references,
    }
    if is_base(&grant) {
        for mut older in held.into_iter().filter(is_base) {
            older["status"] = json!("INACTIVE");
            touch(call, &mut older);
        }
    }
    call.org.shelf(SHELF).put(&id, grant.clone());
    principal_access::recount(call, &grant);
    Ok(Answer::json(201, &view(call, &grant, false)))
}

/// Grants a bundle of admin roles.
fn create_of_roles(call: &mut Call<'_>, body: &Value, user: &str) -> Outcome {
    let console = roles::console(call.org);
    let same = |grant: &Value| grant["entitlementBundleId"] == body["entitlementBundleId"];
    if active(call.org, text(&console, "/id"), user).any(same) {
        return Err(invalid(
            "entitlementBundleId",
            "The principal already has this bundle.",
        ));
    }
    let id = call.org.dice.id("gra");
    let mut grant = fresh(call, &id, "ENTITLEMENT-BUNDLE", &console, user);
    for name in ["actor", "scheduleSettings", "entitlementBundleId"] {
        if let Some(given) = body.get(name).filter(|given| !given.is_null()) {
            grant[name] = given.clone();
        }
    }
    call.org.shelf(SHELF).put(&id, grant.clone());
    roles::hold(call, &grant);
    Ok(Answer::json(201, &view(call, &grant, false)))
}

/// A grant that may still be changed.
fn changeable(call: &mut Call<'_>, body: &Value) -> Result<Value, Fault> {
    let grant = stored(call, SHELF)?;
    if body["id"] != grant["id"] {
        return Err(invalid("id", "The value must be the id of the grant."));
    }
    match grant["status"] == "ACTIVE" {
        true => Ok(grant),
        false => Err(invalid("status", "The grant is no longer active.")),
    }
}

fn update(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let grant = changeable(call, &body)?;
    reschedule(call, grant, &body)
}

/// Sets when a grant ends; never, where nothing is said.
fn reschedule(call: &mut Call<'_>, mut grant: Value, body: &Value) -> Outcome {
    check_schedule(call, &body["scheduleSettings"])?;
    match body
        .get("scheduleSettings")
        .filter(|given| !given.is_null())
    {
        Some(given) => grant["scheduleSettings"] = given.clone(),
        None => {
            remove(&mut grant, "scheduleSettings");
        }
    }
    touch(call, &mut grant);
    principal_access::recount(call, &grant);
    roles::hold(call, &grant);
    Ok(Answer::ok(&view(call, &grant, false)))
}

/// Replaces what a grant gives, and until when; whom it is for and of which kind it is stays.
fn replace(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Part)?;
    let mut grant = changeable(call, &body)?;
    for fixed in [
        "grantType",
        "target",
        "targetPrincipal",
        "entitlementBundleId",
    ] {
        if body.get(fixed).is_some_and(|given| *given != grant[fixed]) {
            return Err(invalid(fixed, "The field cannot be changed."));
        }
    }
    if grant["entitlementBundleId"].is_null()
        && let Some(given) = body.get("entitlements")
    {
        let app = target_app(call.org, &grant["target"])?;
        grant["entitlements"] = entitlements::references(call.org, &app, given)?;
    }
    if let Some(action) = body.get("action") {
        grant["action"] = action.clone();
    }
    reschedule(call, grant, &body)
}
