//! Signing users in, against a small authorization server in memory that keeps the rules of the
//! RFCs: PKCE, single use of codes, rotation with reuse detection, revocation.

mod browser;
#[path = "../common/mod.rs"]
mod common;
mod device;
mod id_token;
mod session;
mod store;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::*;
use futures_util::FutureExt as _;
use okta_core::auth::{Algorithm, Signer as _};
use okta_core::clock::Clock;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::transport::HttpRequest;
use okta_core::{PrivateKey, UserApp};
use serde_json::{Value as J, json};

const CLIENT: &str = "0oaNATIVE";
const SCOPES: [&str; 3] = ["openid", "offline_access", "okta.things.manage"];

fn app() -> UserApp {
    UserApp::new(CLIENT, SCOPES).unwrap()
}

type Form = HashMap<String, String>;

/// What an authorization request asked for, kept with its code.
#[derive(Clone)]
struct Granted {
    challenge: String,
    redirect_uri: String,
    nonce: String,
    scope: String,
}

/// Changes the claims of an ID token before it is signed.
type Bend = Box<dyn Fn(&mut J) + Send + Sync>;

struct State {
    codes: HashMap<String, Granted>,
    /// Device polls are answered with these errors first.
    device: Vec<&'static str>,
    refresh_tokens: HashSet<String>,
    used: HashSet<String>,
    access_tokens: HashSet<String>,
    number: usize,
    requests: Vec<(String, Form)>,
    /// Left out of the granted scopes.
    ungranted: Option<&'static str>,
    keys: Vec<PrivateKey>,
    signing: PrivateKey,
    bend: Option<Bend>,
    issuer: String,
    /// The server's clock minus the client's, in seconds.
    ahead: i64,
}

