//! The HTTP server: accepts, reads whole requests, writes answers, breaks connections on demand.

use std::convert::Infallible;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::access_requests::runs;
use crate::console;
use crate::exchange::{Answer, Request};
use crate::faults::Effect;
use crate::hooks;
use crate::pipeline::{self, Shared};

/// Accepts until the task is aborted; then all connections end with it.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(accept(stream, Arc::clone(&shared), tls.clone()));
                } else {
                    // Out of sockets: wait for connections to end.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn accept(stream: TcpStream, shared: Arc<Shared>, tls: Option<TlsAcceptor>) {
    // Small answers must not wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket {
        stream,
        reset: Arc::clone(&reset),
    };
    shared.traffic.connections.fetch_add(1, Ordering::Relaxed);
    match tls {
        None => connection(socket, shared, reset).await,
        Some(acceptor) => {
            // A failed handshake is the client's to see, not ours.
            if let Ok(stream) = acceptor.accept(socket).await {
                shared.traffic.handshakes.fetch_add(1, Ordering::Relaxed);
                connection(stream, shared, reset).await;
            }
        }
    }
}

async fn connection<S>(stream: S, shared: Arc<Shared>, reset: Arc<AtomicBool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (shared, reset) = (Arc::clone(&shared), Arc::clone(&reset));
        async move { respond(&shared, request, &reset).await }
    });
    // A dropped connection is the client's to see, not ours.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A stream that can end by a reset instead of a close.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Without lingering, closing the socket resets the connection.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
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
    shared: &Arc<Shared>,
    request: http::Request<Incoming>,
    reset: &AtomicBool,
) -> Result<Response<Payload>, Dropped> {
    let flight = shared.begin();
    let (head, body) = request.into_parts();
    let unsized_body = matches!(head.method.as_str(), "POST" | "PUT")
        && !head.headers.contains_key("content-length")
        && !head.headers.contains_key("transfer-encoding");
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let request = Request::new(
        head.method.as_str(),
        &head.uri,
        head.headers,
        body,
        &shared.credentials.base,
    );
    if unsized_body {
        return Ok(write(Answer::empty(411), &Effect::default()));
    }
    let control = request.path.starts_with("/_sandbox/") || console::is_for(&request);
    let effect = if control {
        None
    } else {
        shared.faults().take(&request)
    };
    if let Some(delay) = effect.as_ref().map(|e| e.delay_ms).filter(|d| *d > 0) {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if effect.is_none() {
        hooks::before(shared, &request).await;
    }
    let answer = pipeline::answer(shared, &request, effect.as_ref(), &flight);
    if control || request.path.starts_with("/governance/") {
        runs::start_due(shared);
    }
    hooks::after(shared, &request);
    let effect = effect.unwrap_or_default();
    if effect.reset {
        reset.store(true, Ordering::Relaxed);
    }
    if effect.drop {
        return Err(Dropped);
    }
    Ok(write(answer, &effect))
}

fn write(answer: Answer, effect: &Effect) -> Response<Payload> {
    let declared = answer.body.len();
    let mut body = Bytes::from(answer.body);
    let broken = effect.truncate.is_some_and(|at| at < declared);
    if broken {
        body.truncate(effect.truncate.unwrap_or_default());
    }
    let pause = match effect.body_delay_ms {
        0 => None,
        ms => Some(Box::pin(tokio::time::sleep(Duration::from_millis(ms)))),
    };
    let mut response = Response::new(Payload {
        chunk: Some(body),
        declared: declared as u64,
        broken,
        flushed: false,
        pause,
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
    /// What the body waits for.
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
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
