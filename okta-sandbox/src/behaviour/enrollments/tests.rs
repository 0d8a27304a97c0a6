//! Enrolments and factors are two views of the same.

use serde_json::{Value, json};

use crate::bench::{Bench, code};
use crate::json::text;

const ALL: &str = "/api/v1/authenticators";

fn admin(bench: &Bench) -> String {
    let admin = bench.shared.org().admin.clone();
    format!("/api/v1/users/{admin}")
}

fn authenticator(bench: &Bench, key: &str) -> String {
    let (_, all) = bench.call("GET", ALL, None);
    let mut all = all.as_array().expect("a list").iter();
    let found = all.find(|one| one["key"] == key);
    text(found.expect("an authenticator"), "/id").to_owned()
}

fn keys(listed: &Value) -> Vec<(&str, &str)> {
    let listed = listed.as_array().expect("a list").iter();
    listed
        .map(|one| (text(one, "/key"), text(one, "/status")))
        .collect()
}

#[test]
fn a_factor_is_an_enrollment() {
    let bench = Bench::new();
    let me = admin(&bench);
    let all = format!("{me}/authenticator-enrollments");
    let (_, listed) = bench.call("GET", &all, None);
    assert_eq!(keys(&listed), [("okta_password", "ACTIVE")]);
    let body =
        json!({ "factorType": "email", "provider": "OKTA", "profile": { "email": "a@b.example" } });
    let path = format!("{me}/factors");
    let (_, waiting) = bench.call("POST", &path, Some(&body));
    assert_eq!(waiting["status"], "PENDING_ACTIVATION");
    assert_eq!(keys(&bench.call("GET", &all, None).1).len(), 1);
    let (_, mail) = bench.call("POST", &format!("{path}?activate=true"), Some(&body));
    let one = format!("{all}/{}", text(&mail, "/id"));
    let (status, shown) = bench.call("GET", &one, None);
    assert_eq!((status, text(&shown, "/key")), (200, "okta_email"));
    assert_eq!(text(&shown, "/profile/email"), "a@b.example");
    let own = format!("/{}", authenticator(&bench, "okta_email"));
    assert!(text(&shown, "/_links/authenticator/href").ends_with(&own));
    assert_eq!(bench.call("DELETE", &one, None).0, 204);
    assert_eq!(bench.call("GET", &path, None).1, json!([]));
    assert_eq!(code(&bench.call("GET", &one, None)), (404, "E0000007"));
    let org = bench.shared.org();
    let events: Vec<&str> = org
        .log
        .placed()
        .map(|(_, event)| text(event, "/eventType"))
        .filter(|ty| ty.starts_with("user.mfa.factor"))
        .collect();
    assert_eq!(
        events,
        ["user.mfa.factor.activate", "user.mfa.factor.deactivate"]
    );
}

#[test]
fn nothing_is_enrolled_that_the_org_has_not_on() {
    let bench = Bench::new();
    let path = format!("{}/factors", admin(&bench));
    let enroll = |kind: &str, provider: &str| {
        let body = json!({ "factorType": kind, "provider": provider,
            "profile": { "phoneNumber": "+14086673418" } });
        bench.call("POST", &path, Some(&body))
    };
    let switch = |key: &str, verb: &str| {
        let own = format!("{ALL}/{}/lifecycle/{verb}", authenticator(&bench, key));
        assert_eq!(bench.call("POST", &own, None).0, 200);
    };
    for (key, kind, provider) in [
        ("phone_number", "sms", "OKTA"),
        ("webauthn", "webauthn", "FIDO"),
        ("google_otp", "token:software:totp", "GOOGLE"),
    ] {
        let off = enroll(kind, provider);
        assert_eq!(code(&off), (400, "E0000001"), "{key} is off");
        switch(key, "activate");
        assert_eq!(enroll(kind, provider).0, 200, "{key}");
        switch(key, "deactivate");
        let off = enroll(kind, provider);
        assert_eq!(code(&off), (400, "E0000001"), "{key} is off again");
    }
    let missing = enroll("token:hardware", "YUBICO");
    let cause = text(&missing.1, "/errorCauses/0/errorSummary");
    assert_eq!(cause, "Factor is not enabled for this organization.");
    let (_, catalog) = bench.call("GET", &format!("{path}/catalog"), None);
    let offered = |kind: &str| {
        let mut all = catalog.as_array().expect("a list").iter();
        all.any(|one| one["factorType"] == kind)
    };
    assert!(offered("email") && !offered("sms"), "{catalog}");
    // Older clients switch kinds of factors.
    let on = "/api/v1/org/factors/okta_sms/lifecycle/activate";
    assert_eq!(bench.call("POST", on, None).0, 200);
    assert_eq!(enroll("sms", "OKTA").0, 200);
}

