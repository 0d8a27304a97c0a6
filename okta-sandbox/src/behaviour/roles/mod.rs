//! Admin roles of users and groups.

#[cfg(test)]
mod assigned_tests;
mod assignees;
mod conditions;
mod custom;
pub(super) mod governance;
mod user_targets;

pub(super) use custom::named_role;

use serde_json::{Value, json};

use super::users;
use crate::access_requests::{FEATURES, is_off};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::log::{app_target, group_target, named, user_target};
use crate::org::Org;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAssignedRolesForUser" | "listGroupAssignedRoles" | "listRolesForClient" => list,
        "assignRoleToUser" | "assignRoleToGroup" | "assignRoleToClient" => assign,
        "getUserAssignedRole" | "getGroupAssignedRole" | "retrieveClientRole" => get,
        "unassignRoleFromUser" | "unassignRoleFromGroup" | "deleteRoleFromClient" => unassign,
        "listGroupTargetsForRole"
        | "listGroupTargetsForGroupRole"
        | "listGroupTargetRoleForClient" => list_group_targets,
        "assignGroupTargetToUserRole"
        | "assignGroupTargetToGroupAdminRole"
        | "assignGroupTargetRoleForClient" => add_group_target,
        "unassignGroupTargetFromUserAdminRole"
        | "unassignGroupTargetFromGroupAdminRole"
        | "removeGroupTargetRoleFromClient" => remove_group_target,
        "listApplicationTargetsForApplicationAdministratorRoleForUser"
        | "listApplicationTargetsForApplicationAdministratorRoleForGroup"
        | "listAppTargetRoleToClient" => list_app_targets,
        "assignAppTargetToAdminRoleForUser"
        | "assignAppTargetToAdminRoleForGroup"
        | "assignAppInstanceTargetToAppAdminRoleForUser"
        | "assignAppInstanceTargetToAppAdminRoleForGroup"
        | "assignAppTargetRoleToClient"
        | "assignAppTargetInstanceRoleForClient" => add_app_target,
        "unassignAppTargetFromAppAdminRoleForUser"
        | "unassignAppTargetToAdminRoleForGroup"
        | "unassignAppInstanceTargetFromAdminRoleForUser"
        | "unassignAppInstanceTargetToAppAdminRoleForGroup"
        | "removeAppTargetRoleFromClient"
        | "removeAppTargetInstanceRoleForClient" => remove_app_target,
        _ => {
            return custom::handler(id)
                .or_else(|| user_targets::handler(id))
                .or_else(|| assignees::handler(id))
                .or_else(|| governance::handler(id));
        }
    })
}

const STANDARD: [(&str, &str); 10] = [
    ("SUPER_ADMIN", "Super Administrator"),
    ("ORG_ADMIN", "Organizational Administrator"),
    ("APP_ADMIN", "Application Administrator"),
    ("USER_ADMIN", "Group Administrator"),
    ("HELP_DESK_ADMIN", "Help Desk Administrator"),
    ("READ_ONLY_ADMIN", "Read-only Administrator"),
    ("MOBILE_ADMIN", "Mobile Administrator"),
    (
        "API_ACCESS_MANAGEMENT_ADMIN",
        "API Access Management Administrator",
    ),
    ("REPORT_ADMIN", "Report Administrator"),
    ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
];

/// The name of a standard role for people.
fn label_of(kind: &str) -> Option<&'static str> {
    let found = STANDARD.iter().find(|(name, _)| *name == kind);
    found.map(|(_, label)| *label)
}

/// The member of a role that says that governance gave it.
const GOVERNED: &str = "~governed";

/// Base32 of the role type: the id of a standard role without targets.
fn base32(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bits, mut count, mut out) = (0_u32, 0, String::new());
    for byte in text.bytes() {
        bits = (bits << 8) | u32::from(byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            out.push(ALPHABET[(bits >> count & 31) as usize] as char);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(ALPHABET[(bits << (5 - count) & 31) as usize] as char);
    }
    out
}

/// Whom a role is assigned to.
struct Assignee {
    path: String,
    kind: &'static str,
    events: &'static str,
    target: Value,
}

impl Assignee {
    fn of(call: &Call<'_>) -> Result<Self, Fault> {
        let named = call.parameter(0);
        if call.operation.path.starts_with("/api/v1/groups/") {
            let group = call
                .org
                .groups
                .get(named)
                .ok_or_else(|| Fault::not_found(named, "UserGroup"))?;
            let path = format!("/api/v1/groups/{named}");
            return Ok(Self {
                path,
                kind: "GROUP",
                events: "group.privilege",
                target: group_target(group),
            });
        }
        if call.operation.path.starts_with("/oauth2/v1/clients/") {
            let app = call.org.apps.get(named);
            let app = app.filter(|app| app.pointer("/settings/oauthClient").is_some());
            let app = app.ok_or_else(|| Fault::not_found(named, "PublicClientApp"))?;
            return Ok(Self {
                path: format!("/oauth2/v1/clients/{named}"),
                kind: "CLIENT",
                events: "app.oauth2.client.privilege",
                target: app_target(app),
            });
        }
        let id = users::resolve(call, named)?;
        Self::user(call.org, &id).ok_or_else(|| Fault::not_found(named, "User"))
    }

