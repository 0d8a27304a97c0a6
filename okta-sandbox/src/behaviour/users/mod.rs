//! Users: create, read, update, delete, search.

mod classification;
mod credentials;
mod leaving;
pub(crate) mod lifecycle;
mod list;
mod profile;
mod related;
pub(crate) mod view;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, members, text};
use crate::log::user_target;
use crate::oauth::sign_in;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listUsers" => list::list,
        "createUser" => create,
        "getUser" => get,
        "updateUser" => update,
        "replaceUser" => replace,
        "deleteUser" => delete,
        "listUserGroups" => related::groups,
        "listAppLinks" => related::app_links,
        "listUserBlocks" => related::blocks,
        "revokeUserSessions" => related::revoke_sessions,
        _ => {
            return lifecycle::handler(id)
                .or_else(|| credentials::handler(id))
                .or_else(|| classification::handler(id));
        }
    })
}

pub(crate) use profile::add_user;

/// The id that a path names by id, login, short login or `me`.
pub(crate) fn resolve(call: &Call<'_>, named: &str) -> Result<String, Fault> {
    use crate::oauth::access::Principal;
    let missing = || Fault::not_found(named, "User");
    if named == "me" {
        return match &call.principal {
            Principal::Token { user_id, .. } | Principal::User { user_id, .. } => {
                Ok(user_id.clone())
            }
            _ => Err(missing()),
        };
    }
    if call.org.users.contains(named) {
        return Ok(named.to_owned());
    }
    sign_in::find_user(call.org, named).ok_or_else(missing)
}

