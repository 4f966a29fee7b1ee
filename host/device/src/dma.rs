//! Memory that the driver and the card share: the only module of this crate that contains `unsafe`.
//!
//! The card may write any byte at any moment, so nothing here hands out a reference. Every access is a copy made
//! with volatile loads or stores, and the two barriers order those copies against each other and against doorbells.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{Ordering, fence};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

/// Bytes of one huge page. Larger memory is made of these where the machine has them reserved.
pub const HUGE_PAGE_BYTES: usize = 2 << 20;
/// Bytes of one ordinary page, the granule of every mapping.
pub const PAGE_BYTES: usize = 4096;

/// Anonymous shared memory: mapped here, and shown to the card by address (vfio) or by descriptor (vfio-user).
///
/// The file is sealed against shrinking, so whoever maps it too can rely on its size.
#[derive(Debug)]
pub struct DmaMemory {
    fd: OwnedFd,
    base: NonNull<u8>,
    bytes: usize,
    huge: bool,
}

// SAFETY: the mapping is a plain resource that belongs to no thread; it is unmapped once, in `drop`.
unsafe impl Send for DmaMemory {}
// SAFETY: `read` and `write` are crate-private and called only by `pool::DmaBuffer`, whose ranges do not overlap and
// which writes through `&mut self`; so no two threads of this process touch one byte at the same time unless both read.
unsafe impl Sync for DmaMemory {}

impl DmaMemory {
    /// Makes at least `bytes` of zeroed memory: of 2 MiB pages if it is that large and they are reserved, else of
    /// ordinary pages.
    ///
    /// # Errors
    /// The system's error if the memory cannot be had, `OutOfMemory` if it is more than the machine has, or `InvalidInput`
    /// if `bytes` is 0 or does not fit the address space.
    pub fn new(bytes: usize) -> io::Result<Self> {
        // All pages are made at once, which ends the process instead of the call where there are too few.
        let machine = rustix::system::sysinfo();
        if bytes as u64 > machine.totalram.saturating_mul(machine.mem_unit.into()) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if bytes >= HUGE_PAGE_BYTES
            && let Ok(memory) = Self::with_pages(bytes, true)
        {
            return Ok(memory);
        }
        Self::with_pages(bytes, false)
    }

    fn with_pages(bytes: usize, huge: bool) -> io::Result<Self> {
        let granule = if huge { HUGE_PAGE_BYTES } else { PAGE_BYTES };
        let bytes = bytes
            .checked_next_multiple_of(granule)
            .filter(|&bytes| bytes > 0 && isize::try_from(bytes).is_ok())
            .ok_or(io::ErrorKind::InvalidInput)?;
        let mut flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        if huge {
            flags |= MemfdFlags::HUGETLB | MemfdFlags::HUGE_2MB;
        }
        let fd = rustix::fs::memfd_create(c"whorl-dma", flags)?;
        rustix::fs::ftruncate(&fd, bytes as u64)?;
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW)?;
        Self::map(fd, bytes, huge)
    }

    fn map(fd: OwnedFd, bytes: usize, huge: bool) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::SHARED | MapFlags::POPULATE;
        // SAFETY: a new mapping at an address of the kernel's choice replaces nothing that exists.
        let base = unsafe { rustix::mm::mmap(std::ptr::null_mut(), bytes, protection, flags, &fd, 0)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { fd, base, bytes, huge })
    }

    /// The same memory mapped once more, as the card would have it.
    #[cfg(test)]
    pub(crate) fn share(&self) -> io::Result<Self> {
        Self::map(self.fd.try_clone()?, self.bytes, self.huge)
    }

    /// Size in bytes, a multiple of the page size.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the memory is made of 2 MiB pages.
    pub fn is_huge(&self) -> bool {
        self.huge
    }

    /// The file behind the memory, for a transport that maps by descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Where the memory lies in this process, for a transport that maps by address. Never to be made a reference.
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    fn check(&self, offset: usize, bytes: usize) {
        assert!(
            offset.checked_add(bytes).is_some_and(|end| end <= self.bytes),
            "{bytes} bytes at {offset} are outside the {} of this memory",
            self.bytes
        );
    }

    /// Copies out `data.len()` bytes from `offset`. Panics if they are not inside the memory.
    pub(crate) fn read(&self, offset: usize, data: &mut [u8]) {
        self.check(offset, data.len());
        let (head, words) = split(offset, data.len());
        let (head_bytes, rest) = data.split_at_mut(head);
        let (word_bytes, tail_bytes) = rest.split_at_mut(words * 8);
        let mut at = offset;
        for byte in head_bytes {
            // SAFETY: inside the mapping by `check`; a byte has no alignment and no invalid value.
            *byte = unsafe { self.base.add(at).read_volatile() };
            at += 1;
        }
        for word in word_bytes.chunks_exact_mut(8) {
            // SAFETY: inside the mapping by `check`; 8-byte aligned because `split` made `at` so and pages are.
            let value = unsafe { self.base.add(at).cast::<u64>().read_volatile() };
            word.copy_from_slice(&value.to_ne_bytes());
            at += 8;
        }
        for byte in tail_bytes {
            // SAFETY: as for the head.
            *byte = unsafe { self.base.add(at).read_volatile() };
            at += 1;
        }
    }

    /// Copies `data` in at `offset`. Panics if it does not fit inside the memory.
    pub(crate) fn write(&self, offset: usize, data: &[u8]) {
        self.check(offset, data.len());
        let (head, words) = split(offset, data.len());
        let (head_bytes, rest) = data.split_at(head);
        let (word_bytes, tail_bytes) = rest.split_at(words * 8);
        let mut at = offset;
        for &byte in head_bytes {
            // SAFETY: inside the mapping by `check`; a byte has no alignment.
            unsafe { self.base.add(at).write_volatile(byte) };
            at += 1;
        }
        let (word_chunks, _) = word_bytes.as_chunks::<8>();
        for &word in word_chunks {
            // SAFETY: inside the mapping by `check`; 8-byte aligned because `split` made `at` so and pages are.
            unsafe { self.base.add(at).cast::<u64>().write_volatile(u64::from_ne_bytes(word)) };
            at += 8;
        }
        for &byte in tail_bytes {
            // SAFETY: as for the head.
            unsafe { self.base.add(at).write_volatile(byte) };
            at += 1;
        }
    }

    /// Reads the little-endian word at `offset` in one access. Panics unless it is aligned and inside the memory.
    pub(crate) fn read_u32(&self, offset: usize) -> u32 {
        self.check(offset, 4);
        assert!(offset.is_multiple_of(4), "a word lies at a multiple of 4, not at {offset}");
        // SAFETY: inside the mapping and aligned by the two checks above.
        u32::from_le(unsafe { self.base.add(offset).cast::<u32>().read_volatile() })
    }
}

