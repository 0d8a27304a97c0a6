//! `cargo xtask cards`: the cards as data.

use std::io::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::{read, rust_name};

#[derive(Serialize)]
struct Line<'a> {
    connector: &'a str,
    kind: &'a str,
    slug: &'a str,
    name: &'a str,
    rust_name: String,
    operations: Vec<&'a str>,
    scopes: &'a [String],
    executable: bool,
}

/// Prints all cards, by connector, kind and slug.
pub(crate) fn run(json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for connector in &read()? {
        for card in &connector.cards {
            let line = Line {
                connector: &connector.head.key,
                kind: &card.kind,
                slug: &card.slug,
                name: &card.name,
                rust_name: rust_name(&connector.head.key, card),
                operations: card.operations(),
                scopes: &card.scopes,
                // Every action is in its connector's dispatch, every event in the event cards or a poller; else the
                // crate does not compile.
                executable: true,
            };
            if json {
                writeln!(out, "{}", serde_json::to_string(&line)?)?;
            } else {
                writeln!(
                    out,
                    "{:26} {:6} {} {}",
                    line.connector, line.kind, line.slug, line.rust_name
                )?;
            }
        }
    }
    Ok(())
}
