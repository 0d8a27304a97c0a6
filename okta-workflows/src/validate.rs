//! Checks a call against the card's fields, and brings its values into one form.

use crate::card::CardCall;
use crate::card::types::{Cell, DateTime, FileContent, Misfit, Object, Value};
use crate::catalogue::{CardInfo, Condition, FieldInfo, FieldKind};
use crate::error::{CardError, CardErrorKind};

impl CardInfo {
    /// Checks a call as the card would be checked before it runs: unknown fields, missing ones, choices, kinds of
    /// values. Gives the call with defaults filled in and labels of choices replaced by their values.
    ///
    /// # Errors
    /// [`CardErrorKind::Missing`] or [`CardErrorKind::Invalid`], naming the field.
    pub fn check(&self, connector: &str, call: CardCall) -> Result<CardCall, CardError> {
        Check {
            card: self,
            path: self.path(connector),
            options: Object::new(),
        }
        .run(call)
    }

    /// Whether a field, call or output shows under these options.
    pub(crate) fn shows(when: &[Condition], options: &Object) -> bool {
        when.is_empty()
            || when.iter().any(|condition| {
                let chosen = options.get(&condition.option).and_then(Value::as_str);
                (chosen == Some(condition.choice.as_str())) == condition.equals
            })
    }
}

struct Check<'a> {
    card: &'a CardInfo,
    path: String,
    options: Object,
}

impl Check<'_> {
    fn run(mut self, call: CardCall) -> Result<CardCall, CardError> {
        // Options may depend on options before them.
        let mut given = call.options;
        for field in &self.card.options {
            // An option in a group may be written by its key alone.
            let found = given.remove(&field.key);
            if let Some(value) = self.value(field, found, &field.key)? {
                self.options.insert(field.key.clone(), value);
            }
        }
        if let Some(unknown) = given.keys().next() {
            return Err(self.unknown(unknown, "option"));
        }
        let inputs = self.inputs(call.inputs)?;
        Ok(CardCall {
            options: self.options,
            inputs,
        })
    }

    fn inputs(&self, mut given: Object) -> Result<Object, CardError> {
        let mut inputs = Object::new();
        let mut groups: Vec<(String, Vec<&FieldInfo>)> = Vec::new();
        for field in &self.card.inputs {
            let Some(group) = field.group_key() else {
                let found = given.remove(&field.key);
                if let Some(value) = self.value(field, found, &field.key)? {
                    inputs.insert(field.key.clone(), value);
                }
                continue;
            };
            match groups.iter_mut().find(|(name, _)| *name == group) {
                Some((_, fields)) => fields.push(field),
                None => groups.push((group, vec![field])),
            }
        }
        for (name, fields) in groups {
            let mut group = match given.remove(&name) {
                None | Some(Value::Null) => Object::new(),
                Some(Value::Object(group)) => group,
                Some(_) => {
                    return Err(self.invalid(&name, "expected an object, the group's inputs"));
                }
            };
            let mut checked = Object::new();
            for field in &fields {
                let found = match field.key.strip_suffix("_n") {
                    Some(stem) => numbered(&mut group, stem).or_else(|| group.remove(&field.key)),
                    None => group.remove(&field.key),
                };
                let place = format!("{name}.{}", field.key);
                if let Some(value) = self.value(field, found, &place)? {
                    checked.insert(field.key.clone(), value);
                }
            }
            if !group.is_empty() {
                // What no field knows belongs to the generated fields.
                let Some(dynamic) = fields.iter().find(|field| field.kind == FieldKind::Dynamic)
                else {
                    let key = group.keys().next().cloned().unwrap_or_default();
                    return Err(self.unknown(&format!("{name}.{key}"), "input"));
                };
                let further = checked
                    .entry(dynamic.key.clone())
                    .or_insert_with(|| Object::new().into());
                if let Value::Object(further) = further {
                    further.extend(group);
                }
            }
            if !checked.is_empty() {
                inputs.insert(name, checked.into());
            }
        }
        if let Some(unknown) = given.keys().next() {
            return Err(self.unknown(unknown, "input"));
        }
        Ok(inputs)
    }

    /// One value, checked; `None` if there is none.
    fn value(
        &self,
        field: &FieldInfo,
        found: Option<Value>,
        place: &str,
    ) -> Result<Option<Value>, CardError> {
        let shows = CardInfo::shows(&field.when, &self.options);
        let found = found.filter(|value| !value.is_null());
        let empty = match &found {
            None => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(_) => false,
        };
        if empty && shows {
            if let Some(default) = field.default.clone().filter(|_| found.is_none()) {
                return Ok(Some(default));
            }
            if field.required {
                return Err(CardError::new(
                    CardErrorKind::Missing,
                    &self.path,
                    "required, and nothing is given",
                )
                .at(place));
            }
        }
        // An empty text says nothing, unless the field is text and may be cleared by it.
        let Some(value) = found.filter(|_| !empty || field.kind == FieldKind::Text) else {
            return Ok(None);
        };
        if !shows && !empty {
            let conditions: Vec<String> = field
                .when
                .iter()
                .map(|one| {
                    format!(
                        "{} {} {:?}",
                        one.option,
                        if one.equals { "is" } else { "is not" },
                        one.choice
                    )
                })
                .collect();
            return Err(self.invalid(place, &format!("only where {}", conditions.join(" or "))));
        }
        kind(field, value)
            .map(Some)
            .map_err(|misfit| self.invalid(&join(place, &misfit.path), &misfit.problem))
    }

    fn invalid(&self, place: &str, problem: &str) -> CardError {
        CardError::new(CardErrorKind::Invalid, &self.path, problem).at(place)
    }

    fn unknown(&self, place: &str, what: &str) -> CardError {
        self.invalid(place, &format!("the card has no such {what}"))
    }
}

