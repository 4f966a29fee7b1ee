//! The card's counters and its error log.

use whorl_layout::{Status, csr};

use crate::error::DeviceError;
use crate::registers::Registers;

/// Counters since the card's last reset. They are read one after another while the card runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
}

/// The first error since the log was cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorLog {
    /// Status of the command.
    pub status: Status,
    /// Queue of the command.
    pub queue_index: u8,
    /// Tag of the command.
    pub tag: u16,
    /// Host address that the error belongs to.
    pub address: u64,
}

impl Counters {
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
        })
    }
}

impl ErrorLog {
    pub(crate) fn read(registers: &mut Registers) -> Result<Option<Self>, DeviceError> {
        let word = registers.read(csr::ERROR_LOG)?;
        let code = (word & csr::ERROR_LOG_CODE_MASK) >> csr::ERROR_LOG_CODE_SHIFT;
        let status = Status::from_byte(code as u8)
            .ok_or_else(|| DeviceError::Protocol { what: format!("the error log holds code {code}") })?;
        if status == Status::Success {
            return Ok(None);
        }
        let lo = registers.read(csr::ERROR_ADDRESS_LO)?;
        let hi = registers.read(csr::ERROR_ADDRESS_HI)?;
        Ok(Some(Self {
            status,
            queue_index: ((word & csr::ERROR_LOG_QUEUE_INDEX_MASK) >> csr::ERROR_LOG_QUEUE_INDEX_SHIFT) as u8,
            tag: ((word & csr::ERROR_LOG_TAG_MASK) >> csr::ERROR_LOG_TAG_SHIFT) as u16,
            address: u64::from(hi) << 32 | u64::from(lo),
        }))
    }
}
