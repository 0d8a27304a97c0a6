//! Service apps against a small authorization server in memory, which checks what it is sent.

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::*;
use okta_core::auth::{GrantedFewer, Signer};
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned, VirtualClock};
use okta_core::transport::{HttpRequest, TransportFault};
use okta_core::{Dpop, PrivateKey, RetryPolicy, ServiceApp};
use serde_json::Value as J;

const KEY: &str = include_str!("keys/ec_p256.jwk.json");
const CLIENT: &str = "0oaTEST";

fn app(scopes: &[&'static str]) -> ServiceApp {
    let key = PrivateKey::parse(KEY).unwrap();
    ServiceApp::new(CLIENT, key, scopes.to_vec()).unwrap()
}

/// Checks a compact JWS made on P-256 and returns its parts.
fn verified(token: &str, x: &str, y: &str) -> (J, J) {
    let parts: Vec<&str> = token.split('.').collect();
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let point = [vec![4], bytes(x), bytes(y)].concat();
    let message = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(message.as_bytes(), &bytes(parts[2]))
        .expect("a good signature");
    let json = |part: &str| serde_json::from_slice(&bytes(part)).unwrap();
    (json(parts[0]), json(parts[1]))
}

/// How the server behaves.
#[derive(Clone)]
struct Rules {
    dpop: bool,
    nonce: bool,
    /// The server's clock minus the client's, in seconds.
    ahead: i64,
    granted: &'static str,
    /// Tokens issued before this number are refused by the API.
    first_good: usize,
}

const RULES: Rules = Rules {
    dpop: false,
    nonce: false,
    ahead: 0,
    granted: "okta.things.manage",
    first_good: 1,
};

struct Server {
    rules: Mutex<Rules>,
    clock: VirtualClock,
    jtis: Mutex<HashSet<String>>,
    tokens: AtomicUsize,
    token_requests: AtomicUsize,
}

impl Server {
    fn now(&self) -> i64 {
        use okta_core::clock::Clock as _;
        self.clock.wall().as_second() + self.rules.lock().unwrap().ahead
    }

    fn fresh(&self, jti: &J) -> bool {
        self.jtis
            .lock()
            .unwrap()
            .insert(jti.as_str().unwrap().to_owned())
    }

    fn answer(&self, request: &HttpRequest) -> Answer {
        let date = jiff::Timestamp::from_second(self.now()).unwrap();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let rules = self.rules.lock().unwrap().clone();
        let answer = if request.uri.path() == "/oauth2/v1/token" {
            self.token_requests.fetch_add(1, Ordering::SeqCst);
            self.token(request, &rules)
        } else {
            self.api(request, &rules)
        };
        let answer = answer.header("date", &date);
        if rules.nonce {
            answer.header("dpop-nonce", "nonce-1")
        } else {
            answer
        }
    }

    /// Checks a proof; `Some` is the refusal.
    fn proof(
        &self,
        request: &HttpRequest,
        rules: &Rules,
        token: Option<&str>,
    ) -> Result<(), (&'static str, &'static str)> {
        let Some(proof) = request.headers.get("dpop") else {
            return Err((
                "invalid_dpop_proof",
                "The DPoP proof JWT header is missing.",
            ));
        };
        let proof = proof.to_str().unwrap();
        let header: J = serde_json::from_slice(
            &URL_SAFE_NO_PAD
                .decode(proof.split('.').next().unwrap())
                .unwrap(),
        )
        .unwrap();
        assert_eq!(header["typ"], "dpop+jwt");
        assert!(header["jwk"].get("d").is_none());
        let (_, claims) = verified(
            proof,
            header["jwk"]["x"].as_str().unwrap(),
            header["jwk"]["y"].as_str().unwrap(),
        );
        assert_eq!(claims["htm"], request.method.as_str());
        assert_eq!(claims["htu"], format!("{ORG}{}", request.uri.path()));
        if rules.nonce && claims["nonce"] != "nonce-1" {
            return Err((
                "use_dpop_nonce",
                "Authorization server requires nonce in DPoP proof.",
            ));
        }
        let iat = claims["iat"].as_i64().unwrap();
        if iat > self.now() {
            return Err((
                "invalid_dpop_proof",
                "The DPoP proof JWT is issued in the future.",
            ));
        }
        if iat < self.now() - 300 {
            return Err((
                "invalid_dpop_proof",
                "The DPoP proof JWT is issued more than five minutes in the past.",
            ));
        }
        if let Some(token) = token {
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
            assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(hash));
        } else {
            assert!(claims.get("ath").is_none());
        }
        if !self.fresh(&claims["jti"]) {
            return Err((
                "invalid_dpop_proof",
                "The DPoP proof JWT has already been used.",
            ));
        }
        Ok(())
    }

    fn token(&self, request: &HttpRequest, rules: &Rules) -> Answer {
        let refuse = |status, (error, description): (&str, &str)| {
            Answer::json(
                status,
                format!(r#"{{"error":"{error}","error_description":"{description}"}}"#),
            )
            .header("x-okta-request-id", "tok1")
        };
        assert_eq!(
            request.headers["content-type"],
            "application/x-www-form-urlencoded"
        );
        let form: std::collections::HashMap<String, String> =
            url::form_urlencoded::parse(&request.body)
                .into_owned()
                .collect();
        assert_eq!(form["grant_type"], "client_credentials");
        let key: J = serde_json::from_str(KEY).unwrap();
        let (header, claims) = verified(
            &form["client_assertion"],
            key["x"].as_str().unwrap(),
            key["y"].as_str().unwrap(),
        );
        assert_eq!(header["kid"], "ec_p256");
        assert_eq!(header["alg"], "ES256");
        assert_eq!(
            (&claims["iss"], &claims["sub"]),
            (&J::from(CLIENT), &J::from(CLIENT))
        );
        assert_eq!(claims["aud"], format!("{ORG}/oauth2/v1/token"));
        let (iat, exp) = (
            claims["iat"].as_i64().unwrap(),
            claims["exp"].as_i64().unwrap(),
        );
        assert_eq!(exp - iat, 300);
        let bad = |text| refuse(401, ("invalid_client", text));
        if !self.fresh(&claims["jti"]) {
            return bad("The client_assertion token has already been used.");
        }
        if iat > self.now() {
            return bad("The client_assertion token must be issued before the current time.");
        }
        if exp <= self.now() {
            return bad("The client_assertion token is expired.");
        }
        if rules.dpop
            && let Err(fault) = self.proof(request, rules, None)
        {
            return refuse(400, fault);
        }
        let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        let kind = if rules.dpop { "DPoP" } else { "Bearer" };
        Answer::json(
            200,
            format!(
                r#"{{"token_type":"{kind}","expires_in":3600,"access_token":"canary-token-{number}","scope":"{}"}}"#,
                rules.granted
            ),
        )
    }

    fn api(&self, request: &HttpRequest, rules: &Rules) -> Answer {
        let authorization = request.headers["authorization"].to_str().unwrap();
        let (scheme, token) = authorization.split_once(' ').unwrap();
        assert_eq!(scheme, if rules.dpop { "DPoP" } else { "Bearer" });
        if rules.dpop {
            if let Err((error, description)) = self.proof(request, rules, Some(token)) {
                let header = format!(
                    r#"DPoP algs="ES256", error="{error}", error_description="{description}""#
                );
                return Answer::empty(400).header("www-authenticate", &header);
            }
            assert_eq!(request.headers["x-okta-user-agent-extended"], "isDPoP:true");
        }
        let number: usize = token.rsplit('-').next().unwrap().parse().unwrap();
        if number < rules.first_good {
            return Answer::empty(401).header(
                "www-authenticate",
                r#"Bearer error="invalid_token", error_description="The access token is invalid.""#,
            );
        }
        Answer::json(200, r#"{"id":"1"}"#)
    }
}

fn start(rules: Rules, app: ServiceApp) -> (Client, Arc<Canned>, Arc<Server>) {
    start_behind(rules, app, |_, answer| answer)
}

/// With something in between that may change answers after the server has seen the request.
fn start_behind(
    rules: Rules,
    app: ServiceApp,
    between: impl Fn(&HttpRequest, Answer) -> Answer + Send + Sync + 'static,
) -> (Client, Arc<Canned>, Arc<Server>) {
    let clock = clock();
    let server = Arc::new(Server {
        rules: Mutex::new(rules),
        clock: clock.clone(),
        jtis: Mutex::default(),
        tokens: AtomicUsize::new(0),
        token_requests: AtomicUsize::new(0),
    });
    let handler = Arc::clone(&server);
    let canned = Canned::from_fn(move |request| between(request, handler.answer(request)));
    let (client, transport, _) = client_with(canned, |b| b.service_app(app).clock(Arc::new(clock)));
    (client, transport, server)
}

fn count(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

#[tokio::test]
async fn one_token_serves_many_calls() {
    let (client, _, server) = start(RULES, app(&["okta.things.manage"]));
    assert_eq!(client.granted_scopes(), None);
    let tasks: Vec<_> = (0..500)
        .map(|_| tokio::spawn(client.send(Get::of("1"))))
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&server.token_requests), 1);
    assert_eq!(client.stats().tokens, 1);
    assert_eq!(
        client.granted_scopes().unwrap().to_string(),
        "okta.things.manage"
    );
    client.renew_token().await.unwrap();
    assert_eq!(count(&server.token_requests), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let (client, _, server) = start(RULES, app(&["okta.things.manage"]));
    client.send(Get::of("1")).await.unwrap();
    server.clock.advance(Duration::from_secs(3000));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 1);
    server.clock.advance(Duration::from_secs(400));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 2);
    server.clock.advance(Duration::from_secs(10_000));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 3);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (client, transport, server) = start(
        Rules {
            first_good: 2,
            ..RULES
        },
        app(&["okta.things.manage"]),
    );
    client
        .send(Get::of("1").with_retry(RetryPolicy::none()))
        .await
        .unwrap();
    assert_eq!(count(&server.token_requests), 2);
    // Many callers with the same refused token: one renewal.
    server.rules.lock().unwrap().first_good = 3;
    let tasks: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.send(Get::of("1"))))
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&server.token_requests), 3);
    // A new one that is refused too is the answer, not a loop.
    server.rules.lock().unwrap().first_good = 1000;
    let before = transport.requests().len();
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.code()),
        (401, Some("invalid_token"))
    );
    assert_eq!(transport.requests().len() - before, 3);
}

