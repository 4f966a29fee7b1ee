//! Work in pieces: whole extents of one shard, taken by whatever engine is free for one.

use crate::engine::{Answer, CardCost, EngineError, Search, ShardCoverage, Share};
use crate::tally::Tally;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use whorl_device::EXTENTS_MAX;
use whorl_gallery::Shard;

/// Whole extents of one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its place among the pieces of the search.
    pub nth: usize,
    /// Which of the loaded shards.
    pub shard: usize,
    /// Extents of the shard, 1 to `EXTENTS_MAX - 1`: known answers take one more.
    pub extents: Range<usize>,
    /// Gallery index of its first record; the others follow it.
    pub first: u32,
    /// Records of the extents.
    pub records: u64,
}

impl Piece {
    /// Whether the record of a gallery index lies in it.
    pub(crate) fn holds(&self, index: u32) -> bool {
        index.checked_sub(self.first).is_some_and(|place| u64::from(place) < self.records)
    }

    /// Fails where what `engine` says of it cannot be so: each of the `probes` is compared with each record, and candidates are
    /// among these.
    pub(crate) fn check(&self, engine: &str, probes: usize, found: &[Found]) -> Result<(), EngineError> {
        for nth in 0..probes {
            let made = found.get(nth).map_or(0, |found| found.tally.comparisons());
            if made != self.records {
                return Err(EngineError::Coverage { engine: engine.to_owned(), made, wanted: self.records });
            }
        }
        let mut candidates = found.iter().flat_map(|found| found.tally.kept());
        match candidates.find(|candidate| !self.holds(candidate.index)) {
            Some(stray) => Err(EngineError::Stray {
                engine: engine.to_owned(),
                index: stray.index,
                first: self.first,
                records: self.records,
            }),
            None => Ok(()),
        }
    }
}

/// What an engine found of one probe in one piece.
#[derive(Debug, Clone)]
pub struct Found {
    /// The comparisons.
    pub tally: Tally,
    /// What they cost on a card; `None` where no card was used.
    pub cost: Option<CardCost>,
}

/// Where an engine takes pieces from, and where it puts what it found in them.
pub trait Work: Sync {
    /// A piece for the caller. With `wait` it waits for one that others may yet give back, and `None` says that there
    /// is nothing more to do; without, `None` says that there is nothing now.
    fn take(&self, wait: bool) -> Option<Piece>;

    /// Takes what was found in `piece`, in the order of the search's probes.
    fn done(&self, piece: &Piece, found: Vec<Found>);

    /// Whether nobody waits for pieces that are still under way.
    fn is_over(&self) -> bool;
}

/// Cuts all of `shards` into pieces of at least `records` records where a shard has as many.
pub(crate) fn cut(shards: &[Arc<Shard>], records: u64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (shard, of) in shards.iter().enumerate() {
        cut_extents(&mut pieces, shard, of, 0..of.extents().len(), records);
    }
    pieces
}

/// Cuts the extents `range` of a shard, which is the `shard`-th, into such pieces, and adds them.
pub(crate) fn cut_extents(pieces: &mut Vec<Piece>, shard: usize, of: &Shard, range: Range<usize>, records: u64) {
    let mut first = range.start;
    let mut held = 0;
    for nth in range.clone() {
        held += u64::from(of.extents()[nth].records);
        let full = held >= records || nth + 1 - first == EXTENTS_MAX - 1;
        if full || nth + 1 == range.end {
            let of_first = of.extents()[first].base_index;
            pieces.push(Piece { nth: pieces.len(), shard, extents: first..nth + 1, first: of_first, records: held });
            (first, held) = (nth + 1, 0);
        }
    }
}

/// Found things of one probe put together, over any pieces.
#[derive(Debug)]
pub(crate) struct Gathered {
    tally: Tally,
    cost: Option<CardCost>,
}

