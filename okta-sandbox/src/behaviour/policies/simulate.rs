//! Which policies and rules a made-up sign-in to an app would meet.
//!
//! The published description has a list of simulations and an answer that is a list; the guides, and
//! the service in recorded traffic, have one simulation and its `evaluation`. Both are taken, each
//! answered in its own form.

use serde_json::{Value, json};

use super::conditions::{self, Finding, Scene, Verdict};
use super::mappings;
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::oauth::policy::{by_priority, list};
use crate::oauth::sign_in;
use crate::org::Org;
use crate::schema;

const TYPES: [&str; 4] = [
    "OKTA_SIGN_ON",
    "MFA_ENROLL",
    "ACCESS_POLICY",
    "PROFILE_ENROLLMENT",
];

pub(super) fn simulate(call: &mut Call<'_>) -> Outcome {
    let body = call.request.json()?;
    let one_alone = body.is_object();
    let bodies = match body {
        Value::Array(bodies) => bodies,
        one @ Value::Object(_) => vec![one],
        _ => return Err(Fault::malformed()),
    };
    let bodies = Value::Array(bodies);
    if let Some(ty) = &schema::facts(call.operation.id).request {
        schema::check_kinds(call.operation.api, ty, &bodies)?;
    }
    let wish = Wish {
        evaluated: expands(call, "EVALUATED"),
        details: expands(call, "RULE"),
        one_alone,
    };
    let mut evaluations = Vec::new();
    for body in bodies.as_array().into_iter().flatten() {
        let context = &body["policyContext"];
        // The description of the list demands both, one of them empty.
        if !one_alone && context.is_object() && context["groups"].is_null() {
            return Err(Fault::malformed());
        }
        evaluations.extend(one(call.org, body, &wish)?);
    }
    let evaluations = Value::Array(evaluations);
    Ok(Answer::ok(&match one_alone {
        true => json!({ "evaluation": evaluations }),
        false => evaluations,
    }))
}

/// What the caller wants to see.
struct Wish {
    evaluated: bool,
    details: bool,
    one_alone: bool,
}

fn expands(call: &Call<'_>, wanted: &str) -> bool {
    let given = call
        .request
        .query
        .iter()
        .filter(|(name, _)| name == "expand");
    given
        .flat_map(|(_, value)| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(wanted))
}

fn one(org: &Org, body: &Value, wish: &Wish) -> Result<Vec<Value>, Fault> {
    let app = text(body, "/appInstance");
    if app.is_empty() {
        let cause = "appInstance: The field cannot be left blank";
        return Err(Fault::validation("appInstance", &[cause]));
    }
    let app = org
        .apps
        .get(app)
        .ok_or_else(|| Fault::not_found(app, "AppInstance"))?;
    let asked: Vec<&str> = list(body, "/policyTypes").collect();
    if let Some(unknown) = asked.iter().find(|kind| !TYPES.contains(kind)) {
        let cause = format!("policyTypes: Policies of type {unknown} can't be simulated");
        return Err(Fault::validation("policyTypes", &[&cause]));
    }
    let scene = scene(org, app, &body["policyContext"])?;
    let kinds = TYPES
        .into_iter()
        .filter(|kind| asked.is_empty() || asked.contains(kind));
    Ok(kinds
        .map(|kind| evaluation(org, &scene, kind, wish))
        .collect())
}

/// Checks what is said of the sign-in.
fn scene<'a>(org: &Org, app: &'a Value, context: &Value) -> Result<Scene<'a>, Fault> {
    let words =
        |pointer: &str| -> Vec<String> { list(context, pointer).map(str::to_owned).collect() };
    let groups = words("/groups/ids");
    let user = text(context, "/user/id");
    if !user.is_empty() && !groups.is_empty() {
        let cause = "policyContext: Give a user or groups, not both";
        return Err(Fault::validation("policyContext", &[cause]));
    }
    let not_allowed = |field: &str, who: &str| {
        let cause = format!(
            "Access to {} is not allowed. {who} is not assigned to this application.",
            text(app, "/label")
        );
        Err(Fault::validation(field, &[&cause]))
    };
    let user = match user {
        "" => None,
        id => {
            let mut user = org
                .users
                .get(id)
                .cloned()
                .ok_or_else(|| Fault::not_found(id, "User"))?;
            if !sign_in::is_assigned(org, app, id) {
                return not_allowed("User", text(&user, "/profile/login"));
            }
            merge(&mut user, &context["user"]);
            Some(user)
        }
    };
    for id in &groups {
        let group = org
            .groups
            .get(id)
            .ok_or_else(|| Fault::not_found(id, "UserGroup"))?;
        let open = app.pointer("/settings/implicitAssignment") == Some(&json!(true));
        if !open && !org.app_groups.contains(text(app, "/id"), id) {
            return not_allowed("Groups", text(group, "/profile/name"));
        }
    }
    let zones = words("/zones/ids");
    let known = org.shelves.get("/api/v1/zones");
    let is_zone = |id: &str| known.is_some_and(|known| known.contains(id));
    if let Some(unknown) = zones.iter().find(|id| !is_zone(id)) {
        return Err(Fault::not_found(unknown, "NetworkZone"));
    }
    let ip = match text(context, "/ip") {
        "" => None,
        address => {
            let cause = "policyContext.ip: The field is no IP address";
            let read = address.parse();
            Some(read.map_err(|_| Fault::validation("policyContext.ip", &[cause]))?)
        }
    };
    let filled = |list: Vec<String>| (!list.is_empty()).then_some(list);
    Ok(Scene {
        app,
        user,
        groups: filled(groups),
        zones: filled(zones),
        ip,
        risk: context["risk"]["level"].as_str().map(str::to_owned),
        device: context["device"].clone(),
    })
}

