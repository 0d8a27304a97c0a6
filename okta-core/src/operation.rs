//! Operations as data, and the two traits that every generated operation implements.

use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use crate::call::{BoxFuture, Call, CallFuture, PreparedRequest};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::model::{DecodeError, Recoded, Value};
use crate::paging::{Cursor, ItemStream, Page, PageStream};
use crate::response::{RawResponse, Response};
use crate::retry::RetryPolicy;

/// Everything that is known about one operation: one record, read by the send path, by docs and by
/// tools.
#[derive(Debug)]
pub struct OperationInfo {
    /// `operationId` of the API description: `listUsers`.
    pub id: &'static str,
    /// `management`, `governance` or `oauth`.
    pub api: &'static str,
    /// Path of the Rust type inside its crate: `users::List`.
    pub rust_name: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path template: `/api/v1/users/{userId}`.
    pub path: &'static str,
    /// Path, query and header parameters.
    pub parameters: &'static [Parameter],
    /// Scopes that a token needs, all of them; `.manage` satisfies `.read`.
    pub scopes: &'static [&'static str],
    /// Permissions that a custom admin role needs.
    pub permissions: &'static [&'static str],
    /// Standard admin roles that may call it.
    pub roles: &'static [&'static str],
    /// Release stage.
    pub lifecycle: Lifecycle,
    /// The API description marks it as deprecated.
    pub deprecated: bool,
    /// Release that introduced it.
    pub since: Option<&'static str>,
    /// Media types of the request body; empty if it has none.
    pub request_media: &'static [&'static str],
    /// Documented answers.
    pub responses: &'static [ResponseInfo],
    /// How its list is paged.
    pub paging: Paging,
    /// Member of the answer object that holds the items; `None` if the answer is the array itself.
    pub items: Option<&'static str>,
    /// Largest accepted `limit`.
    pub max_limit: Option<u32>,
    /// Repeating it after a lost answer does no harm.
    pub idempotent: bool,
    /// Rate-limit bucket.
    pub bucket: &'static str,
    /// Needs no authentication; no credential is sent.
    pub public: bool,
}

/// A parameter of an operation.
#[derive(Debug)]
pub struct Parameter {
    /// Wire name.
    pub name: &'static str,
    /// Where it goes.
    pub location: Location,
    /// The operation cannot be called without it.
    pub required: bool,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// A request header.
    Header,
}

/// A documented answer.
#[derive(Debug)]
pub struct ResponseInfo {
    /// HTTP status.
    pub status: u16,
    /// Media type; empty if the answer has no body.
    pub media: &'static str,
}

/// Release stage of an operation.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// Generally available.
    Ga,
    /// Generally available to some orgs.
    LimitedGa,
    /// Early access: an admin turns it on.
    Ea,
    /// Beta: Okta turns it on.
    Beta,
    /// Withdrawn, or to be withdrawn.
    Deprecated,
}

/// How a list is paged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Paging {
    /// Not paged.
    None,
    /// `Link` headers (RFC 8288).
    Link,
    /// `_links.next` in the body.
    Body,
}

impl OperationInfo {
    /// True if the operation has a query parameter of this name.
    pub fn has_query(&self, name: &str) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter.location == Location::Query && parameter.name == name)
    }

    /// True for a list that is polled rather than ended: without `until` and in ascending order its
    /// next link never stops.
    pub(crate) fn can_be_polled(&self) -> bool {
        self.paging == Paging::Link
            && ["since", "until", "after", "sortOrder"]
                .iter()
                .all(|name| self.has_query(name))
    }
}

/// Decodes and encodes the body of one answer, types erased.
pub type Recode = fn(&[u8]) -> Result<Recoded, DecodeError>;

/// One line of a generated crate's run-time list of operations.
#[derive(Debug)]
pub struct OperationEntry {
    /// The record.
    pub info: &'static OperationInfo,
    /// Decoders by status.
    pub responses: &'static [(u16, Recode)],
    /// Decoder of the request body.
    pub request: Option<Recode>,
}

