//! What the apps that carry an authenticator of the org read about it before anybody signs in.

use serde_json::{Value, json};

use super::authenticators::AUTHENTICATORS;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, text};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    (id == "getWellKnownAppAuthenticatorConfiguration").then_some(list as Handler)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let client = call.request.query("oauthClientId").unwrap_or_default();
    if client.is_empty() {
        let summary = "The request is missing a required parameter.";
        return Err(Fault::api(400, "E0000028", summary, &[]));
    }
    let all = call.org.shelf(AUTHENTICATORS).values();
    let carried = all.filter(|one| {
        one["key"] == "custom_app"
            && one["status"] == "ACTIVE"
            && text(one, "/settings/oauthClientId") == client
    });
    let carried: Vec<Value> = carried.cloned().collect();
    let shown: Vec<Value> = carried.iter().map(|one| show(call, one)).collect();
    Ok(Answer::ok(&json!(shown)))
}

fn show(call: &mut Call<'_>, one: &Value) -> Value {
    let methods = format!("{AUTHENTICATORS}/{}/methods", text(one, "/id"));
    let methods: Vec<Value> = call
        .org
        .shelf(&methods)
        .values()
        .map(|method| {
            json!({ "type": method["type"], "status": method["status"], "settings": {
                "algorithms": at(method, "/settings/algorithms"),
                "keyProtection": at(method, "/settings/keyProtection"),
                "transactionTypes": at(method, "/settings/transactionTypes"),
            } })
        })
        .collect();
    json!({
        "authenticatorId": one["id"], "orgId": call.org.id, "type": one["type"], "key": one["key"],
        "name": one["name"], "createdDate": one["created"], "lastUpdated": one["lastUpdated"],
        "settings": { "userVerification": at(one, "/settings/userVerification") },
        "supportedMethods": methods,
        "appAuthenticatorEnrollEndpoint": format!("{}/idp/myaccount/app-authenticators", call.base()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn an_app_finds_the_authenticator_that_it_carries() {
        let bench = Bench::new();
        let app = json!({
            "name": "oidc_client", "label": "Native", "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "token_endpoint_auth_method": "none" } },
            "settings": { "oauthClient": {
                "application_type": "native", "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"], "redirect_uris": ["com.example:/callback"],
            } },
        });
        let (_, app) = bench.call("POST", "/api/v1/apps", Some(&app));
        let push = json!({ "name": "Push", "providerType": "FCM", "configuration": { "fileName": "a.json" } });
        let (_, push) = bench.call("POST", "/api/v1/push-providers", Some(&push));
        let body = json!({
            "key": "custom_app", "name": "Ours", "agreeToTerms": true,
            "settings": { "appInstanceId": app["id"] },
            "provider": { "type": "PUSH", "configuration": { "fcm": { "id": push["id"] } } },
        });
        let (status, made) =
            bench.call("POST", "/api/v1/authenticators?activate=true", Some(&body));
        assert_eq!(status, 200, "{made}");
        let path = "/.well-known/app-authenticator-configuration";
        let read = |client: &str| -> (u16, Value) {
            bench.call("GET", &format!("{path}?oauthClientId={client}"), None)
        };
        let (status, found) = read(text(&app, "/id"));
        assert_eq!(
            (status, &found[0]["authenticatorId"]),
            (200, &made["id"]),
            "{found}"
        );
        assert_eq!(found[0]["supportedMethods"][0]["type"], "push");
        assert!(
            found[0]["supportedMethods"][0]["settings"]["algorithms"].is_array(),
            "{found}"
        );
        assert_eq!(read("0oa0"), (200, json!([])));
        let (status, refused) = bench.call("GET", path, None);
        assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000028"));
        let own = format!(
            "/api/v1/authenticators/{}/lifecycle/deactivate",
            text(&made, "/id")
        );
        assert_eq!(bench.call("POST", &own, None).0, 200);
        assert_eq!(read(text(&app, "/id")).1, json!([]), "an inactive one");
    }
}
