//! YubiKeys of the org: their seeds are uploaded first, then each becomes a user's.

use serde_json::{Value, json};

use super::shelf_of;
use crate::behaviour::org_switches::hinted;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listYubikeyOtpTokens" => list,
        "uploadYubikeyOtpTokenSeed" => upload,
        "getYubikeyOtpTokenById" => get,
        _ => return None,
    })
}

const TOKENS: &str = "/api/v1/org/factors/yubikey_token/tokens";

/// What never shows: the seed, and whose factor the key is.
const HIDDEN: [&str; 5] = ["publicId", "privateId", "aesKey", "userId", "factorId"];

/// A key whose factor is gone can't be used again.
fn view(call: &mut Call<'_>, token: &Value) -> Value {
    let own = format!("{}{TOKENS}/{}", call.base(), text(token, "/id"));
    let (user, factor) = (text(token, "/userId"), text(token, "/factorId"));
    let mut shown = token.clone();
    for name in HIDDEN {
        remove(&mut shown, name);
    }
    let mut links = json!({ "self": hinted(own.clone(), &["GET"]) });
    if user.is_empty() {
        links["self"] = hinted(own, &["GET", "DELETE"]);
    } else if call.org.shelf(&shelf_of(user)).contains(factor) {
        let person = format!("{}/api/v1/users/{user}", call.base());
        let deactivate = format!("{person}/factors/{factor}");
        links["user"] = hinted(person, &["GET"]);
        links["deactivate"] = hinted(deactivate, &["DELETE"]);
    } else {
        shown["status"] = json!("REVOKED");
    }
    shown["_links"] = links;
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all: Vec<Value> = call.org.shelf(TOKENS).values().cloned().collect();
    let shown: Vec<Value> = all.iter().map(|token| view(call, token)).collect();
    Ok(Answer::ok(&json!(shown)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let known = call.org.shelf(TOKENS).get(id).cloned();
    let token = known.ok_or_else(|| Fault::not_found(id, "YubikeyToken"))?;
    Ok(Answer::ok(&view(call, &token)))
}

/// The letters that a YubiKey types for hex digits.
fn is_modhex(text: &str) -> bool {
    text.chars().all(|c| "cbdefghijklnrtuv".contains(c))
}

fn is_hex(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_hexdigit())
}

fn is_serial(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

fn upload(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    type Rule = (
        &'static str,
        fn(&str) -> bool,
        std::ops::RangeInclusive<usize>,
    );
    let rules: [Rule; 4] = [
        ("serialNumber", is_serial, 1..=12),
        ("publicId", is_modhex, 12..=12),
        ("privateId", is_hex, 12..=12),
        ("aesKey", is_hex, 32..=32),
    ];
    for (name, fits, length) in rules {
        let given = text(&body, &format!("/{name}"));
        let what = match given {
            "" => "The field cannot be left blank",
            _ if !fits(given) || !length.contains(&given.len()) => "The field has an invalid value",
            _ => continue,
        };
        return Err(Fault::validation(name, &[&format!("{name}: {what}")]));
    }
    let serial = format!("{:0>12}", text(&body, "/serialNumber"));
    let known = call.org.shelf(TOKENS).values();
    let twin = { known }.find_map(|token| {
        let serial = text(token, "/profile/serial") == serial;
        let public = token["publicId"] == body["publicId"];
        serial
            .then_some("serialNumber")
            .or(public.then_some("publicId"))
    });
    if let Some(name) = twin {
        let cause =
            format!("{name}: An object with this field already exists in the current organization");
        return Err(Fault::validation(name, &[&cause]));
    }
    let id = call.org.dice.id("ykk");
    let now = clock::zero_millis(call.org.clock.now());
    let token = json!({
        "id": id, "created": now, "lastVerified": now, "lastUpdated": now, "status": "UNASSIGNED",
        "profile": { "serial": serial }, "publicId": body["publicId"],
        "privateId": body["privateId"], "aesKey": body["aesKey"],
    });
    call.org.shelf(TOKENS).put(&id, token.clone());
    Ok(Answer::ok(&view(call, &token)))
}

/// Makes the key that typed a password the user's. Without a password it stays open which key a
/// factor is.
pub(super) fn assign(
    call: &mut Call<'_>,
    user: &str,
    factor: &mut Value,
    body: &Value,
) -> Result<(), Fault> {
    let typed = match text(body, "/verify/passCode") {
        "" => text(body, "/passCode"),
        typed => typed,
    };
    if typed.is_empty() {
        return Ok(());
    }
    let public = typed.get(..12).unwrap_or_default();
    let tokens = call.org.shelf(TOKENS).values();
    let found = { tokens }
        .find(|token| text(token, "/publicId") == public && token["status"] == "UNASSIGNED")
        .cloned();
    let whole = typed.len() == 44 && is_modhex(typed);
    let Some(mut token) = found.filter(|_| whole) else {
        let cause = "Your token doesn't match our records. Please try again.";
        let summary = "Invalid Passcode/Answer";
        return Err(Fault::api(403, "E0000068", summary, &[cause]));
    };
    let now = clock::zero_millis(call.org.clock.now());
    for name in ["activated", "lastVerified", "lastUpdated"] {
        token[name] = json!(now);
    }
    token["status"] = json!("ACTIVE");
    token["userId"] = json!(user);
    token["factorId"] = factor["id"].clone();
    factor["profile"] = json!({ "credentialId": token["profile"]["serial"] });
    let id = text(&token, "/id").to_owned();
    call.org.shelf(TOKENS).put(&id, token);
    Ok(())
}
