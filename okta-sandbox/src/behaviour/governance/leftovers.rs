//! What goes with a user, a group, an app or its management of entitlements, and with what is
//! within an app.

use serde_json::{Value, json};

use super::{
    bundles, catalog, collections, conditions, delegates, entitlements, grants, labels, owners,
    principal_access, request_settings, resources, risk,
};
use crate::call::Call;
use crate::json::text;
use crate::org::Org;

/// Removes what a test finds in a shelf.
pub(super) fn remove_where(org: &mut Org, shelf: &str, gone: impl Fn(&Value) -> bool) {
    if let Some(shelf) = org.shelves.get_mut(shelf) {
        let ids = shelf.entries().filter(|(_, one)| gone(one));
        let ids: Vec<String> = ids.map(|(id, _)| id.to_owned()).collect();
        for id in ids {
            shelf.remove(&id);
        }
    }
}

/// Ends what a user has by grants and collections: they are deactivated.
pub(crate) fn end_access(call: &mut Call<'_>, user: &str) {
    collections::forget_user(call.org, user);
    let held = grants::all(call.org).filter(|grant| {
        text(grant, "/targetPrincipal/externalId") == user && grant["status"] == "ACTIVE"
    });
    let held: Vec<Value> = held.cloned().collect();
    for grant in held {
        grants::end(call, &grant, "INACTIVE");
    }
}

/// A user is gone.
pub(crate) fn forget_user(org: &mut Org, user: &str) {
    collections::forget_user(org, user);
    remove_where(org, grants::SHELF, |grant| {
        text(grant, "/targetPrincipal/externalId") == user
    });
    principal_access::forget(org, |_, of| of == user);
    remove_where(org, delegates::SHELF, |one| {
        ["delegate", "delegator"]
            .iter()
            .any(|who| one[*who]["externalId"] == user)
    });
    owners::forget_owner(org, user);
}

/// A group is gone.
pub(crate) fn forget_group(org: &mut Org, group: &str) {
    owners::forget_owner(org, group);
    forget_resource(org, group);
}

/// An app is gone.
pub(crate) fn forget_app(org: &mut Org, app: &str) {
    forget_entitlements(org, app);
    remove_where(org, grants::SHELF, |grant| {
        text(grant, "/target/externalId") == app
    });
    principal_access::forget(org, |of, _| of == app);
    collections::forget_app(org, app);
    forget_resource(org, app);
}

/// An app or a group is gone: what is said of it by its id goes, too.
fn forget_resource(org: &mut Org, id: &str) {
    owners::forget_resource(org, id);
    labels::forget(org, id);
    conditions::forget(org, id);
    catalog::forget(org, id);
    request_settings::forget(org, id);
}

/// The entitlements of an app are managed elsewhere from now on: nothing of them is left, and
/// nobody has any of them. The app itself stays with whoever has it.
pub(super) fn end_management(call: &mut Call<'_>, app: &str) {
    collections::without_entitlements(call, app);
    let held = grants::all(call.org).filter(|grant| {
        text(grant, "/target/externalId") == app
            && grant["status"] == "ACTIVE"
            && grant.get(grants::COLLECTION).is_none()
    });
    let held: Vec<Value> = held.cloned().collect();
    for mut grant in held {
        grant[grants::ASSIGNED] = json!(false);
        grants::touch(call, &mut grant);
        grants::end(call, &grant, "INACTIVE");
    }
    forget_entitlements(call.org, app);
}

fn forget_entitlements(org: &mut Org, app: &str) {
    let of_app = bundles::all(org).filter(|one| text(one, "/target/externalId") == app);
    let mut gone: Vec<String> = of_app.map(|one| text(one, "/id").to_owned()).collect();
    let of_app = entitlements::all(org).filter(|one| text(one, "/parent/externalId") == app);
    gone.extend(of_app.flat_map(|one| entitlements::ids_of(&one["values"]).map(str::to_owned)));
    for id in &gone {
        forget_within(org, id);
    }
    remove_where(org, bundles::SHELF, |one| {
        text(one, "/target/externalId") == app
    });
    remove_where(org, entitlements::SHELF, |one| {
        text(one, "/parent/externalId") == app
    });
    remove_where(org, risk::SHELF, |rule| {
        resources::tail(text(rule, "/resources/0/resourceOrn")) == app
    });
}

/// A bundle or a value is gone.
pub(super) fn forget_within(org: &mut Org, id: &str) {
    owners::forget_resource(org, id);
    labels::forget(org, id);
}
