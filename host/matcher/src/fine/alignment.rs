//! From a guess to a transform and one-to-one correspondences, each improving the other.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::hypothesis::Hypothesis;
use super::{ANGLE_TOLERANCE, Correspondence, DISTANCE_TOLERANCE, FIRST_DISTANCE_TOLERANCE, Transform};
use crate::record::{Record, RecordMinutia};

/// Rounds of fitting and matching.
const ROUNDS: usize = 3;
/// What an angle counts in the fit beside a place: pixels squared.
const ANGLE_WEIGHT: f64 = 400.0;

/// Cosine and sine of every angle byte.
static DIRECTIONS: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let radians = |byte: i32| f64::from(byte) * PI / 128.0;
    (0..256).map(|byte| (libm::cos(radians(byte)), libm::sin(radians(byte)))).collect()
});

/// A place in pixels at 500 ppi, y up, from a finger's centroid.
pub(super) type Place = (f64, f64);

/// Where a minutia is.
pub(super) fn place(minutia: &RecordMinutia) -> Place {
    (f64::from(minutia.x), f64::from(minutia.y))
}

/// Square of the distance of two places.
pub(super) fn distance_squared(a: Place, b: Place) -> f64 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    dx * dx + dy * dy
}

/// The two fingers of a comparison, laid out for the search for neighbours.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    /// The probe's minutiae.
    pub probe: &'a [RecordMinutia],
    /// The reference's minutiae.
    pub reference: &'a [RecordMinutia],
    /// Places of the reference's minutiae from left to right.
    columns: Vec<f64>,
    /// Their indices in the record.
    indices: Vec<usize>,
}

impl<'a> Pair<'a> {
    /// Sorts the reference.
    pub(super) fn new(probe: &'a Record, reference: &'a Record) -> Self {
        let (probe, reference) = (&probe.minutiae[..], &reference.minutiae[..]);
        let mut indices: Vec<usize> = (0..reference.len()).collect();
        indices.sort_unstable_by_key(|&index| (reference[index].x, index));
        let columns = indices.iter().map(|&index| f64::from(reference[index].x)).collect();
        Self { probe, reference, columns, indices }
    }

    /// Reference minutiae whose column is within `radius` of `x`.
    pub(super) fn around(&self, x: f64, radius: f64) -> &[usize] {
        let start = self.columns.partition_point(|&column| column < x - radius);
        let length = self.columns[start..].partition_point(|&column| column <= x + radius);
        &self.indices[start..start + length]
    }
}

/// What became of a guess.
#[derive(Debug)]
pub(super) struct Alignment {
    /// The last transform that was fitted.
    pub transform: Transform,
    /// Where it takes the probe's minutiae.
    pub moved: Vec<Place>,
    /// The correspondences under it, cheapest first.
    pub correspondences: Vec<Correspondence>,
}

/// Fits and matches in turns, from the guess on.
pub(super) fn align(pair: &Pair, hypothesis: &Hypothesis) -> Alignment {
    let mut pairs = hypothesis.pairs.clone();
    let mut candidates = Vec::new();
    let mut angles = vec![0.0; pair.probe.len()];
    let mut round = 0;
    loop {
        let transform = if pairs.len() >= 2 { fit(pair, &pairs) } else { propose(pair, hypothesis) };
        let moved: Vec<Place> = pair.probe.iter().map(|m| transform.apply(place(m))).collect();
        let tolerance = if round == 0 { FIRST_DISTANCE_TOLERANCE } else { DISTANCE_TOLERANCE };
        angles.fill(transform.angle);
        collect(pair, &angles, &moved, (tolerance, DISTANCE_TOLERANCE), &mut candidates);
        let correspondences = assign(pair, &mut candidates);
        round += 1;
        if correspondences.len() < 2 || round == ROUNDS {
            return Alignment { transform, moved, correspondences };
        }
        pairs.clear();
        pairs.extend(correspondences.iter().map(|c| (usize::from(c.probe), usize::from(c.reference))));
    }
}

/// The transform of the guess alone: its lane's angle, and its lane's minutia taken to the slot.
fn propose(pair: &Pair, hypothesis: &Hypothesis) -> Transform {
    let Hypothesis { lane, slot, .. } = hypothesis;
    let (cosine, sine) = DIRECTIONS[usize::from(slot.d as u8)];
    let from = place(&pair.probe[*lane]);
    Transform::through(f64::from(slot.d), (cosine, sine), from, (slot.x.into(), slot.y.into()))
}

