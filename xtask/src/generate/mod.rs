//! `cargo xtask generate`: facts → committed Rust.

mod correct;
mod exceptions;
mod plan;
mod route;
mod sandbox;
mod shapes;
mod words;

use anyhow::Result;

use crate::workspace;
use exceptions::Exceptions;

pub(crate) fn run() -> Result<()> {
    let exceptions = Exceptions::read(&workspace::api("names.json"))?;
    let directory = workspace::root().join("api");
    let mut apis = plan::read_apis(&directory)?;
    correct::apply(&mut apis, &directory)?;
    let planned = plan::plan(&apis, &exceptions)?;
    for p in &planned {
        println!(
            "{} {} {} {:?} {}",
            p.operation.method,
            p.operation.path,
            p.rust_name(),
            p.route.arguments,
            p.paging
        );
    }
    workspace::write(
        &workspace::root().join("okta-sandbox/src/generated/operations.rs"),
        &sandbox::operations(&planned),
    )?;
    Ok(())
}
