//! The calibration table, from two-fold scores ([`whorl_matcher::calibration`] says what it holds).
//!
//! Nothing that is calibrated was trained on: each fold's outputs are by weights of the other fold. Comparisons in both directions
//! count, since a probe's background belongs to one; comparisons across folds are left out.
//!
//! - **Ratio**: logistic regression of mates on output and background, less the log odds of mates in the set.
//! - **One finger's tail**: what is observed up to the ratio that [`TAIL_SHARE`] of non-mated comparisons exceed, and beyond it
//!   an exponential of the mean excess, which is its maximum likelihood.
//! - **Several fingers**: that distribution convolved with itself, with the lower clip of fusion. Sums of drawn fingers would show
//!   no rate below one in the number of drawings, and a tail fitted to the upper 0.5 % of sums falls too steeply: sums are near
//!   normal there, and exponential far beyond. The upper clip is left out, which can only make rates larger.
//! - **Limits**: fingers are drawn with replacement, and each replicate is of one source alone, so limits span the extractors.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use whorl_matcher::calibration::{Calibration, FINGERS_MAX, LEVELS, Tail};
use whorl_matcher::fusion::{LLR_MIN, clip};

use crate::collection::Relation;
use crate::error::EvalError;
use crate::identification::background;
use crate::regression::{Observation, fit};
use crate::scores::{Scores, Stage};
use crate::training::{Measured, folds, two_fold};

/// What tells tables apart that are made differently from the same outputs.
pub const METHOD: &str = "c1";
/// Share of non-mated comparisons that an exponential tail stands for.
pub const TAIL_SHARE: f64 = 0.005;
/// Drawings of fingers per source.
const REPLICATES: u64 = 200;
/// Width of a bin of ratios.
const STEP: f64 = 0.1;
/// Bins of one finger's ratio, from [`LLR_MIN`]: to 46.
const BINS: usize = 600;
/// Drawn pairs of subjects per source, for checks of several fingers.
const DRAWINGS: usize = 200_000;
/// Failures to draw a pair of subjects after which there is none, if there was none before.
const FUTILE: usize = 1000;

/// A table, and how it describes what it was made from.
#[derive(Debug)]
pub struct Calibrated {
    /// The table.
    pub table: Calibration,
    /// Mean cost of the ratios of single pairs in bits: Cllr, the sources together. 0 is perfect, 1 is no information.
    pub cllr: f64,
    /// Expected beside observed rates.
    pub checks: Vec<Check>,
}

/// The share of one source's non-mates that reached a ratio.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Index of the source.
    pub source: usize,
    /// Fingers that were fused.
    pub fingers: usize,
    /// Whether the expected rate is from the other sources alone.
    pub held_out: bool,
    /// FMR that the ratio is expected to have.
    pub expected: f64,
    /// FMR observed.
    pub observed: f64,
}

/// One non-mated comparison.
#[derive(Debug, Clone, Copy)]
struct NonMate {
    llr: f64,
    probe: usize,
    reference: usize,
}

/// A comparison of either kind.
struct Pair {
    log_odds: f64,
    background: u16,
    mated: bool,
    probe: usize,
    reference: usize,
}

/// Makes the table `version` for the weights that are labelled `fine`, from every source's two-fold scores.
///
/// # Errors
/// As [`two_fold`], and [`EvalError::TooFew`] where mates do not tell from non-mates.
pub fn calibrate(version: &str, fine: &str, sources: &[Measured]) -> Result<Calibrated, EvalError> {
    let pairs = (0..sources.len()).map(|nth| pairs(sources, nth)).collect::<Result<Vec<_>, _>>()?;
    let mut table = ratio(&pairs)?;
    version.clone_into(&mut table.version);
    fine.clone_into(&mut table.fine);
    let llr = |pair: &Pair| clip(table.llr(pair.log_odds, Some(pair.background)));
    let of = |pairs: &Vec<Pair>| {
        let mut nonmates: Vec<NonMate> = pairs
            .iter()
            .filter(|pair| !pair.mated)
            .map(|pair| NonMate { llr: llr(pair), probe: pair.probe, reference: pair.reference })
            .collect();
        nonmates.sort_by(|a, b| b.llr.total_cmp(&a.llr));
        nonmates
    };
    let nonmates: Vec<Vec<NonMate>> = pairs.iter().map(of).collect();
    let cllr = cllr(pairs.iter().flatten().map(|pair| (llr(pair), pair.mated)));
    let count = sources.iter().map(|source| source.collection.fingers.len()).max().unwrap_or(0);
    table.tails = tails(&nonmates, count);
    round(&mut table);
    let checks = checks(&nonmates, &table.tails, count);
    Ok(Calibrated { table, cllr, checks })
}

