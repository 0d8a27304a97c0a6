//! Where a client's settings come from.

mod env;
mod origin;

pub use env::{AuthorizationMode, Config};
pub use origin::Origin;
