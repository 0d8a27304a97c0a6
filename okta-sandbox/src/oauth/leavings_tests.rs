//! What is left of tokens when what they belong to goes.

use serde_json::json;

use super::authority::Consent;
use super::scene::Scene;
use crate::json::text;

const SCOPES: &str = "openid offline_access device_sso";

fn consent() -> Consent {
    Consent {
        id: "oag1".to_owned(),
        scope: "email".to_owned(),
        given: 1,
    }
}

#[test]
fn nothing_of_a_deleted_app_stays() {
    let scene = Scene::new();
    let grants = json!(["authorization_code", "password", "refresh_token"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let (other, _) = scene.client("none", &grants, &json!({}));
    scene.by_password("/oauth2/v1/token", (&id, &secret), SCOPES);
    let call = |method: &str, target: &str, body: Option<serde_json::Value>| {
        scene.bench.call(method, target, body.as_ref())
    };
    let app = format!("/api/v1/apps/{id}");
    let claim = json!({ "name": "role", "expression": "user.title" });
    let pair = json!({ "requestingAppInstanceId": id, "resourceAppInstanceId": other });
    for (target, body) in [
        (format!("{app}/federated-claims"), Some(claim)),
        (format!("{app}/cwo/connections"), Some(pair)),
        (
            format!("{app}/interclient-allowed-apps"),
            Some(json!({ "id": other })),
        ),
        (format!("{app}/credentials/secrets"), None),
        (
            format!("/oauth2/v1/clients/{id}/roles"),
            Some(json!({ "type": "APP_ADMIN" })),
        ),
    ] {
        let (status, made) = call("POST", &target, body);
        assert_eq!(status, 201, "{target} {made}");
    }
    let place = format!("{} {id} org", scene.user);
    let given = vec![consent()];
    scene
        .bench
        .shared
        .org()
        .authority
        .consents
        .insert(place, given);
    let grants = format!("/api/v1/users/{}/grants", scene.user);
    assert_eq!(call("GET", &grants, None).1[0]["clientId"], json!(id));
    assert_eq!(
        call("POST", &format!("{app}/lifecycle/deactivate"), None).0,
        200
    );
    assert_eq!(call("DELETE", &app, None).0, 204);
    assert_eq!(call("GET", &grants, None).1, json!([]));
    let clients = format!("/api/v1/users/{}/clients", scene.user);
    assert_eq!(call("GET", &clients, None).1, json!([]));
    let org = scene.bench.shared.org();
    let told = |value: &serde_json::Value| value.to_string().contains(&id);
    let left = org
        .shelves
        .iter()
        .filter(|(path, shelf)| path.contains(&id) || shelf.values().any(told));
    assert_eq!(left.map(|(path, _)| path).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(org.authority.device_secrets.len(), 0);
}

#[test]
fn nothing_of_a_deleted_server_stays() {
    let scene = Scene::new();
    let call = |method: &str, target: &str, body: serde_json::Value| {
        let (status, answer) = scene.bench.call(method, target, Some(&body));
        assert!((200..300).contains(&status), "{target} {answer}");
        answer
    };
    let body = json!({ "name": "Orders", "description": "Orders", "audiences": ["api://orders"] });
    let server = call("POST", "/api/v1/authorizationServers", body);
    let id = text(&server, "/id");
    let own = format!("/api/v1/authorizationServers/{id}");
    let body = json!({
        "type": "OAUTH_AUTHORIZATION_POLICY", "status": "ACTIVE", "name": "All", "description": "All",
        "priority": 1, "conditions": { "clients": { "include": ["ALL_CLIENTS"] } },
    });
    let policy = call("POST", &format!("{own}/policies"), body);
    let body = json!({
        "type": "RESOURCE_ACCESS", "name": "All", "priority": 1, "conditions": {
            "people": { "users": { "include": [], "exclude": [] },
                "groups": { "include": ["EVERYONE"], "exclude": [] } },
            "grantTypes": { "include": ["password"] }, "scopes": { "include": ["*"] },
        },
        "actions": { "token": { "accessTokenLifetimeMinutes": 60,
            "refreshTokenLifetimeMinutes": 0, "refreshTokenWindowMinutes": 10080 } },
    });
    call(
        "POST",
        &format!("{own}/policies/{}/rules", text(&policy, "/id")),
        body,
    );
    let trust = "/api/v1/authorizationServers/default/associatedServers";
    call("POST", trust, json!({ "trusted": [id] }));
    let grants = json!(["authorization_code", "password", "refresh_token"]);
    let (client, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let path = format!("/oauth2/{id}/v1/token");
    scene.by_password(&path, (&client, &secret), SCOPES);
    let tokens = format!("/api/v1/apps/{client}/tokens");
    let listed = || {
        let (_, all) = scene.bench.call("GET", &tokens, None);
        all.as_array().map(Vec::len)
    };
    assert_eq!(listed(), Some(1));
    call("POST", &format!("{own}/lifecycle/deactivate"), json!({}));
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    assert_eq!(listed(), Some(0));
    let org = scene.bench.shared.org();
    assert_eq!(
        org.authority.tokens.len() + org.authority.device_secrets.len(),
        0
    );
    assert!(org.authority.keys.stored.get(id).is_none(), "its keys");
    let told = |value: &serde_json::Value| value.to_string().contains(id);
    let left = org
        .shelves
        .iter()
        .filter(|(path, shelf)| path.contains(id) || shelf.values().any(told));
    assert_eq!(left.map(|(path, _)| path).collect::<Vec<_>>(), [""; 0]);
}
