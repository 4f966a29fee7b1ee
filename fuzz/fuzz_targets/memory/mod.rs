//! A file layer in memory: a fuzzer must not wait for a disk.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use whorl_gallery::{AppendFile, Lock, ReadFile, Storage};

type Bytes = Arc<Mutex<Vec<u8>>>;

/// Files by path.
#[derive(Debug, Default, Clone)]
pub struct Memory(Arc<Mutex<HashMap<PathBuf, Bytes>>>);

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// Puts a file.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        lock(&self.0).insert(path.to_owned(), Arc::new(Mutex::new(bytes)));
    }

    fn get(&self, path: &Path) -> io::Result<Bytes> {
        lock(&self.0).get(path).cloned().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

#[derive(Debug)]
struct Open(Bytes);

impl ReadFile for Open {
    fn bytes(&self) -> io::Result<u64> {
        Ok(lock(&self.0).len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = lock(&self.0);
        let start = usize::try_from(offset).map_err(|_| ErrorKind::UnexpectedEof)?;
        let part = start.checked_add(buffer.len()).and_then(|end| bytes.get(start..end));
        buffer.copy_from_slice(part.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl AppendFile for Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Held;

impl Lock for Held {}

impl Storage for Memory {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn AppendFile>> {
        if self.get(file).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.put(file, Vec::new());
        Ok(Box::new(Open(self.get(file)?)))
    }

    fn open(&self, file: &Path) -> io::Result<Arc<dyn ReadFile>> {
        Ok(Arc::new(Open(self.get(file)?)))
    }

    fn truncate(&self, file: &Path, bytes: u64) -> io::Result<()> {
        lock(&*self.get(file)?).truncate(bytes as usize);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = lock(&self.0);
        let moved = files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.insert(to.to_owned(), moved);
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        lock(&self.0).remove(file).map(|_| ()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let files = lock(&self.0);
        let inside = files.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn Lock>> {
        Ok(Box::new(Held))
    }

    fn available_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}
