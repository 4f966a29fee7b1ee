//! Why a minutiae file was refused.

/// Error of a reader or a writer. Offsets are bytes from the start of the file (for
/// [`crate::ExtendedAreas`], from the start of the block).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The file is larger than any that the limits allow.
    #[error("file of {bytes} bytes exceeds the limit of {max}")]
    FileTooLarge {
        /// Size of the file.
        bytes: usize,
        /// Largest size that is read.
        max: usize,
    },
    /// The bytes end inside a field.
    #[error("{field} at offset {offset} needs {needed} bytes but {available} remain (file ends early)")]
    Truncated {
        /// Name of the field in the standard's words.
        field: &'static str,
        /// Where the field starts.
        offset: usize,
        /// Bytes that the field takes.
        needed: usize,
        /// Bytes that are left.
        available: usize,
    },
    /// The first four bytes are not those of the format.
    #[error("format identifier at offset 0 is {found:02x?}, not that of a finger minutiae record")]
    NotMinutiae {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// A minutiae record of a revision that this crate cannot read.
    #[error("version at offset 4 names an unsupported revision: {name}")]
    UnsupportedRevision {
        /// The revision in the standard's words.
        name: &'static str,
    },
    /// A version string that no known revision uses.
    #[error("version at offset 4 is {found:02x?}, which no known revision uses")]
    UnknownVersion {
        /// The four version bytes.
        found: [u8; 4],
    },
    /// The declared length of the record and its structure disagree.
    #[error("{field} at offset {offset} declares {declared} bytes but the structure takes {actual}")]
    LengthMismatch {
        /// Name of the length field.
        field: &'static str,
        /// Where the length field is.
        offset: usize,
        /// What it says.
        declared: usize,
        /// What the structure takes.
        actual: usize,
    },
    /// Bytes follow the end of the record.
    #[error("{count} bytes follow the end of the record at offset {offset}")]
    TrailingBytes {
        /// Where the record ends.
        offset: usize,
        /// Number of bytes after it.
        count: usize,
    },
    /// A value does not fit its field, on reading or on writing.
    #[error("{field} at offset {offset} is {value}, outside {min} to {max}")]
    FieldRange {
        /// Name of the field in the standard's words.
        field: &'static str,
        /// Where the field starts.
        offset: usize,
        /// The value.
        value: u64,
        /// Smallest value allowed.
        min: u64,
        /// Largest value allowed.
        max: u64,
    },
    /// A reserved field is not zero (strict mode only).
    #[error("{field} at offset {offset} is reserved but holds {value:#x}")]
    ReservedSet {
        /// Name of the field.
        field: &'static str,
        /// Where the field starts.
        offset: usize,
        /// What it holds.
        value: u8,
    },
}