#[tokio::test]
async fn a_missing_feature_is_no_reason_to_renew() {
    let canned = Canned::from_fn(|request| {
        if request.uri.path() == "/oauth2/v1/token" {
            return Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t","scope":"okta.things.read"}"#,
            );
        }
        Answer::json(
            401,
            r#"{"errorCode":"E0000015","errorSummary":"You do not have permission to access the feature you are requesting","errorCauses":[]}"#,
        )
    });
    let (client, transport, _) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.code(), Some("E0000015"));
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn dpop_is_switched_to_on_demand_with_nonce() {
    let rules = Rules {
        dpop: true,
        nonce: true,
        ..RULES
    };
    let (client, transport, server) = start(rules.clone(), app(&["okta.things.manage"]));
    for _ in 0..3 {
        client.send(Get::of("1")).await.unwrap();
    }
    // Without proof (refused, its answer carries the nonce already), with proof and nonce.
    assert_eq!(count(&server.token_requests), 2);
    assert_eq!(transport.requests().len(), 5);
    // The switch is remembered.
    client.renew_token().await.unwrap();
    assert_eq!(count(&server.token_requests), 3);

    let (client, _, server) = start(
        rules.clone(),
        app(&["okta.things.manage"]).dpop(Dpop::Always),
    );
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 2);

    let (client, _, server) = start(rules, app(&["okta.things.manage"]).dpop(Dpop::Never));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Token, Some("invalid_dpop_proof"))
    );
    assert!(error.hint().unwrap().contains("Dpop::Auto"), "{error}");
    assert_eq!(count(&server.token_requests), 1);

    let (client, _, _) = start(RULES, app(&["okta.things.manage"]).dpop(Dpop::Always));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert!(error.to_string().contains("not bound"), "{error}");
}

