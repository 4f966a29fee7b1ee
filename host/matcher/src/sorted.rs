//! The lanes of a probe in order of angle, laid out so that one load fetches a byte of 32 descriptors.
//!
//! The lanes that pass the gate for one reference minutia are neighbours on the circle of angles.
//! Sorted by angle and repeated, they are one run of places, so lanes outside the gate cost nothing.

use whorl_layout::LANES;

use crate::record::RecordMinutia;

/// Bytes of a descriptor, one plane each.
pub(crate) const PLANES: usize = 16;
/// Lanes that are compared at once.
pub(crate) const CHUNK: usize = 32;
/// Places from which a chunk may start: a power of two, so that masking an index proves it in range.
pub(crate) const STARTS: usize = 128;
/// Places of a plane.
pub(crate) const PLACES: usize = STARTS + CHUNK;

/// A probe's lanes by angle. Place p and place p + count hold the same lane.
#[derive(Debug, Clone)]
pub(crate) struct SortedLanes {
    /// Byte b of the descriptor at each place.
    pub planes: [[u8; PLACES]; PLANES],
    /// The lane at each place.
    pub lanes: [u8; PLACES],
    /// Lanes with an angle below a, for a in 0..=256.
    below: [u8; 257],
    count: u8,
}

/// A run of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// First place, below 48.
    pub start: usize,
    /// Number of places, at most 48.
    pub length: usize,
}

impl SortedLanes {
    /// Sorts at most 48 lanes.
    pub(crate) fn new(minutiae: &[RecordMinutia]) -> Self {
        debug_assert!(minutiae.len() <= LANES);
        let mut order: Vec<usize> = (0..minutiae.len()).collect();
        order.sort_by_key(|&lane| minutiae[lane].angle);
        let mut sorted =
            Self { planes: [[0; PLACES]; PLANES], lanes: [0; PLACES], below: [0; 257], count: minutiae.len() as u8 };
        for (place, &lane) in order.iter().cycle().take(if order.is_empty() { 0 } else { PLACES }).enumerate() {
            sorted.lanes[place] = lane as u8;
            for (plane, &byte) in sorted.planes.iter_mut().zip(&minutiae[lane].descriptor) {
                plane[place] = byte;
            }
        }
        for (angle, below) in sorted.below.iter_mut().enumerate() {
            *below = minutiae.iter().filter(|m| usize::from(m.angle) < angle).count() as u8;
        }
        sorted
    }

    /// The lanes whose angle differs from `angle` by at most `gate` (0..=127).
    pub(crate) fn within(&self, angle: u8, gate: u8) -> Run {
        let (low, high) = (angle.wrapping_sub(gate), angle.wrapping_add(gate));
        let start = usize::from(self.below[usize::from(low)]);
        let end = usize::from(self.below[usize::from(high) + 1]);
        // The angles wrap past zero when the high one is below the low one.
        let turns = if high < low { usize::from(self.count) } else { 0 };
        Run { start, length: end + turns - start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutiae(angles: &[u8]) -> Vec<RecordMinutia> {
        let with_angle = |(lane, &angle): (usize, &u8)| RecordMinutia {
            angle,
            descriptor: [lane as u8; PLANES],
            ..RecordMinutia::default()
        };
        angles.iter().enumerate().map(with_angle).collect()
    }

    #[test]
    fn a_run_holds_exactly_the_lanes_within_the_gate() {
        let angles: Vec<u8> = (0..48_u8).map(|lane| lane.wrapping_mul(77).wrapping_add(5) / 3 * 3).collect();
        for count in [0, 1, 2, 31, 48] {
            let minutiae = minutiae(&angles[..count]);
            let sorted = SortedLanes::new(&minutiae);
            for gate in 0..=127_u8 {
                for angle in 0..=255_u8 {
                    let run = sorted.within(angle, gate);
                    let mut found: Vec<u8> = sorted.lanes[run.start..run.start + run.length].to_vec();
                    found.sort_unstable();
                    let difference = |m: &RecordMinutia| i32::from(angle.wrapping_sub(m.angle) as i8).abs();
                    let expected: Vec<u8> = (0..count)
                        .filter(|&lane| difference(&minutiae[lane]) <= i32::from(gate))
                        .map(|lane| lane as u8)
                        .collect();
                    assert_eq!(found, expected, "{count} lanes, angle {angle}, gate {gate}");
                }
            }
        }
    }

    #[test]
    fn planes_follow_the_lanes() {
        let sorted = SortedLanes::new(&minutiae(&[200, 10, 100]));
        assert_eq!(sorted.lanes[..6], [1, 2, 0, 1, 2, 0]);
        assert!(sorted.planes.iter().all(|plane| *plane == sorted.lanes));
    }
}
