//! All operations with their names, ready to be written.

use std::path::Path;

use anyhow::Result;

use super::buckets::Buckets;
use super::exceptions::Exceptions;
use super::route::{Route, routes};
use super::shapes::{self, Listing};
use crate::facts::{Api, Operation};

/// One operation and what was decided about it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) api: String,
    pub(crate) operation: Operation,
    pub(crate) route: Route,
    pub(crate) listing: Option<Listing>,
    pub(crate) paging: &'static str,
    /// Name of the rate-limit bucket.
    pub(crate) bucket: String,
}

impl Planned {
    /// `users::factors::List`; governance operations stand under `governance::`.
    pub(crate) fn rust_name(&self) -> String {
        let name = self.route.rust_name();
        if self.api == "governance" {
            format!("governance::{name}")
        } else {
            name
        }
    }

    /// Whether sending the operation twice does no more than sending it once.
    pub(crate) fn idempotent(&self) -> bool {
        matches!(
            self.operation.method.as_str(),
            "GET" | "HEAD" | "PUT" | "DELETE"
        )
    }
}

/// Names all operations.
pub(crate) fn plan(
    apis: &[Api],
    exceptions: &Exceptions,
    buckets: &Buckets,
) -> Result<Vec<Planned>> {
    let all: Vec<(&Api, &Operation)> = apis
        .iter()
        .flat_map(|api| api.operations.iter().map(move |o| (api, o)))
        .collect();
    let named: Vec<_> = all
        .iter()
        .map(|(api, operation)| shapes::shape(api, operation))
        .collect();
    let routes = routes(&named, exceptions)?;
    Ok(all
        .into_iter()
        .zip(routes)
        .map(|((api, operation), route)| {
            let listing = shapes::listing(api, operation).filter(|_| operation.method == "GET");
            let paging = shapes::paging(api, operation, listing.as_ref());
            Planned {
                api: api.head.name.clone(),
                bucket: buckets.of(&operation.method, &operation.path),
                operation: operation.clone(),
                route,
                listing,
                paging,
            }
        })
        .collect())
}

/// Reads the facts of all APIs.
pub(crate) fn read_apis(directory: &Path) -> Result<Vec<Api>> {
    crate::import::APIS
        .iter()
        .map(|name| Api::read(&directory.join(format!("{name}.jsonl"))))
        .collect()
}
