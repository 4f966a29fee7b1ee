//! The client's memory as the card may reach it: windows by address, each with its rights.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use crate::backing::Backing;

/// Windows of one session at most: the default of the kernel's own IOMMU driver (vfio_iommu_type1 `dma_entry_limit`).
pub(crate) const WINDOWS_MAX: usize = 65_535;

/// Rights of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// One window. Without a backing it was mapped without a file, as a virtual machine does with its ROMs: it exists, and
/// cannot be reached.
#[derive(Debug)]
struct Window {
    bytes: u64,
    access: Access,
    backing: Option<Backing>,
    offset: u64, // of the window in its backing
}

/// All windows of one session.
#[derive(Debug, Default)]
pub(crate) struct GuestMemory {
    windows: BTreeMap<u64, Window>,
    files: HashMap<(u64, u64), Backing>, // by device and inode
}

impl GuestMemory {
    /// Adds the window of `bytes` bytes at `address`, which is the part of `file` from `offset`.
    pub(crate) fn map(
        &mut self,
        address: u64,
        bytes: u64,
        access: Access,
        file: Option<File>,
        offset: u64,
    ) -> io::Result<()> {
        let invalid = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        let Some(end) = address.checked_add(bytes).filter(|_| bytes > 0) else {
            return invalid("the window is empty or wraps around");
        };
        if offset.checked_add(bytes).is_none() {
            return invalid("the window's file offset wraps around");
        }
        if self.windows.len() >= WINDOWS_MAX {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "there are too many windows"));
        }
        let before = self.windows.range(..end).next_back();
        if before.is_some_and(|(start, window)| start + window.bytes > address) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the window overlaps another"));
        }
        let backing = file.map(|file| self.backing(file)).transpose()?;
        self.windows.insert(address, Window { bytes, access, backing, offset });
        Ok(())
    }

    fn backing(&mut self, file: File) -> io::Result<Backing> {
        let metadata = file.metadata()?;
        let known = self.files.entry((metadata.dev(), metadata.ino()));
        Ok(known.or_insert_with(|| Backing::new(file)).clone())
    }

    /// Removes every window inside the `bytes` bytes at `address`.
    ///
    /// # Errors
    /// `InvalidInput` if a window lies partly inside; nothing is removed then.
    pub(crate) fn unmap(&mut self, address: u64, bytes: u64) -> io::Result<()> {
        let end = u128::from(address) + u128::from(bytes);
        let touched = |start: u64, window: &Window| {
            u128::from(start) < end && u128::from(start) + u128::from(window.bytes) > u128::from(address)
        };
        let inside =
            |start: u64, window: &Window| start >= address && u128::from(start) + u128::from(window.bytes) <= end;
        if self.windows.iter().any(|(&start, window)| touched(start, window) && !inside(start, window)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the range splits a window"));
        }
        self.windows.retain(|&start, window| !inside(start, window));
        if self.windows.is_empty() {
            self.files.clear(); // the mappings go with the last window
        }
        Ok(())
    }

    /// Removes every window.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Number of windows.
    pub(crate) fn len(&self) -> usize {
        self.windows.len()
    }

    /// Fills `data` from `address`, from as many windows as it spans. `false`: not all of it may be read.
    pub(crate) fn read(&self, address: u64, data: &mut [u8]) -> bool {
        let mut done = 0;
        while done < data.len() {
            let Some((backing, offset, bytes)) = self.piece(address, done, data.len(), |access| access.read) else {
                return false;
            };
            if !backing.read(offset, &mut data[done..done + bytes]) {
                return false;
            }
            done += bytes;
        }
        true
    }

    /// Writes `data` to `address`, over as many windows as it spans. `false`: not all of it may be written. Nothing is
    /// then, unless a file was truncated under its window.
    pub(crate) fn write(&self, address: u64, data: &[u8]) -> bool {
        let mut pieces = Vec::new();
        let mut done = 0;
        while done < data.len() {
            let Some((backing, offset, bytes)) = self.piece(address, done, data.len(), |access| access.write) else {
                return false;
            };
            pieces.push((backing, offset, done..done + bytes));
            done += bytes;
        }
        pieces.into_iter().all(|(backing, offset, part)| backing.write(offset, &data[part]))
    }

    /// Where the bytes from `done` of an access lie: the backing, the offset in it, and how many lie there in a row.
    fn piece(
        &self,
        address: u64,
        done: usize,
        bytes: usize,
        allowed: impl Fn(Access) -> bool,
    ) -> Option<(&Backing, u64, usize)> {
        let at = address.checked_add(done as u64)?;
        let (start, window) = self.windows.range(..=at).next_back()?;
        let within = at - start;
        if within >= window.bytes || !allowed(window.access) {
            return None;
        }
        let here = (window.bytes - within).min((bytes - done) as u64);
        Some((window.backing.as_ref()?, window.offset + within, here as usize))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use rustix::fs::MemfdFlags;

    use super::*;

    const ALL: Access = Access { read: true, write: true };

    fn file(bytes: u64) -> File {
        let file = File::from(rustix::fs::memfd_create(c"client", MemfdFlags::CLOEXEC).unwrap());
        file.set_len(bytes).unwrap();
        file
    }

    fn kind(result: io::Result<()>) -> io::ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn a_transfer_may_span_windows_of_different_files_and_parts() {
        let (low, high) = (file(8192), file(4096));
        let mut memory = GuestMemory::default();
        memory.map(0x1000, 0x1000, ALL, Some(low.try_clone().unwrap()), 0x1000).unwrap();
        memory.map(0x2000, 0x1000, ALL, Some(high.try_clone().unwrap()), 0).unwrap();
        let data: Vec<u8> = (0..128).collect();
        assert!(memory.write(0x1fc0, &data));
        let mut part = [0; 64];
        low.read_exact_at(&mut part, 0x1fc0).unwrap();
        assert_eq!(part, data[..64]);
        high.read_exact_at(&mut part, 0).unwrap();
        assert_eq!(part, data[64..]);
        let mut back = [0; 128];
        assert!(memory.read(0x1fc0, &mut back));
        assert_eq!(back, *data);
    }

    #[test]
    fn holes_rights_and_ends_are_respected_and_a_refused_write_changes_nothing() {
        let data = file(4096);
        let mut memory = GuestMemory::default();
        memory.map(0x1000, 64, ALL, Some(data.try_clone().unwrap()), 0).unwrap();
        memory.map(0x1040, 64, Access { read: true, write: false }, Some(data.try_clone().unwrap()), 64).unwrap();
        memory.map(0x2000, 64, Access { read: false, write: true }, Some(data.try_clone().unwrap()), 128).unwrap();
        memory.map(0x3000, 64, ALL, None, 0).unwrap();
        assert!(memory.read(0x1000, &mut [0; 128]));
        assert!(!memory.write(0x1000, &[1; 128]), "half of it is read-only");
        assert!(!memory.read(0x1000, &mut [0; 129]) && !memory.read(0xfff, &mut [0; 2]));
        assert!(!memory.read(0x2000, &mut [0; 1]) && memory.write(0x2000, &[0; 1]));
        assert!(!memory.read(0x3000, &mut [0; 1]) && !memory.write(0x3000, &[0; 1]), "no file, no memory");
        assert!(!memory.read(u64::MAX, &mut [0; 2]));
        let mut seen = [0; 128];
        data.read_exact_at(&mut seen, 0).unwrap();
        assert_eq!(seen, [0; 128]);
    }

    #[test]
    fn what_a_client_must_not_map_is_refused() {
        let mut memory = GuestMemory::default();
        memory.map(0x1000, 0x1000, ALL, Some(file(4096)), 0).unwrap();
        let mut map = |address, bytes, offset| memory.map(address, bytes, ALL, None, offset);
        assert_eq!(kind(map(0x5000, 0, 0)), io::ErrorKind::InvalidInput);
        assert_eq!(kind(map(u64::MAX, 2, 0)), io::ErrorKind::InvalidInput);
        assert_eq!(kind(map(0x5000, 2, u64::MAX)), io::ErrorKind::InvalidInput);
        for (address, bytes) in [(0x1000, 0x1000), (0xfff, 2), (0x1fff, 1), (0, 0x3000), (0x1800, 1)] {
            assert_eq!(kind(map(address, bytes, 0)), io::ErrorKind::AlreadyExists, "{address:#x}");
        }
        assert!(map(0xfff, 1, 0).is_ok() && map(0x2000, 1, 0).is_ok());
    }

    #[test]
    fn windows_are_counted() {
        let mut memory = GuestMemory::default();
        for nth in 0..WINDOWS_MAX as u64 {
            memory.map(nth * 4096, 4096, ALL, None, 0).unwrap();
        }
        assert_eq!(kind(memory.map(1 << 60, 4096, ALL, None, 0)), io::ErrorKind::QuotaExceeded);
    }

    #[test]
    fn unmapping_removes_whole_windows_and_never_splits_one() {
        let mut memory = GuestMemory::default();
        for address in [0x1000, 0x2000, 0x4000] {
            memory.map(address, 0x1000, ALL, Some(file(4096)), 0).unwrap();
        }
        assert_eq!(kind(memory.unmap(0x1000, 0x1800)), io::ErrorKind::InvalidInput);
        assert_eq!(kind(memory.unmap(0x1800, 0x1000)), io::ErrorKind::InvalidInput);
        assert_eq!(memory.len(), 3);
        memory.unmap(0x1000, 0x3000).unwrap();
        assert!(!memory.read(0x1000, &mut [0; 1]) && !memory.read(0x2000, &mut [0; 1]));
        assert!(memory.read(0x4000, &mut [0; 1]));
        memory.unmap(0, u64::MAX).unwrap();
        assert_eq!((memory.len(), memory.files.len()), (0, 0));
    }

    #[test]
    fn a_file_is_opened_once_for_all_its_windows() {
        let data = file(8192);
        let mut memory = GuestMemory::default();
        for nth in 0..2 {
            memory.map(nth * 4096, 4096, ALL, Some(data.try_clone().unwrap()), nth * 4096).unwrap();
        }
        assert_eq!(memory.files.len(), 1);
    }
}
