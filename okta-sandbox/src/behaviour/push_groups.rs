//! Groups pushed to an app: each mapping ties a group to one of the app's.

use serde_json::{Value, json};

use crate::behaviour::groups;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listGroupPushMappings" => list,
        "createGroupPushMapping" => create,
        "getGroupPushMapping" => get,
        "updateGroupPushMapping" => update,
        "deleteGroupPushMapping" => delete,
        _ => return None,
    })
}

fn shelf(call: &Call<'_>) -> Result<String, Fault> {
    let app = call.parameter(0);
    match call.org.apps.contains(app) {
        true => Ok(format!("/api/v1/apps/{app}/group-push/mappings")),
        false => Err(Fault::not_found(app, "AppInstance")),
    }
}

const APPS: &str = "/api/v1/apps/";

fn is_collection(path: &str) -> bool {
    path.ends_with("/group-push/mappings")
}

/// To how many apps a group is pushed.
pub(super) fn count(org: &Org, group: &str) -> usize {
    let behind = org.shelves.range(APPS.to_owned()..);
    let of_apps = behind.take_while(|(path, _)| path.starts_with(APPS));
    let mappings = of_apps.filter(|(path, _)| is_collection(path));
    mappings
        .flat_map(|(_, mappings)| mappings.values())
        .filter(|mapping| text(mapping, "/sourceGroupId") == group)
        .count()
}

/// A group that is gone is pushed to nothing, and nothing to it.
pub(super) fn forget(org: &mut Org, group: &str) {
    let behind = org.shelves.range_mut(APPS.to_owned()..);
    let of_apps = behind.take_while(|(path, _)| path.starts_with(APPS));
    for (_, mappings) in of_apps.filter(|(path, _)| is_collection(path)) {
        let of_group = mappings.values().filter(|mapping| {
            ["/sourceGroupId", "/targetGroupId"]
                .iter()
                .any(|end| text(mapping, end) == group)
        });
        let ids: Vec<String> = of_group.map(|one| text(one, "/id").to_owned()).collect();
        for id in ids {
            mappings.remove(&id);
        }
    }
}

