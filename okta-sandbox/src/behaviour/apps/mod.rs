//! Applications: create, read, replace, lifecycle, delete.

mod connections;
mod cross_app_access;
mod defaults;
pub(crate) mod federated_claims;
mod first_party;
pub(crate) mod grants;
mod keys;
pub(crate) mod links;
mod logo;
#[cfg(test)]
mod settings_tests;
pub(crate) mod signing;

use serde_json::{Value, json};

use super::{schemas, secrets};
use crate::admin::Listed;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::expression::{Case, Expression, Operator};
use crate::fault::Fault;
use crate::json::text;
use crate::log::app_target;
use crate::org::Org;
use crate::paging::Size;
use crate::search;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApplications" => list,
        "createApplication" => create,
        "getApplication" => get,
        "replaceApplication" => replace,
        "deleteApplication" => delete,
        "activateApplication" => activate,
        "deactivateApplication" => deactivate,
        "assignApplicationPolicy" => assign_policy,
        "listFeaturesForApplication" | "getFeatureForApplication" => features,
        "updateFeatureForApplication" => update_feature,
        _ => {
            return grants::handler(id)
                .or_else(|| keys::handler(id))
                .or_else(|| signing::handler(id))
                .or_else(|| cross_app_access::handler(id))
                .or_else(|| connections::handler(id))
                .or_else(|| federated_claims::handler(id))
                .or_else(|| first_party::handler(id))
                .or_else(|| logo::handler(id));
        }
    })
}

/// The names of apps that the service itself puts into an org.
const BUILT_IN: [(&str, &str); 4] = [
    ("saasure", "Okta Admin Console"),
    ("okta_enduser", "Okta Dashboard"),
    ("okta_browser_plugin", "Okta Browser Plugin"),
    ("okta_account_settings", "Okta End User Settings"),
];

/// True for the service's own apps, which stay as they are.
pub(super) fn is_built_in(app: &Value) -> bool {
    BUILT_IN.iter().any(|(name, _)| text(app, "/name") == *name)
}

/// Puts the service's own apps into a new org.
pub(crate) fn add_built_in(org: &mut Org) {
    for (name, label) in BUILT_IN {
        let body = json!({
            "name": name, "label": label, "signOnMode": "OPENID_CONNECT",
            "settings": { "oauthClient": { "application_type": "web" } },
            "credentials": { "oauthClient": { "token_endpoint_auth_method": "private_key_jwt" } },
        });
        if let Ok(app) = build(org, &body) {
            add(org, app);
        }
    }
}

/// A new app with the defaults of its sign-on mode.
pub(crate) fn build(org: &mut Org, body: &Value) -> Result<Value, Fault> {
    let label = text(body, "/label");
    if label.is_empty() {
        return Err(Fault::validation(
            "label",
            &["label: The field cannot be left blank"],
        ));
    }
    if text(body, "/signOnMode").is_empty() && text(body, "/name").is_empty() {
        let cause = "signOnMode: The field cannot be left blank";
        return Err(Fault::validation("signOnMode", &[cause]));
    }
    let now = clock::zero_millis(org.clock.now());
    let mut app = defaults::apply(org, body, None);
    app["status"] = json!("ACTIVE");
    app["created"] = json!(now);
    app["lastUpdated"] = json!(now);
    Ok(app)
}

/// Stores what a body makes of an app.
pub(super) fn rebuild(org: &mut Org, before: &Value, body: &Value) -> Value {
    let mut app = defaults::apply(org, body, Some(before));
    for member in ["status", "created"] {
        app[member] = before[member].clone();
    }
    app["lastUpdated"] = json!(clock::zero_millis(org.clock.now()));
    secrets::follow(org, before, &app);
    org.apps.put(text(&app, "/id"), app.clone());
    app
}

/// Stores an app with its user schema.
pub(crate) fn add(org: &mut Org, app: Value) {
    let id = text(&app, "/id").to_owned();
    if !org.schemas.contains(&id) {
        let suffix = org.dice.hex(7);
        let schema = schemas::app_schema(&app, &suffix, text(&app, "/created"));
        org.schemas.put(&id, schema);
    }
    org.apps.put(&id, app);
}

/// Forgets what is kept of an app that is gone, beside what stands below its path.
pub(crate) fn forget(org: &mut Org, id: &str) {
    connections::forget(org, id);
    cross_app_access::forget(org, id);
    logo::forget(org, id);
    super::governance::leftovers::forget_app(org, id);
}

