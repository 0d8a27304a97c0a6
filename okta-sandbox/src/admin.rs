//! What callers may do by their admin roles, besides scopes.

mod permissions;
mod sight;
mod standard;

pub(crate) use sight::{Listed, Sight};

use serde_json::{Value, json};

use crate::behaviour::api_services;
use crate::exchange::Request;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::access::Principal;
use crate::org::Org;
use crate::table::Operation;

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Users,
    Groups,
    Members,
    Rules,
    Apps,
    /// Who has an app.
    Assignments,
    Servers,
    Clients,
    Roles,
    Logs,
    Schemas,
    Policies,
    Devices,
    Governance,
    Other,
}

/// A request as roles see it.
#[derive(Debug)]
struct Asked<'r> {
    area: Area,
    write: bool,
    method: &'r str,
    /// Path segments.
    path: Vec<&'r str>,
    /// Scopes of the operation, whose names the permissions of custom roles resemble.
    scopes: &'static [&'static str],
    /// The object that the path names, if any.
    item: Option<&'r str>,
    /// The groups that a new user shall be in.
    new_groups: Vec<String>,
}

impl<'r> Asked<'r> {
    fn of(request: &'r Request, operation: &Operation) -> Self {
        let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
        let below = path.get(4).copied().unwrap_or_default();
        let area = match path[..] {
            ["governance", ..] => Area::Governance,
            ["oauth2", "v1", "clients", ..] if below == "roles" => Area::Roles,
            ["oauth2", "v1", "clients", ..] => Area::Clients,
            ["api", "v1", "users" | "groups", ..] if below == "roles" => Area::Roles,
            ["api", "v1", "users", ..] => Area::Users,
            ["api", "v1", "groups", "rules", ..] => Area::Rules,
            ["api", "v1", "groups", ..] if below == "users" => Area::Members,
            ["api", "v1", "groups", ..] => Area::Groups,
            ["api", "v1", "apps", ..] if matches!(below, "users" | "groups") => Area::Assignments,
            ["api", "v1", "apps", ..] => Area::Apps,
            ["api", "v1", "authorizationServers", ..] => Area::Servers,
            ["api", "v1", "iam" | "roles", ..] => Area::Roles,
            ["api", "v1", "logs", ..] => Area::Logs,
            ["api", "v1", "meta" | "mappings", ..] => Area::Schemas,
            ["api", "v1", "policies", ..] => Area::Policies,
            ["api", "v1", "devices" | "device-assurances", ..] => Area::Devices,
            _ => Area::Other,
        };
        let new_groups = match (area, path.len(), operation.method) {
            (Area::Users, 3, "POST") => {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let list = body["groupIds"].as_array().cloned().unwrap_or_default();
                list.iter()
                    .filter_map(|g| g.as_str().map(str::to_owned))
                    .collect()
            }
            _ => Vec::new(),
        };
        Self {
            area,
            write: operation.method != "GET",
            method: operation.method,
            item: path.get(3).copied(),
            scopes: operation.scopes,
            path,
            new_groups,
        }
    }

    /// A path segment; blank behind the end.
    fn segment(&self, at: usize) -> &'r str {
        self.path.get(at).copied().unwrap_or_default()
    }
}

/// A role that a caller has.
#[derive(Debug, Default)]
struct Role {
    /// `SUPER_ADMIN` and so on, or `CUSTOM`.
    kind: String,
    /// Groups that a standard role is limited to; none for all.
    groups: Vec<String>,
    /// Apps, by id or name, that a standard role is limited to; none for all.
    apps: Vec<String>,
    /// What a custom role permits.
    permissions: Vec<String>,
    /// What a custom role is for, and what of it it is not for: ORNs without their first four parts.
    resources: Vec<(String, Vec<String>)>,
}

impl Role {
    fn allows(&self, org: &Org, asked: &Asked<'_>) -> bool {
        match self.kind.as_str() {
            "CUSTOM" => {
                permissions::named(&self.permissions, asked) && { self.resources.iter() }.any(
                    |(resource, without)| {
                        permissions::covered(org, resource, asked)
                            && !permissions::excluded(org, without, asked)
                    },
                )
            }
            kind => standard::allows(kind, asked) && standard::targeted(org, self, asked),
        }
    }
}

const SETS: &str = "/api/v1/iam/resource-sets";

fn values<'o>(org: &'o Org, path: &str) -> impl Iterator<Item = &'o Value> + use<'o> {
    org.shelves.get(path).into_iter().flat_map(|s| s.values())
}

