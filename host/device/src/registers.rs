//! BAR0 by register, and the few bytes of configuration space that the driver touches.

use std::time::{Duration, Instant};

use whorl_layout::{DEVICE_MAGIC, csr};

use crate::error::DeviceError;
use crate::transport::{Transport, TransportError};

/// What a register of a card that has left the bus reads as.
pub(crate) const ALL_ONES: u32 = u32::MAX;
/// Offset of vendor and device in configuration space.
const ID: u16 = 0x00;
/// What the vendor of a function reads as that is not there: no vendor has this number.
const NO_VENDOR: u16 = u16::MAX;
/// Offset of the command register in configuration space (PCI Local Bus Specification 3.0, 6.2.2).
const COMMAND: u16 = 0x04;
const COMMAND_MEMORY_SPACE: u16 = 1 << 1;
const COMMAND_BUS_MASTER: u16 = 1 << 2;
/// A function is back from a reset after 100 ms (PCI Express Base Specification 3.1, 6.6.2), and the kernel restores its
/// configuration space soon after.
pub(crate) const FUNCTION_RESET_BOUND: Duration = Duration::from_millis(500);
/// Between two looks at a register that is expected to change.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// The card's registers over a transport. Every read tells a register of all ones from a card that is gone.
#[derive(Debug)]
pub(crate) struct Registers {
    transport: Box<dyn Transport>,
}

impl Registers {
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        Self { transport }
    }

    /// The transport, for what is not a register: windows, vectors, resets.
    pub(crate) fn transport(&mut self) -> &mut dyn Transport {
        self.transport.as_mut()
    }

    /// Gives the transport back.
    pub(crate) fn into_transport(self) -> Box<dyn Transport> {
        self.transport
    }

    /// Reads one register.
    pub(crate) fn read(&mut self, offset: u32) -> Result<u32, DeviceError> {
        let value = self.transport.bar0_read(offset)?;
        if value == ALL_ONES {
            self.check_present()?;
        }
        Ok(value)
    }

    /// Reads a 64-bit counter of two registers that the card advances between the two reads.
    pub(crate) fn read_pair(&mut self, offset_lo: u32, offset_hi: u32) -> Result<u64, DeviceError> {
        let mut hi = self.read(offset_hi)?;
        loop {
            let lo = self.read(offset_lo)?;
            let again = self.read(offset_hi)?;
            if again == hi {
                return Ok(u64::from(hi) << 32 | u64::from(lo));
            }
            hi = again; // the low half wrapped in between: at most once in 2^32 cycles
        }
    }

    /// Writes one register.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Result<(), DeviceError> {
        Ok(self.transport.bar0_write(offset, value)?)
    }

    /// Writes a 64-bit address to a pair of registers.
    pub(crate) fn write_pair(&mut self, offset_lo: u32, offset_hi: u32, value: u64) -> Result<(), DeviceError> {
        self.write(offset_lo, value as u32)?;
        self.write(offset_hi, (value >> 32) as u32)
    }

    /// Fails with [`DeviceError::CardLost`] unless the card still answers with something else than all ones.
    pub(crate) fn check_present(&mut self) -> Result<(), DeviceError> {
        if self.transport.bar0_read(csr::ID_MAGIC)? != ALL_ONES {
            return Ok(());
        }
        // All ones may be had from a function that is there and does not answer; the operator must know which.
        let (vendor, _) = self.id()?;
        Err(DeviceError::CardLost {
            reason: format!("its registers read as all ones, though configuration space names vendor {vendor:04x}"),
        })
    }

    /// Reads vendor and device from configuration space.
    pub(crate) fn id(&mut self) -> Result<(u16, u16), TransportError> {
        let mut bytes = [0; 4];
        self.transport.config_read(ID, &mut bytes)?;
        let id = (u16::from_le_bytes([bytes[0], bytes[1]]), u16::from_le_bytes([bytes[2], bytes[3]]));
        if id.0 == NO_VENDOR {
            return Err(TransportError::Lost {
                reason: "it has left the bus: configuration space reads as all ones".into(),
            });
        }
        Ok(id)
    }

    /// Fails unless the card answers as the one that it was and its queues are on, and gives it time to come back:
    /// [`DeviceError::ForeignReset`] if it was away or its queues are off, which nothing but a reset does.
    pub(crate) fn check_running(&mut self) -> Result<(), DeviceError> {
        let deadline = Instant::now() + FUNCTION_RESET_BOUND;
        let mut away = false;
        loop {
            let seen = match self.read(csr::ID_MAGIC) {
                Ok(DEVICE_MAGIC) => break,
                // In a virtual machine a function without memory space reads as zeros.
                Ok(found) => DeviceError::NotWhorl { found, expected: DEVICE_MAGIC },
                Err(error) => error,
            };
            if Instant::now() >= deadline {
                return Err(seen);
            }
            away = true;
            std::thread::sleep(POLL_INTERVAL);
        }
        if away || self.read(csr::CONTROL)? & csr::CONTROL_ENABLE_MASK == 0 {
            return Err(DeviceError::ForeignReset);
        }
        Ok(())
    }

    /// Polls a register until `mask` of it is `value`. `false`: it was not within `bound`.
    pub(crate) fn poll(&mut self, offset: u32, mask: u32, value: u32, bound: Duration) -> Result<bool, DeviceError> {
        let deadline = Instant::now() + bound;
        loop {
            if self.read(offset)? & mask == value {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Makes BAR0 answer. The card may not yet read or write host memory.
    pub(crate) fn enable_memory_space(&mut self) -> Result<(), TransportError> {
        self.update_command(COMMAND_MEMORY_SPACE, COMMAND_BUS_MASTER)
    }

    /// Lets the card read and write the windows that are mapped.
    pub(crate) fn enable_bus_master(&mut self) -> Result<(), TransportError> {
        self.update_command(COMMAND_BUS_MASTER, 0)
    }

    /// Ends all DMA of the card.
    pub(crate) fn disable_bus_master(&mut self) -> Result<(), TransportError> {
        self.update_command(0, COMMAND_BUS_MASTER)
    }

    /// Whether the card may read and write the windows that are mapped.
    pub(crate) fn is_bus_master(&mut self) -> Result<bool, TransportError> {
        Ok(self.command()? & COMMAND_BUS_MASTER != 0)
    }

    fn command(&mut self) -> Result<u16, TransportError> {
        let mut bytes = [0; 2];
        self.transport.config_read(COMMAND, &mut bytes)?;
        let command = u16::from_le_bytes(bytes);
        if command == u16::MAX {
            return Err(TransportError::Lost { reason: "its configuration space reads as all ones".into() });
        }
        Ok(command)
    }

    fn update_command(&mut self, set: u16, clear: u16) -> Result<(), TransportError> {
        let command = self.command()?;
        self.transport.config_write(COMMAND, &((command & !clear) | set).to_le_bytes())
    }
}
