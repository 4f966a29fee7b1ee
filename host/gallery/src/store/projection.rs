//! The projection of a gallery: its records as shards, kept current.
//!
//! Each finger position has a chain of slots. A slot has up to 2^17 gallery indices and a number of bytes; its records
//! lie in consecutive shards, which are merged as they grow, so that a commit copies little and what is old stays the
//! same shard, which engines keep loaded.

use super::error::StoreError;
use super::limits::{PLACE_BITS, POSITIONS, RECORD_BYTES_MAX, SLOT_RECORDS_MAX, SLOTS_MAX};
use crate::{Shard, ShardBuilder, ShardError};
use std::collections::BTreeSet;
use std::sync::Arc;
use whorl_layout::LINE_BYTES;

/// Sizes at which the shards at the end of a slot are merged. The last bounds what a withdrawal copies and what an
/// engine loads anew: about 8 MiB, some ten thousand records.
const MERGE_BYTES: [usize; 3] = [64 << 10, 1 << 20, 8 << 20];

/// A packed record without minutiae: what stands in place of a withdrawn one. One line, numbered 0, the last.
pub(crate) const EMPTY_RECORD: [u8; LINE_BYTES] = {
    let mut line = [0; LINE_BYTES];
    line[LINE_BYTES - 1] = 0x80;
    line
};

/// The slot and the place in it that a gallery index names.
pub(crate) const fn slot_of(index: u32) -> (usize, usize) {
    ((index >> PLACE_BITS) as usize, (index & ((1 << PLACE_BITS) - 1)) as usize)
}

/// The shards of a gallery at one moment, those of a finger position together.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) shards: Vec<Arc<Shard>>,
    /// Finger position of each.
    pub(crate) positions: Vec<u8>,
    /// References that each slot has; gallery indices beyond were given later.
    pub(crate) slot_records: Vec<u32>,
    /// Bytes of all records.
    pub(crate) bytes: u64,
}

/// Records that are to come, per finger position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demand {
    records: [usize; POSITIONS],
    bytes: [usize; POSITIONS],
}

impl Demand {
    pub(crate) fn add(&mut self, position: u8, bytes: usize) {
        self.records[usize::from(position)] += 1;
        self.bytes[usize::from(position)] += bytes;
    }

    /// How many slots they begin at most: one at each position, and one more for each that they fill.
    pub(crate) fn slots_max(&self, shard_bytes: usize) -> usize {
        // A slot that has no room for a record has at least so many bytes.
        let full_bytes = shard_bytes + 1 - RECORD_BYTES_MAX;
        let slots = |(&records, &bytes): (&usize, &usize)| {
            usize::from(records > 0) + bytes / full_bytes + records / SLOT_RECORDS_MAX
        };
        self.records.iter().zip(&self.bytes).map(slots).sum()
    }
}

#[derive(Debug)]
struct Slot {
    records: u32, // those in `pending` among them
    bytes: usize, // likewise
    shards: Vec<Arc<Shard>>,
    pending: Option<ShardBuilder>,
    pending_generation: u64,
    withdrawn: Vec<(u32, u64)>, // place and sequence, still in a shard or pending
}

/// The records of one gallery.
#[derive(Debug)]
pub(crate) struct Projection {
    shard_bytes: usize,
    chains: [Vec<u32>; POSITIONS],
    slots: Vec<Slot>,
    touched: BTreeSet<usize>,
}

impl Projection {
    pub(crate) fn new(shard_bytes: usize) -> Self {
        Self { shard_bytes, chains: Default::default(), slots: Vec::new(), touched: BTreeSet::new() }
    }

