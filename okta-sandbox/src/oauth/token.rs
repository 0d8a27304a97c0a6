//! The token endpoint.

mod approved;
mod code;
mod device;
mod direct;
mod exchange;
mod refresh;

pub(crate) use exchange::take_interclient;

use serde_json::{Map, Value, json};

use super::authority::{ORG, Refresh};
use super::client::{self, Form, invalid_client};
use super::direct::{Method, amr, need_second};
use super::dpop::{self, Expected, Refusal};
use super::mint::{self, Order, SignIn};
use super::policy::{self, Asked};
use super::scopes;
use super::server::Server;
use super::sign_in;
use crate::behaviour::interclient;
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;
use crate::org::Org;

pub(crate) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(crate) const CIBA: &str = "urn:openid:params:grant-type:ciba";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

const OTP: &str = "urn:okta:params:oauth:grant-type:otp";
pub(crate) const OOB: &str = "urn:okta:params:oauth:grant-type:oob";
pub(crate) const MFA_OTP: &str = "http://auth0.com/oauth/grant-type/mfa-otp";
pub(crate) const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";

const GRANTS: [&str; 11] = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    DEVICE,
    CIBA,
    TOKEN_EXCHANGE,
    OTP,
    OOB,
    MFA_OTP,
    MFA_OOB,
];

/// What a grant led to.
struct Issued {
    body: Map<String, Value>,
    client: Value,
    user_id: Option<String>,
    bound: bool,
}

/// `POST /oauth2/v1/token` and `POST /oauth2/{id}/v1/token`.
pub(crate) fn token(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    match Form::of(&call.request.body).and_then(|form| issue(call, &server, &form)) {
        Ok(issued) => {
            let mut targets = vec![client_target(&issued.client)];
            let user = issued.user_id.as_deref();
            targets.extend(user.and_then(|id| call.org.users.get(id)).map(user_target));
            call.act_as_client(&issued.client);
            let to_web = issued.body.get("token_type") == Some(&json!("N_A"));
            if to_web {
                let event = server.event("token.grant.interclient_token");
                call.log(&event, targets.clone());
            }
            let kinds = ["access_token", "id_token", "refresh_token", "device_secret"];
            // The org server has no event of its own for device secrets.
            for kind in kinds.into_iter().take(if server.is_org() { 3 } else { 4 }) {
                if issued.body.contains_key(kind) && !to_web {
                    let event = server.event(&format!("token.grant.{kind}"));
                    call.log(&event, targets.clone());
                }
            }
            call.log(&server.event("token.grant"), targets);
            let mut answer = Answer::ok(&Value::Object(issued.body));
            if issued.bound {
                let now = call.org.clock.now().as_second();
                answer = answer.with("dpop-nonce", call.org.authority.nonce(now));
            }
            Ok(answer)
        }
        Err(fault) => {
            let reason = fault.oauth_error().unwrap_or("invalid_request");
            let event = match reason {
                "invalid_client" => "app.oauth2.invalid_client_credentials".to_owned(),
                // Waiting devices ask every few seconds.
                "authorization_pending" | "slow_down" => return Err(fault),
                _ => server.event("token.grant.access_token"),
            };
            call.log_failure(&event, Vec::new(), reason);
            Err(fault)
        }
    }
}

/// A client as the target of an event.
pub(crate) fn client_target(client: &Value) -> Value {
    json!({
        "id": text(client, "/id"), "type": "PublicClientApp", "alternateId": text(client, "/id"),
        "displayName": text(client, "/label"), "detailEntry": null,
    })
}

pub(crate) fn invalid_grant(text: &str) -> Fault {
    Fault::oauth(400, "invalid_grant", text)
}

