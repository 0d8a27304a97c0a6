//! An org in a directory: what was answered outlives a kill.

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use okta_sandbox::{Sandbox, SeedOrg};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A directory that goes with its owner.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("okta-sandbox-{name}-{}", unique()));
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program, killed without warning in the end.
struct Program {
    child: Child,
    url: String,
    token: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_okta-sandbox"))
            .args(["--port", "0", "--users", "3", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let (mut url, mut token) = (String::new(), String::new());
        for line in BufReader::new(child.stdout.take().expect("output")).lines() {
            let line = line.expect("text");
            if let Some(found) = line.strip_prefix("Okta sandbox at ") {
                url = found.to_owned();
            }
            if let Some(found) = line.strip_prefix("API token: ") {
                token = found.to_owned();
                break;
            }
        }
        assert!(!url.is_empty() && !token.is_empty());
        Self { child, url, token }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = client()
            .request(
                method.parse().expect("a method"),
                format!("{}{path}", self.url),
            )
            .header("authorization", format!("SSWS {}", self.token));
        answer(match body {
            Some(body) => request.json(&body),
            None => request.header("content-length", "0"),
        })
        .await
    }
}

fn user(number: usize) -> Value {
    let login = format!("u{number}@example.com");
    json!({ "profile": { "login": login, "email": login, "firstName": "A", "lastName": "B" },
        "credentials": { "password": { "value": "Secret-1234" } } })
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let data = Directory::new("kill");
    let mut acknowledged = Vec::new();
    let mut token = None;
    for round in 0..3 {
        let program = Program::start(&data.0);
        let known = token.get_or_insert_with(|| program.token.clone());
        assert_eq!(*known, program.token, "the printed token stays");
        for id in &acknowledged {
            let (status, _) = program
                .call("GET", &format!("/api/v1/users/{id}"), None)
                .await;
            assert_eq!(status, 200, "round {round}: {id}");
        }
        // Writes are under way when the process is killed; those that were answered count.
        let mut writers = tokio::task::JoinSet::new();
        let (url, token) = (program.url.clone(), program.token.clone());
        let count = Arc::new(AtomicUsize::new(0));
        for writer in 0..4 {
            let (url, token, count) = (url.clone(), token.clone(), Arc::clone(&count));
            writers.spawn(async move {
                let client = client();
                let mut done = Vec::new();
                for number in 0.. {
                    let request = client
                        .post(format!("{url}/api/v1/users"))
                        .header("authorization", format!("SSWS {token}"))
                        .json(&user(round * 1_000_000 + writer * 100_000 + number));
                    match request.send().await {
                        Ok(answer) if answer.status() == 200 => {
                            match answer.json::<Value>().await {
                                Ok(user) => {
                                    done.push(id(&user));
                                    count.fetch_add(1, Ordering::Relaxed);
                                }
                                Err(_) => return done,
                            }
                        }
                        _ => return done,
                    }
                }
                done
            });
        }
        while count.load(Ordering::Relaxed) < 20 && !writers.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            assert!(writers.try_join_next().is_none(), "a writer failed early");
        }
        drop(program);
        let before = acknowledged.len();
        while let Some(done) = writers.join_next().await {
            acknowledged.extend(done.expect("a writer"));
        }
        assert!(acknowledged.len() > before, "something was written");
    }
    let program = Program::start(&data.0);
    let (_, state) = program.call("GET", "/_sandbox/state", None).await;
    let users = usize::try_from(state["users"].as_u64().expect("a number")).expect("small");
    // The admin, three seeded once, and at most one unanswered write a writer and round.
    let least = acknowledged.len() + 4;
    assert!((least..=least + 12).contains(&users), "{users} for {least}");
}

fn port(sandbox: &Sandbox) -> String {
    let (_, port) = sandbox.url().rsplit_once(':').expect("a port");
    format!(":{port}")
}

/// What an answer says, whatever the port.
fn without_port(body: &Value, sandbox: &Sandbox) -> String {
    body.to_string().replace(&port(sandbox), "PORT")
}

