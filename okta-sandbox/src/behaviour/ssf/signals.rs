//! What goes out over streams: security event tokens about entries of the System Log, and
//! verifications.

use serde_json::{Value, json};

use super::streams::{audience, delivered, is_enabled};
use super::{ASKED, CREDENTIAL_CHANGE, SESSION_REVOKED, STREAMS, VERIFICATION};
use crate::clock;
use crate::json::text;
use crate::oauth::authority::ORG;
use crate::org::Org;

/// A token on its way to a receiver.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) url: String,
    /// What the receiver wants to see in `Authorization`; may be empty.
    pub(crate) authorization: String,
    pub(crate) token: String,
}

/// The tokens due for what the log has behind a place, and for verifications asked for.
pub(crate) fn due(org: &mut Org, seen: u64, base: &str) -> Vec<Push> {
    let streams = org.shelves.get(STREAMS).filter(|all| all.len() > 0);
    let Some(streams) = streams else {
        return Vec::new();
    };
    let enabled = streams.values().filter(|stream| is_enabled(org, stream));
    let streams: Vec<Value> = enabled.cloned().collect();
    let mut messages = Vec::new();
    for asked in org
        .shelves
        .remove(ASKED)
        .iter()
        .flat_map(|all| all.values())
    {
        let mut of_it = streams.iter();
        if let Some(stream) = of_it.find(|stream| stream["stream_id"] == asked["stream"]) {
            messages.push((stream, verification(stream, asked)));
        }
    }
    for event in org.log.behind(seen) {
        for (kind, claim) in signals(event, base) {
            let wants = |stream: &&Value| delivered(stream).contains(&kind);
            for stream in streams.iter().filter(wants) {
                messages.push((stream, json!({ "events": { kind: claim.clone() } })));
            }
        }
    }
    let mut pushes = Vec::new();
    for (stream, claims) in messages {
        // A key that cannot be made leaves nothing to send.
        if let Some(token) = sign(org, stream, claims, base) {
            pushes.push(Push {
                url: text(stream, "/delivery/endpoint_url").to_owned(),
                authorization: text(stream, "/delivery/authorization_header").to_owned(),
                token,
            });
        }
    }
    pushes
}

fn sign(org: &mut Org, stream: &Value, mut claims: Value, base: &str) -> Option<String> {
    let now = org.clock.now().as_second();
    claims["iss"] = json!(base);
    claims["aud"] = json!(audience(stream));
    claims["iat"] = json!(now);
    claims["jti"] = json!(format!("set-{}", org.dice.hex(32)));
    let keys = &mut org.authority.keys;
    keys.sign_as(ORG, "secevent+jwt", &claims, now).ok()
}

fn verification(stream: &Value, asked: &Value) -> Value {
    let mut event = json!({});
    if !asked["state"].is_null() {
        event["state"] = asked["state"].clone();
    }
    json!({
        "sub_id": { "format": "opaque", "id": stream["stream_id"] },
        "events": { VERIFICATION: event },
    })
}

/// What an entry of the log is to receivers.
fn signals(event: &Value, base: &str) -> Vec<(&'static str, Value)> {
    let name = text(event, "/eventType");
    let Some(kind) = kind(name).filter(|_| event["outcome"]["result"] == "SUCCESS") else {
        return Vec::new();
    };
    let at = clock::parse(text(event, "/published")).unwrap_or_default();
    let targets = event["target"].as_array().into_iter().flatten();
    let people = targets.filter(|target| target["type"] == "User");
    people
        .map(|user| {
            let mut claim = json!({
                "event_timestamp": at.as_second(),
                "subject": { "format": "iss_sub", "iss": base, "sub": user["id"] },
                "reason_admin": { "en": event["displayMessage"] },
            });
            if kind == CREDENTIAL_CHANGE {
                let by = match event["actor"]["id"] == user["id"] {
                    true => "user",
                    false => "admin",
                };
                claim["initiating_entity"] = json!(by);
                claim["change_type"] = json!(change(name));
                claim["credential_type"] = json!(credential(event));
            }
            (kind, claim)
        })
        .collect()
}

fn kind(event: &str) -> Option<&'static str> {
    Some(match event {
        "user.session.end" | "user.session.clear" => SESSION_REVOKED,
        "user.account.reset_password" | "user.account.update_password" => CREDENTIAL_CHANGE,
        "user.mfa.factor.activate"
        | "user.mfa.factor.deactivate"
        | "user.mfa.factor.reset_all"
        | "user.mfa.factor.suspend"
        | "user.mfa.factor.unsuspend"
        | "user.mfa.factor.update" => CREDENTIAL_CHANGE,
        _ => return None,
    })
}

fn change(event: &str) -> &'static str {
    match event.rsplit('.').next().unwrap_or_default() {
        "activate" => "create",
        "deactivate" | "reset_all" => "delete",
        "suspend" | "reset_password" => "revoke",
        _ => "update",
    }
}

/// The name of what changed, as receivers know it.
fn credential(event: &Value) -> &'static str {
    match text(event, "/eventType") {
        "user.mfa.factor.reset_all" => return "ALL_FACTORS",
        // Devices take the factors of the authenticator app with them.
        "user.mfa.factor.suspend" | "user.mfa.factor.unsuspend" => return "OKTA_VERIFY_PUSH",
        name if name.starts_with("user.account.") => return "password",
        _ => {}
    }
    let targets = event["target"].as_array().into_iter().flatten();
    let mut details = targets.map(|target| &target["detailEntry"]);
    let Some(factor) = details.find(|detail| detail["factorType"].is_string()) else {
        return "app";
    };
    match (text(factor, "/factorType"), text(factor, "/provider")) {
        ("sms", _) => "phone-sms",
        ("call", _) => "phone-voice",
        ("email", _) => "EMAIL_FACTOR",
        ("question", _) => "SECURITY_QUESTION",
        ("push", "CUSTOM") => "CUSTOM_APP_PUSH",
        ("push", _) => "OKTA_VERIFY_PUSH",
        ("signed_nonce", _) => "SIGNED_NONCE",
        ("token:software:totp", "OKTA") => "OKTA_SOFT_TOKEN",
        ("token:software:totp", _) => "SOFT_TOKEN",
        ("token:hotp", _) => "HOTP_FACTOR",
        ("token:hardware", _) => "YUBIKEY_OTP_FACTOR",
        ("token", "SYMANTEC") => "VIP_FACTOR",
        ("token", _) => "SECUREID_FACTOR",
        ("web", "DUO") => "DUO_SECURITY",
        ("webauthn", _) => "FIDO_WEBAUTHN",
        ("u2f", _) => "fido-u2f",
        ("claims_provider", _) => "CLAIMS_AS_FACTOR",
        _ => "app",
    }
}
