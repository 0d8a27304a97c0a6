//! OAuth clients: who asks at an endpoint, and how they prove it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::jwt::{ALGORITHMS, Jwt, PSS_ALGORITHMS};
use super::key_sets;
use super::server::Server;
use crate::behaviour::{api_services, secrets};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The most seconds that an assertion may still live.
const HOUR: i64 = 3600;

/// The fields of a form; the first of a name counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    /// A field that is there and not blank.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter();
        let found = all.find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        found.filter(|v| !v.is_empty())
    }

    /// A field that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| {
            let text = format!("The required parameter '{name}' is missing.");
            Fault::oauth(400, "invalid_request", text)
        })
    }

    /// The body of a request, unless a field comes twice.
    pub(crate) fn of(body: &[u8]) -> Result<Self, Fault> {
        Self::of_pairs(crate::exchange::form_pairs(&String::from_utf8_lossy(body)))
    }

    /// The fields, unless one comes twice.
    pub(crate) fn of_pairs(pairs: Vec<(String, String)>) -> Result<Self, Fault> {
        let form = Self(pairs);
        let mut names: Vec<&str> = form.0.iter().map(|(k, _)| k.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).any(|w| w[0] == w[1]) {
            true => Err(Fault::oauth(
                400,
                "invalid_request",
                "The request contained multiple parameters with the same name.",
            )),
            false => Ok(form),
        }
    }
}

pub(crate) fn invalid_client(description: &str) -> Fault {
    Fault::oauth(401, "invalid_client", description)
}

fn refused() -> Fault {
    invalid_client(
        "Client authentication failed. Either the client or the client credentials are invalid.",
    )
}

const NO_CREDENTIALS: &str = "No client credentials found.";
const ORG_NEEDS_KEY: &str = "Client Credentials requests to the Org Authorization Server must use \
                             the private_key_jwt token_endpoint_auth_method.";

/// The app behind a client id, whatever its status.
pub(crate) fn find<'o>(org: &'o Org, client_id: &str) -> Option<&'o Value> {
    let app = org.apps.get(client_id)?;
    app.pointer("/settings/oauthClient").map(|_| app)
}

/// How a client proves itself.
pub(crate) fn method(client: &Value) -> &str {
    text(
        client,
        "/credentials/oauthClient/token_endpoint_auth_method",
    )
}

/// True if the app may use a grant.
pub(crate) fn may_use(client: &Value, grant_type: &str) -> bool {
    grant_types(client).contains(&grant_type)
}

