//! Brings entries of the log into the projection: the same way when they are written and when they are read again.

use super::entry::{Body, LogEntry, LogFinger};
use super::error::StoreError;
use super::index::{Index, Placed};
use super::limits::SLOTS_MAX;
use super::operation::Status;
use super::options::{Encoder, StoreOptions};
use super::projection::{Budget, Demand, Projection, Published};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// A sealed encounter whose references come back, with its records from the log.
#[derive(Debug)]
pub(crate) struct Restored {
    encounter: u32,
    fingers: Vec<(u8, u8, Vec<u8>)>, // position, view, record
}

impl Restored {
    pub(crate) fn references(&self) -> usize {
        self.fingers.len()
    }

    /// Finger position and bytes of each record.
    pub(crate) fn records(&self) -> impl Iterator<Item = (u8, usize)> {
        self.fingers.iter().map(|(position, _, record)| (*position, record.len()))
    }
}

/// The projections of all galleries, numbered like the index's.
pub(crate) struct Applier {
    shard_bytes: usize,
    encoder_version: u16,
    encoder: Option<Encoder>,
    projections: Vec<Projection>,
    numbers: HashMap<Box<str>, usize>,
    touched: BTreeSet<usize>,
    emptying: VecDeque<usize>, // galleries with withdrawn records in shards, the oldest first
    /// Bytes of records appended since the last publishing.
    pub(crate) appended_bytes: u64,
    /// Records that the encoder made anew.
    pub(crate) encoded_again: u64,
}

impl std::fmt::Debug for Applier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Applier").field("projections", &self.projections).finish_non_exhaustive()
    }
}

impl Applier {
    pub(crate) fn new(options: &StoreOptions) -> Self {
        Self {
            shard_bytes: options.shard_bytes,
            encoder_version: options.encoder_version,
            encoder: options.encoder.clone(),
            projections: Vec::new(),
            numbers: HashMap::new(),
            touched: BTreeSet::new(),
            emptying: VecDeque::new(),
            appended_bytes: 0,
            encoded_again: 0,
        }
    }

    /// Whether a gallery takes these records.
    pub(crate) fn has_room(&self, gallery: &str, demand: &Demand) -> bool {
        let slots = self.numbers.get(gallery).map_or(0, |&number| self.projections[number].slots());
        slots + demand.slots_max(self.shard_bytes) <= SLOTS_MAX
    }

    /// Reads what an entry brings back from the log: the records of the encounters that it unseals.
    ///
    /// # Errors
    /// [`StoreError`] of reading the log or encoding.
    pub(crate) fn restore(&mut self, index: &Index, entry: &LogEntry<'_>) -> Result<Vec<Restored>, StoreError> {
        let Body::Status { target, status: Status::Active } = &entry.body else { return Ok(Vec::new()) };
        let Some((number, encounters)) = index.targets(target) else { return Ok(Vec::new()) };
        let mut restored = Vec::new();
        for encounter in encounters {
            let row = &index.galleries[number].encounters[encounter as usize];
            if row.status == Status::Active {
                continue;
            }
            let Some(segment) = index.segments.get(&row.at.segment) else {
                return Err(StoreError::Poisoned { reason: format!("segment {} is not open", row.at.segment) });
            };
            let (header, payload) = segment.read(row.at)?;
            let entry = LogEntry::decode(header.kind, &payload);
            let Some(LogEntry { body: Body::Enroll { encoder_version, templates, fingers, .. }, .. }) = entry else {
                return Err(StoreError::damaged(&segment.path, row.at.offset.into(), "no enrolment stands here"));
            };
            let fingers = fingers
                .iter()
                .map(|finger| {
                    let again = self.encode_again(encoder_version, &templates, finger, header.sequence)?;
                    let record = again.unwrap_or_else(|| finger.record.to_vec());
                    Ok((finger.position, finger.view, record))
                })
                .collect::<Result<_, StoreError>>()?;
            restored.push(Restored { encounter, fingers });
        }
        Ok(restored)
    }