/// A copy of the user that the first path parameter names.
pub(crate) fn named_user(call: &Call<'_>) -> Result<Value, Fault> {
    let named = call.parameter(0);
    let id = resolve(call, named)?;
    call.org
        .users
        .get(&id)
        .cloned()
        .ok_or_else(|| Fault::not_found(named, "User"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let user = view::whole(call.org, &named_user(call)?, call.base());
    let mut answer = Answer::ok(&user);
    let tag: String = {
        use aws_lc_rs::digest;
        let hash = digest::digest(&digest::SHA256, &answer.body);
        hash.as_ref().iter().map(|b| format!("{b:02x}")).collect()
    };
    answer = answer.with("etag", format!("W/\"{tag}\""));
    Ok(answer)
}

/// The realm that a new user lives in: the one given, or the default one.
fn realm_of(call: &mut Call<'_>, given: &str) -> Result<String, Fault> {
    let realms = call.org.shelf("/api/v1/realms");
    let found = match given {
        "" => realms.values().find(|realm| realm["isDefault"] == true),
        id => realms.get(id),
    };
    found
        .map(|realm| text(realm, "/id").to_owned())
        .ok_or_else(|| Fault::not_found(given, "Realm"))
}

/// A user's type by its id.
fn user_type(call: &Call<'_>, id: &str) -> Result<Value, Fault> {
    match call.org.user_types.contains(id) {
        true => Ok(json!({ "id": id })),
        false => Err(Fault::not_found(id, "CVDType")),
    }
}

/// How a new user begins.
#[derive(Clone, Copy)]
pub(crate) struct Beginning {
    pub(crate) activate: bool,
    /// Signs in elsewhere.
    pub(crate) provider: bool,
    /// Has to change the password at once.
    pub(crate) change: bool,
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let beginning = Beginning {
        activate: call.request.flag("activate", true),
        provider: call.request.flag("provider", false),
        change: call.request.query("nextLogin") == Some("changePassword"),
    };
    let user = make(call, &body, beginning)?;
    Ok(Answer::ok(&view::whole(call.org, &user, call.base())))
}

/// Makes a user of a body, with all that follows.
pub(crate) fn make(
    call: &mut Call<'_>,
    body: &Value,
    beginning: Beginning,
) -> Result<Value, Fault> {
    let Beginning {
        activate,
        provider,
        change,
    } = beginning;
    let secret = credentials::secret_of(body);
    let has_password = secret.is_some() || at(body, "/credentials/password/hash").is_object();
    if change && !has_password {
        return Err(Fault::code("E0000124", &[]));
    }
    if change && !activate {
        return Err(Fault::code("E0000125", &[]));
    }
    let groups: Vec<String> = at(body, "/groupIds")
        .as_array()
        .map(|ids| {
            ids.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    if let Some(unknown) = groups.iter().find(|id| !call.org.groups.contains(id)) {
        return Err(Fault::not_found(unknown, "UserGroup"));
    }
    let kind = match text(body, "/type/id") {
        "" => json!({ "id": call.org.user_type }),
        id => user_type(call, id)?,
    };
    let like = json!({ "type": kind });
    let profile = profile::checked(call, &body["profile"], "newUser", &like)?;
    let status = match (activate, change, has_password || provider) {
        (false, _, _) => "STAGED",
        (true, true, _) => "PASSWORD_EXPIRED",
        (true, false, true) => "ACTIVE",
        (true, false, false) => "PROVISIONED",
    };
    let now = clock::zero_millis(call.org.clock.now());
    let stamp = |set: bool| if set { json!(now) } else { Value::Null };
    let realm = realm_of(call, text(body, "/realmId"))?;
    super::realms::check_domains(call.org, &realm, &profile)?;
    let user = json!({
        "realmId": realm, "id": call.org.dice.id("00u"), "status": status, "created": now,
        "activated": stamp(activate), "statusChanged": stamp(activate || has_password),
        "lastLogin": null,
        "lastUpdated": now, "passwordChanged": stamp(has_password), "type": kind,
        "profile": profile, "credentials": credentials::initial(body, provider, has_password),
    });
    let id = text(&user, "/id").to_owned();
    if let Some(secret) = secret {
        call.org.passwords.insert(id.clone(), secret);
    }
    if let Some(answer) = credentials::answer_of(body) {
        credentials::keep_answer(call.org, &id, Some(answer));
    }
    add_user(call.org, user.clone());
    let target = user_target(&user);
    call.log("user.lifecycle.create", vec![target.clone()]);
    if activate {
        call.log("user.lifecycle.activate", vec![target.clone()]);
    }
    if has_password {
        call.log("user.account.update_password", vec![target]);
    }
    for group in groups {
        super::groups::add_member(call, &group, &id);
    }
    super::rules::evaluate_user(call, &id);
    if body["realmId"].is_null() {
        let org = call.org.id.clone();
        if let Some(realm) = super::realms::chosen(call.org, &user, &org) {
            super::realms::settle(call, &id, &realm);
        }
    }
    Ok(call.org.users.get(&id).cloned().unwrap_or(user))
}

fn update(call: &mut Call<'_>) -> Outcome {
    write(call, false)
}

fn replace(call: &mut Call<'_>) -> Outcome {
    write(call, true)
}

fn write(call: &mut Call<'_>, whole: bool) -> Outcome {
    let before = named_user(call)?;
    let body = call.request.object()?;
    if text(&before, "/status") == "DEPROVISIONED" {
        return Err(Fault::not_found(call.parameter(0), "User"));
    }
    let user = revise(call, &before, &body, whole)?;
    Ok(Answer::ok(&view::whole(call.org, &user, call.base())))
}

/// Changes a user as a body says; `whole` clears what the body's profile does not say.
pub(crate) fn revise(
    call: &mut Call<'_>,
    before: &Value,
    body: &Value,
    whole: bool,
) -> Result<Value, Fault> {
    let id = text(before, "/id").to_owned();
    let mut user = before.clone();
    let kind = at(body, "/type/id");
    if !kind.is_null() && kind != before["type"]["id"] {
        user["type"] = user_type(call, kind.as_str().unwrap_or_default())?;
    }
    let given = &body["profile"];
    if whole || given.is_object() || user["type"] != before["type"] {
        let mut merged = if whole {
            json!({})
        } else {
            before["profile"].clone()
        };
        if user["type"] != before["type"] {
            // What another type does not know stays behind.
            let schema = super::schemas::user_schema_of(call.org, Some(&user));
            members(&mut merged).retain(|name, _| super::schemas::defines(schema, name));
        }
        for (name, value) in given.as_object().into_iter().flatten() {
            members(&mut merged).insert(name.clone(), value.clone());
        }
        user["profile"] = profile::checked(call, &merged, "user", &user)?;
    }
    let realm = text(body, "/realmId");
    if !realm.is_empty() && realm != text(before, "/realmId") {
        user["realmId"] = json!(realm_of(call, realm)?);
    }
    super::realms::check_domains(call.org, text(&user, "/realmId"), &user["profile"])?;
    let now = clock::zero_millis(call.org.clock.now());
    let secret = credentials::secret_of(body);
    credentials::merge_given(&mut user, body);
    if secret.is_some() {
        user["passwordChanged"] = json!(now);
    }
    let changed_profile = user["profile"] != before["profile"];
    let changed_type = user["type"] != before["type"];
    if &user != before || secret.is_some() {
        user["lastUpdated"] = json!(now);
    }
    let (old, new) = (
        text(before, "/profile/login"),
        text(&user, "/profile/login"),
    );
    if old != new {
        call.org.logins.remove(&old.to_lowercase());
        call.org.logins.insert(new.to_lowercase(), id.clone());
    }
    if let Some(answer) = credentials::answer_of(body) {
        credentials::keep_answer(call.org, &id, Some(answer));
    }
    call.org.users.put(&id, user.clone());
    let target = user_target(&user);
    if changed_profile {
        call.log("user.account.update_profile", vec![target.clone()]);
    }
    if changed_type {
        call.log("user.account.update_user_type", vec![target.clone()]);
    }
    if user["realmId"] != before["realmId"] {
        call.log("user.realm.update", vec![target.clone()]);
    }
    if let Some(secret) = secret {
        call.org.passwords.insert(id.clone(), secret);
        call.log("user.account.update_password", vec![target]);
    }
    if changed_profile {
        super::rules::evaluate_user(call, &id);
    }
    Ok(user)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if text(&user, "/status") != "DEPROVISIONED" {
        lifecycle::deprovision(call, &user);
        return Ok(Answer::no_content());
    }
    call.log("user.lifecycle.delete.initiated", vec![user_target(&user)]);
    leaving::remove(call.org, &user);
    call.log("user.lifecycle.delete.completed", vec![user_target(&user)]);
    Ok(Answer::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::{Bench, person};
    use crate::json::text;

    #[test]
    fn profiles_fit_the_schema_of_their_type() {
        let bench = Bench::new();
        let body = json!({ "name": "robot", "displayName": "Robot" });
        let (_, kind) = bench.call("POST", "/api/v1/meta/types/user", Some(&body));
        let kind = text(&kind, "/id");
        let schema = format!(
            "/api/v1/meta/schemas/user/{}",
            kind.replacen("oty", "osc", 1)
        );
        let serial = json!({ "definitions": { "custom": { "properties": {
            "serial": { "title": "Serial", "type": "string" },
        } } } });
        assert_eq!(bench.call("POST", &schema, Some(&serial)).0, 200);
        let robot = json!({ "type": { "id": kind }, "profile": { "serial": "7" } });
        let create = |body: &Value| bench.call("POST", "/api/v1/users", Some(body));
        let (status, made) = create(&person("r@example.com", &robot));
        assert_eq!(
            (status, &made["profile"]["serial"]),
            (200, &json!("7")),
            "{made}"
        );
        let plain = json!({ "profile": { "serial": "7" } });
        assert_eq!(create(&person("p@example.com", &plain)).0, 400);
        let unknown = json!({ "type": { "id": "oty0" } });
        let (status, refused) = create(&person("u@example.com", &unknown));
        assert_eq!((status, text(&refused, "/errorCode")), (404, "E0000007"));
        // Back to the type that has no such attribute.
        let path = format!("/api/v1/users/{}", text(&made, "/id"));
        let user_type = bench.shared.org().user_type.clone();
        let change = json!({ "type": { "id": user_type } });
        let (status, changed) = bench.call("POST", &path, Some(&change));
        assert_eq!((status, &changed["profile"]["serial"]), (200, &Value::Null));
        assert_eq!(changed["profile"]["login"], "r@example.com");
    }

    #[test]
    fn short_logins_name_one_user() {
        let bench = Bench::new();
        for login in [
            "ann@example.com",
            "ann2@example.com",
            "bob@a.com",
            "bob@b.com",
        ] {
            let (status, _) = bench.call("POST", "/api/v1/users", Some(&person(login, &json!({}))));
            assert_eq!(status, 200);
        }
        let get = |named: &str| {
            let (status, user) = bench.call("GET", &format!("/api/v1/users/{named}"), None);
            (status, text(&user, "/profile/login").to_owned())
        };
        assert_eq!(get("Ann"), (200, "ann@example.com".into()));
        assert_eq!(get("ann2"), (200, "ann2@example.com".into()));
        for none in ["bob", "an", "carl", "ann@example.com@"] {
            assert_eq!(get(none).0, 404, "{none}");
        }
    }
}
