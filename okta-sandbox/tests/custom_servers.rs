//! Custom authorization servers: policies, scopes, claims, keys; and how clients prove themselves.

#[path = "common/browser.rs"]
mod browser;
mod common;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, KeyPair as _, RsaEncoding};
use browser::{Browser, handed_over};
use common::*;
use okta_sandbox::Sandbox;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A custom server with one scope and, unless told otherwise, a policy that lets all in.
async fn server(admin: &Admin<'_>, minutes: Option<i64>) -> String {
    let body = json!({ "name": "Orders", "description": "d", "audiences": ["api://orders"] });
    let (status, server) = admin.post("/api/v1/authorizationServers", body).await;
    assert_eq!(status, 201, "{server}");
    let own = format!("/api/v1/authorizationServers/{}", id(&server));
    let (status, scope) = admin
        .post(
            &format!("{own}/scopes"),
            json!({ "name": "orders.read", "default": true }),
        )
        .await;
    assert_eq!(status, 201, "{scope}");
    if let Some(minutes) = minutes {
        let policy = json!({
            "type": "OAUTH_AUTHORIZATION_POLICY", "name": "All", "description": "d", "priority": 1,
            "conditions": { "clients": { "include": ["ALL_CLIENTS"] } },
        });
        let (status, policy) = admin.post(&format!("{own}/policies"), policy).await;
        assert_eq!(status, 201, "{policy}");
        let rule = json!({
            "type": "RESOURCE_ACCESS", "name": "Any", "priority": 1,
            "conditions": {
                "people": { "groups": { "include": ["EVERYONE"] } },
                "grantTypes": { "include": ["client_credentials", "authorization_code"] },
                "scopes": { "include": ["orders.read", "openid", "profile"] },
            },
            "actions": { "token": { "accessTokenLifetimeMinutes": minutes,
                "refreshTokenLifetimeMinutes": 0, "refreshTokenWindowMinutes": 10080 } },
        });
        let target = format!("{own}/policies/{}/rules", id(&policy));
        let (status, rule) = admin.post(&target, rule).await;
        assert_eq!(status, 201, "{rule}");
    }
    id(&server)
}

/// An app of type service, or web with a redirect URI.
async fn app(admin: &Admin<'_>, kind: &str, method: &str, keys: Value) -> Value {
    let (grants, responses) = match kind {
        "service" => (json!(["client_credentials"]), json!(["token"])),
        _ => (json!(["authorization_code"]), json!(["code"])),
    };
    let body = json!({
        "name": "oidc_client", "label": format!("{kind} {method}"), "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
        "settings": { "oauthClient": {
            "application_type": kind, "grant_types": grants, "response_types": responses,
            "redirect_uris": ["http://127.0.0.1:9/cb"], "dpop_bound_access_tokens": false,
            "jwks": { "keys": keys },
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", body).await;
    assert_eq!(status, 200, "{app}");
    app
}

fn secret(app: &Value) -> &str {
    app["credentials"]["oauthClient"]["client_secret"]
        .as_str()
        .expect("a secret")
}

async fn ask(
    url: &str,
    basic: Option<(&str, &str)>,
    fields: &[(&str, &str)],
) -> (StatusCode, Value) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("grant_type", "client_credentials");
    body.extend_pairs(fields);
    let mut request = client()
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish());
    if let Some((name, secret)) = basic {
        request = request.basic_auth(name, Some(secret));
    }
    answer(request).await
}

fn part(token: &Value, at: usize) -> Value {
    use base64::Engine as _;
    let part = token
        .as_str()
        .expect("a token")
        .split('.')
        .nth(at)
        .expect("a part");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn policies_decide_who_gets_a_token_and_for_how_long() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let app = app(&admin, "service", "client_secret_basic", json!([])).await;
    let (name, secret) = (id(&app), secret(&app));
    let closed = server(&admin, None).await;
    let url = format!("{}/oauth2/{closed}/v1/token", sandbox.url());
    let (status, body) = ask(&url, Some((&name, secret)), &[]).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("access_denied")),
        "{body}"
    );
    admin
        .bare(
            "POST",
            &format!("/api/v1/authorizationServers/{closed}/lifecycle/deactivate"),
        )
        .await;
    admin
        .bare("DELETE", &format!("/api/v1/authorizationServers/{closed}"))
        .await;

    let open = server(&admin, Some(5)).await;
    let issuer = format!("{}/oauth2/{open}", sandbox.url());
    let url = format!("{issuer}/v1/token");
    let (status, body) = ask(&url, Some((&name, secret)), &[("scope", "orders.read")]).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (&body["expires_in"], &body["scope"]),
        (&json!(300), &json!("orders.read"))
    );
    let claims = part(&body["access_token"], 1);
    assert_eq!(
        (
            &claims["iss"],
            &claims["aud"],
            &claims["cid"],
            &claims["sub"],
            &claims["scp"]
        ),
        (
            &json!(issuer),
            &json!("api://orders"),
            &json!(name),
            &json!(name),
            &json!(["orders.read"])
        )
    );
    let (_, keys) = answer(client().get(format!("{issuer}/v1/keys"))).await;
    assert_eq!(
        keys["keys"][0]["kid"],
        part(&body["access_token"], 0)["kid"]
    );
    let (status, body) = ask(&url, Some((&name, secret)), &[]).await;
    assert_eq!(
        (status.as_u16(), &body["scope"]),
        (200, &json!("orders.read")),
        "default scopes"
    );
    for (scope, error) in [
        ("orders.write", "invalid_scope"),
        ("openid", "invalid_scope"),
    ] {
        let (_, body) = ask(&url, Some((&name, secret)), &[("scope", scope)]).await;
        assert_eq!(body["error"], error, "{scope}");
    }
    // A custom server's token opens nothing of the org's.
    let token = body["access_token"].as_str().expect("a token");
    let users = send(
        client()
            .get(format!("{}/api/v1/users", sandbox.url()))
            .header("authorization", format!("Bearer {token}")),
    )
    .await;
    assert_eq!(users.status(), 401);
    assert!(
        users.headers()["www-authenticate"]
            .to_str()
            .expect("text")
            .contains("invalid issuer")
    );
    let (status, body) =
        answer(client().get(format!("{}/oauth2/ausnone/v1/keys", sandbox.url()))).await;
    assert_eq!((status.as_u16(), code(&body)), (404, "E0000007"));
}

