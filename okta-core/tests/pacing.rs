//! Full use of the rate limits without meeting them, in virtual time.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::org::{Org, Others};
use common::*;
use futures_util::FutureExt as _;
use okta_core::clock::Clock;
use okta_core::prelude::*;
use okta_core::testing::VirtualClock;
use okta_core::{ClientBuilder, Pacing, RetryPolicy};

fn client_of(org: &Arc<Org>, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let builder = Client::builder()
        .org_url(ORG)
        .api_token("00canary")
        .no_timeout()
        .transport(org.clone())
        .clock(Arc::new(org.clock.clone()));
    change(builder).build().unwrap()
}

/// Calls without a pause from so many tasks each until so much time has passed; the number of
/// calls that failed.
async fn run(clients: &[Client], tasks: usize, clock: &VirtualClock, time: Duration) -> u64 {
    let end = clock.monotonic() + time;
    let mut running = Vec::new();
    for client in clients {
        for _ in 0..tasks {
            let (client, clock) = (client.clone(), clock.clone());
            running.push(tokio::spawn(async move {
                let mut failed = 0;
                while clock.monotonic() < end {
                    failed += u64::from(client.send(Get::of("1")).await.is_err());
                }
                failed
            }));
        }
    }
    let mut failed = 0;
    for task in running {
        failed += task.await.unwrap();
    }
    failed
}

const TEN_WINDOWS: Duration = Duration::from_secs(60 * 11);

/// Runs over ten whole windows and more; the used part, refusals by the window.
async fn scenario(tasks: usize, change: impl FnOnce(&mut Org)) -> (f64, u64) {
    let clock = clock();
    let mut org = Org::new(&clock);
    change(&mut org);
    let org = Arc::new(org);
    let client = client_of(&org, |b| b);
    let failed = run(&[client], tasks, &clock, TEN_WINDOWS).await;
    let (used, windows) = org.use_of_whole_windows();
    assert!(windows >= 10, "{windows} windows");
    assert_eq!(failed, 0);
    eprintln!(
        "{tasks} tasks: {:.2} % used, {:?} refused, others {:?}",
        used * 100.0,
        org.refused(),
        org.others
    );
    (used, org.refused().0)
}

macro_rules! scenarios {
    ($($name:ident: $tasks:expr, $change:expr;)*) => {
        $(#[tokio::test]
        async fn $name() {
            let (used, refused) = scenario($tasks, $change).await;
            assert_eq!(refused, 0);
            assert!(used >= 0.99, "{used}");
        })*
    };
}

/// Up and down between windows.
fn changing(window: i64, _: i64) -> u64 {
    match window.rem_euclid(6) {
        2 => 300,
        4 => 900,
        5 => 450,
        _ => 600,
    }
}

/// Up inside a window, while calls still go out.
fn raised(window: i64, second: i64) -> u64 {
    match (window.rem_euclid(3), second) {
        (1, 0..10) => 300,
        (1, _) => 500,
        _ => 600,
    }
}

scenarios! {
    demand_13_one_task_uses_the_allowance_without_a_429: 1, |_| {};
    demand_13_many_tasks_use_the_allowance_without_a_429: 64, |_| {};
    demand_13_with_another_client_that_calls_evenly: 64, |org| org.others = Others::Evenly(200);
    demand_13_with_another_client_beside_one_task: 1, |org| org.others = Others::Evenly(200);
    demand_13_with_another_client_that_comes_first: 64, |org| org.others = Others::Burst(200, 0);
    demand_13_with_another_client_that_comes_late: 64, |org| org.others = Others::Burst(200, 40);
    demand_13_with_another_client_in_step: 64, |org| org.others = Others::Each(2);
    demand_13_with_a_limit_that_changes: 64, |org| org.limit = changing;
    demand_13_with_a_limit_that_changes_and_one_task: 1, |org| org.limit = changing;
    demand_13_with_a_limit_that_is_raised_meanwhile: 1, |org| org.limit = raised;
    demand_13_with_a_clock_ten_minutes_fast: 64, |org| org.skew = -600_000;
    demand_13_with_a_clock_ten_minutes_slow: 64, |org| org.skew = 600_400;
    demand_13_with_a_small_limit: 64, |org| org.limit = |_, _| 100;
    demand_13_with_slow_answers: 64, |org| org.latency = Duration::from_millis(900);
}

