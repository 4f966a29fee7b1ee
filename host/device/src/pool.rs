//! Where things lie in the card's address space, and the pieces of shared memory that are handed out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dma::{DmaMemory, HUGE_PAGE_BYTES, PAGE_BYTES};
use crate::error::DeviceError;

/// First address of a window. Below 4 GiB lie the ranges that platforms reserve, the MSI window above all.
const IOVA_FIRST: u64 = 1 << 32;
/// End of the addresses used: 38 bits are less than any IOMMU in view translates (39).
const IOVA_END: u64 = 1 << 38;

/// Free address ranges, lowest first fit. Kept as length by start, neighbours always joined.
#[derive(Debug)]
pub(crate) struct Ranges {
    free: BTreeMap<u64, u64>,
    granule: u64,
}

impl Ranges {
    /// All of `start..end` free, handed out in multiples of `granule`, of which `start` and `end` are multiples.
    pub(crate) fn new(start: u64, end: u64, granule: u64) -> Self {
        Self { free: BTreeMap::from([(start, end - start)]), granule }
    }

    /// The card's address space, in huge pages so that every window can be one of huge pages.
    pub(crate) fn iova_space() -> Self {
        Self::new(IOVA_FIRST, IOVA_END, HUGE_PAGE_BYTES as u64)
    }

    /// Bytes that are free, in however many pieces.
    pub(crate) fn free_bytes(&self) -> u64 {
        self.free.values().sum()
    }

    /// Takes the lowest free range of at least `bytes`; `None` if there is none.
    pub(crate) fn take(&mut self, bytes: u64) -> Option<u64> {
        let bytes = bytes.max(1).checked_next_multiple_of(self.granule)?;
        let (&start, &length) = self.free.iter().find(|&(_, &length)| length >= bytes)?;
        self.free.remove(&start);
        if length > bytes {
            self.free.insert(start + bytes, length - bytes);
        }
        Some(start)
    }

    /// Gives back a range that [`take`](Self::take) returned for `bytes`.
    pub(crate) fn give(&mut self, mut start: u64, bytes: u64) {
        let mut bytes = bytes.max(1).next_multiple_of(self.granule);
        if let Some((&before, &length)) = self.free.range(..start).next_back() {
            assert!(before + length <= start, "range at {start:#x} is given back twice");
            if before + length == start {
                self.free.remove(&before);
                (start, bytes) = (before, bytes + length);
            }
        }
        if let Some((&after, &length)) = self.free.range(start..).next() {
            assert!(start + bytes <= after, "range at {start:#x} is given back twice");
            if start + bytes == after {
                self.free.remove(&after);
                bytes += length;
            }
        }
        self.free.insert(start, bytes);
    }
}

/// One window of shared memory from which buffers are cut: rings, probe images, extent lists, result blocks.
#[derive(Debug, Clone)]
pub(crate) struct DmaPool {
    memory: Arc<DmaMemory>,
    iova: u64,
    free: Arc<Mutex<Ranges>>,
}

impl DmaPool {
    /// A pool over all of `memory`, which the card sees at `iova`.
    pub(crate) fn new(memory: Arc<DmaMemory>, iova: u64) -> Self {
        let free = Ranges::new(0, memory.bytes() as u64, PAGE_BYTES as u64);
        Self { memory, iova, free: Arc::new(Mutex::new(free)) }
    }

    /// Cuts a zeroed buffer of `bytes`, page aligned. It returns to the pool when it is dropped.
    pub(crate) fn take(&self, bytes: usize) -> Result<DmaBuffer, DeviceError> {
        let offset = self.free.lock().unwrap_or_else(PoisonError::into_inner).take(bytes as u64);
        let offset = offset.ok_or(DeviceError::OutOfMemory { bytes, source: None })? as usize;
        let mut buffer = DmaBuffer {
            memory: Arc::clone(&self.memory),
            iova: self.iova + offset as u64,
            offset,
            bytes,
            pool: Some(self.clone()),
        };
        buffer.fill_zero();
        Ok(buffer)
    }
}

/// A piece of shared memory that belongs to its holder alone, on this side. The card may change it at any moment.
#[derive(Debug)]
pub(crate) struct DmaBuffer {
    memory: Arc<DmaMemory>,
    iova: u64,
    offset: usize,
    bytes: usize,
    pool: Option<DmaPool>,
}

