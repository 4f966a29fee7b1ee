//! Whether an operation can be done, given what the store holds.

use super::applier::{Applier, Restored};
use super::entry::{Body, LogEntry, Target};
use super::error::{StoreError, Thing};
use super::gallery::EncounterRow;
use super::hash::Hash;
use super::index::{Done, Index};
use super::limits::{GALLERIES_MAX, SLOTS_MAX};
use super::operation::Receipt;
use super::operation::Status;

/// Encounters of a subject at most.
pub(crate) const ENCOUNTERS_MAX: u32 = 4096;
/// What an enrolment takes in memory besides records and names, about: rows, tables, request.
const ENROLMENT_BYTES: u64 = 400;

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
    references: usize,
    galleries: usize,
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
                self.check_enrolment(index, gallery, subject, encounter)?;
                let bytes = fingers.iter().map(|finger| finger.record.len() as u64).sum::<u64>();
                self.take(index, applier, gallery, fingers.len(), bytes, memory_limit)?;
                Ok(Verdict::Write { references: fingers.len() as u32, restored: Vec::new() })
            }
            Body::Status { target, status } => {
                let rows = existing(index, target)?;
                let (gallery, numbers) = rows;
                let changed = numbers.iter().map(|&number| &index.galleries[gallery].encounters[number as usize]);
                let searched: usize = changed.map(|row: &EncounterRow| row.references.len()).sum();
                let restored = applier.restore(index, entry)?;
                let back: usize = restored.iter().map(Restored::references).sum();
                let bytes = restored.iter().map(Restored::record_bytes).sum();
                self.take(index, applier, target.gallery, back, bytes, memory_limit)?;
                let references = if *status == Status::Sealed { searched } else { back } as u32;
                Ok(Verdict::Write { references, restored })
            }
            Body::Expunge { target } => {
                let (gallery, numbers) = existing(index, target)?;
                let rows = numbers.iter().map(|&number| &index.galleries[gallery].encounters[number as usize]);
                let references = rows.map(|row| row.references.len()).sum::<usize>() as u32;
                Ok(Verdict::Write { references, restored: Vec::new() })
            }
            Body::Keep { .. } if index.documents.contains_key(id) => Err(StoreError::AlreadyExists(Thing::Document)),
            Body::Keep { .. } | Body::Done => Ok(Verdict::Write { references: 0, restored: Vec::new() }),
        }
    }

    fn check_enrolment(
        &mut self,
        index: &Index,
        gallery: &str,
        subject: &str,
        encounter: &str,
    ) -> Result<(), StoreError> {
        let Some(gallery) = index.gallery(gallery) else {
            // Several operations of the plan may make the same one: an early refusal at the very limit is no harm.
            self.galleries += 1;
            return if index.galleries.len() + self.galleries > GALLERIES_MAX {
                Err(StoreError::LimitReached { what: "galleries", limit: GALLERIES_MAX as u64 })
            } else {
                Ok(())
            };
        };
        let Some(subject) = gallery.subject(subject) else { return Ok(()) };
        if gallery.encounter(subject, encounter).is_some() {
            return Err(StoreError::AlreadyExists(Thing::Encounter));
        }
        if gallery.encounter_count(subject) >= ENCOUNTERS_MAX {
            return Err(StoreError::LimitReached { what: "encounters of a subject", limit: ENCOUNTERS_MAX.into() });
        }
        Ok(())
    }

    /// Takes memory and gallery indices for references.
    fn take(
        &mut self,
        index: &Index,
        applier: &Applier,
        gallery: &str,
        references: usize,
        record_bytes: u64,
        limit: u64,
    ) -> Result<(), StoreError> {
        if references == 0 {
            return Ok(());
        }
        if !applier.has_room(gallery, self.references + references) {
            return Err(StoreError::LimitReached { what: "slots of a gallery", limit: SLOTS_MAX as u64 });
        }
        let used = *self.memory_bytes.get_or_insert_with(|| index.memory_bytes());
        let needed = used + record_bytes + ENROLMENT_BYTES;
        if needed > limit {
            return Err(StoreError::MemoryFull { needed, limit });
        }
        self.memory_bytes = Some(needed);
        self.references += references;
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
