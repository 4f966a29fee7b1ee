//! What a search asks of the card, and the entries that say it.

use std::time::Duration;

use whorl_layout::{
    CANDIDATE_BYTES, EXTENT_LINES_MAX, Extent, LINE_BYTES, Opcode, RESULT_HEADER_LINES, RESULT_HISTOGRAM_LINES,
    SQE_BYTES, SqeSearch,
};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::transmute;

use crate::DeviceInfo;
use crate::error::DeviceError;
use crate::memory::Memory;

/// Extents of one search at most: a list of 256 KiB.
pub const EXTENTS_MAX: usize = 4096;
/// Records of known-answer extents in one search at most: the card counts them in 16 bits.
pub const KNOWN_ANSWERS_MAX: u32 = u16::MAX as u32;

/// One search: every record of the extents against every probe of the mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// Probe slots to compare, bit p = slot p; at least one, all of them loaded.
    pub probe_mask: u32,
    /// Smallest score16 of a candidate; higher is more similar.
    pub threshold: u16,
    /// Candidates wanted per stream and probe, 1 to the card's `top_k_max`.
    pub top_k: u16,
    /// Records to compare, 1 to [`EXTENTS_MAX`] extents.
    pub extents: Vec<ExtentRequest>,
    /// How long the search may take, from its start, before it is ended.
    pub timeout: Duration,
}

/// A run of whole records in a [`GalleryBuffer`](crate::GalleryBuffer) or a [`CardBuffer`](crate::CardBuffer).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtentRequest {
    /// Memory that holds the lines.
    pub memory: Memory,
    /// Address of the first line in that memory, a multiple of 64; in the host's memory
    /// [`GalleryBuffer::address`](crate::GalleryBuffer::address).
    pub address: u64,
    /// Lines of 64 bytes, 1 to 2^24 - 1.
    pub lines: u32,
    /// Records that the lines hold. The card refuses the extent if it finds another number.
    pub records: u32,
    /// Gallery index of the first record; the others follow. The last must not exceed `u32::MAX`.
    pub base_index: u32,
    /// CRC-32C over all lines.
    pub crc32c: u32,
    /// The scores of these records are known beforehand: every engine compares them, and their scores go into the
    /// blocks' `known_answers` and nowhere else. At most [`KNOWN_ANSWERS_MAX`] records of a request; `base_index` is 0.
    pub known_answer: bool,
}

impl ExtentRequest {
    pub(crate) fn to_wire(self) -> Extent {
        let mut flags = Extent::default();
        flags.set_memory(self.memory.to_wire().into());
        flags.set_known_answer(self.known_answer.into());
        Extent {
            address: U64::new(self.address),
            lines: U32::new(self.lines),
            records: U32::new(self.records),
            base_index: U32::new(self.base_index),
            crc32c: U32::new(self.crc32c),
            ..flags
        }
    }

    /// Whether the record of gallery index `index` lies in this extent, as one that may be a candidate.
    pub(crate) fn holds(&self, index: u32) -> bool {
        !self.known_answer && index.checked_sub(self.base_index).is_some_and(|nth| nth < self.records)
    }
}

impl SearchRequest {
    /// Fails unless the card of `info` can run this.
    pub(crate) fn check(&self, info: &DeviceInfo) -> Result<(), DeviceError> {
        let refuse = |what: String| Err(DeviceError::InvalidRequest { what });
        if self.probe_mask == 0 || self.probe_mask >> info.probes != 0 {
            return refuse(format!("probe mask {:#x} on a card of {} probe slots", self.probe_mask, info.probes));
        }
        if self.top_k == 0 || self.top_k > info.top_k_max {
            return refuse(format!("top_k {}, must be 1 to {}", self.top_k, info.top_k_max));
        }
        if self.extents.is_empty() || self.extents.len() > EXTENTS_MAX {
            return refuse(format!("{} extents, must be 1 to {EXTENTS_MAX}", self.extents.len()));
        }
        for (nth, extent) in self.extents.iter().enumerate() {
            if !extent.address.is_multiple_of(LINE_BYTES as u64) {
                return refuse(format!("extent {nth} at {:#x}, must be a multiple of {LINE_BYTES}", extent.address));
            }
            if !(1..=EXTENT_LINES_MAX).contains(&(extent.lines as usize)) {
                return refuse(format!("extent {nth} of {} lines, must be 1 to {EXTENT_LINES_MAX}", extent.lines));
            }
            if extent.records == 0 || extent.records > extent.lines {
                return refuse(format!("extent {nth} of {} records in {} lines", extent.records, extent.lines));
            }
            if extent.base_index.checked_add(extent.records - 1).is_none() {
                return refuse(format!("extent {nth} has gallery indices beyond {}", u32::MAX));
            }
        }
        let known = self.records(true);
        if known > KNOWN_ANSWERS_MAX.into() {
            return refuse(format!("{known} known answers, must be at most {KNOWN_ANSWERS_MAX}"));
        }
        Ok(())
    }

