//! Users of identity sources: each stands for a user of the org and for a user of the app.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{USER_ID_LENGTH, check_attributes, external_id, named_source, shelf};
use crate::behaviour::users::{self, Beginning, lifecycle};
use crate::behaviour::{assignments, realms, schemas};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, merge, remove, text};
use crate::log::{app_target, user_target};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "createIdentitySourceUser" => create,
        "getIdentitySourceUser" => get,
        "replaceExistingIdentitySourceUser" => replace,
        "updateIdentitySourceUsers" => update,
        "deleteIdentitySourceUser" => delete,
        _ => return None,
    })
}

/// The member that names the org's user, which no answer shows.
const USER: &str = "~user";

/// Attributes of sources that the org's users have under another name.
const RENAMED: [(&str, &str); 2] = [("userName", "login"), ("homeAddress", "postalAddress")];

fn people(source: &Value) -> String {
    shelf(text(source, "/id"), "users")
}

/// The source's user of an external id, and the org's; none where the org's was deleted.
pub(super) fn find(call: &mut Call<'_>, source: &Value, external: &str) -> Option<(Value, Value)> {
    let record = call.org.shelf(&people(source)).get(external).cloned()?;
    let user = call.org.users.get(text(&record, &format!("/{USER}")))?;
    Some((record, user.clone()))
}

/// The external ids of a source's users, by the org's ids.
pub(super) fn external_ids<'o>(org: &'o Org, source: &Value) -> HashMap<&'o str, &'o str> {
    let all = org.shelves.get(&people(source)).into_iter();
    let all = all.flat_map(|people| people.values());
    let pair = |record: &'o Value| {
        (
            record[USER].as_str().unwrap_or_default(),
            text(record, "/externalId"),
        )
    };
    all.map(pair).collect()
}

/// The profile of the org's user that a source's makes.
fn mapped(call: &Call<'_>, profile: &Value) -> Value {
    let schema = schemas::user_schema_of(call.org, None);
    let mut user = json!({});
    for (name, value) in profile.as_object().into_iter().flatten() {
        let renamed = RENAMED.iter().find(|(from, _)| from == name);
        let name = renamed.map_or(name.as_str(), |(_, to)| *to);
        if schemas::defines(schema, name) {
            user[name] = value.clone();
        }
    }
    user
}

