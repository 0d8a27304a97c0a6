//! Main job of the SDK.
fn main() {}
