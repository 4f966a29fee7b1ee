//! Standard minutiae formats in, one canonical template out.
//!
//! A capture device or an extractor writes a finger minutiae record in one of several standard
//! revisions; everything above this crate sees only [`Template`]. The canonical template is what
//! the system keeps: records that the hardware compares are always derived from it again.
//!
//! # Layout
//! - [`iso19794_2_2005`]: reader and writer of ISO/IEC 19794-2:2005. One file per revision.
//! - `detect`: which revision a file is ([`read_any`]).
//! - `template`: the canonical types.
//! - `error`: [`TemplateError`], each with the field's name and its byte offset.
//!
//! # Example
//! ```
//! use whorl_template::{FingerView, LengthCheck, Minutia, MinutiaKind, Template, iso19794_2_2005, read_any};
//!
//! # fn main() -> Result<(), whorl_template::TemplateError> {
//! let mut template = Template::new(388, 374);
//! template.views.push(FingerView {
//!     position: 7,
//!     minutiae: vec![Minutia { x: 100, y: 120, angle: 64, quality: 80, kind: MinutiaKind::Ending }],
//!     ..FingerView::default()
//! });
//! let bytes = iso19794_2_2005::write(&template)?;
//! assert_eq!(read_any(&bytes, LengthCheck::Strict)?, template);
//! # Ok(())
//! # }
//! ```

mod bytes;
mod detect;
mod error;
pub mod iso19794_2_2005;
mod template;

pub use detect::read_any;
pub use error::TemplateError;
pub use template::{
    ExtendedArea, ExtendedAreas, FingerView, IMPRESSION_LIVE_ROLLED, IMPRESSION_NONLIVE_ROLLED, MINUTIAE_MAX, Minutia,
    MinutiaKind, RESOLUTION_500_PPI, Template,
};

/// What a reader does when a length field and the bytes disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LengthCheck {
    /// Read by structure, tolerate a difference of up to [`LENGTH_SLACK_BYTES`] and log a warning.
    /// Reserved bits that are set are dropped with a warning.
    #[default]
    Lenient,
    /// Refuse every difference and every reserved bit that is set. What a strict read accepts is
    /// written back byte for byte.
    Strict,
}

/// Largest difference in bytes between a declared and a real length that [`LengthCheck::Lenient`]
/// tolerates. The standard's own example and public samples are 1 or 2 bytes off.
pub const LENGTH_SLACK_BYTES: usize = 4;
