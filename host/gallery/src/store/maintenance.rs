//! What is done to a store as a whole: compaction, another key, checks, copies.

use super::books::{self, Books};
use super::compaction;
use super::error::{KeyError, StoreError};
use super::key::MasterKey;
use super::keyring::{self, KEYS_BYTES_MAX, KEYS_FILE};
use super::log;
use super::manifest::{MANIFEST_BYTES_MAX, MANIFEST_FILE, Manifest, Row};
use super::options::{Compaction, Copied, Progress, Stage, StoreOptions, Verification};
use super::recovery;
use super::segment::{End, SEGMENT_HEADER_BYTES, Segment, file_name};
use super::storage::{OsStorage, Storage};
use super::writer::Message;
use super::{Store, storage::ReadFile};
use crossbeam_channel::bounded;
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

/// Bytes that are copied in one go.
const COPY_BYTES: usize = 4 << 20;

impl Store {
    /// Removes from the files what is expunged, superseded or too old, while the store is in use. When it returns, what was
    /// expunged before it began is in no file of the store any more.
    ///
    /// # Errors
    /// [`StoreError::Compacting`] if a compaction or backup runs, [`StoreError::Damaged`], [`StoreError::DiskFull`],
    /// [`StoreError::Io`]; the store is poisoned if it is uncertain which segments the disk has in the manifest.
    pub fn compact(&self, progress: &dyn Fn(Progress)) -> Result<Compaction, StoreError> {
        let _alone = self.alone()?;
        self.roll()?;
        compaction::run(&self.shared, progress)
    }

    /// Wraps all data keys with another master key. When it returns, only that one opens the store. Segments keep their
    /// data keys until compaction rewrites them.
    ///
    /// # Errors
    /// [`KeyError::Unused`] if the store is not encrypted. [`StoreError::Io`] poisons the store: either key may
    /// be the one that opens it.
    pub fn rotate_key(&self, new: MasterKey) -> Result<(), StoreError> {
        self.shared.check_poison()?;
        let mut books = self.shared.books();
        if !books.keyring.encrypted() {
            return Err(KeyError::Unused.into());
        }
        let before = books.keyring.replace_master(Some(new));
        books.save_keys().inspect_err(|error| {
            books.keyring.replace_master(before);
            self.shared.poison(error);
        })
    }

