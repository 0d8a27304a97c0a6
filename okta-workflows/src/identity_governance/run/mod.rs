//! What each action card of the Identity Governance connector does.

mod campaigns;
mod entitlements;
mod requests;
mod reviews;

use okta_core::Client;

use crate::card::types::Value;
use crate::generated::identity_governance::actions::*;
use crate::okta::run as okta;
use crate::project::Aliases;
use crate::run::{Outputs, Run};

pub(crate) use campaigns::*;
pub(crate) use entitlements::*;
pub(crate) use requests::*;
pub(crate) use reviews::*;

/// What the cards work with.
pub(crate) type Service = Client;

type Cx<'a> = Run<'a, Service>;

pub(crate) async fn custom_api_action(cx: &Cx<'_>, card: CustomApiAction) -> Outputs {
    let (method, input) = (card.options.request_type.as_str(), card.input);
    let call = okta::relative(
        cx,
        cx.service,
        method,
        &input.relative_url,
        "relative_url",
        input.query,
        input.headers,
        input.body,
    )?;
    okta::send(cx, call).await
}

/// The choice `First Level` as the API writes it: `FIRST`.
fn shouted(choice: &str) -> String {
    choice.to_ascii_uppercase().replace(' ', "_")
}

/// Outputs that the card writes in words and the API in capitals.
const WORDS: [&str; 4] = [
    "decision",
    "remediation_status",
    "reviewer_type",
    "current_reviewer_level",
];

/// `RESOURCE_OWNER` → `Resource Owner`, in the outputs whose choices are words.
fn in_words(outputs: &mut Value) {
    match outputs {
        Value::Array(list) => list.iter_mut().for_each(in_words),
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if WORDS.contains(&key.as_str()) => *text = words(text),
                    _ if key.starts_with("raw_") => {}
                    other => in_words(other),
                }
            }
        }
        _ => {}
    }
}

fn words(text: &str) -> String {
    let words: Vec<String> = text
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            let first: String = chars
                .next()
                .map(|c| c.to_ascii_uppercase())
                .into_iter()
                .collect();
            first + &chars.as_str().to_ascii_lowercase()
        })
        .collect();
    words.join(" ")
}

/// Shows choices in words.
fn worded(mut outputs: crate::card::types::Object) -> crate::card::types::Object {
    for value in outputs.values_mut() {
        in_words(value);
    }
    outputs
}

const NONE: Aliases<'_> = &[];
