//! The public keys that access tokens of a custom authorization server are encrypted with. They are
//! the server's own `jwks`, and one of them at most is at work.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, members, text};
use crate::log::named;
use crate::oauth::jwk;
use crate::oauth::server::{SERVERS, Server};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listOAuth2ResourceServerJsonWebKeys" => list,
        "addOAuth2ResourceServerJsonWebKey" => add,
        "getOAuth2ResourceServerJsonWebKey" => get,
        "deleteOAuth2ResourceServerJsonWebKey" => delete,
        "activateOAuth2ResourceServerJsonWebKey" => activate,
        "deactivateOAuth2ResourceServerJsonWebKey" => deactivate,
        _ => return None,
    })
}

const EVENTS: &str = "app.oauth2.as.resource_server.credentials.lifecycle";

const MOST: usize = 5;

/// Bytes of the modulus of a 2048-bit key.
const SHORTEST: usize = 256;

fn refused(cause: &str) -> Fault {
    Fault::validation("JsonWebKey", &[cause])
}

/// The server that the path names, and its keys. Keys that came with the server itself get their
/// ids when they are first looked at.
fn server_and_keys(call: &mut Call<'_>) -> Result<(Value, Vec<Value>), Fault> {
    let named = call.parameter(0);
    let id = Server::stored(call.org, named, call.base())?.id;
    let server = call.org.shelf(SERVERS).get(&id).cloned();
    let server = server.ok_or_else(|| Fault::not_found(named, "AuthorizationServer"))?;
    let mut keys = match at(&server, "/jwks/keys") {
        Value::Array(keys) => keys,
        _ => Vec::new(),
    };
    let mut fresh = false;
    for key in keys.iter_mut().filter(|key| text(key, "/id").is_empty()) {
        let made = call.org.dice.id("apk");
        for (name, value) in [
            ("id", json!(made)),
            ("created", server["created"].clone()),
            ("lastUpdated", server["lastUpdated"].clone()),
        ] {
            key[name] = value;
        }
        if key["status"].is_null() {
            key["status"] = json!("INACTIVE");
        }
        fresh = true;
    }
    if fresh {
        keep(call, &server, &keys);
    }
    Ok((server, keys))
}

fn keep(call: &mut Call<'_>, server: &Value, keys: &[Value]) {
    if let Some(server) = call.org.shelf(SERVERS).get_mut(text(server, "/id")) {
        members(&mut server["jwks"]).insert("keys".to_owned(), json!(keys));
    }
}

fn log(call: &mut Call<'_>, server: &Value, key: &Value, verb: &str) {
    let (id, name) = (text(server, "/id"), text(server, "/name"));
    let targets = vec![
        named(
            "ResourceServerKey",
            text(key, "/id"),
            "unknown",
            text(key, "/kid"),
        ),
        named("AuthorizationServer", id, "unknown", name),
    ];
    call.log(&format!("{EVENTS}.{verb}"), targets);
}

fn view(call: &Call<'_>, server: &Value, key: &Value) -> Value {
    let own = format!(
        "{}{SERVERS}/{}/resourceservercredentials/keys/{}",
        call.base(),
        text(server, "/id"),
        text(key, "/id")
    );
    let hinted =
        |href: String, allow: &[&str]| json!({ "href": href, "hints": { "allow": allow } });
    let mut links = json!({ "self": hinted(own.clone(), &["GET"]) });
    if key["status"] == "ACTIVE" {
        if !encrypts(server) {
            links["deactivate"] = hinted(format!("{own}/lifecycle/deactivate"), &["POST"]);
        }
    } else {
        links["activate"] = hinted(format!("{own}/lifecycle/activate"), &["POST"]);
        links["delete"] = hinted(own, &["DELETE"]);
    }
    let mut shown = key.clone();
    shown["_links"] = links;
    shown
}

/// Whether the server's tokens are to be encrypted.
fn encrypts(server: &Value) -> bool {
    !text(server, "/accessTokenEncryptedResponseAlgorithm").is_empty()
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (server, keys) = server_and_keys(call)?;
    let shown = keys.iter().map(|key| view(call, &server, key)).collect();
    call.all(shown)
}

