//! Fusion: what several fingers say together about one subject.
//!
//! Each compared pair of fingers gives a log-likelihood ratio (natural log). Ratios are clipped to [[`LLR_MIN`],
//! [`LLR_MAX`]], the range in which MATCHER 7 measured fusion, and summed: fingers are taken as independent. A
//! finger that is missing on either side says nothing. Several views of one position are one finger, and its ratio
//! is that of their best pair less the log of the number of pairs.
//!
//! # Positions
//! Finger positions are those of ISO/IEC 19794-2:2005 7.4.2.1: 1 to 5 right thumb to little, 6 to 10 left thumb to
//! little; anything else is taken as unknown. They may be wrong, so there are three readings of who is who:
//!
//! - **as declared**: equal positions belong together. Fingers of unknown position are assigned one to one to those
//!   that have no declared partner;
//! - **hands swapped**: the same after right and left of the probe were exchanged;
//! - **out of place**: any finger with any other, one to one.
//!
//! Each reading takes its best assignment and pays for the choice: the log of the number of assignments that it
//! chose from and, unless it is the declared one, [`MIX_UP_PENALTY`]. So each reading's likelihood ratio is at most
//! the mean over its assignments, and for non-mates the ratios of all readings together have an expectation of at
//! most 1 + 2/100: free choice gains non-mates no more than that. A reading other than the declared one is taken only
//! where it speaks for mates and explains more than the declared one, or where no declared pair was compared.

mod assignment;
mod first_pass;

use crate::calibration::Calibration;
use assignment::{Pairs, best, log_count};
pub use first_pass::first_pass;

/// Smallest log-likelihood ratio of a finger (MATCHER 7): one bad impression does not outweigh everything.
pub const LLR_MIN: f64 = -14.0;
/// Largest log-likelihood ratio of a finger (MATCHER 7): the training set shows no more.
pub const LLR_MAX: f64 = 20.0;
/// What a reading other than the declared one pays, ln 100: mix-ups are taken to befall one capture in a hundred. An
/// assumption, not a measurement; it errs on the side of what was declared.
pub const MIX_UP_PENALTY: f64 = 4.605_170_185_988_092;

/// The log-likelihood ratio of one pair of fingers from the fine stage's output, not yet clipped. `background` is the
/// coarse score that 0.5 % of the probe's comparisons exceed (MATCHER 5, item 6), `None` where too few were made to tell. The one
/// place where scores become evidence, by the [`calibration`](crate::calibration) table.
pub fn log_likelihood_ratio(log_odds: f64, background: Option<u16>) -> f64 {
    Calibration::current().llr(log_odds, background)
}

/// How the positions of a probe's fingers and a subject's references were found to be related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    /// Equal positions belong together.
    AsDeclared,
    /// The same, but for fingers whose position is unknown on a side.
    Unknown,
    /// Right and left of one side are exchanged.
    HandsSwapped,
    /// At least one finger is under another's position, and not as in a swap of the hands.
    OutOfPlace,
}

/// How the two positions of one pair are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Equal and known.
    Declared,
    /// Unknown on a side.
    Unknown,
    /// The same finger of the other hand.
    Mirrored,
    /// Different fingers.
    Elsewhere,
}

impl Place {
    /// How two position codes are related.
    pub fn of(probe: u8, reference: u8) -> Self {
        match (known(probe), known(reference)) {
            (Some(probe), Some(reference)) if probe == reference => Self::Declared,
            (Some(probe), Some(reference)) if mirrored(probe) == reference => Self::Mirrored,
            (Some(_), Some(_)) => Self::Elsewhere,
            _ => Self::Unknown,
        }
    }
}

/// What one pair of fingers contributes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// Index of the probe's finger, as it was given.
    pub probe: usize,
    /// Index of the subject's reference, as it was given.
    pub reference: usize,
    /// Its clipped log-likelihood ratio, less the log of the number of views it was the best of.
    pub llr: f64,
    /// How the two positions are related.
    pub place: Place,
}

/// The fused evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Fusion {
    /// Natural-log likelihood ratio of "one subject" to "two"; 0 if nothing was compared.
    pub llr: f64,
    /// How positions are related in the reading that was taken.
    pub positions: Positions,
    /// What that reading paid for its choice, 0 or more; `llr` is the sum of the contributions less this.
    pub penalty: f64,
    /// The pairs of fingers, by index of the probe's finger. Fingers that are missing here said nothing.
    pub fingers: Vec<Contribution>,
}

/// Clips a finger's log-likelihood ratio; what is no number counts against mates.
pub fn clip(llr: f64) -> f64 {
    if llr.is_nan() { LLR_MIN } else { llr.clamp(LLR_MIN, LLR_MAX) }
}

