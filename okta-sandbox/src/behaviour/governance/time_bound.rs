//! Access for a time: when it is over, and what goes then.
//!
//! Grants carry their end themselves. Apps and memberships that a request gave do not, so the ends
//! of requests are kept beside them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{background, campaigns, grants, levels, requests};
use crate::behaviour::{assignments, groups};
use crate::call::{Call, by_itself};
use crate::clock;
use crate::json::text;
use crate::org::Org;

/// Ends by request.
const ENDS: &str = "/_sandbox/access-ends";

/// Lets the access that a request gave end; what the user had before stays theirs.
pub(super) fn begin(org: &mut Org, request: &Value, until: Timestamp, fresh: bool) {
    let requested = &request["requested"];
    let end = json!({
        "request": request["id"],
        "due": clock::millis(until), "fresh": fresh, "kind": requested["accessScopeType"],
        "scope": requested["accessScopeId"], "user": request["requestedFor"]["externalId"],
    });
    org.shelf(ENDS).put(text(request, "/id"), end);
}

/// Somebody asked for what they have by another request: it stays at least as long as the later
/// one says.
pub(super) fn outlasted(org: &mut Org, request: &Value) {
    let (scope, user) = (
        &request["requested"]["accessScopeId"],
        &request["requestedFor"]["externalId"],
    );
    let same = |end: &Value| end["scope"] == *scope && end["user"] == *user;
    let shelf = org.shelf(ENDS);
    let ids = shelf.entries().filter(|(_, end)| same(end));
    let ids: Vec<String> = ids.map(|(id, _)| id.to_owned()).collect();
    for id in ids {
        if let Some(end) = shelf.get_mut(&id) {
            end["fresh"] = json!(false);
        }
    }
}

/// Hands what ends over to another request that gave the same for longer; false if there is none.
fn hand_over(org: &mut Org, access: &Value) -> bool {
    let same = |end: &Value| {
        ["kind", "scope", "user"]
            .iter()
            .all(|member| end[*member] == access[*member])
    };
    let shelf = org.shelf(ENDS);
    let heir = shelf.values().find(|end| same(end));
    let heir = heir.map(|end| text(end, "/request").to_owned());
    let heir = heir.and_then(|id| shelf.get_mut(&id));
    let found = heir.is_some();
    if let Some(end) = heir {
        end["fresh"] = json!(true);
    }
    found
}

/// Takes away whatever is over by the clock.
pub(crate) fn end_what_is_over(org: &mut Org) {
    campaigns::keep_time(org);
    levels::keep_time(org);
    let now = org.clock.now();
    let grants = grants::over(org);
    let ends = org.shelves.get(ENDS).into_iter();
    let ends = ends.flat_map(|shelf| shelf.values());
    let due = |end: &&Value| clock::parse(text(end, "/due")).is_none_or(|due| due <= now);
    let ends: Vec<Value> = ends.filter(due).cloned().collect();
    if grants.is_empty() && ends.is_empty() {
        return;
    }
    by_itself(org, |call| {
        for grant in grants {
            grants::end(call, &grant, "EXPIRED");
        }
        for access in ends {
            end(call, &access);
        }
    });
}

/// Ends the access that one request gave.
fn end(call: &mut Call<'_>, access: &Value) {
    let request = text(access, "/request");
    let kept = call.org.shelf(ENDS).remove(request);
    let access = kept.as_ref().unwrap_or(access);
    let (scope, user) = (text(access, "/scope"), text(access, "/user"));
    if access["fresh"] == true && !hand_over(call.org, access) {
        match text(access, "/kind") {
            "GROUP" => groups::remove_member(call, scope, user),
            "APPLICATION" => assignments::take_away(call, scope, user),
            // The grant of a bundle has ended by itself.
            _ => {}
        }
    }
    let now = call.org.clock.now();
    if let Some(request) = call.org.shelf(requests::SHELF).get_mut(request) {
        background::settle(request, now);
        let at = json!(clock::seconds(now));
        request["revocationStatus"] = json!("REVOKED");
        request["revoked"] = at.clone();
        request["lastUpdated"] = at;
    }
}
