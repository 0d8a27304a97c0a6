//! One exchange with the token endpoint (RFC 6749 section 4.4, RFC 7523), repeats included.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;
use serde_json::json;

use super::AuthContext;
use super::dpop::Prover;
use super::jwt::{Signer, compact};
use crate::call::form_string;
use crate::clock::{unit, uuid};
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::response::RateLimit;
use crate::retry::{Fault, Verdict, verdict};
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::transport::{HttpRequest, HttpResponse};

/// Okta allows up to one hour; a fast clock makes a full hour fail, so that five minutes it is.
const ASSERTION_LIFETIME: i64 = 300;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Repeats that the endpoint asks for: switch to DPoP, take its nonce, correct the clock.
const MAX_CORRECTIONS: u32 = 4;

/// A token as issued.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) token: Secret,
    pub(super) bound: bool,
    pub(super) lifetime: Duration,
    pub(super) scopes: Scopes,
}

/// What a token request is made of.
pub(super) struct Exchange<'a> {
    pub(super) client_id: &'a str,
    pub(super) signer: &'a dyn Signer,
    pub(super) scopes: &'a Scopes,
    pub(super) prover: &'a Prover,
    /// Send proofs from the start.
    pub(super) dpop: bool,
    /// Begin to send proofs when the endpoint demands them.
    pub(super) may_switch: bool,
}

#[derive(Deserialize)]
struct TokenReply {
    access_token: Option<Secret>,
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    scope: Option<String>,
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

impl Exchange<'_> {
    pub(super) async fn run(mut self, cx: &AuthContext<'_>) -> Result<Issued> {
        let uri = crate::call::absolute(cx.org_url(), "/oauth2/v1/token").map_err(Error::config)?;
        let mut requests = 0;
        let mut retries = 0;
        let mut corrections = 0;
        loop {
            let assertion = self.assertion(cx, &uri).await?;
            let request = self.request(cx, &uri, &assertion).await?;
            let proof = request.headers.get("dpop").cloned();
            requests += 1;
            let secrets: Vec<&str> = [
                Some(assertion.as_str()),
                proof.as_ref().and_then(|proof| proof.to_str().ok()),
            ]
            .into_iter()
            .flatten()
            .collect();
            let (fault, error, wait) = match cx.send_http(request).await? {
                Ok(reply) if reply.status.is_success() => {
                    self.prover.observe(&reply.headers);
                    return self.issued(&reply).map_err(|mut error| {
                        error.scrub(&secrets);
                        error
                    });
                }
                Ok(reply) => {
                    self.prover.observe(&reply.headers);
                    let new_nonce = self.prover.outdates(proof.as_ref());
                    if corrections < MAX_CORRECTIONS && self.correct(&reply, new_nonce, corrections)
                    {
                        corrections += 1;
                        continue;
                    }
                    let wait = RateLimit::from_headers(&reply.headers)
                        .filter(|limit| reply.status == 429 && limit.limit > 0)
                        .and_then(|limit| {
                            Duration::try_from(limit.reset.duration_since(cx.server_time())).ok()
                        });
                    let mut error = self.refused(&reply, requests);
                    error.scrub(&secrets);
                    (Fault::Status(reply.status.as_u16()), error, wait)
                }
                Err(broken) => {
                    let fault = crate::client::fault_of(broken.fault());
                    let mut error = Error::new(
                        ErrorKind::Transport,
                        format!("token endpoint: {broken}, after {requests} token requests"),
                    )
                    .with_source(broken);
                    error.scrub(&secrets);
                    (fault, error, None)
                }
            };
            // Each request has its own assertion: repeating it is safe.
            if verdict(true, fault) == Verdict::Fail || !cx.retry.allows(retries) {
                return Err(error);
            }
            let jitter = unit(&*cx.runtime.random);
            let wait = match wait {
                Some(window) => window + Duration::from_secs_f64(0.1 + 0.9 * jitter),
                None => cx.retry.backoff_for(retries, jitter),
            };
            retries += 1;
            if wait > cx.retry.rate_limit_cap() || !cx.wait(wait).await {
                return Err(error);
            }
        }
    }

