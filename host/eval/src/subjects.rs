//! Virtual subjects: several fingers fused, measured on fingers that were never one person's.
//!
//! Few databases have ten fingers of anybody. So subjects are put together from different fingers at random, on the
//! assumption that fusion makes anyway: that a person's fingers are independent. Real hands are not quite - a dry skin
//! is dry on all fingers - so real figures are worse by an amount that these samples cannot tell.
//!
//! In each trial the fingers are parted at random into two halves. The probe's subject is drawn from one half and each of
//! its fingers shows two different impressions, probe and reference; [`GALLERY`] other subjects are drawn from the other
//! half. So a non-mated search never meets a finger of its own, and a gallery has the same size for every number of fingers.
//! Fingers are used again and again, so an interval over trials would be far too narrow: see [`Experiment::interval`].

use std::collections::BTreeSet;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use whorl_matcher::fusion::{clip, first_pass, log_likelihood_ratio};

use crate::collection::{Collection, Relation};
use crate::identification::background;
use crate::interval::{Interval, wilson};
use crate::rates::{Comparisons, Scored};
use crate::report::AtFpir;
use crate::scores::{Scores, Stage};

/// Positions of the fingers of a virtual subject, by their number: index fingers first, then middle fingers.
const HANDS: [&[u8]; 4] = [&[2], &[2, 7], &[2, 3, 7, 8], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]];
/// Subjects in the gallery of a search, the mate not counted.
const GALLERY: usize = 20;
/// How much is computed; [`METHOD`] says it too.
const EFFORT: Effort = Effort { trials: 20_000, replicates: 200, replicate_trials: 4000 };
/// Fingers of the first pass whose cost is measured.
const FIRST_PASS: usize = 2;

/// How the numbers came about.
pub const METHOD: &str = "Virtual subjects are put together from different fingers at random, a new one for each of 20,000 \
trials; fingers of a pair named as the same count once. A trial parts the fingers into two halves; the probe's subject is of one \
half, with different impressions as probe and reference, and the 20 other subjects of the gallery of the other. Fingers contribute \
calibrated log-likelihood ratios of the fine stage, the probe's background counted in, clipped to [-14, 20] and summed; positions are known and true. \
Fingers are used many times, so intervals come from drawing fingers with replacement (200 times, 4,000 trials each, middle 95 %), \
not from the number of searches; where no error was observed, the upper limit is Wilson's with as many trials as there are \
disjoint subjects. First pass: a mated search is lost where no searched finger's mate exceeds the coarse score that 0.5 % of \
the finger's non-mated comparisons exceed, which 100 candidates per finger are of a gallery of 20,000 fingers; the thresholds are \
those without loss. Fingers of one person depend on each other more than these do, so real subjects are harder.";

/// What fusion of several fingers gains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FusionReport {
    /// By number of fingers; numbers for which there are too few different fingers are absent.
    pub subjects: Vec<SubjectFigures>,
    /// How the numbers came about.
    pub method: &'static str,
}

/// Figures for subjects of one number of fingers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubjectFigures {
    /// Fingers of a subject.
    pub fingers: usize,
    /// FNIR at limited FPIRs, of fused evidence, no mate lost by the coarse stage.
    pub fnir_at_fpir: AtFpir<f64>,
    /// Intervals at 95 %, from drawing fingers.
    pub ci95: AtFpir<Interval>,
    /// Mated searches, and as many non-mated ones.
    pub searches: usize,
    /// Subjects that the fingers would make if each were used once.
    pub disjoint_subjects: usize,
    /// What the coarse stage loses when it searches all fingers.
    pub all_searched: Loss,
    /// What it loses when it searches two.
    pub two_searched: Loss,
}

/// What the coarse stage costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Loss {
    /// Share of mated searches in which the mate does not come up.
    pub lost: f64,
    /// FNIR with those counted as misses.
    pub fnir_at_fpir: AtFpir<f64>,
}

/// How much is computed.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// Trials, each one mated and one non-mated search.
    trials: usize,
    /// Drawings of fingers for an interval.
    replicates: u64,
    /// Trials of each.
    replicate_trials: usize,
}

