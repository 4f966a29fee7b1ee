//! One gallery in the index: subjects, encounters, and whose each reference is.

use super::limits::POSITIONS;
use super::operation::Status;
use super::options::Counts;
use super::projection::{Published, slot_of};
use super::segment::Location;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::sync::Arc;

/// In place of a number: there is none.
pub(crate) const NONE: u32 = u32::MAX;
/// What a gallery takes in memory before it has any encounter, about, its projection and names among it.
pub(crate) const GALLERY_BYTES: u64 = 1024;
/// What an allocation takes besides its bytes, about.
const ALLOCATION_BYTES: usize = 16;

#[derive(Debug)]
struct Subject {
    name: Box<str>,
    /// The newest of its encounters.
    newest: u32,
    encounters: u32,
}

/// An encounter.
#[derive(Debug)]
pub(crate) struct EncounterRow {
    pub(crate) name: Box<str>,
    pub(crate) subject: u32,
    before: u32, // of the same subject
    /// Sequence of its enrolment; 0 once it is expunged.
    pub(crate) sequence: u64,
    pub(crate) at: Location,
    pub(crate) status: Status,
    /// Sequence of the entry that set the status; 0 if none did.
    pub(crate) status_sequence: u64,
    pub(crate) status_unix_ms: u64,
    /// Gallery indices of its references; none while it is sealed.
    pub(crate) references: Box<[u32]>,
}

/// Whose a gallery index is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    /// Number of the encounter; [`NONE`] once the reference is withdrawn.
    pub(crate) encounter: u32,
    pub(crate) view: u8,
}

#[derive(Debug)]
struct SlotOwners {
    position: u8,
    owners: Vec<Owner>,
}

/// A gallery.
#[derive(Debug)]
pub(crate) struct Gallery {
    pub(crate) name: Arc<str>,
    subjects: Vec<Subject>,
    names: HashTable<u32>,
    hasher: DefaultHashBuilder,
    pub(crate) encounters: Vec<EncounterRow>,
    slots: Vec<SlotOwners>,
    pub(crate) counts: Counts,
    /// References that are searched, per finger position.
    pub(crate) references: [u64; POSITIONS],
    /// Sequence of its newest change.
    pub(crate) generation: u64,
    pub(crate) published: Arc<Published>,
    own_bytes: usize, // names and lists of references
}

