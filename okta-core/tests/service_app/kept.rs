//! Client secrets, scopes by call, tokens kept in a store, revocation.

use okta_core::ClientSecret;
use okta_core::auth::{AuthorizationServer, MemoryTokenStore};

use super::*;

/// Answers token requests, and refuses API calls whose token lacks the scope.
fn scoped(granted: &'static [&'static str]) -> Canned {
    Canned::from_fn(move |request| {
        let form: std::collections::HashMap<String, String> =
            url::form_urlencoded::parse(&request.body)
                .into_owned()
                .collect();
        match request.uri.path() {
            "/oauth2/v1/token" => {
                let asked: Vec<&str> = form["scope"].split(' ').collect();
                let given: Vec<&str> = asked
                    .into_iter()
                    .filter(|scope| granted.contains(scope))
                    .collect();
                if given.is_empty() {
                    return Answer::json(
                        400,
                        r#"{"error":"consent_required","error_description":"You are not allowed any of the requested scopes."}"#,
                    );
                }
                let given = given.join(" ");
                Answer::json(
                    200,
                    format!(
                        r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"t.{}","scope":"{given}"}}"#,
                        given.replace(' ', "+")
                    ),
                )
            }
            "/oauth2/v1/revoke" | "/oauth2/v1/introspect" => {
                assert!(form["client_assertion"].len() > 100);
                Answer::json(200, r#"{"active":true,"scope":"a b","exp":1767229200}"#)
            }
            _ => Answer::json(200, r#"{"id":"1"}"#),
        }
    })
}

/// Scopes of the token requests so far.
fn asked(transport: &Canned) -> Vec<String> {
    transport
        .requests()
        .iter()
        .filter(|request| request.uri.path() == "/oauth2/v1/token")
        .map(|request| {
            url::form_urlencoded::parse(&request.body)
                .find(|(name, _)| name == "scope")
                .unwrap()
                .1
                .into_owned()
        })
        .collect()
}

fn incremental() -> ServiceApp {
    ServiceApp::incremental(CLIENT, PrivateKey::parse(KEY).unwrap()).unwrap()
}

#[tokio::test]
async fn demand_23_incremental_asks_for_what_each_call_needs() {
    let (client, transport, clock) =
        client_with(scoped(&["okta.things.read", "okta.things.manage"]), |b| {
            b.service_app(incremental())
        });
    client.send(Get::of("1")).await.unwrap();
    client.send(Get::of("2")).await.unwrap();
    assert_eq!(asked(&transport), ["okta.things.read"]);
    client.send(Create::named("n")).await.unwrap();
    client.send(Create::named("n")).await.unwrap();
    assert_eq!(
        asked(&transport),
        ["okta.things.read", "okta.things.manage"]
    );
    // The reading token is still the one for reading.
    client.send(Get::of("1")).await.unwrap();
    let last = transport.requests().pop().unwrap();
    assert_eq!(last.headers["authorization"], "Bearer t.okta.things.read");
    // Expired tokens are fetched by scope set.
    clock.advance(Duration::from_secs(5000));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(asked(&transport).len(), 3);
    client.renew_token().await.unwrap();
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(asked(&transport).len(), 4);

    // A wider token is enough for a narrower call.
    let (client, transport, _) = client_with(scoped(&["okta.things.manage"]), |b| {
        b.service_app(incremental())
    });
    client.send(Create::named("n")).await.unwrap();
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(asked(&transport), ["okta.things.manage"]);

    // What no record tells must be said.
    let error = client.call("GET", "/api/v1/new").await.unwrap_err();
    assert!(error.hint().unwrap().contains("always"), "{error}");
    let (client, transport, _) = client_with(scoped(&["okta.logs.read"]), |b| {
        b.service_app(incremental().always(["okta.logs.read"]))
    });
    client.call("GET", "/api/v1/new").await.unwrap();
    assert_eq!(asked(&transport), ["okta.logs.read"]);
}

