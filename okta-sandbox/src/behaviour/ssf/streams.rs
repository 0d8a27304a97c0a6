//! Streams: what a receiver wants to hear, and where.

use serde_json::{Value, json};
use url::Url;

use super::{ASKED, STREAMS, SUPPORTED};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::hooks::is_loopback;
use crate::json::{merge, remove, text};
use crate::log::named;
use crate::oauth::access::Principal;
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getSsfStreams" => get,
        "createSsfStream" => create,
        "replaceSsfStream" => replace,
        "updateSsfStream" => update,
        "deleteSsfStream" => delete,
        "getSsfStreamStatus" => status,
        "verifySsfStream" => verify,
        _ => return None,
    })
}

/// How many streams an org may have.
const MOST: usize = 10;

/// The member of stored streams that names the client app.
const CLIENT: &str = "client";

/// The members that the transmitter sets.
const OWN: [&str; 5] = [
    "aud",
    "events_delivered",
    "events_supported",
    "iss",
    "min_verification_interval",
];

/// The client app that calls; an API token belongs to none.
fn client(call: &Call<'_>) -> Result<String, Fault> {
    match &call.principal {
        Principal::Client { client_id, .. } | Principal::User { client_id, .. }
            if !client_id.is_empty() =>
        {
            Ok(client_id.clone())
        }
        _ => Err(Fault::code("E0000006", &[])),
    }
}

/// Whether tokens go out over a stream: as long as its app is at work.
pub(super) fn is_enabled(org: &Org, stream: &Value) -> bool {
    let app = org.apps.get(text(stream, "/client"));
    app.is_some_and(|app| app["status"] == "ACTIVE")
}

