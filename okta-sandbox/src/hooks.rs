//! Calls that the org makes itself: verification and delivery of event hooks, inline hooks on
//! request, keys that clients publish, security event tokens. Only loopback addresses are called; what lies elsewhere is taken to be there and well.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use url::Url;

use crate::behaviour::{security_events, ssf};
use crate::clock;
use crate::exchange::Request;
use crate::faults::{Delivery, Effect, Faults};
use crate::json::text;
use crate::log::named;
use crate::oauth::{access, key_sets};
use crate::org::Org;
use crate::pipeline::Shared;

const EVENT_HOOKS: &str = "/api/v1/eventHooks";
const INLINE_HOOKS: &str = "/api/v1/inlineHooks";

/// What a call that was made for a request brought, by the path of the request.
pub(crate) const OUTCOMES: &str = "/hooks/outcomes";

/// How long the service waits for a hook.
const PATIENCE: Duration = Duration::from_secs(3);

/// A call to make.
struct Outgoing {
    method: &'static str,
    url: Url,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer to one.
struct Incoming {
    status: u16,
    body: Vec<u8>,
}

/// Whether a URL leads to this machine, unencrypted.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && url.host_str().is_some_and(|host| {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
}

/// The call to a hook's channel, with its headers and its secret.
fn channel(hook: &Value, method: &'static str) -> Option<Outgoing> {
    let config = &hook["channel"]["config"];
    let url = Url::parse(text(config, "/uri")).ok()?;
    let given = config["headers"].as_array().into_iter().flatten();
    let mut headers: Vec<(String, String)> = given
        .map(|header| {
            (
                text(header, "/key").to_owned(),
                text(header, "/value").to_owned(),
            )
        })
        .collect();
    let (key, value) = (
        text(config, "/authScheme/key"),
        text(config, "/authScheme/value"),
    );
    if !key.is_empty() {
        headers.push((key.to_owned(), value.to_owned()));
    }
    Some(Outgoing {
        method,
        url,
        headers,
        body: Vec::new(),
    })
}

async fn send(call: &Outgoing) -> Option<Incoming> {
    tokio::time::timeout(PATIENCE, exchange(call)).await.ok()?
}

