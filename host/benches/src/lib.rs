//! Nothing: the crate is its benches.
