//! How a store is opened, who watches it, and what it says of itself.

use super::error::StoreError;
use super::key::MasterKey;
use super::limits::{ENTRY_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_MAX, SEGMENT_BYTES_RANGE, SHARD_BYTES_RANGE};
use super::operation::{EnrolledFinger, Status};
use super::storage::{OsStorage, Storage};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// Makes a packed record of a minutiae file's bytes and the index of a view in it; the error is a text.
pub type Encoder = Arc<dyn Fn(&[u8], u8) -> Result<Vec<u8>, String> + Send + Sync>;

/// How a store is made or opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// The master key; `None` for a store that is not encrypted.
    pub key: Option<MasterKey>,
    /// The file layer.
    pub storage: Arc<dyn Storage>,
    /// Bytes at which a segment is closed, 4 KiB to 1 GiB.
    pub segment_bytes: u64,
    /// Record bytes of a slot, one link in the chain of shards of a finger position, 4 KiB to 1 GiB.
    pub shard_bytes: usize,
    /// Memory that records and index may take; `None` for 80 % of the machine's.
    pub memory_limit_bytes: Option<u64>,
    /// Operations that may wait for the writer.
    pub queue_max: usize,
    /// Bytes of operations that may wait for the writer or be with it, at least 2 MiB, so that one has room.
    pub queue_bytes_max: usize,
    /// Version of the encoder that makes the records.
    pub encoder_version: u16,
    /// Makes records of other versions anew when the store is opened.
    pub encoder: Option<Encoder>,
    /// Age at which a kept document is given out no more, and compaction drops it.
    pub keep_for: Duration,
    /// Age at which compaction forgets the request id of an operation that left nothing else.
    pub remember_requests_for: Duration,
    /// Who is told of commits and compactions.
    pub observer: Option<Arc<dyn StoreObserver>>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            key: None,
            storage: Arc::new(OsStorage),
            segment_bytes: 256 << 20,
            shard_bytes: 64 << 20,
            memory_limit_bytes: None,
            queue_max: QUEUE_MAX,
            queue_bytes_max: QUEUE_BYTES_MAX,
            encoder_version: 1,
            encoder: None,
            keep_for: 30 * DAY,
            remember_requests_for: 366 * DAY,
            observer: None,
        }
    }
}

impl Debug for StoreOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StoreOptions")
            .field("encrypted", &self.key.is_some())
            .field("storage", &self.storage)
            .field("segment_bytes", &self.segment_bytes)
            .field("shard_bytes", &self.shard_bytes)
            .field("memory_limit_bytes", &self.memory_limit_bytes)
            .finish_non_exhaustive()
    }
}

impl StoreOptions {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if !SEGMENT_BYTES_RANGE.contains(&self.segment_bytes) {
            let reason = format!("{} is not in {SEGMENT_BYTES_RANGE:?}", self.segment_bytes);
            return Err(StoreError::invalid("segment_bytes", reason));
        }
        if !SHARD_BYTES_RANGE.contains(&self.shard_bytes) {
            let reason = format!("{} is not in {SHARD_BYTES_RANGE:?}", self.shard_bytes);
            return Err(StoreError::invalid("shard_bytes", reason));
        }
        if self.queue_max == 0 {
            return Err(StoreError::invalid("queue_max", "0 operations may wait"));
        }
        if self.queue_bytes_max < ENTRY_BYTES_MAX {
            let reason = format!("{} is less than {ENTRY_BYTES_MAX}", self.queue_bytes_max);
            return Err(StoreError::invalid("queue_bytes_max", reason));
        }
        Ok(())
    }

    /// The limit on memory in bytes: the option, or 80 % of the machine's.
    pub(crate) fn memory_limit(&self) -> u64 {
        self.memory_limit_bytes.unwrap_or_else(|| {
            let machine = rustix::system::sysinfo();
            (machine.totalram as u64).saturating_mul(machine.mem_unit.into()) / 5 * 4
        })
    }
}

/// Hears of what a store does, on the thread that does it: it must return soon.
pub trait StoreObserver: Debug + Send + Sync {
    /// Operations were made durable and entered.
    fn committed(&self, commit: &Commit) {
        let _ = commit;
    }

    /// A compaction has ended.
    fn compacted(&self, compaction: &Compaction) {
        let _ = compaction;
    }
}

