//! What the card counts.

use serde::{Deserialize, Serialize};
use whorl_layout::csr;

use crate::error::DeviceError;
use crate::registers::Registers;

/// Counters since the card's last reset. They are read one after another while the card runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Clock cycles.
    pub cycles: u64,
    /// Cycles in which a command ran.
    pub busy_cycles: u64,
    /// 64-byte beats read from host memory.
    pub read_beats: u64,
    /// 64-byte beats written to host memory.
    pub write_beats: u64,
    /// Records streamed, over all streams.
    pub records: u64,
    /// Gallery minutiae streamed, over all streams.
    pub minutiae: u64,
    /// Read bursts answered with an error.
    pub read_errors: u32,
    /// Write bursts answered with an error.
    pub write_errors: u32,
    /// Commands completed.
    pub commands: u32,
    /// Comparisons started: engines that took part, summed over the records streamed.
    pub comparisons: u64,
    /// Comparisons whose score reached the threshold.
    pub candidates: u64,
    /// Cycles in which reads were under way and no beat came.
    pub read_wait: u64,
    /// Cycles in which the host did not take a read burst that was offered.
    pub read_hold: u64,
}

/// Where the cycles of one stream went since the card's last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCounters {
    /// Cycles in which the stream was fed.
    pub active: u64,
    /// Gallery minutiae taken, one per cycle: over `active`, the stream's efficiency.
    pub minutiae: u64,
    /// Records taken to their end.
    pub records: u64,
    /// Lines taken.
    pub lines: u64,
    /// Cycles lost without a line to read.
    pub starved: u64,
    /// Cycles lost to the consistency pass of an earlier record.
    pub stall_engine: u64,
    /// Cycles lost to the collection of scores.
    pub stall_collect: u64,
}

/// All that a card counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Over the whole card.
    pub card: Counters,
    /// By stream.
    pub streams: Vec<StreamCounters>,
}

impl Activity {
    /// What was counted since `earlier`, an activity of the same card with no reset in between. Counters wrap.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let streams = self.streams.iter().zip(&earlier.streams).map(|(now, then)| now.since(then)).collect();
        Self { card: self.card.since(&earlier.card), streams }
    }

    pub(crate) fn read(registers: &mut Registers, streams: u8) -> Result<Self, DeviceError> {
        let card = Counters::read(registers)?;
        let streams = (0..streams).map(|nth| StreamCounters::read(registers, nth)).collect::<Result<_, _>>()?;
        Ok(Self { card, streams })
    }
}

impl StreamCounters {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            active: self.active.wrapping_sub(earlier.active),
            minutiae: self.minutiae.wrapping_sub(earlier.minutiae),
            records: self.records.wrapping_sub(earlier.records),
            lines: self.lines.wrapping_sub(earlier.lines),
            starved: self.starved.wrapping_sub(earlier.starved),
            stall_engine: self.stall_engine.wrapping_sub(earlier.stall_engine),
            stall_collect: self.stall_collect.wrapping_sub(earlier.stall_collect),
        }
    }

    fn read(registers: &mut Registers, stream: u8) -> Result<Self, DeviceError> {
        let offset = u32::from(stream) * csr::STREAM_STRIDE;
        let mut pair = |lo: u32, hi: u32| registers.read_pair(lo + offset, hi + offset);
        Ok(Self {
            active: pair(csr::STREAM_ACTIVE_LO, csr::STREAM_ACTIVE_HI)?,
            minutiae: pair(csr::STREAM_MINUTIAE_LO, csr::STREAM_MINUTIAE_HI)?,
            records: pair(csr::STREAM_RECORDS_LO, csr::STREAM_RECORDS_HI)?,
            lines: pair(csr::STREAM_LINES_LO, csr::STREAM_LINES_HI)?,
            starved: pair(csr::STREAM_STARVED_LO, csr::STREAM_STARVED_HI)?,
            stall_engine: pair(csr::STREAM_STALL_ENGINE_LO, csr::STREAM_STALL_ENGINE_HI)?,
            stall_collect: pair(csr::STREAM_STALL_COLLECT_LO, csr::STREAM_STALL_COLLECT_HI)?,
        })
    }
}

impl Counters {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            cycles: self.cycles.wrapping_sub(earlier.cycles),
            busy_cycles: self.busy_cycles.wrapping_sub(earlier.busy_cycles),
            read_beats: self.read_beats.wrapping_sub(earlier.read_beats),
            write_beats: self.write_beats.wrapping_sub(earlier.write_beats),
            records: self.records.wrapping_sub(earlier.records),
            minutiae: self.minutiae.wrapping_sub(earlier.minutiae),
            read_errors: self.read_errors.wrapping_sub(earlier.read_errors),
            write_errors: self.write_errors.wrapping_sub(earlier.write_errors),
            commands: self.commands.wrapping_sub(earlier.commands),
            comparisons: self.comparisons.wrapping_sub(earlier.comparisons),
            candidates: self.candidates.wrapping_sub(earlier.candidates),
            read_wait: self.read_wait.wrapping_sub(earlier.read_wait),
            read_hold: self.read_hold.wrapping_sub(earlier.read_hold),
        }
    }

    pub(crate) fn read(registers: &mut Registers) -> Result<Self, DeviceError> {
        Ok(Self {
            cycles: registers.read_pair(csr::CYCLES_LO, csr::CYCLES_HI)?,
            busy_cycles: registers.read_pair(csr::BUSY_CYCLES_LO, csr::BUSY_CYCLES_HI)?,
            read_beats: registers.read_pair(csr::READ_BEATS_LO, csr::READ_BEATS_HI)?,
            write_beats: registers.read_pair(csr::WRITE_BEATS_LO, csr::WRITE_BEATS_HI)?,
            records: registers.read_pair(csr::RECORDS_LO, csr::RECORDS_HI)?,
            minutiae: registers.read_pair(csr::MINUTIAE_LO, csr::MINUTIAE_HI)?,
            read_errors: registers.read(csr::READ_ERRORS)?,
            write_errors: registers.read(csr::WRITE_ERRORS)?,
            commands: registers.read(csr::COMMANDS)?,
            comparisons: registers.read_pair(csr::COMPARISONS_LO, csr::COMPARISONS_HI)?,
            candidates: registers.read_pair(csr::CANDIDATES_LO, csr::CANDIDATES_HI)?,
            read_wait: registers.read_pair(csr::READ_WAIT_LO, csr::READ_WAIT_HI)?,
            read_hold: registers.read_pair(csr::READ_HOLD_LO, csr::READ_HOLD_HI)?,
        })
    }
}
