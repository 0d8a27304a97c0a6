//! Keys and metadata documents that need no authentication.

use serde_json::{Map, Value, json};

use super::authorize::response;
use super::jwt::ALGORITHMS;
use super::keys::Signer;
use super::scopes;
use super::server::Server;
use crate::call::{Call, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;

fn no_key<E>(_: E) -> Fault {
    Fault::code("E0000009", &[])
}

/// `GET …/v1/keys`.
pub(crate) fn keys(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let now = call.org.clock.now().as_second();
    let keys = call
        .org
        .authority
        .keys
        .of(&server.id, now)
        .map_err(no_key)?;
    let keys: Vec<Value> = keys.iter().map(Signer::jwk).collect();
    let answer = Answer::ok(&json!({ "keys": keys }));
    Ok(answer.with("cache-control", "max-age=5184000, must-revalidate"))
}

/// The custom server that a key operation of the Management API names.
fn managed(call: &Call<'_>) -> Result<Server, Fault> {
    Server::stored(call.org, call.parameter(0), call.base())
}

fn shown(call: &Call<'_>, server: &Server, key: &Signer) -> Value {
    let base = call.base();
    let own = format!(
        "{base}/api/v1/authorizationServers/{}/credentials/keys",
        server.id
    );
    let made = jiff::Timestamp::from_second(key.created).unwrap_or_default();
    let mut jwk = key.jwk();
    jwk["status"] = json!(key.state.name());
    jwk["created"] = json!(clock::zero_millis(made));
    jwk["_links"] = json!({
        "self": { "href": format!("{own}/{}", key.kid), "hints": { "allow": ["GET"] } },
    });
    jwk
}

fn all_shown(call: &mut Call<'_>, server: &Server) -> Result<Vec<Value>, Fault> {
    let now = call.org.clock.now().as_second();
    let ring = &mut call.org.authority.keys;
    ring.prepare_next(&server.id, now).map_err(no_key)?;
    let keys = ring.of(&server.id, now).map_err(no_key)?.to_vec();
    Ok(keys.iter().map(|key| shown(call, server, key)).collect())
}

/// `GET /api/v1/authorizationServers/{id}/credentials/keys`.
pub(crate) fn list_server_keys(call: &mut Call<'_>) -> Outcome {
    let server = managed(call)?;
    let keys = all_shown(call, &server)?;
    call.all(keys)
}

/// `GET /api/v1/authorizationServers/{id}/credentials/keys/{kid}`.
pub(crate) fn get_server_key(call: &mut Call<'_>) -> Outcome {
    let server = managed(call)?;
    let kid = call.parameter(1);
    let keys = all_shown(call, &server)?;
    let key = keys.into_iter().find(|key| text(key, "/kid") == kid);
    let key = key.ok_or_else(|| Fault::not_found(kid, "AuthorizationServerKey"))?;
    Ok(Answer::ok(&key))
}

/// `POST /api/v1/authorizationServers/{id}/credentials/lifecycle/keyRotate`.
pub(crate) fn rotate_server_keys(call: &mut Call<'_>) -> Outcome {
    let server = managed(call)?;
    let body = call.request.object()?;
    if text(&body, "/use") != "sig" {
        let cause = "use: The value must be 'sig'.";
        return Err(Fault::validation("use", &[cause]));
    }
    let now = call.org.clock.now().as_second();
    let ring = &mut call.org.authority.keys;
    ring.rotate(&server.id, now).map_err(no_key)?;
    let target = named("AuthorizationServer", &server.id, "unknown", &server.issuer);
    call.log("app.oauth2.as.key.rollover", vec![target]);
    let keys = all_shown(call, &server)?;
    call.all(keys)
}

/// `GET /.well-known/okta-organization`.
pub(crate) fn organization(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&json!({
        "id": call.org.id, "cell": "op3",
        "pipeline": if call.org.settings.kind.is_classic() { "v1" } else { "idx" },
        "_links": { "organization": { "href": call.request.base } },
        "settings": {
            "analyticsCollectionEnabled": false, "bugReportingEnabled": true, "omEnabled": true,
            "pssoEnabled": false, "desktopMFAEnabled": false, "itpEnabled": false,
        },
    })))
}

/// The metadata documents: OpenID Connect's, and OAuth's, which lacks what is about ID tokens.
pub(crate) fn metadata(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let mut document = document(call, &server);
    if call.request.path.ends_with("/oauth-authorization-server") {
        for member in [
            "userinfo_endpoint",
            "id_token_signing_alg_values_supported",
            "request_object_signing_alg_values_supported",
        ] {
            document.remove(member);
        }
    }
    let answer = Answer::ok(&Value::Object(document));
    Ok(answer.with("cache-control", "max-age=86400, must-revalidate"))
}

fn scopes_of(call: &Call<'_>, server: &Server) -> Vec<String> {
    let identity = [
        "openid",
        "email",
        "profile",
        "address",
        "phone",
        "offline_access",
        "groups",
    ];
    let mut all: Vec<String> = identity.map(str::to_owned).to_vec();
    if server.is_org() {
        all.extend(scopes::all().iter().cloned());
        return all;
    }
    // Custom servers have no `groups` of their own, and tell only what is published.
    all.retain(|scope| scope != "groups");
    for scope in server.collection(call.org, "scopes") {
        let name = text(scope, "/name");
        if text(scope, "/metadataPublish") == "ALL_CLIENTS" && !all.iter().any(|s| s == name) {
            all.push(name.to_owned());
        }
    }
    all
}

fn document(call: &Call<'_>, server: &Server) -> Map<String, Value> {
    let base = call.base();
    let endpoint = |name: &str| json!(server.endpoint(base, name));
    let methods = [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "none",
    ];
    let document = json!({
        "issuer": server.issuer,
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "userinfo_endpoint": endpoint("userinfo"),
        "registration_endpoint": format!("{base}/oauth2/v1/clients"),
        "jwks_uri": endpoint("keys"),
        "introspection_endpoint": endpoint("introspect"),
        "revocation_endpoint": endpoint("revoke"),
        "end_session_endpoint": endpoint("logout"),
        "device_authorization_endpoint": endpoint("device/authorize"),
        "pushed_authorization_request_endpoint": endpoint("par"),
        "backchannel_authentication_endpoint": endpoint("bc/authorize"),
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_authentication_request_signing_alg_values_supported": [
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512",
        ],
        "response_types_supported": response::TYPES,
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "grant_types_supported": [
            "authorization_code", "implicit", "refresh_token", "password", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:token-exchange", "urn:openid:params:grant-type:ciba",
            "urn:okta:params:oauth:grant-type:otp", "urn:okta:params:oauth:grant-type:oob",
            "http://auth0.com/oauth/grant-type/mfa-otp", "http://auth0.com/oauth/grant-type/mfa-oob",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes_of(call, server),
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "claims_supported": [
            "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce",
            "name", "nickname", "preferred_username", "given_name", "middle_name", "family_name",
            "email", "email_verified", "profile", "zoneinfo", "locale", "address", "phone_number",
            "updated_at", "at_hash", "c_hash",
        ],
    });
    match document {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
