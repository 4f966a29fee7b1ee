//! What lies behind a window of the client's memory: a mapping where that is safe, else the file itself.
//!
//! Touching a mapping beyond the end of its file kills the process, and the file is the client's to truncate. So only
//! files that are sealed against shrinking are mapped; others are read and written by system call, which just fails.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use rustix::fs::SealFlags;
use rustix::mm::{MapFlags, ProtFlags};

/// A client's file, mapped once however many windows lie in it: under a virtual IOMMU there is one for each page.
#[derive(Debug, Clone)]
pub(crate) enum Backing {
    /// A sealed file.
    Mapped(Arc<Mapping>),
    /// Any other file.
    Unmapped(Arc<File>),
}

impl Backing {
    /// Takes over a client's file.
    pub(crate) fn new(file: File) -> Self {
        match Mapping::new(&file) {
            Ok(mapping) => Self::Mapped(Arc::new(mapping)),
            Err(error) => {
                tracing::debug!(%error, "memory is reached by system calls");
                Self::Unmapped(Arc::new(file))
            }
        }
    }

    /// Fills `data` from byte `offset` of the file. `false`: not all of it is there.
    pub(crate) fn read(&self, offset: u64, data: &mut [u8]) -> bool {
        match self {
            Self::Mapped(mapping) => mapping.read(offset, data),
            Self::Unmapped(file) => file.read_exact_at(data, offset).is_ok(),
        }
    }

    /// Writes `data` at byte `offset` of the file, its last word after all else. `false`: it cannot be.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) -> bool {
        match self {
            Self::Mapped(mapping) => mapping.write(offset, data),
            Self::Unmapped(file) => {
                // A file would grow under a write past its end; a window does not.
                let end = offset.saturating_add(data.len() as u64);
                let inside = file.metadata().is_ok_and(|metadata| end <= metadata.len());
                let (rest, last) = data.split_at(data.len().saturating_sub(LAST_BYTES));
                inside && file.write_all_at(rest, offset).is_ok() && {
                    fence(Ordering::Release);
                    file.write_all_at(last, offset + rest.len() as u64).is_ok()
                }
            }
        }
    }
}

/// Bytes of a write that become visible last: the word of a completion that carries its phase.
const LAST_BYTES: usize = 4;

/// A whole file mapped into this process. Only volatile copies are made of it: the client writes to it too.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to no thread and is unmapped once, in `drop`.
unsafe impl Send for Mapping {}
// SAFETY: accesses are volatile copies of memory that another process changes at will: what two threads would do to each
// other is no worse. Within this process only the card's thread makes any.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(file: &File) -> io::Result<Self> {
        let seals = rustix::fs::fcntl_get_seals(file)?;
        if !seals.contains(SealFlags::SHRINK) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the file is not sealed against shrinking"));
        }
        let bytes = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice replaces nothing that exists.
        let base = unsafe { rustix::mm::mmap(std::ptr::null_mut(), bytes, protection, MapFlags::SHARED, file, 0)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, bytes })
    }

    fn place(&self, offset: u64, bytes: usize) -> Option<NonNull<u8>> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(bytes)?;
        // SAFETY: at most one past the end of the mapping, by the condition.
        (end <= self.bytes).then(|| unsafe { self.base.add(start) })
    }

    fn read(&self, offset: u64, data: &mut [u8]) -> bool {
        let Some(place) = self.place(offset, data.len()) else { return false };
        let words = if offset.is_multiple_of(8) { data.len() / 8 } else { 0 };
        let (head, tail) = data.split_at_mut(words * 8);
        for (nth, word) in head.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            // SAFETY: inside the mapping by `place`, aligned because `offset` and pages are; the file cannot shrink.
            *word = unsafe { place.cast::<u64>().add(nth).read_volatile() }.to_ne_bytes();
        }
        for (nth, byte) in tail.iter_mut().enumerate() {
            // SAFETY: inside the mapping by `place`; the file cannot shrink.
            *byte = unsafe { place.add(words * 8 + nth).read_volatile() };
        }
        true
    }

    fn write(&self, offset: u64, data: &[u8]) -> bool {
        let Some(place) = self.place(offset, data.len()) else { return false };
        let words = if offset.is_multiple_of(4) { data.len() / 4 } else { 0 };
        let (head, tail) = data.split_at(words * 4);
        for (nth, &word) in head.as_chunks::<4>().0.iter().enumerate() {
            if nth + 1 == words {
                fence(Ordering::Release); // the word of a completion that carries its phase comes last
            }
            // SAFETY: inside the mapping by `place`, aligned because `offset` and pages are; the file cannot shrink.
            unsafe { place.cast::<u32>().add(nth).write_volatile(u32::from_ne_bytes(word)) };
        }
        for (nth, &byte) in tail.iter().enumerate() {
            // SAFETY: inside the mapping by `place`; the file cannot shrink.
            unsafe { place.add(words * 4 + nth).write_volatile(byte) };
        }
        true
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; nothing keeps a pointer past `self`.
        if let Err(error) = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.bytes) } {
            tracing::warn!(%error, "a client's memory could not be unmapped");
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::MemfdFlags;

    use super::*;

    fn file(seals: SealFlags) -> File {
        let fd = rustix::fs::memfd_create(c"client", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        let file = File::from(fd);
        file.set_len(8192).unwrap();
        rustix::fs::fcntl_add_seals(&file, seals).unwrap();
        file
    }

    fn backings() -> [(Backing, File); 2] {
        [SealFlags::SHRINK, SealFlags::GROW].map(|seals| {
            let file = file(seals);
            (Backing::new(file.try_clone().unwrap()), file)
        })
    }

    #[test]
    fn only_a_file_that_cannot_shrink_is_mapped() {
        let [(sealed, _), (loose, file)] = backings();
        assert!(matches!(sealed, Backing::Mapped(_)) && matches!(loose, Backing::Unmapped(_)));
        // The other is safe to lose: it would have killed the process if it were mapped.
        file.set_len(0).unwrap();
        assert!(!loose.read(0, &mut [0; 8]) && !loose.write(0, &[0; 8]));
    }

    #[test]
    fn bytes_go_both_ways_at_any_alignment() {
        for (backing, file) in backings() {
            for offset in 0..9_u64 {
                for bytes in 0..35 {
                    let data: Vec<u8> = (1..=bytes).collect();
                    file.write_all_at(&[0; 64], 4096).unwrap();
                    assert!(backing.write(4096 + offset, &data));
                    let mut seen = [0; 64];
                    file.read_exact_at(&mut seen, 4096).unwrap();
                    let mut expected = [0; 64];
                    expected[offset as usize..][..data.len()].copy_from_slice(&data);
                    assert_eq!(seen, expected);
                    let mut back = vec![0; data.len()];
                    assert!(backing.read(4096 + offset, &mut back));
                    assert_eq!(back, data);
                }
            }
        }
    }

    #[test]
    fn nothing_beyond_the_file_is_read_or_written() {
        for (backing, file) in backings() {
            for offset in [8185, 8192, u64::MAX - 3, u64::MAX] {
                assert!(!backing.read(offset, &mut [0; 8]), "{offset}");
                assert!(!backing.write(offset, &[0; 8]), "{offset}");
            }
            assert_eq!(file.metadata().unwrap().len(), 8192);
        }
    }
}
