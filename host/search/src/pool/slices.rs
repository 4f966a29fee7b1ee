//! Passes over part of what a pool holds, which end early where somebody else is to be let in.

use super::{Passed, Pool};
use crate::batch::GivesWay;
use crate::engine::{EngineError, Incident, Search, Share};
use crate::work::{self, Found, Gathered, Piece};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use whorl_gallery::Shard;

/// Records of a piece at least where a pass is to give way within some time.
const PIECE_RECORDS_TIMED: u64 = 512;

/// A run of whole extents of a shard.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The shard.
    pub shard: Arc<Shard>,
    /// Its extents.
    pub extents: Range<usize>,
}

impl Slice {
    /// Records of the slice.
    pub fn records(&self) -> u64 {
        self.shard.extents()[self.extents.clone()].iter().map(|extent| u64::from(extent.records)).sum()
    }
}

/// How a pass over slices goes.
#[derive(Debug, Clone)]
pub struct Pace {
    /// When it ends early.
    pub gives_way: GivesWay,
    /// Time that a piece of it should take at most: so long it goes on when it gives way.
    pub piece: Duration,
}

/// What a pass over slices came to.
#[derive(Debug)]
pub struct Swept {
    /// What was compared, all of it or what was begun before the pass gave way.
    pub slices: Vec<Slice>,
    /// What was found of each probe there.
    pub parts: Vec<Part>,
}

/// What was found of one probe in slices.
#[derive(Debug, Clone)]
pub struct Part {
    /// The comparisons.
    pub found: Found,
    /// Who made them.
    pub engines: Vec<Share>,
    /// What went wrong on the way.
    pub incidents: Vec<Incident>,
}

impl Pool {
    /// Compares each probe, of [`probes_per_pass`](Self::probes_per_pass) at most, with the records of slices of what is held, in
    /// their order, until all are compared or the pass gives way. What is found stands in the order of the probes.
    ///
    /// # Errors
    /// As [`search`](Self::search); `Request` if the shard of a slice is not held.
    pub fn search_slices(&mut self, search: &Search, slices: &[Slice], pace: Pace) -> Result<Swept, EngineError> {
        search.check()?;
        let shards = self.shards();
        let records = slices.iter().map(Slice::records).sum();
        let records = self.piece_records(records).min(self.timed_records(search.probes.len(), pace.piece));
        let mut pieces = Vec::new();
        for slice in slices {
            let nth = shards.iter().position(|shard| Arc::ptr_eq(shard, &slice.shard));
            let nth = nth.filter(|_| slice.extents.end <= slice.shard.extents().len());
            let nth = nth.ok_or_else(|| EngineError::Request { what: "a slice of a shard that is not held".into() })?;
            work::cut_extents(&mut pieces, nth, &slice.shard, slice.extents.clone(), records);
        }
        let Passed { gathered, engines, incidents, pieces } = self.pass(search, &shards, pieces, pace.gives_way)?;
        let part =
            |of: Gathered| Part { found: of.into_found(), engines: engines.clone(), incidents: incidents.clone() };
        let slice = |piece: Piece| Slice { shard: Arc::clone(&shards[piece.shard]), extents: piece.extents };
        let slices = pieces.into_iter().map(slice).collect();
        Ok(Swept { slices, parts: gathered.into_iter().map(part).collect() })
    }

    /// Records that a worker compares with so many probes in `time`.
    fn timed_records(&self, probes: usize, time: Duration) -> u64 {
        let comparisons = self.rate() / self.serving().len().max(1) as f64 * time.as_secs_f64();
        ((comparisons / probes.max(1) as f64) as u64).max(PIECE_RECORDS_TIMED)
    }
}
