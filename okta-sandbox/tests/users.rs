//! Users: lifecycle, search, paging, events.

mod common;

use common::*;
use okta_sandbox::{PagingQuirks, Sandbox, SeedOrg};
use serde_json::{Value, json};

fn links(response: &reqwest::Response) -> Vec<String> {
    response
        .headers()
        .get_all("link")
        .iter()
        .map(|l| l.to_str().expect("text").to_owned())
        .collect()
}

fn target(link: &str) -> String {
    link.trim_start_matches('<')
        .split('>')
        .next()
        .expect("a target")
        .to_owned()
}

#[tokio::test]
async fn a_user_lives_through_its_statuses() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let user = admin.user("ada@example.com").await;
    assert_eq!(user["status"], "ACTIVE");
    assert!(
        user["credentials"]["password"] == json!({}),
        "the password is not shown"
    );
    let path = format!("/api/v1/users/{}", id(&user));
    for (step, expected, code, status) in [
        ("activate", 403, "E0000016", "ACTIVE"),
        ("unsuspend", 400, "E0000001", "ACTIVE"),
        ("unlock", 403, "E0000032", "ACTIVE"),
        ("suspend", 200, "", "SUSPENDED"),
        ("suspend", 400, "E0000001", "SUSPENDED"),
        ("unsuspend", 200, "", "ACTIVE"),
        ("reactivate", 403, "E0000038", "ACTIVE"),
        ("expire_password", 200, "", "PASSWORD_EXPIRED"),
        ("deactivate", 200, "", "DEPROVISIONED"),
        ("deactivate", 404, "E0000007", "DEPROVISIONED"),
        ("activate", 200, "", "ACTIVE"),
        ("reset_password?sendEmail=false", 200, "", "RECOVERY"),
    ] {
        let (got, body) = admin
            .bare("POST", &format!("{path}/lifecycle/{step}"))
            .await;
        assert_eq!(
            (got.as_u16(), common::code(&body)),
            (expected, code),
            "{step}: {body}"
        );
        assert_eq!(admin.get(&path).await.1["status"], status, "after {step}");
    }
    assert_eq!(admin.bare("DELETE", &path).await.0, 204);
    assert_eq!(admin.get(&path).await.1["status"], "DEPROVISIONED");
    assert_eq!(admin.bare("DELETE", &path).await.0, 204);
    let (status, body) = admin.get(&path).await;
    assert_eq!(status, 404);
    assert_eq!(
        body["errorSummary"],
        format!("Not found: Resource not found: {} (User)", id(&user))
    );
    assert_eq!(
        admin.events("user.lifecycle.delete.completed").await.len(),
        1
    );
    assert_eq!(admin.events("user.lifecycle.suspend").await.len(), 1);
}

#[tokio::test]
async fn created_users_depend_on_parameters() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let profile =
        |login: &str| json!({ "login": login, "email": login, "firstName": "A", "lastName": "B" });
    for (query, password, expected) in [
        ("?activate=false", false, Ok("STAGED")),
        ("", false, Ok("PROVISIONED")),
        ("", true, Ok("ACTIVE")),
        ("?provider=true", false, Ok("ACTIVE")),
        ("?nextLogin=changePassword", true, Ok("PASSWORD_EXPIRED")),
        ("?nextLogin=changePassword", false, Err("E0000124")),
        (
            "?activate=false&nextLogin=changePassword",
            true,
            Err("E0000125"),
        ),
    ] {
        let mut body = json!({ "profile": profile(&format!("{}@example.com", unique())) });
        if password {
            body["credentials"] = json!({ "password": { "value": "Secret-1234" } });
        }
        let (_, answer) = admin.post(&format!("/api/v1/users{query}"), body).await;
        let got = answer["status"].as_str().ok_or(common::code(&answer));
        assert_eq!(got, expected, "{query} {password}");
    }
    admin.user("taken@example.com").await;
    for (body, summary, cause) in [
        (
            json!({ "profile": profile("taken@example.com") }),
            "Api validation failed: login",
            "login: An object with this field already exists in the current organization",
        ),
        (
            json!({ "profile": { "login": "new@example.com", "email": "new@example.com", "firstName": "A", "shoe": 3 } }),
            "Api validation failed: newUser",
            "Property name 'shoe' is not defined in profile",
        ),
    ] {
        let (status, answer) = admin.post("/api/v1/users", body).await;
        assert_eq!(
            (status.as_u16(), &answer["errorSummary"]),
            (400, &json!(summary))
        );
        assert_eq!(answer["errorCauses"][0]["errorSummary"], cause);
    }
    let (status, answer) = answer(admin.request("POST", "/api/v1/users").body("{oops")).await;
    assert_eq!((status.as_u16(), common::code(&answer)), (400, "E0000003"));
}

