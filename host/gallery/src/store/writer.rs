//! The writer: one thread that takes waiting operations together, makes them durable with one write, enters them, and
//! only then answers.

use super::applier::{Applier, Restored};
use super::books::Growing;
use super::entry::{Body, LogEntry, Stamp};
use super::error::StoreError;
use super::hash::Hash;
use super::limits::{BATCH_BYTES, BATCH_OPERATIONS_MAX, DISK_RESERVE_BYTES, REBUILD_BYTES};
use super::manifest::Row;
use super::operation::Receipt;
use super::options::Commit;
use super::segment::{Location, SEGMENT_HEADER_BYTES};
use super::shared::{Share, Shared};
use super::validate::{Plan, Verdict};
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where an answer goes.
pub(crate) type Reply = Box<dyn FnOnce(Result<Receipt, StoreError>) + Send>;

/// An operation on its way.
pub(crate) struct Job {
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
    /// Hash of a document's id.
    pub(crate) id: Hash,
    /// What no two operations of a commit may share: request, subject, document.
    pub(crate) claims: Vec<u64>,
    pub(crate) reply: Reply,
    /// Of the bytes that may wait.
    pub(crate) share: Share,
}

impl Job {
    pub(crate) fn answer(self, outcome: Result<Receipt, StoreError>) {
        drop(self.share); // whoever hears the answer finds room
        (self.reply)(outcome);
    }
}

/// What the writer is asked for.
pub(crate) enum Message {
    /// Do an operation.
    Job(Job),
    /// Close the segment and begin another one.
    Roll(Sender<Result<(), StoreError>>),
}

