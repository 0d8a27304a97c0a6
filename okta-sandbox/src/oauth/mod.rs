//! The authorization servers: sign-in, tokens, DPoP, keys, access at resources.

pub(crate) mod access;
pub(crate) mod approvals;
pub(crate) mod authority;
pub(crate) mod authorize;
mod ciba;
mod claims;
mod client;
mod custom_claims;
mod device;
mod direct;
pub(crate) mod dpop;
pub(crate) mod jwk;
pub(crate) mod jwt;
pub(crate) mod key_sets;
pub(crate) mod keys;
pub(crate) mod language;
#[cfg(test)]
mod leavings_tests;
pub(crate) mod lockout;
mod mint;
pub(crate) mod pages;
pub(crate) mod policy;
#[cfg(test)]
mod replay_tests;
pub(crate) mod routes;
pub(crate) mod rsa;
#[cfg(test)]
pub(crate) mod scene;
pub(crate) mod scopes;
pub(crate) mod server;
pub(crate) mod sign_in;
mod token;
mod tokens;
pub(crate) mod waiting;
mod wellknown;

pub(crate) use policy::is_member;
