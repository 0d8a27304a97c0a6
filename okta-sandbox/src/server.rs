//! The HTTP server: accepts, reads whole requests, writes answers, breaks connections on demand.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::exchange::{Answer, Request};
use crate::pipeline::{self, Shared};

/// Accepts until the task is aborted; then all connections end with it.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&shared)));
                } else {
                    // Out of sockets: wait for connections to end.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Small answers must not wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { respond(&shared, request).await }
    });
    // A dropped connection is the client's to see, not ours.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The connection shall be closed.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was dropped on demand")
    }
}

impl std::error::Error for Dropped {}

async fn respond(
    shared: &Shared,
    request: http::Request<Incoming>,
) -> Result<Response<Payload>, Dropped> {
    let flight = shared.begin();
    let (head, body) = request.into_parts();
    let unsized_body = matches!(head.method.as_str(), "POST" | "PUT")
        && !head.headers.contains_key("content-length")
        && !head.headers.contains_key("transfer-encoding");
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let own_host = shared
        .credentials
        .base
        .strip_prefix("http://")
        .unwrap_or_default();
    let request = Request::new(
        head.method.as_str(),
        &head.uri,
        head.headers,
        body,
        own_host,
    );
    if unsized_body {
        return Ok(write(Answer::empty(411), None));
    }
    let control = request.path.starts_with("/_sandbox/");
    let effect = if control {
        None
    } else {
        shared.faults().take(&request)
    };
    if let Some(delay) = effect.as_ref().map(|e| e.delay_ms).filter(|d| *d > 0) {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let answer = pipeline::answer(shared, &request, effect.as_ref(), &flight);
    if effect.as_ref().is_some_and(|e| e.drop) {
        return Err(Dropped);
    }
    Ok(write(answer, effect.and_then(|e| e.truncate)))
}

fn write(answer: Answer, truncate: Option<usize>) -> Response<Payload> {
    let declared = answer.body.len();
    let mut body = Bytes::from(answer.body);
    let broken = truncate.is_some_and(|at| at < declared);
    if broken {
        body.truncate(truncate.unwrap_or_default());
    }
    let mut response = Response::new(Payload {
        chunk: Some(body),
        declared: declared as u64,
        broken,
        flushed: false,
    });
    // Statuses come from our tables or from a fault's own text.
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    if let Some(media) = answer.media {
        headers.insert("content-type", HeaderValue::from_static(media));
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    for (name, value) in answer.extra {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// A body in one piece, which may break off before its declared end.
struct Payload {
    chunk: Option<Bytes>,
    declared: u64,
    broken: bool,
    flushed: bool,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(chunk) = self.chunk.take().filter(|c| !c.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if self.broken && !self.flushed {
            // What was written so far must reach the socket before the break.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.broken {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        !self.broken && self.chunk.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared)
    }
}
