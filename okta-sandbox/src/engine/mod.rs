//! The generic resource engine: collections whose behaviour follows from a description.
//!
//! A [`Kind`] says where a collection stands and how its objects look; the operation's method
//! and what its path adds to the collection say what happens.

mod collection;
mod finish;
mod kinds;
pub(crate) mod plain;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::fault::Fault;
use crate::json::fill;
use crate::oauth::server::SERVERS;
use crate::org::Org;
use crate::paging::Size;
use crate::table::Operation;

use collection::Collection;
use kinds::KINDS;

/// Which members tell who changed an object when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamps {
    Nothing,
    /// `created` and `lastUpdated`.
    Times,
    /// Also `createdBy`.
    TimesAndMaker,
    /// Also `createdBy` and `lastUpdatedBy`.
    TimesAndPeople,
    /// `createdDate`, `createdBy`, `lastUpdate`, `lastUpdatedBy`.
    Dates,
    /// `lastUpdatedDate`.
    LastDate,
}

/// How links name what a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Links {
    None,
    /// `hints.allow` on the object itself, too.
    Hints(&'static [&'static str]),
    /// `hints.allow` on the steps only.
    Steps,
    /// `rel`, `href`, `method`.
    Rel,
    /// `href`, `method`.
    Method,
}

/// What activate and deactivate answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifecycle {
    None,
    Object,
    EmptyBody,
    NoContent,
}

/// A collection of objects of one kind.
struct Kind {
    /// Path template of the collection.
    collection: &'static str,
    /// Prefix of ids.
    prefix: &'static str,
    /// The type that a 404 names.
    missing: &'static str,
    /// The member that addresses an object besides its id, as a pointer.
    key: Option<&'static str>,
    /// The member that wraps lists.
    wrap: Option<&'static str>,
    created: u16,
    status: Option<&'static str>,
    lifecycle: Lifecycle,
    stamps: Stamps,
    links: Links,
    /// Further links: name and path below the object.
    extra_links: &'static [(&'static str, &'static str)],
    /// Members that answers always show.
    defaults: fn() -> Value,
    /// Pointers to the parent and the name of members that are stored but never shown.
    secrets: &'static [(&'static str, &'static str)],
    /// The member whose value must be unique, as a pointer.
    unique: Option<&'static str>,
    /// First part of event names.
    event: Option<&'static str>,
    /// How the event of a creation is named.
    made: &'static str,
    /// Event names end in `created` instead of `create`, and so on.
    past_tense: bool,
    size: Size,
    /// What the service refuses in an object.
    check: fn(&Value) -> Result<(), Fault>,
    /// What the service adds to an object before it is stored.
    finish: fn(&mut Org, &mut Value),
    /// What comes into being with a new object: the org, the collection's path, the object.
    furnish: fn(&mut Org, &str, &Value),
    /// How many of them an org may have, and the error beyond.
    most: Option<(usize, &'static str, &'static str)>,
    /// Only what is inactive can be deleted.
    rests_first: bool,
    /// Deleting what is not there succeeds.
    lenient_delete: bool,
    /// Members that the answer to a replace has as null.
    null_after_replace: &'static [&'static str],
    /// Members that the answer to a replace lacks, though they are kept.
    unsaid_after_replace: &'static [&'static str],
    /// What answers show beside what is stored: the shown object, the host, its own address.
    show: fn(&mut Value, &str, &str),
}

/// A kind without peculiarities, for struct update syntax.
const PLAIN: Kind = Kind {
    collection: "",
    prefix: "obj",
    missing: "Resource",
    key: None,
    wrap: None,
    created: 200,
    status: None,
    lifecycle: Lifecycle::None,
    stamps: Stamps::Times,
    links: Links::Hints(&["GET", "PUT", "DELETE"]),
    extra_links: &[],
    defaults: || Value::Null,
    secrets: &[],
    unique: None,
    event: None,
    made: "create",
    past_tense: false,
    size: Size::new(200, 200),
    check: |_| Ok(()),
    finish: |_, _| {},
    furnish: |_, _, _| {},
    most: None,
    rests_first: false,
    lenient_delete: false,
    null_after_replace: &[],
    unsaid_after_replace: &[],
    show: |_, _, _| {},
};

