//! The record: a finger as the card compares it, and its packed form (MATCHER 2.4).
//!
//! A packed record is 1 to 32 lines of 64 bytes; each line carries up to three minutiae, its own
//! number and a last-line mark, so that a stream of records needs no index.

use whorl_layout::{LINE_BYTES, LINE_MINUTIAE, RECORD_LINES_MAX, RECORD_MINUTIAE_MAX};

const MINUTIA_BYTES: usize = 20;
const DESCRIPTOR_BYTES: usize = 16;
const META_OFFSET: usize = 60;
const TAIL_OFFSET: usize = 63;
const QUALITY_FIELD_MAX: u8 = 50;
const KIND_MAX: u8 = 2;

/// Why bytes are not a record, or a record does not fit where it was put. Offsets are bytes from
/// the start of the bytes that were given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes end before the record does.
    #[error("record needs a line at offset {offset} but only {available} bytes remain")]
    Truncated {
        /// Where the line would start.
        offset: usize,
        /// Bytes that are left there, less than a line.
        available: usize,
    },
    /// Bytes follow a record where one record was expected.
    #[error("{count} bytes follow the record that ends at offset {offset}")]
    TrailingBytes {
        /// Where the record ends.
        offset: usize,
        /// Number of bytes after it.
        count: usize,
    },
    /// A line does not carry the number of its place in the record.
    #[error("line at offset {offset} has number {found} where {expected} was due")]
    LineNumber {
        /// Where the line starts.
        offset: usize,
        /// Number that it carries.
        found: u8,
        /// Number that was due.
        expected: u8,
    },
    /// A record goes on after its 32nd line.
    #[error("line at offset {offset} is the last that a record can have but is not marked so")]
    NoLastLine {
        /// Where the line starts.
        offset: usize,
    },
    /// A line other than the last is not full, or a line other than the first is empty.
    #[error("line at offset {offset} has a count of {count}, which its place does not allow")]
    LineCount {
        /// Where the line starts.
        offset: usize,
        /// Minutiae that it declares.
        count: u8,
    },
    /// Bits that no minutia uses are set.
    #[error("unused byte at offset {offset} is not zero")]
    UnusedByte {
        /// Where the byte is.
        offset: usize,
    },
    /// The kind or the quality of a minutia is outside its range.
    #[error("meta byte {value:#04x} at offset {offset} holds no valid kind and quality")]
    Meta {
        /// Where the byte is.
        offset: usize,
        /// What it holds.
        value: u8,
    },
    /// More minutiae than a record or a probe can hold.
    #[error("{count} minutiae exceed the limit of {max}")]
    TooManyMinutiae {
        /// Minutiae in the record.
        count: usize,
        /// Most that are allowed here.
        max: usize,
    },
    /// A number of a minutia does not fit the packed form.
    #[error("{field} of minutia {index} is {value}, outside its field")]
    FieldRange {
        /// Which number.
        field: &'static str,
        /// Index of the minutia in the record.
        index: usize,
        /// The value.
        value: i32,
    },
}

/// One minutia of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordMinutia {
    /// Pixels at 500 ppi right of the finger's centroid, -2048..=2047.
    pub x: i16,
    /// Pixels at 500 ppi above the finger's centroid, -2048..=2047.
    pub y: i16,
    /// Direction in 1/256 turn, counter-clockwise from the x axis.
    pub angle: u8,
    /// Description of the surroundings: bit b is byte b / 8, bit b % 8.
    pub descriptor: [u8; DESCRIPTOR_BYTES],
    /// Quality 0..=100 and even, higher is better: the packed form has no room for the last bit.
    pub quality: u8,
    /// Kind: 0 other, 1 ending, 2 bifurcation.
    pub kind: u8,
}

/// A finger as the card compares it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The minutiae, best first (MATCHER 2.1); at most 96.
    pub minutiae: Vec<RecordMinutia>,
}

