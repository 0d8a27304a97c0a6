//! What the service adds to objects of some kinds, stored or shown.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::fault::Fault;
use crate::json::{fill, members, remove, text};
use crate::org::Org;

/// Where well-known providers sign users in: type, authorization and token endpoint.
const SOCIAL: [(&str, &str, &str); 2] = [
    (
        "GOOGLE",
        "https://accounts.google.com/o/oauth2/auth",
        "https://www.googleapis.com/oauth2/v3/token",
    ),
    (
        "FACEBOOK",
        "https://www.facebook.com/dialog/oauth",
        "https://graph.facebook.com/v2.8/oauth/access_token",
    ),
];

/// Policy defaults, and the parts of the protocol that the service chooses.
pub(super) fn identity_provider(org: &mut Org, provider: &mut Value) {
    let kind = text(provider, "/type").to_owned();
    fill(
        provider,
        &json!({ "policy": {
            "accountLink": { "filter": null }, "subject": { "filter": null, "matchAttribute": null },
            "transformedUsernameMatchingEnabled": false,
        } }),
    );
    if matches!(kind.as_str(), "SAML2" | "OIDC") {
        fill(provider, &json!({ "policy": { "trustClaims": false } }));
    }
    if kind == "OIDC" {
        let protocol = members(&mut provider["protocol"]);
        let settings = protocol.entry("settings").or_insert_with(|| json!({}));
        remove(settings, "honorPersistentNameId");
        fill(settings, &json!({ "nameFormat": null }));
        let endpoints = protocol.entry("endpoints").or_insert_with(|| json!({}));
        if let Some(slo) = endpoints.get_mut("slo") {
            fill(slo, &json!({ "binding": "HTTP-REDIRECT" }));
        }
    }
    if kind == "SAML2" {
        remove(provider, "issuerMode");
        let audience = org.dice.id("sp").to_lowercase();
        let kid = org.dice.secret(32);
        fill(
            provider,
            &json!({ "protocol": { "credentials": {
                "trust": {
                    "audience": format!("https://www.okta.com/saml2/service-provider/{audience}"),
                    "revocation": null, "revocationCacheLifetime": 0,
                },
                "signing": { "kid": kid },
            } } }),
        );
    }
    if let Some((_, authorization, token)) = SOCIAL.iter().find(|(social, ..)| *social == kind) {
        fill(
            provider,
            &json!({ "protocol": { "endpoints": {
                "authorization": { "url": authorization, "binding": "HTTP-REDIRECT" },
                "token": { "url": token, "binding": "HTTP-POST" },
            } } }),
        );
    }
    if let Some(client) = provider.pointer_mut("/protocol/credentials/client")
        && client["pkce_required"].is_null()
    {
        remove(client, "pkce_required");
    }
}

fn hinted(href: String, allow: &[&str]) -> Value {
    json!({ "href": href, "hints": { "allow": allow } })
}

/// SAML providers link to their endpoints, all others to where users sign in.
pub(super) fn show_identity_provider(provider: &mut Value, base: &str, own: &str) {
    let id = text(provider, "/id").to_owned();
    provider["_links"] = if text(provider, "/type") == "SAML2" {
        let step = match text(provider, "/status") {
            "ACTIVE" => "deactivate",
            _ => "activate",
        };
        let typed = |href: String, method: &str| {
            let mut link = hinted(href, &[method]);
            link["type"] = json!("application/xml");
            link
        };
        json!({
            "metadata": typed(format!("{own}/metadata.xml"), "GET"),
            "acs": typed(format!("{base}/sso/saml2/{id}"), "POST"),
            "users": hinted(format!("{own}/users"), &["GET"]),
            step: hinted(format!("{own}/lifecycle/{step}"), &["POST"]),
        })
    } else {
        let query = "client_id={clientId}&response_type={responseType}&response_mode={responseMode}\
                     &scope={scopes}&redirect_uri={redirectUri}&state={state}&nonce={nonce}";
        let mut authorize = hinted(
            format!("{base}/oauth2/v1/authorize?idp={id}&{query}"),
            &["GET"],
        );
        authorize["templated"] = json!(true);
        let callback = format!("{base}/oauth2/v1/authorize/callback");
        json!({ "authorize": authorize, "clientRedirectUri": hinted(callback, &["POST"]) })
    };
}

