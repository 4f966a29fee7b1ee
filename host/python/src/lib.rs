//! Python bindings of encode, compare and taps.
