//! Teams of Access Requests: who works on requests.

use serde_json::json;

use crate::clock;
use crate::json::text;
use crate::org::Org;

const SHELF: &str = "/governance/api/v1/teams";
/// Members by team; no API shows them.
const MEMBERS: &str = "/_sandbox/team-members";

/// Makes a team.
pub(super) fn add(org: &mut Org, name: &str, members: &[String]) -> String {
    let id = org.dice.hex(24);
    let now = clock::seconds(org.clock.now());
    let team = json!({ "id": id, "name": name, "created": now, "lastUpdated": now });
    org.shelf(SHELF).put(&id, team);
    org.shelf(MEMBERS)
        .put(&id, json!({ "users": members, "next": 0 }));
    id
}

/// A team by id or name; the first one without either.
pub(super) fn find(org: &Org, named: &str) -> Option<String> {
    let teams = org.shelves.get(SHELF)?;
    let mut teams = teams.values();
    let found = match named {
        "" => teams.next(),
        _ => teams.find(|team| text(team, "/id") == named || text(team, "/name") == named),
    };
    found.map(|team| text(team, "/id").to_owned())
}

/// The member whose turn it is.
pub(super) fn next_member(org: &mut Org, team: &str) -> Option<String> {
    let members = org.shelf(MEMBERS).get_mut(team)?;
    let users = members["users"].as_array().map_or(0, Vec::len);
    let turn = members["next"].as_u64().unwrap_or(0) as usize;
    let member = members["users"].get(turn % users.max(1)).cloned()?;
    members["next"] = json!(turn + 1);
    member.as_str().map(str::to_owned)
}
