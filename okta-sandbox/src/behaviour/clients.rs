//! Apps seen as OAuth clients.

use serde_json::{Value, json};

use crate::admin::Listed;
use crate::behaviour::{apps, secrets};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, merge, remove, text};
use crate::log::app_target;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listClients" => list,
        "getClient" => get,
        "createClient" => register,
        "replaceClient" => replace,
        "deleteClient" => remove_client,
        "generateNewClientSecret" => new_secret,
        _ => return None,
    })
}

fn view(app: &Value) -> Value {
    let setting = |name: &str| at(app, &format!("/settings/oauthClient/{name}"));
    let at_or_none = |name: &str| match setting(name) {
        Value::Null => json!([]),
        given => given,
    };
    let issued = crate::clock::parse(text(app, "/created")).map(jiff::Timestamp::as_second);
    json!({
        "client_id": app["id"], "client_name": app["label"], "client_id_issued_at": issued,
        "client_uri": setting("client_uri"), "logo_uri": setting("logo_uri"),
        "application_type": setting("application_type"), "grant_types": setting("grant_types"),
        "response_types": setting("response_types"), "redirect_uris": setting("redirect_uris"),
        "post_logout_redirect_uris": at_or_none("post_logout_redirect_uris"),
        "token_endpoint_auth_method": at(app, "/credentials/oauthClient/token_endpoint_auth_method"),
        "dpop_bound_access_tokens": setting("dpop_bound_access_tokens"),
    })
}

fn is_client(app: &Value) -> bool {
    app.pointer("/settings/oauthClient").is_some()
}

fn list(call: &mut Call<'_>) -> Outcome {
    let q = call.request.query("q").unwrap_or_default().to_lowercase();
    let sees = call.sees(Listed::Apps);
    let hits = call.org.apps.placed().filter(|(_, app)| {
        is_client(app) && text(app, "/label").to_lowercase().starts_with(&q) && sees(app)
    });
    call.list(Size::new(50, 200), hits, view)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let app = call.org.apps.get(id).filter(|app| is_client(app));
    app.map(|app| Answer::ok(&view(app)))
        .ok_or_else(|| Fault::not_found(id, "PublicClientApp"))
}

/// The client that the path names.
fn named(call: &Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    let app = call.org.apps.get(id).filter(|app| is_client(app)).cloned();
    app.ok_or_else(|| Fault::not_found(id, "PublicClientApp"))
}

/// The settings that a registration tells.
const REGISTERED: [&str; 11] = [
    "application_type",
    "client_uri",
    "logo_uri",
    "grant_types",
    "response_types",
    "redirect_uris",
    "post_logout_redirect_uris",
    "dpop_bound_access_tokens",
    "jwks",
    "jwks_uri",
    "initiate_login_uri",
];

/// Those of them that are lists of texts.
const LISTS: [&str; 4] = [
    "grant_types",
    "response_types",
    "redirect_uris",
    "post_logout_redirect_uris",
];

/// The registration as an app's body.
fn as_app(body: &Value) -> Result<Value, Fault> {
    let name = text(body, "/client_name");
    if name.is_empty() {
        let description = "The 'client_name' must not be blank.";
        return Err(Fault::oauth(400, "invalid_client_metadata", description));
    }
    for (member, value) in body.as_object().into_iter().flatten() {
        let texts = |list: &Vec<Value>| list.iter().all(Value::is_string);
        let fits = match member.as_str() {
            "dpop_bound_access_tokens" => value.is_boolean(),
            "jwks" => value["keys"].is_array(),
            name if LISTS.contains(&name) => value.as_array().is_some_and(texts),
            name if REGISTERED.contains(&name) => value.is_string(),
            _ => true,
        };
        if !fits && !value.is_null() {
            let description = format!("Invalid value for '{member}'.");
            return Err(Fault::oauth(400, "invalid_client_metadata", description));
        }
    }
    let mut settings = json!({ "application_type": "web" });
    for name in REGISTERED {
        if let Some(value) = body.get(name).filter(|v| !v.is_null()) {
            settings[name] = value.clone();
        }
    }
    let method = match text(body, "/token_endpoint_auth_method") {
        "" => "client_secret_basic",
        method => method,
    };
    Ok(json!({
        "name": "oidc_client", "label": name, "signOnMode": "OPENID_CONNECT",
        "settings": { "oauthClient": settings },
        "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
    }))
}

