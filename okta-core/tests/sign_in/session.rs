//! A session over time: refresh, rotation, its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use okta_core::auth::{GrantedFewer, MemoryTokenStore};
use okta_core::clock::Sleep;
use okta_core::testing::VirtualClock;
use okta_core::transport::{HttpResponse, Transport, TransportError};
use okta_core::{DeviceSignIn, RetryPolicy};
use tokio::sync::Semaphore;

use super::*;

fn start(app: UserApp) -> (Client, Server, VirtualClock) {
    let time = clock();
    let server = Server::new(Arc::new(time.clone()));
    let given = time.clone();
    let (client, _, _) = client_with(server.canned(), |b| {
        b.credential(app).clock(Arc::new(given))
    });
    (client, server, time)
}

async fn enter(client: &Client) -> okta_core::auth::SignedIn {
    client.sign_in(DeviceSignIn::new(|_| ())).await.unwrap()
}

#[tokio::test]
async fn demand_25_a_session_is_refreshed_with_rotation_and_once_for_all() {
    let (client, server, time) = start(app());
    enter(&client).await;
    for round in 1..=3 {
        time.advance(Duration::from_secs(4000));
        let tasks: Vec<_> = (0..500)
            .map(|_| tokio::spawn(client.send(Get::of("1"))))
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let refreshes = server.sent("token").len() - 1;
        assert_eq!(refreshes, round, "one refresh a round");
    }
    let sent: Vec<String> = server.sent("token")[1..]
        .iter()
        .map(|form| form["refresh_token"].clone())
        .collect();
    assert_eq!(
        sent,
        ["canary-refresh-1", "canary-refresh-2", "canary-refresh-3"]
    );
    // A refused access token is refreshed at once.
    server.state().access_tokens.clear();
    client.send(Get::of("1")).await.unwrap();
    client.renew_token().await.unwrap();
    assert_eq!(server.sent("token").len(), 6);
}

/// Holds answers of the token endpoint back, after the server has given them.
#[derive(Debug)]
struct Slow {
    inner: Canned,
    slow: AtomicBool,
    open: Semaphore,
}

#[async_trait::async_trait]
impl Transport for Slow {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let token = request.uri.path().ends_with("/token");
        let answer = self.inner.send(request).await;
        if token && self.slow.load(Ordering::SeqCst) {
            self.open.acquire().await.expect("open").forget();
        }
        answer
    }
}

/// Virtual time that can be made to stand: who sleeps then sleeps on.
#[derive(Debug)]
struct Still {
    clock: VirtualClock,
    still: Arc<Slow>,
}

impl Clock for Still {
    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
    fn wall(&self) -> jiff::Timestamp {
        self.clock.wall()
    }
    fn sleep(&self, duration: Duration) -> Sleep {
        match self.still.slow.load(Ordering::SeqCst) {
            true => Box::pin(std::future::pending()),
            false => self.clock.sleep(duration),
        }
    }
}

/// A client over a server whose answers may be held back, meanwhile time stands.
fn start_slowly(app: UserApp) -> (Client, Server, VirtualClock, Arc<Slow>) {
    let time = clock();
    let server = Server::new(Arc::new(time.clone()));
    let slow = Arc::new(Slow {
        inner: server.canned(),
        slow: AtomicBool::new(false),
        open: Semaphore::new(0),
    });
    let (transport, still) = (Arc::clone(&slow), Arc::clone(&slow));
    let clock = Still {
        clock: time.clone(),
        still,
    };
    let (client, _, _) = client_with(Canned::new(), |b| {
        b.credential(app)
            .clock(Arc::new(clock))
            .transport(transport)
    });
    (client, server, time, slow)
}

/// The caller goes away while the answer with the rotated token is on its way.
#[tokio::test]
async fn demand_25_a_rotated_token_is_kept_though_its_caller_goes_away() {
    for (stored, again) in [(false, false), (false, true), (true, false), (true, true)] {
        let store = Arc::new(MemoryTokenStore::new());
        let app = match stored {
            true => app().token_store(Arc::clone(&store)),
            false => app(),
        };
        let (client, server, time, transport) = start_slowly(app);
        enter(&client).await;
        time.advance(Duration::from_secs(4000));
        transport.slow.store(true, Ordering::SeqCst);
        let caller = tokio::spawn(client.send(Get::of("1")));
        while server.sent("token").len() < 2 {
            tokio::task::yield_now().await;
        }
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        // Another one comes before the answer does, or after it.
        let early = again.then(|| tokio::spawn(client.send(Get::of("1"))));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        transport.open.add_permits(1);
        transport.slow.store(false, Ordering::SeqCst);
        if let Some(early) = early {
            early.await.unwrap().unwrap();
        }
        client.send(Get::of("1")).await.unwrap();
        assert_eq!(server.sent("token").len(), 2, "one refresh for all");
        // The next one goes out with the rotated token.
        time.advance(Duration::from_secs(4000));
        client.send(Get::of("1")).await.unwrap();
        let sent = server.sent("token").pop().unwrap();
        assert_eq!(sent["refresh_token"], "canary-refresh-2");
    }
}