/// An ORN without its first four parts.
fn end_of(orn: &str) -> Option<String> {
    orn.splitn(5, ':').nth(4).map(str::to_owned)
}

/// What a resource of a set does not include.
fn without(resource: &Value) -> Vec<String> {
    let listed = resource["conditions"]["Exclude"]["okta:ORN"].as_array();
    let listed = listed.into_iter().flatten();
    listed.filter_map(|orn| end_of(orn.as_str()?)).collect()
}

/// A custom role, by the ids of the role and of its resource set.
fn custom(org: &Org, role: &str, set: &str) -> Role {
    let roles = org.shelves.get("/api/v1/iam/roles");
    let role = roles.and_then(|roles| roles.get(role));
    let permissions = role.and_then(|r| r["permissions"].as_array());
    let permissions = permissions.into_iter().flatten();
    let resources = values(org, &format!("{SETS}/{set}/resources"));
    Role {
        kind: "CUSTOM".to_owned(),
        permissions: permissions.map(|p| text(p, "/label").to_owned()).collect(),
        resources: resources
            .filter_map(|r| Some((end_of(text(r, "/orn"))?, without(r))))
            .collect(),
        ..Role::default()
    }
}

/// The roles that stand below an assignee's path, and those of bindings that name it.
fn roles_at(org: &Org, assignee: &str, roles: &mut Vec<Role>) {
    for role in values(org, &format!("{assignee}/roles")) {
        if text(role, "/type") == "CUSTOM" {
            let set = text(role, "/resource-set");
            roles.push(custom(org, text(role, "/role"), set));
            continue;
        }
        let own = format!("{assignee}/roles/{}/targets", text(role, "/id"));
        let groups = values(org, &format!("{own}/groups"));
        let apps = values(org, &format!("{own}/catalog/apps"));
        roles.push(Role {
            kind: text(role, "/type").to_owned(),
            groups: groups
                .filter_map(|g| g.as_str().map(str::to_owned))
                .collect(),
            apps: apps
                .map(|app| match text(app, "/id") {
                    "" => text(app, "/name").to_owned(),
                    id => id.to_owned(),
                })
                .collect(),
            ..Role::default()
        });
    }
    for set in values(org, SETS) {
        let set = text(set, "/id");
        for binding in values(org, &format!("{SETS}/{set}/bindings")) {
            let role = text(binding, "/id");
            let mut members = values(org, &format!("{SETS}/{set}/bindings/{role}/members"));
            if members.any(|member| text(member, "/href").ends_with(assignee)) {
                roles.push(custom(org, role, set));
            }
        }
    }
}

/// True if an assignee, by their path, has a role of their own.
pub(crate) fn has_roles(org: &Org, assignee: &str) -> bool {
    let mut roles = Vec::new();
    roles_at(org, assignee, &mut roles);
    !roles.is_empty()
}

/// The paths that the roles of a caller stand below: their own, and those of their groups.
fn assignees<'o>(org: &'o Org, principal: &'o Principal) -> Box<dyn Iterator<Item = String> + 'o> {
    match principal {
        Principal::Anonymous => Box::new(std::iter::empty()),
        Principal::Client { client_id, .. } => {
            Box::new(std::iter::once(format!("/oauth2/v1/clients/{client_id}")))
        }
        Principal::Token { user_id, .. } | Principal::User { user_id, .. } => {
            let groups = org.members.holders(user_id);
            let groups = groups.map(|(_, group)| format!("/api/v1/groups/{group}"));
            Box::new(std::iter::once(format!("/api/v1/users/{user_id}")).chain(groups))
        }
    }
}

fn is_super_admin(org: &Org, principal: &Principal) -> bool {
    match principal {
        // Their scopes alone limit API service integrations.
        Principal::Client { client_id, .. } if api_services::find(org, client_id).is_some() => true,
        Principal::Token { user_id, .. } | Principal::User { user_id, .. }
            if *user_id == org.admin =>
        {
            true
        }
        _ => assignees(org, principal).any(|assignee| {
            let mut roles = values(org, &format!("{assignee}/roles"));
            roles.any(|role| text(role, "/type") == "SUPER_ADMIN")
        }),
    }
}

/// All roles of a caller.
fn roles_of(org: &Org, principal: &Principal) -> Vec<Role> {
    let mut roles = Vec::new();
    for assignee in assignees(org, principal) {
        roles_at(org, &assignee, &mut roles);
    }
    roles
}