/// The rotation about the centroids that fits places and angles best, and the centroids' translation.
fn fit(pair: &Pair, pairs: &[(usize, usize)]) -> Transform {
    let count = pairs.len() as f64;
    let (mut a, mut b) = ((0.0, 0.0), (0.0, 0.0));
    for &(k, i) in pairs {
        let (p, g) = (place(&pair.probe[k]), place(&pair.reference[i]));
        a = (a.0 + p.0, a.1 + p.1);
        b = (b.0 + g.0, b.1 + g.1);
    }
    let (a, b) = ((a.0 / count, a.1 / count), (b.0 / count, b.1 / count));
    let (mut along, mut across) = (0.0, 0.0);
    for &(k, i) in pairs {
        let (probe, reference) = (&pair.probe[k], &pair.reference[i]);
        let (p, g) = (place(probe), place(reference));
        let (p, g) = ((p.0 - a.0, p.1 - a.1), (g.0 - b.0, g.1 - b.1));
        let (cosine, sine) = DIRECTIONS[usize::from(reference.angle.wrapping_sub(probe.angle))];
        along += p.0 * g.0 + p.1 * g.1 + ANGLE_WEIGHT * cosine;
        across += p.0 * g.1 - p.1 * g.0 + ANGLE_WEIGHT * sine;
    }
    let length = (along * along + across * across).sqrt();
    let direction = if length > 0.0 { (along / length, across / length) } else { (1.0, 0.0) };
    Transform::through(libm::atan2(across, along) * 128.0 / PI, direction, a, b)
}

/// A pair of minutiae that may correspond, and how badly it fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    cost: f64,
    correspondence: Correspondence,
}

/// Every pair within the tolerances, given where each probe minutia is expected and by how much it is turned. A
/// distance of `unit` pixels costs 1.
pub(super) fn collect(
    pair: &Pair,
    angles: &[f64],
    moved: &[Place],
    (tolerance, unit): (f64, f64),
    candidates: &mut Vec<Candidate>,
) {
    candidates.clear();
    for (k, ((probe, &at), &angle)) in pair.probe.iter().zip(moved).zip(angles).enumerate() {
        for &i in pair.around(at.0, tolerance) {
            let reference = &pair.reference[i];
            let squared = distance_squared(at, place(reference));
            if squared > tolerance * tolerance {
                continue;
            }
            let angle_difference = turned_by(reference.angle.wrapping_sub(probe.angle), angle);
            if angle_difference > ANGLE_TOLERANCE {
                continue;
            }
            let distance = squared.sqrt();
            let hamming = hamming(&probe.descriptor, &reference.descriptor);
            let cost = distance / unit + angle_difference / ANGLE_TOLERANCE + f64::from(hamming) / 64.0;
            let correspondence = Correspondence {
                probe: k as u8,
                reference: i as u8,
                distance,
                angle_difference,
                hamming,
                displacement: distance,
                support: 0.0,
            };
            candidates.push(Candidate { cost, correspondence });
        }
    }
}

/// One to one, greedily from the cheapest; the smaller probe index, then reference index, goes first among equals.
pub(super) fn assign(pair: &Pair, candidates: &mut [Candidate]) -> Vec<Correspondence> {
    candidates.sort_unstable_by(|a, b| {
        let indices = |c: &Candidate| (c.correspondence.probe, c.correspondence.reference);
        a.cost.total_cmp(&b.cost).then_with(|| indices(a).cmp(&indices(b)))
    });
    let mut probe_taken = vec![false; pair.probe.len()];
    let mut reference_taken = vec![false; pair.reference.len()];
    let mut correspondences = Vec::with_capacity(pair.probe.len());
    for Candidate { correspondence, .. } in candidates {
        let (k, i) = (usize::from(correspondence.probe), usize::from(correspondence.reference));
        if !probe_taken[k] && !reference_taken[i] {
            probe_taken[k] = true;
            reference_taken[i] = true;
            correspondences.push(*correspondence);
        }
    }
    correspondences
}

/// By how much a pair's angle difference misses the transform's, 0..=128 in 1/256 turn.
fn turned_by(difference: u8, angle: f64) -> f64 {
    let miss = (f64::from(difference as i8) - angle).abs(); // both within half a turn of zero
    if miss > 128.0 { 256.0 - miss } else { miss }
}

fn hamming(a: &[u8; 16], b: &[u8; 16]) -> u8 {
    (u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b)).count_ones() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_is_taken_the_short_way_round() {
        for (difference, angle, miss) in [(120, -126.0, 10.0), (129, 126.0, 3.0), (128, 127.5, 0.5), (5, -3.0, 8.0)] {
            assert!((turned_by(difference, angle) - miss).abs() < 1e-12, "{difference} against {angle}");
        }
    }
}
