//! What users can do with any model.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::extra::resolved;
use super::layers::{with_layers, with_parts};
use super::{DecodeError, Decoder, Fault, Json, Object, Table, Value, decode};
use crate::json::{Reader, Writer, diff_objects, merge_objects};

/// Methods of every model. Bring it into scope with the prelude.
///
/// Members are named as in JSON; known members, custom attributes and members that this version does not know are
/// reached alike.
pub trait Model: Value + Object + Default + Clone {
    /// Names and flags of the members.
    #[inline]
    #[must_use]
    fn table() -> &'static Table {
        Self::TABLE
    }

    /// Decodes JSON text (bytes or `str`). What differs from the specification is kept and not reported; use
    /// [`decode`] for the report.
    ///
    /// # Errors
    /// If the text is not JSON or nested too deeply.
    fn from_json(json: impl AsRef<[u8]>) -> Result<Self, DecodeError> {
        decode(json.as_ref()).map(|(model, _)| model)
    }

    /// Encodes to JSON text.
    fn to_json(&self) -> String {
        let mut writer = Writer::with_capacity(128);
        self.encode(&mut writer);
        writer.into_string()
    }

    /// A member as a type of the caller's; `None` if it is absent or null.
    ///
    /// # Errors
    /// If the value does not fit that type.
    fn get<T: DeserializeOwned>(&self, member: &str) -> Result<Option<T>, MemberError> {
        match get_raw(self, member) {
            None => Ok(None),
            Some(raw) => serde_json::from_str(&raw)
                .map_err(|error| MemberError::new(Self::table(), member, Why::Serde(error))),
        }
    }

    /// Sets a member. A name outside the table is kept beside the known ones (custom attributes, members that this
    /// version does not know yet).
    ///
    /// # Errors
    /// If the value cannot be written as JSON, or is of another type than the known member; the member stays as it
    /// was.
    fn set(&mut self, member: &str, value: impl Serialize) -> Result<(), MemberError> {
        let json = serde_json::to_string(&value)
            .map_err(|error| MemberError::new(Self::table(), member, Why::Serde(error)))?;
        set_raw(self, member, &json).map_err(|why| MemberError::new(Self::table(), member, why))
    }

    /// Makes a member null, to clear it on the service.
    ///
    /// # Errors
    /// If the model has no such member, unless it is open to custom ones.
    fn set_null(&mut self, member: &str) -> Result<(), MemberError> {
        let known = Self::table().find(member).is_some();
        if !known && !Self::table().open {
            return Err(MemberError::new(Self::table(), member, Why::Unknown));
        }
        set_raw(self, member, "null").map_err(|why| MemberError::new(Self::table(), member, why))
    }

    /// Takes a member out: value, null, custom attribute. Whether something was there.
    fn unset(&mut self, member: &str) -> bool {
        unset(self, member)
    }

    /// What must be sent to turn `self` into `after`: changed members, nested objects likewise, null for members
    /// that are gone. Lists are sent whole. Nested unions keep their tag; one that changed its variant is sent whole.
    #[must_use]
    fn diff(&self, after: &Self) -> Self {
        let mut before = Writer::new();
        self.encode(&mut before);
        let mut changed = Writer::new();
        changed.unions = Some(Vec::new());
        after.encode(&mut changed);
        let unions = changed.unions.take().unwrap_or_default();
        let text = diff_objects(before.as_str(), changed.as_str(), &unions);
        text.ok()
            .and_then(|text| Self::from_json(text).ok())
            // Only a hand-built model beyond the depth cap fails; sending all of it is safe.
            .unwrap_or_else(|| after.clone())
    }

    /// The whole model as a struct of the caller's.
    ///
    /// # Errors
    /// If that struct cannot be read from the model's JSON.
    fn view<P: DeserializeOwned>(&self) -> Result<P, MemberError> {
        serde_json::from_str(&self.to_json())
            .map_err(|error| MemberError::new(Self::table(), "", Why::Serde(error)))
    }

    /// Puts the members of a struct of the caller's over those of the model, nested objects member by member; what
    /// that struct does not know stays. Its nulls become nulls.
    ///
    /// # Errors
    /// If the value is not written as a JSON object.
    fn merge(&mut self, value: &impl Serialize) -> Result<(), MemberError> {
        let patch = serde_json::to_string(value)
            .map_err(|error| MemberError::new(Self::table(), "", Why::Serde(error)))?;
        if !patch.starts_with('{') {
            return Err(MemberError::new(Self::table(), "", Why::NotAnObject));
        }
        let decode = |text: String| Self::from_json(text);
        *self = merge_objects(&self.to_json(), &patch)
            .and_then(decode)
            .map_err(|error| MemberError::new(Self::table(), "", Why::Decode(error)))?;
        Ok(())
    }

    /// The same members as another model, by way of JSON; what that model does not know goes along.
    ///
    /// # Errors
    /// If a hand-built model is nested too deeply.
    fn convert<T: Model>(&self) -> Result<T, DecodeError> {
        T::from_json(self.to_json())
    }

    /// Names and values of everything that would be sent.
    fn members(&self) -> Vec<(String, Json)> {
        members(&self.to_json())
    }
}

