//! Synthetic impressions look and compare like real ones: the bands hold LEADER's figures on FVC2002 and FVC2004
//! (`docs/synthetic.md`) and what is generated, so that a change of the generator that leaves them is noticed.

#[path = "../examples/statistics/comparisons.rs"]
mod comparisons;
#[path = "../examples/statistics/spread.rs"]
mod spread;

use comparisons::{Comparisons, Owner};
use spread::{DISTANCES_PX, Spread, mean, quantile};
use std::ops::RangeInclusive;
use whorl_synth::{Distortion, Finger, Impression, Population, impressions};
use whorl_template::{MinutiaKind, Template};

#[track_caller]
fn within(what: &str, value: f64, band: RangeInclusive<f64>) {
    assert!(band.contains(&value), "{what}: {value} outside {band:?}");
}

fn default_spread() -> Spread {
    let templates: Vec<Template> = impressions(11, 150, 2).map(|i| i.template).collect();
    Spread::of(&templates)
}

fn compare(seed: u64, distortion: Distortion) -> Comparisons {
    let all: Vec<Impression> = Population::new(seed, 30, 4, distortion).unwrap().iter().collect();
    let owners: Vec<Owner> = all.iter().map(|i| Owner { finger: i.finger, database: 0 }).collect();
    let templates: Vec<Template> = all.into_iter().map(|i| i.template).collect();
    Comparisons::of(&templates, &owners).unwrap()
}

#[test]
fn counts_and_areas_are_those_of_plain_impressions() {
    let spread = default_spread();
    within("mean count", mean(&spread.counts), 33.0..=39.0);
    within("count, lower quartile", quantile(&spread.counts, 0.25), 23.0..=30.0);
    within("count, upper quartile", quantile(&spread.counts, 0.75), 41.0..=49.0);
    within("width", quantile(&spread.widths_px, 0.5), 190.0..=220.0);
    within("height", quantile(&spread.heights_px, 0.5), 290.0..=325.0);
    within("hull", quantile(&spread.hulls_px2, 0.5), 41e3..=51e3);
    within("density", quantile(&spread.densities_per_mm2, 0.5), 0.27..=0.33);
}

#[test]
fn neighbours_keep_apart_and_follow_the_flow() {
    let spread = default_spread();
    within("nearest neighbour, 5 %", quantile(&spread.nearest_px, 0.05), 10.0..=12.5);
    within("nearest neighbour, median", quantile(&spread.nearest_px, 0.5), 20.5..=23.5);
    let alignments = [0.85, 0.77, 0.67, 0.51, 0.34, 0.17, -0.09];
    let opposites = [0.51, 0.38, 0.38, 0.42, 0.45, 0.47, 0.51];
    for class in 0..DISTANCES_PX.len() {
        let (neighbours, what) = (spread.neighbours[class], format!("up to {} px", DISTANCES_PX[class]));
        within(&what, neighbours.alignment(), alignments[class] - 0.06..=alignments[class] + 0.06);
        within(&what, neighbours.opposite(), opposites[class] - 0.06..=opposites[class] + 0.06);
    }
}

#[test]
fn kinds_and_qualities_are_mixed_as_extractors_report_them() {
    let spread = default_spread();
    within("endings", spread.share(MinutiaKind::Ending), 0.53..=0.60);
    within("others", spread.share(MinutiaKind::Other), 0.0..=0.0);
    within("quality, 5 %", quantile(&spread.qualities, 0.05), 58.0..=68.0);
    within("quality, median", quantile(&spread.qualities, 0.5), 86.0..=93.0);
}

#[test]
fn mates_are_found_mostly_and_not_trivially() {
    let comparisons = compare(11, Distortion::default());
    within("mated, 5 %", quantile(&comparisons.mated, 0.05), 4000.0..=7500.0);
    within("mated, median", quantile(&comparisons.mated, 0.5), 11_500.0..=14_500.0);
    within("mated, 95 %", quantile(&comparisons.mated, 0.95), 18_000.0..=24_000.0);
    within("non-mated, median", quantile(&comparisons.non_mated, 0.5), 400.0..=490.0);
    within("non-mated, 99 %", quantile(&comparisons.non_mated, 0.99), 1200.0..=1700.0);
    within("rank one", comparisons.rank_one(), 0.98..=1.0);

    let hard = compare(11, Distortion::hard());
    within("equal error rate, hard", hard.equal_error_rate(), 0.03..=0.12);
    within("FNMR at FMR 1 %, hard", hard.fnmr_at_fmr(0.01), 0.05..=0.22);
    within("rank one, hard", hard.rank_one(), 0.85..=0.995);
}

#[test]
fn mates_share_the_minutiae_that_both_touch() {
    let distortion = Distortion::default();
    let (mut missed, mut true_count, mut spurious, mut shared) = (0, 0, 0, 0);
    for index in 0..300 {
        let finger = Finger::new(12, index);
        let found = |impression, distortion: &Distortion| finger.observe(impression, distortion).origins;
        // the same capture with a perfect extractor tells what was there to find
        let perfect = Distortion { missing: 0.0, spurious: 0.0, position_jitter_px: 0.0, ..distortion.clone() };
        let (first, second, there) = (found(0, &distortion), found(1, &distortion), found(0, &perfect));
        true_count += there.len();
        missed += there.len().saturating_sub(first.iter().flatten().count());
        spurious += first.iter().filter(|origin| origin.is_none()).count();
        shared += first.iter().filter(|origin| origin.is_some() && second.contains(origin)).count();
    }
    let share = |count: usize| count as f64 / true_count as f64;
    within("missed", share(missed), distortion.missing - 0.02..=distortion.missing + 0.02);
    within("spurious", share(spurious), distortion.spurious - 0.02..=distortion.spurious + 0.02);
    within("shared", share(shared), 0.58..=0.70);
}
