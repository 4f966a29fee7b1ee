//! Error rates of the matcher on databases of fingers with known mates, in the terms of ISO/IEC 19795-1.
//!
//! Every impression is compared with every other, as the FVC competitions do and beyond: non-mated comparisons
//! are all of those between different fingers, also of different databases. The same scores give the
//! identification figures: each impression is searched among all others.
//!
//! # Layout
//! - [`collection`]: samples named `<folder>/<finger>_<impression>` become fingers with records.
//! - [`scores`]: all comparisons, coarse and fine, in parallel, with the time that they took.
//! - [`rates`]: FMR and FNMR over all thresholds, and the figures that are read off them.
//! - [`interval`]: confidence intervals.
//! - [`identification`]: ranks and open-set rates, each impression searched among the others.
//! - [`subjects`]: several fingers fused, on virtual subjects.
//! - [`training`], with `regression`: the fine stage's weights, and the two-fold protocol.
//! - [`background`], [`cascade`]: the mates that the coarse stage loses among up to millions of fingers.
//! - [`calibration`]: from the fine stage's output to ratios and expected false matches.
//! - [`report`]: everything that a run found, as `report.json` has it.
//! - [`chart`], [`page`]: the same as SVG and as one HTML page.
//!
//! Nothing here reads or writes files.

pub mod background;
pub mod calibration;
pub mod cascade;
pub mod chart;
pub mod collection;
mod error;
pub mod identification;
pub mod interval;
pub mod page;
pub mod rates;
mod regression;
pub mod report;
pub mod scores;
pub mod subjects;
pub mod training;

pub use collection::{Collection, Sample};
pub use error::EvalError;
pub use report::Report;
pub use scores::{Scores, Stage};
