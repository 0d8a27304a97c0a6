//! Sign-ins that a user approves elsewhere than at the client: back-channel requests and pushes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::Principal;
use super::authority::{hashed, is_time_to_tidy};
use super::client::{self, Form};
use super::pages;
use super::sign_in;
use super::token::client_target;
use super::waiting::{Decision, Poll};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

/// How the user hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Channel {
    /// A client-initiated back-channel request.
    Back,
    /// A push to the user's device.
    Push,
    /// A code by text message.
    Sms,
    /// A code by a call.
    Voice,
}

/// A sign-in that waits for its user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Approval {
    pub(crate) channel: Channel,
    pub(crate) server: String,
    pub(crate) client_id: String,
    pub(crate) user_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) message: Option<String>,
    /// The sign-in that this is the second factor of.
    pub(crate) mfa: Option<String>,
    pub(crate) poll: Poll,
}

/// Keeps a request under a fresh secret, which the client polls with.
pub(crate) fn store(call: &mut Call<'_>, approval: Approval) -> String {
    let secret = format!("ft{}", call.org.dice.secret(24));
    let now = call.org.clock.now().as_second();
    let approvals = &mut call.org.authority.approvals;
    // Expired ones stay a while, so that their clients hear that they expired.
    if is_time_to_tidy(approvals.len()) {
        approvals.retain(|_, a| now < a.poll.expires + 600);
    }
    approvals.insert(hashed(&secret), approval);
    secret
}

/// True if somebody has to allow it at the page; codes are told to the client instead.
fn is_open(approval: &Approval, now: i64) -> bool {
    approval.poll.is_open(now) && matches!(approval.channel, Channel::Back | Channel::Push)
}

fn decide(approval: &mut Approval, allow: bool, now: i64) {
    approval.poll.decision = match allow {
        true => Decision::Allowed {
            user_id: approval.user_id.clone(),
            auth_time: now,
        },
        false => Decision::Denied,
    };
}

/// `POST /_sandbox/approve`: the user's decision without a browser. `code` is the `auth_req_id` or
/// `oob_code`, or `login` names a user whose waiting requests are all decided; `decision` is
/// `allow` unless it is `deny`.
pub(crate) fn control(org: &mut Org, body: &Value) -> Result<Value, Fault> {
    let now = org.clock.now().as_second();
    let allow = match text(body, "/decision") {
        "" | "allow" => true,
        "deny" => false,
        _ => {
            let cause = "decision: one of allow, deny";
            return Err(Fault::validation("approve", &[cause]));
        }
    };
    let user = org.logins.get(text(body, "/login")).cloned();
    let key = hashed(text(body, "/code"));
    let keys: Vec<String> = org
        .authority
        .approvals
        .iter()
        .filter(|(_, approval)| is_open(approval, now))
        .filter(|(own, a)| *own == key || user.as_ref() == Some(&a.user_id))
        .map(|(own, _)| own.to_owned())
        .collect();
    for key in &keys {
        if let Some(approval) = org.authority.approvals.get_mut(key) {
            decide(approval, allow, now);
        }
    }
    Ok(json!({ "decided": keys.len() }))
}

/// The waiting requests of a user: key, app, message.
fn waiting(call: &Call<'_>, user_id: &str) -> Vec<(String, String, String)> {
    let now = call.org.clock.now().as_second();
    let approvals = call.org.authority.approvals.iter();
    let mut own: Vec<_> = approvals
        .filter(|(_, a)| a.user_id == user_id && is_open(a, now))
        .map(|(key, a)| {
            let app = client::find(call.org, &a.client_id);
            let label = app.map_or("", |app| text(app, "/label")).to_owned();
            let message = a.message.clone().unwrap_or_default();
            (key.to_owned(), label, message)
        })
        .collect();
    own.sort();
    own
}

const PAGE: &str = "/app/approvals";

/// `GET /app/approvals`.
pub(crate) fn page(call: &mut Call<'_>) -> Outcome {
    let Some((_, session)) = sign_in::session(call) else {
        return Ok(pages::redirect(&format!("/login/login.htm?fromURI={PAGE}")));
    };
    Ok(shown(call, &session.user_id))
}

fn shown(call: &Call<'_>, user_id: &str) -> Answer {
    match waiting(call, user_id).first() {
        Some((key, app, message)) => pages::approval(PAGE, app, message, key),
        None => pages::message(200, "Sign-in requests", "Nothing waits for you."),
    }
}

/// `POST /app/approvals`: the decision about one.
pub(crate) fn submit(call: &mut Call<'_>) -> Outcome {
    let form = Form::of(&call.request.body)?;
    let Some((_, session)) = sign_in::session(call) else {
        return page(call);
    };
    let now = call.org.clock.now().as_second();
    let allow = form.get("decision") == Some("allow");
    let key = form.get("request").unwrap_or_default();
    let found = call.org.authority.approvals.get_mut(key);
    let Some(approval) = found.filter(|a| a.user_id == session.user_id && is_open(a, now)) else {
        return Ok(shown(call, &session.user_id));
    };
    decide(approval, allow, now);
    let client_id = approval.client_id.clone();
    let client = client::find(call.org, &client_id).cloned();
    call.principal = Principal::User {
        user_id: session.user_id.clone(),
        client_id: String::new(),
    };
    let targets = client.iter().map(client_target).collect();
    match allow {
        true => call.log("user.authentication.auth_via_mfa", targets),
        false => call.log_failure("user.authentication.auth_via_mfa", targets, "access_denied"),
    }
    Ok(shown(call, &session.user_id))
}
