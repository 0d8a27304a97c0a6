//! Pushes that are waited for, and keys that the org hands out.

use serde_json::{Value, json};

use crate::bench::{Bench, code};
use crate::json::text;
use crate::oauth::approvals;

fn admin(bench: &Bench) -> String {
    bench.shared.org().admin.clone()
}

#[test]
fn a_push_waits_until_its_user_decides() {
    let bench = Bench::new();
    let factors = format!("/api/v1/users/{}/factors", admin(&bench));
    let body = json!({ "factorType": "push", "provider": "OKTA" });
    let (_, factor) = bench.call("POST", &factors, Some(&body));
    let own = format!("{factors}/{}", text(&factor, "/id"));
    let (status, on) = bench.call("POST", &format!("{own}/lifecycle/activate"), None);
    assert_eq!((status, text(&on, "/status")), (200, "ACTIVE"));
    let push = |body: Value| {
        let (status, sent) = bench.call("POST", &format!("{own}/verify"), Some(&body));
        assert_eq!((status, text(&sent, "/factorResult")), (201, "WAITING"));
        let path = text(&sent, "/_links/poll/href");
        (path[path.find("/api").expect("a path")..].to_owned(), sent)
    };
    let poll = |path: &str| bench.call("GET", path, None);
    let decide = |path: &str, decision: &str| {
        let code = path.rsplit('/').next().unwrap_or_default();
        let body = json!({ "code": code, "decision": decision });
        let told = approvals::control(&mut bench.shared.org(), &body).expect("a decision");
        assert_eq!(told["decided"], 1);
    };
    let (first, sent) = push(json!({ "useNumberMatchingChallenge": true }));
    let number = &sent["_embedded"]["challenge"]["correctAnswer"];
    assert!(number.as_u64().is_some_and(|n| (10..100).contains(&n)));
    let (status, waits) = poll(&first);
    assert_eq!((status, text(&waits, "/factorResult")), (200, "WAITING"));
    assert_eq!(&waits["_embedded"]["challenge"]["correctAnswer"], number);
    decide(&first, "allow");
    assert_eq!(poll(&first).1, json!({ "factorResult": "SUCCESS" }));
    let (second, _) = push(json!({}));
    decide(&second, "deny");
    let (_, refused) = poll(&second);
    assert_eq!(text(&refused, "/factorResult"), "REJECTED");
    assert!(refused["_links"]["verify"].is_object(), "{refused}");
    let (third, _) = push(json!({}));
    bench.shared.org().clock.advance(301);
    assert_eq!(text(&poll(&third).1, "/factorResult"), "TIMEOUT");
    let unknown = poll(&format!("{own}/transactions/v2mst.none"));
    assert_eq!(code(&unknown), (404, "E0000007"));
}

#[test]
fn a_yubikey_is_uploaded_then_enrolled_then_spent() {
    const TOKENS: &str = "/api/v1/org/factors/yubikey_token/tokens";
    let bench = Bench::new();
    bench.turn_on("yubikey_token");
    let seed = json!({
        "serialNumber": "7886622", "publicId": "ccccccijgibu", "privateId": "b74be6169486",
        "aesKey": "1fcc6d8ce39bf1604e0b17f3e0a11067",
    });
    let upload = |name: &str, value: &str| {
        let mut seed = seed.clone();
        seed[name] = json!(value);
        bench.call("POST", TOKENS, Some(&seed))
    };
    for (name, bad) in [
        ("serialNumber", ""),
        ("publicId", "aaaaaaaaaaaa"),
        ("privateId", "b74b"),
        ("aesKey", "no hex"),
    ] {
        assert_eq!(code(&upload(name, bad)), (400, "E0000001"), "{name}");
    }
    let (status, token) = bench.call("POST", TOKENS, Some(&seed));
    assert_eq!((status, text(&token, "/status")), (200, "UNASSIGNED"));
    assert_eq!(text(&token, "/profile/serial"), "000007886622");
    assert!(token["aesKey"].is_null() && token["privateId"].is_null());
    assert_eq!(code(&upload("publicId", "ccccccijgibv")), (400, "E0000001"));
    let factors = format!("/api/v1/users/{}/factors", admin(&bench));
    let enroll = |typed: &str| {
        let body = json!({
            "factorType": "token:hardware", "provider": "YUBICO", "verify": { "passCode": typed },
        });
        bench.call("POST", &factors, Some(&body))
    };
    let stranger = enroll("cccccceukngdfgkukfctkcvfidnetljjiknckkcjulji");
    assert_eq!(code(&stranger), (403, "E0000068"));
    let (status, factor) = enroll("ccccccijgibufgkukfctkcvfidnetljjiknckkcjulji");
    assert_eq!(status, 200, "{factor}");
    assert_eq!(text(&factor, "/profile/credentialId"), "000007886622");
    let own = format!("{TOKENS}/{}", text(&token, "/id"));
    let (_, used) = bench.call("GET", &own, None);
    assert_eq!(text(&used, "/status"), "ACTIVE");
    let deactivate = text(&used, "/_links/deactivate/href");
    let path = deactivate[deactivate.find("/api").expect("a path")..].to_owned();
    assert_eq!(bench.call("DELETE", &path, None).0, 204);
    let (_, all) = bench.call("GET", TOKENS, None);
    assert_eq!(text(&all, "/0/status"), "REVOKED");
}

#[test]
fn a_factor_stays_if_the_one_in_its_place_is_refused() {
    let bench = Bench::new();
    bench.turn_on("phone_number");
    let factors = format!("/api/v1/users/{}/factors", admin(&bench));
    let sms = |number: &str| json!({ "factorType": "sms", "profile": { "phoneNumber": number } });
    let enroll = |query: &str, number: &str| {
        bench.call("POST", &format!("{factors}{query}"), Some(&sms(number)))
    };
    assert_eq!(enroll("?activate=true", "+15551234567").0, 200);
    let (_, before) = bench.call("GET", &factors, None);
    assert_eq!(code(&enroll("?updatePhone=true", "")), (400, "E0000001"));
    assert_eq!(bench.call("GET", &factors, None).1, before);
    assert_eq!(enroll("?updatePhone=true", "+15557654321").0, 200);
    let (_, after) = bench.call("GET", &factors, None);
    let phones = after.as_array().into_iter().flatten();
    let phones = phones.filter(|factor| factor["factorType"] == "sms");
    let numbers: Vec<&str> = phones
        .map(|one| text(one, "/profile/phoneNumber"))
        .collect();
    assert_eq!(numbers, ["+15557654321"]);
}