/// The grants of an app.
pub(crate) fn grant_types(client: &Value) -> Vec<&str> {
    let list = client.pointer("/settings/oauthClient/grant_types");
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

/// The client credentials grant on the org server takes signed assertions only.
pub(crate) fn need_assertion(call: &Call<'_>, form: &Form) -> Result<(), Fault> {
    if form.get("client_assertion").is_some() {
        return Ok(());
    }
    let other =
        form.get("client_secret").is_some() || call.request.header("authorization").is_some();
    Err(invalid_client(if other {
        ORG_NEEDS_KEY
    } else {
        NO_CREDENTIALS
    }))
}

/// The authenticated client of a request.
pub(crate) fn authenticate(
    call: &mut Call<'_>,
    server: &Server,
    form: &Form,
) -> Result<Value, Fault> {
    if let Some(assertion) = form.get("client_assertion") {
        return by_assertion(call, server, form, assertion);
    }
    let (id, secret, used) = presented(call, form)?;
    let wrong_id = || invalid_client("Invalid value for 'client_id' parameter.");
    let client = find(call.org, &id).ok_or_else(wrong_id)?;
    if text(client, "/status") != "ACTIVE" || method(client) != used {
        return Err(refused());
    }
    if let Some(secret) = secret
        && !secrets::at_work(call.org, client).contains(&secret.as_str())
    {
        return Err(invalid_client(
            "The client secret supplied for a confidential client is invalid.",
        ));
    }
    Ok(client.clone())
}

/// The id that a client gives, its secret if it has one, and how it gives them.
fn presented(
    call: &Call<'_>,
    form: &Form,
) -> Result<(String, Option<String>, &'static str), Fault> {
    if let Some(header) = call.request.header("authorization") {
        let bad = "Found Authentication header but was not valid client credentials.";
        let (id, secret) = basic_credentials(header).ok_or_else(|| invalid_client(bad))?;
        return Ok((id, Some(secret), "client_secret_basic"));
    }
    // Public clients may name themselves in the query.
    let id = form.get("client_id").or(call.request.query("client_id"));
    let id = id.ok_or_else(|| invalid_client(NO_CREDENTIALS))?.to_owned();
    Ok(match form.get("client_secret") {
        Some(secret) => (id, Some(secret.to_owned()), "client_secret_post"),
        None => (id, None, "none"),
    })
}

/// The API service integration that signs in, in the form of a client. Unlike apps, they prove
/// themselves to the org server by a secret.
pub(crate) fn api_service(call: &Call<'_>, form: &Form) -> Result<Option<Value>, Fault> {
    let Ok((id, secret, _)) = presented(call, form) else {
        return Ok(None);
    };
    let Some(instance) = api_services::find(call.org, &id) else {
        return Ok(None);
    };
    let secret = secret.unwrap_or_default();
    if form.get("client_assertion").is_some() || !api_services::opens(call.org, &id, &secret) {
        return Err(refused());
    }
    Ok(Some(json!({
        "id": id, "label": instance["name"], "status": "ACTIVE", "settings": { "oauthClient": {
            "application_type": "service", "grant_types": ["client_credentials"],
        } },
    })))
}

fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        let text = percent_encoding::percent_decode_str(&text);
        text.decode_utf8().ok().map(|t| t.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

fn by_assertion(
    call: &mut Call<'_>,
    server: &Server,
    form: &Form,
    assertion: &str,
) -> Result<Value, Fault> {
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(Fault::oauth(
            400,
            "invalid_request",
            "The client_assertion_type is invalid.",
        ));
    }
    let jwt = Jwt::parse(assertion)
        .ok_or_else(|| invalid_client("The parsing of the client_assertion failed."))?;
    let issuer = jwt.claim("iss").unwrap_or_default();
    let client = find(call.org, issuer).cloned().ok_or_else(|| {
        invalid_client("The issuer claim for client_assertion is not a valid client_id.")
    })?;
    if jwt.claim("sub") != Some(issuer) {
        return Err(invalid_client(
            "The subject claim for client_assertion is not a valid client_id.",
        ));
    }
    let named = form.get("client_id").unwrap_or(issuer);
    if text(&client, "/status") != "ACTIVE" || named != issuer {
        return Err(refused());
    }
    let org_client_credentials =
        server.is_org() && form.get("grant_type") == Some("client_credentials");
    match method(&client) {
        "private_key_jwt" => check_signature(call.org, &client, &jwt)?,
        _ if org_client_credentials => return Err(invalid_client(ORG_NEEDS_KEY)),
        "client_secret_jwt" => check_hmac(call.org, &client, &jwt)?,
        _ => return Err(refused()),
    }
    check_claims(call, server, issuer, &jwt)?;
    Ok(client)
}

/// Checks the signature of a request that a client signed, by its secret or its keys.
pub(super) fn check_request(org: &Org, client: &Value, jwt: &Jwt) -> Result<(), Fault> {
    match jwt.header("alg").is_some_and(|alg| alg.starts_with("HS")) {
        true => check_hmac(org, client, jwt),
        false => check_signature(org, client, jwt),
    }
}

fn check_hmac(org: &Org, client: &Value, jwt: &Jwt) -> Result<(), Fault> {
    let (algorithm, least) = match jwt.header("alg") {
        Some("HS256") => (hmac::HMAC_SHA256, 32),
        Some("HS384") => (hmac::HMAC_SHA384, 48),
        Some("HS512") => (hmac::HMAC_SHA512, 64),
        _ => {
            return Err(invalid_client(
                "The client_assertion JWT signature algorithm is invalid.",
            ));
        }
    };
    let secrets = secrets::at_work(org, client);
    if secrets.is_empty() {
        return Err(invalid_client(
            "The issuer and subject claim for client_assertion is invalid because the client does \
             not have a client secret.",
        ));
    }
    if secrets.iter().all(|secret| secret.len() < least) {
        return Err(invalid_client(
            "The client secret is too short to verify a JWT HMAC.",
        ));
    }
    let fits = |secret: &&str| {
        let key = hmac::Key::new(algorithm, secret.as_bytes());
        hmac::verify(&key, jwt.input(), jwt.signature()).is_ok()
    };
    match secrets.iter().any(fits) {
        true => Ok(()),
        false => Err(invalid_client("The client_assertion signature is invalid.")),
    }
}

/// The keys of a client: those of its settings, and those that it publishes.
fn keys<'o>(org: &'o Org, client: &'o Value) -> Vec<&'o Value> {
    let own = client.pointer("/settings/oauthClient/jwks/keys");
    let mut all: Vec<&Value> = own
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .chain(key_sets::keys(org, client))
        .collect();
    all.retain(|key| text(key, "/status") != "INACTIVE" && text(key, "/use") != "enc");
    all
}

fn check_signature(org: &Org, client: &Value, jwt: &Jwt) -> Result<(), Fault> {
    let keys = keys(org, client);
    if keys.is_empty() && !key_sets::uri(client).is_empty() {
        return Err(invalid_client(
            "The JWKSet could not be retrieved from the 'jwks_uri' of the client.",
        ));
    }
    if keys.is_empty() {
        return Err(invalid_client(
            "The client does not have a JWKSet configured, but the client_assertion requires one.",
        ));
    }
    let candidates: Vec<&Value> = match jwt.header("kid") {
        Some(kid) => {
            let named: Vec<&Value> = keys
                .into_iter()
                .filter(|k| text(k, "/kid") == kid)
                .collect();
            if named.is_empty() {
                return Err(invalid_client("The client_assertion JWT kid is invalid."));
            }
            named
        }
        None => keys,
    };
    let known = |alg: &str| ALGORITHMS.contains(&alg) || PSS_ALGORITHMS.contains(&alg);
    if !jwt.header("alg").is_some_and(known) {
        return Err(invalid_client(
            "The client_assertion JWT signature algorithm is invalid.",
        ));
    }
    if !candidates.into_iter().any(|key| jwt.signed_by(key)) {
        return Err(invalid_client("The client_assertion signature is invalid."));
    }
    Ok(())
}

fn check_claims(
    call: &mut Call<'_>,
    server: &Server,
    issuer: &str,
    jwt: &Jwt,
) -> Result<(), Fault> {
    let endpoint = format!("{}{}", call.request.base, call.request.path);
    let token_endpoint = server.endpoint(call.base(), "token");
    let audiences: Vec<&str> = match jwt.claims.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let accepted = [&endpoint, &token_endpoint, &server.issuer];
    if !audiences
        .iter()
        .any(|aud| accepted.iter().any(|a| a == aud))
    {
        return Err(invalid_client(
            "The audience claim for client_assertion must be the endpoint invoked for the request.",
        ));
    }
    let now = call.org.clock.now().as_second();
    let expires = jwt.seconds("exp").ok_or_else(|| {
        invalid_client("The client_assertion must contain the 'exp' claim as seconds since epoch.")
    })?;
    if expires <= now {
        return Err(invalid_client("The client_assertion token is expired."));
    }
    if expires - now >= HOUR {
        return Err(invalid_client(
            "The client_assertion token has an expiration too far into the future.",
        ));
    }
    if jwt.seconds("iat").is_some_and(|iat| iat > now) {
        return Err(invalid_client(
            "The client_assertion token must be issued before the current time.",
        ));
    }
    if let Some(id) = jwt.claim("jti")
        && !call
            .org
            .authority
            .use_once(format!("assertion {issuer} {id}"), expires, now)
    {
        return Err(invalid_client(
            "The client_assertion token has already been used.",
        ));
    }
    Ok(())
}