    pub(crate) const fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Appends a record of a finger position, as the entry `sequence` brings it, and returns its gallery index. It is
    /// in no shard before [`Projection::publish`].
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] if there is no slot left, [`StoreError::Invalid`] if it is no record.
    pub(crate) fn append(&mut self, position: u8, record: &[u8], sequence: u64) -> Result<u32, StoreError> {
        let number = self.slot_for(position, record.len())?;
        let slot = &mut self.slots[number];
        let index = (number as u32) << PLACE_BITS | slot.records;
        let pending = slot.pending.get_or_insert_with(|| ShardBuilder::new(index));
        pending.push(record).map_err(|error| match error {
            ShardError::Full { records } => StoreError::LimitReached { what: "records", limit: records as u64 },
            other => StoreError::invalid("fingers.record", other.to_string()),
        })?;
        slot.records += 1;
        slot.bytes += record.len();
        slot.pending_generation = sequence;
        if pending.len_bytes() >= MERGE_BYTES[MERGE_BYTES.len() - 1] {
            slot.seal_pending();
        }
        self.touched.insert(number);
        Ok(index)
    }

    /// Takes a record out; it leaves the shards at the next [`Projection::publish`].
    pub(crate) fn withdraw(&mut self, index: u32, sequence: u64) {
        let (number, place) = slot_of(index);
        if let Some(slot) = self.slots.get_mut(number) {
            slot.withdrawn.push((place as u32, sequence));
            self.touched.insert(number);
        }
    }

    /// Brings all changes into shards and lists them.
    pub(crate) fn publish(&mut self) -> Published {
        for number in std::mem::take(&mut self.touched) {
            let slot = &mut self.slots[number];
            slot.seal_pending();
            slot.empty_withdrawn((number as u32) << PLACE_BITS);
        }
        let mut published = Published {
            slot_records: self.slots.iter().map(|slot| slot.records).collect(),
            bytes: self.slots.iter().map(|slot| slot.bytes as u64).sum(),
            ..Published::default()
        };
        for (position, chain) in self.chains.iter().enumerate() {
            for &number in chain {
                let shards = &self.slots[number as usize].shards;
                published.positions.resize(published.shards.len() + shards.len(), position as u8);
                published.shards.extend(shards.iter().cloned());
            }
        }
        published
    }

    fn slot_for(&mut self, position: u8, bytes: usize) -> Result<usize, StoreError> {
        let chain = &mut self.chains[usize::from(position)];
        if let Some(&number) = chain.last() {
            let slot = &self.slots[number as usize];
            if (slot.records as usize) < SLOT_RECORDS_MAX && slot.bytes + bytes <= self.shard_bytes {
                return Ok(number as usize);
            }
        }
        let number = self.slots.len();
        if number >= SLOTS_MAX {
            return Err(StoreError::LimitReached { what: "slots of a gallery", limit: SLOTS_MAX as u64 });
        }
        chain.push(number as u32);
        self.slots.push(Slot {
            records: 0,
            bytes: 0,
            shards: Vec::new(),
            pending: None,
            pending_generation: 0,
            withdrawn: Vec::new(),
        });
        Ok(number)
    }
}

impl Slot {
    /// Makes a shard of the pending records, together with those at the slot's end that are to be merged with them.
    fn seal_pending(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        let (mut keep, mut bytes) = (self.shards.len(), pending.len_bytes());
        for (level, limit) in MERGE_BYTES.into_iter().enumerate() {
            let run = self.shards[..keep].iter().rev().take_while(|shard| shard.bytes().len() < limit);
            let (count, sum) = run.fold((0, bytes), |(count, sum), shard| (count + 1, sum + shard.bytes().len()));
            if level == 0 || sum >= limit {
                (keep, bytes) = (keep - count, sum);
            }
        }
        let merged = self.shards.split_off(keep);
        let shard = if merged.is_empty() {
            pending.generation(self.pending_generation).finish()
        } else {
            let newest = merged.iter().map(|shard| shard.generation()).max().unwrap_or(0).max(self.pending_generation);
            let pending = pending.finish();
            let base = merged[0].base_index();
            let parts = merged.iter().map(Arc::as_ref).chain(std::iter::once(&pending));
            rebuild(base, newest, parts.flat_map(Shard::iter))
        };
        self.shards.push(Arc::new(shard));
    }

    /// Puts empty records in place of withdrawn ones. Indices stay as they are.
    fn empty_withdrawn(&mut self, first_index: u32) {
        if self.withdrawn.is_empty() {
            return;
        }
        let mut withdrawn = std::mem::take(&mut self.withdrawn);
        withdrawn.sort_unstable();
        for shard in &mut self.shards {
            let first = shard.base_index() - first_index;
            let end = first + shard.records();
            let start = withdrawn.partition_point(|&(place, _)| place < first);
            let ours = &withdrawn[start..withdrawn.partition_point(|&(place, _)| place < end)];
            let Some(newest) = ours.iter().map(|&(_, sequence)| sequence).max() else { continue };
            let mut gone = ours.iter().map(|&(place, _)| place).peekable();
            let records = (first..).zip(shard.iter()).map(|(place, record)| {
                let mut is_gone = false;
                while gone.next_if_eq(&place).is_some() {
                    is_gone = true;
                }
                if is_gone { EMPTY_RECORD.as_slice() } else { record }
            });
            let emptied = rebuild(shard.base_index(), newest.max(shard.generation()), records);
            self.bytes -= shard.bytes().len() - emptied.bytes().len();
            *shard = Arc::new(emptied);
        }
    }
}

/// A shard of records that were in one before.
pub(crate) fn rebuild<'a>(base_index: u32, generation: u64, records: impl Iterator<Item = &'a [u8]>) -> Shard {
    let mut builder = ShardBuilder::new(base_index).generation(generation);
    for record in records {
        // They were accepted before, and there are not more of them now.
        let pushed = builder.push(record);
        debug_assert!(pushed.is_ok(), "{pushed:?}");
    }
    builder.finish()
}
