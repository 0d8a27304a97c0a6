//! Replays recorded traffic through the generated types: what the service answered must decode, and
//! encode back to the same JSON value.
//!
//! `conformance [--show N] [--drift] FILE…`; files are JSON lines, plain or gzip. The last line of
//! the output is a JSON object with the counts.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    okta_tests::conformance::main(std::env::args().skip(1))
}
