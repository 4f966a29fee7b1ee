//! What a service is asked, what it answers, and what may go wrong.

use crate::cascade::{Cascade, Identification, ProbeFinger};
use crate::engine::EngineError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use whorl_gallery::{Directory, Shard};

/// The most urgent priority; 0 is the least.
pub const PRIORITY_MAX: u8 = 9;

/// Priorities from here on are urgent: some places of the queue are kept for them, and no search reaches them by its age alone.
pub const PRIORITY_URGENT: u8 = 8;

/// One subject's fingers to be searched.
#[derive(Debug, Clone)]
pub struct Task {
    /// The gallery's name. Engines hold the shards of the newest task of each gallery, so that the next one finds them there;
    /// `None`: its shards will not be searched again.
    pub gallery: Option<String>,
    /// 1 to [`FINGERS_MAX`](crate::cascade::FINGERS_MAX) fingers.
    pub fingers: Vec<ProbeFinger>,
    /// How they are searched.
    pub cascade: Cascade,
    /// The gallery's shards.
    pub shards: Vec<Arc<Shard>>,
    /// Of each finger, those of `shards` that it is compared with; `None`: all of them.
    pub shards_of_finger: Option<Vec<Vec<Arc<Shard>>>>,
    /// Whose the references are.
    pub directory: Arc<dyn Directory + Send>,
    /// 0..=[`PRIORITY_MAX`].
    pub priority: u8,
    /// When nobody waits for the answer any more.
    pub deadline: Option<Instant>,
}

/// An answer.
#[derive(Debug)]
pub struct Finished {
    /// What was found, with the coverage of each finger.
    pub identification: Identification,
    /// What took how long.
    pub timing: Timing,
}

/// What of a search took how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Until its first pass began.
    pub queued: Duration,
    /// From there to the end of its last pass; passes of others lie in between.
    pub coarse: Duration,
    /// The fine stage.
    pub fine: Duration,
    /// Passes that it took part in.
    pub passes: u32,
    /// Those that other searches took part in as well.
    pub shared_passes: u32,
}

/// What a search is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits.
    Queued,
    /// Its fingers are compared with the gallery.
    Coarse,
    /// Subjects that came up are compared finely.
    Fine,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Coarse comparisons made.
    pub compared: u64,
    /// Coarse comparisons to be made in all.
    pub of: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// As many searches wait as may.
    #[error("{queued} searches wait already; come again in {retry_after:?}")]
    Busy {
        /// How many.
        queued: usize,
        /// When some of them should be through.
        retry_after: Duration,
    },
    /// The task asks for what cannot be done.
    #[error("{what}")]
    Request {
        /// What that is.
        what: String,
    },
    /// Somebody ended it, or nobody waited any more.
    #[error("the search was cancelled after {compared} of {of} comparisons")]
    Cancelled {
        /// Comparisons made by then.
        compared: u64,
        /// Comparisons to be made.
        of: u64,
    },
    /// Time was up.
    #[error("the deadline was reached after {compared} of {of} comparisons")]
    DeadlineExceeded {
        /// Comparisons made by then.
        compared: u64,
        /// Comparisons to be made.
        of: u64,
    },
    /// The engines could not do it.
    #[error("{}", .0.explained())]
    Engine(Arc<EngineError>),
    /// A thread of the service failed; its report is on standard error.
    #[error("a fault of the search service ended the search")]
    Broken,
    /// The service is ending.
    #[error("the search service is ending")]
    ShuttingDown,
}

impl From<EngineError> for ServiceError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Request { what } => Self::Request { what },
            EngineError::Stopped => Self::ShuttingDown,
            error => Self::Engine(Arc::new(error)),
        }
    }
}
