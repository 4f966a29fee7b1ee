//! Memory that gallery shards are copied into, to be streamed by the card.

use std::sync::Arc;

use whorl_layout::LINE_BYTES;

use crate::dma::DmaMemory;
use crate::memory::Memory;
use crate::pool::DmaBuffer;
use crate::search::ExtentRequest;

/// A window of host memory that the card can read: one shard, or part of one.
///
/// Contents are lines of packed records (MATCHER 2.4); extents name them by [`address`](Self::address). A buffer that is
/// dropped is unmapped by the next allocation, or when the device is closed.
#[derive(Debug)]
pub struct GalleryBuffer {
    buffer: DmaBuffer,
    _memory: Arc<DmaMemory>, // its count tells the device whether the window is still in use
}

impl GalleryBuffer {
    pub(crate) fn new(memory: Arc<DmaMemory>, iova: u64) -> Self {
        Self { buffer: DmaBuffer::whole(Arc::clone(&memory), iova), _memory: memory }
    }

    /// Size in bytes: what was asked for, rounded up to whole pages.
    pub fn bytes(&self) -> usize {
        self.buffer.bytes()
    }

    /// Copies `data` to byte `offset`. Must not be done to lines that a running search reads: it would report a CRC
    /// mismatch.
    ///
    /// # Panics
    /// If `data` does not fit: the range is the caller's own arithmetic, never outside input.
    pub fn write(&mut self, offset: usize, data: &[u8]) {
        self.buffer.write(offset, data);
    }

    /// Copies `lines`, which are `records` whole records, to byte `offset`, and returns their extent: from gallery index 0,
    /// no known answers.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    pub fn put(&mut self, offset: usize, lines: &[u8], records: u32) -> ExtentRequest {
        self.write(offset, lines);
        ExtentRequest {
            memory: Memory::Host,
            address: self.address(offset),
            lines: (lines.len() / LINE_BYTES) as u32,
            records,
            base_index: 0,
            crc32c: crc32c::crc32c(lines),
            known_answer: false,
        }
    }

    /// Copies `data.len()` bytes out from byte `offset`.
    ///
    /// # Panics
    /// If they are not inside the buffer.
    pub fn read(&self, offset: usize, data: &mut [u8]) {
        self.buffer.read(offset, data);
    }

    /// The card's address of byte `offset`, for an extent.
    ///
    /// # Panics
    /// If `offset` is beyond the end of the buffer.
    pub fn address(&self, offset: usize) -> u64 {
        assert!(offset <= self.bytes(), "byte {offset} is outside a gallery buffer of {}", self.bytes());
        self.buffer.iova() + offset as u64
    }
}
