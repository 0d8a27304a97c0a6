//! Sessions that outlive a process, and processes that share one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use okta_core::auth::{FileTokenStore, TokenKey, TokenLock, TokenStore};
use okta_core::testing::VirtualClock;
use okta_core::{DeviceSignIn, Secret};

use super::*;

/// A directory of its own, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("okta-token-store-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name).join("tokens"))
    }

    fn store(&self) -> FileTokenStore {
        FileTokenStore::new(&self.0)
    }

    /// The only file with tokens.
    fn file(&self) -> PathBuf {
        let files: Vec<PathBuf> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn start(time: &VirtualClock) -> Server {
    Server::new(Arc::new(time.clone()))
}

/// A client as another process would make it.
fn client_of(server: &Server, time: &VirtualClock, app: UserApp) -> Client {
    let given = time.clone();
    client_with(server.canned(), |b| {
        b.credential(app).clock(Arc::new(given))
    })
    .0
}

async fn enter(client: &Client) {
    client.sign_in(DeviceSignIn::new(|_| ())).await.unwrap();
}

#[tokio::test]
async fn demand_25_a_session_outlives_its_process() {
    let (directory, time) = (Directory::new(), clock());
    let server = start(&time);
    let new = || client_of(&server, &time, app().token_store(directory.store()));
    let first = new();
    let error = first.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    enter(&first).await;
    drop(first);
    assert!(
        directory
            .file()
            .to_str()
            .unwrap()
            .contains("acme.okta.com-0oaNATIVE")
    );

    let second = new();
    second.send(Get::of("1")).await.unwrap();
    assert_eq!(server.sent("token").len(), 1, "the stored token is good");
    time.advance(Duration::from_secs(4000));
    second.send(Get::of("1")).await.unwrap();
    assert_eq!(server.sent("token").len(), 2);
    // The rotated token was stored: a third process goes on with it.
    time.advance(Duration::from_secs(4000));
    new().send(Get::of("1")).await.unwrap();
    assert_eq!(server.sent("token")[2]["refresh_token"], "canary-refresh-2");
    // And the second notices.
    second.send(Get::of("1")).await.unwrap();
    assert_eq!(server.sent("token").len(), 3);

    // Asked for a new token, a process that has none yet does not take the stored one.
    new().renew_token().await.unwrap();
    assert_eq!(server.sent("token").len(), 4);

    // Another profile is another user.
    let other = client_of(
        &server,
        &time,
        app().token_store(directory.store()).profile("bo"),
    );
    assert_eq!(
        other.send(Get::of("1")).await.unwrap_err().kind(),
        ErrorKind::SignIn
    );
    new().sign_out().await.unwrap();
    assert!(
        server.state().refresh_tokens.is_empty(),
        "also from a process that never called"
    );
    assert_eq!(
        new().send(Get::of("1")).await.unwrap_err().kind(),
        ErrorKind::SignIn
    );
}

#[tokio::test]
async fn processes_that_share_a_session_never_send_one_refresh_token_twice() {
    let (directory, time) = (Directory::new(), clock());
    let server = start(&time);
    let clients: Vec<Client> = (0..8)
        .map(|_| client_of(&server, &time, app().token_store(directory.store())))
        .collect();
    enter(&clients[0]).await;
    for _ in 0..3 {
        time.advance(Duration::from_secs(4000));
        let calls: Vec<_> = clients
            .iter()
            .flat_map(|client| (0..4).map(|_| tokio::spawn(client.send(Get::of("1")))))
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }
    assert_eq!(server.sent("token").len(), 1 + 3);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_and_who_else_could_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, time) = (Directory::new(), clock());
    let server = start(&time);
    let new = || client_of(&server, &time, app().token_store(directory.store()));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    enter(&new()).await;
    let file = directory.file();
    assert_eq!((mode(&file), mode(&directory.0)), (0o600, 0o700));
    for wide in [0o640, 0o604, 0o660, 0o644] {
        set(&file, wide);
        let error = new().send(Get::of("1")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let path = file.display().to_string();
        assert!(error.to_string().contains(&path), "{error}");
        assert!(error.hint().unwrap().contains("chmod 600"), "{error}");
        assert!(!format!("{error:?}").contains("canary"));
    }
    set(&file, 0o600);
    new().send(Get::of("1")).await.unwrap();
    // Rewritten after a refresh: still private, and nothing is left beside it.
    time.advance(Duration::from_secs(4000));
    new().send(Get::of("1")).await.unwrap();
    assert_eq!(mode(&file), 0o600);
    assert!(!file.with_extension("tmp").exists());

    set(&directory.0, 0o770);
    let error = new().send(Get::of("1")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("chmod 700"), "{error}");
    set(&directory.0, 0o700);

    let elsewhere = directory.0.with_file_name("elsewhere");
    std::fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    let error = new().send(Get::of("1")).await.unwrap_err();
    assert!(error.to_string().contains("plain file"), "{error}");
}

#[tokio::test]
async fn damaged_and_foreign_files_are_named_and_a_sign_in_mends_them() {
    let (directory, time) = (Directory::new(), clock());
    let server = start(&time);
    let new = || client_of(&server, &time, app().token_store(directory.store()));
    enter(&new()).await;
    let file = directory.file();
    let good = std::fs::read_to_string(&file).unwrap();
    assert!(good.contains("canary-refresh-1"));
    let with = |name: &str, value: &str| {
        let mut record: J = serde_json::from_str(&good).unwrap();
        record[name] = value.into();
        record.to_string()
    };
    for (text, words) in [
        (good[..good.len() / 2].to_owned(), "damaged"),
        (String::new(), "damaged"),
        ("\0\0".to_owned(), "damaged"),
        (
            good.replace("\"format\":1", "\"format\":2"),
            "another version",
        ),
        (with("org_url", "https://evil.okta.com"), "another org"),
        (with("client_id", "0oaOTHER"), "another org or app"),
        (with("dpop_key", "canary-key"), "proof key"),
    ] {
        std::fs::write(&file, text).unwrap();
        let client = new();
        let error = client.send(Get::of("1")).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint().unwrap().contains("sign in again"), "{error}");
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
        enter(&client).await;
        new().send(Get::of("1")).await.unwrap();
    }
}

