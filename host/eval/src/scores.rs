//! All comparisons of a collection.

use std::time::{Duration, Instant};

use rayon::prelude::*;
use whorl_matcher::fine;
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT};

use crate::collection::Collection;
use crate::error::EvalError;

/// A stage of the matcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The integer comparison that card and CPU share.
    Coarse,
    /// The comparison of candidates on the host, after the coarse one.
    Fine,
}

/// The scores of every impression as a probe with every impression as a reference; higher is more similar.
#[derive(Debug)]
pub struct Scores {
    count: usize,
    coarse: Vec<u16>,
    fine: Option<Vec<f64>>,
    /// Time in coarse comparisons, all threads together.
    pub coarse_time: Duration,
    /// Time in fine comparisons, with the slots of the coarse one that they start from, all threads together.
    pub fine_time: Duration,
}

/// The scores of one probe.
struct Row {
    coarse: Vec<u16>,
    fine: Vec<f64>,
    coarse_time: Duration,
    fine_time: Duration,
}

impl Scores {
    /// Compares everything with everything, up to and with `stage`. `done` is told how many comparisons were done.
    ///
    /// # Errors
    /// [`EvalError::Record`] if a record is not one.
    pub fn compare(collection: &Collection, stage: Stage, done: impl Fn(u64) + Sync) -> Result<Self, EvalError> {
        let comparator = Comparator::new(Backend::Auto);
        let shard: Vec<u8> = collection.impressions.iter().flat_map(|i| i.reference.to_bytes()).collect();
        let count = collection.impressions.len();
        let row = |probe: usize| -> Result<Row, EvalError> {
            let probe = &collection.impressions[probe].probe;
            let start = Instant::now();
            let mut coarse = Vec::with_capacity(count);
            comparator.scan(probe, &shard, GATE_DEFAULT, |_, score| coarse.push(score))?;
            let coarse_time = start.elapsed();
            let mut fine = Vec::new();
            let start = Instant::now();
            if stage == Stage::Fine {
                for impression in &collection.impressions {
                    fine.push(fine::compare(probe, &impression.reference, GATE_DEFAULT)?.log_odds);
                }
            }
            done(count as u64);
            Ok(Row { coarse, fine, coarse_time, fine_time: start.elapsed() })
        };
        let rows = (0..count).into_par_iter().map(row).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            count,
            coarse_time: rows.iter().map(|r| r.coarse_time).sum(),
            fine_time: rows.iter().map(|r| r.fine_time).sum(),
            coarse: rows.iter().flat_map(|r| &r.coarse).copied().collect(),
            fine: (stage == Stage::Fine).then(|| rows.iter().flat_map(|r| &r.fine).copied().collect()),
        })
    }

    /// Number of comparisons.
    pub fn comparisons(&self) -> usize {
        self.count * self.count
    }

    /// Whether the scores of this stage are there.
    pub fn has(&self, stage: Stage) -> bool {
        stage == Stage::Coarse || self.fine.is_some()
    }

    /// The coarse comparison score.
    pub fn coarse(&self, probe: usize, reference: usize) -> u16 {
        self.coarse[probe * self.count + reference]
    }

    /// The score of a stage.
    ///
    /// # Panics
    /// If that stage was not asked for.
    pub fn score(&self, stage: Stage, probe: usize, reference: usize) -> f64 {
        match stage {
            Stage::Coarse => self.coarse(probe, reference).into(),
            Stage::Fine => self.fine.as_ref().expect("the fine stage was asked for")[probe * self.count + reference],
        }
    }
}
