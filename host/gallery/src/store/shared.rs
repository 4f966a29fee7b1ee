//! What the writer, readers and maintenance of an open store share.

use super::books::Books;
use super::error::StoreError;
use super::hash::Hasher;
use super::index::Index;
use super::options::StoreOptions;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of the operations that wait for the writer or are with it.
#[derive(Debug, Default)]
pub(crate) struct Waiting(AtomicUsize);

/// A share of them, given back when it is dropped.
pub(crate) struct Share {
    waiting: Arc<Waiting>,
    bytes: usize,
}

impl Waiting {
    /// Takes a share, unless there would be more than `max` then.
    pub(crate) fn take(self: &Arc<Self>, bytes: usize, max: usize) -> Option<Share> {
        let sum = |taken: usize| taken.checked_add(bytes).filter(|&sum| sum <= max);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum).ok()?;
        Some(Share { waiting: self.clone(), bytes })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.waiting.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// An open store. Locks are taken in this order: maintenance, books, index.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    /// Without the key, which the keyring has.
    pub(crate) options: StoreOptions,
    pub(crate) hasher: Hasher,
    pub(crate) memory_limit_bytes: u64,
    pub(crate) maintenance: Mutex<()>,
    pub(crate) waiting: Arc<Waiting>,
    books: Mutex<Books>,
    index: Arc<RwLock<Index>>,
    poisoned: Mutex<Option<String>>,
}

impl Shared {
    pub(crate) fn new(options: StoreOptions, books: Books, index: Index) -> Self {
        Self {
            folder: books.folder.clone(),
            hasher: books.keyring.hasher(),
            memory_limit_bytes: options.memory_limit(),
            options: StoreOptions { key: None, ..options },
            maintenance: Mutex::new(()),
            waiting: Arc::default(),
            books: Mutex::new(books),
            index: Arc::new(RwLock::new(index)),
            poisoned: Mutex::new(None),
        }
    }

    // A thread that panicked with a lock leaves the disk as it was acknowledged; what is read in memory stays readable.

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn index(&self) -> &Arc<RwLock<Index>> {
        &self.index
    }

    /// Why the store takes no more operations, if so.
    pub(crate) fn poisoned(&self) -> Option<String> {
        self.poisoned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends all writing: what the disk holds is uncertain. The first reason stays.
    pub(crate) fn poison(&self, error: &StoreError) {
        tracing::error!(%error, "the store takes no more operations until it is opened again");
        let mut poisoned = self.poisoned.lock().unwrap_or_else(PoisonError::into_inner);
        poisoned.get_or_insert_with(|| error.to_string());
    }

    /// Time before which a kept document is too old, in milliseconds since 1970.
    pub(crate) fn documents_horizon_ms(&self) -> u64 {
        before(self.options.keep_for)
    }

    /// Time before which a receipt that stands alone is too old, in milliseconds since 1970.
    pub(crate) fn receipts_horizon_ms(&self) -> u64 {
        before(self.options.remember_requests_for)
    }

    /// Refuses where the store is poisoned.
    pub(crate) fn check_poison(&self) -> Result<(), StoreError> {
        self.poisoned().map_or(Ok(()), |reason| Err(StoreError::Poisoned { reason }))
    }
}

fn before(age: Duration) -> u64 {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    now_ms.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}
