//! Following the System Log in virtual time: no loss, whatever happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use okta_core::clock::Clock as _;
use okta_core::testing::{Answer, Canned, VirtualClock};
use okta_core::{Client, RetryPolicy};
use okta_management::prelude::*;
use okta_management::{LogCheckpoint, LogTail};

const START: i64 = 1_767_225_600;

/// What the service does with requests that it does not answer with events.
#[derive(Default)]
struct Trouble {
    refuses_cursors: bool,
    fails: u32,
}

/// A log: when each event becomes visible, and when it was published.
#[derive(Default)]
struct Log {
    events: Vec<(f64, f64)>,
    /// Cursors go by time of publication: what becomes visible late is behind them.
    by_publication: bool,
}

fn at(seconds: f64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(START * 1000 + (seconds * 1000.0) as i64).unwrap()
}

fn event(number: usize, published: f64) -> String {
    let time = at(published).strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
    format!(r#"{{"uuid":"event-{number}","published":"{time}","eventType":"test"}}"#)
}

impl Log {
    fn serve(self, trouble: Arc<Mutex<Trouble>>, clock: VirtualClock) -> Canned {
        let mut log = self;
        let key = |event: &(f64, f64)| if log.by_publication { event.1 } else { event.0 };
        let mut numbered: Vec<_> = log.events.drain(..).enumerate().collect();
        numbered.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
        let by_publication = log.by_publication;
        Canned::from_fn(move |request| {
            let query: BTreeMap<String, String> =
                url::form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes())
                    .into_owned()
                    .collect();
            assert_eq!(query["limit"], "1000");
            let mut trouble = trouble.lock().unwrap();
            if trouble.fails > 0 {
                trouble.fails -= 1;
                return Answer::json(500, r#"{"errorCode":"E0000009","errorSummary":"x"}"#);
            }
            let cursor: Option<f64> = query.get("after").map(|after| after.parse().unwrap());
            if cursor.is_some() && trouble.refuses_cursors {
                trouble.refuses_cursors = false;
                return Answer::json(400, r#"{"errorCode":"E0000029","errorSummary":"x"}"#);
            }
            let now = clock.elapsed().as_secs_f64();
            let since = query
                .get("since")
                .map(|since| since.parse::<jiff::Timestamp>().unwrap());
            let key = |visible: f64, published: f64, number: usize| {
                (if by_publication { published } else { visible }) + number as f64 * 1e-7
            };
            let (mut last, mut events) = (cursor.unwrap_or(-1.0), Vec::new());
            for &(number, (visible, published)) in &numbered {
                let key = key(visible, published, number);
                let is_asked = visible <= now
                    && cursor.is_none_or(|cursor| key > cursor)
                    && since.is_none_or(|since| at(published) >= since);
                if is_asked && events.len() < 1000 {
                    events.push(event(number, published));
                    last = key;
                }
            }
            let since = query
                .get("since")
                .map_or(String::new(), |since| format!("since={since}&"));
            let next = format!("</api/v1/logs?{since}limit=1000&after={last}>; rel=\"next\"");
            Answer::json(200, format!("[{}]", events.join(","))).header("link", &next)
        })
    }
}

struct World {
    client: Client,
    clock: VirtualClock,
    trouble: Arc<Mutex<Trouble>>,
    transport: Arc<Canned>,
}

fn world(log: Log) -> World {
    let clock = VirtualClock::starting_at(at(0.0));
    let trouble = Arc::new(Mutex::new(Trouble::default()));
    let transport = Arc::new(log.serve(Arc::clone(&trouble), clock.clone()));
    let client = Client::builder()
        .org_url("https://acme.okta.com")
        .api_token("00test")
        .transport(transport.clone())
        .retry(RetryPolicy::none())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    World {
        client,
        clock,
        trouble,
        transport,
    }
}

fn tail(world: &World) -> LogTail {
    world.client.logs().list().since(at(0.0).to_string()).tail()
}

/// Reads until `count` events are there, or nothing came for five minutes.
async fn read(world: &World, tail: &mut LogTail, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let stopper = tail.stopper();
    while seen.len() < count {
        let sleep = world.clock.sleep(Duration::from_secs(300));
        let batch = tokio::select! {
            batch = tail.try_next() => batch.unwrap(),
            () = sleep => { stopper.stop(); None }
        };
        let Some(batch) = batch else { break };
        seen.extend(batch.events.into_iter().map(|event| event.uuid.unwrap()));
    }
    seen
}

fn steady(count: usize) -> Log {
    let events = (0..count)
        .map(|n| (n as f64 * 0.9, n as f64 * 0.9))
        .collect();
    Log {
        events,
        by_publication: false,
    }
}

#[tokio::test]
async fn demand_35_a_burst_of_50_000_events_completes() {
    let events = vec![(30.0, 29.0); 50_000];
    let world = world(Log {
        events,
        by_publication: false,
    });
    let mut tail = tail(&world).interval(Duration::from_secs(5));
    let seen = read(&world, &mut tail, 50_000).await;
    let expected: Vec<String> = (0..50_000).map(|n| format!("event-{n}")).collect();
    assert!(seen == expected);
    // Polls until it comes, then page after page without a pause.
    assert!(
        world.transport.requests().len() <= 7 + 50,
        "{}",
        world.transport.requests().len()
    );
    assert!(world.clock.elapsed() <= Duration::from_secs(31));
    let checkpoint = tail.checkpoint().unwrap().to_string();
    assert!(checkpoint.len() < 200_000, "{}", checkpoint.len());
}

/// Between any two steps: while a request is under way, before the batch is processed, before its
/// checkpoint is stored.
#[tokio::test]
async fn demand_35_a_crash_at_any_point_loses_nothing() {
    for crash in 0..60_u32 {
        let world = world(steady(100));
        let mut stored: Option<String> = None;
        let mut delivered: BTreeMap<String, u32> = BTreeMap::new();
        let open = |stored: &Option<String>| {
            let fresh = tail(&world);
            match stored {
                Some(text) => fresh.resume(text.parse().unwrap()),
                None => fresh,
            }
        };
        let mut first = open(&stored);
        for step in 0..crash {
            if step % 4 == 3 {
                // The future of a batch is dropped: nothing is lost either.
                let mut future = Box::pin(first.next());
                let mut cx = Context::from_waker(Waker::noop());
                for _ in 0..crash % 7 {
                    if let std::task::Poll::Ready(batch) = future.as_mut().poll(&mut cx) {
                        let batch = batch.unwrap().unwrap();
                        for event in batch.events {
                            *delivered.entry(event.uuid.unwrap()).or_default() += 1;
                        }
                        stored = Some(batch.checkpoint.to_string());
                        break;
                    }
                }
                continue;
            }
            if delivered.len() == 100 {
                break;
            }
            let batch = first.try_next().await.unwrap().unwrap();
            for event in batch.events {
                *delivered.entry(event.uuid.unwrap()).or_default() += 1;
            }
            // Every third crash comes before the checkpoint is stored.
            if step + 1 < crash || crash % 3 != 0 {
                stored = Some(batch.checkpoint.to_string());
            }
        }
        drop(first);
        let mut second = open(&stored);
        for uuid in read(&world, &mut second, 100).await {
            *delivered.entry(uuid).or_default() += 1;
        }
        assert_eq!(delivered.len(), 100, "crash {crash}");
        let twice = delivered.values().filter(|&&count| count > 1).count();
        if crash % 3 != 0 {
            assert_eq!(twice, 0, "crash {crash}");
        }
        assert!(delivered.values().all(|&count| count <= 2));
    }
}

#[tokio::test]
async fn demand_35_late_events_are_found_with_a_lag() {
    // Every tenth becomes visible eight seconds late, behind the cursor.
    let events: Vec<(f64, f64)> = (0..200)
        .map(|n| {
            (
                f64::from(n) + if n % 10 == 9 { 8.0 } else { 0.1 },
                f64::from(n),
            )
        })
        .collect();
    let log = || Log {
        events: events.clone(),
        by_publication: true,
    };
    let world_without = world(log());
    let mut without = tail(&world_without).interval(Duration::from_secs(3));
    let seen = read(&world_without, &mut without, 200).await;
    assert!(
        seen.len() < 200,
        "the service of this test hides late events"
    );
    let world = world(log());
    let mut with = tail(&world)
        .interval(Duration::from_secs(3))
        .lag(Duration::from_secs(15));
    let mut seen = read(&world, &mut with, 200).await;
    assert_eq!(seen.len(), 200);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 200, "each once");
}

#[tokio::test]
async fn demand_35_refused_cursors_and_failures_lose_nothing() {
    let world = world(steady(300));
    let mut tail = tail(&world);
    let mut seen = Vec::new();
    let mut failures = 0;
    while seen.len() < 300 {
        match tail.next().await.unwrap() {
            Ok(batch) => {
                seen.extend(batch.events.into_iter().map(|event| event.uuid.unwrap()));
                let mut trouble = world.trouble.lock().unwrap();
                trouble.refuses_cursors = seen.len() % 2 == 0;
                trouble.fails = u32::from(seen.len() % 3 == 0);
            }
            Err(error) => {
                assert_eq!(error.status().unwrap(), 500);
                failures += 1;
            }
        }
    }
    let expected: Vec<String> = (0..300).map(|n| format!("event-{n}")).collect();
    assert_eq!(seen, expected);
    assert!(failures > 2, "{failures}");
}

#[tokio::test]
async fn demand_08_a_tail_stops_when_asked_and_a_list_with_until_ends() {
    let world = world(steady(3));
    world.clock.advance(Duration::from_secs(60));
    let mut tail = tail(&world).interval(Duration::from_secs(1_000_000));
    assert_eq!(tail.try_next().await.unwrap().unwrap().events.len(), 3);
    let stopper = tail.stopper();
    let waiting = tokio::spawn(async move { tail.next().await.is_none() });
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    let before = world.clock.elapsed();
    stopper.stop();
    assert!(waiting.await.unwrap());
    assert!(world.clock.elapsed() - before < Duration::from_secs(1_000_000));

    let last = Canned::from_fn(|_| Answer::json(200, format!("[{}]", event(1, 1.0))));
    let client = Client::builder()
        .org_url("https://acme.okta.com")
        .api_token("00test")
        .transport(Arc::new(last))
        .build()
        .unwrap();
    let mut bounded = client
        .logs()
        .list()
        .until("2026-01-02T00:00:00.000Z")
        .tail();
    assert!(bounded.try_next().await.unwrap().is_some());
    assert!(bounded.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_checkpoint_belongs_to_its_filter() {
    let world = world(steady(5));
    let mut tail = tail(&world);
    let checkpoint = tail.try_next().await.unwrap().unwrap().checkpoint;
    let text = serde_json_text(&checkpoint);
    let list = world.client.logs().list().filter("severity eq \"WARN\"");
    let error = list
        .tail()
        .resume(text.parse().unwrap())
        .try_next()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert!(error.to_string().contains("severity"), "{error}");
    assert!("rubbish".parse::<LogCheckpoint>().is_err());
}

fn serde_json_text(checkpoint: &LogCheckpoint) -> String {
    let text = checkpoint.to_string();
    assert_eq!(&text.parse::<LogCheckpoint>().unwrap(), checkpoint);
    text
}

/// A tail over answers that are made by the query.
fn tail_of(
    answer: impl Fn(&BTreeMap<String, String>) -> Answer + Send + Sync + 'static,
) -> (LogTail, Arc<Canned>) {
    let transport = Arc::new(Canned::from_fn(move |request| {
        let query = request.uri.query().unwrap_or_default();
        answer(
            &url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }));
    let client = Client::builder()
        .org_url("https://acme.okta.com")
        .api_token("00test")
        .transport(transport.clone())
        .clock(Arc::new(VirtualClock::starting_at(at(0.0))))
        .build()
        .unwrap();
    let tail = client.logs().list().since(at(0.0).to_string()).tail();
    (tail, transport)
}

#[tokio::test]
async fn demand_35_a_tail_goes_on_by_time_where_the_next_link_is_lost() {
    // One event a second, and never a link.
    let seconds = Arc::new(Mutex::new(0));
    let (mut tail, transport) = tail_of(move |query| {
        let mut seconds = seconds.lock().unwrap();
        *seconds += 30;
        let since: jiff::Timestamp = query["since"].parse().unwrap();
        let events: Vec<String> = (0..*seconds)
            .filter(|second| at(f64::from(*second)) >= since)
            .map(|second| event(second as usize, f64::from(second)))
            .collect();
        Answer::json(200, format!("[{}]", events.join(",")))
    });
    let mut seen = Vec::new();
    for _ in 0..20 {
        let batch = tail.try_next().await.unwrap().expect("it does not end");
        seen.extend(batch.events.into_iter().map(|event| event.uuid.unwrap()));
    }
    let expected: Vec<String> = (0..600).map(|n| format!("event-{n}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(transport.requests().len(), 20);

    // A whole page of known events, again and again: more is there, but cannot be reached.
    let page: Vec<String> = (0..1000).map(|n| event(n, 1.0)).collect();
    let page = format!("[{}]", page.join(","));
    let (mut tail, _) = tail_of(move |_| Answer::json(200, page.clone()));
    assert_eq!(tail.try_next().await.unwrap().unwrap().events.len(), 1000);
    let error = tail.try_next().await.unwrap_err();
    assert!(error.to_string().contains("no next link"), "{error}");
    assert!(error.hint().unwrap().contains("Link header"), "{error}");
}

#[tokio::test]
async fn demand_35_looking_back_repeats_no_event_that_cannot_be_decoded() {
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let rounds = Arc::new(Mutex::new(0));
    let (tail, _) = tail_of(move |query| {
        let mut rounds = rounds.lock().unwrap();
        let link = r#"</api/v1/logs?after=1&limit=1000>; rel="next""#;
        if query.contains_key("after") {
            return Answer::json(200, "[]").header("link", link);
        }
        *rounds += 1;
        // Two that are alike, and a new one with each round.
        let odd = |name: &str| format!(r#"{{"uuid":"{name}","x":{deep}}}"#);
        let mut all = vec![event(1, 1.0), odd("twin"), odd("twin")];
        all.extend((0..*rounds).map(|round| odd(&format!("odd-{round}"))));
        all.push(event(2, 2.0));
        Answer::json(200, format!("[{}]", all.join(","))).header("link", link)
    });
    let mut tail = tail.lag(Duration::from_secs(600));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let batch = tail.try_next().await.unwrap().unwrap();
        seen.push((batch.events.len(), batch.undecodable.len(), batch.repeated));
    }
    assert_eq!(seen, [(2, 3, 0), (0, 1, 5), (0, 1, 6)]);
    // A checkpoint knows them, too.
    let checkpoint = tail.checkpoint().unwrap().to_string();
    assert!(!checkpoint.contains("[[["), "{checkpoint}");
    let mut tail = tail.resume(checkpoint.parse().unwrap());
    let batch = tail.try_next().await.unwrap().unwrap();
    assert_eq!((batch.events.len(), batch.undecodable.len()), (0, 1));
}
