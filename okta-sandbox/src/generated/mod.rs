//! Tables that the generator writes.

pub(crate) mod operations;
