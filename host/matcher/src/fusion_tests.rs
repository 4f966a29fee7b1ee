//! Readings of positions, judged on tables of log-likelihood ratios made for it.

use super::*;
use rand_free::Noise;

/// A generator of few lines: these tests need noise, not randomness.
mod rand_free {
    pub struct Noise(pub u64);

    impl Noise {
        /// About normal, mean 0 and deviation 1.
        pub fn normal(&mut self) -> f64 {
            let mut sum = -6.0;
            for _ in 0..12 {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                sum += (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
            }
            sum
        }
    }
}

/// Mates say 9, non-mates -6; `mate` tells which reference a probe's finger is the mate of.
fn table(mate: impl Fn(usize) -> Option<usize>) -> impl Fn(usize, usize) -> Option<f64> {
    move |p, r| Some(if mate(p) == Some(r) { 9.0 } else { -6.0 })
}

fn pairs(fusion: &Fusion) -> Vec<(usize, usize)> {
    fusion.fingers.iter().map(|c| (c.probe, c.reference)).collect()
}

fn assert_llr(fusion: &Fusion, expected: f64) {
    assert!((fusion.llr - expected).abs() < 1e-9, "{fusion:?}, expected {expected}");
    let sum: f64 = fusion.fingers.iter().map(|c| c.llr).sum();
    assert!((sum - fusion.penalty - fusion.llr).abs() < 1e-9, "{fusion:?}");
}

#[test]
fn declared_fingers_add_up_and_missing_ones_say_nothing() {
    let found = fuse(&[2, 3, 7], &[7, 2, 9], table(|p| [Some(1), None, Some(0)][p]));
    assert_eq!((found.positions, pairs(&found)), (Positions::AsDeclared, vec![(0, 1), (2, 0)]));
    assert_llr(&found, 18.0);
    assert!(found.penalty.abs() < 1e-12);
    // What was not compared is as missing as what is not there.
    let found = fuse(&[2, 7], &[2, 7], |p, r| (p == 0 && r == 0).then_some(5.0));
    assert_llr(&found, 5.0);
    assert_eq!(fuse(&[], &[1], |_, _| Some(3.0)).fingers, []);
    assert_llr(&fuse(&[1], &[1], |_, _| None), 0.0);
}

#[test]
fn one_finger_says_no_more_than_the_measured_range() {
    assert_llr(&fuse(&[1, 2], &[1, 2], |_, _| Some(400.0)), 2.0 * LLR_MAX);
    assert_llr(&fuse(&[1, 2], &[1, 2], |_, _| Some(-400.0)), 2.0 * LLR_MIN);
    assert_llr(&fuse(&[1], &[1], |_, _| Some(f64::NAN)), LLR_MIN);
}

#[test]
fn an_unknown_position_is_looked_for_and_pays_for_the_search() {
    let found = fuse(&[0], &[2, 3, 4, 7], table(|_| Some(2)));
    assert_eq!((found.positions, pairs(&found)), (Positions::Unknown, vec![(0, 2)]));
    assert_llr(&found, 9.0 - 4.0_f64.ln());
    assert_eq!(found.fingers[0].place, Place::Unknown);
    // Unknown on the other side, beside a pair that is declared and keeps its partner.
    let found = fuse(&[2, 3], &[0, 0, 2], table(|p| [Some(2), Some(1)][p]));
    assert_eq!((found.positions, pairs(&found)), (Positions::Unknown, vec![(0, 2), (1, 1)]));
    assert_llr(&found, 18.0 - 2.0_f64.ln());
    // Two of unknown position are assigned one to one: both want reference 0, one gets it.
    let found = fuse(&[0, 0], &[2, 3], |p, r| Some([[9.0, 1.0], [8.0, -6.0]][p][r]));
    assert_eq!(pairs(&found), [(0, 1), (1, 0)]);
    assert_llr(&found, 9.0 - 2.0_f64.ln());
    // Nor does one of unknown position take a reference from its declared partner, on either side.
    let found = fuse(&[2, 0], &[2], |p, _| Some([2.0, 9.0][p]));
    assert_eq!((found.positions, pairs(&found)), (Positions::AsDeclared, vec![(0, 0)]));
    let found = fuse(&[2], &[2, 0], |_, r| Some([2.0, 9.0][r]));
    assert_eq!((found.positions, pairs(&found)), (Positions::AsDeclared, vec![(0, 0)]));
    // Codes that name no single finger are unknown too.
    assert_eq!(fuse(&[13], &[2], |_, _| Some(9.0)).positions, Positions::Unknown);
}

#[test]
fn swapped_hands_are_seen_and_said() {
    let (probe, reference) = ([2, 3, 7, 8], [2, 3, 7, 8]);
    let found = fuse(&probe, &reference, table(|p| Some([2, 3, 0, 1][p])));
    assert_eq!((found.positions, pairs(&found)), (Positions::HandsSwapped, vec![(0, 2), (1, 3), (2, 0), (3, 1)]));
    assert!(found.fingers.iter().all(|c| c.place == Place::Mirrored));
    assert_llr(&found, 36.0 - MIX_UP_PENALTY);
    // One finger is enough to say it, where the other hand has no such finger enrolled.
    let found = fuse(&[7], &[2], |_, _| Some(9.0));
    assert_eq!(found.positions, Positions::HandsSwapped);
    assert_llr(&found, 9.0 - MIX_UP_PENALTY);
    // Thumbs to little fingers, each to its own.
    for position in 1..=5 {
        assert_eq!(Place::of(position, position + 5), Place::Mirrored);
        assert_eq!(Place::of(position + 5, position), Place::Mirrored);
    }
    assert_eq!(Place::of(2, 8), Place::Elsewhere);
}

#[test]
fn single_fingers_under_wrong_positions_are_found_among_the_others() {
    // Index and middle finger exchanged, the rest as declared.
    let hand = [1, 2, 3, 4];
    let found = fuse(&hand, &hand, table(|p| Some([0, 2, 1, 3][p])));
    assert_eq!((found.positions, pairs(&found)), (Positions::OutOfPlace, vec![(0, 0), (1, 2), (2, 1), (3, 3)]));
    let places: Vec<_> = found.fingers.iter().map(|c| c.place).collect();
    assert_eq!(places, [Place::Declared, Place::Elsewhere, Place::Elsewhere, Place::Declared]);
    assert_llr(&found, 36.0 - MIX_UP_PENALTY - 24.0_f64.ln());
}

#[test]
fn a_mix_up_must_explain_clearly_more_than_what_was_declared() {
    let between = |declared: f64, swapped: f64| {
        fuse(&[2], &[2, 7], move |_, r| Some(if r == 0 { declared } else { swapped })).positions
    };
    assert_eq!(between(3.0, 3.0 + MIX_UP_PENALTY - 0.01), Positions::AsDeclared);
    assert_eq!(between(3.0, 3.0 + MIX_UP_PENALTY + 0.01), Positions::HandsSwapped);
    // And it must speak for mates: among non-mates the less bad of two is no mix-up.
    assert_eq!(between(-14.0, MIX_UP_PENALTY - 0.01), Positions::AsDeclared);
}

#[test]
fn views_of_one_finger_are_not_several_fingers() {
    let found = fuse(&[2], &[2, 2, 2], |_, r| Some([4.0, 9.0, 1.0][r]));
    assert_eq!(pairs(&found), [(0, 1)]);
    assert_llr(&found, 9.0 - 3.0_f64.ln());
    assert_llr(&fuse(&[2, 2], &[2, 2], |_, _| Some(9.0)), 9.0 - 4.0_f64.ln());
}

/// Ratios of non-mates that are calibrated, so that the mean likelihood ratio is 1: normal with deviation s, mean -s^2/2.
#[test]
fn non_mates_gain_nothing_from_the_choice_of_an_assignment() {
    const DEVIATION: f64 = 2.0;
    let mut noise = Noise(7);
    let all: Vec<u8> = (1..=10).collect();
    for (probe, reference) in [(&[2_u8][..], &all[..]), (&[2, 7], &[2, 7]), (&[0, 0, 0], &[1, 2, 3, 4]), (&all, &all)] {
        const TRIALS: u32 = 4000;
        // P(llr >= t) is at most 1.02 e^-t for every t.
        let mut reached = [0_u32; 3];
        for _ in 0..TRIALS {
            let drawn: Vec<Vec<f64>> = probe
                .iter()
                .map(|_| reference.iter().map(|_| noise.normal() * DEVIATION - DEVIATION * DEVIATION / 2.0).collect())
                .collect();
            let found = fuse(probe, reference, |p, r| Some(drawn[p][r]));
            for (threshold, count) in [1.0, 2.0, 3.0].into_iter().zip(&mut reached) {
                *count += u32::from(found.llr >= threshold);
            }
        }
        for (threshold, count) in [1.0_f64, 2.0, 3.0].into_iter().zip(reached) {
            let bound = 1.02 * (-threshold).exp();
            let share = f64::from(count) / f64::from(TRIALS);
            let spread = 3.0 * (bound / f64::from(TRIALS)).sqrt();
            assert!(share <= bound + spread, "{probe:?} in {reference:?}: {share} reach {threshold}, bound {bound}");
        }
    }
}
