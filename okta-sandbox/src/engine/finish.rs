//! What the service adds to objects of some kinds, stored or shown.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::json::{fill, remove, text};
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

pub(super) fn show_brand(brand: &mut Value, _: &str, own: &str) {
    brand["_links"]["themes"] = hinted(format!("{own}/themes"), &["GET"]);
}

/// The form in which device assurances take part in the admin console's resource lists.
pub(super) fn show_device_assurance(policy: &mut Value, _: &str, _: &str) {
    policy["resourceType"] = json!("DeviceAssurancePolicyEntity");
    policy["resourceId"] = policy["id"].clone();
    policy["resourceDisplayName"] = json!({ "value": policy["name"], "sensitive": false });
}
