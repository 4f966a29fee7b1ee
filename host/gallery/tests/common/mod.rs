//! Stores, enrolments and records for the tests.
#![allow(dead_code)] // each test file uses some of it

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use whorl_gallery::{
    AppendFile, EnrolledFinger, Enrolment, Lock, MasterKey, Operation, OsStorage, ReadFile, Receipt, Status, Storage,
    Store, StoreError, StoreOptions,
};
use whorl_layout::LINE_BYTES;

/// A packed record of `lines` lines, filled with `fill`.
pub fn record(lines: usize, fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; lines * LINE_BYTES];
    for (line, chunk) in bytes.chunks_exact_mut(LINE_BYTES).enumerate() {
        chunk[LINE_BYTES - 1] = 3 | (line as u8) << 2 | u8::from(line + 1 == lines) << 7;
    }
    bytes
}

/// The packed record without minutiae.
pub fn empty_record() -> Vec<u8> {
    let mut bytes = vec![0; LINE_BYTES];
    bytes[LINE_BYTES - 1] = 0x80;
    bytes
}

/// Bytes that are in one finger's template or record only.
pub fn mark(what: &str, subject: &str, encounter: &str, position: u8) -> Vec<u8> {
    format!("<{what}:{subject}/{encounter}#{position}>").into_bytes()
}

/// A record that holds its mark.
pub fn marked_record(subject: &str, encounter: &str, position: u8) -> Vec<u8> {
    let mut bytes = record(3, position);
    let mark = mark("record", subject, encounter, position);
    bytes[..mark.len().min(LINE_BYTES - 1)].copy_from_slice(&mark[..mark.len().min(LINE_BYTES - 1)]);
    bytes
}

/// An enrolment of some finger positions, each with its own template.
pub fn enrolment(request: &str, gallery: &str, subject: &str, encounter: &str, positions: &[u8]) -> Operation {
    let template = |&position: &u8| mark("template", subject, encounter, position);
    let finger = |(template, &position): (usize, &u8)| EnrolledFinger {
        position,
        template: template as u8,
        view: position % 3,
        record: marked_record(subject, encounter, position),
    };
    Operation::Enroll(Enrolment {
        request_id: request.into(),
        gallery: gallery.into(),
        subject: subject.into(),
        encounter: encounter.into(),
        templates: positions.iter().map(template).collect(),
        fingers: positions.iter().enumerate().map(finger).collect(),
    })
}

pub fn set_status(request: &str, gallery: &str, subject: &str, encounter: Option<&str>, status: Status) -> Operation {
    let (request_id, gallery, subject) = (request.into(), gallery.into(), subject.into());
    Operation::SetStatus { request_id, gallery, subject, encounter: encounter.map(Into::into), status }
}

pub fn expunge(request: &str, gallery: &str, subject: &str, encounter: Option<&str>) -> Operation {
    let (request_id, gallery, subject) = (request.into(), gallery.into(), subject.into());
    Operation::Expunge { request_id, gallery, subject, encounter: encounter.map(Into::into) }
}

pub fn keep(request: &str, id: &str, document: &[u8]) -> Operation {
    Operation::Keep { request_id: request.into(), id: id.into(), gallery: "g".into(), document: document.into() }
}

#[allow(clippy::unnecessary_wraps)] // as the options have it
pub fn key() -> Option<MasterKey> {
    Some(MasterKey::new([7; 32]))
}

pub fn options(key: Option<MasterKey>) -> StoreOptions {
    StoreOptions { key, memory_limit_bytes: Some(1 << 30), ..StoreOptions::default() }
}

/// Options of a store whose segments and slots are as small as they may be.
pub fn small(key: Option<MasterKey>) -> StoreOptions {
    StoreOptions { segment_bytes: 4096, shard_bytes: 4096, ..options(key) }
}

pub fn open(folder: &Path, options: &StoreOptions) -> Result<Store, StoreError> {
    Store::open(folder, options.clone(), &|_| {}).map(|(store, _)| store)
}

pub fn done(store: &Store, operation: Operation) -> Receipt {
    store.apply(operation).expect("the operation is done")
}

/// Records of a gallery that are not empty, sorted.
pub fn searched(store: &Store, gallery: &str) -> Vec<Vec<u8>> {
    let Ok(snapshot) = store.snapshot(gallery) else { return Vec::new() };
    let empty = empty_record();
    let mut records: Vec<Vec<u8>> =
        snapshot.shards().iter().flat_map(|shard| shard.iter()).filter(|r| *r != empty).map(<[u8]>::to_vec).collect();
    records.sort_unstable();
    records
}

/// Files of a folder that hold some bytes.
pub fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("an entry").path();
        let contents = std::fs::read(&path).expect("readable");
        if contents.windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.file_name().expect("a name").to_string_lossy().into_owned());
        }
    }
    found
}

/// The machine's file layer, watched.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// How many removals fail from now on.
    pub removals_that_fail: Arc<AtomicUsize>,
    /// Folders that were synced.
    pub synced: Arc<Mutex<Vec<PathBuf>>>,
}

impl Storage for Watched {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        OsStorage.create_folder(folder)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn AppendFile>> {
        OsStorage.create(file)
    }

    fn open(&self, file: &Path) -> io::Result<Arc<dyn ReadFile>> {
        OsStorage.open(file)
    }

    fn truncate(&self, file: &Path, bytes: u64) -> io::Result<()> {
        OsStorage.truncate(file, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsStorage.rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        if self.removals_that_fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            return Err(io::Error::other("the disk does not answer"));
        }
        OsStorage.remove(file)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        OsStorage.list(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.synced.lock().expect("no panic").push(folder.into());
        OsStorage.sync_folder(folder)
    }

    fn lock(&self, file: &Path) -> io::Result<Box<dyn Lock>> {
        OsStorage.lock(file)
    }

    fn available_bytes(&self, folder: &Path) -> io::Result<u64> {
        OsStorage.available_bytes(folder)
    }
}
