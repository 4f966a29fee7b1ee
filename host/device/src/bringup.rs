//! From a function just found to queues that run: identification, reset, admin queue, I/O queue pair.

use std::time::{Duration, Instant};

use whorl_layout::{DEVICE_MAGIC, INTERFACE_MAJOR, Opcode, SPEC_HASH, SQE_BYTES, SqeCreateQueuePair, csr};
use zerocopy::little_endian::{U16, U64};
use zerocopy::transmute;

use crate::command::QueuePair;
use crate::error::DeviceError;
use crate::limits::Limits;
use crate::memory::{self, ChannelSizes};
use crate::pool::DmaPool;
use crate::registers::Registers;

/// The I/O queue pair that this driver uses.
pub(crate) const IO_QUEUE: u8 = 1;
/// Log2 of the admin queues' slots: set-up and aborts come one at a time.
const ADMIN_ENTRIES_LOG2: u8 = 2;
/// Log2 of the I/O queues' slots: 15 commands in flight keep a card fed with plenty to spare.
const IO_ENTRIES_LOG2: u8 = 4;
/// A reset takes 64 cycles after DMA is idle; a card that needs longer than this is stuck. As with the other bounds,
/// nearly all of it is room for a simulated card on a busy machine.
pub(crate) const RESET_BOUND: Duration = Duration::from_secs(2);
/// Bound of one admin command.
pub(crate) const ADMIN_BOUND: Duration = Duration::from_secs(2);

/// What a card says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Record streams.
    pub streams: u8,
    /// Engines per stream: probe slots.
    pub probes: u8,
    /// Queue pairs, the admin pair included.
    pub queue_pairs: u8,
    /// Lanes per engine: minutiae of a probe at most.
    pub lanes: u8,
    /// Candidates per result block at most.
    pub top_k_max: u16,
    /// Log2 of a queue's entries at most.
    pub queue_entries_log2_max: u8,
    /// Channels of card memory; 0 where every extent is streamed from the host.
    pub memory_channels: u8,
    /// Bytes of each channel, 0 for those that the card does not have.
    pub memory_bytes: ChannelSizes,
    /// Version of the register interface: major, minor.
    pub version: (u16, u16),
    /// First 32 bits of the hash of the specification that the card was built from.
    pub spec_hash: u32,
    /// Build identity of the card image, 0 where none was given.
    pub build: u32,
}

/// Reads what the card is, and refuses one that this driver must not drive.
pub(crate) fn identify(registers: &mut Registers) -> Result<DeviceInfo, DeviceError> {
    let found = registers.read(csr::ID_MAGIC)?;
    if found != DEVICE_MAGIC {
        return Err(DeviceError::NotWhorl { found, expected: DEVICE_MAGIC });
    }
    let version = registers.read(csr::ID_VERSION)?;
    let version = ((version >> csr::ID_VERSION_MAJOR_SHIFT) as u16, version as u16);
    if usize::from(version.0) != INTERFACE_MAJOR {
        return Err(DeviceError::VersionMismatch { found: version.0, expected: INTERFACE_MAJOR as u16 });
    }
    let spec_hash = registers.read(csr::ID_SPEC_HASH)?;
    if spec_hash != SPEC_HASH {
        return Err(DeviceError::SpecMismatch { found: spec_hash, expected: SPEC_HASH });
    }
    let build = registers.read(csr::ID_BUILD)?;
    let sizes = registers.read(csr::CAPABILITY0)?;
    let limits = registers.read(csr::CAPABILITY1)?;
    let mut memory_bytes = ChannelSizes::default();
    for (bytes, register) in memory_bytes.iter_mut().zip((csr::MEMORY_UNITS..).step_by(csr::MEMORY_STRIDE as usize)) {
        *bytes = memory::channel_bytes(registers.read(register)?);
    }
    let info = DeviceInfo {
        streams: (sizes >> csr::CAPABILITY0_STREAMS_SHIFT) as u8,
        probes: (sizes >> csr::CAPABILITY0_PROBES_SHIFT) as u8,
        queue_pairs: (sizes >> csr::CAPABILITY0_QUEUE_PAIRS_SHIFT) as u8,
        lanes: (sizes >> csr::CAPABILITY0_LANES_SHIFT) as u8,
        top_k_max: (limits >> csr::CAPABILITY1_TOP_K_MAX_SHIFT) as u16,
        queue_entries_log2_max: (limits >> csr::CAPABILITY1_QUEUE_ENTRIES_LOG2_MAX_SHIFT) as u8,
        memory_channels: (limits >> csr::CAPABILITY1_MEMORY_CHANNELS_SHIFT) as u8,
        memory_bytes,
        version,
        spec_hash,
        build,
    };
    check(&info)?;
    Ok(info)
}

