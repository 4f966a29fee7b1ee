//! Configuration space of the function: a PCI Express endpoint with power management, MSI-X and function-level reset.
//!
//! Offsets and bits are those of the PCI Local Bus Specification 3.0 (6.1, 6.2, 6.8.2), PCI Power Management 1.2 (3.2)
//! and PCI Express Base Specification 3.1 (7.8).

use whorl_layout::{BAR0_BYTES, PCI_DEVICE_ID, PCI_VENDOR_ID};

use crate::msix::{BAR2_BYTES, PENDING_OFFSET, VECTORS};

/// Bytes of configuration space, extended space included.
pub(crate) const CONFIG_BYTES: usize = 4096;

const COMMAND: usize = 0x04;
const COMMAND_MEMORY_SPACE: u16 = 1 << 1;
const COMMAND_BUS_MASTER: u16 = 1 << 2;
const COMMAND_WRITABLE: u16 = 0x0546; // memory space, bus master, parity and SERR reporting, INTx disable
const STATUS: usize = 0x06;
const STATUS_CAPABILITIES: u16 = 1 << 4;
const CACHE_LINE: usize = 0x0c;
const BAR0: usize = 0x10;
const BAR2: usize = 0x18;
const CAPABILITIES: usize = 0x34;
const INTERRUPT_LINE: usize = 0x3c;

const POWER: usize = 0x40;
const POWER_CONTROL: usize = POWER + 4;
const POWER_STATE: u16 = 0x3;
const POWER_NO_SOFT_RESET: u16 = 1 << 3;

const MSIX: usize = 0x50;
const MSIX_CONTROL: usize = MSIX + 2;
const MSIX_ENABLE: u16 = 1 << 15;
const MSIX_FUNCTION_MASK: u16 = 1 << 14;

const EXPRESS: usize = 0x60;
const DEVICE_CONTROL: usize = EXPRESS + 8;
const DEVICE_CONTROL_RESET: u16 = 1 << 15;

/// Configuration space, and which of its bits a client may write.
#[derive(Debug)]
pub(crate) struct ConfigSpace {
    bytes: Box<[u8; CONFIG_BYTES]>,
    writable: Box<[u8; CONFIG_BYTES]>,
}

impl ConfigSpace {
    /// As after power-up.
    pub(crate) fn new() -> Self {
        let mut space = Self { bytes: Box::new([0; CONFIG_BYTES]), writable: Box::new([0; CONFIG_BYTES]) };
        space.set(0x00, &PCI_VENDOR_ID.to_le_bytes());
        space.set(0x02, &PCI_DEVICE_ID.to_le_bytes());
        space.set(STATUS, &STATUS_CAPABILITIES.to_le_bytes());
        space.set(0x08, &[1, 0x00, 0x00, 0x12]); // revision 1; a processing accelerator
        space.set(0x2c, &PCI_VENDOR_ID.to_le_bytes());
        space.set(0x2e, &PCI_DEVICE_ID.to_le_bytes());
        space.set(CAPABILITIES, &[POWER as u8]);
        space.allow(COMMAND, &COMMAND_WRITABLE.to_le_bytes());
        space.allow(CACHE_LINE, &[0xff]);
        space.allow(INTERRUPT_LINE, &[0xff]);
        // BARs of 32-bit memory: the bits above their size can be written, so that their size can be read back.
        space.allow(BAR0, &(!(BAR0_BYTES as u32 - 1)).to_le_bytes());
        space.allow(BAR2, &(!(BAR2_BYTES as u32 - 1)).to_le_bytes());

        space.set(POWER, &[0x01, MSIX as u8, 0x03, 0x00]); // version 3, no PME
        space.set(POWER_CONTROL, &POWER_NO_SOFT_RESET.to_le_bytes());
        space.allow(POWER_CONTROL, &POWER_STATE.to_le_bytes());

        space.set(MSIX, &[0x11, EXPRESS as u8, VECTORS as u8 - 1, 0x00]);
        space.set(MSIX + 4, &2_u32.to_le_bytes()); // table at the start of BAR2
        space.set(MSIX + 8, &(PENDING_OFFSET as u32 | 2).to_le_bytes());
        space.allow(MSIX_CONTROL, &(MSIX_ENABLE | MSIX_FUNCTION_MASK).to_le_bytes());

        space.set(EXPRESS, &[0x10, 0x00, 0x02, 0x00]); // the last capability; version 2, an endpoint
        space.set(EXPRESS + 4, &0x1000_8001_u32.to_le_bytes()); // resets on request, role-based errors, 256-byte payloads
        space.allow(DEVICE_CONTROL, &0x7fff_u16.to_le_bytes());
        space.set(EXPRESS + 0xc, &0x0000_0103_u32.to_le_bytes()); // can be Gen3 x16
        space.set(EXPRESS + 0x12, &0x0103_u16.to_le_bytes()); // is Gen3 x16
        space.allow(EXPRESS + 0x10, &0x00c3_u16.to_le_bytes()); // link control: ASPM, common clock, extended synch
        space
    }

