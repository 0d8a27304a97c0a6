//! Making tokens.

use aws_lc_rs::digest;
use serde_json::{Map, Value, json};

use super::authority::{DeviceSecret, Grant, Refresh, hashed, is_time_to_tidy};
use super::claims;
use super::custom_claims;
use super::jwk;
use super::policy::Lifetimes;
use super::server::Server;
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;

/// Seconds that an ID token lives.
const ID_TOKEN: i64 = 3600;

/// The sign-in behind tokens.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) user_id: String,
    pub(crate) auth_time: i64,
    pub(crate) nonce: Option<String>,
    /// How the user proved who they are.
    pub(crate) amr: Vec<&'static str>,
    /// Names all tokens that come from it.
    pub(crate) family: String,
}

/// What shall be issued.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) server: &'a Server,
    pub(crate) client: &'a Value,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) scopes: Vec<String>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) bound_to: Option<String>,
}

impl Order<'_> {
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }

    fn client_id(&self) -> &str {
        text(self.client, "/id")
    }
}

/// What is handed over together with an ID token, which then vouches for it.
#[derive(Debug, Default)]
pub(crate) struct Beside<'a> {
    pub(crate) access_token: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
}

pub(crate) fn failed<E>(_: E) -> Fault {
    Fault::oauth(
        500,
        "server_error",
        "The authorization server encountered an unexpected condition that prevented it from \
         fulfilling the request.",
    )
}

/// Issues an access token and, with `openid`, an ID token; the answer of a token endpoint.
pub(crate) fn issue(call: &mut Call<'_>, order: &Order<'_>) -> Result<Map<String, Value>, Fault> {
    let access = access_token(call, order)?;
    let mut body = Map::new();
    let kind = if order.bound_to.is_some() {
        "DPoP"
    } else {
        "Bearer"
    };
    body.insert("token_type".into(), json!(kind));
    body.insert("expires_in".into(), json!(order.lifetimes.access));
    body.insert("access_token".into(), json!(access));
    body.insert("scope".into(), json!(order.scopes.join(" ")));
    if order.has("openid")
        && let Some(sign_in) = &order.sign_in
    {
        let beside = Beside {
            access_token: Some(&access),
            code: None,
        };
        let token = id_token(call, order, sign_in, &beside)?;
        body.insert("id_token".into(), json!(token));
    }
    Ok(body)
}

/// Signs and remembers an access token.
pub(crate) fn access_token(call: &mut Call<'_>, order: &Order<'_>) -> Result<String, Fault> {
    let now = call.org.clock.now().as_second();
    let token_id = format!("AT.{}", call.org.dice.secret(32));
    let (server, client_id) = (order.server, order.client_id());
    let user = order.sign_in.as_ref();
    let user = user.and_then(|s| call.org.users.get(&s.user_id));
    let subject = user.map_or(client_id, |u| text(u, "/profile/login"));
    let mut claims = json!({
        "ver": 1, "jti": token_id, "iss": server.issuer, "aud": server.audience, "sub": subject,
        "iat": now, "exp": now + order.lifetimes.access, "cid": client_id, "scp": order.scopes,
    });
    if let (Some(sign_in), Some(user)) = (&order.sign_in, user) {
        claims["uid"] = user["id"].clone();
        claims["auth_time"] = json!(sign_in.auth_time);
    }
    if let Some(thumbprint) = &order.bound_to {
        claims["cnf"] = json!({ "jkt": thumbprint });
    }
    if !server.is_org() {
        custom_claims::add(
            call.org,
            server,
            order.client,
            user,
            &order.scopes,
            "RESOURCE",
            &mut claims,
        );
    }
    let token = match server.is_org() {
        true => call.org.authority.sign_opaque(&claims),
        false => {
            let keys = &mut call.org.authority.keys;
            keys.sign(&server.id, &claims, now).map_err(failed)?
        }
    };
    let grant = Grant {
        server: server.id.clone(),
        client_id: client_id.to_owned(),
        user_id: order.sign_in.as_ref().map(|s| s.user_id.clone()),
        scopes: order.scopes.clone(),
        issued: now,
        expires: now + order.lifetimes.access,
        bound_to: order.bound_to.clone(),
        token_id,
        audience: server.audience.clone(),
        family: order.sign_in.as_ref().map(|s| s.family.clone()),
    };
    call.org.authority.remember(&token, grant);
    Ok(token)
}

