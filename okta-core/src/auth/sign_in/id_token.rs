//! ID tokens (OpenID Connect Core section 3.1.3.7): nothing of them counts before all checks passed.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use http::header::ACCEPT;
use http::{HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::auth::AuthContext;
use crate::auth::app::App;
use crate::auth::failure::{Failure, Retry};
use crate::auth::introspection::moment;
use crate::auth::jwk::{self, base64url};
use crate::auth::jwt::Algorithm;
use crate::auth::key::Curve;
use crate::auth::server::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::retry::Fault;
use crate::secret::Secret;
use crate::transport::HttpRequest;

/// How far the clocks may still differ after the correction by the service's `Date`, in seconds.
const LEEWAY: i64 = 60;

/// Claims of a checked ID token.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct IdClaims {
    /// `iss`: the authorization server.
    pub issuer: String,
    /// `sub`: the user's id.
    pub subject: String,
    /// `aud`: the apps that the token is for.
    pub audience: Vec<String>,
    /// `exp`, by the service's clock.
    pub expires_at: jiff::Timestamp,
    /// `iat`, by the service's clock.
    pub issued_at: jiff::Timestamp,
    /// `auth_time`: when the user signed in at the service.
    pub auth_time: Option<jiff::Timestamp>,
    /// `amr`: how, such as `pwd` and `mfa`.
    pub methods: Vec<String>,
    /// `preferred_username`: the login; with scope `profile`.
    pub login: Option<String>,
    /// `name`; with scope `profile`.
    pub name: Option<String>,
    /// `email`; with scope `email`.
    pub email: Option<String>,
    /// `email_verified`; with scope `email`.
    pub email_verified: Option<bool>,
    all: Map<String, Value>,
}

impl IdClaims {
    /// Any claim by its name, those above included.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }
}

impl fmt::Debug for IdClaims {
    /// Claims are about a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdClaims")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The keys of an authorization server, as they were last seen.
#[derive(Debug, Default)]
pub(in crate::auth) struct Keys(Mutex<Option<Arc<Vec<PublicJwk>>>>);

#[derive(Debug, Deserialize)]
struct PublicJwk {
    kty: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct JwkSet {
    /// One key of an unknown form must not hide the others.
    keys: Vec<Value>,
}

/// What a token must say.
pub(super) struct Expected<'a> {
    issuer: &'a str,
    client_id: &'a str,
    nonce: Option<&'a str>,
    access_token: &'a str,
    now: i64,
}

struct Parsed<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    /// `header.claims`
    signed: &'a str,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl Keys {
    /// Checks an ID token that came from the token endpoint.
    pub(in crate::auth) async fn check(
        &self,
        cx: &AuthContext<'_>,
        app: &App,
        token: &Secret,
        nonce: Option<&str>,
        access_token: &Secret,
    ) -> Result<IdClaims> {
        let issuer = app.server.issuer(cx.org_url());
        let parsed = parse(token.expose()).map_err(|what| bad(&what))?;
        let known = self.known();
        let keys = match known {
            Some(keys) if keys.iter().any(|key| key.may_have_signed(&parsed)) => keys,
            // None yet, or the service has rotated its keys.
            _ => self.fetch(cx, app).await?,
        };
        verify(&parsed, &keys).map_err(|what| bad(&what))?;
        let expected = Expected {
            issuer: &issuer,
            client_id: &app.client_id,
            nonce,
            access_token: access_token.expose(),
            now: cx.server_time().as_second(),
        };
        claims(parsed, &expected).map_err(|what| bad(&what))
    }

    fn known(&self) -> Option<Arc<Vec<PublicJwk>>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    async fn fetch(&self, cx: &AuthContext<'_>, app: &App) -> Result<Arc<Vec<PublicJwk>>> {
        let mut retry = Retry::new(true);
        let keys = loop {
            match fetch_once(cx, app).await {
                Ok(keys) => break Arc::new(keys),
                Err(failure) => retry.after(cx, failure).await?,
            }
        };
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(Arc::clone(&keys));
        Ok(keys)
    }
}