    /// Checks every byte of a store that no process has open, without a change to it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with file and offset, and as for [`Store::open`].
    pub fn verify(
        folder: &Path,
        options: &StoreOptions,
        progress: &dyn Fn(Progress),
    ) -> Result<Verification, StoreError> {
        let begun = Instant::now();
        let storage = options.storage.clone();
        let names = storage.list(folder).unwrap_or_default();
        // A copy that was never opened has no lock.
        let locked = names.iter().any(|name| name == recovery::LOCK_FILE);
        let _lock = if locked { Some(recovery::lock(&*storage, folder)?) } else { None };
        let books = Books::load(storage, folder, options.key.clone())?;
        let segments = log::open_segments(&books)?;
        let read = log::read(&books.manifest.rows, &segments, Stage::Verify, progress, |_, _| Ok(()))?;
        Ok(Verification {
            segments: segments.len() as u64,
            entries: read.entries,
            bytes: read.bytes,
            torn_bytes: read.torn_bytes,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }

    /// Copies the store as it is now into a new folder, while it is in use. The copy opens with the same key.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] if there is something in the folder, [`StoreError::Compacting`],
    /// [`StoreError::DiskFull`], [`StoreError::Io`].
    pub fn backup(&self, to: &Path, progress: &dyn Fn(Progress)) -> Result<Copied, StoreError> {
        let begun = Instant::now();
        let _alone = self.alone()?; // segments stay while they are copied
        let storage = &*self.shared.options.storage;
        begin_copy(storage, to)?;
        self.roll()?;
        let (mut rows, keys, manifest, hasher) = {
            let books = self.shared.books();
            (books.manifest.rows.clone(), books.keyring.encode()?, books.manifest.clone(), books.keyring.hasher())
        };
        // The open segment is copied as the empty one that it was when it began.
        if let Some(row) = rows.last_mut().filter(|row| row.closed.is_none()) {
            (row.closed, row.last) = (Some(SEGMENT_HEADER_BYTES as u64), row.after);
        }
        let sequence = rows.last().map_or(0, |row| row.last);
        let segments = self.shared.read().segments.clone();
        let mut copy = Copy::new(storage, to, &rows, progress);
        for row in &rows {
            let missing = || StoreError::Poisoned { reason: "a segment is not open".into() };
            let segment = segments.get(&row.id).ok_or_else(missing)?;
            copy.segment(segment, row.closed.unwrap_or(0))?;
        }
        copy.finish(&keys, &Manifest { rows, ..manifest }.encode(&hasher), sequence, begun)
    }

    /// Copies a backup into a new folder. Lengths and checksums are checked on the way; no key is needed.
    ///
    /// # Errors
    /// [`StoreError::NoStore`] if there is no store to copy, [`StoreError::NotEmpty`] if there is something in the folder,
    /// [`StoreError::Damaged`], [`StoreError::DiskFull`], [`StoreError::Io`].
    pub fn restore(from: &Path, to: &Path, progress: &dyn Fn(Progress)) -> Result<Copied, StoreError> {
        let begun = Instant::now();
        let storage = OsStorage;
        let manifest_bytes = Books::read_file(&storage, from, MANIFEST_FILE, MANIFEST_BYTES_MAX)?;
        let manifest = Manifest::decode(&manifest_bytes, &from.join(MANIFEST_FILE), None)?;
        let keys = Books::read_file(&storage, from, KEYS_FILE, KEYS_BYTES_MAX)?;
        keyring::check_file(&keys, &from.join(KEYS_FILE))?;
        begin_copy(&storage, to)?;
        let mut copy = Copy::new(&storage, to, &manifest.rows, progress);
        let mut sequence = 0;
        for row in &manifest.rows {
            let segment = Segment::open_unread(&storage, from, manifest.store, row.id, manifest.encrypted)?;
            let bytes = segment.bytes()?;
            sequence = sequence.max(row.after).max(row.last);
            check_frames(&segment, row, bytes, &mut sequence)?;
            copy.segment(&segment, bytes)?;
        }
        copy.finish(&keys, &manifest_bytes, sequence, begun)
    }

    fn alone(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        self.shared.check_poison()?;
        match self.shared.maintenance.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => Ok(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Compacting),
        }
    }

    /// Has the writer close its segment.
    fn roll(&self) -> Result<(), StoreError> {
        let (done, wait) = bounded(1);
        let sender = self.sender.as_ref().ok_or(StoreError::Closed)?;
        sender.send(Message::Roll(done)).map_err(|_| StoreError::Closed)?;
        wait.recv().unwrap_or(Err(StoreError::Closed))
    }
}

/// Checks a segment's frames without a key.
fn check_frames(segment: &Segment, row: &Row, bytes: u64, newest: &mut u64) -> Result<(), StoreError> {
    if let Some(closed) = row.closed
        && closed != bytes
    {
        let reason = format!("it has {bytes} bytes where the manifest says {closed}");
        return Err(StoreError::damaged(&segment.path, bytes.min(closed), reason));
    }
    let end = segment.scan(bytes, |found| {
        *newest = (*newest).max(found.header.sequence);
        Ok(())
    })?;
    match end {
        End::Broken { offset, reason } if row.closed.is_some() || !segment.is_torn(offset, bytes, *newest + 1)? => {
            Err(StoreError::damaged(&segment.path, offset, reason))
        }
        _ => Ok(()),
    }
}

fn begin_copy(storage: &dyn Storage, to: &Path) -> Result<(), StoreError> {
    books::create_folder(storage, to)?;
    let names = storage.list(to).map_err(|e| StoreError::io("listing", to, e))?;
    if names.is_empty() { Ok(()) } else { Err(StoreError::NotEmpty { folder: to.into() }) }
}

/// A copy of a store in the making. Its manifest comes last: without it there is no store.
struct Copy<'a> {
    storage: &'a dyn Storage,
    to: &'a Path,
    progress: &'a dyn Fn(Progress),
    of: u64,
    copied: Copied,
}

impl<'a> Copy<'a> {
    fn new(storage: &'a dyn Storage, to: &'a Path, rows: &[Row], progress: &'a dyn Fn(Progress)) -> Self {
        let of = rows.iter().filter_map(|row| row.closed).sum();
        Self { storage, to, progress, of, copied: Copied::default() }
    }

    fn segment(&mut self, segment: &Segment, bytes: u64) -> Result<(), StoreError> {
        let path = self.to.join(file_name(segment.id));
        let from: &Arc<dyn ReadFile> = segment.file();
        let mut file = self.storage.create(&path).map_err(|e| StoreError::io("creating", &path, e))?;
        let mut buffer = Vec::new();
        let mut at = 0;
        while at < bytes {
            buffer.resize((bytes - at).min(COPY_BYTES as u64) as usize, 0);
            from.read_at(at, &mut buffer).map_err(|e| StoreError::io("reading", &segment.path, e))?;
            file.append(&buffer).map_err(|e| StoreError::io("writing", &path, e))?;
            at += buffer.len() as u64;
            self.copied.bytes += buffer.len() as u64;
            let done = self.copied.bytes;
            (self.progress)(Progress { stage: Stage::Copy, done, of: self.of.max(done) });
        }
        file.sync().map_err(|e| StoreError::io("syncing", &path, e))?;
        self.copied.files += 1;
        Ok(())
    }

    fn finish(self, keys: &[u8], manifest: &[u8], sequence: u64, begun: Instant) -> Result<Copied, StoreError> {
        books::replace(self.storage, self.to, KEYS_FILE, keys)?;
        books::replace(self.storage, self.to, MANIFEST_FILE, manifest)?;
        Ok(Copied {
            files: self.copied.files + 2,
            bytes: self.copied.bytes + (keys.len() + manifest.len()) as u64,
            sequence,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }
}
