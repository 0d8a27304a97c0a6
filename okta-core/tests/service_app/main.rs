//! Service apps against a small authorization server in memory, which checks what it is sent.

#[path = "../common/mod.rs"]
mod common;
mod dpop;
mod kept;
mod tokens;
mod waiting;

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

const KEY: &str = include_str!("../keys/ec_p256.jwk.json");
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
