//! The doctor of request types that run delegated flows, against an org with every fault that it
//! knows of.

mod faults;
mod inputs;
mod interrupted;
mod refused;
mod scopes;
mod world;