#[tokio::test]
async fn a_restart_is_as_if_nothing_had_happened() {
    let data = Directory::new("restart");
    let start = || async {
        let seed = SeedOrg {
            users: 20,
            groups: 3,
            apps: 4,
            ..SeedOrg::default()
        };
        Sandbox::builder()
            .data(&data.0)
            .seed(seed)
            .start()
            .await
            .expect("starts")
    };
    let first = start().await;
    let admin = Admin::new(&first);
    let ada = admin.user("ada@example.com").await;
    let group = admin.group("Readers").await;
    admin
        .bare("PUT", &format!("/api/v1/groups/{group}/users/{}", id(&ada)))
        .await;
    let gone = admin.group("Gone").await;
    admin
        .bare("DELETE", &format!("/api/v1/groups/{gone}"))
        .await;
    let role = format!("/api/v1/users/{}/roles", id(&ada));
    let (status, assigned) = admin.post(&role, json!({ "type": "USER_ADMIN" })).await;
    assert_eq!(status, 201, "{assigned}");
    let target = format!("{role}/{}/targets/groups/{group}", id(&assigned));
    admin.bare("PUT", &target).await;
    let policy = json!({ "type": "PASSWORD", "name": "Strict", "description": "d" });
    let (status, policy) = admin.post("/api/v1/policies", policy).await;
    assert_eq!(status, 200, "{policy}");
    let app = first.create_service_app(&["okta.users.read"]);
    let token = token(&first, &app, "okta.users.read").await;
    first.advance_clock(100);
    let pages = [
        "/api/v1/users?limit=200",
        "/api/v1/groups",
        "/api/v1/apps?limit=200",
        "/api/v1/logs?limit=1000",
        "/api/v1/policies?type=PASSWORD",
        &role,
        &format!("/api/v1/groups/{group}/users"),
        "/api/v1/authorizationServers",
        "/api/v1/meta/schemas/user/default",
        "/api/v1/zones",
    ];
    let mut before = Vec::new();
    for page in pages {
        let (status, body) = admin.get(page).await;
        assert_eq!(status, 200, "{page}: {body}");
        before.push(without_port(&body, &first));
    }
    let url = port(&first);
    drop(first);
    tokio::task::yield_now().await;

    let second = start().await;
    let admin = Admin::new(&second);
    for (page, before) in pages.iter().zip(before) {
        let (_, body) = admin.get(page).await;
        let after = without_port(&body, &second).replace(&url, "PORT");
        let same = after
            .bytes()
            .zip(before.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let from = same.saturating_sub(200);
        assert!(
            after == before,
            "{page}\n{}\n{}",
            &before[from..(same + 200).min(before.len())],
            &after[from..(same + 200).min(after.len())]
        );
    }
    let call = client()
        .get(format!("{}/api/v1/users", second.url()))
        .header("authorization", format!("Bearer {token}"));
    assert_eq!(send(call).await.status(), 200, "access tokens live on");
    ask(&second, &app, "okta.users.read").await;
    let fresh = admin.user("bob@example.com").await;
    assert_ne!(id(&fresh), id(&ada));

    // A role that is taken away takes its targets along, on disk, too.
    admin
        .bare("DELETE", &format!("{role}/{}", id(&assigned)))
        .await;
    drop(second);
    tokio::task::yield_now().await;
    let third = start().await;
    let admin = Admin::new(&third);
    assert_eq!(admin.get(&role).await.1, json!([]));
    let (_, state) = admin.get("/_sandbox/state").await;
    assert!(
        !state["collections"].to_string().contains("targets"),
        "{state}"
    );
    third.reset().expect("a fresh org");
    drop(third);
    tokio::task::yield_now().await;
    let fourth = start().await;
    let admin = Admin::new(&fourth);
    assert_eq!(
        admin
            .get("/api/v1/users")
            .await
            .1
            .as_array()
            .expect("a list")
            .len(),
        1
    );
}

#[tokio::test]
async fn a_directory_serves_one_org_at_a_time_and_says_what_is_wrong() {
    let data = Directory::new("lock");
    let first = Sandbox::builder()
        .data(&data.0)
        .start()
        .await
        .expect("starts");
    let second = Sandbox::builder().data(&data.0).start().await;
    let text = second.expect_err("in use").to_string();
    assert!(text.contains("data directory"), "{text}");
    drop(first);
    let broken = Directory::new("broken");
    std::fs::create_dir_all(&broken.0).expect("a directory");
    std::fs::write(broken.0.join("org.redb"), "nonsense").expect("a file");
    let error = Sandbox::builder()
        .data(&broken.0)
        .start()
        .await
        .expect_err("broken");
    assert!(error.to_string().contains("data directory"), "{error}");
}

#[tokio::test]
async fn an_rsa_key_of_the_ready_app_is_kept_and_survives_a_reset() {
    let directory = Directory::new("rsa");
    let sandbox = Sandbox::builder()
        .data(&directory.0)
        .start()
        .await
        .expect("starts");
    let before = sandbox.service_app();
    sandbox.use_rsa_key().expect("a key");
    let app = sandbox.service_app();
    assert_eq!(before.client_id, app.client_id);
    assert_ne!(before.kid, app.kid);
    sandbox.use_rsa_key().expect("the same key");
    assert_eq!(sandbox.service_app().kid, app.kid);
    sandbox.reset().expect("a fresh org");
    let keys = async |sandbox: &Sandbox| {
        let path = format!("/api/v1/apps/{}/credentials/jwks", app.client_id);
        Admin::new(sandbox).get(&path).await.1
    };
    let listed = keys(&sandbox).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(
        (&listed[0]["kid"], &listed[0]["kty"]),
        (&app.kid.as_str().into(), &"RSA".into())
    );
    drop(sandbox);
    // The database is freed with the last connection.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let again = Sandbox::builder()
        .data(&directory.0)
        .start()
        .await
        .expect("starts again");
    assert_eq!(again.service_app().private_key_jwk, app.private_key_jwk);
    assert_eq!(keys(&again).await, listed);
}
