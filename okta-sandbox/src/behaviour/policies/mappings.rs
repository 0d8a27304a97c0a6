//! What a policy is mapped to: apps to the policies that guard them, and sign-on policies to the one
//! that collects signals of devices. Apps follow from their own choice, so that all sides agree.

use serde_json::{Value, json};

use super::named_policy;
use crate::behaviour::apps;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::jwk;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listPolicyApps" => list_apps,
        "listPolicyMappings" => list,
        "mapResourceToPolicy" => create,
        "getPolicyMapping" => get,
        "deletePolicyResourceMapping" => delete,
        _ => return None,
    })
}

/// How apps name the policy of a type that they have, if they have one of it.
pub(crate) fn member_of_apps(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "ACCESS_POLICY" => "accessPolicy",
        "PROFILE_ENROLLMENT" => "profileEnrollment",
        _ => return None,
    })
}

/// The type of the policies that others are mapped to.
const COLLECTOR: &str = "DEVICE_SIGNAL_COLLECTION";

/// Which policies collect for others: the other's id to the collector's.
const COLLECTED: &str = "/api/v1/policies/~collected";

/// The apps of a policy: those that chose it, and of a system policy those that chose none.
fn apps_of(org: &Org, policy: &Value) -> Vec<String> {
    let id = text(policy, "/id");
    let Some(member) = member_of_apps(text(policy, "/type")) else {
        return Vec::new();
    };
    let default = policy["system"] == true;
    org.apps
        .values()
        .map(|app| text(app, "/id"))
        .filter(
            |app| match org.app_policies.get(&format!("{app} {member}")) {
                Some(chosen) => chosen == id,
                None => default,
            },
        )
        .map(str::to_owned)
        .collect()
}

/// What a mapping ties to the policy.
enum Resource {
    App(String),
    Policy(String),
}

impl Resource {
    /// The id follows from both sides, so that nothing is stored beside the choice itself.
    fn mapping_id(&self, policy: &str) -> String {
        let (Self::App(resource) | Self::Policy(resource)) = self;
        let hash = jwk::sha256(format!("{policy} {resource}").as_bytes());
        let letters = hash.chars().filter(char::is_ascii_alphanumeric);
        format!("rma{}", letters.take(17).collect::<String>())
    }

    fn view(&self, policy: &str, base: &str) -> Value {
        let id = self.mapping_id(policy);
        let own = format!("{base}/api/v1/policies/{policy}/mappings/{id}");
        let (name, href) = match self {
            Self::App(app) => ("application", format!("{base}/api/v1/apps/{app}")),
            Self::Policy(other) => ("policy", format!("{base}/api/v1/policies/{other}")),
        };
        json!({
            "id": id,
            "_links": {
                "self": { "href": own, "hints": { "allow": ["GET", "DELETE"] } },
                name: { "href": href },
            },
        })
    }
}

/// Everything that is mapped to a policy.
fn resources(call: &mut Call<'_>, policy: &Value) -> Vec<Resource> {
    let id = text(policy, "/id");
    let apps = apps_of(call.org, policy).into_iter().map(Resource::App);
    let policies = call
        .org
        .shelf(COLLECTED)
        .values()
        .filter(|one| text(one, "/collector") == id)
        .map(|one| Resource::Policy(text(one, "/policy").to_owned()));
    let policies: Vec<Resource> = policies.collect();
    let known = |resource: &Resource| match resource {
        Resource::App(_) => true,
        Resource::Policy(other) => call.org.policies.contains(other),
    };
    apps.chain(policies.into_iter().filter(known)).collect()
}

fn list_apps(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    let ids = apps_of(call.org, &policy);
    let base = call.base();
    let apps = ids.iter().filter_map(|id| call.org.apps.get(id));
    let shown = apps.map(|app| apps::links::view(app, call.org, base));
    call.all(shown.collect())
}

fn list(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    let (id, base) = (text(&policy, "/id"), call.base());
    let resources = resources(call, &policy);
    call.all(resources.iter().map(|one| one.view(id, base)).collect())
}

fn named_mapping(call: &mut Call<'_>) -> Result<(Value, Resource), Fault> {
    let policy = named_policy(call)?;
    let wanted = call.parameter(1);
    let id = text(&policy, "/id").to_owned();
    let found = resources(call, &policy)
        .into_iter()
        .find(|one| one.mapping_id(&id) == wanted);
    found
        .map(|resource| (policy, resource))
        .ok_or_else(|| Fault::not_found(wanted, "PolicyMapping"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (policy, resource) = named_mapping(call)?;
    Ok(Answer::ok(
        &resource.view(text(&policy, "/id"), call.base()),
    ))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    let body = call.request.object()?;
    if text(&body, "/resourceType") != "ACCESS_POLICY" {
        let cause =
            "resourceType: The field has an invalid value. Possible values are: [ACCESS_POLICY]";
        return Err(Fault::validation("resourceType", &[cause]));
    }
    let resource = text(&body, "/resourceId");
    if resource.is_empty() {
        let cause = "resourceId: The field cannot be left blank";
        return Err(Fault::validation("resourceId", &[cause]));
    }
    if text(&policy, "/type") != COLLECTOR {
        let cause =
            "policyId: Resources can be mapped to policies of type DEVICE_SIGNAL_COLLECTION only";
        return Err(Fault::validation("policyId", &[cause]));
    }
    let other = call.org.policies.get(resource);
    let other = other.ok_or_else(|| Fault::not_found(resource, "Policy"))?;
    if text(other, "/type") != "ACCESS_POLICY" {
        let cause = "resourceId: The resource is not of type ACCESS_POLICY";
        return Err(Fault::validation("resourceId", &[cause]));
    }
    let id = text(&policy, "/id");
    // A policy has one collector: the last one named.
    let record = json!({ "policy": resource, "collector": id });
    call.org.shelf(COLLECTED).put(resource, record);
    let resource = Resource::Policy(resource.to_owned());
    Ok(Answer::ok(&resource.view(id, call.base())))
}

/// An app without a choice of its own falls back to the system policy, which it cannot leave.
fn delete(call: &mut Call<'_>) -> Outcome {
    let (policy, resource) = named_mapping(call)?;
    match resource {
        Resource::Policy(other) => {
            call.org.shelf(COLLECTED).remove(&other);
        }
        Resource::App(_) if policy["system"] == true => {
            let cause = "policyId: Apps leave the default policy by the assignment of another one";
            return Err(Fault::validation("policyId", &[cause]));
        }
        Resource::App(app) => {
            let member = member_of_apps(text(&policy, "/type")).unwrap_or_default();
            call.org.app_policies.remove(&format!("{app} {member}"));
            if let Some(app) = call.org.apps.get(&app).map(crate::log::app_target) {
                call.log("application.policy.sign_on.update", vec![app]);
            }
        }
    }
    Ok(Answer::no_content())
}
