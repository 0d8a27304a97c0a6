//! Which ID tokens count.

use okta_core::DeviceSignIn;

use super::*;

fn start() -> (Client, Server) {
    let time = clock();
    let server = Server::new(Arc::new(time.clone()));
    let (client, _, _) = client_with(server.canned(), |b| {
        b.credential(app()).clock(Arc::new(time))
    });
    (client, server)
}

async fn try_in(client: &Client) -> okta_core::Result<okta_core::auth::SignedIn> {
    client.sign_in(DeviceSignIn::new(|_| ())).await
}

#[tokio::test]
async fn every_algorithm_is_checked_with_the_published_key() {
    let rsa = PrivateKey::generate(Algorithm::Rs256).unwrap();
    for algorithm in Algorithm::ALL {
        let (client, server) = start();
        let key = match rsa.clone().with_algorithm(algorithm) {
            Ok(key) => key,
            Err(_) => PrivateKey::generate(algorithm).unwrap(),
        };
        // The hash of the access token goes by the algorithm.
        server.state().bend = Some(Box::new(|claims| {
            claims.as_object_mut().unwrap().remove("at_hash");
        }));
        server.state().keys.push(key.clone());
        server.state().signing = key;
        try_in(&client).await.unwrap();
    }
}

#[tokio::test]
async fn keys_are_kept_and_fetched_anew_when_the_service_rotates_them() {
    let (client, server) = start();
    for _ in 0..3 {
        try_in(&client).await.unwrap();
    }
    assert_eq!(server.sent("keys").len(), 1);
    let next = PrivateKey::generate(Algorithm::Es256).unwrap();
    server.state().keys = vec![next.clone()];
    server.state().signing = next;
    try_in(&client).await.unwrap();
    assert_eq!(server.sent("keys").len(), 2);
}

type BendOnce = fn(&mut J);

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_of_it_is_used() {
    let bends: Vec<(&str, BendOnce)> = vec![
        ("not from", |c| c["iss"] = "https://evil.okta.com".into()),
        ("not for the app", |c| c["aud"] = "0oaOTHER".into()),
        ("another app", |c| c["aud"] = json!([CLIENT, "0oaOTHER"])),
        ("another app", |c| c["azp"] = "0oaOTHER".into()),
        ("expired", |c| c["exp"] = (START - 61).into()),
        ("in the future", |c| c["iat"] = (START + 100).into()),
        ("\"exp\"", |c| c["exp"] = "soon".into()),
        ("\"sub\"", |c| c["sub"] = J::Null),
        ("another access token", |c| c["at_hash"] = "AAAA".into()),
        ("\"iss\"", |c| c["iss"] = 5.into()),
        ("not for the app", |c| c["aud"] = J::Null),
    ];
    for (words, bend) in bends {
        let (client, server) = start();
        server.state().bend = Some(Box::new(bend));
        let error = try_in(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Token);
        assert!(error.to_string().contains(words), "{words}: {error}");
        let error = client.send(Get::of("1")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignIn, "the tokens were not taken");
    }
    // Signed with a key of the same name that is not the published one.
    let (client, server) = start();
    let id = server.state().signing.key_id().unwrap().to_owned();
    server.state().signing = PrivateKey::generate(Algorithm::Es256)
        .unwrap()
        .with_key_id(id);
    let error = try_in(&client).await.unwrap_err();
    assert!(error.to_string().contains("signature"), "{error}");
    // And with one that is published nowhere.
    let (client, server) = start();
    server.state().signing = PrivateKey::generate(Algorithm::Es256).unwrap();
    let error = try_in(&client).await.unwrap_err();
    assert!(error.to_string().contains("does not publish"), "{error}");
}

#[tokio::test]
async fn unsigned_and_odd_tokens_are_refused() {
    let b64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = b64(&json!({ "iss": ORG, "sub": "x", "aud": CLIENT }).to_string());
    for (token, words) in [
        (
            format!("{}.{claims}.", b64(r#"{"alg":"none"}"#)),
            "not accepted",
        ),
        (
            format!("{}.{claims}.AAAA", b64(r#"{"alg":"HS256"}"#)),
            "not accepted",
        ),
        (
            format!("{}.{claims}.AAAA", b64(r#"{"alg":"ES256","crit":["x"]}"#)),
            "critical",
        ),
        ("canary".to_owned(), "not a signed JWT"),
        ("a.b.c.d.e".to_owned(), "not a signed JWT"),
    ] {
        let time = clock();
        let server = Server::new(Arc::new(time.clone()));
        let canned = Canned::from_fn(move |request| match request.uri.path() {
            "/oauth2/v1/token" => Answer::json(
                200,
                json!({
                    "token_type": "Bearer", "access_token": "a", "id_token": token,
                })
                .to_string(),
            ),
            _ => server.answer(request),
        });
        let (client, _, _) = client_with(canned, |b| b.credential(app()).clock(Arc::new(time)));
        let error = try_in(&client).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn demand_18_id_tokens_count_whatever_this_machines_clock_says() {
    for ahead in [-600, -61, 0, 61, 600] {
        let (client, server) = start();
        server.state().ahead = ahead;
        try_in(&client)
            .await
            .unwrap_or_else(|error| panic!("{ahead}: {error}"));
    }
    // The correction is no licence: expired by the service's clock is expired.
    let (client, server) = start();
    server.state().ahead = 600;
    server.state().bend = Some(Box::new(|claims| claims["exp"] = (START + 500).into()));
    let error = try_in(&client).await.unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}
