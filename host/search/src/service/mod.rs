//! Searches of many callers at once, over one pool of engines.
//!
//! # How it works
//! A thread owns the pool and gives it one pass at a time: over what the most urgent search needs next, together with every other
//! finger, of this search or of others, that needs the same and finds a free probe slot. A pass gives way when it has lasted
//! [`ServiceOptions::slice`] and somebody has come or waits. So searches of one gallery share passes; one that comes late joins the
//! next pass and makes up for what it missed; and an urgent one overtakes
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
