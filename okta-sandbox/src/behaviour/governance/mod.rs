//! Identity governance: campaigns, reviews and access requests.

mod campaigns;
mod requests;
mod reviews;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::expression::{Case, Expression};
use crate::fault::Fault;
use crate::oauth::access::Principal;
use crate::paging::{self, Size};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    campaigns::handler(id)
        .or_else(|| reviews::handler(id))
        .or_else(|| requests::handler(id))
}

/// The 404 of governance services.
fn not_found() -> Fault {
    Fault::api(404, "E0000007", "Resource not found exception", &[])
}

/// A link in the form of governance services: on the admin host, with empty hints.
fn link(call: &Call<'_>, path: &str) -> Value {
    json!({ "href": format!("{}{path}", paging::admin_base(call.base())), "hints": {} })
}

/// The id that `createdBy` names.
fn caller(call: &Call<'_>) -> String {
    match &call.principal {
        Principal::Token { user_id, .. } => user_id.clone(),
        Principal::Client { client_id, .. } => client_id.clone(),
        Principal::Anonymous => String::new(),
    }
}

/// The parsed `filter`, if any.
fn filter(call: &Call<'_>) -> Result<Option<Expression>, Fault> {
    match call.request.query("filter").filter(|f| !f.is_empty()) {
        None => Ok(None),
        Some(text) => match Expression::parse(text) {
            Ok(expression) => Ok(Some(expression)),
            Err(reason) => Err(Fault::validation("filter", &[&format!("filter: {reason}")])),
        },
    }
}

fn fits(filter: Option<&Expression>, value: &Value) -> bool {
    filter.is_none_or(|f| f.matches(value, Case::Insensitive))
}

/// A page with links in its body; a `limit` above the maximum is refused here.
fn page<'v>(
    call: &Call<'_>,
    items: impl Iterator<Item = (u64, &'v Value)>,
    render: impl Fn(&Value) -> Value,
) -> Outcome {
    let size = Size::new(20, 200);
    if let Some(limit) = call
        .request
        .query("limit")
        .and_then(|l| l.parse::<i64>().ok())
        && !(1..=200).contains(&limit)
    {
        return Err(Fault::validation(
            "limit",
            &["limit: The limit must be between 1 and 200."],
        ));
    }
    let cut = paging::cut(call.request, &call.org.settings.paging, size, items)?;
    let base = if call.org.settings.paging.admin_host {
        paging::admin_base(call.base())
    } else {
        call.base().to_owned()
    };
    let mut links = json!({ "self": { "href": paging::self_url(call.request, &base) } });
    if let Some(cursor) = &cut.next {
        let href = paging::next_url(call.request, &base, cursor, cut.limit);
        links["next"] = json!({ "href": href });
    }
    let data: Vec<Value> = cut.items.into_iter().map(render).collect();
    Ok(Answer::ok(&json!({ "data": data, "_links": links })))
}
