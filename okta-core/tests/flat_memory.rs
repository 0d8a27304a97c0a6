//! Long lists take no more memory than short ones. A binary of its own: it looks at the process.
#![cfg(target_os = "linux")]

mod common;

use common::*;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};

const PAGES: usize = 5_000;

/// 200 things a page.
fn endless() -> Canned {
    let items: Vec<String> = (0..200)
        .map(|n| format!(r#"{{"id":"thing{n:015}","name":"A name of usual length {n}"}}"#))
        .collect();
    let body = bytes::Bytes::from(format!("[{}]", items.join(",")));
    Canned::from_fn(move |request| {
        let query = request.uri.query().unwrap_or_default();
        let at = query
            .split("after=")
            .nth(1)
            .map_or(0, |at| at.parse().unwrap());
        let answer = Answer::json(200, body.clone());
        if at + 1 == PAGES {
            return answer;
        }
        answer.header(
            "link",
            &format!("</api/v1/things?after={}>; rel=next", at + 1),
        )
    })
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[tokio::test]
async fn demand_11_a_million_items_in_flat_memory() {
    let (client, _, _) = client(endless());
    let mut items = List::new().attach(&client).items();
    for _ in 0..1_000 {
        items.try_next().await.unwrap().unwrap();
    }
    let before = resident();
    let mut count = 1_000;
    while items.try_next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, PAGES * 200);
    // The canned transport remembers every request; that alone is a few megabytes.
    let grown = resident().saturating_sub(before);
    assert!(grown < 16, "{grown} MB more");
    assert_eq!(
        List::new().attach(&client).count().await.unwrap(),
        1_000_000
    );
    let grown = resident().saturating_sub(before);
    assert!(grown < 24, "{grown} MB more");
}
