//! Repeats, waits and deadlines, in virtual time.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use okta_core::RetryPolicy;
use okta_core::observe::Event;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned, VirtualClock};
use okta_core::transport::{HttpRequest, HttpResponse, TransportError, TransportFault};

const THING: &str = r#"{"id":"1"}"#;

fn limited(limit: u32, reset: i64) -> Answer {
    Answer::json(429, r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests.","errorCauses":[]}"#)
        .header("x-rate-limit-limit", &limit.to_string())
        .header("x-rate-limit-remaining", "0")
        .header("x-rate-limit-reset", &reset.to_string())
        .header("x-okta-request-id", "first")
        .header("date", "Thu, 01 Jan 2026 00:00:00 GMT")
}

#[tokio::test]
async fn reads_are_repeated_after_every_passing_fault() {
    for (fault, patience) in [
        Answer::fault(TransportFault::NotSent),
        Answer::fault(TransportFault::MaybeSent),
        Answer::fault(TransportFault::Truncated),
        Answer::empty(500),
        Answer::empty(502),
        Answer::empty(503),
        Answer::empty(504),
    ]
    .map(|fault| (fault, 1))
    .into_iter()
    // Locks last for seconds.
    .chain([(Answer::empty(423), 2)])
    {
        let path = "/api/v1/things/1";
        let (client, transport, clock) = client(Canned::new().on("GET", path, fault).on(
            "GET",
            path,
            Answer::json(200, THING),
        ));
        client.send(Get::of("1")).await.unwrap();
        assert_eq!(transport.requests().len(), 2);
        assert_eq!(transport.requests()[1].headers["x-okta-retry-count"], "1");
        let waited = clock.elapsed();
        assert!(
            waited >= Duration::from_millis(250) * patience
                && waited <= Duration::from_millis(500) * patience,
            "{waited:?}"
        );
        assert_eq!(client.stats().retries, 1);
    }
}

#[tokio::test]
async fn writes_are_repeated_only_where_nothing_can_have_happened() {
    for (fault, repeated, maybe_applied) in [
        (Answer::fault(TransportFault::NotSent), true, false),
        (limited(600, START), true, false),
        (Answer::empty(423), true, false),
        (Answer::fault(TransportFault::MaybeSent), false, true),
        (Answer::fault(TransportFault::Truncated), false, true),
        (Answer::empty(500), false, true),
        (Answer::empty(503), false, true),
        (Answer::fault(TransportFault::Hopeless), false, false),
        (Answer::json(400, "{}"), false, false),
    ] {
        let path = "/api/v1/things";
        let (client, transport, _) = client(Canned::new().on("POST", path, fault).on(
            "POST",
            path,
            Answer::json(200, THING),
        ));
        let result = client.send(Create::named("n")).await;
        assert_eq!(result.is_ok(), repeated);
        assert_eq!(transport.requests().len(), if repeated { 2 } else { 1 });
        if let Err(error) = result {
            assert_eq!(error.may_have_been_applied(), maybe_applied, "{error}");
            assert_eq!(
                error.to_string().contains("may have reached"),
                maybe_applied,
                "{error}"
            );
        }
    }
    // PUT is idempotent: it is repeated, and its error still says what may have happened.
    let (client, transport, _) = client(Canned::from_fn(|_| {
        Answer::fault(TransportFault::MaybeSent)
    }));
    let error = client.send(Replace::of("1")).await.unwrap_err();
    assert_eq!(transport.requests().len(), 5);
    assert_eq!(error.attempts(), 5);
    assert!(error.may_have_been_applied() && error.is_transport());
    assert!(error.to_string().contains("5 attempts"), "{error}");
    // A read changes nothing.
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert!(!error.may_have_been_applied());
}

#[tokio::test]
async fn a_window_is_waited_for_by_the_servers_clock() {
    let path = "/api/v1/things/1";
    let canned = Canned::new().on("GET", path, limited(600, START + 20)).on(
        "GET",
        path,
        Answer::json(200, THING),
    );
    // This machine is an hour ahead: only Date and reset count.
    let ahead = VirtualClock::starting_at(jiff::Timestamp::from_second(START + 3600).unwrap());
    let (client, transport, _) = client_with(canned, |b| {
        b.api_token("00x").clock(Arc::new(ahead.clone()))
    });
    client.send(Get::of("1")).await.unwrap();
    let waited = ahead.elapsed();
    assert!(
        waited >= Duration::from_secs(20) && waited < Duration::from_secs(22),
        "{waited:?}"
    );
    assert_eq!(transport.requests()[1].headers["x-okta-retry-for"], "first");
    assert_eq!(client.stats().waits, 1);
}

#[tokio::test]
async fn a_refusal_that_shows_calls_left_is_not_repeated_before_its_reset() {
    // A limit that the headers do not count, such as one for each user.
    let path = "/api/v1/things/1";
    let refusal = Answer::json(429, r#"{"errorCode":"E0000047"}"#)
        .header("x-rate-limit-limit", "600")
        .header("x-rate-limit-remaining", "500")
        .header("x-rate-limit-reset", &(START + 20).to_string())
        .header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    let canned = Canned::new()
        .on("GET", path, refusal)
        .on("GET", path, Answer::json(200, THING));
    let (client, transport, clock) = client(canned);
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(transport.requests().len(), 2);
    let waited = clock.elapsed();
    assert!(waited >= Duration::from_secs(20), "{waited:?}");
    assert!(waited <= Duration::from_secs(22), "{waited:?}");
}

#[tokio::test]
async fn a_concurrency_limit_waits_briefly() {
    let path = "/api/v1/things/1";
    let (client, _, clock) = client(
        Canned::new()
            .on("GET", path, limited(0, START + 90))
            .on("GET", path, limited(0, START + 90))
            .on("GET", path, Answer::json(200, THING)),
    );
    client.send(Get::of("1")).await.unwrap();
    assert!(
        clock.elapsed() < Duration::from_secs(2),
        "{:?}",
        clock.elapsed()
    );
    // It says nothing about the bucket: the next call goes out at once.
    let before = clock.elapsed();
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(clock.elapsed(), before);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_at_once() {
    let (client, transport, clock) = client(Canned::from_fn(|_| limited(600, START + 60)));
    let error = client
        .send(Get::of("1").with_timeout(Duration::from_secs(1)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.reset_at().map(|t| t.as_second()), Some(START + 60));
    assert_eq!(error.request_id(), Some("first"));
    assert_eq!(error.code(), Some("E0000047"));
    assert_eq!(clock.elapsed(), Duration::ZERO);
    assert_eq!(transport.requests().len(), 1);
    // The bucket is known to be empty now: the next call is not even sent.
    let error = client
        .send(Get::of("1").with_timeout(Duration::from_secs(1)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.attempts(), 0);
    assert_eq!(transport.requests().len(), 1);
}

#[tokio::test]
async fn an_empty_bucket_is_waited_for_before_the_call() {
    let last = Answer::json(200, THING)
        .header("x-rate-limit-limit", "10")
        .header("x-rate-limit-remaining", "0")
        .header("x-rate-limit-reset", &(START + 30).to_string());
    let (client, _, clock) = client(Canned::from_fn(move |_| last.clone()));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::ZERO);
    client.send(Get::of("1")).await.unwrap();
    assert!(
        clock.elapsed() >= Duration::from_secs(30),
        "{:?}",
        clock.elapsed()
    );
}

#[tokio::test]
async fn a_pause_of_all_buckets_beyond_the_deadline_fails_at_once() {
    // Something in front of the service asks everyone to come back later.
    let pause = Answer::empty(429).header("retry-after", "100");
    let path = "/api/v1/things/1";
    let canned = Canned::new()
        .on("GET", path, pause)
        .on("GET", path, Answer::json(200, THING));
    let (client, transport, clock) = client(canned);
    let get = || Get::of("1").with_retry(RetryPolicy::none());
    client.send(get()).await.unwrap_err();
    let hurried = get().with_timeout(Duration::from_secs(10));
    let error = client.send(hurried).await.unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(error.reset_at().unwrap().as_second(), START + 100);
    assert_eq!(clock.elapsed(), Duration::ZERO);
    // Nothing of it stays behind.
    client
        .send(Get::of("1").with_timeout(Duration::from_secs(300)))
        .await
        .unwrap();
    assert_eq!(transport.requests().len(), 2);
    assert!(clock.elapsed() >= Duration::from_secs(100));
}

#[tokio::test]
async fn no_retry_means_one_request() {
    let policy = || RetryPolicy::none();
    let (client, transport, _) = client_with(Canned::from_fn(|_| Answer::empty(503)), |b| {
        b.api_token("00x").retry(policy())
    });
    assert_eq!(client.send(Get::of("1")).await.unwrap_err().attempts(), 1);
    assert_eq!(transport.requests().len(), 1);
    let (client, transport, _) = common::client(Canned::from_fn(|_| limited(600, START + 5)));
    client
        .send(Get::of("1").with_retry(policy()))
        .await
        .unwrap_err();
    assert_eq!(transport.requests().len(), 1);
}

#[tokio::test]
async fn the_deadline_ends_attempts_and_backoff() {
    let (client, transport, clock) = client_with(Canned::from_fn(|_| Answer::never()), |b| {
        b.api_token("00x")
            .timeout(Duration::from_secs(100))
            .attempt_timeout(Duration::from_secs(30))
    });
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(clock.elapsed(), Duration::from_secs(100));
    assert_eq!(transport.requests().len(), 4);
    assert!(!error.may_have_been_applied());
    // A write is not repeated after an attempt that may have arrived.
    let error = client.send(Create::named("n")).await.unwrap_err();
    assert!(error.may_have_been_applied(), "{error}");
    assert_eq!(error.attempts(), 1);
    // Backoff that would pass the deadline is not begun: the fault itself is the error.
    let (client, _, clock) = client_with(Canned::from_fn(|_| Answer::empty(503)), |b| {
        b.api_token("00x").timeout(Duration::from_millis(200))
    });
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn attempts_and_waits_are_observable() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&log);
    let path = "/api/v1/things/1";
    let canned = Canned::new()
        .on("GET", path, Answer::fault(TransportFault::NotSent))
        .on("GET", path, Answer::json(200, THING));
    let (client, _, _) = client_with(canned, |b| {
        b.api_token("00x").on_event(move |event| {
            sink.lock().unwrap().push(match event {
                Event::Answer {
                    status, attempt, ..
                } => format!("answer {status} {attempt}"),
                Event::Fault { reason, .. } => format!("fault {reason}"),
                Event::Wait { reason, .. } => format!("wait {reason}"),
                Event::Call(call) => format!("call {} attempts", call.attempts),
                _ => "other".into(),
            });
        })
    });
    client.send(Get::of("1")).await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(
        *log,
        [
            "fault canned fault NotSent",
            "wait backoff",
            "answer 200 2",
            "call 2 attempts"
        ]
    );
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let path = "/api/v1/things/1";
    for status in [429, 503] {
        let (client, _, clock) = client(
            Canned::new()
                .on(
                    "GET",
                    path,
                    Answer::empty(status).header("retry-after", "7"),
                )
                .on("GET", path, Answer::json(200, THING)),
        );
        client.send(Get::of("1")).await.unwrap();
        assert_eq!(clock.elapsed(), Duration::from_secs(7));
    }
}

/// Sees every attempt.
#[derive(Debug)]
struct Counting(Arc<dyn okta_core::Transport>, Arc<AtomicUsize>);

#[async_trait::async_trait]
impl okta_core::Transport for Counting {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.send(request).await
    }
}

#[tokio::test]
async fn something_may_stand_in_front_of_the_transport() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let path = "/api/v1/things/1";
    let canned =
        Canned::new()
            .on("GET", path, Answer::empty(503))
            .on("GET", path, Answer::json(200, THING));
    let (client, _, _) = client_with(canned, |b| {
        b.api_token("00x")
            .wrap_transport(move |inner| Arc::new(Counting(inner, counter)))
    });
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn retry_after_may_be_a_date() {
    for (status, date) in [(429, true), (503, true), (429, false)] {
        let path = "/api/v1/things/1";
        let mut refusal =
            Answer::empty(status).header("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT");
        if date {
            // The server's clock is 10 s ahead of ours.
            refusal = refusal.header("date", "Thu, 01 Jan 2026 00:00:10 GMT");
        }
        let (client, _, clock) = client(Canned::new().on("GET", path, refusal).on(
            "GET",
            path,
            Answer::json(200, THING),
        ));
        client.send(Get::of("1")).await.unwrap();
        let waited = clock.elapsed().as_secs_f64();
        let want = if date { 20.0 } else { 30.0 };
        assert!((want..want + 1.0).contains(&waited), "{status}: {waited}");
    }
}

#[tokio::test]
async fn a_retry_after_of_nothing_still_backs_off() {
    for after in ["0", "Wed, 31 Dec 2025 23:00:00 GMT"] {
        let refusal = Answer::empty(429)
            .header("retry-after", after)
            .header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        let (client, transport, clock) = client(Canned::from_fn(move |_| refusal.clone()));
        client.send(Get::of("1")).await.unwrap_err();
        assert_eq!(transport.requests().len(), 5);
        assert!(
            clock.elapsed() > Duration::from_secs(3),
            "{:?}",
            clock.elapsed()
        );
    }
}

/// A transport of one's own that does not see to it itself.
#[tokio::test]
async fn demand_16_less_than_the_announced_body_is_no_answer() {
    let short = || Answer::json(200, r#"{"id":"2"}"#).header("content-length", "11");
    let path = "/api/v1/things/1";
    let (client, transport, _) = client(Canned::new().on("GET", path, short()).on(
        "GET",
        path,
        Answer::json(200, r#"{"id":"1"}"#),
    ));
    let thing = client.send(Get::of("1")).await.unwrap();
    assert_eq!(
        (thing.id.as_deref(), transport.requests().len()),
        (Some("1"), 2)
    );
    let (client, transport, _) = common::client(Canned::from_fn(move |_| short()));
    let error = client.send(Create::named("n")).await.unwrap_err();
    assert_eq!(
        (error.kind(), transport.requests().len()),
        (ErrorKind::Transport, 1)
    );
    assert!(error.to_string().contains("10 of 11 bytes came"), "{error}");
    assert!(error.may_have_been_applied());
    // The length that HEAD tells is that of the body it does not send.
    client.call("HEAD", "/api/v1/things/1").await.unwrap();
}