fn issue(call: &mut Call<'_>, server: &Server, form: &Form) -> Result<Issued, Fault> {
    let grant_type = form.need("grant_type")?;
    if !GRANTS.contains(&grant_type) {
        let text = format!(
            "The authorization grant type is not supported by the authorization server. Configured \
             grant types: [{}].",
            GRANTS.join(", ")
        );
        return Err(Fault::oauth(400, "unsupported_grant_type", text));
    }
    if server.is_org() && grant_type == "client_credentials" {
        if let Some(client) = client::api_service(call, form)? {
            return client_credentials(call, server, client, form);
        }
        client::need_assertion(call, form)?;
    }
    let client = client::authenticate(call, server, form)?;
    if grant_type == "client_credentials" {
        return client_credentials(call, server, client, form);
    }
    need_grant(&client, grant_type)?;
    match grant_type {
        "authorization_code" => code::redeem(call, server, client, form),
        "refresh_token" => refresh::redeem(call, server, client, form),
        "password" => password(call, server, client, form),
        CIBA => approved::redeem(call, server, client, form),
        TOKEN_EXCHANGE => exchange::redeem(call, server, client, form),
        OTP | OOB => direct::first(call, server, client, form, grant_type),
        MFA_OTP | MFA_OOB => direct::second(call, server, client, form, grant_type),
        _ => device::redeem(call, server, client, form),
    }
}

/// The client must be set up for a grant.
pub(crate) fn need_grant(client: &Value, grant_type: &str) -> Result<(), Fault> {
    if client::may_use(client, grant_type) {
        return Ok(());
    }
    let text = format!(
        "The client is not authorized to use the provided grant type. Configured grant types: [{}].",
        client::grant_types(client).join(", ")
    );
    Err(Fault::oauth(400, "unauthorized_client", text))
}

fn client_credentials(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    if server.is_org() && text(&client, "/settings/oauthClient/application_type") != "service" {
        return Err(invalid_client(
            "Only clients with 'application_type' of 'service' may use the client_credentials \
             'grant_type' with the Org Authorization Server.",
        ));
    }
    need_grant(&client, "client_credentials")?;
    let bound_to = proof(call, &client)?;
    let requested = form.get("scope").unwrap_or_default();
    let client_id = text(&client, "/id").to_owned();
    let scopes = match server.is_org() {
        true => org_scopes(call, &client_id, requested)?,
        false => machine_scopes(call, server, requested)?,
    };
    let asked = Asked {
        client_id: &client_id,
        user_id: None,
        grant_type: "client_credentials",
        scopes: &scopes,
    };
    let lifetimes = policy::evaluate(call.org, server, &asked)?;
    let bound = bound_to.is_some();
    let order = Order {
        server,
        client: &client,
        sign_in: None,
        scopes,
        lifetimes,
        bound_to,
    };
    let body = mint::issue(call, &order)?;
    Ok(Issued {
        body,
        client,
        user_id: None,
        bound,
    })
}

/// The subset of the requested scopes that the client was granted on the org server.
fn org_scopes(call: &Call<'_>, client_id: &str, requested: &str) -> Result<Vec<String>, Fault> {
    let wanted = words(requested);
    let refuse = |text: &str| Err(Fault::oauth(400, "invalid_scope", text));
    if wanted.is_empty() {
        return refuse("No scopes were requested.");
    }
    if wanted.iter().any(|s| scopes::is_openid(s)) {
        return refuse("Scopes are not allowed for this request.");
    }
    if wanted.iter().any(|s| s.ends_with(".self")) {
        let text = "The 'client_credentials' grant type may not request .self scopes.";
        return Err(Fault::oauth(
            400,
            "client_credentials_self_scope_requested",
            text,
        ));
    }
    if !wanted.iter().all(|s| scopes::all().contains(s)) {
        return refuse(NO_MATCHING_SCOPE);
    }
    granted(call, client_id, wanted)
}

pub(crate) const NO_MATCHING_SCOPE: &str =
    "One or more scopes are not configured for the authorization server resource.";

pub(crate) const NO_OPENID: &str =
    "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.";

