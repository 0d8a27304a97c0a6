//! Who has roles and for what; conditions of permissions and of resources.

use serde_json::{Value, json};

use crate::bench::{Bench, id, ok};
use crate::json::text;

fn post(bench: &Bench, path: &str, body: &Value) -> Value {
    ok(bench.call("POST", path, Some(body)))
}

fn user(bench: &Bench, name: &str) -> String {
    let mail = format!("{name}@example.com");
    let profile = json!({ "firstName": name, "lastName": "L", "email": mail, "login": mail });
    id(&post(
        bench,
        "/api/v1/users",
        &json!({ "profile": profile }),
    ))
}

fn group(bench: &Bench, name: &str) -> String {
    id(&post(
        bench,
        "/api/v1/groups",
        &json!({ "profile": { "name": name } }),
    ))
}

fn app(bench: &Bench) -> String {
    let body = json!({ "name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
        "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } });
    id(&post(bench, "/api/v1/apps", &body))
}

#[test]
fn assignees_have_roles_themselves_or_through_groups() {
    let bench = Bench::new();
    let [own, through, bound, none] = ["own", "through", "bound", "none"].map(|n| user(&bench, n));
    let (admins, others) = (group(&bench, "Admins"), group(&bench, "Others"));
    post(
        &bench,
        &format!("/api/v1/users/{own}/roles"),
        &json!({ "type": "ORG_ADMIN" }),
    );
    post(
        &bench,
        &format!("/api/v1/groups/{admins}/roles"),
        &json!({ "type": "APP_ADMIN" }),
    );
    for (group, user) in [(&admins, &through), (&others, &none)] {
        ok(bench.call("PUT", &format!("/api/v1/groups/{group}/users/{user}"), None));
    }
    let role = post(
        &bench,
        "/api/v1/iam/roles",
        &json!({ "label": "Readers", "description": "", "permissions": ["okta.users.read"] }),
    );
    let set = post(
        &bench,
        "/api/v1/iam/resource-sets",
        &json!({ "label": "All", "description": "All", "resources": [] }),
    );
    let member = format!("http://127.0.0.1:8080/api/v1/users/{bound}");
    post(
        &bench,
        &format!("/api/v1/iam/resource-sets/{}/bindings", id(&set)),
        &json!({ "role": role["id"], "members": [member] }),
    );
    let me = bench.shared.org().admin.clone();
    let path = "/api/v1/iam/assignees/users";
    let all = ok(bench.call("GET", path, None));
    let ids: Vec<String> = all["value"]
        .as_array()
        .into_iter()
        .flatten()
        .map(id)
        .collect();
    assert_eq!(ids, [me, own, through, bound]);
    let paged = ok(bench.call("GET", &format!("{path}?limit=3"), None));
    assert_eq!(paged["value"].as_array().map(Vec::len), Some(3));
    let next = text(&paged, "/_links/next/href");
    let next = next.split_once("/api/").map_or("", |(_, rest)| rest);
    let rest = ok(bench.call("GET", &format!("/api/{next}"), None));
    assert_eq!(rest["value"].as_array().map(Vec::len), Some(1));
    assert!(rest["_links"].get("next").is_none());
}

#[test]
fn targets_over_all_ways_and_all_apps() {
    let bench = Bench::new();
    let (ada, app, admins) = (user(&bench, "ada"), app(&bench), group(&bench, "Admins"));
    let roles = format!("/api/v1/users/{ada}/roles");
    let own = post(&bench, &roles, &json!({ "type": "APP_ADMIN" }));
    let target = format!("{roles}/{}/targets/catalog/apps", id(&own));
    ok(bench.call("PUT", &format!("{target}/bookmark/{app}"), None));
    ok(bench.call("PUT", &format!("/api/v1/groups/{admins}/users/{ada}"), None));
    let of_group = format!("/api/v1/groups/{admins}/roles");
    let through = post(&bench, &of_group, &json!({ "type": "APP_ADMIN" }));
    let through = format!("{of_group}/{}/targets/catalog/apps", id(&through));
    ok(bench.call("PUT", &format!("{through}/zoho_crm"), None));

    let encoded = super::base32("APP_ADMIN");
    let list = |query: &str| bench.call("GET", &format!("{roles}/{encoded}/targets{query}"), None);
    let all = ok(list(""));
    let ways: Vec<&str> = all
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| text(one, "/assignmentType"))
        .collect();
    assert_eq!(ways, ["USER", "GROUP"], "{all}");
    assert!(
        text(&all[0], "/orn").ends_with(&format!(":apps:bookmark:{app}")),
        "{all}"
    );
    let by_group = ok(list("?assignmentType=GROUP"));
    assert!(
        text(&by_group[0], "/orn").ends_with(":apps:zoho_crm"),
        "{by_group}"
    );
    assert_eq!(list("?assignmentType=OTHER").0, 400);

    ok(bench.call("PUT", &target, None));
    assert_eq!(ok(list("?assignmentType=USER")), json!([]));
    post(&bench, &roles, &json!({ "type": "ORG_ADMIN" }));
    let wrong = format!("{roles}/{}", super::base32("ORG_ADMIN"));
    let of_other = bench.call("GET", &format!("{wrong}/targets"), None);
    assert_eq!(of_other, (200, json!([])));
    let (status, refused) = bench.call("PUT", &format!("{wrong}/targets/catalog/apps"), None);
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000091"));
    assert_eq!(
        bench
            .call("GET", &format!("{roles}/raNone/targets"), None)
            .0,
        404
    );
}

#[test]
fn permissions_of_users_take_conditions() {
    let bench = Bench::new();
    let role = post(
        &bench,
        "/api/v1/iam/roles",
        &json!({ "label": "Readers", "description": "",
        "permissions": ["okta.users.read", "okta.groups.read"] }),
    );
    let own = format!("/api/v1/iam/roles/{}/permissions", id(&role));
    let put = |name: &str, conditions: Value| {
        let body = json!({ "conditions": conditions });
        bench.call("PUT", &format!("{own}/{name}"), Some(&body))
    };
    let city = json!({ "okta:ResourceAttribute/User/Profile": ["city"] });
    let set = ok(put("okta.users.read", json!({ "include": city })));
    assert_eq!(set["conditions"]["include"], city);
    let kept = ok(bench.call("GET", &format!("{own}/okta.users.read"), None));
    assert_eq!(kept["conditions"], set["conditions"]);
    for (name, conditions) in [
        ("okta.groups.read", json!({ "include": city })),
        (
            "okta.users.read",
            json!({ "include": city, "exclude": city }),
        ),
        ("okta.users.read", json!({})),
        (
            "okta.users.read",
            json!({ "include": { "okta:Other": ["city"] } }),
        ),
        (
            "okta.users.read",
            json!({ "include": { "okta:ResourceAttribute/User/Profile": ["shoe"] } }),
        ),
    ] {
        let (status, refused) = put(name, conditions.clone());
        assert_eq!(
            (status, text(&refused, "/errorCode")),
            (400, "E0000001"),
            "{conditions}"
        );
    }
    assert_eq!(
        put("okta.apps.read", Value::Null).0,
        404,
        "the role lacks it"
    );
    assert_eq!(
        ok(put("okta.users.read", Value::Null))["conditions"],
        Value::Null
    );
    let made = json!({ "conditions": { "exclude": city } });
    assert_eq!(
        bench
            .call("POST", &format!("{own}/okta.users.manage"), Some(&made))
            .0,
        204
    );
    let org = bench.shared.org();
    let events = |kind: &str| {
        let all = org.log.placed();
        all.filter(|(_, event)| event["eventType"] == kind).count()
    };
    assert_eq!(events("iam.role.permission.conditions.add"), 2);
    assert_eq!(events("iam.role.permission.conditions.delete"), 1);
}

#[test]
fn resources_leave_out_what_their_conditions_say() {
    let bench = Bench::new();
    let app = app(&bench);
    let orn = format!("orn:okta:idp:{}:apps", bench.shared.org().id);
    let set = post(
        &bench,
        "/api/v1/iam/resource-sets",
        &json!({ "label": "Apps", "description": "Apps", "resources": [orn] }),
    );
    let resources = format!("/api/v1/iam/resource-sets/{}/resources", id(&set));
    let listed = ok(bench.call("GET", &resources, None));
    let own = format!("{resources}/{}", text(&listed, "/resources/0/id"));
    let put =
        |conditions: Value| bench.call("PUT", &own, Some(&json!({ "conditions": conditions })));
    let exclude = |orn: &str| json!({ "Exclude": { "okta:ORN": [orn] } });
    let set_now = ok(put(exclude(&format!("{orn}:bookmark:{app}"))));
    assert_eq!(
        set_now["conditions"]["Exclude"]["okta:ORN"][0],
        format!("{orn}:bookmark:{app}")
    );
    for bad in [
        exclude("orn:okta:directory:00o1:groups:00g1"),
        exclude("0oa1"),
        json!({ "Exclude": {} }),
    ] {
        assert_eq!(put(bad.clone()).0, 400, "{bad}");
    }
    assert_eq!(
        bench
            .call("PUT", &format!("{resources}/ireNone"), Some(&json!({})))
            .0,
        404
    );

    // An admin by this set sees all apps but that one.
    let role = post(
        &bench,
        "/api/v1/iam/roles",
        &json!({ "label": "Readers", "description": "", "permissions": ["okta.apps.read"] }),
    );
    let ada = user(&bench, "ada");
    post(
        &bench,
        &format!("/api/v1/users/{ada}/roles"),
        &json!({ "type": "CUSTOM", "role": role["id"], "resource-set": set["id"] }),
    );
    let sees = |bench: &Bench| {
        let mut org = bench.shared.org();
        let (token, owner) = (bench.shared.credentials.api_token.clone(), ada.clone());
        let before = org.api_tokens.get(&token).cloned().expect("a token");
        org.api_tokens
            .insert(token.clone(), (before.0.clone(), owner));
        drop(org);
        let status = bench.call("GET", &format!("/api/v1/apps/{app}"), None).0;
        let listed = ok(bench.call("GET", "/api/v1/apps?limit=200", None));
        let listed = listed.as_array().into_iter().flatten();
        let listed = { listed }.any(|one| one["id"] == app);
        assert_eq!(listed, status == 200, "lists show the same");
        bench.shared.org().api_tokens.insert(token, before);
        status
    };
    assert_eq!(sees(&bench), 403);
    let open = ok(put(Value::Null));
    assert!(open.get("conditions").is_none(), "{open}");
    assert_eq!(sees(&bench), 200);
}

#[test]
fn not_every_group_can_govern() {
    let bench = Bench::new();
    let assign = |group: &str, body: &Value| {
        let path = format!("/api/v1/groups/{group}/roles");
        let (status, answer) = bench.call("POST", &path, Some(body));
        (status, text(&answer, "/errorCode").to_owned())
    };
    let role = json!({ "type": "READ_ONLY_ADMIN" });
    let everyone = bench.shared.org().everyone.clone();
    assert_eq!(assign(&everyone, &role), (400, "E0000211".into()));
    let body = json!({ "profile": { "name": "Ruled" } });
    let (_, group) = bench.call("POST", "/api/v1/groups", Some(&body));
    let group = text(&group, "/id");
    let (_, custom) = bench.call(
        "POST",
        "/api/v1/iam/roles",
        Some(&json!({
            "label": "R", "description": "R", "permissions": ["okta.users.read"],
        })),
    );
    let nowhere = json!({ "type": "CUSTOM", "role": custom["id"], "resource-set": "iam0" });
    assert_eq!(assign(group, &nowhere), (404, "E0000007".into()));
    let rule = json!({
        "type": "group_rule", "name": "One",
        "conditions": { "expression": {
            "type": "urn:okta:expression:1.0", "value": "user.login == \"x\"",
        } },
        "actions": { "assignUserToGroups": { "groupIds": [group] } },
    });
    let (_, rule) = bench.call("POST", "/api/v1/groups/rules", Some(&rule));
    assert_eq!(assign(group, &role), (400, "E0000192".into()));
    let rule = format!("/api/v1/groups/rules/{}", text(&rule, "/id"));
    assert_eq!(bench.call("DELETE", &rule, None).0, 202);
    let fill = |upto: usize| {
        let mut org = bench.shared.org();
        for number in 0..upto {
            org.members.put(group, &format!("00u{number}"), ());
        }
    };
    fill(5001);
    assert_eq!(assign(group, &role), (400, "E0000193".into()));
    bench.shared.org().members.remove_left(group);
    fill(5000);
    assert_eq!(assign(group, &role).0, 201);
}

#[test]
fn a_deleted_role_is_bound_nowhere() {
    let bench = Bench::new();
    let role = json!({ "label": "R", "description": "R", "permissions": ["okta.users.read"] });
    let role = id(&post(&bench, "/api/v1/iam/roles", &role));
    let sets = "/api/v1/iam/resource-sets";
    let set = json!({ "label": "S", "description": "S" });
    let bindings = format!("{sets}/{}/bindings", id(&post(&bench, sets, &set)));
    let member = format!("http://127.0.0.1:8080/api/v1/users/{}", user(&bench, "ann"));
    post(
        &bench,
        &bindings,
        &json!({ "role": role, "members": [member] }),
    );
    let (status, _) = bench.call("DELETE", &format!("/api/v1/iam/roles/{role}"), None);
    assert_eq!(status, 204);
    assert_eq!(bench.call("GET", &bindings, None).1["roles"], json!([]));
    let org = bench.shared.org();
    assert!(org.shelves.keys().all(|path| !path.contains(&role)));
}

#[test]
fn resources_of_a_set_come_in_pages() {
    let bench = Bench::new();
    let groups: Vec<String> = (0..120)
        .map(|number| format!("http://127.0.0.1:8080/api/v1/groups/00g{number}"))
        .collect();
    let sets = "/api/v1/iam/resource-sets";
    let set = json!({ "label": "S", "description": "S", "resources": groups });
    let own = format!("{sets}/{}/resources", id(&post(&bench, sets, &set)));
    let (_, first) = bench.call("GET", &own, None);
    let next = text(&first, "/_links/next/href");
    let next = &next[next.find("/api").expect("a path")..];
    let (_, second) = bench.call("GET", next, None);
    assert!(second["_links"]["next"].is_null(), "{second}");
    let count = |page: &Value| page["resources"].as_array().map(Vec::len);
    assert_eq!((count(&first), count(&second)), (Some(100), Some(20)));
    assert_ne!(first["resources"][99]["id"], second["resources"][0]["id"]);
    let (_, few) = bench.call("GET", &format!("{own}?limit=7"), None);
    assert_eq!(count(&few), Some(7));
}
