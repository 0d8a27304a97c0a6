//! The org authorization server: keys, the token endpoint, DPoP, access at resources.

pub(crate) mod access;
pub(crate) mod authority;
pub(crate) mod dpop;
pub(crate) mod jwk;
pub(crate) mod jwt;
pub(crate) mod scopes;
pub(crate) mod token;
pub(crate) mod wellknown;
