//! Spans with the field names of OpenTelemetry's conventions for HTTP clients.

use tracing::field::Empty;
use tracing::{Level, Span};

use super::{CallReport, Logs};
use crate::call::PreparedRequest;
use crate::config::Origin;

/// One call, over all its attempts.
pub(crate) fn call_span(logs: Logs, request: &PreparedRequest, bucket: &str) -> Span {
    if !logs.has(Level::INFO) {
        return Span::none();
    }
    tracing::span!(
        Level::INFO,
        "okta.call",
        otel.name = name(request),
        http.request.method = request.method.as_str(),
        url.template = &*request.template,
        http.response.status_code = Empty,
        error.type = Empty,
        okta.operation = request.info.id,
        okta.bucket = bucket,
        okta.request_id = Empty,
        okta.attempts = Empty,
        okta.waited_ms = Empty,
    )
}

fn name(request: &PreparedRequest) -> &str {
    match request.info.id {
        "" => request.method.as_str(),
        id => id,
    }
}

pub(crate) fn end_call(span: &Span, call: &CallReport<'_>) {
    if let Some(status) = call.status {
        span.record("http.response.status_code", status);
    }
    if let Some(kind) = call.error {
        span.record(
            "error.type",
            error_type(call.status.filter(|s| *s >= 400), &format!("{kind:?}")),
        );
    }
    if let Some(id) = call.request_id {
        span.record("okta.request_id", id);
    }
    span.record("okta.attempts", call.attempts);
    span.record(
        "okta.waited_ms",
        u64::try_from(call.waited.as_millis()).unwrap_or(u64::MAX),
    );
}

/// The status where the service answered, else what happened.
fn error_type(status: Option<u16>, otherwise: &str) -> String {
    status.map_or_else(|| otherwise.to_owned(), |status| status.to_string())
}

/// One attempt; `number` is 1 for the first.
pub(crate) fn attempt_span(
    logs: Logs,
    origin: &Origin,
    request: &PreparedRequest,
    number: u32,
    bucket: &str,
) -> Span {
    if !logs.has(Level::INFO) {
        return Span::none();
    }
    let url = format!(
        "{origin}{}{}",
        request.template,
        shown_query(request.uri.query())
    );
    http_span(
        origin,
        request.method.as_str(),
        &request.template,
        &url,
        number,
        request.info.id,
        bucket,
    )
}

/// An attempt ended with an answer.
pub(crate) fn end_attempt(span: &Span, status: &http::StatusCode, request_id: Option<&str>) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_client_error() || status.is_server_error() {
        span.record("error.type", status.as_str());
    }
    if let Some(id) = request_id {
        span.record("okta.request_id", id);
    }
}

/// A request of the credential's own.
pub(crate) fn token_span(logs: Logs, origin: &Origin, method: &str, path: &str) -> Span {
    if !logs.has(Level::INFO) {
        return Span::none();
    }
    http_span(
        origin,
        method,
        path,
        &format!("{origin}{path}"),
        1,
        "token",
        "",
    )
}

fn http_span(
    origin: &Origin,
    method: &str,
    template: &str,
    url: &str,
    number: u32,
    operation: &str,
    bucket: &str,
) -> Span {
    let span = tracing::span!(
        Level::INFO,
        "okta.http",
        otel.name = format_args!("{method} {template}"),
        otel.kind = "client",
        http.request.method = method,
        url.full = url,
        url.template = template,
        server.address = origin.url().host_str().unwrap_or_default(),
        server.port = origin.url().port_or_known_default().unwrap_or(443),
        http.response.status_code = Empty,
        http.request.resend_count = Empty,
        error.type = Empty,
        okta.operation = operation,
        okta.bucket = bucket,
        okta.request_id = Empty,
    );
    if number > 1 {
        span.record("http.request.resend_count", number - 1);
    }
    span
}

/// Names of the query's parameters without their values, but for those that only shape a page.
fn shown_query(query: Option<&str>) -> String {
    let mut text = String::new();
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        let plain = matches!(name, "limit" | "sortOrder" | "expand")
            && value.len() <= 40
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        text.push_str(if plain { value } else { "REDACTED" });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_lose_their_values() {
        for (query, shown) in [
            (None, ""),
            (Some(""), ""),
            (Some("search=a%20b&limit=5"), "?search=REDACTED&limit=5"),
            (Some("token=x&flag"), "?token=REDACTED&flag=REDACTED"),
            (Some("limit=a@b"), "?limit=REDACTED"),
        ] {
            assert_eq!(shown_query(query), shown);
        }
    }
}
