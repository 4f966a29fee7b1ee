//! Synchronous driver of one card over a Transport.
