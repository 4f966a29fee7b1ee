//! The `whorl` binary.
fn main() {}
