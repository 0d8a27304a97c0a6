//! Groups of on-premises directories: members that an agent adds and removes there, and
//! attributes that an agent looks up.

use serde_json::{Map, Value, json};

use super::governance::background;
use super::groups;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "updateGroupMembership" => modify,
        "submitGroupAttributeQuery" => query,
        "getGroupAttributeQueryResult" => result,
        _ => return None,
    })
}

const AD: &str = "active_directory";
const POOLS: &str = "/api/v1/agentPools";

/// Seconds that the result of a query is kept.
const KEPT: i64 = 3600;

/// Attributes that may be as long as the directory, which no query gets.
const RESTRICTED: [&str; 3] = ["member", "memberOf", "*"];

/// The name of the directory that the path names, which must be one.
fn directory(call: &Call<'_>) -> Result<String, Fault> {
    let id = call.parameter(0);
    let app = call.org.apps.get(id);
    let app = app.ok_or_else(|| Fault::not_found(id, "AppInstance"))?;
    let name = text(app, "/name");
    match name == AD || name.contains("ldap") {
        true => Ok(name.to_owned()),
        false => Err(Fault::field("appInstanceId", "The app is no directory")),
    }
}

/// The work is an agent's; without one nothing happens.
fn check_agents(call: &Call<'_>) -> Result<(), Fault> {
    let pools = call.org.shelves.get(POOLS);
    let pool = pools.and_then(|all| all.get(call.parameter(0)));
    let agents = pool.and_then(|pool| pool["agents"].as_array());
    let connected = |agent: &Value| {
        let status = text(agent, "/operationalStatus");
        matches!(status, "" | "OPERATIONAL" | "DEGRADED")
    };
    match agents.is_some_and(|agents| agents.iter().any(connected)) {
        true => Ok(()),
        false => Err(Fault::api(504, "E0000241", "No connected agents.", &[])),
    }
}

/// A group of the directory.
fn group(call: &Call<'_>, id: &str, field: &str) -> Result<Value, Fault> {
    let group = call.org.groups.get(id);
    let group = group.ok_or_else(|| Fault::not_found(id, "UserGroup"))?;
    match group["type"] == "APP_GROUP" && text(group, "/source/id") == call.parameter(0) {
        true => Ok(group.clone()),
        false => Err(Fault::field(field, "The group isn't one of the directory")),
    }
}

fn modify(call: &mut Call<'_>) -> Outcome {
    let directory = directory(call)?;
    let body = call.given(Fullness::Whole)?;
    let id = text(&body, "/id").to_owned();
    group(call, &id, "id")?;
    let attribute = text(&body, "/parameters/attribute");
    if attribute.is_empty() || (directory == AD && attribute != "member") {
        let what = "The field has an invalid value";
        return Err(Fault::field("parameters.attribute", what));
    }
    let users = body["parameters"]["values"].as_array();
    let users: Vec<&str> = users
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if users.is_empty() {
        let what = "The field cannot be left blank";
        return Err(Fault::field("parameters.values", what));
    }
    for user in &users {
        if !call.org.users.contains(user) {
            return Err(Fault::not_found(user, "User"));
        }
        if !call.org.app_users.contains(call.parameter(0), user) {
            let what = format!("The user {user} isn't one of the directory");
            return Err(Fault::field("parameters.values", &what));
        }
    }
    check_agents(call)?;
    for user in users {
        match text(&body, "/parameters/action") {
            "ADD" => groups::add_member(call, &id, user),
            _ => groups::remove_member(call, &id, user),
        }
    }
    Ok(Answer::empty(200))
}

fn results(call: &Call<'_>) -> String {
    format!(
        "/api/v1/directories/{}/groups/{}/query",
        call.parameter(0),
        call.parameter(1)
    )
}

/// What the directory has under the name of an attribute.
fn attribute(group: &Value, name: &str) -> Option<Value> {
    let profile = &group["profile"];
    let held = match name {
        "cn" | "name" => &profile["name"],
        "distinguishedName" => &profile["dn"],
        "objectGUID" => &profile["externalId"],
        "objectClass" => &group["objectClass"],
        "whenCreated" => {
            let at = clock::parse(text(group, "/created"))?;
            return Some(json!(at.strftime("%Y%m%d%H%M%S.0Z").to_string()));
        }
        name => &profile[name],
    };
    (!held.is_null()).then(|| held.clone())
}

/// The agent's answer stands ready after a moment.
fn query(call: &mut Call<'_>) -> Outcome {
    if directory(call)? != AD {
        return Err(Fault::field(
            "appInstanceId",
            "The app is no Active Directory",
        ));
    }
    let group = group(call, call.parameter(1), "groupId")?;
    let body = call.given(Fullness::Whole)?;
    let names = body["attributes"].as_array();
    let names: Vec<&str> = names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.is_empty() {
        return Err(Fault::field("attributes", "The field cannot be left blank"));
    }
    let restricted = |name: &&&str| RESTRICTED.iter().any(|one| one.eq_ignore_ascii_case(name));
    if let Some(name) = names.iter().find(restricted) {
        let what = format!("The attribute {name} cannot be asked for");
        return Err(Fault::field("attributes", &what));
    }
    check_agents(call)?;
    let profile: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), attribute(&group, name)?)))
        .collect();
    let now = call.org.clock.now();
    let id = call.org.dice.id("rdj");
    let mut result =
        json!({ "id": id, "asked": now.as_second(), "done": false, "profile": profile });
    background::plan(&mut result, now, &[json!({ "done": true })]);
    let path = results(call);
    call.org.shelf(&path).put(&id, result);
    Ok(Answer::json(202, &json!({ "resultId": id })))
}

