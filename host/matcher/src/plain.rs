//! The comparison in the words of MATCHER 3: slow, total, and the judge of every faster one.
//!
//! Names are those of the specification: H distances, s weights, j and k lanes, d angle
//! differences, e the translation that a lane proposes.

use whorl_layout::{DISTANCE_CEILING, LANES};

use crate::probe::{Probe, RotationRow};
use crate::record::{PackedRecord, Record, RecordError, unpack_geometry};
use crate::score::{Comparison, score16};

/// HT: a pair of minutiae at this Hamming distance or more is no candidate.
pub(crate) const CEILING: u8 = DISTANCE_CEILING as u8;

/// What a lane holds after pass A: the reference minutia that it accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// gx: X of the reference minutia.
    pub x: i16,
    /// gy: Y of the reference minutia.
    pub y: i16,
    /// d: angle of the reference minutia less the lane's, in 1/256 turn.
    pub d: i8,
    /// Index of the reference minutia in its record.
    pub index: u8,
}

/// The lane that won one reference minutia.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Winner {
    /// The lane with the smallest distance; the smallest such lane.
    pub lane: u8,
    /// That distance, below 59.
    pub distance: u8,
    /// Whether the lane took the minutia, that is, held nothing as near.
    pub accepted: bool,
}

/// Every intermediate value of one comparison, by lane unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taps {
    /// H: distance of the accepted reference minutia, 59 if none.
    pub distances: Vec<u8>,
    /// The accepted reference minutiae.
    pub slots: Vec<Option<Slot>>,
    /// s: weights, 0..=63.
    pub weights: Vec<u8>,
    /// Supports, 0..=3024; 0 for lanes without a slot.
    pub sums: Vec<u16>,
    /// Who won each reference minutia, in record order; `None` if no lane was a candidate.
    pub winners: Vec<Option<Winner>>,
    /// The outcome.
    pub comparison: Comparison,
}

/// Compares and keeps every intermediate value. `gate` is in 1/256 turn, 0..=127.
///
/// # Errors
/// As [`Record::check`] on the reference.
pub fn taps(probe: &Probe, reference: &Record, gate: u8) -> Result<Taps, RecordError> {
    reference.check()?;
    let packed = reference.to_bytes();
    let packed = PackedRecord::only(&packed)?;
    let mut winners = Vec::with_capacity(packed.count());
    let lanes = pass_a(probe, &packed, gate, |winner| winners.push(winner));
    let sums = pass_b(probe, &lanes);
    let count = probe.minutiae().len();
    Ok(Taps {
        distances: lanes.distances[..count].to_vec(),
        slots: lanes.slots[..count].to_vec(),
        weights: lanes.distances[..count].iter().map(|&h| weight(h)).collect(),
        sums: sums[..count].to_vec(),
        winners,
        comparison: finish(&sums, count, packed.count()),
    })
}

/// Compares a probe with one packed reference. `gate` is in 1/256 turn, 0..=127.
pub fn compare(probe: &Probe, reference: &PackedRecord, gate: u8) -> Comparison {
    let lanes = pass_a(probe, reference, gate, |_| ());
    let sums = pass_b(probe, &lanes);
    finish(&sums, probe.minutiae().len(), reference.count())
}

/// State of the lanes between the passes.
struct Lanes {
    distances: [u8; LANES],
    slots: [Option<Slot>; LANES],
}

/// s8: the difference as a signed byte.
fn s8(difference: i32) -> i8 {
    difference as i8
}

/// Pass A: every reference minutia goes to the lane nearest to it, and every lane keeps the nearest.
fn pass_a(probe: &Probe, reference: &PackedRecord, gate: u8, mut tap: impl FnMut(Option<Winner>)) -> Lanes {
    let gate = i32::from(gate.min(crate::GATE_MAX));
    let mut lanes = Lanes { distances: [CEILING; LANES], slots: [None; LANES] };
    for i in 0..reference.count() {
        let (descriptor, word) = reference.field(i);
        let di = u128::from_le_bytes(*descriptor);
        let (x, y, ti) = unpack_geometry(word);

        let mut nearest: Option<(u8, usize, i8)> = None; // h, j, d
        for (j, lane) in probe.minutiae().iter().enumerate() {
            let d = s8(i32::from(ti) - i32::from(lane.angle));
            let h = (di ^ u128::from_le_bytes(lane.descriptor)).count_ones() as u8;
            let candidate = (-gate..=gate).contains(&i32::from(d)) && h < CEILING;
            if candidate && nearest.is_none_or(|(least, _, _)| h < least) {
                nearest = Some((h, j, d));
            }
        }

        tap(nearest.map(|(h, j, _)| Winner { lane: j as u8, distance: h, accepted: h < lanes.distances[j] }));
        if let Some((h, j, d)) = nearest
            && h < lanes.distances[j]
        {
            lanes.distances[j] = h;
            lanes.slots[j] = Some(Slot { x, y, d, index: i as u8 });
        }
    }
    lanes
}

/// s: how much a pair at Hamming distance `h` counts, 0..=63.
pub(crate) const fn weight(h: u8) -> u8 {
    if h >= CEILING {
        return 0;
    }
    let weight = ((CEILING - h) as u16 * 11) >> 3;
    if weight < 63 { weight as u8 } else { 63 }
}

/// r: the rotation row for an angle difference, 0..=63.
pub(crate) const fn rotation_index(d: i8) -> usize {
    (((d as i32 + 2) & 255) >> 2) as usize
}

/// Whether occupied lane k is in the support of occupied lane j, whose rotation row is `row`: what j proposes takes
/// k's minutia to about where k's slot is.
pub(crate) fn agrees(row: &RotationRow, (j, slot_j): (usize, &Slot), (k, slot_k): (usize, &Slot)) -> bool {
    let turned = i32::from(slot_k.d) - i32::from(slot_j.d);
    let (ex, ey) = (i32::from(slot_j.x) - i32::from(row.x[j]), i32::from(slot_j.y) - i32::from(row.y[j]));
    let fx = i32::from(slot_k.x) - i32::from(row.x[k]) - ex;
    let fy = i32::from(slot_k.y) - i32::from(row.y[k]) - ey;
    (-16..=15).contains(&turned) && (-12..=11).contains(&fx) && (-12..=11).contains(&fy)
}

/// Pass B: each occupied lane proposes a rotation and a translation; its support is the weight of
/// all lanes that agree.
fn pass_b(probe: &Probe, lanes: &Lanes) -> [u16; LANES] {
    let mut sums = [0; LANES];
    for (j, slot_j) in lanes.slots.iter().enumerate() {
        let Some(slot_j) = slot_j else { continue };
        let row = probe.rotation(rotation_index(slot_j.d));
        for (k, slot_k) in lanes.slots.iter().enumerate() {
            let Some(slot_k) = slot_k else { continue };
            if agrees(row, (j, slot_j), (k, slot_k)) {
                sums[j] += u16::from(weight(lanes.distances[k]));
            }
        }
    }
    sums
}

/// The largest support, its first lane, and the score.
fn finish(sums: &[u16; LANES], probe_count: usize, reference_count: usize) -> Comparison {
    let mut best = 0;
    let mut reference_lane = None;
    for (j, &sum) in sums.iter().enumerate() {
        if sum > best {
            best = sum;
            reference_lane = Some(j as u8);
        }
    }
    Comparison { score: score16(best, probe_count, reference_count), best, reference_lane }
}
