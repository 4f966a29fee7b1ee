//! The file layer below a store: what it needs of the system, and the system.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// A file that grows at its end.
pub trait AppendFile: Debug + Send {
    /// Appends the bytes.
    ///
    /// # Errors
    /// What the system says; a part of the bytes may be in the file then.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was appended survives a loss of power.
    ///
    /// # Errors
    /// What the system says; what was appended since the last success may be lost then.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file that is read at any place.
pub trait ReadFile: Debug + Send + Sync {
    /// Its length.
    ///
    /// # Errors
    /// What the system says.
    fn bytes(&self) -> io::Result<u64>;

    /// Fills the buffer with the bytes at `offset`.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::UnexpectedEof`] beyond the file's end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A file whose end is changed.
pub(crate) trait ChangeFile: ReadFile {
    /// Cuts it.
    fn cut(&self, bytes: u64) -> io::Result<()>;

    /// Writes over the bytes at `offset`.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was written survives a loss of power.
    fn sync_all(&self) -> io::Result<()>;
}

/// Bytes at a file's end that may not be on the disk although they can be read, because syncing them failed: at least what one
/// write appends.
const UNSURE_BYTES: u64 = 16 << 20;
/// Bytes that are written over in one go.
const REWRITE_BYTES: u64 = 1 << 20;

const _: () = assert!(UNSURE_BYTES >= super::segment::WRITE_BYTES_MAX as u64);

/// Cuts a file to its first `bytes` and makes what remains last. Syncing alone does not: the system counts pages that it failed
/// to write as written, and syncs them no more. So the end is written once more.
pub(crate) fn cut_and_sync(file: &dyn ChangeFile, bytes: u64) -> io::Result<()> {
    file.cut(bytes)?;
    let mut at = bytes.saturating_sub(UNSURE_BYTES);
    let mut buffer = Vec::new();
    while at < bytes {
        buffer.resize((bytes - at).min(REWRITE_BYTES) as usize, 0);
        file.read_at(at, &mut buffer)?;
        file.write_at(at, &buffer)?;
        at += buffer.len() as u64;
    }
    file.sync_all()
}

/// A lock that is held until it is dropped.
pub trait Lock: Debug + Send + Sync {}

/// What a store needs of a file system. Errors are the system's.
#[allow(clippy::missing_errors_doc)] // one line above says it for all
pub trait Storage: Debug + Send + Sync {
    /// Makes a folder for the owner alone, with those above it; one that is there already is left as it is.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Makes a file for the owner alone; refuses one that is there already.
    fn create(&self, file: &Path) -> io::Result<Box<dyn AppendFile>>;

    /// Opens a file to read it.
    fn open(&self, file: &Path) -> io::Result<Arc<dyn ReadFile>>;

    /// Cuts a file to its first `bytes`, which it has, and makes what remains survive a loss of power, even what an earlier sync
    /// of its last write failed to.
    fn truncate(&self, file: &Path, bytes: u64) -> io::Result<()>;

    /// Gives a file another name in its folder, in place of a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, file: &Path) -> io::Result<()>;

    /// Names of the files in a folder, in any order; names that are no UTF-8 are left out.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Returns when the names of a folder survive a loss of power.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Locks a file, which is made where it is missing; [`io::ErrorKind::WouldBlock`] if another process has it.
    fn lock(&self, file: &Path) -> io::Result<Box<dyn Lock>>;

    /// Bytes that are free for files in a folder.
    fn available_bytes(&self, folder: &Path) -> io::Result<u64>;
}

/// The file system of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsStorage;

impl AppendFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

impl ReadFile for File {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

impl ChangeFile for File {
    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }
}

/// A file with the system's advisory lock on it, which goes with the file.
#[derive(Debug)]
struct OsLock {
    _file: File,
}

impl Lock for OsLock {}

impl Storage for OsStorage {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(file)?;
        Ok(Box::new(file))
    }

    fn open(&self, file: &Path) -> io::Result<Arc<dyn ReadFile>> {
        Ok(Arc::new(File::open(file)?))
    }

    fn truncate(&self, file: &Path, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().read(true).write(true).open(file)?;
        cut_and_sync(&file, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn lock(&self, file: &Path) -> io::Result<Box<dyn Lock>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
        Ok(Box::new(OsLock { _file: file }))
    }

    fn available_bytes(&self, folder: &Path) -> io::Result<u64> {
        let space = rustix::fs::statvfs(folder)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }
}