/// Puts what a new org has of these kinds into it.
pub(crate) fn add_built_in(org: &mut Org) {
    let now = org.created.clone();
    let mut brand = kinds::brand();
    let id = org.dice.id("bnd");
    fill(&mut brand, &json!({ "id": id, "name": "Sandbox" }));
    brand["isDefault"] = json!(true);
    crate::behaviour::presets::brand(org, "/api/v1/brands", &brand);
    org.shelf("/api/v1/brands").put(&id, brand);
    for name in ["LegacyIpZone", "BlockedIpZone", "DefaultExemptIpZone"] {
        let id = org.dice.id("nzo");
        let zone = json!({
            "type": "IP", "id": id, "name": name, "status": "ACTIVE", "created": now, "lastUpdated": now,
            "system": true, "gateways": null, "proxies": null,
            "usage": if name == "BlockedIpZone" { "BLOCKLIST" } else { "POLICY" },
        });
        org.shelf("/api/v1/zones").put(&id, zone);
    }
    let id = org.dice.id("guo");
    let realm = json!({
        "id": id, "created": now, "lastUpdated": now, "isDefault": true,
        "profile": { "name": "Default Realm", "realmType": "DEFAULT", "domains": [] },
    });
    org.shelf("/api/v1/realms").put(&id, realm);
    crate::behaviour::realms::add_built_in(org);
    let id = "default";
    let mut server = json!({
        "id": id, "name": "default", "description": "Default Authorization Server",
        "audiences": ["api://default"], "issuerMode": "ORG_URL", "status": "ACTIVE", "created": now,
        "lastUpdated": now, "default": true,
    });
    finish::authorization_server(org, &mut server);
    finish::authorization_server_contents(org, SERVERS, &server);
    org.shelf(SERVERS).put(id, server);
    add_default_access_policy(org, id, &now);
}

/// What an operation does with a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    List,
    Create,
    Get,
    Replace,
    Update,
    Delete,
    Activate,
    Deactivate,
    Verify,
    Execute,
}

