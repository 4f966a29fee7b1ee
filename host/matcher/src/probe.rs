//! A record prepared to be compared with many others.

use whorl_layout::{LANES, LINE_BYTES, PROBE_IMAGE_BYTES, PROBE_LINES, ROTATION_LINES, ROTATIONS};

use crate::model::model;
use crate::record::{Record, RecordError, RecordMinutia};
#[cfg(target_arch = "x86_64")]
use crate::sorted::SortedLanes;

/// One rotation row: RX and RY of every lane (MATCHER 3); unused lanes are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationRow {
    /// Rotated X by lane, 13 bits signed.
    pub x: [i16; LANES],
    /// Rotated Y by lane, 13 bits signed.
    pub y: [i16; LANES],
}

/// A probe: at most 48 minutiae, one per lane, and their places under 64 rotations.
#[derive(Debug, Clone)]
pub struct Probe {
    record: Record,
    rotations: Box<[RotationRow]>, // ROTATIONS of them
    #[cfg(target_arch = "x86_64")]
    sorted: Box<SortedLanes>,
}

impl Probe {
    /// Prepares a record, once per search: 64 rotations of every minutia and the lanes by angle.
    ///
    /// # Errors
    /// [`RecordError::TooManyMinutiae`] for more than 48 minutiae, else as [`Record::check`].
    pub fn new(record: &Record) -> Result<Self, RecordError> {
        record.check()?;
        let count = record.minutiae.len();
        if count > LANES {
            return Err(RecordError::TooManyMinutiae { count, max: LANES });
        }
        let rotations = (0..ROTATIONS).map(|r| rotate(&record.minutiae, r)).collect();
        Ok(Self {
            record: record.clone(),
            rotations,
            #[cfg(target_arch = "x86_64")]
            sorted: Box::new(SortedLanes::new(&record.minutiae)),
        })
    }

    /// The record that was prepared.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The minutiae by lane.
    pub fn minutiae(&self) -> &[RecordMinutia] {
        &self.record.minutiae
    }

    /// The lanes' places when the probe is turned by `index` steps of 4/256 turn.
    ///
    /// # Panics
    /// If `index` is not below 64.
    pub fn rotation(&self, index: usize) -> &RotationRow {
        &self.rotations[index]
    }

    /// The lanes by angle.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn sorted(&self) -> &SortedLanes {
        &self.sorted
    }

    /// The bytes that the card loads: 16 record lines (zero after the last), then three lines per
    /// rotation row with RX in bits 12:0 and RY in bits 28:16 of the word at byte 4 * lane.
    pub fn image(&self) -> Vec<u8> {
        let mut image = vec![0; PROBE_IMAGE_BYTES];
        let record = self.record.to_bytes();
        image[..record.len()].copy_from_slice(&record);
        let rows = image[PROBE_LINES * LINE_BYTES..].chunks_exact_mut(ROTATION_LINES * LINE_BYTES);
        for (bytes, row) in rows.zip(&self.rotations) {
            for (word, (x, y)) in bytes.chunks_exact_mut(4).zip(row.x.iter().zip(&row.y)) {
                let field = |coordinate: &i16| u32::from(*coordinate as u16 & 0x1fff);
                word.copy_from_slice(&(field(x) | (field(y) << 16)).to_le_bytes());
            }
        }
        image
    }
}

/// Row `r` of MATCHER 3's probe preparation.
fn rotate(minutiae: &[RecordMinutia], r: usize) -> RotationRow {
    let (cosine, sine) = (model().cosine[4 * r], model().sine[4 * r]);
    let mut row = RotationRow { x: [0; LANES], y: [0; LANES] };
    for (j, minutia) in minutiae.iter().enumerate() {
        let (x, y) = (i32::from(minutia.x), i32::from(minutia.y));
        row.x[j] = ((x * cosine - y * sine + 8192) >> 14) as i16;
        row.y[j] = ((x * sine + y * cosine + 8192) >> 14) as i16;
    }
    row
}
