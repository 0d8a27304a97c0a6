//! An app's client keys and SAML metadata.

use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, members, remove, text};
use crate::oauth::dpop::PRIVATE;

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
    if app.pointer("/settings/oauthClient").is_none() {
        let cause = "The app is no OAuth 2.0 client";
        return Err(Fault::validation("appId", &[cause]));
    }
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
    for member in PRIVATE.into_iter().chain(["id", "_links"]) {
        remove(&mut key, member);
    }
    let kid = text(&key, "/kid");
    let known = app.pointer("/settings/oauthClient/jwks/keys");
    let mut known = known.and_then(Value::as_array).into_iter().flatten();
    if !kid.is_empty() && known.any(|one| text(one, "/kid") == kid) {
        let cause = "kid: An object with this field already exists in the client";
        return Err(Fault::validation("JsonWebKey", &[cause]));
    }
    let id = call.org.dice.id("pks");
    let now = crate::clock::zero_millis(call.org.clock.now());
    let own = format!(
        "{}/api/v1/apps/{}/credentials/jwks/{id}",
        call.base(),
        text(&app, "/id")
    );
    fill(
        &mut key,
        &json!({ "id": id, "status": "ACTIVE", "use": "sig", "created": now, "lastUpdated": now }),
    );
    let Some(stored) = call.org.apps.get_mut(text(&app, "/id")) else {
        return Err(Fault::code("E0000009", &[]));
    };
    let client = members(&mut stored["settings"]["oauthClient"]);
    let set = members(client.entry("jwks").or_insert(Value::Null));
    let keys = set.entry("keys").or_insert_with(|| json!([]));
    match keys.as_array_mut() {
        Some(keys) => keys.push(key.clone()),
        None => *keys = json!([key]),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;
    use crate::oauth::scene::Scene;

    fn key(kid: &str) -> Value {
        json!({
            "kid": kid, "kty": "RSA", "e": "AQAB", "n": "A".repeat(342), "d": "secret", "id": "mine",
        })
    }

    #[test]
    fn a_client_s_keys_have_names_of_their_own_and_no_private_half() {
        let scene = Scene::new();
        let grants = json!(["authorization_code"]);
        let (id, _) = scene.client("private_key_jwt", &grants, &json!({}));
        let keys = format!("/api/v1/apps/{id}/credentials/jwks");
        let add = |kid: &str| scene.bench.call("POST", &keys, Some(&key(kid)));
        let (status, made) = add("one");
        assert_eq!(status, 201, "{made}");
        assert!(text(&made, "/id").starts_with("pks") && made["d"].is_null());
        assert_eq!(add("one").0, 400, "known");
        assert_eq!(add("two").0, 201);
        let (_, all) = scene.bench.call("GET", &keys, None);
        assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
        assert!(!all.to_string().contains("secret"), "{all}");
    }

    #[test]
    fn an_app_that_is_no_client_takes_no_keys() {
        let bench = Bench::new();
        let body = json!({
            "name": "bookmark", "label": "Marks", "signOnMode": "BOOKMARK",
            "settings": { "app": { "url": "https://example.com", "requestIntegration": false } },
        });
        let (_, app) = bench.call("POST", "/api/v1/apps", Some(&body));
        let id = text(&app, "/id");
        let keys = format!("/api/v1/apps/{id}/credentials/jwks");
        assert_eq!(bench.call("POST", &keys, Some(&key("one"))).0, 400);
        let client = format!("/oauth2/v1/clients/{id}");
        assert_eq!(bench.call("GET", &client, None).0, 404);
    }
}
