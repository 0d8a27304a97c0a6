//! Calling flows, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use okta_core::testing::{Answer, Canned, VirtualClock};
use okta_core::{Client, Secret};
use okta_workflows::invoke::{Flow, FlowEndpoint, InvokeErrorKind};
use serde::{Deserialize, Serialize};

const ALIAS: &str = "0123456789abcdef0123456789abcdef";
const INVOKE: &str = "/api/flo/0123456789abcdef0123456789abcdef/invoke";
const TOKEN: &str = "5ec4e75ec4e75ec4e75ec4e7";

#[derive(Serialize)]
struct Badge {
    building: &'static str,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Issued {
    number: u32,
}

const BADGE: Badge = Badge { building: "HQ 2" };

fn endpoint() -> FlowEndpoint {
    FlowEndpoint::parse(&format!("https://acme.workflows.okta.com{INVOKE}")).unwrap()
}

/// An org whose transport is canned and whose clock is virtual.
fn org(canned: Canned) -> (Client, Arc<Canned>, Arc<VirtualClock>) {
    let (transport, clock) = (
        Arc::new(canned),
        Arc::new(VirtualClock::starting_at(
            "2026-01-01T00:00:00Z".parse().unwrap(),
        )),
    );
    let client = Client::builder()
        .org_url("https://acme.okta.com")
        .bearer("the-org-access-token")
        .transport(transport.clone())
        .clock(clock.clone())
        .build()
        .unwrap();
    (client, transport, clock)
}

fn public(canned: Canned) -> (Flow, Arc<Canned>, Arc<VirtualClock>) {
    let (network, transport, clock) = org(canned);
    (
        Flow::open(endpoint()).unwrap().over(&network).unwrap(),
        transport,
        clock,
    )
}

fn answering(status: u16, body: &'static str) -> Canned {
    Canned::from_fn(move |_| Answer::json(status, body))
}

