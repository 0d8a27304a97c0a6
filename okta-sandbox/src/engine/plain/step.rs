//! Verbs on objects and settings, and answers made of what was sent.

use serde_json::json;

use super::act::Act;
use super::{SETTINGS, object, parents, plan};
use crate::call::Outcome;
use crate::json::merge;
use crate::schema::{self, Fullness};

impl Act<'_, '_> {
    pub(super) fn step(&mut self) -> Outcome {
        let body = self.body(Fullness::Whole)?;
        if self.id.is_none() {
            let (path, template) = (self.path.clone(), self.template.clone());
            let mut stored = self.singleton(&path, self.facts.answer.clone().as_ref());
            merge(&mut stored, &body);
            self.call.org.shelf(SETTINGS).put(&path, stored.clone());
            let shown = self.show_singleton(&template, &path, &stored);
            return Ok(self.answer(&shown));
        }
        let Some((key, mut object)) = self.stored() else {
            // What other behaviours keep takes a verb without an answer as it is.
            let (name, id) = self.id.clone().unwrap_or_default();
            let (template, path) = (self.template.clone(), self.path.clone());
            if self.facts.answer.is_none()
                && parents::exists(self.call, &template, &path, name, &id)
            {
                return Ok(self.success());
            }
            return Err(self.not_found());
        };
        let schema = self.item_schema(&object);
        let known = object::statuses(self.api(), schema);
        if let Some(status) = object::after(self.verb, &known) {
            object["status"] = json!(status);
        }
        if let Some(ty) = &self.facts.request {
            let mut taken = body;
            schema::known_only(self.api(), ty, &mut taken);
            if taken.is_object() {
                merge(&mut object, &taken);
            }
        }
        object::stamp(self.call, schema, &mut object, false);
        self.call.org.shelf(&self.path).put(&key, object.clone());
        self.log(&key, &object, false);
        let shown = self.view(self.facts.answer.clone().as_ref(), &key, &object);
        Ok(self.answer(&shown))
    }

    /// An answer made of what was sent.
    pub(super) fn reflect(&mut self) -> Outcome {
        let body = self.body(Fullness::Whole)?;
        let Some(ty) = self.facts.answer.clone() else {
            return Ok(self.success());
        };
        if let Some((member, _)) = plan::list_of(self.api(), &ty) {
            let shown = if member.is_empty() {
                json!([])
            } else {
                json!({ member: [] })
            };
            return Ok(self.answer(&shown));
        }
        let body = if body.is_object() { body } else { json!({}) };
        let mut shown = object::maker(self.call, false).shape(&ty, body);
        let schema = object::schema_of(self.api(), Some(&ty), &shown);
        object::stamp(self.call, schema, &mut shown, true);
        let own = format!("{}{}", self.call.base(), self.path);
        let template = self.template.clone();
        if let Some(links) = object::links(self.call, schema, &template, &own, &shown) {
            shown["_links"] = links;
        }
        Ok(self.answer(&shown))
    }
}
