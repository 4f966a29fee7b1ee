//! The first guesses: groups of coarse slots that agree on one transform.

use super::HYPOTHESES_MAX;
use crate::plain::{Slot, Taps, agrees, rotation_index};
use crate::probe::Probe;

/// One guess: a lane of the coarse stage and the pairs that its transform explains.
#[derive(Debug)]
pub(super) struct Hypothesis {
    /// The lane that proposes the transform.
    pub lane: usize,
    /// What that lane holds.
    pub slot: Slot,
    /// The lane's support, 0..=3024.
    pub sum: u16,
    /// Probe and reference index of every pair in the support; the lane's own is one of them.
    pub pairs: Vec<(usize, usize)>,
}

/// The guesses to try, strongest first; none is made twice from the same support.
pub(super) fn hypotheses(probe: &Probe, taps: &Taps) -> Vec<Hypothesis> {
    let occupied: Vec<(usize, &Slot)> =
        taps.slots.iter().enumerate().filter_map(|(lane, slot)| Some((lane, slot.as_ref()?))).collect();
    let mut order = occupied.clone();
    order.sort_by_key(|&(lane, _)| (std::cmp::Reverse(taps.sums[lane]), lane));
    let mut explained = vec![false; taps.slots.len()];
    let mut found = Vec::with_capacity(HYPOTHESES_MAX);
    for proposal @ (lane, slot) in order {
        if found.len() == HYPOTHESES_MAX {
            break;
        }
        if explained[lane] {
            continue;
        }
        let row = probe.rotation(rotation_index(slot.d));
        let support = occupied.iter().filter(|&&other| agrees(row, proposal, other));
        let pairs: Vec<_> = support.map(|&(other, slot)| (other, usize::from(slot.index))).collect();
        for &(other, _) in &pairs {
            explained[other] = true;
        }
        found.push(Hypothesis { lane, slot: *slot, sum: taps.sums[lane], pairs });
    }
    found
}
