//! The fine comparison of a candidate (MATCHER 5): a transform, correspondences and an output that weighs them.
//!
//! The coarse stage finds for each probe minutia the reference minutia that looks most alike. Here its slots
//! become up to six guesses of a rotation and translation; each is refined by fitting and matching in turns and
//! warped to how the skin stretched; the best one is judged.
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
//! - `warp`: the same again where skin stretched.
//! - `features`: what they are worth ([`Features`], [`WarpedFeatures`]).
//! - `model`: from them to the output, by trained weights with a version ([`Model`]).

mod alignment;
mod features;
mod hypothesis;
mod model;
mod warp;

use rayon::prelude::*;

use crate::calibration::Calibration;
use crate::plain::{Taps, taps};
use crate::probe::Probe;
use crate::record::{Record, RecordError};
pub use features::{Features, WarpedFeatures};
pub use model::{Model, TERMS, open_set};
use whorl_layout::LANES;

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
/// Alignments that differ by more than this are rivals, in 1/256 turn and pixels.
const RIVAL_TURN: f64 = 8.0;
const RIVAL_SHIFT: f64 = 24.0;
/// Fingers are compared in both orders where the first gives log odds above this; almost all non-mates are below.
const BOTH_ORDERS_FROM: f64 = -6.0;

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

    /// Whether the other is another transform, rather than this one found again.
    fn differs(&self, other: &Self) -> bool {
        let turn = (self.angle - other.angle).abs();
        let (x, y) = (self.x - other.x, self.y - other.y);
        turn.min(256.0 - turn) > RIVAL_TURN || x * x + y * y > RIVAL_SHIFT * RIVAL_SHIFT
    }

    /// Where the transform takes a place: x to the right, y up, from the centroids of the two fingers.
    pub fn apply(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x * self.cosine - y * self.sine + self.x, x * self.sine + y * self.cosine + self.y)
    }
}

/// Two minutiae that were taken for the same one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Correspondence {
    /// Index of the probe's minutia in its record.
    pub probe: u8,
    /// Index of the reference's minutia in its record.
    pub reference: u8,
    /// How far the reference's minutia is from where the correspondences around it, its own left out, say that the
    /// probe's went; in pixels.
    pub distance: f64,
    /// How much their directions differ after the turn that those correspondences show, 0..=24 in 1/256 turn.
    pub angle_difference: f64,
    /// Bits in which their descriptors differ, 0..=128.
    pub hamming: u8,
    /// How far apart they are after the transform alone, in pixels.
    pub displacement: f64,
    /// Correspondences around it, its own left out: each counts 1 at the place itself and less with its distance.
    pub support: f64,
}

/// What a comparison found in one order of the fingers, before anything is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The alignment as MATCHER 5 measures it.
    pub features: Features,
    /// The same alignment after the warp.
    pub warped: WarpedFeatures,
    /// From the probe's places to the reference's; [`Transform::IDENTITY`] if nothing could be aligned.
    pub transform: Transform,
    /// Minutiae that correspond, the best first; each minutia occurs once at most.
    pub correspondences: Vec<Correspondence>,
}

impl Default for Measurement {
    /// Nothing could be aligned.
    fn default() -> Self {
        Self {
            features: Features::default(),
            warped: WarpedFeatures::default(),
            transform: Transform::IDENTITY,
            correspondences: Vec::new(),
        }
    }
}

/// Outcome of one fine comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct FineComparison {
    /// L: natural-log odds that the fingers are mates, at the prior of the training set; higher is more similar.
    pub log_odds: f64,
    /// What was found with the fingers in the order in which they were given.
    pub measurement: Measurement,
}

impl FineComparison {
    /// Natural log of the likelihood ratio of mates to non-mates, calibrated, for a probe of mean background.
    pub fn log_likelihood_ratio(&self) -> f64 {
        Calibration::current().llr(self.log_odds, None)
    }
}

/// Version of the weights that outputs rest on: outputs of two versions do not compare.
pub fn version() -> &'static str {
    &Model::current().version
}

