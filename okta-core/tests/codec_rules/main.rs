//! The rules of the model codec, one test each.
#![allow(missing_docs)]

mod members;
#[path = "../models/mod.rs"]
mod models;
mod unions;
mod uses;

use models::*;
use okta_core::json::same_value;
use okta_core::model::*;

/// Decodes and encodes; the text must be the same value.
#[track_caller]
fn round<T: Value>(json: &str) -> (T, Vec<Drift>) {
    let (value, drift) = decode::<T>(json.as_bytes()).expect(json);
    let again = String::from_utf8(encode(&value)).unwrap();
    assert!(same_value(json, &again), "{json}\n{again}");
    (value, drift)
}
