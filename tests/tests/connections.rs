//! Connections against the Salesforce stand-in: what renews, rotates, is revoked; and queries of several pages.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use okta_core::auth::Algorithm;
use okta_core::{Client, PrivateKey};
use okta_workflows::oauth::OAuthConnection;
use okta_workflows::salesforce::stand_in::{CLIENT_ID, StandIn};
use okta_workflows::salesforce::{
    SalesforceApi, SalesforceApp, SalesforceConnector, SalesforceHost,
};
use okta_workflows::{CardCall, CardErrorKind, Connection as _, Connector as _, Registry};
use serde_json::json;

const HOURS: Duration = Duration::from_secs(3 * 3600);
const PROFILES: &str = "salesforce/get_all_profiles";

async fn connected() -> (StandIn, OAuthConnection, Registry) {
    let org = StandIn::start().await.expect("starts");
    let connection = org.connect(&["api", "refresh_token"]).await;
    let connection = connection.expect("connects");
    let cards = Registry::new().with(SalesforceConnector::new(connection.clone()));
    (org, connection, cards)
}

fn count(org: &StandIn, path: &str) -> usize {
    let requests = org.requests();
    requests.iter().filter(|entry| entry.path == path).count()
}

/// Three rotations: four refresh tokens and four access tokens.
async fn rotated() -> (StandIn, OAuthConnection, Registry) {
    let (org, connection, cards) = connected().await;
    org.switch(|switches| switches.rotate_refresh_tokens = true);
    for _ in 0..3 {
        org.advance(HOURS);
        cards
            .run(PROFILES, CardCall::default())
            .await
            .expect("renewed");
    }
    org.clear_requests();
    (org, connection, cards)
}

#[tokio::test]
async fn many_calls_with_a_token_that_is_over_renew_it_once() {
    let (org, connection, cards) = connected().await;
    org.switch(|switches| switches.rotate_refresh_tokens = true);
    let before = connection.tokens().expect("tokens");
    org.advance(HOURS);
    org.clear_requests();
    let calls = (0..20).map(|_| cards.run(PROFILES, CardCall::default()));
    for outcome in join_all(calls).await {
        outcome.expect("profiles");
    }
    assert_eq!(count(&org, "/services/oauth2/token"), 1);
    let after = connection.tokens().expect("tokens");
    let refresh = |tokens: &okta_workflows::oauth::StoredTokens| {
        let token = tokens.refresh_token.as_ref().expect("a refresh token");
        token.expose().to_owned()
    };
    assert_ne!(refresh(&before), refresh(&after), "the rotated one is kept");
    assert_eq!(before.instance_url, after.instance_url);
}

#[tokio::test]
async fn deleting_revokes_every_token_that_was_given() {
    let (org, connection, cards) = rotated().await;
    connection.delete().await.expect("deleted");
    assert_eq!(count(&org, "/services/oauth2/revoke"), 8);
    assert!(!connection.is_authorized());
    let error = cards.run(PROFILES, CardCall::default()).await;
    let error = error.expect_err("no tokens");
    assert_eq!(error.kind(), CardErrorKind::Connection);
    assert!(error.to_string().contains("authorize it first"), "{error}");
    org.clear_requests();
    connection.delete().await.expect("nothing is left");
    assert_eq!(count(&org, "/services/oauth2/revoke"), 0);
}

#[tokio::test]
async fn a_revocation_that_fails_stops_none_and_is_told() {
    let (org, connection, _) = rotated().await;
    org.switch(|switches| switches.unavailable = 1);
    let error = connection.delete().await.expect_err("one is left");
    assert_eq!(count(&org, "/services/oauth2/revoke"), 8);
    assert_eq!(error.kind(), CardErrorKind::Connection);
    let text = error.to_string();
    assert!(
        text.contains("1 of 8 tokens could not be revoked (1 refresh tokens, 0 access tokens)"),
        "{text}"
    );
    assert!(!text.contains("5Aep"), "{text}");
    org.clear_requests();
    connection.delete().await.expect("the one that was left");
    assert_eq!(count(&org, "/services/oauth2/revoke"), 1);
}

#[tokio::test]
async fn reauthorizing_revokes_what_was_before_and_keeps_what_is_new() {
    let (org, connection, cards) = rotated().await;
    let callback = org.sign_in(&connection).expect("a callback");
    org.clear_requests();
    connection
        .reauthorize(Some(&callback))
        .await
        .expect("again");
    assert_eq!(count(&org, "/services/oauth2/revoke"), 8);
    cards
        .run(PROFILES, CardCall::default())
        .await
        .expect("the new token works");
    org.clear_requests();
    connection.delete().await.expect("deleted");
    assert_eq!(count(&org, "/services/oauth2/revoke"), 2);
}

