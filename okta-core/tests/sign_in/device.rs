//! Device authorization, in virtual time.

use std::time::Duration;

use okta_core::DeviceSignIn;

use super::*;

fn start(polls: &[&'static str]) -> (Client, Server, okta_core::testing::VirtualClock) {
    let time = clock();
    let server = Server::new(Arc::new(time.clone()));
    server.state().device = polls.to_vec();
    let given = time.clone();
    let (client, _, _) = client_with(server.canned(), |b| {
        b.credential(app()).clock(Arc::new(given))
    });
    (client, server, time)
}

#[tokio::test]
async fn the_user_enters_the_code_somewhere_else() {
    let (client, server, time) = start(&[
        "authorization_pending",
        "slow_down",
        "authorization_pending",
        "503",
        "authorization_pending",
    ]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let how = DeviceSignIn::new(move |prompt| {
        assert_eq!(prompt.user_code, "BCDF-GHJK");
        assert_eq!(prompt.verification_uri, format!("{ORG}/activate"));
        assert!(
            prompt
                .verification_uri_complete
                .as_ref()
                .unwrap()
                .ends_with("BCDF-GHJK")
        );
        assert!(!format!("{prompt:?}").contains("BCDF"), "{prompt:?}");
    })
    .on_progress(move |progress| seen.lock().unwrap().push(progress.interval.as_secs()));
    let signed_in = client.sign_in(how).await.unwrap();
    assert_eq!(signed_in.user.unwrap().subject, "00uANA");
    assert_eq!(*told.lock().unwrap(), [5, 10, 10, 20, 20]);
    assert_eq!(
        time.elapsed(),
        Duration::from_secs(5 + 5 + 10 + 10 + 20 + 20)
    );
    assert_eq!(server.sent("token").len(), 6);
    client.send(Get::of("1")).await.unwrap();
}

#[tokio::test]
async fn refused_expired_and_never_entered() {
    let never: Vec<&str> = vec!["authorization_pending"; 1000];
    for (polls, kind, words) in [
        (
            &["authorization_pending", "access_denied"][..],
            ErrorKind::Token,
            "refused",
        ),
        (&["expired_token"][..], ErrorKind::Timeout, "new code"),
        (&never, ErrorKind::Timeout, "new code"),
        (&["invalid_grant"][..], ErrorKind::Token, "invalid_grant"),
    ] {
        let (client, server, time) = start(polls);
        let error = client.sign_in(DeviceSignIn::new(|_| ())).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let said = format!("{error} {:?}", error.hint());
        assert!(said.contains(words), "{said}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert!(time.elapsed() <= Duration::from_secs(600));
        let polls = server.sent("token").len();
        assert!(polls < 120, "{polls}");
    }
}
