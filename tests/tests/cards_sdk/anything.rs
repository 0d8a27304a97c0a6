//! Cards are given anything: none panics, and an error names the card and, where the call is at fault, the field.

use okta_core::{Client, Pacing, RetryPolicy};
use okta_sandbox::{Sandbox, SeedOrg};
use okta_workflows::catalogue::{CardInfo, CardKind};
use okta_workflows::identity_governance::IdentityGovernanceConnector;
use okta_workflows::okta::OktaConnector;
use okta_workflows::salesforce::SalesforceConnector;
use okta_workflows::salesforce::stand_in::StandIn;
use okta_workflows::{CardCall, CardErrorKind, Registry, catalogue};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("Yes"),
            Just("First 200 Records"),
            Just("2026-01-01"),
            Just("-1"),
            Just("{"),
            Just("a@b/../?#%")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A card, and how each of its fields is filled: left out, with a choice of its own, or with anything.
#[derive(Clone, Debug)]
struct Tried {
    card: usize,
    fills: Vec<(u8, Value)>,
    odd: Option<Value>,
}

fn tried(cards: usize) -> impl Strategy<Value = Tried> {
    let fill = (0u8..4, any_json());
    (
        0..cards,
        prop::collection::vec(fill, 24),
        prop::option::weighted(0.2, any_json()),
    )
        .prop_map(|(card, fills, odd)| Tried { card, fills, odd })
}

fn call(card: &CardInfo, tried: &Tried) -> CardCall {
    let mut fills = tried.fills.iter().cycle();
    let mut call = CardCall::default();
    let mut fill = |field: &okta_workflows::catalogue::FieldInfo| {
        let (how, anything) = fills.next().expect("a cycle");
        let choice = field
            .choices
            .first()
            .map(|one| Value::from(one.value.as_str()));
        match how {
            0 => None,
            1 => Some(choice.unwrap_or_else(|| "some text".into())),
            _ if !field.choices.is_empty() && how % 2 == 0 => choice,
            _ => Some(anything.clone()),
        }
    };
    for option in &card.options {
        if let Some(value) = fill(option) {
            call.options.insert(option.key.clone(), value);
        }
    }
    for input in &card.inputs {
        let Some(value) = fill(input) else { continue };
        match input.group_key() {
            None => drop(call.inputs.insert(input.key.clone(), value)),
            Some(group) => {
                let group = call.inputs.entry(group);
                let group = group.or_insert_with(|| Map::new().into());
                if let Value::Object(group) = group {
                    group.insert(input.key.clone(), value);
                }
            }
        }
    }
    if let Some(odd) = &tried.odd {
        call.inputs.insert("odd".to_owned(), odd.clone());
    }
    call
}

#[test]
fn no_card_panics_and_errors_name_card_and_field() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (sandbox, org, registry) = runtime.block_on(async {
        let seed = SeedOrg {
            users: 3,
            apps: 1,
            groups: 1,
            ..SeedOrg::default()
        };
        let sandbox = Sandbox::builder().seed(seed).start().await.expect("starts");
        let client = Client::builder()
            .org_url(sandbox.url())
            .api_token(sandbox.api_token())
            .pacing(Pacing::off())
            .retry(RetryPolicy::none())
            .build()
            .expect("a client");
        let org = StandIn::start().await.expect("starts");
        let connection = org
            .connect(&["api", "refresh_token"])
            .await
            .expect("connects");
        let registry = Registry::new()
            .with(OktaConnector::new(client.clone()))
            .with(IdentityGovernanceConnector::new(client))
            .with(SalesforceConnector::new(connection));
        (sandbox, org, registry)
    });
    let cards: Vec<(String, &CardInfo)> = catalogue()
        .connectors
        .iter()
        .flat_map(|connector| connector.cards.iter().map(move |card| (connector, card)))
        .filter(|(_, card)| card.kind == CardKind::Action)
        .map(|(connector, card)| (format!("{}/{}", connector.key, card.slug), card))
        .collect();
    assert_eq!(cards.len(), 102);
    let mut runner = TestRunner::new(Config {
        cases: 1000,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&tried(cards.len()), |tried| {
        let (path, card) = &cards[tried.card];
        let call = call(card, &tried);
        let Err(error) = runtime.block_on(registry.run(path, call)) else {
            return Ok(());
        };
        prop_assert_eq!(error.card(), path.as_str());
        prop_assert!(error.to_string().starts_with(path.as_str()), "{}", error);
        if matches!(
            error.kind(),
            CardErrorKind::Missing | CardErrorKind::Invalid
        ) && error.api().is_none()
        {
            prop_assert!(error.field().is_some(), "{}", error);
        }
        Ok(())
    });
    drop((sandbox, org));
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