/// The client with its secret, as registration answers it.
fn with_secret(app: &Value) -> Value {
    let mut shown = view(app);
    let secret = at(app, "/credentials/oauthClient/client_secret");
    if !secret.is_null() {
        shown["client_secret"] = secret;
        shown["client_secret_expires_at"] = json!(0);
    }
    shown
}

fn register(call: &mut Call<'_>) -> Outcome {
    let body = as_app(&call.request.object()?)?;
    let app = apps::build(call.org, &body)?;
    apps::add(call.org, app.clone());
    call.log("application.lifecycle.create", vec![app_target(&app)]);
    Ok(Answer::json(201, &with_secret(&app)))
}

/// What an app has beside its registration stays.
fn replace(call: &mut Call<'_>) -> Outcome {
    let old = named(call)?;
    let given = as_app(&call.request.object()?)?;
    let mut body = old.clone();
    body["label"] = given["label"].clone();
    let settings = &mut body["settings"]["oauthClient"];
    for name in REGISTERED {
        remove(settings, name);
    }
    merge(settings, &given["settings"]["oauthClient"]);
    let client = &mut body["credentials"]["oauthClient"];
    merge(client, &given["credentials"]["oauthClient"]);
    let app = apps::rebuild(call.org, &old, &body);
    call.log("application.lifecycle.update", vec![app_target(&app)]);
    Ok(Answer::ok(&view(&app)))
}

fn remove_client(call: &mut Call<'_>) -> Outcome {
    let app = named(call)?;
    if apps::is_built_in(&app) {
        return Err(Fault::code("E0000006", &[]));
    }
    call.org.remove_app(call.parameter(0));
    call.log("application.lifecycle.delete", vec![app_target(&app)]);
    Ok(Answer::no_content())
}

