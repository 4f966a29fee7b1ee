//! Why a request for synthetic impressions was refused.

/// Error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SynthError {
    /// A field of a [`crate::Distortion`] is not a number or lies outside its range.
    #[error("Distortion field {field} is {value}, outside {min} to {max}")]
    FieldRange {
        /// Name of the field.
        field: &'static str,
        /// What it holds.
        value: f64,
        /// Smallest value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
    },
}
