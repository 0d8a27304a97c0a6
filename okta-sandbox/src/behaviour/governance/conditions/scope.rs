//! What a condition gives access to: the resource itself, groups of an app, entitlement bundles.

use serde_json::Value;

use crate::json::text;
use crate::org::Org;

const BUNDLES: &str = "/governance/api/v1/entitlement-bundles";
const ENTITLEMENTS: &str = "/governance/api/v2/resources/entitlement-settings";

/// `APP` or `GROUP`, if there is such a resource.
pub(crate) fn resource_type(org: &Org, resource: &str) -> Option<&'static str> {
    match (org.apps.contains(resource), org.groups.contains(resource)) {
        (true, _) => Some("APP"),
        (_, true) => Some("GROUP"),
        _ => None,
    }
}

pub(super) fn has_bundle(org: &Org, id: &str) -> bool {
    let bundles = org.shelves.get(BUNDLES);
    bundles.is_some_and(|bundles| bundles.contains(id))
}

fn is_entitled(org: &Org, app: &str) -> bool {
    let name = org.apps.get(app).map_or("", |app| text(app, "/name"));
    let orn = format!("orn:okta:idp:{}:apps:{name}:{app}", org.id);
    let settings = org.shelves.get(ENTITLEMENTS);
    let settings = settings.and_then(|settings| settings.get(&orn));
    settings.is_some_and(|one| matches!(text(one, "/status"), "OPTED_IN" | "OPTING_IN"))
}

/// True if a bundle is one of an app.
fn of_app(org: &Org, bundle: &str, app: &str) -> bool {
    let bundle = org.shelves.get(BUNDLES).and_then(|all| all.get(bundle));
    bundle.is_some_and(|bundle| {
        text(bundle, "/target/externalId") == app
            || text(bundle, "/targetResourceOrn").ends_with(app)
    })
}

/// The types of scopes that conditions of a resource may have.
pub(crate) fn valid_scopes(org: &Org, resource: &str) -> Vec<&'static str> {
    let app = org.apps.contains(resource);
    let bundles = app && (is_entitled(org, resource) || any_bundle(org, resource));
    let groups = app && !bundles && org.app_groups.count(resource) > 0;
    let mut valid = vec!["RESOURCE_DEFAULT"];
    if bundles {
        valid.push("ENTITLEMENT_BUNDLES");
    }
    if groups {
        valid.push("GROUPS");
    }
    valid
}

fn any_bundle(org: &Org, app: &str) -> bool {
    let bundles = org.shelves.get(BUNDLES).into_iter();
    let mut bundles = bundles.flat_map(|all| all.values());
    bundles.any(|bundle| of_app(org, text(bundle, "/id"), app))
}

/// True if something that a scope names belongs to the resource.
pub(super) fn belongs(org: &Org, kind: &str, id: &str, resource: &str) -> bool {
    match kind {
        "GROUPS" => org.app_groups.contains(resource, id),
        _ => of_app(org, id, resource),
    }
}

/// What a condition names besides its resource, with its kind.
pub(super) fn named(condition: &Value) -> Vec<(&'static str, String)> {
    let settings = &condition["accessScopeSettings"];
    let (kind, member) = match text(settings, "/type") {
        "GROUPS" => ("GROUP", "groups"),
        "ENTITLEMENT_BUNDLES" => ("ENTITLEMENT_BUNDLE", "entitlementBundles"),
        _ => return Vec::new(),
    };
    let listed = settings[member].as_array().into_iter().flatten();
    listed
        .map(|one| (kind, text(one, "/id").to_owned()))
        .collect()
}

/// True if a condition is about a scope: the resource itself by its id, or what it names.
pub(super) fn covers(condition: &Value, resource: &str, scope: &str) -> bool {
    match text(&condition["accessScopeSettings"], "/type") {
        "RESOURCE_DEFAULT" => scope == resource,
        _ => named(condition).iter().any(|(_, id)| id == scope),
    }
}
