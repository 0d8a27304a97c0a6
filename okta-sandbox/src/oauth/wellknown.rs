//! Keys and metadata documents that need no authentication.

use serde_json::{Value, json};

use super::jwt::ALGORITHMS;
use super::scopes;
use crate::call::{Call, Outcome};
use crate::exchange::Answer;

/// `GET /oauth2/v1/keys`.
pub(crate) fn keys(call: &mut Call<'_>) -> Outcome {
    let answer = Answer::ok(&call.org.authority.keys());
    Ok(answer.with("cache-control", "max-age=5184000, must-revalidate"))
}

/// `GET /.well-known/okta-organization`.
pub(crate) fn organization(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&json!({
        "id": call.org.id, "cell": "op3", "pipeline": "idx",
        "_links": { "organization": { "href": call.request.base } },
        "settings": {
            "analyticsCollectionEnabled": false, "bugReportingEnabled": true, "omEnabled": true,
            "pssoEnabled": false, "desktopMFAEnabled": false, "itpEnabled": false,
        },
    })))
}

/// `GET /.well-known/openid-configuration` and `…/oauth-authorization-server`.
pub(crate) fn metadata(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&document(&call.request.base)))
}

fn document(issuer: &str) -> Value {
    let endpoint = |name: &str| format!("{issuer}/oauth2/v1/{name}");
    let methods = [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "none",
    ];
    let mut scopes: Vec<&str> = vec![
        "openid",
        "email",
        "profile",
        "address",
        "phone",
        "offline_access",
        "groups",
    ];
    scopes.extend(scopes::all().iter().map(String::as_str));
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "userinfo_endpoint": endpoint("userinfo"),
        "registration_endpoint": endpoint("clients"),
        "jwks_uri": endpoint("keys"),
        "introspection_endpoint": endpoint("introspect"),
        "revocation_endpoint": endpoint("revoke"),
        "end_session_endpoint": endpoint("logout"),
        "device_authorization_endpoint": endpoint("device/authorize"),
        "pushed_authorization_request_endpoint": endpoint("par"),
        "response_types_supported": ["code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"],
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "password", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "claims_supported": ["iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "email"],
    })
}
