//! BAR0 of a card under `vfio-pci`, mapped into this process.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags};
use whorl_layout::BAR0_BYTES;

/// The mapped registers. Every access is one volatile 32-bit load or store.
#[derive(Debug)]
pub(crate) struct MappedBar {
    base: NonNull<u32>,
}

// SAFETY: the mapping belongs to no thread, and accesses go through `&mut self`.
unsafe impl Send for MappedBar {}

impl MappedBar {
    /// Maps the `BAR0_BYTES` bytes at `offset` of `device`, a VFIO device whose BAR0 region is there and that large.
    pub(crate) fn new(device: BorrowedFd<'_>, offset: u64) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice replaces nothing that exists.
        let base = unsafe {
            rustix::mm::mmap(std::ptr::null_mut(), BAR0_BYTES, protection, MapFlags::SHARED, device, offset)?
        };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base })
    }

    fn register(&self, offset: u32) -> Option<NonNull<u32>> {
        let inside = offset.is_multiple_of(4) && (offset as usize) < BAR0_BYTES;
        // SAFETY: a word inside the mapping by the line above.
        inside.then(|| unsafe { self.base.add(offset as usize / 4) })
    }

    /// Reads a register; `None` if `offset` is not that of one.
    pub(crate) fn read(&mut self, offset: u32) -> Option<u32> {
        // SAFETY: `register` returns an aligned word inside the mapping.
        self.register(offset).map(|register| u32::from_le(unsafe { register.read_volatile() }))
    }

    /// Writes a register; `None` if `offset` is not that of one.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<()> {
        // SAFETY: `register` returns an aligned word inside the mapping.
        self.register(offset).map(|register| unsafe { register.write_volatile(value.to_le()) })
    }
}

impl Drop for MappedBar {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; nothing keeps a pointer past `self`.
        if let Err(error) = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), BAR0_BYTES) } {
            tracing::warn!(%error, "BAR0 could not be unmapped");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn registers_are_little_endian_words_at_their_offsets_and_nothing_else() {
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(2 * BAR0_BYTES as u64).unwrap();
        let mut bar = MappedBar::new(file.as_fd(), BAR0_BYTES as u64).unwrap();
        bar.write(0xfffc, 0x1234_5678).unwrap();
        assert_eq!(bar.read(0xfffc), Some(0x1234_5678));
        assert_eq!(bar.read(0xfff8), Some(0));
        for offset in [1, 2, 0x1_0000, !3] {
            assert_eq!((bar.read(offset), bar.write(offset, 1)), (None, None), "{offset:#x}");
        }
        let mut end = [0; 4];
        file.seek(io::SeekFrom::Start(2 * BAR0_BYTES as u64 - 4)).unwrap();
        file.read_exact(&mut end).unwrap();
        assert_eq!(end, [0x78, 0x56, 0x34, 0x12]);
    }
}