fn result(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(2);
    let now = call.org.clock.now();
    let path = results(call);
    let shelf = call.org.shelf(&path);
    let lapsed = |one: &Value| {
        one["asked"]
            .as_i64()
            .is_none_or(|at| now.as_second() >= at + KEPT)
    };
    if shelf.get(id).is_some_and(lapsed) {
        shelf.remove(id);
    }
    let found = shelf.get_mut(id);
    let found = found.ok_or_else(|| Fault::not_found(id, "GroupQueryResult"))?;
    background::catch_up(found, now);
    if found["done"] != true {
        background::advance(found, now);
        return Ok(Answer::empty(202));
    }
    let profile = found["profile"].clone();
    let shown = json!({ "id": call.parameter(1), "profile": profile });
    Ok(Answer::ok(&shown))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::POOLS;
    use crate::bench::Bench;
    use crate::json::text;

    const APP: &str = "0oa1directory0000001";
    const GROUP: &str = "00g1directory0000001";
    const USER: &str = "00u1directory0000001";

    /// An org with a directory, one group and one user in it.
    fn bench() -> Bench {
        let bench = Bench::new();
        let mut org = bench.shared.org();
        let app = json!({ "id": APP, "name": "active_directory", "label": "AD", "status": "ACTIVE", "signOnMode": "AUTO_LOGIN" });
        org.apps.put(APP, app);
        let group = json!({
            "id": GROUP, "type": "APP_GROUP", "source": { "id": APP },
            "created": "2023-01-02T03:04:05.000Z",
            "profile": { "name": "Finance", "dn": "CN=Finance,DC=example", "description": "Money" },
        });
        org.groups.put(GROUP, group);
        let user = json!({
            "id": USER, "status": "ACTIVE", "profile": { "login": "d@example.com", "email": "d@example.com" },
        });
        crate::behaviour::users::add_user(&mut org, user);
        org.app_users
            .put(APP, USER, json!({ "id": USER, "status": "ACTIVE" }));
        drop(org);
        bench
    }

    fn connect(bench: &Bench) {
        let agent = json!({ "id": "a1", "operationalStatus": "OPERATIONAL" });
        let pool = json!({ "id": APP, "name": "AD", "type": "AD", "agents": [agent] });
        bench.shared.org().shelf(POOLS).put(APP, pool);
    }

    fn change(action: &str) -> Value {
        json!({ "id": GROUP, "parameters": { "action": action, "attribute": "member", "values": [USER] } })
    }

    #[test]
    fn an_agent_changes_who_is_in_a_group() {
        let bench = bench();
        let path = format!("/api/v1/directories/{APP}/groups/modify");
        let (status, refused) = bench.call("POST", &path, Some(&change("ADD")));
        assert_eq!((status, text(&refused, "/errorCode")), (504, "E0000241"));
        connect(&bench);
        let is_member = || bench.shared.org().members.contains(GROUP, USER);
        assert_eq!(
            bench.call("POST", &path, Some(&change("ADD"))),
            (200, Value::Null)
        );
        assert!(is_member());
        assert_eq!(bench.call("POST", &path, Some(&change("ADD"))).0, 200);
        assert_eq!(bench.call("POST", &path, Some(&change("REMOVE"))).0, 200);
        assert!(!is_member());
        let (_, log) = bench.call(
            "GET",
            "/api/v1/logs?filter=eventType%20sw%20%22group.user_membership%22",
            None,
        );
        assert_eq!(log.as_array().map(Vec::len), Some(2));
        let refused = |pointer: &str, value: Value| {
            let mut body = change("ADD");
            *body.pointer_mut(pointer).expect("a member") = value;
            bench.call("POST", &path, Some(&body)).0
        };
        let (me, everyone) = {
            let org = bench.shared.org();
            (org.admin.clone(), org.everyone.clone())
        };
        assert_eq!(refused("/id", json!("00g0")), 404);
        assert_eq!(
            refused("/id", json!(everyone)),
            400,
            "no group of the directory"
        );
        assert_eq!(refused("/parameters/attribute", json!("uniqueMember")), 400);
        assert_eq!(refused("/parameters/action", json!("MOVE")), 400);
        assert_eq!(refused("/parameters/values", json!([])), 400);
        assert_eq!(refused("/parameters/values", json!([USER, "00u0"])), 404);
        assert_eq!(refused("/parameters/values", json!([USER, me])), 400);
        assert!(!is_member(), "all or nothing");
        let lost = "/api/v1/directories/0oa0/groups/modify";
        assert_eq!(bench.call("POST", lost, Some(&change("ADD"))).0, 404);
    }

    #[test]
    fn attributes_are_looked_up_in_the_background() {
        let bench = bench();
        connect(&bench);
        let path = format!("/api/v1/directories/{APP}/groups/{GROUP}/query");
        let ask = |names: Value| bench.call("POST", &path, Some(&json!({ "attributes": names })));
        for names in [json!([]), json!(["cn", "memberof"]), json!(["*"])] {
            assert_eq!(ask(names).0, 400);
        }
        let (status, asked) = ask(json!([
            "cn",
            "distinguishedName",
            "whenCreated",
            "managedBy"
        ]));
        assert_eq!(status, 202, "{asked}");
        let own = format!("{path}/{}", text(&asked, "/resultId"));
        assert_eq!(bench.call("GET", &own, None), (202, Value::Null));
        let expected = json!({ "id": GROUP, "profile": {
            "cn": "Finance", "distinguishedName": "CN=Finance,DC=example",
            "whenCreated": "20230102030405.0Z",
        } });
        assert_eq!(bench.call("GET", &own, None), (200, expected));
        bench.shared.org().clock.advance(3601);
        assert_eq!(bench.call("GET", &own, None).0, 404, "expired");
        assert_eq!(bench.call("GET", &format!("{path}/rdj0"), None).0, 404);
    }
}