/// Signing keys rotate every three months.
pub(super) fn authorization_server(org: &mut Org, server: &mut Value) {
    let now = org.clock.now();
    let next = now + jiff::SignedDuration::from_hours(24 * 90);
    let kid = org.dice.secret(32);
    fill(
        server,
        &json!({ "credentials": { "signing": {
            "kid": kid, "rotationMode": "AUTO", "lastRotated": clock::zero_millis(now),
        } } }),
    );
    let signing = &mut server["credentials"]["signing"];
    if signing["rotationMode"] == "AUTO" {
        fill(
            signing,
            &json!({ "nextRotation": clock::zero_millis(next) }),
        );
    } else {
        remove(signing, "nextRotation");
    }
}

pub(super) fn show_authorization_server(server: &mut Value, base: &str, own: &str) {
    let id = text(server, "/id").to_owned();
    let issuer = format!("{base}/oauth2/{id}");
    let metadata = |name: &str| {
        let mut link = hinted(format!("{issuer}/.well-known/{name}"), &["GET"]);
        link["name"] = json!(name);
        link
    };
    let mut links = Map::new();
    for collection in ["claims", "policies", "scopes"] {
        let href = format!("{own}/{collection}");
        links.insert(collection.to_owned(), hinted(href, &["GET", "POST"]));
    }
    let keys = format!("{own}/credentials/keys");
    let rotate = format!("{own}/credentials/lifecycle/keyRotate");
    links.insert("keys".to_owned(), hinted(keys, &["GET"]));
    links.insert("rotateKey".to_owned(), hinted(rotate, &["POST"]));
    links.insert(
        "metadata".to_owned(),
        json!([
            metadata("oauth-authorization-server"),
            metadata("openid-configuration")
        ]),
    );
    if let Some(shown) = server["_links"].as_object_mut() {
        shown.extend(links);
    }
    server["issuer"] = json!(issuer);
}

pub(super) fn brand(_: &mut Org, brand: &mut Value) {
    if brand["customPrivacyPolicyUrl"] == "" {
        brand["customPrivacyPolicyUrl"] = Value::Null;
    }
}

pub(super) fn show_brand(brand: &mut Value, base: &str, own: &str) {
    brand["_links"]["themes"] = hinted(format!("{own}/themes"), &["GET"]);
    let domain = text(brand, "/emailDomainId").to_owned();
    if !domain.is_empty() {
        let href = format!("{base}/api/v1/email-domains/{domain}");
        brand["_links"]["emailDomain"] = hinted(href, &["GET", "PUT"]);
    }
}

/// The form in which device assurances take part in the admin console's resource lists.
pub(super) fn show_device_assurance(policy: &mut Value, _: &str, _: &str) {
    policy["resourceType"] = json!("DeviceAssurancePolicyEntity");
    policy["resourceId"] = policy["id"].clone();
    policy["resourceDisplayName"] = json!({ "value": policy["name"], "sensitive": false });
}

/// Places in the order of their countries, each with a region, if only null.
fn places(list: &mut Value) {
    let Some(places) = list.as_array_mut() else {
        return;
    };
    for place in places.iter_mut().filter(|place| place.is_object()) {
        fill(place, &json!({ "region": null }));
    }
    places.sort_by_key(|place| {
        let part = |name: &str| text(place, name).to_owned();
        (part("/country"), part("/region"))
    });
}

/// What zones of each type show.
pub(super) fn zone(_: &mut Org, zone: &mut Value) {
    match text(zone, "/type") {
        "IP" => fill(zone, &json!({ "gateways": null, "proxies": null })),
        "DYNAMIC" => {
            fill(zone, &json!({ "locations": null, "proxyType": null }));
            places(&mut zone["locations"]);
        }
        "DYNAMIC_V2" => {
            for member in ["locations", "ipServiceCategories", "asns"] {
                if zone[member].is_null() {
                    zone[member] = json!({});
                }
                fill(&mut zone[member], &json!({ "include": [], "exclude": [] }));
            }
            for side in ["include", "exclude"] {
                places(&mut zone["locations"][side]);
            }
        }
        _ => {}
    }
}

