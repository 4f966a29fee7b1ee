//! Searches over cards and the CPU behind one trait.