/// A typed operation: a [`Call`] that knows what its answer is.
///
/// Implemented by [`operation!`](crate::operation!). Every operation is also `IntoFuture`:
/// `.await` sends it and decodes the answer.
pub trait Operation: Sized + Send + 'static {
    /// What the answer decodes to.
    type Output: Send + 'static;

    /// The record of this operation.
    const INFO: &'static OperationInfo;

    /// The parts of the request.
    fn call(&self) -> &Call;

    /// The parts of the request, to change them.
    fn call_mut(&mut self) -> &mut Call;

    /// What the answer is on the wire.
    #[doc(hidden)]
    type Answer: Answer<Output = Self::Output>;

    /// Decodes an answer of this operation; fails with [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the answer
    /// is not what is promised.
    const DECODE: fn(RawResponse) -> Result<Self::Output, Error> = <Self::Answer as Answer>::decode;

    /// Gives up the type and keeps the parts.
    fn into_call(mut self) -> Call {
        std::mem::replace(self.call_mut(), Call::new(Self::INFO))
    }

    /// Decodes an answer of this operation.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the answer is not what is promised.
    fn decode(raw: RawResponse) -> Result<Self::Output, Error> {
        Self::DECODE(raw)
    }

    /// Binds the operation to a client.
    #[must_use]
    fn attach(mut self, client: &Client) -> Self {
        self.call_mut().set_client(client);
        self
    }

    /// Call option: adds a request header, or replaces one.
    #[must_use]
    fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.call_mut().set_header(name.into(), value);
        self
    }

    /// Call option: adds a query parameter that this version of the SDK does not know.
    #[must_use]
    fn with_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.call_mut().add_query(name.into(), value.into());
        self
    }

    /// Call option: total deadline, waits and repeats included, from the moment it is sent. In a
    /// stream it counts for each page.
    #[must_use]
    fn with_timeout(mut self, timeout: Duration) -> Self {
        self.call_mut().options_mut().timeout = Some(timeout);
        self
    }

    /// Call option: another retry policy for this call.
    #[must_use]
    fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.call_mut().options_mut().retry = Some(policy);
        self
    }

    /// The request as it would be sent, without credentials and without IO.
    ///
    /// # Errors
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) if a path value is empty, `.` or `..`, or
    /// a header is invalid.
    fn prepare(&self, client: &Client) -> Result<PreparedRequest, Error> {
        client.prepare(self.call())
    }

    /// Sends it and keeps status and headers beside the decoded value.
    ///
    /// The future fails with [`ErrorKind::Request`](crate::ErrorKind::Request) if no client is
    /// attached, else with whatever the call fails with.
    fn send(self) -> CallFuture<Response<Self::Output>> {
        CallFuture::new(self.into_call(), |raw| Response::decode(raw, Self::DECODE))
    }

    /// Sends it and gives status, headers and bytes of any 2xx answer.
    fn send_raw(self) -> CallFuture<RawResponse> {
        CallFuture::new(self.into_call(), Ok)
    }
}

/// What an answer is on the wire, and so how it is decoded.
#[doc(hidden)]
pub trait Answer {
    /// What it decodes to.
    type Output;

    /// Decodes it.
    fn decode(raw: RawResponse) -> Result<Self::Output>;
}

/// A JSON body.
#[doc(hidden)]
#[derive(Debug)]
pub struct JsonAnswer<T>(PhantomData<T>);

impl<T: Value> Answer for JsonAnswer<T> {
    type Output = T;

    fn decode(raw: RawResponse) -> Result<T> {
        raw.decode()
    }
}

impl<T: Value> Answer for Page<T> {
    type Output = Self;

    fn decode(raw: RawResponse) -> Result<Self> {
        crate::paging::decode_page(raw)
    }
}

impl Answer for () {
    type Output = ();

    fn decode(_raw: RawResponse) -> Result<()> {
        Ok(())
    }
}

impl Answer for String {
    type Output = Self;

    fn decode(raw: RawResponse) -> Result<Self> {
        raw.text()
    }
}

impl Answer for Bytes {
    type Output = Self;

    fn decode(raw: RawResponse) -> Result<Self> {
        Ok(raw.into_body())
    }
}

/// An operation whose answer is one page of a list.
pub trait Paged: Operation<Output = Page<Self::Item>> {
    /// An element of the list.
    type Item: Value + Send + 'static;

