//! What of a gallery a finger was not compared with yet.

use crate::pool::Slice;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use whorl_gallery::Shard;

/// Runs of extents of some shards, in the order of the sweep.
#[derive(Debug, Default)]
pub struct Left {
    shards: Vec<(Arc<Shard>, Vec<Range<usize>>)>,
}

impl Left {
    /// All of `shards`; one that is listed twice is taken once.
    pub fn all(shards: &[Arc<Shard>]) -> Self {
        let mut seen = BTreeSet::new();
        let new = |shard: &&Arc<Shard>| shard.records() > 0 && seen.insert(Arc::as_ptr(shard).addr());
        let whole = |shard: &Arc<Shard>| (Arc::clone(shard), std::iter::once(0..shard.extents().len()).collect());
        Self { shards: shards.iter().filter(new).map(whole).collect() }
    }

    /// The shards of which something is left.
    pub fn shards(&self) -> impl Iterator<Item = &Arc<Shard>> {
        self.shards.iter().map(|(shard, _)| shard)
    }

    /// The runs.
    pub fn runs(&self) -> impl Iterator<Item = Slice> {
        self.shards.iter().flat_map(|(shard, runs)| {
            runs.iter().map(|extents| Slice { shard: Arc::clone(shard), extents: extents.clone() })
        })
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// Where the run ends that holds an extent of a shard; `None` if no run does.
    pub fn end(&self, shard: &Arc<Shard>, extent: usize) -> Option<usize> {
        self.ends()(shard, extent)
    }

    /// The same for one extent after another, in the order of the sweep, without looking at all shards for each: what comes before
    /// the last one is not found any more.
    pub fn ends(&self) -> impl FnMut(&Arc<Shard>, usize) -> Option<usize> {
        let mut rest = self.shards.as_slice();
        move |shard, extent| {
            rest = &rest[rest.iter().position(|(known, _)| Arc::ptr_eq(known, shard))?..];
            rest[0].1.iter().find(|run| run.contains(&extent)).map(|run| run.end)
        }
    }

    /// Takes a slice away.
    pub fn remove(&mut self, slice: &Slice) {
        let Some(nth) = self.shards.iter().position(|(shard, _)| Arc::ptr_eq(shard, &slice.shard)) else { return };
        let rest = |run: &Range<usize>| {
            let before = run.start..run.end.min(slice.extents.start);
            let after = run.start.max(slice.extents.end)..run.end;
            [before, after].into_iter().filter(|run| !run.is_empty())
        };
        let runs: Vec<_> = self.shards[nth].1.iter().flat_map(rest).collect();
        if runs.is_empty() {
            self.shards.remove(nth);
        } else {
            self.shards[nth].1 = runs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_gallery::ShardBuilder;
    use whorl_matcher::Record;

    /// A shard of so many extents.
    fn shard(extents: usize) -> Arc<Shard> {
        let line = Record { minutiae: Vec::new() }.to_bytes();
        let mut builder = ShardBuilder::new(0);
        for _ in 0..extents * 512 {
            builder.push(&line).expect("a whole record");
        }
        Arc::new(builder.finish())
    }

    #[test]
    fn ends_are_found_in_the_order_of_the_sweep() {
        let shards = [shard(4), shard(3), shard(2)];
        let mut left = Left::all(&shards);
        left.remove(&Slice { shard: Arc::clone(&shards[0]), extents: 1..2 });
        let mut ends = left.ends();
        let asked = [(0, 0), (0, 1), (0, 3), (2, 1), (2, 2), (1, 0), (2, 0)];
        let found = asked.map(|(nth, extent): (usize, usize)| ends(&shards[nth], extent));
        assert_eq!(found, [Some(1), None, Some(4), Some(2), None, None, Some(2)]);
    }

    #[test]
    fn what_is_taken_from_the_middle_leaves_both_sides() {
        let (a, b) = (shard(10), shard(2));
        let mut left = Left::all(&[Arc::clone(&a), Arc::clone(&b), Arc::clone(&a), shard(0)]);
        assert_eq!(left.shards().count(), 2);
        left.remove(&Slice { shard: Arc::clone(&a), extents: 3..5 });
        assert_eq!(
            [0, 2, 3, 4, 5, 9, 10].map(|at| left.end(&a, at)),
            [Some(3), Some(3), None, None, Some(10), Some(10), None]
        );
        let runs: Vec<_> = left.runs().map(|slice| (slice.shard.extents().len(), slice.extents)).collect();
        assert_eq!(runs, [(10, 0..3), (10, 5..10), (2, 0..2)]);
        left.remove(&Slice { shard: Arc::clone(&a), extents: 0..10 });
        assert_eq!((left.end(&a, 0), left.end(&b, 1)), (None, Some(2)));
        assert!(left.runs().next().is_some_and(|slice| Arc::ptr_eq(&slice.shard, &b)));
        left.remove(&Slice { shard: b, extents: 0..2 });
        assert!(left.runs().next().is_none());
    }
}
