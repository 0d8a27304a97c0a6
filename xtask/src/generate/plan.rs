//! All operations with their names, ready to be written.

use std::path::Path;

use anyhow::Result;

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
pub(crate) fn plan(apis: &[Api], exceptions: &Exceptions) -> Result<Vec<Planned>> {
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
            let paging = shapes::paging(operation, listing.as_ref());
            Planned {
                api: api.head.name.clone(),
                bucket: bucket(&operation.path),
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

/// The bucket that an operation's calls are counted in, as far as paths tell: the family, and apart
/// from it the family's items themselves.
fn bucket(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part.starts_with('{') && parts.len() > 1 {
            let item = path.ends_with(part);
            return if item {
                format!("{}/{{id}}", parts.join("/"))
            } else {
                parts.join("/")
            };
        }
        parts.push(part);
    }
    let family = parts
        .iter()
        .position(|part| *part == "api")
        .map_or(3, |at| at + 3)
        .min(parts.len());
    parts[..family].join("/")
}