/// A store that can be out of order.
#[derive(Debug)]
struct Fragile {
    inner: FileTokenStore,
    full: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl TokenStore for Fragile {
    async fn load(&self, key: &TokenKey) -> okta_core::Result<Option<Secret>> {
        self.inner.load(key).await
    }
    async fn save(&self, key: &TokenKey, text: &Secret) -> okta_core::Result<()> {
        if self.full.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Config, "the disk is full"));
        }
        self.inner.save(key, text).await
    }
    async fn remove(&self, key: &TokenKey) -> okta_core::Result<()> {
        self.inner.remove(key).await
    }
    async fn try_lock(&self, key: &TokenKey) -> okta_core::Result<Option<TokenLock>> {
        self.inner.try_lock(key).await
    }
}

#[tokio::test]
async fn a_new_refresh_token_is_stored_before_its_access_token_is_used() {
    let (directory, time) = (Directory::new(), clock());
    let server = start(&time);
    let full = Arc::new(AtomicBool::new(false));
    let store = Fragile {
        inner: directory.store(),
        full: Arc::clone(&full),
    };
    let client = client_of(&server, &time, app().token_store(store));
    enter(&client).await;
    time.advance(Duration::from_secs(4000));
    full.store(true, Ordering::SeqCst);
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    // The rotated token is not lost: it is newer than what is stored.
    full.store(false, Ordering::SeqCst);
    client.send(Get::of("1")).await.unwrap();
    let sent = server.sent("token");
    assert_eq!(sent.last().unwrap()["refresh_token"], "canary-refresh-2");
    let stored = std::fs::read_to_string(directory.file()).unwrap();
    assert!(stored.contains("canary-refresh-3"));
}

/// Not a test of its own: the other process of the next one. It holds the lock until it is killed.
#[tokio::test]
async fn other_process() {
    let Some(directory) = std::env::var_os("OKTA_TEST_LOCK_DIRECTORY") else {
        return;
    };
    let key = TokenKey::new(ORG, ORG, CLIENT, "");
    let _lock = FileTokenStore::new(directory).try_lock(&key).await.unwrap();
    println!("\nlocked");
    std::thread::sleep(Duration::from_secs(60));
}

#[tokio::test]
async fn the_lock_counts_between_processes_and_ends_with_its_process() {
    use std::io::BufRead as _;
    let directory = Directory::new();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::other_process", "--nocapture"])
        .env("OKTA_TEST_LOCK_DIRECTORY", &directory.0)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(child.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap() == "locked"));
    let key = TokenKey::new(ORG, ORG, CLIENT, "");
    let store = directory.store();
    assert!(store.try_lock(&key).await.unwrap().is_none());
    let other = TokenKey::new(ORG, ORG, CLIENT, "bo");
    assert!(store.try_lock(&other).await.unwrap().is_some());

    // A call waits for the lock as long as it may, and says what it waited for.
    let time = clock();
    let server = start(&time);
    let client = client_of(&server, &time, app().token_store(directory.store()));
    let error = client
        .send(Get::of("1").with_timeout(Duration::from_secs(5)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("another process"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(store.try_lock(&key).await.unwrap().is_some());
}