impl<T: Value + Object + Default + Clone> Model for T {}

fn members(json: &str) -> Vec<(String, Json)> {
    let mut reader = Reader::from_text(json);
    let mut list = Vec::new();
    let mut read = || -> Result<(), DecodeError> {
        let mut more = reader.begin_object()?;
        while more {
            let name = resolved(reader.string_raw()?).into_owned();
            reader.colon()?;
            list.push((name, Json::checked(reader.raw()?)));
            more = reader.more_members()?;
        }
        Ok(())
    };
    // Text of a model is valid; only a model that is no object at all ends here early.
    let _ = read();
    list
}

fn get_raw(object: &dyn Object, name: &str) -> Option<String> {
    let mut found = None;
    with_parts(object, &mut |layers, extra| {
        let Some(top) = layers.first() else { return };
        if let Some(number) = top.table.find(name)
            && let Some(layer) = layers.iter().find(|layer| number >= layer.table.offset())
            && let Some(slot) = layer
                .slots
                .get(number - layer.table.offset())
                .filter(|slot| slot.is_some())
        {
            let mut writer = Writer::new();
            slot.write("", &mut writer);
            found = Some(writer.into_string());
        } else {
            found = extra
                .get(name)
                .filter(|raw| *raw != "null")
                .map(str::to_owned);
        }
    });
    found
}

fn set_raw(object: &mut dyn Object, name: &str, json: &str) -> Result<(), Why> {
    let mut result = Ok(());
    with_layers(object, &mut |table, layers, extra| {
        let Some(number) = table.find(name) else {
            extra.drop_whole();
            return extra.replace(name, json, false);
        };
        let Some(slot) = layers.slot(number) else {
            return;
        };
        if json == "null" {
            extra.drop_whole();
            slot.clear();
            extra.remove(name);
            if !extra.set_null(number) {
                extra.replace(name, "null", true);
            }
            return;
        }
        let mut before = Writer::new();
        let had_value = slot.write("", &mut before);
        match slot.read(&mut Decoder::new(Reader::from_text(json))) {
            Ok(()) => {
                extra.drop_whole();
                extra.forget_null(number);
                extra.remove(name);
            }
            Err(fault) => {
                // A failed read leaves anything behind: what was there comes back.
                slot.clear();
                if had_value
                    && slot
                        .read(&mut Decoder::new(Reader::from_text(before.as_str())))
                        .is_err()
                {
                    slot.clear();
                }
                result = Err(match fault {
                    Fault::Misfit(expected) => Why::WrongType(expected.as_str()),
                    Fault::Fatal(error) => Why::Decode(error),
                });
            }
        }
    });
    result
}

fn unset(object: &mut dyn Object, name: &str) -> bool {
    let mut found = false;
    with_layers(object, &mut |table, layers, extra| {
        if let Some(number) = table.find(name)
            && let Some(slot) = layers.slot(number)
        {
            found = slot.is_some() || extra.is_null(number);
            slot.clear();
            extra.forget_null(number);
        }
        found |= extra.remove(name);
    });
    found
}

/// A member could not be read or set. Never carries the value.
#[derive(Debug)]
pub struct MemberError {
    schema: &'static str,
    member: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Unknown,
    NotAnObject,
    WrongType(&'static str),
    Decode(DecodeError),
    Serde(serde_json::Error),
}

impl MemberError {
    #[cold]
    fn new(table: &Table, member: &str, why: Why) -> Self {
        Self {
            schema: table.name,
            member: member.to_owned(),
            why,
        }
    }

    /// Whether the model has no such member.
    #[must_use]
    pub fn is_unknown_member(&self) -> bool {
        matches!(self.why, Why::Unknown)
    }
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.schema)?;
        if !self.member.is_empty() {
            write!(f, ".{}", self.member)?;
        }
        match &self.why {
            Why::Unknown => f.write_str(": the schema has no such member"),
            Why::NotAnObject => f.write_str(": the value is no JSON object"),
            Why::WrongType(expected) => write!(f, ": expected {expected}"),
            Why::Decode(error) => write!(f, ": {error}"),
            // serde_json quotes values in its messages; its category does not.
            Why::Serde(error) => {
                write!(f, ": the value does not fit ({:?} error)", error.classify())
            }
        }
    }
}

impl std::error::Error for MemberError {}

/// A member that the specification requires is absent or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingMember {
    /// Schema name.
    pub schema: &'static str,
    /// Member name in JSON.
    pub member: &'static str,
}

impl fmt::Display for MissingMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} has no {}, which the specification requires",
            self.schema, self.member
        )
    }
}

impl std::error::Error for MissingMember {}

/// The value of a required member.
///
/// # Errors
/// If it is `None`: services do leave out what their specification requires.
pub fn required<'a, T>(
    value: &'a Option<T>,
    schema: &'static str,
    member: &'static str,
) -> Result<&'a T, MissingMember> {
    value.as_ref().ok_or(MissingMember { schema, member })
}
