//! Compaction: closed segments without what is not needed any more, while the store is in use.
//!
//! Segments are rewritten in the order of the log and the manifest is replaced after each new one, so that an enrolment
//! is always gone before the entry that expunged it is reduced.

use super::books::Growing;
use super::entry::{Body, LogEntry, STAMP_BYTES, Target, kind};
use super::error::StoreError;
use super::hash::Hash;
use super::index::Index;
use super::limits::DISK_RESERVE_BYTES;
use super::manifest::Row;
use super::options::{Compaction, Progress, Stage};
use super::recovery::document_id;
use super::segment::{End, Found, Location, Segment, file_number};
use super::shared::Shared;
use super::usage::Usage;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 4 << 20;

/// What the index knows an entry by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Enrolment { gallery: usize, encounter: u32 },
    Status,
    Document(Hash),
    Receipt,
}

/// An entry that stands elsewhere now.
#[derive(Debug)]
struct Move {
    owner: Owner,
    sequence: u64,
    to: Location,
}

/// A segment that is being written in place of some others.
#[derive(Debug, Default)]
struct Output {
    growing: Option<Growing>,
    buffer: Vec<u8>,
    usage: Usage,
    moves: Vec<Move>,
    /// Requests and documents that are forgotten, with the sequence of their entry.
    requests: Vec<(Hash, u64)>,
    documents: Vec<(Hash, u64)>,
    inputs: Vec<Row>,
}

/// Times before which things are forgotten, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Horizon {
    documents_ms: u64,
    receipts_ms: u64,
}

/// Rewrites what can be made smaller. The writer has just closed its segment; no other compaction runs.
pub(crate) fn run(shared: &Shared, progress: &dyn Fn(Progress)) -> Result<Compaction, StoreError> {
    let begun = Instant::now();
    let horizon = Horizon { documents_ms: shared.documents_horizon_ms(), receipts_ms: shared.receipts_horizon_ms() };
    let rewritten = rewrite(shared, &horizon, progress);
    // What failed is swept as well: nobody else knows of what it has written.
    let swept = sweep(shared);
    let mut outcome = rewritten?;
    swept?;
    outcome.seconds = begun.elapsed().as_secs_f64();
    if let Some(observer) = &shared.options.observer {
        observer.compacted(&outcome);
    }
    Ok(outcome)
}

fn rewrite(shared: &Shared, horizon: &Horizon, progress: &dyn Fn(Progress)) -> Result<Compaction, StoreError> {
    let runs = choose(shared, horizon);
    let of = runs.iter().flatten().filter_map(|row| row.closed).sum();
    let (mut done, mut outcome) = (0, Compaction::default());
    for run in runs {
        let mut output = Output::default();
        for (place, row) in run.iter().enumerate() {
            let segment = shared.read().segments.get(&row.id).cloned();
            let segment =
                segment.ok_or_else(|| StoreError::Poisoned { reason: "a closed segment is not open".into() })?;
            output.take(shared, *row, &segment, horizon, &mut outcome)?;
            done += row.closed.unwrap_or(0);
            progress(Progress { stage: Stage::Compact, done, of });
            if output.bytes() >= shared.options.segment_bytes / 2 || place + 1 == run.len() {
                std::mem::take(&mut output).finish(shared, &mut outcome)?;
            }
        }
    }
    Ok(outcome)
}

/// Removes every segment that the manifest does not name, of this compaction or an earlier one that failed, and its key. When it
/// returns, they are gone from the disk.
fn sweep(shared: &Shared) -> Result<(), StoreError> {
    let mut books = shared.books(); // so nobody is between a new segment and its place in the manifest
    shared.check_poison()?;
    let (storage, folder) = (&shared.options.storage, &shared.folder);
    let rows: HashSet<u32> = books.manifest.rows.iter().map(|row| row.id).collect();
    for name in storage.list(folder).map_err(|e| StoreError::io("listing", folder, e))? {
        if file_number(&name).is_some_and(|id| !rows.contains(&id)) {
            let path = folder.join(name);
            storage.remove(&path).map_err(|e| StoreError::io("removing", &path, e))?;
        }
    }
    storage.sync_folder(folder).map_err(|e| StoreError::io("syncing", folder, e))?;
    if books.keyring.encrypted() {
        books.keyring.retain(|id| rows.contains(&id));
        books.save_keys().inspect_err(|error| shared.poison(error))?;
    }
    Ok(())
}

