//! Admin roles limit what callers may do, besides scopes.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A caller with an access token of all scopes, or an API token.
struct Caller<'s> {
    sandbox: &'s Sandbox,
    authorization: String,
}

impl Caller<'_> {
    async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.sandbox.url());
        let request = client()
            .request(method.parse().expect("a method"), url)
            .header("authorization", &self.authorization);
        answer(match body {
            Value::Null => request.header("content-length", "0"),
            body => request.json(&body),
        })
        .await
    }

    /// True if a call is let through by the roles, whatever comes of it.
    async fn may(&self, method: &str, path: &str) -> bool {
        let body = if method == "POST" || method == "PUT" {
            json!({})
        } else {
            Value::Null
        };
        let (status, body) = self.call(method, path, body).await;
        let refused = status == 403 && code(&body) == "E0000006";
        if refused {
            let text = "You do not have permission to perform the requested action";
            assert_eq!(body["errorSummary"], text);
        }
        !refused
    }
}

const SCOPES: [&str; 7] = [
    "okta.users.manage",
    "okta.groups.manage",
    "okta.apps.manage",
    "okta.logs.read",
    "okta.roles.manage",
    "okta.policies.manage",
    "okta.authorizationServers.manage",
];

/// A client without roles, as the API makes them; its id.
async fn bare_client(sandbox: &Sandbox) -> (okta_sandbox::ServiceApp, String) {
    let app = sandbox.create_service_app(&SCOPES);
    sandbox.remove_roles(&app.client_id);
    let token = token(sandbox, &app, &SCOPES.join(" ")).await;
    (app, format!("Bearer {token}"))
}

async fn assign(admin: &Admin<'_>, client: &str, body: Value) -> Value {
    let (status, role) = admin
        .post(&format!("/oauth2/v1/clients/{client}/roles"), body)
        .await;
    assert_eq!(status, 201, "{role}");
    role
}

#[tokio::test]
async fn a_service_app_needs_a_role_besides_its_scopes() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (app, authorization) = bare_client(&sandbox).await;
    let caller = Caller {
        sandbox: &sandbox,
        authorization,
    };
    assert!(!caller.may("GET", "/api/v1/users").await);
    assert!(
        !caller.may("GET", "/api/v1/users/me").await,
        "clients are no users"
    );
    let role = assign(&admin, &app.client_id, json!({ "type": "READ_ONLY_ADMIN" })).await;
    assert_eq!(role["assignmentType"], "CLIENT");
    assert!(
        caller.may("GET", "/api/v1/users").await,
        "at once, with the same token"
    );
    assert!(!caller.may("POST", "/api/v1/users").await);
    let own = format!("/oauth2/v1/clients/{}/roles", app.client_id);
    let (status, _) = admin.bare("DELETE", &format!("{own}/{}", id(&role))).await;
    assert_eq!(status, 204);
    assert!(!caller.may("GET", "/api/v1/users").await);
    assert_eq!(admin.get(&own).await.1, json!([]));
    assert_eq!(
        admin
            .events("app.oauth2.client.privilege.grant")
            .await
            .len(),
        1
    );
    // The scope is looked at first.
    let url = format!("{}/api/v1/zones", sandbox.url());
    let response = send(
        client()
            .get(url)
            .header("authorization", &caller.authorization),
    )
    .await;
    assert!(response.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn standard_roles_allow_what_they_are_for() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let user = id(&admin.user("ada@example.com").await);
    let group = admin.group("G").await;
    let reset = format!("/api/v1/users/{user}/lifecycle/reset_password?sendEmail=false");
    let member = format!("/api/v1/groups/{group}/users/{user}");
    let calls = [
        ("GET", "/api/v1/users"),
        ("POST", "/api/v1/users"),
        ("POST", &reset),
        ("PUT", &member),
        ("POST", "/api/v1/groups"),
        ("POST", "/api/v1/apps"),
        ("POST", "/api/v1/policies"),
        ("POST", "/api/v1/authorizationServers"),
        ("GET", "/api/v1/logs"),
        ("POST", "/api/v1/iam/roles"),
    ];
    for (role, expected) in [
        ("SUPER_ADMIN", "1111111111"),
        ("ORG_ADMIN", "1111101010"),
        ("APP_ADMIN", "1000010010"),
        ("USER_ADMIN", "1111000010"),
        ("HELP_DESK_ADMIN", "1010000010"),
        ("READ_ONLY_ADMIN", "1000000010"),
        ("GROUP_MEMBERSHIP_ADMIN", "1001000000"),
        ("API_ACCESS_MANAGEMENT_ADMIN", "1000010110"),
        ("REPORT_ADMIN", "1000000010"),
    ] {
        let (app, authorization) = bare_client(&sandbox).await;
        assign(&admin, &app.client_id, json!({ "type": role })).await;
        let caller = Caller {
            sandbox: &sandbox,
            authorization,
        };
        let mut found = String::new();
        for (method, path) in calls {
            found.push(if caller.may(method, path).await {
                '1'
            } else {
                '0'
            });
        }
        assert_eq!(found, expected, "{role}");
    }
}