#[test]
fn resetting_factors_ends_their_enrollments() {
    let bench = Bench::new();
    let me = admin(&bench);
    let body = json!({ "factorType": "push", "provider": "OKTA" });
    let (_, factor) = bench.call("POST", &format!("{me}/factors"), Some(&body));
    let own = format!("{me}/factors/{}/lifecycle/activate", text(&factor, "/id"));
    bench.call("POST", &own, None);
    let all = format!("{me}/authenticator-enrollments");
    let before = bench.call("GET", &all, None).1;
    assert_eq!(keys(&before)[1..], [("okta_verify", "ACTIVE")]);
    let reset = format!("{me}/lifecycle/reset_factors");
    assert_eq!(bench.call("POST", &reset, None).0, 200);
    assert_eq!(keys(&bench.call("GET", &all, None).1).len(), 1);
}

#[test]
fn phones_need_the_authenticator_and_hide_their_numbers() {
    let bench = Bench::new();
    let all = format!("{}/authenticator-enrollments", admin(&bench));
    let phone = authenticator(&bench, "phone_number");
    let enroll = |number: &str| {
        let body = json!({ "authenticatorId": phone, "profile": { "phoneNumber": number } });
        bench.call("POST", &format!("{all}/phone"), Some(&body))
    };
    assert_eq!(
        code(&enroll("+14086673418")),
        (400, "E0000001"),
        "it is off"
    );
    bench.call("POST", &format!("{ALL}/{phone}/lifecycle/activate"), None);
    assert_eq!(code(&enroll("12")), (400, "E0000098"));
    let bare = json!({ "authenticatorId": phone });
    let refused = bench.call("POST", &format!("{all}/phone"), Some(&bare));
    assert_eq!(code(&refused), (400, "E0000001"));
    let (status, made) = enroll("+14086673418");
    assert_eq!((status, text(&made, "/status")), (200, "ACTIVE"), "{made}");
    assert_eq!(text(&made, "/profile/phoneNumber"), "+1 XXX-XXX-3418");
    assert_eq!(code(&enroll("+14086673418")), (400, "E0000001"), "twice");
    let own = format!("{all}/{}?discloseIdentifiers=phone", text(&made, "/id"));
    let (_, told) = bench.call("GET", &own, None);
    assert_eq!(text(&told, "/profile/phoneNumber"), "+14086673418");
    let (_, factors) = bench.call("GET", &format!("{}/factors", admin(&bench)), None);
    assert_eq!(text(&factors, "/0/factorType"), "sms");
    bench.call("POST", &format!("{ALL}/{phone}/lifecycle/deactivate"), None);
    let (_, off) = bench.call("GET", &own, None);
    assert_eq!(text(&off, "/status"), "INACTIVE");
}

#[test]
fn a_temporary_code_is_told_once_and_ends() {
    let bench = Bench::new();
    let all = format!("{}/authenticator-enrollments", admin(&bench));
    let body = json!({ "key": "tac", "name": "Temporary", "provider": { "type": "tac", "configuration": {
        "minTtl": 10, "maxTtl": 60, "defaultTtl": 20, "length": 16, "multiUseAllowed": false,
        "complexity": { "numbers": true, "letters": false, "specialCharacters": false },
    } } });
    for (member, beyond) in [
        ("maxTtl", json!(1e300)),
        ("minTtl", json!(9)),
        ("length", json!(1e18)),
    ] {
        let mut bad = body.clone();
        bad["provider"]["configuration"][member] = beyond;
        let refused = bench.call("POST", ALL, Some(&bad));
        assert_eq!(code(&refused), (400, "E0000001"), "{member}");
    }
    let (_, own) = bench.call("POST", ALL, Some(&body));
    let enroll = |profile: Value| {
        let body = json!({ "authenticatorId": own["id"], "profile": profile });
        bench.call("POST", &format!("{all}/tac"), Some(&body))
    };
    assert_eq!(code(&enroll(json!({ "ttl": 61 }))), (400, "E0000001"));
    assert_eq!(
        code(&enroll(json!({ "multiUse": true }))),
        (400, "E0000001")
    );
    let (status, first) = enroll(json!({ "ttl": "30" }));
    assert_eq!(status, 200, "{first}");
    let tac = text(&first, "/profile/tac");
    assert!(
        tac.len() == 16 && tac.chars().all(|c| c.is_ascii_digit()),
        "{tac}"
    );
    let (_, second) = enroll(json!({ "ttl": 30 }));
    let (_, listed) = bench.call("GET", &all, None);
    assert_eq!(keys(&listed)[1..], [("tac", "ACTIVE")], "one at most");
    assert_eq!(listed[1]["id"], second["id"]);
    assert!(listed[1]["profile"]["tac"].is_null(), "{listed}");
    bench.shared.org().clock.advance(30 * 60 + 1);
    assert_eq!(keys(&bench.call("GET", &all, None).1).len(), 1);
}

