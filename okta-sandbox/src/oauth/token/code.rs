//! The authorization code grant.

use serde_json::Value;

use super::{Issued, complete, invalid_grant, proof};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::authority::hashed;
use crate::oauth::client::Form;
use crate::oauth::direct::{self, Method};
use crate::oauth::jwk;
use crate::oauth::mint::SignIn;
use crate::oauth::server::Server;

const INVALID: &str = "The authorization code is invalid or has expired.";

pub(super) fn redeem(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let key = hashed(form.need("code")?);
    let redirect_uri = form.need("redirect_uri")?;
    let code = call.org.authority.codes.get(&key).cloned();
    let now = call.org.clock.now().as_second();
    let code = code
        .filter(|c| c.server == server.id && c.client_id == text(&client, "/id"))
        .ok_or_else(|| invalid_grant(INVALID))?;
    if code.used {
        call.org.authority.end_family(&code.family);
        return Err(invalid_grant(INVALID));
    }
    if code.expires <= now {
        return Err(invalid_grant(INVALID));
    }
    if code.redirect_uri != redirect_uri {
        return Err(invalid_grant(
            "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
        ));
    }
    match (&code.challenge, form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) => {
            let well_formed = (43..=128).contains(&verifier.len())
                && verifier
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
            if !well_formed || jwk::sha256(verifier.as_bytes()) != *challenge {
                return Err(invalid_grant("PKCE verification failed."));
            }
        }
        (Some(_), None) => return Err(invalid_grant("PKCE verification failed.")),
        (None, Some(_)) => {
            return Err(invalid_grant("PKCE verification failed."));
        }
        (None, None) => {}
    }
    let bound_to = proof(call, &client)?;
    if let Some(stored) = call.org.authority.codes.get_mut(&key) {
        stored.used = true;
    }
    let sign_in = SignIn {
        user_id: code.user_id,
        auth_time: code.auth_time,
        nonce: code.nonce,
        amr: direct::amr(&[Method::Password]),
        family: code.family,
    };
    let grant = "authorization_code";
    complete(call, server, client, sign_in, code.scopes, bound_to, grant)
}
