//! The Salesforce connector.
mod error;
pub use crate::generated::salesforce::actions;
pub use error::{SalesforceError, SalesforceErrorKind, SalesforceFault};
