//! Authorization code with PKCE: the browser is scripted, the loopback listener is real.

use std::io;
use std::time::Duration;

use okta_core::clock::SystemClock;
use okta_core::{BrowserSignIn, Dpop, auth::AuthorizationServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

/// A client in real time, since its listener is real.
fn start(app: UserApp) -> (Client, Server) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let server = Server::new(Arc::clone(&clock));
    let (client, _, _) = client_with(server.canned(), |b| b.credential(app).clock(clock));
    (client, server)
}

/// A GET as a browser sends it; the whole answer.
async fn get(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let address = (url.host_str().unwrap(), url.port().unwrap());
    let mut socket = TcpStream::connect(address).await.unwrap();
    let target = &url[url::Position::BeforePath..];
    let head = format!("GET {target} HTTP/1.1\r\nhost: x\r\naccept: text/html\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The user signs in: checks the authorization request, and gives its parameters and a code.
fn consent(server: &Server, url: &str, path: &str) -> (Form, String) {
    let url = url::Url::parse(url).unwrap();
    assert_eq!(url.path(), path);
    let asked: Form = url.query_pairs().into_owned().collect();
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["client_id"], CLIENT);
    assert!(asked["state"].len() >= 40 && asked["nonce"].len() >= 40);
    assert_ne!(asked["state"], asked["nonce"]);
    let mut state = server.state();
    let code = format!("canary-code-{}", state.codes.len() + 1);
    state.codes.insert(
        code.clone(),
        Granted {
            challenge: asked["code_challenge"].clone(),
            redirect_uri: asked["redirect_uri"].clone(),
            nonce: asked["nonce"].clone(),
            scope: asked["scope"].clone(),
        },
    );
    (asked, code)
}

/// A browser in which the user signs in; what it was shown comes over the channel.
fn browser(server: &Server) -> (BrowserSignIn, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let server = server.clone();
    let how = BrowserSignIn::new(move |url| {
        let (asked, code) = consent(&server, url, "/oauth2/v1/authorize");
        let back = format!(
            "{}?code={code}&state={}",
            asked["redirect_uri"], asked["state"]
        );
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(get(&back).await).unwrap() });
        Ok(())
    });
    (how, receiver)
}

#[tokio::test]
async fn a_user_signs_in_and_calls() {
    let (client, server) = start(app());
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn, "{error}");
    assert!(error.hint().unwrap().contains("sign_in"), "{error}");

    let (how, mut pages) = browser(&server);
    let signed_in = client
        .sign_in(how.timeout(Duration::from_secs(20)))
        .await
        .unwrap();
    let user = signed_in.user.as_ref().unwrap();
    assert_eq!(
        (user.subject.as_str(), user.login.as_deref()),
        ("00uANA", Some("ana@example.com"))
    );
    assert_eq!(user.methods, ["pwd"]);
    assert_eq!(user.get("costCenter"), Some(&J::from(42)));
    assert!(signed_in.can_refresh && signed_in.missing.is_empty());
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(server.sent("token").len(), 1);

    let page = pages.recv().await.unwrap();
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("close this window"),
        "{page}"
    );
    assert!(!page.contains("canary"), "{page}");
    assert!(!format!("{signed_in:?} {client:?}").contains("canary"));
    // Somebody else, instead.
    let (how, _pages) = browser(&server);
    client.sign_in(how).await.unwrap();
    assert_eq!(server.sent("token").len(), 2);
}

#[tokio::test]
async fn strange_answers_neither_end_nor_disturb_a_sign_in() {
    let (client, server) = start(app());
    let (sender, mut pages) = tokio::sync::mpsc::unbounded_channel();
    let browser = server.clone();
    let how = BrowserSignIn::new(move |url| {
        let (asked, code) = consent(&browser, url, "/oauth2/v1/authorize");
        let sender = sender.clone();
        let (back, state) = (asked["redirect_uri"].clone(), asked["state"].clone());
        tokio::spawn(async move {
            // A connection ahead that never says anything, as browsers open them.
            let port = url::Url::parse(&back).unwrap().port().unwrap();
            let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            for target in [
                format!("{back}?code=evil&state=guessed"),
                format!("{back}?code=evil"),
                format!("{back}?error=access_denied"),
                back.replace("/callback", "/favicon.ico"),
                format!("{back}?code={code}&state={state}"),
            ] {
                let answer = get(&target).await;
                sender.send(answer[9..12].to_owned()).unwrap();
            }
        });
        Ok(())
    });
    client.sign_in(how).await.unwrap();
    let mut statuses = Vec::new();
    while let Ok(status) = pages.try_recv() {
        statuses.push(status);
    }
    assert_eq!(statuses[..4], ["400", "400", "400", "404"]);
}