#[tokio::test]
async fn demand_24_scopes_that_are_not_granted_show_before_the_first_call() {
    let (client, transport, _) = client_with(scoped(&[]), |b| b.service_app(incremental()));
    let error = client.send(Get::of("1")).await.unwrap_err();
    let scope = error.insufficient_scope().expect("which");
    assert_eq!(scope.missing().to_string(), "okta.things.read");
    assert!(error.hint().unwrap().contains("0oaTEST/grants"), "{error}");
    assert_eq!(transport.requests().len(), 1, "no API call went out");
    let report = client.preflight(scopes_of![Get, Create]).await.unwrap();
    assert_eq!(report.missing.len(), 1, "{report}");
    assert_eq!(report.missing[0].scope.as_str(), "okta.things.manage");

    // The typed warning.
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let (client, _, _) = client_with(scoped(&["okta.things.manage"]), |b| {
        b.service_app(app(&["okta.things.manage", "okta.logs.read"]))
            .on_event(move |event| {
                if let okta_core::observe::Event::FewerScopes { missing, .. } = event {
                    seen.lock().unwrap().push((*missing).to_owned());
                }
            })
    });
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["okta.logs.read"]);

    // The policy to fail makes calls fail, not the report.
    let strict =
        app(&["okta.things.read", "okta.logs.read"]).when_granted_fewer(GrantedFewer::Fail);
    let (client, transport, _) =
        client_with(scoped(&["okta.things.read"]), |b| b.service_app(strict));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientScope);
    assert_eq!(transport.requests().len(), 1);
    let report = client.preflight(["okta.logs.read"]).await.unwrap();
    assert_eq!(report.missing.len(), 1, "{report}");
}

#[tokio::test]
async fn client_secrets_go_into_the_header_or_the_form() {
    let secret = "a secret:with+odd/characters";
    for (given, basic) in [
        (ClientSecret::basic(secret), true),
        (ClientSecret::post(secret), false),
    ] {
        let canned = Canned::new().on(
            "POST",
            "/oauth2/default/v1/token",
            Answer::json(
                200,
                r#"{"token_type":"Bearer","access_token":"t","scope":"mine"}"#,
            ),
        );
        let canned = canned.on("GET", "/api/v1/things/1", Answer::json(200, "{}"));
        let app = ServiceApp::with_secret(CLIENT, given, ["mine"])
            .unwrap()
            .authorization_server(AuthorizationServer::custom("default").unwrap());
        let (client, transport, _) = client_with(canned, |b| b.service_app(app));
        client.send(Get::of("1")).await.unwrap();
        let request = &transport.requests()[0];
        let form: std::collections::HashMap<_, _> =
            url::form_urlencoded::parse(&request.body).collect();
        assert!(!form.contains_key("client_assertion"));
        if basic {
            let value = &request.headers["authorization"];
            assert!(value.is_sensitive());
            let base64 = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
            let pair = base64::engine::general_purpose::STANDARD
                .decode(base64)
                .unwrap();
            assert_eq!(pair, b"0oaTEST:a+secret%3Awith%2Bodd%2Fcharacters");
            assert!(!form.contains_key("client_secret"));
        } else {
            assert_eq!(form["client_id"], CLIENT);
            assert_eq!(form["client_secret"], secret);
            assert!(!request.headers.contains_key("authorization"));
        }
    }
    for bad in ["", "  ", "{clientSecret}", "two\nlines"] {
        let error = ServiceApp::with_secret(CLIENT, ClientSecret::basic(bad), ["a"]).unwrap_err();
        assert!(error.to_string().contains("client secret"), "{error}");
    }
}

