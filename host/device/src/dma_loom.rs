//! [`crate::dma`] as loom sees it: shared memory of atomic words that promise nothing about their order but what the
//! two barriers say, so a model finds every order in which a card or a driver could see them.
//!
//! Words are of 4 bytes, the least that a card writes at once; accesses are whole words here.

use std::io;
use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering, fence};

/// As in the memory that is mapped.
pub const HUGE_PAGE_BYTES: usize = 2 << 20;
/// As in the memory that is mapped.
pub const PAGE_BYTES: usize = 4096;

/// Zeroed words within one model, which two threads may share.
#[derive(Debug)]
pub struct DmaMemory {
    words: Arc<[AtomicU32]>,
}

impl DmaMemory {
    /// Makes `bytes` of zeroed memory, a multiple of 4 and no more: every word costs the model time.
    ///
    /// # Errors
    /// None; mapped memory has some.
    pub fn new(bytes: usize) -> io::Result<Self> {
        assert!(bytes.is_multiple_of(4), "{bytes} bytes are no whole words");
        Ok(Self { words: (0..bytes / 4).map(|_| AtomicU32::new(0)).collect() })
    }

    /// The same memory once more, as the card would have it.
    #[cfg(test)]
    #[allow(clippy::unnecessary_wraps)] // mapping it again may fail
    pub(crate) fn share(&self) -> io::Result<Self> {
        Ok(Self { words: Arc::clone(&self.words) })
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.words.len() * 4
    }

    /// Whether the memory is made of 2 MiB pages.
    pub fn is_huge(&self) -> bool {
        false
    }

    fn words(&self, offset: usize, bytes: usize) -> &[AtomicU32] {
        assert!(offset.is_multiple_of(4) && bytes.is_multiple_of(4), "{bytes} bytes at {offset} are no whole words");
        &self.words[offset / 4..][..bytes / 4]
    }

    /// Copies out `data.len()` bytes from `offset`. Panics if they are not words inside the memory.
    pub(crate) fn read(&self, offset: usize, data: &mut [u8]) {
        for (word, bytes) in self.words(offset, data.len()).iter().zip(data.as_chunks_mut::<4>().0) {
            *bytes = word.load(Ordering::Relaxed).to_le_bytes();
        }
    }

    /// Copies `data` in at `offset`. Panics if these are not words inside the memory.
    pub(crate) fn write(&self, offset: usize, data: &[u8]) {
        for (word, &bytes) in self.words(offset, data.len()).iter().zip(data.as_chunks::<4>().0) {
            word.store(u32::from_le_bytes(bytes), Ordering::Relaxed);
        }
    }

    /// Reads the word at `offset`.
    pub(crate) fn read_u32(&self, offset: usize) -> u32 {
        self.words(offset, 4)[0].load(Ordering::Relaxed)
    }
}

/// Keeps earlier writes before later ones, for a thread that sees one of the later.
pub fn write_barrier() {
    fence(Ordering::Release);
}

/// Keeps later reads behind earlier ones.
pub fn read_barrier() {
    fence(Ordering::Acquire);
}
