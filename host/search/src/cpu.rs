//! The CPU as an engine: all cores, the same numbers as a card.

use crate::engine::{Engine, EngineError, Search, address, addresses};
use crate::tally::{Candidate, Tally};
use crate::work::{Found, Piece, Work};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use whorl_gallery::Shard;
use whorl_matcher::{Backend, Comparator, Probe, RecordError};

/// Records that a core takes at a time, a tenth of a millisecond of it: none waits long for the last one at the end.
const SLICE_RECORDS: usize = 64;

/// Compares on the threads of the current rayon pool.
#[derive(Debug)]
pub struct CpuEngine {
    comparator: Comparator,
    shards: Vec<Arc<Shard>>,
    name: String,
}

impl CpuEngine {
    /// An engine without shards.
    pub fn new(backend: Backend) -> Self {
        let comparator = Comparator::new(backend);
        let code = match comparator.backend() {
            Backend::Avx2 => "avx2",
            Backend::Portable | Backend::Auto => "portable",
        };
        Self { comparator, shards: Vec::new(), name: format!("cpu ({code}, {} threads)", rayon::current_num_threads()) }
    }

    fn tally(&self, probe: &Probe, search: &Search, piece: &Piece) -> Result<Tally, RecordError> {
        let empty = || Tally::new(search.threshold, search.top_k);
        let shard = &self.shards[piece.shard];
        // What the shard itself says, not the piece: were it another shard, its indices and counts would show that.
        let extents = &shard.extents()[piece.extents.clone()];
        let first = extents.first().map_or(0, |extent| (extent.base_index - shard.base_index()) as usize);
        let end = first + extents.iter().map(|extent| extent.records as usize).sum::<usize>();
        let next = AtomicUsize::new(first);
        // A thread that is busy with something else finds nothing left; the others do not wait for it.
        let share = |_| {
            let mut tally = empty();
            loop {
                let start = next.fetch_add(SLICE_RECORDS, Ordering::Relaxed);
                if start >= end {
                    return Ok(tally);
                }
                let base = shard.base_index() + start as u32;
                let places = start..end.min(start + SLICE_RECORDS);
                self.comparator.scan(probe, shard.slice(places), search.gate, |place, score| {
                    tally.add(Candidate { index: base + place, score });
                })?;
            }
        };
        let merged = |mut a: Tally, b: Tally| {
            a.merge_tally(&b);
            Ok(a)
        };
        (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).map(share).try_reduce(empty, merged)
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_reference(&self) -> bool {
        true
    }

    /// The CPU has no slots.
    fn probes_per_pass(&self) -> usize {
        usize::MAX
    }

    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        self.shards.push(shard);
        Ok(())
    }

    fn shards(&self) -> Vec<Arc<Shard>> {
        self.shards.clone()
    }

    fn keep(&mut self, wanted: &[Arc<Shard>]) {
        let wanted = addresses(wanted);
        self.shards.retain(|shard| wanted.contains(&address(shard)));
    }

    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError> {
        while let Some(piece) = work.take(true) {
            let found = search.probes.par_iter().map(|probe| {
                let tally = self.tally(probe, search, &piece)?;
                Ok(Found { tally, cost: None })
            });
            work.done(&piece, found.collect::<Result<_, RecordError>>()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Candidate;
    use rand::{RngCore, SeedableRng};
    use whorl_gallery::ShardBuilder;
    use whorl_matcher::{GATE_DEFAULT, Record, RecordMinutia};

    fn record(rng: &mut impl RngCore, count: usize) -> Record {
        let minutiae = (0..count)
            .map(|_| {
                let mut descriptor = [0; 16];
                rng.fill_bytes(&mut descriptor);
                let (x, y) = ((rng.next_u32() % 400) as i16 - 200, (rng.next_u32() % 400) as i16 - 200);
                RecordMinutia { x, y, angle: rng.next_u32() as u8, descriptor, quality: 50, kind: 1 }
            })
            .collect();
        Record { minutiae }
    }

    #[test]
    fn the_answer_is_that_of_a_plain_loop_over_all_shards() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let probe = Probe::new(&record(&mut rng, 30)).expect("30 minutiae fit a probe");
        let records: Vec<_> = (0..5000).map(|i| record(&mut rng, i % 20).to_bytes()).collect();
        let mut engine = CpuEngine::new(Backend::Auto);
        for (nth, part) in records.chunks(3000).enumerate() {
            let mut builder = ShardBuilder::new(nth as u32 * 3000);
            for bytes in part {
                builder.push(bytes).expect("the record is whole");
            }
            engine.load(Arc::new(builder.finish())).expect("the CPU takes any shard");
        }
        let answers = engine.search(&Search::new(vec![probe.clone(), probe.clone()], 50)).expect("the search runs");
        let plain = Comparator::new(Backend::Portable);
        let mut tally = Tally::new(0, 50);
        for (index, bytes) in records.iter().enumerate() {
            let score = plain.score(&probe, bytes, GATE_DEFAULT).expect("the record is whole").score;
            tally.add(Candidate { index: index as u32, score });
        }
        assert!(tally.candidates()[0].score > 0);
        assert_eq!(answers.len(), 2);
        for answer in answers {
            assert_eq!(answer.candidates, tally.candidates());
            assert_eq!(answer.histogram, tally.histogram());
            assert_eq!(answer.comparisons, 5000);
            assert_eq!(
                answer.coverage.iter().map(|c| (c.base_index, c.records)).collect::<Vec<_>>(),
                [(0, 3000), (3000, 2000)]
            );
        }
    }

    #[test]
    fn a_candidate_list_of_no_or_too_many_entries_is_refused() {
        let mut engine = CpuEngine::new(Backend::Auto);
        for top_k in [0, 257] {
            assert!(matches!(engine.search(&Search::new(Vec::new(), top_k)), Err(EngineError::Request { .. })));
        }
        assert!(engine.search(&Search::new(Vec::new(), 256)).is_ok_and(|answers| answers.is_empty()));
    }
}
