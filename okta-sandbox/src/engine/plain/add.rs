//! New objects: their keys, first stamps and statuses, and what stands below them.

use serde_json::{Value, json};

use super::act::{Act, HIDDEN};
use super::{names, object, plan};
use crate::fault::Fault;
use crate::json::text;
use crate::schema::{self, Schema, Type};

impl Act<'_, '_> {
    /// Puts a new object on the shelf and returns what it stands under.
    pub(super) fn add(&mut self, given: Value) -> Result<(String, Value), Fault> {
        let mut given = if given.is_object() {
            given
        } else {
            json!({ "value": given })
        };
        let schema = self.item_schema(&given);
        let parameter = self.item_parameter();
        let member = object::key(schema, parameter);
        let own_key = schema.is_some_and(|s| s.members.contains_key(member));
        let settable = own_key && member != "id" && !text(&given, &format!("/{member}")).is_empty();
        let key = match &self.id {
            Some((_, id)) => id.clone(),
            None if settable => text(&given, &format!("/{member}")).to_owned(),
            None => self.fresh_key(schema, member),
        };
        let slot = if own_key { member } else { HIDDEN };
        given[slot] = json!(key);
        if self.id.is_none() && self.call.org.shelf(&self.path).contains(&key) {
            let cause = format!(
                "{member}: An object with this field already exists in the current organization"
            );
            return Err(Fault::validation(member, &[&cause]));
        }
        object::begin(self.api(), &self.template, schema, &mut given);
        object::stamp(self.call, schema, &mut given, true);
        self.call.org.shelf(&self.path).put(&key, given.clone());
        self.spread(&key, &mut given);
        self.log(&key, &given, true);
        Ok((key, given))
    }

    /// Lists within an object that also stand below its path: their elements get ids, and go
    /// where the path looks for them.
    pub(super) fn spread(&mut self, key: &str, object: &mut Value) {
        let Some(parameter) = self.item_parameter() else {
            return;
        };
        let below = |name: &str| format!("{}/{{{parameter}}}/{name}", self.template);
        let lists: Vec<String> = object
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, value)| {
                value.is_array()
                    && plan::methods(&below(name)).contains(&"GET")
                    && plan::at(&below(name), "POST").is_none()
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in lists {
            let prefix = names::prefix(&below(&name));
            let path = format!("{}/{key}/{name}", self.path);
            self.call.org.shelves.remove(&path);
            for item in object[&name].as_array_mut().into_iter().flatten() {
                if !item.is_object() {
                    continue;
                }
                if text(item, "/id").is_empty() {
                    item["id"] = json!(self.call.org.dice.id(&prefix));
                }
                let id = text(item, "/id").to_owned();
                self.call.org.shelf(&path).put(&id, item.clone());
            }
            self.call.org.shelf(&self.path).put(key, object.clone());
        }
    }

    fn fresh_key(&mut self, schema: Option<&'static Schema>, member: &str) -> String {
        let ty = schema.and_then(|s| s.members.get(member)).map(|m| &m.ty);
        let uuid = matches!(ty.map(|ty| schema::resolve(self.api(), ty)), Some(Type::Text(format)) if format == "uuid");
        if uuid || matches!(member, "kid" | "aaguid") {
            return self.call.org.dice.uuid();
        }
        let prefix = names::prefix(&self.template);
        self.call.org.dice.id(&prefix)
    }
}