#[tokio::test]
async fn demand_22_every_algorithm_signs_assertions() {
    use okta_core::auth::Algorithm;
    // Making RSA keys takes long: one serves all of their algorithms.
    let rsa = PrivateKey::generate(Algorithm::Rs256).unwrap();
    for algorithm in Algorithm::ALL {
        let key = match rsa.clone().with_algorithm(algorithm) {
            Ok(key) => key,
            Err(_) => PrivateKey::generate(algorithm).unwrap(),
        };
        let id = key.key_id().unwrap().to_owned();
        let app = ServiceApp::new(CLIENT, key, ["okta.things.read"]).unwrap();
        let (client, transport, _) =
            client_with(scoped(&["okta.things.read"]), |b| b.service_app(app));
        client.send(Get::of("1")).await.unwrap();
        let body = transport.requests()[0].body.clone();
        let (_, assertion) = url::form_urlencoded::parse(&body)
            .find(|(name, _)| name == "client_assertion")
            .unwrap();
        let header = assertion.split('.').next().unwrap();
        let header: J = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        assert_eq!(
            (&header["alg"], &header["kid"]),
            (&algorithm.as_str().into(), &id.into())
        );
    }
}

/// Keys that never leave a KMS: the SDK sees signatures only.
#[derive(Debug)]
struct Kms(PrivateKey);

#[async_trait::async_trait]
impl Signer for Kms {
    fn algorithm(&self) -> okta_core::auth::Algorithm {
        self.0.algorithm()
    }
    fn key_id(&self) -> Option<&str> {
        self.0.key_id()
    }
    async fn sign(&self, message: &[u8]) -> okta_core::Result<Vec<u8>> {
        tokio::task::yield_now().await;
        self.0.sign(message).await
    }
}

#[tokio::test]
async fn demand_22_a_signer_outside_of_the_process_works() {
    let app = ServiceApp::new(
        CLIENT,
        Kms(PrivateKey::parse(KEY).unwrap()),
        ["okta.things.manage"],
    );
    let (client, _, server) = start(RULES, app.unwrap());
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 1);
}

#[tokio::test]
async fn demand_19_dpop_tokens_are_kept_with_their_key() {
    let rules = Rules {
        dpop: true,
        nonce: true,
        ..RULES
    };
    for dpop in [Dpop::Always, Dpop::Auto] {
        let store = Arc::new(MemoryTokenStore::new());
        let app = || {
            app(&["okta.things.manage"])
                .dpop(dpop)
                .token_store(Arc::clone(&store))
        };
        let (client, _, server) = start(rules.clone(), app());
        client.send(Get::of("1")).await.unwrap();
        assert!(count(&server.token_requests) >= 2);
        // Another process: the token comes with the key that it is bound to.
        let (other, transport, again) = start(rules.clone(), app());
        other.send(Get::of("1")).await.unwrap();
        assert_eq!(count(&again.token_requests), 0);
        // It does not know the nonce yet: one repeat.
        let proofs: Vec<J> = transport
            .requests()
            .iter()
            .map(|request| {
                let proof = request.headers["dpop"].to_str().unwrap();
                let header = proof.split('.').next().unwrap();
                let header = URL_SAFE_NO_PAD.decode(header).unwrap();
                serde_json::from_slice::<J>(&header).unwrap()["jwk"].clone()
            })
            .collect();
        assert_eq!(proofs.len(), 2);
        assert_eq!(proofs[0], proofs[1]);
    }
}

#[tokio::test]
async fn a_service_app_revokes_and_introspects_its_token() {
    let (client, transport, _) = client_with(scoped(&["okta.things.read"]), |b| {
        b.service_app(app(&["okta.things.read"]))
    });
    let said = client.introspect_token().await.unwrap();
    assert!(said.active);
    assert_eq!(said.scopes.to_string(), "a b");
    assert_eq!(said.expires_at.unwrap().to_string(), "2026-01-01T01:00:00Z");
    client.sign_out().await.unwrap();
    let paths: Vec<String> = transport
        .requests()
        .iter()
        .map(|r| r.uri.path().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "/oauth2/v1/token",
            "/oauth2/v1/introspect",
            "/oauth2/v1/revoke"
        ]
    );
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(asked(&transport).len(), 2);
}

