//! Onboarding into Salesforce, as a flow would do it: a user is assigned to the Salesforce app in Okta, the event card
//! fires, and the Salesforce user is found, activated or created; unassigning deactivates it. Okta is the sandbox,
//! Salesforce the stand-in; both speak real HTTP.

use std::time::Duration;

use okta_core::prelude::*;
use okta_management::models::UserGetSingleton;
use okta_management::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};
use okta_workflows::oauth::OAuthConnection;
use okta_workflows::okta::OktaConnector;
use okta_workflows::okta::actions::{
    AssignUserToApplicationForSso, ReadUser, RemoveUserFromApplication,
    assign_user_to_application_for_sso as assign, read_user,
    remove_user_from_application as remove,
};
use okta_workflows::salesforce::actions::{
    ActivateUser, CreateUser, DeactivateUser, SearchUsers, activate_user, create_user,
    deactivate_user, search_users,
};
use okta_workflows::salesforce::stand_in::StandIn;
use okta_workflows::salesforce::{SalesforceConnector, stand_in};
use okta_workflows::{Connection as _, EventCard, Registry, event_cards};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    // An Okta org with people and an app that stands for Salesforce.
    let okta = Sandbox::builder()
        .seed(SeedOrg {
            users: 3,
            ..SeedOrg::default()
        })
        .start()
        .await?;
    let client = Client::builder()
        .org_url(okta.url())
        .api_token(okta.api_token())
        .build()?;
    let app = salesforce_app(&client).await?;

    step("connect the app to Salesforce: sign-in with PKCE, then a refresh token");
    let salesforce = StandIn::start().await?;
    let connection = connect(&salesforce).await?;
    connection.test().await?;
    let cards = Registry::new()
        .with(OktaConnector::new(client.clone()))
        .with(SalesforceConnector::new(connection));

    step("assign a user to the Salesforce app");
    let user = client.users().list().limit(1).await?.items.remove(0);
    let user = user.id.ok_or("a user without an id")?;
    cards
        .call(AssignUserToApplicationForSso {
            options: assign::Options {
                application: app.clone(),
            },
            input: assign::Input {
                user: assign::InputUser {
                    user_id: user.clone(),
                    ..Default::default()
                },
                ..Default::default()
            },
        })
        .await?;

    step("the event card fires; the Salesforce user is created, and the second time only found");
    for _ in 0..2 {
        let login = assigned(&client, &app).await?;
        let id = onboard(&cards, &login).await?;
        println!("   {} is Salesforce user {id}", login.login);
    }
    println!(
        "   users in Salesforce: {}",
        salesforce.records("User").len()
    );

    step("the access token ends; the next card refreshes it");
    salesforce.clear_requests();
    salesforce.advance(Duration::from_secs(3 * 3600));
    let login = assigned(&client, &app).await?;
    let id = onboard(&cards, &login).await?;
    for entry in salesforce.requests().iter().take(3) {
        println!("   {} {} → {}", entry.method, entry.path, entry.status);
    }

    step("unassign the user; the event card fires; the Salesforce user is deactivated");
    cards
        .call(RemoveUserFromApplication {
            options: remove::Options {
                application: app.clone(),
            },
            input: remove::Input {
                user: remove::InputUser {
                    user_id: user,
                    send_email: Some(false),
                },
                ..Default::default()
            },
        })
        .await?;
    if !unassigned(&client, &app).await? {
        return Err("no card fired for the unassignment".into());
    }
    cards
        .call(DeactivateUser {
            input: deactivate_user::Input {
                user: deactivate_user::InputUser {
                    user_id: id.clone(),
                },
            },
            ..Default::default()
        })
        .await?;
    let active = find(&cards, &login.login).await?.is_active;
    println!("   active in Salesforce: {}", active.unwrap_or_default());

    step("assigned again: the same user is activated, not created");
    let again = onboard(&cards, &login).await?;
    println!(
        "   the same user: {}; users in Salesforce: {}",
        again == id,
        salesforce.records("User").len()
    );
    if again != id || salesforce.records("User").len() != 2 {
        return Err("a duplicate".into());
    }
    Ok(())
}

fn step(what: &str) {
    println!("\n── {what}");
}

/// A bookmark that stands for Salesforce in the app catalogue.
async fn salesforce_app(client: &Client) -> Outcome<String> {
    let app = serde_json::json!({
        "name": "bookmark", "label": "Salesforce", "signOnMode": "BOOKMARK",
        "settings": {"app": {"requestIntegration": false, "url": "https://login.salesforce.com"}},
    });
    let made: serde_json::Value = client
        .call("POST", "/api/v1/apps")
        .json(&app)
        .await?
        .json()?;
    Ok(made["id"]
        .as_str()
        .ok_or("an app without an id")?
        .to_owned())
}