/// The audience of a stream's tokens: where its receiver lives.
pub(super) fn audience(stream: &Value) -> String {
    let url = Url::parse(text(stream, "/delivery/endpoint_url"));
    url.map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

/// The events that a stream asks for and the org knows.
pub(super) fn delivered(stream: &Value) -> Vec<&str> {
    let requested = stream["events_requested"].as_array().into_iter().flatten();
    let requested: Vec<&str> = requested.filter_map(Value::as_str).collect();
    let known = SUPPORTED.into_iter();
    known.filter(|event| requested.contains(event)).collect()
}

fn show(stream: &Value, base: &str) -> Value {
    let mut shown = json!({
        "aud": audience(stream), "delivery": stream["delivery"],
        "events_delivered": delivered(stream), "events_requested": stream["events_requested"],
        "events_supported": SUPPORTED, "format": "iss_sub", "iss": base,
        "min_verification_interval": 0, "stream_id": stream["stream_id"],
    });
    // The receiver's secret is not given away again.
    remove(&mut shown["delivery"], "authorization_header");
    shown
}

/// The caller's stream, which must have this id if there is one.
fn own(call: &mut Call<'_>, id: Option<&str>) -> Result<Value, Fault> {
    let client = client(call)?;
    let mut all = call.org.shelf(STREAMS).values();
    let found = all.find(|stream| {
        text(stream, "/client") == client && id.is_none_or(|id| text(stream, "/stream_id") == id)
    });
    let missing = id.unwrap_or(&client);
    found
        .cloned()
        .ok_or_else(|| Fault::not_found(missing, "StreamConfiguration"))
}

/// The stream that the query names; the caller's where it names none.
fn by_query(call: &mut Call<'_>) -> Result<Value, Fault> {
    let id = call.request.query("stream_id");
    own(call, id.filter(|id| !id.is_empty()))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let base = call.base();
    if call
        .request
        .query("stream_id")
        .is_some_and(|id| !id.is_empty())
    {
        let stream = by_query(call)?;
        return Ok(Answer::ok(&show(&stream, base)));
    }
    let client = client(call)?;
    let all = call.org.shelf(STREAMS).values();
    let shown: Vec<Value> = all
        .filter(|stream| text(stream, "/client") == client)
        .map(|stream| show(stream, base))
        .collect();
    Ok(Answer::ok(&json!(shown)))
}

/// Tokens travel encrypted, except to a receiver beside the org.
fn check_delivery(stream: &Value) -> Result<(), Fault> {
    let url = Url::parse(text(stream, "/delivery/endpoint_url"));
    let safe = url.is_ok_and(|url| {
        (url.scheme() == "https" && url.host_str().is_some()) || is_loopback(&url)
    });
    if !safe {
        return Err(Fault::field(
            "delivery.endpoint_url",
            "The field must be an HTTPS URL",
        ));
    }
    let header = text(stream, "/delivery/authorization_header");
    if http::HeaderValue::from_str(header).is_err() {
        return Err(Fault::field(
            "delivery.authorization_header",
            "The field has an invalid value",
        ));
    }
    Ok(())
}

fn log(call: &mut Call<'_>, step: &str, stream: &Value) {
    let id = text(stream, "/stream_id");
    let target = named(
        "SecurityEventsTransmitter",
        id,
        "unknown",
        &audience(stream),
    );
    call.log(&format!("security.events.transmitter.{step}"), vec![target]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    let client = client(call)?;
    let mut stream = call.given(Fullness::Whole)?;
    check_delivery(&stream)?;
    // Streams of deleted apps are gone.
    let all = call.org.shelf(STREAMS).values().cloned();
    for stream in all.collect::<Vec<Value>>() {
        if !call.org.apps.contains(text(&stream, "/client")) {
            let id = text(&stream, "/stream_id");
            call.org.shelf(STREAMS).remove(id);
        }
    }
    let shelf = call.org.shelf(STREAMS);
    if shelf.values().any(|one| text(one, "/client") == client) {
        let summary = "Api validation failed due to conflict: stream";
        let cause = "stream: The client has an SSF stream already";
        return Err(Fault::api(409, "E0000195", summary, &[cause]));
    }
    if shelf.len() >= MOST {
        let what = format!("An org cannot have more than {MOST} SSF streams");
        return Err(Fault::field("stream", &what));
    }
    let id = call.org.dice.id("esc");
    stream["stream_id"] = json!(id);
    stream[CLIENT] = json!(client);
    call.org.shelf(STREAMS).put(&id, stream.clone());
    log(call, "create", &stream);
    Ok(Answer::json(201, &show(&stream, call.base())))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    write(call, Fullness::Whole)
}

fn update(call: &mut Call<'_>) -> Outcome {
    write(call, Fullness::Part)
}

fn write(call: &mut Call<'_>, fullness: Fullness) -> Outcome {
    let given = call.given(fullness)?;
    let id = text(&given, "/stream_id").to_owned();
    let known = own(call, Some(id.as_str()).filter(|id| !id.is_empty()))?;
    let mut stream = match fullness {
        Fullness::Whole => json!({}),
        Fullness::Part => known.clone(),
    };
    for member in ["delivery", "events_requested"] {
        if !given[member].is_null() {
            merge(&mut stream[member], &given[member]);
        }
    }
    stream["stream_id"] = known["stream_id"].clone();
    stream[CLIENT] = known[CLIENT].clone();
    check_delivery(&stream)?;
    let base = call.base();
    let (before, after) = (show(&known, base), show(&stream, base));
    for member in OWN {
        // Who writes back what was read does not know yet what the change will lead to.
        let value = &given[member];
        if !value.is_null() && *value != before[member] && *value != after[member] {
            return Err(Fault::field(
                member,
                "The field is read-only and must match the transmitter's value",
            ));
        }
    }
    if stream != known {
        let id = text(&stream, "/stream_id");
        call.org.shelf(STREAMS).put(id, stream.clone());
        log(call, "update", &stream);
    }
    Ok(Answer::ok(&after))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let stream = by_query(call)?;
    let id = text(&stream, "/stream_id");
    call.org.shelf(STREAMS).remove(id);
    log(call, "delete", &stream);
    Ok(Answer::no_content())
}

fn status(call: &mut Call<'_>) -> Outcome {
    if call.request.query("stream_id").is_none_or(str::is_empty) {
        return Err(Fault::field("stream_id", "The field cannot be left blank"));
    }
    let stream = by_query(call)?;
    let status = match is_enabled(call.org, &stream) {
        true => "enabled",
        false => "disabled",
    };
    Ok(Answer::ok(
        &json!({ "stream_id": stream["stream_id"], "status": status }),
    ))
}

/// The token goes out behind this answer.
fn verify(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let stream = own(call, Some(text(&body, "/stream_id")))?;
    let id = call.org.dice.uuid();
    let asked = json!({ "stream": stream["stream_id"], "state": body["state"] });
    call.org.shelf(ASKED).put(&id, asked);
    Ok(Answer::no_content())
}