/// What every signed-in user may do about themselves.
fn about_self(org: &Org, principal: &Principal, asked: &Asked<'_>) -> bool {
    let (Principal::Token { user_id, .. } | Principal::User { user_id, .. }) = principal else {
        return false;
    };
    match asked.path[..] {
        ["idp", "myaccount", ..] | ["api", "v1", "sessions", "me", ..] => true,
        ["api", "v1", "users", who, ..] if asked.area == Area::Users => {
            let login = org.logins.get(&who.to_lowercase());
            let own = who == "me" || who == user_id || login == Some(user_id);
            let lasting =
                matches!(asked.segment(4), "lifecycle" | "factors") || asked.method == "PUT";
            own && !lasting && asked.method != "DELETE"
        }
        _ => false,
    }
}

/// Refuses what the caller's roles do not cover; returns what they show of lists.
pub(crate) fn check(
    org: &Org,
    principal: &Principal,
    request: &Request,
    operation: &Operation,
) -> Result<Sight, Fault> {
    let open = operation.public
        || *principal == Principal::Anonymous
        || (operation.api == "oauth" && !operation.path.starts_with("/oauth2/v1/clients"));
    if open {
        return Ok(Sight::default());
    }
    // The usual case first: looking into resource sets, paths and bodies costs more.
    if is_super_admin(org, principal) {
        return Ok(Sight::default());
    }
    let roles = roles_of(org, principal);
    let asked = Asked::of(request, operation);
    if about_self(org, principal, &asked) {
        return Ok(Sight::default());
    }
    match roles.iter().any(|role| role.allows(org, &asked)) {
        true => Ok(Sight::by(roles)),
        false => Err(Fault::code("E0000006", &[])),
    }
}

/// Makes a client a super admin, as the sandbox's own ones are.
pub(crate) fn make_super_admin(org: &mut Org, client_id: &str, now: &str) {
    super_admin(
        org,
        &format!("/oauth2/v1/clients/{client_id}"),
        "CLIENT",
        now,
    );
}

/// Makes the first person of an org its super admin.
pub(crate) fn make_first_admin(org: &mut Org, now: &str) {
    super_admin(org, &format!("/api/v1/users/{}", org.admin), "USER", now);
}

fn super_admin(org: &mut Org, assignee: &str, kind: &str, now: &str) {
    let id = org.dice.id("ra1");
    let role = json!({
        "id": id, "label": "Super Administrator", "type": "SUPER_ADMIN", "status": "ACTIVE",
        "created": now, "lastUpdated": now, "assignmentType": kind,
    });
    org.shelf(&format!("{assignee}/roles")).put(&id, role);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::json::text;
    use crate::oauth::scene::Scene;

    #[test]
    fn an_admin_of_one_app_has_no_say_in_other_clients() {
        let scene = Scene::new();
        let grants = json!(["authorization_code"]);
        let (own, _) = scene.client("client_secret_post", &grants, &json!({}));
        let (other, _) = scene.client("client_secret_post", &grants, &json!({}));
        let roles = format!("/api/v1/users/{}/roles", scene.user);
        let body = json!({ "type": "APP_ADMIN" });
        let (_, role) = scene.bench.call("POST", &roles, Some(&body));
        let target = format!(
            "{roles}/{}/targets/catalog/apps/oidc_client/{own}",
            text(&role, "/id")
        );
        let (status, answer) = scene.bench.call("PUT", &target, None);
        assert!((200..300).contains(&status), "{answer}");
        let token = crate::ids::api_token();
        let entry = ("00T1".to_owned(), scene.user.clone());
        scene
            .bench
            .shared
            .org()
            .api_tokens
            .insert(token.clone(), entry);
        let token = format!("SSWS {token}");
        let ask = |method: &str, target: &str| {
            let lines = [("authorization", token.as_str())];
            let answer = scene.bench.with(&lines, method, target, "", Vec::new());
            answer.status
        };
        let client = |id: &str| format!("/oauth2/v1/clients/{id}");
        let lines = [("authorization", token.as_str())];
        let all = scene
            .bench
            .with(&lines, "GET", "/oauth2/v1/clients", "", Vec::new());
        let all: serde_json::Value = serde_json::from_slice(&all.body).expect("a list");
        assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
        assert_eq!(ask("GET", &client(&own)), 200);
        assert_eq!(ask("GET", &client(&other)), 403);
        let renew = format!("{}/lifecycle/newSecret", client(&other));
        assert_eq!(ask("POST", &renew), 403);
        assert_eq!(ask("DELETE", &client(&other)), 403);
        assert_eq!(
            ask("POST", &format!("{}/lifecycle/newSecret", client(&own))),
            200
        );
    }
}
