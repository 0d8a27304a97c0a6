//! The values of a request, and whether they fit its fields.

use super::definition::{FieldDefinition, Fields};
use super::value::{FieldValue, seconds};
use crate::ext::invalid::Findings;
use crate::ext::{Invalid, Problem};
use crate::models::{
    FieldValueWritable, FieldValueWritableAllowedValues, MyRequestCreatable, RequestFieldType,
    RequestFieldValue,
};

/// Values of fields, in the order they were given.
///
/// A field is named by its id or, where the fields are known, by its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldValues(Vec<(String, FieldValue)>);

/// What a value needs to be sent: the id of its field, and the label if there is one.
struct Place<'a> {
    id: &'a str,
    label: Option<&'a str>,
}

impl FieldValues {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the value of a field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, value: FieldValue) -> Self {
        self.0.push((field.into(), value));
        self
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the values against the fields of the request.
    ///
    /// # Errors
    /// [`Invalid`], naming each field that is unknown, missing, given twice, read-only, of another
    /// type, or whose value is not among its choices.
    pub fn check(&self, fields: &Fields) -> Result<(), Invalid> {
        let mut findings = Findings::default();
        self.examine(Some(fields), &mut findings);
        findings.check("access request")
    }

    /// The body of a request for oneself: `my().catalogs()…requests().create(&body)`.
    ///
    /// # Errors
    /// As for [`check`](Self::check); without fields, only what holds for any field is checked.
    pub fn into_my_request(self, fields: Option<&Fields>) -> Result<MyRequestCreatable, Invalid> {
        let mut findings = Findings::default();
        self.examine(fields, &mut findings);
        findings.check("access request")?;
        Ok(MyRequestCreatable {
            requester_field_values: Some(self.version_2(fields)),
            ..Default::default()
        })
    }

    pub(super) fn examine(&self, fields: Option<&Fields>, findings: &mut Findings) {
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in &self.0 {
            let definition = fields.and_then(|fields| fields.find(key));
            let id = definition.map_or(key.as_str(), |definition| &definition.id);
            if seen.contains(&id) {
                findings.add(Problem::new(key, "one value", "a second one"));
            }
            seen.push(id);
            plain(key, value, findings);
            match (fields, definition) {
                (Some(_), Some(definition)) => fit(key, value, definition, findings),
                (Some(fields), None) => {
                    let expected = match fields.names() {
                        names if names.is_empty() => "no field at all".to_owned(),
                        names => format!("one of the fields {names}"),
                    };
                    findings.add(Problem::new(key, expected, "no field of this name"));
                }
                (None, _) => {}
            }
        }
        for field in fields.into_iter().flat_map(Fields::iter) {
            if field.is_required() && !seen.contains(&field.id.as_str()) {
                let kind = field.kind.as_ref().map_or("", |kind| kind.as_str());
                let expected = match &field.choices {
                    Some(choices) => format!("a value of type {kind}, {}", one_of(choices)),
                    None => format!("a value of type {kind}"),
                };
                findings.missing(&field.id, &expected, "the field is required");
            }
        }
    }

