//! People and services sign in at the sandbox, which checks everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use okta_core::auth::{Algorithm, AuthorizationServer, MemoryTokenStore, SignedIn};
use okta_core::clock::{Clock, Sleep, SystemClock};
use okta_core::{
    BrowserSignIn, Client, ClientSecret, DeviceSignIn, Dpop, ErrorKind, PrivateKey, ServiceApp,
    UserApp,
};
use okta_management::prelude::*;
use okta_sandbox::{PASSWORD, Sandbox, SeedOrg};
use serde_json::{Value, json};

use super::admin;
use super::person::Browser;

const SCOPES: [&str; 4] = ["openid", "profile", "offline_access", "okta.users.read"];

/// An org with a user and a native app that the user may use.
struct Scene {
    sandbox: Sandbox,
    admin: Client,
    login: String,
    app: String,
    redirect_uri: String,
}

async fn post(admin: &Client, path: &str, body: &Value) -> Value {
    let answer = admin.call("POST", path.to_owned()).json(body).await;
    serde_json::from_slice(answer.expect("accepted").body()).expect("JSON")
}

async fn scene(leeway: u32) -> Scene {
    let sandbox = Sandbox::start().await.expect("starts");
    sandbox.seed(SeedOrg {
        users: 3,
        ..SeedOrg::default()
    });
    let admin = admin(&sandbox);
    let users = admin
        .users()
        .list()
        .search(r#"status eq "ACTIVE""#)
        .await
        .expect("users");
    let user = &users.items[1];
    let profile = user.profile.as_ref().expect("a profile");
    let login = profile.login.clone().expect("a login");
    // A port that is free now; Okta compares redirect URIs exactly.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    let redirect_uri = format!("http://localhost:{port}/callback");
    let body = json!({
        "name": "oidc_client", "label": "Notes", "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "none" } },
        "settings": { "oauthClient": {
            "application_type": "native", "redirect_uris": [redirect_uri], "response_types": ["code"],
            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
            "refresh_token": { "rotation_type": "ROTATE", "leeway": leeway },
        } },
    });
    let app = post(&admin, "/api/v1/apps", &body).await["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/api/v1/apps/{app}/users");
    post(&admin, &path, &json!({ "id": user.id })).await;
    sandbox.grant(&app, "okta.users.read");
    sandbox.require_dpop(&app, false);
    Scene {
        sandbox,
        admin,
        login,
        app,
        redirect_uri,
    }
}

impl Scene {
    fn app(&self) -> UserApp {
        UserApp::new(&self.app, SCOPES).expect("an app")
    }

    fn client(&self, app: UserApp) -> Client {
        let builder = Client::builder()
            .org_url(self.sandbox.url())
            .credential(app);
        builder.build().expect("a client")
    }

    fn browser(&self) -> BrowserSignIn {
        let login = self.login.clone();
        BrowserSignIn::new(move |url| {
            let (url, login) = (url.to_owned(), login.clone());
            tokio::spawn(async move { Browser::default().sign_in(&url, &login, PASSWORD).await });
            Ok(())
        })
        .redirect_uri(&self.redirect_uri)
        .timeout(Duration::from_secs(30))
    }

    fn is_the_user(&self, signed_in: &SignedIn) {
        let user = signed_in.user.as_ref().expect("an ID token");
        assert_eq!(user.login.as_ref(), Some(&self.login));
    }

    /// Grants of the successful token requests so far.
    fn tokens(&self) -> usize {
        let requests = self.sandbox.requests();
        let issued = |path: &str, status| path == "/oauth2/v1/token" && status == 200;
        requests
            .iter()
            .filter(|entry| issued(&entry.path, entry.status))
            .count()
    }
}

#[tokio::test]
async fn a_session_lives_on_rotated_tokens_and_ends_when_it_is_revoked() {
    let scene = scene(0).await;
    let client = scene.client(scene.app());
    let signed_in = client.sign_in(scene.browser()).await.expect("signs in");
    scene.is_the_user(&signed_in);
    assert!(signed_in.can_refresh && signed_in.missing.is_empty());
    client.users().get("me").await.expect("a call");
    for round in 1..4 {
        // The service's hour is over; this machine's clock says otherwise.
        scene.sandbox.advance_clock(3700);
        client.users().get("me").await.expect("refreshed");
        assert_eq!(scene.tokens(), 1 + round);
    }
    assert!(client.introspect_token().await.expect("known").active);
    client.sign_out().await.expect("signs out");
    let error = client.users().get("me").await.expect_err("signed out");
    assert_eq!(error.kind(), ErrorKind::SignIn);
    scene.is_the_user(&client.sign_in(scene.browser()).await.expect("again"));
}

#[tokio::test]
async fn demand_25_clients_that_share_a_store_never_reuse_a_refresh_token() {
    let scene = scene(0).await;
    let store = Arc::new(MemoryTokenStore::new());
    let clients: Vec<Client> = (0..5)
        .map(|_| scene.client(scene.app().token_store(Arc::clone(&store))))
        .collect();
    clients[0].sign_in(scene.browser()).await.expect("signs in");
    for _ in 0..3 {
        for call in clients
            .iter()
            .map(|client| tokio::spawn(client.renew_token()))
        {
            call.await.expect("no panic").expect("renewed");
        }
        let calls: Vec<_> = clients
            .iter()
            .flat_map(|client| (0..4).map(|_| client.users().get("me")))
            .map(|call| tokio::spawn(async move { call.await }))
            .collect();
        for call in calls {
            call.await.expect("no panic").expect("a call");
        }
    }
    let reused = scene
        .admin
        .logs()
        .list()
        .filter(r#"eventType eq "app.oauth2.token.detect_reuse""#);
    assert!(reused.await.expect("the log").items.is_empty());
}

/// Waits are a hundred times shorter.
#[derive(Debug, Default)]
struct Hurried(SystemClock);

impl Clock for Hurried {
    fn wall(&self) -> jiff::Timestamp {
        self.0.wall()
    }
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration / 100)
    }
}

