//! Authorization servers that trust each other's tokens.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::server::SERVERS;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAssociatedServersByTrustedType" => list,
        "createAssociatedServers" => associate,
        "deleteAssociatedServer" => remove,
        _ => return None,
    })
}

/// `trusting trusted` pairs.
const TRUST: &str = "/api/v1/authorizationServers/trust";

/// True if a server takes the tokens of another.
pub(crate) fn trusts(org: &Org, server: &str, other: &str) -> bool {
    let pairs = org.shelves.get(TRUST);
    pairs.is_some_and(|pairs| pairs.get(&format!("{server} {other}")).is_some())
}

/// Ends the trust from and to a server that is gone.
pub(crate) fn forget(org: &mut Org, server: &str) {
    let pairs = org.shelf(TRUST).values();
    let pairs = pairs.map(|pair| ["/from", "/to"].map(|end| text(pair, end)));
    let own = pairs.filter(|pair| pair.contains(&server));
    let own: Vec<String> = own.map(|[from, to]| format!("{from} {to}")).collect();
    for pair in own {
        org.shelf(TRUST).remove(&pair);
    }
}

fn server(call: &mut Call<'_>, id: &str) -> Result<Value, Fault> {
    let found = call.org.shelf(SERVERS).get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "AuthorizationServer"))
}

fn view(call: &Call<'_>, server: &Value) -> Value {
    let mut shown = server.clone();
    shown["issuer"] = json!(format!("{}/oauth2/{}", call.base(), text(server, "/id")));
    shown["_links"] = Value::Null;
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    server(call, id)?;
    let trusted = call.request.flag("trusted", true);
    let wanted = if trusted {
        ("/from", "/to")
    } else {
        ("/to", "/from")
    };
    let pairs = call
        .org
        .shelf(TRUST)
        .values()
        .filter(|pair| text(pair, wanted.0) == id);
    let others: Vec<String> = pairs.map(|pair| text(pair, wanted.1).to_owned()).collect();
    let mut shown = Vec::new();
    for other in others {
        if let Ok(server) = server(call, &other) {
            shown.push(view(call, &server));
        }
    }
    call.all(shown)
}

fn associate(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    server(call, id)?;
    let body = call.request.object()?;
    let mut trusted = Vec::new();
    for other in body["trusted"].as_array().into_iter().flatten() {
        trusted.push(server(call, other.as_str().unwrap_or_default())?);
    }
    if trusted.is_empty() {
        let cause = "trusted: The field cannot be left blank";
        return Err(Fault::validation("trusted", &[cause]));
    }
    // All of them are there, or none is taken.
    for server in &trusted {
        let other = text(server, "/id");
        let pair = json!({ "from": id, "to": other });
        call.org.shelf(TRUST).put(&format!("{id} {other}"), pair);
    }
    let shown = trusted.iter().map(|server| view(call, server));
    Ok(Answer::ok(&shown.collect()))
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let (id, other) = (call.parameter(0), call.parameter(1));
    server(call, id)?;
    match call.org.shelf(TRUST).remove(&format!("{id} {other}")) {
        Some(_) => Ok(Answer::no_content()),
        None => Err(Fault::not_found(other, "AuthorizationServer")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn all_named_servers_are_trusted_or_none() {
        let bench = Bench::new();
        let servers = "/api/v1/authorizationServers";
        let make = |name: &str| {
            let body = json!({ "name": name, "audiences": [format!("api://{name}")] });
            let (status, made) = bench.call("POST", servers, Some(&body));
            assert_eq!(status, 201, "{made}");
            text(&made, "/id").to_owned()
        };
        let (one, other) = (make("one"), make("other"));
        let own = format!("{servers}/{one}/associatedServers");
        let trust = |ids: &[&str]| bench.call("POST", &own, Some(&json!({ "trusted": ids }))).0;
        let trusted = || {
            let (_, all) = bench.call("GET", &format!("{own}?trusted=true"), None);
            all.as_array().map(Vec::len)
        };
        assert_eq!(trust(&[&other, "ausNone"]), 404);
        assert_eq!(trusted(), Some(0));
        assert_eq!(trust(&[]), 400);
        assert_eq!(trust(&[&other]), 200);
        assert_eq!(trusted(), Some(1));
    }
}