/// The key of a body, which is an RSA key for encryption that is not at work yet.
fn checked(body: &Value) -> Result<Value, Fault> {
    for (member, only) in [("kty", "RSA"), ("use", "enc")] {
        match text(body, &format!("/{member}")) {
            found if found == only => {}
            "" => {
                return Err(refused(&format!(
                    "{member}: The field cannot be left blank"
                )));
            }
            _ => {
                return Err(refused(&format!(
                    "{member}: The field has an invalid value"
                )));
            }
        }
    }
    let number = |member: &str| {
        let number = jwk::decode(text(body, &format!("/{member}"))).unwrap_or_default();
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        number.len() - zeros
    };
    if number("e") == 0 || number("n") == 0 {
        let member = if number("e") == 0 { "e" } else { "n" };
        return Err(refused(&format!(
            "{member}: The field has an invalid value"
        )));
    }
    if number("n") < SHORTEST {
        return Err(refused(
            "RSA key length in the 'jwks' is less than '2,048' bits for the given key.",
        ));
    }
    match text(body, "/status") {
        "" | "INACTIVE" => {}
        "ACTIVE" => {
            return Err(refused(
                "Keys cannot be created with an 'ACTIVE' status. Create an 'INACTIVE' key and then activate it.",
            ));
        }
        _ => return Err(refused("status: The field has an invalid value")),
    }
    let mut key = json!({ "status": "INACTIVE" });
    for member in ["kid", "kty", "use", "e", "n"] {
        key[member] = body[member].clone();
    }
    Ok(key)
}

fn add(call: &mut Call<'_>) -> Outcome {
    let (server, mut keys) = server_and_keys(call)?;
    let mut key = checked(&call.request.object()?)?;
    if keys.len() >= MOST {
        return Err(refused(
            "You can't create a new key. You have reached the maximum number of keys allowed (5). To add another key, you must first delete an existing one",
        ));
    }
    // A key without a name stays alone.
    let kid = text(&key, "/kid");
    let unnamed = |key: &Value| text(key, "/kid").is_empty();
    if keys
        .iter()
        .any(|other| unnamed(other) || kid.is_empty() || text(other, "/kid") == kid)
    {
        return Err(refused("Each key must have a unique 'kid'."));
    }
    let now = clock::zero_millis(call.org.clock.now());
    key["id"] = json!(call.org.dice.id("apk"));
    key["created"] = json!(now);
    key["lastUpdated"] = json!(now);
    keys.push(key.clone());
    keep(call, &server, &keys);
    log(call, &server, &key, "create");
    Ok(Answer::json(201, &view(call, &server, &key)))
}

/// The server, its keys, and the place of the one that the path names.
fn named_key(call: &mut Call<'_>) -> Result<(Value, Vec<Value>, usize), Fault> {
    let (server, keys) = server_and_keys(call)?;
    let id = call.parameter(1);
    let place = keys.iter().position(|key| text(key, "/id") == id);
    let place = place.ok_or_else(|| Fault::not_found(id, "OAuth2ResourceServerJsonWebKey"))?;
    Ok((server, keys, place))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (server, keys, place) = named_key(call)?;
    Ok(Answer::ok(&view(call, &server, &keys[place])))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (server, mut keys, place) = named_key(call)?;
    if keys[place]["status"] == "ACTIVE" {
        return Err(refused(
            "'ACTIVE' keys cannot be deleted. Activate another key before deleting this one.",
        ));
    }
    let key = keys.remove(place);
    keep(call, &server, &keys);
    log(call, &server, &key, "delete");
    Ok(Answer::no_content())
}

/// Gives a key a status; what has it already stays as it is.
fn set(call: &Call<'_>, key: &mut Value, status: &str) -> bool {
    if key["status"] == status {
        return false;
    }
    key["status"] = json!(status);
    key["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    true
}

/// The key that was at work until now is so no longer.
fn activate(call: &mut Call<'_>) -> Outcome {
    let (server, mut keys, place) = named_key(call)?;
    let mut changed = Vec::new();
    for (at, key) in keys.iter_mut().enumerate() {
        let (status, verb) = match at == place {
            true => ("ACTIVE", "activate"),
            false => ("INACTIVE", "deactivate"),
        };
        if set(call, key, status) {
            changed.push((key.clone(), verb));
        }
    }
    keep(call, &server, &keys);
    for (key, verb) in changed {
        log(call, &server, &key, verb);
    }
    Ok(Answer::ok(&view(call, &server, &keys[place])))
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    let (server, mut keys, place) = named_key(call)?;
    if keys[place]["status"] == "ACTIVE" && encrypts(&server) {
        return Err(refused(
            "You cannot deactivate the active key when access token encryption is enabled.",
        ));
    }
    if set(call, &mut keys[place], "INACTIVE") {
        keep(call, &server, &keys);
        log(call, &server, &keys[place], "deactivate");
    }
    Ok(Answer::ok(&view(call, &server, &keys[place])))
}
