//! Settings of the service's own apps; the Admin Console is the one that has some.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getFirstPartyAppSettings" => get,
        "replaceFirstPartyAppSettings" => replace,
        _ => return None,
    })
}

const SETTINGS: &str = "/api/v1/first-party-app-settings";

/// Each setting, in minutes: what it is at first, and how long it may be.
const MINUTES: [(&str, u64, u64); 2] = [
    ("sessionIdleTimeoutMinutes", 15, 12 * 60),
    ("sessionMaxLifetimeMinutes", 12 * 60, 7 * 24 * 60),
];

const LEAST: u64 = 5;

fn named<'a>(call: &Call<'a>) -> Result<&'a str, Fault> {
    match call.parameter(0) {
        name @ "admin-console" => Ok(name),
        other => Err(Fault::not_found(other, "FirstPartyAppSettings")),
    }
}

fn get(call: &mut Call<'_>) -> Outcome {
    let name = named(call)?;
    let known = call.org.shelf(SETTINGS).get(name).cloned();
    let initial = || {
        let minutes = MINUTES.iter();
        minutes
            .map(|(name, initial, _)| ((*name).to_owned(), json!(initial)))
            .collect()
    };
    Ok(Answer::ok(
        &known.unwrap_or_else(|| Value::Object(initial())),
    ))
}

/// What the body leaves out is as at first again.
fn replace(call: &mut Call<'_>) -> Outcome {
    let name = named(call)?;
    let body = call.request.object()?;
    let mut settings = json!({});
    for (member, initial, most) in MINUTES {
        let given = &body[member];
        let minutes = if given.is_null() {
            Some(initial)
        } else {
            given.as_u64()
        };
        let Some(minutes) = minutes.filter(|minutes| (LEAST..=most).contains(minutes)) else {
            let cause = format!("{member}: The value must be between {LEAST} and {most}.");
            return Err(Fault::validation(member, &[&cause]));
        };
        settings[member] = json!(minutes);
    }
    call.org.shelf(SETTINGS).put(name, settings.clone());
    Ok(Answer::ok(&settings))
}