#[tokio::test]
async fn a_nonce_that_rotates_on_the_resource_server_costs_one_repeat() {
    let (client, transport, server) = start(
        Rules {
            dpop: true,
            ..RULES
        },
        app(&["okta.things.manage"]),
    );
    client.send(Get::of("1")).await.unwrap();
    server.rules.lock().unwrap().nonce = true;
    let before = transport.requests().len();
    client
        .send(Create::named("n").with_retry(RetryPolicy::none()))
        .await
        .unwrap();
    assert_eq!(transport.requests().len() - before, 2);
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(transport.requests().len() - before, 3);
}

#[tokio::test]
async fn a_nonce_that_comes_with_a_success_is_used_next() {
    let (client, transport, server) = start_behind(
        Rules {
            dpop: true,
            ..RULES
        },
        app(&["okta.things.manage"]),
        |request, answer| match request.uri.path() {
            "/oauth2/v1/token" => answer,
            _ => answer.header("dpop-nonce", "nonce-1"),
        },
    );
    client.send(Get::of("1")).await.unwrap();
    server.rules.lock().unwrap().nonce = true;
    let before = transport.requests().len();
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(transport.requests().len() - before, 1);
}

#[tokio::test]
async fn a_server_that_never_accepts_a_nonce_is_given_up() {
    let canned = Canned::from_fn(|_| {
        Answer::json(400, r#"{"error":"use_dpop_nonce","error_description":"Authorization server requires nonce in DPoP proof."}"#)
            .header("dpop-nonce", "same")
    });
    let (client, transport, _) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Token, Some("use_dpop_nonce"))
    );
    assert!(
        transport.requests().len() <= 4,
        "{}",
        transport.requests().len()
    );
}

