//! The token endpoint, scopes at resources, and their error forms.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_opens_what_its_scopes_cover() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.manage"]);
    let (status, body) = ask(&sandbox, &app, "okta.users.manage okta.groups.read").await;
    assert_eq!(status, 200);
    assert_eq!(
        body["scope"], "okta.users.manage",
        "only the granted subset"
    );
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    let token = body["access_token"].as_str().expect("a token");

    let call = |path: &str| {
        client()
            .get(format!("{}{path}", sandbox.url()))
            .header("authorization", format!("Bearer {token}"))
    };
    let users = send(call("/api/v1/users")).await;
    assert_eq!(users.status(), 200, "manage includes read");
    assert!(users.headers()["x-okta-request-id"].len() == 32);

    let groups = send(call("/api/v1/groups")).await;
    assert_eq!(groups.status(), 403);
    let challenge = groups.headers()["www-authenticate"]
        .to_str()
        .expect("text")
        .to_owned();
    let host = sandbox.url().trim_start_matches("http://");
    assert_eq!(
        challenge,
        format!(
            "Bearer authorization_uri=\"http://{host}/oauth2/v1/authorize\", realm=\"http://{host}\", \
             scope=\"okta.groups.read\", error=\"insufficient_scope\", error_description=\"The access \
             token provided does not contain the required scopes.\", resource=\"/api/v1/groups\""
        )
    );
    assert_eq!(groups.text().await.expect("a body"), "");

    let campaigns = send(call("/governance/api/v1/campaigns")).await;
    assert_eq!(campaigns.status(), 403);
    let challenge = campaigns.headers()["www-authenticate"]
        .to_str()
        .expect("text");
    assert!(
        challenge.contains("/oauth2/v1/authorize\"\"\", realm="),
        "{challenge}"
    );
}

#[tokio::test]
async fn granting_through_the_api_changes_the_next_token() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let app = sandbox.create_service_app(&[]);
    let (status, body) = ask(&sandbox, &app, "okta.groups.read").await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("consent_required"))
    );

    let grants = format!("/api/v1/apps/{}/grants", app.client_id);
    let (status, grant) = admin
        .post(
            &grants,
            json!({ "scopeId": "okta.groups.read", "issuer": sandbox.url() }),
        )
        .await;
    assert_eq!(status, 200, "{grant}");
    assert!(id(&grant).starts_with("oag"));
    token(&sandbox, &app, "okta.groups.read").await;
    let (status, _) = admin
        .post(
            &grants,
            json!({ "scopeId": "okta.groups.read", "issuer": sandbox.url() }),
        )
        .await;
    assert_eq!(status, 400, "granted twice");
    let (status, _) = admin
        .post(
            &grants,
            json!({ "scopeId": "okta.users.read", "issuer": "http://elsewhere" }),
        )
        .await;
    assert_eq!(status, 400, "foreign issuer");

    let (status, _) = admin
        .bare("DELETE", &format!("{grants}/{}", id(&grant)))
        .await;
    assert_eq!(status, 204);
    let (status, _) = ask(&sandbox, &app, "okta.groups.read").await;
    assert_eq!(status, 400);
    assert_eq!(
        admin.events("app.oauth2.admin.consent.grant").await.len(),
        1
    );
    assert_eq!(
        admin.events("app.oauth2.admin.consent.revoke").await.len(),
        1
    );
}

#[tokio::test]
async fn scopes_are_refused_in_the_documented_ways() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    for (scope, error) in [
        ("", "invalid_scope"),
        ("okta.nonsense.read", "invalid_scope"),
        ("openid", "invalid_scope"),
        (
            "okta.users.read.self",
            "client_credentials_self_scope_requested",
        ),
        ("okta.users.manage", "consent_required"),
    ] {
        let (status, body) = ask(&sandbox, &app, scope).await;
        assert_eq!(
            (status.as_u16(), body["error"].as_str()),
            (400, Some(error)),
            "{scope}"
        );
    }
}

