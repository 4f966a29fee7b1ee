//! Searches of many callers at once, over one pool of engines.
//!
//! # How it works
//! Every gallery is swept in slices, runs of extents that take about [`ServiceOptions::slice`]. A thread owns the pool and gives it
//! one slice at a time: the next one of the most urgent search, together with every other finger, of this search or of others, that
//! still needs the same slice and finds a free probe slot. So searches of one gallery share passes; one that comes late joins
//! at the next slice and makes up for what it missed; and an urgent one overtakes at the next slice
//! (`docs/decisions/0010-cooperative-scan.md`). The fine stage of a search that has been through its gallery runs on the rayon pool
//! while the engines go on.
//!
//! # Layout
//! - [`task`]: what is asked, what is answered, what may go wrong.
//! - [`edge`]: what callers have in hand: [`Service`], [`Ticket`], [`CancelHandle`].
//! - `job`: a search under way. `left`: what it was not compared with yet. `scheduler`: the thread.

pub mod edge;
mod job;
mod left;
mod scheduler;
pub mod task;

pub use edge::{CancelHandle, Service, ServiceOptions, ServiceStatus, Ticket};
pub use task::{Finished, Progress, ServiceError, Stage, Task, Timing};

#[cfg(test)]
mod tests;
