//! Requests to the endpoints of an authorization server (RFC 6749), and what comes back from the
//! token endpoint.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;

use super::AuthContext;
use super::app::App;
use super::client_auth::{ClientAuth, Form};
use super::dpop::ProofKey;
use super::failure::Failure;
use super::server::Endpoint;
use crate::call::form_string;
use crate::error::{Error, ErrorKind, ServiceError};
use crate::response::RateLimit;
use crate::retry::Fault;
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::transport::{HttpRequest, HttpResponse};

/// Repeats that the endpoint asks for: switch to DPoP, take its nonce, correct the clock.
const MAX_CORRECTIONS: u32 = 4;

/// Tokens as issued.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) token: Secret,
    /// The proof key that it is bound to.
    pub(super) proof_key: Option<Arc<ProofKey>>,
    pub(super) lifetime: Duration,
    pub(super) scopes: Scopes,
    pub(super) refresh_token: Option<Secret>,
    pub(super) id_token: Option<Secret>,
}

#[derive(Deserialize)]
struct TokenReply {
    access_token: Option<Secret>,
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    scope: Option<String>,
    refresh_token: Option<Secret>,
    id_token: Option<Secret>,
}

/// A year: nothing is gained by believing a longer one, and times stay far from overflow.
const MAX_LIFETIME: f64 = 365.0 * 86400.0;

