//! Jobs of many calls: bounds, reports, journals, look-ups, waiting, lanes.

mod common;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use common::*;
use okta_core::bulk::{Bulk, Found, Journal, Lookup, Report, Stop, WaitUntil};
use okta_core::bulk::{lane, look_up, look_up_each, pick_from_list, pick_or_get};
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::{RetryPolicy, Stopper};

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}

fn put(client: &Client, id: u32) -> impl Future<Output = okta_core::Result<u32>> + use<> {
    let call = client
        .call("PUT", "/api/v1/things/{id}")
        .path("id", id.to_string());
    async move { call.await.map(|_| id) }
}

async fn run(client: &Client, bulk: Bulk<u32>, ids: std::ops::Range<u32>) -> Report<u32> {
    bulk.run(ids, u32::to_string, |id| put(client, id)).await
}

/// How often each path was asked for.
fn counts(transport: &Canned) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in transport.requests() {
        *counts.entry(request.uri.path().to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn every_item_is_done_or_named_with_its_error() {
    let (client, transport, _) = client(Canned::from_fn(|request| {
        let id: u32 = request
            .uri
            .path()
            .rsplit('/')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        match id % 10 {
            3 => Answer::json(400, r#"{"errorCode":"E0000001","errorSummary":"no"}"#),
            7 if id == 7 => Answer::json(404, r#"{"errorCode":"E0000007","errorSummary":"gone"}"#),
            _ => Answer::empty(204),
        }
    }));
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let progress = Arc::clone(&seen);
    let report = Bulk::new(&client)
        .concurrency(4)
        .on_progress(move |p| progress.lock().unwrap().push(p))
        .run((0..100).chain([5]), u32::to_string, |id| {
            let (under_way, most) = (under_way.clone(), most.clone());
            let call = put(&client, id);
            async move {
                most.fetch_max(
                    under_way.fetch_add(1, Ordering::SeqCst) + 1,
                    Ordering::SeqCst,
                );
                tokio::task::yield_now().await;
                let result = call.await;
                under_way.fetch_sub(1, Ordering::SeqCst);
                result
            }
        })
        .await;
    assert_eq!(most.load(Ordering::SeqCst), 4);
    assert_eq!((report.done.len(), report.failed.len()), (89, 11));
    assert_eq!((report.repeated, report.resumed), (1, 0));
    assert!(report.stopped.is_none() && !report.is_complete());
    assert_eq!(report.done["42"], 42);
    assert!(
        report
            .failed
            .iter()
            .any(|f| f.key == "7" && f.error.is_not_found())
    );
    let causes = report.causes();
    assert_eq!(causes.len(), 2);
    assert_eq!(
        (causes[0].count, causes[0].code.as_deref()),
        (10, Some("E0000001"))
    );
    let text = report.to_string();
    assert!(text.starts_with("89 done, 11 failed"), "{text}");
    assert!(
        text.contains("10 × ") && text.contains("first: 3"),
        "{text}"
    );
    assert_eq!(transport.requests().len(), 100);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 100);
    let last = seen.last().unwrap();
    assert_eq!((last.done, last.failed, last.total), (89, 11, Some(101)));
}

#[tokio::test]
async fn a_job_stops_for_its_reasons() {
    let refuse = |status: u16| Canned::from_fn(move |_| Answer::json(status, "{}"));
    let (broken, transport, _) = client(refuse(400));
    let report = run(
        &broken,
        Bulk::new(&broken).concurrency(1).stop_after_failures(3),
        0..50,
    )
    .await;
    assert!(matches!(report.stopped, Some(Stop::Failures(3))));
    assert_eq!((report.failed.len(), transport.requests().len()), (3, 3));

    // A refused credential is refused for every item.
    let (refused, transport, _) = client(refuse(401));
    let report = run(&refused, Bulk::new(&refused).concurrency(2), 0..50).await;
    assert!(
        matches!(report.stopped, Some(Stop::Hopeless(_))),
        "{report}"
    );
    assert!(transport.requests().len() <= 2);
    let stubborn = Bulk::new(&refused).stop_on(|_| false);
    assert_eq!(run(&refused, stubborn, 0..50).await.failed.len(), 50);

    // Asked to stop: what is under way is finished.
    let (client, transport, _) = client(Canned::from_fn(|_| Answer::empty(204)));
    let stopper = Stopper::default();
    let stop = stopper.clone();
    let bulk = Bulk::new(&client).concurrency(3).stopper(&stopper);
    let report = run(
        &client,
        bulk.on_progress(move |p| {
            if p.done == 10 {
                stop.stop()
            }
        }),
        0..50,
    )
    .await;
    assert!(matches!(report.stopped, Some(Stop::Asked)));
    assert_eq!(report.done.len(), transport.requests().len());
    assert!(
        (10..=12).contains(&report.done.len()),
        "{}",
        report.done.len()
    );
    assert!(report.to_string().contains("stopped on request"));
}

/// Killed at every possible moment: what was acknowledged is not called again.
#[tokio::test]
async fn no_acknowledged_call_is_repeated_after_a_crash() {
    for moment in 0..40 {
        let path = file(&format!("crash-{moment}.journal"));
        let open = || Journal::<u32>::open(&path, "job").unwrap();
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let canned = || Canned::from_fn(|_| Answer::empty(204));
        let (first, _, _) = client(canned());
        {
            let (note, first) = (Arc::clone(&acknowledged), &first);
            let bulk = Bulk::new(first).concurrency(3).journal(open());
            let running = bulk.run(0..12, u32::to_string, |id| {
                let (note, call) = (note.clone(), put(first, id));
                async move {
                    tokio::task::yield_now().await;
                    let result = call.await;
                    // Not all answers come at once.
                    for _ in 0..id % 3 {
                        tokio::task::yield_now().await;
                    }
                    note.lock().unwrap().push(id);
                    result
                }
            });
            let mut running = Box::pin(running);
            let mut cx = Context::from_waker(Waker::noop());
            for _ in 0..moment {
                if running.as_mut().poll(&mut cx).is_ready() {
                    break;
                }
            }
            // Dropped here, as a kill would.
        }
        // The process died while it wrote a line.
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], br#"{"key":"11","val"#].concat()).unwrap();
        let (second, transport, _) = client(canned());
        let report = run(&second, Bulk::new(&second).journal(open()), 0..12).await;
        assert!(report.is_complete() && report.done.len() == 12, "{report}");
        let acknowledged = acknowledged.lock().unwrap().clone();
        assert_eq!(report.resumed as usize, acknowledged.len(), "{moment}");
        let counts = counts(&transport);
        assert_eq!(counts.len(), 12 - acknowledged.len());
        for id in acknowledged.iter() {
            assert!(!counts.contains_key(&format!("/api/v1/things/{id}")));
        }
        let (third, transport, _) = client(canned());
        let report = run(&third, Bulk::new(&third).journal(open()), 0..12).await;
        assert_eq!((report.resumed, transport.requests().len()), (12, 0));
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_journal_is_checked() {
    let path = file("checked.journal");
    let open = |job: &str| Journal::<u32>::open(&path, job).map_err(|error| error.to_string());
    let first = open("one").unwrap();
    assert!(open("one").unwrap_err().contains("another process"));
    drop(first);
    let error = open("two").unwrap_err();
    assert!(
        error.contains("another job") && error.contains("\"one\""),
        "{error}"
    );
    // A head that was cut off begins anew; any other file is left alone.
    std::fs::write(&path, br#"{"journal":"okta-b"#).unwrap();
    drop(open("one").unwrap());
    drop(open("one").unwrap());
    for other in ["somebody's notes", "somebody's notes\n", "{}\n"] {
        std::fs::write(&path, other).unwrap();
        assert!(open("one").unwrap_err().contains("another kind"), "{other}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
    }
    std::fs::remove_file(&path).unwrap();
    drop(open("one").unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        format!("{text}{{\"key\":\"a\",\"value\":\"no number\"}}\n"),
    )
    .unwrap();
    assert!(open("one").unwrap_err().contains("line 2"));
    assert!(Journal::<u32>::open("/no/such/folder/journal", "x").is_err());
}

/// Answers a filter over a thousand things; `missing` ones do not exist.
fn directory(missing: &'static [&'static str]) -> Canned {
    Canned::from_fn(move |request| {
        let query = request.uri.query().unwrap_or_default();
        let (_, filter) = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "filter")
            .unwrap();
        let things: Vec<String> = filter
            .split(" or ")
            .map(|clause| clause.split('"').nth(1).unwrap())
            .filter(|id| !missing.contains(id))
            .map(|id| format!(r#"{{"id":"{}"}}"#, id.to_lowercase()))
            .collect();
        Answer::json(200, format!("[{}]", things.join(",")))
    })
}

async fn filtered(client: &Client, keys: &[String], lookup: Lookup) -> Found<Thing> {
    let list = |filter: String| {
        let mut list = List::new().attach(client);
        list.call.set_query("filter", filter);
        list
    };
    look_up(keys, lookup, list, |thing| thing.id.clone())
        .await
        .unwrap()
}

#[tokio::test]
async fn demand_44_500_look_ups_take_at_most_5_requests() {
    let (client, transport, _) =
        client(directory(&["00u00000000000000007", "00u00000000000000408"]));
    let keys: Vec<String> = (0..500).map(|n| format!("00u{n:017}")).collect();
    let found = filtered(&client, &keys, Lookup::by("id")).await;
    assert!(
        transport.requests().len() <= 5,
        "{}",
        transport.requests().len()
    );
    assert_eq!(found.items.len(), 498);
    assert_eq!(
        found.missing,
        ["00u00000000000000007", "00u00000000000000408"]
    );
    for key in keys.iter().filter(|key| !found.missing.contains(key)) {
        assert_eq!(found.get(key).unwrap().id.as_ref(), Some(key));
    }
    let none = filtered(&client, &[], Lookup::by("id")).await;
    assert!(none.is_complete() && none.items.is_empty());
    // Spellings that the service takes for the same.
    let mut lookup = Lookup::by("id");
    lookup.ignore_case = true;
    let spelt = ["Ana".to_owned(), "ana".into(), "Bo".into(), "ana".into()];
    let found = filtered(&client, &spelt, lookup).await;
    assert_eq!((found.items.len(), found.iter().count()), (2, 3));
    assert!(found.is_complete() && found.get("Ana").is_some() && found.get("ana").is_some());
}

/// Things 0, 1, … in pages of ten; each can be asked for.
fn shelf(pages: usize) -> Canned {
    Canned::from_fn(move |request| {
        if let Some(id) = request.uri.path().strip_prefix("/api/v1/things/") {
            return match id.parse::<usize>().is_ok_and(|id| id < pages * 10) {
                true => Answer::json(200, format!(r#"{{"id":"{id}"}}"#)),
                false => Answer::json(404, r#"{"errorCode":"E0000007","errorSummary":"gone"}"#),
            };
        }
        let query = request.uri.query().unwrap_or_default();
        let at: usize = query
            .split("after=")
            .nth(1)
            .map_or(0, |at| at.parse().unwrap());
        let things: Vec<String> = (0..10)
            .map(|n| format!(r#"{{"id":"{}"}}"#, at * 10 + n))
            .collect();
        let answer = Answer::json(200, format!("[{}]", things.join(",")));
        match at + 1 < pages {
            true => answer.header(
                "link",
                &format!("</api/v1/things?after={}>; rel=next", at + 1),
            ),
            false => answer,
        }
    })
}

#[tokio::test]
async fn demand_44_a_list_without_filter_is_read_while_that_is_cheaper() {
    let keys = |ids: &[u32]| -> Vec<String> { ids.iter().map(u32::to_string).collect() };
    for (pages, ids, missing, at_most) in [
        (2, keys(&[1, 2, 3, 4, 5, 15, 17]), 0, 2),
        (2, keys(&[1, 2, 3, 400]), 1, 2),
        (500, keys(&[1, 2, 4999]), 0, 2),
        (500, keys(&[4990, 4991, 4992, 9999]), 1, 8),
        (500, keys(&[4990, 4990]), 0, 1),
        (3, keys(&[]), 0, 0),
    ] {
        let (client, transport, _) = client(shelf(pages));
        let get = |id: &str| Get::of(id).attach(&client);
        let list = List::new().attach(&client);
        let found = pick_or_get(&ids, list, |thing| thing.id.clone(), get)
            .await
            .unwrap();
        assert_eq!(found.missing.len(), missing, "{ids:?}");
        assert!(
            transport.requests().len() <= at_most,
            "{ids:?}: {}",
            transport.requests().len()
        );
        let list = List::new().attach(&client);
        let picked = pick_from_list(&ids, list, |thing| thing.id.clone());
        assert_eq!(picked.await.unwrap().missing, found.missing);
        let each = look_up_each(&ids, |id| Get::of(id).attach(&client))
            .await
            .unwrap();
        assert_eq!(
            (each.items.len(), each.missing.len()),
            (found.items.len(), missing)
        );
    }
}

#[tokio::test]
async fn demand_45_waits_until_it_is_visible() {
    let (client, transport, clock) = client(Canned::from_fn(|_| Answer::json(200, "[]")));
    let began = clock.clone();
    let found = WaitUntil::new(&client)
        .visible(|| {
            let (client, clock) = (client.clone(), began.clone());
            async move {
                List::new().attach(&client).await?;
                Ok((clock.elapsed() > Duration::from_secs(7)).then_some("there"))
            }
        })
        .await;
    assert_eq!(found.unwrap(), "there");
    assert!(
        transport.requests().len() <= 7,
        "{}",
        transport.requests().len()
    );
    let before = clock.elapsed();
    let never = WaitUntil::new(&client).timeout(Duration::from_secs(3));
    let error = never.visible(async || Ok(None::<()>)).await.unwrap_err();
    assert!(
        error.is_timeout() && error.hint().unwrap().contains("by id"),
        "{error}"
    );
    assert_eq!(clock.elapsed() - before, Duration::from_secs(3));
    let failing = WaitUntil::new(&client)
        .visible(async || Err::<Option<()>, _>(Error::new(ErrorKind::Request, "no")));
    assert_eq!(failing.await.unwrap_err().kind(), ErrorKind::Request);
}

#[tokio::test]
async fn demand_43_a_lane_is_for_one_and_turns_are_in_order() {
    let (client, _, _) = client_with(Canned::new(), |b| {
        b.api_token("00t").retry(RetryPolicy::none())
    });
    let log = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let (client, log) = (client.clone(), Arc::clone(&log));
            tokio::spawn(async move {
                let _turn = lane(&client, "/api/v1/policies/p1/rules").await;
                log.lock().unwrap().push(n);
                tokio::task::yield_now().await;
                log.lock().unwrap().push(n);
            })
        })
        .collect();
    let other = lane(&client, "/api/v1/policies/p2/rules").await;
    for task in tasks {
        task.await.unwrap();
    }
    drop(other);
    let expected: Vec<i32> = (0..20).flat_map(|n| [n, n]).collect();
    assert_eq!(*log.lock().unwrap(), expected);
}
