//! What tool authors build on: connectors of one's own over HTTP, and cards that anything may be given to.

#![forbid(unsafe_code)]

mod anything;
mod served;