fn view(call: &Call<'_>, mapping: &Value) -> Value {
    let api = format!("{}/api/v1", call.base());
    let group = |member: &str| json!({ "href": format!("{api}/groups/{}", text(mapping, &format!("/{member}"))) });
    let mut shown = mapping.clone();
    shown["_links"] = json!({
        "app": { "href": format!("{api}/apps/{}", call.parameter(0)) },
        "sourceGroup": group("sourceGroupId"), "targetGroup": group("targetGroupId"),
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let shelf = shelf(call)?;
    let wanted = |name: &str| call.request.query(name).filter(|v| !v.is_empty());
    let (group, status) = (wanted("sourceGroupId"), wanted("status"));
    call.org.shelf(&shelf);
    let hits = call.org.shelves[&shelf].placed().filter(|(_, mapping)| {
        group.is_none_or(|group| text(mapping, "/sourceGroupId") == group)
            && status.is_none_or(|status| text(mapping, "/status") == status)
    });
    call.list(Size::new(100, 1000), hits, |mapping| view(call, mapping))
}

fn named(call: &mut Call<'_>) -> Result<(String, Value), Fault> {
    let shelf = shelf(call)?;
    let id = call.parameter(1);
    let found = call.org.shelf(&shelf).get(id).cloned();
    found
        .map(|mapping| (shelf, mapping))
        .ok_or_else(|| Fault::not_found(id, "GroupPushMapping"))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let shelf = shelf(call)?;
    let body = call.request.object()?;
    let source = text(&body, "/sourceGroupId");
    if source.is_empty() {
        let cause = "sourceGroupId: The field cannot be left blank";
        return Err(Fault::validation("sourceGroupId", &[cause]));
    }
    if !call.org.groups.contains(source) {
        return Err(Fault::not_found(source, "UserGroup"));
    }
    let taken = call
        .org
        .shelf(&shelf)
        .values()
        .any(|m| text(m, "/sourceGroupId") == source);
    if taken {
        let cause = "sourceGroupId: A mapping of this group already exists";
        return Err(Fault::validation("sourceGroupId", &[cause]));
    }
    let (target, name) = (
        text(&body, "/targetGroupId"),
        text(&body, "/targetGroupName"),
    );
    if target.is_empty() == name.is_empty() {
        let cause = "targetGroupId: Either targetGroupId or targetGroupName must be given";
        return Err(Fault::validation("targetGroupId", &[cause]));
    }
    let now = call.org.clock.now();
    let target = if target.is_empty() {
        // The app makes the group, which then shows as one of the app's.
        let id = call.org.dice.id("00g");
        let profile = json!({ "name": name, "description": null });
        let fresh = groups::fresh(&id, "APP_GROUP", &profile, &clock::zero_millis(now));
        call.org.groups.put(&id, fresh);
        id
    } else if call.org.groups.contains(target) {
        target.to_owned()
    } else {
        return Err(Fault::not_found(target, "UserGroup"));
    };
    let id = call.org.dice.id("gPm");
    let status = match text(&body, "/status") {
        "INACTIVE" => "INACTIVE",
        _ => "ACTIVE",
    };
    let now = clock::seconds(now);
    let mapping = json!({
        "id": id, "created": now, "lastUpdated": now, "sourceGroupId": source, "status": status,
        "targetGroupId": target,
    });
    call.org.shelf(&shelf).put(&id, mapping.clone());
    Ok(Answer::ok(&view(call, &mapping)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, mapping) = named(call)?;
    Ok(Answer::ok(&view(call, &mapping)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (shelf, mut mapping) = named(call)?;
    let body = call.request.object()?;
    let status = text(&body, "/status");
    if !matches!(status, "ACTIVE" | "INACTIVE") {
        let cause = "status: The field has an invalid value";
        return Err(Fault::validation("status", &[cause]));
    }
    mapping["status"] = json!(status);
    mapping["lastUpdated"] = json!(clock::seconds(call.org.clock.now()));
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).put(named_id, mapping.clone());
    Ok(Answer::ok(&view(call, &mapping)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (shelf, mapping) = named(call)?;
    if mapping["status"] == "ACTIVE" {
        let cause = "status: The mapping must be deactivated before deletion";
        return Err(Fault::validation("status", &[cause]));
    }
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).remove(named_id);
    let group = call.org.groups.get(text(&mapping, "/targetGroupId"));
    if let Some(group) = group
        .filter(|_| call.request.flag("deleteTargetGroup", false))
        .cloned()
    {
        groups::dissolve(call, &group);
    }
    Ok(Answer::empty(200))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;

    fn made(bench: &Bench, path: &str, body: &Value) -> String {
        let (status, made) = bench.call("POST", path, Some(body));
        assert_eq!(status, 200, "{made}");
        text(&made, "/id").to_owned()
    }

    #[test]
    fn nothing_of_a_deleted_group_stays() {
        let bench = Bench::new();
        let group = |name: &str| {
            made(
                &bench,
                "/api/v1/groups",
                &json!({ "profile": { "name": name } }),
            )
        };
        let (one, other) = (group("One"), group("Other"));
        let app = json!({ "signOnMode": "BOOKMARK", "label": "Marks", "name": "bookmark",
            "settings": { "app": { "url": "https://example.com" } } });
        let app = made(&bench, "/api/v1/apps", &app);
        let mappings = format!("/api/v1/apps/{app}/group-push/mappings");
        let push = json!({ "sourceGroupId": one, "targetGroupName": "Pushed" });
        let mapping = made(&bench, &mappings, &push);
        let (_, shown) = bench.call("GET", &format!("{mappings}/{mapping}"), None);
        let pushed = text(&shown, "/targetGroupId");
        let own = format!("/api/v1/groups/{one}");
        let role = json!({ "type": "READ_ONLY_ADMIN" });
        assert_eq!(
            bench.call("POST", &format!("{own}/roles"), Some(&role)).0,
            201
        );
        let owner = json!({ "id": one, "type": "GROUP" });
        let owners = format!("/api/v1/groups/{other}/owners");
        assert_eq!(bench.call("POST", &owners, Some(&owner)).0, 201);
        let role = made(
            &bench,
            "/api/v1/iam/roles",
            &json!({
                "label": "R", "description": "R", "permissions": ["okta.users.read"],
            }),
        );
        let sets = "/api/v1/iam/resource-sets";
        let set = made(&bench, sets, &json!({ "label": "S", "description": "S" }));
        let bindings = format!("{sets}/{set}/bindings");
        let url = |group: &str| format!("http://127.0.0.1:8080/api/v1/groups/{group}");
        let broken = json!({ "role": role, "members": [url(&one), url("00g0")] });
        assert_eq!(bench.call("POST", &bindings, Some(&broken)).0, 400);
        let bind = json!({ "role": role, "members": [url(&one)] });
        assert_eq!(bench.call("POST", &bindings, Some(&bind)).0, 200);
        let (_, list) = bench.call(
            "GET",
            "/api/v1/groups?search=profile.name%20eq%20%22One%22&expand=stats",
            None,
        );
        let stats = &list[0]["_embedded"]["stats"];
        assert_eq!(
            (
                &stats["groupPushMappingsCount"],
                &stats["hasAdminPrivilege"]
            ),
            (&json!(1), &json!(true))
        );
        assert_eq!(bench.call("DELETE", &own, None).0, 204);
        assert_eq!(bench.call("GET", &mappings, None).1, json!([]));
        assert_eq!(bench.call("GET", &owners, None).1, json!([]));
        assert_eq!(bench.call("GET", &bindings, None).1["roles"], json!([]));
        let org = bench.shared.org();
        assert!(org.groups.contains(pushed), "the app's own group stays");
        let left = org.shelves.keys().filter(|path| path.contains(&one));
        assert_eq!(left.collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_target_group_can_go_with_its_mapping() {
        let bench = Bench::new();
        let source = json!({ "profile": { "name": "One" } });
        let source = made(&bench, "/api/v1/groups", &source);
        let app = json!({ "signOnMode": "BOOKMARK", "label": "Marks", "name": "bookmark",
            "settings": { "app": { "url": "https://example.com" } } });
        let app = made(&bench, "/api/v1/apps", &app);
        let mappings = format!("/api/v1/apps/{app}/group-push/mappings");
        let push = json!({
            "sourceGroupId": source, "targetGroupName": "Pushed", "status": "INACTIVE",
        });
        let own = format!("{mappings}/{}", made(&bench, &mappings, &push));
        let (_, shown) = bench.call("GET", &own, None);
        let target = text(&shown, "/targetGroupId");
        let other = format!("/api/v1/apps/{app}/groups/{target}");
        assert_eq!(bench.call("PUT", &other, Some(&json!({}))).0, 200);
        let delete = format!("{own}?deleteTargetGroup=true");
        assert_eq!(bench.call("DELETE", &delete, None).0, 200);
        assert_eq!(
            bench
                .call("GET", &format!("/api/v1/groups/{target}"), None)
                .0,
            404
        );
        assert_eq!(bench.call("GET", &other, None).0, 404, "its apps go, too");
    }
}