    /// Brings an entry into the projection. The index must not have it yet; it gets what is returned.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`], or [`StoreError`] of encoding.
    pub(crate) fn project(
        &mut self,
        index: &Index,
        entry: &LogEntry<'_>,
        sequence: u64,
        restored: Vec<Restored>,
    ) -> Result<Vec<Placed>, StoreError> {
        match &entry.body {
            Body::Enroll { gallery, encoder_version, templates, fingers, .. } => {
                let number = self.number(gallery);
                let mut references = Vec::with_capacity(fingers.len());
                for finger in fingers {
                    let again = self.encode_again(*encoder_version, templates, finger, sequence)?;
                    let record = again.as_deref().unwrap_or(finger.record);
                    references.push(self.append(number, finger.position, finger.view, record, sequence)?);
                }
                Ok(vec![Placed { encounter: None, references }])
            }
            Body::Status { target, status } => {
                let Some((number, encounters)) = index.targets(target) else { return Ok(Vec::new()) };
                if *status == Status::Sealed {
                    self.withdraw(index, number, &encounters, sequence);
                }
                let mut placed = Vec::with_capacity(restored.len());
                for Restored { encounter, fingers } in restored {
                    let references = fingers
                        .iter()
                        .map(|(position, view, record)| self.append(number, *position, *view, record, sequence))
                        .collect::<Result<_, _>>()?;
                    placed.push(Placed { encounter: Some(encounter), references });
                }
                Ok(placed)
            }
            Body::Expunge { target } => {
                if let Some((number, encounters)) = index.targets(target) {
                    self.withdraw(index, number, &encounters, sequence);
                }
                Ok(Vec::new())
            }
            Body::Keep { .. } | Body::Done => Ok(Vec::new()),
        }
    }

    /// Brings what was appended into shards, and takes out what was withdrawn as far as shards of `bytes` bytes can be rebuilt for
    /// it; lists the galleries that changed. Directories hide the rest, which stays for the next time.
    pub(crate) fn publish(&mut self, bytes: usize) -> Vec<(usize, Published)> {
        self.appended_bytes = 0;
        let mut changed = std::mem::take(&mut self.touched);
        for &number in &changed {
            self.projections[number].seal_pending();
        }
        let mut budget = Budget::new(bytes);
        while let Some(&number) = self.emptying.front() {
            self.projections[number].empty_withdrawn(&mut budget);
            changed.insert(number);
            if self.projections[number].is_emptying() {
                break;
            }
            self.emptying.pop_front();
        }
        changed.into_iter().map(|number| (number, self.projections[number].published())).collect()
    }

    /// Whether withdrawn records are still in shards.
    pub(crate) fn is_emptying(&self) -> bool {
        !self.emptying.is_empty()
    }

    fn number(&mut self, gallery: &str) -> usize {
        if let Some(&number) = self.numbers.get(gallery) {
            return number;
        }
        let number = self.projections.len();
        self.projections.push(Projection::new(self.shard_bytes));
        self.numbers.insert(gallery.into(), number);
        number
    }

    fn append(
        &mut self,
        gallery: usize,
        position: u8,
        view: u8,
        record: &[u8],
        sequence: u64,
    ) -> Result<(u32, u8, u8), StoreError> {
        let index = self.projections[gallery].append(position, record, sequence)?;
        self.appended_bytes += record.len() as u64;
        self.touched.insert(gallery);
        Ok((index, position, view))
    }

    fn withdraw(&mut self, index: &Index, gallery: usize, encounters: &[u32], sequence: u64) {
        for &encounter in encounters {
            for &reference in &index.galleries[gallery].encounters[encounter as usize].references {
                self.projections[gallery].withdraw(reference, sequence);
            }
        }
        self.touched.insert(gallery);
        if self.projections[gallery].is_emptying() && !self.emptying.contains(&gallery) {
            self.emptying.push_back(gallery);
        }
    }

    /// The record that the present encoder makes of a finger; `None` if it made the one in the log.
    fn encode_again(
        &mut self,
        version: u16,
        templates: &[&[u8]],
        finger: &LogFinger<'_>,
        sequence: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if version == self.encoder_version {
            return Ok(None);
        }
        let Some(encoder) = &self.encoder else {
            return Err(StoreError::EncoderVersion { stored: version, expected: self.encoder_version });
        };
        // A finger names a template that is there: the entry was refused otherwise.
        let template = templates.get(usize::from(finger.template)).copied().unwrap_or_default();
        let record = encoder(template, finger.view).map_err(|reason| StoreError::Encoder { sequence, reason })?;
        crate::shard::check_lines(&record)
            .map_err(|error| StoreError::Encoder { sequence, reason: error.to_string() })?;
        self.encoded_again += 1;
        Ok(Some(record))
    }
}