    fn set(&mut self, offset: usize, bytes: &[u8]) {
        self.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn allow(&mut self, offset: usize, mask: &[u8]) {
        self.writable[offset..offset + mask.len()].copy_from_slice(mask);
    }

    fn word(&self, offset: usize) -> u16 {
        u16::from_le_bytes([self.bytes[offset], self.bytes[offset + 1]])
    }

    /// Fills `data` from `offset`. What lies outside reads as all ones.
    pub(crate) fn read(&self, offset: u64, data: &mut [u8]) {
        for (nth, byte) in data.iter_mut().enumerate() {
            *byte = place(offset, nth).map_or(0xff, |at| self.bytes[at]);
        }
    }

    /// Writes what may be written of `data` at `offset`. Whether it asks for a function reset.
    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) -> bool {
        let mut reset = false;
        for (nth, &value) in data.iter().enumerate() {
            let Some(at) = place(offset, nth) else { break };
            let mask = self.writable[at];
            self.bytes[at] = self.bytes[at] & !mask | value & mask;
            reset |= at == DEVICE_CONTROL + 1 && value & (DEVICE_CONTROL_RESET >> 8) as u8 != 0;
        }
        reset
    }

    fn is_awake(&self) -> bool {
        self.word(POWER_CONTROL) & POWER_STATE == 0
    }

    /// Whether the function answers accesses to its BARs.
    pub(crate) fn memory_space(&self) -> bool {
        self.is_awake() && self.word(COMMAND) & COMMAND_MEMORY_SPACE != 0
    }

    /// Whether the function may read and write host memory.
    pub(crate) fn bus_master(&self) -> bool {
        self.is_awake() && self.word(COMMAND) & COMMAND_BUS_MASTER != 0
    }

    /// The MSI-X enable and function-mask bits.
    pub(crate) fn msix_control(&self) -> (bool, bool) {
        let control = self.word(MSIX_CONTROL);
        (control & MSIX_ENABLE != 0, control & MSIX_FUNCTION_MASK != 0)
    }

    /// Takes over the MSI-X enable and function-mask bits from where they are kept.
    pub(crate) fn set_msix_control(&mut self, (enabled, function_masked): (bool, bool)) {
        let size = self.word(MSIX_CONTROL) & !(MSIX_ENABLE | MSIX_FUNCTION_MASK);
        let control =
            size | if enabled { MSIX_ENABLE } else { 0 } | if function_masked { MSIX_FUNCTION_MASK } else { 0 };
        self.set(MSIX_CONTROL, &control.to_le_bytes());
    }
}

