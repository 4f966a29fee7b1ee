//! Record encoder and bit-exact coarse comparison.
