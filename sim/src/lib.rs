//! The Verilated card served as a vfio-user device: a PCI function that a driver, or a virtual machine, finds behind a
//! socket.
//!
//! # Layout
//! - `options`: what a simulator is told. `serve`: one client after another.
//! - `session`: what a client does over vfio-user. `config_space`, `msix`: the PCI function that it sees.
//! - `card`: the RTL on its own thread. `register_port`: its AXI4-Lite port. `link`: an AXI4 port and the way to memory.
//! - `card_memory`: a channel of the card's own. `faults`: what tests order to go wrong.
//! - `host`: what session and card share. `guest_memory`: the client's windows. `backing`: the files behind them.
//! - `model`: the Verilated RTL, built by `build.rs`.
//!
//! `unsafe` stands in `model::ffi` and `backing` alone.

mod backing;
mod card;
mod card_memory;
mod config_space;
mod faults;
mod guest_memory;
mod host;
mod link;
mod model;
mod msix;
mod options;
mod register_port;
mod serve;
mod session;

pub use faults::{FaultKind, Faults, Mishap};
pub use options::{CLOCK_MHZ, LinkModel, MemoryModel, SimError, SimOptions};
/// Whether the card checks its assertions in every cycle: the feature of that name.
pub const ASSERTIONS: bool = cfg!(feature = "assertions");

pub use serve::{Simulator, configurations};
