//! Identity providers beyond their collection: the users linked to them, and keys.

pub(super) mod certificate;
mod keystore;
pub(super) mod signing;
mod users;

use serde_json::Value;

use crate::call::{Call, Handler};
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

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

/// Ends all links of a user.
pub(super) fn unlink_everywhere(org: &mut Org, user: &str) {
    let providers = org.shelf(PROVIDERS).values();
    let providers: Vec<String> = providers.map(|one| text(one, "/id").to_owned()).collect();
    for provider in providers {
        if let Some(links) = org.shelves.get_mut(&users::links(&provider)) {
            links.remove(user);
        }
    }
}

/// The user whom an identity provider calls so, if that is one only.
pub(crate) fn linked(org: &Org, external: &str) -> Option<String> {
    let providers = org.shelves.get(PROVIDERS)?.values();
    let links = providers.filter_map(|one| org.shelves.get(&users::links(text(one, "/id"))));
    let all = links.flat_map(|links| links.values());
    let mut found =
        all.filter(|link| !external.is_empty() && text(link, "/externalId") == external);
    let user = text(found.next()?, "/id").to_owned();
    found.all(|link| link["id"] == *user).then_some(user)
}
