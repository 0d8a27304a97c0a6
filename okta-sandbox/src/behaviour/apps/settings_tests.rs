//! What belongs to an app beside its own fields: claims, logo, connection; and the settings of the
//! service's apps.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::exchange::Answer;
use crate::json::text;

fn app(bench: &Bench, body: &Value) -> String {
    let (status, app) = bench.call("POST", "/api/v1/apps", Some(body));
    assert_eq!(status, 200, "{app}");
    format!("/api/v1/apps/{}", text(&app, "/id"))
}

fn bookmark(bench: &Bench) -> String {
    let settings = json!({ "app": { "url": "https://example.com", "requestIntegration": false } });
    let body = json!({
        "name": "bookmark", "label": "Marks", "signOnMode": "BOOKMARK", "settings": settings,
    });
    app(bench, &body)
}

fn catalogue(bench: &Bench, name: &str) -> String {
    let body = json!({ "name": name, "label": name, "signOnMode": "SAML_2_0" });
    app(bench, &body)
}

fn code((status, body): (u16, Value)) -> (u16, String) {
    (status, text(&body, "/errorCode").to_owned())
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

fn events(bench: &Bench, event: &str) -> usize {
    let query = format!("/api/v1/logs?filter=eventType+eq+%22{event}%22");
    let (_, events) = bench.call("GET", &query, None);
    events.as_array().map_or(0, Vec::len)
}

#[test]
fn a_federated_claim_is_made_changed_and_deleted() {
    let bench = Bench::new();
    let claims = format!("{}/federated-claims", bookmark(&bench));
    let body = json!({ "name": "role", "expression": "appuser.entitlements.role" });
    let (status, made) = bench.call("POST", &claims, Some(&body));
    assert_eq!(status, 201, "{made}");
    assert!(text(&made, "/id").starts_with("ofc"), "{made}");
    let own = format!("{claims}/{}", text(&made, "/id"));
    let body = json!({ "name": "role", "expression": "user.profile.title" });
    let (status, kept) = bench.call("PUT", &own, Some(&body));
    assert_eq!(
        (status, text(&kept, "/expression")),
        (200, "user.profile.title")
    );
    assert_eq!(
        (&kept["id"], &kept["created"]),
        (&made["id"], &made["created"])
    );
    assert_eq!(bench.call("GET", &own, None), (200, kept.clone()));
    assert_eq!(bench.call("GET", &claims, None).1, json!([kept]));
    assert_eq!(bench.call("DELETE", &own, None).0, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(
            code(bench.call(method, &own, None)),
            refused(404, "E0000007")
        );
    }
    assert_eq!(events(&bench, "application.lifecycle.update"), 3);
}

#[test]
fn federated_claims_have_names_of_their_own_and_whole_expressions() {
    let bench = Bench::new();
    let claims = format!("{}/federated-claims", bookmark(&bench));
    let body = |name: &str, expression: &str| json!({ "name": name, "expression": expression });
    let (_, role) = bench.call("POST", &claims, Some(&body("role", "user.title")));
    let (_, other) = bench.call("POST", &claims, Some(&body("other", "user.title")));
    for wrong in [
        body("role", "user.title"),
        body("aud", "user.title"),
        body(" ", "user.title"),
        body("new", ""),
        body("new", "String.len(user.title"),
        body(&"n".repeat(256), "user.title"),
        json!({ "name": "new" }),
    ] {
        let answer = bench.call("POST", &claims, Some(&wrong));
        assert_eq!(code(answer), refused(400, "E0000001"), "{wrong}");
    }
    let own = format!("{claims}/{}", text(&other, "/id"));
    let answer = bench.call("PUT", &own, Some(&body("role", "user.title")));
    assert_eq!(code(answer), refused(400, "E0000001"), "of another claim");
    assert_eq!(bench.call("GET", &claims, None).1, json!([role, other]));
    let elsewhere = format!("{}/federated-claims", bookmark(&bench));
    assert_eq!(
        bench
            .call("POST", &elsewhere, Some(&body("role", "user.title")))
            .0,
        201
    );
}

fn upload(bench: &Bench, app: &str, image: &[u8]) -> Answer {
    upload_as(bench, app, "x", image)
}

fn upload_as(bench: &Bench, app: &str, name: &str, image: &[u8]) -> Answer {
    let head = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
    let mut form = format!("--cut\r\n{head}\r\n\r\n").into_bytes();
    form.extend(image);
    form.extend(b"\r\n--cut--\r\n");
    let media = "multipart/form-data; boundary=cut";
    bench.send("POST", &format!("{app}/logo"), media, form)
}

fn location(answer: &Answer) -> &str {
    let found = answer.headers.iter().find(|(name, _)| *name == "location");
    found.map_or("", |(_, value)| value)
}

#[test]
fn an_uploaded_logo_is_the_app_s() {
    let bench = Bench::new();
    let app = bookmark(&bench);
    let logo = || bench.call("GET", &app, None).1["_links"]["logo"][0].clone();
    let before = logo();
    for (image, media) in [
        (
            &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"[..],
            "image/png",
        ),
        (
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "image/svg+xml",
        ),
        (b"GIF89a", "image/gif"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
    ] {
        let answer = upload(&bench, &app, image);
        assert_eq!((answer.status, answer.body.len()), (201, 0), "{media}");
        let now = logo();
        assert_ne!(now["href"], before["href"]);
        assert_eq!(
            (text(&now, "/href"), text(&now, "/type")),
            (location(&answer), media)
        );
    }
    let kept = logo();
    let large = [&b"GIF89a"[..], &vec![0; 1024 * 1024]].concat();
    for wrong in [&b"BM bitmap"[..], &large, &[0, 0, 1, 0, 0, 0, 16, 16]] {
        let answer = upload(&bench, &app, wrong);
        let body: Value = serde_json::from_slice(&answer.body).expect("an error");
        assert_eq!(
            (answer.status, text(&body, "/errorCode")),
            (400, "E0000001")
        );
    }
    let target = format!("{app}/logo");
    assert_eq!(
        bench
            .send("POST", &target, "image/gif", b"GIF89a".to_vec())
            .status,
        400
    );
    assert_eq!(logo(), kept);
    assert_eq!(upload(&bench, "/api/v1/apps/none", b"GIF89a").status, 404);
    assert_eq!(events(&bench, "application.configuration.update_logo"), 4);
    // A file whose first bytes tell nothing is what its name says.
    assert_eq!(
        upload_as(&bench, &app, "a/icon.PNG", b"PNG\r\n").status,
        201
    );
    assert_eq!(text(&logo(), "/type"), "image/png");
    assert_eq!(
        upload_as(&bench, &app, "icon.bmp", b"BM bitmap").status,
        400
    );
}

#[test]
fn a_connection_with_a_token_is_kept_and_switched() {
    let bench = Bench::new();
    let own = format!("{}/connections/default", catalogue(&bench, "okta_org2org"));
    let none = json!({ "status": "UNKNOWN", "profile": { "authScheme": "UNKNOWN" } });
    assert_eq!(
        bench
            .call("POST", &format!("{own}/lifecycle/activate"), None)
            .0,
        204
    );
    assert_eq!(bench.call("GET", &own, None), (200, none));
    let body = json!({ "profile": { "authScheme": "TOKEN", "token": "hidden" } });
    let (status, kept) = bench.call("POST", &own, Some(&body));
    assert_eq!((status, text(&kept, "/status")), (200, "ENABLED"), "{kept}");
    assert!(kept["profile"]["token"].is_null() && kept["_links"]["deactivate"].is_object());
    assert_eq!(
        bench
            .call("POST", &format!("{own}/lifecycle/deactivate"), None)
            .0,
        204
    );
    let (_, now) = bench.call("GET", &own, None);
    assert_eq!(text(&now, "/status"), "DISABLED");
    assert!(now["_links"]["activate"].is_object(), "{now}");
    for scheme in [json!("BASIC"), json!(null)] {
        let body = json!({ "profile": { "authScheme": scheme } });
        assert_eq!(bench.call("POST", &own, Some(&body)).0, 400, "{scheme}");
    }
}

#[test]
fn a_connection_by_consent_works_once_it_is_verified() {
    let bench = Bench::new();
    let app = catalogue(&bench, "slack");
    let id = app.rsplit('/').next().expect("an id");
    let verify = |name: &str, query: &str| {
        let target = format!("/api/v1/apps/{name}/{id}/oauth2/callback{query}");
        bench.call("POST", &target, None)
    };
    let good = "?code=abc&state=def";
    assert_eq!(
        code(verify("slack", good)),
        refused(404, "E0000007"),
        "no connection"
    );
    let own = format!("{app}/connections/default");
    let body = json!({ "profile": { "authScheme": "OAUTH2" } });
    let (_, made) = bench.call("POST", &own, Some(&body));
    assert_eq!(text(&made, "/status"), "DISABLED", "{made}");
    assert_eq!(
        code(verify("zoomus", good)),
        refused(404, "E0000007"),
        "another app"
    );
    assert_eq!(
        code(verify("slack", "?state=def")),
        refused(400, "E0000001")
    );
    assert_eq!(verify("slack", good).0, 204);
    assert_eq!(text(&bench.call("GET", &own, None).1, "/status"), "ENABLED");
    let (_, again) = bench.call("POST", &own, Some(&body));
    assert_eq!(text(&again, "/status"), "ENABLED", "consent was given");
}

#[test]
fn the_connection_s_key_is_the_public_half_of_the_app_s() {
    let bench = Bench::new();
    let app = catalogue(&bench, "okta_org2org");
    let (_, shown) = bench.call("GET", &app, None);
    let (status, set) = bench.call("GET", &format!("{app}/connections/default/jwks"), None);
    assert_eq!(status, 200);
    let key = &set["jwks"]["keys"][0];
    assert_eq!(text(key, "/kid"), text(&shown, "/credentials/signing/kid"));
    let (_, signing) = bench.call(
        "GET",
        &format!("{app}/credentials/keys/{}", text(key, "/kid")),
        None,
    );
    assert_eq!((&key["n"], &key["e"]), (&signing["n"], &signing["e"]));
    assert!(key["x5c"].is_null(), "{key}");
    let unsigned = format!("{}/connections/default/jwks", bookmark(&bench));
    assert_eq!(
        bench.call("GET", &unsigned, None),
        (200, json!({ "jwks": { "keys": [] } }))
    );
}

#[test]
fn the_admin_console_s_sessions_have_bounds() {
    let bench = Bench::new();
    let own = "/api/v1/first-party-app-settings/admin-console";
    let initial = json!({ "sessionIdleTimeoutMinutes": 15, "sessionMaxLifetimeMinutes": 720 });
    assert_eq!(bench.call("GET", own, None), (200, initial));
    let body = json!({ "sessionIdleTimeoutMinutes": 720, "sessionMaxLifetimeMinutes": 10080 });
    assert_eq!(bench.call("PUT", own, Some(&body)), (200, body.clone()));
    for (member, minutes) in [
        ("sessionIdleTimeoutMinutes", 4),
        ("sessionIdleTimeoutMinutes", 721),
        ("sessionMaxLifetimeMinutes", 10081),
        ("sessionMaxLifetimeMinutes", -1),
    ] {
        let wrong = json!({ member: minutes });
        let answer = bench.call("PUT", own, Some(&wrong));
        assert_eq!(code(answer), refused(400, "E0000001"), "{wrong}");
    }
    assert_eq!(bench.call("GET", own, None).1, body);
    let (_, kept) = bench.call(
        "PUT",
        own,
        Some(&json!({ "sessionMaxLifetimeMinutes": 60 })),
    );
    assert_eq!(
        kept,
        json!({ "sessionIdleTimeoutMinutes": 15, "sessionMaxLifetimeMinutes": 60 })
    );
    let other = "/api/v1/first-party-app-settings/dashboard";
    assert_eq!(
        code(bench.call("GET", other, None)),
        refused(404, "E0000007")
    );
}

#[test]
fn apps_are_filtered_by_who_has_them() {
    let bench = Bench::new();
    let (one, other) = (bookmark(&bench), bookmark(&bench));
    let admin = bench.shared.org().admin.clone();
    let (_, group) = bench.call(
        "POST",
        "/api/v1/groups",
        Some(&json!({ "profile": { "name": "A" } })),
    );
    let group = text(&group, "/id");
    let body = json!({ "id": admin });
    assert_eq!(
        bench.call("POST", &format!("{one}/users"), Some(&body)).0,
        200
    );
    let (status, _) = bench.call("PUT", &format!("{other}/groups/{group}"), Some(&json!({})));
    assert_eq!(status, 200);
    let found = |filter: &str| {
        let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let (status, apps) = bench.call("GET", &format!("/api/v1/apps?filter={query}"), None);
        assert_eq!(status, 200, "{apps}");
        let paths = apps.as_array().into_iter().flatten();
        let paths = paths.map(|app| format!("/api/v1/apps/{}", text(app, "/id")));
        paths.collect::<Vec<String>>()
    };
    let name = "name eq \"bookmark\"";
    assert_eq!(found(name), [one.clone(), other.clone()]);
    for has_one in [
        format!("user.id eq \"{admin}\""),
        format!("user.id sw \"{}\"", &admin[..8]),
        format!("{name} and not (group.id eq \"{group}\")"),
    ] {
        assert_eq!(found(&has_one), [one.as_str()], "{has_one}");
    }
    assert_eq!(found(&format!("group.id eq \"{group}\"")), [other]);
    assert_eq!(found("user.id eq \"00unone\""), [""; 0]);
}

#[test]
fn an_app_that_is_no_client_does_not_become_one_where_logout_is_off() {
    let bench = Bench::new();
    bench.shared.org().settings.kind.features.single_logout = false;
    let app = bookmark(&bench);
    let (_, shown) = bench.call("GET", &app, None);
    assert!(shown["settings"].get("oauthClient").is_none(), "{shown}");
    let client = app.replace("/api/v1/apps/", "/oauth2/v1/clients/");
    assert_eq!(bench.call("GET", &client, None).0, 404);
}
