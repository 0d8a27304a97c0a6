//! Identity governance: campaigns and reviews, the catalog, access requests and their tasks,
//! entitlement settings.

pub(crate) mod background;
mod bundles;
#[cfg(test)]
mod campaign_tests;
mod campaigns;
mod catalog;
mod collections;
mod conditions;
mod decisions;
mod delegates;
mod entitlement_settings;
mod entitlements;
mod giving;
mod grants;
mod labels;
pub(super) mod leftovers;
#[cfg(test)]
mod leftovers_tests;
mod levels;
mod org_settings;
mod ownable;
#[cfg(test)]
mod ownable_tests;
mod owners;
mod principal_access;
mod request_settings;
mod request_types;
mod requests;
#[cfg(test)]
mod requests_tests;
mod requests_v1;
mod resources;
mod review_items;
mod reviewers;
mod reviews;
mod risk;
#[cfg(test)]
mod risk_tests;
mod security_reviews;
mod sequences;
mod settings;
mod tasks;
mod time_bound;

pub(crate) use catalog::seed_fields;
pub(crate) use decisions::decide;
pub(crate) use grants::{end_grants, grants_of};
pub(crate) use time_bound::end_what_is_over;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::expression::{Case, Expression};
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::paging::{self, Size};
use crate::schema;
use crate::shelf::Shelf;
use crate::sorting::Sort;
use crate::table::Operation;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    campaigns::handler(id)
        .or_else(|| reviews::handler(id))
        .or_else(|| requests::handler(id))
        .or_else(|| requests_v1::handler(id))
        .or_else(|| request_types::handler(id))
        .or_else(|| tasks::handler(id))
        .or_else(|| decisions::handler(id))
        .or_else(|| catalog::handler(id))
        .or_else(|| entitlement_settings::handler(id))
        .or_else(|| entitlements::handler(id))
        .or_else(|| bundles::handler(id))
        .or_else(|| grants::handler(id))
        .or_else(|| principal_access::handler(id))
        .or_else(|| owners::handler(id))
        .or_else(|| ownable::handler(id))
        .or_else(|| conditions::handler(id))
        .or_else(|| sequences::handler(id))
        .or_else(|| request_settings::handler(id))
        .or_else(|| settings::handler(id))
        .or_else(|| delegates::handler(id))
        .or_else(|| security_reviews::handler(id))
        .or_else(|| labels::handler(id))
        .or_else(|| collections::handler(id))
        .or_else(|| risk::handler(id))
}

/// The behaviour of an operation whose id the management API has as well.
pub(crate) fn shared_id(operation: &Operation) -> Option<Handler> {
    match (operation.api, operation.id) {
        ("governance", "getOrgSettings") => Some(org_settings::get),
        ("governance", "updateOrgSettings") => Some(org_settings::update),
        _ => None,
    }
}

/// The access requests of both versions as answers show them, in the order of their making.
pub(crate) fn all_requests(org: &Org) -> Vec<Value> {
    let shelves = [requests_v1::SHELF, requests::SHELF];
    let shelves = shelves.iter().filter_map(|path| org.shelves.get(*path));
    let mut all: Vec<Value> = shelves
        .flat_map(Shelf::values)
        .map(background::shown)
        .collect();
    // Dates of one form sort as text.
    all.sort_by(|a, b| text(a, "/created").cmp(text(b, "/created")));
    all
}

/// The status of a request of either version.
pub(crate) fn request_status(request: &Value) -> &str {
    match text(request, "/status") {
        "" => text(request, "/requestStatus"),
        status => status,
    }
}

/// The 404 of governance services.
fn not_found() -> Fault {
    Fault::api(404, "E0000007", "Resource not found exception", &[])
}

/// The object of a collection that the path names.
fn stored(call: &Call<'_>, shelf: &str) -> Result<Value, Fault> {
    let found = call.org.shelves.get(shelf);
    let found = found.and_then(|shelf| shelf.get(call.parameter(0)));
    found.cloned().ok_or_else(not_found)
}

/// A link in the form of governance services: on the admin host, with empty hints.
fn link(call: &Call<'_>, path: &str) -> Value {
    json!({ "href": format!("{}{path}", paging::admin_base(call.base())), "hints": {} })
}

/// The body as far as a client may write it, whatever its values.
fn written(call: &Call<'_>) -> Result<Value, Fault> {
    let mut body = call.request.object()?;
    let operation = call.operation;
    if let Some(ty) = &schema::facts_of(operation.api, operation.id).request {
        schema::known_only(operation.api, ty, &mut body);
    }
    Ok(body)
}

