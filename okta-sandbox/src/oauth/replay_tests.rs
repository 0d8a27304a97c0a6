//! Codes, tokens and sign-ins that come too late, or twice.

use serde_json::{Value, json};

use super::scene::{REDIRECT, Scene, header};
use super::token::DEVICE;
use crate::json::text;

const TOKEN: &str = "/oauth2/v1/token";

fn error(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, text(&answer.1, "/error"))
}

/// A browser's way to a code.
fn code(scene: &Scene, client: &str, scope: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs([
        ("client_id", client),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", scope),
        ("state", "s"),
    ]);
    let target = format!("/oauth2/v1/authorize?{}", query.finish());
    let answer = scene.browse(&scene.sign_in(), &target);
    let url = url::Url::parse(header(&answer, "location")).expect("a redirect");
    let found = url.query_pairs().find(|(name, _)| name == "code");
    found.expect("a code").1.into_owned()
}

fn redeem(scene: &Scene, client: (&str, &str), code: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.0),
        ("client_secret", client.1),
        ("code", code),
        ("redirect_uri", REDIRECT),
    ];
    scene.post(TOKEN, &fields)
}

#[test]
fn a_code_of_a_suspended_user_opens_nothing() {
    let scene = Scene::new();
    let grants = json!(["authorization_code"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let code = code(&scene, &id, "openid");
    scene.step("suspend");
    let answer = redeem(&scene, (&id, &secret), &code);
    assert_eq!(error(&answer), (400, "invalid_grant"));
}

#[test]
fn a_code_used_twice_ends_its_device_secret_too() {
    let scene = Scene::new();
    let grants = json!(["authorization_code", "refresh_token"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let code = code(&scene, &id, "openid offline_access device_sso");
    let (status, tokens) = redeem(&scene, (&id, &secret), &code);
    assert_eq!(status, 200, "{tokens}");
    let active = |token: &str| {
        let token = text(&tokens, token);
        let fields = [
            ("client_id", id.as_str()),
            ("client_secret", &secret),
            ("token", token),
        ];
        scene.post("/oauth2/v1/introspect", &fields).1["active"] == true
    };
    let all = ["/access_token", "/refresh_token", "/device_secret"];
    assert!(all.iter().all(|token| active(token)), "{tokens}");
    let again = redeem(&scene, (&id, &secret), &code);
    assert_eq!(error(&again), (400, "invalid_grant"));
    assert!(!all.iter().any(|token| active(token)));
}

#[test]
fn introspection_tells_no_token_of_who_may_not_act_alive() {
    let scene = Scene::new();
    let grants = json!(["authorization_code", "password"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let (other, other_secret) = scene.client("client_secret_post", &grants, &json!({}));
    let tokens = scene.by_password(TOKEN, (&id, &secret), "openid");
    let active = || {
        let fields = [
            ("client_id", other.as_str()),
            ("client_secret", &other_secret),
            ("token", text(&tokens, "/access_token")),
        ];
        scene.post("/oauth2/v1/introspect", &fields).1["active"].clone()
    };
    assert_eq!(active(), true);
    scene.step("suspend");
    assert_eq!(active(), false);
    scene.step("unsuspend");
    assert_eq!(active(), true);
    let off = format!("/api/v1/apps/{id}/lifecycle/deactivate");
    scene.bench.call("POST", &off, None);
    assert_eq!(active(), false);
}

#[test]
fn a_device_that_a_user_allowed_stays_out_once_the_user_is_gone() {
    let scene = Scene::new();
    let (id, _) = scene.client("none", &json!(["authorization_code", DEVICE]), &json!({}));
    let fields = [("client_id", id.as_str()), ("scope", "openid")];
    let (_, device) = scene.post("/oauth2/v1/device/authorize", &fields);
    let cookie = scene.sign_in();
    let form = format!("user_code={}&decision=allow", text(&device, "/user_code"));
    let lines = [("cookie", cookie.as_str())];
    let media = "application/x-www-form-urlencoded";
    let page = scene
        .bench
        .with(&lines, "POST", "/activate", media, form.into_bytes());
    assert!(String::from_utf8_lossy(&page.body).contains("Device activated"));
    scene.step("deactivate");
    scene.step("activate?sendEmail=false");
    let code = text(&device, "/device_code");
    let fields = [
        ("grant_type", DEVICE),
        ("client_id", &id),
        ("device_code", code),
    ];
    let answer = scene.post(TOKEN, &fields);
    assert_eq!(error(&answer), (400, "invalid_grant"));
}

fn authorize(client: &str, more: &str) -> String {
    let redirect = REDIRECT.replace(':', "%3A").replace('/', "%2F");
    format!(
        "/oauth2/v1/authorize?client_id={client}&response_type=code&redirect_uri={redirect}\
         &scope=openid%20email&state=s&{more}"
    )
}

#[test]
fn a_sign_in_within_max_age_lasts_through_the_consent_page() {
    let scene = Scene::new();
    let grants = json!(["authorization_code"]);
    let more = json!({ "consent_method": "REQUIRED" });
    let (id, _) = scene.client("client_secret_post", &grants, &more);
    let cookie = scene.sign_in();
    scene.bench.shared.org().clock.advance(600);
    let page = scene.browse(&cookie, &authorize(&id, "max_age=3600"));
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("would like to have"), "{page}");
    let key = page.split("name=\"okta_key\" value=\"").nth(1);
    let key = key.and_then(|rest| rest.split('"').next()).expect("a key");
    let form = format!("okta_key={key}&consent=allow").into_bytes();
    let lines = [("cookie", cookie.as_str())];
    let media = "application/x-www-form-urlencoded";
    let target = "/oauth2/v1/authorize/consent";
    let answer = scene.bench.with(&lines, "POST", target, media, form);
    let answer = scene.browse(&cookie, header(&answer, "location"));
    let location = header(&answer, "location");
    assert!(
        location.starts_with(&format!("{REDIRECT}?code=")),
        "{location}"
    );
}

#[test]
fn max_age_is_any_number_of_seconds() {
    let scene = Scene::new();
    let (id, _) = scene.client(
        "client_secret_post",
        &json!(["authorization_code"]),
        &json!({}),
    );
    let cookie = scene.sign_in();
    scene.bench.shared.org().clock.advance(600);
    let at = |age: &str| {
        let answer = scene.browse(&cookie, &authorize(&id, &format!("max_age={age}")));
        header(&answer, "location").contains("?code=")
    };
    assert!(at("9223372036854775807") && at("600"));
    assert!(!at("599"));
}

#[test]
fn a_token_lives_five_years_at_most() {
    let scene = Scene::new();
    let own = "/api/v1/authorizationServers/default/policies";
    let (_, policies) = scene.bench.call("GET", own, None);
    let rules = format!("{own}/{}/rules", text(&policies, "/0/id"));
    let (_, found) = scene.bench.call("GET", &rules, None);
    {
        let mut org = scene.bench.shared.org();
        let mut paths = org.shelves.keys().filter(|path| path.ends_with("/rules"));
        let path = paths
            .find(|path| path.contains("authorizationServers"))
            .cloned();
        let shelf = org.shelf(&path.expect("rules"));
        let rule = shelf.get_mut(text(&found, "/0/id")).expect("a rule");
        rule["actions"]["token"]["accessTokenLifetimeMinutes"] = json!(i64::MAX);
        rule["conditions"]["grantTypes"]["include"] = json!(["password"]);
    }
    let grants = json!(["authorization_code", "password"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let tokens = scene.by_password("/oauth2/default/v1/token", (&id, &secret), "openid");
    assert_eq!(tokens["expires_in"], 157_680_000);
}

#[test]
fn a_pushed_request_cannot_name_another() {
    let scene = Scene::new();
    let (id, secret) = scene.client(
        "client_secret_post",
        &json!(["authorization_code"]),
        &json!({}),
    );
    let push = |more: &[(&str, &str)]| {
        let mut fields = vec![
            ("client_id", id.as_str()),
            ("client_secret", &secret),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid"),
            ("state", "s"),
        ];
        fields.extend(more);
        scene.post("/oauth2/v1/par", &fields)
    };
    assert_eq!(push(&[]).0, 201);
    let again = push(&[("request_uri", "urn:okta:other")]);
    assert_eq!(error(&again), (400, "invalid_request"));
}

#[test]
fn a_public_client_names_itself_in_the_query_too() {
    let scene = Scene::new();
    let (id, _) = scene.client("none", &json!(["authorization_code"]), &json!({}));
    let target = format!("/oauth2/v1/introspect?client_id={id}");
    let answer = scene.post(&target, &[("token", "none")]);
    assert_eq!(answer, (200, json!({ "active": false })));
}

#[test]
fn tokens_of_a_subject_are_revoked_by_whatever_names_it() {
    let scene = Scene::new();
    let revoke = |subject: Value| {
        let body = json!({ "sub_id": subject });
        let target = "/oauth2/v1/global-token-revocation";
        scene.bench.call("POST", target, Some(&body)).0
    };
    let signed_in = |cookie: &str| scene.browse(cookie, "/app/UserHome").status == 200;
    for subject in [
        json!({ "format": "opaque", "id": scene.user }),
        json!({ "format": "iss_sub", "iss": "https://idp.example.com", "sub": scene.user }),
        json!({ "format": "iss_sub", "iss": "https://idp.example.com", "sub": super::scene::LOGIN }),
    ] {
        let cookie = scene.sign_in();
        assert!(signed_in(&cookie));
        assert_eq!(revoke(subject.clone()), 204, "{subject}");
        assert!(!signed_in(&cookie), "{subject}");
    }
    for wrong in [
        json!({ "format": "opaque", "id": "00unone" }),
        json!({ "format": "opaque" }),
        json!({ "format": "iss_sub", "iss": "https://idp.example.com", "sub": "" }),
        json!({}),
    ] {
        assert_eq!(revoke(wrong.clone()), 400, "{wrong}");
    }
}

#[test]
fn the_sign_in_page_leads_nowhere_else() {
    let scene = Scene::new();
    let cookie = scene.sign_in();
    let leads = |target: &str| {
        let answer = scene.browse(&cookie, &format!("/login/login.htm?fromURI={target}"));
        header(&answer, "location").to_owned()
    };
    assert_eq!(leads("/app/x"), "/app/x");
    for elsewhere in [
        "//evil.example",
        "/%09/evil.example",
        "/%0A/evil.example",
        "/%5Cevil.example",
    ] {
        assert_eq!(leads(elsewhere), "/app/UserHome", "{elsewhere}");
    }
}

#[test]
fn many_one_time_ids_do_not_slow_each_other_down() {
    const MANY: i64 = 30_000;
    let mut authority = super::authority::Authority::new().expect("a key");
    let began = std::time::Instant::now();
    for number in 0..MANY {
        assert!(authority.use_once(number.to_string(), 300, 0));
    }
    // A walk through all of them at each would be half a billion steps.
    assert!(began.elapsed().as_secs() < 4);
    assert!(!authority.use_once("0".to_owned(), 300, 300), "still known");
    for number in 0..5000 {
        authority.use_once(format!("later {number}"), 601, 301);
    }
    assert!(authority.used.len() < 10_000, "the old ones went");
}

#[test]
fn a_session_token_of_a_suspended_user_starts_nothing() {
    let scene = Scene::new();
    let body = json!({ "username": super::scene::LOGIN, "password": super::scene::SECRET });
    let (_, answer) = scene.bench.call("POST", "/api/v1/authn", Some(&body));
    scene.step("suspend");
    let body = json!({ "sessionToken": answer["sessionToken"] });
    assert_eq!(
        scene.bench.call("POST", "/api/v1/sessions", Some(&body)).0,
        401
    );
}

#[test]
fn a_user_whom_the_app_was_taken_from_gets_no_new_tokens() {
    let scene = Scene::new();
    let grants = json!(["authorization_code", "password", "refresh_token"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let app = format!("/api/v1/apps/{id}");
    let (_, mut body) = scene.bench.call("GET", &app, None);
    body["settings"]["implicitAssignment"] = json!(false);
    assert_eq!(scene.bench.call("PUT", &app, Some(&body)).0, 200);
    let assignment = json!({ "id": scene.user });
    let (status, _) = scene
        .bench
        .call("POST", &format!("{app}/users"), Some(&assignment));
    assert_eq!(status, 200);
    let tokens = scene.by_password(TOKEN, (&id, &secret), "openid offline_access");
    let refresh = || {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", id.as_str()),
            ("client_secret", &secret),
            ("refresh_token", text(&tokens, "/refresh_token")),
        ];
        scene.post(TOKEN, &fields)
    };
    assert_eq!(refresh().0, 200);
    let own = format!("{app}/users/{}", scene.user);
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    assert_eq!(error(&refresh()), (400, "invalid_grant"));
}

#[test]
fn claims_of_an_admin_do_not_stand_in_for_the_service_s_own() {
    let scene = Scene::new();
    let claims = "/api/v1/authorizationServers/default/claims";
    let claim = |name: &str| {
        json!({
            "name": name, "status": "ACTIVE", "claimType": "IDENTITY", "valueType": "EXPRESSION",
            "value": "\"forged\"", "alwaysIncludeInToken": true, "conditions": { "scopes": [] },
        })
    };
    for name in ["aud", "exp", "color"] {
        // Whether the org takes such a claim at all is another question.
        scene.bench.call("POST", claims, Some(&claim(name)));
    }
    let grants = json!(["authorization_code", "password"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let rule = {
        let own = "/api/v1/authorizationServers/default/policies";
        let (_, policies) = scene.bench.call("GET", own, None);
        let rules = format!("{own}/{}/rules", text(&policies, "/0/id"));
        let (_, found) = scene.bench.call("GET", &rules, None);
        let mut rule = found[0].clone();
        rule["conditions"]["grantTypes"]["include"] = json!(["password"]);
        let target = format!("{rules}/{}", text(&rule, "/id"));
        scene.bench.call("PUT", &target, Some(&rule)).0
    };
    assert_eq!(rule, 200);
    let tokens = scene.by_password("/oauth2/default/v1/token", (&id, &secret), "openid");
    let jwt = super::jwt::Jwt::parse(text(&tokens, "/id_token")).expect("a token");
    assert_eq!(jwt.claim("color"), Some("forged"));
    assert_eq!(jwt.claim("aud"), Some(id.as_str()));
    assert!(jwt.claims["exp"].is_i64(), "{}", jwt.claims);
}

#[test]
fn an_assertion_of_another_client_than_the_named_one_is_refused() {
    let scene = Scene::new();
    let key = super::jwk::EcKey::generate().expect("a key");
    let more = json!({ "jwks": { "keys": [key.public_jwk] } });
    let grants = json!(["authorization_code"]);
    let (id, _) = scene.client("private_key_jwt", &grants, &more);
    let push = |named: &str, jti: &str| {
        let now = scene.bench.shared.org().clock.now().as_second();
        let aud = "http://127.0.0.1:8080/oauth2/v1/introspect";
        let claims = json!({ "iss": id, "sub": id, "aud": aud, "exp": now + 300, "jti": jti });
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [
            ("client_id", named),
            ("client_assertion", &key.sign(&claims)),
            ("client_assertion_type", kind),
            ("token", "none"),
        ];
        scene.post("/oauth2/v1/introspect", &fields)
    };
    assert_eq!(push(&id, "1").0, 200);
    assert_eq!(error(&push("0oaother", "2")), (401, "invalid_client"));
}

#[test]
fn a_parameter_comes_once() {
    let scene = Scene::new();
    let (id, _) = scene.client(
        "client_secret_post",
        &json!(["authorization_code"]),
        &json!({}),
    );
    let cookie = scene.sign_in();
    let status = |more: &str| scene.browse(&cookie, &authorize(&id, more)).status;
    assert_eq!(status("nonce=1"), 302);
    assert_eq!(status("state=other"), 400);
}
