//! Temporary access codes, of which a user has one at most.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{as_factor, enrollment, factors, living, request};
use crate::call::{Call, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};

pub(super) const KEY: &str = "tac";

/// Where the code of a user stands.
const SHELF: &str = "/authenticator-enrollments/tac";

const CONFIGURATION: &str = "/provider/configuration";

pub(super) fn forget(call: &mut Call<'_>, user: &str) {
    call.org.shelf(SHELF).remove(user);
}

/// A stored code as it shows, without what opens the door.
fn view(call: &Call<'_>, user: &str, stored: &Value) -> Option<Value> {
    let mut shown = enrollment(call, user, KEY, stored)?;
    shown["profile"] = stored["profile"].clone();
    remove(&mut shown["profile"], "tac");
    Some(shown)
}

/// The code of a user while it is good.
pub(super) fn current(call: &mut Call<'_>, user: &str) -> Option<Value> {
    let stored = call.org.shelf(SHELF).get(user).cloned()?;
    let expires = clock::parse(text(&stored, "/profile/expiresAt"));
    match expires.is_some_and(|at| at > call.org.clock.now()) {
        true => view(call, user, &stored),
        false => {
            forget(call, user);
            None
        }
    }
}

/// A code of the configured length and kinds of characters.
fn code(call: &mut Call<'_>, configuration: &Value) -> String {
    let kinds = [
        ("numbers", "0123456789"),
        (
            "letters",
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ),
        ("specialCharacters", "!@#$%^&*"),
    ];
    let allowed: Vec<char> = kinds
        .iter()
        .filter(|(kind, _)| configuration["complexity"][kind] == true)
        .flat_map(|(_, characters)| characters.chars())
        .collect();
    let length = configuration["length"].as_f64().unwrap_or(16.0) as usize;
    let dice = &mut call.org.dice;
    (0..length)
        .filter_map(|_| allowed.get(dice.below(allowed.len())))
        .collect()
}

/// How many minutes the code is good, which the configuration bounds.
fn lifetime(configuration: &Value, wanted: &Value) -> Result<i64, Fault> {
    let minutes = |name: &str| configuration[name].as_f64().unwrap_or_default();
    let (least, most) = (minutes("minTtl"), minutes("maxTtl"));
    let given = match wanted {
        Value::Null => Some(minutes("defaultTtl")),
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    match given.filter(|given| (least..=most).contains(given)) {
        Some(given) => Ok(given as i64),
        None => {
            let cause = format!("ttl: must be between {least} and {most}");
            Err(Fault::validation("ttl", &[&cause]))
        }
    }
}

/// A new code takes the place of the one before. It is told this once.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let user_id = living(call)?;
    let (body, own) = request(call, KEY)?;
    let configuration = own.pointer(CONFIGURATION).cloned().unwrap_or_default();
    let minutes = lifetime(&configuration, &body["profile"]["ttl"])?;
    let often = match &body["profile"]["multiUse"] {
        Value::String(text) => text == "true",
        other => *other == true,
    };
    if often && configuration["multiUseAllowed"] != true {
        let cause = "multiUse: The authenticator doesn't allow codes for more than one use";
        return Err(Fault::validation("multiUse", &[cause]));
    }
    let at = call.org.clock.now();
    let expires = at.checked_add(SignedDuration::from_mins(minutes));
    let now = clock::zero_millis(at);
    let code = code(call, &configuration);
    let id = call.org.dice.id("tac");
    let stored = json!({
        "id": id, "status": "ACTIVE", "created": now, "lastUpdated": now, "profile": {
            "tac": code, "multiUse": often, "expiresAt": clock::zero_millis(expires.unwrap_or(at)),
        },
    });
    call.org.shelf(SHELF).put(&user_id, stored.clone());
    let mut shown = view(call, &user_id, &stored).unwrap_or_default();
    let made = as_factor(&shown);
    factors::log_factor(call, "user.mfa.factor.activate", &user_id, &made);
    shown["profile"] = stored["profile"].clone();
    Ok(Answer::ok(&shown))
}