    fn user(org: &Org, id: &str) -> Option<Self> {
        Some(Self {
            path: format!("/api/v1/users/{id}"),
            kind: "USER",
            events: "user.account.privilege",
            target: user_target(org.users.get(id)?),
        })
    }

    /// Where the roles stand; their targets stand below.
    fn shelf(&self) -> String {
        format!("{}/roles", self.path)
    }

    fn view(&self, role: &Value, base: &str) -> Value {
        let mut role = role.clone();
        remove(&mut role, GOVERNED);
        role["_links"] = json!({ "assignee": { "href": format!("{base}{}", self.path) } });
        role
    }

    fn role(&self, call: &mut Call<'_>) -> Result<Value, Fault> {
        let id = call.parameter(1);
        let found = call.org.shelf(&self.shelf()).get(id).cloned();
        found.ok_or_else(|| Fault::not_found(id, "RoleAssignment"))
    }

    fn targets(&self, call: &mut Call<'_>, kind: &str) -> Result<String, Fault> {
        let role = self.role(call)?;
        Ok(format!(
            "{}/{}/targets/{kind}",
            self.shelf(),
            text(&role, "/id")
        ))
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let base = call.base();
    let roles = call
        .org
        .shelf(&who.shelf())
        .values()
        .map(|role| who.view(role, base))
        .collect();
    Ok(Answer::ok(&Value::Array(roles)))
}

fn assign(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    if who.kind == "CLIENT" && is_off(call.org, FEATURES[1]) {
        return Err(Fault::code("E0000015", &[]));
    }
    if who.kind == "GROUP" {
        may_govern(call.org, call.parameter(0))?;
    }
    let body = call.request.object()?;
    let kind = text(&body, "/type");
    let label = match label_of(kind) {
        Some(label) => label.to_owned(),
        None if kind == "CUSTOM" => {
            let role = custom::named_role(call, text(&body, "/role"))?;
            super::resource_sets::check(call.org, text(&body, "/resource-set"))?;
            text(&role, "/label").to_owned()
        }
        None => {
            return Err(Fault::validation(
                "type",
                &["type: The role type is unknown."],
            ));
        }
    };
    let taken = call
        .org
        .shelf(&who.shelf())
        .values()
        .any(|r| text(r, "/type") == kind && kind != "CUSTOM");
    if taken {
        return Err(Fault::code("E0000090", &[]));
    }
    let mut role = json!({ "type": kind, "label": label });
    if kind == "CUSTOM" {
        role["role"] = body["role"].clone();
        role["resource-set"] = body["resource-set"].clone();
    }
    let role = give(call, &who, role);
    Ok(Answer::json(201, &who.view(&role, call.base())))
}

/// How many members a group with an admin role may have.
const MOST_MEMBERS: usize = 5000;

/// Refuses groups whose members are not chosen with care.
fn may_govern(org: &Org, id: &str) -> Result<(), Fault> {
    let group = org.groups.get(id).unwrap_or(&Value::Null);
    let name = text(group, "/profile/name");
    let refused = |code, reason: &str| Err(Fault::api(400, code, format!("{reason} {name}"), &[]));
    if text(group, "/type") == "BUILT_IN" {
        return refused("E0000211", "Roles cannot be granted to built-in groups:");
    }
    if super::rules::is_target(org, id) {
        let reason = "Roles cannot be granted to groups with group membership rules.";
        return refused("E0000192", reason);
    }
    match org.members.count(id) > MOST_MEMBERS {
        true => refused(
            "E0000193",
            "Roles can only be granted to groups with 5000 or less users.",
        ),
        false => Ok(()),
    }
}

/// Takes all roles of a user away who is deactivated, also those of bindings.
pub(super) fn lose_all(call: &mut Call<'_>, user: &str) {
    let Some(who) = Assignee::user(call.org, user) else {
        return;
    };
    let roles = call.org.shelves.get(&who.shelf());
    let roles: Vec<Value> = roles
        .into_iter()
        .flat_map(|r| r.values())
        .cloned()
        .collect();
    for role in roles {
        take_back(call, &who, &role);
    }
    super::resource_sets::forget_member(call.org, &format!("/users/{user}"));
}

/// Gives a role, of which type and label are known.
fn give(call: &mut Call<'_>, who: &Assignee, mut role: Value) -> Value {
    let kind = text(&role, "/type");
    let id = match (kind, who.kind) {
        ("SUPER_ADMIN" | "CUSTOM", "USER" | "CLIENT") => call.org.dice.id("ra1"),
        ("SUPER_ADMIN" | "CUSTOM" | "READ_ONLY_ADMIN", _) => call.org.dice.id("gra"),
        _ => base32(kind),
    };
    let now = clock::zero_millis(call.org.clock.now());
    let common = json!({
        "id": id, "status": "ACTIVE", "created": now, "lastUpdated": now,
        "assignmentType": who.kind,
    });
    merge(&mut role, &common);
    call.org.shelf(&who.shelf()).put(&id, role.clone());
    let target = named("ROLE", &id, "unknown", text(&role, "/label"));
    let event = format!("{}.grant", who.events);
    call.log(&event, vec![who.target.clone(), target]);
    role
}

fn get(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let role = who.role(call)?;
    Ok(Answer::ok(&who.view(&role, call.base())))
}

fn unassign(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let role = who.role(call)?;
    take_back(call, &who, &role);
    Ok(Answer::no_content())
}

/// Takes a role away, with all that stands below it.
fn take_back(call: &mut Call<'_>, who: &Assignee, role: &Value) {
    let id = text(role, "/id");
    call.org.shelf(&who.shelf()).remove(id);
    let below = format!("{}/{id}/", who.shelf());
    call.org.remove_below(&below);
    let target = named("ROLE", id, "unknown", text(role, "/label"));
    let event = format!("{}.revoke", who.events);
    call.log(&event, vec![who.target.clone(), target]);
}

fn list_group_targets(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let shelf = who.targets(call, "groups")?;
    call.org.shelf(&shelf);
    let (org, base) = (&*call.org, call.base());
    let hits = org.shelves[&shelf].placed();
    let hits = hits.filter_map(|(place, id)| Some((place, org.groups.get(id.as_str()?)?)));
    call.list(Size::new(20, 200), hits, |group| {
        super::groups::view(org, group, base)
    })
}

fn add_group_target(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let shelf = who.targets(call, "groups")?;
    let group = call.parameter(2);
    if !call.org.groups.contains(group) {
        return Err(Fault::not_found(group, "UserGroup"));
    }
    call.org.shelf(&shelf).put(group, json!(group));
    Ok(Answer::no_content())
}

/// The last target of a role cannot be taken away: the role would become org-wide.
fn remove_target(call: &mut Call<'_>, shelf: &str, id: &str) -> Outcome {
    let targets = call.org.shelf(shelf);
    if targets.contains(id) && targets.len() == 1 {
        let cause = "Cannot remove the last target of a role assignment.";
        return Err(Fault::validation("targets", &[cause]));
    }
    targets.remove(id);
    Ok(Answer::no_content())
}

fn remove_group_target(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let shelf = who.targets(call, "groups")?;
    remove_target(call, &shelf, call.parameter(2))
}

fn list_app_targets(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let shelf = who.targets(call, "catalog/apps")?;
    call.org.shelf(&shelf);
    let org = &*call.org;
    call.list(
        Size::new(20, 200),
        org.shelves[&shelf].placed(),
        Value::clone,
    )
}

/// An app name, or a name and an instance's id.
fn app_target_id(call: &Call<'_>) -> String {
    match call.parameter(3) {
        "" => call.parameter(2).to_owned(),
        instance => format!("{}/{instance}", call.parameter(2)),
    }
}

/// The name for people of a catalogue app: `zoho_crm` gives "Zoho Crm".
fn display_name(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut word = word.to_owned();
        if let Some(first) = word.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        word
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Makes an instance of an app a target.
fn add_app(call: &mut Call<'_>, shelf: &str, app: &Value) {
    let id = text(app, "/id");
    let own = format!("{}/api/v1/apps/{id}", call.base());
    let target = json!({
        "name": app["label"], "status": app["status"], "id": id,
        "_links": { "self": { "href": own } },
    });
    let key = format!("{}/{id}", text(app, "/name"));
    call.org.shelf(shelf).put(&key, target);
}

fn add_app_target(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let shelf = who.targets(call, "catalog/apps")?;
    let (name, instance) = (call.parameter(2), call.parameter(3));
    let target = json!({
        "name": name, "displayName": display_name(name), "status": "ACTIVE",
        "lastUpdated": call.org.created, "category": "SSO", "verificationStatus": "OKTA_VERIFIED",
        "website": null, "signOnModes": ["BROWSER_PLUGIN"],
        "description": format!("{} from the app catalogue", display_name(name)),
        "_links": {
            "logo": [{
                "name": "medium", "href": format!("{}/assets/img/logos/default.png", call.base()),
            }],
            "self": { "href": format!("{}/api/v1/catalog/apps/{name}", call.base()) },
        },
    });
    if !instance.is_empty() {
        let app = call
            .org
            .apps
            .get(instance)
            .ok_or_else(|| Fault::not_found(instance, "AppInstance"))?;
        let app = app.clone();
        add_app(call, &shelf, &app);
        return Ok(Answer::no_content());
    }
    let id = app_target_id(call);
    call.org.shelf(&shelf).put(&id, target);
    Ok(Answer::no_content())
}

fn remove_app_target(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let shelf = who.targets(call, "catalog/apps")?;
    let id = app_target_id(call);
    remove_target(call, &shelf, &id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_of_standard_roles_are_the_services() {
        assert_eq!(super::base32("APP_ADMIN"), "IFIFAX2BIRGUSTQ");
        assert_eq!(super::base32("USER_ADMIN"), "KVJUKUS7IFCE2SKO");
        assert_eq!(super::base32("HELP_DESK_ADMIN"), "JBCUYUC7IRCVGS27IFCE2SKO");
    }
}