#[tokio::test]
async fn post_merges_and_put_replaces() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let attribute = json!({ "definitions": { "custom": { "properties": {
        "shoeSize": { "title": "Shoe size", "type": "integer" },
    } } } });
    assert_eq!(
        admin
            .post("/api/v1/meta/schemas/user/default", attribute)
            .await
            .0,
        200
    );
    let user = admin.user("ada@example.com").await;
    let path = format!("/api/v1/users/{}", id(&user));
    let (_, after) = admin
        .post(
            &path,
            json!({ "profile": { "nickName": "A", "shoeSize": 38 } }),
        )
        .await;
    assert_eq!(
        (
            &after["profile"]["nickName"],
            &after["profile"]["firstName"]
        ),
        (&json!("A"), &json!("Test"))
    );
    let (status, _) = admin
        .post(&path, json!({ "profile": { "shoeSize": "big" } }))
        .await;
    assert_eq!(status, 400, "wrong type");
    let whole = json!({ "profile": {
        "login": "new@example.com", "email": "new@example.com", "firstName": "N", "lastName": "B",
    } });
    let (_, after) = admin.put(&path, whole).await;
    assert!(
        after["profile"].get("nickName").is_none() && after["profile"].get("shoeSize").is_none()
    );
    assert_eq!(admin.get("/api/v1/users/new@example.com").await.0, 200);
    assert_eq!(
        admin.get("/api/v1/users/NEW").await.0,
        200,
        "short login, any case"
    );
    assert_eq!(admin.get("/api/v1/users/ada@example.com").await.0, 404);
    let before = send(admin.request("GET", &path)).await.headers()["etag"].clone();
    assert_eq!(
        before,
        send(admin.request("GET", &path)).await.headers()["etag"]
    );
    admin
        .post(&path, json!({ "profile": { "city": "Osaka" } }))
        .await;
    assert_ne!(
        before,
        send(admin.request("GET", &path)).await.headers()["etag"]
    );
    assert!(before.to_str().expect("text").starts_with("W/\""));
}

#[tokio::test]
async fn lists_page_with_two_link_lines() {
    let sandbox = Sandbox::start().await.expect("starts");
    sandbox.seed(SeedOrg {
        users: 25,
        groups: 2,
        apps: 0,
        ..SeedOrg::default()
    });
    let admin = Admin::new(&sandbox);
    let mut seen = Vec::new();
    let mut next = Some("/api/v1/users?limit=10&search=profile.email+pr".to_owned());
    while let Some(at) = next {
        let response = send(admin.request("GET", &at)).await;
        let lines = links(&response);
        assert!(lines[0].ends_with("; rel=\"self\""));
        next = lines.get(1).map(|line| target(line));
        if let Some(next) = &next {
            assert!(
                lines[1].ends_with("; rel=\"next\"")
                    && next.contains("limit=10")
                    && next.contains("search=")
            );
        }
        let page: Vec<Value> = response.json().await.expect("a list");
        assert!(page.len() <= 10);
        seen.extend(page.iter().map(id));
        // Gone and new users disturb neither the cursor nor the rest.
        if seen.len() == 10 {
            admin
                .bare("DELETE", &format!("/api/v1/users/{}", seen[9]))
                .await;
            admin
                .bare("DELETE", &format!("/api/v1/users/{}", seen[9]))
                .await;
        }
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (26, 26), "25 and the admin");
    for bad in ["00u1", "nonsense"] {
        let (status, body) = admin.get(&format!("/api/v1/users?after={bad}")).await;
        assert_eq!((status.as_u16(), common::code(&body)), (400, "E0000029"));
        assert_eq!(body["errorCauses"][0]["errorSummary"], "Invalid cursor.");
    }
}

