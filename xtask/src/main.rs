//! Command line of the development tasks.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    xtask::main()
}