#[tokio::test]
async fn a_refused_renewal_is_the_error_and_a_new_authorization_mends_it() {
    let (org, connection, cards) = connected().await;
    org.end_all_sessions();
    for _ in 0..2 {
        let error = cards.run(PROFILES, CardCall::default()).await;
        let error = error.expect_err("all sessions are over");
        assert_eq!(error.kind(), CardErrorKind::Connection);
        assert_eq!(error.card(), PROFILES);
        assert!(error.to_string().contains("invalid_grant"), "{error}");
        assert_eq!(error.hint(), Some("reauthorize the connection"));
    }
    let callback = org.sign_in(&connection).expect("a callback");
    connection
        .reauthorize(Some(&callback))
        .await
        .expect("what is dead already is as good as revoked");
    cards
        .run(PROFILES, CardCall::default())
        .await
        .expect("profiles");
}

#[tokio::test]
async fn a_server_signs_for_itself() {
    let org = StandIn::start().await.expect("starts");
    let username = org.records("User")[0]["Username"]
        .as_str()
        .expect("a name")
        .to_owned();
    let key = || PrivateKey::generate(Algorithm::Rs256).expect("a key");
    let uploaded = key();
    org.upload_certificate(&uploaded.public_jwk())
        .expect("an RSA key");
    let connect_to = |host: &SalesforceHost, key: PrivateKey, username: &str| {
        let app = SalesforceApp::for_server(host, CLIENT_ID, key, username);
        let clock = org.clock();
        let http = Arc::new(move || Client::builder().clock(Arc::clone(&clock)));
        OAuthConnection::with_http(app.expect("an app"), http).expect("a connection")
    };
    let connect = |username: &str| connect_to(&org.host(), uploaded.clone(), username);
    let connection = connect(&username);
    assert_eq!(connection.authorization_url().expect("settings"), None);
    let connector = SalesforceConnector::new(connection.clone());
    // Nobody has to authorize it first.
    let preflight = connector.preflight(&["get_all_profiles"]).await;
    assert!(preflight.expect("a token").is_ok());
    let cards = Registry::new().with(connector);
    cards
        .run(PROFILES, CardCall::default())
        .await
        .expect("profiles");
    org.advance(HOURS);
    cards
        .run(PROFILES, CardCall::default())
        .await
        .expect("a new assertion");
    assert_eq!(count(&org, "/services/oauth2/token"), 2);
    connection.test().await.expect("works");
    connection.delete().await.expect("deleted");
    assert_eq!(count(&org, "/services/oauth2/revoke"), 2);

    let stranger = connect("nobody@example.com");
    let error = stranger.authorize(None).await.expect_err("a stranger");
    assert!(
        error.to_string().contains("hasn't approved this consumer"),
        "{error}"
    );
    let refused = async |connection: OAuthConnection, why: &str| {
        let error = connection.authorize(None).await.expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(
        connect_to(&org.host(), key(), &username),
        "invalid assertion",
    )
    .await;
    // The same server under another name: the assertion is meant for that.
    let elsewhere = org.login_url().replace("127.0.0.1", "localhost");
    let elsewhere = connect_to(&SalesforceHost::Url(elsewhere), uploaded.clone(), &username);
    refused(elsewhere, "audience is invalid").await;

    let ec = PrivateKey::generate(Algorithm::Es256).expect("a key");
    org.upload_certificate(&ec.public_jwk())
        .expect_err("no RSA");
    let error = SalesforceApp::for_server(&org.host(), CLIENT_ID, ec, "x").expect_err("no RSA");
    assert!(error.to_string().contains("RS256"), "{error}");
}

#[tokio::test]
async fn a_query_of_several_pages_is_one_list() {
    let (org, connection, cards) = connected().await;
    for number in 0..7 {
        let lead = json!({"LastName": format!("Paged {number}"), "Company": "Acme"});
        org.add("Lead", &lead);
    }
    org.switch(|switches| switches.page_size = 3);
    org.clear_requests();
    let api = SalesforceApi::new(connection);
    let found = api
        .query("SELECT Id, LastName FROM Lead WHERE LastName LIKE 'Paged %' ORDER BY LastName")
        .await
        .expect("records");
    let names: Vec<&str> = found
        .iter()
        .filter_map(|one| one["LastName"].as_str())
        .collect();
    let wanted: Vec<String> = (0..7).map(|number| format!("Paged {number}")).collect();
    assert_eq!(names, wanted);
    let pages = |org: &StandIn| {
        let requests = org.requests();
        let queries = requests.iter().filter(|one| one.path.contains("/query"));
        queries.count()
    };
    assert_eq!(pages(&org), 3);
    // Cards read them all, too, and a token that ends is renewed on the way.
    org.clear_requests();
    org.advance(HOURS);
    let call = json!({"inputs": {"query": {"query": "SELECT Id FROM Lead WHERE LastName LIKE 'Paged %'"}}});
    let call: CardCall = serde_json::from_value(call).expect("a call");
    let output = cards.run("salesforce/execute_query", call).await;
    let output = output.expect("records");
    let records = output["results"]["records"].as_array().expect("records");
    assert_eq!(records.len(), 7);
    assert_eq!(pages(&org), 4, "one was refused with the old token");
}
