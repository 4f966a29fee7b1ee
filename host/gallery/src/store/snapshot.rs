//! A gallery at one moment, as searches use it.

use super::gallery::{Gallery, NONE, Owner};
use super::index::Index;
use super::projection::{EMPTY_RECORD, Published, rebuild, slot_of};
use crate::{Directory, Enrolled, Entry, Shard};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Encounters that are looked at in one go, while no operation is entered: some milliseconds of them.
pub(crate) const ROWS: usize = 16 << 10;

/// Whose a reference of a gallery is, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the subject.
    pub subject: String,
    /// Name of the encounter.
    pub encounter: String,
    /// Finger position, 0..=10.
    pub position: u8,
    /// Index of the view in its minutiae file.
    pub view: u8,
}

/// A gallery at one moment: its shards stay as they are, whatever happens to the gallery. As a [`Directory`] it asks the
/// gallery as it is now, so that what was expunged or sealed since is not listed any more.
pub struct Snapshot {
    name: Arc<str>,
    gallery: usize,
    generation: u64,
    published: Arc<Published>,
    subjects: u64,
    references: u64,
    /// Sequences of the enrolments that belong to it lie at or below this one.
    newest: u64,
    index: Arc<RwLock<Index>>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Snapshot")
            .field("generation", &self.generation)
            .field("shards", &self.published.shards.len())
            .field("references", &self.references)
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The snapshot of a gallery's present state.
    pub(crate) fn new(number: usize, gallery: &Gallery, index: Arc<RwLock<Index>>) -> Self {
        Self {
            name: gallery.name.clone(),
            gallery: number,
            generation: gallery.generation,
            published: gallery.published.clone(),
            subjects: gallery.counts.subjects,
            references: gallery.counts.references,
            newest: u64::MAX,
            index,
        }
    }

    /// Name of the gallery.
    pub fn gallery(&self) -> &str {
        &self.name
    }

    /// Number of the newest operation that changed the gallery.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the gallery has not been changed since: then nothing of the snapshot was withdrawn.
    pub fn is_current(&self) -> bool {
        self.live().galleries.get(self.gallery).is_some_and(|gallery| gallery.generation == self.generation)
    }

    /// All shards, those of a finger position together, positions rising.
    pub fn shards(&self) -> &[Arc<Shard>] {
        &self.published.shards
    }

    /// The shards of some finger positions, 0..=10.
    pub fn shards_of(&self, positions: &[u8]) -> Vec<Arc<Shard>> {
        let shards = self.published.shards.iter().zip(&self.published.positions);
        shards.filter(|(_, position)| positions.contains(position)).map(|(shard, _)| shard.clone()).collect()
    }

    /// Number of subjects, sealed ones among them.
    pub const fn subjects(&self) -> u64 {
        self.subjects
    }

    /// Number of references that are searched. The shards may have more records: empty ones stand where references were
    /// withdrawn.
    pub const fn references(&self) -> u64 {
        self.references
    }

    /// Whose a reference is; `None` if it is not in the snapshot or was withdrawn.
    pub fn reference(&self, index: u32) -> Option<Reference> {
        let live = self.live();
        let gallery = live.galleries.get(self.gallery)?;
        let (owner, position) = self.owner(gallery, index).filter(|(owner, _)| owner.encounter != NONE)?;
        let row = &gallery.encounters[owner.encounter as usize];
        Some(Reference {
            subject: gallery.subject_name(row.subject)?.into(),
            encounter: row.name.to_string(),
            position,
            view: owner.view,
        })
    }

    /// Name of a subject; `None` if it was expunged. Numbers hold while the store is open.
    pub fn subject_name(&self, number: u32) -> Option<String> {
        let live = self.live();
        live.galleries.get(self.gallery)?.subject_name(number).map(str::to_owned)
    }

    /// Gallery indices of a subject's references in the snapshot that were not withdrawn, in the order of their entry.
    pub fn references_named(&self, subject: &str) -> Vec<u32> {
        let live = self.live();
        let Some(gallery) = live.galleries.get(self.gallery) else { return Vec::new() };
        gallery.subject(subject).map_or_else(Vec::new, |number| self.listed(gallery, number))
    }

