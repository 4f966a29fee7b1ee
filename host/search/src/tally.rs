//! What the comparisons of one probe are gathered in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use whorl_layout::{HISTOGRAM_BINS, HISTOGRAM_SHIFT};

/// A reference of the gallery that reached the threshold: a lead for an examiner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Gallery index.
    pub index: u32,
    /// score16: coarse comparison score, 0..=65535, higher is more similar.
    pub score: u16,
}

/// Order of candidate lists: the better of two candidates is the larger (MATCHER 3: score descending, then gallery
/// index ascending).
type Merit = (u16, Reverse<u32>);

impl Candidate {
    const fn merit(self) -> Merit {
        (self.score, Reverse(self.index))
    }
}

/// Number of comparisons, their histogram and the best of them.
#[derive(Debug, Clone)]
pub struct Tally {
    comparisons: u64,
    histogram: Vec<u64>,
    threshold: u16,
    top_k: usize,
    best: BinaryHeap<Reverse<Merit>>, // the worst kept candidate on top
}

impl Tally {
    /// Keeps the `top_k` best comparisons that reach `threshold`.
    pub fn new(threshold: u16, top_k: usize) -> Self {
        Self { comparisons: 0, histogram: vec![0; HISTOGRAM_BINS], threshold, top_k, best: BinaryHeap::new() }
    }

    /// Counts one comparison.
    pub fn add(&mut self, candidate: Candidate) {
        self.comparisons += 1;
        self.histogram[usize::from(candidate.score >> HISTOGRAM_SHIFT).min(HISTOGRAM_BINS - 1)] += 1;
        self.keep(candidate);
    }

    fn keep(&mut self, candidate: Candidate) {
        if candidate.score < self.threshold || self.top_k == 0 {
            return;
        }
        if self.best.len() < self.top_k {
            self.best.push(Reverse(candidate.merit()));
        } else if let Some(mut worst) = self.best.peek_mut()
            && candidate.merit() > worst.0
        {
            *worst = Reverse(candidate.merit());
        }
    }

    /// Takes in what another engine, stream or thread gathered of the same probe over other references.
    pub fn merge(
        &mut self,
        comparisons: u64,
        histogram: impl IntoIterator<Item = u64>,
        best: impl IntoIterator<Item = Candidate>,
    ) {
        self.comparisons += comparisons;
        for (mine, theirs) in self.histogram.iter_mut().zip(histogram) {
            *mine += theirs;
        }
        for candidate in best {
            self.keep(candidate);
        }
    }

    /// Takes in another tally of the same probe over other references.
    pub fn merge_tally(&mut self, other: &Self) {
        self.merge(other.comparisons, other.histogram.iter().copied(), other.kept());
    }

    /// Comparisons counted.
    pub const fn comparisons(&self) -> u64 {
        self.comparisons
    }

    /// Comparisons by score: bin `min(511, score16 >> 5)`.
    pub fn histogram(&self) -> &[u64] {
        &self.histogram
    }

    /// What the candidate list has, in no order.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Candidate> {
        self.best.iter().map(|c| Candidate { index: c.0.1.0, score: c.0.0 })
    }

    /// The candidate list: score descending, then gallery index ascending.
    pub fn candidates(&self) -> Vec<Candidate> {
        let mut merits: Vec<_> = self.best.iter().map(|c| c.0).collect();
        merits.sort_unstable_by(|a, b| b.cmp(a));
        merits.into_iter().map(|(score, Reverse(index))| Candidate { index, score }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(threshold: u16, top_k: usize, scores: &[(u32, u16)]) -> Tally {
        let mut tally = Tally::new(threshold, top_k);
        for &(index, score) in scores {
            tally.add(Candidate { index, score });
        }
        tally
    }

    fn listed(tally: &Tally) -> Vec<(u32, u16)> {
        tally.candidates().iter().map(|c| (c.index, c.score)).collect()
    }

    #[test]
    fn equal_scores_rank_by_index_and_the_larger_index_leaves_first() {
        let scores = [(9, 5), (1, 5), (4, 7), (3, 5), (2, 1)];
        assert_eq!(listed(&tally(0, 3, &scores)), [(4, 7), (1, 5), (3, 5)]);
        assert_eq!(listed(&tally(0, 9, &scores)), [(4, 7), (1, 5), (3, 5), (9, 5), (2, 1)]);
    }

    #[test]
    fn the_threshold_is_reached_by_equality() {
        assert_eq!(listed(&tally(5, 9, &[(0, 4), (1, 5), (2, 6)])), [(2, 6), (1, 5)]);
    }

    #[test]
    fn every_comparison_is_counted_even_below_the_threshold() {
        let counted = tally(100, 1, &[(0, 0), (1, 31), (2, 32), (3, 65535)]);
        assert_eq!(counted.comparisons(), 4);
        assert_eq!((counted.histogram()[0], counted.histogram()[1], counted.histogram()[511]), (2, 1, 1));
    }

    #[test]
    fn a_merge_equals_one_tally_over_all() {
        let scores: Vec<(u32, u16)> = (0..500).map(|i| (i, (i * 7919 % 97) as u16)).collect();
        let whole = tally(3, 20, &scores);
        let mut merged = tally(3, 20, &scores[..123]);
        merged.merge_tally(&tally(3, 20, &scores[123..]));
        assert_eq!(listed(&merged), listed(&whole));
        assert_eq!((merged.comparisons(), merged.histogram()), (whole.comparisons(), whole.histogram()));
    }
}
