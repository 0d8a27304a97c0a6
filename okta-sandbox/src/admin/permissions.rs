//! What custom roles may do: permissions by name, within resources.

use super::{Area, Asked};
use crate::json::text;
use crate::oauth::is_member;
use crate::org::Org;

/// True if one of the permissions is for such a request.
pub(super) fn named(permissions: &[String], asked: &Asked<'_>) -> bool {
    let has = |name: &str| permissions.iter().any(|p| p == name);
    let any = |names: &[&str]| names.iter().any(|name| has(name));
    match asked.area {
        Area::Users if !asked.write => any(&["okta.users.read", "okta.users.manage"]),
        Area::Users => has("okta.users.manage") || user_write(asked).iter().any(|name| has(name)),
        Area::Groups if !asked.write => any(&["okta.groups.read", "okta.groups.manage"]),
        Area::Groups if asked.item.is_none() => any(&["okta.groups.create", "okta.groups.manage"]),
        Area::Members if asked.write => any(&[
            "okta.groups.members.manage",
            "okta.groups.manage",
            "okta.users.groupMembership.manage",
        ]),
        Area::Members => any(&["okta.groups.read", "okta.groups.manage"]),
        Area::Assignments if asked.write => any(&[
            "okta.apps.assignment.manage",
            "okta.apps.manage",
            "okta.users.appAssignment.manage",
            "okta.groups.appAssignment.manage",
        ]),
        Area::Apps | Area::Assignments | Area::Clients if !asked.write => {
            any(&["okta.apps.read", "okta.apps.manage"])
        }
        Area::Clients => any(&["okta.apps.manage", "okta.apps.clientCredentials.manage"]),
        Area::Roles => !asked.write && has("okta.iam.read"),
        _ => asked.scopes.iter().any(|scope| like(scope, permissions)),
    }
}

/// The permissions that cover a change of a user.
fn user_write(asked: &Asked<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |name: &str| names.push(format!("okta.users.{name}"));
    match (asked.segment(4), asked.segment(5), asked.method) {
        ("", _, "POST") if asked.item.is_none() => add("create"),
        ("", _, "DELETE") => {
            add("lifecycle.delete");
            add("lifecycle.manage");
        }
        ("", ..) => add("userprofile.manage"),
        ("lifecycle", step, _) => match step {
            "reset_password" => add("credentials.resetPassword"),
            "reset_factors" => add("credentials.resetFactors"),
            "expire_password" | "expire_password_with_temp_password" => {
                add("credentials.expirePassword");
            }
            step => {
                add(&format!("lifecycle.{step}"));
                add("lifecycle.manage");
            }
        },
        ("credentials" | "factors", ..) => add("credentials.manage"),
        ("sessions", ..) => {
            add("lifecycle.clearSessions");
            add("lifecycle.manage");
        }
        _ => {}
    }
    if asked.segment(4) == "lifecycle" && names.iter().any(|n| n.contains("credentials")) {
        names.push("okta.users.credentials.manage".to_owned());
    }
    names
}

/// Permissions mostly have the names of scopes; some families are called otherwise.
fn like(scope: &str, permissions: &[String]) -> bool {
    let name = match scope.split('.').nth(1) {
        Some("authorizationServers") => scope.replace("authorizationServers", "authzServers"),
        Some("idps") => scope.replace("idps", "identityProviders"),
        Some(family @ ("brands" | "domains" | "emailDomains" | "templates")) => {
            scope.replace(family, "customizations")
        }
        Some(family @ ("schemas" | "profileMappings")) => scope.replace(family, "apps"),
        _ => scope.to_owned(),
    };
    let manage = name.replace(".read", ".manage");
    permissions.iter().any(|p| *p == name || *p == manage)
}

/// True if a resource of a role covers what a request is about.
pub(super) fn covered(org: &Org, resource: &str, asked: &Asked<'_>) -> bool {
    let parts: Vec<&str> = resource.split(':').collect();
    match (asked.area, &parts[..]) {
        (Area::Users, ["users"]) => true,
        (Area::Users, ["users", id]) => asked.item.is_none_or(|item| is(org, item, id)),
        (Area::Users, ["groups", rest @ ..]) => match (rest, asked.item) {
            // Resources of groups may mean the groups' members.
            ([.., "contained_resources" | "users"], None) => true,
            (["contained_resources"], Some(_)) => true,
            ([group, "contained_resources" | "users"], Some(item)) => {
                is_member(org, group, &user_id(org, item))
            }
            _ => false,
        },
        (Area::Groups | Area::Members | Area::Rules, ["groups"]) => true,
        (Area::Groups | Area::Members, ["groups", id, ..]) => {
            asked.item.is_none_or(|item| item == *id)
        }
        (Area::Apps | Area::Assignments | Area::Clients | Area::Schemas, ["apps"]) => true,
        (Area::Apps | Area::Assignments | Area::Clients, ["apps", rest @ ..]) => {
            asked.item.is_none_or(|item| {
                let name = org.apps.get(item).map_or("", |app| text(app, "/name"));
                match rest {
                    [only] => *only == name || *only == item,
                    [_, id, ..] => *id == item,
                    [] => true,
                }
            })
        }
        (Area::Servers, ["authorization_servers"]) => true,
        (Area::Servers, ["authorization_servers", id]) => asked.item.is_none_or(|item| item == *id),
        (
            Area::Users
            | Area::Groups
            | Area::Members
            | Area::Rules
            | Area::Apps
            | Area::Assignments
            | Area::Clients
            | Area::Servers,
            _,
        ) => false,
        // Other families are whole, and a set that names one thing of the org names them.
        _ => true,
    }
}

/// True if a request is about something that a resource leaves out; lists are about nothing alone.
pub(super) fn excluded(org: &Org, without: &[String], asked: &Asked<'_>) -> bool {
    let by_item = matches!(
        asked.area,
        Area::Users
            | Area::Groups
            | Area::Members
            | Area::Apps
            | Area::Assignments
            | Area::Clients
            | Area::Servers
    );
    by_item && asked.item.is_some() && without.iter().any(|one| covered(org, one, asked))
}

fn user_id(org: &Org, named: &str) -> String {
    let by_login = org.logins.get(&named.to_lowercase());
    by_login.cloned().unwrap_or_else(|| named.to_owned())
}

fn is(org: &Org, named: &str, id: &str) -> bool {
    user_id(org, named) == id
}
