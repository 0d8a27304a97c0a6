//! The token endpoint of the org authorization server.

use serde_json::{Value, json};

use super::authority::Grant;
use super::dpop::{self, Expected, Refusal};
use super::jwt::{ALGORITHMS, Jwt};
use super::scopes;
use crate::call::{Call, Outcome};
use crate::exchange::{Answer, form_pairs};
use crate::fault::Fault;
use crate::json::text;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Lifetime of an access token, and the most an assertion may still live.
const HOUR: i64 = 3600;

fn invalid_client(description: &str) -> Fault {
    Fault::oauth(401, "invalid_client", description)
}

/// `POST /oauth2/v1/token`.
pub(crate) fn token(call: &mut Call<'_>) -> Outcome {
    let form = form_pairs(&String::from_utf8_lossy(&call.request.body));
    let field = |name: &str| {
        form.iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    };
    match issue(call, &field) {
        Ok((answer, client)) => {
            let target = client_target(&client);
            call.act_as_client(&client);
            call.log("app.oauth2.token.grant.access_token", vec![target.clone()]);
            call.log("app.oauth2.token.grant", vec![target]);
            Ok(answer)
        }
        Err(fault) => {
            let reason = fault.oauth_error().unwrap_or("invalid_request");
            let event = match reason {
                "invalid_client" => "app.oauth2.invalid_client_credentials",
                _ => "app.oauth2.token.grant.access_token",
            };
            call.log_failure(event, Vec::new(), reason);
            Err(fault)
        }
    }
}

fn client_target(client: &Value) -> Value {
    json!({
        "id": text(client, "/id"), "type": "PublicClientApp", "alternateId": text(client, "/id"),
        "displayName": text(client, "/label"), "detailEntry": null,
    })
}

type Fields<'f> = dyn Fn(&str) -> Option<&'f str> + 'f;

fn issue<'f>(call: &mut Call<'_>, field: &Fields<'f>) -> Result<(Answer, Value), Fault> {
    match field("grant_type") {
        Some("client_credentials") => {}
        None | Some("") => {
            let missing = "The required parameter 'grant_type' is missing.";
            return Err(Fault::oauth(400, "invalid_request", missing));
        }
        Some(_) => {
            let text = "The authorization grant type is not supported by the authorization server. \
                        Configured grant types: [client_credentials].";
            return Err(Fault::oauth(400, "unsupported_grant_type", text));
        }
    }
    let client = authenticate(call, field)?;
    if text(&client, "/settings/oauthClient/application_type") != "service" {
        return Err(invalid_client(
            "Only clients with 'application_type' of 'service' may use the client_credentials \
             'grant_type' with the Org Authorization Server.",
        ));
    }
    let bound_to = proof(call, &client)?;
    let client_id = text(&client, "/id").to_owned();
    let granted = granted_scopes(call, &client_id, field("scope").unwrap_or_default())?;
    let now = call.org.clock.now().as_second();
    let token_id = format!("AT.{}", call.org.dice.secret(32));
    let mut claims = json!({
        "ver": 1, "jti": token_id, "iss": call.request.base, "aud": call.request.base, "sub": client_id,
        "iat": now, "exp": now + HOUR, "cid": client_id, "scp": granted,
    });
    if let Some(thumbprint) = &bound_to {
        claims["cnf"] = json!({ "jkt": thumbprint });
    }
    let token_type = if bound_to.is_some() { "DPoP" } else { "Bearer" };
    let grant = Grant {
        client_id,
        scopes: granted.clone(),
        expires: now + HOUR,
        bound_to,
        token_id,
    };
    let with_nonce = grant.bound_to.is_some();
    let access_token = call.org.authority.issue(&claims, grant);
    let mut answer = Answer::ok(&json!({
        "token_type": token_type, "expires_in": HOUR, "access_token": access_token, "scope": granted.join(" "),
    }));
    if with_nonce {
        answer = answer.with("dpop-nonce", call.org.authority.nonce(now));
    }
    Ok((answer, client))
}

/// Checks the client assertion and returns the client's app.
fn authenticate<'f>(call: &mut Call<'_>, field: &Fields<'f>) -> Result<Value, Fault> {
    let assertion = field("client_assertion").unwrap_or_default();
    if assertion.is_empty() {
        let secret =
            field("client_secret").is_some() || call.request.header("authorization").is_some();
        return Err(invalid_client(if secret {
            "Client Credentials requests to the Org Authorization Server must use the private_key_jwt \
             token_endpoint_auth_method."
        } else {
            "No client credentials found."
        }));
    }
    if field("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(Fault::oauth(
            400,
            "invalid_request",
            "The client_assertion_type is invalid.",
        ));
    }
    let jwt = Jwt::parse(assertion)
        .ok_or_else(|| invalid_client("The parsing of the client_assertion failed."))?;
    let issuer = jwt.claim("iss").unwrap_or_default();
    let client = call
        .org
        .apps
        .get(issuer)
        .filter(|app| app.pointer("/settings/oauthClient").is_some());
    let client = client.cloned().ok_or_else(|| {
        invalid_client("The issuer claim for client_assertion is not a valid client_id.")
    })?;
    if jwt.claim("sub") != Some(issuer) {
        return Err(invalid_client(
            "The subject claim for client_assertion is not a valid client_id.",
        ));
    }
    if text(&client, "/status") != "ACTIVE" {
        return Err(invalid_client(
            "Client authentication failed. Either the client or the client credentials are invalid.",
        ));
    }
    if text(
        &client,
        "/credentials/oauthClient/token_endpoint_auth_method",
    ) != "private_key_jwt"
    {
        return Err(invalid_client(
            "Client Credentials requests to the Org Authorization Server must use the private_key_jwt \
             token_endpoint_auth_method.",
        ));
    }
    check_signature(&client, &jwt)?;
    check_claims(call, issuer, &jwt)?;
    Ok(client)
}

