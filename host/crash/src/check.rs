//! What must hold of a store after a crash.

use crate::drive::{Event, key};
use crate::trail::Trail;
use crate::work::{self, LANES, Lane, MARK, Outcome, Work};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use whorl_gallery::{KeyError, MasterKey, Snapshot, Status, Store, StoreError, StoreOptions};

/// What a run said before it was stopped.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Numbers of the operations that each lane had begun and that were not answered.
    pub begun: [Option<u32>; LANES],
    /// The master key that was acknowledged last.
    pub key: u32,
    /// Whether the next one was about to be.
    pub rotating: bool,
    /// Operations answered.
    pub answered: u64,
    /// Compactions that ended.
    pub compactions: u64,
    /// Whether the store was open.
    pub opened: bool,
}

/// What a check found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    /// Operations without acknowledgement that are there, and that are not.
    pub kept: u64,
    pub dropped: u64,
    /// Bytes of interrupted writes that were cut.
    pub torn_bytes: u64,
    /// Files left over.
    pub leftover_files: u64,
    /// Entries of the audit log, and bytes of a torn line at its end.
    pub audit_entries: u64,
    pub audit_torn_bytes: u64,
}

/// One store over its crashes.
#[derive(Debug)]
pub struct Trial {
    /// Its work.
    pub work: Work,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Decides its keys.
    pub key_seed: u64,
    /// Number of its master key.
    pub key: u32,
    /// What its lanes have done.
    pub lanes: Vec<Lane>,
    /// Whether it was made.
    pub made: bool,
    /// What must be on record.
    pub trail: Trail,
}

/// Options of a store whose segments are small, so that they are closed and compacted often.
pub fn options(key: Option<MasterKey>) -> StoreOptions {
    StoreOptions {
        key,
        segment_bytes: 64 << 10,
        shard_bytes: 64 << 10,
        memory_limit_bytes: Some(1 << 30),
        ..StoreOptions::default()
    }
}

impl Trial {
    /// A store that is not there yet.
    pub fn new(seed: u64, encrypted: bool) -> Self {
        let lanes = (0..LANES).map(Lane::new).collect();
        Self { work: Work { seed }, encrypted, key_seed: seed, key: 0, lanes, made: false, trail: Trail::default() }
    }

    /// Takes what a run said, and checks each answer.
    ///
    /// # Errors
    /// The first answer that is wrong.
    pub fn hear(&mut self, events: &[Event]) -> Result<Heard, String> {
        let mut heard =
            Heard { begun: [None; LANES], key: self.key, rotating: false, answered: 0, compactions: 0, opened: false };
        for &event in events {
            match event {
                Event::Opened => (heard.opened, self.made) = (true, true),
                Event::Compacted => heard.compactions += 1,
                Event::Rotating { .. } => heard.rotating = true,
                Event::Rotated { key } => (heard.key, heard.rotating) = (key, false),
                Event::Begun { lane, number } => {
                    let next = self.lanes[lane].next;
                    if number != next {
                        return Err(format!("lane {lane} began {number} instead of {next}"));
                    }
                    heard.begun[lane] = Some(number);
                }
                Event::Answered { lane, number, outcome } => {
                    let expected = self.lanes[lane].advance(self.work);
                    if heard.begun[lane] != Some(number) || outcome != expected {
                        return Err(format!("lane {lane}, {number}: {outcome:?} where {expected:?} is right"));
                    }
                    heard.begun[lane] = None;
                    heard.answered += 1;
                    self.trail.answered(lane, number);
                }
            }
        }
        Ok(heard)
    }

