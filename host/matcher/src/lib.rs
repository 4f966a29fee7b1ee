//! Record encoder, bit-exact coarse comparison and fine comparison: what the card computes, computed on the
//! host, and what the host does with the best of it.
//!
//! A [`Record`] is a finger as the card compares it: for each minutia a place, a direction and a
//! 128-bit description of its surroundings. [`encode`] makes records from canonical templates, a
//! [`Probe`] is a record prepared for comparing, and a [`Comparator`] compares it with packed
//! references: that is the coarse stage, all of it on integers and exact. The [`fine`] stage compares
//! the few candidates again, in floating point of a fixed order. Section numbers in this crate are those of
//! the matcher's specification ("MATCHER"), and [`plain`] is written to be read beside it.
//!
//! # Layout
//! - [`encode`](encode()): a finger view becomes a record (MATCHER 2.1 to 2.3); [`Origin`] leads back.
//! - [`record`]: the record and its packed lines (MATCHER 2.4).
//! - [`probe`]: a record of at most 48 minutiae with its rotation rows, and the card's probe image.
//! - [`plain`]: the comparison in the words of MATCHER 3, with every intermediate value ([`taps`]).
//! - [`comparator`]: scores and scans with the fastest exact code that the processor runs.
//! - [`fine`]: the second comparison of a candidate, with transform and correspondences (MATCHER 5).
//! - [`calibration`]: from the fine stage's output to likelihood ratios and expected false matches.
//! - [`fusion`]: what several fingers say together, whatever their positions are worth (MATCHER 7).
//! - `avx2`, with `sorted`: the same comparison, faster.
//! - `model`: the learned and the computed tables; `score`: the last step of a comparison; `table`: trained tables as text.
//!
//! # Example
//! ```
//! use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Role, encode};
//! use whorl_template::{FingerView, Minutia};
//!
//! # fn main() -> Result<(), whorl_matcher::RecordError> {
//! let place = |i: u16| Minutia { x: 100 + 37 * (i % 5), y: 90 + 23 * i, angle: (i * 40) as u8, ..Minutia::default() };
//! let view = FingerView { minutiae: (0..12).map(place).collect(), ..FingerView::default() };
//! let probe = Probe::new(&encode(&view, 197, 197, Role::Probe))?;
//! let reference = encode(&view, 197, 197, Role::Reference).to_bytes();
//! let comparison = Comparator::new(Backend::Auto).score(&probe, &reference, GATE_DEFAULT)?;
//! assert!(comparison.score > 10_000, "a finger resembles itself");
//! # Ok(())
//! # }
//! ```

#[cfg(target_arch = "x86_64")]
mod avx2;
pub mod calibration;
pub mod comparator;
mod encode;
pub mod fine;
pub mod fusion;
mod model;
pub mod plain;
pub mod probe;
pub mod record;
mod score;
#[cfg(target_arch = "x86_64")]
mod sorted;
mod table;

pub use calibration::Calibration;
pub use comparator::{Backend, Comparator};
pub use encode::{ENCODER_VERSION, Origin, Role, encode};
pub use fine::FineComparison;
pub use plain::{Slot, Taps, Winner, taps};
pub use probe::Probe;
pub use record::{PackedRecord, Record, RecordError, RecordMinutia};
pub use score::Comparison;
pub use table::TableError;

/// The usual gate: the largest angle difference of a pair of minutiae, in 1/256 turn (MATCHER 3).
pub const GATE_DEFAULT: u8 = whorl_layout::GATE_DEFAULT as u8;
/// The widest gate: every rotation is accepted. Larger values mean the same.
pub const GATE_MAX: u8 = whorl_layout::GATE_MAX as u8;
