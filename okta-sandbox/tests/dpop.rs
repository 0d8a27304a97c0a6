//! DPoP at the token endpoint and at resources.

mod common;

use aws_lc_rs::signature::EcdsaKeyPair;
use common::*;
use okta_sandbox::{Sandbox, ServiceApp};
use serde_json::{Value, json};

/// Asks for a token with a proof; gives status, body and the nonce of the answer.
async fn ask_with(
    sandbox: &Sandbox,
    app: &ServiceApp,
    key: &EcdsaKeyPair,
    nonce: Option<&str>,
) -> (u16, Value, Option<String>) {
    let url = format!("{}/oauth2/v1/token", sandbox.url());
    let proof = Proof {
        key,
        method: "POST",
        url: &url,
        token: None,
        nonce,
    }
    .sign();
    let form = token_form(
        sandbox,
        "okta.users.read",
        &assertion(app, &claims(sandbox, app)),
    );
    let response = send(form.header("dpop", proof)).await;
    let nonce = response
        .headers()
        .get("dpop-nonce")
        .map(|n| n.to_str().expect("text").to_owned());
    (
        response.status().as_u16(),
        response.json().await.expect("JSON"),
        nonce,
    )
}

async fn bound_token(sandbox: &Sandbox, app: &ServiceApp, key: &EcdsaKeyPair) -> String {
    let (_, _, nonce) = ask_with(sandbox, app, key, None).await;
    let (status, body, _) = ask_with(sandbox, app, key, nonce.as_deref()).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn the_token_endpoint_challenges_for_a_nonce() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.service_app();
    let (status, body) = ask(&sandbox, &app, "okta.users.read").await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("invalid_dpop_proof"))
    );
    assert_eq!(
        body["error_description"],
        "The DPoP proof JWT header is missing."
    );

    let key = fresh_key();
    let (status, body, nonce) = ask_with(&sandbox, &app, &key, None).await;
    assert_eq!((status, &body["error"]), (400, &json!("use_dpop_nonce")));
    let nonce = nonce.expect("a nonce");
    let (status, body, again) = ask_with(&sandbox, &app, &key, Some(&nonce)).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("DPoP")));
    assert_eq!(
        again.as_deref(),
        Some(nonce.as_str()),
        "the 200 carries the nonce, too"
    );
    assert_eq!(
        ask_with(&sandbox, &app, &key, Some(&nonce)).await.0,
        200,
        "a nonce can be used again"
    );

    sandbox.rotate_dpop_nonce();
    let (status, body, fresh) = ask_with(&sandbox, &app, &key, Some(&nonce)).await;
    assert_eq!((status, &body["error"]), (400, &json!("use_dpop_nonce")));
    assert_ne!(fresh.as_deref(), Some(nonce.as_str()));
}

#[tokio::test]
async fn a_failed_attempt_burns_the_assertion() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.service_app();
    let key = fresh_key();
    let url = format!("{}/oauth2/v1/token", sandbox.url());
    let assertion = assertion(&app, &claims(&sandbox, &app));
    let proof = |nonce: Option<&str>| {
        Proof {
            key: &key,
            method: "POST",
            url: &url,
            token: None,
            nonce,
        }
        .sign()
    };
    let first =
        send(token_form(&sandbox, "okta.users.read", &assertion).header("dpop", proof(None))).await;
    let nonce = first.headers()["dpop-nonce"]
        .to_str()
        .expect("text")
        .to_owned();
    let second =
        token_form(&sandbox, "okta.users.read", &assertion).header("dpop", proof(Some(&nonce)));
    let (status, body) = answer(second).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (401, &json!("invalid_client"))
    );
}

