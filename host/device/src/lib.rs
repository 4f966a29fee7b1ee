//! Synchronous driver of one card over a [`Transport`].
//!
//! # Layout
//! - [`transport`]: the border to whatever carries the driver to a card.
//! - [`dma`]: memory shared with the card; the only `unsafe` here. `pool`: addresses and pieces of it.
//! - `queue`: the two rings; `ring_models`: what holds of them whatever the order in which the card sees memory. `command`: entries, tags and completions of one pair.
//! - `registers`: BAR0 and the command register.
//! - [`inspect`]: a look at a card that changes nothing. `bringup`: from a function just found to queues that run.
//! - `recovery`: the reset ladder. `limits`: what the card bounds itself. `maintenance`: what those need who look after it.
//! - `device`: [`Device`], what users call. `search`, `results`, `gallery`, `counters`, `error_log`, `memory`: its vocabulary. `monitor`: who watches them.
//!
//! Nothing from the card is trusted: lengths, indices, tags and scores are checked before they are used.

mod bringup;
mod command;
mod counters;
mod device;
#[cfg(test)]
mod device_tests;
#[cfg(not(loom))]
pub mod dma;
#[cfg(loom)]
#[path = "dma_loom.rs"]
pub mod dma;
mod error;
mod error_log;
mod gallery;
mod inspection;
mod limits;
mod maintenance;
mod memory;
#[cfg(test)]
mod mock;
mod monitor;
mod pool;
#[cfg(test)]
mod presence_tests;
mod queue;
mod recovery;
#[cfg(test)]
mod recovery_tests;
mod registers;
mod results;
#[cfg(all(test, loom))]
mod ring_models;
mod search;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod test_bench;
pub mod transport;

pub use bringup::DeviceInfo;
pub use counters::{Activity, Counters, StreamCounters};
pub use device::{Device, POOL_BYTES, SearchTicket};
pub use error::{DeviceError, Recovery, with_causes};
pub use error_log::{ErrorHistory, ErrorLog};
pub use gallery::GalleryBuffer;
pub use inspection::{CardState, Inspection, inspect};
pub use limits::Limits;
pub use memory::{CardBuffer, CopyRequest, Memory};
pub use recovery::{LADDER_BOUND, StepTaken};
pub use results::{Candidate, ResultBlock, SearchOutcome, StreamStatistics};
pub use search::{EXTENTS_MAX, ExtentRequest, KNOWN_ANSWERS_MAX, SearchRequest};
pub use transport::{Transport, TransportError};
