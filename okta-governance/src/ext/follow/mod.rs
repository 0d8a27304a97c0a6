//! Following something until it is done.