#[tokio::test]
async fn resources_check_the_proof() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.service_app();
    let key = fresh_key();
    let token = bound_token(&sandbox, &app, &key).await;
    let url = format!("{}/api/v1/users", sandbox.url());
    let good = Proof {
        key: &key,
        method: "GET",
        url: &url,
        token: Some(&token),
        nonce: None,
    };
    let call = |proof: Option<String>| {
        let mut request = client()
            .get(format!("{url}?limit=5"))
            .header("authorization", format!("DPoP {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        send(request)
    };
    let once = good.sign();
    assert_eq!(call(Some(once.clone())).await.status(), 200);

    let spoil = |name: &str, value: Value| {
        let mut claims = good.claims();
        claims[name] = value;
        sign_proof(&key, &claims)
    };
    let mut leaky = public_jwk(&key);
    leaky["d"] = json!(private_part(&key));
    let leaky = jwt(
        &key,
        &json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": leaky }),
        &good.claims(),
    );
    let untyped = jwt(
        &key,
        &json!({ "alg": "ES256", "jwk": public_jwk(&key) }),
        &good.claims(),
    );
    let other = fresh_key();
    let stranger = Proof {
        key: &other,
        ..good
    }
    .sign();
    for (what, proof) in [
        ("missing", None),
        ("already been used", Some(once)),
        ("'htm'", Some(spoil("htm", json!("POST")))),
        ("'htu'", Some(spoil("htu", json!(format!("{url}?limit=5"))))),
        (
            "more than five minutes in the past",
            Some(spoil("iat", json!(now() - 310))),
        ),
        (
            "issued in the future",
            Some(spoil("iat", json!(now() + 60))),
        ),
        ("'jti'", Some(spoil("jti", json!("")))),
        ("'ath'", Some(spoil("ath", json!("x")))),
        ("The DPoP proof JWT is invalid", Some(leaky)),
        ("'typ'", Some(untyped)),
        ("not bound", Some(stranger)),
        ("cannot be parsed", Some("rubbish".to_owned())),
    ] {
        let response = call(proof).await;
        assert_eq!(response.status(), 400, "{what}");
        let challenge = response.headers()["www-authenticate"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(challenge.starts_with("DPoP algs=\"RS256 "), "{challenge}");
        assert!(
            challenge.contains("error=\"invalid_dpop_proof\"") && challenge.contains(what),
            "{challenge}"
        );
        assert_eq!(response.text().await.expect("a body"), "");
    }
}

#[tokio::test]
async fn scheme_and_token_must_fit() {
    let sandbox = Sandbox::start().await.expect("starts");
    let key = fresh_key();
    let url = format!("{}/api/v1/users", sandbox.url());
    let bound = bound_token(&sandbox, &sandbox.service_app(), &key).await;
    let response = send(
        client()
            .get(&url)
            .header("authorization", format!("Bearer {bound}")),
    )
    .await;
    assert_eq!(response.status(), 400);
    assert!(
        response.headers()["www-authenticate"]
            .to_str()
            .expect("text")
            .contains("invalid_request")
    );

    let app = sandbox.create_service_app(&["okta.users.read"]);
    let plain = token(&sandbox, &app, "okta.users.read").await;
    let proof = Proof {
        key: &key,
        method: "GET",
        url: &url,
        token: Some(&plain),
        nonce: None,
    }
    .sign();
    let request = client()
        .get(&url)
        .header("authorization", format!("DPoP {plain}"))
        .header("dpop", proof);
    assert_eq!(send(request).await.status(), 401);
}

#[tokio::test]
async fn resources_can_demand_nonces() {
    let sandbox = Sandbox::builder()
        .dpop_nonce_at_resources(true)
        .start()
        .await
        .expect("starts");
    let key = fresh_key();
    let token = bound_token(&sandbox, &sandbox.service_app(), &key).await;
    let url = format!("{}/api/v1/users", sandbox.url());
    let call = |nonce: Option<&str>| {
        let proof = Proof {
            key: &key,
            method: "GET",
            url: &url,
            token: Some(&token),
            nonce,
        }
        .sign();
        send(
            client()
                .get(&url)
                .header("authorization", format!("DPoP {token}"))
                .header("dpop", proof),
        )
    };
    let refused = call(None).await;
    assert_eq!(refused.status(), 400);
    assert!(
        refused.headers()["www-authenticate"]
            .to_str()
            .expect("text")
            .contains("use_dpop_nonce")
    );
    let nonce = refused.headers()["dpop-nonce"]
        .to_str()
        .expect("text")
        .to_owned();
    assert_eq!(call(Some(&nonce)).await.status(), 200);
}
