//! Identity providers beyond their collection: the users linked to them, and keys.

pub(super) mod certificate;
mod keystore;
pub(super) mod signing;
mod users;

use serde_json::Value;

use crate::call::{Call, Handler};
use crate::fault::Fault;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    users::handler(id)
        .or_else(|| signing::handler(id))
        .or_else(|| keystore::handler(id))
}

/// Where the providers stand.
pub(super) const PROVIDERS: &str = "/api/v1/idps";

/// A copy of a provider.
fn provider(call: &mut Call<'_>, id: &str) -> Result<Value, Fault> {
    let found = call.org.shelf(PROVIDERS).get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "IdpTrust"))
}

/// The provider that the first path parameter names.
pub(super) fn named_provider(call: &mut Call<'_>) -> Result<Value, Fault> {
    provider(call, call.parameter(0))
}