fn new_secret(call: &mut Call<'_>) -> Outcome {
    let old = named(call)?;
    let method = text(&old, "/credentials/oauthClient/token_endpoint_auth_method");
    if !method.starts_with("client_secret") {
        let description = "The client does not prove itself by a secret.";
        return Err(Fault::oauth(400, "invalid_client_metadata", description));
    }
    let mut app = old.clone();
    app["credentials"]["oauthClient"]["client_secret"] = json!(call.org.dice.secret(40));
    secrets::follow(call.org, &old, &app);
    call.org.apps.put(call.parameter(0), app.clone());
    let event = "app.oauth2.client.lifecycle.update";
    call.log(event, vec![app_target(&app)]);
    Ok(Answer::ok(&with_secret(&app)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::json::text;
    use crate::oauth::scene::Scene;

    const CLIENTS: &str = "/oauth2/v1/clients";

    fn registration(method: &str) -> Value {
        json!({
            "client_name": "Shop", "application_type": "service", "response_types": ["token"],
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": method,
            "dpop_bound_access_tokens": false,
        })
    }

    /// What a secret opens at the default server, which asks for it first.
    fn error(scene: &Scene, id: &str, secret: &str) -> String {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", "none"),
        ];
        let (_, answer) = scene.post("/oauth2/default/v1/token", &fields);
        text(&answer, "/error").to_owned()
    }

    #[test]
    fn a_new_secret_works_and_the_one_before_does_not() {
        for listed in [false, true] {
            let scene = Scene::new();
            let call = |method: &str, target: &str, body: Option<&Value>| {
                let (status, answer) = scene.bench.call(method, target, body);
                assert!((200..300).contains(&status), "{target} {answer}");
                answer
            };
            let made = call("POST", CLIENTS, Some(&registration("client_secret_post")));
            let (id, first) = (text(&made, "/client_id"), text(&made, "/client_secret"));
            let secrets = format!("/api/v1/apps/{id}/credentials/secrets");
            if listed {
                call("GET", &secrets, None);
            }
            assert_eq!(error(&scene, id, first), "invalid_scope");
            let renewed = call("POST", &format!("{CLIENTS}/{id}/lifecycle/newSecret"), None);
            let second = text(&renewed, "/client_secret");
            assert_eq!(error(&scene, id, second), "invalid_scope", "{listed}");
            assert_eq!(error(&scene, id, first), "invalid_client", "{listed}");
            let app = format!("/api/v1/apps/{id}");
            let mut body = call("GET", &app, None);
            body["credentials"]["oauthClient"]["client_secret"] = json!("third-secret-of-mine");
            call("PUT", &app, Some(&body));
            assert_eq!(error(&scene, id, "third-secret-of-mine"), "invalid_scope");
            assert_eq!(error(&scene, id, second), "invalid_client", "{listed}");
            let all = call("GET", &secrets, None);
            assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
            let other = format!("{CLIENTS}/{id}");
            call("PUT", &other, Some(&registration("private_key_jwt")));
            let target = format!("{other}/lifecycle/newSecret");
            let (status, refused) = scene.bench.call("POST", &target, None);
            assert_eq!(
                (status, text(&refused, "/error")),
                (400, "invalid_client_metadata")
            );
            call("PUT", &other, Some(&registration("client_secret_post")));
            let all = call("GET", &secrets, None);
            assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
            let own = text(&all, "/0/client_secret");
            assert_eq!(error(&scene, id, own), "invalid_scope", "{listed}");
            assert_eq!(error(&scene, id, "third-secret-of-mine"), "invalid_client");
        }
    }

    #[test]
    fn a_registration_is_replaced_whole_and_leaves_the_rest_of_the_app() {
        let scene = Scene::new();
        let call = |method: &str, target: &str, body: &Value| {
            scene.bench.call(method, target, Some(body)).1
        };
        let mut body = json!({
            "client_name": "Shop", "redirect_uris": ["https://shop.example.com"],
            "post_logout_redirect_uris": ["https://shop.example.com/bye"],
        });
        let made = call("POST", CLIENTS, &body);
        assert_eq!(
            made["post_logout_redirect_uris"],
            body["post_logout_redirect_uris"]
        );
        for wrong in [
            json!({ "client_name": "Shop", "redirect_uris": "https://shop.example.com" }),
            json!({ "client_name": "Shop", "grant_types": [1] }),
            json!({ "client_name": "Shop", "jwks": "none" }),
        ] {
            let refused = call("POST", CLIENTS, &wrong);
            assert_eq!(refused["error"], "invalid_client_metadata", "{wrong}");
        }
        let own = format!("{CLIENTS}/{}", text(&made, "/client_id"));
        let app = format!("/api/v1/apps/{}", text(&made, "/client_id"));
        let mut whole = call("GET", &app, &json!({}));
        whole["settings"]["oauthClient"]["consent_method"] = json!("REQUIRED");
        call("PUT", &app, &whole);
        body["client_name"] = json!("Store");
        body.as_object_mut()
            .expect("an object")
            .remove("post_logout_redirect_uris");
        let kept = call("PUT", &own, &body);
        assert_eq!(kept["client_name"], "Store");
        assert_eq!(kept["post_logout_redirect_uris"], json!([]));
        assert_eq!(kept["grant_types"], json!(["authorization_code"]), "{kept}");
        let whole = call("GET", &app, &json!({}));
        assert_eq!(
            whole["settings"]["oauthClient"]["consent_method"],
            "REQUIRED"
        );
    }

    #[test]
    fn the_service_s_own_clients_stay() {
        let scene = Scene::new();
        let (_, apps) = scene
            .bench
            .call("GET", "/api/v1/apps?filter=name+eq+%22saasure%22", None);
        let client = format!("{CLIENTS}/{}", text(&apps, "/0/id"));
        let (status, refused) = scene.bench.call("DELETE", &client, None);
        assert_eq!((status, text(&refused, "/errorCode")), (403, "E0000006"));
        assert_eq!(scene.bench.call("GET", &client, None).0, 200);
    }
}