/// Seconds as a number or as text; an hour, as usual, where nothing usable is said.
fn lifetime(said: Option<&serde_json::Value>) -> Duration {
    let seconds = match said {
        Some(serde_json::Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_f64(),
        None => None,
    };
    Duration::from_secs_f64(
        seconds
            .filter(|s| s.is_finite())
            .unwrap_or(3600.0)
            .clamp(0.0, MAX_LIFETIME),
    )
}

/// An answer to a form, with what must not show in errors about it.
pub(super) struct Answered {
    pub(super) reply: HttpResponse,
    endpoint: Endpoint,
    secrets: Vec<zeroize::Zeroizing<String>>,
    requests: u32,
    /// The request carried a proof by this key.
    proof_key: Option<Arc<ProofKey>>,
}

impl App {
    /// Posts a form once, with what proves the client. Corrections that the endpoint asks for
    /// (DPoP, nonce, clock) are made at once and count as the same attempt.
    pub(super) async fn post(
        &self,
        cx: &AuthContext<'_>,
        endpoint: Endpoint,
        fields: &[(&'static str, String)],
    ) -> Result<Answered, Failure> {
        let uri = self.server.endpoint(cx.org_url(), endpoint)?;
        let is_token = matches!(endpoint, Endpoint::Token);
        // Only tokens are bound to a proof key.
        let mut dpop = is_token && self.proves();
        let may_switch = is_token && self.dpop == super::Dpop::Auto;
        let mut corrections = 0;
        let mut requests = 0;
        loop {
            let proof_key = match dpop {
                true => Some(self.prover.key()?),
                false => None,
            };
            let (request, mut secrets) = self
                .form_request(cx, &uri, fields, proof_key.as_deref())
                .await?;
            let proof = request.headers.get("dpop").cloned();
            if let Some(proof) = proof.as_ref().and_then(|proof| proof.to_str().ok()) {
                secrets.push(zeroize::Zeroizing::new(proof.to_owned()));
            }
            requests += 1;
            let reply = match cx.send_http(request).await? {
                Ok(reply) => reply,
                Err(broken) => {
                    let fault = crate::client::fault_of(broken.fault());
                    let message = format!("{}: {broken}", endpoint.name());
                    let mut error = Error::new(ErrorKind::Transport, message).with_source(broken);
                    scrub(&mut error, &secrets);
                    return Err(Failure::new(fault, error, requests));
                }
            };
            self.prover.observe(&reply.headers);
            if !reply.status.is_success() && corrections < MAX_CORRECTIONS {
                let new_nonce = self.prover.outdates(proof.as_ref());
                if correct(&reply, &mut dpop, may_switch, new_nonce, corrections) {
                    corrections += 1;
                    continue;
                }
            }
            return Ok(Answered {
                reply,
                endpoint,
                secrets,
                requests,
                proof_key,
            });
        }
    }

    async fn form_request(
        &self,
        cx: &AuthContext<'_>,
        uri: &Uri,
        fields: &[(&'static str, String)],
        proof_key: Option<&ProofKey>,
    ) -> Result<(HttpRequest, Vec<zeroize::Zeroizing<String>>), Error> {
        let mut request = HttpRequest::new(Method::POST, uri.clone());
        let headers = &mut request.headers;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        if let Some(key) = proof_key {
            let proof = self
                .prover
                .proof(key, cx.runtime, &Method::POST, uri, None)
                .await?;
            headers.insert("dpop", proof);
        }
        let mut form = Form::new(fields);
        self.auth
            .apply(cx, &self.client_id, uri, headers, &mut form)
            .await?;
        request.body = form_string(&form.fields).into();
        Ok((request, form.secrets))
    }

    /// One token request; `asked` is what the answer's scopes are where it names none.
    pub(super) async fn request_token(
        &self,
        cx: &AuthContext<'_>,
        fields: &[(&'static str, String)],
        asked: &Scopes,
    ) -> Result<Issued, Failure> {
        let answered = self.post(cx, Endpoint::Token, fields).await?;
        if !answered.reply.status.is_success() {
            return Err(self.refused(cx, answered));
        }
        let issued = issued(&answered, asked)?;
        if issued.proof_key.is_some() {
            self.switch();
        }
        if issued.proof_key.is_none() && self.dpop == super::Dpop::Always {
            let error = Error::new(
                ErrorKind::Token,
                "the service issued a token that is not bound to the proof key",
            )
            .with_hint("switch DPoP on for the app, or use Dpop::Auto");
            return Err(error.into());
        }
        Ok(issued)
    }

    /// The endpoint's own words, with what they refer to.
    pub(super) fn refused(&self, cx: &AuthContext<'_>, answered: Answered) -> Failure {
        let reply = &answered.reply;
        let mut error =
            Error::from_answer(ErrorKind::Token, reply.status, &reply.headers, &reply.body);
        let inner = error.inner_mut();
        if reply.status == 429 {
            inner.reset_at = RateLimit::from_headers(&reply.headers).map(|limit| limit.reset);
        }
        inner.message = format!(
            "{}, client {}, {}",
            answered.endpoint.name(),
            self.client_id,
            self.auth.describe()
        );
        scrub(&mut error, &answered.secrets);
        if let ClientAuth::Assertion(assertion) = &self.auth
            && error.code() == Some("invalid_client")
        {
            error = error.with_hint(assertion.hint());
        }
        let limit = RateLimit::from_headers(&reply.headers);
        let fault = if reply.status == 429 && limit.is_some_and(|limit| limit.is_concurrency()) {
            Fault::Concurrency
        } else {
            Fault::Status(reply.status.as_u16())
        };
        Failure::new(fault, error, answered.requests).coming_again(cx, &reply.headers)
    }
}

fn scrub(error: &mut Error, secrets: &[zeroize::Zeroizing<String>]) {
    let secrets: Vec<&str> = secrets.iter().map(|secret| secret.as_str()).collect();
    error.scrub(&secrets);
}

impl Answered {
    /// An error about a success that is none; its body may hold tokens and is dropped.
    pub(super) fn odd(&self, what: &str) -> Error {
        let reply = &self.reply;
        let mut error =
            Error::from_answer(ErrorKind::Token, reply.status, &reply.headers, &reply.body);
        error.inner_mut().message = format!("{}: {what}", self.endpoint.name());
        error.inner_mut().body = bytes::Bytes::new();
        scrub(&mut error, &self.secrets);
        error.with_hint("check the org URL: HTML or an odd answer comes from a proxy, or from a host that is not an Okta org")
    }
}

fn issued(answered: &Answered, asked: &Scopes) -> Result<Issued, Error> {
    let parsed: TokenReply = serde_json::from_slice(&answered.reply.body)
        .map_err(|_| answered.odd("the answer is not a token reply"))?;
    let filled = |secret: &Secret| !secret.expose().is_empty();
    let token = parsed
        .access_token
        .filter(filled)
        .ok_or_else(|| answered.odd("the answer holds no access_token"))?;
    let bound = parsed
        .token_type
        .as_deref()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("DPoP"));
    if bound && answered.proof_key.is_none() {
        return Err(answered.odd("the answer is a DPoP token, but no proof was sent"));
    }
    Ok(Issued {
        token,
        proof_key: answered.proof_key.clone().filter(|_| bound),
        lifetime: lifetime(parsed.expires_in.as_ref()),
        scopes: match parsed.scope {
            Some(text) => Scopes::parse(&text),
            // RFC 6749 section 5.1: left out if it is what was asked for.
            None => asked.clone(),
        },
        refresh_token: parsed.refresh_token.filter(filled),
        id_token: parsed.id_token.filter(filled),
    })
}

/// True if the next request will differ in what was refused.
fn correct(
    reply: &HttpResponse,
    dpop: &mut bool,
    may_switch: bool,
    new_nonce: bool,
    corrections: u32,
) -> bool {
    let said = ServiceError::parse(&reply.body);
    let description = said.summary.unwrap_or_default();
    match said.code.as_deref() {
        Some("use_dpop_nonce") if *dpop => new_nonce,
        Some("use_dpop_nonce" | "invalid_dpop_proof") if !*dpop && may_switch => {
            *dpop = true;
            true
        }
        // The clock was learnt from the Date of this very reply; once is enough.
        Some("invalid_client" | "invalid_dpop_proof") if about_time(&description) => {
            corrections == 0 || *dpop && corrections <= 2
        }
        _ => false,
    }
}

fn about_time(description: &str) -> bool {
    [
        "expire",
        "expiration",
        "issued before",
        "future",
        "in the past",
        "'iat'",
    ]
    .iter()
    .any(|part| description.contains(part))
}