/// The comparisons of one source.
fn pairs(sources: &[Measured], nth: usize) -> Result<Vec<Pair>, EvalError> {
    let collection = sources[nth].collection;
    let folds = folds(collection);
    let mut scores = Scores::compare(collection, Stage::Coarse, |_| ())?;
    two_fold(&mut scores, sources, nth, &folds)?;
    let mut pairs = Vec::new();
    for (probe, impression) in collection.impressions.iter().enumerate() {
        let background = background(collection, &scores, probe);
        for (reference, other) in collection.impressions.iter().enumerate() {
            let relation = collection.relation(probe, reference);
            if probe == reference || folds[impression.finger] != folds[other.finger] || relation == Relation::LeftOut {
                continue;
            }
            pairs.push(Pair {
                log_odds: scores.score(Stage::Fine, probe, reference),
                background,
                mated: relation == Relation::Mates,
                probe: impression.finger,
                reference: other.finger,
            });
        }
    }
    Ok(pairs)
}

/// From outputs to ratios; the tails are still to come.
fn ratio(pairs: &[Vec<Pair>]) -> Result<Calibration, EvalError> {
    let genuine = pairs.iter().flatten().filter(|pair| pair.mated).count();
    let all = pairs.iter().map(Vec::len).sum::<usize>();
    let few = || EvalError::TooFew { genuine, impostor: all - genuine };
    let mean = pairs.iter().flatten().map(|pair| f64::from(pair.background)).sum::<f64>() / all.max(1) as f64;
    let beyond = |pair: &Pair| (f64::from(pair.background) - mean) / 256.0;
    let observed = |pair: &Pair| Observation { terms: [pair.log_odds, beyond(pair)], mated: pair.mated };
    let (mut bias, [mut slope, mut weight]) =
        fit(&pairs.iter().flatten().map(observed).collect::<Vec<_>>()).ok_or_else(few)?;
    if weight > 0.0 {
        // A background that spoke for mates would be an accident of the samples.
        let alone = |pair: &Pair| Observation { terms: [pair.log_odds], mated: pair.mated };
        (bias, [slope]) = fit(&pairs.iter().flatten().map(alone).collect::<Vec<_>>()).ok_or_else(few)?;
        weight = 0.0;
    }
    if slope.is_nan() || slope <= 0.0 {
        return Err(few());
    }
    Ok(Calibration {
        version: String::new(),
        fine: String::new(),
        bias: bias - (genuine as f64 / (all - genuine) as f64).ln(),
        slope,
        background_weight: -weight,
        background_mean: mean,
        tails: Vec::new(),
    })
}

/// Leaves six decimals: more would be of no meaning, and would differ between machines.
fn round(table: &mut Calibration) {
    let tails = table.tails.iter_mut().flat_map(|tail| [&mut tail.llr, &mut tail.low, &mut tail.high]).flatten();
    let ratio = [&mut table.bias, &mut table.slope, &mut table.background_weight, &mut table.background_mean];
    for number in tails.chain(ratio) {
        *number = (*number * 1e6).round() / 1e6;
    }
}

/// Mean over both kinds of the mean cost of a ratio, in bits.
fn cllr(ratios: impl Iterator<Item = (f64, bool)>) -> f64 {
    let (mut costs, mut counts) = ([0.0; 2], [0.0; 2]);
    for (llr, mated) in ratios {
        costs[usize::from(mated)] += if mated { -llr } else { llr }.exp().ln_1p() / std::f64::consts::LN_2;
        counts[usize::from(mated)] += 1.0;
    }
    f64::midpoint(costs[0] / counts[0], costs[1] / counts[1])
}

/// A share of non-mates by bin of ratio, of one finger or of several.
#[derive(Debug, Clone)]
struct Distribution {
    shares: Vec<f64>,
    start: f64,
}

