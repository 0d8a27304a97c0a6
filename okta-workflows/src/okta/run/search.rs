//! Searches: users, groups, the System Log.

use okta_management::Management as _;

use super::Cx;
use crate::card::types::{DateTime, Value};
use crate::error::CardError;
use crate::generated::okta::actions::*;
use crate::project::Aliases;
use crate::run::{Outputs, Stream};

macro_rules! stream {
    ($input:expr) => {
        Stream {
            flow: $input.streaming.flow,
            record_limit: $input.search_criteria.record_limit,
            limit_field: "search_criteria.record_limit",
            ..Default::default()
        }
    };
}

/// Text in quotes, as filters take it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

const OPERATORS: [&str; 9] = ["eq", "ne", "gt", "ge", "lt", "le", "sw", "co", "ew"];

/// A filter expression: conditions joined by `and`.
#[derive(Default)]
pub(crate) struct Expression(Vec<String>);

impl Expression {
    /// `attribute eq "value"`, where there is a value. A value that begins with an operator brings its own:
    /// `gt "2026-01-01T00:00:00.000Z"`.
    #[must_use]
    pub(crate) fn and(self, attribute: &str, value: Option<&str>) -> Self {
        self.and_by(attribute, "eq", value)
    }

    /// [`and`](Self::and) with another operator.
    #[must_use]
    pub(crate) fn and_by(mut self, attribute: &str, operator: &str, value: Option<&str>) -> Self {
        let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
            return self;
        };
        let own = value
            .split_once(' ')
            .filter(|(word, _)| OPERATORS.contains(&word.to_ascii_lowercase().as_str()));
        self.0.push(match own {
            Some((word, rest)) if rest.trim_start().starts_with('"') => {
                format!("{attribute} {} {}", word.to_ascii_lowercase(), rest.trim())
            }
            Some((word, rest)) => format!(
                "{attribute} {} {}",
                word.to_ascii_lowercase(),
                quoted(rest.trim())
            ),
            None => format!("{attribute} {operator} {}", quoted(value)),
        });
        self
    }

    /// An expression of the card's author.
    #[must_use]
    pub(crate) fn and_custom(mut self, expression: Option<&str>) -> Self {
        if let Some(expression) = expression.map(str::trim).filter(|text| !text.is_empty()) {
            let whole = self.0.is_empty();
            self.0.push(if whole {
                expression.to_owned()
            } else {
                format!("({expression})")
            });
        }
        self
    }

    /// The expression; `None` if there is no condition.
    pub(crate) fn text(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(" and "))
    }
}

pub(crate) async fn find_users(cx: &Cx<'_>, card: FindUsers) -> Outputs {
    let mut operation = cx.service.users().list();
    if let Some(query) = card.input.inputs.query {
        operation = operation.q(query);
    }
    cx.list(operation, stream!(card.input), &[]).await
}

pub(crate) async fn list_users_with_filter(cx: &Cx<'_>, card: ListUsersWithFilter) -> Outputs {
    let input = card.input.inputs;
    let filter = Expression::default()
        .and("status", input.status.map(|status| status.as_str()))
        .and_by("lastUpdated", "gt", input.last_updated.as_deref())
        .and("id", input.id.as_deref())
        .and("profile.login", input.login.as_deref())
        .and("profile.email", input.email.as_deref())
        .and("profile.firstName", input.first_name.as_deref())
        .and("profile.lastName", input.last_name.as_deref())
        .and_custom(input.custom_filters.as_deref())
        .text();
    let mut operation = cx.service.users().list();
    if let Some(filter) = filter {
        operation = operation.filter(filter);
    }
    cx.list(operation, stream!(card.input), &[]).await
}