#[tokio::test]
async fn targets_narrow_a_role() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (inside, outside) = (admin.group("In").await, admin.group("Out").await);
    let ada = id(&admin.user("ada@example.com").await);
    let bob = id(&admin.user("bob@example.com").await);
    admin
        .bare("PUT", &format!("/api/v1/groups/{inside}/users/{ada}"))
        .await;
    let (app, authorization) = bare_client(&sandbox).await;
    let role = assign(&admin, &app.client_id, json!({ "type": "USER_ADMIN" })).await;
    let target = format!(
        "/oauth2/v1/clients/{}/roles/{}/targets/groups/{inside}",
        app.client_id,
        id(&role)
    );
    assert_eq!(admin.bare("PUT", &target).await.0, 204);
    let caller = Caller {
        sandbox: &sandbox,
        authorization,
    };
    assert!(caller.may("POST", &format!("/api/v1/users/{ada}")).await);
    assert!(!caller.may("POST", &format!("/api/v1/users/{bob}")).await);
    assert!(caller.may("GET", "/api/v1/users/ada@example.com").await);
    assert!(
        !caller
            .may("PUT", &format!("/api/v1/groups/{outside}/users/{bob}"))
            .await
    );
    let mut new = json!({ "profile": { "login": "c@example.com", "email": "c@example.com",
        "firstName": "C", "lastName": "C" } });
    assert_eq!(
        caller.call("POST", "/api/v1/users", new.clone()).await.0,
        403
    );
    new["groupIds"] = json!([outside]);
    assert_eq!(
        caller.call("POST", "/api/v1/users", new.clone()).await.0,
        403
    );
    new["groupIds"] = json!([inside]);
    assert_eq!(caller.call("POST", "/api/v1/users", new).await.0, 200);
}

#[tokio::test]
async fn custom_roles_permit_by_name_within_a_resource_set() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (inside, outside) = (admin.group("In").await, admin.group("Out").await);
    let ada = id(&admin.user("ada@example.com").await);
    let bob = id(&admin.user("bob@example.com").await);
    admin
        .bare("PUT", &format!("/api/v1/groups/{inside}/users/{ada}"))
        .await;
    let permissions = [
        "okta.users.read",
        "okta.users.lifecycle.suspend",
        "okta.groups.read",
    ];
    let role = json!({ "label": "Suspender", "description": "d", "permissions": permissions });
    let (status, role) = admin.post("/api/v1/iam/roles", role).await;
    assert_eq!(status, 200, "{role}");
    let url = |path: &str| format!("{}/api/v1/{path}", sandbox.url());
    let resources = [
        url(&format!("groups/{inside}")),
        url(&format!("groups/{inside}/users")),
    ];
    let set = json!({ "label": "Inside", "description": "d", "resources": resources });
    let (status, set) = admin.post("/api/v1/iam/resource-sets", set).await;
    assert_eq!(status, 200, "{set}");
    let (app, authorization) = bare_client(&sandbox).await;
    let custom = json!({ "type": "CUSTOM", "role": id(&role), "resource-set": id(&set) });
    assign(&admin, &app.client_id, custom).await;
    let caller = Caller {
        sandbox: &sandbox,
        authorization,
    };
    for (method, path, expected) in [
        ("GET", format!("/api/v1/users/{ada}"), true),
        ("GET", format!("/api/v1/users/{bob}"), false),
        (
            "POST",
            format!("/api/v1/users/{ada}/lifecycle/suspend"),
            true,
        ),
        (
            "POST",
            format!("/api/v1/users/{ada}/lifecycle/unsuspend"),
            false,
        ),
        (
            "POST",
            format!("/api/v1/users/{bob}/lifecycle/suspend"),
            false,
        ),
        ("POST", format!("/api/v1/users/{ada}"), false),
        ("GET", format!("/api/v1/groups/{inside}"), true),
        ("GET", format!("/api/v1/groups/{outside}"), false),
        ("PUT", format!("/api/v1/groups/{inside}/users/{bob}"), false),
        ("GET", "/api/v1/apps".to_owned(), false),
        ("GET", "/api/v1/iam/roles".to_owned(), false),
    ] {
        assert_eq!(caller.may(method, &path).await, expected, "{method} {path}");
    }
    // The same by a binding, for a user with an API token.
    let binding = json!({ "role": id(&role), "members": [url(&format!("users/{bob}"))] });
    let target = format!("/api/v1/iam/resource-sets/{}/bindings", id(&set));
    let (status, body) = admin.post(&target, binding).await;
    assert_eq!(status, 200, "{body}");
    let token = sandbox.create_api_token(&bob).expect("a token");
    let caller = Caller {
        sandbox: &sandbox,
        authorization: format!("SSWS {token}"),
    };
    assert!(caller.may("GET", &format!("/api/v1/users/{ada}")).await);
    assert!(!caller.may("POST", "/api/v1/users").await);
}