fn check(info: &DeviceInfo) -> Result<(), DeviceError> {
    let in_range = |value: u8, max: usize| (1..=max).contains(&usize::from(value));
    let sound = in_range(info.streams, whorl_layout::STREAMS_MAX)
        && in_range(info.probes, whorl_layout::PROBES_MAX)
        && in_range(info.queue_pairs, whorl_layout::QUEUE_PAIRS_MAX)
        && info.queue_pairs > IO_QUEUE
        && usize::from(info.lanes) == whorl_layout::LANES
        && (1..=whorl_layout::TOP_K_MAX).contains(&usize::from(info.top_k_max))
        && in_range(info.queue_entries_log2_max, whorl_layout::QUEUE_ENTRIES_LOG2_MAX)
        && info.queue_entries_log2_max >= IO_ENTRIES_LOG2
        && usize::from(info.memory_channels) <= whorl_layout::CHANNELS_MAX
        && info.memory_bytes.iter().skip(info.memory_channels.into()).all(|&bytes| bytes == 0);
    if sound {
        return Ok(());
    }
    Err(DeviceError::Protocol { what: format!("it says of itself what no card is: {info:?}") })
}

/// Stops the queues, resets all but the registers and waits until the card is ready. Memory space must be enabled.
pub(crate) fn reset_card(registers: &mut Registers, limits: Limits) -> Result<(), DeviceError> {
    limits.write(registers)?;
    registers.write(csr::CONTROL, 0)?;
    registers.write(csr::CONTROL, csr::CONTROL_RESET_MASK)?;
    if !registers.poll(csr::STATUS, csr::STATUS_READY_MASK, csr::STATUS_READY_MASK, RESET_BOUND)? {
        return Err(DeviceError::CardLost { reason: format!("its reset did not end within {RESET_BOUND:?}") });
    }
    registers.write(csr::CONTROL, csr::CONTROL_CLEAR_ERRORS_MASK)
}

/// The running queues of a card.
#[derive(Debug)]
pub(crate) struct Queues {
    pub(crate) admin: QueuePair,
    pub(crate) io: QueuePair,
}

/// Lays out rings, shows them to a card just reset, allows it DMA, and creates the I/O queue pair.
///
/// `pool` must be mapped and vectors connected: bus mastering goes on here, not before.
pub(crate) fn start_queues(registers: &mut Registers, pool: &DmaPool) -> Result<Queues, DeviceError> {
    let mut admin = QueuePair::new(pool, 0, ADMIN_ENTRIES_LOG2)?;
    registers.write_pair(csr::ADMIN_SQ_BASE_LO, csr::ADMIN_SQ_BASE_HI, admin.sq_iova())?;
    registers.write_pair(csr::ADMIN_CQ_BASE_LO, csr::ADMIN_CQ_BASE_HI, admin.cq_iova())?;
    registers.write(csr::ADMIN_QUEUE, u32::from(ADMIN_ENTRIES_LOG2) << csr::ADMIN_QUEUE_ENTRIES_LOG2_SHIFT)?;
    registers.enable_bus_master()?;
    registers.write(csr::CONTROL, csr::CONTROL_ENABLE_MASK)?;

    let io = QueuePair::new(pool, IO_QUEUE, IO_ENTRIES_LOG2)?;
    let tag = admin.submit(registers, |tag| create_queue_pair(tag, &io))?;
    match admin.wait(registers, tag, Instant::now() + ADMIN_BOUND)? {
        Some(completion) => completion.success()?,
        None => return Err(DeviceError::CardLost { reason: format!("no queue pair within {ADMIN_BOUND:?}") }),
    };
    Ok(Queues { admin, io })
}

fn create_queue_pair(tag: u16, pair: &QueuePair) -> [u8; SQE_BYTES] {
    transmute!(SqeCreateQueuePair {
        opcode: Opcode::CreateQueuePair as u8,
        tag: U16::new(tag),
        queue_index: pair.index(),
        entries_log2: IO_ENTRIES_LOG2,
        sq_address: U64::new(pair.sq_iova()),
        cq_address: U64::new(pair.cq_iova()),
        ..SqeCreateQueuePair::default()
    })
}
