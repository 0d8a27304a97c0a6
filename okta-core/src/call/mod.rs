//! A call: the parts of one request, without types and without IO.

mod encode;
mod future;
mod multipart;
mod prepared;
mod untyped;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

pub use encode::QueryValue;
pub(crate) use encode::form_string;
pub(crate) use future::send;
pub use future::{BoxFuture, CallFuture, start};
pub use multipart::Part;
pub use prepared::PreparedRequest;
pub(crate) use prepared::{absolute, prepare};
pub use untyped::UntypedCall;

use crate::client::Client;
use crate::model::Value;
use crate::operation::{Operation, OperationInfo};
use crate::paging::Cursor;
use crate::retry::RetryPolicy;

/// The parts of a request to one operation, and the client to send it with.
///
/// Generated operations are thin wrappers around it; users rarely see it.
#[derive(Clone)]
pub struct Call {
    pub(crate) info: &'static OperationInfo,
    pub(crate) method: Method,
    pub(crate) template: Cow<'static, str>,
    pub(crate) client: Option<Client>,
    pub(crate) path: Vec<(Cow<'static, str>, String)>,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Body,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) options: CallOptions,
    /// A mistake of a setter that has no way to return it; told when the call is prepared.
    pub(crate) fault: Option<String>,
}

/// What may differ from the client's defaults in one call.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// Total deadline.
    pub(crate) timeout: Option<Duration>,
    /// Retry policy.
    pub(crate) retry: Option<RetryPolicy>,
}

#[derive(Clone, Default)]
pub(crate) enum Body {
    #[default]
    Empty,
    Bytes {
        content_type: Cow<'static, str>,
        bytes: Bytes,
    },
    Form(Vec<(String, String)>),
    Multipart(Vec<Part>),
}

impl Call {
    /// A call of an operation without client.
    pub fn new(info: &'static OperationInfo) -> Self {
        Self {
            info,
            method: info.method.clone(),
            template: Cow::Borrowed(info.path),
            client: None,
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            cursor: None,
            options: CallOptions::default(),
            fault: None,
        }
    }

    /// A call of an operation without client; what the operation's own `new` begins with.
    #[doc(hidden)]
    #[inline]
    pub fn of<O: Operation>() -> Self {
        Self::new(O::INFO)
    }

    /// The record of the operation.
    pub fn info(&self) -> &'static OperationInfo {
        self.info
    }

    /// The client that it is bound to.
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// The value of a query parameter as it was set, before percent-encoding.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Binds the call to a client.
    #[must_use]
    pub fn attach(mut self, client: &Client) -> Self {
        self.set_client(client);
        self
    }

    /// Binds the call to a client.
    pub fn set_client(&mut self, client: &Client) {
        self.client = Some(client.clone());
    }

    /// Sets the value of `{name}` in the path template. It is percent-encoded whole, so that any
    /// text stays one segment.
    pub fn set_path(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let name = name.into();
        self.path.retain(|(found, _)| *found != name);
        self.path.push((name, value.into()));
    }

    /// Sets a query parameter; an earlier value of the same name is replaced.
    pub fn set_query(&mut self, name: impl Into<Cow<'static, str>>, value: impl QueryValue) {
        let name = name.into();
        self.query.retain(|(found, _)| *found != name);
        self.query.push((name, value.into_query()));
    }

    /// Adds a query parameter beside others of the same name.
    pub fn add_query(&mut self, name: impl Into<Cow<'static, str>>, value: impl QueryValue) {
        self.query.push((name.into(), value.into_query()));
    }

    /// Sets a list: `name=a&name=b` if `explode`, else `name=a,b`.
    pub fn set_query_list(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        values: Vec<String>,
        explode: bool,
    ) {
        let name = name.into();
        if explode {
            self.query.retain(|(found, _)| *found != name);
            for value in values {
                self.query.push((name.clone(), value));
            }
        } else {
            self.set_query(name, values.join(","));
        }
    }

    /// Sets a request header; an invalid one fails when the call is prepared.
    pub fn set_header(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let name = name.into();
        self.headers
            .retain(|(found, _)| !found.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
    }

    /// JSON body from a model or another value of the codec.
    pub fn set_json(&mut self, value: &impl Value) {
        self.set_bytes("application/json", crate::model::encode(value));
    }

    /// `application/x-www-form-urlencoded` body.
    pub fn set_form(&mut self, fields: Vec<(String, String)>) {
        self.body = Body::Form(fields);
    }

    /// Form body whose fields are the members of a model: text, numbers and booleans as they are,
    /// lists repeated, objects as JSON text, nulls left out.
    pub fn set_form_model(&mut self, model: &impl Value) {
        match encode::form_fields(&crate::model::encode(model)) {
            Ok(fields) => self.set_form(fields),
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Body of any media type.
    pub fn set_bytes(
        &mut self,
        content_type: impl Into<Cow<'static, str>>,
        bytes: impl Into<Bytes>,
    ) {
        self.body = Body::Bytes {
            content_type: content_type.into(),
            bytes: bytes.into(),
        };
    }

    /// `multipart/form-data` body (RFC 7578).
    pub fn set_multipart(&mut self, parts: Vec<Part>) {
        self.body = Body::Multipart(parts);
    }

    /// Call option: total deadline, waits and repeats included, in place of the client's.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Goes on where a cursor points: its path and query replace those of the call.
    pub fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
    }

    /// Timeout and retry policy of this call.
    pub(crate) fn options_mut(&mut self) -> &mut CallOptions {
        &mut self.options
    }

    /// The path template, without the query that an untyped call may have written behind it.
    pub(crate) fn shown_path(&self) -> &str {
        self.template.split('?').next().unwrap_or_default()
    }

    /// The path with its values, without query.
    pub(crate) fn filled_path(&self) -> Result<String, String> {
        encode::fill_path(self.shown_path(), &self.path)
    }

    /// The value of a query parameter, that of the cursor included.
    pub(crate) fn effective_query(&self, name: &str) -> Option<String> {
        match &self.cursor {
            Some(cursor) => cursor.query(name),
            None => self
                .query
                .iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.clone()),
        }
    }
}

impl fmt::Debug for Call {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query: Vec<&str> = self.query.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("Call")
            .field("operation", &self.info.id)
            .field("method", &self.method)
            .field("path", &self.shown_path())
            .field("query", &query)
            .field("attached", &self.client.is_some())
            .finish_non_exhaustive()
    }
}
