//! What entitlements, bundles and grants refer to: apps that opted in, and users.

use serde_json::{Value, json};

use super::{entitlement_settings, not_found};
use crate::call::Call;
use crate::expression::{Expression, Operator};
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::schema::Fullness;

/// A body that fits its schema, without what a client cannot set.
pub(super) fn checked(call: &Call<'_>, fullness: Fullness) -> Result<Value, Fault> {
    call.given(fullness)
}

/// A validation failure of one member.
pub(super) fn invalid(member: &str, reason: &str) -> Fault {
    Fault::validation(member, &[&format!("{member}: {reason}")])
}

/// The refusal of an id that nothing has.
pub(super) fn unknown(member: &str, id: &str) -> Fault {
    invalid(member, &format!("{id} not found"))
}

/// The refusal of a name that is taken.
pub(super) fn taken(member: &str) -> Fault {
    let reason = "An object with this field already exists in the current organization";
    invalid(member, reason)
}

/// The app that a `{externalId, type}` names; entitlements of apps that did not opt in are not found.
pub(super) fn target_app(org: &Org, target: &Value) -> Result<Value, Fault> {
    let app = org.apps.get(text(target, "/externalId"));
    let app = app.ok_or_else(not_found)?;
    match entitlement_settings::is_opted_in(org, text(app, "/orn"), text(app, "/id")) {
        true => Ok(app.clone()),
        false => Err(not_found()),
    }
}

/// The user that a `{externalId, type}` names.
pub(super) fn target_user(org: &Org, principal: &Value) -> Result<String, Fault> {
    let id = text(principal, "/externalId");
    match org.users.contains(id) {
        true => Ok(id.to_owned()),
        false => Err(invalid("targetPrincipal", "The user does not exist.")),
    }
}

pub(super) fn target(app: &Value) -> Value {
    json!({ "externalId": app["id"], "type": "APPLICATION" })
}

pub(super) fn principal(user: &str) -> Value {
    json!({ "externalId": user, "type": "OKTA_USER" })
}

pub(super) fn user_orn(org: &Org, user: &str) -> String {
    format!("orn:okta:directory:{}:users:{user}", org.id)
}

/// The ORN of an object of governance itself.
pub(super) fn own_orn(org: &Org, kind: &str, id: &str) -> String {
    format!("orn:okta:governance:{}:{kind}:{id}", org.id)
}

/// Type and id of an ORN, `orn:{partition}:{service}:{org}:{type}[:{subtype}]:{id}`.
pub(super) fn parts(orn: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = orn.split(':').collect();
    match parts.as_slice() {
        ["orn", _, _, _, kind, id] | ["orn", _, _, _, kind, _, id] if !id.is_empty() => {
            Some((kind, id))
        }
        _ => None,
    }
}

/// The ORN of an app.
pub(super) fn app_orn(org: &Org, id: &str) -> String {
    org.apps
        .get(id)
        .map_or("", |app| text(app, "/orn"))
        .to_owned()
}

/// The ORN by which this org knows what an ORN names.
pub(super) fn here(org: &Org, orn: &str) -> String {
    match parts(orn) {
        Some(("apps", id)) => app_orn(org, id),
        Some(("groups", id)) => format!("orn:okta:directory:{}:groups:{id}", org.id),
        Some((kind, id)) => own_orn(org, kind, id),
        None => orn.to_owned(),
    }
}

/// The id at the end of an ORN, or an id as it is.
pub(super) fn tail(orn: &str) -> &str {
    orn.rsplit(':').next().unwrap_or(orn)
}

/// What a filter wants to be equal to a value, as far as all of it must hold.
pub(super) fn wanted<'f>(filter: &'f Expression, path: &str) -> Option<&'f str> {
    match filter {
        Expression::And(parts) => parts.iter().find_map(|part| wanted(part, path)),
        Expression::Compare {
            path: at,
            operator: Operator::Eq,
            value,
        } if at == path => value.as_str(),
        _ => None,
    }
}

/// App and user that a filter names, by id or ORN; with the names of the members of both.
pub(super) fn named_pair(
    call: &Call<'_>,
    app: (&str, &str),
    user: (&str, &str),
) -> Result<(Value, String), Fault> {
    let filter = super::filter(call)?;
    let filter = filter.ok_or_else(|| invalid("filter", "The field cannot be left blank"))?;
    let named = |(member, orn): (&str, &str)| {
        let id = wanted(&filter, &format!("{member}.externalId"));
        id.or_else(|| wanted(&filter, orn).map(tail))
            .map(str::to_owned)
    };
    let missing = |member: &str| {
        let reason = format!("The filter must name {member}.externalId or its ORN.");
        invalid("filter", &reason)
    };
    let app_id = named(app).ok_or_else(|| missing(app.0))?;
    let user_id = named(user).ok_or_else(|| missing(user.0))?;
    let app = target_app(call.org, &json!({ "externalId": app_id }))?;
    match call.org.users.contains(&user_id) {
        true => Ok((app, user_id)),
        false => Err(not_found()),
    }
}

/// True if a query parameter lists a word.
pub(super) fn includes(call: &Call<'_>, word: &str) -> bool {
    let list = call.request.query("include").unwrap_or_default();
    list.split(',').any(|one| one.trim() == word)
}
