//! How apps look: the links that depend on sign-on mode and status.

use serde_json::{Value, json};

use super::logo;
use crate::json::text;
use crate::org::Org;
use crate::paging::admin_base;

/// The sign-on links of an app: name and URL.
pub(crate) fn sign_on(app: &Value, base: &str) -> Vec<(String, String)> {
    let (id, name) = (text(app, "/id"), text(app, "/name"));
    let named = app
        .pointer("/visibility/appLinks")
        .and_then(Value::as_object);
    let links = named
        .into_iter()
        .flatten()
        .filter(|(_, shown)| **shown == true);
    links
        .map(|(link, _)| {
            (
                link.clone(),
                format!("{base}/home/{name}/{id}/aln{}", id.get(3..).unwrap_or(id)),
            )
        })
        .collect()
}

/// An app as reads show it: without the client's secret.
pub(crate) fn view(app: &Value, org: &Org, base: &str) -> Value {
    let mut shown = with_secret(app, org, base);
    if let Some(client) = shown.pointer_mut("/credentials/oauthClient") {
        crate::json::remove(client, "client_secret");
    }
    shown
}

/// An app as the answers to writes show it.
pub(super) fn with_secret(app: &Value, org: &Org, base: &str) -> Value {
    let (id, name, mode) = (
        text(app, "/id"),
        text(app, "/name"),
        text(app, "/signOnMode"),
    );
    let own = format!("{base}/api/v1/apps/{id}");
    let policy = |member: &'static str, kind: &str| {
        let chosen = org.app_policies.get(&format!("{id} {member}")).cloned();
        chosen
            .or_else(|| org.default_policy(kind))
            .map(|p| format!("{base}/api/v1/policies/{p}"))
    };
    let app_links: Vec<Value> = sign_on(app, base)
        .into_iter()
        .map(|(name, href)| json!({ "name": name, "href": href, "type": "text/html" }))
        .collect();
    let mut links = json!({
        "uploadLogo": { "href": format!("{own}/logo"), "hints": { "allow": ["POST"] } },
        "appLinks": app_links,
        "policies": { "href": format!("{own}/policies"), "hints": { "allow": ["PUT"] } },
        "groups": { "href": format!("{own}/groups") },
        "logo": logos(org, id, base),
        "users": { "href": format!("{own}/users") },
    });
    if let Some(href) = policy("accessPolicy", "ACCESS_POLICY") {
        links["accessPolicy"] = json!({ "href": href });
    }
    if let Some(href) = policy("profileEnrollment", "PROFILE_ENROLLMENT") {
        links["profileEnrollment"] = json!({ "href": href });
    }
    match text(app, "/status") {
        "ACTIVE" => links["deactivate"] = json!({ "href": format!("{own}/lifecycle/deactivate") }),
        _ => {
            links["activate"] = json!({ "href": format!("{own}/lifecycle/activate") });
        }
    }
    if mode.starts_with("SAML") {
        let admin = admin_base(base);
        links["help"] = json!({
            "href": format!("{admin}/app/{name}/{id}/setup/help/{mode}/instructions"), "type": "text/html",
        });
    }
    if mode == "SAML_2_0" {
        links["metadata"] =
            json!({ "href": format!("{own}/sso/saml/metadata"), "type": "application/xml" });
    }
    if mode == "OPENID_CONNECT" {
        let kind = match text(app, "/credentials/oauthClient/token_endpoint_auth_method") {
            "private_key_jwt" => Some("jwks"),
            "none" => None,
            _ => Some("secrets"),
        };
        if let Some(kind) = kind {
            links["clientCredentials"] =
                json!([{ "name": kind, "href": format!("{own}/credentials/{kind}") }]);
        }
    }
    let mut app = app.clone();
    app["_links"] = links;
    app
}

/// The logos of an app, as links.
pub(crate) fn logos(org: &Org, app: &str, base: &str) -> Value {
    let (logo, media) = logo::of(org, app);
    json!([{ "name": "medium", "href": format!("{base}{logo}"), "type": media }])
}