/// Who signs out while a refresh is under way is signed out.
#[tokio::test]
async fn a_refresh_under_way_does_not_undo_a_sign_out() {
    let (client, server, time, transport) = start_slowly(app());
    enter(&client).await;
    time.advance(Duration::from_secs(4000));
    transport.slow.store(true, Ordering::SeqCst);
    let caller = tokio::spawn(client.send(Get::of("1")));
    while server.sent("token").len() < 2 {
        tokio::task::yield_now().await;
    }
    let leaving = tokio::spawn(client.sign_out());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    transport.open.add_permits(1);
    transport.slow.store(false, Ordering::SeqCst);
    leaving.await.unwrap().unwrap();
    drop(caller.await);
    let revoked: Vec<String> = server
        .sent("revoke")
        .iter()
        .map(|form| form["token"].clone())
        .collect();
    assert!(
        revoked.contains(&"canary-refresh-2".to_owned()),
        "{revoked:?}"
    );
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
}

#[tokio::test]
async fn a_reused_refresh_token_asks_for_a_new_sign_in() {
    let (client, server, time) = start(app());
    enter(&client).await;
    server.state().used.insert("canary-refresh-1".into());
    time.advance(Duration::from_secs(4000));
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::SignIn, Some("invalid_grant"))
    );
    assert!(error.to_string().contains("sign in again"), "{error}");
    assert!(
        !format!("{error} {error:?}").contains("canary"),
        "{error:?}"
    );
    let requests = server.sent("token").len();
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(
        server.sent("token").len(),
        requests,
        "it is not tried again"
    );
    enter(&client).await;
    client.send(Get::of("1")).await.unwrap();
}

#[tokio::test]
async fn without_offline_access_a_session_ends_with_its_token() {
    let (client, _, time) = start(UserApp::new(CLIENT, ["openid", "okta.things.manage"]).unwrap());
    // This server grants what its device grant always does; the code grant asks for less.
    let signed_in = enter(&client).await;
    assert!(signed_in.can_refresh);
    let (limited, server, clock) = start(app());
    server.state().ungranted = Some("offline_access");
    let signed_in = enter(&limited).await;
    assert!(!signed_in.can_refresh);
    assert_eq!(signed_in.missing.to_string(), "offline_access");
    clock.advance(Duration::from_secs(4000));
    let error = limited.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(
        error.hint().unwrap().contains("refresh token grant"),
        "{error}"
    );
    drop(time);
}

#[tokio::test]
async fn demand_24_fewer_scopes_than_asked_for_are_told_or_refused() {
    let (client, server, _) = start(app());
    server.state().ungranted = Some("okta.things.manage");
    let signed_in = enter(&client).await;
    assert_eq!(signed_in.missing.to_string(), "okta.things.manage");
    let report = client.preflight(scopes_of![Create]).await.unwrap();
    assert_eq!(report.missing.len(), 1, "{report}");

    let (strict, server, _) = start(app().when_granted_fewer(GrantedFewer::Fail));
    server.state().ungranted = Some("okta.things.manage");
    let error = strict.sign_in(DeviceSignIn::new(|_| ())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InsufficientScope);
    assert_eq!(
        error.insufficient_scope().unwrap().missing().to_string(),
        "okta.things.manage"
    );
}

#[tokio::test]
async fn signing_out_revokes_and_forgets() {
    let store = Arc::new(MemoryTokenStore::new());
    let (client, server, _) = start(app().token_store(store));
    enter(&client).await;
    let said = client.introspect_token().await.unwrap();
    assert!(said.active && said.username.as_deref() == Some("ana@example.com"));
    assert_eq!(said.scopes.to_string(), "okta.things.manage openid");
    client.sign_out().await.unwrap();
    let revoked: Vec<String> = server
        .sent("revoke")
        .iter()
        .map(|f| f["token_type_hint"].clone())
        .collect();
    assert_eq!(revoked, ["refresh_token", "access_token"]);
    assert!(server.state().refresh_tokens.is_empty() && server.state().access_tokens.is_empty());
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
}

#[tokio::test]
async fn a_refresh_that_fails_for_a_moment_is_repeated_by_the_callers_policy() {
    let time = clock();
    let server = Server::new(Arc::new(time.clone()));
    let (inner, failures) = (server.clone(), Arc::new(Mutex::new(0)));
    let left = Arc::clone(&failures);
    let canned = Canned::from_fn(move |request| {
        let mut left = left.lock().unwrap();
        if request.uri.path() == "/oauth2/v1/token" && *left > 0 {
            *left -= 1;
            return Answer::empty(503);
        }
        inner.answer(request)
    });
    let given = time.clone();
    let (client, _, _) = client_with(canned, |b| b.credential(app()).clock(Arc::new(given)));
    enter(&client).await;
    time.advance(Duration::from_secs(4000));
    *failures.lock().unwrap() = 3;
    client.send(Get::of("1")).await.unwrap();
    time.advance(Duration::from_secs(4000));
    *failures.lock().unwrap() = 1;
    let error = client
        .send(Get::of("1").with_retry(RetryPolicy::none()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Token, 503)
    );
    client.send(Get::of("1")).await.unwrap();
}