impl Drop for DmaMemory {
    fn drop(&mut self) {
        // SAFETY: `base` and `bytes` are the mapping made in `with_pages`, and nothing keeps a pointer past `self`.
        if let Err(error) = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.bytes) } {
            tracing::warn!(%error, bytes = self.bytes, "DMA memory could not be unmapped");
        }
    }
}

/// Bytes before the first 8-byte boundary at or after `offset`, and the whole words that follow in `bytes`.
fn split(offset: usize, bytes: usize) -> (usize, usize) {
    let head = (offset.next_multiple_of(8) - offset).min(bytes);
    (head, (bytes - head) / 8)
}

/// Makes every earlier write to DMA memory visible to the card before any later write, above all a doorbell.
///
/// Memory is coherent and doorbells are strongly ordered on x86, where this keeps the compiler from reordering; on
/// aarch64 the barrier must reach beyond the inner domain, where the card is.
pub fn write_barrier() {
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a barrier instruction touches no memory and no register.
    unsafe {
        std::arch::asm!("dmb oshst", options(nostack, preserves_flags));
    }
    fence(Ordering::Release);
}

/// Keeps every later read of DMA memory behind an earlier one: the phase word first, then the rest of the entry.
pub fn read_barrier() {
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a barrier instruction touches no memory and no register.
    unsafe {
        std::arch::asm!("dmb oshld", options(nostack, preserves_flags));
    }
    fence(Ordering::Acquire);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_at_any_alignment_is_read_back_and_nothing_else_changes() {
        let memory = DmaMemory::new(PAGE_BYTES).unwrap();
        let pattern: Vec<u8> = (1..=40).collect();
        for offset in 0..9 {
            for bytes in 0..pattern.len() {
                memory.write(0, &[0; 64]);
                memory.write(offset, &pattern[..bytes]);
                let mut all = [0xff; 64];
                memory.read(0, &mut all);
                let mut expected = [0; 64];
                expected[offset..offset + bytes].copy_from_slice(&pattern[..bytes]);
                assert_eq!(all, expected, "{bytes} bytes at {offset}");
                let mut part = vec![0; bytes];
                memory.read(offset, &mut part);
                assert_eq!(part, pattern[..bytes]);
            }
        }
    }

    #[test]
    fn a_word_is_little_endian() {
        let memory = DmaMemory::new(1).unwrap();
        memory.write(8, &[0x78, 0x56, 0x34, 0x12]);
        assert_eq!(memory.read_u32(8), 0x1234_5678);
    }

    #[test]
    fn sizes_are_whole_pages_and_zero_is_refused() {
        assert_eq!(DmaMemory::new(1).unwrap().bytes(), PAGE_BYTES);
        assert_eq!(DmaMemory::new(PAGE_BYTES + 1).unwrap().bytes(), 2 * PAGE_BYTES);
        let large = DmaMemory::new(HUGE_PAGE_BYTES + 1).unwrap();
        let expected = if large.is_huge() { 2 * HUGE_PAGE_BYTES } else { HUGE_PAGE_BYTES + PAGE_BYTES };
        assert_eq!(large.bytes(), expected);
        assert!(DmaMemory::new(0).is_err());
        assert!(DmaMemory::new(usize::MAX).is_err());
        assert_eq!(DmaMemory::new(1 << 45).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
    }

    #[test]
    fn the_file_can_be_neither_shrunk_nor_grown() {
        let memory = DmaMemory::new(2 * PAGE_BYTES).unwrap();
        assert!(rustix::fs::ftruncate(memory.fd(), PAGE_BYTES as u64).is_err());
        assert!(rustix::fs::ftruncate(memory.fd(), 3 * PAGE_BYTES as u64).is_err());
    }

    #[test]
    #[should_panic(expected = "outside")]
    fn a_read_past_the_end_panics() {
        let memory = DmaMemory::new(PAGE_BYTES).unwrap();
        memory.read(PAGE_BYTES - 3, &mut [0; 4]);
    }

    #[test]
    #[should_panic(expected = "outside")]
    fn a_write_past_the_end_panics() {
        let memory = DmaMemory::new(PAGE_BYTES).unwrap();
        memory.write(usize::MAX, &[0; 4]);
    }
}