impl Distribution {
    /// Of one finger. `nonmates` is by ratio, descending, each with a weight; weights sum up to more than 0.
    fn of(nonmates: &[(f64, f64)]) -> Self {
        let total: f64 = nonmates.iter().map(|(_, weight)| weight).sum();
        let (mut above, mut sum, mut first) = (0.0, 0.0, 0);
        while first < nonmates.len() && above < TAIL_SHARE * total {
            above += nonmates[first].1;
            sum += nonmates[first].0 * nonmates[first].1;
            first += 1;
        }
        let from = nonmates.get(first).map_or(LLR_MIN, |&(llr, _)| llr);
        let excess = (sum / above - from).max(STEP);
        let bin = |llr: f64| (((llr - LLR_MIN) / STEP).round().max(0.0) as usize).min(BINS - 1);
        let mut shares = vec![0.0; BINS];
        for &(llr, weight) in &nonmates[first..] {
            shares[bin(llr)] += weight / total;
        }
        let reached = |edge: f64| above / total * (-(edge - from).max(0.0) / excess).exp();
        for (nth, share) in shares.iter_mut().enumerate().skip(bin(from)) {
            let low = LLR_MIN + (nth as f64 - 0.5) * STEP;
            let beyond = if nth + 1 < BINS { reached(low + STEP) } else { 0.0 };
            *share += reached(low) - beyond;
        }
        Self { shares, start: LLR_MIN }
    }

    /// Of the sum of independent ratios.
    fn plus(&self, other: &Self) -> Self {
        let mut shares = vec![0.0; self.shares.len() + other.shares.len() - 1];
        for (nth, &share) in self.shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            for (sum, more) in shares[nth..].iter_mut().zip(&other.shares) {
                *sum += share * more;
            }
        }
        Self { shares, start: self.start + other.start }
    }

    /// log10 of the share that reaches the lower edge of each bin.
    fn log_reached(&self) -> Reached {
        let mut sum = 0.0;
        let mut logs: Vec<f64> = self
            .shares
            .iter()
            .rev()
            .map(|share| {
                sum += share;
                sum
            })
            .collect();
        logs.reverse();
        Reached { logs: logs.into_iter().map(f64::log10).collect(), start: self.start - 0.5 * STEP }
    }
}

/// log10 of the share that reaches a ratio, from bin to bin.
struct Reached {
    logs: Vec<f64>,
    start: f64,
}

impl Reached {
    /// log10 of the share that reaches a ratio.
    fn at(&self, llr: f64) -> f64 {
        let place = ((llr - self.start) / STEP).clamp(0.0, (self.logs.len() - 1) as f64);
        let nth = (place as usize).min(self.logs.len() - 2);
        self.logs[nth] + (place - nth as f64) * (self.logs[nth + 1] - self.logs[nth])
    }

    /// The ratios that 10^-1, 10^-2, ... reach, ascending.
    fn ratios(&self) -> [f64; LEVELS] {
        std::array::from_fn(|level| {
            let wanted = -(level as f64 + 1.0);
            let after = self.logs.partition_point(|&log| log >= wanted).clamp(1, self.logs.len() - 1);
            let (before, next) = (self.logs[after - 1], self.logs[after]);
            let share = if before > next { ((before - wanted) / (before - next)).clamp(0.0, 1.0) } else { 1.0 };
            self.start + (after as f64 - 1.0 + share) * STEP
        })
    }
}

/// What 1, 2, ... fingers reach.
fn sums(one: &Distribution) -> Vec<Reached> {
    let mut all = one.clone();
    let mut found = vec![all.log_reached()];
    for _ in 1..FINGERS_MAX {
        all = all.plus(one);
        found.push(all.log_reached());
    }
    found
}

