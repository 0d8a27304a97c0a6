//! Workflows on the sandbox: the three security levels, pauses, errors, delegated flows.

mod common;

use common::{Admin, answer, client, token};
use okta_sandbox::{DelegatedFlow, DelegatedRun, FlowInput, FlowReply, FlowSecurity, Sandbox};
use serde_json::{Value, json};

const ALIAS: &str = "0123456789abcdef0123456789abcdef";

async fn post(url: &str, body: &Value) -> (u16, Value) {
    let (status, body) = answer(client().post(url).json(body)).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn an_open_flow_sees_the_call_and_answers_in_its_own_words() {
    let sandbox = Sandbox::start().await.expect("starts");
    let url = sandbox.add_flow(ALIAS, FlowSecurity::Open, |call| match call.body["how"].as_str() {
        Some("raw") => FlowReply::Raw {
            status: 418,
            headers: vec![("x-own".to_owned(), "yes".to_owned())],
            body: "short and stout".to_owned(),
        },
        Some("error") => FlowReply::Error { status: 422, message: "No such user".to_owned() },
        _ => FlowReply::Return(json!({
            "method": call.method, "name": call.query.get("name"), "agent": call.headers["x-agent"],
        })),
    });
    let seen = client()
        .get(format!("{url}?name=Ada"))
        .header("X-Agent", "test");
    let (status, body) = answer(seen).await;
    assert_eq!(
        (status.as_u16(), body),
        (
            200,
            json!({ "method": "GET", "name": "Ada", "agent": "test" })
        )
    );

    let raw = common::send(client().post(&url).json(&json!({ "how": "raw" }))).await;
    assert_eq!(
        (raw.status().as_u16(), &raw.headers()["x-own"]),
        (418, &"yes".parse().expect("a value"))
    );
    assert_eq!(raw.text().await.expect("text"), "short and stout");

    let (status, body) = post(&url, &json!({ "how": "error" })).await;
    assert_eq!(
        (status, body["error"]["message"].as_str()),
        (422, Some("No such user"))
    );
    let head = common::send(client().head(&url)).await;
    assert_eq!(head.status(), 405);
    assert_eq!(post(&url.replace('f', "e"), &json!({})).await.0, 404);
    assert!(sandbox.set_flow_active(ALIAS, false));
    assert_eq!(post(&url, &json!({})).await.0, 400);
}

#[tokio::test]
async fn a_client_token_goes_in_the_query_or_a_header() {
    let sandbox = Sandbox::start().await.expect("starts");
    let security = FlowSecurity::ClientToken("t0ken".to_owned());
    let url = sandbox.add_flow(ALIAS, security, |call| {
        FlowReply::Return(json!({ "leaked": call.query.contains_key("clientToken") }))
    });
    assert_eq!(post(&url, &json!({})).await.0, 401);
    assert_eq!(
        post(&format!("{url}?clientToken=other"), &json!({}))
            .await
            .0,
        403
    );
    let (status, body) = post(&format!("{url}?clientToken=t0ken"), &json!({})).await;
    assert_eq!((status, body), (200, json!({ "leaked": false })));
    let by_header = client()
        .post(&url)
        .header("x-api-client-token", "t0ken")
        .json(&json!({}));
    assert_eq!(answer(by_header).await.0, 200);
}

#[tokio::test]
async fn an_access_token_needs_the_scope_and_the_right_client() {
    let sandbox = Sandbox::start().await.expect("starts");
    let (good, other) = (
        sandbox.create_service_app(&["okta.workflows.invoke.manage", "okta.users.read"]),
        sandbox.create_service_app(&["okta.workflows.invoke.manage"]),
    );
    let security = FlowSecurity::OAuth(vec![good.client_id.clone()]);
    let url = sandbox.add_flow(ALIAS, security, |call| {
        FlowReply::Return(json!(call.client_id))
    });
    let invoke = |token: String| {
        client()
            .post(&url)
            .header("authorization", format!("Bearer {token}"))
            .json(&json!({}))
    };

    let right = token(&sandbox, &good, "okta.workflows.invoke.manage").await;
    let (status, body) = answer(invoke(right)).await;
    assert_eq!((status.as_u16(), body), (200, json!(good.client_id)));
    let narrow = token(&sandbox, &good, "okta.users.read").await;
    assert_eq!(answer(invoke(narrow)).await.0, 403);
    let foreign = token(&sandbox, &other, "okta.workflows.invoke.manage").await;
    assert_eq!(answer(invoke(foreign)).await.0, 403);
    let admin = Admin::new(&sandbox);
    assert_eq!(answer(admin.request("GET", &url)).await.0, 401);
}

#[tokio::test]
async fn a_paused_run_goes_on_once_when_it_is_resumed() {
    let sandbox = Sandbox::start().await.expect("starts");
    let url = sandbox.add_flow(ALIAS, FlowSecurity::Open, |call| match call.resumed {
        false => FlowReply::Pause(json!({ "waiting": true })),
        true => FlowReply::Return(
            json!({ "approved": call.body["approved"], "run": call.execution_id }),
        ),
    });
    let (_, paused) = post(&url, &json!({})).await;
    let run = paused["context"]["execution_id"]
        .as_str()
        .expect("an execution")
        .to_owned();
    assert_eq!(paused["waiting"], true);
    let resume = url.replace("/invoke", &format!("/resume/{run}"));
    let (status, body) = post(&resume, &json!({ "approved": true })).await;
    assert_eq!(
        (status, body),
        (200, json!({ "approved": true, "run": run }))
    );
    assert_eq!(post(&resume, &json!({})).await.0, 404);
}

#[tokio::test]
async fn a_flow_takes_ten_calls_a_second() {
    let sandbox = Sandbox::start().await.expect("starts");
    let url = sandbox.add_flow(ALIAS, FlowSecurity::Open, |_| FlowReply::Return(json!({})));
    let client = client();
    let mut refused = 0;
    for _ in 0..40 {
        refused += usize::from(answer(client.get(&url)).await.0 == 429);
    }
    assert!(refused > 0 && refused < 40, "{refused}");
}

#[tokio::test]
async fn delegated_flows_run_and_are_logged() {
    let sandbox = Sandbox::start().await.expect("starts");
    let greet = DelegatedFlow::new("Greet", |run: DelegatedRun| async move {
        match run.text("name") {
            "" => Err("name is missing".to_owned()),
            name => {
                Ok(json!({ "greeting": format!("Hello {name}"), "by": run.caller.alternate_id }))
            }
        }
    });
    let greet = greet
        .input(FlowInput::Text("name"))
        .input(FlowInput::DateTime("when"));
    let id = sandbox.add_delegated(&greet);
    let run = |inputs| sandbox.run_delegated("Greet", &inputs);
    run(json!({ "name": "Ada", "when": "2027-01-01T00:00:00Z" })).expect("begins");
    sandbox.run_delegated(&id, &json!({})).expect("by its id");
    for inputs in [
        json!({ "name": ["Ada"] }),
        json!({ "name": 7 }),
        json!({ "when": "soon" }),
        json!({ "other": "x" }),
    ] {
        assert!(run(inputs).is_err());
    }
    assert!(sandbox.run_delegated("Other", &json!({})).is_err());
    let runs = sandbox.flow_runs().await;
    let hello = json!({ "greeting": "Hello Ada", "by": "admin@sandbox.example.com" });
    assert_eq!(
        (runs.len(), &runs[0]["output"], &runs[1]["error"]),
        (2, &hello, &json!("name is missing"))
    );
    let admin = Admin::new(&sandbox);
    let events = admin.events("workflows.user.delegatedflow.run").await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["target"][1]["displayName"], "Greet");

    assert!(sandbox.set_delegated_active("Greet", false));
    assert!(sandbox.run_delegated("Greet", &json!({})).is_err());
}
