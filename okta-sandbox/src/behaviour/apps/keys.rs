//! An app's signing keys, client keys and SAML metadata.

use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApplicationKeys" => list,
        "getApplicationKey" => get,
        "listJwk" => list_client_keys,
        "previewSAMLmetadataForApplication" => metadata,
        _ => return None,
    })
}

/// The signing key of an app. Its numbers are placeholders: nothing is signed with it yet.
fn key(app: &Value) -> Option<Value> {
    let kid = text(app, "/credentials/signing/kid");
    if kid.is_empty() {
        return None;
    }
    let (year, rest) = text(app, "/created").split_at_checked(4)?;
    let expires = format!("{}{rest}", year.parse::<u32>().ok()? + 10);
    Some(json!({
        "kty": "RSA", "created": app["created"], "lastUpdated": app["created"],
        "expiresAt": expires,
        "kid": kid, "use": "sig", "x5c": [kid], "x5t#S256": kid, "e": "AQAB", "n": kid,
    }))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    call.all(key(&app).into_iter().collect())
}

fn get(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let kid = call.parameter(1);
    let key = key(&app).filter(|k| text(k, "/kid") == kid);
    key.map(|k| Answer::ok(&k))
        .ok_or_else(|| Fault::not_found(kid, "JsonWebKey"))
}

fn list_client_keys(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let keys = app
        .pointer("/settings/oauthClient/jwks/keys")
        .cloned()
        .unwrap_or_else(|| json!([]));
    Ok(Answer::ok(&json!({ "jwks": { "keys": keys } })))
}

fn metadata(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let (id, kid) = (text(&app, "/id"), text(&app, "/credentials/signing/kid"));
    let location = format!("{}/app/{}/{id}/sso/saml", call.base(), text(&app, "/name"));
    let binding = "urn:oasis:names:tc:SAML:2.0:bindings";
    let service = |kind: &str| {
        format!("<md:SingleSignOnService Binding=\"{binding}:{kind}\" Location=\"{location}\"/>")
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><md:EntityDescriptor entityID=\"http://www.okta.com/{id}\" \
         xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"><md:IDPSSODescriptor \
         WantAuthnRequestsSigned=\"false\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor \
         use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{kid}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{}{}\
         </md:IDPSSODescriptor></md:EntityDescriptor>",
        service("HTTP-POST"),
        service("HTTP-Redirect"),
    );
    Ok(Answer {
        status: 200,
        body: body.into_bytes(),
        media: Some("application/xml;charset=ISO-8859-1"),
        ..Answer::default()
    })
}
