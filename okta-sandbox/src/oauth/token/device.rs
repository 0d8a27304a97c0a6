//! The device grant: a device polls until its user has decided.

use serde_json::Value;

use super::{Issued, complete, invalid_grant, proof};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::authority::hashed;
use crate::oauth::client::Form;
use crate::oauth::direct::{self, Method};
use crate::oauth::mint::SignIn;
use crate::oauth::server::Server;

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
    let (user_id, auth_time) = device.poll.ask(now, "device code")?;
    let scopes = device.scopes.clone();
    let bound_to = proof(call, &client)?;
    call.org.authority.devices.remove(&key);
    let sign_in = SignIn {
        user_id,
        auth_time,
        nonce: None,
        amr: direct::amr(&[Method::Password]),
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