    /// Opens the store after a run and checks all of it. `compact` also compacts it, and then looks at every file.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&mut self, folder: &Path, heard: &Heard, compact: bool) -> Result<Found, String> {
        let begun = std::array::from_fn(|lane| self.lanes[lane].next + u32::from(heard.begun[lane].is_some()));
        let (audit_entries, audit_torn_bytes) = self.trail.check(folder, begun)?;
        let mut found = Found { audit_entries, audit_torn_bytes, ..Found::default() };
        let Some(options) = self.find_key(folder, heard)? else { return Ok(found) };
        let verified = Store::verify(folder, &options, &|_| {}).map_err(|e| format!("verify: {e}"))?;
        let (store, recovery) = Store::open(folder, options.clone(), &|_| {}).map_err(|e| format!("open: {e}"))?;
        if verified.torn_bytes != recovery.torn_bytes {
            return Err(format!("verify says {} torn bytes, open {}", verified.torn_bytes, recovery.torn_bytes));
        }
        (found.torn_bytes, found.leftover_files) = (recovery.torn_bytes, recovery.leftover_files);
        for lane in 0..LANES {
            let without = compare(&store, self.work, &self.lanes[lane], lane);
            let Some(number) = heard.begun[lane] else {
                without?;
                continue;
            };
            let mut advanced = self.lanes[lane].clone();
            let outcome = advanced.advance(self.work);
            let with = compare(&store, self.work, &advanced, lane);
            match (&without, &with) {
                (Err(without), Err(with)) => {
                    return Err(format!(
                        "operation {number} of lane {lane} is neither there ({with}) nor not ({without})"
                    ));
                }
                (Ok(()), _) => found.dropped += 1,
                (Err(_), Ok(())) => found.kept += 1,
            }
            // One that changes nothing that can be seen may be there or not: done again, it is done once.
            let again = Outcome::of(&store.apply(self.work.operation(lane, number)));
            let right = match outcome {
                Outcome::Done { references, .. } => {
                    matches!(again, Some(Outcome::Done { references: r, .. }) if r == references)
                }
                Outcome::Refused => again == Some(Outcome::Refused),
            };
            if !right {
                return Err(format!(
                    "operation {number} of lane {lane}, once more: {again:?} where {outcome:?} is right"
                ));
            }
            self.lanes[lane] = advanced;
            compare(&store, self.work, &self.lanes[lane], lane)?;
        }
        self.check_counts(&store)?;
        self.repeat(&store)?;
        if compact {
            store.compact(&|_| {}).map_err(|e| format!("compact: {e}"))?;
            self.check_files(folder)?;
            (0..LANES).try_for_each(|lane| compare(&store, self.work, &self.lanes[lane], lane))?;
            let dead = store.stats().dead_bytes;
            if dead > 0 {
                return Err(format!("{dead} bytes are dead after a compaction"));
            }
        }
        Ok(found)
    }

    /// The options that open the store; `None` if there is none yet and none was promised.
    fn find_key(&mut self, folder: &Path, heard: &Heard) -> Result<Option<StoreOptions>, String> {
        self.key = heard.key;
        let numbers = if heard.rotating { vec![heard.key + 1, heard.key] } else { vec![heard.key] };
        for number in numbers {
            let options = options(key(self.key_seed, self.encrypted, number));
            match Store::verify(folder, &options, &|_| {}) {
                Err(StoreError::NoStore { .. }) if !self.made => return Ok(None),
                Err(StoreError::Key(KeyError::Wrong)) => {}
                Err(other) => return Err(format!("with key {number}: {other}")),
                Ok(_) => {
                    self.made = true;
                    self.key = number;
                    if let Some(before) = number.checked_sub(1).filter(|_| self.encrypted) {
                        let before = StoreOptions { key: key(self.key_seed, true, before), ..options.clone() };
                        let refused = Store::verify(folder, &before, &|_| {});
                        if !matches!(refused, Err(StoreError::Key(KeyError::Wrong))) {
                            return Err("the key before the last rotation still opens the store".into());
                        }
                    }
                    return Ok(Some(options));
                }
            }
        }
        Err("no key opens the store".into())
    }

    fn check_counts(&self, store: &Store) -> Result<(), String> {
        let counts = store.count(None).map_err(|e| e.to_string())?;
        let encounters = self.lanes.iter().map(|lane| lane.encounters.len() as u64).sum::<u64>();
        let sealed = self.lanes.iter().flat_map(|lane| lane.encounters.values());
        let sealed = sealed.filter(|expected| expected.status == Status::Sealed).count() as u64;
        if (counts.encounters, counts.sealed) != (encounters, sealed) {
            return Err(format!("{counts:?} where {encounters} encounters are right, {sealed} of them sealed"));
        }
        Ok(())
    }

    /// A request that was answered is answered the same again.
    fn repeat(&self, store: &Store) -> Result<(), String> {
        for (number, lane) in self.lanes.iter().enumerate() {
            let Some(last) = lane.next.checked_sub(1) else { continue };
            let Some(references) = lane.was_done(self.work, last) else { continue };
            let again = Outcome::of(&store.apply(self.work.operation(number, last)));
            if again != Some(Outcome::Done { references, replayed: true }) {
                return Err(format!("operation {last} of lane {number} is forgotten: {again:?}"));
            }
        }
        Ok(())
    }

    /// Every file of the folder: nothing of what is expunged, all of what is there, and nothing at all to read in an
    /// encrypted store.
    fn check_files(&self, folder: &Path) -> Result<(), String> {
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(folder).map_err(|e| e.to_string())? {
            let path = entry.map_err(|e| e.to_string())?.path();
            let bytes = std::fs::read(&path).map_err(|e| e.to_string())?;
            for word in ["subject-", "encounter-", "gallery-", "request-"] {
                let holds = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                if holds && self.encrypted {
                    return Err(format!("{} can be read", path.display()));
                }
            }
            let mut rest = bytes.as_slice();
            while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK.as_bytes()) {
                let end = rest[at..].iter().position(|&byte| byte == b'>').unwrap_or(MARK.len() - 1);
                found.insert(String::from_utf8_lossy(&rest[at..=at + end]).into_owned());
                rest = &rest[at + MARK.len()..];
            }
        }
        let mut expected = BTreeSet::new();
        if !self.encrypted {
            expected.extend(self.lanes.iter().flat_map(|lane| lane.marks(self.work)));
        }
        match (found.difference(&expected).next(), expected.difference(&found).next()) {
            (Some(mark), _) => Err(format!("{mark} is in a file and must not be")),
            (None, Some(mark)) => Err(format!("{mark} is in no file")),
            (None, None) => Ok(()),
        }
    }
}

