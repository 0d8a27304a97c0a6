//! The sign-in program: its story, its key maker, and a person who signs in by each way at an org.

#![forbid(unsafe_code)]

mod common;
// The program's own org and person.
#[allow(dead_code)]
#[path = "../src/bin/sign-in/org.rs"]
mod org;
#[allow(dead_code)]
#[path = "../src/bin/sign-in/person.rs"]
mod person;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{bare, must, scratch};
use org::Org;
use person::Browser;

const SIGN_IN: &str = env!("CARGO_BIN_EXE_sign-in");

fn step(_: &str) {}

fn line(_: impl std::fmt::Display) {}

#[test]
fn its_story_signs_in_by_every_way() {
    let said = must(bare(SIGN_IN).output());
    for part in [
        "the last page says \"Signed in\"",
        "the last page says \"Device activated\"",
        "the refresh token was exchanged for a new one",
        "nobody is signed in",
        "the call went out as DPoP",
        "client_secret_basic: a token of",
        "client_secret_post: a token of",
        "not granted to the app:",
        "revoked; it was active: true",
        "● Done",
    ] {
        assert!(said.contains(part), "{part} is not said:\n{said}");
    }
    for algorithm in okta_core::auth::Algorithm::ALL {
        assert!(
            said.contains(&format!("{algorithm}: 6 users")),
            "{algorithm}:\n{said}"
        );
    }
}

#[test]
fn a_new_key_is_private_to_its_owner_and_never_written_over_another_file() {
    let path = scratch("keygen").join("key.pem");
    for algorithm in ["ES384", "PS256"] {
        let _ = std::fs::remove_file(&path);
        let mut keygen = bare(SIGN_IN);
        keygen
            .arg("--keygen")
            .arg(&path)
            .args(["--algorithm", algorithm]);
        let said = must(keygen.output());
        let jwks: serde_json::Value = serde_json::from_str(&said).expect("a JWKS");
        assert_eq!(jwks["keys"][0]["alg"], algorithm);
        assert!(jwks["keys"][0].get("d").is_none(), "{said}");
        let pem = std::fs::read_to_string(&path).expect("the key");
        let key = okta_core::PrivateKey::parse(&pem).expect("a key");
        assert_eq!(jwks["keys"][0]["kid"], key.thumbprint());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path)
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(!keygen.output().expect("runs").status.success());
        assert_eq!(std::fs::read_to_string(&path).expect("the key"), pem);
    }
}

fn program(org: &Org, client_id: &str, home: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(SIGN_IN);
    command
        .env("HOME", home)
        .env("OKTA_CLIENT_ORGURL", org.sandbox.url())
        .env("OKTA_CLIENT_CLIENTID", client_id)
        .env("OKTA_CLIENT_SCOPES", "openid profile offline_access")
        .args(["--redirect-uri", &org.redirect_uri])
        .args(arguments);
    command
}

/// Runs a sign-in, with the person who does what it says. `address` finds it in a line.
async fn signed_in(
    org: &Org,
    mut command: Command,
    address: impl Fn(&str) -> Option<String>,
) -> String {
    let mut child: Child = command.stdout(Stdio::piped()).spawn().expect("runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut said = String::new();
    let url = loop {
        let line = lines.next().expect("an address").expect("text");
        said.push_str(&format!("{line}\n"));
        if let Some(url) = address(&line) {
            break url;
        }
    };
    let page = Browser::default()
        .sign_in(&url, &org.login, org.password)
        .await;
    page.expect("pages");
    for line in lines {
        said.push_str(&format!("{}\n", line.expect("text")));
    }
    assert!(child.wait().expect("a child").success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_by_browser_or_code_and_stays_signed_in_until_they_sign_out() {
    let org = Org::start().await.expect("an org");
    let client_id = org.native_app("Sign-in", false).await.expect("an app");
    let who = format!("signed in as {}", org.login);

    let in_browser = |line: &str| {
        line.trim()
            .starts_with("http")
            .then(|| line.trim().to_owned())
    };
    let by_code = |line: &str| {
        let (address, code) = line
            .trim()
            .strip_prefix("go to ")?
            .split_once(" and enter ")?;
        Some(format!("{address}?user_code={code}"))
    };
    for device in [false, true] {
        let home = scratch(if device {
            "home-device"
        } else {
            "home-browser"
        });
        let arguments: &[&str] = if device { &["--device"] } else { &[] };
        let run = || program(&org, &client_id, &home, arguments);
        let said = match device {
            true => signed_in(&org, run(), by_code).await,
            false => signed_in(&org, run(), in_browser).await,
        };
        assert!(said.contains(&who), "{said}");
        let said = must(run().output());
        assert!(said.contains(&format!("still {who}")), "{said}");
        assert!(!said.contains("eyJ"), "{said}");

        let said = must(program(&org, &client_id, &home, &["--sign-out"]).output());
        assert!(said.contains("signed out"), "{said}");
        let again = run()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        assert_asks_again(again, device);
    }
}

/// After a sign-out nobody is signed in: the program asks the person anew.
fn assert_asks_again(mut child: Child, device: bool) {
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let asks = if device {
        "go to "
    } else {
        "open this address"
    };
    let asked = lines
        .map_while(Result::ok)
        .take_while(|line| !line.contains("still"))
        .any(|line| line.contains(asks));
    child.kill().expect("killed");
    child.wait().expect("a child");
    assert!(asked);
}
