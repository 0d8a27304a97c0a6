//! Pages, items, cursors: both link styles, and every way a list can misbehave.

#[path = "../common/mod.rs"]
mod common;
mod cursors;
mod links;
mod streams;

use std::time::Duration;

use common::*;
use futures_util::StreamExt as _;
use http::Method;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::{Client, Cursor, Json, RetryPolicy};

fn things(ids: &[&str]) -> String {
    let list: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    format!("[{}]", list.join(","))
}

fn page(ids: &[&str], next: Option<&str>) -> Answer {
    let answer = Answer::json(200, things(ids)).header(
        "link",
        r#"<https://acme.okta.com/api/v1/things?>; rel="self""#,
    );
    match next {
        Some(next) => answer.header("link", &format!("<{next}>; rel=\"next\"")),
        None => answer,
    }
}

const P2: &str = "/api/v1/things?after=2&limit=200";
const P3: &str = "/api/v1/things?after=3&limit=200";

fn url(target: &str) -> String {
    format!("{ORG}{target}")
}

/// 2 items, none, 1 item.
fn three_pages() -> Canned {
    Canned::new()
        .on("GET", P2, page(&[], Some(&url(P3))))
        .on("GET", P3, page(&["c"], None))
        .on("GET", "/api/v1/things", page(&["a", "b"], Some(&url(P2))))
}

fn ids(things: &[Thing]) -> Vec<&str> {
    things
        .iter()
        .map(|thing| thing.id.as_deref().unwrap())
        .collect()
}