#[tokio::test]
async fn the_default_server_lets_all_in_and_describes_itself() {
    let sandbox = Sandbox::start().await.expect("starts");
    let issuer = format!("{}/oauth2/default", sandbox.url());
    for name in ["openid-configuration", "oauth-authorization-server"] {
        let url = format!("{issuer}/.well-known/{name}");
        let (status, document) = answer(client().get(url)).await;
        assert_eq!(
            (status.as_u16(), &document["issuer"]),
            (200, &json!(issuer))
        );
        assert_eq!(document["token_endpoint"], format!("{issuer}/v1/token"));
        assert_eq!(
            document.get("userinfo_endpoint").is_some(),
            name.starts_with("openid")
        );
    }
    let url = format!("{}/.well-known/oauth-authorization-server", sandbox.url());
    assert_eq!(answer(client().get(url)).await.1["issuer"], sandbox.url());
}

#[tokio::test]
async fn claims_of_a_custom_server_are_computed() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let server = server(&admin, Some(60)).await;
    let own = format!("/api/v1/authorizationServers/{server}/claims");
    for claim in [
        json!({ "name": "first", "claimType": "RESOURCE", "valueType": "EXPRESSION",
            "value": "String.toUpperCase(user.firstName)" }),
        json!({ "name": "teams", "claimType": "IDENTITY", "valueType": "GROUPS",
            "group_filter_type": "STARTS_WITH", "value": "Team" }),
        json!({ "name": "hidden", "claimType": "RESOURCE", "valueType": "EXPRESSION",
            "value": "\"x\"", "conditions": { "scopes": ["email"] } }),
    ] {
        let (status, body) = admin.post(&own, claim).await;
        assert_eq!(status, 201, "{body}");
    }
    let app = app(&admin, "web", "client_secret_post", json!([])).await;
    let user = admin.user("ada@example.com").await;
    let group = admin.group("Team Red").await;
    admin
        .bare(
            "PUT",
            &format!("/api/v1/groups/{group}/users/{}", id(&user)),
        )
        .await;
    admin
        .post(
            &format!("/api/v1/apps/{}/users", id(&app)),
            json!({ "id": user["id"] }),
        )
        .await;
    let mut browser = Browser::new(sandbox.url());
    let target = format!(
        "/oauth2/{server}/v1/authorize?client_id={}&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb\
         &response_type=code&scope=openid%20profile%20orders.read&state=x",
        id(&app)
    );
    let page = browser.get(&target).await;
    let done = browser
        .submit(
            &page,
            &[("username", "ada@example.com"), ("password", "Secret-1234")],
        )
        .await;
    let code = handed_over(&done)["code"].clone();
    let url = format!("{}/oauth2/{server}/v1/token", sandbox.url());
    let name = id(&app);
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs([
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:9/cb"),
        ("client_id", &name),
        ("client_secret", secret(&app)),
    ]);
    let request = client()
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish());
    let (status, tokens) = answer(request).await;
    assert_eq!(status, 200, "{tokens}");
    let access = part(&tokens["access_token"], 1);
    assert_eq!(
        (&access["first"], access.get("hidden")),
        (&json!("TEST"), None)
    );
    let identity = part(&tokens["id_token"], 1);
    assert_eq!(identity["teams"], json!(["Team Red"]));
    let token = tokens["access_token"].as_str().expect("a token");
    let info = |server: &str| {
        let url = format!("{}/oauth2/{server}/v1/userinfo", sandbox.url());
        answer(
            client()
                .get(url)
                .header("authorization", format!("Bearer {token}")),
        )
    };
    let (status, facts) = info(&server).await;
    assert_eq!(
        (status.as_u16(), &facts["teams"]),
        (200, &json!(["Team Red"]))
    );
    assert_eq!(info("default").await.0, 401, "another server's token");
    let events = admin.events("app.oauth2.as.token.grant.id_token").await;
    assert_eq!(events.len(), 1);
}

