//! Behaviours by family: what each operation does to the org and answers.

mod agent_pools;
mod api_service_secrets;
pub(crate) mod api_services;
#[cfg(test)]
mod api_services_tests;
mod app_authenticators;
pub(crate) mod apps;
pub(crate) mod assignments;
pub(crate) mod associated_servers;
pub(crate) mod attack_protection;
pub(crate) mod authenticators;
mod brands;
mod certificate_requests;
#[cfg(test)]
mod certificate_requests_tests;
mod child_orgs;
mod clients;
mod device_integrations;
mod device_posture_checks;
mod device_view;
mod devices;
mod directories;
pub(crate) mod disaster_recovery;
mod domain_names;
mod email_servers;
mod enrollments;
pub(crate) mod factors;
mod features;
pub(crate) mod governance;
pub(crate) mod groups;
mod hook_keys;
pub(crate) mod identity_providers;
mod identity_sources;
mod images;
pub(crate) mod interclient;
mod issued;
mod log_stream_schemas;
pub(crate) mod logs;
mod mappings;
mod org_settings;
mod org_support;
mod org_switches;
mod personal_settings;
pub(crate) mod policies;
pub(crate) mod presets;
mod principal_limits;
mod push_groups;
pub(crate) mod realms;
mod resource_server_keys;
#[cfg(test)]
mod resource_server_keys_tests;
mod resource_sets;
mod roles;
pub(crate) mod rules;
#[cfg(test)]
mod rules_tests;
pub(crate) mod schemas;
pub(crate) mod secrets;
pub(crate) mod security_events;
mod service_accounts;
mod sessions;
mod small;
pub(crate) mod ssf;
mod subscriptions;
mod support_cases;
mod telephony_providers;
mod tokens;
pub(crate) mod unpublished;
pub(crate) mod users;

use std::sync::OnceLock;

use crate::call::Handler;
use crate::engine;
use crate::generated::operations::OPERATIONS;
use crate::oauth;
use crate::table::Operation;

/// The behaviour of the operation at an index of the table.
pub(crate) fn handler(index: usize) -> Option<Handler> {
    #[cfg(test)]
    if tests::ENGINE_ALONE.get() {
        return engine::plain::handler(&OPERATIONS[index]);
    }
    static HANDLERS: OnceLock<Vec<Option<Handler>>> = OnceLock::new();
    let handlers = HANDLERS.get_or_init(|| OPERATIONS.iter().map(of).collect());
    handlers.get(index).copied().flatten()
}

/// Hand-written behaviour first, then described collections, then what the facts alone say.
fn of(operation: &Operation) -> Option<Handler> {
    described(operation).or_else(|| engine::plain::handler(operation))
}

pub(crate) fn described(operation: &Operation) -> Option<Handler> {
    governance::shared_id(operation)
        .or_else(|| by_id(operation.id))
        .or_else(|| engine::handler(operation))
}

fn by_id(id: &str) -> Option<Handler> {
    oauth::routes::handler(id)
        .or_else(|| users::handler(id))
        .or_else(|| groups::handler(id))
        .or_else(|| rules::handler(id))
        .or_else(|| apps::handler(id))
        .or_else(|| assignments::handler(id))
        .or_else(|| schemas::handler(id))
        .or_else(|| logs::handler(id))
        .or_else(|| log_stream_schemas::handler(id))
        .or_else(|| policies::handler(id))
        .or_else(|| roles::handler(id))
        .or_else(|| clients::handler(id))
        .or_else(|| mappings::handler(id))
        .or_else(|| governance::handler(id))
        .or_else(|| org_settings::handler(id))
        .or_else(|| agent_pools::handler(id))
        .or_else(|| app_authenticators::handler(id))
        .or_else(|| api_services::handler(id))
        .or_else(|| associated_servers::handler(id))
        .or_else(|| attack_protection::handler(id))
        .or_else(|| authenticators::handler(id))
        .or_else(|| brands::handler(id))
        .or_else(|| certificate_requests::handler(id))
        .or_else(|| device_integrations::handler(id))
        .or_else(|| device_posture_checks::handler(id))
        .or_else(|| device_view::handler(id))
        .or_else(|| devices::handler(id))
        .or_else(|| directories::handler(id))
        .or_else(|| disaster_recovery::handler(id))
        .or_else(|| email_servers::handler(id))
        .or_else(|| enrollments::handler(id))
        .or_else(|| factors::handler(id))
        .or_else(|| features::handler(id))
        .or_else(|| hook_keys::handler(id))
        .or_else(|| identity_providers::handler(id))
        .or_else(|| identity_sources::handler(id))
        .or_else(|| interclient::handler(id))
        .or_else(|| issued::handler(id))
        .or_else(|| org_support::handler(id))
        .or_else(|| org_switches::handler(id))
        .or_else(|| child_orgs::handler(id))
        .or_else(|| personal_settings::handler(id))
        .or_else(|| principal_limits::handler(id))
        .or_else(|| push_groups::handler(id))
        .or_else(|| service_accounts::handler(id))
        .or_else(|| realms::handler(id))
        .or_else(|| resource_server_keys::handler(id))
        .or_else(|| resource_sets::handler(id))
        .or_else(|| secrets::handler(id))
        .or_else(|| security_events::handler(id))
        .or_else(|| sessions::handler(id))
        .or_else(|| ssf::handler(id))
        .or_else(|| subscriptions::handler(id))
        .or_else(|| support_cases::handler(id))
        .or_else(|| telephony_providers::handler(id))
        .or_else(|| tokens::handler(id))
        .or_else(|| small::handler(id))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// Whether calls of this thread are answered as if no behaviour were written.
        pub(crate) static ENGINE_ALONE: Cell<bool> = const { Cell::new(false) };
    }

    fn coverage(operation: &Operation) -> String {
        let by_hand = described(operation).is_some();
        match engine::plain::reason(operation).filter(|_| !by_hand) {
            _ if by_hand => "behaviour".to_owned(),
            None => "engine".to_owned(),
            Some(reason) => format!("none: {reason}"),
        }
    }

    /// `covered-operations.txt` is what the rest of the project knows of this crate's coverage;
    /// `OKTA_SANDBOX_BLESS=1` writes it anew.
    #[test]
    fn the_list_of_covered_operations_is_true() {
        let mut covered: Vec<String> = OPERATIONS
            .iter()
            .map(|operation| format!("{}\t{}", operation.id, coverage(operation)))
            .collect();
        covered.sort_unstable();
        let covered = covered.join("\n") + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/covered-operations.txt");
        if std::env::var_os("OKTA_SANDBOX_BLESS").is_some() {
            std::fs::write(path, &covered).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), covered);
    }
}