/// The scopes of a list that an admin granted to the client.
pub(crate) fn granted(
    call: &Call<'_>,
    client_id: &str,
    wanted: Vec<String>,
) -> Result<Vec<String>, Fault> {
    let own = call.org.granted_scopes(client_id);
    let mut granted = wanted;
    granted.retain(|s| scopes::is_openid(s) || own.contains(s.as_str()));
    match granted.is_empty() {
        true => {
            let text = "You are not allowed any of the requested scopes.";
            Err(Fault::oauth(400, "consent_required", text))
        }
        false => Ok(granted),
    }
}

/// What a client gets for itself from a custom server: the default scopes unless it names some.
fn machine_scopes(call: &Call<'_>, server: &Server, requested: &str) -> Result<Vec<String>, Fault> {
    let mut wanted = words(requested);
    let refuse = |text: &str| Err(Fault::oauth(400, "invalid_scope", text));
    if wanted.is_empty() {
        wanted = server
            .collection(call.org, "scopes")
            .filter(|s| s["default"] == true)
            .map(|s| text(s, "/name").to_owned())
            .collect();
        if wanted.is_empty() {
            return refuse(
                "The authorization server resource does not have any configured default scopes, \
                 'scope' must be provided.",
            );
        }
    }
    if wanted.iter().any(|s| scopes::is_openid(s)) {
        return refuse("Cannot request 'openid' scopes using client credentials.");
    }
    if !wanted.iter().all(|s| server.knows(call.org, s)) {
        return refuse(NO_MATCHING_SCOPE);
    }
    Ok(wanted)
}

/// Blank-separated words, each once.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if !words.iter().any(|w| w == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Checks the scopes of a user's sign-in.
pub(crate) fn user_scopes(
    call: &Call<'_>,
    server: &Server,
    client_id: &str,
    requested: &str,
) -> Result<Vec<String>, Fault> {
    let wanted = words(requested);
    let refuse = |text: &str| Err(Fault::oauth(400, "invalid_scope", text));
    if wanted.is_empty() {
        return refuse("No scopes were requested.");
    }
    if !wanted.iter().all(|s| server.knows(call.org, s)) {
        return refuse(NO_MATCHING_SCOPE);
    }
    let identity = |s: &String| scopes::is_openid(s) && s != "offline_access";
    if wanted.iter().any(identity) && !wanted.iter().any(|s| s == "openid") {
        return refuse(NO_OPENID);
    }
    let to_web = wanted.iter().any(|s| s == interclient::SCOPE);
    if to_web && !interclient::is_allowed_anywhere(call.org, client_id) {
        return refuse("The scope 'interclient_access' needs an app that allows the client.");
    }
    match server.is_org() {
        true => granted(call, client_id, wanted),
        false => Ok(wanted),
    }
}

/// Refuses a user who may no longer sign in.
fn need_active(org: &Org, user_id: &str) -> Result<(), Fault> {
    match sign_in::is_active(org, user_id) {
        true => Ok(()),
        false => Err(invalid_grant(sign_in::NOT_ACTIVE)),
    }
}

/// Refuses a user whom the app is not assigned to.
fn need_assigned(org: &Org, client: &Value, user_id: &str) -> Result<(), Fault> {
    match sign_in::is_assigned(org, client, user_id) {
        true => Ok(()),
        false => Err(invalid_grant(sign_in::NOT_ASSIGNED)),
    }
}

/// The resource owner password grant.
fn password(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let (name, secret) = (form.need("username")?, form.need("password")?);
    let bound_to = proof(call, &client)?;
    let client_id = text(&client, "/id").to_owned();
    let requested = form.get("scope").unwrap_or_default();
    let scopes = user_scopes(call, server, &client_id, requested)?;
    let user_id = sign_in::check_password(call, name, secret)
        .map_err(|_| invalid_grant("The credentials provided were invalid."))?;
    need_assigned(call.org, &client, &user_id)?;
    need_second(call, server, &client, &user_id, &scopes, Method::Password)?;
    let sign_in = SignIn {
        user_id,
        auth_time: call.org.clock.now().as_second(),
        nonce: None,
        amr: amr(&[Method::Password]),
        family: call.org.dice.secret(16),
    };
    complete(call, server, client, sign_in, scopes, bound_to, "password")
}