#[tokio::test]
async fn a_device_is_signed_in_by_its_code() {
    let scene = scene(0).await;
    let builder = Client::builder()
        .org_url(scene.sandbox.url())
        .credential(scene.app());
    let client = builder
        .clock(Arc::new(Hurried::default()))
        .attempt_timeout(Duration::from_secs(3600))
        .build()
        .expect("a client");
    // The second poll comes too early for the sandbox, whose clock does not hurry: it says so.
    let slower = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&slower);
    let page = Arc::new(std::sync::Mutex::new(String::new()));
    let (shown, login) = (Arc::clone(&page), scene.login.clone());
    let how = DeviceSignIn::new(move |prompt| {
        let complete = prompt.verification_uri_complete.clone();
        *shown.lock().expect("unpoisoned") = complete.expect("a link");
    })
    .on_progress(move |poll| {
        if poll.interval > Duration::from_secs(5) && !seen.swap(true, Ordering::SeqCst) {
            let (url, login) = (page.lock().expect("unpoisoned").clone(), login.clone());
            tokio::spawn(async move { Browser::default().sign_in(&url, &login, PASSWORD).await });
        }
    });
    scene.is_the_user(&client.sign_in(how).await.expect("signs in"));
    assert!(slower.load(Ordering::SeqCst));
    client.users().get("me").await.expect("a call");
}

#[tokio::test]
async fn demand_18_id_tokens_of_a_service_ahead_or_behind_count() {
    for seconds in [-900, 900] {
        let scene = scene(0).await;
        scene.sandbox.advance_clock(seconds);
        let client = scene.client(scene.app());
        let signed_in = client.sign_in(scene.browser()).await;
        scene.is_the_user(&signed_in.unwrap_or_else(|error| panic!("{seconds}: {error}")));
    }
}

#[tokio::test]
async fn demand_19_a_session_bound_to_a_key_outlives_its_process() {
    let scene = scene(0).await;
    scene.sandbox.require_dpop(&scene.app, true);
    let store = Arc::new(MemoryTokenStore::new());
    for dpop in [Dpop::Auto, Dpop::Always] {
        let app = || scene.app().dpop(dpop).token_store(Arc::clone(&store));
        let client = scene.client(app());
        client.sign_in(scene.browser()).await.expect("signs in");
        client.users().get("me").await.expect("a call");
        // Another process refreshes with the key of the first.
        let other = scene.client(app());
        other.renew_token().await.expect("refreshed");
        other.users().get("me").await.expect("a call");
        let last = scene.sandbox.requests().pop().expect("a request");
        assert_eq!(last.scheme, Some("DPoP"));
    }
}

