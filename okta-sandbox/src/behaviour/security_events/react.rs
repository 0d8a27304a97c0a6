//! What the org makes of the events of a token.

use serde_json::{Value, json};

use super::{Actor, text};
use crate::behaviour::{sessions, small};
use crate::call::Call;
use crate::log::user_target;
use crate::oauth::sign_in;
use crate::org::Org;

const USER_RISK: &str = "https://schemas.okta.com/secevent/okta/event-type/user-risk-change";
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// What is logged alone: the sandbox has no risk of devices and no addresses of sessions to change.
const NOTED: [&str; 4] = [
    "https://schemas.okta.com/secevent/okta/event-type/device-risk-change",
    "https://schemas.okta.com/secevent/okta/event-type/ip-change",
    "https://schemas.openid.net/secevent/caep/event-type/device-compliance-change",
    "https://schemas.openid.net/secevent/risc/event-type/identifier-changed",
];

pub(super) fn is_known(event: &str) -> bool {
    event == USER_RISK || event == SESSION_REVOKED || NOTED.contains(&event)
}

/// The user that an event is about, by the formats of RFC 9493.
fn subject(org: &Org, event: &Value) -> Option<Value> {
    let subject = &event["subject"];
    let subject = match &subject["user"] {
        Value::Null => subject,
        user => user,
    };
    let id = match text(subject, "/format") {
        "email" => sign_in::find_user(org, text(subject, "/email")).or_else(|| {
            let wanted = text(subject, "/email");
            let has_it = |user: &&Value| text(user, "/profile/email").eq_ignore_ascii_case(wanted);
            let found = org.users.values().find(has_it)?;
            Some(text(found, "/id").to_owned())
        })?,
        "iss_sub" => text(subject, "/sub").to_owned(),
        "opaque" => text(subject, "/id").to_owned(),
        _ => return None,
    };
    org.users.get(&id).cloned()
}

/// Logs what a provider tells of, and lets it have its effect.
pub(super) fn to(call: &mut Call<'_>, provider: &Value, events: &Value) {
    let events = events.as_object().into_iter().flatten();
    for (name, event) in events.filter(|(name, _)| is_known(name)) {
        let user = subject(call.org, event);
        let mut targets = vec![provider.clone()];
        targets.extend(user.as_ref().map(user_target));
        log(
            call,
            "security.events.provider.receive_event",
            targets.clone(),
        );
        let Some(user) = user else { continue };
        let id = text(&user, "/id");
        match name.as_str() {
            USER_RISK => {
                log(call, "user.risk.detect", vec![user_target(&user)]);
                let level = text(event, "/current_level").to_ascii_uppercase();
                // Below the lowest level that users have there is none.
                let level = if level == "SECURE" { "NONE" } else { &level };
                let reason = [
                    text(event, "/reason_admin/en"),
                    text(event, "/reason_user/en"),
                ];
                let reason = reason.into_iter().find(|reason| !reason.is_empty());
                let reason = reason.unwrap_or("Reported by a security events provider");
                let risk = json!({ "riskLevel": level, "reason": reason });
                if small::change_risk(call.org, id, risk) {
                    log(call, "user.risk.change", vec![user_target(&user)]);
                }
            }
            SESSION_REVOKED => {
                call.org.authority.end_sessions(id);
                sessions::end_of(call.org, id);
                log(call, "user.session.clear", vec![user_target(&user)]);
            }
            _ => {}
        }
    }
}

/// The org acts by itself, on what nobody of it asked for.
fn log(call: &mut Call<'_>, event: &str, targets: Vec<Value>) {
    let actor = Actor::service();
    let (org, request) = (&mut *call.org, call.request);
    org.log
        .write(&org.clock, &actor, request, event, targets, None);
}