impl Record {
    /// Whether the record has a packed form that reads back as itself. What [`crate::encode`] and
    /// [`Record::from_bytes`] return always has.
    ///
    /// # Errors
    /// [`RecordError::TooManyMinutiae`] or the first [`RecordError::FieldRange`].
    pub fn check(&self) -> Result<(), RecordError> {
        if self.minutiae.len() > RECORD_MINUTIAE_MAX {
            return Err(RecordError::TooManyMinutiae { count: self.minutiae.len(), max: RECORD_MINUTIAE_MAX });
        }
        for (index, minutia) in self.minutiae.iter().enumerate() {
            let coordinate = -2048..=2047;
            let range =
                |field, value, fits| if fits { Ok(()) } else { Err(RecordError::FieldRange { field, index, value }) };
            range("x", minutia.x.into(), coordinate.contains(&minutia.x))?;
            range("y", minutia.y.into(), coordinate.contains(&minutia.y))?;
            let quality_fits = minutia.quality % 2 == 0 && minutia.quality / 2 <= QUALITY_FIELD_MAX;
            range("quality", minutia.quality.into(), quality_fits)?;
            range("kind", minutia.kind.into(), minutia.kind <= KIND_MAX)?;
        }
        Ok(())
    }

    /// The packed record: 64 bytes for every three minutiae, at least one line.
    ///
    /// # Panics
    /// If [`Record::check`] refuses the record.
    pub fn to_bytes(&self) -> Vec<u8> {
        assert_eq!(self.check(), Ok(()), "a record made by hand is checked before it is packed");
        let lines = self.minutiae.len().div_ceil(LINE_MINUTIAE).max(1);
        let mut bytes = vec![0; lines * LINE_BYTES];
        for (number, line) in bytes.chunks_exact_mut(LINE_BYTES).enumerate() {
            let start = (number * LINE_MINUTIAE).min(self.minutiae.len());
            let end = (start + LINE_MINUTIAE).min(self.minutiae.len());
            for (place, minutia) in self.minutiae[start..end].iter().enumerate() {
                let field = &mut line[place * MINUTIA_BYTES..][..MINUTIA_BYTES];
                field[..DESCRIPTOR_BYTES].copy_from_slice(&minutia.descriptor);
                field[DESCRIPTOR_BYTES..].copy_from_slice(&pack_geometry(minutia).to_le_bytes());
                line[META_OFFSET + place] = (minutia.kind << 6) | (minutia.quality >> 1);
            }
            let is_last = number + 1 == lines;
            line[TAIL_OFFSET] = (end - start) as u8 | ((number as u8) << 2) | (u8::from(is_last) << 7);
        }
        bytes
    }

    /// Unpacks the first record of `bytes`; the second value is how many bytes it took.
    ///
    /// # Errors
    /// [`RecordError`] with the offset of the first thing that [`Record::to_bytes`] would not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, usize), RecordError> {
        let packed = PackedRecord::at(bytes, 0)?;
        for (number, line) in packed.bytes.chunks_exact(LINE_BYTES).enumerate() {
            check_unused(line, number * LINE_BYTES)?;
        }
        let minutiae = (0..packed.count()).map(|index| packed.minutia(index)).collect();
        Ok((Self { minutiae }, packed.bytes.len()))
    }
}

/// Refuses meta values out of range and bytes that the line's minutiae leave unused.
fn check_unused(line: &[u8], line_offset: usize) -> Result<(), RecordError> {
    let count = usize::from(line[TAIL_OFFSET] & 3);
    for place in 0..LINE_MINUTIAE {
        let offset = META_OFFSET + place;
        let value = line[offset];
        if place < count {
            if value >> 6 > KIND_MAX || value & 0x3f > QUALITY_FIELD_MAX {
                return Err(RecordError::Meta { offset: line_offset + offset, value });
            }
            continue;
        }
        let field = place * MINUTIA_BYTES..(place + 1) * MINUTIA_BYTES;
        let unused = field.chain(offset..=offset).find(|&i| line[i] != 0);
        if let Some(offset) = unused {
            return Err(RecordError::UnusedByte { offset: line_offset + offset });
        }
    }
    Ok(())
}