/// Runs of neighbours that are worth rewriting: what has dead entries, and what is small and has such a neighbour.
fn choose(shared: &Shared, horizon: &Horizon) -> Vec<Vec<Row>> {
    let rows = shared.books().manifest.rows.clone();
    let index = shared.read();
    let dirty = |row: &Row| {
        index.usage.get(&row.id).is_some_and(|usage| {
            usage.dead_bytes > 0
                || usage.oldest_kept_ms < horizon.documents_ms
                || usage.oldest_done_ms < horizon.receipts_ms
        })
    };
    let small = |row: &Row| row.closed.is_some_and(|bytes| bytes < shared.options.segment_bytes / 2);
    let (mut runs, mut run): (Vec<Vec<Row>>, Vec<Row>) = (Vec::new(), Vec::new());
    let mut end_run = |run: &mut Vec<Row>| {
        if run.len() > 1 || run.iter().any(dirty) {
            runs.push(std::mem::take(run));
        }
        run.clear();
    };
    for row in rows.iter().filter(|row| row.closed.is_some()) {
        if dirty(row) || small(row) {
            run.push(*row);
        } else {
            end_run(&mut run);
        }
    }
    end_run(&mut run);
    runs
}

impl Output {
    fn bytes(&self) -> u64 {
        self.growing.as_ref().map_or(0, |growing| growing.bytes) + self.buffer.len() as u64
    }

    /// Takes over what is needed of a segment.
    fn take(
        &mut self,
        shared: &Shared,
        row: Row,
        segment: &Segment,
        horizon: &Horizon,
        outcome: &mut Compaction,
    ) -> Result<(), StoreError> {
        let bytes = row.closed.unwrap_or(0);
        let needed = bytes + DISK_RESERVE_BYTES;
        let available = shared.options.storage.available_bytes(&shared.folder).unwrap_or(u64::MAX);
        if available < needed {
            return Err(StoreError::DiskFull { needed, available });
        }
        outcome.segments_before += 1;
        outcome.bytes_before += bytes;
        self.inputs.push(row);
        let end = segment.scan(bytes, |found| self.entry(shared, &found, segment, horizon, outcome))?;
        match end {
            End::Whole => Ok(()),
            End::Broken { offset, reason } => Err(StoreError::damaged(&segment.path, offset, reason)),
        }
    }

    fn entry(
        &mut self,
        shared: &Shared,
        found: &Found<'_>,
        segment: &Segment,
        horizon: &Horizon,
        outcome: &mut Compaction,
    ) -> Result<(), StoreError> {
        let sequence = found.header.sequence;
        let entry = LogEntry::decode(found.header.kind, found.payload).ok_or_else(|| {
            StoreError::damaged(&segment.path, found.at.offset.into(), "an entry does not hold what its kind says")
        })?;
        let unix_ms = entry.stamp.unix_ms;
        let id = document_id(&shared.hasher, &entry.body);
        let owner = owner(&shared.read(), &entry, sequence, &id);
        if matches!(owner, Some(Owner::Document(_))) && unix_ms < horizon.documents_ms {
            self.documents.push((id, sequence));
            self.requests.push((entry.stamp.request, sequence));
            outcome.documents_expired += 1;
            outcome.entries_removed += 1;
            return Ok(());
        }
        let lasting = owner.filter(|owner| *owner != Owner::Receipt);
        if lasting.is_none() && unix_ms < horizon.receipts_ms {
            self.requests.push((entry.stamp.request, sequence));
            outcome.entries_removed += 1;
            return Ok(());
        }
        let (kind, payload) = if owner.is_some() {
            (found.header.kind, found.payload)
        } else {
            outcome.entries_removed += 1;
            (kind::DONE, &found.payload[..STAMP_BYTES])
        };
        let to = self.append(shared, kind, sequence, payload)?;
        match kind {
            kind::DONE => self.usage.done(unix_ms),
            kind::KEEP => self.usage.kept(unix_ms),
            _ => {}
        }
        if let Some(owner) = lasting {
            self.moves.push(Move { owner, sequence, to });
        }
        Ok(())
    }

    fn append(&mut self, shared: &Shared, kind: u8, sequence: u64, payload: &[u8]) -> Result<Location, StoreError> {
        let growing = match &mut self.growing {
            Some(growing) => growing,
            none => none.insert(shared.books().start_segment()?),
        };
        let offset = growing.bytes + self.buffer.len() as u64;
        let offset = u32::try_from(offset)
            .map_err(|_| StoreError::LimitReached { what: "bytes of a segment", limit: u32::MAX.into() })?;
        let bytes = growing.segment.cipher().append(&mut self.buffer, kind, 0, sequence, payload)?;
        let at = Location { segment: growing.segment.id, offset, bytes };
        self.usage.entered(at);
        if self.buffer.len() >= WRITE_BYTES {
            write(growing, &mut self.buffer)?;
        }
        Ok(at)
    }

