//! Direct authentication: an app asks its user for one-time passcodes, pushes and codes itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::approvals::{self, Approval, Channel};
use super::authority::{hashed, is_time_to_tidy};
use super::client::{self, Form};
use super::policy::{self, Assurance};
use super::server::Server;
use super::sign_in;
use super::token::{self, MFA_OOB, MFA_OTP, OOB};
use super::waiting::{INTERVAL, Poll};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;
use crate::org::Org;

/// Seconds that a challenge, or a sign-in without its second factor, can be finished.
const LIFE: i64 = 300;

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    Password,
    Otp,
    Push,
    Sms,
    Voice,
}

impl Method {
    /// Its name among the `amr` of an ID token.
    fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Otp => "otp",
            Self::Push => "swk",
            Self::Sms => "sms",
            Self::Voice => "tel",
        }
    }

    /// The method of a channel.
    pub(crate) fn of(channel: Channel) -> Self {
        match channel {
            Channel::Back | Channel::Push => Self::Push,
            Channel::Sms => Self::Sms,
            Channel::Voice => Self::Voice,
        }
    }

    /// The kind of the user's factor, as the factors API has it.
    fn factor(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Otp => "token:software:totp",
            Self::Push => "push",
            Self::Sms => "sms",
            Self::Voice => "call",
        }
    }
}

/// The `amr` of a sign-in by these methods.
pub(crate) fn amr(methods: &[Method]) -> Vec<&'static str> {
    let mut names: Vec<&str> = methods.iter().map(|method| method.amr()).collect();
    if methods.len() > 1 {
        names.push("mfa");
    }
    names
}

/// A sign-in that lacks its second factor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Half {
    pub(crate) server: String,
    pub(crate) client_id: String,
    pub(crate) user_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) first: Method,
    expires: i64,
}

fn cannot_be_used() -> Fault {
    Fault::oauth(
        403,
        "access_denied",
        "The required authenticator can't be used. Check if it's required by policy and the user is \
         enrolled in the authenticator and try again.",
    )
}

/// True if the user has an active factor for a method.
pub(crate) fn is_enrolled(org: &Org, user_id: &str, method: Method) -> bool {
    let shelf = org.shelves.get(&format!("/api/v1/users/{user_id}/factors"));
    let mut factors = shelf.into_iter().flat_map(|shelf| shelf.values());
    factors.any(|f| text(f, "/factorType") == method.factor() && text(f, "/status") == "ACTIVE")
}

fn not_supported(status: u16, error: &'static str, value: &str, name: &str) -> Fault {
    let text = format!("`{value}` isn't supported as a `{name}`. Try again with another value.");
    Fault::oauth(status, error, text)
}

fn channel(form: &Form) -> Result<Channel, Fault> {
    Ok(match form.need("channel_hint")? {
        "push" => Channel::Push,
        "sms" => Channel::Sms,
        "voice" => Channel::Voice,
        other => return Err(not_supported(400, "invalid_request", other, "channel_hint")),
    })
}

/// Sends a push or a code; what the client is told.
fn challenge_by(
    call: &mut Call<'_>,
    half: (&Server, &str, &str),
    channel: Channel,
    mfa: Option<String>,
) -> Value {
    let (server, client_id, user_id) = half;
    let approval = Approval {
        channel,
        server: server.id.clone(),
        client_id: client_id.to_owned(),
        user_id: user_id.to_owned(),
        scopes: Vec::new(),
        message: None,
        mfa,
        poll: Poll::new(call.org.clock.now().as_second() + LIFE),
    };
    let code = approvals::store(call, approval);
    let (name, binding, event) = match channel {
        Channel::Back | Channel::Push => ("push", "none", "system.push.send_factor_verify_push"),
        Channel::Sms => ("sms", "prompt", "system.sms.send_factor_verify_message"),
        Channel::Voice => ("voice", "prompt", "system.voice.send_mfa_challenge_call"),
    };
    let target = call.org.users.get(user_id).map(user_target);
    call.log(event, target.into_iter().collect());
    let mut told = json!({
        "oob_code": code, "channel": name, "binding_method": binding, "expires_in": LIFE,
    });
    // Who types a code in has nothing to poll for.
    if channel == Channel::Push {
        told["interval"] = json!(INTERVAL);
    }
    told
}