    /// All items of all pages, one after the other, each page fetched when it is needed.
    ///
    /// Items that cannot be decoded are skipped here and counted by
    /// [`ItemStream::undecodable`]; use [`pages`](Self::pages) to see them.
    fn items(self) -> ItemStream<Self::Item> {
        ItemStream::new(self.pages(), crate::paging::decode_some::<Self::Item>)
    }

    /// All pages, each with its cursor and headers.
    fn pages(self) -> PageStream<Self::Item> {
        PageStream::new(self.into_call(), Self::DECODE)
    }

    /// How many items the list has, by reading all pages: one page at a time in memory, no item
    /// decoded.
    ///
    /// The future fails with whatever the call for a page fails with.
    fn count(self) -> BoxFuture<Result<u64>> {
        crate::paging::count(self.into_call())
    }

    /// Goes on where a cursor points. Other query values of this operation are ignored: the cursor
    /// carries those of the list that it came from. A cursor of another list or org is an error of
    /// kind [`Paging`](crate::ErrorKind::Paging) when the page is fetched.
    #[must_use]
    fn resume(mut self, cursor: Cursor) -> Self {
        self.call_mut().set_cursor(cursor);
        self
    }
}

/// Implements [`Operation`] (and [`Paged`]) for a struct with a `call: Call` field.
///
/// ```
/// use okta_core::{Call, Json};
///
/// # static INFO: okta_core::OperationInfo = okta_core::OperationInfo {
/// #     id: "getThing", api: "example", rust_name: "", method: okta_core::http::Method::GET,
/// #     path: "/things/{id}", parameters: &[], scopes: &["okta.things.read"], permissions: &[], roles: &[],
/// #     lifecycle: okta_core::operation::Lifecycle::Ga, deprecated: false, since: None,
/// #     request_media: &[], responses: &[], paging: okta_core::operation::Paging::None, items: None,
/// #     max_limit: None, idempotent: true, bucket: "", public: false,
/// # };
/// # #[derive(Clone)] pub struct List { call: Call }
/// # #[derive(Clone)] pub struct Delete { call: Call }
/// # #[derive(Clone)] pub struct Metadata { call: Call }
/// # #[derive(Clone)] pub struct Download { call: Call }
/// #[derive(Clone)]
/// pub struct Get {
///     call: Call,
/// }
/// // INFO: an `OperationInfo`, constant, static or written out
/// okta_core::operation!(Get, INFO, json Json);      // .await -> Json, or any model
/// okta_core::operation!(List, INFO, page Json);     // .await -> Page<Json>
/// okta_core::operation!(Delete, INFO, empty);       // .await -> ()
/// okta_core::operation!(Metadata, INFO, text);      // .await -> String
/// okta_core::operation!(Download, INFO, bytes);     // .await -> bytes::Bytes
/// ```
#[macro_export]
macro_rules! operation {
    ($op:ident, $info:expr, page $item:ty) => {
        $crate::operation!(@base $op, $info, $crate::Page<$item>, $crate::Page<$item>);
        impl $crate::operation::Paged for $op {
            type Item = $item;
        }
    };
    ($op:ident, $info:expr, json $output:ty) => {
        $crate::operation!(@base $op, $info, $output, $crate::operation::JsonAnswer<$output>);
    };
    ($op:ident, $info:expr, empty) => {
        $crate::operation!(@base $op, $info, (), ());
    };
    ($op:ident, $info:expr, text) => {
        $crate::operation!(@base $op, $info, ::std::string::String, ::std::string::String);
    };
    ($op:ident, $info:expr, bytes) => {
        $crate::operation!(@base $op, $info, $crate::__private::Bytes, $crate::__private::Bytes);
    };
    (@base $op:ident, $info:expr, $output:ty, $answer:ty) => {
        impl $crate::operation::Operation for $op {
            type Output = $output;
            const INFO: &'static $crate::operation::OperationInfo = &$info;
            type Answer = $answer;
            #[inline]
            fn call(&self) -> &$crate::Call {
                &self.call
            }
            #[inline]
            fn call_mut(&mut self) -> &mut $crate::Call {
                &mut self.call
            }
        }
        impl ::core::fmt::Debug for $op {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.call, f)
            }
        }
        impl ::std::future::IntoFuture for $op {
            type Output = $crate::Result<$output>;
            type IntoFuture = $crate::call::CallFuture<$output>;
            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                $crate::call::start::<Self>(self.call)
            }
        }
    };
}