    /// The part of the snapshot that was enrolled up to the operation `generation`, for a search to be done again.
    /// Indices stay the same. What was expunged or sealed since stays away. The gallery goes on meanwhile: it is looked at shard
    /// by shard.
    #[must_use]
    pub fn at(&self, generation: u64) -> Self {
        let newest = generation.min(self.newest);
        let limited = Self {
            name: self.name.clone(),
            gallery: self.gallery,
            generation: self.generation.min(generation),
            published: self.published.clone(),
            subjects: 0,
            references: 0,
            newest,
            index: self.index.clone(),
        };
        let mut published = Published { slot_records: self.published.slot_records.clone(), ..Published::default() };
        for (shard, &position) in self.published.shards.iter().zip(&self.published.positions) {
            let Some(shard) = limited.restricted(shard) else { continue };
            published.bytes += shard.bytes().len() as u64;
            published.shards.push(shard);
            published.positions.push(position);
        }
        let mut subjects: Vec<u32> = Vec::new();
        let mut references = 0;
        for first in (0..).step_by(ROWS) {
            let live = self.live();
            let rows = live.galleries.get(self.gallery).and_then(|gallery| gallery.encounters.get(first..));
            let Some(rows) = rows.filter(|rows| !rows.is_empty()) else { break };
            for row in rows.iter().take(ROWS).filter(|row| row.sequence != 0 && row.sequence <= newest) {
                subjects.push(row.subject);
                references += row.references.iter().filter(|&&index| self.holds(index)).count() as u64;
            }
        }
        subjects.sort_unstable();
        subjects.dedup();
        Self { published: Arc::new(published), subjects: subjects.len() as u64, references, ..limited }
    }

    fn live(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a gallery index had been given when the snapshot was made.
    fn holds(&self, index: u32) -> bool {
        let (slot, place) = slot_of(index);
        self.published.slot_records.get(slot).is_some_and(|&records| place < records as usize)
    }

    /// Whose a reference of the snapshot is.
    fn owner(&self, gallery: &Gallery, index: u32) -> Option<(Owner, u8)> {
        let (owner, position) = self.holds(index).then(|| gallery.owner(index))??;
        let row = gallery.encounters.get(owner.encounter as usize);
        row.is_none_or(|row| row.sequence <= self.newest).then_some((owner, position))
    }

    /// A shard with only the records that belong: cut behind the last of them, empty records in place of others before.
    fn restricted(&self, shard: &Arc<Shard>) -> Option<Arc<Shard>> {
        let base = shard.base_index();
        let kept: Vec<bool> = {
            let live = self.live();
            let gallery = live.galleries.get(self.gallery)?;
            (0..shard.records()).map(|place| self.owner(gallery, base + place).is_some()).collect()
        };
        if kept.iter().all(|&kept| kept) {
            return Some(shard.clone());
        }
        let end = kept.iter().rposition(|&kept| kept)? + 1;
        let records = shard.iter().zip(&kept[..end]);
        let records = records.map(|(record, &kept)| if kept { record } else { EMPTY_RECORD.as_slice() });
        Some(Arc::new(rebuild(base, shard.generation(), end, records)))
    }

    fn listed(&self, gallery: &Gallery, subject: u32) -> Vec<u32> {
        let mut encounters: Vec<u32> = gallery.encounters_of(subject).collect();
        encounters.reverse();
        let rows = encounters.into_iter().map(|number| &gallery.encounters[number as usize]);
        let rows = rows.filter(|row| row.sequence <= self.newest);
        rows.flat_map(|row| row.references.iter().copied()).filter(|&index| self.holds(index)).collect()
    }
}

impl Directory for Snapshot {
    fn entry(&self, index: u32) -> Option<Entry> {
        let live = self.live();
        let gallery = live.galleries.get(self.gallery)?;
        let (owner, position) = self.holds(index).then(|| gallery.owner(index))??;
        let row = gallery.encounters.get(owner.encounter as usize);
        // The place of one that was enrolled after the moment of the snapshot has an empty record, like a withdrawn one's.
        Some(match row.filter(|row| row.sequence <= self.newest) {
            Some(row) => Entry::Enrolled(Enrolled { subject: row.subject, position }),
            None => Entry::Withdrawn,
        })
    }

    fn references_of(&self, subject: u32) -> Vec<u32> {
        let live = self.live();
        live.galleries.get(self.gallery).map_or_else(Vec::new, |gallery| self.listed(gallery, subject))
    }
}
