//! A transport that answers from memory.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError, TransportFault};

/// One canned answer, or a canned failure to answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    fault: Option<TransportFault>,
    never: bool,
}

impl Answer {
    /// An answer with this status and body, without content type. A number that is no status
    /// counts as 500.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: body.into(),
            fault: None,
            never: false,
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, body).header("content-type", "application/json")
    }

    /// An answer without body, such as 204.
    pub fn empty(status: u16) -> Self {
        Self::new(status, Bytes::new())
    }

    /// A failure of the connection.
    pub fn fault(fault: TransportFault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::empty(500)
        }
    }

    /// No answer ever, to test deadlines.
    pub fn never() -> Self {
        Self {
            never: true,
            ..Self::empty(500)
        }
    }

    /// Adds a header; several of one name stay apart. One that is not valid is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.append(name, value);
        }
        self
    }
}

type Handler = Box<dyn Fn(&HttpRequest) -> Answer + Send + Sync>;

struct Route {
    method: String,
    path: String,
    answers: Vec<Answer>,
    used: usize,
}

/// Answers requests from memory and remembers them.
#[derive(Default)]
pub struct Canned {
    routes: Mutex<Vec<Route>>,
    handler: Option<Handler>,
    seen: Mutex<Vec<HttpRequest>>,
}

impl Canned {
    /// Answers nothing yet: every request fails, naming its method and path.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every request with a function; routes of [`on`](Self::on) go first.
    pub fn from_fn(answer: impl Fn(&HttpRequest) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            handler: Some(Box::new(answer)),
            ..Self::default()
        }
    }

    /// Answers a method and exact path (with `?query`, that query exactly; without, any). Several
    /// answers of one route are given one after the other, the last one for ever.
    #[must_use]
    pub fn on(self, method: &str, path: &str, answer: Answer) -> Self {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        match routes
            .iter_mut()
            .find(|route| route.method == method && route.path == path)
        {
            Some(route) => route.answers.push(answer),
            None => routes.push(Route {
                method: method.to_owned(),
                path: path.to_owned(),
                answers: vec![answer],
                used: 0,
            }),
        }
        drop(routes);
        self
    }

    /// The requests so far, credentials included.
    pub fn requests(&self) -> Vec<HttpRequest> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn answer(&self, request: &HttpRequest) -> Option<Answer> {
        let target = request
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let by = |wanted: &str| {
            routes
                .iter()
                .position(|route| route.method == request.method.as_str() && route.path == wanted)
        };
        if let Some(found) = by(target).or_else(|| by(request.uri.path())) {
            let route = &mut routes[found];
            let index = route.used.min(route.answers.len() - 1);
            route.used += 1;
            return Some(route.answers[index].clone());
        }
        drop(routes);
        self.handler.as_ref().map(|handler| handler(request))
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let answer = self.answer(&request);
        let (method, uri) = (request.method.clone(), request.uri.clone());
        let limit = request.max_response_bytes;
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        let Some(answer) = answer else {
            return Err(TransportError::new(
                TransportFault::Hopeless,
                format!("no canned answer for {method} {}", uri.path()),
            ));
        };
        if answer.never {
            std::future::pending::<()>().await;
        }
        if let Some(fault) = answer.fault {
            return Err(TransportError::new(
                fault,
                format!("canned fault {fault:?}"),
            ));
        }
        if answer.body.len() > limit {
            return Err(TransportError::new(
                TransportFault::TooLarge,
                format!("the answer is longer than {limit} bytes"),
            ));
        }
        Ok(HttpResponse {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    }
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canned")
    }
}
