//! One call on the plain engine.

use serde_json::{Value, json};

use super::patch::{merge_shallow, patch};
use super::plan::{self, Plan};
use super::{SETTINGS, events, names, object, parents};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, merge, remove, text};
use crate::log::{app_target, named};
use crate::paging;
use crate::schema::{self, Facts, Fullness, Schema, Type};

/// Member of stored objects that never shows: what addresses an object without a key of its own.
pub(super) const HIDDEN: &str = "\u{0}key";

/// A call with its plan.
pub(super) struct Act<'c, 'a> {
    pub(super) call: &'c mut Call<'a>,
    pub(super) plan: Plan,
    pub(super) facts: &'static Facts,
    /// Template and path of the collection, or of the singleton.
    pub(super) template: String,
    pub(super) path: String,
    /// The id that the path names, with the name of its parameter.
    pub(super) id: Option<(&'static str, String)>,
    /// The verb at the end.
    pub(super) verb: &'static str,
}

impl<'c, 'a> Act<'c, 'a> {
    /// Checks the parents and required parameters.
    pub(super) fn new(call: &'c mut Call<'a>, plan: Plan) -> Result<Self, Fault> {
        let whole = call.operation.path;
        let facts = schema::facts(call.operation.id);
        let verb = whole.rsplit('/').next().unwrap_or_default();
        let subject = match plan {
            Plan::Step => plan::above(whole),
            _ => whole,
        };
        let mut depth = subject.matches('/').count();
        let tail = subject.rsplit('/').next().unwrap_or_default();
        let named = parents::parameter(tail);
        let by_item = matches!(
            plan,
            Plan::Get | Plan::Replace { .. } | Plan::Update { .. } | Plan::Delete | Plan::Step
        );
        let mut template = subject.to_owned();
        let mut id = None;
        if let Some(name) = named.filter(|_| by_item) {
            id = Some((name, call.request.segments[depth - 1].clone()));
            depth -= 1;
            template = plan::above(subject).to_owned();
            if let Some(head) = subject.rsplit_once('/') {
                template = head.0.to_owned();
            }
        }
        parents::check(call, depth)?;
        for name in &facts.needs {
            if call.request.query(name).is_none_or(str::is_empty) {
                let cause = format!("{name}: The field cannot be left blank");
                return Err(Fault::validation(name, &[&cause]));
            }
        }
        let path = format!("/{}", call.request.segments[..depth].join("/"));
        Ok(Self {
            call,
            plan,
            facts,
            template,
            path,
            id,
            verb,
        })
    }

    pub(super) fn run(mut self) -> Outcome {
        match self.plan {
            Plan::List => self.list(),
            Plan::Create => self.create(),
            Plan::Get => self.get(),
            Plan::Replace { makes } => self.write(true, makes),
            Plan::Update { makes } => self.write(false, makes),
            Plan::Delete => self.delete(),
            Plan::Clear => {
                self.call.org.shelves.remove(&self.path);
                Ok(self.success())
            }
            Plan::Read => self.read(),
            Plan::Write { whole } => self.set(whole),
            Plan::Reset => {
                let path = self.path.clone();
                self.call.org.shelf(SETTINGS).remove(&path);
                Ok(self.success())
            }
            Plan::Step => self.step(),
            Plan::Accept => {
                self.body(Fullness::Whole)?;
                Ok(self.success())
            }
            Plan::Reflect => self.reflect(),
            Plan::None(_) => Err(Fault::code("E0000008", &[])),
        }
    }

    /// Logs what a write of an object did.
    pub(super) fn log(&mut self, key: &str, object: &Value, fresh: bool) {
        let Some(event) = events::of(&self.template, self.plan, fresh, self.verb) else {
            return;
        };
        let name = ["/name", "/label", "/key", "/profile/displayName"]
            .iter()
            .map(|pointer| text(object, pointer))
            .find(|name| !name.is_empty())
            .unwrap_or(key);
        let kind = self
            .item_schema(object)
            .map_or("Resource", |schema| schema.name);
        let target = named(kind, key, "unknown", name);
        // An import is the app's.
        let app = self.call.org.apps.get(self.call.parameter(0));
        let app = app.filter(|_| event.starts_with("system.import."));
        let target = app.map_or(target, app_target);
        self.call.log(&event, vec![target]);
    }

    pub(super) fn api(&self) -> &'static str {
        self.call.operation.api
    }

    pub(super) fn success(&self) -> Answer {
        Answer::empty(self.call.operation.success)
    }

    /// The answer of the operation's success status: without a body where none is declared.
    pub(super) fn answer(&self, value: &Value) -> Answer {
        match self.facts.answer {
            None => self.success(),
            Some(_) => Answer::json(self.call.operation.success, value),
        }
    }

    /// The checked request body.
    pub(super) fn body(&mut self, fullness: Fullness) -> Result<Value, Fault> {
        let Some(ty) = &self.facts.request else {
            return Ok(json!({}));
        };
        if self.facts.other_media
            && self
                .call
                .request
                .header("content-type")
                .is_none_or(|m| !m.contains("json"))
        {
            // Files and forms are taken in as they are.
            return Ok(json!({}));
        }
        if self.call.request.body.is_empty() && !self.facts.body_needed {
            return Ok(json!({}));
        }
        let body = self.call.request.json()?;
        // A patch may come as a list of operations even where an object is declared.
        schema::check(self.api(), ty, &body, fullness)?;
        Ok(body)
    }