/// The policies of a type that can apply to an app, in the order in which they are tried.
fn candidates<'o>(org: &'o Org, app: &Value, kind: &str) -> Vec<&'o Value> {
    let of_kind = org.policies.values().filter(|p| text(p, "/type") == kind);
    match mappings::member_of_apps(kind) {
        None => by_priority(of_kind),
        // An app has one of these.
        Some(member) => {
            let chosen = format!("{} {member}", text(app, "/id"));
            let chosen = org.app_policies.get(&chosen).cloned();
            let chosen = chosen.or_else(|| org.default_policy(kind));
            of_kind
                .filter(|p| Some(text(p, "/id")) == chosen.as_deref())
                .collect()
        }
    }
}

/// A policy or a rule with what was found of it.
struct Looked<'o> {
    object: &'o Value,
    verdict: Verdict,
    findings: Vec<Finding>,
}

fn look<'o>(org: &Org, scene: &Scene<'_>, object: &'o Value) -> Looked<'o> {
    let findings = conditions::findings(org, scene, object);
    Looked {
        object,
        verdict: conditions::total(&findings),
        findings,
    }
}

impl Looked<'_> {
    fn view(&self, details: bool) -> Value {
        let conditions = self
            .findings
            .iter()
            .filter(|_| details)
            .map(|one| json!({ "type": one.condition, "status": one.verdict.name() }));
        json!({
            "id": self.object["id"], "name": self.object["name"], "status": self.verdict.name(),
            "conditions": conditions.collect::<Vec<_>>(),
        })
    }
}

/// A policy with some of its rules.
fn with_rules<'r, 'o: 'r>(
    policy: &Looked<'o>,
    rules: impl Iterator<Item = &'r Looked<'o>>,
    details: bool,
) -> Value {
    let mut shown = policy.view(details);
    shown["rules"] = rules.map(|rule| rule.view(details)).collect();
    shown
}

fn evaluation(org: &Org, scene: &Scene<'_>, kind: &str, wish: &Wish) -> Value {
    let (mut result, mut undefined, mut evaluated) = (Vec::new(), Vec::new(), Vec::new());
    for policy in candidates(org, scene.app, kind) {
        let policy = look(org, scene, policy);
        let mut rules = Vec::new();
        let shelf = org.policy_rules.get(text(policy.object, "/id"));
        let shelf = shelf.filter(|_| policy.verdict != Verdict::NotMatch);
        for rule in by_priority(shelf.into_iter().flat_map(|shelf| shelf.values())) {
            let rule = look(org, scene, rule);
            let is_last = rule.verdict == Verdict::Match;
            rules.push(rule);
            if is_last {
                break;
            }
        }
        let open = |rule: &&Looked<'_>| rule.verdict == Verdict::Undefined;
        if policy.verdict == Verdict::Undefined || rules.iter().any(|rule| open(&rule)) {
            let open = rules.iter().filter(open);
            undefined.push(with_rules(&policy, open, wish.details));
        }
        let last = rules.last().filter(|rule| rule.verdict == Verdict::Match);
        let last = last.filter(|_| policy.verdict == Verdict::Match);
        if let Some(rule) = last {
            result.push(with_rules(&policy, std::iter::once(rule), true));
        }
        if wish.evaluated {
            evaluated.push(with_rules(&policy, rules.iter(), wish.details));
        }
        if last.is_some() {
            break;
        }
    }
    let verdict = match (result.is_empty(), undefined.is_empty()) {
        (false, _) => Verdict::Match,
        (true, false) => Verdict::Undefined,
        (true, true) => Verdict::NotMatch,
    };
    json!({
        "status": (!wish.one_alone).then_some(verdict.name()),
        "policyType": match wish.one_alone { true => json!(kind), false => json!([kind]) },
        "result": { "policies": result },
        "undefined": { "policies": undefined },
        "evaluated": { "policies": evaluated },
    })
}