/// Everything that trials are computed from, by impression as a probe, then as a reference.
struct Experiment {
    count: usize,
    llr: Vec<f64>,
    /// Whether the coarse score exceeds the probe's background.
    listed: Vec<bool>,
    minutiae: Vec<usize>,
    /// Impressions of the fingers that are used.
    fingers: Vec<Vec<usize>>,
}

/// What one trial gave.
struct Trial {
    mate: f64,
    other: f64,
    /// Whether the mate comes up when all fingers are searched, and when two are.
    listed: [bool; 2],
}

/// Fuses virtual subjects. `None` without the fine stage's scores, or for too few fingers.
pub fn fusion(collection: &Collection, scores: &Scores) -> Option<FusionReport> {
    if !scores.has(Stage::Fine) {
        return None;
    }
    let experiment = Experiment::new(collection, scores);
    let subjects: Vec<_> = HANDS.iter().filter_map(|hand| experiment.figures(hand, EFFORT)).collect();
    (!subjects.is_empty()).then_some(FusionReport { subjects, method: METHOD })
}

impl Experiment {
    fn new(collection: &Collection, scores: &Scores) -> Self {
        let count = collection.impressions.len();
        let (mut llr, mut listed) = (Vec::with_capacity(count * count), Vec::with_capacity(count * count));
        for probe in 0..count {
            let background = background(collection, scores, probe);
            for reference in 0..count {
                let log_odds = scores.score(Stage::Fine, probe, reference);
                llr.push(clip(log_likelihood_ratio(log_odds, Some(background))));
                listed.push(scores.coarse(probe, reference) > background);
            }
        }
        let mut fingers: Vec<Vec<usize>> = vec![Vec::new(); collection.fingers.len()];
        for (index, impression) in collection.impressions.iter().enumerate() {
            fingers[impression.finger].push(index);
        }
        let mut used: Vec<Vec<usize>> = Vec::new();
        for impressions in fingers.into_iter().filter(|impressions| impressions.len() > 1) {
            let is_other = |known: &Vec<usize>| collection.relation(known[0], impressions[0]) == Relation::NonMates;
            if used.iter().all(is_other) {
                used.push(impressions);
            }
        }
        let minutiae = collection.impressions.iter().map(|impression| impression.probe.minutiae().len()).collect();
        Self { count, llr, listed, minutiae, fingers: used }
    }

    fn figures(&self, hand: &[u8], effort: Effort) -> Option<SubjectFigures> {
        let all: Vec<usize> = (0..self.fingers.len()).collect();
        let trials = self.trials(hand, &all, effort.trials, 0)?;
        let fnir_at_fpir = fnir(&trials, |_| true);
        let loss = |nth: usize| Loss {
            lost: trials.iter().filter(|trial| !trial.listed[nth]).count() as f64 / trials.len() as f64,
            fnir_at_fpir: fnir(&trials, |trial| trial.listed[nth]),
        };
        let disjoint_subjects = self.fingers.len() / hand.len();
        Some(SubjectFigures {
            fingers: hand.len(),
            fnir_at_fpir,
            ci95: self.interval(hand, fnir_at_fpir, effort),
            searches: trials.len(),
            disjoint_subjects,
            all_searched: loss(0),
            two_searched: loss(1),
        })
    }

    /// Intervals from a bootstrap over fingers: the experiment is done again with fingers drawn with replacement, where a
    /// finger that was drawn twice comes into subjects twice as often, but never twice into one, nor into both halves.
    fn interval(&self, hand: &[u8], observed: AtFpir<f64>, effort: Effort) -> AtFpir<Interval> {
        let disjoint_subjects = self.fingers.len() / hand.len();
        let replicates: Vec<AtFpir<f64>> = (1..=effort.replicates)
            .into_par_iter()
            .filter_map(|seed| {
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                let drawn: Vec<usize> =
                    (0..self.fingers.len()).map(|_| random.random_range(0..self.fingers.len())).collect();
                Some(fnir(&self.trials(hand, &drawn, effort.replicate_trials, seed)?, |_| true))
            })
            .collect();
        let of = |observed: f64, value: fn(&AtFpir<f64>) -> f64| {
            let mut values: Vec<f64> = replicates.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            let at = |share: f64| {
                let last = values.len().saturating_sub(1) as f64;
                values.get((share * last).round() as usize).copied()
            };
            match (at(0.025), at(0.975)) {
                (Some(low), Some(high)) if observed > 0.0 => [low.min(observed), high.max(observed)],
                _ => [0.0, wilson(0, disjoint_subjects)[1].max(at(0.975).unwrap_or(0.0))],
            }
        };
        let per_thousand = of(observed.per_thousand, |at| at.per_thousand);
        let [low, high] = of(observed.percent, |at| at.percent);
        // What is missed at the lower threshold is missed at the higher one too, so its limit holds for both.
        AtFpir { percent: [low, high.min(per_thousand[1])], per_thousand }
    }

