//! Two real processes that share a limit through a directory, against a server with real windows.

#![forbid(unsafe_code)]

mod common;

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use common::*;
use okta_core::prelude::*;
use okta_core::{Pacing, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Calls a window, and how long a window is. Resets are in whole seconds.
const LIMIT: u64 = 40;
const WINDOW: u64 = 2;
/// The part that the processes may use together.
const SHARE: f64 = 0.5;
/// Of each process.
const CALLS: usize = 36;
const TASKS: usize = 6;

#[derive(Default)]
struct Counted {
    window: u64,
    used: u64,
    served: u64,
    refused: u64,
    /// Most calls in one window.
    most: u64,
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

async fn serve(mut socket: TcpStream, counted: Arc<Mutex<Counted>>) {
    let mut request = Vec::new();
    loop {
        while !request.ends_with(b"\r\n\r\n") {
            match socket.read_buf(&mut request).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        request.clear();
        let (status, left, time) = {
            let mut counted = counted.lock().unwrap();
            let time = now();
            if counted.window != time / WINDOW {
                (counted.window, counted.used) = (time / WINDOW, 0);
            }
            let full = counted.used >= LIMIT;
            if full {
                counted.refused += 1;
            } else {
                counted.used += 1;
                counted.served += 1;
                counted.most = counted.most.max(counted.used);
            }
            let status = if full {
                "429 Too Many Requests"
            } else {
                "200 OK"
            };
            (status, LIMIT - counted.used, time)
        };
        let date = jiff::Timestamp::from_second(time as i64).unwrap();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: 2\r\ndate: {}\r\n\
             x-rate-limit-limit: {LIMIT}\r\nx-rate-limit-remaining: {left}\r\nx-rate-limit-reset: {}\r\n\r\n{{}}",
            date.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            (time / WINDOW + 1) * WINDOW,
        );
        if socket.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Not a test of its own: one of the processes.
#[tokio::test]
async fn one_process() {
    let Ok(url) = std::env::var("OKTA_TEST_PACING_URL") else {
        return;
    };
    let pacing = match std::env::var_os("OKTA_TEST_PACING_DIRECTORY") {
        Some(directory) => Pacing::share(SHARE).across_processes(directory),
        None => Pacing::share(SHARE),
    };
    let client = Client::builder()
        .org_url(url)
        .api_token("00t")
        .no_timeout()
        .retry(RetryPolicy::none())
        .pacing(pacing)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..CALLS / TASKS {
                    // The server counts what it refused.
                    let _ = client.send(Get::of("1")).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Two processes that run at the same time: calls served and refused, and the most in one window.
async fn two_processes(directory: Option<&Path>) -> (u64, u64, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let counted = Arc::new(Mutex::new(Counted::default()));
    let counting = Arc::clone(&counted);
    let server = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket, Arc::clone(&counting)));
        }
    });
    let mut children = Vec::new();
    for _ in 0..2 {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "one_process"])
            .env("OKTA_TEST_PACING_URL", &url)
            .stdout(Stdio::null());
        if let Some(directory) = directory {
            command.env("OKTA_TEST_PACING_DIRECTORY", directory);
        }
        children.push(command.spawn().unwrap());
    }
    for mut child in children {
        let status = tokio::task::spawn_blocking(move || child.wait()).await;
        assert!(status.unwrap().unwrap().success());
    }
    server.abort();
    let counted = counted.lock().unwrap();
    (counted.served, counted.refused, counted.most)
}

#[tokio::test(flavor = "multi_thread")]
async fn demand_13_two_processes_stay_inside_the_limit_together() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pacing-processes");
    let _ = std::fs::remove_dir_all(&directory);
    let all = 2 * CALLS as u64;
    let (served, refused, most) = two_processes(Some(&directory)).await;
    assert_eq!((served, refused), (all, 0));
    // A call that is on its way when a window ends may count in the next one.
    assert!(most <= LIMIT / 2 + 4, "{most} in one window");
    // Without the directory each takes the share for itself.
    let (served, refused, most) = two_processes(None).await;
    assert_eq!(served + refused, all);
    assert!(most > LIMIT / 2 + 4, "{most}: the test says nothing");
}
