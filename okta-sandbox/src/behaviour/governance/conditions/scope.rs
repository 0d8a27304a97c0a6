//! What a condition gives access to: the resource itself, groups of an app, entitlement bundles.

use serde_json::Value;

use crate::behaviour::governance::{bundles, entitlement_settings};
use crate::json::text;
use crate::org::Org;

/// `APP` or `GROUP`, if there is such a resource.
pub(crate) fn resource_type(org: &Org, resource: &str) -> Option<&'static str> {
    match (org.apps.contains(resource), org.groups.contains(resource)) {
        (true, _) => Some("APP"),
        (_, true) => Some("GROUP"),
        _ => None,
    }
}

pub(super) fn has_bundle(org: &Org, id: &str) -> bool {
    bundles::find(org, id).is_some()
}

/// The types of scopes that conditions of a resource may have.
pub(crate) fn valid_scopes(org: &Org, resource: &str) -> Vec<&'static str> {
    let app = org.apps.contains(resource);
    let orn = org.apps.get(resource).map_or("", |app| text(app, "/orn"));
    let bundles = app && entitlement_settings::is_opted_in(org, orn, resource);
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

/// True if something that a scope names belongs to the resource.
pub(super) fn belongs(org: &Org, kind: &str, id: &str, resource: &str) -> bool {
    match kind {
        "GROUPS" => org.app_groups.contains(resource, id),
        _ => bundles::find(org, id)
            .is_some_and(|bundle| text(bundle, "/target/externalId") == resource),
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