fn check_signature(client: &Value, jwt: &Jwt) -> Result<(), Fault> {
    let keys = client
        .pointer("/settings/oauthClient/jwks/keys")
        .and_then(Value::as_array);
    let keys = keys.filter(|k| !k.is_empty()).ok_or_else(|| {
        invalid_client(
            "The client does not have a JWKSet configured, but the client_assertion requires one.",
        )
    })?;
    let usable = keys.iter().filter(|k| text(k, "/status") != "INACTIVE");
    let candidates: Vec<&Value> = match jwt.header("kid") {
        Some(kid) => {
            let named: Vec<&Value> = usable.filter(|k| text(k, "/kid") == kid).collect();
            if named.is_empty() {
                return Err(invalid_client("The client_assertion JWT kid is invalid."));
            }
            named
        }
        None => usable.collect(),
    };
    if !jwt
        .header("alg")
        .is_some_and(|alg| ALGORITHMS.contains(&alg))
    {
        return Err(invalid_client(
            "The client_assertion JWT signature algorithm is invalid.",
        ));
    }
    if !candidates.into_iter().any(|key| jwt.signed_by(key)) {
        return Err(invalid_client("The client_assertion signature is invalid."));
    }
    Ok(())
}

fn check_claims(call: &mut Call<'_>, issuer: &str, jwt: &Jwt) -> Result<(), Fault> {
    let base = &call.request.base;
    let endpoint = format!("{base}{}", call.request.path);
    let audiences: Vec<&str> = match jwt.claims.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !audiences.iter().any(|aud| *aud == endpoint || aud == base) {
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

/// Checks the DPoP proof where one is sent or required.
fn proof(call: &mut Call<'_>, client: &Value) -> Result<Option<String>, Fault> {
    let required = client.pointer("/settings/oauthClient/dpop_bound_access_tokens")
        == Some(&Value::Bool(true));
    let refused = |text: &str| Fault::oauth(400, "invalid_dpop_proof", text);
    if call.request.headers.get_all("dpop").iter().count() > 1 {
        return Err(refused("Multiple DPoP proof JWT headers are not allowed."));
    }
    let Some(proof) = call.request.header("dpop") else {
        return if required {
            Err(refused("The DPoP proof JWT header is missing."))
        } else {
            Ok(None)
        };
    };
    let url = format!("{}{}", call.request.base, call.request.path);
    let now = call.org.clock.now().as_second();
    let expected = Expected {
        method: "POST",
        url: &url,
        token: None,
        nonce: true,
        now,
    };
    match dpop::check(&mut call.org.authority, proof, &expected) {
        Ok(thumbprint) => Ok(Some(thumbprint)),
        Err(Refusal::Nonce) => {
            let text = "Authorization server requires nonce in DPoP proof.";
            let nonce = call.org.authority.nonce(now);
            Err(Fault::oauth(400, "use_dpop_nonce", text).with_nonce(&nonce))
        }
        Err(Refusal::Invalid(text)) => Err(refused(&text)),
    }
}

/// The subset of the requested scopes that the client was granted.
fn granted_scopes(call: &Call<'_>, client_id: &str, requested: &str) -> Result<Vec<String>, Fault> {
    let mut wanted: Vec<&str> = requested.split_whitespace().collect();
    wanted.dedup();
    if wanted.is_empty() {
        return Err(Fault::oauth(
            400,
            "invalid_scope",
            "No scopes were requested.",
        ));
    }
    if wanted.iter().any(|s| scopes::is_openid(s)) {
        return Err(Fault::oauth(
            400,
            "invalid_scope",
            "Scopes are not allowed for this request.",
        ));
    }
    if wanted.iter().any(|s| s.ends_with(".self")) {
        let text = "The 'client_credentials' grant type may not request .self scopes.";
        return Err(Fault::oauth(
            400,
            "client_credentials_self_scope_requested",
            text,
        ));
    }
    if !wanted.iter().all(|s| scopes::all().contains(*s)) {
        let text = "One or more scopes are not configured for the authorization server resource.";
        return Err(Fault::oauth(400, "invalid_scope", text));
    }
    let granted: Vec<String> = wanted
        .into_iter()
        .filter(|s| call.org.has_grant(client_id, s))
        .map(str::to_owned)
        .collect();
    if granted.is_empty() {
        let text = "You are not allowed any of the requested scopes.";
        return Err(Fault::oauth(400, "consent_required", text));
    }
    Ok(granted)
}