async fn fetch_once(cx: &AuthContext<'_>, app: &App) -> Result<Vec<PublicJwk>, Failure> {
    let uri = app.server.endpoint(cx.org_url(), Endpoint::Keys)?;
    let mut request = HttpRequest::new(Method::GET, uri);
    request
        .headers
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    let reply = match cx.send_http(request).await? {
        Ok(reply) => reply,
        Err(broken) => {
            let fault = crate::client::fault_of(broken.fault());
            let message = format!("{}: {broken}", Endpoint::Keys.name());
            let error = Error::new(ErrorKind::Transport, message).with_source(broken);
            return Err(Failure::new(fault, error, 1));
        }
    };
    let answer = |what: &str| {
        let mut error =
            Error::from_answer(ErrorKind::Token, reply.status, &reply.headers, &reply.body);
        error.inner_mut().message = format!("{}{what}", Endpoint::Keys.name());
        error
    };
    if !reply.status.is_success() {
        let fault = Fault::Status(reply.status.as_u16());
        return Err(Failure::new(fault, answer(""), 1).coming_again(cx, &reply.headers));
    }
    let set: JwkSet = serde_json::from_slice(&reply.body)
        .map_err(|_| Failure::from(answer(": the answer is not a JWKS")))?;
    Ok(set
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value(key).ok())
        .collect())
}

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::Token, format!("sign-in: the ID token {what}")).with_hint(
        "it is not used: check the org URL, the authorization server and the client id, and this machine's clock",
    )
}

fn parse(token: &str) -> Result<Parsed<'_>, String> {
    let form = || "is not a signed JWT".to_owned();
    let (signed, signature) = token.rsplit_once('.').ok_or_else(form)?;
    let (header, claims) = signed.split_once('.').ok_or_else(form)?;
    if claims.contains('.') {
        return Err(form());
    }
    let bytes = |part: &str| jwk::bytes(Some(part), "").map_err(|_| form());
    let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|_| form())?;
    let claims = serde_json::from_slice(&bytes(claims)?).map_err(|_| form())?;
    if header.crit.is_some() {
        return Err("has critical extensions, of which none is known".into());
    }
    // `none` and shared secrets are no algorithms here.
    let algorithm = header.alg.parse().map_err(|_| {
        let name: String = header.alg.chars().take(20).collect();
        format!("is signed with {name:?}, which is not accepted")
    })?;
    Ok(Parsed {
        algorithm,
        key_id: header.kid,
        signed,
        signature: bytes(signature)?.to_vec(),
        claims,
    })
}

impl PublicJwk {
    /// By kind, use, algorithm and key id; where the token names no key, by the rest.
    fn may_have_signed(&self, token: &Parsed<'_>) -> bool {
        let kind = if token.algorithm.is_rsa() {
            "RSA"
        } else {
            "EC"
        };
        self.kty.as_deref() == Some(kind)
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self
                .alg
                .as_deref()
                .is_none_or(|alg| alg == token.algorithm.as_str())
            && (token.key_id.is_none() || self.kid == token.key_id)
    }

    fn verifies(&self, token: &Parsed<'_>) -> bool {
        self.try_verify(token).unwrap_or(false)
    }

    fn try_verify(&self, token: &Parsed<'_>) -> Result<bool, String> {
        let member = |value: &Option<String>, name| jwk::bytes(value.as_deref(), name);
        let message = token.signed.as_bytes();
        if let Some(scheme) = rsa_scheme(token.algorithm) {
            let key = RsaPublicKeyComponents {
                n: member(&self.n, "n")?.to_vec(),
                e: member(&self.e, "e")?.to_vec(),
            };
            return Ok(key.verify(scheme, message, &token.signature).is_ok());
        }
        let curve = Curve::ALL
            .into_iter()
            .find(|curve| curve.algorithm() == token.algorithm)
            .filter(|curve| self.crv.as_deref() == Some(curve.name()));
        let scheme = match curve {
            Some(Curve::P256) => &ECDSA_P256_SHA256_FIXED,
            Some(Curve::P384) => &ECDSA_P384_SHA384_FIXED,
            Some(Curve::P521) => &ECDSA_P521_SHA512_FIXED,
            None => return Ok(false),
        };
        let point = [&[4][..], &member(&self.x, "x")?, &member(&self.y, "y")?].concat();
        Ok(UnparsedPublicKey::new(scheme, point)
            .verify(message, &token.signature)
            .is_ok())
    }
}

