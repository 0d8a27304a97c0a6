//! A described collection in a call: what each action does to it.

use serde_json::{Map, Value, json};

use super::kinds::KINDS;
use super::{Kind, Lifecycle, Links, Stamps};
use crate::admin::Listed;
use crate::behaviour::associated_servers;
use crate::call::{Call, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::hooks;
use crate::json::{fill, merge, remove, text};
use crate::log::{is_published, named};
use crate::oauth::access::Principal;
use crate::oauth::server::SERVERS;
use crate::paging;
use crate::schema::{self, Fullness};
use crate::search::Wanted;

/// A collection in a call.
pub(super) struct Collection<'k, 'c, 'a> {
    pub(super) kind: &'k Kind,
    /// Where it stands, parents filled in.
    pub(super) path: String,
    /// How many parents it has.
    pub(super) depth: usize,
    pub(super) call: &'c mut Call<'a>,
}

impl Collection<'_, '_, '_> {
    fn who(&self) -> String {
        match &self.call.principal {
            Principal::Token { user_id, .. } | Principal::User { user_id, .. } => user_id.clone(),
            Principal::Client { client_id, .. } => client_id.clone(),
            Principal::Anonymous => String::new(),
        }
    }

    /// A nested collection exists as long as its parent does.
    pub(super) fn check_parent(&mut self) -> Result<(), Fault> {
        let up = |path: &str| {
            path.rsplit_once('/')
                .map(|(head, tail)| (head.to_owned(), tail.to_owned()))
        };
        let Some((template, _)) = up(self.kind.collection).and_then(|(head, _)| up(&head)) else {
            return Ok(());
        };
        let Some(parent) = KINDS.iter().find(|kind| kind.collection == template) else {
            return Ok(());
        };
        let Some((shelf, id)) = up(&self.path).and_then(|(head, _)| up(&head)) else {
            return Ok(());
        };
        match self.call.org.shelf(&shelf).contains(&id) {
            true => Ok(()),
            false => Err(Fault::not_found(&id, parent.missing)),
        }
    }

    fn named(&mut self) -> Result<Value, Fault> {
        let id = self.call.parameter(self.depth);
        let shelf = self.call.org.shelf(&self.path);
        let by_key = |pointer: &str| shelf.values().find(|o| text(o, pointer) == id);
        let found = shelf.get(id).or_else(|| by_key(self.kind.key?));
        found
            .cloned()
            .ok_or_else(|| Fault::not_found(id, self.kind.missing))
    }

    fn put(&mut self, object: &Value) {
        let place = self.place(object).to_owned();
        self.call.org.shelf(&self.path).put(&place, object.clone());
    }

    /// What an object stands under: its id, or its key where it has none.
    fn place<'o>(&self, object: &'o Value) -> &'o str {
        match (text(object, "/id"), self.kind.key) {
            ("", Some(pointer)) => text(object, pointer),
            (id, _) => id,
        }
    }

    fn log(&mut self, verb: &str, object: &Value) {
        let Some(event) = self.kind.event else { return };
        let name = match text(object, "/name") {
            "" => text(object, "/label"),
            name => name,
        };
        let target = named(self.kind.missing, self.place(object), "unknown", name);
        let tense = if self.kind.past_tense { "d" } else { "" };
        let event = format!("{event}.{verb}{tense}");
        // Not every switch has an event of its own.
        if is_published(&event) {
            self.call.log(&event, vec![target]);
        }
    }

    fn stamp(&self, object: &mut Value, fresh: bool) {
        let now = json!(clock::zero_millis(self.call.org.clock.now()));
        let who = json!(self.who());
        let (made, changed): (&[&str], &[&str]) = match self.kind.stamps {
            Stamps::Nothing => (&[], &[]),
            Stamps::Times => (&["created"], &["lastUpdated"]),
            Stamps::TimesAndMaker => (&["created", "createdBy"], &["lastUpdated"]),
            Stamps::TimesAndPeople => {
                (&["created", "createdBy"], &["lastUpdated", "lastUpdatedBy"])
            }
            Stamps::Dates => (
                &["createdDate", "createdBy"],
                &["lastUpdate", "lastUpdatedBy"],
            ),
            Stamps::LastDate => (&[], &["lastUpdatedDate"]),
        };
        let made = if fresh { made } else { &[] };
        for member in made.iter().chain(changed) {
            object[*member] = if member.ends_with("By") {
                who.clone()
            } else {
                now.clone()
            };
        }
    }

    pub(super) fn view(&self, object: &Value) -> Value {
        let own = format!("{}{}/{}", self.call.base(), self.path, self.place(object));
        let mut shown = object.clone();
        for (parent, name) in self.kind.secrets {
            if let Some(parent) = shown.pointer_mut(parent) {
                remove(parent, name);
            }
        }
        if self.kind.links != Links::None {
            shown["_links"] = self.links(object, &own);
        }
        (self.kind.show)(&mut shown, self.call.base(), &own);
        shown
    }

    fn links(&self, object: &Value, own: &str) -> Value {
        let mut links = Map::new();
        let hinted =
            |href: String, allow: &[&str]| json!({ "href": href, "hints": { "allow": allow } });
        let me = match self.kind.links {
            Links::Hints(allow) if object["system"] == true || object["isDefault"] == true => {
                let allow: Vec<&str> = allow.iter().copied().filter(|a| *a != "DELETE").collect();
                hinted(own.to_owned(), &allow)
            }
            Links::Hints(allow) => hinted(own.to_owned(), allow),
            Links::Rel => json!({ "rel": "self", "href": own, "method": "GET" }),
            Links::Method => json!({ "href": own, "method": "GET" }),
            Links::Steps | Links::None => json!({ "href": own }),
        };
        links.insert("self".to_owned(), me);
        // Hooks that are not at work can only be switched on, or deleted.
        let idle = self.kind.links == Links::Steps
            && self.kind.lifecycle != Lifecycle::None
            && object["status"] != "ACTIVE";
        if idle {
            links.insert("delete".to_owned(), hinted(own.to_owned(), &["DELETE"]));
        }
        let extra = if idle { &[][..] } else { self.kind.extra_links };
        for (name, path) in extra {
            links.insert(
                (*name).to_owned(),
                hinted(format!("{own}/{path}"), &["POST"]),
            );
        }
        if self.kind.lifecycle != Lifecycle::None && self.kind.links != Links::Rel {
            let step = if object["status"] == "ACTIVE" {
                "deactivate"
            } else {
                "activate"
            };
            let href = format!("{own}/lifecycle/{step}");
            let link = match self.kind.links {
                Links::Method => json!({ "href": href, "method": "POST" }),
                _ => hinted(href, &["POST"]),
            };
            links.insert(step.to_owned(), link);
        }
        Value::Object(links)
    }

    pub(super) fn list(&mut self) -> Outcome {
        let wanted = Wanted::of(self.call.request)?;
        let kind = self
            .call
            .request
            .query("type")
            .filter(|kind| !kind.is_empty());
        self.call.org.shelf(&self.path);
        // Of these collections, roles name objects of one alone.
        let listed = (self.path == SERVERS).then_some(Listed::Servers);
        let sees = listed.map(|listed| self.call.sees(listed));
        let takes = |object: &Value| {
            let typed =
                object.get("type").is_none() || kind.is_none_or(|k| text(object, "/type") == k);
            typed && wanted.takes(object) && sees.as_ref().is_none_or(|sees| sees(object))
        };
        let shelf = &self.call.org.shelves[&self.path];
        let settings = &self.call.org.settings.paging;
        let after = self
            .call
            .request
            .query("after")
            .and_then(|id| shelf.place(id));
        let page = paging::cut_behind(
            self.call.request,
            settings,
            self.kind.size,
            after,
            shelf.placed().filter(|(_, object)| takes(object)),
        )?;
        match self.kind.wrap {
            None => Ok(self.call.page(page, |object| self.view(object))),
            Some(member) => {
                let base = self.call.base();
                let mut links =
                    json!({ "self": { "href": paging::self_url(self.call.request, base) } });
                if let Some(cursor) = &page.next {
                    let href = paging::next_url(self.call.request, base, cursor, page.limit);
                    links["next"] = json!({ "href": href });
                }
                let items: Vec<Value> = page
                    .items
                    .into_iter()
                    .map(|object| self.view(object))
                    .collect();
                Ok(Answer::ok(&json!({ member: items, "_links": links })))
            }
        }
    }

    fn check_unique(&mut self, object: &Value) -> Result<(), Fault> {
        let Some(pointer) = self.kind.unique else {
            return Ok(());
        };
        let (own, wanted) = (
            self.place(object).to_owned(),
            text(object, pointer).to_owned(),
        );
        let kind = self.kind;
        let place = |o: &Value| match text(o, "/id") {
            "" => kind.key.map(|k| text(o, k).to_owned()).unwrap_or_default(),
            id => id.to_owned(),
        };
        let fresh = text(object, "/id").is_empty();
        let shelf = self.call.org.shelf(&self.path);
        let taken = shelf
            .values()
            .any(|o| text(o, pointer) == wanted && (fresh || place(o) != own));
        if taken {
            let field = pointer.rsplit('/').next().unwrap_or_default();
            let cause = format!(
                "{field}: An object with this field already exists in the current organization"
            );
            return Err(Fault::validation(field, &[&cause]));
        }
        Ok(())
    }

    /// The body, held against the operation's request schema.
    fn body(&mut self, fullness: Fullness) -> Result<Value, Fault> {
        let body = self.call.request.object()?;
        let facts = schema::facts(self.call.operation.id);
        if let Some(ty) = &facts.request {
            schema::check(self.call.operation.api, ty, &body, fullness)?;
        }
        Ok(body)
    }

    pub(super) fn create(&mut self) -> Outcome {
        let mut object = self.body(Fullness::Whole)?;
        for member in [
            "id",
            "_links",
            "_embedded",
            "created",
            "lastUpdated",
            "system",
        ] {
            remove(&mut object, member);
        }
        if let Some(status) = self.kind.status {
            object["status"] = json!(status);
        }
        if self.kind.key.is_none() || self.kind.prefix != "obj" {
            object["id"] = json!(self.call.org.dice.id(self.kind.prefix));
        }
        if let Some((most, code, cause)) = self.kind.most
            && self.call.org.shelf(&self.path).len() >= most
        {
            return Err(Fault::api(403, code, cause, &[cause]));
        }
        (self.kind.check)(&object)?;
        self.check_unique(&object)?;
        self.stamp(&mut object, true);
        fill(&mut object, &(self.kind.defaults)());
        (self.kind.finish)(self.call.org, &mut object);
        self.put(&object);
        (self.kind.furnish)(self.call.org, &self.path, &object);
        self.log(self.kind.made, &object);
        Ok(Answer::json(self.kind.created, &self.view(&object)))
    }

    pub(super) fn get(&mut self) -> Outcome {
        let object = self.named()?;
        Ok(Answer::ok(&self.view(&object)))
    }

    pub(super) fn write(&mut self, whole: bool) -> Outcome {
        let before = self.named()?;
        let fullness = if whole {
            Fullness::Whole
        } else {
            Fullness::Part
        };
        let mut given = self.body(fullness)?;
        for member in ["_links", "_embedded"] {
            remove(&mut given, member);
        }
        let mut object = if whole { given } else { before.clone() };
        if !whole {
            let mut patch = self.call.request.object()?;
            remove(&mut patch, "_links");
            merge(&mut object, &patch);
        }
        let kept = [
            "id",
            "created",
            "createdBy",
            "createdDate",
            "system",
            "isDefault",
            "type",
            "verificationStatus",
        ];
        for member in kept {
            match before.get(member) {
                // The type of an object may be given anew, everything else is the service's.
                Some(_) if member == "type" && object.get("type").is_some() => {}
                Some(value) => object[member] = value.clone(),
                None => {}
            }
        }
        // A status may be given; nothing but a known one is taken.
        let switchable = self.kind.lifecycle != Lifecycle::None
            && matches!(text(&object, "/status"), "ACTIVE" | "INACTIVE");
        if let Some(status) = before.get("status").filter(|_| !switchable) {
            object["status"] = status.clone();
        }
        for (parent, name) in self.kind.secrets {
            let old = before.pointer(parent).and_then(|p| p.get(*name)).cloned();
            if let (Some(old), Some(parent)) = (old, object.pointer_mut(parent)) {
                fill(parent, &json!({ *name: old }));
            }
        }
        let address = "/channel/config/uri";
        if before.get("verificationStatus").is_some()
            && text(&before, address) != text(&object, address)
        {
            object["verificationStatus"] = json!("UNVERIFIED");
        }
        (self.kind.check)(&object)?;
        self.check_unique(&object)?;
        self.stamp(&mut object, false);
        fill(&mut object, &(self.kind.defaults)());
        (self.kind.finish)(self.call.org, &mut object);
        self.put(&object);
        self.log("update", &object);
        let mut shown = self.view(&object);
        for name in self.kind.null_after_replace {
            shown[*name] = Value::Null;
        }
        for name in self.kind.unsaid_after_replace {
            remove(&mut shown, name);
        }
        Ok(Answer::ok(&shown))
    }

    pub(super) fn delete(&mut self) -> Outcome {
        let object = match self.named() {
            Err(_) if self.kind.lenient_delete => return Ok(Answer::no_content()),
            found => found?,
        };
        if object["system"] == true || object["isDefault"] == true {
            return Err(Fault::code("E0000006", &[]));
        }
        if self.kind.rests_first && object["status"] == "ACTIVE" {
            let cause = "It must be deactivated before it is deleted.";
            return Err(Fault::code("E0000006", &[cause]));
        }
        let place = self.place(&object).to_owned();
        self.call.org.shelf(&self.path).remove(&place);
        let below = format!("{}/{place}/", self.path);
        self.call.org.remove_below(&below);
        if self.path == SERVERS {
            self.call.org.authority.revoke_server(&place);
            associated_servers::forget(self.call.org, &place);
        }
        self.log("delete", &object);
        Ok(Answer::no_content())
    }

    pub(super) fn set_status(&mut self, status: &str, verb: &str) -> Outcome {
        let mut object = self.named()?;
        object["status"] = json!(status);
        self.stamp(&mut object, false);
        self.put(&object);
        self.log(verb, &object);
        Ok(match self.kind.lifecycle {
            Lifecycle::EmptyBody => Answer::empty(200),
            Lifecycle::NoContent => Answer::no_content(),
            Lifecycle::Object | Lifecycle::None => Answer::ok(&self.view(&object)),
        })
    }

    /// The outcome of the call that was made for this request, if one was.
    fn outcome(&mut self) -> Option<Value> {
        let path = &self.call.request.path;
        self.call.org.shelf(hooks::OUTCOMES).remove(path)
    }

    /// A hook that sent the challenge back is verified; so is one that cannot be reached from here.
    pub(super) fn verify(&mut self) -> Outcome {
        let mut object = self.named()?;
        if self.outcome().is_some_and(|passed| passed == false) {
            let cause = "The hook did not answer the verification challenge.";
            return Err(Fault::validation("eventHook", &[cause]));
        }
        object["verificationStatus"] = json!("VERIFIED");
        self.stamp(&mut object, false);
        self.put(&object);
        let event = "event_hook.verified";
        let target = named(
            self.kind.missing,
            self.place(&object),
            "unknown",
            text(&object, "/name"),
        );
        self.call.log(event, vec![target]);
        Ok(Answer::ok(&self.view(&object)))
    }

    /// What the inline hook answers; nothing to do where it cannot be reached from here.
    pub(super) fn execute(&mut self) -> Outcome {
        self.named()?;
        self.call.request.object()?;
        match self.outcome() {
            Some(Value::Null) => {
                let cause = "The hook did not answer in time, or not with success.";
                Err(Fault::validation("inlineHook", &[cause]))
            }
            Some(answer) => Ok(Answer::ok(&answer)),
            None => Ok(Answer::ok(&json!({ "commands": [] }))),
        }
    }
}
