//! What an org says of governance as a whole: who may appoint delegates, what is analyzed, whether
//! requests may be escalated.

use serde_json::{Value, json};

use super::settings;
use crate::access_requests::steps;
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, merge};
use crate::org::Org;
use crate::schema::Fullness;

const SHELF: &str = "/governance/api/v1/settings";

fn current(org: &Org) -> Value {
    let kept = org.shelves.get(SHELF).and_then(|shelf| shelf.get(&org.id));
    let mut settings = kept.cloned().unwrap_or_else(|| json!({}));
    fill(
        &mut settings,
        &json!({
            "delegates": { "enduser": { "permissions": ["READ"], "onlyFor": [] } },
            "governanceAI": {
                "securityAccessReview": { "enabled": false },
                "governanceAnalyzer": { "recommendationsEnabled": false },
            },
            "escalations": { "accessRequests": { "endUserCanEscalate": false } },
            "integrations": { "supported": [{ "type": "SLACK" }] },
        }),
    );
    settings
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&current(call.org)))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let mut body = call.given(Fullness::Part)?;
    if let Some(enduser) = body.pointer_mut("/delegates/enduser") {
        check(enduser)?;
    }
    let mut settings = current(call.org);
    merge(&mut settings, &body);
    let id = call.org.id.clone();
    call.org.shelf(SHELF).put(&id, settings.clone());
    settings::log(call, "Governance settings");
    Ok(Answer::ok(&settings))
}

/// One permission; whom people may appoint is a matter of those who may.
fn check(enduser: &mut Value) -> Result<(), Fault> {
    let invalid = |member: &str| {
        let cause = format!("{member}: The field has an invalid value");
        Err(Fault::validation(member, &[&cause]))
    };
    if let Some(permissions) = enduser.get("permissions") {
        let one = permissions.as_array().filter(|all| all.len() == 1);
        if !one.is_some_and(|all| all[0] == "READ" || all[0] == "WRITE") {
            return invalid("permissions");
        }
    }
    if let Some(only) = enduser.get("onlyFor") {
        let kinds: Vec<&Value> = { only.as_array().into_iter().flatten() }
            .map(|one| &one["type"])
            .collect();
        let managers = kinds.iter().any(|kind| **kind == "MANAGER");
        if !kinds.is_empty() && !managers {
            return invalid("onlyFor");
        }
    } else if enduser.get("permissions").is_some() {
        enduser["onlyFor"] = json!([]);
    }
    Ok(())
}

/// What people may do with their delegates, and for whom: `(permissions, onlyFor)`.
pub(super) fn delegation(org: &Org) -> (Value, Value) {
    let enduser = &mut current(org)["delegates"]["enduser"];
    (enduser["permissions"].take(), enduser["onlyFor"].take())
}

/// True if people may choose their delegates.
pub(super) fn may_appoint(org: &Org) -> bool {
    delegation(org).0 == json!(["WRITE"])
}

/// True if a person may be another one's delegate by that one's own choice.
pub(super) fn may_be_chosen(org: &Org, person: &str, delegate: &str) -> bool {
    let (_, only) = delegation(org);
    let only = only.as_array().map_or(&[][..], Vec::as_slice);
    let Some(manager) = steps::manager(org, person).filter(|_| !only.is_empty()) else {
        return only.is_empty();
    };
    let peers = only.iter().any(|one| one["type"] == "PEERS");
    manager == delegate || (peers && steps::manager(org, delegate).as_ref() == Some(&manager))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;
    use crate::json::text;

    const MINE: &str = "/governance/api/v1/my/settings";

    #[test]
    fn settings_of_governance_are_not_the_orgs() {
        let bench = Bench::new();
        let (status, settings) = bench.call("GET", SHELF, None);
        assert_eq!(status, 200);
        assert!(settings.get("companyName").is_none(), "{settings}");
        assert_eq!(
            settings["delegates"]["enduser"]["permissions"],
            json!(["READ"])
        );
        let body = json!({ "escalations": { "accessRequests": { "endUserCanEscalate": true } } });
        let (status, changed) = bench.call("PATCH", SHELF, Some(&body));
        assert_eq!(
            (
                status,
                changed.pointer("/escalations/accessRequests/endUserCanEscalate")
            ),
            (200, Some(&json!(true)))
        );
        assert_eq!(bench.call("GET", SHELF, None).1, changed);
        let (_, org) = bench.call("GET", "/api/v1/org", None);
        assert!(org.get("escalations").is_none(), "{org}");
        let body = json!({ "companyName": "Mine" });
        let (_, org) = bench.call("POST", "/api/v1/org", Some(&body));
        assert_eq!(org["companyName"], "Mine");
        for enduser in [
            json!({ "permissions": ["READ", "WRITE"] }),
            json!({ "permissions": ["OTHER"] }),
            json!({ "permissions": ["WRITE"], "onlyFor": [{ "type": "PEERS" }] }),
        ] {
            let body = json!({ "delegates": { "enduser": enduser } });
            assert_eq!(bench.call("PATCH", SHELF, Some(&body)).0, 400, "{body}");
        }
    }

    #[test]
    fn people_appoint_delegates_where_the_org_lets_them() {
        let bench = Bench::new();
        let person = |login: &str, manager: &str| {
            let body = json!({ "profile": { "login": login, "email": login, "firstName": "A",
                "lastName": "B", "managerId": manager } });
            let (status, user) = bench.call("POST", "/api/v1/users?activate=false", Some(&body));
            assert_eq!(status, 200, "{user}");
            let id = text(&user, "/id").to_owned();
            let activate = format!("/api/v1/users/{id}/lifecycle/activate?sendEmail=false");
            bench.call("POST", &activate, None);
            if let Some(user) = bench.shared.org().users.get_mut(&id) {
                user["status"] = json!("ACTIVE");
            }
            id
        };
        let boss = person("boss@a.example", "");
        let (peer, other) = (
            person("p@a.example", "boss@a.example"),
            person("o@a.example", ""),
        );
        let me = bench.shared.org().admin.clone();
        if let Some(admin) = bench.shared.org().users.get_mut(&me) {
            admin["profile"]["managerId"] = json!("boss@a.example");
        }
        let appoint = |whom: &str| {
            let one = json!({ "delegate": { "externalId": whom, "type": "OKTA_USER" } });
            let body = json!({ "delegates": { "appointments": [one] } });
            bench.call("PATCH", MINE, Some(&body)).0
        };
        let allow = |permission: &str, only: &[&str]| {
            let only: Vec<Value> = only.iter().map(|kind| json!({ "type": kind })).collect();
            let enduser = json!({ "permissions": [permission], "onlyFor": only });
            let body = json!({ "delegates": { "enduser": enduser } });
            assert_eq!(bench.call("PATCH", SHELF, Some(&body)).0, 200);
        };
        assert_eq!(appoint(&boss), 403, "read only unless the org says more");
        allow("WRITE", &["MANAGER"]);
        assert_eq!(
            [&boss, &peer, &other].map(|whom| appoint(whom)),
            [200, 400, 400]
        );
        allow("WRITE", &["MANAGER", "PEERS"]);
        assert_eq!(
            [&boss, &peer, &other].map(|whom| appoint(whom)),
            [200, 200, 400]
        );
        allow("WRITE", &[]);
        assert_eq!(appoint(&other), 200);
        let (_, mine) = bench.call("GET", MINE, None);
        assert_eq!(mine["delegates"]["permissions"], json!(["WRITE"]));
    }
}
