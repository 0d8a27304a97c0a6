//! What can be done with issued tokens: introspection, revocation, userinfo, logout.

use serde_json::{Value, json};

use super::access::{self, Principal};
use super::authority::{Grant, hashed};
use super::claims;
use super::client::{self, Form};
use super::custom_claims;
use super::jwt::Jwt;
use super::pages;
use super::server::Server;
use super::sign_in;
use super::token::client_target;
use crate::behaviour::identity_providers;
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{named, user_target};
use crate::org::Org;

fn inactive() -> Answer {
    Answer::ok(&json!({ "active": false }))
}

/// `POST …/v1/introspect`.
pub(crate) fn introspect(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = Form::of(&call.request.body)?;
    client::authenticate(call, &server, &form)?;
    let token = form.need("token")?;
    let now = call.org.clock.now().as_second();
    if let Some(grant) = call.org.authority.grant(token, now) {
        let user = grant.user_id.as_deref();
        let live = grant.server == server.id
            && access::is_client_active(call.org, &grant.client_id)
            && user.is_none_or(|id| sign_in::is_active(call.org, id));
        return Ok(match live {
            true => Answer::ok(&access_token_facts(call, &server, grant)),
            false => inactive(),
        });
    }
    if let Some(refresh) = call.org.authority.refresh.get(&hashed(token)) {
        let user = call.org.users.get(&refresh.user_id);
        let live = refresh.server == server.id
            && refresh.alive(now)
            && refresh.rotated.is_none()
            && access::is_client_active(call.org, &refresh.client_id)
            && user.is_some_and(sign_in::may_sign_in);
        if !live {
            return Ok(inactive());
        }
        let mut facts = json!({
            "active": true, "token_type": "refresh_token", "client_id": refresh.client_id,
            "uid": refresh.user_id, "scope": refresh.scopes.join(" "), "iat": refresh.issued,
            "username": user.map(|u| text(u, "/profile/login")),
            "sub": user.map(|u| text(u, "/profile/login")), "iss": server.issuer,
            "aud": server.audience,
        });
        if refresh.lifetime > 0 {
            facts["exp"] = json!(refresh.issued + refresh.lifetime);
        }
        return Ok(Answer::ok(&facts));
    }
    if let Some(secret) = call.org.authority.device_secrets.get(&hashed(token)) {
        let user = call.org.users.get(&secret.user_id);
        let live = secret.server == server.id
            && secret.alive(now)
            && user.is_some_and(sign_in::may_sign_in);
        if !live {
            return Ok(inactive());
        }
        let login = user.map(|u| text(u, "/profile/login"));
        let mut facts = json!({
            "active": true, "token_type": "urn:x-oath:params:oauth:token-type:device-secret",
            "client_id": secret.client_id, "uid": secret.user_id, "sub": login, "username": login,
            "iat": secret.issued, "iss": server.issuer, "aud": server.audience,
        });
        if secret.lifetime > 0 {
            facts["exp"] = json!(secret.issued + secret.lifetime);
        }
        return Ok(Answer::ok(&facts));
    }
    Ok(id_token_facts(call, &server, token, now).map_or_else(inactive, |f| Answer::ok(&f)))
}

fn access_token_facts(call: &Call<'_>, server: &Server, grant: &Grant) -> Value {
    let user = grant.user_id.as_deref();
    let user = user.and_then(|id| call.org.users.get(id));
    let subject = user.map_or(grant.client_id.as_str(), |u| text(u, "/profile/login"));
    let kind = if grant.bound_to.is_some() {
        "DPoP"
    } else {
        "Bearer"
    };
    let mut facts = json!({
        "active": true, "scope": grant.scopes.join(" "), "username": subject, "exp": grant.expires,
        "iat": grant.issued, "sub": subject, "aud": grant.audience, "iss": server.issuer,
        "jti": grant.token_id, "token_type": kind, "client_id": grant.client_id,
    });
    if let Some(user) = user {
        facts["uid"] = user["id"].clone();
    }
    if let Some(thumbprint) = &grant.bound_to {
        facts["cnf"] = json!({ "jkt": thumbprint });
    }
    if !server.is_org()
        && let Some(client) = client::find(call.org, &grant.client_id)
    {
        custom_claims::add(
            call.org,
            server,
            client,
            user,
            &grant.scopes,
            "RESOURCE",
            &mut facts,
        );
    }
    facts
}

/// An ID token's claims, if the server signed it and it has not expired.
fn id_token_facts(call: &mut Call<'_>, server: &Server, token: &str, now: i64) -> Option<Value> {
    let jwt = own_id_token(call, server, token)?;
    if jwt.seconds("exp")? <= now {
        return None;
    }
    let user = call.org.users.get(jwt.claim("sub")?);
    let mut facts = jwt.claims.clone();
    facts["active"] = json!(true);
    facts["token_type"] = json!("Bearer");
    facts["client_id"] = facts["aud"].clone();
    facts["username"] = json!(user.map(|u| text(u, "/profile/login")));
    Some(facts)
}

/// An ID token that the server signed, whether expired or not.
pub(super) fn own_id_token(call: &mut Call<'_>, server: &Server, token: &str) -> Option<Jwt> {
    let jwt = Jwt::parse(token)?;
    let now = call.org.clock.now().as_second();
    let keys = call.org.authority.keys.of(&server.id, now).ok()?;
    let signed = keys.iter().any(|key| jwt.signed_by(&key.jwk()));
    let own = jwt.claim("iss") == Some(server.issuer.as_str())
        && jwt.claim("jti").is_some_and(|id| id.starts_with("ID."));
    (signed && own).then_some(jwt)
}