#[tokio::test]
async fn a_custom_authorization_server_signs_in_also_after_its_keys_rotate() {
    let scene = scene(0).await;
    let issuer = format!("{}/oauth2/default", scene.sandbox.url());
    let server = AuthorizationServer::from_issuer(&issuer).expect("an issuer");
    let app = UserApp::new(&scene.app, ["openid", "profile", "offline_access"]).expect("an app");
    let client = scene.client(app.authorization_server(server));
    for round in 0..2 {
        let signed_in = client.sign_in(scene.browser()).await;
        let signed_in = signed_in.unwrap_or_else(|error| panic!("{round}: {error}"));
        scene.is_the_user(&signed_in);
        assert_eq!(signed_in.user.expect("a user").issuer, issuer);
        client.renew_token().await.expect("refreshed");
        let rotate = "/api/v1/authorizationServers/default/credentials/lifecycle/keyRotate";
        post_any(&scene.admin, rotate, &json!({ "use": "sig" })).await;
    }
}

async fn post_any(admin: &Client, path: &str, body: &Value) {
    let answer = admin.call("POST", path.to_owned()).json(body).await;
    answer.expect("accepted");
}

#[tokio::test]
async fn services_sign_in_with_secrets_and_with_keys_of_every_algorithm() {
    let scene = scene(0).await;
    let scope = json!({ "name": "reports.read" });
    post(
        &scene.admin,
        "/api/v1/authorizationServers/default/scopes",
        &scope,
    )
    .await;
    let service = |method: &str, extra: Value| {
        let mut body = json!({
            "name": "oidc_client", "label": "Reports", "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
            "settings": { "oauthClient": {
                "application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"],
            } },
        });
        for (name, value) in extra.as_object().expect("an object") {
            body["settings"]["oauthClient"][name] = value.clone();
        }
        body
    };
    let server = || AuthorizationServer::custom("default").expect("an id");
    for method in ["client_secret_basic", "client_secret_post"] {
        let app = post(&scene.admin, "/api/v1/apps", &service(method, json!({}))).await;
        let id = app["id"].as_str().expect("an id");
        scene.sandbox.require_dpop(id, false);
        let secret = app["credentials"]["oauthClient"]["client_secret"]
            .as_str()
            .expect("a secret");
        let right = match method {
            "client_secret_post" => ClientSecret::post(secret),
            _ => ClientSecret::basic(secret),
        };
        for (secret, works) in [(right, true), (ClientSecret::basic("wrong"), false)] {
            let app = ServiceApp::with_secret(id, secret, ["reports.read"]).expect("an app");
            let builder = Client::builder().org_url(scene.sandbox.url());
            let client = builder
                .credential(app.authorization_server(server()))
                .build()
                .expect("a client");
            match client.introspect_token().await {
                Ok(said) => assert!(works && said.active),
                Err(error) => {
                    assert!(!works, "{method}: {error}");
                    assert_eq!(error.code(), Some("invalid_client"), "{error}");
                }
            }
        }
    }
    let rsa = PrivateKey::generate(Algorithm::Rs256).expect("a key");
    for algorithm in Algorithm::ALL {
        let key = match rsa.clone().with_algorithm(algorithm) {
            Ok(key) => key,
            Err(_) => PrivateKey::generate(algorithm).expect("a key"),
        };
        let jwks: Value = serde_json::from_str(&key.public_jwks()).expect("JSON");
        let body = service("private_key_jwt", json!({ "jwks": jwks }));
        let app = post(&scene.admin, "/api/v1/apps", &body).await;
        let id = app["id"].as_str().expect("an id");
        scene.sandbox.grant(id, "okta.users.read");
        let roles = format!("/oauth2/v1/clients/{id}/roles");
        post_any(&scene.admin, &roles, &json!({ "type": "READ_ONLY_ADMIN" })).await;
        let app = ServiceApp::new(id, key, ["okta.users.read"]).expect("an app");
        let builder = Client::builder()
            .org_url(scene.sandbox.url())
            .credential(app);
        let client = builder.build().expect("a client");
        client
            .users()
            .list()
            .await
            .unwrap_or_else(|error| panic!("{algorithm}: {error}"));
    }
}