#[tokio::test]
async fn paging_quirks_show_in_links() {
    let quirks = |change: fn(&mut PagingQuirks)| {
        let mut quirks = PagingQuirks::default();
        change(&mut quirks);
        quirks
    };
    for (quirks, check) in [
        (
            quirks(|q| q.admin_host = true),
            (|l, _| l[1].contains("-admin:")) as fn(&[String], usize) -> bool,
        ),
        (quirks(|q| q.joined = true), |l, _| {
            l.len() == 1 && l[0].contains(">; rel=\"self\", <")
        }),
        (quirks(|q| q.bare_self = true), |l, _| {
            l[0].contains("/users?>; rel=\"self\"")
        }),
        (quirks(|q| q.empty_page = true), |l, items| {
            items == 0 && l[1].contains("rel=\"next\"")
        }),
    ] {
        let shown = format!("{quirks:?}");
        let bare = quirks.bare_self;
        let sandbox = Sandbox::builder()
            .paging_quirks(quirks)
            .start()
            .await
            .expect("starts");
        sandbox.seed(SeedOrg {
            users: 3,
            groups: 0,
            apps: 0,
            ..SeedOrg::default()
        });
        let admin = Admin::new(&sandbox);
        let path = if bare {
            "/api/v1/users"
        } else {
            "/api/v1/users?limit=1"
        };
        let response = send(admin.request("GET", path)).await;
        let lines = links(&response);
        let items: Vec<Value> = response.json().await.expect("a list");
        assert!(check(&lines, items.len()), "{shown}: {lines:?}");
    }
}

#[tokio::test]
async fn users_are_found_by_search_filter_and_q() {
    let sandbox = Sandbox::start().await.expect("starts");
    sandbox.seed(SeedOrg {
        users: 300,
        groups: 3,
        apps: 2,
        ..SeedOrg::default()
    });
    let admin = Admin::new(&sandbox);
    let find = async |query: &[(&str, &str)]| {
        let mut url = url::Url::parse(&format!("{}/api/v1/users", sandbox.url())).expect("a URL");
        url.query_pairs_mut().extend_pairs(query);
        admin.get(url.as_str()).await
    };
    let (_, found) = find(&[(
        "search",
        "profile.badgeNumber ge 10290 and status eq \"active\"",
    )])
    .await;
    let found = found.as_array().expect("a list");
    assert!(!found.is_empty() && found.iter().all(|u| u["status"] == "ACTIVE"));
    let (_, sorted) = find(&[
        ("search", "profile.department eq \"Sales\""),
        ("sortBy", "profile.lastName"),
        ("sortOrder", "desc"),
    ])
    .await;
    let names: Vec<String> = sorted
        .as_array()
        .expect("a list")
        .iter()
        .map(|u| {
            u["profile"]["lastName"]
                .as_str()
                .expect("a name")
                .to_lowercase()
        })
        .collect();
    assert!(
        names.len() > 5 && names.windows(2).all(|w| w[0] >= w[1]),
        "{names:?}"
    );
    let (_, gone) = find(&[("filter", "status eq \"DEPROVISIONED\"")]).await;
    assert!(!gone.as_array().expect("a list").is_empty());
    let (_, listed) = find(&[]).await;
    assert!(
        listed
            .as_array()
            .expect("a list")
            .iter()
            .all(|u| u["status"] != "DEPROVISIONED")
    );
    let (_, named) = find(&[("q", "sandbox")]).await;
    assert_eq!(named.as_array().map(Vec::len), Some(1));
    for (query, code) in [
        (
            vec![
                ("search", "status eq \"ACTIVE\""),
                ("filter", "status eq \"ACTIVE\""),
            ],
            "E0000033",
        ),
        (vec![("search", "status eq")], "E0000031"),
        (vec![("search", "status ne \"ACTIVE\"")], "E0000031"),
        (vec![("filter", "profile.city eq \"Osaka\"")], "E0000031"),
    ] {
        let (status, body) = find(&query).await;
        assert_eq!(
            (status.as_u16(), common::code(&body)),
            (400, code),
            "{query:?}"
        );
    }
}