#[tokio::test]
async fn demand_13_ten_thousand_calls() {
    let clock = clock();
    let org = Arc::new(Org::new(&clock));
    let client = client_of(&org, |b| b);
    let mut running = Vec::new();
    for _ in 0..64 {
        let client = client.clone();
        running.push(tokio::spawn(async move {
            for _ in 0..157 {
                client.send(Get::of("1")).await.unwrap();
            }
        }));
    }
    for task in running {
        task.await.unwrap();
    }
    assert_eq!(org.refused(), (0, 0));
    let (used, _) = org.use_of_whole_windows();
    assert!(used >= 0.99, "{used}");
    // 10,048 calls are 16.7 windows of 600.
    assert!(clock.elapsed() < Duration::from_secs(17 * 60));
}

#[tokio::test]
async fn demand_13_a_share_is_kept_by_all_clones() {
    let clock = clock();
    let org = Arc::new(Org::new(&clock));
    let client = client_of(&org, |b| b.pacing(Pacing::share(0.6)));
    let clones = [client.clone(), client.clone()];
    assert_eq!(run(&clones, 16, &clock, TEN_WINDOWS).await, 0);
    assert_eq!(org.refused().0, 0);
    for ours in org.ours() {
        assert!((356..=360).contains(&ours), "{ours}");
    }
    for share in [0.0, -1.0, 1.01, f64::NAN] {
        let error = Client::builder()
            .org_url(ORG)
            .api_token("00x")
            .pacing(Pacing::share(share))
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("share"), "{error}");
    }
}

#[tokio::test]
async fn demand_13_a_reset_is_no_starting_gun() {
    let clock = clock();
    let org = Arc::new(Org::new(&clock));
    let client = client_of(&org, |b| b);
    run(&[client], 64, &clock, Duration::from_secs(200)).await;
    // 64 wait for each reset; a hundredth of a second apart, not all at once.
    assert!(org.densest(100) <= 25, "{} in 100 ms", org.densest(100));
}

#[tokio::test]
async fn demand_13_pacing_can_be_switched_off() {
    let clock = clock();
    let org = Arc::new(Org::new(&clock));
    let client = client_of(&org, |b| b.pacing(Pacing::off()));
    assert_eq!(
        run(
            std::slice::from_ref(&client),
            8,
            &clock,
            Duration::from_secs(180)
        )
        .await,
        0
    );
    // The limit is met, and waited for.
    assert!(org.refused().0 > 0);
    assert!(client.rate_limits().bucket("test").is_some());
}

