//! Behaviours by family: what each operation does to the org and answers.

pub(crate) mod apps;
pub(crate) mod assignments;
mod clients;
mod governance;
pub(crate) mod groups;
pub(crate) mod logs;
mod mappings;
mod org_settings;
pub(crate) mod policies;
mod roles;
pub(crate) mod rules;
pub(crate) mod schemas;
pub(crate) mod users;

use std::sync::OnceLock;

use crate::call::Handler;
use crate::engine;
use crate::generated::operations::OPERATIONS;
use crate::oauth;
use crate::table::Operation;

/// The behaviour of the operation at an index of the table.
pub(crate) fn handler(index: usize) -> Option<Handler> {
    static HANDLERS: OnceLock<Vec<Option<Handler>>> = OnceLock::new();
    let handlers = HANDLERS.get_or_init(|| OPERATIONS.iter().map(of).collect());
    handlers.get(index).copied().flatten()
}

/// Hand-written behaviour first, then the engine's.
fn of(operation: &Operation) -> Option<Handler> {
    by_id(operation.id).or_else(|| engine::handler(operation))
}

fn by_id(id: &str) -> Option<Handler> {
    oauth(id)
        .or_else(|| users::handler(id))
        .or_else(|| groups::handler(id))
        .or_else(|| rules::handler(id))
        .or_else(|| apps::handler(id))
        .or_else(|| assignments::handler(id))
        .or_else(|| schemas::handler(id))
        .or_else(|| logs::handler(id))
        .or_else(|| policies::handler(id))
        .or_else(|| roles::handler(id))
        .or_else(|| clients::handler(id))
        .or_else(|| mappings::handler(id))
        .or_else(|| governance::handler(id))
        .or_else(|| org_settings::handler(id))
}

fn oauth(id: &str) -> Option<Handler> {
    Some(match id {
        "token" => oauth::token::token,
        "oauthKeys" => oauth::wellknown::keys,
        "getWellknownOrgMetadata" => oauth::wellknown::organization,
        "getWellKnownOpenIDConfiguration" => oauth::wellknown::metadata,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A family that names an operation which the table lacks would be dead code.
    #[test]
    fn many_operations_have_a_behaviour() {
        let covered = OPERATIONS.iter().filter(|o| of(o).is_some()).count();
        assert!(covered >= 200, "{covered}");
    }
}
