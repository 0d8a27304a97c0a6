//! A credential that may not do everything.

use okta_core::{Client, PrivateKey, Scope, Scopes, ServiceApp};
use okta_sandbox::AccessRequestsOrg;
use okta_workflows::access_requests::{CheckId, Doctor, Repair, Status};
use serde_json::json;

use super::world::{SCOPES, World, of};

fn all() -> Scopes {
    Scopes::of(&[Doctor::looks(), Doctor::repairs()].concat())
}

/// A doctor who is a service app with these scopes.
fn with_scopes(world: &World, granted: &[&str]) -> (Doctor, String) {
    let app = world.sandbox.create_service_app(granted);
    let key = PrivateKey::parse_with_key_id(&app.private_key_pem, &app.kid).expect("a key");
    // An app asks for what it was granted; one without a grant for all.
    let asked = match granted.is_empty() {
        true => all(),
        false => granted
            .iter()
            .map(|one| Scope::from((*one).to_owned()))
            .collect(),
    };
    let credential = ServiceApp::new(app.client_id.clone(), key, asked).expect("an app");
    let client = Client::builder()
        .org_url(world.sandbox.url())
        .service_app(credential)
        .build()
        .expect("a client");
    (Doctor::new(&client).needing(SCOPES), app.client_id)
}

#[tokio::test]
async fn each_scope_left_out_is_named() {
    let everything = all();
    let names: Vec<&str> = everything.iter().map(Scope::as_str).collect();
    for left_out in &names {
        let mut granted: Vec<&str> = names
            .iter()
            .filter(|name| *name != left_out)
            .copied()
            .collect();
        lacking(&granted, left_out, Status::NotAllowed).await;
        // What includes the scope to read is not always needed to look.
        let read = left_out.replace(".manage", ".read");
        if read != **left_out {
            granted.push(&read);
            lacking(&granted, left_out, Status::Fail).await;
        }
    }
}

async fn lacking(granted: &[&str], left_out: &str, status: Status) {
    let world = World::new(AccessRequestsOrg::everything_wrong()).await;
    let (doctor, client_id) = with_scopes(&world, granted);
    let (diagnosis, _) = doctor.examine().await;
    let check = of(&diagnosis, CheckId::Credential);
    assert_eq!(check.status, status, "{left_out}: {check}");
    let Some(Repair::Person(text)) = &check.repair else {
        panic!("{left_out}: {check}");
    };
    assert!(
        text.contains(left_out) && text.contains(&client_id) && text.contains("/grants"),
        "{left_out}: {text}"
    );
    // What can be done is done; the rest is told.
    match doctor.apply().await {
        Ok(treated) => assert_ne!(treated.after.exit_status(), 0, "{left_out}"),
        // Unseen, the feature that lets apps have roles stays off.
        Err(stopped) if stopped.error.code() == Some("E0000015") => {
            assert!(left_out.starts_with("okta.features."), "{left_out}");
        }
        Err(stopped) => {
            let scope = stopped.error.insufficient_scope();
            let scope = scope.unwrap_or_else(|| panic!("{left_out}: {}", stopped.error));
            let missing = scope.missing();
            assert!(missing.iter().any(|one| one.as_str() == left_out));
        }
    }
}

#[tokio::test]
async fn without_any_scope_it_says_so() {
    let world = World::new(AccessRequestsOrg::everything_wrong()).await;
    let (doctor, _) = with_scopes(&world, &[]);
    let (diagnosis, plan) = doctor.examine().await;
    assert!(plan.is_empty(), "{plan}");
    let check = of(&diagnosis, CheckId::Credential);
    assert_eq!(check.status, Status::NotAllowed, "{check}");
    for id in [
        CheckId::Governance,
        CheckId::Role,
        CheckId::WorkflowsFeature,
    ] {
        assert_eq!(of(&diagnosis, id).status, Status::NotAllowed, "{diagnosis}");
    }
    assert_eq!(diagnosis.exit_status(), 2, "{diagnosis}");
    assert!(doctor.apply().await.expect("does nothing").done.is_empty());
}

#[tokio::test]
async fn an_admin_of_less_is_told_which_role_it_takes() {
    let world = World::new(AccessRequestsOrg::everything_wrong()).await;
    let everything = all();
    let names: Vec<&str> = everything.iter().map(Scope::as_str).collect();
    let (doctor, client_id) = with_scopes(&world, &names);
    world.sandbox.remove_roles(&client_id);
    let roles = format!("/oauth2/v1/clients/{client_id}/roles");
    // A credential without any role may not look either.
    let (diagnosis, plan) = doctor.examine().await;
    assert!(plan.is_empty());
    assert_eq!(of(&diagnosis, CheckId::Role).status, Status::NotAllowed);
    assert_eq!(diagnosis.exit_status(), 2, "{diagnosis}");

    // The feature that would let the app have a role is off in this org; a person turns it on.
    let features = world
        .client
        .call("GET", "/api/v1/features")
        .await
        .expect("reads");
    let features: Vec<serde_json::Value> = features.json().expect("JSON");
    for feature in features
        .iter()
        .filter(|one| one["name"] == "Assign admin roles to apps")
    {
        let id = feature["id"].as_str().expect("an id");
        let enable = format!("/api/v1/features/{id}/enable");
        world.client.call("POST", enable).await.expect("enabled");
    }
    let given = world.client.call("POST", roles);
    given
        .json(&json!({ "type": "READ_ONLY_ADMIN" }))
        .await
        .expect("given");
    let (diagnosis, plan) = doctor.examine().await;
    let check = of(&diagnosis, CheckId::Credential);
    assert_eq!(check.status, Status::Fail, "{check}");
    assert!(
        matches!(&check.repair, Some(Repair::Person(text)) if text.contains("SUPER_ADMIN")),
        "{check}"
    );
    assert_eq!(check.evidence[0].found, "READ_ONLY_ADMIN");
    assert!(!plan.is_empty());
    let stopped = doctor.apply().await.expect_err("may not");
    assert!(
        stopped.error.is_forbidden() && stopped.done.is_empty(),
        "{stopped}"
    );
}
