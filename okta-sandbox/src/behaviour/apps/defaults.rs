//! What the service adds to an app by its sign-on mode, and what it takes from a body.

use serde_json::{Value, json};

use super::signing;
use crate::json::{fill, members, merge, remove, text};
use crate::org::Org;

/// Members that a client cannot set.
const READ_ONLY: [&str; 10] = [
    "id",
    "orn",
    "status",
    "created",
    "lastUpdated",
    "_links",
    "_embedded",
    "universalLogout",
    "name",
    "features",
];

/// The catalogue name of an app that names none.
fn catalogue_name(mode: &str) -> Option<&'static str> {
    Some(match mode {
        "BOOKMARK" => "bookmark",
        "BASIC_AUTH" => "template_basic_auth",
        "BROWSER_PLUGIN" => "template_swa",
        "SECURE_PASSWORD_STORE" => "template_sps",
        "OPENID_CONNECT" => "oidc_client",
        "WS_FEDERATION" => "template_wsfed",
        _ => return None,
    })
}

/// The name of a custom app: subdomain, label, running number.
fn custom_name(org: &mut Org, label: &str) -> String {
    let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    org.app_number += 1;
    format!(
        "{}_{}_{}",
        org.subdomain,
        label.to_lowercase(),
        org.app_number
    )
}

/// Builds the stored form of an app from a body; `before` is the app it replaces.
pub(super) fn apply(org: &mut Org, body: &Value, before: Option<&Value>) -> Value {
    let kept = |pointer: &str| {
        before
            .map(|b| text(b, pointer).to_owned())
            .filter(|t| !t.is_empty())
    };
    let id = kept("/id").unwrap_or_else(|| org.dice.id("0oa"));
    let given_name = text(body, "/name");
    let custom = given_name.is_empty();
    let mode = kept("/signOnMode").filter(|_| text(body, "/signOnMode").is_empty());
    let mode = sign_on_mode(
        given_name,
        mode.as_deref().unwrap_or_else(|| text(body, "/signOnMode")),
    );
    let name = kept("/name").unwrap_or_else(|| match catalogue_name(&mode) {
        _ if !custom => given_name.to_owned(),
        Some(name) => name.to_owned(),
        None => custom_name(org, text(body, "/label")),
    });
    let custom =
        catalogue_name(&mode).is_none() && name.starts_with(&format!("{}_", org.subdomain));

    let mut app = body.clone();
    for member in READ_ONLY {
        remove(&mut app, member);
    }
    app["id"] = json!(id);
    app["name"] = json!(name);
    app["signOnMode"] = json!(mode);
    app["orn"] = json!(format!("orn:okta:idp:{}:apps:{name}:{id}", org.id));
    app["features"] = before.map_or_else(|| json!([]), |b| b["features"].clone());
    let link = if mode == "OPENID_CONNECT" || custom {
        format!("{name}_link")
    } else {
        "login".to_owned()
    };
    if mode == "OPENID_CONNECT" {
        // Users do not see OAuth clients on their dashboard unless told so.
        fill(
            &mut app,
            &json!({ "visibility": { "hide": { "iOS": true, "web": true } } }),
        );
    }
    fill(&mut app, &common(&link));
    credentials(org, &mut app, &mode, &id, before);
    match mode.as_str() {
        "OPENID_CONNECT" => oauth_client(org, &mut app, before),
        "SAML_2_0" if custom => saml(&mut app),
        "SAML_2_0" | "SAML_1_1" => catalogue_saml(&mut app, &mode),
        "BROWSER_PLUGIN" | "BASIC_AUTH" | "SECURE_PASSWORD_STORE" => {
            let settings = members(&mut app["settings"]);
            settings.remove("signOn");
            let own = members(settings.entry("app").or_insert_with(|| json!({})));
            own.entry("loginUrlRegex").or_insert(Value::Null);
        }
        _ => {}
    }
    blank_to_null(&mut app["settings"]["app"]);
    if app.pointer("/settings/signOn/defaultRelayState") == Some(&json!("")) {
        app["settings"]["signOn"]["defaultRelayState"] = Value::Null;
    }
    let features = org.settings.kind.features;
    let entitled = custom || matches!(mode.as_str(), "OPENID_CONNECT" | "BOOKMARK");
    if !entitled || mode == "AUTO_LOGIN" || !features.end_user_managed_apps {
        remove(&mut app["settings"], "emOptInStatus");
    }
    let kind = text(&app, "/settings/oauthClient/application_type");
    let logs_out = (mode == "SAML_2_0" && custom) || matches!(kind, "web" | "service");
    if !features.single_logout
        && body
            .pointer("/settings/oauthClient/participate_slo")
            .is_none()
        && let Some(client) = app.pointer_mut("/settings/oauthClient")
    {
        remove(client, "participate_slo");
    }
    if !features.universal_logout {
        remove(&mut app, "universalLogout");
    } else if logs_out {
        app["universalLogout"] = json!({
            "status": "DISABLED", "supportType": "FULL", "identityStack": "NOT_SHARED",
            "protocol": "GLOBAL_TOKEN_REVOCATION",
        });
    } else if matches!(mode.as_str(), "OPENID_CONNECT" | "BOOKMARK" | "BASIC_AUTH") {
        app["universalLogout"] = Value::Null;
    }
    app
}