impl Gathered {
    pub(crate) fn new(search: &Search) -> Self {
        Self { tally: Tally::new(search.threshold, search.top_k), cost: None }
    }

    pub(crate) fn add(&mut self, found: &Found) {
        self.tally.merge_tally(&found.tally);
        if let Some(cost) = found.cost {
            *self.cost.get_or_insert_default() += cost;
        }
    }

    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn into_found(self) -> Found {
        Found { tally: self.tally, cost: self.cost }
    }

    pub(crate) fn answer(&self, shards: &[Arc<Shard>], engines: Vec<Share>) -> Answer {
        Answer {
            candidates: self.tally.candidates(),
            comparisons: self.tally.comparisons(),
            histogram: self.tally.histogram().to_vec(),
            coverage: shards.iter().filter(|s| s.records() > 0).map(|s| ShardCoverage::from(&**s)).collect(),
            cost: self.cost,
            engines,
            incidents: Vec::new(),
        }
    }
}

/// All pieces for one engine.
#[derive(Debug)]
pub(crate) struct Alone {
    engine: String,
    state: Mutex<AloneState>,
}

#[derive(Debug)]
struct AloneState {
    pieces: VecDeque<Piece>,
    gathered: Vec<Gathered>,
    misreport: Option<EngineError>,
}

impl Alone {
    pub(crate) fn new(engine: String, search: &Search, pieces: Vec<Piece>) -> Self {
        let gathered = search.probes.iter().map(|_| Gathered::new(search)).collect();
        Self { engine, state: Mutex::new(AloneState { pieces: pieces.into(), gathered, misreport: None }) }
    }

    /// What was found, or why it cannot be so.
    pub(crate) fn gathered(self) -> Result<Vec<Gathered>, EngineError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.misreport.map_or(Ok(state.gathered), Err)
    }
}

impl Work for Alone {
    fn take(&self, _: bool) -> Option<Piece> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).pieces.pop_front()
    }

    fn done(&self, piece: &Piece, found: Vec<Found>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = piece.check(&self.engine, state.gathered.len(), &found) {
            state.misreport.get_or_insert(error);
            return;
        }
        for (gathered, found) in state.gathered.iter_mut().zip(&found) {
            gathered.add(found);
        }
    }

    fn is_over(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_gallery::ShardBuilder;
    use whorl_matcher::Record;

    /// Shards of so many empty records, of a line each: 512 to an extent.
    fn shards(records: &[u32]) -> Vec<Arc<Shard>> {
        let bytes = Record { minutiae: Vec::new() }.to_bytes();
        let shard = |&records: &u32| {
            let mut builder = ShardBuilder::new(7);
            for _ in 0..records {
                builder.push(&bytes).expect("the record is whole");
            }
            Arc::new(builder.finish())
        };
        records.iter().map(shard).collect()
    }

    fn cuts(shards: &[Arc<Shard>], records: u64) -> Vec<(usize, Range<usize>, u64)> {
        cut(shards, records).into_iter().map(|piece| (piece.shard, piece.extents, piece.records)).collect()
    }

    #[test]
    fn pieces_are_whole_extents_of_one_shard_and_together_everything() {
        let shards = shards(&[1200, 0, 512]);
        assert_eq!(cuts(&shards, 1), [(0, 0..1, 512), (0, 1..2, 512), (0, 2..3, 176), (2, 0..1, 512)]);
        assert_eq!(cuts(&shards, 600), [(0, 0..2, 1024), (0, 2..3, 176), (2, 0..1, 512)]);
        assert_eq!(cuts(&shards, u64::MAX), [(0, 0..3, 1200), (2, 0..1, 512)]);
        let pieces = cut(&shards, 600);
        assert_eq!(pieces.iter().map(|piece| piece.nth).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((pieces[1].first, pieces[1].records), (7 + 1024, 176));
        assert_eq!([1030, 1031, 1206, 1207].map(|index| pieces[1].holds(index)), [false, true, true, false]);
    }
}
