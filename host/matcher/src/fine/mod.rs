//! The fine comparison of a candidate (MATCHER 5): a transform, correspondences and an output that weighs them.
//!
//! The coarse stage finds for each probe minutia the reference minutia that looks most alike. Here its slots
//! become up to six guesses of a rotation and translation; each is refined by fitting and matching in turns, and
//! the best one is measured and judged.
//!
//! # The same result on every machine
//! Floating point here is `f64` with `+ - * /`, `sqrt` and comparisons, which IEEE 754 rounds correctly and Rust
//! neither reorders nor fuses; sums run in a fixed order. Sine, cosine and arc tangent are those of the `libm`
//! crate, compiled from Rust at one pinned version, not the system's. Comparing in parallel changes nothing:
//! candidates do not meet.
//!
//! # Layout
//! - `hypothesis`: guesses from the slots of the coarse stage.
//! - `alignment`: transform and correspondences of a guess.
//! - `features`: what they are worth ([`Features`]).
//! - `coefficients`: from features to the output, with their [`VERSION`].

mod alignment;
mod coefficients;
mod features;
mod hypothesis;

use rayon::prelude::*;

use crate::plain::{Taps, taps};
use crate::probe::Probe;
use crate::record::{Record, RecordError};
pub use coefficients::{PRIOR_LOG_ODDS, VERSION, open_set};
pub use features::Features;

/// Guesses that are followed, at most.
pub const HYPOTHESES_MAX: usize = 6;
/// Fingers of fewer minutiae are not compared: their output is that of no correspondence at all.
pub const MINUTIAE_MIN: usize = 3;
/// Corresponding minutiae are at most this far apart after the transform, in pixels.
const DISTANCE_TOLERANCE: f64 = 18.0;
/// The same in the first round, when the transform is only a guess.
const FIRST_DISTANCE_TOLERANCE: f64 = 20.0;
/// Corresponding minutiae differ by at most this angle after the transform, in 1/256 turn.
const ANGLE_TOLERANCE: f64 = 24.0;

/// Takes a probe's places to the reference's: a rotation about the probe's centroid, then a translation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// The rotation in 1/256 turn, counter-clockwise, -128..=128.
    pub angle: f64,
    /// Its cosine.
    pub cosine: f64,
    /// Its sine.
    pub sine: f64,
    /// Translation to the right, in pixels at 500 ppi.
    pub x: f64,
    /// Translation upwards, in pixels at 500 ppi.
    pub y: f64,
}

impl Transform {
    /// The transform that moves nothing.
    pub const IDENTITY: Self = Self { angle: 0.0, cosine: 1.0, sine: 0.0, x: 0.0, y: 0.0 };

    /// A rotation followed by the translation that takes `from` to `to`.
    fn through(angle: f64, (cosine, sine): (f64, f64), from: (f64, f64), to: (f64, f64)) -> Self {
        let turned = Self { angle, cosine, sine, x: 0.0, y: 0.0 }.apply(from);
        Self { angle, cosine, sine, x: to.0 - turned.0, y: to.1 - turned.1 }
    }

    /// Where the transform takes a place: x to the right, y up, from the centroids of the two fingers.
    pub fn apply(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x * self.cosine - y * self.sine + self.x, x * self.sine + y * self.cosine + self.y)
    }
}

/// Two minutiae that were taken for the same one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correspondence {
    /// Index of the probe's minutia in its record.
    pub probe: u8,
    /// Index of the reference's minutia in its record.
    pub reference: u8,
    /// How far apart they are after the transform, in pixels.
    pub distance: f64,
    /// How much their directions differ after the transform, 0..=24 in 1/256 turn.
    pub angle_difference: f64,
    /// Bits in which their descriptors differ, 0..=128.
    pub hamming: u8,
}

/// Outcome of one fine comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct FineComparison {
    /// L: natural-log odds that the fingers are mates, at the prior of the training set; higher is more similar.
    pub log_odds: f64,
    /// What it was computed from.
    pub features: Features,
    /// From the probe's places to the reference's; [`Transform::IDENTITY`] if nothing could be aligned.
    pub transform: Transform,
    /// Minutiae that correspond, the best first; each minutia occurs once at most.
    pub correspondences: Vec<Correspondence>,
}

impl FineComparison {
    /// Natural log of the likelihood ratio of mates to non-mates, as the training set had them.
    pub fn log_likelihood_ratio(&self) -> f64 {
        self.log_odds - PRIOR_LOG_ODDS
    }
}

/// Compares a probe with one reference: the coarse comparison with all its slots, then the fine one.
/// `gate` is in 1/256 turn, 0..=127.
///
/// # Errors
/// As [`Record::check`] on the reference.
pub fn compare(probe: &Probe, reference: &Record, gate: u8) -> Result<FineComparison, RecordError> {
    Ok(compare_tapped(probe, reference, &taps(probe, reference, gate)?))
}

/// Compares a probe with many references in parallel; results are in the order of the references.
///
/// # Errors
/// As [`compare`]; of several errors any one.
pub fn compare_all(probe: &Probe, references: &[Record], gate: u8) -> Result<Vec<FineComparison>, RecordError> {
    references.par_iter().map(|reference| compare(probe, reference, gate)).collect()
}

/// Compares a probe with one reference whose coarse comparison is known.
///
/// # Panics
/// If `taps` are not those of this probe and this reference.
pub fn compare_tapped(probe: &Probe, reference: &Record, taps: &Taps) -> FineComparison {
    assert_eq!(taps.slots.len(), probe.minutiae().len(), "the taps are those of another probe");
    let mut best: Option<(f64, FineComparison)> = None;
    if probe.minutiae().len() >= MINUTIAE_MIN && reference.minutiae.len() >= MINUTIAE_MIN {
        let pair = alignment::Pair::new(probe.record(), reference);
        for hypothesis in hypothesis::hypotheses(probe, taps) {
            let alignment = alignment::align(&pair, &hypothesis);
            let features = Features::of(&pair, &alignment, taps.comparison.score, hypothesis.sum);
            let merit = features.merit();
            if best.as_ref().is_none_or(|(most, _)| merit > *most) {
                best = Some((merit, outcome(features, alignment.transform, alignment.correspondences)));
            }
        }
    }
    best.map_or_else(|| outcome(Features::default(), Transform::IDENTITY, Vec::new()), |(_, outcome)| outcome)
}

fn outcome(features: Features, transform: Transform, correspondences: Vec<Correspondence>) -> FineComparison {
    FineComparison { log_odds: coefficients::M1.log_odds(&features), features, transform, correspondences }
}
