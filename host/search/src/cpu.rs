//! The CPU as an engine: all cores, the same numbers as a card.

use crate::engine::{Answer, Engine, EngineError, Search, ShardCoverage};
use crate::tally::{Candidate, Tally};
use rayon::prelude::*;
use std::sync::Arc;
use whorl_gallery::Shard;
use whorl_matcher::{Backend, Comparator, Probe, RecordError};

/// Records of one piece of work: long enough to hide its cost, short enough to spread over the cores.
const PIECE_RECORDS: usize = 2048;

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

    fn tally(&self, probe: &Probe, search: &Search) -> Result<Tally, RecordError> {
        let empty = || Tally::new(search.threshold, search.top_k);
        self.shards
            .par_iter()
            .flat_map(|shard| {
                let records = shard.records() as usize;
                (0..records.div_ceil(PIECE_RECORDS)).into_par_iter().map(move |piece| {
                    let first = piece * PIECE_RECORDS;
                    (shard, first..records.min(first + PIECE_RECORDS))
                })
            })
            .map(|(shard, places)| {
                let mut tally = empty();
                let base = shard.base_index() + places.start as u32;
                self.comparator.scan(probe, shard.slice(places), search.gate, |place, score| {
                    tally.add(Candidate { index: base + place, score });
                })?;
                Ok(tally)
            })
            .try_reduce(empty, |a, b| Ok(a.merge_tally(b)))
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &str {
        &self.name
    }

    fn probes_per_pass(&self) -> usize {
        1
    }

    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        self.shards.push(shard);
        Ok(())
    }

    fn clear(&mut self) {
        self.shards.clear();
    }

    fn search(&mut self, search: &Search) -> Result<Vec<Answer>, EngineError> {
        search.check()?;
        let coverage: Vec<_> = self.shards.iter().map(|s| ShardCoverage::from(&**s)).collect();
        search
            .probes
            .par_iter()
            .map(|probe| {
                let tally = self.tally(probe, search)?;
                Ok(Answer {
                    candidates: tally.candidates(),
                    comparisons: tally.comparisons(),
                    histogram: tally.histogram().to_vec(),
                    coverage: coverage.clone(),
                    cost: None,
                    redone: None,
                })
            })
            .collect()
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