#[tokio::test]
async fn keys_of_a_server_rotate_by_the_api() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let own = "/api/v1/authorizationServers/default/credentials";
    let (status, keys) = admin.get(&format!("{own}/keys")).await;
    assert_eq!(status, 200);
    let states = |keys: &Value| -> Vec<(String, String)> {
        let text = |k: &Value, n: &str| k[n].as_str().expect("text").to_owned();
        keys.as_array()
            .expect("keys")
            .iter()
            .map(|k| (text(k, "status"), text(k, "kid")))
            .collect()
    };
    let before = states(&keys);
    assert_eq!(
        (before[0].0.as_str(), before[1].0.as_str()),
        ("ACTIVE", "NEXT")
    );
    let rotate = format!("{own}/lifecycle/keyRotate");
    assert_eq!(admin.post(&rotate, json!({ "use": "enc" })).await.0, 400);
    let (status, keys) = admin.post(&rotate, json!({ "use": "sig" })).await;
    assert_eq!(status, 200);
    let after = states(&keys);
    assert_eq!(after[0], ("ACTIVE".to_owned(), before[1].1.clone()));
    assert!(after.contains(&("EXPIRED".to_owned(), before[0].1.clone())));
    let (_, published) =
        answer(client().get(format!("{}/oauth2/default/v1/keys", sandbox.url()))).await;
    assert_eq!(published["keys"].as_array().expect("keys").len(), 3);
    assert_eq!(admin.events("app.oauth2.as.key.rollover").await.len(), 1);
}

#[tokio::test]
async fn secrets_are_taken_only_in_the_way_the_app_says() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let url = format!("{}/oauth2/default/v1/token", sandbox.url());
    let scope = ("scope", "orders.read");
    admin
        .post(
            "/api/v1/authorizationServers/default/scopes",
            json!({ "name": "orders.read" }),
        )
        .await;
    let basic = app(&admin, "service", "client_secret_basic", json!([])).await;
    let post = app(&admin, "service", "client_secret_post", json!([])).await;
    let (basic_id, post_id) = (id(&basic), id(&post));
    let cases = [
        (Some((basic_id.as_str(), secret(&basic))), vec![], 200, ""),
        (
            Some((basic_id.as_str(), "wrong")),
            vec![],
            401,
            "invalid_client",
        ),
        (Some(("0oanobody", "wrong")), vec![], 401, "invalid_client"),
        (
            Some((post_id.as_str(), secret(&post))),
            vec![],
            401,
            "invalid_client",
        ),
        (
            None,
            vec![
                ("client_id", post_id.as_str()),
                ("client_secret", secret(&post)),
            ],
            200,
            "",
        ),
        (
            None,
            vec![
                ("client_id", basic_id.as_str()),
                ("client_secret", secret(&basic)),
            ],
            401,
            "invalid_client",
        ),
        (
            None,
            vec![("client_id", post_id.as_str())],
            401,
            "invalid_client",
        ),
        (None, vec![], 401, "invalid_client"),
    ];
    for (credentials, mut fields, status, error) in cases {
        fields.push(scope);
        let (got, body) = ask(&url, credentials, &fields).await;
        let found = body["error"].as_str().unwrap_or_default();
        assert_eq!(
            (got.as_u16(), found),
            (status, error),
            "{credentials:?} {fields:?}"
        );
    }
    let twice = [scope, scope];
    let (status, body) = ask(&url, Some((&basic_id, secret(&basic))), &twice).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("invalid_request"))
    );
}

fn assertion(header: &Value, app: &str, audience: &str, sign: &dyn Fn(&[u8]) -> Vec<u8>) -> String {
    let claims = json!({
        "iss": app, "sub": app, "aud": audience, "iat": now(), "exp": now() + 300, "jti": unique(),
    });
    let input = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let signature = sign(input.as_bytes());
    format!("{input}.{}", encode(signature))
}

