//! The future of a call: a non-generic send and a typed last step.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Call;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::response::RawResponse;

/// A boxed future that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A call under way. Everything up to the bytes is not generic; the decoder is a function pointer.
#[must_use = "a future does nothing until it is awaited"]
pub struct CallFuture<T> {
    raw: BoxFuture<Result<RawResponse>>,
    decode: fn(RawResponse) -> Result<T>,
}

impl<T> CallFuture<T> {
    #[doc(hidden)]
    pub fn new(call: Call, decode: fn(RawResponse) -> Result<T>) -> Self {
        Self {
            raw: send(call),
            decode,
        }
    }

    pub(crate) fn from_raw(
        raw: BoxFuture<Result<RawResponse>>,
        decode: fn(RawResponse) -> Result<T>,
    ) -> Self {
        Self { raw, decode }
    }
}

/// Sends the call of an operation; what its `IntoFuture` does.
#[doc(hidden)]
#[inline]
pub fn start<O: Operation>(call: Call) -> CallFuture<O::Output> {
    CallFuture::new(call, O::DECODE)
}

/// Sends a call with the client it is attached to.
pub(crate) fn send(call: Call) -> BoxFuture<Result<RawResponse>> {
    match call.client.clone() {
        Some(client) => client.execute(call),
        None => Box::pin(std::future::ready(Err(detached()))),
    }
}

pub(crate) fn detached() -> Error {
    Error::request("the operation is not attached to a client").with_hint(
        "send it with client.send(operation), or get it from the client: client.users().list()",
    )
}

impl Client {
    pub(crate) fn execute(&self, call: Call) -> BoxFuture<Result<RawResponse>> {
        match self.prepare(&call) {
            Ok(request) => self.execute_prepared(request),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

impl<T> Future for CallFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.raw.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(raw) => Poll::Ready(raw.and_then(self.decode)),
        }
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallFuture")
    }
}