/// The non-mates of several sources as one set, unweighted.
fn together<'a>(sources: impl Iterator<Item = &'a Vec<NonMate>>) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = sources.flatten().map(|nonmate| (nonmate.llr, 1.0)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

/// The tails of 1, 2, ... fingers; each source's non-mates are by ratio, descending, of fingers below `count`.
fn tails(nonmates: &[Vec<NonMate>], count: usize) -> Vec<Tail> {
    let found = sums(&Distribution::of(&together(nonmates.iter())));
    let ratios: Vec<[f64; LEVELS]> = found.iter().map(Reached::ratios).collect();
    let seeds: Vec<(usize, u64)> =
        (0..nonmates.len()).flat_map(|source| (0..REPLICATES).map(move |seed| (source, seed))).collect();
    // By replicate, number of fingers and level.
    let replicates: Vec<Vec<[f64; LEVELS]>> = seeds
        .into_par_iter()
        .filter_map(|(source, seed)| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut drawn = vec![0.0; count];
            for _ in 0..count {
                drawn[random.random_range(0..count)] += 1.0;
            }
            let weighted = nonmates[source].iter().map(|n| (n.llr, drawn[n.probe] * drawn[n.reference]));
            let weighted: Vec<_> = weighted.filter(|(_, weight)| *weight > 0.0).collect();
            let reached = (!weighted.is_empty()).then(|| sums(&Distribution::of(&weighted)))?;
            Some(reached.iter().zip(&ratios).map(|(reached, at)| at.map(|llr| reached.at(llr))).collect())
        })
        .collect();
    let limits = |nth: usize, level: usize, share: f64| {
        let mut values: Vec<f64> = replicates.iter().map(|replicate| replicate[nth][level]).collect();
        values.sort_by(f64::total_cmp);
        values[(share * (values.len() - 1) as f64).round() as usize]
    };
    let tail = |(nth, llr): (usize, &[f64; LEVELS])| Tail {
        llr: *llr,
        low: std::array::from_fn(|level| limits(nth, level, 0.025).min(-(level as f64 + 1.0))),
        high: std::array::from_fn(|level| limits(nth, level, 0.975).max(-(level as f64 + 1.0))),
    };
    ratios.iter().enumerate().map(tail).collect()
}

/// Rates of each source beside those of the table and, for one finger, of the other sources.
fn checks(nonmates: &[Vec<NonMate>], tails: &[Tail], count: usize) -> Vec<Check> {
    let mut checks = Vec::new();
    for (source, own) in nonmates.iter().enumerate() {
        let ratios: Vec<f64> = own.iter().map(|nonmate| nonmate.llr).collect();
        let others = together(nonmates.iter().enumerate().filter(|&(nth, _)| nth != source).map(|(_, other)| other));
        let mut sets = vec![(1, false, tails[0].llr, ratios.clone())];
        if !others.is_empty() {
            sets.push((1, true, Distribution::of(&others).log_reached().ratios(), ratios));
        }
        sets.extend([2, 4].map(|fingers| (fingers, false, tails[fingers - 1].llr, drawn_sums(own, count, fingers))));
        for (fingers, held_out, at, ratios) in sets.into_iter().filter(|(.., ratios)| !ratios.is_empty()) {
            for (level, &least) in at.iter().enumerate().take(4).skip(1) {
                let reached = ratios.iter().filter(|&&llr| llr >= least).count();
                let observed = reached as f64 / ratios.len() as f64;
                let expected = 10_f64.powi(-(level as i32 + 1));
                checks.push(Check { source, fingers, held_out, expected, observed });
            }
        }
    }
    checks
}

/// Sums over fingers of pairs of subjects that are drawn: different fingers on either side, compared with others. None if the
/// fingers do not give such pairs.
fn drawn_sums(nonmates: &[NonMate], count: usize, fingers: usize) -> Vec<f64> {
    let mut between: Vec<Vec<f64>> = vec![Vec::new(); count * count];
    for nonmate in nonmates {
        between[nonmate.probe * count + nonmate.reference].push(nonmate.llr);
    }
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut order: Vec<usize> = (0..count).collect();
    let mut sums = Vec::with_capacity(DRAWINGS);
    let mut failed = 0;
    // So few fingers, or so few of one fold, may never give so many pairs.
    while sums.len() < DRAWINGS && (failed < FUTILE || !sums.is_empty()) {
        order.shuffle(&mut random);
        // Neighbours that were compared, each finger once.
        let pairs = order.chunks_exact(2).map(|pair| &between[pair[0] * count + pair[1]]);
        let compared: Vec<_> = pairs.filter(|llrs| !llrs.is_empty()).take(fingers).collect();
        if compared.len() < fingers {
            failed += 1;
            continue;
        }
        sums.push(compared.iter().map(|llrs| llrs[random.random_range(0..llrs.len())]).sum());
    }
    sums
}

#[cfg(test)]
#[path = "calibration_tests.rs"]
mod tests;
