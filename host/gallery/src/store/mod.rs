//! The gallery of record: an append-only log, and what is made of it.
//!
//! # Layout
//! - `operation`, `options`, `error`, `limits`: what callers give and get.
//! - `storage`: the file layer. `frame`, `entry`, `segment`, `manifest`, `keyring`, `books`: the files on it.
//! - `index`, `gallery`, `usage`: what there is, in memory. `projection`: its records as shards. `applier`: from entries to both.
//! - `writer`, `validate`: group commit. `snapshot`: what searches see.
//! - `recovery`, `log`: opening. `compaction`, `maintenance`: what is done to a store as a whole.

mod applier;
mod books;
mod compaction;
mod entry;
mod error;
pub mod faults;
mod frame;
mod gallery;
mod hash;
mod index;
mod key;
mod keyring;
pub mod limits;
mod listing;
mod log;
mod maintenance;
mod manifest;
mod operation;
mod options;
mod projection;
mod recovery;
mod segment;
mod shared;
mod snapshot;
mod storage;
mod usage;
mod validate;
mod wire;
mod writer;

pub use error::{KeyError, StoreError, Thing};
pub use key::MasterKey;
pub use operation::{EnrolledFinger, Enrolment, Operation, Receipt, Status};
pub use options::{
    Commit, Compaction, Copied, Counts, Encoder, Encounter, PartitionStats, Progress, Recovery, Stage, StoreObserver,
    StoreOptions, StoreStats, Verification,
};
pub use snapshot::{Reference, Snapshot};
pub use storage::{AppendFile, Lock, OsStorage, ReadFile, Storage};

use crossbeam_channel::{Sender, TrySendError, bounded};
use entry::{Body, LogEntry};
use hashbrown::DefaultHashBuilder;
use recovery::Opened;
use shared::Shared;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use writer::{Job, Message, Writer};

/// The gallery of record in a folder.
///
/// An operation that is acknowledged is on the disk, and in every [`Snapshot`] that is taken from then on. One that is
/// not is wholly there or not at all when the store is opened again. Dropping the store finishes what waits.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    sender: Option<Sender<Message>>,
    writer: Option<JoinHandle<()>>,
    claims: DefaultHashBuilder,
    _lock: Box<dyn Lock>,
}

impl Store {
    /// Makes a new store in a folder, which is made where there is none.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] if there is something in the folder, [`StoreError::Locked`], [`StoreError::Invalid`] for an
    /// option, [`StoreError::Io`].
    pub fn create(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        options.check()?;
        let opened = recovery::create(folder, &options)?;
        Self::start(opened, options)
    }

    /// Opens the store in a folder, reading all of it. An interrupted write at the log's end, which was never
    /// acknowledged, is cut.
    ///
    /// # Errors
    /// [`StoreError::NoStore`], [`StoreError::Locked`], [`StoreError::Key`], [`StoreError::Damaged`] with file and
    /// offset, [`StoreError::Version`], [`StoreError::MemoryFull`] with an estimate of what the whole needs,
    /// [`StoreError::EncoderVersion`], [`StoreError::Encoder`], [`StoreError::Invalid`] for an option,
    /// [`StoreError::Io`].
    pub fn open(
        folder: &Path,
        options: StoreOptions,
        progress: &dyn Fn(Progress),
    ) -> Result<(Self, Recovery), StoreError> {
        options.check()?;
        let opened = recovery::open(folder, &options, progress)?;
        let recovery = opened.recovery;
        if recovery.torn_bytes > 0 {
            tracing::warn!(bytes = recovery.torn_bytes, "an interrupted write, never acknowledged, was cut");
        }
        Ok((Self::start(opened, options)?, recovery))
    }

    fn start(opened: Opened, options: StoreOptions) -> Result<Self, StoreError> {
        let Opened { lock, books, index, applier, growing, .. } = opened;
        let (sender, receiver) = bounded(options.queue_max);
        let shared = Arc::new(Shared::new(options, books, index));
        let writer = Writer::new(shared.clone(), receiver, applier, growing);
        let writer = std::thread::Builder::new()
            .name("gallery-writer".into())
            .spawn(move || writer.run())
            .map_err(|e| StoreError::io("starting the writer of", &shared.folder, e))?;
        let claims = DefaultHashBuilder::default();
        Ok(Self { shared, sender: Some(sender), writer: Some(writer), claims, _lock: lock })
    }