fn join(place: &str, below: &str) -> String {
    match below {
        "" => place.to_owned(),
        below if below.starts_with('[') => format!("{place}{below}"),
        below => format!("{place}.{below}"),
    }
}

/// `stem_1`, `stem_2`, … as one list.
fn numbered(group: &mut Object, stem: &str) -> Option<Value> {
    let list: Vec<Value> = (1..)
        .map_while(|n| group.remove(&format!("{stem}_{n}")))
        .collect();
    (!list.is_empty()).then(|| list.into())
}

fn normal<T: Cell + Default>(value: Value) -> Result<Value, Misfit> {
    let mut cell = T::default();
    cell.take(value)?;
    Ok(cell.give().unwrap_or_default())
}

/// The value in the one form of its kind.
fn kind(field: &FieldInfo, value: Value) -> Result<Value, Misfit> {
    if field.key.ends_with("_n") {
        return Ok(value);
    }
    if !field.list {
        return one(field, value);
    }
    let list = match value {
        Value::Array(list) => list,
        other => vec![other],
    };
    list.into_iter()
        .enumerate()
        .map(|(index, element)| {
            one(field, element).map_err(|misfit| misfit.below(&format!("[{index}]")))
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Value::from)
}

fn one(field: &FieldInfo, value: Value) -> Result<Value, Misfit> {
    match field.kind {
        FieldKind::Text if value.is_string() => Ok(value),
        FieldKind::Text => normal::<String>(value),
        FieldKind::Number => number(value),
        FieldKind::Boolean => normal::<bool>(value),
        FieldKind::DateTime => normal::<DateTime>(value),
        FieldKind::File => normal::<FileContent>(value),
        FieldKind::Object if field.key == "body" => Ok(value),
        FieldKind::Object | FieldKind::Dynamic => {
            let mut object = Object::new();
            object.take(value)?;
            Ok(object.into())
        }
        FieldKind::Dropdown => dropdown(field, value),
    }
}

fn number(value: Value) -> Result<Value, Misfit> {
    match &value {
        Value::Number(_) => Ok(value),
        Value::String(text) => text
            .trim()
            .parse::<serde_json::Number>()
            .map(Value::from)
            .map_err(|_| Misfit::new("expected a number")),
        _ => Err(Misfit::new("expected a number")),
    }
}

fn dropdown(field: &FieldInfo, value: Value) -> Result<Value, Misfit> {
    let text = match &value {
        Value::Bool(true) => "Yes",
        Value::Bool(false) => "No",
        Value::String(text) => text,
        Value::Number(_) => return normal::<String>(value),
        _ => return Err(Misfit::new("expected a choice, as text")),
    };
    let found = field
        .choices
        .iter()
        .find(|choice| choice.value == text || choice.label.as_deref() == Some(text));
    match found {
        Some(choice) => Ok(choice.value.as_str().into()),
        None if field.choices.is_empty() || field.source.is_some() => Ok(text.into()),
        None => {
            let choices: Vec<&str> = field.choices.iter().map(|one| one.value.as_str()).collect();
            Err(Misfit::new(format!(
                "expected one of: {}",
                choices.join(", ")
            )))
        }
    }
}
