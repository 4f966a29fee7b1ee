//! The projection of a gallery: its records as shards, kept current.
//!
//! Each finger position has a chain of slots. A slot has up to 2^17 gallery indices and a number of bytes; its records
//! lie in consecutive shards, which are merged as they grow, so that a commit copies little and what is old stays the
//! same shard, which engines keep loaded.

use super::error::StoreError;
use super::limits::{PLACE_BITS, POSITIONS, RECORD_BYTES_MAX, SLOT_RECORDS_MAX, SLOTS_MAX};
use crate::{Shard, ShardBuilder, ShardError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use whorl_layout::LINE_BYTES;

/// Sizes at which the shards at the end of a slot are merged. The last bounds what a withdrawal copies and what an
/// engine loads anew: a merged shard has less than twice as much, some twenty thousand records.
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

/// Bytes of shards that may be rebuilt in one go. The first shard always may, so that it goes on.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    untouched: bool,
}

impl Budget {
    pub(crate) const fn new(bytes: usize) -> Self {
        Self { left: bytes, untouched: true }
    }

    fn take(&mut self, bytes: usize) -> bool {
        let granted = self.untouched || bytes <= self.left;
        if granted {
            self.left = self.left.saturating_sub(bytes);
            self.untouched = false;
        }
        granted
    }
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
    withdrawn: BTreeMap<u32, u64>, // sequence by place, still in a shard or pending
}

/// The records of one gallery.
#[derive(Debug)]
pub(crate) struct Projection {
    shard_bytes: usize,
    chains: [Vec<u32>; POSITIONS],
    slots: Vec<Slot>,
    touched: BTreeSet<usize>,
    emptying: VecDeque<usize>, // slots with withdrawn records, the oldest first
}

impl Projection {
    pub(crate) fn new(shard_bytes: usize) -> Self {
        Self {
            shard_bytes,
            chains: Default::default(),
            slots: Vec::new(),
            touched: BTreeSet::new(),
            emptying: VecDeque::new(),
        }
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
        let first = (number as u32) << PLACE_BITS;
        if pending.len_bytes() >= MERGE_BYTES[MERGE_BYTES.len() - 1] {
            slot.seal_pending(first);
        }
        self.touched.insert(number);
        Ok(index)
    }

    /// Takes a record out; it leaves the shards with [`Projection::empty_withdrawn`].
    pub(crate) fn withdraw(&mut self, index: u32, sequence: u64) {
        let (number, place) = slot_of(index);
        if let Some(slot) = self.slots.get_mut(number) {
            if slot.withdrawn.is_empty() && !self.emptying.contains(&number) {
                self.emptying.push_back(number);
            }
            slot.withdrawn.insert(place as u32, sequence);
        }
    }

    /// Brings all records that were appended into shards.
    pub(crate) fn seal_pending(&mut self) {
        for number in std::mem::take(&mut self.touched) {
            self.slots[number].seal_pending((number as u32) << PLACE_BITS);
        }
    }

    /// Whether withdrawn records are still in shards.
    pub(crate) fn is_emptying(&self) -> bool {
        !self.emptying.is_empty()
    }

    /// Takes withdrawn records out of the shards, those first that were withdrawn first, until all are out or the budget is
    /// spent.
    pub(crate) fn empty_withdrawn(&mut self, budget: &mut Budget) {
        self.seal_pending();
        while let Some(&number) = self.emptying.front() {
            let slot = &mut self.slots[number];
            slot.empty_withdrawn((number as u32) << PLACE_BITS, budget);
            if !slot.withdrawn.is_empty() {
                return;
            }
            self.emptying.pop_front();
        }
    }

    /// Lists the shards.
    pub(crate) fn published(&self) -> Published {
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
            withdrawn: BTreeMap::new(),
        });
        Ok(number)
    }
}

