//! The back-channel grant: a client polls until its user has decided elsewhere.

use serde_json::Value;

use super::{CIBA, Issued, complete, invalid_grant, proof};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::approvals::Channel;
use crate::oauth::authority::hashed;
use crate::oauth::client::Form;
use crate::oauth::mint::SignIn;
use crate::oauth::server::Server;

pub(super) fn redeem(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let key = hashed(form.need("auth_req_id")?);
    let now = call.org.clock.now().as_second();
    let found = call.org.authority.approvals.get_mut(&key);
    let approval = found
        .filter(|a| a.channel == Channel::Back && a.server == server.id)
        .filter(|a| a.client_id == text(&client, "/id"))
        .ok_or_else(|| invalid_grant("The 'auth_req_id' is invalid or has expired."))?;
    let (user_id, auth_time) = approval.poll.ask(now, "'auth_req_id'")?;
    let scopes = approval.scopes.clone();
    let bound_to = proof(call, &client)?;
    call.org.authority.approvals.remove(&key);
    let sign_in = SignIn {
        user_id,
        auth_time,
        nonce: None,
        amr: vec!["pop"],
        family: call.org.dice.secret(16),
    };
    complete(call, server, client, sign_in, scopes, bound_to, CIBA)
}
