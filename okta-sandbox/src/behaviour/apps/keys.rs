//! An app's client keys and SAML metadata.

use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listJwk" => list_client_keys,
        "addJwk" => add_client_key,
        "getJwk" => get_client_key,
        "deletejwk" => delete_client_key,
        "activateOAuth2ClientJsonWebKey" => activate_client_key,
        "deactivateOAuth2ClientJsonWebKey" => deactivate_client_key,
        "previewSAMLmetadataForApplication" => metadata,
        _ => return None,
    })
}

/// A list, as the schema has it and as SDKs read it; the specification's example wraps it into `jwks.keys`.
fn list_client_keys(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let keys = app
        .pointer("/settings/oauthClient/jwks/keys")
        .cloned()
        .unwrap_or_else(|| json!([]));
    Ok(Answer::ok(&keys))
}

/// Adds a public key of a client; RSA keys have 2048 bits at least.
fn add_client_key(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let mut key = call.request.object()?;
    let short = || {
        let cause = "RSA key length in the 'jwks' is less than '2,048' bits for the given key.";
        Fault::validation("JsonWebKey", &[cause])
    };
    match text(&key, "/kty") {
        "RSA" if text(&key, "/n").len() < 341 => return Err(short()),
        "RSA" | "EC" => {}
        _ => {
            let cause = "kty: The field has an invalid value";
            return Err(Fault::validation("JsonWebKey", &[cause]));
        }
    }
    let id = call.org.dice.id("pks");
    let now = crate::clock::zero_millis(call.org.clock.now());
    let own = format!(
        "{}/api/v1/apps/{}/credentials/jwks/{id}",
        call.base(),
        text(&app, "/id")
    );
    crate::json::fill(
        &mut key,
        &json!({ "id": id, "status": "ACTIVE", "use": "sig", "created": now, "lastUpdated": now }),
    );
    let Some(stored) = call.org.apps.get_mut(text(&app, "/id")) else {
        return Err(Fault::code("E0000009", &[]));
    };
    let client = crate::json::members(&mut stored["settings"]["oauthClient"]);
    let keys = client
        .entry("jwks")
        .or_insert_with(|| json!({ "keys": [] }));
    match keys["keys"].as_array_mut() {
        Some(keys) => keys.push(key.clone()),
        None => keys["keys"] = json!([key]),
    }
    let shown = with_steps(&key, &own);
    Ok(Answer::json(201, &shown))
}

/// A client key with the steps that its status allows.
fn with_steps(key: &Value, own: &str) -> Value {
    let post = |verb: &str| json!({ "href": format!("{own}/lifecycle/{verb}"), "hints": { "allow": ["POST"] } });
    let mut shown = key.clone();
    shown["_links"] = match text(key, "/status") {
        "ACTIVE" => json!({ "deactivate": post("deactivate") }),
        _ => json!({
            "activate": post("activate"),
            "delete": { "href": own, "hints": { "allow": ["DELETE"] } },
        }),
    };
    shown
}

/// The key that the path names, changed in place; none takes it away.
fn change_client_key(
    call: &mut Call<'_>,
    change: impl Fn(&mut Value) -> Result<bool, Fault>,
) -> Result<Value, Fault> {
    let app = named_app(call)?;
    let (id, kid) = (text(&app, "/id").to_owned(), call.parameter(1));
    let own = format!("{}/api/v1/apps/{id}/credentials/jwks/{kid}", call.base());
    let missing = || Fault::not_found(kid, "OAuth2ClientJsonWebKey");
    let stored = call.org.apps.get_mut(&id).ok_or_else(missing)?;
    let keys = stored
        .pointer_mut("/settings/oauthClient/jwks/keys")
        .and_then(Value::as_array_mut)
        .ok_or_else(missing)?;
    let place = keys
        .iter()
        .position(|key| text(key, "/id") == kid || text(key, "/kid") == kid);
    let place = place.ok_or_else(missing)?;
    let kept = change(&mut keys[place])?;
    let key = keys[place].clone();
    if !kept {
        keys.remove(place);
    }
    Ok(with_steps(&key, &own))
}

fn get_client_key(call: &mut Call<'_>) -> Outcome {
    let key = change_client_key(call, |_| Ok(true))?;
    Ok(Answer::ok(&key))
}

fn delete_client_key(call: &mut Call<'_>) -> Outcome {
    change_client_key(call, |key| match text(key, "/status") {
        "ACTIVE" => {
            let cause = "An active key cannot be deleted.";
            Err(Fault::validation("JsonWebKey", &[cause]))
        }
        _ => Ok(false),
    })?;
    Ok(Answer::no_content())
}

fn set_client_key(call: &mut Call<'_>, status: &str) -> Outcome {
    let now = crate::clock::zero_millis(call.org.clock.now());
    let key = change_client_key(call, |key| {
        key["status"] = json!(status);
        key["lastUpdated"] = json!(now);
        Ok(true)
    })?;
    Ok(Answer::ok(&key))
}

fn activate_client_key(call: &mut Call<'_>) -> Outcome {
    set_client_key(call, "ACTIVE")
}

fn deactivate_client_key(call: &mut Call<'_>) -> Outcome {
    set_client_key(call, "INACTIVE")
}

fn metadata(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let accepted = call.request.header("accept").unwrap_or("*/*");
    if !accepted.contains("xml") && !accepted.contains("*/*") {
        return Err(Fault::api(
            400,
            "E0000019",
            "Bad request. Accept and/or Content-Type headers likely do not match supported values.",
            &[],
        ));
    }
    let certificate = super::signing::certificate(call.org, &app)?;
    let id = text(&app, "/id");
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
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{}{}\
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
