//! All comparisons of a collection, ours and other programs'.

use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde::Serialize;
use whorl_matcher::fine;
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT};

use crate::collection::Collection;
use crate::error::EvalError;

/// Whose scores: a stage of the matcher, or another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The integer comparison that card and CPU share.
    Coarse,
    /// The comparison of candidates on the host, after the coarse one.
    Fine,
    /// Another program, by its number in [`Scores::peers`].
    Peer(usize),
}

/// Every unordered pair of `count` impressions, the earlier first, in the order in which other programs are asked.
pub fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |probe| (probe + 1..count).map(move |reference| (probe, reference)))
}

/// What another program's comparisons took.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PeerSpeed {
    /// Comparisons per second of one process, from its start to its last answer: reading files is in it.
    pub comparisons_per_second: f64,
    /// Microseconds per comparison by the program's own clock, if it tells.
    pub comparison_us: Option<f64>,
    /// Processes that shared the comparisons.
    pub processes: usize,
}

/// Another program's scores.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What the report calls it.
    pub name: String,
    /// By probe, then reference; a pair's score stands in both places.
    scores: Vec<f64>,
    /// What they took.
    pub speed: PeerSpeed,
}

impl Peer {
    /// The scores of [`pairs`] of `count` impressions.
    ///
    /// # Panics
    /// If there is not one score per pair.
    pub fn new(name: &str, count: usize, scores: &[f64], speed: PeerSpeed) -> Self {
        assert_eq!(scores.len(), count * count.saturating_sub(1) / 2, "one score per pair");
        let mut matrix = vec![0.0; count * count];
        for ((probe, reference), &score) in pairs(count).zip(scores) {
            matrix[probe * count + reference] = score;
            matrix[reference * count + probe] = score;
        }
        Self { name: name.to_owned(), scores: matrix, speed }
    }
}

/// The scores of every impression as a probe with every impression as a reference; higher is more similar.
#[derive(Debug)]
pub struct Scores {
    count: usize,
    coarse: Vec<u16>,
    fine: Option<Vec<f64>>,
    /// Other programs' scores of the same impressions.
    pub peers: Vec<Peer>,
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
            peers: Vec::new(),
            fine: (stage == Stage::Fine).then(|| rows.iter().flat_map(|r| &r.fine).copied().collect()),
        })
    }

    /// Puts other scores of the fine stage in place, by probe, then reference.
    pub(crate) fn replace_fine(&mut self, scores: Vec<f64>) {
        assert_eq!(scores.len(), self.comparisons(), "one score per comparison");
        self.fine = Some(scores);
    }

    /// Number of comparisons.
    pub fn comparisons(&self) -> usize {
        self.count * self.count
    }

    /// Whether the scores of this stage are there.
    pub fn has(&self, stage: Stage) -> bool {
        match stage {
            Stage::Coarse => true,
            Stage::Fine => self.fine.is_some(),
            Stage::Peer(nth) => nth < self.peers.len(),
        }
    }

    /// The coarse comparison score.
    pub fn coarse(&self, probe: usize, reference: usize) -> u16 {
        self.coarse[probe * self.count + reference]
    }

    /// The score of a stage.
    ///
    /// # Panics
    /// If there are no such scores ([`Scores::has`]).
    pub fn score(&self, stage: Stage, probe: usize, reference: usize) -> f64 {
        match stage {
            Stage::Coarse => self.coarse(probe, reference).into(),
            Stage::Fine => self.fine.as_ref().expect("the fine stage was asked for")[probe * self.count + reference],
            Stage::Peer(nth) => self.peers[nth].scores[probe * self.count + reference],
        }
    }
}
