//! Main job of the SDK.
mod recorded;
fn main() {}