/// The id that `createdBy` names.
fn caller(call: &Call<'_>) -> String {
    call.caller().to_owned()
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

/// The members that every governance object has.
fn stamped(call: &mut Call<'_>, id: &str) -> Value {
    let now = clock::seconds(call.org.clock.now());
    let by = caller(call);
    json!({ "id": id, "createdBy": by, "created": now, "lastUpdated": now, "lastUpdatedBy": by })
}

/// Reads an object: its present state, while the background takes one step for the next read.
fn read(call: &mut Call<'_>, shelf: &str, id: &str) -> Result<Value, Fault> {
    let now = call.org.clock.now();
    let shelf = call.org.shelf(shelf);
    let known = shelf.get(id).ok_or_else(not_found)?;
    if !background::waits(known) {
        return Ok(known.clone());
    }
    let object = shelf.get_mut(id).ok_or_else(not_found)?;
    background::catch_up(object, now);
    let seen = background::shown(object);
    background::advance(object, now);
    Ok(seen)
}

/// Brings what is about to change up to date; what is not stays untouched, and so unsaved.
fn catch_up(org: &mut Org, shelf: &str) {
    let now = org.clock.now();
    let shelf = org.shelf(shelf);
    let waiting = shelf.entries().filter(|(_, one)| background::waits(one));
    let waiting: Vec<String> = waiting.map(|(id, _)| id.to_owned()).collect();
    for id in waiting {
        if let Some(object) = shelf.get_mut(&id) {
            background::catch_up(object, now);
        }
    }
}

/// Fetches an object to change it: the background has done all it was about to do.
fn settled(org: &mut Org, shelf: &str, id: &str) -> Result<Value, Fault> {
    let now = org.clock.now();
    let shelf = org.shelf(shelf);
    let known = shelf.get(id).ok_or_else(not_found)?;
    if !background::waits(known) {
        return Ok(known.clone());
    }
    let object = shelf.get_mut(id).ok_or_else(not_found)?;
    background::settle(object, now);
    Ok(object.clone())
}

/// All objects of a shelf that fit the filter, as a page; looking at a list moves nothing but
/// what the clock moves.
fn listed(
    call: &mut Call<'_>,
    shelf: &str,
    filterable: fn(&Value) -> Value,
    show: fn(&Call<'_>, &Value) -> Value,
) -> Outcome {
    listed_of(call, shelf, |_| true, filterable, show)
}

/// The same of some objects.
fn listed_of(
    call: &mut Call<'_>,
    shelf: &str,
    wanted: impl Fn(&Value) -> bool,
    filterable: fn(&Value) -> Value,
    show: fn(&Call<'_>, &Value) -> Value,
) -> Outcome {
    let filter = filter(call)?;
    catch_up(call.org, shelf);
    let hits = call.org.shelves[shelf]
        .placed()
        .filter(|(_, one)| wanted(one) && fits(filter.as_ref(), &filterable(one)));
    page(call, hits, |one| show(call, &background::shown(one)))
}

/// A page with links in its body; a `limit` above the maximum is refused here.
fn page<'v>(
    call: &Call<'_>,
    items: impl Iterator<Item = (u64, &'v Value)>,
    render: impl Fn(&Value) -> Value,
) -> Outcome {
    Ok(Answer::ok(&page_body(call, items, render)?))
}

/// All objects as pages that tell their number.
fn counted(call: &Call<'_>, items: &[Value], render: impl Fn(&Value) -> Value) -> Outcome {
    let placed = items.iter().zip(1..).map(|(item, place)| (place, item));
    let mut body = page_body(call, placed, render)?;
    body["metadata"] = json!({ "total": items.len() });
    Ok(Answer::ok(&body))
}

/// The body of a page.
fn page_body<'v>(
    call: &Call<'_>,
    items: impl Iterator<Item = (u64, &'v Value)>,
    render: impl Fn(&Value) -> Value,
) -> Result<Value, Fault> {
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
    let quirks = &call.org.settings.paging;
    let cut = match Sort::ordered(call.request) {
        Some(sort) => sort.cut(call.request, quirks, size, items.map(|(_, one)| one))?,
        None => paging::cut(call.request, quirks, size, items)?,
    };
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
    Ok(json!({ "data": data, "_links": links }))
}
