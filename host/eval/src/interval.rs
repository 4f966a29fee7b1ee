//! Confidence intervals at 95 %.
//!
//! Comparisons of one finger depend on each other, so rates over comparisons get a bootstrap over fingers: fingers
//! are drawn with replacement, a mated comparison counts as often as its finger was drawn, a non-mated one as
//! often as both together, and the interval holds the middle 95 % of [`REPLICATES`] such experiments. Where no error was
//! observed, no drawing shows one: the upper limit is then Wilson's, with as many trials as there are fingers. Rates
//! over searches get Wilson's interval, as if searches did not depend on each other.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::rates::{Comparisons, Figures, Scored};

/// Experiments drawn for one interval.
pub const REPLICATES: u64 = 1000;
/// Quantile of the normal distribution that leaves 2.5 % on either side.
const Z: f64 = 1.959_963_984_540_054;

/// A lower and an upper limit, as fractions.
pub type Interval = [f64; 2];

/// Wilson's interval of a rate of `errors` in `trials`; of no trials, everything.
pub fn wilson(errors: usize, trials: usize) -> Interval {
    if trials == 0 {
        return [0.0, 1.0];
    }
    let (n, p) = (trials as f64, errors as f64 / trials as f64);
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    [((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0)]
}

/// The bootstrap's intervals of the figures, over the `fingers` whose indices are below that number. The same
/// comparisons give the same intervals: the drawings' seeds are fixed.
pub fn bootstrap(comparisons: &Comparisons, figures: &Figures<f64>, fingers: &[usize]) -> Figures<Interval> {
    let slots = fingers.iter().max().map_or(0, |&last| last + 1);
    let replicates: Vec<Figures<f64>> = (0..REPLICATES)
        .into_par_iter()
        .filter_map(|seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut drawn = vec![0_u64; slots];
            for _ in fingers {
                drawn[fingers[random.random_range(0..fingers.len())]] += 1;
            }
            comparisons.weighted_figures(|s| weight(&drawn, s))
        })
        .collect();
    let mut nth = 0;
    figures.map(|&observed| {
        let mut values: Vec<f64> = replicates.iter().map(|replicate| *replicate.list()[nth]).collect();
        nth += 1;
        values.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let last = values.len().saturating_sub(1);
            values.get((share * last as f64).round() as usize).copied().unwrap_or(observed)
        };
        if observed > 0.0 { [quantile(0.025), quantile(0.975)] } else { [0.0, wilson(0, fingers.len())[1]] }
    })
}

/// The bootstrap's interval of the share of outcomes that are true, each with its finger. Where all are the same, the other
/// limit is Wilson's, with as many trials as there are fingers; of no outcomes, everything.
pub fn bootstrap_share(outcomes: &[(usize, bool)]) -> Interval {
    let mut fingers: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for &(finger, outcome) in outcomes {
        let (hits, all) = fingers.entry(finger).or_default();
        *hits += u64::from(outcome);
        *all += 1;
    }
    let fingers: Vec<_> = fingers.into_values().collect();
    if outcomes.iter().all(|(_, outcome)| !outcome) {
        return [0.0, wilson(0, fingers.len())[1]];
    }
    if outcomes.iter().all(|(_, outcome)| *outcome) {
        return [wilson(fingers.len(), fingers.len())[0], 1.0];
    }
    let experiment = |seed: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let drawn = fingers.iter().map(|_| fingers[random.random_range(0..fingers.len())]);
        let (hits, all) = drawn.fold((0, 0), |sum, finger| (sum.0 + finger.0, sum.1 + finger.1));
        hits as f64 / all as f64
    };
    let mut shares: Vec<f64> = (0..REPLICATES).into_par_iter().map(experiment).collect();
    shares.sort_by(f64::total_cmp);
    let quantile = |share: f64| shares[(share * (shares.len() - 1) as f64).round() as usize];
    [quantile(0.025), quantile(0.975)]
}

/// How often a comparison counts when each finger was drawn so often.
fn weight(drawn: &[u64], scored: &Scored) -> u64 {
    let probe = drawn[scored.probe];
    if scored.probe == scored.reference { probe } else { probe * drawn[scored.reference] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_interval(found: Interval, expected: Interval) {
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 5e-5), "{found:?}, expected {expected:?}");
    }

    #[test]
    fn wilson_intervals_are_the_tabulated_ones() {
        assert_interval(wilson(0, 10), [0.0, 0.2775]);
        assert_interval(wilson(10, 10), [0.7225, 1.0]);
        assert_interval(wilson(1, 10), [0.0179, 0.4042]);
        assert_interval(wilson(50, 100), [0.4038, 0.5962]);
        assert_interval(wilson(0, 0), [0.0, 1.0]);
    }

    #[test]
    fn a_comparison_counts_as_often_as_its_fingers_were_drawn() {
        let of = |probe, reference| weight(&[0, 2, 3], &Scored { score: 0.0, probe, reference });
        assert_eq!([of(1, 1), of(1, 2), of(2, 2), of(0, 2), of(0, 0)], [2, 6, 3, 0, 0]);
    }

    /// Ten fingers with one mated comparison each, scoring `high` or, for the first `failing`, lower than non-mates.
    fn experiment(failing: usize) -> (Comparisons, Vec<usize>) {
        let mated = (0..10).map(|f| Scored { score: if f < failing { 0.0 } else { 9.0 }, probe: f, reference: f });
        let pairs = (0..10).flat_map(|a| (0..a).map(move |b| Scored { score: 1.0, probe: b, reference: a }));
        (Comparisons::new(mated.chain(pairs).collect()), (0..10).collect())
    }

    #[test]
    fn a_failing_finger_may_be_drawn_never_or_often() {
        let (comparisons, fingers) = experiment(1);
        let figures = comparisons.figures().unwrap();
        assert!((figures.fnmr_at_fmr.zero - 0.1).abs() < 1e-12);
        let intervals = bootstrap(&comparisons, &figures, &fingers);
        // Draws of the failing finger are binomial (10, 1/10): none with 35 %, more than 3 with 1.3 %.
        assert_interval(intervals.fnmr_at_fmr.zero, [0.0, 0.3]);
        assert_eq!(intervals, bootstrap(&comparisons, &figures, &fingers));
    }

    #[test]
    fn no_observed_error_is_not_no_error() {
        let (comparisons, fingers) = experiment(0);
        let intervals = bootstrap(&comparisons, &comparisons.figures().unwrap(), &fingers);
        assert_interval(intervals.eer, [0.0, 0.2775]);
        assert_interval(intervals.fnmr_at_fmr.percent, [0.0, 0.2775]);
    }

    #[test]
    fn a_share_is_drawn_by_finger() {
        // One of ten fingers gives all hits: binomial (10, 1/10), as above.
        let outcomes: Vec<_> = (0..30).map(|nth| (nth / 3, nth / 3 == 4)).collect();
        assert_interval(bootstrap_share(&outcomes), [0.0, 0.3]);
        assert_interval(bootstrap_share(&outcomes[..3]), [0.0, wilson(0, 1)[1]]);
        assert_interval(bootstrap_share(&[(4, true), (4, true), (5, true)]), [wilson(2, 2)[0], 1.0]);
        assert_interval(bootstrap_share(&[]), [0.0, 1.0]);
    }
}
