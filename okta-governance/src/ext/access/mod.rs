//! Access requests with typed field values, checked against the fields that the approval asks for.

mod definition;
mod request;
#[cfg(test)]
mod tests;
mod value;
mod values;

pub use definition::{FieldDefinition, Fields};
pub use request::{AccessRequest, AccessRequestV1};
pub use value::{FieldDate, FieldValue};
pub use values::FieldValues;
