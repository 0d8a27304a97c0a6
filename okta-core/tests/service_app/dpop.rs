//! DPoP: proofs, nonces, repeats.

use super::*;

#[tokio::test]
async fn demand_19_dpop_is_switched_to_on_demand_with_nonce() {
    let rules = Rules {
        dpop: true,
        nonce: true,
        ..RULES
    };
    let (client, transport, server) = start(rules.clone(), app(&["okta.things.manage"]));
    for _ in 0..3 {
        client.send(Get::of("1")).await.unwrap();
    }
    // Without proof (refused, its answer carries the nonce already), with proof and nonce.
    assert_eq!(count(&server.token_requests), 2);
    assert_eq!(transport.requests().len(), 5);
    // The switch is remembered.
    client.renew_token().await.unwrap();
    assert_eq!(count(&server.token_requests), 3);

    let (client, _, server) = start(
        rules.clone(),
        app(&["okta.things.manage"]).dpop(Dpop::Always),
    );
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(count(&server.token_requests), 2);

    let (client, _, server) = start(rules, app(&["okta.things.manage"]).dpop(Dpop::Never));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Token, Some("invalid_dpop_proof"))
    );
    assert!(error.hint().unwrap().contains("Dpop::Auto"), "{error}");
    assert_eq!(count(&server.token_requests), 1);

    let (client, _, _) = start(RULES, app(&["okta.things.manage"]).dpop(Dpop::Always));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert!(error.to_string().contains("not bound"), "{error}");
}

#[tokio::test]
async fn demand_19_a_nonce_that_rotates_on_the_resource_server_costs_one_repeat() {
    let (client, transport, server) = start(
        Rules {
            dpop: true,
            ..RULES
        },
        app(&["okta.things.manage"]),
    );
    client.send(Get::of("1")).await.unwrap();
    server.rules.lock().unwrap().nonce = true;
    let before = transport.requests().len();
    client
        .send(Create::named("n").with_retry(RetryPolicy::none()))
        .await
        .unwrap();
    assert_eq!(transport.requests().len() - before, 2);
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(transport.requests().len() - before, 3);
}

#[tokio::test]
async fn a_nonce_that_comes_with_a_success_is_used_next() {
    let (client, transport, server) = start_behind(
        Rules {
            dpop: true,
            ..RULES
        },
        app(&["okta.things.manage"]),
        |request, answer| match request.uri.path() {
            "/oauth2/v1/token" => answer,
            _ => answer.header("dpop-nonce", "nonce-1"),
        },
    );
    client.send(Get::of("1")).await.unwrap();
    server.rules.lock().unwrap().nonce = true;
    let before = transport.requests().len();
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(transport.requests().len() - before, 1);
}

#[tokio::test]
async fn demand_19_a_server_that_never_accepts_a_nonce_is_given_up() {
    let canned = Canned::from_fn(|_| {
        Answer::json(400, r#"{"error":"use_dpop_nonce","error_description":"Authorization server requires nonce in DPoP proof."}"#)
            .header("dpop-nonce", "same")
    });
    let (client, transport, _) = client_with(canned, |b| b.service_app(app(&["okta.things.read"])));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Token, Some("use_dpop_nonce"))
    );
    assert!(
        transport.requests().len() <= 4,
        "{}",
        transport.requests().len()
    );
}

#[tokio::test]
async fn demand_20_repeats_after_429_have_their_own_proof_and_keep_the_token() {
    let failures = AtomicUsize::new(0);
    let rules = Rules {
        dpop: true,
        ..RULES
    };
    // The server sees, and burns, the proof of every attempt.
    let (client, transport, server) = start_behind(
        rules,
        app(&["okta.things.manage"]),
        move |request, answer| {
            if request.uri.path() == "/oauth2/v1/token"
                || failures.fetch_add(1, Ordering::SeqCst) >= 3
            {
                return answer;
            }
            Answer::json(429, "{}")
                .header("x-rate-limit-limit", "0")
                .header("x-rate-limit-remaining", "0")
                .header("x-rate-limit-reset", "1767225660")
        },
    );
    client.send(Get::of("1")).await.unwrap();
    let requests = transport.requests();
    let calls = requests
        .iter()
        .filter(|request| request.uri.path() != "/oauth2/v1/token");
    let proofs: HashSet<_> = calls
        .map(|request| request.headers["dpop"].clone())
        .collect();
    assert_eq!(proofs.len(), 4);
    assert_eq!(count(&server.tokens), 1);
}

/// Lets other calls run between a request and its answer, as a network does.
#[derive(Debug)]
struct Yields(Arc<dyn okta_core::Transport>);

#[async_trait::async_trait]
impl okta_core::Transport for Yields {
    async fn send(
        &self,
        request: HttpRequest,
    ) -> Result<okta_core::transport::HttpResponse, okta_core::transport::TransportError> {
        let answer = self.0.send(request).await;
        tokio::task::yield_now().await;
        answer
    }
}

#[tokio::test]
async fn a_nonce_that_another_call_learnt_meanwhile_is_new_to_this_one() {
    let rules = Rules {
        dpop: true,
        ..RULES
    };
    let (_, transport, server) = start(rules, app(&["okta.things.manage"]));
    let client = Client::builder()
        .org_url(ORG)
        .transport(Arc::new(Yields(transport)))
        .clock(Arc::new(server.clock.clone()))
        .service_app(app(&["okta.things.manage"]))
        .build()
        .unwrap();
    client.send(Get::of("1")).await.unwrap();
    server.rules.lock().unwrap().nonce = true;
    let calls: Vec<_> = (0..8)
        .map(|_| tokio::spawn(client.send(Get::of("1").with_retry(RetryPolicy::none()))))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}
