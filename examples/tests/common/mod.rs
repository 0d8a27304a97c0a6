//! Programs of this package as processes of their own, on a sandbox of the test.

// Each test uses its part.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use okta_core::Client;
use okta_sandbox::{Sandbox, SeedOrg};

pub(crate) async fn sandbox(users: usize) -> Sandbox {
    let sandbox = Sandbox::start().await.expect("starts");
    sandbox.seed(SeedOrg {
        users,
        ..SeedOrg::default()
    });
    sandbox
}

pub(crate) fn client(sandbox: &Sandbox) -> Client {
    Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token())
        .build()
        .expect("a client")
}

/// A directory of one test, empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

/// A program that knows nothing of this process's configuration.
pub(crate) fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_remove("RUST_BACKTRACE");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OKTA_") {
            command.env_remove(name);
        }
    }
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    std::fs::create_dir_all(&empty).expect("a directory");
    command.env("HOME", &empty).current_dir(&empty);
    command
}

/// A program that works on the sandbox as on any org.
pub(crate) fn program(program: &str, sandbox: &Sandbox) -> Command {
    let mut command = bare(program);
    command
        .env("OKTA_CLIENT_ORGURL", sandbox.url())
        .env("OKTA_CLIENT_TOKEN", sandbox.api_token());
    command
}

/// What a program said that ended well.
pub(crate) fn must(output: std::io::Result<Output>) -> String {
    let output = output.expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{text}\n{errors}",
        output.status
    );
    text
}

/// Runs a program and kills it, as `kill -9` does, as soon as `reached` is true.
pub(crate) fn kill_when(command: &mut Command, reached: impl Fn() -> bool) {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().expect("the program runs");
    while !reached() {
        let ended = child.try_wait().expect("a child");
        assert!(
            ended.is_none(),
            "it ended before it could be killed: {ended:?}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    let status = child.wait().expect("a child");
    assert!(!status.success(), "it was done before it was killed");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
}

/// How many lines a file has; 0 if there is none.
pub(crate) fn lines(path: &Path) -> usize {
    let text = std::fs::read(path).unwrap_or_default();
    text.iter().filter(|byte| **byte == b'\n').count()
}
