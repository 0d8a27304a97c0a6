//! What the standard roles may do.

use super::{Area, Asked, Role};
use crate::json::text;
use crate::oauth::is_member;
use crate::org::Org;

/// True if a standard role covers a request, its targets aside.
pub(super) fn allows(kind: &str, asked: &Asked<'_>) -> bool {
    use Area::{
        Apps, Assignments, Clients, Devices, Governance, Groups, Logs, Members, Policies, Roles,
        Rules, Schemas, Servers, Users,
    };
    let read = !asked.write;
    match (kind, asked.area) {
        ("SUPER_ADMIN", _) => true,
        ("READ_ONLY_ADMIN", _) => read,
        ("ORG_ADMIN", Apps | Clients | Servers | Roles | Governance) => read,
        ("ORG_ADMIN", _) => true,
        ("APP_ADMIN", Apps | Assignments | Clients | Schemas) => true,
        ("APP_ADMIN", Users | Groups | Members | Rules | Policies | Logs) => read,
        ("USER_ADMIN", Users | Members) => true,
        ("USER_ADMIN", Groups | Schemas | Logs) => read,
        ("HELP_DESK_ADMIN", Users) => read || helps(asked),
        ("HELP_DESK_ADMIN", Groups | Members | Logs) => read,
        ("GROUP_MEMBERSHIP_ADMIN", Members) => true,
        ("GROUP_MEMBERSHIP_ADMIN", Users | Groups) => read,
        ("API_ACCESS_MANAGEMENT_ADMIN", Servers | Clients) => true,
        ("API_ACCESS_MANAGEMENT_ADMIN", Apps) => asked.method != "DELETE",
        ("API_ACCESS_MANAGEMENT_ADMIN", Users | Groups | Members | Schemas | Logs) => read,
        ("MOBILE_ADMIN", Devices) => true,
        ("MOBILE_ADMIN", Users | Groups | Members | Apps | Policies | Schemas) => read,
        ("REPORT_ADMIN", Logs | Users | Groups | Apps) => read,
        ("ACCESS_CERTIFICATIONS_ADMIN" | "ACCESS_REQUESTS_ADMIN", Governance) => true,
        ("ACCESS_CERTIFICATIONS_ADMIN" | "ACCESS_REQUESTS_ADMIN", Users | Groups | Apps) => read,
        _ => false,
    }
}

/// What the help desk does for a user: credentials, factors, sessions, locks.
fn helps(asked: &Asked<'_>) -> bool {
    match (asked.segment(4), asked.segment(5)) {
        ("lifecycle", step) => matches!(
            step,
            "reset_password"
                | "expire_password"
                | "expire_password_with_temp_password"
                | "unlock"
                | "reset_factors"
        ),
        ("credentials", step) => step == "forgot_password",
        ("sessions" | "factors", _) => asked.method == "DELETE",
        _ => false,
    }
}

/// True if a request stays within the targets of a role.
pub(super) fn targeted(org: &Org, role: &Role, asked: &Asked<'_>) -> bool {
    let within_group = |user: &str| {
        let id = org
            .logins
            .get(&user.to_lowercase())
            .map_or(user, String::as_str);
        role.groups.iter().any(|group| is_member(org, group, id))
    };
    match asked.area {
        // Whom to put into a group has to be looked up among all.
        Area::Users if role.kind == "GROUP_MEMBERSHIP_ADMIN" => true,
        Area::Users if !role.groups.is_empty() => match asked.item {
            Some(user) => within_group(user),
            None if asked.write => {
                !asked.new_groups.is_empty()
                    && asked.new_groups.iter().all(|g| role.groups.contains(g))
            }
            None => true,
        },
        Area::Groups | Area::Members if !role.groups.is_empty() => asked
            .item
            .is_none_or(|group| role.groups.iter().any(|target| target == group)),
        Area::Apps | Area::Assignments | Area::Clients if !role.apps.is_empty() => match asked.item
        {
            Some(id) => {
                let name = org.apps.get(id).map_or("", |app| text(app, "/name"));
                role.apps
                    .iter()
                    .any(|target| target == id || target == name)
            }
            None => !asked.write,
        },
        _ => true,
    }
}
