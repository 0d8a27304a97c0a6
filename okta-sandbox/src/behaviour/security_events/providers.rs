//! The providers' issuers and keys, read over HTTP before the org is locked for a token.

use serde_json::Value;

use crate::exchange::Request;
use crate::hooks;
use crate::json::text;
use crate::oauth::jwt::Jwt;
use crate::oauth::key_sets::KeySet;
use crate::org::Org;
use crate::pipeline::Shared;

const PROVIDERS: &str = "/api/v1/security-events-providers";

fn active(org: &Org) -> impl Iterator<Item = &Value> {
    let all = org.shelves.get(PROVIDERS).into_iter();
    all.flat_map(|shelf| shelf.values())
        .filter(|provider| provider["status"] == "ACTIVE")
}

/// Where a provider publishes what it is, or its keys.
fn source(provider: &Value) -> &str {
    match text(provider, "/settings/well_known_url") {
        "" => text(provider, "/settings/jwks_url"),
        url => url,
    }
}

fn set<'o>(org: &'o Org, provider: &Value, now: i64) -> Option<&'o KeySet> {
    let set = org.authority.key_sets.get(text(provider, "/id"))?;
    set.is_fresh(source(provider), now).then_some(set)
}

/// The active provider of an issuer.
pub(super) fn by_issuer(org: &Org, issuer: &str, now: i64) -> Option<Value> {
    let found = active(org).find(|provider| {
        let told = text(provider, "/settings/issuer");
        let told = match told {
            "" => set(org, provider, now).map_or("", |set| set.issuer.as_str()),
            told => told,
        };
        !issuer.is_empty() && told == issuer
    });
    found.cloned()
}

/// The keys of a provider, as read last.
pub(super) fn keys<'o>(org: &'o Org, provider: &Value, now: i64) -> &'o [Value] {
    set(org, provider, now).map_or(&[], |set| &set.keys)
}

/// The providers that may have sent a token, and whose keys at hand do not suffice.
fn wanted(shared: &Shared, request: &Request) -> Vec<Value> {
    let token = str::from_utf8(&request.body).ok();
    let Some(token) = token.and_then(|token| Jwt::parse(token.trim())) else {
        return Vec::new();
    };
    let issuer = token.claim("iss").unwrap_or_default();
    let kid = token.header("kid").unwrap_or_default();
    let org = shared.org();
    let now = org.clock.now().as_second();
    let may_be = |provider: &&Value| match text(provider, "/settings/issuer") {
        "" => set(&org, provider, now).is_none_or(|set| set.issuer == issuer),
        told => told == issuer,
    };
    let lacking = |provider: &&Value| !set(&org, provider, now).is_some_and(|set| set.knows(kid));
    active(&org)
        .filter(may_be)
        .filter(lacking)
        .cloned()
        .collect()
}

/// Reads what a token needs to be verified.
pub(crate) async fn before(shared: &Shared, request: &Request) {
    for provider in wanted(shared, request) {
        let mut issuer = String::new();
        let mut keys_at = Some(text(&provider, "/settings/jwks_url").to_owned());
        if !text(&provider, "/settings/well_known_url").is_empty() {
            let document = hooks::read_json(source(&provider)).await;
            let document = document.unwrap_or_default();
            issuer = text(&document, "/issuer").to_owned();
            keys_at = document["jwks_uri"].as_str().map(str::to_owned);
        }
        let Some(keys_at) = keys_at else { continue };
        let Some(keys) = crate::oauth::key_sets::read(&keys_at).await else {
            continue;
        };
        let mut org = shared.org();
        let now = org.clock.now().as_second();
        let set = KeySet::new(source(&provider), issuer, keys, now);
        org.authority
            .key_sets
            .insert(text(&provider, "/id").to_owned(), set);
    }
}