    /// Records of extents that are known answers, or of those that are not.
    pub(crate) fn records(&self, known_answer: bool) -> u64 {
        let extents = self.extents.iter().filter(|extent| extent.known_answer == known_answer);
        extents.map(|extent| u64::from(extent.records)).sum()
    }

    /// Bytes from one result block to the next.
    pub(crate) fn result_stride(&self) -> usize {
        let candidate_lines = (usize::from(self.top_k) * CANDIDATE_BYTES).div_ceil(LINE_BYTES);
        (RESULT_HEADER_LINES + RESULT_HISTOGRAM_LINES + candidate_lines) * LINE_BYTES
    }

    /// The submission entry, with what only the driver knows.
    pub(crate) fn to_wire(&self, tag: u16, extents_address: u64, result_address: u64) -> [u8; SQE_BYTES] {
        transmute!(SqeSearch {
            opcode: Opcode::Search as u8,
            tag: U16::new(tag),
            probe_mask: U32::new(self.probe_mask),
            extents_address: U64::new(extents_address),
            extent_count: U32::new(self.extents.len() as u32),
            threshold: U16::new(self.threshold),
            top_k: U16::new(self.top_k),
            result_stride: U32::new(self.result_stride() as u32),
            result_address: U64::new(result_address),
            ..SqeSearch::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::IntoBytes;

    fn info() -> DeviceInfo {
        DeviceInfo { streams: 1, probes: 2, top_k_max: 256, ..DeviceInfo::default() }
    }

    fn request() -> SearchRequest {
        let extent = ExtentRequest {
            memory: Memory::Host,
            address: 64,
            lines: 4,
            records: 4,
            base_index: 0,
            crc32c: 0,
            known_answer: false,
        };
        SearchRequest {
            probe_mask: 3,
            threshold: 0,
            top_k: 256,
            extents: vec![extent],
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn every_limit_is_allowed_and_one_beyond_is_refused() {
        let refused = |change: &dyn Fn(&mut SearchRequest)| {
            let mut changed = request();
            change(&mut changed);
            matches!(changed.check(&info()), Err(DeviceError::InvalidRequest { .. }))
        };
        assert!(!refused(&|_| ()));
        assert!(refused(&|r| r.probe_mask = 0));
        assert!(refused(&|r| r.probe_mask = 4));
        assert!(refused(&|r| r.top_k = 0));
        assert!(refused(&|r| r.top_k = 257));
        assert!(refused(&|r| r.extents.clear()));
        assert!(!refused(&|r| r.extents = vec![r.extents[0]; EXTENTS_MAX]));
        assert!(refused(&|r| r.extents = vec![r.extents[0]; EXTENTS_MAX + 1]));
        assert!(refused(&|r| r.extents[0].address = 65));
        assert!(refused(&|r| r.extents[0].lines = 0));
        assert!(!refused(&|r| r.extents[0].lines = 0xff_ffff));
        assert!(refused(&|r| r.extents[0].lines = 0x100_0000));
        assert!(refused(&|r| r.extents[0].records = 0));
        assert!(refused(&|r| r.extents[0].records = 5));
        assert!(!refused(&|r| r.extents[0].base_index = u32::MAX - 3));
        assert!(refused(&|r| r.extents[0].base_index = u32::MAX - 2));
        let known = |records| ExtentRequest { lines: records, records, known_answer: true, ..request().extents[0] };
        assert!(!refused(&|r| r.extents.push(known(0xffff))));
        assert!(refused(&|r| r.extents.push(known(0x1_0000))));
    }

    #[test]
    fn a_result_block_holds_all_candidates() {
        let stride = |top_k| SearchRequest { top_k, ..request() }.result_stride();
        assert_eq!([1, 8, 9, 256].map(stride), [64 * 34, 64 * 34, 64 * 35, whorl_layout::RESULT_BYTES_MAX]);
    }

    #[test]
    fn a_known_answer_is_a_flag_of_its_extent() {
        let extent = request().extents[0];
        assert_eq!(extent.to_wire().as_bytes()[24..28], [0; 4]);
        assert_eq!(ExtentRequest { known_answer: true, ..extent }.to_wire().as_bytes()[24..28], [0, 1, 0, 0]);
    }

    #[test]
    fn the_entry_has_every_field_in_its_place() {
        let entry = SearchRequest { threshold: 0x1234, ..request() }.to_wire(0xabcd, 1 << 40, 0x40);
        assert_eq!(entry[..8], [2, 0, 0xcd, 0xab, 3, 0, 0, 0]);
        assert_eq!(entry[8..16], (1_u64 << 40).to_le_bytes());
        assert_eq!(entry[16..24], [1, 0, 0, 0, 0x34, 0x12, 0, 0]);
        assert_eq!(entry[24..32], [0, 1, 0, 0, 0x40, 0x10, 0, 0]);
        assert_eq!(entry[32..40], 0x40_u64.to_le_bytes());
        assert_eq!(entry[40..], [0; 24]);
    }
}