/// Two clients that know nothing of each other but a directory.
#[tokio::test]
async fn demand_13_processes_stay_inside_the_limit_together() {
    let directory = std::env::temp_dir().join(format!("okta-pacing-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    let clock = clock();
    let org = Arc::new(Org::new(&clock));
    let client = || {
        client_of(&org, |b| {
            b.pacing(Pacing::default().across_processes(&directory))
        })
    };
    let clients = [client(), client()];
    assert_eq!(run(&clients, 8, &clock, Duration::from_secs(200)).await, 0);
    let (used, windows) = org.use_of_whole_windows();
    assert_eq!(org.refused(), (0, 0));
    assert!(used >= 0.99 && windows >= 2, "{used} in {windows}");
    // What both have on their way is seen by a third one, and nothing is left over.
    let third = client();
    let forecast = third.forecast(&GET, 4_200);
    assert_eq!(forecast.limit, Some(600));
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn demand_14_eighty_calls_into_seventy_five_slots() {
    for retry_after in [None, Some("60"), Some("1")] {
        let clock = clock();
        let mut org = Org::new(&clock);
        org.slots = 75;
        org.latency = Duration::from_millis(300);
        org.retry_after = retry_after;
        let org = Arc::new(org);
        let client = client_of(&org, |b| b);
        // The limits are known already, so that all eighty go at once.
        client.send(Get::of("1")).await.unwrap();
        let begun = clock.elapsed();
        let tasks: Vec<_> = (0..80)
            .map(|_| tokio::spawn(client.send(Get::of("1"))))
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let took = clock.elapsed() - begun;
        assert!(
            took < Duration::from_secs(2),
            "{took:?} with {retry_after:?}"
        );
        assert_eq!(org.refused(), (0, 5));
        // The limit is learnt: the next eighty meet it no more.
        assert_eq!(client.rate_limits().concurrency_limit, Some(75));
        let tasks: Vec<_> = (0..80)
            .map(|_| tokio::spawn(client.send(Get::of("1"))))
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(org.refused(), (0, 5));
        assert_eq!(org.most(), 76, "75 and the one that is refused");
    }
}

#[tokio::test]
async fn demand_15_a_turn_beyond_the_budget_fails_at_once() {
    let clock = clock();
    let mut org = Org::new(&clock);
    org.limit = |_, _| 10;
    let org = Arc::new(org);
    let client = client_of(&org, |b| b);
    for _ in 0..10 {
        client.send(Get::of("1")).await.unwrap();
    }
    let before = clock.elapsed();
    let call = |seconds| client.send(Get::of("1").with_timeout(Duration::from_secs(seconds)));
    let error = call(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert_eq!(clock.elapsed(), before, "at once");
    assert_eq!(error.attempts(), 0);
    assert!(!error.may_have_been_applied());
    let reset = error.reset_at().unwrap().as_second();
    assert_eq!((reset - 17) % 60, 0, "the end of the window");
    // Those who are so far back in line that two windows pass before their turn.
    let mut line: Vec<_> = (0..10).map(|_| Box::pin(call(50))).collect();
    for waiting in &mut line {
        assert!(waiting.now_or_never().is_none());
    }
    let error = call(50).now_or_never().expect("at once").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert_eq!(error.reset_at().unwrap().as_second(), reset + 60);
    for result in futures_util::future::join_all(line).await {
        result.unwrap();
    }
    // A policy may refuse to wait for a window at all.
    let patience = RetryPolicy::default().max_rate_limit_wait(Duration::from_secs(2));
    for _ in 0..12 {
        let sent = client.send(Get::of("1").with_retry(patience.clone())).await;
        if let Err(error) = sent {
            assert!(error.is_rate_limited() && error.is_retryable());
            return;
        }
    }
    panic!("the limit was not met");
}

#[tokio::test]
async fn demand_47_giving_up_frees_the_place_in_line() {
    let clock = clock();
    let mut org = Org::new(&clock);
    org.limit = |_, _| 4;
    let org = Arc::new(org);
    let client = client_of(&org, |b| b);
    for _ in 0..4 {
        client.send(Get::of("1")).await.unwrap();
    }
    let call = || Box::pin(client.send(Get::of("1")));
    let (mut one, mut two, mut three) = (call(), call(), call());
    for waiting in [&mut one, &mut two, &mut three] {
        assert!(waiting.now_or_never().is_none());
    }
    let state = client.rate_limits();
    assert_eq!(state.bucket("test").unwrap().waiting, 3, "{state}");
    drop((one, two));
    three.await.unwrap();
    let state = client.rate_limits();
    let bucket = state.bucket("test").unwrap();
    assert_eq!(
        (bucket.waiting, bucket.in_flight, state.in_flight),
        (0, 0, 0)
    );
    assert_eq!(bucket.remaining, Some(3));
}

#[tokio::test]
async fn demand_13_forecasts() {
    let clock = clock();
    let mut org = Org::new(&clock);
    org.limit = |_, _| 1000;
    let org = Arc::new(org);
    let client = client_of(&org, |b| b.pacing(Pacing::share(0.6)));
    let forecast = client.forecast(&GET, 4_200);
    assert_eq!(forecast.duration, None);
    assert_eq!(
        forecast.to_string(),
        "4,200 calls in bucket test: the limit is not known before the first answer"
    );
    // The first answer of a window that has just begun.
    clock.advance(Duration::from_secs(17));
    client.send(Get::of("1")).await.unwrap();
    let forecast = client.forecast("test", 4_199);
    assert_eq!((forecast.limit, forecast.at_once), (Some(1000), 599));
    assert_eq!(
        forecast.to_string(),
        "4,199 calls in bucket test: 7 min at 60 % of 1,000 a minute"
    );
    let forecast = client.forecast("test", 10);
    assert_eq!(forecast.duration, Some(Duration::ZERO));
    assert!(forecast.to_string().contains("at once"), "{forecast}");
}
