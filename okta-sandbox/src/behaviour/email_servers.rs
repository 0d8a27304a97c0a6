//! Custom SMTP servers that the org's mail goes through, one of them at most.

use serde_json::{Value, json};
use url::Host;

use crate::access_requests::mailbox;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::schema::{self, Fullness, Type};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listEmailServers" => list,
        "createEmailServer" => create,
        "getEmailServer" => get,
        "updateEmailServer" => update,
        "deleteEmailServer" => delete,
        "testEmailServer" => test,
        _ => return None,
    })
}

const SERVERS: &str = "/api/v1/email-servers";

/// How many an org may have.
const MOST: usize = 10;

/// Members that are written and never shown.
const SECRETS: [&str; 4] = ["password", "clientSecret", "privateKey", "keyId"];

fn show(server: &Value) -> Value {
    let mut shown = server.clone();
    for secret in SECRETS {
        remove(&mut shown, secret);
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all: Vec<Value> = call.org.shelf(SERVERS).values().map(show).collect();
    Ok(Answer::ok(&json!({ "email-servers": all })))
}

fn known(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(SERVERS, 0, "EmailServer")
}

fn get(call: &mut Call<'_>) -> Outcome {
    let server = known(call)?;
    Ok(Answer::ok(&show(&server)))
}

fn log(call: &mut Call<'_>, step: &str, server: &Value) {
    let (id, alias) = (text(server, "/id"), text(server, "/alias"));
    let target = named("CustomEmailServer", id, "unknown", alias);
    let event = format!("system.custom_email_server.lifecycle.{step}");
    call.log(&event, vec![target]);
}

/// Whether a text has the form of a mail address.
fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, domain)| {
        !name.is_empty()
            && !text.contains(char::is_whitespace)
            && domain.contains('.')
            && Host::parse(domain).is_ok()
    })
}

/// What the schema of a new server does not say: a server must be one that could be reached.
fn check(call: &mut Call<'_>, server: &Value) -> Result<(), Fault> {
    let ty = Type::Named("BaseEmailServerCreate".into());
    schema::check(call.operation.api, &ty, server, Fullness::Whole)?;
    for field in ["alias", "host", "username"] {
        if text(server, &format!("/{field}")).trim().is_empty() {
            return Err(Fault::field(field, "The field cannot be left blank"));
        }
    }
    let host = text(server, "/host");
    if Host::parse(host).is_err() {
        return Err(Fault::field("host", "The field has an invalid value"));
    }
    let port = &server["port"];
    let port = port.as_i64().or_else(|| port.as_str()?.parse().ok());
    if !port.is_some_and(|port| (1..=65535).contains(&port)) {
        return Err(Fault::field(
            "port",
            "The field must be between 1 and 65535",
        ));
    }
    if text(server, "/authType") != "BASIC_SMTP_AUTH" {
        let endpoint = url::Url::parse(text(server, "/tokenEndpoint"));
        if !endpoint.is_ok_and(|url| matches!(url.scheme(), "https" | "http")) {
            return Err(Fault::field("tokenEndpoint", "The field must be a URL"));
        }
        if server["scopes"].as_array().is_none_or(Vec::is_empty) {
            return Err(Fault::field("scopes", "The field cannot be left blank"));
        }
    }
    let id = &server["id"];
    let mut others = call.org.shelf(SERVERS).values();
    if server["enabled"] == true && others.any(|one| one["enabled"] == true && one["id"] != *id) {
        let summary = "You can enable only one SMTP server at a time. Another SMTP server is already enabled.";
        return Err(Fault::api(400, "E0000222", summary, &[]));
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Outcome {
    let mut server = call.given(Fullness::Whole)?;
    check(call, &server)?;
    if call.org.shelf(SERVERS).len() >= MOST {
        let summary = format!(
            "You reached the maximum number of enrolled SMTP servers. An org can't have more than {MOST} enrolled servers."
        );
        return Err(Fault::api(400, "E0000225", summary, &[]));
    }
    let id = call.org.dice.id("ces");
    server["id"] = json!(id);
    call.org.shelf(SERVERS).put(&id, server.clone());
    log(call, "create", &server);
    if server["enabled"] == true {
        log(call, "activate", &server);
    }
    Ok(Answer::json(201, &show(&server)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut server = known(call)?;
    let before = server.clone();
    let mut given = call.request.object()?;
    let kind = text(&server, "/authType").to_owned();
    if text(&given, "/authType").is_empty() {
        // Only the members of this kind go without saying.
        if kind != "BASIC_SMTP_AUTH" {
            return Err(Fault::field("authType", "The field cannot be left blank"));
        }
        given["authType"] = json!(kind);
    }
    let api = call.operation.api;
    let ty = Type::Named("BaseEmailServer".into());
    schema::check(api, &ty, &given, Fullness::Part)?;
    schema::known_only(api, &ty, &mut given);
    let changes = given.as_object().cloned().unwrap_or_default();
    for (name, value) in changes {
        if !value.is_null() {
            server[name.as_str()] = value;
        }
    }
    if text(&server, "/authType") != kind {
        // What proved the org's identity in another way has no meaning any more.
        let ty = Type::Named("BaseEmailServerCreate".into());
        schema::known_only(api, &ty, &mut server);
        server["id"] = before["id"].clone();
    }
    check(call, &server)?;
    if server != before {
        let id = call.parameter(0);
        call.org.shelf(SERVERS).put(id, server.clone());
        log(call, "update", &server);
    }
    match (before["enabled"] == true, server["enabled"] == true) {
        (false, true) => log(call, "activate", &server),
        (true, false) => log(call, "deactivate", &server),
        _ => {}
    }
    Ok(Answer::ok(&show(&server)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let server = known(call)?;
    let id = call.parameter(0);
    call.org.shelf(SERVERS).remove(id);
    log(call, "delete", &server);
    Ok(Answer::no_content())
}

/// The sandbox's mailbox stands for what the server would deliver.
fn test(call: &mut Call<'_>) -> Outcome {
    let server = known(call)?;
    let body = call.given(Fullness::Whole)?;
    for field in ["fromAddress", "toAddress"] {
        if !is_address(text(&body, &format!("/{field}"))) {
            return Err(Fault::field(field, "The field must be an email address"));
        }
    }
    let (from, to) = (text(&body, "/fromAddress"), text(&body, "/toAddress"));
    let alias = text(&server, "/alias");
    let subject = format!("Test of the SMTP server {alias}");
    let mail = format!(
        "This mail came through {}:{}.",
        text(&server, "/host"),
        server["port"]
    );
    mailbox::send(call.org, from, to, &subject, &mail);
    let target = named("CustomEmailServer", text(&server, "/id"), to, alias);
    call.log("system.email.delivery", vec![target]);
    Ok(Answer::no_content())
}

#[cfg(test)]
#[path = "email_servers_tests.rs"]
mod tests;
