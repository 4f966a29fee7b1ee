//! The appliance as a gRPC service.
//!
//! # Layout
//! - [`proto`]: generated from `proto/whorl/v1`.

pub mod proto;
