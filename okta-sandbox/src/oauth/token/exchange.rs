//! Token exchange (RFC 8693): services that act for a user, native apps that share a sign-in, and
//! apps that open a web app.

use serde_json::{Value, json};

use super::{
    Issued, NO_MATCHING_SCOPE, TOKEN_EXCHANGE, complete, invalid_grant, need_active, proof,
    user_scopes, words,
};
use crate::behaviour::{associated_servers, interclient};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::authority::{Interclient, hashed, is_time_to_tidy};
use crate::oauth::client::{self, Form};
use crate::oauth::direct::{self, Method};
use crate::oauth::jwt::Jwt;
use crate::oauth::mint::{self, Order, SignIn};
use crate::oauth::policy::{self, Asked};
use crate::oauth::scopes;
use crate::oauth::server::Server;
use crate::oauth::{access, sign_in, tokens};

const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const IDENTITY: &str = "urn:ietf:params:oauth:token-type:id_token";
const DEVICE_SECRET: &str = "urn:x-oath:params:oauth:token-type:device-secret";
const INTERCLIENT: &str = "urn:okta:params:oauth:token-type:interclient_token";

/// Seconds that an interclient token can be used.
const INTERCLIENT_LIFE: i64 = 300;

pub(super) fn redeem(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    form.need("subject_token")?;
    let subject = form.need("subject_token_type")?;
    let actor = form.get("actor_token_type");
    let wanted = form.get("requested_token_type").unwrap_or(ACCESS);
    if form.get("actor_token").is_some() != actor.is_some() {
        let text = "The parameters 'actor_token' and 'actor_token_type' need each other.";
        return Err(Fault::oauth(400, "invalid_request", text));
    }
    match (subject, actor, wanted) {
        (ACCESS, None, ACCESS) if !server.is_org() => on_behalf(call, server, client, form),
        (IDENTITY, Some(DEVICE_SECRET), ACCESS) => device_sso(call, server, client, form),
        (IDENTITY, Some(ACCESS), INTERCLIENT) => to_web(call, server, client, form),
        _ => {
            let text = "The combination of 'subject_token_type', 'actor_token_type' and \
                        'requested_token_type' is not supported by the authorization server.";
            Err(Fault::oauth(400, "invalid_request", text))
        }
    }
}

fn invalid_subject() -> Fault {
    invalid_grant("'subject_token' is invalid.")
}

fn invalid_actor() -> Fault {
    invalid_grant("'actor_token' is invalid.")
}

fn invalid_audience() -> Fault {
    Fault::oauth(400, "invalid_target", "'audience' is invalid.")
}

/// The audience must be that of the server; `required` where it may not be left out.
fn check_audience(server: &Server, form: &Form, required: bool) -> Result<(), Fault> {
    let given = match required {
        true => Some(form.need("audience")?),
        false => form.get("audience"),
    };
    let fits = |audience: &str| audience == server.audience || audience == server.issuer;
    match given.is_none_or(fits) {
        true => Ok(()),
        false => Err(invalid_audience()),
    }
}

/// A service keeps the user in its calls to the next service.
fn on_behalf(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let now = call.org.clock.now().as_second();
    let token = form.need("subject_token")?;
    let subject = call.org.authority.grant(token, now).cloned();
    let subject = subject
        .filter(|g| access::is_client_active(call.org, &g.client_id))
        .filter(|g| {
            g.server == server.id || associated_servers::trusts(call.org, &server.id, &g.server)
        })
        .ok_or_else(invalid_subject)?;
    let user_id = subject.user_id.ok_or_else(invalid_subject)?;
    need_active(call.org, &user_id)?;
    check_audience(server, form, false)?;
    let scopes = words(form.get("scope").unwrap_or_default());
    let refuse = |text: &str| Err(Fault::oauth(400, "invalid_scope", text));
    if scopes.is_empty() {
        return refuse("No scopes were requested.");
    }
    if scopes.iter().any(|s| scopes::is_openid(s)) {
        return refuse("Cannot request 'openid' scopes using token exchange.");
    }
    if !scopes.iter().all(|s| server.knows(call.org, s)) {
        return refuse(NO_MATCHING_SCOPE);
    }
    let bound_to = proof(call, &client)?;
    let asked = Asked {
        client_id: text(&client, "/id"),
        user_id: Some(&user_id),
        grant_type: TOKEN_EXCHANGE,
        scopes: &scopes,
    };
    let lifetimes = policy::evaluate(call.org, server, &asked)?;
    let bound = bound_to.is_some();
    let auth_time = Jwt::parse(token).and_then(|jwt| jwt.seconds("auth_time"));
    let order = Order {
        server,
        client: &client,
        sign_in: Some(SignIn {
            user_id: user_id.clone(),
            auth_time: auth_time.unwrap_or(now),
            nonce: None,
            amr: direct::amr(&[Method::Password]),
            family: subject.family.unwrap_or_default(),
        }),
        scopes,
        lifetimes,
        bound_to,
    };
    let mut body = mint::issue(call, &order)?;
    body.insert("issued_token_type".into(), json!(ACCESS));
    Ok(Issued {
        body,
        client,
        user_id: Some(user_id),
        bound,
    })
}

