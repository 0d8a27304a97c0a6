//! SMTP servers: what is refused, what never shows, what a test sends.

use serde_json::{Value, json};

use super::SERVERS;
use crate::access_requests::mailbox;
use crate::bench::Bench;
use crate::json::text;

fn basic(alias: &str, enabled: bool) -> Value {
    json!({
        "alias": alias, "enabled": enabled, "authType": "BASIC_SMTP_AUTH", "host": "smtp.example.com",
        "port": 587, "username": "user@example.com", "password": "a secret",
    })
}

fn oauth(alias: &str) -> Value {
    json!({
        "alias": alias, "enabled": false, "authType": "OAUTH2_CLIENT_CREDENTIALS",
        "host": "smtp.example.com", "port": 465, "username": "user@example.com", "clientId": "me",
        "clientSecret": "a secret", "tokenEndpoint": "https://login.example.com/token",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_POST", "scopes": ["mail.send"],
    })
}

fn events(bench: &Bench) -> Vec<String> {
    let path = "/api/v1/logs?filter=eventType%20sw%20%22system.custom_email_server%22";
    let (_, log) = bench.call("GET", path, None);
    let log = log.as_array().expect("events").iter();
    log.map(|event| {
        let name = text(event, "/eventType");
        name.rsplit('.').next().expect("a step").to_owned()
    })
    .collect()
}

#[test]
fn one_server_is_enabled_at_a_time_and_secrets_never_show() {
    let bench = Bench::new();
    let (status, first) = bench.call("POST", SERVERS, Some(&basic("First", true)));
    assert_eq!(status, 201, "{first}");
    let (status, refused) = bench.call("POST", SERVERS, Some(&basic("Second", true)));
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000222"));
    let (status, second) = bench.call("POST", SERVERS, Some(&oauth("Second")));
    assert_eq!(status, 201, "{second}");
    let (first, second) = (
        format!("{SERVERS}/{}", text(&first, "/id")),
        format!("{SERVERS}/{}", text(&second, "/id")),
    );
    let enable = json!({ "authType": "OAUTH2_CLIENT_CREDENTIALS", "enabled": true });
    let (status, refused) = bench.call("PATCH", &second, Some(&enable));
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000222"));
    let (status, changed) = bench.call("PATCH", &first, Some(&json!({ "enabled": false })));
    assert_eq!((status, &changed["enabled"]), (200, &json!(false)));
    assert_eq!(bench.call("PATCH", &second, Some(&enable)).0, 200);
    let (_, all) = bench.call("GET", SERVERS, None);
    assert_eq!(all["email-servers"].as_array().map(Vec::len), Some(2));
    assert!(!all.to_string().contains("a secret"), "{all}");
    assert_eq!(all["email-servers"][1]["clientId"], "me");
    assert_eq!(bench.call("DELETE", &first, None).0, 204);
    let (status, gone) = bench.call("GET", &first, None);
    assert_eq!((status, text(&gone, "/errorCode")), (404, "E0000007"));
    let told = events(&bench);
    let expected = [
        "create",
        "activate",
        "create",
        "update",
        "deactivate",
        "update",
        "activate",
        "delete",
    ];
    assert_eq!(told, expected);
}

#[test]
fn servers_must_be_such_that_they_could_be_reached() {
    let bench = Bench::new();
    let spoilt = |mut body: Value, field: &str, value: Value| {
        body[field] = value;
        let (status, refused) = bench.call("POST", SERVERS, Some(&body));
        let causes = refused["errorCauses"].to_string();
        assert!(
            status == 400 && causes.contains(field),
            "{field}: {refused}"
        );
    };
    for (field, value) in [
        ("port", json!(0)),
        ("port", json!(65536)),
        ("host", json!("no host")),
        ("host", json!("")),
        ("alias", json!(" ")),
        ("authType", json!("NTLM")),
    ] {
        spoilt(basic("Mail", false), field, value);
    }
    spoilt(oauth("Mail"), "tokenEndpoint", json!("token"));
    spoilt(oauth("Mail"), "scopes", json!([]));
    let mut bare = basic("Mail", false);
    bare.as_object_mut().expect("an object").remove("password");
    assert_eq!(bench.call("POST", SERVERS, Some(&bare)).0, 400);
    for index in 0..10 {
        let body = basic(&format!("Mail {index}"), false);
        assert_eq!(bench.call("POST", SERVERS, Some(&body)).0, 201);
    }
    let (status, refused) = bench.call("POST", SERVERS, Some(&basic("Mail", false)));
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000225"));
}

#[test]
fn a_change_of_the_way_to_sign_in_is_whole() {
    let bench = Bench::new();
    let (_, made) = bench.call("POST", SERVERS, Some(&oauth("Mail")));
    let own = format!("{SERVERS}/{}", text(&made, "/id"));
    let (status, refused) = bench.call("PATCH", &own, Some(&json!({ "alias": "Post" })));
    assert!(
        status == 400 && refused.to_string().contains("authType"),
        "{refused}"
    );
    let basic = json!({ "authType": "BASIC_SMTP_AUTH" });
    assert_eq!(
        bench.call("PATCH", &own, Some(&basic)).0,
        400,
        "no password"
    );
    let basic = json!({ "authType": "BASIC_SMTP_AUTH", "password": "word" });
    let (status, changed) = bench.call("PATCH", &own, Some(&basic));
    assert_eq!(status, 200, "{changed}");
    assert!(
        changed["clientId"].is_null() && changed["id"] == made["id"],
        "{changed}"
    );
    let (status, changed) = bench.call("PATCH", &own, Some(&json!({ "password": "other" })));
    assert_eq!((status, &changed["alias"]), (200, &json!("Mail")));
    let kept = bench.shared.org().shelf(SERVERS).values().next().cloned();
    assert_eq!(kept.expect("a server")["password"], "other");
}

#[test]
fn a_test_mail_arrives() {
    let bench = Bench::new();
    let (_, made) = bench.call("POST", SERVERS, Some(&basic("Mail", false)));
    let path = format!("{SERVERS}/{}/test", text(&made, "/id"));
    let body = json!({ "fromAddress": "org@example.com", "toAddress": "me@example.com" });
    assert_eq!(bench.call("POST", &path, Some(&body)).0, 204);
    let mails = mailbox::mails(&bench.shared.org(), Some("me@example.com"));
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["from"], "org@example.com");
    assert!(
        text(&mails[0], "/body").contains("smtp.example.com:587"),
        "{mails:?}"
    );
    for to in [json!("me"), json!("@example.com"), json!("")] {
        let body = json!({ "fromAddress": "org@example.com", "toAddress": to });
        let (status, refused) = bench.call("POST", &path, Some(&body));
        assert!(
            status == 400 && refused.to_string().contains("toAddress"),
            "{refused}"
        );
    }
    let lost = format!("{SERVERS}/ces0/test");
    assert_eq!(bench.call("POST", &lost, Some(&body)).0, 404);
}
