//! Scores and scans with the fastest exact code that the processor runs.

#[cfg(target_arch = "x86_64")]
use crate::avx2::Avx2;
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
    engine: Engine,
}

#[derive(Debug, Clone, Copy)]
enum Engine {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
}

impl Comparator {
    /// A comparator that uses `backend`, or the portable one where the processor lacks it;
    /// [`Comparator::backend`] tells which it is.
    pub fn new(backend: Backend) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let (Backend::Auto | Backend::Avx2, Some(avx2)) = (backend, Avx2::detect()) {
            return Self { engine: Engine::Avx2(avx2) };
        }
        let _ = backend; // on a processor with one backend there is nothing to choose
        Self { engine: Engine::Portable }
    }

    /// The backend in use: [`Backend::Portable`] or [`Backend::Avx2`].
    pub fn backend(&self) -> Backend {
        match self.engine {
            Engine::Portable => Backend::Portable,
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2(_) => Backend::Avx2,
        }
    }

    fn compare(self, probe: &Probe, reference: &PackedRecord, gate: u8) -> Comparison {
        match self.engine {
            Engine::Portable => plain::compare(probe, reference, gate),
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2(avx2) => avx2.compare(probe, reference, gate),
        }
    }

    /// Compares with one packed reference. `gate` is in 1/256 turn, 0..=127.
    ///
    /// # Errors
    /// [`RecordError`] if `reference` is not exactly one packed record.
    pub fn score(&self, probe: &Probe, reference: &[u8], gate: u8) -> Result<Comparison, RecordError> {
        Ok(self.compare(probe, &PackedRecord::only(reference)?, gate))
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
            each(index, self.compare(probe, &reference, gate).score);
            offset += reference.bytes().len();
            index += 1;
        }
        Ok(index)
    }
}