#[test]
fn a_password_that_is_unenrolled_is_gone() {
    let bench = Bench::new();
    let body = json!({
        "profile": { "login": "p@b.example", "email": "p@b.example", "firstName": "P", "lastName": "Q" },
        "credentials": { "password": { "value": "Correct-horse-1" } },
    });
    let (_, user) = bench.call("POST", "/api/v1/users?activate=true", Some(&body));
    let all = format!(
        "/api/v1/users/{}/authenticator-enrollments",
        text(&user, "/id")
    );
    let (_, listed) = bench.call("GET", &all, None);
    let one = format!("{all}/{}", text(&listed, "/0/id"));
    assert_eq!(bench.call("DELETE", &one, None).0, 204);
    assert_eq!(bench.call("GET", &all, None).1, json!([]));
    let body = json!({ "username": "p@b.example", "password": "Correct-horse-1" });
    assert_eq!(bench.call("POST", "/api/v1/authn", Some(&body)).0, 401);
}

#[test]
fn a_key_is_ordered_by_an_event() {
    let bench = Bench::new();
    let user = admin(&bench)
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let path = "/webauthn-registration/api/v1/initiate-fulfillment-request";
    let order = |user: &str, provider: &str| {
        let data =
            json!([{ "productId": "29", "inventoryProductId": "inv", "customizationId": "c" }]);
        let body =
            json!({ "userId": user, "fulfillmentProvider": provider, "fulfillmentData": data });
        bench.call("POST", path, Some(&body))
    };
    assert_eq!(order(&user, "yubico").0, 204);
    let filter = "eventType%20eq%20%22system.mfa.preregister.initiate%22";
    let (_, events) = bench.call("GET", &format!("/api/v1/logs?filter={filter}"), None);
    assert_eq!(text(&events, "/0/target/0/id"), user, "{events}");
    let data = events[0].pointer("/target/1/detailEntry/fulfillmentData/0/productId");
    assert_eq!(data, Some(&json!("29")));
    assert_eq!(code(&order("00unobody", "yubico")), (404, "E0000007"));
    assert_eq!(order(&user, "somebody").0, 400);
    assert_eq!(order("", "yubico").0, 400);
}

#[test]
fn keys_made_ready_may_fail_to_reach_their_users() {
    let bench = Bench::new();
    bench.turn_on("webauthn");
    let me = admin(&bench);
    let all = format!("/webauthn-registration{}/enrollments", me);
    assert_eq!(bench.call("GET", &all, None).1, json!([]));
    let body = json!({ "factorType": "webauthn", "provider": "FIDO" });
    let (_, factor) = bench.call("POST", &format!("{me}/factors"), Some(&body));
    let one = format!("{all}/{}", text(&factor, "/id"));
    let mark = |id: &str| bench.call("POST", &format!("{all}/{id}/mark-error"), None);
    assert_eq!(mark(text(&factor, "/id")).0, 204);
    let (_, listed) = bench.call("GET", &all, None);
    assert_eq!(text(&listed, "/0/status"), "FULFILLMENT_ERRORED");
    let enrolled = bench.call("GET", &format!("{me}/authenticator-enrollments"), None);
    assert_eq!(keys(&enrolled.1), [("okta_password", "ACTIVE")]);
    assert_eq!(code(&mark("fwfNobody")), (404, "E0000007"));
    assert_eq!(bench.call("DELETE", &one, None).0, 204);
    assert_eq!(bench.call("DELETE", &one, None).0, 404);
}