/// `POST …/v1/primary-authenticate`, and `…/oob-authenticate` as it was called before.
pub(crate) fn primary(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = Form::of(&call.request.body)?;
    let client = client::authenticate(call, &server, &form)?;
    token::need_grant(&client, OOB)?;
    let hint = match call.operation.id.starts_with("primary") {
        true => Some(form.need("challenge_hint")?),
        false => form.get("challenge_hint"),
    };
    if let Some(hint) = hint.filter(|hint| *hint != OOB) {
        return Err(not_supported(
            400,
            "invalid_request",
            hint,
            "challenge_hint",
        ));
    }
    let channel = channel(&form)?;
    let login = form.need("login_hint")?;
    let user = sign_in::find_user(call.org, login);
    let user_id = user
        .filter(|id| sign_in::is_active(call.org, id))
        .filter(|id| is_enrolled(call.org, id, Method::of(channel)))
        .ok_or_else(cannot_be_used)?;
    if !sign_in::is_assigned(call.org, &client, &user_id) {
        let text = "User isn't assigned to the client app.";
        return Err(Fault::oauth(400, "access_denied", text));
    }
    let told = challenge_by(
        call,
        (&server, text(&client, "/id"), &user_id),
        channel,
        None,
    );
    Ok(Answer::ok(&told))
}

/// The unfinished sign-in of an `mfa_token`.
pub(crate) fn half(
    call: &Call<'_>,
    server: &Server,
    client: &Value,
    token: &str,
) -> Result<Half, Fault> {
    let now = call.org.clock.now().as_second();
    let found = call.org.authority.halves.get(&hashed(token));
    let fits = found.filter(|half| {
        half.expires > now && half.server == server.id && half.client_id == text(client, "/id")
    });
    fits.cloned().ok_or_else(|| {
        let text = "`mfa_token` has expired. Use a new `oob_code` or `mfa_token` and try again.";
        Fault::oauth(400, "access_denied", text)
    })
}

/// `POST …/v1/challenge`: the second factor of a sign-in.
pub(crate) fn challenge(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = Form::of(&call.request.body)?;
    let client = client::authenticate(call, &server, &form)?;
    let token = form.need("mfa_token")?;
    let half = half(call, &server, &client, token)?;
    let supported = token::words(form.get("challenge_types_supported").unwrap_or_default());
    if let Some(other) = supported.iter().find(|t| *t != MFA_OOB && *t != MFA_OTP) {
        let name = "challenge_type";
        return Err(not_supported(403, "access_denied", other, name));
    }
    let wanted = |grant: &str| match supported.is_empty() {
        true => client::may_use(&client, grant),
        false => supported.iter().any(|t| t == grant),
    };
    let usable =
        |method: Method| method != half.first && is_enrolled(call.org, &half.user_id, method);
    // A channel is asked for by who wants to be challenged out of band.
    if wanted(MFA_OOB) && (form.get("channel_hint").is_some() || !wanted(MFA_OTP)) {
        token::need_grant(&client, MFA_OOB)?;
        let channel = channel(&form)?;
        if !usable(Method::of(channel)) {
            return Err(cannot_be_used());
        }
        let whose = (&server, half.client_id.as_str(), half.user_id.as_str());
        let mut told = challenge_by(call, whose, channel, Some(hashed(token)));
        told["challenge_type"] = json!(MFA_OOB);
        return Ok(Answer::ok(&told));
    }
    token::need_grant(&client, MFA_OTP)?;
    if !usable(Method::Otp) {
        return Err(cannot_be_used());
    }
    Ok(Answer::ok(&json!({ "challenge_type": MFA_OTP })))
}

/// Stops a sign-in that the app's policy wants a second factor for, if the app can ask for one.
pub(crate) fn need_second(
    call: &mut Call<'_>,
    server: &Server,
    client: &Value,
    user_id: &str,
    scopes: &[String],
    first: Method,
) -> Result<(), Fault> {
    let (otp, oob) = (
        client::may_use(client, MFA_OTP),
        client::may_use(client, MFA_OOB),
    );
    if !otp && !oob {
        return Ok(());
    }
    match policy::assurance(call.org, client, user_id) {
        Assurance::OneFactor => return Ok(()),
        Assurance::Denied => {
            let text = "Policy evaluation failed for this request, please check the policy \
                        configurations.";
            return Err(Fault::oauth(403, "access_denied", text));
        }
        Assurance::TwoFactors => {}
    }
    let out_of_band = [Method::Push, Method::Sms, Method::Voice];
    let usable = |method: Method| method != first && is_enrolled(call.org, user_id, method);
    if !(otp && usable(Method::Otp) || oob && out_of_band.into_iter().any(usable)) {
        return Err(cannot_be_used());
    }
    let now = call.org.clock.now().as_second();
    let token = call.org.dice.secret(15);
    let half = Half {
        server: server.id.clone(),
        client_id: text(client, "/id").to_owned(),
        user_id: user_id.to_owned(),
        scopes: scopes.to_vec(),
        first,
        expires: now + LIFE,
    };
    let halves = &mut call.org.authority.halves;
    if is_time_to_tidy(halves.len()) {
        halves.retain(|_, half| half.expires > now);
    }
    halves.insert(hashed(&token), half);
    let text = "MFA is required for this request";
    Err(Fault::oauth(403, "mfa_required", text).with_member("mfa_token", token))
}
