//! Client-initiated back-channel authentication: the endpoint that a client starts it at.

use serde_json::{Value, json};

use super::approvals::{self, Approval, Channel};
use super::client::{self, Form};
use super::jwt::Jwt;
use super::server::Server;
use super::sign_in;
use super::token::{self, CIBA};
use super::tokens;
use super::waiting::{INTERVAL, Poll};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;

/// Seconds that a request waits at most, and unless the client asks for fewer.
const LIFE: i64 = 300;

fn refuse<T>(error: &'static str, text: &str) -> Result<T, Fault> {
    Err(Fault::oauth(400, error, text))
}

/// `POST …/v1/bc/authorize`.
pub(crate) fn authorize(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = Form::of(&call.request.body)?;
    let client = client::authenticate(call, &server, &form)?;
    token::need_grant(&client, CIBA)?;
    let form = match form.get("request") {
        Some(request) => signed(call, &server, &client, request)?,
        None => form,
    };
    let scopes = token::user_scopes(
        call,
        &server,
        text(&client, "/id"),
        form.get("scope").unwrap_or_default(),
    )?;
    if !scopes.iter().any(|s| s == "openid") {
        return refuse("invalid_scope", token::NO_OPENID);
    }
    let life = match form.get("request_expiry").or(form.get("requested_expiry")) {
        None => LIFE,
        Some(given) => match given.parse::<i64>() {
            Ok(seconds @ 1..=LIFE) => seconds,
            _ => {
                return refuse(
                    "invalid_request",
                    "The 'request_expiry' parameter must be between 1 and 300.",
                );
            }
        },
    };
    let user_id = user(call, &server, &client, &form)?;
    if !sign_in::is_assigned(call.org, &client, &user_id) {
        return refuse("access_denied", sign_in::NOT_ASSIGNED);
    }
    let approval = Approval {
        channel: Channel::Back,
        server: server.id,
        client_id: text(&client, "/id").to_owned(),
        user_id,
        scopes,
        message: form.get("binding_message").map(str::to_owned),
        mfa: None,
        poll: Poll::new(call.org.clock.now().as_second() + life),
    };
    let id = approvals::store(call, approval);
    Ok(Answer::ok(
        &json!({ "auth_req_id": id, "expires_in": life, "interval": INTERVAL }),
    ))
}

/// The user that one of the two hints is about.
fn user(
    call: &mut Call<'_>,
    server: &Server,
    client: &Value,
    form: &Form,
) -> Result<String, Fault> {
    let found = match (form.get("login_hint"), form.get("id_token_hint")) {
        (Some(login), None) => match sign_in::find_user(call.org, login) {
            Some(user) => user,
            None => return refuse("unknown_user_id", "The 'login_hint' matches no user."),
        },
        (None, Some(hint)) => {
            let jwt = tokens::own_id_token(call, server, hint);
            let own = jwt.filter(|jwt| jwt.claim("aud") == Some(text(client, "/id")));
            match own.as_ref().and_then(|jwt| jwt.claim("sub")) {
                Some(user) => user.to_owned(),
                None => return refuse("invalid_request", "The 'id_token_hint' is invalid."),
            }
        }
        _ => {
            return refuse(
                "invalid_request",
                "Exactly one of 'login_hint' and 'id_token_hint' must be specified.",
            );
        }
    };
    match sign_in::is_active(call.org, &found) {
        true => Ok(found),
        false => refuse("access_denied", sign_in::NOT_ACTIVE),
    }
}

/// The parameters of a signed request.
fn signed(
    call: &mut Call<'_>,
    server: &Server,
    client: &Value,
    request: &str,
) -> Result<Form, Fault> {
    let invalid = |text: &str| Fault::oauth(400, "invalid_request_object", text);
    let jwt = Jwt::parse(request).ok_or_else(|| invalid("The 'request' JWT is malformed."))?;
    let member = "/settings/oauthClient/backchannel_authentication_request_signing_alg";
    if jwt.header("alg") != Some(text(client, member)) {
        let text = "The 'request' JWT is not signed with the algorithm that the client registered.";
        return Err(invalid(text));
    }
    client::check_request(call.org, client, &jwt)
        .map_err(|_| invalid("The 'request' JWT signature is invalid."))?;
    let id = text(client, "/id");
    if jwt.claim("iss") != Some(id) || jwt.claim("aud") != Some(&server.issuer) {
        let text = "The issuer or the audience of the 'request' JWT is invalid.";
        return Err(invalid(text));
    }
    let now = call.org.clock.now().as_second();
    let expires = jwt.seconds("exp");
    let too_late = expires.is_some_and(|exp| exp <= now || exp > now + 3600);
    if too_late || jwt.seconds("iat").is_some_and(|iat| iat > now) {
        return Err(invalid("The 'request' JWT is expired or not valid yet."));
    }
    if let Some(jti) = jwt.claim("jti") {
        let until = expires.unwrap_or(now + 3600);
        let authority = &mut call.org.authority;
        if !authority.use_once(format!("request {id} {jti}"), until, now) {
            return Err(invalid("The 'request' JWT has already been used."));
        }
    }
    let claims = jwt.claims.as_object().into_iter().flatten();
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Number(number) => Some((name.clone(), number.to_string())),
        _ => None,
    };
    Ok(Form(claims.filter_map(field).collect()))
}
