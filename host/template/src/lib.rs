//! Standard minutiae formats in, one canonical template out.
