//! Inputs of delegated flows, against structs, values, and the fields of a request.

use okta_governance::access::{FieldDefinition, Fields};
use okta_governance::models::RequestFieldType;
use okta_sandbox::{AccessRequestsOrg, ConsoleStep, DelegatedFlow, FlowInput};
use okta_workflows::access_requests::{FlowInputs, InputType};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::world::World;

fn card() -> FlowInputs {
    FlowInputs::new()
        .input("requester", InputType::Text)
        .input("floor", InputType::Number)
        .input("escorted", InputType::TrueFalse)
        .optional("until", InputType::DateTime)
}

#[derive(JsonSchema, Serialize)]
struct Badge {
    requester: String,
    floor: u8,
    escorted: bool,
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
}

#[derive(JsonSchema, Serialize)]
struct Changed {
    requester: Vec<String>,
    floor: String,
    colour: String,
}

fn wrong<T>(outcome: Result<T, okta_workflows::access_requests::WrongInputs>) -> Vec<String> {
    let problems = outcome.err().expect("refused").0;
    problems.into_iter().map(|one| one.input).collect()
}

#[test]
fn demand_42_a_struct_that_no_longer_fits_the_card_is_found() {
    card().fits::<Badge>().expect("fits");
    assert_eq!(
        wrong(card().fits::<Changed>()),
        ["colour", "floor", "requester", "escorted"]
    );
}

#[test]
fn each_wrong_value_is_named_before_anything_is_sent() {
    let good = Badge {
        requester: "ada@example.com".into(),
        floor: 3,
        escorted: false,
        until: Some("2027-03-01T12:00:00Z".into()),
    };
    assert_eq!(card().check(&good).expect("good").len(), 4);
    let none = json!({ "requester": "ada", "floor": 3, "escorted": true, "until": null });
    card().check(&none).expect("may stay empty");
    for (values, input, word) in [
        (json!({ "requester": ["ada"] }), "requester", "a list"),
        (
            json!({ "requester": { "id": 1 } }),
            "requester",
            "an object",
        ),
        (json!({ "requester": 7 }), "requester", "wants a Text"),
        (json!({ "requester": null }), "requester", "missing"),
        (json!({ "floor": "3" }), "floor", "wants a Number"),
        (
            json!({ "escorted": "yes" }),
            "escorted",
            "wants a True/False",
        ),
        (json!({ "until": "soon" }), "until", "wants a Date & Time"),
        (json!({ "colour": "red" }), "colour", "no input of the flow"),
    ] {
        let mut all = none.clone();
        for (name, value) in values.as_object().expect("an object") {
            all[name] = value.clone();
        }
        let refused = card().check(&all).expect_err("refused");
        assert_eq!(refused.0.len(), 1, "{refused}");
        assert_eq!(refused.0[0].input, input);
        assert!(refused.to_string().contains(word), "{refused}");
    }
    assert!(card().check(&"text").is_err());
}

#[test]
fn fields_that_do_not_fill_the_inputs_are_found() {
    let field = |label: &str, kind| FieldDefinition::new(label).labelled(label).of_type(kind);
    let fields: Fields = [
        field("who", RequestFieldType::Text),
        field("when", RequestFieldType::IsoDate),
        field("sites", RequestFieldType::Multiselect),
    ]
    .into_iter()
    .collect();
    let flow = FlowInputs::new()
        .input("requester", InputType::Text)
        .input("until", InputType::DateTime);
    let filled = |pairs: &[(&str, &str)]| flow.filled_by(&fields, pairs);
    filled(&[("requester", "who"), ("until", "when")]).expect("fits");
    for (pairs, input) in [
        (&[("requester", "sites"), ("until", "when")], "requester"),
        (&[("requester", "who"), ("until", "who")], "until"),
        (&[("requester", "nobody"), ("until", "when")], "requester"),
        (&[("requester", "who"), ("other", "when")], "other"),
    ] {
        assert_eq!(wrong(filled(pairs))[0], input);
    }
    assert_eq!(wrong(filled(&[("requester", "who")])), ["until"]);
}

/// What the types refuse, the org refuses too; what they take, it runs.
#[tokio::test]
async fn demand_42_a_checked_struct_runs_the_flow() {
    let world = World::new(AccessRequestsOrg::healthy()).await;
    let flow = DelegatedFlow::new("Badge", |run| async move { Ok(Value::Object(run.inputs)) })
        .input(FlowInput::Text("requester"))
        .input(FlowInput::Number("floor"))
        .input(FlowInput::TrueFalse("escorted"))
        .input(FlowInput::DateTime("until"));
    world.sandbox.add_delegated(&flow);
    world.sandbox.console(&ConsoleStep::Sync).expect("syncs");
    let good = Badge {
        requester: "ada@example.com".into(),
        floor: 3,
        escorted: true,
        until: None,
    };
    let inputs = Value::Object(card().check(&good).expect("good"));
    world
        .sandbox
        .run_delegated("Badge", &inputs)
        .expect("begins");
    let runs = world.sandbox.flow_runs().await;
    assert_eq!(runs.last().expect("a run")["output"], inputs);
    let list = json!({ "requester": ["ada"] });
    assert!(card().check(&list).is_err());
    assert!(world.sandbox.run_delegated("Badge", &list).is_err());
}
