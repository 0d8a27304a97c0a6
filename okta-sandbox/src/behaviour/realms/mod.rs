//! Realms beyond their collection: who lives where, and the assignments that move users.

mod assignments;
pub(crate) mod condition;
mod operations;

use serde_json::{Value, json};

use super::identity_sources;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::engine;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{named, user_target};
use crate::org::Org;

pub(crate) use assignments::add_built_in;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "createRealm" | "replaceRealm" => write,
        "deleteRealm" => delete,
        _ => return assignments::handler(id).or_else(|| operations::handler(id)),
    })
}

const REALMS: &str = "/api/v1/realms";
const ASSIGNMENTS: &str = "/api/v1/realm-assignments";

/// What no name of a domain has.
const NOT_IN_DOMAINS: &str = "`!$%^&()=*+,:;<>'[]|/?\\";

fn write(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let domains = body.pointer("/profile/domains").and_then(Value::as_array);
    let odd = domains
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|name| name.is_empty() || name.contains(|c| NOT_IN_DOMAINS.contains(c)));
    if odd {
        let cause = "domains: The field has an invalid value";
        return Err(Fault::validation("domains", &[cause]));
    }
    engine::run(call)
}

/// A realm goes when nobody lives there and nothing leads there.
fn delete(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let realm = call.org.shelf(REALMS).get(id);
    if realm.is_none_or(|realm| realm["isDefault"] == true) {
        return engine::run(call);
    }
    let lives = call.org.users.values().any(|user| user["realmId"] == id);
    let leads = call
        .org
        .shelf(ASSIGNMENTS)
        .values()
        .any(|one| target(one) == id && one["isDefault"] != true);
    let cause = match (lives, leads) {
        (true, _) => "realm: The realm has users, who have to be moved to another realm first",
        (_, true) => "realm: The realm is the target of a realm assignment",
        _ => return engine::run(call),
    };
    Err(Fault::validation("realm", &[cause]))
}

/// Where an assignment leads.
fn target(assignment: &Value) -> &str {
    text(assignment, "/actions/assignUserToRealm/realmId")
}

/// Whether a realm takes people of such addresses.
pub(crate) fn check_domains(org: &Org, realm: &str, profile: &Value) -> Result<(), Fault> {
    let realm = org.shelves.get(REALMS).and_then(|all| all.get(realm));
    let domains = realm.and_then(|realm| realm.pointer("/profile/domains")?.as_array());
    let Some(domains) = domains.filter(|domains| !domains.is_empty()) else {
        return Ok(());
    };
    for name in ["login", "email"] {
        let domain = text(profile, &format!("/{name}")).rsplit('@').next();
        let domain = domain.unwrap_or_default();
        let known = domains
            .iter()
            .filter_map(Value::as_str)
            .any(|one| one.eq_ignore_ascii_case(domain));
        if !known {
            let cause = format!("{name}: The domain is not among those of the realm");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    Ok(())
}

/// Whether a user's profile comes from a source: the org itself, an app or an identity provider.
fn comes_from(org: &Org, user: &Value, source: &str) -> bool {
    let id = text(user, "/id");
    if source == org.id {
        return !identity_sources::is_source_of(org, id);
    }
    let links = format!("/api/v1/idps/{source}/users");
    org.app_users.contains(source, id)
        || org
            .shelves
            .get(&links)
            .is_some_and(|links| links.contains(id))
}

/// The realm that the assignments of a source choose for a user, if one does.
pub(crate) fn chosen(org: &Org, user: &Value, source: &str) -> Option<String> {
    let assignment = assignments::ranked(org)
        .into_iter()
        .find(|one| assignments::takes(one, user, source))?;
    Some(target(assignment).to_owned())
}

/// Moves a user to a realm; false where the user lives there already, or may not.
pub(crate) fn settle(call: &mut Call<'_>, id: &str, realm: &str) -> bool {
    let Some(user) = call.org.users.get(id).cloned() else {
        return false;
    };
    let stays = user["realmId"] == realm
        || !call.org.shelf(REALMS).contains(realm)
        || check_domains(call.org, realm, &user["profile"]).is_err();
    if stays {
        return false;
    }
    let now = clock::zero_millis(call.org.clock.now());
    if let Some(user) = call.org.users.get_mut(id) {
        user["realmId"] = json!(realm);
        user["lastUpdated"] = json!(now);
    }
    let name = call.org.shelf(REALMS).get(realm).cloned();
    let name = name.map_or_else(String::new, |realm| {
        text(&realm, "/profile/name").to_owned()
    });
    let target = named("Realm", realm, "unknown", &name);
    call.log("user.realm.update", vec![user_target(&user), target]);
    true
}
