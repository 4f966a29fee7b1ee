//! Making a store, and opening one: the log is read into index and projection, and an interrupted write is cut.

use super::applier::Applier;
use super::books::{Books, Growing, NEW_SUFFIX, create_folder};
use super::entry::Body;
use super::error::StoreError;
use super::hash::{Hash, Hasher};
use super::index::Index;
use super::keyring::{KEYS_FILE, Keyring};
use super::log::{self, Logged, Position};
use super::manifest::{MANIFEST_FILE, Manifest, Row};
use super::options::{Progress, Recovery, Stage, StoreOptions};
use super::segment::{SEGMENT_HEADER_BYTES, Segment, file_name, file_number};
use super::storage::{Lock, Storage};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Name of the file that keeps a second process out.
pub(crate) const LOCK_FILE: &str = "lock";
/// Entries after which memory is compared with its limit while a store is opened.
const MEMORY_CHECK_ENTRIES: u64 = 1024;

/// An opened store, before its writer runs.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) lock: Box<dyn Lock>,
    pub(crate) books: Books,
    pub(crate) index: Index,
    pub(crate) applier: Applier,
    pub(crate) growing: Growing,
    pub(crate) recovery: Recovery,
}

/// Hash of a document's id; that of nothing for other entries.
pub(crate) fn document_id(hasher: &Hasher, body: &Body<'_>) -> Hash {
    match body {
        Body::Keep { id, .. } => hasher.hash("document", [id.as_bytes()]),
        _ => Hash::default(),
    }
}

/// Locks a store's folder.
pub(crate) fn lock(storage: &dyn Storage, folder: &Path) -> Result<Box<dyn Lock>, StoreError> {
    let file = folder.join(LOCK_FILE);
    storage.lock(&file).map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => StoreError::Locked { folder: folder.into() },
        std::io::ErrorKind::NotFound => StoreError::NoStore { folder: folder.into() },
        _ => StoreError::io("locking", &file, error),
    })
}

/// Makes a store in a folder that has none.
pub(crate) fn create(folder: &Path, options: &StoreOptions) -> Result<Opened, StoreError> {
    let storage = options.storage.clone();
    create_folder(&*storage, folder)?;
    let lock = lock(&*storage, folder)?;
    let names = list(&*storage, folder)?;
    // Without a manifest, files of a store are what an interrupted attempt to make one has left.
    if names.iter().any(|name| name == MANIFEST_FILE || (name != LOCK_FILE && name != KEYS_FILE && !is_leftover(name)))
    {
        return Err(StoreError::NotEmpty { folder: folder.into() });
    }
    if has_entries(&*storage, folder, &names)? {
        return Err(StoreError::NotEmpty { folder: folder.into() });
    }
    for name in names.iter().filter(|name| *name != LOCK_FILE) {
        remove(&*storage, &folder.join(name))?;
    }
    let keyring = Keyring::new(options.key.clone())?;
    let (store, encrypted) = (keyring.store(), keyring.encrypted());
    let manifest = Manifest { store, encrypted, next_segment: 0, rows: Vec::new() };
    let mut books = Books { folder: folder.into(), storage, keyring, manifest };
    books.save_keys()?;
    let growing = books.start_segment()?;
    books.save_manifest(vec![Row { id: growing.segment.id, closed: None, after: 0, last: 0 }])?;
    let mut index = Index::default();
    index.enter_segment(growing.segment.clone());
    Ok(Opened { lock, books, index, applier: Applier::new(options), growing, recovery: Recovery::default() })
}

