//! Every fault on the way, with every kind of request: it ends in success or in the right typed
//! error, and no write goes out twice unless that is safe. Each cell states how many requests the
//! service sees. How real sockets map to these faults is tested in `wire.rs`.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::*;
use okta_core::clock::Clock as _;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned, VirtualClock};
use okta_core::transport::{HttpRequest, TransportFault};
use okta_core::{PrivateKey, ServiceApp};

const KEY: &str = include_str!("keys/ec_p256.jwk.json");

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Refused,
    Reset,
    Truncated,
    Window,
    Concurrency,
    Status(u16),
    Slow,
    ExpiredToken,
    Nonce,
    /// The service's clock is so many seconds ahead; the window is empty, too.
    Clock(i64),
    ForeignLink,
}

/// The request that it happens to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Read,
    UnsafeWrite,
    SafeWrite,
    Token,
    Page,
}

/// How the call ends; the number is of requests to the endpoint with the fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Success(usize),
    /// It cannot have been applied.
    Fails(ErrorKind, usize),
    /// It may have been applied, and the error says so.
    InDoubt(ErrorKind, usize),
}
use End::{Fails, InDoubt, Success};
use okta_core::ErrorKind::{Api, Paging, RateLimited, Token, Transport};

struct Service {
    fault: Fault,
    kind: Kind,
    always: bool,
    clock: VirtualClock,
    /// Requests to the endpoint with the fault.
    hits: AtomicUsize,
    api_requests: AtomicUsize,
    tokens: AtomicUsize,
    bodies: Mutex<Vec<Vec<u8>>>,
}

impl Service {
    fn now(&self) -> i64 {
        let ahead = match self.fault {
            Fault::Clock(seconds) => seconds,
            _ => 0,
        };
        self.clock.wall().as_second() + ahead
    }

    fn answer(&self, request: &HttpRequest) -> Answer {
        let date = jiff::Timestamp::from_second(self.now()).unwrap();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let token = request.uri.path() == "/oauth2/v1/token";
        let target = request.uri.path_and_query().unwrap().as_str();
        if !token {
            self.api_requests.fetch_add(1, Ordering::SeqCst);
        }
        let hit = match self.kind {
            Kind::Token => token,
            Kind::Page => target.contains("after=") || self.fault == Fault::ForeignLink && !token,
            _ => !token,
        };
        if hit {
            let number = self.hits.fetch_add(1, Ordering::SeqCst);
            self.bodies.lock().unwrap().push(request.body.to_vec());
            if (number == 0 || self.always)
                && let Some(answer) = self.faulty(request, token, number)
            {
                return answer.header("date", &date);
            }
        }
        self.good(request, token).header("date", &date)
    }

