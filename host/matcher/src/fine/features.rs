//! What an alignment is worth, in numbers that a weighted sum can judge.

use super::alignment::{Alignment, Pair, Place, distance_squared, place};
use super::{ANGLE_TOLERANCE, Correspondence, DISTANCE_TOLERANCE};

/// A minutia with a partner nearer than this lies where both fingers were seen, in pixels.
const OVERLAP_RADIUS: f64 = 45.0;
/// Matches further apart than this say little about each other: skin stretches. Pixels.
const NEIGHBOUR_DISTANCE: f64 = 120.0;
/// A distance that changed by this much between the fingers counts nothing, in pixels.
const STRETCH: f64 = 10.0;
/// Twice the variance of a mated minutia's place about the expected one: 5 px.
const DISTANCE_SPREAD: f64 = 2.0 * 5.0 * 5.0;
/// Twice the variance of its angle: 8/256 turn.
const ANGLE_SPREAD: f64 = 2.0 * 8.0 * 8.0;
/// Hamming distance of unrelated descriptors.
const UNRELATED: u8 = 64;

/// The features of a comparison, with MATCHER's letters. All are 0 where nothing could be aligned.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Features {
    /// S: the coarse comparison score divided by 256, 0..256.
    pub coarse: f64,
    /// Q: sum over the correspondences of how well place, angle and descriptor agree, 0..=1 each.
    pub agreement: f64,
    /// R: correspondences as a share of the minutiae in the overlap of the two fingers.
    pub matched_share: f64,
    /// T: `agreement` as a share of the same.
    pub agreement_share: f64,
    /// U: support of the lane that made the guess, divided by 64, 0..=47.25.
    pub support: f64,
    /// A: side of a square as large as the bounding box of the matched minutiae, in 100 pixels.
    pub extent: f64,
    /// D: how many neighbours at an unchanged distance a match has, on average.
    pub rigidity: f64,
    /// n: the number of correspondences, 0..=48.
    pub matches: u8,
}

impl Features {
    /// Measures an alignment that began with support `sum`.
    pub(super) fn of(pair: &Pair, alignment: &Alignment, coarse_score: u16, sum: u16) -> Self {
        let correspondences = &alignment.correspondences;
        let matches = correspondences.len() as f64;
        let agreement = correspondences.iter().fold(0.0, |sum, c| sum + agreement(c));
        let overlap = overlap(pair, &alignment.moved);
        let share = |part: f64| if overlap > 0.0 { part / overlap } else { 0.0 };
        Self {
            coarse: f64::from(coarse_score) / 256.0,
            agreement,
            matched_share: share(matches),
            agreement_share: share(agreement),
            support: f64::from(sum) / 64.0,
            extent: extent(alignment),
            rigidity: rigidity(pair, correspondences),
            matches: correspondences.len() as u8,
        }
    }
}

/// The features of the same alignment after the warp. All are 0 where nothing could be aligned.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WarpedFeatures {
    /// Sum over the correspondences of how well place, angle and descriptor agree with what was expected, 0..=1 each.
    pub agreement: f64,
    /// The same sum over place and angle, each weighted by s / (1 + s) of its support s.
    pub supported_agreement: f64,
    /// Geometric mean of the numbers of minutiae that each finger has in the overlap, 0..=96.
    pub overlap: f64,
    /// Mean displacement of the correspondences from the transform, in pixels.
    pub displacement: f64,
    /// The number of correspondences, 0..=48.
    pub matches: u8,
    /// Merit of the best other alignment that differs from this one: high if the fingers fit in several ways.
    pub rival: f64,
}