/// Fuses the fingers of a probe with the references of one subject. `probe` and `reference` are position codes; `llr` gives
/// the log-likelihood ratio of a pair of indices, `None` where it was not compared.
pub fn fuse(probe: &[u8], reference: &[u8], llr: impl Fn(usize, usize) -> Option<f64>) -> Fusion {
    let (probes, references) = (fingers(probe), fingers(reference));
    let table: Vec<Vec<Option<Contribution>>> =
        probes.iter().map(|p| references.iter().map(|r| contribution(p, r, &llr)).collect()).collect();
    let declared = read(Reading::Declared, &probes, &references, &table);
    let other = [Reading::Swapped, Reading::Free]
        .into_iter()
        .filter_map(|reading| read(reading, &probes, &references, &table))
        .reduce(|best, next| if next.llr > best.llr { next } else { best });
    match (declared, other) {
        (Some(declared), Some(other)) if other.llr > declared.llr.max(0.0) => other,
        (Some(fusion), _) | (None, Some(fusion)) => fusion,
        (None, None) => Fusion { llr: 0.0, positions: Positions::AsDeclared, penalty: 0.0, fingers: Vec::new() },
    }
}

/// The views of one finger, by index.
struct Finger {
    position: Option<u8>,
    views: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Declared,
    Swapped,
    Free,
}

/// A position code that names a finger.
fn known(position: u8) -> Option<u8> {
    (1..=10).contains(&position).then_some(position)
}

/// The same finger of the other hand.
fn mirrored(position: u8) -> u8 {
    if position <= 5 { position + 5 } else { position - 5 }
}

/// Views by position; one of unknown position is a finger by itself.
fn fingers(positions: &[u8]) -> Vec<Finger> {
    let mut fingers: Vec<Finger> = Vec::new();
    for (view, position) in positions.iter().map(|&code| known(code)).enumerate() {
        match fingers.iter_mut().find(|finger| position.is_some() && finger.position == position) {
            Some(finger) => finger.views.push(view),
            None => fingers.push(Finger { position, views: vec![view] }),
        }
    }
    fingers
}

/// What two fingers say by the best of their views.
fn contribution(probe: &Finger, reference: &Finger, llr: impl Fn(usize, usize) -> Option<f64>) -> Option<Contribution> {
    let place = Place::of(probe.position.unwrap_or(0), reference.position.unwrap_or(0));
    let pairs = probe.views.iter().flat_map(|&p| reference.views.iter().map(move |&r| (p, r)));
    let compared = pairs.filter_map(|(probe, reference)| {
        let llr = clip(llr(probe, reference)?);
        Some(Contribution { probe, reference, llr, place })
    });
    let (mut found, mut count) = (None, 0.0_f64);
    for next in compared {
        count += 1.0;
        found = found.filter(|best: &Contribution| best.llr >= next.llr).or(Some(next));
    }
    found.map(|best| Contribution { llr: best.llr - count.ln(), ..best })
}

/// The best assignment of a reading. `None` if it pairs nothing, or nothing but what the declared reading pairs.
fn read(
    reading: Reading,
    probes: &[Finger],
    references: &[Finger],
    table: &[Vec<Option<Contribution>>],
) -> Option<Fusion> {
    let meant = |probe: &Finger| match reading {
        Reading::Swapped => probe.position.map(mirrored),
        Reading::Declared | Reading::Free => probe.position,
    };
    let fits = |probe: &Finger, reference: &Finger| match (meant(probe), reference.position) {
        _ if reading == Reading::Free => true,
        (Some(meant), Some(is)) => meant == is,
        // A finger of unknown position does not compete with one that is where it is expected.
        (meant_here, None) => meant_here.is_none() || !references.iter().any(|r| r.position == meant_here),
        (None, is) => !probes.iter().any(|p| meant(p) == is),
    };
    let allowed: Pairs = probes
        .iter()
        .zip(table)
        .map(|(p, row)| {
            references.iter().zip(row).map(|(r, pair)| pair.filter(|_| fits(p, r)).map(|c| c.llr)).collect()
        })
        .collect();
    let fingers: Vec<Contribution> = best(&allowed).into_iter().filter_map(|(p, r)| table[p][r]).collect();
    let wrong = |c: &Contribution| matches!(c.place, Place::Mirrored | Place::Elsewhere);
    if fingers.is_empty() || (reading != Reading::Declared && !fingers.iter().any(wrong)) {
        return None;
    }
    let mix_up = if reading == Reading::Declared { 0.0 } else { MIX_UP_PENALTY };
    let penalty = mix_up + log_count(&allowed);
    let positions = match reading {
        Reading::Declared if fingers.iter().any(|c| c.place == Place::Unknown) => Positions::Unknown,
        Reading::Declared => Positions::AsDeclared,
        Reading::Swapped => Positions::HandsSwapped,
        Reading::Free => Positions::OutOfPlace,
    };
    let llr = fingers.iter().map(|c| c.llr).sum::<f64>() - penalty;
    Some(Fusion { llr, positions, penalty, fingers })
}

#[cfg(test)]
#[path = "fusion_tests.rs"]
mod tests;
