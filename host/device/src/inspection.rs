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
    /// What it does.
    pub state: CardState,
    /// The error log; none where it holds codes that this driver does not know.
    pub errors: Option<ErrorHistory>,
}

/// What a card does, by the worst that its status register says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardState {
    /// Nothing: it is ready for commands.
    Idle,
    /// A command runs, or a read or write is in flight.
    Busy,
    /// It is in reset.
    InReset,
    /// A memory port waits for an answer that is overdue.
    Hung,
}

impl CardState {
    const fn of(status: u32) -> Self {
        if status & csr::STATUS_HUNG_MASK != 0 {
            Self::Hung
        } else if status & csr::STATUS_READY_MASK == 0 {
            Self::InReset
        } else if status & csr::STATUS_BUSY_MASK != 0 || status & csr::STATUS_DMA_IDLE_MASK == 0 {
            Self::Busy
        } else {
            Self::Idle
        }
    }
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
        state: CardState::of(status),
        errors: match ErrorHistory::read(&mut registers) {
            Ok(errors) => Some(errors),
            Err(DeviceError::Protocol { .. }) => None,
            Err(error) => return Err(error),
        },
    };
    Ok((inspection, registers.into_transport()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_bit_of_the_status_is_the_state() {
        let (ready, busy) = (csr::STATUS_READY_MASK, csr::STATUS_BUSY_MASK);
        let (idle, hung) = (csr::STATUS_DMA_IDLE_MASK, csr::STATUS_HUNG_MASK);
        for (status, state) in [
            (ready | idle, CardState::Idle),
            (ready | idle | csr::STATUS_FAULT_MASK, CardState::Idle),
            (ready, CardState::Busy),
            (ready | idle | busy, CardState::Busy),
            (idle, CardState::InReset),
            (ready | idle | hung, CardState::Hung),
            (hung, CardState::Hung),
        ] {
            assert_eq!(CardState::of(status), state, "{status:#x}");
        }
    }
}
