//! Constants and wire structs that hardware and software share, generated from spec/.