fn rsa_scheme(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => return None,
    })
}

fn verify(token: &Parsed<'_>, keys: &[PublicJwk]) -> Result<(), String> {
    let mut candidates = keys
        .iter()
        .filter(|key| key.may_have_signed(token))
        .peekable();
    if candidates.peek().is_none() {
        let key = match &token.key_id {
            Some(id) => format!("{:?}", id.chars().take(80).collect::<String>()),
            None => "none".into(),
        };
        return Err(format!(
            "names the key {key} for {}, which the authorization server does not publish",
            token.algorithm
        ));
    }
    if candidates.any(|key| key.verifies(token)) {
        Ok(())
    } else {
        Err("has a signature that its key did not make".into())
    }
}

fn claims(token: Parsed<'_>, expected: &Expected<'_>) -> Result<IdClaims, String> {
    let algorithm = token.algorithm;
    let all = token.claims;
    let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
    let time = |name: &str| moment(all.get(name));
    let list = |name: &str| -> Vec<String> {
        match all.get(name) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(many)) => many
                .iter()
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    };
    let needed = |name: &str| format!("has no usable claim {name:?}");
    let issuer = text("iss").ok_or_else(|| needed("iss"))?;
    if issuer != expected.issuer {
        return Err(format!(
            "is from {issuer:?}, not from {:?}",
            expected.issuer
        ));
    }
    let audience = list("aud");
    if !audience.iter().any(|one| one == expected.client_id) {
        return Err(format!("is not for the app {:?}", expected.client_id));
    }
    let party = text("azp");
    if (audience.len() > 1 || party.is_some()) && party.as_deref() != Some(expected.client_id) {
        return Err(format!(
            "was issued to another app than {:?}",
            expected.client_id
        ));
    }
    let expires_at = time("exp").ok_or_else(|| needed("exp"))?;
    if expires_at.as_second() <= expected.now - LEEWAY {
        return Err(format!("expired at {expires_at}"));
    }
    let issued_at = time("iat").ok_or_else(|| needed("iat"))?;
    if issued_at.as_second() > expected.now + LEEWAY {
        return Err(format!("was issued in the future, at {issued_at}"));
    }
    if let Some(nonce) = expected.nonce
        && text("nonce").as_deref() != Some(nonce)
    {
        return Err("does not carry the nonce of this sign-in".into());
    }
    if let Some(hash) = text("at_hash")
        && hash != half_hash(algorithm, expected.access_token)
    {
        return Err("belongs to another access token".into());
    }
    Ok(IdClaims {
        issuer,
        subject: text("sub").ok_or_else(|| needed("sub"))?,
        audience,
        expires_at,
        issued_at,
        auth_time: time("auth_time"),
        methods: list("amr"),
        login: text("preferred_username"),
        name: text("name"),
        email: text("email"),
        email_verified: all.get("email_verified").and_then(Value::as_bool),
        all,
    })
}

/// The left half of the hash that the algorithm uses (OpenID Connect Core section 3.1.3.6).
fn half_hash(algorithm: Algorithm, access_token: &str) -> String {
    let hash = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => &digest::SHA256,
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => &digest::SHA384,
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::Es512 => &digest::SHA512,
    };
    let digest = digest::digest(hash, access_token.as_bytes());
    let bytes = digest.as_ref();
    base64url(&bytes[..bytes.len() / 2])
}