impl Slot {
    /// Makes a shard of the pending records, together with those at the slot's end that are to be merged with them. What was
    /// withdrawn of them is left out now: later it would change a shard that keeps its generation.
    fn seal_pending(&mut self, first_index: u32) {
        let Some(pending) = self.pending.take() else { return };
        let (mut keep, mut bytes) = (self.shards.len(), pending.len_bytes());
        for (level, limit) in MERGE_BYTES.into_iter().enumerate() {
            // No more than it takes to reach the limit: shards that withdrawals made small could be many.
            let (mut from, mut sum) = (keep, bytes);
            while from > 0 && sum < limit && self.shards[from - 1].bytes().len() < limit {
                from -= 1;
                sum += self.shards[from].bytes().len();
            }
            if level == 0 || sum >= limit {
                (keep, bytes) = (from, sum);
            }
        }
        let pending = pending.generation(self.pending_generation).finish();
        let end = pending.base_index() - first_index + pending.records();
        let merged = self.shards.split_off(keep);
        let first = merged.first().map_or(pending.base_index(), |shard| shard.base_index()) - first_index;
        let shard = if merged.is_empty() && self.withdrawn.range(first..end).next().is_none() {
            pending
        } else {
            let parts: Vec<&Shard> = merged.iter().map(Arc::as_ref).chain(std::iter::once(&pending)).collect();
            self.emptied(&parts, first, end)
        };
        self.bytes = self.bytes + shard.bytes().len() - bytes;
        self.shards.push(Arc::new(shard));
    }

    /// Puts empty records in place of withdrawn ones, shard after shard within the budget. Indices stay as they are.
    fn empty_withdrawn(&mut self, first_index: u32, budget: &mut Budget) {
        while let Some((&place, _)) = self.withdrawn.first_key_value() {
            // Shards lie back to back from the slot's first index on.
            let at = self.shards.partition_point(|shard| shard.base_index() - first_index <= place);
            let shard =
                self.shards[..at].last().filter(|shard| place < shard.base_index() - first_index + shard.records());
            let Some(shard) = shard.cloned() else {
                self.withdrawn.remove(&place); // no record was ever there
                continue;
            };
            if !budget.take(shard.bytes().len()) {
                return;
            }
            let first = shard.base_index() - first_index;
            let end = first + shard.records();
            let emptied = self.emptied(&[&shard], first, end);
            self.bytes -= shard.bytes().len() - emptied.bytes().len();
            self.shards[at - 1] = Arc::new(emptied);
        }
    }

    /// The records of neighbouring shards, which have the places from `first` to before `end`, as one shard without those that
    /// were withdrawn.
    fn emptied(&mut self, parts: &[&Shard], first: u32, end: u32) -> Shard {
        let mut later = self.withdrawn.split_off(&first);
        let behind = later.split_off(&end);
        self.withdrawn.extend(behind);
        let generations = parts.iter().map(|shard| shard.generation());
        let newest = generations.chain(later.values().copied()).max().unwrap_or(0);
        let base_index = parts.first().map_or(0, |shard| shard.base_index());
        let gone: Vec<u32> = later.into_keys().collect();
        let mut gone = gone.iter().peekable();
        let records = (first..).zip(parts.iter().flat_map(|shard| shard.iter()));
        let records = records.map(
            move |(place, record)| {
                if gone.next_if_eq(&&place).is_some() { EMPTY_RECORD.as_slice() } else { record }
            },
        );
        rebuild(base_index, newest, (end - first) as usize, records)
    }
}