/// One group commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// Operations in it.
    pub operations: usize,
    /// Bytes written.
    pub bytes: usize,
    /// Time that the write took.
    pub write: Duration,
    /// Time until it was on the disk.
    pub sync: Duration,
    /// Time until it was in the shards.
    pub apply: Duration,
    /// Operations that wait for the next one.
    pub queued: usize,
}

/// What a long task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reads the log into memory.
    Load,
    /// Rewrites segments.
    Compact,
    /// Checks files.
    Verify,
    /// Copies files.
    Copy,
}

/// How far a long task is, in bytes of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The task.
    pub stage: Stage,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all.
    pub of: u64,
}

/// What was found when a store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Recovery {
    /// Entries read.
    pub entries: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of an unfinished write, never acknowledged, that were cut from the log's end.
    pub torn_bytes: u64,
    /// Files left over from an interrupted compaction or key rotation that were removed.
    pub leftover_files: u64,
    /// Records that the encoder made anew.
    pub encoded_again: u64,
    /// Time it took.
    pub seconds: f64,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Compaction {
    /// Segments read and removed.
    pub segments_before: u64,
    /// Segments written in their place.
    pub segments_after: u64,
    /// Bytes of the former.
    pub bytes_before: u64,
    /// Bytes of the latter.
    pub bytes_after: u64,
    /// Entries that were left out or reduced to what their request id needs.
    pub entries_removed: u64,
    /// Kept documents that were dropped for their age.
    pub documents_expired: u64,
    /// Time it took.
    pub seconds: f64,
}

/// What a check of every byte found in order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Verification {
    /// Segments read.
    pub segments: u64,
    /// Entries read.
    pub entries: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of an unfinished write at the log's end, which the next opening will cut.
    pub torn_bytes: u64,
    /// Time it took.
    pub seconds: f64,
}

/// What a backup or a restoration copied.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Copied {
    /// Files copied.
    pub files: u64,
    /// Bytes copied.
    pub bytes: u64,
    /// Number of the newest operation in it.
    pub sequence: u64,
    /// Time it took.
    pub seconds: f64,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Subjects with at least one encounter, sealed ones among them.
    pub subjects: u64,
    /// Encounters, sealed ones among them.
    pub encounters: u64,
    /// References that are searched.
    pub references: u64,
    /// Encounters that are sealed.
    pub sealed: u64,
}

/// References of one gallery and finger position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStats {
    /// The gallery.
    pub gallery: String,
    /// Finger position, 0..=10.
    pub position: u8,
    /// References that are searched.
    pub references: u64,
    /// Bytes that their shards take on a card.
    pub bytes: u64,
    /// Number of shards.
    pub shards: u64,
    /// Largest generation of a shard.
    pub generation: u64,
}

/// The state of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreStats {
    /// Bytes of all segments.
    pub disk_bytes: u64,
    /// Bytes of entries that compaction would keep.
    pub live_bytes: u64,
    /// Bytes of entries that compaction would remove.
    pub dead_bytes: u64,
    /// Bytes that records and index take in memory; the index's share is an estimate.
    pub memory_bytes: u64,
    /// Bytes that they may take.
    pub memory_limit_bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Galleries.
    pub galleries: u64,
    /// Request ids remembered.
    pub requests: u64,
    /// Documents kept.
    pub documents: u64,
    /// When the oldest document in the files was kept, in milliseconds since 1970: one beyond its age waits for a compaction.
    pub oldest_document_unix_ms: Option<u64>,
    /// Number of the newest operation.
    pub sequence: u64,
    /// Operations that wait for the writer.
    pub queued: u64,
    /// Whether the segments are encrypted.
    pub encrypted: bool,
    /// Why the store takes no more operations, if so.
    pub poisoned: Option<String>,
}

/// An encounter as it was enrolled, read back from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encounter {
    /// Minutiae files, byte for byte.
    pub templates: Vec<Vec<u8>>,
    /// The fingers, with the records as they were enrolled.
    pub fingers: Vec<EnrolledFinger>,
    /// Version of the encoder that made the records.
    pub encoder_version: u16,
    /// Its status now.
    pub status: Status,
    /// Sequence of the enrolment.
    pub sequence: u64,
    /// When it was enrolled, in milliseconds since 1970.
    pub enrolled_unix_ms: u64,
    /// When its status was set last, if it ever was.
    pub status_unix_ms: Option<u64>,
}
