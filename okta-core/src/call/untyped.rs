//! The untyped hatch: any method and path, with the client's auth, retry, paging and errors.

use std::borrow::Cow;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::Serialize;

use super::encode::QueryValue;
use super::{BoxFuture, Call, CallFuture, Part, PreparedRequest};
use crate::client::Client;
use crate::error::Result;
use crate::model::{Json, Value};
use crate::operation::{Lifecycle, OperationInfo, Paging};
use crate::paging::{Cursor, ItemStream, PageStream, count, decode_page, decode_some};
use crate::response::RawResponse;
use crate::retry::RetryPolicy;

/// Stands for calls that are not in the tables; recognised by its empty id.
static UNTYPED: OperationInfo = record(false);
static UNTYPED_IDEMPOTENT: OperationInfo = record(true);

const fn record(idempotent: bool) -> OperationInfo {
    OperationInfo {
        id: "",
        api: "",
        rust_name: "",
        method: Method::GET,
        path: "",
        parameters: &[],
        scopes: &[],
        permissions: &[],
        roles: &[],
        lifecycle: Lifecycle::Ga,
        deprecated: false,
        since: None,
        request_media: &[],
        responses: &[],
        paging: Paging::Link,
        items: None,
        max_limit: None,
        idempotent,
        bucket: "",
        public: false,
    }
}

/// A call of anything the SDK does not know yet; from [`Client::call`].
///
/// `.await` gives a [`RawResponse`]; [`pages`](Self::pages) and [`items`](Self::items) follow both
/// link styles.
#[derive(Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct UntypedCall {
    call: Call,
}

impl UntypedCall {
    pub(crate) fn new(client: &Client, method: Option<Method>, path: Cow<'static, str>) -> Self {
        let fault = method
            .is_none()
            .then(|| "the HTTP method is not valid".to_owned());
        let method = method.unwrap_or(Method::GET);
        let idempotent = matches!(
            method,
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS
        );
        let info = if idempotent {
            &UNTYPED_IDEMPOTENT
        } else {
            &UNTYPED
        };
        let mut call = Call::new(info);
        call.method = method;
        call.template = path;
        call.set_client(client);
        call.fault = fault;
        Self { call }
    }

    /// Fills `{name}` of the path; any text stays one segment.
    pub fn path(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.call.set_path(name, value);
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl QueryValue) -> Self {
        self.call.add_query(name, value);
        self
    }

    /// Sets a request header.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.call.set_header(name, value);
        self
    }

    /// JSON body from anything that serializes; a value that does not fails when it is sent.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.call.set_bytes("application/json", bytes),
            Err(error) => self.call.fault = Some(format!("the body does not serialize: {error}")),
        }
        self
    }

    /// JSON body from a model of the SDK.
    pub fn model(mut self, body: &impl Value) -> Self {
        self.call.set_json(body);
        self
    }

    /// `application/x-www-form-urlencoded` body.
    pub fn form(mut self, fields: Vec<(String, String)>) -> Self {
        self.call.set_form(fields);
        self
    }

    /// `multipart/form-data` body.
    pub fn multipart(mut self, parts: Vec<Part>) -> Self {
        self.call.set_multipart(parts);
        self
    }

    /// Body of any media type.
    pub fn body(
        mut self,
        content_type: impl Into<Cow<'static, str>>,
        bytes: impl Into<Bytes>,
    ) -> Self {
        self.call.set_bytes(content_type, bytes);
        self
    }

    /// Call option: total deadline.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.call.options.timeout = Some(timeout);
        self
    }

    /// Call option: retry policy.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.call.options.retry = Some(policy);
        self
    }

    /// Goes on where a cursor of an untyped call points.
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.call.set_cursor(cursor);
        self
    }

    /// The request as it would be sent, without credentials.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for a path, header or body that cannot be
    /// sent.
    pub fn prepare(&self) -> Result<PreparedRequest> {
        match &self.call.client {
            Some(client) => client.prepare(&self.call),
            None => Err(super::future::detached()),
        }
    }

    /// All pages of a list of raw JSON values. The list is the answer itself, its member `data`, or
    /// its only array member.
    pub fn pages(self) -> PageStream<Json> {
        PageStream::new(self.call, decode_page::<Json>)
    }

    /// All items of all pages as raw JSON values.
    pub fn items(self) -> ItemStream<Json> {
        ItemStream::new(self.pages(), decode_some::<Json>)
    }

    /// How many items all pages have together.
    ///
    /// The future fails with whatever the call for a page fails with.
    pub fn count(self) -> BoxFuture<Result<u64>> {
        count(self.call)
    }
}

impl IntoFuture for UntypedCall {
    type Output = Result<RawResponse>;
    type IntoFuture = CallFuture<RawResponse>;

    fn into_future(self) -> Self::IntoFuture {
        CallFuture::new(self.call, Ok)
    }
}

impl fmt::Debug for UntypedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}