fn pack_geometry(minutia: &RecordMinutia) -> u32 {
    let field = |coordinate: i16| u32::from(coordinate as u16 & 0x0fff);
    field(minutia.x) | (field(minutia.y) << 12) | (u32::from(minutia.angle) << 24)
}

/// x, y and angle of a geometry word.
pub(crate) fn unpack_geometry(word: u32) -> (i16, i16, u8) {
    // Shifting a field to the top and back down extends its sign.
    let x = (word << 20) as i32 >> 20;
    let y = (word << 8) as i32 >> 20;
    (x as i16, y as i16, (word >> 24) as u8)
}

/// One packed record within a stream: its structure has been checked, its contents have not been
/// copied. This is what the comparison reads.
#[derive(Debug, Clone, Copy)]
pub struct PackedRecord<'a> {
    bytes: &'a [u8], // whole lines
    count: usize,    // minutiae
}

impl<'a> PackedRecord<'a> {
    /// The record that starts at `offset` of `stream`.
    ///
    /// # Errors
    /// [`RecordError`] if the lines from there on do not number themselves as one record.
    pub fn at(stream: &'a [u8], offset: usize) -> Result<Self, RecordError> {
        let rest = stream.get(offset..).unwrap_or_default();
        for number in 0..RECORD_LINES_MAX {
            let start = number * LINE_BYTES;
            let line_offset = offset + start;
            let Some(line) = rest.get(start..start + LINE_BYTES) else {
                let available = rest.len().saturating_sub(start);
                return Err(RecordError::Truncated { offset: line_offset, available });
            };
            let tail = line[TAIL_OFFSET];
            let (count, found, is_last) = (tail & 3, (tail >> 2) & 31, tail >> 7 == 1);
            if usize::from(found) != number {
                let expected = number as u8;
                return Err(RecordError::LineNumber { offset: line_offset, found, expected });
            }
            let full = usize::from(count) == LINE_MINUTIAE;
            let empty_finger = count == 0 && number == 0;
            if !full && (!is_last || (count == 0 && !empty_finger)) {
                return Err(RecordError::LineCount { offset: line_offset, count });
            }
            if is_last {
                let count = number * LINE_MINUTIAE + usize::from(count);
                return Ok(Self { bytes: &rest[..start + LINE_BYTES], count });
            }
        }
        Err(RecordError::NoLastLine { offset: offset + (RECORD_LINES_MAX - 1) * LINE_BYTES })
    }

    /// The one record that fills `bytes`.
    ///
    /// # Errors
    /// As [`PackedRecord::at`], and [`RecordError::TrailingBytes`] if something follows.
    pub fn only(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let packed = Self::at(bytes, 0)?;
        let end = packed.bytes.len();
        if end < bytes.len() {
            return Err(RecordError::TrailingBytes { offset: end, count: bytes.len() - end });
        }
        Ok(packed)
    }

    /// The lines of the record.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Number of minutiae, 0..=96.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Descriptor bytes and geometry word of minutia `index`.
    pub(crate) fn field(&self, index: usize) -> (&'a [u8; DESCRIPTOR_BYTES], u32) {
        let start = index / LINE_MINUTIAE * LINE_BYTES + index % LINE_MINUTIAE * MINUTIA_BYTES;
        let (descriptor, rest) = self.bytes[start..].split_first_chunk().expect("a descriptor within the line");
        let word = rest.first_chunk().expect("a geometry word within the line");
        (descriptor, u32::from_le_bytes(*word))
    }

    /// Minutia `index` as it stands; meta values are not checked.
    ///
    /// # Panics
    /// If `index` is not below [`PackedRecord::count`].
    pub fn minutia(&self, index: usize) -> RecordMinutia {
        assert!(index < self.count, "minutia {index} of {}", self.count);
        let (&descriptor, word) = self.field(index);
        let (x, y, angle) = unpack_geometry(word);
        let meta = self.bytes[index / LINE_MINUTIAE * LINE_BYTES + META_OFFSET + index % LINE_MINUTIAE];
        RecordMinutia { x, y, angle, descriptor, quality: (meta & 0x3f) << 1, kind: meta >> 6 }
    }
}