/// Whether there are segments that an attempt to make a store cannot have left: it makes one, and puts nothing into it. More is
/// a store that has lost its manifest.
fn has_entries(storage: &dyn Storage, folder: &Path, names: &[String]) -> Result<bool, StoreError> {
    let mut segments = 0;
    for name in names.iter().filter(|name| file_number(name).is_some()) {
        let path = folder.join(name);
        let bytes =
            storage.open(&path).and_then(|file| file.bytes()).map_err(|e| StoreError::io("reading", &path, e))?;
        segments += 1;
        if segments > 1 || bytes > SEGMENT_HEADER_BYTES as u64 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens a store.
pub(crate) fn open(folder: &Path, options: &StoreOptions, progress: &dyn Fn(Progress)) -> Result<Opened, StoreError> {
    let begun = Instant::now();
    let storage = options.storage.clone();
    let names = storage.list(folder).unwrap_or_default();
    if !names.iter().any(|name| name == MANIFEST_FILE) {
        return Err(StoreError::NoStore { folder: folder.into() });
    }
    let lock = lock(&*storage, folder)?;
    let mut books = Books::load(storage, folder, options.key.clone())?;
    let leftover_files = remove_leftovers(&mut books)?;
    let segments = log::open_segments(&books)?;
    make_last(&books, &segments)?;
    let (mut index, mut applier) = (Index::default(), Applier::new(options));
    for segment in &segments {
        index.enter_segment(segment.clone());
    }
    let hasher = books.keyring.hasher();
    let memory = Memory { limit: options.memory_limit() };
    let mut entries = 0;
    let read = log::read(&books.manifest.rows, &segments, Stage::Load, progress, |logged, position| {
        let Logged { entry, sequence, at } = logged;
        let restored = applier.restore(&index, &entry)?;
        let placed = applier.project(&index, &entry, sequence, restored)?;
        index.apply(&entry, sequence, at, document_id(&hasher, &entry.body), placed);
        entries += 1;
        if entries % MEMORY_CHECK_ENTRIES == 0 { memory.check(&mut index, &mut applier, position) } else { Ok(()) }
    })?;
    index.publish(applier.publish(usize::MAX));
    memory.check(&mut index, &mut applier, Position { done: 1, of: 1 })?;
    index.sequence = read.sequence;
    let growing = begin_next(&mut books, &mut index, &read)?;
    let recovery = Recovery {
        entries: read.entries,
        bytes: read.bytes,
        torn_bytes: read.torn_bytes,
        leftover_files,
        encoded_again: applier.encoded_again,
        seconds: begun.elapsed().as_secs_f64(),
    };
    Ok(Opened { lock, books, index, applier, growing, recovery })
}

/// Makes the segment that is not closed survive a loss of power, before it is read: a process whose sync failed has left
/// entries that can be read and may not be on the disk, and they are as good as acknowledged once they are in the index.
fn make_last(books: &Books, segments: &[Arc<Segment>]) -> Result<(), StoreError> {
    if let (Some(Row { closed: None, .. }), Some(segment)) = (books.manifest.rows.last(), segments.last()) {
        let bytes = segment.bytes()?;
        books.storage.truncate(&segment.path, bytes).map_err(|e| StoreError::io("rewriting", &segment.path, e))?;
    }
    Ok(())
}

/// Closes the segment that was written last, and begins a new one: a segment is written by one process only, so that
/// no key ever encrypts two entries under one sequence, not even one that was cut and written anew.
fn begin_next(books: &mut Books, index: &mut Index, read: &log::LogRead) -> Result<Growing, StoreError> {
    let mut rows = books.manifest.rows.clone();
    let mut dropped = None;
    if let Some(last) = rows.last_mut().filter(|row| row.closed.is_none()) {
        if read.torn_bytes > 0 {
            let path = books.folder.join(file_name(last.id));
            books.storage.truncate(&path, read.last_bytes).map_err(|e| StoreError::io("cutting", &path, e))?;
        }
        (last.closed, last.last) = (Some(read.last_bytes), read.sequence);
    }
    if rows.last().is_some_and(|row| row.closed == Some(SEGMENT_HEADER_BYTES as u64)) {
        dropped = rows.pop();
    }
    let growing = books.start_segment()?;
    rows.push(Row { id: growing.segment.id, closed: None, after: read.sequence, last: 0 });
    books.save_manifest(rows)?;
    if let Some(row) = dropped {
        index.segments.remove(&row.id);
        index.usage.remove(&row.id);
        remove(&*books.storage, &books.folder.join(file_name(row.id)))?;
    }
    index.enter_segment(growing.segment.clone());
    Ok(growing)
}

/// Removes what an interrupted compaction, roll or rotation has left, and keys of segments that are gone.
fn remove_leftovers(books: &mut Books) -> Result<u64, StoreError> {
    let listed = |id| books.manifest.rows.iter().any(|row| row.id == id);
    let mut removed = 0;
    for name in list(&*books.storage, &books.folder)? {
        if is_leftover(&name) && !file_number(&name).is_some_and(listed) {
            remove(&*books.storage, &books.folder.join(name))?;
            removed += 1;
        }
    }
    // Numbers of segments that the manifest does not know may have been given before it could be written.
    let rows = books.manifest.rows.clone();
    books.keyring.retain(|id| rows.iter().any(|row| row.id == id));
    Ok(removed)
}

/// Whether a file belongs to a store only while a manifest says so.
fn is_leftover(name: &str) -> bool {
    let replaced = name.strip_suffix(NEW_SUFFIX);
    file_number(name).is_some() || replaced.is_some_and(|name| name == MANIFEST_FILE || name == KEYS_FILE)
}

fn list(storage: &dyn Storage, folder: &Path) -> Result<Vec<String>, StoreError> {
    storage.list(folder).map_err(|e| StoreError::io("listing", folder, e))
}

fn remove(storage: &dyn Storage, file: &Path) -> Result<(), StoreError> {
    storage.remove(file).map_err(|e| StoreError::io("removing", file, e))
}

/// The limit on memory while a store is read.
struct Memory {
    limit: u64,
}

impl Memory {
    /// Refuses what exceeds the limit, with an estimate of what the whole log needs.
    fn check(&self, index: &mut Index, applier: &mut Applier, position: Position) -> Result<(), StoreError> {
        if index.memory_bytes() + applier.appended_bytes <= self.limit {
            return Ok(());
        }
        // Without what was withdrawn since.
        index.publish(applier.publish(usize::MAX));
        let used = index.memory_bytes();
        if used <= self.limit {
            return Ok(());
        }
        let needed = (used as f64 * position.of as f64 / position.done.max(1) as f64) as u64;
        Err(StoreError::MemoryFull { needed, limit: self.limit })
    }
}

impl Index {
    /// Makes a segment readable.
    pub(crate) fn enter_segment(&mut self, segment: Arc<Segment>) {
        self.usage.entry(segment.id).or_default();
        self.segments.insert(segment.id, segment);
    }

    /// Takes over the shards of galleries that changed.
    pub(crate) fn publish(&mut self, published: Vec<(usize, super::projection::Published)>) {
        for (number, published) in published {
            self.galleries[number].published = Arc::new(published);
        }
    }
}