    /// The body without what a client cannot set.
    pub(super) fn given(&mut self, fullness: Fullness) -> Result<Value, Fault> {
        let mut body = self.body(fullness)?;
        if let Some(ty) = &self.facts.request {
            schema::known_only(self.api(), ty, &mut body);
        }
        Ok(body)
    }

    /// The type of the collection's objects.
    pub(super) fn item_type(&self) -> Option<Type> {
        let answer_of = |path: &str, method: &str| {
            let operation = plan::at(path, method)?;
            let ty = schema::facts(operation.id).answer.clone()?;
            match plan::list_of(operation.api, &ty) {
                Some((_, item)) => Some(item),
                None => Some(ty),
            }
        };
        if let Some((name, _)) = &self.id
            && let Some(ty) = answer_of(&format!("{}/{{{name}}}", self.template), "GET")
        {
            return Some(ty);
        }
        answer_of(&self.template, "GET")
            .or_else(|| answer_of(&self.template, "POST"))
            .or_else(|| self.facts.answer.clone())
    }

    pub(super) fn item_schema(&self, value: &Value) -> Option<&'static Schema> {
        object::schema_of(self.api(), self.item_type().as_ref(), value)
    }

    /// The name of the item's path parameter.
    pub(super) fn item_parameter(&self) -> Option<&'static str> {
        if let Some((name, _)) = &self.id {
            return Some(name);
        }
        let below = format!("{}/", self.template);
        crate::generated::operations::OPERATIONS
            .iter()
            .find_map(|operation| {
                let rest = operation.path.strip_prefix(&below)?;
                parents::parameter(rest.split('/').next()?)
            })
    }

    pub(super) fn key_of(&self, value: &Value) -> String {
        let key = object::key(self.item_schema(value), self.item_parameter());
        match text(value, &format!("/{HIDDEN}")) {
            "" => text(value, &format!("/{key}")).to_owned(),
            hidden => hidden.to_owned(),
        }
    }

    pub(super) fn not_found(&self) -> Fault {
        let id = self.id.as_ref().map_or("", |(_, id)| id.as_str());
        let schema = self.item_schema(&Value::Null).map(|s| s.name);
        parents::missing(self.call, &self.template, schema, id)
    }

    /// Objects whose names the API lists are there from the beginning, unless something makes them.
    pub(super) fn furnish(&mut self) {
        let Some(name) = self.item_parameter() else {
            return;
        };
        let made = plan::at(&self.template, "POST").is_some();
        let Some(values) = parents::listed(self.api(), self.call.operation.id, name)
            .or_else(|| {
                let get = plan::at(&format!("{}/{{{name}}}", self.template), "GET")?;
                parents::listed(self.api(), get.id, name)
            })
            .filter(|_| !made)
        else {
            return;
        };
        let path = self.path.clone();
        for value in values {
            if self.call.org.shelf(&path).contains(value) {
                continue;
            }
            let ty = self.item_type();
            let mut fresh = match &ty {
                Some(ty) => {
                    object::maker(self.call, true).sample(ty, &schema::Limits::default(), "", 0)
                }
                None => json!({}),
            };
            let schema = object::schema_of(self.api(), ty.as_ref(), &fresh);
            // The member that says which one it is, where there is one.
            let listing = schema
                .into_iter()
                .flat_map(|s| &s.members)
                .find(|(_, member)| {
                    schema::object(self.api(), &member.ty).is_some_and(|s| s.values == values)
                });
            let slot = listing.map_or_else(
                || object::key(schema, Some(name)),
                |(name, _)| name.as_str(),
            );
            fresh[slot] = json!(value);
            fresh[HIDDEN] = json!(value);
            self.call.org.shelf(&path).put(value, fresh);
        }
    }

    /// The stored object and what it stands under.
    pub(super) fn stored(&mut self) -> Option<(String, Value)> {
        self.furnish();
        let (_, id) = self.id.clone()?;
        let shelf = self.call.org.shelves.get(&self.path)?;
        if let Some(found) = shelf.get(&id) {
            return Some((id, found.clone()));
        }
        let found = shelf.values().find(|o| parents::keyed(o, &id))?.clone();
        let key = self.key_of(&found);
        shelf.contains(&key).then_some((key, found))
    }

    pub(super) fn found(&mut self) -> Result<(String, Value), Fault> {
        self.stored().ok_or_else(|| self.not_found())
    }

    /// What the answer shows of a stored object; what had to be made up is kept for next time.
    pub(super) fn view(&mut self, ty: Option<&Type>, key: &str, stored: &Value) -> Value {
        let Some(ty) = ty else { return stored.clone() };
        let mut shown = object::maker(self.call, false).shape(ty, stored.clone());
        remove(&mut shown, HIDDEN);
        let schema = object::schema_of(self.api(), Some(ty), stored);
        let own = format!("{}{}/{key}", self.call.base(), self.path);
        let template = match self.item_parameter() {
            Some(name) => format!("{}/{{{name}}}", self.template),
            None => self.template.clone(),
        };
        if let Some(links) = object::links(self.call, schema, &template, &own, stored) {
            shown["_links"] = links;
        } else if shown.is_object() {
            remove(&mut shown, "_links");
        }
        let mut kept = stored.clone();
        fill(&mut kept, &shown);
        remove(&mut kept, "_links");
        let path = self.path.clone();
        if self.call.org.shelf(&path).contains(key) {
            self.call.org.shelf(&path).put(key, kept);
        }
        shown
    }

    fn create(&mut self) -> Outcome {
        let given = self.given(Fullness::Whole)?;
        let answer = self.facts.answer.clone();
        let listed = answer.as_ref().and_then(|ty| plan::list_of(self.api(), ty));
        if let Some((member, item)) = listed {
            // Several at once: the body is a list, or wraps one.
            let many: Vec<Value> = match &given {
                Value::Array(items) => items.clone(),
                Value::Object(members) => match members.values().find_map(Value::as_array) {
                    Some(items) => items.clone(),
                    None => vec![given.clone()],
                },
                _ => vec![given.clone()],
            };
            let mut shown = Vec::new();
            for one in many {
                let (key, stored) = self.add(one)?;
                shown.push(self.view(Some(&item), &key, &stored));
            }
            let body = if member.is_empty() {
                json!(shown)
            } else {
                json!({ member: shown })
            };
            return Ok(self.answer(&body));
        }
        let (key, stored) = self.add(given)?;
        let shown = self.view(answer.as_ref(), &key, &stored);
        let mut made = self.answer(&shown);
        if self.call.operation.success == 201 && self.api() == "governance" {
            let location = format!(
                "{}{}/{key}",
                paging::admin_base(self.call.base()),
                self.path
            );
            made = made.with("location", location);
        }
        Ok(made)
    }

    fn get(&mut self) -> Outcome {
        let (key, stored) = self.found()?;
        let shown = self.view(self.facts.answer.clone().as_ref(), &key, &stored);
        Ok(self.answer(&shown))
    }

    fn write(&mut self, whole: bool, makes: bool) -> Outcome {
        let Some((key, before)) = self.stored() else {
            if !makes {
                return Err(self.not_found());
            }
            let given = self.given(if whole {
                Fullness::Whole
            } else {
                Fullness::Part
            })?;
            let (key, stored) = self.add(given)?;
            let shown = self.view(self.facts.answer.clone().as_ref(), &key, &stored);
            return Ok(self.answer(&shown));
        };
        let given = self.given(if whole {
            Fullness::Whole
        } else {
            Fullness::Part
        })?;
        let schema = self.item_schema(&before);
        let mut after = before.clone();
        if let Value::Array(steps) = &given {
            patch(&mut after, steps)?;
        } else if whole && !names::keeps(&self.template) {
            // What the request cannot name stays: ids, stamps, statuses.
            let request = object::schema_of(self.api(), self.facts.request.as_ref(), &given);
            for (name, member) in request.map(|s| &s.members).into_iter().flatten() {
                if !member.read_only {
                    remove(&mut after, name);
                }
            }
            merge_shallow(&mut after, &given);
        } else {
            merge(&mut after, &given);
        }
        for slot in [HIDDEN, object::key(schema, self.item_parameter())] {
            if let Some(kept) = before.get(slot) {
                after[slot] = kept.clone();
            }
        }
        fill(&mut after, &json!({ "status": before["status"] }));
        if after["status"].is_null() {
            remove(&mut after, "status");
        }
        object::stamp(self.call, schema, &mut after, false);
        self.call.org.shelf(&self.path).put(&key, after.clone());
        self.spread(&key, &mut after);
        self.log(&key, &after, false);
        let shown = self.view(self.facts.answer.clone().as_ref(), &key, &after);
        Ok(self.answer(&shown))
    }

    /// Some objects are deleted by a shorter path than the one they are listed at.
    fn deeper(&mut self) {
        let Some((_, id)) = &self.id else { return };
        let tail = format!("/{}", names::word(&self.template));
        let own = |path: &&String| path.ends_with(&tail);
        let shelves = &self.call.org.shelves;
        let found = shelves
            .iter()
            .filter(|(path, _)| own(path))
            .find(|(_, shelf)| shelf.contains(id));
        if let Some((path, _)) = found {
            self.path = path.clone();
        }
    }

    fn delete(&mut self) -> Outcome {
        if plan::methods(&self.template).is_empty() && self.stored().is_none() {
            self.deeper();
        }
        let (key, object) = self.found()?;
        if object["system"] == true || object["isDefault"] == true {
            return Err(Fault::code("E0000006", &[]));
        }
        let path = self.path.clone();
        self.call.org.shelf(&path).remove(&key);
        let below = format!("{path}/{key}/");
        self.call
            .org
            .shelves
            .retain(|path, _| !path.starts_with(&below));
        self.log(&key, &object, false);
        Ok(self.success())
    }
}
