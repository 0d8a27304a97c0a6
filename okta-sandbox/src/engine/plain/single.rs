//! What exists once at a path: settings.

use serde_json::{Value, json};

use super::act::Act;
use super::patch::{merge_shallow, patch};
use super::{SETTINGS, object, plan};
use crate::call::Outcome;
use crate::json::merge;
use crate::schema::{self, Fullness, Type};

impl Act<'_, '_> {
    /// What exists once, as it is or as it begins.
    pub(super) fn singleton(&mut self, path: &str, ty: Option<&Type>) -> Value {
        let known = self.call.org.shelf(SETTINGS).get(path).cloned();
        match (known, ty) {
            (Some(known), _) => known,
            (None, Some(ty)) => {
                let fresh = match schema::resolve(self.api(), ty) {
                    Type::Named(_) => {
                        let limits = schema::Limits::default();
                        object::maker(self.call, true).sample(ty, &limits, "", 0)
                    }
                    _ => json!({}),
                };
                self.call.org.shelf(SETTINGS).put(path, fresh.clone());
                fresh
            }
            (None, None) => json!({}),
        }
    }

    pub(super) fn show_singleton(&mut self, template: &str, path: &str, stored: &Value) -> Value {
        let Some(ty) = self.facts.answer.clone() else {
            return stored.clone();
        };
        let mut shown = object::maker(self.call, false).shape(&ty, stored.clone());
        let schema = object::schema_of(self.api(), Some(&ty), stored);
        let own = format!("{}{path}", self.call.base());
        if let Some(links) = object::links(self.call, schema, template, &own, stored) {
            shown["_links"] = links;
        }
        shown
    }

    pub(super) fn read(&mut self) -> Outcome {
        let (path, template) = (self.path.clone(), self.template.clone());
        let stored = self.singleton(&path, self.facts.answer.clone().as_ref());
        let shown = self.show_singleton(&template, &path, &stored);
        Ok(self.answer(&shown))
    }

    pub(super) fn set(&mut self, whole: bool) -> Outcome {
        let fullness = if whole {
            Fullness::Whole
        } else {
            Fullness::Part
        };
        let given = self.given(fullness)?;
        let (path, template) = (self.path.clone(), self.template.clone());
        let read = plan::at(&template, "GET").and_then(|get| schema::facts(get.id).answer.clone());
        let mut stored = match whole && self.call.org.shelf(SETTINGS).contains(&path) {
            true => json!({}),
            false => self.singleton(&path, read.as_ref()),
        };
        if let Value::Array(steps) = &given {
            patch(&mut stored, steps)?;
        } else if whole {
            merge_shallow(&mut stored, &given);
        } else {
            merge(&mut stored, &given);
        }
        let schema = object::schema_of(self.api(), read.as_ref(), &stored);
        object::stamp(self.call, schema, &mut stored, true);
        self.call.org.shelf(SETTINGS).put(&path, stored.clone());
        self.log(&path, &stored, false);
        let shown = self.show_singleton(&template, &path, &stored);
        Ok(self.answer(&shown))
    }
}