impl Gallery {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            subjects: Vec::new(),
            names: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            encounters: Vec::new(),
            slots: Vec::new(),
            counts: Counts::default(),
            references: [0; POSITIONS],
            generation: 0,
            published: Arc::default(),
            own_bytes: 0,
        }
    }

    /// Number of a subject.
    pub(crate) fn subject(&self, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        self.names.find(hash, |&number| *self.subjects[number as usize].name == *name).copied()
    }

    /// Name of a subject that has encounters.
    pub(crate) fn subject_name(&self, number: u32) -> Option<&str> {
        self.subjects.get(number as usize).filter(|subject| subject.encounters > 0).map(|subject| &*subject.name)
    }

    /// Number of encounters of a subject.
    pub(crate) fn encounter_count(&self, subject: u32) -> u32 {
        self.subjects[subject as usize].encounters
    }

    /// Numbers of a subject's encounters, the newest first.
    pub(crate) fn encounters_of(&self, subject: u32) -> impl Iterator<Item = u32> {
        let newest = self.subjects.get(subject as usize).map_or(NONE, |subject| subject.newest);
        let exists = |number: u32| (number != NONE).then_some(number);
        std::iter::successors(exists(newest), move |&number| exists(self.encounters[number as usize].before))
    }

    /// Number of a subject's encounter.
    pub(crate) fn encounter(&self, subject: u32, name: &str) -> Option<u32> {
        self.encounters_of(subject).find(|&number| *self.encounters[number as usize].name == *name)
    }

    /// Whose a reference is, with its finger position: `None` if the index was never given, an owner without
    /// encounter if it is withdrawn.
    pub(crate) fn owner(&self, index: u32) -> Option<(Owner, u8)> {
        let (slot, place) = slot_of(index);
        let slot = self.slots.get(slot)?;
        Some((*slot.owners.get(place)?, slot.position))
    }

    pub(crate) fn enroll(
        &mut self,
        subject: &str,
        encounter: &str,
        sequence: u64,
        at: Location,
        references: Vec<(u32, u8, u8)>,
    ) {
        let subject = self.subject(subject).unwrap_or_else(|| self.add_subject(subject));
        let number = self.encounters.len() as u32;
        let references = self.own(number, references);
        let row = &mut self.subjects[subject as usize];
        let before = std::mem::replace(&mut row.newest, number);
        row.encounters += 1;
        self.own_bytes += encounter.len() + 2 * ALLOCATION_BYTES; // name and references
        self.encounters.push(EncounterRow {
            name: encounter.into(),
            subject,
            before,
            sequence,
            at,
            status: Status::Active,
            status_sequence: 0,
            status_unix_ms: 0,
            references,
        });
        self.counts.encounters += 1;
        self.generation = sequence;
    }

    /// Sets an encounter's status and returns the sequence of the entry that had set it before. `references` are what
    /// the projection gave an encounter that is unsealed.
    pub(crate) fn set_status(
        &mut self,
        number: u32,
        status: Status,
        sequence: u64,
        unix_ms: u64,
        references: Vec<(u32, u8, u8)>,
    ) -> u64 {
        let before = self.encounters[number as usize].status;
        if (before, status) == (Status::Active, Status::Sealed) {
            self.withdraw(number);
            self.counts.sealed += 1;
        } else if (before, status) == (Status::Sealed, Status::Active) {
            self.encounters[number as usize].references = self.own(number, references);
            self.counts.sealed -= 1;
        }
        let row = &mut self.encounters[number as usize];
        row.status = status;
        row.status_unix_ms = unix_ms;
        self.generation = sequence;
        std::mem::replace(&mut row.status_sequence, sequence)
    }

    /// Removes an encounter; returns where its enrolment stands and the sequence of the entry that set its status.
    pub(crate) fn expunge(&mut self, number: u32, sequence: u64) -> (Location, u64) {
        self.withdraw(number);
        let row = &mut self.encounters[number as usize];
        let (subject, before) = (row.subject, row.before);
        self.own_bytes -= row.name.len() + 2 * ALLOCATION_BYTES;
        row.name = Box::default();
        row.sequence = 0;
        let dead = (row.at, row.status_sequence);
        if row.status == Status::Sealed {
            self.counts.sealed -= 1;
        }
        self.counts.encounters -= 1;
        self.generation = sequence;
        self.unlink(subject, number, before);
        dead
    }

    /// What the gallery takes in memory, its records and their places among it, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let owners: usize = self.slots.iter().map(|slot| slot.owners.len()).sum();
        let tables = self.subjects.len() * size_of::<Subject>()
            + self.names.len() * (size_of::<u32>() + 1) / 7 * 8
            + self.encounters.len() * size_of::<EncounterRow>()
            + owners * size_of::<Owner>();
        let places = self.published.slot_records.iter().map(|&records| u64::from(records) * 4).sum::<u64>();
        GALLERY_BYTES + (tables / 2 * 3 + self.own_bytes) as u64 + self.published.bytes + places
    }

    fn add_subject(&mut self, name: &str) -> u32 {
        let number = self.subjects.len() as u32;
        self.subjects.push(Subject { name: name.into(), newest: NONE, encounters: 0 });
        let hash = self.hasher.hash_one(name);
        let (subjects, hasher) = (&self.subjects, &self.hasher);
        self.names.insert_unique(hash, number, |&other| hasher.hash_one(&*subjects[other as usize].name));
        self.own_bytes += name.len() + ALLOCATION_BYTES;
        self.counts.subjects += 1;
        number
    }

    /// Takes an encounter out of its subject's list, and the subject out of the gallery with its last.
    fn unlink(&mut self, subject: u32, number: u32, before: u32) {
        let row = &mut self.subjects[subject as usize];
        row.encounters -= 1;
        if row.newest == number {
            row.newest = before;
        } else {
            let newer = self.encounters_of(subject).find(|&other| self.encounters[other as usize].before == number);
            if let Some(newer) = newer {
                self.encounters[newer as usize].before = before;
            }
        }
        let row = &mut self.subjects[subject as usize];
        if row.encounters == 0 {
            let name = std::mem::take(&mut row.name);
            let hash = self.hasher.hash_one(&*name);
            if let Ok(found) = self.names.find_entry(hash, |&other| other == subject) {
                found.remove();
            }
            self.own_bytes -= name.len() + ALLOCATION_BYTES;
            self.counts.subjects -= 1;
        }
    }

    /// Makes an encounter the owner of gallery indices that were just given.
    fn own(&mut self, encounter: u32, references: Vec<(u32, u8, u8)>) -> Box<[u32]> {
        for &(index, position, view) in &references {
            let (slot, place) = slot_of(index);
            while self.slots.len() <= slot {
                self.slots.push(SlotOwners { position, owners: Vec::new() });
            }
            let owners = &mut self.slots[slot].owners;
            // Indices come one after another in each slot; a gap would belong to nobody.
            owners.resize(owners.len().max(place), Owner { encounter: NONE, view: 0 });
            owners.push(Owner { encounter, view });
            self.slots[slot].position = position;
            self.references[usize::from(position)] += 1;
        }
        self.counts.references += references.len() as u64;
        self.own_bytes += references.len() * size_of::<u32>();
        references.into_iter().map(|(index, ..)| index).collect()
    }

    /// Takes the references of an encounter from the searches.
    fn withdraw(&mut self, encounter: u32) {
        let references = std::mem::take(&mut self.encounters[encounter as usize].references);
        self.own_bytes -= references.len() * size_of::<u32>();
        self.counts.references -= references.len() as u64;
        for index in references {
            let (slot, place) = slot_of(index);
            self.slots[slot].owners[place].encounter = NONE;
            self.references[usize::from(self.slots[slot].position)] -= 1;
        }
    }
}