    fn faulty(&self, request: &HttpRequest, token: bool, number: usize) -> Option<Answer> {
        let limited = |limit: &str| {
            Answer::json(
                429,
                r#"{"errorCode":"E0000047","errorSummary":"Too many."}"#,
            )
            .header("x-rate-limit-limit", limit)
            .header("x-rate-limit-remaining", "0")
            .header("x-rate-limit-reset", &(self.now() + 20).to_string())
        };
        Some(match self.fault {
            Fault::Refused => Answer::fault(TransportFault::NotSent),
            Fault::Reset => Answer::fault(TransportFault::MaybeSent),
            Fault::Truncated => Answer::fault(TransportFault::Truncated),
            Fault::Window => limited("600"),
            Fault::Concurrency => limited("0"),
            Fault::Status(status) => Answer::empty(status),
            Fault::Slow => Answer::never(),
            Fault::ExpiredToken if token => Answer::json(
                401,
                r#"{"error":"invalid_client","error_description":"Unknown."}"#,
            ),
            Fault::ExpiredToken => Answer::empty(401).header(
                "www-authenticate",
                r#"Bearer error="invalid_token", error_description="The token expired.""#,
            ),
            // Another one each time.
            Fault::Nonce if token => Answer::json(400, r#"{"error":"use_dpop_nonce"}"#)
                .header("dpop-nonce", &format!("nonce-{number}")),
            Fault::Nonce => Answer::empty(400)
                .header("www-authenticate", r#"DPoP error="use_dpop_nonce""#)
                .header("dpop-nonce", &format!("nonce-{number}")),
            Fault::Clock(_) if token => return self.assertion_refused(request),
            Fault::Clock(_) => limited("600"),
            Fault::ForeignLink => Answer::json(200, r#"[{"id":"1"}]"#).header(
                "link",
                r#"<https://elsewhere.example/api/v1/things?after=1>; rel="next""#,
            ),
        })
    }

    fn assertion_refused(&self, request: &HttpRequest) -> Option<Answer> {
        let body = std::str::from_utf8(&request.body).unwrap();
        let assertion = body
            .split('&')
            .find_map(|field| field.strip_prefix("client_assertion="))
            .unwrap();
        let claims = URL_SAFE_NO_PAD
            .decode(assertion.split('.').nth(1).unwrap())
            .unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let now = self.now();
        let why = if claims["exp"].as_i64().unwrap() < now {
            "The client_assertion token is expired."
        } else if claims["iat"].as_i64().unwrap() > now {
            "The client_assertion token was issued in the future."
        } else {
            return None;
        };
        let body = format!(r#"{{"error":"invalid_client","error_description":"{why}"}}"#);
        Some(Answer::json(401, body))
    }

    fn good(&self, request: &HttpRequest, token: bool) -> Answer {
        if token {
            let number = self.tokens.fetch_add(1, Ordering::SeqCst);
            let kind = if self.fault == Fault::Nonce {
                "DPoP"
            } else {
                "Bearer"
            };
            return Answer::json(
                200,
                format!(
                    r#"{{"token_type":"{kind}","expires_in":3600,"access_token":"token-{number}","scope":"okta.things.manage"}}"#
                ),
            );
        }
        if self.kind != Kind::Page {
            return Answer::json(200, r#"{"id":"1"}"#);
        }
        if request.uri.query().is_some_and(|q| q.contains("after=")) {
            return Answer::json(200, r#"[{"id":"3"}]"#);
        }
        Answer::json(200, r#"[{"id":"1"},{"id":"2"}]"#).header(
            "link",
            r#"<https://acme.okta.com/api/v1/things?after=2>; rel="next""#,
        )
    }
}

async fn ends(fault: Fault, kind: Kind, always: bool) -> End {
    let clock = clock();
    let service = Arc::new(Service {
        fault,
        kind,
        always,
        clock: clock.clone(),
        hits: AtomicUsize::new(0),
        api_requests: AtomicUsize::new(0),
        tokens: AtomicUsize::new(0),
        bodies: Mutex::default(),
    });
    let answering = Arc::clone(&service);
    let key = PrivateKey::parse(KEY).unwrap();
    let mut app = ServiceApp::new("0oaTEST", key, ["okta.things.manage"]).unwrap();
    if fault == Fault::Nonce {
        app = app.dpop(okta_core::Dpop::Always);
    }
    let client = Client::builder()
        .org_url(ORG)
        .transport(Arc::new(Canned::from_fn(move |request| {
            answering.answer(request)
        })))
        .clock(Arc::new(clock.clone()))
        .service_app(app)
        .attempt_timeout(Duration::from_secs(30))
        .timeout(Duration::from_secs(300))
        .build()
        .unwrap();
    let result = match kind {
        Kind::Read | Kind::Token => client.send(Get::of("1")).await.map(drop),
        Kind::UnsafeWrite => client.send(Create::named("n")).await.map(drop),
        Kind::SafeWrite => client.send(Replace::of("1")).await.map(drop),
        Kind::Page => {
            let mut items = List::new().attach(&client).items();
            let mut seen = Vec::new();
            let result = loop {
                match items.try_next().await {
                    Ok(Some(item)) => seen.push(item.id.unwrap()),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            // What came before the fault is delivered, and nothing twice.
            let want: &[&str] = match (&result, fault) {
                (Ok(()), _) => &["1", "2", "3"],
                (Err(_), Fault::ForeignLink) => &["1"],
                (Err(_), _) => &["1", "2"],
            };
            assert_eq!(seen, want);
            result
        }
    };
    assert!(clock.elapsed() <= Duration::from_secs(300));
    let hits = service.hits.load(Ordering::SeqCst);
    let bodies = service.bodies.lock().unwrap();
    if kind != Kind::Token {
        assert!(
            bodies.windows(2).all(|two| two[0] == two[1]),
            "a body changed"
        );
    }
    match result {
        Ok(()) => Success(hits),
        Err(error) => {
            let text = error.to_string();
            assert_eq!(
                text.contains("may have reached"),
                error.may_have_been_applied()
            );
            if kind == Kind::Token {
                assert_eq!(service.api_requests.load(Ordering::SeqCst), 0, "{text}");
            } else if fault != Fault::ForeignLink {
                assert_eq!(error.attempts() as usize, hits, "{text}");
                assert_eq!(error.history().len(), hits, "{text}");
            }
            if error.may_have_been_applied() {
                InDoubt(error.kind(), hits)
            } else {
                Fails(error.kind(), hits)
            }
        }
    }
}

const KINDS: [Kind; 5] = [
    Kind::Read,
    Kind::UnsafeWrite,
    Kind::SafeWrite,
    Kind::Token,
    Kind::Page,
];

/// Fault; how it ends if it happens once, by kind; how it ends if it never stops, by kind.
#[rustfmt::skip]
const MATRIX: &[(Fault, [End; 5], [End; 5])] = &[
    //                      read                    unsafe write            safe write              token                   page
    (Fault::Refused,       [Success(2),             Success(2),             Success(2),             Success(2),             Success(2)],
                           [Fails(Transport, 5),    Fails(Transport, 5),    Fails(Transport, 5),    Fails(Transport, 5),    Fails(Transport, 5)]),
    (Fault::Reset,         [Success(2),             InDoubt(Transport, 1),  Success(2),             Success(2),             Success(2)],
                           [Fails(Transport, 5),    InDoubt(Transport, 1),  InDoubt(Transport, 5),  Fails(Transport, 5),    Fails(Transport, 5)]),
    (Fault::Truncated,     [Success(2),             InDoubt(Transport, 1),  Success(2),             Success(2),             Success(2)],
                           [Fails(Transport, 5),    InDoubt(Transport, 1),  InDoubt(Transport, 5),  Fails(Transport, 5),    Fails(Transport, 5)]),
    (Fault::Window,        [Success(2),             Success(2),             Success(2),             Success(2),             Success(2)],
                           [Fails(RateLimited, 5),  Fails(RateLimited, 5),  Fails(RateLimited, 5),  Fails(Token, 5),        Fails(RateLimited, 5)]),
    (Fault::Concurrency,   [Success(2),             Success(2),             Success(2),             Success(2),             Success(2)],
                           [Fails(RateLimited, 5),  Fails(RateLimited, 5),  Fails(RateLimited, 5),  Fails(Token, 5),        Fails(RateLimited, 5)]),
    (Fault::Status(500),   [Success(2),             InDoubt(Api, 1),        Success(2),             Success(2),             Success(2)],
                           [Fails(Api, 5),          InDoubt(Api, 1),        InDoubt(Api, 5),        Fails(Token, 5),        Fails(Api, 5)]),
    (Fault::Status(502),   [Success(2),             InDoubt(Api, 1),        Success(2),             Success(2),             Success(2)],
                           [Fails(Api, 5),          InDoubt(Api, 1),        InDoubt(Api, 5),        Fails(Token, 5),        Fails(Api, 5)]),
    (Fault::Status(503),   [Success(2),             InDoubt(Api, 1),        Success(2),             Success(2),             Success(2)],
                           [Fails(Api, 5),          InDoubt(Api, 1),        InDoubt(Api, 5),        Fails(Token, 5),        Fails(Api, 5)]),
    (Fault::Status(504),   [Success(2),             InDoubt(Api, 1),        Success(2),             Success(2),             Success(2)],
                           [Fails(Api, 5),          InDoubt(Api, 1),        InDoubt(Api, 5),        Fails(Token, 5),        Fails(Api, 5)]),
    (Fault::Status(423),   [Success(2),             Success(2),             Success(2),             Success(2),             Success(2)],
                           [Fails(Api, 5),          Fails(Api, 5),          Fails(Api, 5),          Fails(Token, 5),        Fails(Api, 5)]),
    (Fault::Slow,          [Success(2),             InDoubt(Transport, 1),  Success(2),             Success(2),             Success(2)],
                           [Fails(Transport, 5),    InDoubt(Transport, 1),  InDoubt(Transport, 5),  Fails(Transport, 5),    Fails(Transport, 5)]),
    // 401 and a nonce challenge: the service did nothing, and another proof or token is sent.
    (Fault::ExpiredToken,  [Success(2),             Success(2),             Success(2),             Fails(Token, 1),        Success(2)],
                           [Fails(Api, 2),          Fails(Api, 2),          Fails(Api, 2),          Fails(Token, 1),        Fails(Api, 2)]),
    (Fault::Nonce,         [Success(2),             Success(2),             Success(2),             Success(2),             Success(2)],
                           [Fails(Api, 4),          Fails(Api, 4),          Fails(Api, 4),          Fails(Token, 5),        Fails(Api, 4)]),
    // A clock that is off is corrected by the service's Date, for tokens and for windows.
    (Fault::Clock(600),    [Success(2),             Success(2),             Success(2),             Success(2),             Success(2)],
                           [Fails(RateLimited, 5),  Fails(RateLimited, 5),  Fails(RateLimited, 5),  Success(2),             Fails(RateLimited, 5)]),
    (Fault::Clock(-600),   [Success(2),             Success(2),             Success(2),             Success(2),             Success(2)],
                           [Fails(RateLimited, 5),  Fails(RateLimited, 5),  Fails(RateLimited, 5),  Success(2),             Fails(RateLimited, 5)]),
];

async fn check(always: bool) {
    let mut wrong = Vec::new();
    for (fault, once, forever) in MATRIX {
        for (at, kind) in KINDS.into_iter().enumerate() {
            let want = if always { forever[at] } else { once[at] };
            let found = ends(*fault, kind, always).await;
            if found != want {
                wrong.push(format!("{fault:?} × {kind:?}: {found:?}, not {want:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn demand_16_every_fault_once() {
    check(false).await;
}

#[tokio::test]
async fn demand_16_every_fault_without_end() {
    check(true).await;
}

#[tokio::test]
async fn demand_34_a_foreign_next_link_ends_the_list() {
    let end = ends(Fault::ForeignLink, Kind::Page, true).await;
    assert_eq!(end, Fails(Paging, 1), "nothing is sent to the other host");
}
