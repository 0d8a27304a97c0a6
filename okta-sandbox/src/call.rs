//! One call as a behaviour sees it: the org, the request, who asks.

use serde_json::Value;

use crate::admin::{Listed, Sight};
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::generated::operations::OPERATIONS;
use crate::json::text;
use crate::log::Actor;
use crate::oauth::access::Principal;
use crate::org::Org;
use crate::paging::{self, Page, Size};
use crate::schema::{self, Fullness};
use crate::table::Operation;

/// What a behaviour returns.
pub(crate) type Outcome = Result<Answer, Fault>;

/// A behaviour of one operation.
pub(crate) type Handler = fn(&mut Call<'_>) -> Outcome;

/// A call on the locked org.
pub(crate) struct Call<'a> {
    pub(crate) org: &'a mut Org,
    pub(crate) request: &'a Request,
    pub(crate) operation: &'static Operation,
    pub(crate) parameters: &'a [String],
    pub(crate) principal: Principal,
    pub(crate) sight: Sight,
}

/// Lets the service act by itself, as when the time of something has come: nobody's call, whose
/// events name the service.
pub(crate) fn by_itself<T>(org: &mut Org, act: impl FnOnce(&mut Call<'_>) -> T) -> T {
    let request = Request::of_nobody();
    let mut call = Call {
        org,
        request: &request,
        // No behaviour that runs here asks for its operation.
        operation: &OPERATIONS[0],
        parameters: &[],
        principal: Principal::Anonymous,
        sight: Sight::default(),
    };
    act(&mut call)
}

impl<'a> Call<'a> {
    /// A path parameter by position.
    pub(crate) fn parameter(&self, index: usize) -> &'a str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// The object of a collection that a path parameter names; `kind` is what a 404 calls it.
    pub(crate) fn stored(&self, shelf: &str, parameter: usize, kind: &str) -> Result<Value, Fault> {
        let id = self.parameter(parameter);
        let found = self.org.shelves.get(shelf).and_then(|shelf| shelf.get(id));
        found.cloned().ok_or_else(|| Fault::not_found(id, kind))
    }

    /// Whether the caller sees an object of a list; everything is seen at no cost by whoever sees all.
    pub(crate) fn sees(&self, listed: Listed) -> impl Fn(&Value) -> bool {
        let limit = self.sight.limit(self.org, listed);
        move |object| limit.is_none_or(|limit| limit.shows(text(object, "/id")))
    }

    /// Scheme and host as called.
    pub(crate) fn base(&self) -> &'a str {
        &self.request.base
    }

    /// From here on events name this client as the actor.
    pub(crate) fn act_as_client(&mut self, client: &Value) {
        self.principal = Principal::Client {
            client_id: text(client, "/id").to_owned(),
            token_id: String::new(),
        };
    }

    /// The id of the user or client that calls; empty where nobody had to say who they are.
    pub(crate) fn caller(&self) -> &str {
        match &self.principal {
            Principal::Token { user_id, .. } | Principal::User { user_id, .. } => user_id,
            Principal::Client { client_id, .. } => client_id,
            Principal::Anonymous => "",
        }
    }

    /// The body, if it fits its schema, without what a client cannot set.
    pub(crate) fn given(&self, fullness: Fullness) -> Result<Value, Fault> {
        let mut body = self.request.json()?;
        let facts = schema::facts_of(self.operation.api, self.operation.id);
        if let Some(ty) = &facts.request {
            schema::check(self.operation.api, ty, &body, fullness)?;
            schema::known_only(self.operation.api, ty, &mut body);
        }
        Ok(body)
    }

    fn actor(&self) -> Actor {
        if self.request.is_of_nobody() {
            return Actor::service();
        }
        Actor::of(self.org, &self.principal)
    }

    /// Writes a successful event to the System Log.
    pub(crate) fn log(&mut self, event_type: &str, targets: Vec<Value>) {
        let actor = self.actor();
        self.org.log.write(
            &self.org.clock,
            &actor,
            self.request,
            event_type,
            targets,
            None,
        );
    }

    /// Writes a failed event to the System Log.
    pub(crate) fn log_failure(&mut self, event_type: &str, targets: Vec<Value>, reason: &str) {
        let actor = self.actor();
        self.org.log.write(
            &self.org.clock,
            &actor,
            self.request,
            event_type,
            targets,
            Some(reason),
        );
    }

    /// Cuts a page and answers it as an array with `Link` lines.
    pub(crate) fn list<T>(
        &self,
        size: Size,
        items: impl Iterator<Item = (u64, T)>,
        render: impl Fn(T) -> Value,
    ) -> Outcome {
        let page = paging::cut(self.request, &self.org.settings.paging, size, items)?;
        Ok(self.page(page, render))
    }

    /// Answers a page as an array with `Link` lines.
    pub(crate) fn page<T>(&self, page: Page<T>, render: impl Fn(T) -> Value) -> Answer {
        let Page { items, next, limit } = page;
        let body = Value::Array(items.into_iter().map(render).collect());
        let answer = Answer::ok(&body);
        paging::link(
            answer,
            self.request,
            &self.org.settings.paging,
            next.as_deref(),
            limit,
        )
    }

    /// Answers everything as an array with a `self` link.
    pub(crate) fn all(&self, items: Vec<Value>) -> Outcome {
        let answer = Answer::ok(&Value::Array(items));
        Ok(paging::link(
            answer,
            self.request,
            &self.org.settings.paging,
            None,
            0,
        ))
    }
}