/// Signs an ID token.
pub(crate) fn id_token(
    call: &mut Call<'_>,
    order: &Order<'_>,
    sign_in: &SignIn,
    beside: &Beside<'_>,
) -> Result<String, Fault> {
    let now = call.org.clock.now().as_second();
    let user = call.org.users.get(&sign_in.user_id);
    let user = user.ok_or_else(|| failed(()))?;
    let mut claims = json!({
        "sub": user["id"], "ver": 1, "iss": order.server.issuer, "aud": order.client_id(),
        "iat": now, "exp": now + ID_TOKEN, "jti": format!("ID.{}", call.org.dice.secret(32)),
        "amr": sign_in.amr, "idp": call.org.id, "auth_time": sign_in.auth_time,
    });
    if let Some(nonce) = &sign_in.nonce {
        claims["nonce"] = json!(nonce);
    }
    if let Some(token) = beside.access_token {
        claims["at_hash"] = json!(half_hash(token));
    }
    if let Some(code) = beside.code {
        claims["c_hash"] = json!(half_hash(code));
    }
    // Who gets nothing that opens the userinfo endpoint finds everything in the ID token.
    let about = match beside.access_token.or(beside.code) {
        Some(_) => claims::of_id_token(call.org, user, &order.scopes),
        None => claims::of_userinfo(call.org, user, &order.scopes),
    };
    for (name, value) in about {
        claims[name] = value;
    }
    if !order.server.is_org() {
        custom_claims::add(
            call.org,
            order.server,
            order.client,
            Some(user),
            &order.scopes,
            "IDENTITY",
            &mut claims,
        );
    }
    custom_claims::add_federated(call.org, order.client, user, &order.scopes, &mut claims);
    let keys = &mut call.org.authority.keys;
    keys.sign(&order.server.id, &claims, now).map_err(failed)
}

/// The left half of a token's SHA-256, as `at_hash` and `c_hash` have it.
fn half_hash(token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    jwk::encode(&hash.as_ref()[..16])
}

/// Makes and remembers a refresh token of a new family.
pub(crate) fn refresh_token(call: &mut Call<'_>, order: &Order<'_>, sign_in: &SignIn) -> String {
    let now = call.org.clock.now().as_second();
    let record = Refresh {
        id: call.org.dice.id("oar"),
        server: order.server.id.clone(),
        client_id: order.client_id().to_owned(),
        user_id: sign_in.user_id.clone(),
        scopes: order.scopes.clone(),
        family: sign_in.family.clone(),
        auth_time: sign_in.auth_time,
        issued: now,
        last_used: now,
        lifetime: order.lifetimes.refresh,
        idle: order.lifetimes.refresh_idle,
        // Only public clients' refresh tokens are bound to the proof key.
        bound_to: match super::client::method(order.client) {
            "none" => order.bound_to.clone(),
            _ => None,
        },
        rotated: None,
    };
    store_refresh(call, record)
}

/// Makes and remembers a device secret, which lives as long as a refresh token of its sign-in.
pub(crate) fn device_secret(call: &mut Call<'_>, order: &Order<'_>, sign_in: &SignIn) -> String {
    let now = call.org.clock.now().as_second();
    let record = DeviceSecret {
        server: order.server.id.clone(),
        client_id: order.client_id().to_owned(),
        user_id: sign_in.user_id.clone(),
        auth_time: sign_in.auth_time,
        family: sign_in.family.clone(),
        issued: now,
        last_used: now,
        lifetime: order.lifetimes.refresh,
        idle: order.lifetimes.refresh_idle,
    };
    let secret = call.org.dice.secret(32);
    let secrets = &mut call.org.authority.device_secrets;
    if is_time_to_tidy(secrets.len()) {
        secrets.retain(|_, known| known.alive(now));
    }
    secrets.insert(hashed(&secret), record);
    secret
}

/// Remembers a refresh token under a fresh secret.
pub(crate) fn store_refresh(call: &mut Call<'_>, record: Refresh) -> String {
    let token = call.org.dice.secret(32);
    let refresh = &mut call.org.authority.refresh;
    if is_time_to_tidy(refresh.len()) {
        let now = record.last_used;
        refresh.retain(|_, known| known.alive(now));
    }
    refresh.insert(hashed(&token), record);
    token
}