/// Creates or updates the org's user and the app's. A user who has the login already is taken over,
/// one who was deactivated comes back.
pub(super) fn put(
    call: &mut Call<'_>,
    source: &Value,
    external: &str,
    profile: &Value,
) -> Result<Value, Fault> {
    let known = find(call, source, external);
    let before = known
        .as_ref()
        .map_or(Value::Null, |(record, _)| record["profile"].clone());
    let mut whole = if before.is_object() {
        before
    } else {
        json!({})
    };
    merge(&mut whole, profile);
    for name in ["userName", "email"] {
        if text(&whole, &format!("/{name}")).is_empty() {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    let body = json!({ "profile": mapped(call, &whole) });
    let same_login = call
        .org
        .logins
        .get(&text(&whole, "/userName").to_lowercase())
        .and_then(|id| call.org.users.get(id))
        .cloned();
    if let (None, Some(taken)) = (&known, &same_login) {
        let (app, id) = (text(source, "/id"), text(taken, "/id"));
        let other = call.org.app_users.get(app, id);
        let other = other.map_or("", |one| text(one, "/externalId")).to_owned();
        if other != external && find(call, source, &other).is_some() {
            let cause = "userName: An object with this field already exists in the identity source";
            return Err(Fault::validation("userName", &[cause]));
        }
    }
    let user = match known.as_ref().map(|(_, user)| user.clone()).or(same_login) {
        Some(user) => {
            let revised = users::revise(call, &user, &body, false)?;
            if text(&user, "/status") == "DEPROVISIONED" {
                lifecycle::bring_up(call, &user);
            }
            revised
        }
        None => {
            // The source's own assignments to realms decide, not those of the org's users.
            let mut body = body;
            let realm = realms::chosen(call.org, &body, text(source, "/id"));
            body["realmId"] = json!(realm.unwrap_or_default());
            let beginning = Beginning {
                activate: true,
                provider: false,
                change: false,
            };
            users::make(call, &body, beginning)?
        }
    };
    let id = text(&user, "/id");
    let now = clock::zero_millis(call.org.clock.now());
    let mut record = known.map_or_else(
        || {
            let id = call.org.dice.id("0ua");
            json!({ "id": id, "externalId": external, "created": now })
        },
        |(record, _)| record,
    );
    record["lastUpdated"] = json!(now);
    record["profile"] = whole;
    record[USER] = json!(id);
    assign(call, source, &user, &record, &now);
    call.org.shelf(&people(source)).put(external, record);
    Ok(user)
}

/// Keeps the app's user in step.
fn assign(call: &mut Call<'_>, source: &Value, user: &Value, record: &Value, now: &str) {
    let (app, id) = (text(source, "/id"), text(user, "/id"));
    let known = call.org.app_users.get(app, id).cloned();
    let event = match known {
        Some(_) => "application.user_membership.update",
        None => "application.user_membership.add",
    };
    let mut app_user = known.unwrap_or_else(|| assignments::fresh(source, user, "USER", now));
    app_user["externalId"] = record["externalId"].clone();
    app_user["credentials"]["userName"] = record["profile"]["userName"].clone();
    app_user["lastUpdated"] = json!(now);
    app_user["syncState"] = json!("SYNCHRONIZED");
    merge(&mut app_user["profile"], &record["profile"]);
    remove(&mut app_user["profile"], "userName");
    call.org.app_users.put(app, id, app_user);
    call.log(event, vec![user_target(user), app_target(source)]);
}

/// Ends a source's user: the org's is deactivated, never deleted.
pub(super) fn drop(call: &mut Call<'_>, source: &Value, external: &str) -> Option<Value> {
    let found = find(call, source, external);
    call.org.shelf(&people(source)).remove(external);
    let (_, user) = found?;
    if text(&user, "/status") != "DEPROVISIONED" {
        lifecycle::deprovision(call, &user);
    }
    Some(user)
}

fn view(record: &Value) -> Value {
    let mut shown = record.clone();
    remove(&mut shown, USER);
    let always = json!({
        "firstName": null, "lastName": null, "mobilePhone": null, "secondEmail": null,
    });
    fill(&mut shown["profile"], &always);
    shown
}

fn log(call: &mut Call<'_>, source: &Value, user: &Value, verb: &str) {
    let event = format!("system.identity_sources.user.{verb}");
    call.log(&event, vec![user_target(user), app_target(source)]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    let source = named_source(call)?;
    let body = call.request.object()?;
    let external = external_id(&body, "externalId", USER_ID_LENGTH)?;
    check_attributes(&body["profile"])?;
    if find(call, &source, external).is_some() {
        let cause = "externalId: An object with this field already exists in the identity source";
        return Err(Fault::validation("externalId", &[cause]));
    }
    let user = put(call, &source, external, &body["profile"])?;
    log(call, &source, &user, "create");
    Ok(Answer::empty(200))
}

fn named_user(call: &mut Call<'_>) -> Result<(Value, Value, Value), Fault> {
    let source = named_source(call)?;
    let external = call.parameter(1);
    let found = find(call, &source, external);
    let (record, user) = found.ok_or_else(|| Fault::not_found(external, "AppUser"))?;
    Ok((source, record, user))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, record, _) = named_user(call)?;
    Ok(Answer::ok(&view(&record)))
}

fn write(call: &mut Call<'_>, whole: bool) -> Outcome {
    let (source, record, _) = named_user(call)?;
    let body = call.request.object()?;
    check_attributes(&body["profile"])?;
    let external = call.parameter(1);
    if !body["externalId"].is_null() && text(&body, "/externalId") != external {
        let cause = "externalId: The external ID cannot be changed";
        return Err(Fault::validation("externalId", &[cause]));
    }
    let mut profile = body["profile"].clone();
    if whole {
        // What a replacement does not say is cleared.
        let before = record["profile"].as_object().into_iter().flatten();
        let cleared = before.map(|(name, _)| (name.clone(), Value::Null));
        fill(&mut profile, &Value::Object(cleared.collect()));
    }
    let user = put(call, &source, external, &profile)?;
    log(call, &source, &user, "update");
    get(call)
}

fn replace(call: &mut Call<'_>) -> Outcome {
    write(call, true)
}

fn update(call: &mut Call<'_>) -> Outcome {
    write(call, false)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (source, _, user) = named_user(call)?;
    drop(call, &source, call.parameter(1));
    log(call, &source, &user, "delete");
    Ok(Answer::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn no_two_users_of_a_source_are_one_of_the_org() {
        let bench = Bench::new();
        let body = json!({
            "name": "custom_identity_source", "label": "Payroll", "signOnMode": "BOOKMARK",
        });
        let (status, app) = bench.call("POST", "/api/v1/apps", Some(&body));
        assert_eq!(status, 200, "{app}");
        let own = format!("/api/v1/identity-sources/{}/users", text(&app, "/id"));
        let create = |external: &str| {
            let body = json!({ "externalId": external, "profile": {
                "userName": "ann@example.com", "email": "ann@example.com",
                "firstName": "Ann", "lastName": "Lee",
            } });
            bench.call("POST", &own, Some(&body)).0
        };
        assert_eq!(create("one"), 200);
        assert_eq!(create("two"), 400, "ann is one already");
        assert_eq!(bench.call("DELETE", &format!("{own}/one"), None).0, 204);
        assert_eq!(create("two"), 200, "who left comes back under another id");
        assert_eq!(bench.call("GET", &format!("{own}/two"), None).0, 200);
    }
}
