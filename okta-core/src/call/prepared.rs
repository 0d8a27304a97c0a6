//! A request that is complete but for its credentials.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use url::Url;

use super::encode::{form_string, query_string};
use super::{Body, Call, CallOptions, multipart};
use crate::error::{Error, Result};
use crate::operation::OperationInfo;

/// A request as it will be sent, without credentials: to be shown, audited or sent later with
/// [`Client::send_prepared`](crate::Client::send_prepared).
///
/// `Debug` shows no query values, header values or body; the accessors give them.
#[derive(Clone)]
pub struct PreparedRequest {
    pub(crate) info: &'static OperationInfo,
    pub(crate) template: Cow<'static, str>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) options: CallOptions,
    /// Path of the list as it was asked for, if a cursor leads to another one.
    pub(crate) list: Option<String>,
}

impl PreparedRequest {
    /// HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Absolute URI.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Headers, without `Authorization`.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Body; empty if there is none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The record of the operation.
    pub fn operation(&self) -> &'static OperationInfo {
        self.info
    }
}

impl fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedRequest")
            .field("method", &self.method)
            .field("host", &self.uri.host().unwrap_or_default())
            .field("path", &self.template)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Puts the parts of a call together; `origin` is scheme, host and port without trailing slash.
pub(crate) fn prepare(call: &Call, origin: &str) -> Result<PreparedRequest> {
    let fail = |message: String| {
        let mut error = Error::request(message);
        error.inner_mut().operation = named(call.info);
        error.inner_mut().target = Some((call.method.clone(), call.shown_path().to_owned()));
        error
    };
    if let Some(fault) = &call.fault {
        return Err(fail(fault.clone()));
    }
    let target = match &call.cursor {
        Some(cursor) => {
            cursor.check(call, origin).map_err(|mut error| {
                error.inner_mut().operation = named(call.info);
                error
            })?;
            cursor.target().to_owned()
        }
        None => {
            let given = call.template.split_once('?').map_or("", |(_, query)| query);
            let mut target = call.filled_path().map_err(fail)?;
            let query = query_string(&call.query);
            let joined = [given, &query].into_iter().filter(|part| !part.is_empty());
            for (index, part) in joined.enumerate() {
                target.push(if index == 0 { '?' } else { '&' });
                target.push_str(part);
            }
            target
        }
    };
    let uri = absolute(origin, &target).map_err(fail)?;
    let (content_type, body) = body(&call.body);
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, accept(call.info));
    if let Some(kind) = content_type {
        let kind = HeaderValue::try_from(&*kind)
            .map_err(|_| fail(format!("the content type {kind:?} is not a header value")))?;
        headers.insert(CONTENT_TYPE, kind);
    } else if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
        // The service refuses a write without length (411).
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    for (name, value) in &call.headers {
        let name = HeaderName::try_from(&**name)
            .map_err(|_| fail(format!("{name:?} is not a header name")))?;
        if name == http::header::AUTHORIZATION {
            return Err(fail(
                "Authorization is set by the client's credential; give the client another credential instead"
                    .into(),
            ));
        }
        // The value is not shown: it may be a secret.
        let value = HeaderValue::try_from(value).map_err(|_| {
            fail(format!(
                "the value of header {name} contains line ends or control characters"
            ))
        })?;
        headers.insert(name, value);
    }
    Ok(PreparedRequest {
        info: call.info,
        template: match &call.template {
            // The query may hold secrets; the template is shown in errors and logs.
            Cow::Borrowed(template) => template.split('?').next().unwrap_or_default().into(),
            Cow::Owned(_) => call.shown_path().to_owned().into(),
        },
        method: call.method.clone(),
        uri,
        headers,
        body,
        options: call.options.clone(),
        list: call.cursor.as_ref().map(|cursor| cursor.list().to_owned()),
    })
}

/// The record, unless it stands for calls outside of the tables.
fn named(info: &'static OperationInfo) -> Option<&'static OperationInfo> {
    (!info.id.is_empty()).then_some(info)
}

/// Origin and target as one canonical URI. It goes through the same URL parser as the transport's,
/// so that what is signed is what is sent.
pub(crate) fn absolute(origin: &str, target: &str) -> Result<Uri, String> {
    if !target.starts_with('/') || target.starts_with("//") {
        let path = target.split('?').next().unwrap_or_default();
        return Err(format!("the path {path:?} must start with one slash"));
    }
    let url = Url::parse(&format!("{origin}{target}"))
        .map_err(|error| format!("path and query are not a URL: {error}"))?;
    if url.fragment().is_some() {
        return Err("the path contains '#', which starts a fragment; encode it as %23".into());
    }
    let sent = url.path();
    let asked = target.split('?').next().unwrap_or_default();
    if sent.matches('/').count() != asked.matches('/').count() {
        return Err("the path contains a segment \".\" or \"..\"".into());
    }
    Uri::try_from(url.as_str()).map_err(|error| format!("path and query are not a URI: {error}"))
}

fn body(body: &Body) -> (Option<Cow<'static, str>>, Bytes) {
    match body {
        Body::Empty => (None, Bytes::new()),
        Body::Bytes {
            content_type,
            bytes,
        } => (Some(content_type.clone()), bytes.clone()),
        Body::Form(fields) => (
            Some("application/x-www-form-urlencoded".into()),
            form_string(fields).into(),
        ),
        Body::Multipart(parts) => {
            let (boundary, bytes) = multipart::encode(parts);
            (
                Some(format!("multipart/form-data; boundary={boundary}").into()),
                bytes.into(),
            )
        }
    }
}

/// The media types of the documented successes.
fn accept(info: &OperationInfo) -> HeaderValue {
    let mut kinds: Vec<&str> = Vec::new();
    for response in info.responses {
        if (200..300).contains(&response.status)
            && !response.media.is_empty()
            && !kinds.contains(&response.media)
        {
            kinds.push(response.media);
        }
    }
    HeaderValue::try_from(kinds.join(", "))
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or(HeaderValue::from_static("application/json"))
}
