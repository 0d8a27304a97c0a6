//! Tokens: one for many calls, renewal, refusals, scopes, clocks.

use super::*;

#[tokio::test]
async fn one_token_serves_many_calls() {
    let (client, _, server) = start(RULES, app(&["okta.things.manage"]));
    assert_eq!(client.granted_scopes(), None);
    let tasks: Vec<_> = (0..500)
        .map(|_| tokio::spawn(client.send(Get::of("1"))))
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&server.token_requests), 1);
    assert_eq!(client.stats().tokens, 1);
    assert_eq!(
        client.granted_scopes().unwrap().to_string(),
        "okta.things.manage"
    );
    client.renew_token().await.unwrap();
    assert_eq!(count(&server.token_requests), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let (client, _, server) = start(RULES, app(&["okta.things.manage"]));
    client.send(Get::of("1")).await.unwrap();
    server.clock.advance(Duration::from_secs(3000));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 1);
    server.clock.advance(Duration::from_secs(400));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 2);
    server.clock.advance(Duration::from_secs(10_000));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 3);
}

#[tokio::test]
async fn demand_25_a_refused_token_is_renewed_once() {
    let (client, transport, server) = start(
        Rules {
            first_good: 2,
            ..RULES
        },
        app(&["okta.things.manage"]),
    );
    client
        .send(Get::of("1").with_retry(RetryPolicy::none()))
        .await
        .unwrap();
    assert_eq!(count(&server.token_requests), 2);
    // Many callers with the same refused token: one renewal.
    server.rules.lock().unwrap().first_good = 3;
    let tasks: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.send(Get::of("1"))))
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&server.token_requests), 3);
    // A new one that is refused too is the answer, not a loop.
    server.rules.lock().unwrap().first_good = 1000;
    let before = transport.requests().len();
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.code()),
        (401, Some("invalid_token"))
    );
    assert_eq!(transport.requests().len() - before, 3);
}

#[tokio::test]
async fn a_missing_feature_is_no_reason_to_renew() {
    let canned = Canned::from_fn(|request| {
        if request.uri.path() == "/oauth2/v1/token" {
            return Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t","scope":"okta.things.read"}"#,
            );
        }
        Answer::json(
            401,
            r#"{"errorCode":"E0000015","errorSummary":"You do not have permission to access the feature you are requesting","errorCauses":[]}"#,
        )
    });
    let (client, transport, _) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.code(), Some("E0000015"));
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn demand_18_clocks_may_differ_by_minutes() {
    for dpop in [false, true] {
        for ahead in [-600, -61, -2, 0, 2, 61, 600] {
            let (client, _, server) = start(
                Rules {
                    ahead,
                    dpop,
                    nonce: dpop,
                    ..RULES
                },
                app(&["okta.things.manage"]),
            );
            client
                .send(Get::of("1"))
                .await
                .unwrap_or_else(|error| panic!("{ahead} {dpop}: {error}"));
            assert!(count(&server.token_requests) <= 4);
        }
    }
}