/// Compares a probe with one reference: the coarse comparison with all its slots, then the fine one.
/// `gate` is in 1/256 turn, 0..=127.
///
/// # Errors
/// As [`Record::check`] on the reference.
pub fn compare(probe: &Probe, reference: &Record, gate: u8) -> Result<FineComparison, RecordError> {
    compare_tapped(probe, reference, &taps(probe, reference, gate)?, gate)
}

/// Compares a probe with many references in parallel; results are in the order of the references.
///
/// # Errors
/// As [`compare`]; of several errors any one.
pub fn compare_all(probe: &Probe, references: &[Record], gate: u8) -> Result<Vec<FineComparison>, RecordError> {
    references.par_iter().map(|reference| compare(probe, reference, gate)).collect()
}

/// Compares a probe with one reference whose coarse comparison, at the same gate, is known.
///
/// Where there is something to be said for mates, the fingers are compared in the other order as well, and the output is
/// the mean: either order misses some correspondences.
///
/// # Errors
/// As [`compare`].
///
/// # Panics
/// If `taps` are not those of this probe and this reference.
pub fn compare_tapped(probe: &Probe, reference: &Record, taps: &Taps, gate: u8) -> Result<FineComparison, RecordError> {
    let model = Model::current();
    let measurement = measure_tapped(probe, reference, taps);
    let log_odds = from_both_orders(model.log_odds(&measurement), || {
        let minutiae = reference.minutiae.iter().take(LANES).copied().collect();
        Ok::<_, RecordError>(model.log_odds(&measure(&Probe::new(&Record { minutiae })?, probe.record(), gate)?))
    })?;
    Ok(FineComparison { log_odds, measurement })
}

/// The output of a comparison from that of the fingers in one order and, where it matters, in the other.
///
/// # Errors
/// That of `swapped`.
pub fn from_both_orders<E>(log_odds: f64, swapped: impl FnOnce() -> Result<f64, E>) -> Result<f64, E> {
    if log_odds > BOTH_ORDERS_FROM { Ok(f64::midpoint(log_odds, swapped()?)) } else { Ok(log_odds) }
}

/// What a comparison finds in this order of the fingers, for [`Model::log_odds`] to judge.
///
/// # Errors
/// As [`compare`].
pub fn measure(probe: &Probe, reference: &Record, gate: u8) -> Result<Measurement, RecordError> {
    Ok(measure_tapped(probe, reference, &taps(probe, reference, gate)?))
}

/// Every alignment that was tried, in the order of the guesses; [`measure`] gives the best of them.
///
/// # Errors
/// As [`compare`].
pub fn alignments(probe: &Probe, reference: &Record, gate: u8) -> Result<Vec<Measurement>, RecordError> {
    Ok(alignments_tapped(probe, reference, &taps(probe, reference, gate)?))
}

fn alignments_tapped(probe: &Probe, reference: &Record, taps: &Taps) -> Vec<Measurement> {
    assert_eq!(taps.slots.len(), probe.minutiae().len(), "the taps are those of another probe");
    if probe.minutiae().len() < MINUTIAE_MIN || reference.minutiae.len() < MINUTIAE_MIN {
        return Vec::new();
    }
    let pair = alignment::Pair::new(probe.record(), reference);
    hypothesis::hypotheses(probe, taps)
        .iter()
        .map(|hypothesis| {
            let alignment = alignment::align(&pair, hypothesis);
            let features = Features::of(&pair, &alignment, taps.comparison.score, hypothesis.sum);
            let (expected, correspondences) = warp::warp(&pair, &alignment);
            let warped = WarpedFeatures::of(&pair, &expected, &correspondences);
            Measurement { features, warped, transform: alignment.transform, correspondences }
        })
        .collect()
}

fn measure_tapped(probe: &Probe, reference: &Record, taps: &Taps) -> Measurement {
    let mut measured = alignments_tapped(probe, reference, taps);
    let better = |a: &Measurement, b: &Measurement| b.warped.merit() > a.warped.merit();
    let best =
        (0..measured.len()).reduce(|best, next| if better(&measured[best], &measured[next]) { next } else { best });
    let Some(best) = best else { return Measurement::default() };
    let mut best = measured.swap_remove(best);
    let rivals = measured.iter().filter(|other| other.transform.differs(&best.transform));
    best.warped.rival = rivals.map(|other| other.warped.merit()).fold(0.0, f64::max);
    best
}