#[tokio::test]
async fn what_the_server_refuses_is_said_to_both() {
    let (client, server) = start(app());
    let (sender, mut pages) = tokio::sync::mpsc::unbounded_channel();
    let how = |answer: &'static str| {
        let (server, sender) = (server.clone(), sender.clone());
        BrowserSignIn::new(move |url| {
            let (asked, _) = consent(&server, url, "/oauth2/v1/authorize");
            let back = format!(
                "{}?{answer}&state={}",
                asked["redirect_uri"], asked["state"]
            );
            let sender = sender.clone();
            tokio::spawn(async move { sender.send(get(&back).await).unwrap() });
            Ok(())
        })
    };
    let denied = how("error=access_denied&error_description=No+%3Cb%3E+for+you");
    let error = client.sign_in(denied).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Token, Some("access_denied"))
    );
    assert!(error.to_string().contains("No <b> for you"), "{error}");
    let page = pages.recv().await.unwrap();
    assert!(
        page.contains("Not signed in") && page.contains("No &lt;b&gt; for you"),
        "{page}"
    );

    // Mix-up (RFC 9207).
    let mixed = how("code=canary&iss=https%3A%2F%2Fevil.okta.com");
    let error = client.sign_in(mixed).await.unwrap_err();
    assert!(error.to_string().contains("issuer"), "{error}");
    assert!(server.sent("token").is_empty(), "no code goes anywhere");

    // A code that the server does not know.
    let unknown = how("code=canary-unknown");
    let error = client.sign_in(unknown).await.unwrap_err();
    assert_eq!(error.code(), Some("invalid_grant"));
    assert!(
        !format!("{error} {error:?}").contains("canary"),
        "{error:?}"
    );
    assert_eq!(server.sent("token").len(), 1, "a code is sent once");
}

#[tokio::test]
async fn it_ends_in_time_and_says_why_it_cannot_begin() {
    let (client, _) = start(app());
    let nobody = BrowserSignIn::new(|_| Ok(())).timeout(Duration::from_millis(50));
    let error = client.sign_in(nobody).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.hint().unwrap().contains("redirect URI"), "{error}");

    let closed = BrowserSignIn::new(|_| Err(io::Error::other("no display")));
    let error = client.sign_in(closed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let reserved = BrowserSignIn::new(|_| Ok(())).parameter("state", "x");
    assert!(
        client
            .sign_in(reserved)
            .await
            .unwrap_err()
            .to_string()
            .contains("state")
    );
    let remote = BrowserSignIn::new(|_| Ok(())).redirect_uri("https://example.com/cb");
    assert!(
        client
            .sign_in(remote)
            .await
            .unwrap_err()
            .hint()
            .unwrap()
            .contains("loopback")
    );

    let (token, _, _) = common::client(Canned::new());
    let error = token
        .sign_in(BrowserSignIn::new(|_| Ok(())))
        .await
        .unwrap_err();
    assert!(error.hint().unwrap().contains("UserApp"), "{error}");
    let service = token.sign_out().await.unwrap_err();
    assert_eq!(service.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn custom_servers_fixed_redirects_and_parameters() {
    let server = AuthorizationServer::from_issuer(&format!("{ORG}/oauth2/default")).unwrap();
    let (client, server) = start(app().authorization_server(server).dpop(Dpop::Never));
    server.state().issuer = format!("{ORG}/oauth2/default");
    // A port that is free now.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let redirect = format!("http://localhost:{port}/authorization-code/callback");
    let (browser, wanted) = (server.clone(), redirect.clone());
    let how = BrowserSignIn::new(move |url| {
        let (asked, code) = consent(&browser, url, "/oauth2/default/v1/authorize");
        assert_eq!(asked["redirect_uri"], wanted);
        assert_eq!(asked["login_hint"], "ana@example.com");
        let iss = "https%3A%2F%2Facme.okta.com%2Foauth2%2Fdefault";
        let back = format!("{wanted}?code={code}&state={}&iss={iss}", asked["state"]);
        tokio::spawn(async move { get(&back).await });
        Ok(())
    });
    let how = how
        .redirect_uri(redirect)
        .parameter("login_hint", "ana@example.com");
    let user = client.sign_in(how).await.unwrap().user.unwrap();
    assert_eq!(user.issuer, format!("{ORG}/oauth2/default"));

    // Another org's server gets nothing.
    let foreign = AuthorizationServer::from_issuer("https://evil.okta.com").unwrap();
    let (client, server) = start(app().authorization_server(foreign));
    let error = client
        .sign_in(BrowserSignIn::new(|_| panic!("opened")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(server.state().requests.is_empty());
}