pub(crate) async fn list_users_with_search(cx: &Cx<'_>, card: ListUsersWithSearch) -> Outputs {
    let input = card.input.inputs;
    let mut search = Expression::default()
        .and("status", input.status.map(|status| status.as_str()))
        .and_by("created", "gt", input.created.as_deref())
        .and_by("activated", "gt", input.activated.as_deref())
        .and_by("statusChanged", "gt", input.status_changed.as_deref())
        .and_by("lastUpdated", "gt", input.last_updated.as_deref())
        .and("id", input.id.as_deref())
        .and("profile.login", input.username.as_deref())
        .and("profile.firstName", input.first_name.as_deref())
        .and("profile.lastName", input.last_name.as_deref())
        .and("profile.email", input.primary_email.as_deref());
    for (name, value) in &input.other_user_profile_attributes {
        let value = scalar(cx, name, value)?;
        search = search.and(&format!("profile.{name}"), Some(&value));
    }
    let mut operation = cx.service.users().list();
    if let Some(search) = search
        .and_custom(input.custom_search_criteria.as_deref())
        .text()
    {
        operation = operation.search(search);
    }
    if let Some(sort) = card.input.sort.sort_by {
        operation = operation.sort_by(sort.as_str());
    }
    if let Some(order) = card.input.sort.sort_order {
        operation = operation.sort_order(order.as_str().to_ascii_lowercase());
    }
    cx.list(operation, stream!(card.input), &[]).await
}

fn scalar(cx: &Cx<'_>, name: &str, value: &Value) -> Result<String, CardError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(cx.invalid(
            &format!("inputs.{name}"),
            "a search takes text, a number, true or false",
        )),
    }
}

pub(crate) async fn search_groups(cx: &Cx<'_>, card: SearchGroups) -> Outputs {
    let input = card.input.inputs;
    let search = Expression::default()
        .and("id", input.id.as_deref())
        .and_by("created", "gt", input.created.as_deref())
        .and_by("lastUpdated", "gt", input.last_updated.as_deref())
        .and_by(
            "lastMembershipUpdated",
            "gt",
            input.last_membership_updated.as_deref(),
        )
        .and("type", input.type_.map(|kind| kind.as_str()))
        .and("profile.name", input.name.as_deref())
        .and("profile.description", input.description.as_deref())
        .and_custom(input.custom_search_criteria.as_deref())
        .text();
    let mut operation = cx.service.groups().list();
    if let Some(search) = search {
        operation = operation.search(search);
    }
    cx.list(operation, stream!(card.input), &[]).await
}

const LOG: Aliases<'_> = &[("type", "/type")];

pub(crate) async fn search_system_logs(cx: &Cx<'_>, card: SearchSystemLogs) -> Outputs {
    use search_system_logs::SearchByChoice;
    let input = card.input.search_by;
    let mut operation = cx.service.logs().list();
    match card.options.search_by {
        SearchByChoice::Keyword => {
            if let Some(keyword) = input.keyword {
                operation = operation.q(keyword);
            }
        }
        SearchByChoice::Expression => {
            let filter = Expression::default()
                .and("eventType", input.event_type.as_deref())
                .and("uuid", input.uuid.as_deref())
                .and("displayMessage", input.display_message.as_deref())
                .and("actor.id", input.actor_id.as_deref())
                .and("actor.displayName", input.actor_display_name.as_deref())
                .and("actor.type", input.actor_type.as_deref())
                .and("target.id", input.target_id.as_deref())
                .and("target.displayName", input.target_display_name.as_deref())
                .and("target.type", input.target_type.as_deref())
                .and("severity", input.severity.as_deref())
                .and_custom(input.custom_filter.as_deref())
                .text();
            if let Some(filter) = filter {
                operation = operation.filter(filter);
            }
        }
    }
    if let Some(since) = moment(card.input.date.since) {
        operation = operation.since(since);
    }
    // Without an end the System Log's pages never end.
    let until = moment(card.input.date.until);
    operation =
        operation.until(until.unwrap_or_else(|| format!("{:.3}", cx.service.clock().wall())));
    if let Some(order) = card.input.sort.order {
        operation = operation.sort_order(order.as_str());
    }
    cx.list(operation, stream!(card.input), LOG).await
}

/// In the spelling of the API.
pub(crate) fn moment(date: Option<DateTime>) -> Option<String> {
    date?.timestamp().map(|moment| format!("{moment:.3}"))
}