    /// A new assertion for each request: its `jti` is burnt even by a refused one.
    async fn assertion(&self, cx: &AuthContext<'_>, uri: &Uri) -> Result<String> {
        let now = cx.server_time().as_second();
        let mut header = json!({ "typ": "JWT", "alg": self.signer.algorithm().as_str() });
        if let Some(kid) = self.signer.key_id() {
            header["kid"] = kid.into();
        }
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": uri.to_string(),
            "iat": now,
            "exp": now + ASSERTION_LIFETIME,
            "jti": uuid(&*cx.runtime.random),
        });
        compact(self.signer, &header, &claims).await
    }

    async fn request(
        &self,
        cx: &AuthContext<'_>,
        uri: &Uri,
        assertion: &str,
    ) -> Result<HttpRequest> {
        let mut request = HttpRequest::new(Method::POST, uri.clone());
        let headers = &mut request.headers;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        if self.dpop {
            let proof = self
                .prover
                .proof(cx.runtime, &Method::POST, uri, None)
                .await?;
            headers.insert("dpop", proof);
        }
        request.body = form_string(&[
            ("grant_type", "client_credentials".to_owned()),
            ("scope", self.scopes.to_string()),
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", assertion.to_owned()),
        ])
        .into();
        Ok(request)
    }

    /// True if the next request will differ in what was refused.
    fn correct(&mut self, reply: &HttpResponse, new_nonce: bool, corrections: u32) -> bool {
        let said = ServiceError::parse(&reply.body);
        let description = said.summary.unwrap_or_default();
        match said.code.as_deref() {
            Some("use_dpop_nonce") if self.dpop => new_nonce,
            Some("use_dpop_nonce" | "invalid_dpop_proof") if !self.dpop && self.may_switch => {
                self.dpop = true;
                true
            }
            // The clock was learnt from the Date of this very reply; once is enough.
            Some("invalid_client" | "invalid_dpop_proof") if about_time(&description) => {
                corrections == 0 || self.dpop && corrections <= 2
            }
            _ => false,
        }
    }

    fn issued(&self, reply: &HttpResponse) -> Result<Issued> {
        let bad = |what: &str| {
            let mut error =
                Error::from_answer(ErrorKind::Token, reply.status, &reply.headers, &reply.body);
            error.inner_mut().message = format!("token endpoint: {what}");
            // The body may hold a token.
            error.inner_mut().body = bytes::Bytes::new();
            error.with_hint("check the org URL: HTML or an odd answer comes from a proxy, or from a host that is not an Okta org")
        };
        let parsed: TokenReply = serde_json::from_slice(&reply.body)
            .map_err(|_| bad("the answer is not a token reply"))?;
        let token = parsed
            .access_token
            .filter(|token| !token.expose().is_empty())
            .ok_or_else(|| bad("the answer holds no access_token"))?;
        let bound = parsed
            .token_type
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("DPoP"));
        if bound && !self.dpop {
            return Err(bad("the answer is a DPoP token, but no proof was sent"));
        }
        Ok(Issued {
            token,
            bound,
            lifetime: lifetime(parsed.expires_in.as_ref()),
            scopes: match parsed.scope {
                Some(text) => Scopes::parse(&text),
                // RFC 6749 section 5.1: left out if it is what was asked for.
                None => self.scopes.clone(),
            },
        })
    }

    /// The endpoint's own words, with what they refer to.
    fn refused(&self, reply: &HttpResponse, requests: u32) -> Error {
        let mut error =
            Error::from_answer(ErrorKind::Token, reply.status, &reply.headers, &reply.body);
        let inner = error.inner_mut();
        if reply.status == 429 {
            inner.reset_at = RateLimit::from_headers(&reply.headers).map(|limit| limit.reset);
        }
        let key = match self.signer.key_id() {
            Some(id) => format!("key id {id}"),
            None => "no key id".to_owned(),
        };
        let times = if requests == 1 {
            String::new()
        } else {
            format!(", {requests} token requests")
        };
        inner.message = format!(
            "token endpoint, client {}, {key}, {}{times}",
            self.client_id,
            self.signer.algorithm()
        );
        error
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