/// A copy of the app that the first path parameter names.
pub(super) fn named_app(call: &Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    call.org
        .apps
        .get(id)
        .cloned()
        .ok_or_else(|| Fault::not_found(id, "AppInstance"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    Ok(Answer::ok(&links::view(&app, call.org, call.base())))
}

const FILTERABLE: [&str; 9] = [
    "id",
    "status",
    "name",
    "lastUpdated",
    "credentials.signing.kid",
    "settings.slo.enabled",
    "settings.signOn.slo.enabled",
    "user.id",
    "group.id",
];

fn list(call: &mut Call<'_>) -> Outcome {
    let request = call.request;
    let q = request.query("q").unwrap_or_default().to_lowercase();
    let filter = match request.query("filter").filter(|f| !f.is_empty()) {
        None => None,
        Some(text) => {
            let allowed = |path: &str, _: Option<Operator>| FILTERABLE.contains(&path);
            Some(Filter::of(search::checked(text, &allowed)?))
        }
    };
    let begin = crate::paging::position(request)?;
    let org = &*call.org;
    let base = call.base();
    let sees = call.sees(Listed::Apps);
    let hits = org.apps.placed_after(begin).filter(|(_, app)| {
        let named = ["/name", "/label"]
            .iter()
            .any(|p| text(app, p).to_lowercase().starts_with(&q));
        named && sees(app) && filter.as_ref().is_none_or(|f| f.takes(org, app))
    });
    call.list(Size::new(20, 200), hits, |app| links::view(app, org, base))
}

/// A filter of apps, which may name ids of users and groups.
struct Filter {
    expression: Expression,
    /// The only ids that the filter asks for, if it asks for none otherwise.
    users: Option<Vec<String>>,
    groups: Option<Vec<String>>,
}

impl Filter {
    fn of(expression: Expression) -> Self {
        let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
        Self {
            users: expression.equals("user.id").map(owned),
            groups: expression.equals("group.id").map(owned),
            expression,
        }
    }

    fn takes(&self, org: &Org, app: &Value) -> bool {
        let id = text(app, "/id");
        let none = |ids: &Option<Vec<String>>| ids.as_ref().is_some_and(Vec::is_empty);
        if none(&self.users) && none(&self.groups) {
            return self.expression.matches(app, Case::Sensitive);
        }
        let mut seen = app.clone();
        for (member, wanted, relation) in [
            ("user", &self.users, &org.app_users),
            ("group", &self.groups, &org.app_groups),
        ] {
            let object = |id: &str| json!({ "id": id });
            seen[member] = match wanted {
                // An app may have everybody, so nobody is looked at but those in question.
                Some(ids) => {
                    let own = ids.iter().filter(|other| relation.contains(id, other));
                    own.map(|id| object(id)).collect()
                }
                None => relation.of(id).map(|(_, id, _)| object(id)).collect(),
            };
        }
        self.expression.matches(&seen, Case::Sensitive)
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let mut app = build(call.org, &body)?;
    if !call.request.flag("activate", true) {
        app["status"] = json!("INACTIVE");
    }
    add(call.org, app.clone());
    call.log("application.lifecycle.create", vec![app_target(&app)]);
    if app["status"] == "ACTIVE" {
        call.log("application.lifecycle.activate", vec![app_target(&app)]);
    }
    Ok(Answer::ok(&links::with_secret(&app, call.org, call.base())))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let before = named_app(call)?;
    let body = call.request.object()?;
    if text(&body, "/label").is_empty() {
        return Err(Fault::validation(
            "label",
            &["label: The field cannot be left blank"],
        ));
    }
    let private = text(&before, "/name").starts_with(&format!("{}_", call.org.subdomain));
    if before["status"] == "INACTIVE" && private && text(&before, "/signOnMode") == "AUTO_LOGIN" {
        // The definition of a custom app lives as long as one of its instances is active.
        let cause = "This operation on app metadata is not yet supported: No active instances.";
        return Err(Fault::code("E0000024", &[cause]));
    }
    let app = rebuild(call.org, &before, &body);
    call.log("application.lifecycle.update", vec![app_target(&app)]);
    Ok(Answer::ok(&links::with_secret(&app, call.org, call.base())))
}

fn set_status(call: &mut Call<'_>, status: &str, event: &str) -> Outcome {
    let mut app = named_app(call)?;
    if is_built_in(&app) {
        return Err(Fault::code("E0000006", &[]));
    }
    if app["status"] != status {
        app["status"] = json!(status);
        app["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
        let id = text(&app, "/id").to_owned();
        call.org.apps.put(&id, app.clone());
        call.log(event, vec![app_target(&app)]);
    }
    Ok(Answer::ok_empty_object())
}

fn activate(call: &mut Call<'_>) -> Outcome {
    set_status(call, "ACTIVE", "application.lifecycle.activate")
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    set_status(call, "INACTIVE", "application.lifecycle.deactivate")
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    if app["status"] != "INACTIVE" {
        let cause = "The application must be deactivated before deletion.";
        return Err(Fault::code("E0000056", &[cause]));
    }
    let id = text(&app, "/id").to_owned();
    call.org.remove_app(&id);
    call.log("application.lifecycle.delete", vec![app_target(&app)]);
    Ok(Answer::no_content())
}

fn assign_policy(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let policy = call.parameter(1);
    let kind = call
        .org
        .policies
        .get(policy)
        .map(|p| text(p, "/type").to_owned());
    let kind = kind.ok_or_else(|| Fault::not_found(policy, "Policy"))?;
    let Some(member) = super::policies::mappings::member_of_apps(&kind) else {
        let cause = "Policies of this type cannot be assigned to apps";
        return Err(Fault::validation("Policy", &[cause]));
    };
    let id = text(&app, "/id");
    call.org
        .app_policies
        .insert(format!("{id} {member}"), policy.to_owned());
    call.log("application.policy.sign_on.update", vec![app_target(&app)]);
    Ok(Answer::no_content())
}

fn update_feature(call: &mut Call<'_>) -> Outcome {
    call.request.object()?;
    features(call)
}

/// No app of the sandbox provisions yet.
fn features(call: &mut Call<'_>) -> Outcome {
    named_app(call)?;
    Err(Fault::validation(
        "feature",
        &["Provisioning is not supported."],
    ))
}
