//! CPU time and memory of listing 100,000 users and 200,000 log events, beside other ways to do it.
//!
//! ```text
//! export OKTA_RIVALS=/tmp/okta-rivals                  where the others are; target/rivals without it
//! tests/benches/rivals/install.sh                      once: okta crate, Node SDK, Python SDK
//! cargo bench -p okta-tests --bench listing            all
//! cargo bench -p okta-tests --bench listing -- logs    one list
//! ```
//!
//! Pages come from a server in a process of its own, made before the first request. Each side runs in its own process,
//! all sides in turn, round by round; the medians are compared: neighbours on the machine hit all alike. Counted is the
//! whole process, its start included. A side that is not installed is left out, with a message. Linux only.
#![allow(missing_docs)]

#[path = "listing/pages.rs"]
mod pages;
#[path = "listing/server.rs"]
mod server;
#[path = "listing/sides.rs"]
mod sides;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const ROUNDS: usize = 5;
/// Slow sides run once.
const SLOW: [&str; 3] = ["okta crate 0.7.1", "Node SDK 8.1.0", "Python SDK 3.4.4"];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", what] => server::run(what),
        ["side", side, what, url] => sides::run(side, what, url),
        ["users" | "logs"] => compare(&arguments[0]),
        _ => {
            compare("users");
            compare("logs");
        }
    }
}

struct Outcome {
    count: usize,
    text: usize,
    seconds: f64,
    peak_mb: f64,
}

/// The server of this comparison; ends with it.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn own(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(arguments);
    command
}

fn compare(what: &str) {
    let child = own(&["server", what]).stdout(Stdio::piped()).spawn();
    let mut served = Served(child.expect("a server"));
    let mut lines = BufReader::new(served.0.stdout.take().expect("its output")).lines();
    let url = lines.next().expect("its address").expect("text");
    let size = lines.next().expect("its size").expect("text");
    println!("\n{what}: {size}");

    let sides = sides(what, &url);
    let mut outcomes: Vec<Vec<Outcome>> = sides.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        for ((name, command), outcomes) in sides.iter().zip(&mut outcomes) {
            if round == 0 || !SLOW.contains(name) {
                outcomes.extend(run(name, command));
            }
        }
    }
    let twin = median(&outcomes[1]);
    for ((name, _), outcomes) in sides.iter().zip(&outcomes) {
        let Some(first) = outcomes.first() else {
            continue;
        };
        assert_eq!(
            (first.count, first.text),
            pages::expected(what),
            "{name} saw something else"
        );
        let peak = outcomes.iter().map(|outcome| outcome.peak_mb);
        println!(
            "  {name:<26} {:8.3} s CPU  {:6.2} x  {:7.1} MB peak",
            median(outcomes),
            median(outcomes) / twin,
            peak.fold(0.0, f64::max)
        );
    }
}

fn median(outcomes: &[Outcome]) -> f64 {
    let mut seconds: Vec<f64> = outcomes.iter().map(|outcome| outcome.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

type Side = (&'static str, Vec<String>);

/// Name and command of each; ours and the derive first.
fn sides(what: &str, url: &str) -> Vec<Side> {
    let exe = std::env::current_exe().expect("this program");
    let exe = exe.to_str().expect("a path");
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    let mut sides = vec![
        ("SDK, typed", words(&[exe, "side", "ours", what, url])),
        ("reqwest + derive", words(&[exe, "side", "twin", what, url])),
        (
            "SDK, prefetch",
            words(&[exe, "side", "prefetch", what, url]),
        ),
        ("SDK, count()", words(&[exe, "side", "count", what, url])),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let here = root.join("tests/benches/rivals");
    let mut rival = |name, needed: PathBuf, command: &[&str]| {
        if needed.exists() {
            sides.push((name, words(command)));
        } else {
            println!("  {name}: not installed (tests/benches/rivals/install.sh)");
        }
    };
    let text = |path: PathBuf| path.to_str().expect("a path").to_owned();
    let target = std::env::var_os("OKTA_RIVALS").map_or(root.join("target/rivals"), PathBuf::from);
    let okta = target.join("okta-crate/release/listing-okta-crate");
    rival(SLOW[0], okta.clone(), &[&text(okta), what, url]);
    let node = target.join("node");
    let script = text(here.join("listing.mjs"));
    rival(
        SLOW[1],
        node.join("node_modules/@okta/okta-sdk-nodejs"),
        &["node", &script, what, url, &text(node.clone())],
    );
    let python = target.join("python");
    let script = text(here.join("listing.py"));
    rival(
        SLOW[2],
        python.join("okta"),
        &["python3", &script, what, url, &text(python.clone())],
    );
    sides
}

fn run(name: &str, command: &[String]) -> Option<Outcome> {
    let output = Command::new(&command[0])
        .args(&command[1..])
        .stderr(Stdio::inherit())
        .output();
    let text = match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(output) => {
            println!("  {name}: {}", output.status);
            return None;
        }
        Err(error) => {
            println!("  {name}: {error}");
            return None;
        }
    };
    let mut words = text.split_whitespace().rev();
    let peak: f64 = words.next()?.parse().ok()?;
    let seconds = words.next()?.parse().ok()?;
    let (text, count) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Outcome {
        count,
        text,
        seconds,
        peak_mb: peak / 1024.0,
    })
}