    /// Gives an operation to the writer and returns at once. `reply` is called on the writer's thread, or on this one if
    /// the operation is refused at once; it must return soon and must not wait for the store.
    ///
    /// The reply is [`StoreError::Invalid`], [`StoreError::NotFound`], [`StoreError::AlreadyExists`],
    /// [`StoreError::RequestReused`], [`StoreError::Busy`] if too many wait, [`StoreError::DiskFull`],
    /// [`StoreError::MemoryFull`], [`StoreError::LimitReached`], [`StoreError::Io`] if a write fails and
    /// [`StoreError::Poisoned`] after that, [`StoreError::Closed`].
    #[allow(clippy::needless_pass_by_value)] // the operation is the store's from here on
    pub fn submit(&self, operation: Operation, reply: impl FnOnce(Result<Receipt, StoreError>) + Send + 'static) {
        let (kind, payload, id, claims) = match self.prepare(&operation) {
            Ok(prepared) => prepared,
            Err(error) => return reply(Err(error)),
        };
        let Some(sender) = &self.sender else { return reply(Err(StoreError::Closed)) };
        let Some(share) = self.shared.waiting.take(payload.len(), self.shared.options.queue_bytes_max) else {
            return reply(Err(StoreError::Busy { queued: sender.len() }));
        };
        let job = Job { kind, payload, id, claims, reply: Box::new(reply), share };
        let (refused, error) = match sender.try_send(Message::Job(job)) {
            Ok(()) => return,
            Err(TrySendError::Full(message)) => (message, StoreError::Busy { queued: sender.len() }),
            Err(TrySendError::Disconnected(message)) => (message, StoreError::Closed),
        };
        if let Message::Job(job) = refused {
            job.answer(Err(error));
        }
    }

    /// Does an operation and waits until it is acknowledged.
    ///
    /// # Errors
    /// As [`Store::submit`] replies.
    pub fn apply(&self, operation: Operation) -> Result<Receipt, StoreError> {
        let (answer, wait) = bounded(1);
        self.submit(operation, move |outcome| {
            let _ = answer.send(outcome); // the receiver waits below
        });
        wait.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// What searches use of a gallery, as it is now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the gallery has no encounters.
    pub fn snapshot(&self, gallery: &str) -> Result<Arc<Snapshot>, StoreError> {
        let index = self.shared.read();
        let number = index.gallery_numbers.get(gallery).copied();
        let found = number.map(|number| (number, &index.galleries[number]));
        let (number, gallery) =
            found.filter(|(_, gallery)| gallery.counts.encounters > 0).ok_or(StoreError::NotFound(Thing::Gallery))?;
        Ok(Arc::new(Snapshot::new(number, gallery, self.shared.index().clone())))
    }

    /// Reads an encounter back from the log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn encounter(&self, gallery: &str, subject: &str, encounter: &str) -> Result<Encounter, StoreError> {
        let index = self.shared.read();
        let target = entry::Target { gallery, subject, encounter: Some(encounter) };
        let (number, found) = validate::existing(&index, &target)?;
        let row = &index.galleries[number].encounters[found[0] as usize];
        let (at, status) = (row.at, row.status);
        let status_unix_ms = (row.status_sequence != 0).then_some(row.status_unix_ms);
        // The file stays readable through this handle, even if a compaction removes it meanwhile.
        let segment = index.segments.get(&at.segment).cloned().ok_or(StoreError::NotFound(Thing::Encounter))?;
        drop(index);
        let (header, payload) = segment.read(at)?;
        let entry = LogEntry::decode(header.kind, &payload);
        let Some(LogEntry { stamp, body: Body::Enroll { encoder_version, templates, fingers, .. } }) = entry else {
            return Err(StoreError::damaged(&segment.path, at.offset.into(), "no enrolment stands here"));
        };
        let fingers = fingers.iter().map(|finger| EnrolledFinger {
            position: finger.position,
            template: finger.template,
            view: finger.view,
            record: finger.record.to_vec(),
        });
        Ok(Encounter {
            templates: templates.iter().map(|template| template.to_vec()).collect(),
            fingers: fingers.collect(),
            encoder_version,
            status,
            sequence: header.sequence,
            enrolled_unix_ms: stamp.unix_ms,
            status_unix_ms,
        })
    }

