//! What a signed-in user's client gets from the authorization endpoint.

use super::*;
use crate::log::user_target;
use crate::oauth::access::Principal;
use crate::oauth::authority::{Code, is_time_to_tidy};
use crate::oauth::direct::{self, Method};
use crate::oauth::mint::{self, Beside, Order, SignIn};
use crate::oauth::policy::Lifetimes;
use crate::oauth::token::client_target;

/// Seconds that a code can be redeemed.
const CODE: i64 = 300;

/// Sends code and tokens, as the response type has them.
pub(super) fn answer(
    call: &mut Call<'_>,
    server: &Server,
    request: &Request,
    session: &Session,
    lifetimes: Option<Lifetimes>,
) -> Result<Answer, Refusal> {
    call.principal = Principal::User {
        user_id: session.user_id.clone(),
        client_id: request.client_id().to_owned(),
    };
    let user = call.org.users.get(&session.user_id).map(user_target);
    let mut targets = vec![client_target(&request.client)];
    targets.extend(user);
    let family = call.org.dice.secret(16);
    let mut fields: Vec<(&str, String)> = Vec::new();
    if request.kinds.code {
        let code = store_code(call, server, request, session, &family);
        call.log(&server.event("authorize.code"), targets.clone());
        fields.push(("code", code));
    }
    if request.kinds.is_implicit()
        && let Some(lifetimes) = lifetimes
    {
        let order = Order {
            server,
            client: &request.client,
            sign_in: Some(SignIn {
                user_id: session.user_id.clone(),
                auth_time: session.auth_time,
                nonce: request.nonce.clone(),
                amr: direct::amr(&[Method::Password]),
                family,
            }),
            scopes: request.scopes.clone(),
            lifetimes,
            bound_to: None,
        };
        let failed = |fault: Fault| request.refuse("server_error", fault.text());
        for (kind, token) in tokens(call, request, &order, &mut fields).map_err(failed)? {
            let event = server.event(&format!("authorize.implicit.{kind}"));
            call.log(&event, targets.clone());
            fields.push((kind, token));
        }
    }
    fields.push(("state", request.state.clone()));
    call.log("user.authentication.sso", vec![app_target(&request.client)]);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Ok(deliver(&request.redirect_uri, request.mode, &fields))
}

/// Issues the tokens; adds what a client is told about an access token.
fn tokens(
    call: &mut Call<'_>,
    request: &Request,
    order: &Order<'_>,
    fields: &mut Vec<(&str, String)>,
) -> Result<Vec<(&'static str, String)>, Fault> {
    let mut tokens = Vec::new();
    if request.kinds.token {
        tokens.push(("access_token", mint::access_token(call, order)?));
        fields.push(("token_type", "Bearer".to_owned()));
        fields.push(("expires_in", order.lifetimes.access.to_string()));
        fields.push(("scope", order.scopes.join(" ")));
    }
    if request.kinds.id_token
        && let Some(sign_in) = &order.sign_in
    {
        let code = fields.iter().find(|(name, _)| *name == "code");
        let beside = Beside {
            access_token: tokens.first().map(|(_, token)| token.as_str()),
            code: code.map(|(_, code)| code.as_str()),
        };
        let token = mint::id_token(call, order, sign_in, &beside)?;
        tokens.push(("id_token", token));
    }
    Ok(tokens)
}

fn store_code(
    call: &mut Call<'_>,
    server: &Server,
    request: &Request,
    session: &Session,
    family: &str,
) -> String {
    let now = call.org.clock.now().as_second();
    let code = call.org.dice.secret(32);
    let record = Code {
        server: server.id.clone(),
        client_id: request.client_id().to_owned(),
        user_id: session.user_id.clone(),
        scopes: request.scopes.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        auth_time: session.auth_time,
        expires: now + CODE,
        family: family.to_owned(),
        used: false,
    };
    let authority = &mut call.org.authority;
    // Used codes are kept a while, to notice a second use.
    if is_time_to_tidy(authority.codes.len()) {
        authority.codes.retain(|_, c| now < c.expires + CODE);
    }
    authority.codes.insert(hashed(&code), record);
    code
}
