//! Figures of the sandbox beside its goals: start, memory, listing, one get.
//!
//! `cargo bench -p okta-sandbox --bench figures` prints a table. The program runs as a process of
//! its own, so that its memory is its own; the get is measured in one process with its client.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use okta_sandbox::{RateLimits, Sandbox, SeedOrg};
use reqwest::Client;
use serde_json::Value;

const USERS: usize = 100_000;

/// The program with the time until it had printed its URL.
struct Program {
    child: Child,
    url: String,
    token: String,
    listening: Duration,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(users: usize) -> Self {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_okta-sandbox"))
            .args(["--port", "0", "--no-rate-limit", "--users"])
            .arg(users.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (mut url, mut token, mut listening) = (String::new(), String::new(), Duration::ZERO);
        for line in output.lines() {
            let line = line.expect("text");
            if let Some(found) = line.strip_prefix("Okta sandbox at ") {
                listening = begun.elapsed();
                found.clone_into(&mut url);
            }
            if let Some(found) = line.strip_prefix("API token: ") {
                found.clone_into(&mut token);
                break;
            }
        }
        Self {
            child,
            url,
            token,
            listening,
        }
    }

    /// Resident memory in MiB.
    fn memory(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kib.unwrap_or(f64::NAN) / 1024.0
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

/// Lists all users by their next links; how many came.
async fn list(client: &Client, program: &Program) -> usize {
    let mut next = Some(format!("{}/api/v1/users?limit=200", program.url));
    let mut count = 0;
    while let Some(url) = next {
        let request = client.get(url);
        let request = request.header("authorization", format!("SSWS {}", program.token));
        let answer = request.send().await.expect("an answer");
        let links = answer.headers().get_all("link").iter();
        next = links
            .filter_map(|link| link.to_str().ok())
            .find(|link| link.contains("rel=\"next\""))
            .and_then(|link| Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned()));
        let body = answer.bytes().await.expect("a body");
        // Each user has one such member, and counting must not cost more than the list.
        count += memchr_count(&body, b"\"statusChanged\"");
    }
    count
}

fn memchr_count(body: &[u8], what: &[u8]) -> usize {
    body.windows(what.len()).filter(|w| *w == what).count()
}

async fn gets() -> Duration {
    let sandbox = Sandbox::builder()
        .rate_limits(RateLimits::off())
        .seed(SeedOrg {
            users: 1000,
            ..SeedOrg::default()
        })
        .start()
        .await
        .expect("starts");
    let client = client();
    let authorization = format!("SSWS {}", sandbox.api_token());
    let get = async |path: &str| {
        let request = client.get(format!("{}{path}", sandbox.url()));
        let request = request.header("authorization", &authorization);
        let answer = request.send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let listed = get("/api/v1/users?limit=200").await;
    let ids: Vec<&str> = listed
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|user| user["id"].as_str())
        .collect();
    let mut times = Vec::new();
    for round in 0..3000 {
        let path = format!("/api/v1/users/{}", ids[round % ids.len()]);
        let begun = Instant::now();
        get(&path).await;
        times.push(begun.elapsed());
    }
    median(times)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let begun = Instant::now();
    let sandbox = Sandbox::start().await.expect("starts");
    let first = begun.elapsed();
    drop(sandbox);
    let mut library = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        let sandbox = Sandbox::start().await.expect("starts");
        library.push(begun.elapsed());
        drop(sandbox);
    }
    let program = (0..10).map(|_| Program::start(0).listening).collect();
    let get = gets().await;
    let full = Program::start(USERS);
    let held = full.memory();
    let client = client();
    let mut rates = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        let count = list(&client, &full).await;
        rates.push(count as f64 / begun.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    println!("| figure | measured | goal |");
    println!("|---|---|---|");
    println!(
        "| `Sandbox::start()`, the first in a process | {:.1} ms | < 50 ms |",
        ms(first)
    );
    println!(
        "| `Sandbox::start()`, median of 20 | {:.1} ms | < 50 ms |",
        ms(median(library))
    );
    println!(
        "| program until its URL is printed, median of 10 | {:.1} ms | < 50 ms |",
        ms(median(program))
    );
    println!("| memory with {USERS} users | {held:.0} MiB | < 1024 MiB |");
    println!(
        "| the same after five lists | {:.0} MiB | < 1024 MiB |",
        full.memory()
    );
    println!(
        "| users listed a second, median of 5 | {:.0} | ≥ 20,000 |",
        rates[2]
    );
    println!(
        "| one get over HTTP, median of 3000 | {:.3} ms | < 1 ms |",
        ms(get)
    );
}
