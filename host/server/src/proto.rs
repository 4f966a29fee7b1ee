//! Messages, clients and services generated from `proto/whorl/v1`, where everything is described.
#![allow(missing_docs, missing_debug_implementations, clippy::all, clippy::pedantic)]

tonic::include_proto!("whorl.v1");

/// Descriptors of the files, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/whorl_v1.bin"));