#[tokio::test]
async fn a_store_that_is_out_of_order_costs_a_service_app_only_token_requests() {
    let directory = std::env::temp_dir().join(format!("okta-service-app-{}", std::process::id()));
    let store = okta_core::auth::FileTokenStore::new(&directory);
    let key = okta_core::auth::TokenKey::new(ORG, ORG, CLIENT, "");
    for text in ["", "{", "canary"] {
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(store.path(&key), text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let set = |path: &std::path::Path, mode| {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
            };
            set(&directory, 0o700);
            set(&store.path(&key), 0o600);
        }
        for requests in [1, 0] {
            let app = app(&["okta.things.read"]).token_store(store.clone());
            let (client, transport, _) =
                client_with(scoped(&["okta.things.read"]), |b| b.service_app(app));
            client.send(Get::of("1")).await.unwrap();
            assert_eq!(asked(&transport).len(), requests);
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

/// The public key in the proof of each request.
fn proof_keys(transport: &Canned) -> Vec<(String, String)> {
    let requests = transport.requests().into_iter();
    requests
        .filter_map(|request| {
            let proof = request.headers.get("dpop")?.to_str().ok()?;
            let header = URL_SAFE_NO_PAD.decode(proof.split('.').next()?).ok()?;
            let header: J = serde_json::from_slice(&header).ok()?;
            Some((
                request.uri.path().to_owned(),
                header["jwk"]["x"].as_str()?.to_owned(),
            ))
        })
        .collect()
}

#[tokio::test]
async fn demand_19_a_renewed_proof_key_leaves_older_tokens_theirs() {
    const TWO_HOURS: Duration = Duration::from_secs(7200);
    let rules = Rules {
        dpop: true,
        ..RULES
    };
    let app = ServiceApp::incremental(CLIENT, PrivateKey::parse(KEY).unwrap())
        .unwrap()
        .dpop(Dpop::Always)
        .rotate_proof_key_every(TWO_HOURS);
    // The server grants what it was not asked for: each call has a token of its own.
    let granted = Rules {
        granted: "okta.things.read",
        ..rules.clone()
    };
    let (client, transport, server) = start(granted, app);
    client.send(Get::of("1")).await.unwrap();
    server.clock.advance(TWO_HOURS - Duration::from_secs(600));
    // A new token with the old key, which lives beyond the interval.
    client.send(Get::of("1")).await.unwrap();
    server.clock.advance(Duration::from_secs(1200));
    server.rules.lock().unwrap().granted = "okta.things.manage";
    client.send(Create::named("n")).await.unwrap();
    client.send(Get::of("1")).await.unwrap();
    let keys: Vec<String> = proof_keys(&transport).into_iter().map(|(_, x)| x).collect();
    let old = &keys[0];
    let new = &keys[4];
    assert_ne!(old, new);
    // Token, call, token, call; token and call with the new key; the older token's call.
    assert_eq!(keys, [old, old, old, old, new, new, old].map(Clone::clone));

    // A stored key has its age with it, and goes with the tokens that are bound to it.
    let store = Arc::new(MemoryTokenStore::new());
    let kept = || {
        app_with(&["okta.things.manage"])
            .token_store(Arc::clone(&store))
            .rotate_proof_key_every(TWO_HOURS)
    };
    let (first, transport, _) = start(rules.clone(), kept());
    first.send(Get::of("1")).await.unwrap();
    let old = proof_keys(&transport).pop().unwrap().1;
    for (later, same) in [(600, true), (4000, true), (7300, false)] {
        let (client, transport, server) = start(rules.clone(), kept());
        server.clock.advance(Duration::from_secs(later));
        client.send(Get::of("1")).await.unwrap();
        let keys = proof_keys(&transport);
        assert!(
            keys.iter().all(|(_, x)| (*x == old) == same),
            "{later}: {keys:?}"
        );
        assert_eq!(keys.len(), if later == 600 { 1 } else { 2 });
    }
}

fn app_with(scopes: &[&'static str]) -> ServiceApp {
    app(scopes).dpop(Dpop::Always)
}
