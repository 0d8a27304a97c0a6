//! Reading the System Log: bounds, filters, words, polling.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::expression::{Case, Expression};
use crate::fault::Fault;
use crate::json::text;
use crate::paging;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    match id {
        "listLogEvents" => Some(list),
        _ => None,
    }
}

fn date(call: &Call<'_>, name: &str) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = call.request.query(name).filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    let parsed = clock::parse(text).ok_or_else(|| {
        let first = format!("{name}: The date format in your query is not recognized.");
        let second = format!("{name}: Enter a date in ISO 8601 format.");
        Fault::validation(name, &[&first, &second])
    })?;
    Ok(Some(parsed))
}

/// The words of `q`, lower case.
fn words(call: &Call<'_>) -> Result<Vec<String>, Fault> {
    let words: Vec<String> = call
        .request
        .query("q")
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    if words.len() > 10 || words.iter().any(|w| w.chars().count() > 40) {
        return Err(Fault::validation(
            "q",
            &["q: At most 10 words of 40 characters are allowed."],
        ));
    }
    Ok(words)
}

/// All whole words of an event's texts, also the parts of hyphenated ones.
fn contains_word(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => {
            let text = text.to_lowercase();
            text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')'))
                .any(|part| {
                    part == word
                        || part
                            .split(['-', '.', '@', '/', '_'])
                            .any(|piece| piece == word)
                })
        }
        Value::Array(items) => items.iter().any(|item| contains_word(item, word)),
        Value::Object(map) => map.values().any(|item| contains_word(item, word)),
        _ => false,
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let request = call.request;
    let now = call.org.clock.now();
    let (since, until) = (date(call, "since")?, date(call, "until")?);
    let descending = request
        .query("sortOrder")
        .is_some_and(|o| o.eq_ignore_ascii_case("DESCENDING"));
    let polling = until.is_none() && !descending;
    let days = |n: i64| SignedDuration::from_hours(24 * n);
    let before = |at: Timestamp, n: i64| at.checked_sub(days(n)).unwrap_or(Timestamp::MIN);
    if since.is_some_and(|s| s < before(now, 180)) {
        return Err(Fault::validation(
            "since",
            &["since: The date is too far in the past."],
        ));
    }
    let after = match request.query("after").filter(|a| !a.is_empty()) {
        Some(cursor) => Some(paging::redeem(&request.path, cursor)?),
        None => None,
    };
    let since = since
        .unwrap_or_else(|| before(until.unwrap_or(now), 7))
        .max(before(now, 90));
    let filter = match request.query("filter").filter(|f| !f.is_empty()) {
        None => None,
        Some(text) => Some(parse(text)?),
    };
    let words = words(call)?;
    let limit = match request.query("limit") {
        Some("0") => 0,
        _ => paging::limit(request, paging::Size::new(100, 1000))?,
    };

    let wanted = |event: &Value| {
        let published = clock::parse(text(event, "/published")).unwrap_or(Timestamp::MIN);
        published >= since
            && until.is_none_or(|u| published < u)
            && filter
                .as_ref()
                .is_none_or(|f| f.matches(event, Case::Insensitive))
            && words.iter().all(|word| contains_word(event, word))
    };
    let log = &call.org.log;
    let mut page: Vec<Value> = Vec::new();
    let mut last = after.unwrap_or(0);
    let mut more = false;
    let step = |place: u64, event: &Value, page: &mut Vec<Value>, last: &mut u64| {
        if page.len() == limit {
            return true;
        }
        page.push(event.clone());
        *last = place;
        false
    };
    if descending {
        for (place, event) in log.placed_before(after) {
            if wanted(event) && step(place, event, &mut page, &mut last) {
                more = true;
                break;
            }
        }
    } else {
        for (place, event) in log.placed_after(last) {
            if wanted(event) && step(place, event, &mut page, &mut last) {
                more = true;
                break;
            }
        }
        if polling && !more {
            // The next poll starts behind everything that was looked at.
            last = log.last_place();
        }
    }
    let next = (more || polling).then(|| paging::issue(&request.path, last));
    let answer = Answer::ok(&Value::Array(page));
    Ok(paging::link(
        answer,
        request,
        &call.org.settings.paging,
        next.as_deref(),
        limit,
    ))
}

fn parse(text: &str) -> Result<Expression, Fault> {
    let refused = |reason: &str| {
        let summary = format!("Invalid filter '{text}': {reason}");
        Fault::api(400, "E0000053", summary, &[])
    };
    let expression = Expression::parse(text).map_err(|reason| refused(&reason))?;
    if !expression.every(&|path, _| path != "published") {
        return Err(refused("published cannot be filtered"));
    }
    let on_urls = |path: &str| {
        matches!(
            path,
            "debugContext.debugData.url" | "debugContext.debugData.requestUri"
        )
    };
    let contains = crate::expression::Operator::Co;
    if !expression.every(&|path, operator| !(on_urls(path) && operator == Some(contains))) {
        return Err(Fault::code("E0000031", &["co is not supported here"]));
    }
    Ok(expression)
}
