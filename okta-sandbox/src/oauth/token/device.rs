//! The device grant: a device polls until its user has decided.

use serde_json::Value;

use super::{Issued, complete, invalid_grant, proof};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::authority::{Decision, hashed};
use crate::oauth::client::Form;
use crate::oauth::mint::SignIn;
use crate::oauth::server::Server;

/// Seconds that a device that asks too fast must wait longer.
const SLOWER: i64 = 5;

pub(super) fn redeem(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let key = hashed(form.need("device_code")?);
    let now = call.org.clock.now().as_second();
    let found = call.org.authority.devices.get_mut(&key);
    let device = found
        .filter(|d| d.server == server.id && d.client_id == text(&client, "/id"))
        .ok_or_else(|| invalid_grant("The device code is invalid or has expired."))?;
    if device.expires <= now {
        let text = "The device code is invalid or has expired.";
        return Err(Fault::oauth(400, "expired_token", text));
    }
    let too_fast = device
        .last_poll
        .is_some_and(|last| now < last + device.interval);
    device.last_poll = Some(now);
    let (user_id, auth_time) = match &device.decision {
        Decision::Denied => {
            let text = "The resource owner or authorization server denied the request.";
            return Err(Fault::oauth(400, "access_denied", text));
        }
        Decision::Waiting if too_fast => {
            device.interval += SLOWER;
            let text =
                "The client is polling too quickly and should back off at a reasonable rate.";
            return Err(Fault::oauth(400, "slow_down", text));
        }
        Decision::Waiting => {
            let text = "The device authorization is pending. Please try again later.";
            return Err(Fault::oauth(400, "authorization_pending", text));
        }
        Decision::Allowed { user_id, auth_time } => (user_id.clone(), *auth_time),
    };
    let scopes = device.scopes.clone();
    let bound_to = proof(call, &client)?;
    call.org.authority.devices.remove(&key);
    let sign_in = SignIn {
        user_id,
        auth_time,
        nonce: None,
        family: call.org.dice.secret(16),
    };
    complete(
        call,
        server,
        client,
        sign_in,
        scopes,
        bound_to,
        super::DEVICE,
    )
}
