//! The appliance as a gRPC service.
//!
//! # Layout
//! - [`proto`]: generated from `proto/whorl/v1`. [`client`]: a connection to an appliance.

pub mod client;
pub mod proto;
