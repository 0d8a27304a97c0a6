//! Filling an org fast: made-up deterministic people, or real objects as they are.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::access_requests;
use crate::behaviour::{apps, assignments, governance, groups, schemas, users};
use crate::clock;
use crate::ids::Dice;
use crate::json::{remove, text};
use crate::org::Org;

/// The password of the first admin and of everyone who is made up or seeded with a password.
pub const PASSWORD: &str = "Sandbox-1234";

/// A made-up org of a given size; the same seed gives the same org, ids included.
#[derive(Clone, Debug)]
pub struct SeedOrg {
    /// How many users.
    pub users: usize,
    /// How many groups.
    pub groups: usize,
    /// How many apps, of different sign-on modes.
    pub apps: usize,
    /// How many groups each user is a member of, at most.
    pub groups_per_user: usize,
    /// Whether profiles carry custom attributes, which the user schema then defines.
    pub custom_attributes: bool,
    /// The seed of everything made up.
    pub random_seed: u64,
}

impl Default for SeedOrg {
    fn default() -> Self {
        Self {
            users: 100,
            groups: 10,
            apps: 5,
            groups_per_user: 3,
            custom_attributes: true,
            random_seed: 1,
        }
    }
}

const FIRST: [&str; 16] = [
    "Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "Hedy", "Ivan", "Jean", "Ken",
    "Leslie", "Margaret", "Niklaus", "Radia", "Søren", "Zoë",
];
const LAST: [&str; 16] = [
    "Allen",
    "Bartik",
    "Dijkstra",
    "Hamilton",
    "Hopper",
    "Jørgensen",
    "Kay",
    "Lamarr",
    "Lamport",
    "Liskov",
    "Lovelace",
    "Müller",
    "Perlman",
    "Thompson",
    "Turing",
    "Wirth",
];
const DEPARTMENTS: [&str; 6] = [
    "Engineering",
    "Finance",
    "Legal",
    "People",
    "Sales",
    "Support",
];
const CITIES: [&str; 5] = ["Berlin", "Lisbon", "Nairobi", "Osaka", "Toronto"];
const SKILLS: [&str; 5] = ["rust", "audit", "negotiation", "design", "german"];

/// Status by a roll of 100.
fn status(roll: usize) -> &'static str {
    match roll {
        0..=1 => "STAGED",
        2..=4 => "PROVISIONED",
        5..=6 => "SUSPENDED",
        7 => "LOCKED_OUT",
        8 => "PASSWORD_EXPIRED",
        9..=11 => "DEPROVISIONED",
        _ => "ACTIVE",
    }
}

/// How many of a kind are made up at most: more would not fit into any memory.
const MOST: u64 = 10_000_000;

/// Fills an org.
pub(crate) fn people(org: &mut Org, seed: &SeedOrg) {
    let mut dice = Dice::new(seed.random_seed);
    let start = clock::parse("2024-01-01T08:00:00Z").unwrap_or(Timestamp::UNIX_EPOCH);
    if seed.custom_attributes {
        for (name, sample) in [
            ("badgeNumber", json!(1)),
            ("remote", json!(true)),
            ("skills", json!(["rust"])),
            ("utilisation", json!(0.5)),
            ("desk", json!("A1")),
        ] {
            schemas::ensure_user_attribute(org, name, &sample);
        }
    }
    let app_ids = make_apps(org, seed.apps, &mut dice);
    let group_ids = make_groups(org, seed.groups, &app_ids, &mut dice, start);
    let user_type = org.user_type.clone();
    for number in 1..=seed.users {
        let created = start + SignedDuration::from_secs(60 * number as i64);
        let (user, deprovisioned) = person(number, &user_type, seed, &mut dice, created);
        let id = text(&user, "/id").to_owned();
        users::add_user(org, user);
        if deprovisioned || group_ids.is_empty() {
            continue;
        }
        for _ in 0..seed.groups_per_user {
            let group = &group_ids[dice.below(group_ids.len())];
            org.members.put(group, &id, ());
            assign_through(org, group, &id);
        }
    }
}

/// Gives a member the apps of the group, without events.
fn assign_through(org: &mut Org, group: &str, user: &str) {
    let assigned: Vec<String> = org
        .app_groups
        .holders(group)
        .map(|(_, app)| app.to_owned())
        .collect();
    for app in assigned {
        if org.app_users.contains(&app, user) {
            continue;
        }
        let (Some(instance), Some(person)) = (org.apps.get(&app), org.users.get(user)) else {
            continue;
        };
        let mut app_user = assignments::fresh(instance, person, "GROUP", text(person, "/created"));
        app_user["group"] = json!(group);
        org.app_users.put(&app, user, app_user);
    }
}

