//! Which events the writes of collections without a behaviour log.

use super::plan::Plan;

/// Event names by the end of the collection's path: their beginning, and how they name the verbs
/// create, update, delete, activate, deactivate; an empty name logs nothing.
const EVENTS: &[(&str, &str, [&str; 5])] = &[(
    "/devices",
    "device.lifecycle",
    ["", "", "delete", "activate", "deactivate"],
)];

/// The event of a write, if it logs one.
pub(super) fn of(collection: &str, plan: Plan, fresh: bool, verb: &str) -> Option<String> {
    let (_, start, names) = EVENTS.iter().find(|(end, ..)| collection.ends_with(end))?;
    if let (Plan::Step, "suspend" | "unsuspend") = (plan, verb) {
        return collection
            .ends_with("/devices")
            .then(|| format!("{start}.{verb}"));
    }
    let name = match (plan, verb) {
        (Plan::Create, _) => names[0],
        (Plan::Replace { .. } | Plan::Update { .. } | Plan::Write { .. }, _) if fresh => names[0],
        (Plan::Replace { .. } | Plan::Update { .. } | Plan::Write { .. }, _) => names[1],
        (Plan::Delete, _) => names[2],
        (Plan::Step, "activate") => names[3],
        (Plan::Step, "deactivate") => names[4],
        _ => "",
    };
    (!name.is_empty()).then(|| format!("{start}.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Behaviours that leave a part of the work to the engine.
    const SHARED: &str = "/api/v1/devices";

    #[test]
    fn every_row_is_about_what_the_engine_writes() {
        for (end, ..) in EVENTS {
            let written = crate::generated::operations::OPERATIONS
                .iter()
                .any(|operation| {
                    let engine = crate::behaviour::described(operation).is_none();
                    (engine || operation.path.starts_with(SHARED))
                        && operation.method != "GET"
                        && operation.path.contains(end)
                });
            assert!(written, "{end}");
        }
    }

    #[test]
    fn every_event_is_published() {
        for (_, start, names) in EVENTS {
            for name in names.iter().filter(|name| !name.is_empty()) {
                let event = format!("{start}.{name}");
                assert!(crate::log::is_published(&event), "{event}");
            }
        }
    }
}