    /// Puts the new segment in place of its inputs.
    fn finish(mut self, shared: &Shared, outcome: &mut Compaction) -> Result<(), StoreError> {
        if let Some(growing) = &mut self.growing {
            write(growing, &mut self.buffer)?;
            growing.file.sync().map_err(|e| StoreError::io("syncing", &growing.segment.path, e))?;
            outcome.segments_after += 1;
            outcome.bytes_after += growing.bytes;
        }
        // The manifest cannot tell apart a segment that was replaced from one that never was: a store that the disk
        // refuses now must be opened again before it is changed any more.
        let removed = self.swap(shared).inspect_err(|error| shared.poison(error))?;
        for segment in &removed {
            // Early, for the sake of free space; the sweep at the end has the last word.
            if let Err(error) = shared.options.storage.remove(&segment.path) {
                tracing::warn!(%error, "a segment that was replaced is not removed yet");
            }
        }
        Ok(())
    }

    /// Replaces the manifest, then everything in the index that points into the inputs.
    fn swap(&mut self, shared: &Shared) -> Result<Vec<Arc<Segment>>, StoreError> {
        shared.check_poison()?;
        let mut books = shared.books();
        let ids: HashSet<u32> = self.inputs.iter().map(|row| row.id).collect();
        let mut rows = books.manifest.rows.clone();
        let first = rows.iter().position(|row| ids.contains(&row.id)).unwrap_or(0);
        rows.retain(|row| !ids.contains(&row.id));
        if let (Some(growing), [begin, .., end] | [begin @ end]) = (&self.growing, self.inputs.as_slice()) {
            let id = growing.segment.id;
            rows.insert(first, Row { id, closed: Some(growing.bytes), after: begin.after, last: end.last });
        }
        books.save_manifest(rows)?;
        let mut index = shared.write();
        for moved in self.moves.drain(..) {
            if !index.relocate(&moved) {
                self.usage.died(moved.to);
            }
        }
        for (request, sequence) in self.requests.drain(..) {
            if index.requests.get(&request).is_some_and(|done| done.sequence == sequence) {
                index.requests.remove(&request);
            }
        }
        for (id, sequence) in self.documents.drain(..) {
            if index.documents.get(&id).is_some_and(|document| document.sequence == sequence) {
                index.documents.remove(&id);
            }
        }
        if let Some(growing) = &self.growing {
            index.segments.insert(growing.segment.id, growing.segment.clone());
            index.usage.insert(growing.segment.id, self.usage);
        }
        let removed = ids.iter().filter_map(|id| {
            index.usage.remove(id);
            index.segments.remove(id)
        });
        Ok(removed.collect())
    }
}

fn write(growing: &mut Growing, buffer: &mut Vec<u8>) -> Result<(), StoreError> {
    growing.file.append(buffer).map_err(|e| StoreError::io("writing", &growing.segment.path, e))?;
    growing.bytes += buffer.len() as u64;
    buffer.clear();
    Ok(())
}

/// What the index knows an entry by, if it is to stay as it is.
fn owner(index: &Index, entry: &LogEntry<'_>, sequence: u64, id: &Hash) -> Option<Owner> {
    match &entry.body {
        Body::Enroll { gallery, subject, encounter, .. } => {
            let (gallery, found) = index.targets(&Target { gallery, subject, encounter: Some(encounter) })?;
            let encounter = *found.first()?;
            let row = &index.galleries[gallery].encounters[encounter as usize];
            (row.sequence == sequence).then_some(Owner::Enrolment { gallery, encounter })
        }
        Body::Status { .. } => index.statuses.contains_key(&sequence).then_some(Owner::Status),
        Body::Keep { .. } => {
            let document = index.documents.get(id)?;
            (document.sequence == sequence).then_some(Owner::Document(*id))
        }
        Body::Expunge { .. } => None,
        Body::Done => Some(Owner::Receipt),
    }
}

impl Index {
    /// Notes where an entry stands now; false if it is not needed any more.
    fn relocate(&mut self, moved: &Move) -> bool {
        match moved.owner {
            Owner::Enrolment { gallery, encounter } => {
                let row = &mut self.galleries[gallery].encounters[encounter as usize];
                let current = row.sequence == moved.sequence;
                if current {
                    row.at = moved.to;
                }
                current
            }
            Owner::Status => self.statuses.get_mut(&moved.sequence).map(|entry| entry.at = moved.to).is_some(),
            Owner::Document(id) => {
                let document = self.documents.get_mut(&id).filter(|document| document.sequence == moved.sequence);
                document.map(|document| document.at = moved.to).is_some()
            }
            Owner::Receipt => true,
        }
    }
}
