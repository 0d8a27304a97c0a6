//! Likely causes and next steps: a small table of facts about the service's codes.

use std::borrow::Cow;

use super::body::Form;
use super::{ErrorKind, Inner, codes};

pub(super) fn hint(error: &Inner) -> Option<Cow<'_, str>> {
    if let Some(hint) = &error.hint {
        return Some(Cow::Borrowed(hint));
    }
    if let Some(scope) = &error.scope {
        return Some(Cow::Owned(scope.how_to_fix()));
    }
    let description = error.service.summary.as_deref().unwrap_or("");
    if let Some(code) = error.service.code.as_deref() {
        // Governance may send the code of a failed sign-in when a role is missing.
        let forbidden = error.status.is_some_and(|status| status.as_u16() == 403);
        let code = match code {
            "E0000004" if forbidden => "E0000006",
            code => code,
        };
        if let Some(hint) = codes::hint(code).or_else(|| by_oauth_code(code, description)) {
            return Some(Cow::Borrowed(hint));
        }
    }
    by_status(error).map(Cow::Borrowed)
}

fn by_oauth_code(code: &str, description: &str) -> Option<&'static str> {
    let says = |part: &str| description.contains(part);
    Some(match code {
        "invalid_client" if says("expir") || says("issued before") => {
            "the clocks differ: set this machine's clock, the SDK already corrected once by the server's time"
        }
        "invalid_client" if says("kid") => {
            "the key id (kid) does not name a key of the app: pass the key's kid or register the public key with the app"
        }
        "invalid_client" if says("signature") => {
            "the private key does not belong to the public key registered with the app, or the kid names another key"
        }
        "invalid_client" if says("already been used") => {
            "the client assertion was sent twice, maybe by a proxy that repeats requests"
        }
        "invalid_client" if says("audience") => {
            "the org URL differs from the org's own name: use the URL that the app's org is known by"
        }
        "invalid_client" if says("JWKS") || says("jwks") => {
            "the app has no public key: add the key's public half to the app"
        }
        "invalid_client" if says("private_key_jwt") => {
            "set the app's client authentication to public key / private key"
        }
        "invalid_client" if says("issuer") || says("subject") || says("client_id") => {
            "the client id is not known to this org, or the app is inactive"
        }
        "invalid_client" => {
            "check the client id, that the app is an active API service app, and that the key is registered with it"
        }
        "invalid_scope" => {
            "a scope is unknown to the org's authorization server, or none was asked for: check the spelling and give the client at least one okta.* scope"
        }
        "consent_required" => {
            "none of the scopes is granted to the app: grant them in Admin Console > Applications > the app > Okta API Scopes"
        }
        "client_credentials_self_scope_requested" => {
            "scopes that end in .self belong to a signed-in user; ask for the plain scope"
        }
        "unauthorized_client" | "unsupported_grant_type" => {
            "the app does not allow this grant: a service app needs the client credentials grant"
        }
        "access_denied" => {
            "a policy of the authorization server refuses this client or these scopes"
        }
        "invalid_dpop_proof" if says("missing") => {
            "the app demands DPoP: use Dpop::Auto or Dpop::Always"
        }
        "invalid_dpop_proof" if says("future") || says("five minutes") => {
            "the clocks differ: set this machine's clock"
        }
        "invalid_dpop_proof" if says("already been used") => {
            "the proof was sent twice, maybe by a proxy that repeats requests"
        }
        "invalid_dpop_proof" if says("htu") => {
            "the URL that arrived differs from the one sent: a proxy rewrites it, or the org URL is not the org's own"
        }
        "invalid_dpop_proof" => "the service refused the DPoP proof",
        "use_dpop_nonce" => "the service kept asking for another DPoP nonce",
        "invalid_token" => {
            "the access token is unknown, expired or revoked, or belongs to another org"
        }
        "temporarily_unavailable" | "server_error" => {
            "a fault inside the authorization server; repeat later"
        }
        "invalid_request" if says("DPoP") => {
            "the token is bound to a DPoP key, which a static bearer token cannot prove: use a service app credential"
        }
        _ => return None,
    })
}

fn by_status(error: &Inner) -> Option<&'static str> {
    if error.service.form == Form::Html {
        return Some(
            "an HTML page came instead of JSON: a proxy or gateway answered, or the org URL is not an Okta org",
        );
    }
    if error.kind == ErrorKind::RateLimited {
        return Some(
            "the rate limit resets later than the call may wait: raise the timeout or call again after the reset",
        );
    }
    Some(match error.status?.as_u16() {
        300..=399 => {
            "redirects are not followed, so that a token never leaves the org: check the org URL"
        }
        401 => "the credential was not accepted: check it and the org URL",
        407 => "the proxy wants a user name and password",
        411 => "a proxy removed Content-Length",
        413 => "the request body is too large",
        423 => "the object is locked by another write; repeat after some seconds",
        429 => "the rate limit is exhausted: wait for the reset, or lower the load",
        500..=599 => {
            "a fault on the way or inside the service; repeat later and give Okta support the request id"
        }
        _ => return None,
    })
}