#[tokio::test]
async fn each_flaw_of_an_assertion_is_found() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let spoil = |name: &str, value: Value| {
        let mut claims = claims(&sandbox, &app);
        if value.is_null() {
            claims.as_object_mut().expect("claims").remove(name);
        } else {
            claims[name] = value;
        }
        assertion(&app, &claims)
    };
    let good_header = json!({ "alg": "ES256", "kid": app.kid });
    let cases = [
        ("The parsing", "rubbish".to_owned()),
        ("The issuer", spoil("iss", json!("0oanobody"))),
        ("The subject", spoil("sub", json!("0oanobody"))),
        (
            "The client_assertion JWT kid",
            jwt(
                &key_of(&app),
                &json!({ "alg": "ES256", "kid": "x" }),
                &claims(&sandbox, &app),
            ),
        ),
        (
            "The client_assertion JWT signature algorithm",
            jwt(
                &key_of(&app),
                &json!({ "alg": "HS256", "kid": app.kid }),
                &claims(&sandbox, &app),
            ),
        ),
        (
            "The client_assertion signature",
            jwt(&fresh_key(), &good_header, &claims(&sandbox, &app)),
        ),
        (
            "The audience",
            spoil("aud", json!("http://elsewhere/oauth2/v1/token")),
        ),
        (
            "The client_assertion must contain the 'exp'",
            spoil("exp", Value::Null),
        ),
        (
            "The client_assertion token is expired",
            spoil("exp", json!(now() - 1)),
        ),
        (
            "The client_assertion token has an expiration too far",
            spoil("exp", json!(now() + 3602)),
        ),
        (
            "The client_assertion token must be issued before",
            spoil("iat", json!(now() + 60)),
        ),
    ];
    for (text, assertion) in cases {
        let (status, body) = answer(token_form(&sandbox, "okta.users.read", &assertion)).await;
        assert_eq!(
            (status.as_u16(), body["error"].as_str()),
            (401, Some("invalid_client")),
            "{text}"
        );
        let description = body["error_description"].as_str().expect("a text");
        assert!(description.starts_with(text), "{description}");
    }
    let once = assertion(&app, &claims(&sandbox, &app));
    assert_eq!(
        answer(token_form(&sandbox, "okta.users.read", &once))
            .await
            .0,
        200
    );
    let (status, body) = answer(token_form(&sandbox, "okta.users.read", &once)).await;
    assert_eq!(status, 401, "{body}");

    // The issuer's own URL is an audience, too; kid and jti may be left out.
    let mut loose = claims(&sandbox, &app);
    loose["aud"] = json!([sandbox.url()]);
    loose.as_object_mut().expect("claims").remove("jti");
    let loose = jwt(&key_of(&app), &json!({ "alg": "ES256" }), &loose);
    assert_eq!(
        answer(token_form(&sandbox, "okta.users.read", &loose))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn an_rsa_client_made_through_the_api_works() {
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    // SEQUENCE and INTEGER heads, a zero, 256 bytes of modulus, then the exponent 65537.
    let modulus = &key.public_key().as_ref()[9..265];
    let jwk = json!({ "kty": "RSA", "kid": "mine", "e": "AQAB", "n": encode(modulus) });
    let (status, app) = admin
        .post("/api/v1/apps", json!({
            "name": "oidc_client", "label": "RSA", "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "token_endpoint_auth_method": "private_key_jwt" } },
            "settings": { "oauthClient": { "application_type": "service", "jwks": { "keys": [jwk] } } },
        }))
        .await;
    assert_eq!(status, 200, "{app}");
    assert_eq!(
        app["settings"]["oauthClient"]["dpop_bound_access_tokens"], true,
        "the default of new orgs"
    );
    sandbox.require_dpop(&id(&app), false);
    sandbox.grant(&id(&app), "okta.users.read");
    let claims = json!({
        "iss": id(&app), "sub": id(&app), "aud": sandbox.url(), "exp": now() + 60, "jti": unique(),
    });
    let input = format!(
        "{}.{}",
        encode(json!({ "alg": "RS256", "kid": "mine" }).to_string()),
        encode(claims.to_string())
    );
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &aws_lc_rs::rand::SystemRandom::new(),
        input.as_bytes(),
        &mut signature,
    )
    .expect("a signature");
    let assertion = format!("{input}.{}", encode(signature));
    assert_eq!(
        answer(token_form(&sandbox, "okta.users.read", &assertion))
            .await
            .0,
        200
    );

    let path = format!("/api/v1/apps/{}", id(&app));
    admin
        .bare("POST", &format!("{path}/lifecycle/deactivate"))
        .await;
    let (status, body) = ask_as(&sandbox, &key, &id(&app)).await;
    assert_eq!(
        (status, body["error"].as_str()),
        (401, Some("invalid_client")),
        "inactive"
    );
}