/// Catalogue apps that are asked for as `AUTO_LOGIN` sign on by browser plugin.
fn sign_on_mode(name: &str, mode: &str) -> String {
    let mode = match (name, mode) {
        ("bookmark", "") => "BOOKMARK",
        ("oidc_client", "") => "OPENID_CONNECT",
        ("template_basic_auth", "") => "BASIC_AUTH",
        ("template_swa" | "template_swa3field", "") => "BROWSER_PLUGIN",
        ("", mode) => mode,
        (_, "AUTO_LOGIN") => "BROWSER_PLUGIN",
        (_, mode) => mode,
    };
    mode.to_owned()
}

fn blank_to_null(settings: &mut Value) {
    for value in settings
        .as_object_mut()
        .into_iter()
        .flat_map(|m| m.values_mut())
    {
        if value == "" {
            *value = Value::Null;
        }
    }
}

fn common(link: &str) -> Value {
    json!({
        "accessibility": { "selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null },
        "visibility": {
            "autoLaunch": false, "autoSubmitToolbar": false, "hide": { "iOS": false, "web": false },
            "appLinks": { link: true },
        },
        "credentials": { "userNameTemplate": { "template": "${source.login}", "type": "BUILT_IN" } },
        "settings": {
            "app": {},
            "notifications": { "vpn": {
                "network": { "connection": "DISABLED" }, "message": null, "helpUrl": null,
            } },
            "manualProvisioning": false, "implicitAssignment": false, "emOptInStatus": "NONE",
            "notes": { "admin": null, "enduser": null },
        },
    })
}

fn credentials(org: &mut Org, app: &mut Value, mode: &str, id: &str, before: Option<&Value>) {
    let signs = matches!(
        mode,
        "OPENID_CONNECT" | "SAML_2_0" | "SAML_1_1" | "WS_FEDERATION"
    );
    let kid = before
        .map(|b| text(b, "/credentials/signing/kid").to_owned())
        .filter(|k| !k.is_empty());
    let credentials = members(&mut app["credentials"]);
    credentials.retain(|_, value| !value.is_null());
    if credentials.get("userName") == Some(&json!("")) {
        credentials.remove("userName");
    }
    if let Some(template) = credentials.get_mut("userNameTemplate")
        && template["type"] == "CUSTOM"
    {
        fill(template, &json!({ "pushStatus": "DONT_PUSH" }));
    }
    let password = credentials.remove("password");
    if matches!(
        mode,
        "AUTO_LOGIN" | "BROWSER_PLUGIN" | "BASIC_AUTH" | "SECURE_PASSWORD_STORE"
    ) {
        credentials
            .entry("scheme")
            .or_insert_with(|| json!("EDIT_USERNAME_AND_PASSWORD"));
        credentials.entry("revealPassword").or_insert(json!(false));
        let shared = credentials["scheme"] == "SHARED_USERNAME_AND_PASSWORD";
        if shared && password.is_some() {
            credentials.insert("password".into(), json!({}));
        }
    }
    let given = credentials
        .get("signing")
        .map(|s| text(s, "/kid").to_owned())
        .filter(|k| !k.is_empty());
    let signing = match (signs, given.or(kid)) {
        (false, _) => json!({}),
        (true, Some(kid)) => json!({ "kid": kid }),
        (true, None) if mode == "SAML_1_1" => json!({ "kid": signing::shared_kid(org) }),
        (true, None) => json!({ "kid": org.dice.secret(32) }),
    };
    credentials.insert("signing".into(), signing);
    if mode == "OPENID_CONNECT" {
        let client = credentials
            .entry("oauthClient")
            .or_insert_with(|| json!({}));
        client["client_id"] = json!(id);
        fill(
            client,
            &json!({
                "autoKeyRotation": true, "token_endpoint_auth_method": "client_secret_basic",
            }),
        );
        let method = text(client, "/token_endpoint_auth_method").to_owned();
        if client.get("pkce_required").is_none_or(Value::is_null) {
            client["pkce_required"] = json!(method == "none");
        }
        let old = before.map(|b| text(b, "/credentials/oauthClient/client_secret").to_owned());
        let old = old.filter(|s| !s.is_empty());
        if matches!(method.as_str(), "private_key_jwt" | "none") {
            remove(client, "client_secret");
        } else if text(client, "/client_secret").is_empty() {
            client["client_secret"] = json!(old.unwrap_or_else(|| org.dice.secret(48)));
        }
    }
}

fn oauth_client(org: &mut Org, app: &mut Value, before: Option<&Value>) {
    let oauth = members(&mut app["settings"])
        .entry("oauthClient")
        .or_insert_with(|| json!({}));
    let service = oauth["application_type"] == "service";
    let (responses, grants) = match oauth["application_type"].as_str() {
        Some("service") => (json!(["token"]), json!(["client_credentials"])),
        _ => (json!(["code"]), json!(["authorization_code"])),
    };
    // Newer orgs bind the tokens of service apps to DPoP keys unless told otherwise.
    let bound = before.map_or(json!(service), |b| {
        b["settings"]["oauthClient"]["dpop_bound_access_tokens"].clone()
    });
    if let Some(keys) = oauth
        .pointer_mut("/jwks/keys")
        .and_then(Value::as_array_mut)
    {
        for key in keys {
            let id = org.dice.id("pks");
            fill(key, &json!({ "id": id, "status": "ACTIVE", "use": null }));
        }
    }
    members(oauth).retain(|_, value| !value.is_null());
    let refreshes = oauth["grant_types"]
        .as_array()
        .is_some_and(|grants| grants.contains(&json!("refresh_token")));
    if refreshes {
        fill(
            oauth,
            &json!({ "refresh_token": { "rotation_type": "STATIC" } }),
        );
    }
    fill(
        oauth,
        &json!({
            "client_uri": null, "logo_uri": null, "redirect_uris": [], "response_types": responses,
            "grant_types": grants, "application_type": "web", "consent_method": "TRUSTED",
            "issuer_mode": "DYNAMIC", "idp_initiated_login": { "mode": "DISABLED", "default_scope": [] },
            "wildcard_redirect": "DISABLED", "dpop_bound_access_tokens": bound, "participate_slo": false,
        }),
    );
}

fn saml(app: &mut Value) {
    let sign_on = members(&mut app["settings"])
        .entry("signOn")
        .or_insert_with(|| json!({}));
    for member in [
        "audienceOverride",
        "destinationOverride",
        "recipientOverride",
        "ssoAcsUrlOverride",
    ] {
        remove(sign_on, member);
    }
    if let Some(issuer) = sign_on.pointer("/slo/issuer").cloned() {
        sign_on["spIssuer"] = issuer;
    }
    fill(
        sign_on,
        &json!({
            "defaultRelayState": null, "ssoAcsUrl": null, "idpIssuer": "http://www.okta.com/${org.externalKey}",
            "audience": null, "recipient": null, "destination": null,
            "subjectNameIdTemplate": "${user.userName}",
            "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            "responseSigned": true, "assertionSigned": true, "signatureAlgorithm": "RSA_SHA256",
            "digestAlgorithm": "SHA256", "honorForceAuthn": true,
            "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "spIssuer": null, "requestCompressed": false, "attributeStatements": [], "inlineHooks": [],
            "assertionEncryption": { "enabled": false }, "allowMultipleAcsEndpoints": false, "acsEndpoints": [],
            "samlSignedRequestEnabled": false, "slo": { "enabled": false },
        }),
    );
}

/// Catalogue apps show overrides only.
fn catalogue_saml(app: &mut Value, mode: &str) {
    let settings = members(&mut app["settings"]);
    let given = settings.remove("signOn").unwrap_or_default();
    let mut sign_on = json!({
        "defaultRelayState": null, "ssoAcsUrlOverride": null, "audienceOverride": null,
        "recipientOverride": null,
    });
    if mode == "SAML_2_0" {
        merge(
            &mut sign_on,
            &json!({ "destinationOverride": null, "attributeStatements": [] }),
        );
    }
    for (name, value) in members(&mut sign_on) {
        if let Some(given) = given.get(name).filter(|v| *v != "" && !v.is_null()) {
            *value = given.clone();
        }
    }
    settings.insert("signOn".into(), sign_on);
}
