//! The whole log, read from its first entry to its last.

use super::books::Books;
use super::entry::LogEntry;
use super::error::StoreError;
use super::manifest::Row;
use super::options::{Progress, Stage};
use super::segment::{End, Location, SEGMENT_HEADER_BYTES, Segment};
use std::sync::Arc;

/// How many entries are read between two reports of progress.
const REPORT_ENTRIES: u64 = 4096;

/// What was read of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LogRead {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    /// Bytes of an interrupted write at its end.
    pub(crate) torn_bytes: u64,
    /// Sequence of the newest entry, or the one that the manifest knows of.
    pub(crate) sequence: u64,
    /// Bytes of the last segment that are whole entries, with its header.
    pub(crate) last_bytes: u64,
    /// Entries of the last segment.
    pub(crate) last_entries: u64,
}

/// An entry that was read, its frame around it.
#[derive(Debug)]
pub(crate) struct Logged<'a> {
    pub(crate) entry: LogEntry<'a>,
    pub(crate) sequence: u64,
    pub(crate) at: Location,
}

/// Opens the segments that the manifest lists, in its order.
///
/// # Errors
/// [`StoreError`] of the first that is missing or damaged.
pub(crate) fn open_segments(books: &Books) -> Result<Vec<Arc<Segment>>, StoreError> {
    books.manifest.rows.iter().map(|row| books.open_segment(row.id).map(Arc::new)).collect()
}

/// Gives every entry of the log to `visit`, in order, and checks all there is to check on the way.
///
/// # Errors
/// [`StoreError::Damaged`] with file and offset, [`StoreError::Io`], and what `visit` returns.
pub(crate) fn read(
    rows: &[Row],
    segments: &[Arc<Segment>],
    stage: Stage,
    progress: &dyn Fn(Progress),
    mut visit: impl FnMut(Logged<'_>, Position) -> Result<(), StoreError>,
) -> Result<LogRead, StoreError> {
    let lengths = segments.iter().map(|segment| segment.bytes()).collect::<Result<Vec<u64>, _>>()?;
    let of = lengths.iter().sum();
    let mut read = LogRead::default();
    let mut before = 0;
    for ((row, segment), &length) in rows.iter().zip(segments).zip(&lengths) {
        if let Some(closed) = row.closed
            && closed != length
        {
            let reason = format!("it has {length} bytes where the manifest says {closed}");
            return Err(StoreError::damaged(&segment.path, length.min(closed), reason));
        }
        read.sequence = read.sequence.max(row.after);
        (read.last_entries, read.last_bytes) = (0, SEGMENT_HEADER_BYTES as u64);
        let end = segment.scan(length, |found| {
            let damaged = |reason| StoreError::damaged(&segment.path, found.at.offset.into(), reason);
            let sequence = found.header.sequence;
            // Compaction leaves gaps in closed segments; the writer leaves none.
            let in_order = match row.closed {
                Some(_) => sequence > read.sequence && sequence <= row.last,
                None => sequence == read.sequence + 1,
            };
            if !in_order {
                return Err(damaged("an entry is out of its order"));
            }
            let entry = LogEntry::decode(found.header.kind, found.payload)
                .ok_or_else(|| damaged("an entry does not hold what its kind says"))?;
            read.sequence = sequence;
            read.entries += 1;
            read.last_entries += 1;
            read.last_bytes += u64::from(found.at.bytes);
            let done = before + u64::from(found.at.offset);
            if read.entries.is_multiple_of(REPORT_ENTRIES) {
                progress(Progress { stage, done, of });
            }
            visit(Logged { entry, sequence, at: found.at }, Position { done, of })
        })?;
        if let End::Broken { offset, reason } = end {
            if row.closed.is_some() || !segment.is_torn(offset, length, read.sequence + 1)? {
                return Err(StoreError::damaged(&segment.path, offset, reason));
            }
            read.torn_bytes = length - offset;
        }
        if row.closed.is_some() {
            read.sequence = read.sequence.max(row.last);
        }
        read.bytes += read.last_bytes;
        before += length;
    }
    progress(Progress { stage, done: of, of });
    Ok(read)
}

/// How far reading is, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) done: u64,
    pub(crate) of: u64,
}
