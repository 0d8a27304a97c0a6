//! Help for tests without network: canned answers and virtual time.