#[derive(Clone)]
struct Server {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

fn sign(key: &PrivateKey, header: &J, claims: &J) -> String {
    let part = |json: &J| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(signed.as_bytes()).now_or_never().unwrap().unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn refuse(status: u16, error: &str) -> Answer {
    let body = json!({ "error": error, "error_description": format!("said about {error}") });
    Answer::json(status, body.to_string())
}

impl Server {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let key = PrivateKey::generate(Algorithm::Es256).unwrap();
        let state = State {
            codes: HashMap::new(),
            device: Vec::new(),
            refresh_tokens: HashSet::new(),
            used: HashSet::new(),
            access_tokens: HashSet::new(),
            number: 0,
            requests: Vec::new(),
            ungranted: None,
            keys: vec![key.clone()],
            signing: key,
            bend: None,
            issuer: ORG.into(),
            ahead: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            clock,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Forms that went to an endpoint.
    fn sent(&self, endpoint: &str) -> Vec<Form> {
        let state = self.state();
        let sent = state.requests.iter().filter(|(path, _)| path == endpoint);
        sent.map(|(_, form)| form.clone()).collect()
    }

    fn canned(&self) -> Canned {
        let server = self.clone();
        Canned::from_fn(move |request| server.answer(request))
    }

    fn now(&self) -> i64 {
        self.clock.wall().as_second() + self.state().ahead
    }

    fn answer(&self, request: &HttpRequest) -> Answer {
        let date = jiff::Timestamp::from_second(self.now()).unwrap();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        self.answer_now(request).header("date", &date)
    }

    fn answer_now(&self, request: &HttpRequest) -> Answer {
        let path = request.uri.path();
        let Some((_, endpoint)) = path
            .split_once("/v1/")
            .filter(|_| path.starts_with("/oauth2/"))
        else {
            return self.api(request);
        };
        let now = self.now();
        let form: Form = url::form_urlencoded::parse(&request.body)
            .into_owned()
            .collect();
        let mut state = self.state();
        state.requests.push((endpoint.to_owned(), form.clone()));
        match endpoint {
            "keys" => {
                let keys: Vec<J> = state
                    .keys
                    .iter()
                    .map(|key| serde_json::from_str(&key.public_jwk()).unwrap())
                    .collect();
                Answer::json(200, json!({ "keys": keys }).to_string())
            }
            "token" => token(&mut state, &form, now),
            "device/authorize" => {
                assert_eq!(form["client_id"], CLIENT);
                Answer::json(
                    200,
                    json!({
                        "device_code": "canary-device-code", "user_code": "BCDF-GHJK",
                        "verification_uri": format!("{ORG}/activate"),
                        "verification_uri_complete": format!("{ORG}/activate?user_code=BCDF-GHJK"),
                        "expires_in": 600, "interval": 5,
                    })
                    .to_string(),
                )
            }
            "revoke" => {
                assert_eq!(form["client_id"], CLIENT);
                let token = &form["token"];
                if state.refresh_tokens.remove(token) {
                    state.access_tokens.clear();
                }
                state.access_tokens.remove(token);
                Answer::empty(200)
            }
            "introspect" => {
                let active = state.access_tokens.contains(&form["token"]);
                let body = match active {
                    true => json!({
                        "active": true, "scope": "openid okta.things.manage", "client_id": CLIENT,
                        "username": "ana@example.com", "exp": now + 3600, "token_type": "Bearer",
                    }),
                    false => json!({ "active": false }),
                };
                Answer::json(200, body.to_string())
            }
            other => panic!("{other}"),
        }
    }

    fn api(&self, request: &HttpRequest) -> Answer {
        let header = request.headers["authorization"].to_str().unwrap();
        let token = header.strip_prefix("Bearer ").unwrap();
        if !self.state().access_tokens.contains(token) {
            return Answer::empty(401).header(
                "www-authenticate",
                r#"Bearer error="invalid_token", error_description="The access token is invalid.""#,
            );
        }
        Answer::json(200, r#"{"id":"1"}"#)
    }
}

fn token(state: &mut State, form: &Form, now: i64) -> Answer {
    assert_eq!(form["client_id"], CLIENT);
    let (scope, nonce) = match form["grant_type"].as_str() {
        "authorization_code" => {
            let Some(granted) = state.codes.remove(&form["code"]) else {
                return refuse(400, "invalid_grant");
            };
            let hash = digest(&SHA256, form["code_verifier"].as_bytes());
            if URL_SAFE_NO_PAD.encode(hash) != granted.challenge {
                return refuse(400, "invalid_grant");
            }
            assert!((43..=128).contains(&form["code_verifier"].len()));
            assert_eq!(form["redirect_uri"], granted.redirect_uri);
            (granted.scope, Some(granted.nonce))
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            assert_eq!(form["device_code"], "canary-device-code");
            if !state.device.is_empty() {
                let error = state.device.remove(0);
                return match error {
                    "503" => Answer::empty(503),
                    error => refuse(400, error),
                };
            }
            (SCOPES.join(" "), None)
        }
        "refresh_token" => {
            let old = &form["refresh_token"];
            if state.used.contains(old) {
                // Stolen, as far as the server can tell.
                state.refresh_tokens.clear();
                state.access_tokens.clear();
                return refuse(400, "invalid_grant");
            }
            if !state.refresh_tokens.remove(old) {
                return refuse(400, "invalid_grant");
            }
            state.used.insert(old.clone());
            (SCOPES.join(" "), None)
        }
        other => panic!("{other}"),
    };
    state.number += 1;
    let number = state.number;
    let access_token = format!("canary-access-{number}");
    state.access_tokens.insert(access_token.clone());
    let granted: Vec<&str> = scope
        .split(' ')
        .filter(|scope| Some(*scope) != state.ungranted)
        .collect();
    let mut body = json!({
        "token_type": "Bearer", "expires_in": 3600, "access_token": access_token,
        "scope": granted.join(" "),
    });
    if granted.contains(&"offline_access") {
        let refresh_token = format!("canary-refresh-{number}");
        state.refresh_tokens.insert(refresh_token.clone());
        body["refresh_token"] = refresh_token.into();
    }
    if granted.contains(&"openid") {
        let hash = digest(&SHA256, access_token.as_bytes());
        let mut claims = json!({
            "iss": state.issuer, "sub": "00uANA", "aud": CLIENT, "iat": now, "exp": now + 3600,
            "auth_time": now - 5, "amr": ["pwd"], "preferred_username": "ana@example.com",
            "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]), "costCenter": 42,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(bend) = &state.bend {
            bend(&mut claims);
        }
        let key = &state.signing;
        let header = json!({ "alg": key.algorithm().as_str(), "kid": key.key_id() });
        body["id_token"] = sign(key, &header, &claims).into();
    }
    Answer::json(200, body.to_string())
}
