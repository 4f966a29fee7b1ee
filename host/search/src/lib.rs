//! Searches: probes against the shards of a gallery, on a card or on the CPU, behind one trait.
//!
//! # Layout
//! - [`engine`]: what is asked and answered, and the trait [`Engine`]. [`work`]: how it is cut into pieces.
//! - [`tally`]: the candidate list and histogram that comparisons are gathered in, and how two are merged.
//! - [`cpu`]: the engine that runs everywhere. [`card`]: the engine behind a device.
//! - `known_answers`: what shows that a card's engines are well. [`self_test`]: what shows that all of a card is.
//! - [`cascade`]: a subject's fingers, searched coarsely, compared finely and fused into a list of subjects.
//! - [`pool`]: several engines as one. `member`: an engine on its thread, and when it leaves service. `batch`: the pieces of a
//!   pass, and who has them; `batch_models`: that nobody waits for ever. `sync`: where those threads meet.
//!
//! Every engine gives the same answer to the same search, bit for bit.

mod batch;
#[cfg(all(test, loom))]
mod batch_models;
pub mod card;
pub mod cascade;
pub mod cpu;
pub mod engine;
mod known_answers;
mod member;
pub mod pool;
pub mod self_test;
pub mod service;
mod sync;
pub mod tally;
pub mod work;

pub use batch::{GivesWay, Role};
pub use card::{CardEngine, put_shard};
pub use cascade::{Cascade, Identification, ProbeFinger, Searched};
pub use cpu::CpuEngine;
pub use engine::{Answer, CardCost, Engine, EngineError, Gap, Incident, Search, ShardCoverage, Share};
pub use member::{Opener, Service};
pub use pool::{Candidacy, MemberStatus, Pace, Part, Pool, PoolControl, Slice, Swept};
pub use self_test::self_test;
pub use tally::{Candidate, Tally};
pub use work::{Found, Piece, Work};
