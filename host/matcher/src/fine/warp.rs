//! Skin stretches: places moved by what the correspondences around them show, instead of by one transform for all.
//!
//! Each probe minutia is expected where the correspondences near it, its own left out, say that it went; it is matched
//! again from there. Mates' displacements change slowly over the finger, so the misses of true matches shrink; those of
//! accidental ones do not. The constants were chosen on the development set, whose figures hardly depend on them.

use super::alignment::{Alignment, Pair, Place, assign, collect, distance_squared, place};
use super::{ANGLE_TOLERANCE, Correspondence};

/// Twice the square of the distance, in pixels, over which a correspondence speaks for its surroundings: 50 px.
const REACH: f64 = 2.0 * 50.0 * 50.0;
/// Weight of no displacement at all, beside 1 of a correspondence at the place itself.
const STIFFNESS: f64 = 0.3;
/// Corresponding minutiae are at most this far apart after the warp of each round, in pixels.
const TOLERANCES: [f64; 2] = [16.0, 12.0];

/// Warps and matches in turns, from an alignment on. Gives where each probe minutia is expected, and the correspondences
/// with what they miss it by.
pub(super) fn warp(pair: &Pair, alignment: &Alignment) -> (Vec<Place>, Vec<Correspondence>) {
    let mut correspondences = alignment.correspondences.clone();
    let mut expected = alignment.moved.clone();
    let mut candidates = Vec::new();
    for tolerance in TOLERANCES {
        let angles = bend(pair, alignment, &correspondences, &mut expected);
        collect(pair, &angles, &expected, (tolerance, tolerance), &mut candidates);
        correspondences = assign(pair, &mut candidates);
    }
    for nth in 0..correspondences.len() {
        let at = alignment.moved[usize::from(correspondences[nth].probe)];
        let others = correspondences.iter().enumerate().filter(|&(other, _)| other != nth);
        let near = |c: &Correspondence| nearness(at, alignment.moved[usize::from(c.probe)]);
        let support = others.fold(0.0, |sum, (_, c)| sum + near(c));
        let c = &mut correspondences[nth];
        c.support = support;
        c.displacement = distance_squared(at, place(&pair.reference[usize::from(c.reference)])).sqrt();
    }
    (expected, correspondences)
}

/// How much a correspondence at one place says about another, 0..=1.
fn nearness(a: Place, b: Place) -> f64 {
    libm::exp(-distance_squared(a, b) / REACH)
}

/// What one correspondence shows about its surroundings.
struct Shown {
    probe: usize,
    at: Place,
    by: Place,
    turn: f64, // beyond the transform's, in 1/256 turn
}

/// Displaces every probe minutia by the others' correspondences and gives the angle by which each is turned.
fn bend(pair: &Pair, alignment: &Alignment, correspondences: &[Correspondence], expected: &mut [Place]) -> Vec<f64> {
    let transform = &alignment.transform;
    let shown: Vec<Shown> = correspondences
        .iter()
        .map(|c| {
            let (probe, reference) = (usize::from(c.probe), &pair.reference[usize::from(c.reference)]);
            let (at, to) = (alignment.moved[probe], place(reference));
            let turned = f64::from(reference.angle.wrapping_sub(pair.probe[probe].angle) as i8);
            Shown { probe, at, by: (to.0 - at.0, to.1 - at.1), turn: wrapped(turned - transform.angle) }
        })
        .collect();
    let mut angles = Vec::with_capacity(expected.len());
    for (k, (expected, &at)) in expected.iter_mut().zip(&alignment.moved).enumerate() {
        let (mut weight, mut x, mut y, mut turn) = (STIFFNESS, 0.0, 0.0, 0.0);
        for other in shown.iter().filter(|other| other.probe != k) {
            let near = nearness(at, other.at);
            weight += near;
            x += near * other.by.0;
            y += near * other.by.1;
            turn += near * other.turn;
        }
        *expected = (at.0 + x / weight, at.1 + y / weight);
        angles.push(wrapped(transform.angle + turn / weight));
    }
    debug_assert!(correspondences.iter().all(|c| c.angle_difference <= ANGLE_TOLERANCE), "turns are small");
    angles
}

/// An angle of less than 1.5 turns, in -128..128.
fn wrapped(angle: f64) -> f64 {
    if angle >= 128.0 {
        angle - 256.0
    } else if angle < -128.0 {
        angle + 256.0
    } else {
        angle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fine::Transform;
    use crate::record::{Record, RecordMinutia};

    /// Minutiae on a grid whose right half is pushed up, the more the further right.
    fn stretched() -> (Record, Record) {
        let at = |x: i16, y: i16| RecordMinutia { x, y, angle: (x / 2 + y) as u8, ..RecordMinutia::default() };
        let places = (-3..=3).flat_map(|a| (-3..=3).map(move |b| (40 * a, 40 * b)));
        let push = |x: i16| if x > 0 { x / 6 } else { 0 };
        let probe = places.clone().map(|(x, y)| at(x, y)).collect();
        let reference = places.map(|(x, y)| RecordMinutia { angle: at(x, y).angle, ..at(x, y + push(x)) }).collect();
        (Record { minutiae: probe }, Record { minutiae: reference })
    }

    #[test]
    fn what_a_stretch_moved_is_expected_where_it_went() {
        let (probe, reference) = stretched();
        let pair = Pair::new(&probe, &reference);
        let moved: Vec<Place> = probe.minutiae.iter().map(place).collect();
        let of = |nth: usize, distance| Correspondence {
            probe: nth as u8,
            reference: nth as u8,
            distance,
            ..Correspondence::default()
        };
        // The rightmost column, pushed by 20 px, was beyond the tolerance of the rigid transform.
        let pushed = |nth: usize| distance_squared(moved[nth], place(&reference.minutiae[nth])).sqrt();
        let correspondences =
            (0..moved.len()).filter(|&nth| pushed(nth) < 18.0).map(|nth| of(nth, pushed(nth))).collect::<Vec<_>>();
        assert_eq!(correspondences.len(), 42);
        let alignment = Alignment { transform: Transform::IDENTITY, moved: moved.clone(), correspondences };
        let (_, found) = warp(&pair, &alignment);
        assert_eq!(found.len(), 49);
        for c in &found {
            assert_eq!(c.probe, c.reference);
            assert!((c.displacement - pushed(c.probe.into())).abs() < 1e-9);
            assert!(c.distance < 8.0 && c.distance <= c.displacement + 4.0, "{c:?}");
            assert!(c.support > 1.0);
        }
    }

    #[test]
    fn a_minutia_does_not_vouch_for_itself() {
        let at = |x| RecordMinutia { x, ..RecordMinutia::default() };
        let (probe, reference) =
            (Record { minutiae: vec![at(0), at(500)] }, Record { minutiae: vec![at(10), at(500)] });
        let pair = Pair::new(&probe, &reference);
        let of = |nth| Correspondence { probe: nth, reference: nth, ..Correspondence::default() };
        let alignment = Alignment {
            transform: Transform::IDENTITY,
            moved: vec![(0.0, 0.0), (500.0, 0.0)],
            correspondences: vec![of(0), of(1)],
        };
        let (expected, found) = warp(&pair, &alignment);
        assert!(expected[0].0.abs() < 1e-6, "its own displacement of 10 px is not used: {expected:?}");
        assert!(found.iter().all(|c| c.support < 1e-6));
    }
}
