//! Likely causes and next steps: a small table of facts about the service's codes.

use std::borrow::Cow;

use super::body::Form;
use super::{ErrorKind, Inner};

pub(super) fn hint(error: &Inner) -> Option<Cow<'_, str>> {
    if let Some(hint) = &error.hint {
        return Some(Cow::Borrowed(hint));
    }
    if let Some(scope) = &error.scope {
        return Some(Cow::Owned(scope.how_to_fix()));
    }
    let description = error.service.summary.as_deref().unwrap_or("");
    if let Some(code) = error.service.code.as_deref()
        && let Some(hint) = by_code(code, description)
    {
        return Some(Cow::Borrowed(hint));
    }
    by_status(error).map(Cow::Borrowed)
}

fn by_code(code: &str, description: &str) -> Option<&'static str> {
    Some(match code {
        "E0000001" => "a field or a precondition was refused; the causes name it",
        "E0000003" => {
            "a member of the body has a type or value that the service cannot read; compare it with the operation's request model"
        }
        "E0000004" => {
            "wrong user name, password or session token; for an API call, use an API token or a service app"
        }
        "E0000005" => {
            "no usable credential reached the service: give the client an API token or a service app"
        }
        "E0000006" => {
            "the scope was right but the admin role is missing: assign a role that covers this resource to the service app or to the API token's owner"
        }
        "E0000007" => "no object with this id, or the caller's admin role cannot see it",
        "E0000008" => {
            "the path is no endpoint of this org: check the path and that the org has the feature"
        }
        "E0000009" => {
            "a fault inside the service; repeat later and give Okta support the request id"
        }
        "E0000011" => {
            "the token is unknown, expired or revoked, or belongs to another org: create a new one or check the org URL"
        }
        "E0000014" => "the old password is wrong, or the new credential breaks the policy",
        "E0000015" => {
            "the org does not have the feature or licence of this endpoint (the service says 401, but the credential is fine); ask Okta to enable it"
        }
        "E0000016" => "the user is active already; nothing to do",
        "E0000019" | "E0000122" | "E0000149" => {
            "the Accept or Content-Type header does not fit this endpoint"
        }
        "E0000022" => "the path exists, but not with this method",
        "E0000024" => "this kind of app does not allow the operation, or the app is not active",
        "E0000029" => {
            "the cursor was not issued by this list, or it expired: start again from the first page"
        }
        "E0000030" => {
            "dates in filters need ISO 8601 with milliseconds, such as 2026-01-31T00:00:00.000Z"
        }
        "E0000031" => {
            "the search or filter names an unknown attribute or operator, or its quotes do not match"
        }
        "E0000033" => "use either search or filter/q, not both",
        "E0000034" | "E0000017" | "E0000032" | "E0000038" => {
            "the user's present status does not allow this step: read the user's status first"
        }
        "E0000047" => "the rate limit is exhausted: wait for the reset, or lower the load",
        "E0000048" => "the on-premises provisioning entity is unknown",
        "E0000053" => "the filter cannot be parsed or names a field that cannot be filtered on",
        "E0000054" => "startIndex or count is out of range",
        "E0000056" => "deactivate the app before deleting it; built-in apps cannot be deleted",
        "E0000068" | "E0000069" => "the one-time code was wrong or tried too often",
        "E0000090" | "E0000263" => "the role is assigned already; nothing to do",
        "E0000124" | "E0000125" => {
            "expiring a password at creation needs a password and activate=true"
        }
        "E0000148" => "an authenticator policy still needs it; the causes name the policies",
        "E0000231" => "the object changed since it was read: read it again and repeat",
        "E0000239" => {
            "policies or group rules are being written in parallel; repeat after some seconds, one writer at a time"
        }
        "E0000242" => "If-Match must carry the ETag exactly as the service sent it",
        _ => return by_oauth_code(code, description),
    })
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