#[tokio::test]
async fn repeats_after_429_have_their_own_proof_and_keep_the_token() {
    let failures = AtomicUsize::new(0);
    let rules = Rules {
        dpop: true,
        ..RULES
    };
    // The server sees, and burns, the proof of every attempt.
    let (client, transport, server) = start_behind(
        rules,
        app(&["okta.things.manage"]),
        move |request, answer| {
            if request.uri.path() == "/oauth2/v1/token"
                || failures.fetch_add(1, Ordering::SeqCst) >= 3
            {
                return answer;
            }
            Answer::json(429, "{}")
                .header("x-rate-limit-limit", "0")
                .header("x-rate-limit-remaining", "0")
                .header("x-rate-limit-reset", "1767225660")
        },
    );
    client.send(Get::of("1")).await.unwrap();
    let requests = transport.requests();
    let calls = requests
        .iter()
        .filter(|request| request.uri.path() != "/oauth2/v1/token");
    let proofs: HashSet<_> = calls
        .map(|request| request.headers["dpop"].clone())
        .collect();
    assert_eq!(proofs.len(), 4);
    assert_eq!(count(&server.tokens), 1);
}

#[tokio::test]
async fn clocks_may_differ_by_minutes() {
    for dpop in [false, true] {
        for ahead in [-600, -61, -2, 0, 2, 61, 600] {
            let (client, _, server) = start(
                Rules {
                    ahead,
                    dpop,
                    nonce: dpop,
                    ..RULES
                },
                app(&["okta.things.manage"]),
            );
            client
                .send(Get::of("1"))
                .await
                .unwrap_or_else(|error| panic!("{ahead} {dpop}: {error}"));
            assert!(count(&server.token_requests) <= 4);
        }
    }
}