/// Issues what a user's sign-in gives: policy, tokens, and a refresh token with `offline_access`.
fn complete(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    sign_in: SignIn,
    scopes: Vec<String>,
    bound_to: Option<String>,
    grant_type: &str,
) -> Result<Issued, Fault> {
    // Since the user signed in, or allowed a device to, time may have passed.
    need_active(call.org, &sign_in.user_id)?;
    need_assigned(call.org, &client, &sign_in.user_id)?;
    let asked = Asked {
        client_id: text(&client, "/id"),
        user_id: Some(&sign_in.user_id),
        grant_type,
        scopes: &scopes,
    };
    let lifetimes = policy::evaluate(call.org, server, &asked)?;
    let bound = bound_to.is_some();
    let order = Order {
        server,
        client: &client,
        sign_in: Some(sign_in.clone()),
        scopes,
        lifetimes,
        bound_to,
    };
    let mut body = mint::issue(call, &order)?;
    if order.has("offline_access") && client::may_use(&client, "refresh_token") {
        let token = mint::refresh_token(call, &order, &sign_in);
        body.insert("refresh_token".into(), json!(token));
    }
    if order.has("device_sso") && order.has("openid") && grant_type != TOKEN_EXCHANGE {
        let secret = mint::device_secret(call, &order, &sign_in);
        body.insert("device_secret".into(), json!(secret));
    }
    Ok(Issued {
        body,
        user_id: Some(sign_in.user_id),
        client,
        bound,
    })
}

/// Checks the DPoP proof where one is sent or required.
fn proof(call: &mut Call<'_>, client: &Value) -> Result<Option<String>, Fault> {
    let required = client.pointer("/settings/oauthClient/dpop_bound_access_tokens")
        == Some(&Value::Bool(true));
    let refused = |text: &str| Fault::oauth(400, "invalid_dpop_proof", text);
    if call.request.headers.get_all("dpop").iter().count() > 1 {
        return Err(refused("Multiple DPoP proof JWT headers are not allowed."));
    }
    let Some(proof) = call.request.header("dpop") else {
        return if required {
            Err(refused("The DPoP proof JWT header is missing."))
        } else {
            Ok(None)
        };
    };
    let url = format!("{}{}", call.request.base, call.request.path);
    let now = call.org.clock.now().as_second();
    let expected = Expected {
        method: "POST",
        url: &url,
        token: None,
        nonce: true,
        now,
    };
    match dpop::check(&mut call.org.authority, proof, &expected) {
        Ok(thumbprint) => Ok(Some(thumbprint)),
        Err(Refusal::Nonce) => {
            let text = "Authorization server requires nonce in DPoP proof.";
            let nonce = call.org.authority.nonce(now);
            Err(Fault::oauth(400, "use_dpop_nonce", text).with_nonce(&nonce))
        }
        Err(Refusal::Invalid(text)) => Err(refused(&text)),
    }
}

/// The most seconds that a refresh token works beside its successor.
const MOST_LEEWAY: i64 = 60;

/// The setting of an app about its refresh tokens: rotated or not, and the grace in seconds.
fn rotation(client: &Value) -> (bool, i64) {
    let setting = client.pointer("/settings/oauthClient/refresh_token");
    let kind = setting.map_or("", |s| text(s, "/rotation_type"));
    let browser = text(client, "/settings/oauthClient/application_type") == "browser";
    let leeway = setting.and_then(|s| s["leeway"].as_i64()).unwrap_or(0);
    let leeway = leeway.clamp(0, MOST_LEEWAY);
    (kind == "ROTATE" || (kind.is_empty() && browser), leeway)
}

/// The event type of a refresh token that came twice.
fn reuse_event(record: &Refresh) -> &'static str {
    match record.server == ORG {
        true => "app.oauth2.token.detect_reuse",
        false => "app.oauth2.as.token.detect_reuse",
    }
}
