//! The index of a store, in memory: what there is, where it stands in the log, and which requests were done.

use super::entry::{Body, LogEntry, Stamp, Target};
use super::gallery::Gallery;
use super::hash::Hash;
use super::operation::{Receipt, Status};
use super::segment::{Location, Segment};
use super::usage::Usage;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A request that was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) content: Hash,
    pub(crate) sequence: u64,
    pub(crate) unix_ms: u64,
    pub(crate) references: u32,
}

impl Done {
    pub(crate) const fn receipt(&self, replayed: bool) -> Receipt {
        Receipt { sequence: self.sequence, replayed, references: self.references, unix_ms: self.unix_ms }
    }
}

/// A kept document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document {
    pub(crate) at: Location,
    pub(crate) sequence: u64,
    pub(crate) unix_ms: u64,
}

/// An entry that set a status: how many encounters still have it from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatusEntry {
    pub(crate) at: Location,
    pub(crate) encounters: u32,
}

/// Gallery indices that the projection gave to the references of one encounter, in the order of its fingers.
#[derive(Debug)]
pub(crate) struct Placed {
    /// Number of the encounter; `None` for the one that is being enrolled.
    pub(crate) encounter: Option<u32>,
    /// Index, finger position, and view of each.
    pub(crate) references: Vec<(u32, u8, u8)>,
}

/// What a request takes in memory.
pub(crate) const REQUEST_BYTES: u64 = table_bytes(size_of::<(Hash, Done)>());
/// What a kept document takes in memory.
pub(crate) const DOCUMENT_BYTES: u64 = table_bytes(size_of::<(Hash, Document)>());
/// What an entry that set a status takes in memory.
pub(crate) const STATUS_BYTES: u64 = table_bytes(size_of::<(u64, StatusEntry)>());

/// What a row of a table takes: it has a byte more, tables are filled to seven eighths, and have half their length as slack.
const fn table_bytes(row: usize) -> u64 {
    (row as u64 + 1) * 8 * 3 / (7 * 2)
}

/// Everything that is known of a store's contents.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) galleries: Vec<Gallery>,
    pub(crate) gallery_numbers: HashMap<Arc<str>, usize>,
    pub(crate) requests: HashMap<Hash, Done>,
    pub(crate) documents: HashMap<Hash, Document>,
    pub(crate) statuses: HashMap<u64, StatusEntry>,
    pub(crate) segments: HashMap<u32, Arc<Segment>>,
    pub(crate) usage: BTreeMap<u32, Usage>,
    /// Number of the newest operation.
    pub(crate) sequence: u64,
}

impl Index {
    /// The gallery of a name.
    pub(crate) fn gallery(&self, name: &str) -> Option<&Gallery> {
        self.gallery_numbers.get(name).map(|&number| &self.galleries[number])
    }

    /// Numbers of the encounters that a target has now, with its gallery's; `None` if the target does not exist.
    pub(crate) fn targets(&self, target: &Target<'_>) -> Option<(usize, Vec<u32>)> {
        let number = *self.gallery_numbers.get(target.gallery)?;
        let gallery = &self.galleries[number];
        let subject = gallery.subject(target.subject)?;
        let encounters = match target.encounter {
            Some(name) => vec![gallery.encounter(subject, name)?],
            None => gallery.encounters_of(subject).collect(),
        };
        Some((number, encounters))
    }

    /// Enters an entry of the log that stands at `at`. `placed` is what the projection made of it.
    pub(crate) fn apply(&mut self, entry: &LogEntry<'_>, sequence: u64, at: Location, id: Hash, placed: Vec<Placed>) {
        self.sequence = self.sequence.max(sequence);
        let LogEntry { stamp, body } = entry;
        let Stamp { unix_ms, references, request, content } = *stamp;
        self.requests.insert(request, Done { content, sequence, unix_ms, references });
        self.usage.entry(at.segment).or_default().entered(at);
        match body {
            Body::Enroll { gallery, subject, encounter, .. } => {
                let number = self.ensure_gallery(gallery);
                let references = placed.into_iter().flat_map(|placed| placed.references).collect();
                self.galleries[number].enroll(subject, encounter, sequence, at, references);
            }
            Body::Status { target, status } => self.set_status(target, *status, sequence, unix_ms, at, placed),
            Body::Expunge { target } => self.expunge(target, sequence, at),
            Body::Keep { .. } => {
                self.documents.insert(id, Document { at, sequence, unix_ms });
                self.usage.entry(at.segment).or_default().kept(unix_ms);
            }
            Body::Done => self.usage.entry(at.segment).or_default().done(unix_ms),
        }
    }

    /// The number of a gallery, which is made where there is none.
    pub(crate) fn ensure_gallery(&mut self, name: &str) -> usize {
        if let Some(&number) = self.gallery_numbers.get(name) {
            return number;
        }
        let (name, number) = (Arc::<str>::from(name), self.galleries.len());
        self.galleries.push(Gallery::new(name.clone()));
        self.gallery_numbers.insert(name, number);
        number
    }

    fn set_status(
        &mut self,
        target: &Target<'_>,
        status: Status,
        sequence: u64,
        unix_ms: u64,
        at: Location,
        mut placed: Vec<Placed>,
    ) {
        let Some((number, encounters)) = self.targets(target) else {
            // Of an encounter that is gone: a compaction removed it, and left this entry for the next one.
            self.usage.entry(at.segment).or_default().died(at);
            return;
        };
        self.statuses.insert(sequence, StatusEntry { at, encounters: encounters.len() as u32 });
        for encounter in encounters {
            let unsealed = placed.iter_mut().find(|placed| placed.encounter == Some(encounter));
            let references = unsealed.map(|placed| std::mem::take(&mut placed.references)).unwrap_or_default();
            let before = self.galleries[number].set_status(encounter, status, sequence, unix_ms, references);
            self.status_superseded(before);
        }
    }

    fn expunge(&mut self, target: &Target<'_>, sequence: u64, at: Location) {
        if let Some((number, encounters)) = self.targets(target) {
            for encounter in encounters {
                let (enrolled_at, status) = self.galleries[number].expunge(encounter, sequence);
                self.usage.entry(enrolled_at.segment).or_default().died(enrolled_at);
                self.status_superseded(status);
            }
        }
        // Its effect is in the index; the next compaction removes what it is about, and then all but its receipt.
        self.usage.entry(at.segment).or_default().died(at);
    }

    /// Counts an encounter less for the entry that set its status, if one did.
    fn status_superseded(&mut self, sequence: u64) {
        if let Some(entry) = self.statuses.get_mut(&sequence) {
            entry.encounters -= 1;
            if entry.encounters == 0 {
                self.usage.entry(entry.at.segment).or_default().died(entry.at);
                self.statuses.remove(&sequence);
            }
        }
    }

    /// What index and records take in memory, in bytes. Counted from what there is, so that a store takes the same when
    /// it is opened again: the slack of tables is taken for half their length, and is between nothing and all of it.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let requests = self.requests.len() as u64 * REQUEST_BYTES;
        let documents = self.documents.len() as u64 * DOCUMENT_BYTES;
        let statuses = self.statuses.len() as u64 * STATUS_BYTES;
        let galleries: u64 = self.galleries.iter().map(Gallery::memory_bytes).sum();
        requests + documents + statuses + galleries
    }
}
