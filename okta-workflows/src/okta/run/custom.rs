//! The generic card: any method and path of the org.

use okta_core::call::UntypedCall;
use okta_core::{Client, ErrorKind};

use super::Cx;
use crate::card::types::{Object, Value};
use crate::error::CardError;
use crate::generated::okta::actions::*;
use crate::run::{self, Outputs, Run, Stream};

pub(crate) async fn custom_api_action(cx: &Cx<'_>, card: CustomApiAction) -> Outputs {
    use custom_api_action::RequestTypeChoice as Method;
    let input = card.input;
    let request = input.request;
    let streams = card.options.request_type == Method::GetStreaming;
    let method = if streams {
        "GET"
    } else {
        card.options.request_type.as_str()
    };
    let call = relative(
        cx,
        cx.service,
        method,
        &request.relative_url,
        "request.relative_url",
        request.query,
        request.headers,
        request.body,
    )?;
    if !streams {
        return send(cx, call).await;
    }
    let stream = Stream {
        flow: input.streaming.flow,
        record_limit: input.list_criteria.record_limit,
        limit_field: "list_criteria.record_limit",
        ..Default::default()
    };
    let mut sink = cx.sink(stream)?;
    let mut pages = call.clone().pages();
    let mut begun = false;
    while sink.more() {
        match pages.try_next().await {
            Ok(None) => break,
            // A single object with a list of texts in it looks like a page of them.
            Ok(Some(page))
                if !begun
                    && page
                        .items
                        .iter()
                        .any(|item| !item.as_str().starts_with('{')) =>
            {
                let raw = call.await?;
                match run::body(raw.body()) {
                    record @ Value::Object(_) => cx.accept(&mut sink, record, &[]).await?,
                    _ => return Err(cx.odd("the records are no objects")),
                }
                break;
            }
            Ok(Some(page)) => {
                begun = true;
                for item in page.items {
                    if !sink.more() {
                        break;
                    }
                    let item = item.to().map_err(|_| cx.odd("a record is no JSON"))?;
                    cx.accept(&mut sink, item, &[]).await?;
                }
            }
            // An answer that is no list is one record.
            Err(error) if error.kind() == ErrorKind::Decode && !error.body().is_empty() => {
                match run::body(error.body()) {
                    record @ Value::Object(_) => cx.accept(&mut sink, record, &[]).await?,
                    _ => return Err(error.into()),
                }
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(cx.gathered(sink, &[]))
}

/// Sends a call and shows status, headers and body.
pub(crate) async fn send<S: Sync>(cx: &Run<'_, S>, call: UntypedCall) -> Outputs {
    let raw = call.await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "status_code", raw.status().as_u16());
    cx.put(&mut outputs, "headers", run::headers(raw.headers()));
    cx.put(&mut outputs, "body", run::body(raw.body()));
    Ok(outputs)
}

/// A call of a relative URL. An absolute one would send the token elsewhere and is refused.
#[allow(clippy::too_many_arguments)]
pub(crate) fn relative<S: Sync>(
    cx: &Run<'_, S>,
    client: &Client,
    method: &str,
    url: &str,
    field: &str,
    query: Option<Object>,
    headers: Option<Object>,
    body: Option<Value>,
) -> Result<UntypedCall, CardError> {
    let url = url.trim();
    if url.contains("://") || url.starts_with("//") {
        return Err(cx.invalid(
            field,
            "expected a path of the service, such as /api/v1/users, not a whole URL",
        ));
    }
    // Braces would be places to fill in.
    let path = format!("/{}", url.trim_start_matches('/'))
        .replace('{', "%7B")
        .replace('}', "%7D");
    let mut call = client.call(method, path);
    for (name, value) in query.into_iter().flatten() {
        for value in each(value) {
            call = call.query(name.clone(), value);
        }
    }
    for (name, value) in headers.into_iter().flatten() {
        if name.eq_ignore_ascii_case("authorization") {
            return Err(cx.invalid("request.headers", "Authorization is set by the connection"));
        }
        for value in each(value) {
            call = call.header(name.clone(), value);
        }
    }
    let nothing = match &body {
        None | Some(Value::Null) => true,
        Some(Value::Object(object)) => method == "GET" && object.is_empty(),
        Some(value) => *value == "",
    };
    Ok(match body {
        None => call,
        Some(_) if nothing => call,
        Some(body) if method != "GET" => call.json(&body),
        Some(_) => return Err(cx.invalid("request.body", "a GET request has no body")),
    })
}

/// The texts of a value: a list gives several.
fn each(value: Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.into_iter().flat_map(each).collect(),
        Value::Null => Vec::new(),
        Value::String(text) => vec![text],
        other => vec![other.to_string()],
    }
}
