//! The appliance as a gRPC service.
//!
//! # Layout
//! - [`proto`]: generated from `proto/whorl/v1`. [`client`]: a connection to an appliance.
//! - [`config`]: one TOML file. [`serve`]: from there to a server that listens, and back. [`appliance`]: what services work with.
//!   `incoming`: connections. `upkeep`: what it does by itself.
//! - [`guard`]: the way in: [`identity`] from the certificate, [`roles`], rates. [`audit`]: the log of who did what.
//!   [`pki`]: certificates for a laboratory.
//! - [`services`]: the four services. `request`, `templates`: what comes in; `answer`, `answers`, `keeping`: what goes out and is kept;
//!   `refusal`: errors as statuses; `running`: searches by id. [`metrics`]: numbers without names.
//!
//! Nothing is answered that the audit log has not taken, and nothing of a request but counts and kinds is logged or measured.

mod answer;
mod answers;
pub mod appliance;
pub mod audit;
pub mod client;
pub mod config;
pub mod guard;
pub mod identity;
mod incoming;
mod keeping;
pub mod metrics;
pub mod pki;
pub mod proto;
mod refusal;
mod request;
pub mod roles;
mod running;
pub mod serve;
pub mod services;
mod templates;
mod upkeep;