/// What Google's service accounts tell of the project.
pub(super) fn push_provider(_: &mut Org, provider: &mut Value) {
    let account = &provider["configuration"]["serviceAccountJson"];
    let (project, file) = (
        account["project_id"].clone(),
        provider["configuration"]["fileName"].clone(),
    );
    if text(provider, "/providerType") == "FCM" && !project.is_null() {
        provider["configuration"]["projectId"] = project;
        if file.is_null() {
            remove(&mut provider["configuration"], "fileName");
        }
    }
}

/// Only realms of partners say which type they are.
pub(super) fn realm(_: &mut Org, realm: &mut Value) {
    if text(realm, "/profile/realmType") == "DEFAULT" {
        remove(&mut realm["profile"], "realmType");
    }
}

pub(super) fn show_access_policy(policy: &mut Value, _: &str, own: &str) {
    policy["_links"]["rules"] = hinted(format!("{own}/rules"), &["GET"]);
}

/// Claims of every server: name, scopes, always in tokens.
const CLAIMS: [(&str, &[&str], bool); 18] = [
    ("address", &["address"], false),
    ("birthdate", &["profile"], false),
    ("email", &["email"], true),
    ("email_verified", &["email"], false),
    ("family_name", &["profile"], false),
    ("gender", &["profile"], false),
    ("given_name", &["profile"], false),
    ("locale", &["profile"], false),
    ("middle_name", &["profile"], false),
    ("name", &["profile"], true),
    ("nickname", &["profile"], false),
    ("phone_number", &["phone"], false),
    ("picture", &["profile"], false),
    ("preferred_username", &["profile"], true),
    ("profile", &["profile"], false),
    ("updated_at", &["profile"], false),
    ("website", &["profile"], false),
    ("zoneinfo", &["profile"], false),
];

/// Scopes of every server: name, display name.
const SCOPES: [(&str, &str); 7] = [
    ("openid", "openid"),
    ("profile", "View your profile information."),
    ("email", "View your email address."),
    ("address", "View your address."),
    ("phone", "View your phone number."),
    ("offline_access", "Keep you signed in to the app."),
    ("device_sso", "View your device information."),
];

/// Every server has the standard's claims and scopes.
pub(super) fn authorization_server_contents(org: &mut Org, collection: &str, server: &Value) {
    let own = format!("{collection}/{}", text(server, "/id"));
    let claim = |name: &str, kind: &str, value: &str, scopes: &[&str], always: bool| {
        json!({
            "name": name, "status": "ACTIVE", "claimType": kind, "valueType": value, "system": true,
            "conditions": { "scopes": scopes }, "alwaysIncludeInToken": always, "apiResourceId": null,
        })
    };
    let mut subject = claim("sub", "RESOURCE", "EXPRESSION", &[], true);
    subject["value"] = json!("(appuser != null) ? appuser.userName : app.clientId");
    let standard = CLAIMS
        .iter()
        .map(|(name, scopes, always)| claim(name, "IDENTITY", "SYSTEM", scopes, *always));
    for mut claim in std::iter::once(subject).chain(standard) {
        let id = org.dice.id("ocl");
        claim["id"] = json!(id);
        org.shelf(&format!("{own}/claims")).put(&id, claim);
    }
    for (name, display) in SCOPES {
        let id = org.dice.id("scp");
        let consent = if name == "offline_access" {
            "REQUIRED"
        } else {
            "IMPLICIT"
        };
        let scope = json!({
            "id": id, "name": name, "displayName": display, "description": null, "system": true,
            "metadataPublish": "ALL_CLIENTS", "consent": consent, "default": false, "optional": false,
        });
        org.shelf(&format!("{own}/scopes")).put(&id, scope);
    }
}

/// Hooks may ask for the events that the catalogue marks for them.
pub(super) fn check_event_hook(hook: &Value) -> Result<(), Fault> {
    let items = hook["events"]["items"].as_array();
    for item in items.into_iter().flatten() {
        let name = item.as_str().unwrap_or_default();
        if !crate::log::is_for_hooks(name) {
            let cause = format!("events.items: '{name}' is not an event type for event hooks");
            return Err(Fault::validation("events.items", &[&cause]));
        }
    }
    Ok(())
}