/// Compares everything that a lane can have with what it must have.
fn compare(store: &Store, work: Work, lane: &Lane, number: usize) -> Result<(), String> {
    let gallery = work::gallery(number);
    let snapshot = store.snapshot(&gallery).ok();
    for (subject, encounter) in Lane::names() {
        let (subject_name, encounter_name) = (work::subject_name(number, subject), work::encounter_name(encounter));
        let what = format!("{subject_name}, {encounter_name}");
        let expected = lane.encounters.get(&(subject, encounter));
        let records = searched(snapshot.as_ref(), &subject_name, &encounter_name);
        let read = match store.encounter(&gallery, &subject_name, &encounter_name) {
            Ok(read) => read,
            Err(StoreError::NotFound(_)) if expected.is_none() && records.is_empty() => continue,
            Err(error) => return Err(format!("{what}: {error}")),
        };
        let Some(expected) = expected else { return Err(format!("{what} is there and must not be")) };
        let fingers = work.fingers(number, expected.number);
        if read.templates != work.templates(number, expected.number) || read.fingers != fingers {
            return Err(format!("{what} is not as it was enrolled"));
        }
        if read.status != expected.status {
            return Err(format!("{what} is {:?} where {:?} is right", read.status, expected.status));
        }
        let active = expected.status == Status::Active;
        let mut right: Vec<_> = fingers.into_iter().filter(|_| active).map(|f| (f.position, f.record)).collect();
        right.sort();
        if records != right {
            return Err(format!("{what}: {} records are searched where {} are right", records.len(), right.len()));
        }
    }
    for document in Lane::document_numbers() {
        let name = work::document_name(number, document);
        let right = lane.documents.get(&document).map(|&kept| work.document(number, kept));
        if store.kept(&name).map_err(|e| format!("{name}: {e}"))? != right {
            return Err(format!("{name} is not as it was kept"));
        }
    }
    Ok(())
}

/// Position and record of an encounter's references in the shards.
fn searched(snapshot: Option<&Arc<Snapshot>>, subject: &str, encounter: &str) -> Vec<(u8, Vec<u8>)> {
    let Some(snapshot) = snapshot else { return Vec::new() };
    let mut records = Vec::new();
    for index in snapshot.references_named(subject) {
        let Some(reference) = snapshot.reference(index).filter(|reference| reference.encounter == encounter) else {
            continue;
        };
        let shards = snapshot.shards_of(&[reference.position]);
        let record = shards.iter().find_map(|shard| shard.record(index)).unwrap_or_default();
        records.push((reference.position, record.to_vec()));
    }
    records.sort();
    records
}