#[tokio::test]
async fn a_users_token_does_what_the_user_may() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let ada = id(&admin.user("ada@example.com").await);
    let token = sandbox.create_api_token(&ada).expect("a token");
    let caller = Caller {
        sandbox: &sandbox,
        authorization: format!("SSWS {token}"),
    };
    assert!(
        caller.may("GET", "/api/v1/users/me").await,
        "everyone may see themselves"
    );
    assert!(!caller.may("GET", "/api/v1/users").await);
    assert!(
        !caller
            .may("POST", "/api/v1/users/me/lifecycle/deactivate")
            .await
    );
    let group = admin.group("Admins").await;
    let (status, _) = admin
        .post(
            &format!("/api/v1/groups/{group}/roles"),
            json!({ "type": "USER_ADMIN" }),
        )
        .await;
    assert!(status.is_success());
    admin
        .bare("PUT", &format!("/api/v1/groups/{group}/users/{ada}"))
        .await;
    assert!(caller.may("GET", "/api/v1/users").await, "through a group");
    assert!(sandbox.create_api_token("00unobody").is_err());
}

/// The names or logins of what a caller sees of a list.
async fn seen(caller: &Caller<'_>, path: &str) -> Vec<String> {
    let (status, list) = caller.call("GET", path, Value::Null).await;
    assert_eq!(status, 200, "{path}: {list}");
    let name = |one: &Value| {
        let named = ["/profile/login", "/profile/name", "/label", "/name"];
        let found = named.iter().find_map(|path| one.pointer(path)?.as_str());
        found.expect("a name").to_owned()
    };
    list.as_array().expect("a list").iter().map(name).collect()
}