#[tokio::test]
async fn token_errors_reach_the_user_verbatim() {
    for (answer, code, words) in [
        (
            Answer::json(
                401,
                r#"{"error":"invalid_client","error_description":"The client_assertion JWT kid is invalid."}"#,
            ),
            Some("invalid_client"),
            "kid",
        ),
        (
            Answer::json(
                401,
                r#"{"error":"invalid_client","error_description":"The client_assertion signature is invalid."}"#,
            ),
            Some("invalid_client"),
            "private key",
        ),
        (
            Answer::json(
                400,
                r#"{"error":"invalid_scope","error_description":"One or more scopes are not configured for the authorization server resource."}"#,
            ),
            Some("invalid_scope"),
            "spelling",
        ),
        (
            Answer::json(
                400,
                r#"{"error":"consent_required","error_description":"You are not allowed any of the requested scopes."}"#,
            ),
            Some("consent_required"),
            "grant",
        ),
        (
            Answer::json(
                403,
                r#"{"errorCode":"E0000006","errorSummary":"No.","errorCauses":[]}"#,
            ),
            Some("E0000006"),
            "role",
        ),
        (
            Answer::new(502, "<html><title>Bad Gateway</title></html>"),
            None,
            "HTML",
        ),
        (
            Answer::json(200, r#"{"token_type":"Bearer"}"#),
            None,
            "access_token",
        ),
        (Answer::new(200, "<html>sign in</html>"), None, "HTML"),
    ] {
        let answer = answer.header("x-okta-request-id", "tok9");
        let (client, _, _) = client_with(Canned::from_fn(move |_| answer.clone()), |b| {
            b.service_app(app(&["okta.things.read"]))
        });
        let error = client.send(Get::of("1")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Token, "{error}");
        assert_eq!(error.code(), code);
        assert_eq!(error.request_id(), Some("tok9"));
        assert!(
            error.hint().unwrap().contains(words) || error.to_string().contains(words),
            "{error}"
        );
        if let Some(summary) = error.summary() {
            assert!(error.to_string().contains(summary), "{error}");
        }
        assert!(
            error.to_string().contains("GET /api/v1/things/{id}"),
            "{error}"
        );
        assert!(!error.maybe_applied());
    }
}

#[tokio::test]
async fn token_requests_are_repeated_inside_the_deadline() {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let canned = Canned::from_fn(move |request| {
        if request.uri.path() != "/oauth2/v1/token" {
            return Answer::json(200, "{}");
        }
        match seen.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::fault(TransportFault::MaybeSent),
            1 => Answer::empty(503),
            _ => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            ),
        }
    });
    let (client, _, _) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    client.send(Create::named("n")).await.unwrap();
    assert_eq!(count(&requests), 3);

    let (client, _, clock) = client_with(Canned::from_fn(|_| Answer::never()), |b| {
        b.service_app(app(&["okta.things.read"]))
            .timeout(Duration::from_secs(7))
    });
    let error = client.send(Create::named("n")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(!error.maybe_applied(), "{error}");
    assert_eq!(clock.elapsed(), Duration::from_secs(7));
    let (client, _, _) = client_with(
        Canned::from_fn(|_| Answer::fault(TransportFault::NotSent)),
        |b| b.service_app(app(&["okta.things.read"])),
    );
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("token endpoint"), "{error}");
}

#[tokio::test]
async fn preflight_names_what_is_missing_before_the_first_call() {
    let (client, transport, _) = start(
        Rules {
            granted: "okta.things.read",
            ..RULES
        },
        app(&["okta.things.manage", "okta.things.read"]),
    );
    let report = client
        .preflight(scopes_of![Get, List, Create])
        .await
        .unwrap();
    assert!(!report.is_ok());
    assert_eq!(report.needed.to_string(), "okta.things.manage");
    assert_eq!(
        report.granted.as_ref().unwrap().to_string(),
        "okta.things.read"
    );
    let fix = &report.missing[0].how_to_fix;
    for part in ["okta.things.manage", "/api/v1/apps/0oaTEST/grants", ORG] {
        assert!(fix.contains(part), "{fix}");
    }
    assert!(!fix.contains("does not ask"), "{fix}");
    assert_eq!(transport.requests().len(), 1);
    assert!(client.preflight(scopes_of![Get]).await.unwrap().is_ok());
    assert_eq!(transport.requests().len(), 1);

    let (token, _, _) = common::client(Canned::new());
    let report = token.preflight(scopes_of![Create]).await.unwrap();
    assert!(report.is_ok() && report.granted.is_none());
    assert!(report.to_string().contains("API token"), "{report}");

    let (strict, _, _) = start(
        Rules {
            granted: "okta.things.read",
            ..RULES
        },
        app(&["okta.things.manage", "okta.logs.read"]).when_granted_fewer(GrantedFewer::Fail),
    );
    let error = strict.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientScope);
    assert_eq!(
        error.insufficient_scope().unwrap().missing().to_string(),
        "okta.logs.read okta.things.manage"
    );
}

