//! The coarse stage's scores of one probe, as a search sees them: a histogram and the best fingers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::DEPTH;
use crate::identification::BACKGROUND_SHARE;

/// What the coarse stage knows of one probe after so many fingers.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    /// How many background scores are at least this: by score.
    pub(super) at_least: Vec<u32>,
    /// The best fingers with their scores, best first.
    pub(super) best: Vec<(u16, u32)>,
    pub(super) time: Duration,
}

impl Snapshot {
    /// Coarse rank of a mate of this score.
    pub(super) fn rank(&self, score: u16) -> usize {
        1 + self.at_least[usize::from(score)] as usize
    }

    /// TH: the score that at most 0.5 % of the background exceed.
    pub(super) fn background(&self) -> u16 {
        let most = (f64::from(self.at_least[0]) * BACKGROUND_SHARE).floor() as u32;
        let exceed = |score: u16| self.at_least.get(usize::from(score) + 1).copied().unwrap_or(0);
        (0..=u16::MAX).find(|&score| exceed(score) <= most).unwrap_or(u16::MAX)
    }
}

/// Collects scores in the order of the fingers.
pub(super) struct Tally {
    counts: Vec<u32>,
    best: BinaryHeap<Reverse<(u16, Reverse<u32>)>>,
    pub(super) fingers: u32,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; usize::from(u16::MAX) + 1], best: BinaryHeap::with_capacity(DEPTH + 1), fingers: 0 }
    }

    pub(super) fn add(&mut self, score: u16) {
        self.counts[usize::from(score)] += 1;
        let entry = Reverse((score, Reverse(self.fingers)));
        self.fingers += 1;
        if self.best.len() < DEPTH {
            self.best.push(entry);
        } else if self.best.peek().is_some_and(|worst| entry < *worst) {
            self.best.pop();
            self.best.push(entry);
        }
    }

    pub(super) fn snapshot(&self, time: Duration) -> Snapshot {
        let mut at_least = self.counts.clone();
        for score in (0..at_least.len() - 1).rev() {
            at_least[score] += at_least[score + 1];
        }
        let best =
            self.best.clone().into_sorted_vec().into_iter().map(|Reverse((score, Reverse(index)))| (score, index));
        Snapshot { at_least, best: best.collect(), time }
    }
}
