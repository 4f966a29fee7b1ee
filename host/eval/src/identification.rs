//! Each impression searched among all the others.
//!
//! A mated search leaves out the probe itself; a non-mated search leaves out every impression of its finger. What
//! [`Relation::LeftOut`] names is in neither. Ranks count fingers, each with its best reference; a tie counts against
//! the mate. An open-set search answers with the references whose decision value reaches a threshold: FPIR is the
//! share of non-mated searches that answer at all, FNIR the share of mated ones whose answer lacks the mate, at any rank.

use std::collections::BTreeMap;

use crate::collection::{Collection, Relation};
use crate::rates::{Comparisons, Figures, Point, Scored};
use crate::scores::{Scores, Stage};
use whorl_matcher::fine::open_set;

/// Share of a search's comparisons that exceed its background score (MATCHER 5, item 6).
pub(crate) const BACKGROUND_SHARE: f64 = 0.005;

/// What one probe's searches gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Rank of the mate, from 1; `None` if the probe has none.
    pub rank: Option<usize>,
    /// The mate's best decision value, if there is a mate.
    pub mate: Option<f64>,
    /// The best decision value among non-mates, if there are any.
    pub other: Option<f64>,
}

/// The searches of all probes.
#[derive(Debug)]
pub struct Identification {
    searches: Vec<Search>,
    open: Comparisons,
}

impl Identification {
    /// Searches every impression.
    pub fn new(collection: &Collection, scores: &Scores, stage: Stage) -> Self {
        let count = collection.impressions.len();
        Self::of((0..count).map(|probe| search(collection, scores, stage, probe)).collect())
    }

    fn of(searches: Vec<Search>) -> Self {
        // A non-mated search that answers is a false match of the probe with finger 1, a mated one a comparison of 0 with 0.
        let mates = searches.iter().filter_map(|s| Some(Scored { score: s.mate?, probe: 0, reference: 0 }));
        let others = searches.iter().filter_map(|s| Some(Scored { score: s.other?, probe: 0, reference: 1 }));
        let open = Comparisons::new(mates.chain(others).collect());
        Self { searches, open }
    }

    /// Mated searches.
    pub fn mated(&self) -> usize {
        self.searches.iter().filter(|s| s.rank.is_some()).count()
    }

    /// Non-mated searches.
    pub fn nonmated(&self) -> usize {
        self.open.impostor()
    }

    /// Mated searches with the mate among the first `rank` fingers.
    pub fn hits(&self, rank: usize) -> usize {
        self.searches.iter().filter(|s| s.rank.is_some_and(|r| r <= rank)).count()
    }

    /// Open-set rates over all thresholds, with FPIR as `fmr` and FNIR as `fnmr`.
    pub fn points(&self) -> Vec<Point> {
        self.open.points()
    }

    /// Open-set figures: FNIR at FPIR 1 % and 0.1 % stand where FNMR at FMR 1 % and 0.1 % would.
    pub fn open_set(&self) -> Option<Figures<f64>> {
        self.open.figures()
    }
}

/// The searches of one probe.
fn search(collection: &Collection, scores: &Scores, stage: Stage, probe: usize) -> Search {
    let mut mate: Option<f64> = None;
    let mut others: BTreeMap<usize, f64> = BTreeMap::new(); // best score by finger
    for reference in (0..collection.impressions.len()).filter(|&reference| reference != probe) {
        let score = scores.score(stage, probe, reference);
        match collection.relation(probe, reference) {
            Relation::Mates => mate = Some(mate.map_or(score, |best| best.max(score))),
            Relation::NonMates => {
                let best = others.entry(collection.impressions[reference].finger).or_insert(score);
                *best = best.max(score);
            }
            Relation::LeftOut => {}
        }
    }
    let background = background(collection, scores, probe);
    let decision = |score: f64| if stage == Stage::Fine { open_set(score, background) } else { score };
    Search {
        rank: mate.map(|mate| rank(mate, others.values().copied())),
        mate: mate.map(decision),
        other: others.values().copied().reduce(f64::max).map(decision),
    }
}

/// The coarse score that 0.5 % of a probe's non-mated comparisons exceed. In a gallery of some hundred impressions the mates
/// would be the background, so they do not count towards it.
pub(crate) fn background(collection: &Collection, scores: &Scores, probe: usize) -> u16 {
    let nonmates = (0..collection.impressions.len())
        .filter(|&reference| collection.relation(probe, reference) == Relation::NonMates)
        .map(|reference| scores.coarse(probe, reference));
    exceeded_by(BACKGROUND_SHARE, nonmates.collect())
}

/// Rank of a mate's score among those of the other fingers, which go first where they are equal.
fn rank(mate: f64, others: impl Iterator<Item = f64>) -> usize {
    1 + others.filter(|&other| other >= mate).count()
}

/// The score that at most this share of the scores exceed.
fn exceeded_by(share: f64, mut scores: Vec<u16>) -> u16 {
    scores.sort_unstable_by(|a, b| b.cmp(a));
    scores.get((share * scores.len() as f64).floor() as usize).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_accumulate() {
        let search = |rank| Search { rank, mate: rank.map(|_| 1.0), other: Some(0.0) };
        let found = Identification::of([Some(1), Some(3), None, Some(1)].map(search).to_vec());
        assert_eq!((found.mated(), found.nonmated()), (3, 4));
        assert_eq!([1, 2, 3].map(|rank| found.hits(rank)), [2, 2, 3]);
    }

    #[test]
    fn equals_go_before_the_mate() {
        assert_eq!([8.0, 7.0, 6.0].map(|mate| rank(mate, [7.0, 3.0, 9.0].into_iter())), [2, 3, 3]);
        assert_eq!(rank(0.0, std::iter::empty()), 1);
    }

    #[test]
    fn open_set_rates_are_counted_by_hand() {
        // 100 non-mated searches, one of which answers 6.0; mates at 7.0, 5.0 and 5.5.
        let search = |mate, other| Search { rank: Some(1), mate: Some(mate), other: Some(other) };
        let mut searches = vec![search(7.0, 6.0), search(5.0, 1.0), search(5.5, 1.0)];
        searches.extend((0..97).map(|_| Search { rank: None, mate: None, other: Some(2.0) }));
        let figures = Identification::of(searches).open_set().unwrap();
        assert!((figures.fnmr_at_fmr.percent - 0.0).abs() < 1e-12);
        assert!((figures.fnmr_at_fmr.per_thousand - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_background_is_exceeded_by_its_share() {
        assert_eq!(exceeded_by(0.005, (0..1000).collect()), 994); // 995 to 999 exceed it
        assert_eq!(exceeded_by(0.005, vec![3, 9, 5]), 9);
        assert_eq!(exceeded_by(0.005, vec![]), 0);
    }
}