fn action(kind: &Kind, operation: &Operation) -> Option<Action> {
    let rest = operation.path.strip_prefix(kind.collection)?;
    let on_item = rest.starts_with("/{") && rest.ends_with('}') && rest.matches('/').count() == 1;
    Some(match (operation.method, rest) {
        ("GET", "") => Action::List,
        ("POST", "") => Action::Create,
        ("GET", _) if on_item => Action::Get,
        ("PUT", _) if on_item => Action::Replace,
        ("POST" | "PATCH", _) if on_item => Action::Update,
        ("DELETE", _) if on_item => Action::Delete,
        ("POST", rest) if kind.prefix == "cal" && rest.ends_with("/execute") => Action::Execute,
        ("POST", rest) if kind.lifecycle != Lifecycle::None && rest.matches('/').count() == 3 => {
            match rest.rsplit_once("/lifecycle/")?.1 {
                "activate" => Action::Activate,
                "deactivate" => Action::Deactivate,
                "verify" => Action::Verify,
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn find(operation: &Operation) -> Option<(&'static Kind, Action)> {
    KINDS
        .iter()
        .find_map(|kind| Some((kind, action(kind, operation)?)))
}

/// The engine's behaviour for an operation, if a kind describes its collection.
pub(crate) fn handler(operation: &Operation) -> Option<Handler> {
    find(operation).map(|_| run as Handler)
}

/// Answers a call on a described collection.
pub(crate) fn run(call: &mut Call<'_>) -> Outcome {
    let Some((kind, action)) = find(call.operation) else {
        return Err(Fault::code("E0000008", &[]));
    };
    let depth = kind.collection.matches('{').count();
    let mut one = Collection {
        kind,
        path: concrete(kind, call),
        depth,
        call,
    };
    one.check_parent()?;
    match action {
        Action::List => one.list(),
        Action::Create => one.create(),
        Action::Get => one.get(),
        Action::Replace => one.write(true),
        Action::Update => one.write(false),
        Action::Delete => one.delete(),
        Action::Activate => one.set_status("ACTIVE", "activate"),
        Action::Deactivate => one.set_status("INACTIVE", "deactivate"),
        Action::Verify => one.verify(),
        Action::Execute => one.execute(),
    }
}

/// An object of a collection without parents as answers show it.
pub(crate) fn shown(call: &mut Call<'_>, collection: &str, object: &Value) -> Value {
    let Some(kind) = KINDS.iter().find(|kind| kind.collection == collection) else {
        return object.clone();
    };
    let one = Collection {
        kind,
        path: collection.to_owned(),
        depth: 0,
        call,
    };
    one.view(object)
}

/// The collection's path in a call, parents filled in.
fn concrete(kind: &Kind, call: &Call<'_>) -> String {
    let segments = kind.collection.matches('/').count();
    let mut path = String::new();
    for segment in &call.request.segments[..segments] {
        path.push('/');
        path.push_str(segment);
    }
    path
}

/// Lets every client and user have every token of an authorization server, as its own first
/// policy does.
fn add_default_access_policy(org: &mut Org, server: &str, now: &str) {
    let policies = format!("/api/v1/authorizationServers/{server}/policies");
    let (policy, rule) = (org.dice.id("00p"), org.dice.id("0pr"));
    let stamps = json!({ "created": now, "lastUpdated": now, "status": "ACTIVE", "priority": 1, "system": false });
    let mut object = json!({
        "id": policy, "type": "OAUTH_AUTHORIZATION_POLICY", "name": "Default Policy",
        "description": "Default policy for all clients",
        "conditions": { "clients": { "include": ["ALL_CLIENTS"] } },
    });
    fill(&mut object, &stamps);
    org.shelf(&policies).put(&policy, object);
    let mut object = json!({
        "id": rule, "type": "RESOURCE_ACCESS", "name": "Default Policy Rule",
        "conditions": {
            "people": {
                "users": { "include": [], "exclude": [] },
                "groups": { "include": ["EVERYONE"], "exclude": [] },
            },
            "grantTypes": { "include": [
                "authorization_code", "implicit", "password", "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code",
            ] },
            "scopes": { "include": ["*"] },
        },
        "actions": { "token": {
            "accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 10_080,
        } },
    });
    fill(&mut object, &stamps);
    org.shelf(&format!("{policies}/{policy}/rules"))
        .put(&rule, object);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linked objects are never changed.
    const DEFINITIONS: &str = "/api/v1/meta/schemas/user/linkedObjects";
    use crate::generated::operations::OPERATIONS;

    /// A description that names no published collection would be dead.
    #[test]
    fn every_kind_can_be_created_and_read() {
        for kind in KINDS {
            let found: Vec<Action> = OPERATIONS.iter().filter_map(|o| action(kind, o)).collect();
            for wanted in [Action::List, Action::Create, Action::Get] {
                assert!(found.contains(&wanted), "{} {wanted:?}", kind.collection);
            }
        }
    }

    #[test]
    fn the_events_of_kinds_are_published() {
        for kind in KINDS {
            let Some(event) = kind.event else { continue };
            let tense = if kind.past_tense { "d" } else { "" };
            for verb in [kind.made, "update", "delete"] {
                let name = format!("{event}.{verb}{tense}");
                let known = crate::log::is_published(&name);
                let changes = verb != "update" || kind.collection != DEFINITIONS;
                assert!(known || !changes, "{name}");
            }
        }
    }

    #[test]
    fn hooks_and_zones_rest_before_they_go() {
        let bench = crate::bench::Bench::new();
        let channel = json!({ "type": "HTTP", "version": "1.0.0", "config": {
            "uri": "https://example.com/hook", "authScheme": {
                "type": "HEADER", "key": "authorization", "value": "x",
            },
        } });
        for (path, body) in [
            (
                "/api/v1/zones",
                json!({ "type": "IP", "name": "Home", "gateways": [
                { "type": "CIDR", "value": "192.0.2.0/24" },
            ] }),
            ),
            (
                "/api/v1/eventHooks",
                json!({ "name": "E", "channel": channel, "events": {
                "type": "EVENT_TYPE", "items": ["user.lifecycle.create"],
            } }),
            ),
            (
                "/api/v1/inlineHooks",
                json!({
                    "name": "I", "type": "com.okta.oauth2.tokens.transform", "version": "1.0.0",
                    "channel": channel,
                }),
            ),
        ] {
            let (status, made) = bench.call("POST", path, Some(&body));
            assert_eq!(status, 200, "{made}");
            let own = format!("{path}/{}", crate::json::text(&made, "/id"));
            assert_eq!(bench.call("DELETE", &own, None).0, 403, "{path}");
            let step = format!("{own}/lifecycle/deactivate");
            assert_eq!(bench.call("POST", &step, None).0, 200, "{path}");
            assert_eq!(bench.call("DELETE", &own, None).0, 204, "{path}");
        }
    }
}