impl WarpedFeatures {
    /// Measures correspondences of minutiae that were expected at certain places.
    pub(super) fn of(pair: &Pair, expected: &[Place], correspondences: &[Correspondence]) -> Self {
        let mut found =
            Self { overlap: overlap(pair, expected), matches: correspondences.len() as u8, ..Self::default() };
        for c in correspondences {
            let near = libm::exp(
                -c.distance * c.distance / DISTANCE_SPREAD - c.angle_difference * c.angle_difference / ANGLE_SPREAD,
            );
            found.agreement += near * f64::from(UNRELATED.saturating_sub(c.hamming)) / f64::from(UNRELATED);
            found.supported_agreement += near * c.support / (1.0 + c.support);
            found.displacement += c.displacement;
        }
        found.displacement /= correspondences.len().max(1) as f64;
        found
    }

    /// What warped alignments of one comparison are chosen by; higher is better.
    pub(super) fn merit(&self) -> f64 {
        let share = if self.overlap > 0.0 { self.agreement / self.overlap } else { 0.0 };
        self.agreement * (0.4 + share)
    }
}

/// How well the two minutiae of a correspondence agree, 0..=1.
fn agreement(c: &Correspondence) -> f64 {
    let within = |value: f64, limit: f64| (1.0 - value / limit).max(0.0);
    within(c.distance, DISTANCE_TOLERANCE)
        * within(c.angle_difference, ANGLE_TOLERANCE)
        * (f64::from(UNRELATED.saturating_sub(c.hamming)) / f64::from(UNRELATED))
}

/// Geometric mean of the numbers of minutiae that each finger has in the area that both show.
fn overlap(pair: &Pair, moved: &[Place]) -> f64 {
    let mut reference_seen = vec![false; pair.reference.len()];
    let mut probe_count = 0_u32;
    for &at in moved {
        let mut seen = false;
        for &i in pair.around(at.0, OVERLAP_RADIUS) {
            if distance_squared(at, place(&pair.reference[i])) < OVERLAP_RADIUS * OVERLAP_RADIUS {
                reference_seen[i] = true;
                seen = true;
            }
        }
        probe_count += u32::from(seen);
    }
    let reference_count = reference_seen.iter().filter(|&&seen| seen).count() as u32;
    f64::from(probe_count * reference_count).sqrt()
}

/// Side of a square as large as the bounding box of the matched minutiae, in 100 pixels.
fn extent(alignment: &Alignment) -> f64 {
    if alignment.correspondences.len() < 2 {
        return 0.0;
    }
    let places = || alignment.correspondences.iter().map(|c| alignment.moved[usize::from(c.probe)]);
    let span = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        high - low
    };
    (span(&mut places().map(|at| at.0)) * span(&mut places().map(|at| at.1))).sqrt() / 100.0
}

/// How many neighbours at an unchanged distance a match has, on average.
fn rigidity(pair: &Pair, correspondences: &[Correspondence]) -> f64 {
    let places: Vec<_> = correspondences
        .iter()
        .map(|c| (place(&pair.probe[usize::from(c.probe)]), place(&pair.reference[usize::from(c.reference)])))
        .collect();
    let mut sum = 0.0;
    for (nth, a) in places.iter().enumerate() {
        for b in &places[nth + 1..] {
            let squared = distance_squared(a.0, b.0);
            if squared <= NEIGHBOUR_DISTANCE * NEIGHBOUR_DISTANCE {
                let change = (squared.sqrt() - distance_squared(a.1, b.1).sqrt()).abs();
                sum += (1.0 - change / STRETCH).max(0.0);
            }
        }
    }
    if places.is_empty() { 0.0 } else { sum / places.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fine::Transform;
    use crate::record::{Record, RecordMinutia};

    #[test]
    fn an_alignment_of_nothing_has_no_share_of_it() {
        let at = |x| Record { minutiae: vec![RecordMinutia { x, ..RecordMinutia::default() }; 3] };
        let (probe, reference) = (at(0), at(500));
        let pair = Pair::new(&probe, &reference);
        let alignment =
            Alignment { transform: Transform::IDENTITY, moved: vec![(0.0, 0.0); 3], correspondences: Vec::new() };
        let features = Features::of(&pair, &alignment, 512, 64);
        assert_eq!(features, Features { coarse: 2.0, support: 1.0, ..Features::default() });
    }
}