/// An operation that the next commit has in it.
struct Accepted {
    job: Job,
    references: u32,
    restored: Vec<Restored>,
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    receiver: Receiver<Message>,
    applier: Applier,
    growing: Growing,
    sequence: u64,
    carried: VecDeque<Message>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, receiver: Receiver<Message>, applier: Applier, growing: Growing) -> Self {
        let sequence = shared.read().sequence;
        Self { shared, receiver, applier, growing, sequence, carried: VecDeque::new() }
    }

    /// Works until nobody can send any more, then closes the segment.
    pub(crate) fn run(mut self) {
        while let Some(message) = self.next() {
            match message {
                Message::Roll(done) => {
                    let rolled = self.shared.check_poison().and_then(|()| self.roll());
                    if let Err(error) = &rolled {
                        self.shared.poison(error);
                    }
                    let _ = done.send(rolled); // whoever asked may have gone
                }
                Message::Job(first) => {
                    let batch = self.collect(first);
                    if !batch.is_empty() {
                        self.commit(batch);
                    }
                }
            }
        }
        self.close();
    }

    /// The next message; while there is none, what was withdrawn leaves the shards. Ends when nobody can send any more.
    fn next(&mut self) -> Option<Message> {
        if let Some(message) = self.carried.pop_front() {
            return Some(message);
        }
        while self.applier.is_emptying() && self.shared.check_poison().is_ok() {
            match self.receiver.try_recv() {
                Ok(message) => return Some(message),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    let published = self.applier.publish(REBUILD_BYTES);
                    self.shared.write().publish(published);
                }
            }
        }
        self.receiver.recv().ok()
    }

    /// Takes waiting operations until a commit is full or one depends on another of it. Those that need no write are
    /// answered.
    fn collect(&mut self, first: Job) -> Vec<Accepted> {
        let mut plan = Plan::default();
        let (mut claims, mut batch, mut bytes) = (HashSet::new(), Vec::new(), 0);
        let mut next = Some(Message::Job(first));
        while let Some(message) = next {
            let Message::Job(job) = message else {
                self.carried.push_front(message);
                break;
            };
            if job.claims.iter().any(|claim| claims.contains(claim)) {
                self.carried.push_front(Message::Job(job));
                break;
            }
            match self.examine(&job, &mut plan) {
                Ok(Verdict::Done(receipt)) => job.answer(Ok(receipt)),
                Err(error) => job.answer(Err(error)),
                Ok(Verdict::Write { references, restored }) => {
                    claims.extend(job.claims.iter().copied());
                    bytes += job.payload.len();
                    batch.push(Accepted { job, references, restored });
                }
            }
            if batch.len() >= BATCH_OPERATIONS_MAX || bytes >= BATCH_BYTES {
                break;
            }
            next = self.carried.pop_front().or_else(|| self.receiver.try_recv().ok());
        }
        batch
    }

    fn examine(&mut self, job: &Job, plan: &mut Plan) -> Result<Verdict, StoreError> {
        self.shared.check_poison()?;
        let entry = decode(job)?;
        let index = self.shared.read();
        plan.examine(&index, &mut self.applier, &entry, &job.id, self.shared.memory_limit_bytes)
    }

    fn commit(&mut self, mut batch: Vec<Accepted>) {
        let needed = batch.iter().map(|accepted| accepted.job.payload.len() as u64).sum::<u64>() + DISK_RESERVE_BYTES;
        // A file system that cannot say is tried.
        let available = self.shared.options.storage.available_bytes(&self.shared.folder).unwrap_or(u64::MAX);
        if available < needed {
            return answer_all(batch, &StoreError::DiskFull { needed, available });
        }
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let begun = Instant::now();
        let written = self.write(&mut batch, unix_ms);
        let (places, bytes, write, sync) = match written {
            Ok(written) => written,
            Err(error) => {
                let error = match error {
                    StoreError::DiskFull { .. } => StoreError::DiskFull { needed, available },
                    other => other,
                };
                self.shared.poison(&error);
                return answer_all(batch, &error);
            }
        };
        let first = self.sequence + 1;
        if let Err(error) = self.enter(&mut batch, first, &places) {
            self.shared.poison(&error);
            return answer_all(batch, &error);
        }
        self.sequence += batch.len() as u64;
        let commit = Commit {
            operations: batch.len(),
            bytes,
            write: write - begun,
            sync: sync - write,
            apply: sync.elapsed(),
            queued: self.receiver.len(),
        };
        for (sequence, accepted) in (first..).zip(batch) {
            let references = accepted.references;
            accepted.job.answer(Ok(Receipt { sequence, replayed: false, references, unix_ms }));
        }
        if let Some(observer) = &self.shared.options.observer {
            observer.committed(&commit);
        }
    }

    /// Writes the frames of all operations in one go. An error leaves the file uncertain.
    fn write(
        &mut self,
        batch: &mut [Accepted],
        unix_ms: u64,
    ) -> Result<(Vec<Location>, usize, Instant, Instant), StoreError> {
        if self.growing.bytes >= self.shared.options.segment_bytes {
            self.roll()?;
        }
        let (mut buffer, mut places) = (Vec::new(), Vec::with_capacity(batch.len()));
        let segment = self.growing.segment.clone();
        for (place, accepted) in batch.iter_mut().enumerate() {
            let job = &mut accepted.job;
            Stamp::patch(&mut job.payload, unix_ms, accepted.references);
            let offset = (self.growing.bytes + buffer.len() as u64) as u32;
            let sequence = self.sequence + 1 + place as u64;
            let bytes = segment.cipher().append(&mut buffer, job.kind, place as u16, sequence, &job.payload)?;
            places.push(Location { segment: segment.id, offset, bytes });
        }
        self.growing.file.append(&buffer).map_err(|e| StoreError::io("writing", &segment.path, e))?;
        let written = Instant::now();
        self.growing.file.sync().map_err(|e| StoreError::io("syncing", &segment.path, e))?;
        self.growing.bytes += buffer.len() as u64;
        Ok((places, buffer.len(), written, Instant::now()))
    }

    /// Enters operations that are on the disk: first the projection, while searches go on, then index and shards at once.
    fn enter(&mut self, batch: &mut [Accepted], first: u64, places: &[Location]) -> Result<(), StoreError> {
        let mut placed = Vec::with_capacity(batch.len());
        {
            let index = self.shared.read();
            for (sequence, accepted) in (first..).zip(batch.iter_mut()) {
                let restored = std::mem::take(&mut accepted.restored);
                let entry = decode(&accepted.job)?;
                placed.push(self.applier.project(&index, &entry, sequence, restored)?);
            }
        }
        let published = self.applier.publish(REBUILD_BYTES);
        let mut index = self.shared.write();
        for ((sequence, accepted), (&at, placed)) in (first..).zip(batch.iter()).zip(places.iter().zip(placed)) {
            index.apply(&decode(&accepted.job)?, sequence, at, accepted.job.id, placed);
        }
        index.publish(published);
        Ok(())
    }

    /// Closes the segment and begins another one.
    fn roll(&mut self) -> Result<(), StoreError> {
        if self.growing.bytes == SEGMENT_HEADER_BYTES as u64 {
            return Ok(());
        }
        let mut books = self.shared.books();
        let growing = books.start_segment()?;
        let mut rows = books.manifest.rows.clone();
        close_last(&mut rows, self.growing.bytes, self.sequence);
        rows.push(Row { id: growing.segment.id, closed: None, after: self.sequence, last: 0 });
        books.save_manifest(rows)?;
        let mut index = self.shared.write();
        index.segments.insert(growing.segment.id, growing.segment.clone());
        index.usage.entry(growing.segment.id).or_default();
        drop(index);
        drop(books);
        self.growing = growing;
        Ok(())
    }

    /// Notes the segment's length, so that damage at its end is not taken for an interrupted write.
    fn close(&mut self) {
        if self.shared.check_poison().is_err() {
            return;
        }
        let mut books = self.shared.books();
        let mut rows = books.manifest.rows.clone();
        close_last(&mut rows, self.growing.bytes, self.sequence);
        if let Err(error) = books.save_manifest(rows) {
            tracing::warn!(%error, "the last segment stays open in the manifest; nothing is lost");
        }
    }
}

fn close_last(rows: &mut [Row], bytes: u64, last: u64) {
    if let Some(row) = rows.last_mut() {
        (row.closed, row.last) = (Some(bytes), last);
    }
}

fn answer_all(batch: Vec<Accepted>, error: &StoreError) {
    for accepted in batch {
        accepted.job.answer(Err(error.clone()));
    }
}

/// Reads a payload that [`super::entry::encode`] has written.
fn decode(job: &Job) -> Result<LogEntry<'_>, StoreError> {
    LogEntry::decode(job.kind, &job.payload)
        .ok_or_else(|| StoreError::invalid("operation", "it does not read back as it was written"))
}

/// The claims of an operation on its commit.
pub(crate) fn claims(entry: &LogEntry<'_>, id: &Hash, hash: impl Fn(&str, &str) -> u64) -> Vec<u64> {
    let word = |hash: &Hash| u64::from_le_bytes(std::array::from_fn(|at| hash[at]));
    let about = match &entry.body {
        Body::Enroll { gallery, subject, .. } => Some(hash(gallery, subject)),
        Body::Status { target, .. } | Body::Expunge { target } => Some(hash(target.gallery, target.subject)),
        Body::Keep { .. } => Some(word(id)),
        Body::Done => None,
    };
    std::iter::once(word(&entry.stamp.request)).chain(about).collect()
}
