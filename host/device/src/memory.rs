//! The card's own memory: where lines lie, who holds them, and copies between memories.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use whorl_layout::{CHANNEL_UNIT_BYTES, CHANNELS_MAX, EXTENT_LINES_MAX, LINE_BYTES, Opcode, SQE_BYTES, SqeCopy};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::transmute;

use crate::bringup::DeviceInfo;
use crate::command::Completion;
use crate::device::Device;
use crate::error::DeviceError;
use crate::pool::Ranges;

/// Card memory is handed out in multiples of this: bursts end there, so every run begins with a whole one.
const GRANULE_BYTES: u64 = 1024;
/// Copies handed to the card before the first is waited for: they keep it busy and leave room in the queue.
const COPIES_IN_FLIGHT: usize = 8;

/// A memory that the card reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Memory {
    /// The host's.
    #[default]
    Host,
    /// A channel of card memory, counted from 0.
    Channel(u8),
}

impl Memory {
    /// As commands and extents name it; a channel beyond all that can be is one that no card has.
    pub(crate) fn to_wire(self) -> u8 {
        match self {
            Self::Host => 0,
            Self::Channel(channel) => channel.saturating_add(1),
        }
    }
}

/// One copy of lines between two memories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyRequest {
    /// Memory and address of the first line to read, a multiple of 64.
    pub source: (Memory, u64),
    /// Memory and address of the first line to write, a multiple of 64. The two runs must not overlap.
    pub destination: (Memory, u64),
    /// Lines of 64 bytes, 1 to 2^24 - 1.
    pub lines: u32,
    /// CRC-32C over all lines, which the card checks on the way.
    pub crc32c: u32,
}

impl CopyRequest {
    fn check(&self) -> Result<(), DeviceError> {
        let refuse = |what: String| Err(DeviceError::InvalidRequest { what });
        for (_, address) in [self.source, self.destination] {
            if !address.is_multiple_of(LINE_BYTES as u64) {
                return refuse(format!("a copy at {address:#x}, must be a multiple of {LINE_BYTES}"));
            }
        }
        if !(1..=EXTENT_LINES_MAX).contains(&(self.lines as usize)) {
            return refuse(format!("a copy of {} lines, must be 1 to {EXTENT_LINES_MAX}", self.lines));
        }
        Ok(())
    }

    fn to_wire(self, tag: u16) -> [u8; SQE_BYTES] {
        transmute!(SqeCopy {
            opcode: Opcode::Copy as u8,
            tag: U16::new(tag),
            source_memory: self.source.0.to_wire(),
            destination_memory: self.destination.0.to_wire(),
            source_address: U64::new(self.source.1),
            destination_address: U64::new(self.destination.1),
            lines: U32::new(self.lines),
            crc32c: U32::new(self.crc32c),
            ..SqeCopy::default()
        })
    }
}

/// What is free of each channel.
#[derive(Debug, Clone)]
pub(crate) struct CardMemory(Arc<Mutex<Vec<Ranges>>>);

impl CardMemory {
    /// All memory of the card of `info`, free.
    pub(crate) fn new(info: &DeviceInfo) -> Self {
        let channels = info.memory_bytes.iter().take(info.memory_channels.into());
        Self(Arc::new(Mutex::new(channels.map(|&bytes| Ranges::new(0, bytes, GRANULE_BYTES)).collect())))
    }

    /// Takes `bytes` of `channel`.
    fn take_of(&self, channel: u8, bytes: u64) -> Option<CardBuffer> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let address = channels.get_mut(usize::from(channel))?.take(bytes)?;
        Some(CardBuffer { channel, address, bytes, owner: self.clone() })
    }

    /// Takes `bytes` of the channel with the most to give, so that a gallery spreads over all of them.
    fn take(&self, bytes: u64) -> Option<CardBuffer> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<usize> = (0..channels.len()).collect();
        order.sort_by_key(|&channel| std::cmp::Reverse(channels.get(channel).map_or(0, Ranges::free_bytes)));
        let (channel, address) =
            order.into_iter().find_map(|channel| Some((channel, channels.get_mut(channel)?.take(bytes)?)))?;
        Some(CardBuffer { channel: channel as u8, address, bytes, owner: self.clone() })
    }
}

/// A run of card memory that belongs to its holder until it is dropped. Nothing clears it.
///
/// Commands of a card run one after another, so the next holder's copies come after every search that was started
/// before this one let go.
#[derive(Debug)]
pub struct CardBuffer {
    channel: u8,
    address: u64,
    bytes: u64,
    owner: CardMemory,
}

impl CardBuffer {
    /// Memory and address, for an extent or a copy.
    pub const fn place(&self) -> (Memory, u64) {
        (Memory::Channel(self.channel), self.address)
    }

    /// Size in bytes, as asked for.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for CardBuffer {
    fn drop(&mut self) {
        let mut channels = self.owner.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get_mut(usize::from(self.channel)) {
            channel.give(self.address, self.bytes);
        }
    }
}

/// Bytes of a channel, from the register that gives its size.
pub(crate) fn channel_bytes(units: u32) -> u64 {
    u64::from(units) * CHANNEL_UNIT_BYTES as u64
}

/// Sizes by channel, 0 for those that a card does not have.
pub(crate) type ChannelSizes = [u64; CHANNELS_MAX];

