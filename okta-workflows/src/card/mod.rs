//! Cards: their typed inputs and outputs, and the call of one.

mod macros;
pub mod types;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use types::{Cell, Misfit, Object, Value};

/// An action card as a type: options, inputs, and what comes out.
pub trait ActionCard: Default + Send {
    /// Key of the connector.
    const CONNECTOR: &'static str;
    /// Slug of the card.
    const SLUG: &'static str;
    /// Outputs of the card.
    type Output: Cell + Default + Send;

    /// Options and inputs.
    fn parts(&self) -> [&dyn Cell; 2];
    /// Options and inputs, to be changed.
    fn parts_mut(&mut self) -> [&mut dyn Cell; 2];

    /// The call of this card, as JSON objects.
    fn to_call(&self) -> CardCall {
        let [options, input] = self.parts();
        CardCall {
            options: object(options.give()),
            inputs: object(input.give()),
        }
    }

    /// `connector/slug`.
    fn path() -> String {
        format!("{}/{}", Self::CONNECTOR, Self::SLUG)
    }
}

/// What a card is run with: its options and inputs by key, inputs of a group as one object a group.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(schemars::JsonSchema)]
pub struct CardCall {
    /// Options.
    pub options: Object,
    /// Inputs.
    pub inputs: Object,
}

impl std::fmt::Debug for CardCall {
    /// Keys only: inputs may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardCall")
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .field("inputs", &self.inputs.keys().collect::<Vec<_>>())
            .finish()
    }
}

pub(crate) fn object(value: Option<Value>) -> Object {
    match value {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

#[doc(hidden)]
pub fn serialize<S: Serializer>(cell: &dyn Cell, serializer: S) -> Result<S::Ok, S::Error> {
    object(cell.give()).serialize(serializer)
}

#[doc(hidden)]
pub fn deserialize<'de, T: Cell + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let mut blank = T::default();
    take(&mut blank, Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)?;
    Ok(blank)
}

fn take(cell: &mut dyn Cell, value: Value) -> Result<(), String> {
    cell.take(value)
        .map_err(|misfit| match misfit.path.is_empty() {
            true => misfit.problem,
            false => format!("{}: {}", misfit.path, misfit.problem),
        })
}

/// Index of the choice that a value names; true and false name Yes and No.
#[doc(hidden)]
pub fn choice(choices: &[&str], value: &Value) -> Result<usize, Misfit> {
    let text = match value {
        Value::Bool(true) => "Yes",
        Value::Bool(false) => "No",
        Value::String(text) => text.as_str(),
        _ => "",
    };
    choices
        .iter()
        .position(|choice| *choice == text)
        .ok_or_else(|| Misfit::new(format!("expected one of: {}", choices.join(", "))))
}