fn person(
    number: usize,
    user_type: &str,
    seed: &SeedOrg,
    dice: &mut Dice,
    created: Timestamp,
) -> (Value, bool) {
    let first = FIRST[dice.below(FIRST.len())];
    let last = LAST[dice.below(LAST.len())];
    let ascii = |name: &str| -> String { name.chars().filter(char::is_ascii_alphabetic).collect() };
    let login = format!("{}.{}.{number}@example.com", ascii(first), ascii(last)).to_lowercase();
    let status = status(dice.below(100));
    let now = clock::zero_millis(created);
    let activated = if status == "STAGED" {
        Value::Null
    } else {
        json!(now)
    };
    let has_password = !matches!(status, "STAGED" | "PROVISIONED");
    let password_changed = if has_password {
        json!(now)
    } else {
        Value::Null
    };
    let last_login = if status == "ACTIVE" && dice.below(4) > 0 {
        json!(clock::zero_millis(
            created + SignedDuration::from_hours(20 + dice.below(500) as i64)
        ))
    } else {
        Value::Null
    };
    let maybe = |dice: &mut Dice, value: Value| {
        if dice.below(3) == 0 {
            Value::Null
        } else {
            value
        }
    };
    let phone = dice.below(10_000_000);
    let mut profile = json!({
        "login": login, "email": login, "firstName": first, "lastName": last,
        "displayName": format!("{first} {last}"),
        "secondEmail": maybe(dice, json!(format!("private{number}@example.org"))),
        "mobilePhone": maybe(dice, json!(format!("+1 555 {:07}", phone))),
        "department": DEPARTMENTS[dice.below(DEPARTMENTS.len())],
        "city": CITIES[dice.below(CITIES.len())],
        "employeeNumber": format!("E{number:06}"),
        "costCenter": format!("CC{}", 100 + dice.below(20)),
    });
    if seed.custom_attributes {
        profile["badgeNumber"] = json!(10_000 + number);
        profile["remote"] = json!(dice.below(2) == 0);
        profile["skills"] = json!([
            SKILLS[dice.below(SKILLS.len())],
            SKILLS[dice.below(SKILLS.len())]
        ]);
        profile["utilisation"] = json!(dice.below(100) as f64 / 100.0);
        let desk = dice.below(400);
        profile["desk"] = maybe(dice, json!(format!("D{desk}")));
    }
    let mut credentials = json!({ "provider": { "type": "OKTA", "name": "OKTA" } });
    if has_password {
        credentials["password"] = json!({});
        credentials["emails"] =
            json!([{ "value": login, "status": "VERIFIED", "type": "PRIMARY" }]);
    }
    let user = json!({
        "id": dice.id("00u"), "status": status, "created": now, "activated": activated,
        "statusChanged": activated, "lastLogin": last_login, "lastUpdated": now,
        "passwordChanged": password_changed, "type": { "id": user_type }, "profile": profile,
        "credentials": credentials,
    });
    (user, status == "DEPROVISIONED")
}

fn make_groups(
    org: &mut Org,
    count: usize,
    app_ids: &[String],
    dice: &mut Dice,
    created: Timestamp,
) -> Vec<String> {
    let now = clock::zero_millis(created);
    let mut ids = Vec::with_capacity(count);
    for number in 1..=count {
        let id = dice.id("00g");
        let name = format!("{} {number}", DEPARTMENTS[number % DEPARTMENTS.len()]);
        let description = if number % 4 == 0 {
            Value::Null
        } else {
            json!(format!("Team {name}"))
        };
        let profile = json!({ "name": name, "description": description });
        org.groups
            .put(&id, groups::fresh(&id, "OKTA_GROUP", &profile, &now));
        if !app_ids.is_empty() {
            let app = &app_ids[number % app_ids.len()];
            let priority = org.app_groups.count(app);
            let assignment =
                json!({ "id": id, "lastUpdated": now, "priority": priority, "profile": {} });
            org.app_groups.put(app, &id, assignment);
        }
        ids.push(id);
    }
    ids
}

fn make_apps(org: &mut Org, count: usize, dice: &mut Dice) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for number in 1..=count {
        let label = format!("App {number}");
        let body = match number % 5 {
            0 => json!({ "signOnMode": "BOOKMARK", "label": label,
                "settings": { "app": { "url": format!("https://bookmark{number}.example.com") } } }),
            1 => json!({ "signOnMode": "SAML_2_0", "label": label, "settings": { "signOn": {
                "ssoAcsUrl": format!("https://saml{number}.example.com/acs"),
                "audience": format!("https://saml{number}.example.com"),
            } } }),
            2 => {
                json!({ "signOnMode": "OPENID_CONNECT", "label": label, "settings": { "oauthClient": {
                "application_type": "web",
                "redirect_uris": [format!("https://oidc{number}.example.com/callback")],
            } } })
            }
            3 => json!({ "signOnMode": "AUTO_LOGIN", "label": label, "settings": { "signOn": {
                "loginUrl": format!("https://login{number}.example.com"), "redirectUrl": null,
            } } }),
            _ => json!({ "signOnMode": "BROWSER_PLUGIN", "name": "template_swa", "label": label,
                "settings": { "app": { "url": format!("https://swa{number}.example.com"),
                    "usernameField": "user", "passwordField": "pass", "buttonField": "go" } } }),
        };
        let Ok(mut app) = apps::build(org, &body) else {
            continue;
        };
        let id = dice.id("0oa");
        let old = text(&app, "/id").to_owned();
        app["orn"] = json!(text(&app, "/orn").replace(&old, &id));
        app["id"] = json!(id);
        if let Some(client) = app.pointer_mut("/credentials/oauthClient") {
            client["client_id"] = json!(id);
        }
        apps::add(org, app);
        ids.push(id);
    }
    ids
}