async fn with_assertion(url: &str, assertion: &str) -> (StatusCode, Value) {
    let fields = [
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
        ("scope", "orders.read"),
    ];
    ask(url, None, &fields).await
}

#[tokio::test]
async fn assertions_by_every_algorithm() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let url = format!("{}/oauth2/default/v1/token", sandbox.url());
    admin
        .post(
            "/api/v1/authorizationServers/default/scopes",
            json!({ "name": "orders.read" }),
        )
        .await;
    let rsa = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    // RSAPublicKey of a 2048-bit key with exponent 65537 has fixed places.
    let der = rsa.public_key().as_ref().to_vec();
    let mut keys = vec![json!({ "kty": "RSA", "kid": "rsa", "use": "sig",
        "n": encode(&der[9..265]), "e": encode([1, 0, 1]) })];
    let curves = [
        ("ES256", "P-256", &sig::ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", "P-384", &sig::ECDSA_P384_SHA384_FIXED_SIGNING),
        ("ES512", "P-521", &sig::ECDSA_P521_SHA512_FIXED_SIGNING),
    ];
    let pairs: Vec<EcdsaKeyPair> = curves
        .iter()
        .map(|(alg, curve, algorithm)| {
            let pair = EcdsaKeyPair::generate(algorithm).expect("a key");
            let point = pair.public_key().as_ref();
            let size = (point.len() - 1) / 2;
            keys.push(json!({ "kty": "EC", "crv": curve, "kid": alg, "use": "sig",
                "x": encode(&point[1..=size]), "y": encode(&point[size + 1..]) }));
            pair
        })
        .collect();
    let app = app(&admin, "service", "private_key_jwt", Value::Array(keys)).await;
    let name = id(&app);
    let rsa_algorithms: [(&str, &dyn RsaEncoding); 6] = [
        ("RS256", &sig::RSA_PKCS1_SHA256),
        ("RS384", &sig::RSA_PKCS1_SHA384),
        ("RS512", &sig::RSA_PKCS1_SHA512),
        ("PS256", &sig::RSA_PSS_SHA256),
        ("PS384", &sig::RSA_PSS_SHA384),
        ("PS512", &sig::RSA_PSS_SHA512),
    ];
    for (alg, encoding) in rsa_algorithms {
        let sign = |message: &[u8]| {
            let mut signature = vec![0; 256];
            rsa.sign(encoding, &SystemRandom::new(), message, &mut signature)
                .expect("signs");
            signature
        };
        let token = assertion(&json!({ "alg": alg, "kid": "rsa" }), &name, &url, &sign);
        let (status, body) = with_assertion(&url, &token).await;
        assert_eq!(status, 200, "{alg}: {body}");
        let (status, body) = with_assertion(&url, &token).await;
        assert_eq!(status, 401);
        assert!(
            body["error_description"]
                .as_str()
                .expect("text")
                .contains("already been used")
        );
    }
    for ((alg, ..), pair) in curves.iter().zip(&pairs) {
        let sign = |m: &[u8]| {
            pair.sign(&SystemRandom::new(), m)
                .expect("signs")
                .as_ref()
                .to_vec()
        };
        let token = assertion(&json!({ "alg": alg, "kid": alg }), &name, &url, &sign);
        let (status, body) = with_assertion(&url, &token).await;
        assert_eq!(status, 200, "{alg}: {body}");
        let wrong = assertion(&json!({ "alg": "RS256", "kid": alg }), &name, &url, &sign);
        assert_eq!(with_assertion(&url, &wrong).await.0, 401, "{alg} as RS256");
    }
}

#[tokio::test]
async fn assertions_by_a_shared_secret() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let url = format!("{}/oauth2/default/v1/token", sandbox.url());
    admin
        .post(
            "/api/v1/authorizationServers/default/scopes",
            json!({ "name": "orders.read" }),
        )
        .await;
    let app = app(&admin, "service", "client_secret_jwt", json!([])).await;
    let (name, secret) = (id(&app), secret(&app));
    for (alg, algorithm) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        let with = |secret: &str| {
            let key = hmac::Key::new(algorithm, secret.as_bytes());
            let sign = |m: &[u8]| hmac::sign(&key, m).as_ref().to_vec();
            assertion(&json!({ "alg": alg }), &name, &url, &sign)
        };
        let (status, body) = with_assertion(&url, &with(secret)).await;
        assert_eq!(status, 200, "{alg}: {body}");
        assert_eq!(with_assertion(&url, &with("another")).await.0, 401, "{alg}");
    }
}
