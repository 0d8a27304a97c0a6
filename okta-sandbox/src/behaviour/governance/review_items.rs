//! What the reviews of a campaign are about: who has a resource, or what of it they have.

use serde_json::{Value, json};

use super::risk::conflicts;
use super::{bundles, entitlements, grants, principal_access};
use crate::json::text;
use crate::org::Org;

/// One thing to review.
pub(super) struct Item {
    pub(super) user: String,
    pub(super) resource: String,
    /// What a review says besides: the bundle or the value that it is about; nothing if it is about
    /// the resource as a whole.
    pub(super) within: Value,
}

/// Who holds the resources of a campaign: (user, target).
fn holders<'c>(org: &Org, campaign: &'c Value) -> Vec<(String, &'c Value)> {
    let settings = &campaign["principalScopeSettings"];
    let ids = |member: &str| -> Vec<&str> {
        settings[member]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let (only, groups, excluded) = (ids("userIds"), ids("groupIds"), ids("excludedUserIds"));
    let in_scope = |user: &str| {
        let wanted = (only.is_empty() && groups.is_empty())
            || only.contains(&user)
            || groups.iter().any(|group| org.members.contains(group, user));
        let active = org.users.get(user).is_some_and(|u| u["status"] == "ACTIVE");
        wanted
            && !excluded.contains(&user)
            && (active || settings["includeOnlyActiveUsers"] != true)
    };
    let mut found = Vec::new();
    let targets = campaign["resourceSettings"]["targetResources"].as_array();
    for target in targets.into_iter().flatten() {
        let resource = text(target, "/resourceId");
        let users: Vec<&str> = match text(target, "/resourceType") {
            "GROUP" => org.members.of(resource).map(|(_, user, ())| user).collect(),
            _ => org
                .app_users
                .of(resource)
                .map(|(_, user, _)| user)
                .collect(),
        };
        let only_risky = settings["onlyIncludeUsersWithSODConflicts"] == true;
        let users = users.into_iter().filter(|user| {
            in_scope(user) && (!only_risky || conflicts::standing(org, resource, user))
        });
        found.extend(users.map(|user| (user.to_owned(), target)));
    }
    found
}

/// What a target asks about: everything within an app, or what it lists.
struct Wanted<'c>(&'c Value);

impl Wanted<'_> {
    fn lists(&self, member: &str, id: &str) -> Option<&Value> {
        let listed = self.0[member].as_array().into_iter().flatten();
        { listed }.find(|one| one["id"] == id)
    }

    fn is_all(&self) -> bool {
        self.0["includeAllEntitlementsAndBundles"] == true
    }

    fn bundle(&self, id: &str) -> bool {
        self.is_all() || self.lists("entitlementBundles", id).is_some()
    }

    fn value(&self, entitlement: &str, id: &str) -> bool {
        self.is_all()
            || self.lists("entitlements", entitlement).is_some_and(|one| {
                one["includeAllValues"] == true
                    || entitlements::ids_of(&one["values"]).any(|value| value == id)
            })
    }
}

/// What somebody has within an app: bundles, and the values that no bundle gives them.
fn within(org: &Org, app: &str, user: &str, wanted: &Wanted<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    let mut bundled: Vec<&str> = Vec::new();
    for grant in grants::active(org, app, user) {
        let Some(bundle) = bundles::find(org, text(grant, "/entitlementBundleId")) else {
            continue;
        };
        let references = bundle["entitlements"].as_array().into_iter().flatten();
        bundled.extend(references.flat_map(|one| entitlements::ids_of(&one["values"])));
        if wanted.bundle(text(bundle, "/id")) {
            let shown = json!({ "id": bundle["id"], "name": bundle["name"] });
            found.push(json!({ "entitlementBundle": shown }));
        }
    }
    let values = principal_access::effective(org, app, user);
    let values = values.into_iter().flat_map(|(entitlement, values)| {
        values
            .into_iter()
            .map(move |value| (entitlement.clone(), value))
    });
    for (entitlement, value) in values {
        if bundled.contains(&value.as_str()) || !wanted.value(&entitlement, &value) {
            continue;
        }
        let Some((parent, one)) = entitlements::find_value(org, &value) else {
            continue;
        };
        let names = |of: &Value| json!({ "id": of["id"], "name": of["name"], "externalValue": of["externalValue"] });
        let mut shown = names(one);
        shown["entitlement"] = names(parent);
        found.push(json!({
            "entitlementValue": shown,
            "riskRuleConflicts": conflicts::by_value(org, app, user, &value),
        }));
    }
    found
}

/// Everything that a campaign reviews. Who has nothing of what it asks about is reviewed as a whole.
pub(super) fn of(org: &Org, campaign: &Value) -> Vec<Item> {
    let inner = campaign["resourceSettings"]["includeEntitlements"] == true;
    let mut items = Vec::new();
    for (user, target) in holders(org, campaign) {
        let resource = text(target, "/resourceId");
        let found = match inner && org.apps.contains(resource) {
            true => within(org, resource, &user, &Wanted(target)),
            false => Vec::new(),
        };
        let found = match found.is_empty() {
            true => vec![json!({})],
            false => found,
        };
        items.extend(found.into_iter().map(|within| Item {
            user: user.clone(),
            resource: resource.to_owned(),
            within,
        }));
    }
    items
}