/// Stores a real object under its own id. Links are left out: they are made anew when shown.
pub(crate) fn object(org: &mut Org, mut object: Value) -> Result<(), String> {
    let id = text(&object, "/id").to_owned();
    if id.is_empty() {
        return Err("an object to seed needs an id".to_owned());
    }
    remove(&mut object, "_links");
    remove(&mut object, "_embedded");
    if object.get("signOnMode").is_some() || object.pointer("/settings/app").is_some() {
        apps::add(org, object);
    } else if object.get("objectClass").is_some() || object.pointer("/profile/name").is_some() {
        for member in ["created", "lastUpdated", "lastMembershipUpdated"] {
            if object.get(member).is_none() {
                object[member] = json!(org.created);
            }
        }
        org.groups.put(&id, object);
    } else if object.get("profile").is_some() || object.get("status").is_some() {
        let profile = object["profile"].as_object().cloned().unwrap_or_default();
        for (name, sample) in &profile {
            schemas::ensure_user_attribute(org, name, sample);
        }
        users::add_user(org, object);
    } else {
        return Err(format!("{id} looks like no user, group or app"));
    }
    Ok(())
}

/// Stores an object of a collection that nothing makes through the API: devices, agent pools.
fn collected(org: &mut Org, path: &str, mut object: Value) -> Result<(), String> {
    if !path.starts_with('/') || !object.is_object() {
        return Err(format!(
            "`collections.{path}` takes a path and a list of objects"
        ));
    }
    remove(&mut object, "_links");
    let id = match text(&object, "/id") {
        "" => return Err(format!("an object of `collections.{path}` needs an id")),
        id => id.to_owned(),
    };
    org.shelf(path.trim_end_matches('/')).put(&id, object);
    Ok(())
}

/// Reads `{users, groups, apps, random_seed, memberships, objects}`; a number makes people up,
/// an array holds real objects; memberships are `[group id, user id]` pairs; `request_fields`
/// has the fields of access requests by app id, `collections` lists of objects by the path of any other
/// collection; `accessRequests` adds Identity Governance and Workflows.
pub(crate) fn from_json(org: &mut Org, body: &Value, base: &str) -> Result<(), String> {
    if !body.is_object() {
        return Err("a seed is a JSON object".to_owned());
    }
    for name in ["users", "groups", "apps", "groups_per_user"] {
        if body[name].as_u64().is_some_and(|number| number > MOST) {
            return Err(format!("`{name}` is {MOST} at most"));
        }
    }
    let count = |name: &str| body[name].as_u64().map_or(0, |n| n as usize);
    let defaults = SeedOrg::default();
    let seed = SeedOrg {
        users: count("users"),
        groups: count("groups"),
        apps: count("apps"),
        groups_per_user: body["groups_per_user"]
            .as_u64()
            .map_or(defaults.groups_per_user, |n| n as usize),
        custom_attributes: body["custom_attributes"] != false,
        random_seed: body["random_seed"].as_u64().unwrap_or(defaults.random_seed),
    };
    if seed.users + seed.groups + seed.apps > 0 {
        people(org, &seed);
    }
    for name in ["groups", "apps", "users", "objects"] {
        for one in body[name].as_array().into_iter().flatten() {
            object(org, one.clone())?;
        }
    }
    for (path, objects) in body["collections"].as_object().into_iter().flatten() {
        let objects = objects.as_array();
        let objects = objects.ok_or_else(|| format!("`collections.{path}` is not a list"))?;
        for one in objects {
            collected(org, path, one.clone())?;
        }
    }
    governance::seed_fields(org, &body["request_fields"])?;
    access_requests::seed(org, &body["accessRequests"], base)?;
    for pair in body["memberships"].as_array().into_iter().flatten() {
        let (group, user) = (text(pair, "/0"), text(pair, "/1"));
        if !org.groups.contains(group) || !org.users.contains(user) {
            return Err(format!("no such membership: {group} {user}"));
        }
        org.members.put(group, user, ());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::bench::Bench;

    #[test]
    fn seeds_that_fit_no_memory_are_refused() {
        let bench = Bench::new();
        for name in ["users", "groups", "apps", "groups_per_user"] {
            let body = json!({ name: u64::MAX });
            assert_eq!(
                bench.call("POST", "/_sandbox/seed", Some(&body)).0,
                400,
                "{name}"
            );
        }
    }
}
