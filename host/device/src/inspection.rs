//! A look at a card that changes nothing: what it is, whether it is well, and what it logged, before anybody resets it.

use whorl_layout::csr;

use crate::error::DeviceError;
use crate::error_log::ErrorHistory;
use crate::registers::Registers;
use crate::transport::Transport;

/// What a card shows of itself as it was found. None of it was judged: a card of another release has other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection {
    /// Vendor and device in configuration space.
    pub id: (u16, u16),
    /// Whether it was allowed to read and write host memory when it was found.
    pub bus_master: bool,
    /// The identification register.
    pub magic: u32,
    /// Version of the register interface: major, minor.
    pub version: (u16, u16),
    /// First 32 bits of the hash of the specification that the card was built from.
    pub spec_hash: u32,
    /// Build identity of the card image, 0 where none was given.
    pub build: u32,
    /// Whether it is out of reset.
    pub ready: bool,
    /// Whether a command runs.
    pub busy: bool,
    /// Whether no read or write is in flight.
    pub dma_idle: bool,
    /// Whether a memory port waits for an answer that is overdue.
    pub hung: bool,
    /// The error log; none where it holds codes that this driver does not know.
    pub errors: Option<ErrorHistory>,
}

/// Looks at the card behind `transport` and hands the transport back, for [`Device::open`](crate::Device::open). The
/// card is left without DMA, with its registers readable, and else as it was.
///
/// # Errors
/// `CardLost` or `Transport`.
pub fn inspect(transport: Box<dyn Transport>) -> Result<(Inspection, Box<dyn Transport>), DeviceError> {
    let mut registers = Registers::new(transport);
    let id = registers.id()?;
    let bus_master = registers.is_bus_master()?;
    registers.disable_bus_master()?;
    registers.enable_memory_space()?;
    let magic = registers.read(csr::ID_MAGIC)?;
    let version = registers.read(csr::ID_VERSION)?;
    let status = registers.read(csr::STATUS)?;
    let inspection = Inspection {
        id,
        bus_master,
        magic,
        version: ((version >> csr::ID_VERSION_MAJOR_SHIFT) as u16, version as u16),
        spec_hash: registers.read(csr::ID_SPEC_HASH)?,
        build: registers.read(csr::ID_BUILD)?,
        ready: status & csr::STATUS_READY_MASK != 0,
        busy: status & csr::STATUS_BUSY_MASK != 0,
        dma_idle: status & csr::STATUS_DMA_IDLE_MASK != 0,
        hung: status & csr::STATUS_HUNG_MASK != 0,
        errors: match ErrorHistory::read(&mut registers) {
            Ok(errors) => Some(errors),
            Err(DeviceError::Protocol { .. }) => None,
            Err(error) => return Err(error),
        },
    };
    Ok((inspection, registers.into_transport()))
}
