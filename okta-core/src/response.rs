//! Answers: raw, typed, and how the one becomes the other.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result, request_id};
use crate::model::{self, Drift, Undecodable, Value, Whole};
use crate::observe::log;
use crate::operation::OperationInfo;
use crate::paging::find_items_member;

/// A successful answer as it came: status, headers, bytes.
#[derive(Clone)]
pub struct RawResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    context: Option<Arc<ResponseContext>>,
    link_is_taken: bool,
}

/// Where an answer came from.
pub(crate) struct ResponseContext {
    pub(crate) client: Client,
    pub(crate) info: &'static OperationInfo,
    pub(crate) method: Method,
    pub(crate) template: Cow<'static, str>,
    pub(crate) target: String,
    /// Path of the list that a cursor goes on with, where it differs from that of `target`.
    pub(crate) list: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

impl ResponseContext {
    /// Path of the list as it was asked for first.
    pub(crate) fn list_path(&self) -> &str {
        let path = || self.target.split('?').next().unwrap_or_default();
        self.list.as_deref().unwrap_or_else(path)
    }
}

impl RawResponse {
    /// An answer that did not come from a client, to test decoders with.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
            context: None,
            link_is_taken: false,
        }
    }

    pub(crate) fn with_context(mut self, context: ResponseContext) -> Self {
        self.context = Some(Arc::new(context));
        self
    }

    pub(crate) fn context(&self) -> Option<&ResponseContext> {
        self.context.as_deref()
    }

    /// The caller has read the link to the next page; the page is decoded without it.
    pub(crate) fn take_link(&mut self) {
        self.link_is_taken = true;
    }

    pub(crate) fn link_is_taken(&self) -> bool {
        self.link_is_taken
    }

    /// HTTP status, always a success here.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Response headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn into_headers(self) -> HeaderMap {
        self.headers
    }

    /// Body as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Gives up status and headers.
    pub fn into_body(self) -> Bytes {
        self.body
    }

    /// `X-Okta-Request-Id`.
    pub fn request_id(&self) -> Option<String> {
        request_id(&self.headers)
    }

    /// The rate limit as the answer shows it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }

    /// Decodes the body with the lossless codec.
    ///
    /// An empty body (some operations answer 202 or 204 so) is an error that says it, with the
    /// status: a value of nothing but absent members would look like data. The call itself has
    /// succeeded then; `send_raw()` accepts any body.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the body is not such a value.
    pub fn decode<T: Value>(&self) -> Result<T> {
        let mut value: Option<T> = None;
        self.decode_into(&mut value)?;
        value.ok_or_else(|| Error::new(ErrorKind::Decode, "the body holds no value"))
    }

    /// The part of [`decode`](Self::decode) that does not know the type.
    fn decode_into(&self, value: &mut dyn Whole) -> Result<()> {
        self.expect_json()?;
        let (drift, _) =
            model::decode_whole(&self.body, value).map_err(|error| self.decode_error(error))?;
        self.report_drift(drift);
        Ok(())
    }

    /// Decodes the body with serde.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the body is not such a value.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.expect_json()?;
        serde_json::from_slice(&self.body).map_err(|error| self.decode_error(error))
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if it is not UTF-8.
    pub fn text(&self) -> Result<String> {
        let charset = self
            .headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .map(str::to_ascii_lowercase)
            .unwrap_or_default();
        match std::str::from_utf8(&self.body) {
            Ok(text) => Ok(text.to_owned()),
            // Latin-1 is what SAML metadata is declared as; each byte is one code point.
            Err(_) if charset.contains("iso-8859-1") => {
                Ok(self.body.iter().map(|&byte| char::from(byte)).collect())
            }
            Err(error) => Err(self.decode_error(error)),
        }
    }

    /// Fails if the body cannot be JSON: empty, or an HTML page.
    pub(crate) fn expect_json(&self) -> Result<()> {
        let body = self.body.trim_ascii_start();
        let found = match body.first() {
            None => "the body is empty where JSON is promised",
            Some(b'<') => "the body is an HTML page where JSON is promised",
            Some(_) => return Ok(()),
        };
        let mut error = Error::new(ErrorKind::Decode, found);
        error.inner_mut().status = Some(self.status);
        error.inner_mut().body = self.body.clone();
        let error = if body.is_empty() {
            error.with_hint("the call itself succeeded; send_raw() takes any body")
        } else {
            error.with_hint(
                "a proxy, a gateway or a sign-in page answered, or the org URL is not an Okta org",
            )
        };
        Err(self.describe(error))
    }

    /// Fails if the body is an error object under a success status: a list without items must not
    /// be read from it.
    pub(crate) fn refuse_error_object(&self) -> Result<()> {
        let kind = ErrorKind::Decode;
        let mut error = Error::from_answer(kind, self.status, &self.headers, &self.body);
        if error.code().is_none() {
            return Ok(());
        }
        error.inner_mut().message = "an error object came where a list is promised".into();
        Err(self.describe(error))
    }

    /// A decode failure with all that is known about the call.
    pub(crate) fn decode_error(
        &self,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        let mut wrapped = Error::new(ErrorKind::Decode, error.to_string());
        wrapped.inner_mut().status = Some(self.status);
        wrapped.inner_mut().body = self.body.clone();
        self.describe(
            wrapped
                .with_source(error)
                .with_hint("the call itself succeeded; send_raw() gives the body as it came"),
        )
    }

    /// Adds operation, request id and attempts to an error about this answer.
    pub(crate) fn describe(&self, mut error: Error) -> Error {
        let inner = error.inner_mut();
        inner.request_id = self.request_id();
        inner.headers = self.headers.clone();
        if let Some(context) = self.context() {
            inner.operation = (!context.info.id.is_empty()).then_some(context.info);
            inner.target = Some((context.method.clone(), context.template.to_string()));
            inner.attempts = context.attempts;
            inner.elapsed = Some(context.elapsed);
        }
        error
    }

    /// The member that holds the items of a page; for untyped calls it is looked for.
    pub(crate) fn items_member(&self) -> Option<Cow<'static, str>> {
        let info = self.context()?.info;
        if info.id.is_empty() {
            return find_items_member(&self.body).map(Cow::Owned);
        }
        info.items.map(Cow::Borrowed)
    }

    pub(crate) fn report_drift(&self, drift: Vec<Drift>) {
        if let Some(context) = self.context()
            && !drift.is_empty()
        {
            context
                .client
                .report_drift(context.info, &context.template, drift);
        }
    }

    pub(crate) fn report_undecodable(&self, odd: &[Undecodable]) {
        if odd.is_empty() {
            return;
        }
        if let Some(context) = self.context() {
            context
                .client
                .stats_counters()
                .undecodable(odd.len() as u64);
            log!(
                context.client.logs(),
                WARN,
                operation = context.info.id,
                count = odd.len(),
                request_id = self.request_id(),
                "items of a page could not be decoded; they are kept raw in the page"
            );
        }
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A decoded answer with its status and headers.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response<T> {
    /// The decoded value.
    pub value: T,
    /// HTTP status.
    pub status: StatusCode,
    /// Response headers.
    pub headers: HeaderMap,
}

impl<T> Response<T> {
    pub(crate) fn decode(raw: RawResponse, decode: fn(RawResponse) -> Result<T>) -> Result<Self> {
        let (status, headers) = (raw.status, raw.headers.clone());
        Ok(Self {
            value: decode(raw)?,
            status,
            headers,
        })
    }

    /// `X-Okta-Request-Id`.
    pub fn request_id(&self) -> Option<String> {
        request_id(&self.headers)
    }

    /// The rate limit as the answer shows it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }

    /// `ETag` as sent, weak prefix and quotes included: what `If-Match` takes.
    pub fn etag(&self) -> Option<&str> {
        self.headers.get(http::header::ETAG)?.to_str().ok()
    }

    /// Gives up status and headers.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// The `X-Rate-Limit-*` headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Calls allowed in the window; 0 on the 429 of the concurrency limit.
    pub limit: u64,
    /// Calls left in the window.
    pub remaining: u64,
    /// End of the window, by the service's clock.
    pub reset: jiff::Timestamp,
}

impl RateLimit {
    /// Reads the headers; where one comes several times, the smallest value counts.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| {
            headers
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .filter_map(|value| value.trim().parse::<u64>().ok())
                .min()
        };
        let reset = i64::try_from(number("x-rate-limit-reset")?).ok()?;
        Some(Self {
            limit: number("x-rate-limit-limit")?,
            remaining: number("x-rate-limit-remaining")?,
            reset: jiff::Timestamp::from_second(reset).ok()?,
        })
    }

    /// True for the 429 that means "too many at once" rather than "too many a minute".
    pub(crate) fn is_concurrency(&self) -> bool {
        self.limit == 0 && self.remaining == 0
    }
}