#[tokio::test]
async fn typed_input_goes_out_and_typed_output_comes_back() {
    let (flow, seen, _) = public(answering(200, r#"{"number":17}"#));
    let issued: Issued = flow
        .invoke(&BADGE)
        .query("dry", "a b")
        .header("X-Trace", "1")
        .output()
        .await
        .unwrap();
    assert_eq!(issued, Issued { number: 17 });
    let request = &seen.requests()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.uri.to_string(),
        format!("https://acme.workflows.okta.com{INVOKE}?dry=a+b").replace('+', "%20")
    );
    assert_eq!(&request.body[..], br#"{"building":"HQ 2"}"#);
    assert_eq!(request.headers["x-trace"], "1");
    assert!(
        !request.headers.contains_key("authorization"),
        "none of the org's credential"
    );

    flow.get()
        .query("building", "HQ")
        .output::<Issued>()
        .await
        .unwrap();
    assert_eq!(seen.requests()[1].method, "GET");
}

#[tokio::test]
async fn demand_38_each_security_level_proves_itself_in_its_own_way() {
    let (client, seen, _) = org(answering(200, "{}"));
    let oauth = Flow::with_oauth(endpoint(), &client).unwrap();
    oauth.invoke(&BADGE).answer().await.unwrap();
    assert_eq!(
        seen.requests()[0].headers["authorization"],
        "Bearer the-org-access-token"
    );

    let header = Flow::with_client_token(endpoint(), Secret::new(TOKEN))
        .unwrap()
        .over(&client)
        .unwrap();
    header.invoke(&BADGE).answer().await.unwrap();
    let request = &seen.requests()[1];
    assert_eq!(request.headers["x-api-client-token"], TOKEN);
    assert_eq!(request.uri.query(), None);

    let in_url = FlowEndpoint::parse(&format!(
        "https://acme.workflows.okta.com{INVOKE}?clientToken={TOKEN}"
    ))
    .unwrap();
    Flow::open(in_url)
        .unwrap()
        .over(&client)
        .unwrap()
        .get()
        .answer()
        .await
        .unwrap();
    let request = &seen.requests()[2];
    assert_eq!(request.headers["x-api-client-token"], TOKEN);
    assert_eq!(
        request.uri.query(),
        None,
        "a token of the URL is moved to a header"
    );

    let query = Flow::with_client_token_in_query(endpoint(), Secret::new(TOKEN))
        .unwrap()
        .over(&client)
        .unwrap();
    query.get().answer().await.unwrap();
    assert_eq!(
        seen.requests()[3].uri.query(),
        Some(&*format!("clientToken={TOKEN}"))
    );

    for flow in [&oauth, &header, &query] {
        let shown = format!("{flow:?} {:?}", flow.invoke(&BADGE));
        assert!(
            !shown.contains(TOKEN) && !shown.contains(ALIAS) && !shown.contains("the-org"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn an_api_token_is_refused_before_anything_is_sent() {
    let (client, seen, _) = org(answering(200, "{}"));
    let org = client
        .elsewhere("https://acme.okta.com")
        .api_token("00apitoken")
        .build()
        .unwrap();
    let flow = Flow::with_oauth(endpoint(), &org).unwrap();
    let error = flow.invoke(&BADGE).answer().await.unwrap_err();
    assert_eq!(error.kind(), InvokeErrorKind::NoAnswer);
    assert!(
        error.to_string().contains("not with a bearer token"),
        "{error}"
    );
    assert!(!error.may_have_run());
    assert_eq!(seen.requests().len(), 0);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let canned = Canned::from_fn(|_| {
        Answer::empty(403).header(
            "www-authenticate",
            r#"Bearer error="insufficient_scope", error_description="The access token provided does not contain the required scopes." scope="okta.workflows.invoke.manage""#,
        )
    });
    let (client, seen, _) = org(canned);
    let error = Flow::with_oauth(endpoint(), &client)
        .unwrap()
        .invoke(&BADGE)
        .answer()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), InvokeErrorKind::Forbidden);
    assert!(
        error
            .hint()
            .unwrap()
            .contains("okta.workflows.invoke.manage")
    );
    assert!(error.call().unwrap().insufficient_scope().is_some());
    assert!(!error.may_have_run());
    assert_eq!(seen.requests().len(), 1);
}

#[tokio::test]
async fn statuses_that_the_flow_chose_are_its_answer() {
    for status in [201, 202, 400, 403, 404, 409, 418, 422, 500, 503] {
        let body = r#"{"message":"no such building","statusCode":1}"#;
        let (flow, seen, _) = public(answering(status, body));
        let answer = flow.invoke(&BADGE).answer().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(&answer.body()[..], body.as_bytes());
        assert_eq!(
            seen.requests().len(),
            1,
            "a flow that ran is not run again: {status}"
        );
        if status >= 400 {
            let error = flow.invoke(&BADGE).output::<Issued>().await.unwrap_err();
            assert!(error.to_string().contains("no such building"), "{error}");
            assert_eq!(error.answer().unwrap().status(), status);
        }
    }
}

#[tokio::test]
async fn output_of_another_shape_names_the_place() {
    let (flow, ..) = public(answering(200, r#"{"number":"seventeen"}"#));
    let error = flow.invoke(&BADGE).output::<Issued>().await.unwrap_err();
    assert_eq!(error.kind(), InvokeErrorKind::Output);
    assert!(
        error.to_string().contains("number") && error.may_have_run(),
        "{error}"
    );

    let (flow, ..) = public(answering(200, ""));
    assert_eq!(
        flow.invoke(&BADGE)
            .output::<Option<Issued>>()
            .await
            .unwrap(),
        None
    );
    let error = flow.invoke(&BADGE).output::<Issued>().await.unwrap_err();
    assert!(error.hint().unwrap().contains("Close"), "{error}");
}

#[tokio::test]
async fn only_what_cannot_have_run_is_repeated() {
    use okta_core::transport::TransportFault::{MaybeSent, NotSent};
    for (fault, calls, may_have_run) in [(NotSent, 2, false), (MaybeSent, 1, true)] {
        let canned = Canned::new().on("POST", INVOKE, Answer::fault(fault)).on(
            "POST",
            INVOKE,
            Answer::json(200, "{}"),
        );
        let (flow, seen, _) = public(canned);
        let result = flow.invoke(&BADGE).answer().await;
        assert_eq!(seen.requests().len(), calls);
        match result {
            Ok(_) => assert!(!may_have_run),
            Err(error) => {
                assert_eq!(error.kind(), InvokeErrorKind::NoAnswer);
                assert_eq!(error.may_have_run(), may_have_run);
            }
        }
    }
    // GET runs the flow as well.
    let canned = Canned::new().on("GET", INVOKE, Answer::fault(MaybeSent));
    let (flow, seen, _) = public(canned);
    flow.get().answer().await.unwrap_err();
    assert_eq!(seen.requests().len(), 1);
}

#[tokio::test]
async fn too_many_calls_wait_and_go_on() {
    let canned = Canned::new().on("POST", INVOKE, Answer::empty(429)).on(
        "POST",
        INVOKE,
        Answer::json(200, r#"{"number":1}"#),
    );
    let (flow, seen, _) = public(canned);
    flow.invoke(&BADGE).output::<Issued>().await.unwrap();
    assert_eq!(seen.requests().len(), 2);

    let (flow, ..) = public(Canned::from_fn(|_| Answer::empty(429)));
    let error = flow.invoke(&BADGE).answer().await.unwrap_err();
    assert_eq!(error.kind(), InvokeErrorKind::RateLimited);
    assert!(!error.may_have_run());
}

#[tokio::test]
async fn demand_38_the_close_after_a_minute_is_told_from_a_failure() {
    let (flow, _, clock) = public(Canned::from_fn(|_| Answer::never()));
    let error = flow.invoke(&BADGE).answer().await.unwrap_err();
    assert_eq!(error.kind(), InvokeErrorKind::Closed, "{error}");
    assert!(error.may_have_run() && error.hint().unwrap().contains("60 s"));
    assert!(clock.elapsed() >= Duration::from_secs(60));

    // The caller's own deadline is none of the platform's doing.
    let error = flow
        .invoke(&BADGE)
        .with_timeout(Duration::from_secs(5))
        .answer()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), InvokeErrorKind::NoAnswer, "{error}");
}

#[tokio::test]
async fn demand_38_calls_of_all_clones_keep_to_ten_a_second() {
    let (flow, seen, clock) = public(answering(200, "{}"));
    for _ in 0..35 {
        flow.clone().invoke(&BADGE).answer().await.unwrap();
    }
    assert_eq!(seen.requests().len(), 35);
    assert_eq!(clock.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn a_paused_flow_is_resumed() {
    let canned = Canned::from_fn(|request| match request.uri.path().ends_with("/invoke") {
        true => Answer::json(200, r#"{"context":{"execution_id":"e/1"}}"#),
        false => Answer::json(200, r#"{"number":5}"#),
    });
    let (flow, seen, _) = public(canned);
    let paused = flow.invoke(&BADGE).answer().await.unwrap();
    let id = paused.execution_id().unwrap();
    let done: Issued = flow.resume(&id, &BADGE).output().await.unwrap();
    assert_eq!(done.number, 5);
    assert_eq!(
        seen.requests()[1].uri.path(),
        format!("/api/flo/{ALIAS}/resume/e%2F1")
    );
    let error = flow.resume("", &BADGE).answer().await.unwrap_err();
    assert_eq!(error.kind(), InvokeErrorKind::Endpoint);

    let by_header = Canned::from_fn(|_| Answer::json(200, "{}").header("x-execution-id", "e2"));
    let (flow, ..) = public(by_header);
    assert_eq!(
        flow.get().answer().await.unwrap().execution_id().as_deref(),
        Some("e2")
    );
}

#[tokio::test]
async fn parameters_of_the_platform_are_refused() {
    let (flow, seen, _) = public(answering(200, "{}"));
    for name in ["x-okta-workflows-run", "X-Okta-Workflows", "clientToken"] {
        let error = flow.get().query(name, "1").answer().await.unwrap_err();
        assert_eq!(error.kind(), InvokeErrorKind::Endpoint, "{name}");
    }
    assert_eq!(seen.requests().len(), 0);
}