/// A shard of records that were in shards before, so many of them.
pub(crate) fn rebuild<'a>(
    base_index: u32,
    generation: u64,
    count: usize,
    records: impl Iterator<Item = &'a [u8]> + Clone,
) -> Shard {
    let bytes = records.clone().map(<[u8]>::len).sum();
    let mut builder = ShardBuilder::with_capacity(base_index, count, bytes).generation(generation);
    for record in records {
        // They were accepted before, and there are not more of them now.
        let pushed = builder.push(record);
        debug_assert!(pushed.is_ok(), "{pushed:?}");
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fill: u8) -> Vec<u8> {
        let mut bytes = vec![fill; 32 * LINE_BYTES];
        for (line, chunk) in bytes.chunks_exact_mut(LINE_BYTES).enumerate() {
            chunk[LINE_BYTES - 1] = 3 | (line as u8) << 2 | u8::from(line == 31) << 7;
        }
        bytes
    }

    /// Withdrawn places that are still in the shards.
    fn left(published: &Published, withdrawn: &[u32]) -> usize {
        let held = |&&index: &&u32| {
            let found =
                published.shards.iter().find_map(|shard| shard.record(index)).expect("every index has a record");
            found != EMPTY_RECORD
        };
        withdrawn.iter().filter(held).count()
    }

    #[test]
    fn withdrawn_records_leave_the_shards_within_the_budget_and_all_in_the_end() {
        let mut projection = Projection::new(16 << 20);
        let (mut sequence, mut indices) = (0, Vec::new());
        for number in 0..20_000 {
            sequence += 1;
            indices.push(projection.append(1 + (number % 2) as u8, &record(number as u8), sequence).expect("appended"));
            if number % 1000 == 0 {
                projection.seal_pending();
            }
        }
        projection.seal_pending();
        let before = projection.published();
        let withdrawn: Vec<u32> = indices.iter().copied().filter(|index| index % 5 != 0).collect();
        for &index in &withdrawn {
            sequence += 1;
            projection.withdraw(index, sequence);
        }
        let (budget, mut rounds, mut last) = (4 << 20, 0, before);
        while projection.is_emptying() {
            projection.empty_withdrawn(&mut Budget::new(budget));
            // What is appended meanwhile is merged with what is to be emptied.
            sequence += 1;
            indices.push(projection.append(1, &record(1), sequence).expect("appended"));
            projection.seal_pending();
            let published = projection.published();
            let changed = published.shards.iter().filter(|new| !last.shards.iter().any(|old| Arc::ptr_eq(old, new)));
            let changed: Vec<&Arc<Shard>> = changed.collect();
            let rebuilt = last.shards.iter().filter(|old| !published.shards.iter().any(|new| Arc::ptr_eq(old, new)));
            let rebuilt: usize = rebuilt.map(|shard| shard.bytes().len()).sum();
            assert!(rebuilt <= 2 * (16 << 20), "{rebuilt} bytes were rebuilt");
            for new in changed {
                let same =
                    |old: &&Arc<Shard>| (old.base_index(), old.generation()) == (new.base_index(), new.generation());
                assert_eq!(last.shards.iter().find(same), None, "another shard has another generation");
            }
            for (shard, next) in published.shards.iter().zip(published.shards.iter().skip(1)) {
                let follows = shard.base_index() + shard.records() == next.base_index();
                assert!(follows || slot_of(shard.base_index()).0 != slot_of(next.base_index()).0);
            }
            assert!(published.shards.iter().all(|shard| shard.bytes().len() < 2 * MERGE_BYTES[2] + 2048));
            let bytes: usize = published.shards.iter().map(|shard| shard.bytes().len()).sum();
            assert_eq!(published.bytes, bytes as u64, "what is counted is what there is");
            (rounds, last) = (rounds + 1, published);
        }
        assert!(rounds > 2, "{rounds} rounds");
        assert_eq!(left(&last, &withdrawn), 0);
        assert_eq!(left(&last, &indices), indices.len() - withdrawn.len());
    }

    #[test]
    fn a_merge_leaves_out_what_is_withdrawn_and_so_a_generation_never_changes() {
        let mut projection = Projection::new(16 << 20);
        let first = projection.append(1, &record(1), 1).expect("appended");
        projection.seal_pending();
        projection.withdraw(first, 2);
        let pending = projection.append(1, &record(2), 3).expect("appended");
        projection.withdraw(pending, 4);
        projection.append(1, &record(3), 5).expect("appended");
        projection.seal_pending();
        let published = projection.published();
        assert_eq!((published.shards.len(), published.shards[0].generation()), (1, 5));
        assert_eq!(left(&published, &[first, pending]), 0);
        projection.empty_withdrawn(&mut Budget::new(usize::MAX));
        assert!(Arc::ptr_eq(&published.shards[0], &projection.published().shards[0]));
        assert!(!projection.is_emptying());
    }
}