/// Place of byte `nth` of an access at `offset`, if it lies in configuration space.
fn place(offset: u64, nth: usize) -> Option<usize> {
    usize::try_from(offset).ok()?.checked_add(nth).filter(|&at| at < CONFIG_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(space: &ConfigSpace, offset: u64) -> [u8; N] {
        let mut data = [0; N];
        space.read(offset, &mut data);
        data
    }

    #[test]
    fn the_capability_list_names_power_msix_and_express_and_ends() {
        let space = ConfigSpace::new();
        assert_eq!(read(&space, 0), [0xee, 0x10, 0x48, 0x57]);
        let mut at = u64::from(read::<1>(&space, 0x34)[0]);
        let mut found = Vec::new();
        while at != 0 {
            let [id, next] = read(&space, at);
            found.push(id);
            at = next.into();
            assert!(found.len() < 48);
        }
        assert_eq!(found, [0x01, 0x11, 0x10]);
        assert_eq!(read(&space, 0x52), [VECTORS as u8 - 1, 0]);
        assert_eq!(read::<4>(&space, 0x64)[3] & 0x10, 0x10, "it says that it can be reset");
    }

    #[test]
    fn writing_all_ones_everywhere_changes_only_what_software_owns() {
        let before = ConfigSpace::new();
        let mut space = ConfigSpace::new();
        space.write(0, &[0xff; CONFIG_BYTES]);
        let changed: Vec<usize> = (0..CONFIG_BYTES).filter(|&at| before.bytes[at] != space.bytes[at]).collect();
        let expected = [0x04, 0x05, 0x0c, 0x12, 0x13, 0x19, 0x1a, 0x1b, 0x3c, 0x44, 0x53, 0x68, 0x69, 0x70];
        assert_eq!(changed, expected);
        assert_eq!(read(&space, 0x10), 0xffff_0000_u32.to_le_bytes(), "BAR0 is of 64 KiB");
        assert_eq!(read(&space, 0x18), 0xffff_f000_u32.to_le_bytes(), "BAR2 is of 4 KiB");
        assert_eq!(read(&space, 0x04), 0x0546_u16.to_le_bytes());
    }

    #[test]
    fn the_command_register_and_the_power_state_decide_what_the_function_does() {
        let mut space = ConfigSpace::new();
        let state = |space: &ConfigSpace| (space.memory_space(), space.bus_master());
        assert_eq!(state(&space), (false, false));
        space.write(4, &[2, 0]);
        assert_eq!(state(&space), (true, false));
        space.write(4, &[6]);
        assert_eq!(state(&space), (true, true));
        space.write(0x44, &[3]);
        assert_eq!(state(&space), (false, false), "asleep");
        space.write(0x44, &[0]);
        assert_eq!(state(&space), (true, true));
    }

    #[test]
    fn a_reset_is_asked_for_by_its_bit_alone_which_reads_as_zero() {
        let mut space = ConfigSpace::new();
        assert!(!space.write(0x68, &0x7fff_u16.to_le_bytes()));
        assert!(space.write(0x68, &0xa810_u16.to_le_bytes()));
        assert!(space.write(0x69, &[0x80]));
        assert_eq!(read::<2>(&space, 0x68)[1] & 0x80, 0);
    }

    #[test]
    fn nothing_outside_is_read_or_written() {
        let mut space = ConfigSpace::new();
        assert_eq!(read(&space, 4094), [0, 0, 0xff, 0xff]);
        assert_eq!(read(&space, u64::MAX - 1), [0xff; 1]);
        assert!(!space.write(4095, &[0xff; 8]));
        assert!(!space.write(u64::MAX - 4, &[0xff; 4]));
    }

    #[test]
    fn msix_bits_are_kept_elsewhere_and_shown_here() {
        let mut space = ConfigSpace::new();
        space.set_msix_control((true, false));
        assert_eq!(read(&space, 0x52), [VECTORS as u8 - 1, 0x80]);
        space.write(0x53, &[0x40]);
        assert_eq!(space.msix_control(), (false, true));
    }
}
