//! Device authorization: the device's endpoint and the page of its user.

use serde_json::json;

use super::authority::{Device, hashed, is_time_to_tidy};
use super::client::{self, Form};
use super::pages;
use super::server::Server;
use super::sign_in;
use super::token::{self, DEVICE, client_target, user_scopes};
use super::waiting::{Decision, INTERVAL, Poll};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::json::text;

/// Seconds that a device waits for its user.
const LIFE: i64 = 600;

/// Consonants that are hard to confuse and spell no words.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// `POST …/v1/device/authorize`.
pub(crate) fn authorize(call: &mut Call<'_>) -> Outcome {
    let server = Server::of(call)?;
    let form = Form::of(&call.request.body)?;
    let client = client::authenticate(call, &server, &form)?;
    token::need_grant(&client, DEVICE)?;
    let client_id = text(&client, "/id").to_owned();
    let requested = form.get("scope").unwrap_or_default();
    let scopes = user_scopes(call, &server, &client_id, requested)?;
    let device_code = call.org.dice.uuid();
    let user_code: String = (0..8)
        .map(|_| LETTERS[call.org.dice.below(LETTERS.len())] as char)
        .collect();
    let now = call.org.clock.now().as_second();
    let device = Device {
        server: server.id,
        client_id,
        scopes,
        user_code: user_code.clone(),
        poll: Poll::new(now + LIFE),
    };
    let authority = &mut call.org.authority;
    // Expired ones stay a while, so that their devices hear that they expired.
    if is_time_to_tidy(authority.devices.len()) {
        authority.devices.retain(|_, d| now < d.poll.expires + LIFE);
    }
    authority.devices.insert(hashed(&device_code), device);
    let page = format!("{}/activate", call.base());
    Ok(Answer::ok(&json!({
        "device_code": device_code, "user_code": user_code, "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": LIFE, "interval": INTERVAL,
    })))
}

const WRONG_CODE: &str = "Invalid code. Try again.";

/// The waiting device of a code as a person types it.
fn find(call: &Call<'_>, typed: &str) -> Option<(String, Device)> {
    let code: String = typed
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let now = call.org.clock.now().as_second();
    let mut all = call.org.authority.devices.iter();
    let (key, device) = all.find(|(_, d)| d.user_code == code && d.poll.is_open(now))?;
    Some((key.to_owned(), device.clone()))
}

/// `GET /activate`.
pub(crate) fn page(call: &mut Call<'_>) -> Outcome {
    let typed = call
        .request
        .query("user_code")
        .unwrap_or_default()
        .to_owned();
    Ok(match typed.as_str() {
        "" => pages::device_code("", None),
        typed => ask(call, typed),
    })
}

/// The question for the user of a code, after sign-in.
fn ask(call: &mut Call<'_>, typed: &str) -> Answer {
    let Some((_, device)) = find(call, typed) else {
        return pages::device_code(typed, Some(WRONG_CODE));
    };
    let code = &device.user_code;
    if sign_in::session(call).is_none() {
        return pages::redirect(&format!(
            "/login/login.htm?fromURI=/activate?user_code={code}"
        ));
    }
    let app = client::find(call.org, &device.client_id);
    let label = app.map_or("", |a| text(a, "/label"));
    pages::device_consent(label, code, &device.scopes)
}

/// `POST /activate`: the code, or the decision.
pub(crate) fn submit(call: &mut Call<'_>) -> Outcome {
    let form = Form::of(&call.request.body)?;
    let typed = form.get("user_code").unwrap_or_default();
    let Some(decision) = form.get("decision") else {
        return Ok(ask(call, typed));
    };
    let (Some((key, device)), Some((_, session))) = (find(call, typed), sign_in::session(call))
    else {
        return Ok(ask(call, typed));
    };
    let client = client::find(call.org, &device.client_id).cloned();
    let client = client.unwrap_or_default();
    let assigned = sign_in::is_assigned(call.org, &client, &session.user_id);
    let allowed = decision == "allow" && assigned;
    call.principal = super::access::Principal::User {
        user_id: session.user_id.clone(),
        client_id: device.client_id.clone(),
    };
    if let Some(device) = call.org.authority.devices.get_mut(&key) {
        device.poll.decision = match allowed {
            true => Decision::Allowed {
                user_id: session.user_id,
                auth_time: session.auth_time,
            },
            false => Decision::Denied,
        };
    }
    let target = vec![client_target(&client)];
    if !allowed {
        call.log_failure("app.oauth2.authorize", target, "access_denied");
        let text = match assigned {
            true => "Your device was not activated.",
            false => sign_in::NOT_ASSIGNED,
        };
        return Ok(pages::message(200, "Device not activated", text));
    }
    call.log("user.authentication.sso", target);
    let text = "Follow the instructions on your device for next steps.";
    Ok(pages::message(200, "Device activated", text))
}