/// A second native app of the same device takes over the sign-in of the first.
fn device_sso(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let now = call.org.clock.now().as_second();
    let key = hashed(form.need("actor_token")?);
    let secret = call.org.authority.device_secrets.get(&key).cloned();
    let secret = secret
        .filter(|s| s.server == server.id && s.alive(now))
        .ok_or_else(invalid_actor)?;
    // An ID token that has expired still tells whose sign-in is meant.
    let subject = tokens::own_id_token(call, server, form.need("subject_token")?);
    subject
        .filter(|jwt| {
            jwt.claim("sub") == Some(&secret.user_id)
                && jwt.claim("aud") == Some(&secret.client_id)
                && jwt.seconds("auth_time") == Some(secret.auth_time)
        })
        .ok_or_else(invalid_subject)?;
    check_audience(server, form, true)?;
    let client_id = text(&client, "/id").to_owned();
    let requested = form.get("scope").unwrap_or_default();
    let scopes = user_scopes(call, server, &client_id, requested)?;
    let bound_to = proof(call, &client)?;
    let sign_in = SignIn {
        user_id: secret.user_id,
        auth_time: secret.auth_time,
        nonce: None,
        amr: direct::amr(&[Method::Password]),
        family: secret.family,
    };
    let grant = TOKEN_EXCHANGE;
    let mut issued = complete(call, server, client, sign_in, scopes, bound_to, grant)?;
    if let Some(used) = call.org.authority.device_secrets.get_mut(&key) {
        used.last_used = now;
    }
    issued
        .body
        .insert("issued_token_type".into(), json!(ACCESS));
    Ok(issued)
}

/// An app gets a token that signs its user in to one web app, once.
fn to_web(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let now = call.org.clock.now().as_second();
    let own = text(&client, "/id").to_owned();
    let token = form.need("actor_token")?;
    let actor = call.org.authority.grant(token, now).cloned();
    let actor = actor
        .filter(|g| g.server == server.id && g.client_id == own)
        .filter(|g| g.scopes.iter().any(|s| s == interclient::SCOPE))
        .ok_or_else(invalid_actor)?;
    let user_id = actor.user_id.ok_or_else(invalid_actor)?;
    let subject = tokens::own_id_token(call, server, form.need("subject_token")?);
    let subject = subject
        .filter(|jwt| jwt.claim("aud") == Some(&own) && jwt.claim("sub") == Some(&user_id))
        .filter(|jwt| jwt.seconds("exp").is_some_and(|exp| exp > now))
        .ok_or_else(invalid_subject)?;
    let audience = form.need("audience")?;
    let target = audience.strip_prefix("urn:okta:apps:");
    let target = target
        .and_then(|id| call.org.apps.get(id))
        .filter(|app| text(app, "/status") == "ACTIVE")
        .cloned()
        .ok_or_else(invalid_audience)?;
    let target_id = text(&target, "/id").to_owned();
    let refuse = |text: &str| Err(Fault::oauth(400, "access_denied", text));
    if !interclient::allows(call.org, &target_id, &own) {
        return refuse(
            "The client is not allowed to request an interclient token for the audience.",
        );
    }
    if !sign_in::is_assigned(call.org, &target, &user_id) {
        return refuse(sign_in::NOT_ASSIGNED);
    }
    let auth_time = subject.seconds("auth_time").unwrap_or(now);
    let claims = json!({
        "ver": 1, "jti": format!("ICT.{}", call.org.dice.secret(24)), "iss": server.issuer,
        "aud": audience, "sub": user_id, "cid": own, "iat": now, "exp": now + INTERCLIENT_LIFE,
        "auth_time": auth_time,
    });
    let keys = &mut call.org.authority.keys;
    let token = keys.sign(&server.id, &claims, now).map_err(mint::failed)?;
    let record = Interclient {
        server: server.id.clone(),
        target: target_id,
        user_id: user_id.clone(),
        auth_time,
        expires: now + INTERCLIENT_LIFE,
    };
    let known = &mut call.org.authority.interclient;
    if is_time_to_tidy(known.len()) {
        known.retain(|_, token| token.expires > now);
    }
    known.insert(hashed(&token), record);
    let body = json!({
        "token_type": "N_A", "expires_in": INTERCLIENT_LIFE, "access_token": token,
        "issued_token_type": INTERCLIENT,
    });
    Ok(Issued {
        body: body.as_object().cloned().unwrap_or_default(),
        client,
        user_id: Some(user_id),
        bound: false,
    })
}

/// The user of an interclient token and when they signed in, for the web app that it is for. It
/// works once.
pub(crate) fn take_interclient(
    call: &mut Call<'_>,
    server: &Server,
    client_id: &str,
    token: &str,
) -> Result<(String, i64), &'static str> {
    let now = call.org.clock.now().as_second();
    let key = hashed(token);
    let known = &mut call.org.authority.interclient;
    let found = known.get(&key).filter(|t| t.expires > now).cloned();
    let found = found.ok_or("The 'interclient_token' is invalid or has expired.")?;
    if found.server != server.id {
        return Err("The 'interclient_token' has an invalid issuer.");
    }
    if found.target != client_id || client::find(call.org, client_id).is_none() {
        return Err("The 'interclient_token' has an invalid audience.");
    }
    call.org.authority.interclient.remove(&key);
    match sign_in::is_active(call.org, &found.user_id) {
        true => Ok((found.user_id, found.auth_time)),
        false => Err(sign_in::NOT_ACTIVE),
    }
}
