//! Whether an operation can be done, given what the store holds.

use super::applier::{Applier, Restored};
use super::entry::{Body, LogEntry, Target};
use super::error::{StoreError, Thing};
use super::gallery::{EncounterRow, GALLERY_BYTES};
use super::hash::Hash;
use super::index::{DOCUMENT_BYTES, Done, Index, REQUEST_BYTES, STATUS_BYTES};
use super::limits::{GALLERIES_MAX, SLOTS_MAX};
use super::operation::Receipt;
use super::operation::Status;
use super::projection::Demand;
use std::collections::HashMap;

/// Encounters of a subject at most.
pub(crate) const ENCOUNTERS_MAX: u32 = 4096;
/// What an enrolment takes in memory besides request, references and names, about: its row and its subject's.
const ENROLMENT_BYTES: u64 = 220;
/// What a reference takes in memory besides its record: owner, index, place in the shard.
const REFERENCE_BYTES: u64 = 20;

/// What is to be done with an operation.
pub(crate) enum Verdict {
    /// Nothing: its request was done before.
    Done(Receipt),
    /// It is to be written.
    Write { references: u32, restored: Vec<Restored> },
}

/// What the operations accepted for a commit will take.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    memory_bytes: Option<u64>, // in use, and what the plan adds
    demands: HashMap<Box<str>, Demand>,
    galleries: Option<usize>, // that have encounters, and what the plan adds
}

impl Plan {
    /// Examines an operation. None of the plan before it is about the same request, subject or document.
    ///
    /// # Errors
    /// [`StoreError`]: why it cannot be done.
    pub(crate) fn examine(
        &mut self,
        index: &Index,
        applier: &mut Applier,
        entry: &LogEntry<'_>,
        id: &Hash,
        memory_limit: u64,
    ) -> Result<Verdict, StoreError> {
        if let Some(done) = index.requests.get(&entry.stamp.request) {
            return replayed(done, &entry.stamp.content).map(Verdict::Done);
        }
        match &entry.body {
            Body::Enroll { gallery, subject, encounter, fingers, .. } => {
                let gallery_bytes = self.check_enrolment(index, gallery, subject, encounter)?;
                let rows = ENROLMENT_BYTES + REQUEST_BYTES + (subject.len() + encounter.len()) as u64 + gallery_bytes;
                self.take_memory(index, rows, memory_limit)?;
                let records = fingers.iter().map(|finger| (finger.position, finger.record.len()));
                self.take_records(index, applier, gallery, records, memory_limit)?;
                Ok(Verdict::Write { references: fingers.len() as u32, restored: Vec::new() })
            }
            Body::Status { target, status } => {
                let rows = existing(index, target)?;
                let (gallery, numbers) = rows;
                let changed = numbers.iter().map(|&number| &index.galleries[gallery].encounters[number as usize]);
                let searched: usize = changed.map(|row: &EncounterRow| row.references.len()).sum();
                let restored = applier.restore(index, entry)?;
                let back: usize = restored.iter().map(Restored::references).sum();
                self.take_memory(index, REQUEST_BYTES + STATUS_BYTES, memory_limit)?;
                let records = restored.iter().flat_map(Restored::records);
                self.take_records(index, applier, target.gallery, records, memory_limit)?;
                let references = if *status == Status::Sealed { searched } else { back } as u32;
                Ok(Verdict::Write { references, restored })
            }
            Body::Expunge { target } => {
                let (gallery, numbers) = existing(index, target)?;
                let rows = numbers.iter().map(|&number| &index.galleries[gallery].encounters[number as usize]);
                let references = rows.map(|row| row.references.len()).sum::<usize>() as u32;
                // The way out of a full memory is open at any time.
                self.take_memory(index, REQUEST_BYTES, u64::MAX)?;
                Ok(Verdict::Write { references, restored: Vec::new() })
            }
            Body::Keep { .. } if index.documents.contains_key(id) => Err(StoreError::AlreadyExists(Thing::Document)),
            Body::Keep { .. } | Body::Done => {
                self.take_memory(index, REQUEST_BYTES + DOCUMENT_BYTES, memory_limit)?;
                Ok(Verdict::Write { references: 0, restored: Vec::new() })
            }
        }
    }

    /// Returns what the gallery takes in memory if it is new.
    fn check_enrolment(
        &mut self,
        index: &Index,
        gallery: &str,
        subject: &str,
        encounter: &str,
    ) -> Result<u64, StoreError> {
        let Some(gallery) = index.gallery(gallery).filter(|gallery| gallery.counts.encounters > 0) else {
            // Several operations of the plan may make the same one: an early refusal at the very limit is no harm. One that
            // became empty does not count: what it still takes counts as memory.
            let used = || index.galleries.iter().filter(|gallery| gallery.counts.encounters > 0).count();
            let galleries = self.galleries.get_or_insert_with(used);
            if *galleries >= GALLERIES_MAX {
                return Err(StoreError::LimitReached { what: "galleries", limit: GALLERIES_MAX as u64 });
            }
            *galleries += 1;
            return Ok(GALLERY_BYTES);
        };
        let Some(subject) = gallery.subject(subject) else { return Ok(0) };
        if gallery.encounter(subject, encounter).is_some() {
            return Err(StoreError::AlreadyExists(Thing::Encounter));
        }
        if gallery.encounter_count(subject) >= ENCOUNTERS_MAX {
            return Err(StoreError::LimitReached { what: "encounters of a subject", limit: ENCOUNTERS_MAX.into() });
        }
        Ok(0)
    }

    /// Takes memory.
    fn take_memory(&mut self, index: &Index, bytes: u64, limit: u64) -> Result<(), StoreError> {
        let used = self.memory_bytes.get_or_insert_with(|| index.memory_bytes());
        let needed = *used + bytes;
        if needed > limit {
            return Err(StoreError::MemoryFull { needed, limit });
        }
        *used = needed;
        Ok(())
    }

    /// Takes memory and gallery indices for records, each a finger position and bytes.
    fn take_records(
        &mut self,
        index: &Index,
        applier: &Applier,
        gallery: &str,
        records: impl Iterator<Item = (u8, usize)>,
        limit: u64,
    ) -> Result<(), StoreError> {
        let mut records = records.peekable();
        if records.peek().is_none() {
            return Ok(());
        }
        let (mut demand, mut bytes) = (self.demands.get(gallery).cloned().unwrap_or_default(), 0);
        for (position, record_bytes) in records {
            demand.add(position, record_bytes);
            bytes += record_bytes as u64 + REFERENCE_BYTES;
        }
        if !applier.has_room(gallery, &demand) {
            return Err(StoreError::LimitReached { what: "slots of a gallery", limit: SLOTS_MAX as u64 });
        }
        self.take_memory(index, bytes, limit)?;
        self.demands.insert(gallery.into(), demand);
        Ok(())
    }
}

fn replayed(done: &Done, content: &Hash) -> Result<Receipt, StoreError> {
    if done.content == *content {
        Ok(done.receipt(true))
    } else {
        Err(StoreError::RequestReused { sequence: done.sequence })
    }
}

/// The gallery and the encounters of a target.
pub(crate) fn existing(index: &Index, target: &Target<'_>) -> Result<(usize, Vec<u32>), StoreError> {
    let missing = || {
        let Some(gallery) = index.gallery(target.gallery).filter(|gallery| gallery.counts.encounters > 0) else {
            return Thing::Gallery;
        };
        if gallery.subject(target.subject).is_none() { Thing::Subject } else { Thing::Encounter }
    };
    index.targets(target).ok_or_else(|| StoreError::NotFound(missing()))
}