async fn exchange(call: &Outgoing) -> Option<Incoming> {
    let host = call
        .url
        .host_str()?
        .trim_start_matches('[')
        .trim_end_matches(']');
    let port = call.url.port_or_known_default()?;
    let stream = TcpStream::connect((host, port)).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .ok()?;
    let target = match call.url.query() {
        Some(query) => format!("{}?{query}", call.url.path()),
        None => call.url.path().to_owned(),
    };
    let mut request = http::Request::builder()
        .method(call.method)
        .uri(target)
        .header(HOST, format!("{host}:{port}"));
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let named = |header: &(String, String)| CONTENT_TYPE == *header.0.to_lowercase();
    if !call.body.is_empty() && !call.headers.iter().any(named) {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let request = request
        .body(Full::new(Bytes::from(call.body.clone())))
        .ok()?;
    let answer = async {
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.ok()?.to_bytes().to_vec();
        Some(Incoming { status, body })
    };
    tokio::pin!(connection, answer);
    tokio::select! {
        got = &mut answer => got,
        _ = &mut connection => answer.await,
    }
}

/// The JSON that can be read at a URL.
pub(crate) async fn read_json(url: &str) -> Option<Value> {
    let url = Url::parse(url).ok().filter(is_loopback)?;
    let call = Outgoing {
        method: "GET",
        url,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let answer = send(&call).await?;
    let body = (answer.status == 200).then_some(answer.body)?;
    serde_json::from_slice(&body).ok()
}

/// Makes the calls that a request asks for before the org is locked for it.
pub(crate) async fn before(shared: &Shared, request: &Request) {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    // What strangers ask for is refused, so nobody is called for it.
    let known = || access::is_known(&shared.org(), request);
    let outcome = match (request.method.as_str(), &segments[..]) {
        ("POST", ["api", "v1", "eventHooks", id, "lifecycle", "verify"]) if known() => {
            verify(shared, id).await
        }
        ("POST", ["api", "v1", "inlineHooks", id, "execute"]) if known() => {
            execute(shared, id, &request.body).await
        }
        ("POST", ["security", "api", "v1", "security-events"]) => {
            return security_events::before(shared, request).await;
        }
        _ => return key_sets::before(shared, request).await,
    };
    if let Some(outcome) = outcome {
        shared.org().shelf(OUTCOMES).put(&request.path, outcome);
    }
}

fn hook(shared: &Shared, shelf: &str, id: &str) -> Option<Value> {
    shared.org().shelves.get(shelf)?.get(id).cloned()
}

/// The handshake: the hook has to send the challenge back. Asked twice at most.
async fn verify(shared: &Shared, id: &str) -> Option<Value> {
    let hook = hook(shared, EVENT_HOOKS, id)?;
    let mut call = channel(&hook, "GET")?;
    if !is_loopback(&call.url) {
        return None;
    }
    let challenge = crate::ids::random_hex(16);
    call.headers.push((
        "x-okta-verification-challenge".to_owned(),
        challenge.clone(),
    ));
    for _ in 0..2 {
        if let Some(answer) = send(&call).await
            && answer.status == 200
            && let Ok(body) = serde_json::from_slice::<Value>(&answer.body)
        {
            return Some(json!(text(&body, "/verification") == challenge));
        }
    }
    Some(json!(false))
}

/// What an inline hook answers to the given payload.
async fn execute(shared: &Shared, id: &str, payload: &[u8]) -> Option<Value> {
    let hook = hook(shared, INLINE_HOOKS, id)?;
    let mut call = channel(&hook, "POST")?;
    if !is_loopback(&call.url) {
        return None;
    }
    call.body = payload.to_vec();
    let answer = send(&call).await;
    let good = answer.filter(|answer| matches!(answer.status, 200 | 204));
    Some(good.map_or(Value::Null, |answer| {
        serde_json::from_slice(&answer.body).unwrap_or_else(|_| json!({}))
    }))
}

/// Events on their way to a hook.
struct Due {
    hook: String,
    call: Outgoing,
    fault: Option<Effect>,
}

/// The deliveries due for events behind a place, which no hook has seen yet.
fn due(org: &Org, faults: &Mutex<Faults>, base: &str, seen: u64) -> Vec<Due> {
    let Some(hooks) = org.shelves.get(EVENT_HOOKS).filter(|hooks| hooks.len() > 0) else {
        return Vec::new();
    };
    let at_work =
        |hook: &&Value| hook["status"] == "ACTIVE" && hook["verificationStatus"] == "VERIFIED";
    let mut calls = Vec::new();
    for hook in hooks.values().filter(at_work) {
        let wanted = hook["events"]["items"].as_array();
        let events: Vec<&Value> = org
            .log
            .behind(seen)
            .iter()
            .filter(|event| wanted.is_some_and(|items| items.contains(&event["eventType"])))
            .collect();
        let id = text(hook, "/id");
        let Some(mut call) = channel(hook, "POST").filter(|call| is_loopback(&call.url)) else {
            continue;
        };
        if events.is_empty() {
            continue;
        }
        let body = json!({
            "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
            "source": format!("{base}{EVENT_HOOKS}/{id}"), "eventId": text(events[0], "/uuid"),
            "eventTime": clock::millis(org.clock.now()), "contentType": "application/json",
            "data": { "events": events },
        });
        call.body = body.to_string().into_bytes();
        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(Due {
            hook: id.to_owned(),
            call,
            fault: faults.take_delivery(hook, &events),
        });
    }
    calls
}

/// Sends the events of the request just answered to the hooks and streams that want them, in the
/// background.
pub(crate) fn after(shared: &Arc<Shared>, request: &Request) {
    let (calls, pushes) = {
        let org = &mut *shared.org();
        let last = org.log.last_place();
        let seen = std::mem::replace(&mut org.log.delivered, last);
        let calls = due(org, &shared.faults, &request.base, seen);
        (calls, ssf::due(org, seen, &request.base))
    };
    for due in calls {
        let shared = Arc::clone(shared);
        tokio::spawn(async move { deliver(&shared, &due).await });
    }
    if !pushes.is_empty() {
        // One after the other, so that receivers learn in order what happened.
        tokio::spawn(async move {
            for push in pushes {
                transmit(push).await;
            }
        });
    }
}

/// Pushes a security event token, with one more try where the receiver cannot take it in now.
async fn transmit(push: ssf::Push) {
    let Some(url) = Url::parse(&push.url).ok().filter(is_loopback) else {
        return;
    };
    let mut headers = vec![
        (
            CONTENT_TYPE.to_string(),
            "application/secevent+jwt".to_owned(),
        ),
        (ACCEPT.to_string(), "application/json".to_owned()),
    ];
    if !push.authorization.is_empty() {
        headers.push((AUTHORIZATION.to_string(), push.authorization));
    }
    let call = Outgoing {
        method: "POST",
        url,
        headers,
        body: push.token.into_bytes(),
    };
    let answer = send(&call).await;
    if answer.is_none_or(|answer| answer.status >= 500) {
        send(&call).await;
    }
}

/// Makes one delivery, with one more try on a timeout or a 5xx, or what a fault makes of it.
async fn deliver(shared: &Shared, due: &Due) {
    let fault = due.fault.as_ref();
    match fault.and_then(|fault| fault.delivery) {
        Some(Delivery::Lost) => return,
        Some(Delivery::Doubled) => {
            send(&due.call).await;
        }
        Some(Delivery::Late) | None => {}
    }
    if let Some(time) = fault.map(|fault| fault.delay_ms).filter(|ms| *ms > 0) {
        tokio::time::sleep(Duration::from_millis(time)).await;
    }
    let mut answer = send(&due.call).await;
    if answer.as_ref().is_none_or(|answer| answer.status >= 500) {
        answer = send(&due.call).await;
    }
    let delivered = answer.is_some_and(|answer| matches!(answer.status, 200 | 204));
    if !delivered {
        let org = &mut *shared.org();
        let target = named("event_hook", &due.hook, "unknown", &due.hook);
        org.log.write_own(
            &org.clock,
            "event_hook.delivery",
            vec![target],
            "Delivery failed",
        );
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::bench::Bench;

    #[tokio::test]
    async fn nobody_is_called_for_a_stranger() {
        let bench = Bench::new();
        let body = json!({
            "name": "Hook", "events": { "type": "EVENT_TYPE", "items": ["user.lifecycle.create"] },
            "channel": { "type": "HTTP", "version": "1.0.0", "config": {
                "uri": "http://127.0.0.1:9/hook",
                "authScheme": { "type": "HEADER", "key": "x-secret", "value": "s" },
            } },
        });
        let (status, hook) = bench.call("POST", EVENT_HOOKS, Some(&body));
        assert_eq!(status, 200, "{hook}");
        let target = format!("{EVENT_HOOKS}/{}/lifecycle/verify", text(&hook, "/id"));
        for (token, called) in [
            ("SSWS none", false),
            (bench.shared.credentials.api_token.as_str(), true),
        ] {
            let mut headers = HeaderMap::new();
            let token = format!("SSWS {}", token.trim_start_matches("SSWS "));
            headers.insert(AUTHORIZATION, token.parse().expect("a header"));
            let uri = target.parse().expect("a target");
            let request = Request::new("POST", &uri, headers, Bytes::new(), "127.0.0.1:8080");
            before(&bench.shared, &request).await;
            let outcome = bench.shared.org().shelf(OUTCOMES).get(&target).cloned();
            assert_eq!(outcome.is_some(), called, "{token}");
        }
    }
}
