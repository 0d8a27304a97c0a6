//! Access certification campaigns, built and checked before any call.

mod builder;
mod resources;
mod reviewer;
mod reviews;
mod schedule;
mod scope;
mod target;
#[cfg(test)]
mod tests;

pub use builder::CampaignBuilder;
pub use reviewer::Reviewer;
pub use reviews::{DecisionRow, ReassignStopped};
pub use schedule::Recurrence;
pub use target::Target;
