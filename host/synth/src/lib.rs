//! Reproducible synthetic fingers and impressions of them.
//!
//! A gallery of any size and its mated probes, without anyone's prints: for demonstrations, load tests and
//! continuous integration. The comparison figures of real fingers come from real data only; `docs/synthetic.md`
//! says how near these are.
//!
//! # Layout
//! - `finger`: [`Finger`], a pattern class, an orientation field and every minutia of the finger pad.
//! - `pattern`, `flow`: the classes, and the ridge flow between cores and deltas.
//! - `distortion`, `capture`: [`Distortion`], what is asked for; and what one impression draws from it.
//! - `impression`: from a finger and a capture to a [`whorl_template::Template`].
//! - `gallery`: [`impressions`] and [`Population`], many of them in order or in parallel.
//! - `stream`, `trigonometry`: random numbers and angles that have the same bits on every machine.

mod capture;
mod distortion;
mod error;
mod finger;
mod flow;
mod gallery;
mod impression;
mod pattern;
mod stream;
mod trigonometry;

pub use distortion::Distortion;
pub use error::SynthError;
pub use finger::{Finger, FingerMinutia};
pub use gallery::{Impression, Population, impressions};
pub use impression::Observation;
pub use pattern::PatternClass;