    fn placed<'a>(
        &'a self,
        fields: Option<&'a Fields>,
    ) -> impl Iterator<Item = (Place<'a>, &'a FieldValue)> {
        self.0.iter().map(move |(key, value)| {
            let definition = fields.and_then(|fields| fields.find(key));
            let place = Place {
                id: definition.map_or(key, |definition| &definition.id),
                label: definition.and_then(|definition| definition.label.as_deref()),
            };
            (place, value)
        })
    }

    pub(super) fn version_2(&self, fields: Option<&Fields>) -> Vec<RequestFieldValue> {
        let value = |(place, value): (Place<'_>, &FieldValue)| RequestFieldValue {
            id: Some(place.id.to_owned()),
            label: place.label.map(str::to_owned),
            type_: Some(value.field_type()),
            value: value.single(),
            values: match value {
                FieldValue::MultiSelect(choices) => Some(choices.clone()),
                _ => None,
            },
            ..Default::default()
        };
        self.placed(fields).map(value).collect()
    }

    pub(super) fn version_1(&self, fields: Option<&Fields>) -> Vec<FieldValueWritable> {
        let value = |(place, value): (Place<'_>, &FieldValue)| FieldValueWritable {
            id: Some(place.id.to_owned()),
            value: Some(match (value, value.single()) {
                (FieldValue::Select(_), _) | (_, None) => {
                    FieldValueWritableAllowedValues::Many(value.choices().to_vec())
                }
                (_, Some(text)) => FieldValueWritableAllowedValues::One(text),
            }),
            ..Default::default()
        };
        self.placed(fields).map(value).collect()
    }

    /// Version 1 has three of the six types, and its fields are named by UUIDs.
    pub(super) fn examine_version_1(&self, fields: Option<&Fields>, findings: &mut Findings) {
        for (key, value) in &self.0 {
            if !matches!(
                value,
                FieldValue::Text(_) | FieldValue::Select(_) | FieldValue::Date(_)
            ) {
                let problem = Problem::new(key, "TEXT, SELECT or DATE-TIME", value.to_string());
                findings.add(problem.fix("version 1 has no other types"));
            }
            if fields.is_none() && key.len() != 36 {
                let problem = Problem::new(key, "the field's id, a UUID", format!("{key:?}"));
                findings.add(problem.fix("pass the request type to name fields by their prompt"));
            }
        }
    }
}

fn one_of(choices: &[String]) -> String {
    format!("one of {}", choices.join(", "))
}

/// What holds for a value wherever it goes.
fn plain(key: &str, value: &FieldValue, findings: &mut Findings) {
    match value {
        FieldValue::Text(text) => findings.length(key, text, 1, 1000),
        FieldValue::Select(choice) => findings.length(key, choice, 1, 280),
        FieldValue::MultiSelect(choices) => {
            if choices.is_empty() {
                findings.add(Problem::new(key, "at least one choice", "none"));
            }
            for choice in choices {
                findings.length(key, choice, 1, 280);
            }
        }
        FieldValue::Date(_) => {}
        FieldValue::Duration(text) => {
            let positive = seconds(text).is_some_and(|length| length.is_none_or(|s| s > 0));
            if !positive {
                let expected = "an ISO 8601 duration such as P7D or PT12H";
                findings.add(Problem::new(key, expected, format!("{text:?}")));
            } else if text.len() > 5 {
                let expected = "an ISO 8601 duration of at most 5 characters";
                let problem = Problem::new(key, expected, format!("{text:?}"));
                findings.add(problem.fix("use one unit, the largest that fits"));
            }
        }
        FieldValue::UserId(id) => findings.id(key, id, 20),
    }
}

/// Whether a value is one for this field.
fn fit(key: &str, value: &FieldValue, field: &FieldDefinition, findings: &mut Findings) {
    if field.read_only && value.single() != field.preset {
        let expected = match &field.preset {
            Some(preset) => format!("{preset:?} or nothing, as the field is read-only"),
            None => "nothing, as the field is read-only".to_owned(),
        };
        findings.add(Problem::new(key, expected, value.to_string()));
        return;
    }
    if let Some(kind) = &field.kind
        && *kind != value.field_type()
        // A type that this version does not know cannot be judged.
        && !matches!(kind, RequestFieldType::Other(_))
    {
        let expected = match &field.choices {
            Some(choices) => format!("a value of type {}, {}", kind.as_str(), one_of(choices)),
            None => format!("a value of type {}", kind.as_str()),
        };
        findings.add(Problem::new(key, expected, value.to_string()));
        return;
    }
    for choice in value.choices() {
        if let Some(choices) = &field.choices
            && !choices.contains(choice)
        {
            findings.add(Problem::new(key, one_of(choices), format!("{choice:?}")));
        }
    }
    if let (FieldValue::Duration(text), Some(maximum)) = (value, &field.maximum)
        && let (Some(Some(asked)), Some(Some(most))) = (seconds(text), seconds(maximum))
        && asked > most
    {
        findings.add(Problem::new(key, format!("at most {maximum}"), text));
    }
}