#[tokio::test]
async fn lists_show_what_targets_cover() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (inside, outside) = (admin.group("In").await, admin.group("Out").await);
    let ada = id(&admin.user("ada@example.com").await);
    admin.user("bob@example.com").await;
    for group in [&inside, &outside] {
        let member = format!("/api/v1/groups/{group}/users/{ada}");
        admin.bare("PUT", &member).await;
    }
    let mut apps = Vec::new();
    for label in ["Mine", "Other"] {
        let app = json!({ "signOnMode": "BOOKMARK", "name": "bookmark", "label": label,
            "settings": { "app": { "url": "https://wiki.example.com" } } });
        let app = id(&admin.post("/api/v1/apps", app).await.1);
        let assigned = format!("/api/v1/apps/{app}/groups/{inside}");
        admin.put(&assigned, json!({})).await;
        apps.push(app);
    }
    let everyone = [
        "admin@sandbox.example.com",
        "ada@example.com",
        "bob@example.com",
    ];
    let mut limited = Vec::new();
    for (role, target) in [
        ("USER_ADMIN", format!("groups/{inside}")),
        ("HELP_DESK_ADMIN", format!("groups/{inside}")),
        ("GROUP_MEMBERSHIP_ADMIN", format!("groups/{inside}")),
        ("APP_ADMIN", format!("catalog/apps/bookmark/{}", apps[0])),
    ] {
        let (app, authorization) = bare_client(&sandbox).await;
        let caller = Caller {
            sandbox: &sandbox,
            authorization,
        };
        let made = assign(&admin, &app.client_id, json!({ "type": role })).await;
        assert!(
            seen(&caller, "/api/v1/users").await.len() >= 3,
            "{role} without targets"
        );
        let own = format!("/oauth2/v1/clients/{}/roles/{}", app.client_id, id(&made));
        let target = format!("{own}/targets/{target}");
        assert_eq!(admin.bare("PUT", &target).await.0, 204, "{target}");
        limited.push((role, app, caller));
    }
    for (role, _, caller) in &limited {
        let users = seen(caller, "/api/v1/users").await;
        match *role {
            "USER_ADMIN" | "HELP_DESK_ADMIN" => {
                assert_eq!(users, ["ada@example.com"], "{role}");
                for query in ["q=b", "search=status+pr", "filter=status+eq+%22ACTIVE%22"] {
                    let found = seen(caller, &format!("/api/v1/users?{query}")).await;
                    assert!(!found.contains(&everyone[2].to_owned()), "{role} {query}");
                }
            }
            _ => assert!(
                everyone
                    .iter()
                    .all(|one| users.contains(&(*one).to_owned())),
                "{role}"
            ),
        }
        if *role == "APP_ADMIN" {
            assert_eq!(seen(caller, "/api/v1/apps").await, ["Mine"]);
            let of_group = format!("/api/v1/groups/{inside}/apps");
            assert_eq!(seen(caller, &of_group).await, ["Mine"]);
            assert!(
                caller
                    .may("GET", &format!("/api/v1/apps/{}", apps[0]))
                    .await
            );
            assert!(
                !caller
                    .may("GET", &format!("/api/v1/apps/{}", apps[1]))
                    .await
            );
        } else {
            for path in [
                "/api/v1/groups".to_owned(),
                "/api/v1/groups?search=type+pr".to_owned(),
                format!("/api/v1/users/{ada}/groups"),
            ] {
                assert_eq!(seen(caller, &path).await, ["In"], "{role} {path}");
            }
            assert!(
                !caller
                    .may("GET", &format!("/api/v1/groups/{outside}"))
                    .await
            );
        }
    }
    // A second role adds to what one sees.
    assign(
        &admin,
        &limited[0].1.client_id,
        json!({ "type": "READ_ONLY_ADMIN" }),
    )
    .await;
    assert!(seen(&limited[0].2, "/api/v1/users").await.len() >= 3);
}

#[tokio::test]
async fn lists_show_what_resource_sets_hold() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let group = admin.group("In").await;
    admin.group("Out").await;
    let ada = id(&admin.user("ada@example.com").await);
    admin.user("bob@example.com").await;
    admin
        .bare("PUT", &format!("/api/v1/groups/{group}/users/{ada}"))
        .await;
    let role = json!({ "label": "Reader", "description": "d",
        "permissions": ["okta.users.read", "okta.groups.read", "okta.authzServers.read"] });
    let (_, role) = admin.post("/api/v1/iam/roles", role).await;
    let server = json!({ "name": "Mine", "description": "d", "audiences": ["api://mine"] });
    let (status, server) = admin.post("/api/v1/authorizationServers", server).await;
    assert_eq!(status, 201, "{server}");
    let url = |path: String| format!("{}/api/v1/{path}", sandbox.url());
    let resources = [
        url(format!("authorizationServers/{}", id(&server))),
        url(format!("groups/{group}")),
        url(format!("groups/{group}/users")),
    ];
    let set = json!({ "label": "Inside", "description": "d", "resources": resources });
    let (_, set) = admin.post("/api/v1/iam/resource-sets", set).await;
    let (app, authorization) = bare_client(&sandbox).await;
    let custom = json!({ "type": "CUSTOM", "role": id(&role), "resource-set": id(&set) });
    assign(&admin, &app.client_id, custom).await;
    let caller = Caller {
        sandbox: &sandbox,
        authorization,
    };
    assert_eq!(seen(&caller, "/api/v1/users").await, ["ada@example.com"]);
    assert_eq!(
        seen(&caller, "/api/v1/users?limit=1").await,
        ["ada@example.com"]
    );
    assert_eq!(seen(&caller, "/api/v1/groups").await, ["In"]);
    let servers = "/api/v1/authorizationServers";
    assert_eq!(seen(&caller, servers).await, ["Mine"]);
    assert!(!caller.may("GET", &format!("{servers}/default")).await);
}