impl DmaBuffer {
    /// All of `memory` as one buffer that belongs to no pool.
    pub(crate) fn whole(memory: Arc<DmaMemory>, iova: u64) -> Self {
        let bytes = memory.bytes();
        Self { memory, iova, offset: 0, bytes, pool: None }
    }

    /// Address by which the card reaches the first byte.
    pub(crate) fn iova(&self) -> u64 {
        self.iova
    }

    /// Size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn place(&self, offset: usize, bytes: usize) -> usize {
        assert!(
            offset.checked_add(bytes).is_some_and(|end| end <= self.bytes),
            "{bytes} bytes at {offset} are outside the {} of this buffer",
            self.bytes
        );
        self.offset + offset
    }

    /// Copies bytes out. Panics if they are not inside the buffer.
    pub(crate) fn read(&self, offset: usize, data: &mut [u8]) {
        self.memory.read(self.place(offset, data.len()), data);
    }

    /// Copies bytes in. Panics if they do not fit inside the buffer.
    pub(crate) fn write(&mut self, offset: usize, data: &[u8]) {
        self.memory.write(self.place(offset, data.len()), data);
    }

    /// Reads an aligned little-endian word in one access. Panics if it is not inside the buffer.
    pub(crate) fn read_u32(&self, offset: usize) -> u32 {
        self.memory.read_u32(self.place(offset, 4))
    }

    fn fill_zero(&mut self) {
        let zero = [0; PAGE_BYTES];
        for offset in (0..self.bytes).step_by(PAGE_BYTES) {
            self.write(offset, &zero[..PAGE_BYTES.min(self.bytes - offset)]);
        }
    }
}

impl Drop for DmaBuffer {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.free.lock().unwrap_or_else(PoisonError::into_inner).give(self.offset as u64, self.bytes as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(pages: usize) -> DmaPool {
        DmaPool::new(Arc::new(DmaMemory::new(pages * PAGE_BYTES).unwrap()), IOVA_FIRST)
    }

    #[test]
    fn a_buffer_is_zeroed_even_after_another_held_its_place() {
        let pool = pool(1);
        let mut first = pool.take(100).unwrap();
        first.write(0, &[0xff; 100]);
        drop(first);
        let second = pool.take(100).unwrap();
        let mut data = [1; 100];
        second.read(0, &mut data);
        assert_eq!(data, [0; 100]);
    }

    #[test]
    fn a_used_up_pool_refuses_until_a_buffer_comes_back() {
        let pool = pool(2);
        let first = pool.take(PAGE_BYTES).unwrap();
        let second = pool.take(1).unwrap();
        assert_eq!(second.iova(), IOVA_FIRST + PAGE_BYTES as u64);
        assert!(matches!(pool.take(1), Err(DeviceError::OutOfMemory { bytes: 1, source: None })));
        drop(first);
        assert_eq!(pool.take(1).unwrap().iova(), IOVA_FIRST);
    }

    #[test]
    #[should_panic(expected = "outside")]
    fn a_buffer_does_not_reach_its_neighbour() {
        let pool = pool(2);
        let mut first = pool.take(64).unwrap();
        first.write(60, &[0; 8]);
    }

    #[test]
    #[should_panic(expected = "given back twice")]
    fn a_range_is_not_taken_back_twice() {
        let mut ranges = Ranges::new(0, 4096, 64);
        let start = ranges.take(64).unwrap();
        ranges.give(start, 64);
        ranges.give(start, 64);
    }

    proptest! {
        #[test]
        fn ranges_never_overlap_and_all_come_back(steps in prop::collection::vec((any::<bool>(), 1_u64..2000, any::<prop::sample::Index>()), 1..200)) {
            let mut ranges = Ranges::new(1 << 12, 1 << 16, 64);
            let mut held: Vec<(u64, u64)> = Vec::new();
            for (take, bytes, pick) in steps {
                if take || held.is_empty() {
                    if let Some(start) = ranges.take(bytes) {
                        prop_assert!(start.is_multiple_of(64) && start >= 1 << 12 && start + bytes <= 1 << 16);
                        prop_assert!(held.iter().all(|&(other, length)| start + bytes <= other || other + length <= start));
                        held.push((start, bytes));
                    } else {
                        prop_assert!(!held.is_empty());
                    }
                } else {
                    let (start, bytes) = held.swap_remove(pick.index(held.len()));
                    ranges.give(start, bytes);
                }
            }
            for (start, bytes) in held {
                ranges.give(start, bytes);
            }
            prop_assert_eq!(ranges.take((1 << 16) - (1 << 12)), Some(1 << 12));
        }
    }
}