/// `POST …/v1/revoke`. Unknown tokens are revoked already, says RFC 7009.
pub(crate) fn revoke(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = Form::of(&call.request.body)?;
    let client = client::authenticate(call, &server, &form)?;
    let key = hashed(form.need("token")?);
    let own = text(&client, "/id");
    let authority = &mut call.org.authority;
    let access = authority
        .tokens
        .get(&key)
        .filter(|g| g.client_id == own && g.server == server.id);
    let refresh = authority
        .refresh
        .get(&key)
        .filter(|r| r.client_id == own && r.server == server.id);
    let secret = authority
        .device_secrets
        .get(&key)
        .filter(|s| s.client_id == own && s.server == server.id);
    let revoked = if let Some(grant) = access.cloned() {
        authority.tokens.remove(&key);
        Some(("access_token", grant.user_id))
    } else if let Some(token) = refresh.cloned() {
        // The access tokens that came with it fall, too.
        authority.revoke_family(&token.family);
        Some(("refresh_token", Some(token.user_id)))
    } else if let Some(secret) = secret.cloned() {
        // All apps that took part in its sign-in are signed out.
        authority.end_family(&secret.family);
        Some(("device_secret", Some(secret.user_id)))
    } else {
        None
    };
    if let Some((kind, user)) = revoked {
        let mut targets = vec![
            client_target(&client),
            named(kind, "unknown", "unknown", kind),
        ];
        let user = user.and_then(|id| call.org.users.get(&id).map(user_target));
        targets.extend(user);
        call.act_as_client(&client);
        call.log(&server.event("token.revoke"), targets);
    }
    Ok(Answer::empty(200))
}

/// `GET …/v1/userinfo`.
pub(crate) fn userinfo(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let grant = access::presented(call.org, call.request);
    let user = match &call.principal {
        Principal::User { user_id, .. } => call.org.users.get(user_id),
        _ => None,
    };
    let (Some(user), Some(grant)) = (user, grant) else {
        return Err(access::refuse(
            call.request,
            call.operation,
            401,
            "invalid_token",
            "The access token is invalid.",
        ));
    };
    let mut facts = json!({ "sub": user["id"] });
    for (name, value) in claims::of_userinfo(call.org, user, &grant.scopes) {
        facts[name] = value;
    }
    if !server.is_org()
        && let Some(client) = client::find(call.org, &grant.client_id)
    {
        let scopes = &grant.scopes;
        custom_claims::add(
            call.org,
            &server,
            client,
            Some(user),
            scopes,
            "IDENTITY",
            &mut facts,
        );
    }
    Ok(Answer::ok(&facts))
}

/// `GET` and `POST …/v1/logout`.
pub(crate) fn logout(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = match call.request.method.as_str() {
        "POST" => Form::of(&call.request.body)?,
        _ => Form(call.request.query.clone()),
    };
    let hint = form.get("id_token_hint").unwrap_or_default();
    let Some(jwt) = own_id_token(call, &server, hint) else {
        let text = "The 'id_token_hint' is missing or was not issued by this authorization server.";
        return Ok(pages::error("invalid_request", text));
    };
    let client = client::find(call.org, jwt.claim("aud").unwrap_or_default()).cloned();
    let target = match form.get("post_logout_redirect_uri") {
        None => "/login/login.htm".to_owned(),
        Some(uri) => {
            let known = client
                .as_ref()
                .and_then(|c| c.pointer("/settings/oauthClient/post_logout_redirect_uris"));
            let mut known = known.and_then(Value::as_array).into_iter().flatten();
            if !known.any(|k| k == uri) {
                let text = "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in \
                            the client app settings.";
                return Ok(pages::error("invalid_request", text));
            }
            match form.get("state") {
                None => uri.to_owned(),
                Some(state) => {
                    let mut query = url::form_urlencoded::Serializer::new(String::new());
                    let query = query.append_pair("state", state).finish();
                    let mark = if uri.contains('?') { '&' } else { '?' };
                    format!("{uri}{mark}{query}")
                }
            }
        }
    };
    let cookie = sign_in::end_session(call);
    Ok(pages::redirect(&target).with("set-cookie", cookie))
}

/// The user whom an issuer calls so: by id, by login, or by the id at an identity provider.
fn by_subject<'o>(org: &'o Org, subject: &str) -> Option<&'o Value> {
    let login = || org.logins.get(&subject.to_lowercase()).cloned();
    let linked = || identity_providers::linked(org, subject);
    let id = match org.users.contains(subject) {
        true => Some(subject.to_owned()),
        false => login().or_else(linked),
    };
    org.users.get(&id?)
}

/// `POST /oauth2/v1/global-token-revocation`: ends a user's sessions and tokens.
pub(crate) fn revoke_everywhere(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let subject = &body["sub_id"];
    let found = match text(subject, "/format") {
        "opaque" => call.org.users.get(text(subject, "/id")),
        "iss_sub" => by_subject(call.org, text(subject, "/sub")),
        _ => {
            return Err(Fault::field(
                "sub_id.format",
                "The field has an invalid value",
            ));
        }
    };
    let found = found.map(|u| (text(u, "/id").to_owned(), user_target(u)));
    let unknown = || Fault::field("sub_id", "The subject is no user of the org");
    let (user_id, target) = found.ok_or_else(unknown)?;
    call.org.authority.end_sessions(&user_id);
    call.org.authority.revoke_user(&user_id);
    call.log("user.authentication.universal_logout", vec![target]);
    Ok(Answer::no_content())
}