    /// Trials with the fingers `drawn`, which may occur several times. `None` if they are too few different ones.
    fn trials(&self, hand: &[u8], drawn: &[usize], count: usize, seed: u64) -> Option<Vec<Trial>> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut different: Vec<usize> = drawn.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        if different.len() / 2 < hand.len() {
            return None;
        }
        let trial = |_| {
            different.shuffle(&mut random);
            let (probes, others) = different.split_at(different.len() / 2);
            let half = |half: &[usize]| drawn.iter().copied().filter(|f| half.contains(f)).collect::<Vec<_>>();
            self.trial(hand, &half(probes), &half(others), &mut random)
        };
        Some((0..count).map(trial).collect())
    }

    /// One mated and one non-mated search. The halves have at least as many different fingers as the hand.
    fn trial(&self, hand: &[u8], probes: &[usize], others: &[usize], random: &mut ChaCha8Rng) -> Trial {
        let mut subject = Vec::with_capacity(hand.len());
        draw(probes, hand.len(), random, &mut subject);
        let pairs: Vec<(usize, usize)> = subject
            .iter()
            .map(|&finger| {
                let impressions = &self.fingers[finger];
                let probe = random.random_range(0..impressions.len());
                let reference = random.random_range(0..impressions.len() - 1);
                (impressions[probe], impressions[reference + usize::from(reference >= probe)])
            })
            .collect();
        let at = |probe: usize, reference: usize| probe * self.count + reference;
        let mate = pairs.iter().map(|&(probe, reference)| self.llr[at(probe, reference)]).sum();
        let mut other = f64::NEG_INFINITY;
        for _ in 0..GALLERY {
            draw(others, hand.len(), random, &mut subject);
            let reference = |&finger: &usize| self.fingers[finger][random.random_range(0..self.fingers[finger].len())];
            let references = subject.iter().map(reference);
            let sum = pairs.iter().zip(references).map(|(&(probe, _), reference)| self.llr[at(probe, reference)]).sum();
            other = other.max(sum);
        }
        let sizes: Vec<_> =
            hand.iter().zip(&pairs).map(|(&position, pair)| (position, self.minutiae[pair.0])).collect();
        let comes_up = |fingers: &[usize]| fingers.iter().any(|&f| self.listed[at(pairs[f].0, pairs[f].1)]);
        let listed = [hand.len(), FIRST_PASS].map(|count| comes_up(&first_pass(&sizes, count)));
        Trial { mate, other, listed }
    }
}

/// Draws different fingers from a list in which some may stand several times.
fn draw(from: &[usize], count: usize, random: &mut ChaCha8Rng, subject: &mut Vec<usize>) {
    subject.clear();
    while subject.len() < count {
        let finger = from[random.random_range(0..from.len())];
        if !subject.contains(&finger) {
            subject.push(finger);
        }
    }
}

/// FNIR at limited FPIRs; a mate that is not `listed` is missed, whatever its evidence. Thresholds do not depend on `listed`.
fn fnir(trials: &[Trial], listed: impl Fn(&Trial) -> bool) -> AtFpir<f64> {
    // A non-mated search that answers is a false match of finger 0 with 1, a mated one a comparison of 0 with 0.
    let score = |trial: &Trial| if listed(trial) { trial.mate } else { f64::NEG_INFINITY };
    let mates = trials.iter().map(|trial| Scored { score: score(trial), probe: 0, reference: 0 });
    let others = trials.iter().map(|trial| Scored { score: trial.other, probe: 0, reference: 1 });
    let at = Comparisons::new(mates.chain(others).collect()).figures().unwrap_or_default().fnmr_at_fmr;
    AtFpir { percent: at.percent, per_thousand: at.per_thousand }
}

#[cfg(test)]
#[path = "subjects_tests.rs"]
mod tests;