#[tokio::test]
async fn demand_17_token_errors_reach_the_user_verbatim() {
    for (answer, code, words) in [
        (
            Answer::json(
                401,
                r#"{"error":"invalid_client","error_description":"The client_assertion JWT kid is invalid."}"#,
            ),
            Some("invalid_client"),
            "kid",
        ),
        (
            Answer::json(
                401,
                r#"{"error":"invalid_client","error_description":"The client_assertion signature is invalid."}"#,
            ),
            Some("invalid_client"),
            "private key",
        ),
        (
            Answer::json(
                400,
                r#"{"error":"invalid_scope","error_description":"One or more scopes are not configured for the authorization server resource."}"#,
            ),
            Some("invalid_scope"),
            "spelling",
        ),
        (
            Answer::json(
                400,
                r#"{"error":"consent_required","error_description":"You are not allowed any of the requested scopes."}"#,
            ),
            Some("consent_required"),
            "grant",
        ),
        (
            Answer::json(
                403,
                r#"{"errorCode":"E0000006","errorSummary":"No.","errorCauses":[]}"#,
            ),
            Some("E0000006"),
            "role",
        ),
        (
            Answer::new(502, "<html><title>Bad Gateway</title></html>"),
            None,
            "HTML",
        ),
        (
            Answer::json(200, r#"{"token_type":"Bearer"}"#),
            None,
            "access_token",
        ),
        (Answer::new(200, "<html>sign in</html>"), None, "HTML"),
    ] {
        let answer = answer.header("x-okta-request-id", "tok9");
        let (client, _, _) = client_with(Canned::from_fn(move |_| answer.clone()), |b| {
            b.service_app(app(&["okta.things.read"]))
        });
        let error = client.send(Get::of("1")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Token, "{error}");
        assert_eq!(error.code(), code);
        assert_eq!(error.request_id(), Some("tok9"));
        assert!(
            error.hint().unwrap().contains(words) || error.to_string().contains(words),
            "{error}"
        );
        if let Some(summary) = error.summary() {
            assert!(error.to_string().contains(summary), "{error}");
        }
        assert!(
            error.to_string().contains("GET /api/v1/things/{id}"),
            "{error}"
        );
        assert!(!error.may_have_been_applied());
    }
}

#[tokio::test]
async fn token_requests_are_repeated_inside_the_deadline() {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    let canned = Canned::from_fn(move |request| {
        if request.uri.path() != "/oauth2/v1/token" {
            return Answer::json(200, "{}");
        }
        match seen.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::fault(TransportFault::MaybeSent),
            1 => Answer::empty(503),
            _ => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            ),
        }
    });
    let (client, _, _) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    client.send(Create::named("n")).await.unwrap();
    assert_eq!(count(&requests), 3);

    let (client, _, clock) = client_with(Canned::from_fn(|_| Answer::never()), |b| {
        b.service_app(app(&["okta.things.read"]))
            .timeout(Duration::from_secs(7))
    });
    let error = client.send(Create::named("n")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(!error.may_have_been_applied(), "{error}");
    assert_eq!(clock.elapsed(), Duration::from_secs(7));
    let (client, _, _) = client_with(
        Canned::from_fn(|_| Answer::fault(TransportFault::NotSent)),
        |b| b.service_app(app(&["okta.things.read"])),
    );
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("token endpoint"), "{error}");
}

#[tokio::test]
async fn demand_24_preflight_names_what_is_missing_before_the_first_call() {
    let (client, transport, _) = start(
        Rules {
            granted: "okta.things.read",
            ..RULES
        },
        app(&["okta.things.manage", "okta.things.read"]),
    );
    let report = client
        .preflight(scopes_of![Get, List, Create])
        .await
        .unwrap();
    assert!(!report.is_ok());
    assert_eq!(report.needed.to_string(), "okta.things.manage");
    assert_eq!(
        report.granted.as_ref().unwrap().to_string(),
        "okta.things.read"
    );
    let fix = &report.missing[0].how_to_fix;
    for part in ["okta.things.manage", "/api/v1/apps/0oaTEST/grants", ORG] {
        assert!(fix.contains(part), "{fix}");
    }
    assert!(!fix.contains("does not ask"), "{fix}");
    assert_eq!(transport.requests().len(), 1);
    assert!(client.preflight(scopes_of![Get]).await.unwrap().is_ok());
    assert_eq!(transport.requests().len(), 1);

    let (token, _, _) = common::client(Canned::new());
    let report = token.preflight(scopes_of![Create]).await.unwrap();
    assert!(report.is_ok() && report.granted.is_none());
    assert!(report.to_string().contains("API token"), "{report}");

    let (strict, _, _) = start(
        Rules {
            granted: "okta.things.read",
            ..RULES
        },
        app(&["okta.things.manage", "okta.logs.read"]).when_granted_fewer(GrantedFewer::Fail),
    );
    let error = strict.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientScope);
    assert_eq!(
        error.insufficient_scope().unwrap().missing().to_string(),
        "okta.logs.read okta.things.manage"
    );
}

#[tokio::test]
async fn demand_23_a_403_names_app_and_granted_scopes() {
    let canned = Canned::from_fn(|request| {
        if request.uri.path() == "/oauth2/v1/token" {
            return Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t","scope":"okta.logs.read"}"#,
            );
        }
        Answer::empty(403).header(
            "www-authenticate",
            r#"Bearer scope="okta.things.read", error="insufficient_scope""#,
        )
    });
    let (client, transport, _) = client_with(canned, |b| b.service_app(app(&["okta.logs.read"])));
    let error = client.send(Create::named("n")).await.unwrap_err();
    let scope = error.insufficient_scope().unwrap();
    assert_eq!(scope.app(), Some(CLIENT));
    assert_eq!(scope.granted().unwrap().to_string(), "okta.logs.read");
    // By the operation's record, not by the weaker scope that the service names.
    assert_eq!(scope.missing().to_string(), "okta.things.manage");
    let fix = scope.how_to_fix();
    assert!(fix.contains("0oaTEST"), "{fix}");
    assert!(fix.contains("does not ask for okta.things.manage"), "{fix}");
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn a_credential_serves_one_org() {
    let shared: Arc<dyn okta_core::Credential> = Arc::new(app(&["okta.things.read"]));
    let token = || {
        Canned::from_fn(|_| {
            Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            )
        })
    };
    let (first, _, _) = client_with(token(), |b| b.shared_credential(Arc::clone(&shared)));
    first.send(Get::of("1")).await.unwrap();
    let (second, transport, _) = client_with(token(), |b| {
        b.shared_credential(shared).org_url("https://evil.okta.com")
    });
    let error = second.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(transport.requests().is_empty());
}

