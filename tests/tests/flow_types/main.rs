//! Types of flows from their OpenAPI documents: made, compiled, used against a flow, and compared when the flow changes.

#![forbid(unsafe_code)]

use okta_sandbox::{FlowReply, FlowSecurity, Sandbox};
use okta_workflows::invoke::codegen::source;
use okta_workflows::invoke::{Flow, FlowContract, FlowEndpoint};
use serde_json::{Value, json};

/// What `build.rs` would write to `OUT_DIR`.
#[allow(unreachable_pub)]
mod issue_badge {
    include!("golden/issue_badge.rs");
}
/// Odd names and shapes; that it compiles is the test.
#[allow(dead_code, unreachable_pub)]
mod odd {
    include!("golden/odd.rs");
}

fn golden(name: &str, document: &Value, flow: &str) {
    let made = source(&document.to_string(), flow).expect("a contract");
    let path = format!(
        "{}/tests/flow_types/golden/{name}.rs",
        env!("CARGO_MANIFEST_DIR")
    );
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let kept = std::fs::read_to_string(&path).expect("the golden file");
    assert_eq!(made, kept, "UPDATE_GOLDEN=1 renews {path}");
}

fn badge() -> Value {
    json!({
        "openapi": "3.0.3", "info": {"title": "Issue badge", "version": "1"},
        "paths": {"/api/flo/0123456789abcdef0123456789abcdef/invoke": {"post": {
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Input"}}}},
            "responses": {"200": {"description": "outputs", "content": {"application/json": {"schema": {
                "type": "object", "required": ["number"], "properties": {
                    "number": {"type": "integer"}, "validUntil": {"type": "string", "format": "date-time"},
                    "doors": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {
                        "name": {"type": "string"}, "open": {"type": "boolean"},
                    }}},
                },
            }}}}},
        }}},
        "components": {"schemas": {"Input": {
            "type": "object", "required": ["Badge Holder", "level"], "properties": {
                "Badge Holder": {"type": "string"}, "level": {"type": "number"},
                "since": {"type": "string", "format": "date-time"}, "urgent": {"type": ["boolean", "null"]},
                "visitor": {"type": "object", "properties": {"company": {"type": "string"}}},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        }}},
    })
}

fn odd_document() -> Value {
    json!({
        "openapi": "3.1.0", "info": {"title": "Odd", "version": "1"},
        "paths": {"/flow": {"get": {
            "parameters": [
                {"name": "clientToken", "in": "query", "schema": {"type": "string"}},
                {"name": "type", "in": "query", "required": true, "schema": {"type": "string"}},
                {"name": "Type", "in": "query", "schema": {"type": "integer"}},
                {"name": "self", "in": "query", "schema": {"type": "string"}},
                {"name": "2nd \"level\"\n`x`", "in": "query", "schema": {}},
                {"name": "größe", "in": "query", "schema": {"type": "string"}},
                {"name": "", "in": "query", "schema": {"type": "string"}},
            ],
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}},
        }}},
        "components": {"schemas": {
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "Node": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Base"}},
                "labels": {"type": "object", "additionalProperties": {"type": "number"}},
                "anything": {}, "free": {"type": "object"}, "list": {"type": "array"},
            }}]},
        }},
    })
}

#[test]
fn the_source_is_as_it_was() {
    golden("issue_badge", &badge(), "issue badge");
    golden("odd", &odd_document(), "2 odd");
}

#[tokio::test]
async fn the_types_run_the_flow() {
    let sandbox = Sandbox::start().await.expect("starts");
    let url = sandbox.add_flow("0123456789abcdef0123456789abcdef", FlowSecurity::Open, |call| {
        assert_eq!(
            call.body,
            json!({"Badge Holder": "ana", "level": 2.5, "since": "2026-01-01T00:00:00.000Z", "tags": ["a"]})
        );
        FlowReply::Return(json!({
            "number": 7, "validUntil": "2026-12-31 08:00:00", "doors": [{"name": "lab", "open": true}], "extra": 1,
        }))
    });
    let flow = Flow::open(FlowEndpoint::parse(&url).expect("an endpoint")).expect("a flow");
    let input = issue_badge::IssueBadgeInput {
        badge_holder: "ana".to_owned(),
        level: 2.5,
        since: Some(
            jiff::Timestamp::from_second(1_767_225_600)
                .expect("a moment")
                .into(),
        ),
        tags: Some(vec!["a".to_owned()]),
        ..Default::default()
    };
    let output = issue_badge::invoke(&flow, &input).await.expect("outputs");
    assert_eq!(output.number, 7);
    let until = output.valid_until.and_then(|until| until.timestamp());
    assert_eq!(until, "2026-12-31T08:00:00Z".parse().ok());
    let door = &output.doors.expect("doors")[0];
    assert_eq!((door.name.as_str(), door.open), ("lab", Some(true)));
}

#[test]
fn a_changed_flow_is_told_of_by_name() {
    let ours: FlowContract = serde_json::from_str(issue_badge::CONTRACT).expect("a contract");
    let read =
        |document: &Value| FlowContract::from_openapi(&document.to_string()).expect("a contract");
    assert_eq!(ours, read(&badge()));
    assert_eq!(ours.differences(&ours), [] as [String; 0]);
    let output = "/paths/~1api~1flo~10123456789abcdef0123456789abcdef~1invoke/post/responses/200/content/application~1json/schema";
    let mut changed = badge();
    let input = &mut changed["components"]["schemas"]["Input"];
    input["properties"]["level"] = json!({"type": "string"});
    input["properties"]["building"] = json!({"type": "string"});
    input["properties"]["note"] = json!({"type": "string"});
    input["required"] = json!(["Badge Holder", "level", "building", "since"]);
    let members = input["properties"].as_object_mut().expect("members");
    members.remove("tags");
    let given = changed.pointer_mut(output).expect("the output");
    given["required"] = json!([]);
    given["properties"]["doors"]["items"]["properties"]["open"] = json!({"type": "string"});
    given["properties"]["colour"] = json!({"type": "string"});
    assert_eq!(
        ours.differences(&read(&changed)),
        [
            "input.level is text now, was a number",
            "input.since is required now",
            "input.tags is gone",
            "input.building is new, and required",
            "output.doors[].open is text now, was true or false",
            "output.number may be absent now",
        ]
    );
}

#[test]
fn a_document_that_is_none_says_why() {
    let mut nowhere = badge();
    nowhere["components"] = json!({});
    let mut round = badge();
    round["components"]["schemas"]["Input"] = json!({"$ref": "#/components/schemas/Input"});
    for (document, what) in [
        ("{", "no JSON".to_owned()),
        (r#"{"swagger":"2.0"}"#, "expected 3.x".to_owned()),
        (r#"{"openapi":"3.0.0"}"#, "it has no `paths`".to_owned()),
        (
            r#"{"openapi":"3.0.0","paths":{}}"#,
            "no path ends in /invoke".to_owned(),
        ),
        (
            r#"{"openapi":"3.0.0","paths":{"/a":{}}}"#,
            "/a has no post".to_owned(),
        ),
        (&nowhere.to_string(), "leads nowhere".to_owned()),
        (&round.to_string(), "leads back to itself".to_owned()),
    ] {
        let error = FlowContract::from_openapi(document).expect_err("no contract");
        assert!(error.to_string().contains(&what), "{error}");
    }
}
