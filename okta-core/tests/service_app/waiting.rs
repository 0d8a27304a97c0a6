//! Many callers wait for one token, and for an endpoint that is not well.

use super::*;

/// The token endpoint is down for a while: one caller gives up at once, the others outlast it.
#[tokio::test]
async fn demand_25_who_waits_for_a_token_goes_on_by_its_own_policy() {
    for callers in [3, 200] {
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&requests);
        let canned = Canned::from_fn(move |request| {
            if request.uri.path() != "/oauth2/v1/token" {
                return Answer::json(200, "{}");
            }
            match seen.fetch_add(1, Ordering::SeqCst) {
                0..3 => Answer::empty(503),
                _ => Answer::json(
                    200,
                    r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
                ),
            }
        });
        let (client, _, _) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
        // The first one is the leader, and has no patience.
        let hasty = tokio::spawn(client.send(Get::of("1").with_retry(RetryPolicy::none())));
        let patient: Vec<_> = (0..callers)
            .map(|_| tokio::spawn(client.send(Get::of("1"))))
            .collect();
        let error = hasty.await.unwrap().unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 503);
        for call in patient {
            call.await.unwrap().unwrap();
        }
        assert_eq!(
            count(&requests),
            4,
            "{callers} callers make no more requests than one"
        );
    }
}

#[tokio::test]
async fn demand_25_ten_thousand_callers_make_one_token_request() {
    let (client, _, server) = start(RULES, app(&["okta.things.manage"]));
    let tasks: Vec<_> = (0..10_000)
        .map(|_| tokio::spawn(client.send(Get::of("1"))))
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&server.token_requests), 1);
}

#[tokio::test]
async fn a_token_endpoint_that_says_when_to_come_again_is_believed() {
    let after = |header: &'static str, value: &'static str, status: u16| {
        let requests = AtomicUsize::new(0);
        let canned = Canned::from_fn(move |request| {
            if request.uri.path() != "/oauth2/v1/token" {
                return Answer::json(200, "{}");
            }
            match requests.fetch_add(1, Ordering::SeqCst) {
                0 => Answer::empty(status).header(header, value),
                _ => Answer::json(
                    200,
                    r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
                ),
            }
        });
        client_with(canned, |b| b.service_app(app(&["okta.things.read"])))
    };
    for (value, status, from, to) in [
        ("30", 429, 30.0, 31.1),
        ("30", 503, 30.0, 31.1),
        ("Thu, 01 Jan 2026 00:00:45 GMT", 503, 45.0, 46.1),
        ("0", 429, 0.1, 1.1),
    ] {
        let (client, _, clock) = after("retry-after", value, status);
        client.send(Get::of("1")).await.unwrap();
        let waited = clock.elapsed().as_secs_f64();
        assert!((from..to).contains(&waited), "{value}: {waited}");
    }
    // Longer than the policy waits: at once.
    let (client, _, clock) = after("retry-after", "3600", 429);
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 429);
    assert!(clock.elapsed() < Duration::from_secs(1));
}

/// An endpoint with two token requests a minute, and calls that each need a token of their own.
#[tokio::test]
async fn demand_13_token_requests_keep_to_the_limit_of_their_endpoint() {
    for (pacing, refused, retries) in [(true, 0, 0), (false, 1, 0), (false, 4, 4)] {
        let clock = clock();
        let (time, state) = (clock.clone(), Arc::new(Mutex::new((0, 0, 0))));
        let seen = Arc::clone(&state);
        let canned = Canned::from_fn(move |request| {
            use okta_core::clock::Clock as _;
            let now = time.wall().as_second();
            let date = jiff::Timestamp::from_second(now).unwrap();
            let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            if request.uri.path() != "/oauth2/v1/token" {
                return Answer::json(200, "{}").header("date", &date);
            }
            let mut state = seen.lock().unwrap();
            let (window, used, refused) = &mut *state;
            if *window != now / 60 {
                (*window, *used) = (now / 60, 0);
            }
            *used += 1;
            let answer = match *used {
                ..=2 => Answer::json(200, r#"{"token_type":"Bearer","access_token":"t"}"#),
                _ => {
                    *refused += 1;
                    Answer::json(429, r#"{"errorCode":"E0000047"}"#)
                }
            };
            answer
                .header("date", &date)
                .header("x-rate-limit-limit", "2")
                .header(
                    "x-rate-limit-remaining",
                    &(2_i64 - *used).max(0).to_string(),
                )
                .header("x-rate-limit-reset", &((now / 60 + 1) * 60).to_string())
        });
        let policy = match retries {
            0 if !pacing => RetryPolicy::none(),
            _ => RetryPolicy::default(),
        };
        let (client, transport, _) = client_with(canned, |b| {
            let pacing = match pacing {
                true => okta_core::Pacing::default(),
                false => okta_core::Pacing::off(),
            };
            b.service_app(app(&["okta.things.read"]))
                .clock(Arc::new(clock.clone()))
                .retry(policy)
                .pacing(pacing)
        });
        let mut failed = 0;
        for _ in 0..10 {
            failed += usize::from(client.renew_token().await.is_err());
            client.send(Get::of("1")).await.ok();
        }
        let (_, _, met) = *state.lock().unwrap();
        if pacing {
            assert_eq!((met, failed), (refused, 0));
            assert!(clock.elapsed() > Duration::from_secs(4 * 60 - 30));
        } else {
            // Without it the limit is met: and waited for, if the policy says so.
            assert!(met >= refused, "{met}");
            assert_eq!(failed == 0, retries > 0);
        }
        assert!(transport.requests().len() > 10);
        let known = client.rate_limits();
        assert_eq!(known.bucket("org-as-token").and_then(|b| b.limit), Some(2));
    }
}