#[test]
fn service_apps_are_checked_when_they_are_made() {
    let key = || PrivateKey::parse(KEY).unwrap();
    assert!(
        ServiceApp::new("", key(), ["a"])
            .unwrap_err()
            .to_string()
            .contains("client id")
    );
    assert!(
        ServiceApp::new("{clientId}", key(), ["a"])
            .unwrap_err()
            .to_string()
            .contains("placeholder")
    );
    assert!(
        ServiceApp::new("0oa", key(), Scopes::new())
            .unwrap_err()
            .to_string()
            .contains("scope")
    );
    assert_eq!(key().key_id(), Some("ec_p256"));
}

#[tokio::test]
async fn demand_25_dropping_the_call_that_fetches_does_not_fail_the_others() {
    // The first token request never gets an answer.
    let requests = AtomicUsize::new(0);
    let canned = Canned::from_fn(move |request| {
        if request.uri.path() != "/oauth2/v1/token" {
            return Answer::json(200, "{}");
        }
        match requests.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::never(),
            _ => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            ),
        }
    });
    let (client, transport, _) = client_with(canned, |b| {
        b.service_app(app(&["okta.things.read"])).no_timeout()
    });
    let leader = tokio::spawn(client.send(Get::of("1")));
    tokio::task::yield_now().await;
    let followers: Vec<_> = (0..20)
        .map(|_| tokio::spawn(client.send(Get::of("1"))))
        .collect();
    tokio::task::yield_now().await;
    leader.abort();
    for follower in followers {
        follower.await.unwrap().unwrap();
    }
    let token_requests = transport
        .requests()
        .iter()
        .filter(|request| request.uri.path() == "/oauth2/v1/token")
        .count();
    assert_eq!(token_requests, 2);
}

#[tokio::test]
async fn a_slow_early_renewal_does_not_hold_up_calls() {
    let requests = AtomicUsize::new(0);
    let canned = Canned::from_fn(move |request| {
        if request.uri.path() != "/oauth2/v1/token" {
            return Answer::json(200, "{}");
        }
        match requests.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            ),
            _ => Answer::never(),
        }
    });
    let (client, _, clock) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    client.send(Get::of("1")).await.unwrap();
    clock.advance(Duration::from_secs(3400));
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_secs(3410));
}

#[tokio::test]
async fn odd_lifetimes_neither_fail_nor_panic() {
    // lifetime as sent, token requests of two calls
    for (expires_in, requests) in [
        ("18446744073709551615", 1),
        ("\"3600\"", 1),
        ("3600.0", 1),
        ("null", 1),
        ("0", 2),
        ("-5", 2),
        ("\"soon\"", 1),
    ] {
        let body =
            format!(r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"t"}}"#);
        let canned = Canned::from_fn(move |request| match request.uri.path() {
            "/oauth2/v1/token" => Answer::json(200, body.clone()),
            _ => Answer::json(200, "{}"),
        });
        let (client, transport, _) =
            client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
        for _ in 0..2 {
            client.send(Get::of("1")).await.expect(expires_in);
        }
        let sent = transport.requests();
        let tokens = sent
            .iter()
            .filter(|request| request.uri.path() == "/oauth2/v1/token")
            .count();
        assert_eq!(tokens, requests, "{expires_in}");
    }
}

#[tokio::test]
async fn a_token_request_that_hangs_is_repeated_after_the_attempt_timeout() {
    let requests = AtomicUsize::new(0);
    let canned = Canned::from_fn(move |request| {
        if request.uri.path() != "/oauth2/v1/token" {
            return Answer::json(200, "{}");
        }
        match requests.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::never(),
            _ => Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            ),
        }
    });
    let (client, _, clock) = client_with(canned, |b| {
        b.service_app(app(&["okta.things.read"]))
            .attempt_timeout(Duration::from_secs(20))
    });
    client.send(Get::of("1")).await.unwrap();
    let waited = clock.elapsed();
    assert!(
        waited > Duration::from_secs(20) && waited < Duration::from_secs(22),
        "{waited:?}"
    );
}