#[tokio::test]
async fn a_403_names_app_and_granted_scopes() {
    let canned = Canned::from_fn(|request| {
        if request.uri.path() == "/oauth2/v1/token" {
            return Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t","scope":"okta.logs.read"}"#,
            );
        }
        Answer::empty(403).header(
            "www-authenticate",
            r#"Bearer scope="okta.things.read", error="insufficient_scope""#,
        )
    });
    let (client, transport, _) = client_with(canned, |b| b.service_app(app(&["okta.logs.read"])));
    let error = client.send(Create::named("n")).await.unwrap_err();
    let scope = error.insufficient_scope().unwrap();
    assert_eq!(scope.app(), Some(CLIENT));
    assert_eq!(scope.granted().unwrap().to_string(), "okta.logs.read");
    // By the operation's record, not by the weaker scope that the service names.
    assert_eq!(scope.missing().to_string(), "okta.things.manage");
    let fix = scope.how_to_fix();
    assert!(fix.contains("0oaTEST"), "{fix}");
    assert!(fix.contains("does not ask for okta.things.manage"), "{fix}");
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn a_credential_serves_one_org() {
    let shared: Arc<dyn okta_core::Credential> = Arc::new(app(&["okta.things.read"]));
    let token = || {
        Canned::from_fn(|_| {
            Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            )
        })
    };
    let (first, _, _) = client_with(token(), |b| b.shared_credential(Arc::clone(&shared)));
    first.send(Get::of("1")).await.unwrap();
    let (second, transport, _) = client_with(token(), |b| {
        b.shared_credential(shared).org_url("https://evil.okta.com")
    });
    let error = second.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(transport.requests().is_empty());
}

#[test]
fn service_apps_are_checked_when_they_are_made() {
    let key = || PrivateKey::parse(KEY).unwrap();
    assert!(
        ServiceApp::new("", key(), ["a"])
            .unwrap_err()
            .to_string()
            .contains("client id")
    );
    assert!(
        ServiceApp::new("{clientId}", key(), ["a"])
            .unwrap_err()
            .to_string()
            .contains("placeholder")
    );
    assert!(
        ServiceApp::new("0oa", key(), Scopes::new())
            .unwrap_err()
            .to_string()
            .contains("scope")
    );
    assert_eq!(key().key_id(), Some("ec_p256"));
}

#[tokio::test]
async fn dropping_the_call_that_fetches_does_not_fail_the_others() {
    // The first token request never gets an answer.
    let requests = AtomicUsize::new(0);
    let canned = Canned::from_fn(move |request| {
        if request.uri.path() != "/oauth2/v1/token" {
            return Answer::json(200, "{}");
        }
        match requests.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::never(),
            _ => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            ),
        }
    });
    let (client, transport, _) = client_with(canned, |b| {
        b.service_app(app(&["okta.things.read"])).no_timeout()
    });
    let leader = tokio::spawn(client.send(Get::of("1")));
    tokio::task::yield_now().await;
    let followers: Vec<_> = (0..20)
        .map(|_| tokio::spawn(client.send(Get::of("1"))))
        .collect();
    tokio::task::yield_now().await;
    leader.abort();
    for follower in followers {
        follower.await.unwrap().unwrap();
    }
    let token_requests = transport
        .requests()
        .iter()
        .filter(|request| request.uri.path() == "/oauth2/v1/token")
        .count();
    assert_eq!(token_requests, 2);
}

#[tokio::test]
async fn a_slow_early_renewal_does_not_hold_up_calls() {
    let requests = AtomicUsize::new(0);
    let canned = Canned::from_fn(move |request| {
        if request.uri.path() != "/oauth2/v1/token" {
            return Answer::json(200, "{}");
        }
        match requests.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            ),
            _ => Answer::never(),
        }
    });
    let (client, _, clock) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    client.send(Get::of("1")).await.unwrap();
    clock.advance(Duration::from_secs(3400));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(3410));
}
