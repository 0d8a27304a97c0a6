//! Lists of a collection's objects.

use serde_json::{Value, json};

use super::act::Act;
use super::{object, plan};
use crate::call::Outcome;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::remove;
use crate::paging::{self, Size};
use crate::schema::{self, Type};
use crate::search::Wanted;

impl Act<'_, '_> {
    pub(super) fn list(&mut self) -> Outcome {
        self.furnish();
        let Some((member, item)) = self
            .facts
            .answer
            .as_ref()
            .and_then(|ty| plan::list_of(self.api(), ty))
        else {
            return Err(Fault::code("E0000009", &[]));
        };
        let wanted = Wanted::of(self.call.request)?;
        let default = self.facts.page.unwrap_or(200);
        let size = Size::new(default, self.facts.most.unwrap_or(default.max(200)));
        if self.api() == "governance"
            && let Some(limit) = self
                .call
                .request
                .query("limit")
                .and_then(|l| l.parse::<i64>().ok())
            && !(1..=size.max as i64).contains(&limit)
        {
            let cause = format!("limit: The limit must be between 1 and {}.", size.max);
            return Err(Fault::validation("limit", &[&cause]));
        }
        let settings = self.call.org.settings.paging.clone();
        let path = self.path.clone();
        let mut hits: Vec<(u64, Value)> = self
            .call
            .org
            .shelf(&path)
            .placed()
            .filter(|(_, one)| wanted.takes(one))
            .map(|(place, one)| (place, one.clone()))
            .collect();
        hits.extend(self.scattered(&wanted));
        let page = paging::cut(self.call.request, &settings, size, hits.into_iter())?;
        let mut shown = Vec::new();
        for stored in page.items {
            let key = self.key_of(&stored);
            let plain = !matches!(schema::resolve(self.api(), &item), Type::Named(_));
            shown.push(if plain {
                json!(key)
            } else {
                self.view(Some(&item), &key, &stored)
            });
        }
        if member.is_empty() {
            let answer = Answer::json(self.call.operation.success, &json!(shown));
            return Ok(paging::link(
                answer,
                self.call.request,
                &settings,
                page.next.as_deref(),
                page.limit,
            ));
        }
        let base = self.call.base();
        let mut links = json!({ "self": { "href": paging::self_url(self.call.request, base) } });
        if let Some(cursor) = &page.next {
            links["next"] =
                json!({ "href": paging::next_url(self.call.request, base, cursor, page.limit) });
        }
        let count = shown.len();
        let mut body = json!({ member: shown, "_links": links });
        if let Some(ty) = &self.facts.answer {
            let declared = schema::object(self.api(), ty);
            body = object::maker(self.call, false).shape(ty, body);
            let has = |name: &str| declared.is_some_and(|s| s.members.contains_key(name));
            if !has("_links") {
                remove(&mut body, "_links");
            }
            if has("metadata") && body["metadata"]["total"].is_number() {
                body["metadata"]["total"] = json!(count);
            }
        }
        Ok(Answer::json(self.call.operation.success, &body))
    }

    /// What a list over all parents finds below each of them: `/entitlements/values` shows what
    /// stands at `/entitlements/{id}/values`.
    fn scattered(&self, wanted: &Wanted) -> Vec<(u64, Value)> {
        let Some((head, tail)) = self.path.rsplit_once('/') else {
            return Vec::new();
        };
        let (head, tail) = (format!("{head}/"), format!("/{tail}"));
        let shelves = self.call.org.shelves.range(head.clone()..);
        let own = shelves.take_while(|(path, _)| path.starts_with(&head));
        let below = own.filter(|(path, _)| {
            path.strip_prefix(&head)
                .and_then(|rest| rest.strip_suffix(&tail))
                .is_some_and(|id| !id.is_empty() && !id.contains('/'))
        });
        below
            .flat_map(|(_, shelf)| shelf.values())
            .filter(|one| wanted.takes(one))
            .enumerate()
            .map(|(number, one)| (number as u64 + 1, one.clone()))
            .collect()
    }
}
