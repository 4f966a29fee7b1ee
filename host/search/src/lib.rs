//! Searches: probes against the shards of a gallery, on a card or on the CPU, behind one trait.
//!
//! # Layout
//! - [`engine`]: what is asked and answered, and the trait [`Engine`].
//! - [`tally`]: the candidate list and histogram that comparisons are gathered in, and how two are merged.
//! - [`cpu`]: the engine that runs everywhere. [`card`]: the engine behind a device.
//! - `known_answers`: what shows that a card's engines are well. [`self_test`]: what shows that all of a card is. [`spare`]: who does the work again where one is not.
//!
//! Every engine gives the same answer to the same search, bit for bit.

pub mod card;
pub mod cpu;
pub mod engine;
mod known_answers;
pub mod self_test;
pub mod spare;
pub mod tally;

pub use card::CardEngine;
pub use cpu::CpuEngine;
pub use engine::{Answer, CardCost, Engine, EngineError, Search, ShardCoverage};
pub use self_test::self_test;
pub use spare::SparedEngine;
pub use tally::{Candidate, Tally};