/// What a person does once: sign in to Salesforce and agree.
async fn connect(salesforce: &StandIn) -> Outcome<OAuthConnection> {
    let connection = salesforce.connect(&["api", "refresh_token"]).await?;
    println!(
        "   client {}; scopes {:?}",
        stand_in::CLIENT_ID,
        connection
            .granted_scopes()
            .await?
            .map(|scopes| scopes.to_string())
    );
    Ok(connection)
}

/// Who was assigned last, by the event card.
struct Assigned {
    login: String,
    user: UserGetSingleton,
}

/// The newest System Log event of the type that is about the app.
async fn newest(
    client: &Client,
    event_type: &str,
    app: &str,
    found: &mut dyn FnMut(&EventCard<'_>),
) -> Outcome {
    let page = client
        .logs()
        .list()
        .filter(format!(r#"eventType eq "{event_type}""#))
        .sort_order("DESCENDING")
        .limit(1)
        .await?;
    for event in &page.items {
        event_cards(event)
            .of_connector("okta")
            .filter(|card| card.is_about_app(Some(app)))
            .for_each(|card| found(&card));
    }
    Ok(())
}

async fn assigned(client: &Client, app: &str) -> Outcome<Assigned> {
    let mut id = None;
    newest(
        client,
        "application.user_membership.add",
        app,
        &mut |card| {
            if let EventCard::OktaUserAssignedToApplication(card) = card {
                println!(
                    "   {}: {}",
                    EventCard::slug(&EventCard::OktaUserAssignedToApplication(card.clone())),
                    card.okta_user.alternate_id.unwrap_or_default()
                );
                id = card.okta_user.id.map(str::to_owned);
            }
        },
    )
    .await?;
    let user = client
        .users()
        .get(id.ok_or("no card fired for the assignment")?)
        .await?;
    let profile = user.profile.as_ref().ok_or("a user without a profile")?;
    let login = profile.login.clone().ok_or("a user without a login")?;
    Ok(Assigned { login, user })
}

async fn unassigned(client: &Client, app: &str) -> Outcome<bool> {
    let mut fired = false;
    newest(
        client,
        "application.user_membership.remove",
        app,
        &mut |card| {
            fired |= matches!(card, EventCard::OktaUserUnassignedFromApplication(_));
        },
    )
    .await?;
    Ok(fired)
}

async fn find(cards: &Registry, login: &str) -> Outcome<search_users::OutputResult> {
    let found = cards
        .call(SearchUsers {
            options: search_users::Options {
                search_by: search_users::SearchByChoice::Username,
            },
            input: search_users::Input {
                query: search_users::InputQuery {
                    value: login.to_owned(),
                },
            },
        })
        .await?;
    Ok(found.result)
}

/// Finds, activates or creates the Salesforce user; its id. Running it twice changes nothing.
async fn onboard(cards: &Registry, who: &Assigned) -> Outcome<String> {
    let found = find(cards, &who.login).await?;
    if let Some(id) = found.user_id {
        if found.is_active == Some(false) {
            cards
                .call(ActivateUser {
                    input: activate_user::Input {
                        user: activate_user::InputUser {
                            user_id: id.clone(),
                        },
                    },
                    ..Default::default()
                })
                .await?;
        }
        return Ok(id);
    }
    // The profile comes from Okta, by another card.
    let id = who.user.id.clone().unwrap_or_default();
    let read = ReadUser {
        input: read_user::Input { id_or_login: id },
        ..Default::default()
    };
    let profile = cards
        .call(read)
        .await?
        .profile_properties
        .user_profile_attributes;
    let text = |name: &str| {
        profile
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let made = cards
        .call(CreateUser {
            options: create_user::Options {
                profile: create_user::ProfileChoice::ProfileName,
                role: create_user::RoleChoice::RoleName,
            },
            input: create_user::Input {
                user: create_user::InputUser {
                    first_name: text("firstName"),
                    last_name: text("lastName"),
                    username: who.login.clone(),
                    email: text("email"),
                    profile_name: Some("Standard User".to_owned()),
                    role_name: Some("Sales".to_owned()),
                    language: "en_US".to_owned(),
                    time_zone: "America/Los_Angeles".to_owned(),
                    ..Default::default()
                },
            },
        })
        .await?;
    Ok(made.user.user_id.ok_or("no id of the new user")?)
}
