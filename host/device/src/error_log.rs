//! The card's error log: the first and the latest error since it was cleared, and how many there were.

use std::fmt;

use whorl_layout::{Status, csr};

use crate::error::DeviceError;
use crate::registers::Registers;

/// An error that the card logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorLog {
    /// Status of the command.
    pub status: Status,
    /// Queue of the command.
    pub queue_index: u8,
    /// Tag of the command.
    pub tag: u16,
    /// Address that the error belongs to: the host's, or within the memory that the command or extent names.
    pub address: u64,
}

impl fmt::Display for ErrorLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue =
            if self.queue_index == 0 { "admin queue".to_owned() } else { format!("queue {}", self.queue_index) };
        write!(f, "{} ({queue}, tag {}, address {:#x})", words(self.status), self.tag, self.address)
    }
}

/// What a status means to an operator.
const fn words(status: Status) -> &'static str {
    match status {
        Status::Success => "no error",
        Status::InvalidOpcode => "a command that the queue does not take",
        Status::InvalidField => "a field of a command out of range",
        Status::DmaReadError => "a read of memory was refused",
        Status::DmaWriteError => "a write to memory was refused",
        Status::CrcMismatch => "a CRC-32C did not fit: bits changed on the way or in memory",
        Status::RecordFormat => "an extent held no whole records",
        Status::ProbeNotLoaded => "a search named an empty probe slot",
        Status::InvalidQueue => "a queue out of range, in use, or not in use",
        Status::Aborted => "a command was aborted",
        Status::Timeout => "memory did not answer in time",
        Status::Watchdog => "a command ran longer than the watchdog allows",
        Status::ProbeParity => "a probe memory lost a bit",
        Status::AddressRange => "no such channel of card memory, or an address beyond its end",
    }
}

/// All that the log holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErrorHistory {
    /// The first error since the log was cleared, if there was one.
    pub first: Option<ErrorLog>,
    /// The latest, which is the first where there was only one.
    pub latest: Option<ErrorLog>,
    /// How many; it stays at `u32::MAX`.
    pub count: u32,
}

impl ErrorHistory {
    pub(crate) fn read(registers: &mut Registers) -> Result<Self, DeviceError> {
        Ok(Self {
            first: ErrorLog::read(registers)?,
            latest: ErrorLog::read_latest(registers)?,
            count: registers.read(csr::ERROR_COUNT)?,
        })
    }
}

impl ErrorLog {
    /// The first error since the log was cleared.
    pub(crate) fn read(registers: &mut Registers) -> Result<Option<Self>, DeviceError> {
        Self::read_at(registers, csr::ERROR_LOG, csr::ERROR_ADDRESS_LO, csr::ERROR_ADDRESS_HI)
    }

    /// The latest error since the log was cleared.
    pub(crate) fn read_latest(registers: &mut Registers) -> Result<Option<Self>, DeviceError> {
        Self::read_at(registers, csr::LAST_ERROR, csr::LAST_ERROR_ADDRESS_LO, csr::LAST_ERROR_ADDRESS_HI)
    }

    /// Both entries have the same fields.
    fn read_at(registers: &mut Registers, entry: u32, lo: u32, hi: u32) -> Result<Option<Self>, DeviceError> {
        let word = registers.read(entry)?;
        let code = (word & csr::ERROR_LOG_CODE_MASK) >> csr::ERROR_LOG_CODE_SHIFT;
        let status = Status::from_byte(code as u8)
            .ok_or_else(|| DeviceError::Protocol { what: format!("the error log holds code {code}") })?;
        if status == Status::Success {
            return Ok(None);
        }
        let lo = registers.read(lo)?;
        let hi = registers.read(hi)?;
        Ok(Some(Self {
            status,
            queue_index: ((word & csr::ERROR_LOG_QUEUE_INDEX_MASK) >> csr::ERROR_LOG_QUEUE_INDEX_SHIFT) as u8,
            tag: ((word & csr::ERROR_LOG_TAG_MASK) >> csr::ERROR_LOG_TAG_SHIFT) as u16,
            address: u64::from(hi) << 32 | u64::from(lo),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_as_a_sentence_with_its_command() {
        let log = ErrorLog { status: Status::DmaReadError, queue_index: 1, tag: 7, address: 0x2_0000_0040 };
        assert_eq!(log.to_string(), "a read of memory was refused (queue 1, tag 7, address 0x200000040)");
        let admin = ErrorLog { queue_index: 0, ..log };
        assert!(admin.to_string().contains("(admin queue, tag 7"));
    }

    #[test]
    fn every_status_has_words_of_its_own() {
        let named: Vec<_> = (0..=u8::MAX).filter_map(Status::from_byte).map(words).collect();
        let distinct: std::collections::BTreeSet<_> = named.iter().collect();
        assert_eq!(distinct.len(), named.len());
    }
}