    /// Reads a kept document from the log; `None` if there is none of that id, or it is beyond its age.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn kept(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let hash = self.shared.hasher.hash("document", [id.as_bytes()]);
        let index = self.shared.read();
        let found = index.documents.get(&hash).copied();
        let Some(document) = found.filter(|found| found.unix_ms >= self.shared.documents_horizon_ms()) else {
            return Ok(None);
        };
        let Some(segment) = index.segments.get(&document.at.segment).cloned() else { return Ok(None) };
        drop(index);
        let (header, payload) = segment.read(document.at)?;
        match LogEntry::decode(header.kind, &payload) {
            Some(LogEntry { body: Body::Keep { document, .. }, .. }) => Ok(Some(document.to_vec())),
            _ => Err(StoreError::damaged(&segment.path, document.at.offset.into(), "no document stands here")),
        }
    }

    /// Counts what is in a gallery, or in all.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the gallery has no encounters.
    pub fn count(&self, gallery: Option<&str>) -> Result<Counts, StoreError> {
        let index = self.shared.read();
        let Some(name) = gallery else {
            return Ok(index.galleries.iter().fold(Counts::default(), |sum, gallery| Counts {
                subjects: sum.subjects + gallery.counts.subjects,
                encounters: sum.encounters + gallery.counts.encounters,
                references: sum.references + gallery.counts.references,
                sealed: sum.sealed + gallery.counts.sealed,
            }));
        };
        let counts = index.gallery(name).map(|gallery| gallery.counts);
        counts.filter(|counts| counts.encounters > 0).ok_or(StoreError::NotFound(Thing::Gallery))
    }

    /// Galleries and finger positions that have shards, by name and position.
    pub fn partitions(&self) -> Vec<PartitionStats> {
        let index = self.shared.read();
        let mut partitions: Vec<PartitionStats> = Vec::new();
        for gallery in index.galleries.iter().filter(|gallery| gallery.counts.encounters > 0) {
            let published = &gallery.published;
            for (position, &references) in (0..).zip(&gallery.references) {
                let shards = published.shards.iter().zip(&published.positions).filter(|(_, at)| **at == position);
                let shards: Vec<_> = shards.map(|(shard, _)| shard).collect();
                if shards.is_empty() {
                    continue;
                }
                partitions.push(PartitionStats {
                    gallery: gallery.name.to_string(),
                    position,
                    references,
                    bytes: shards.iter().map(|shard| shard.bytes().len() as u64).sum(),
                    shards: shards.len() as u64,
                    generation: shards.iter().map(|shard| shard.generation()).max().unwrap_or(0),
                });
            }
        }
        partitions.sort_by(|a, b| (&a.gallery, a.position).cmp(&(&b.gallery, b.position)));
        partitions
    }

    /// The state of the store.
    pub fn stats(&self) -> StoreStats {
        let encrypted = self.shared.books().keyring.encrypted();
        let index = self.shared.read();
        let bytes: u64 = index.usage.values().map(|usage| usage.bytes).sum();
        let dead_bytes = index.usage.values().map(|usage| usage.dead_bytes).sum();
        let oldest = index.usage.values().map(|usage| usage.oldest_kept_ms).min();
        StoreStats {
            disk_bytes: bytes + (index.usage.len() * segment::SEGMENT_HEADER_BYTES) as u64,
            live_bytes: bytes - dead_bytes,
            dead_bytes,
            memory_bytes: index.memory_bytes(),
            memory_limit_bytes: self.shared.memory_limit_bytes,
            segments: index.usage.len() as u64,
            galleries: index.galleries.iter().filter(|gallery| gallery.counts.encounters > 0).count() as u64,
            requests: index.requests.len() as u64,
            documents: index.documents.len() as u64,
            oldest_document_unix_ms: oldest.filter(|&oldest| oldest != u64::MAX),
            sequence: index.sequence,
            queued: self.sender.as_ref().map_or(0, Sender::len) as u64,
            encrypted,
            poisoned: self.shared.poisoned(),
        }
    }

    /// Checks an operation and writes it as the log has it.
    fn prepare(&self, operation: &Operation) -> Result<(u8, Vec<u8>, hash::Hash, Vec<u64>), StoreError> {
        operation.check()?;
        self.shared.check_poison()?;
        let hasher = &self.shared.hasher;
        let (kind, payload) = entry::encode(operation, hasher, self.shared.options.encoder_version);
        let entry = LogEntry::decode(kind, &payload)
            .ok_or_else(|| StoreError::invalid("operation", "it does not read back as it was written"))?;
        let id = recovery::document_id(hasher, &entry.body);
        let claims = writer::claims(&entry, &id, |gallery, subject| self.claims.hash_one((gallery, subject)));
        Ok((kind, payload, id, claims))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the gallery panicked");
        }
    }
}