impl Device {
    /// Takes card memory for lines.
    ///
    /// # Errors
    /// `CardMemoryFull`: no channel has a free run of `bytes`.
    pub fn alloc_card(&mut self, bytes: u64) -> Result<CardBuffer, DeviceError> {
        self.card_memory.take(bytes).ok_or(DeviceError::CardMemoryFull { bytes })
    }

    /// Takes card memory of one channel.
    ///
    /// # Errors
    /// `CardMemoryFull`: the channel has no free run of `bytes`.
    pub fn alloc_channel(&mut self, channel: u8, bytes: u64) -> Result<CardBuffer, DeviceError> {
        self.card_memory.take_of(channel, bytes).ok_or(DeviceError::CardMemoryFull { bytes })
    }

    /// Copies lines between memories, in order, until all are copied or one fails; `timeout` bounds all together.
    ///
    /// # Errors
    /// `InvalidRequest`: nothing was copied. `Command` if the card refused a copy or found it damaged, `Timeout` if the
    /// time is up: that destination and all later ones hold anything. Else any.
    pub fn copy(&mut self, copies: &[CopyRequest], timeout: Duration) -> Result<(), DeviceError> {
        copies.iter().try_for_each(CopyRequest::check)?;
        let deadline = Instant::now() + timeout;
        let mut waiting = copies.iter();
        let mut in_flight = VecDeque::new();
        let mut result = Ok(());
        loop {
            // A queue that searches have filled gives way as copies of ours complete.
            while result.is_ok() && in_flight.len() < COPIES_IN_FLIGHT {
                let Some(copy) = waiting.as_slice().first() else { break };
                match self.submit(|tag| copy.to_wire(tag)) {
                    Ok(tag) => {
                        in_flight.push_back(tag);
                        waiting.next();
                    }
                    Err(DeviceError::QueueFull) if !in_flight.is_empty() => break,
                    Err(error) => result = Err(error),
                }
            }
            let Some(tag) = in_flight.pop_front() else { return result };
            let epoch = self.epoch;
            let ended = self.wait(tag, deadline, timeout).and_then(Completion::success);
            if self.epoch != epoch {
                return result.and(ended.map(drop)); // the others went with the queues
            }
            result = result.and(ended.map(drop));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(sizes: &[u64]) -> CardMemory {
        let mut info = DeviceInfo { memory_channels: sizes.len() as u8, ..DeviceInfo::default() };
        info.memory_bytes[..sizes.len()].copy_from_slice(sizes);
        CardMemory::new(&info)
    }

    #[test]
    fn runs_spread_over_the_channels_and_come_back() {
        let memory = memory(&[8192, 16384]);
        let places = |held: &[CardBuffer]| held.iter().map(CardBuffer::place).collect::<Vec<_>>();
        let held: Vec<_> = (0..6).map_while(|_| memory.take(4000)).collect();
        let (first, second) = (Memory::Channel(0), Memory::Channel(1));
        assert_eq!(
            places(&held),
            [(second, 0), (second, 4096), (first, 0), (second, 8192), (first, 4096), (second, 12288)]
        );
        assert!(memory.take(1).is_none());
        drop(held);
        assert!(memory.take(16385).is_none());
        // All of one channel, which is not the one with the most to give.
        let first_channel = memory.take_of(0, 8192).unwrap();
        assert_eq!(first_channel.place(), (first, 0));
        assert!(memory.take_of(0, 1).is_none() && memory.take_of(2, 1).is_none());
        drop(first_channel);
        // Not the fuller channel, but one that has the room.
        let all = memory.take(16384).unwrap();
        assert_eq!(all.place(), (second, 0));
        assert_eq!(memory.take(8192).map(|run| run.place()), Some((first, 0)));
    }

    #[test]
    fn a_card_without_memory_has_none_to_give() {
        assert!(memory(&[]).take(1).is_none());
    }

    #[test]
    fn a_copy_that_cannot_be_is_refused() {
        let copy =
            CopyRequest { source: (Memory::Host, 64), destination: (Memory::Channel(0), 128), lines: 1, crc32c: 0 };
        let refused = |copy: CopyRequest| matches!(copy.check(), Err(DeviceError::InvalidRequest { .. }));
        assert!(!refused(copy) && !refused(CopyRequest { lines: 0xff_ffff, ..copy }));
        assert!(refused(CopyRequest { lines: 0, ..copy }) && refused(CopyRequest { lines: 0x100_0000, ..copy }));
        assert!(refused(CopyRequest { source: (Memory::Host, 65), ..copy }));
        assert!(refused(CopyRequest { destination: (Memory::Channel(0), 96), ..copy }));
    }

    #[test]
    fn the_entry_has_every_field_in_its_place() {
        let copy = CopyRequest {
            source: (Memory::Channel(4), 0x1_0000_0040),
            destination: (Memory::Host, 1 << 40),
            lines: 0x01_0203,
            crc32c: 0x1234_5678,
        };
        let entry = copy.to_wire(0xabcd);
        assert_eq!(entry[..8], [3, 0, 0xcd, 0xab, 5, 0, 0, 0]);
        assert_eq!(entry[8..16], 0x1_0000_0040_u64.to_le_bytes());
        assert_eq!(entry[16..24], (1_u64 << 40).to_le_bytes());
        assert_eq!(entry[24..32], [3, 2, 1, 0, 0x78, 0x56, 0x34, 0x12]);
        assert_eq!(entry[32..], [0; 32]);
    }
}