async fn ask_as(
    sandbox: &Sandbox,
    key: &aws_lc_rs::signature::RsaKeyPair,
    client: &str,
) -> (u16, Value) {
    let claims = json!({ "iss": client, "sub": client, "aud": sandbox.url(), "exp": now() + 60, "jti": unique() });
    let input = format!(
        "{}.{}",
        encode(json!({ "alg": "RS512" }).to_string()),
        encode(claims.to_string())
    );
    let mut signature = vec![0; key.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    key.sign(
        &aws_lc_rs::signature::RSA_PKCS1_SHA512,
        &random,
        input.as_bytes(),
        &mut signature,
    )
    .expect("a signature");
    let assertion = format!("{input}.{}", encode(signature));
    let (status, body) = answer(token_form(sandbox, "okta.users.read", &assertion)).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn api_tokens_and_strangers() {
    let sandbox = Sandbox::start().await.expect("starts");
    let users = format!("{}/api/v1/users", sandbox.url());
    for (header, status, code) in [
        (format!("SSWS {}", sandbox.api_token()), 200, ""),
        (format!("SSWS{}", sandbox.api_token()), 200, ""),
        ("SSWS 00nonsense".to_owned(), 401, "E0000011"),
        ("Basic eDp5".to_owned(), 403, "E0000005"),
    ] {
        let (got, body) = answer(client().get(&users).header("authorization", &header)).await;
        assert_eq!(
            (got.as_u16(), common::code(&body)),
            (status, code),
            "{header}"
        );
    }
    assert_eq!(answer(client().get(&users)).await.0, 403);
    let bad = send(
        client()
            .get(&users)
            .header("authorization", "Bearer nonsense"),
    )
    .await;
    assert_eq!(bad.status(), 401);
    assert!(
        bad.headers()["www-authenticate"]
            .to_str()
            .expect("text")
            .contains("error=\"invalid_token\"")
    );
}

#[tokio::test]
async fn reset_keeps_the_printed_credentials() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    admin.user("gone@example.com").await;
    assert_eq!(admin.bare("POST", "/_sandbox/reset").await.0, 204);
    assert_eq!(admin.get("/api/v1/users/gone@example.com").await.0, 404);
    let ready = sandbox.service_app();
    sandbox.require_dpop(&ready.client_id, false);
    let token = token(&sandbox, &ready, "okta.users.read").await;
    let users = client().get(format!("{}/api/v1/users", sandbox.url()));
    assert_eq!(
        answer(users.header("authorization", format!("Bearer {token}")))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn tokens_expire_by_the_orgs_clock() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let token = token(&sandbox, &app, "okta.users.read").await;
    let call = || {
        let users = client().get(format!("{}/api/v1/users", sandbox.url()));
        answer(users.header("authorization", format!("Bearer {token}")))
    };
    assert_eq!(call().await.0, 200);
    sandbox.advance_clock(3601);
    assert_eq!(call().await.0, 401);
}
