//! One client's session: what it does over vfio-user, done to the function.
//!
//! Everything here comes from the client: regions, offsets, lengths, counts and descriptors are bounded before use. An
//! access that no device would answer reads as all ones and writes nothing, as on a bus.

use std::fs::File;
use std::io;
use std::sync::Arc;

use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK,
    VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_NONE, VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_BAR2_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_REGIONS,
    VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE, vfio_region_info,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, IrqInfo, ServerBackend, ServerRegion};
use whorl_layout::BAR0_BYTES;

use crate::card::CardHandle;
use crate::config_space::{CONFIG_BYTES, ConfigSpace};
use crate::guest_memory;
use crate::host::Host;
use crate::msix::{BAR2_BYTES, VECTORS};
use crate::register_port::Access;

/// Bytes of one access to a BAR at most: what a processor does in one instruction.
const BAR_ACCESS_MAX: usize = 8;

/// Interrupts of the function, for the server to tell.
pub(crate) fn irqs() -> Vec<IrqInfo> {
    let info = |index| {
        let msix = index == VFIO_PCI_MSIX_IRQ_INDEX;
        IrqInfo {
            index,
            flags: if msix { VFIO_IRQ_INFO_EVENTFD } else { 0 },
            count: if msix { VECTORS as u32 } else { 0 },
        }
    };
    (0..VFIO_PCI_NUM_IRQS).map(info).collect()
}

/// Regions of the function, for the server to tell.
pub(crate) fn regions() -> Vec<ServerRegion> {
    let region = |index| {
        let size = region_bytes(index);
        let flags = if size > 0 { VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE } else { 0 };
        let argsz = size_of::<vfio_region_info>() as u32;
        let offset = u64::from(index) << 40; // apart, as vfio-pci has them
        let region_info = vfio_region_info { argsz, flags, index, cap_offset: 0, size: size as u64, offset };
        ServerRegion { region_info, sparse_areas: Vec::new(), mmap_fd: None }
    };
    (0..VFIO_PCI_NUM_REGIONS).map(region).collect()
}

fn region_bytes(index: u32) -> usize {
    match index {
        VFIO_PCI_BAR0_REGION_INDEX => BAR0_BYTES,
        VFIO_PCI_BAR2_REGION_INDEX => BAR2_BYTES,
        VFIO_PCI_CONFIG_REGION_INDEX => CONFIG_BYTES,
        _ => 0,
    }
}

/// The function as one client finds it and leaves it.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    card: &'a CardHandle,
    host: Arc<Host>,
    config: ConfigSpace,
    resets: u64,
}

impl<'a> Session<'a> {
    /// A session on a card just reset.
    pub(crate) fn new(card: &'a CardHandle, host: Arc<Host>) -> Self {
        Self { card, host, config: ConfigSpace::new(), resets: 0 }
    }

    /// Function resets that the client asked for.
    pub(crate) fn resets(&self) -> u64 {
        self.resets
    }

    /// Leaves nothing of the client: no DMA, no windows, no vectors, a card just reset. In that order, so that the card
    /// cannot write after the client is gone.
    pub(crate) fn end(&mut self) {
        {
            let mut reach = self.host.reach();
            reach.bus_master = false;
            reach.memory.clear();
        }
        self.host.msix().disconnect_all();
        self.config = ConfigSpace::new();
        self.card.reset();
    }

    fn function_reset(&mut self) {
        self.resets += 1;
        self.host.reach().bus_master = false;
        self.card.reset();
        self.config = ConfigSpace::new();
        let mut msix = self.host.msix();
        msix.reset();
        self.config.set_msix_control(msix.control());
    }

    fn write_config(&mut self, offset: u64, data: &[u8]) {
        if self.config.write(offset, data) {
            self.function_reset();
            return;
        }
        self.host.reach().bus_master = self.config.bus_master();
        let (enabled, function_masked) = self.config.msix_control();
        self.host.msix().set_control(enabled, function_masked);
    }

    fn read_bar(&self, region: u32, offset: u64, data: &mut [u8]) {
        data.fill(0xff);
        if !self.config.memory_space() {
            return;
        }
        let Some(words) = words(offset, data.len(), region_bytes(region)) else { return };
        for word in words {
            let value = match region {
                VFIO_PCI_BAR0_REGION_INDEX => self.card.access(Access::Read { offset: word.offset as u16 }),
                _ => self.host.msix().read(word.offset),
            };
            data[word.data.clone()].copy_from_slice(&value.to_le_bytes()[word.lanes()]);
        }
    }

    fn write_bar(&self, region: u32, offset: u64, data: &[u8]) {
        if !self.config.memory_space() {
            return;
        }
        let Some(words) = words(offset, data.len(), region_bytes(region)) else { return };
        for word in words {
            let mut bytes = [0; 4];
            bytes[word.lanes()].copy_from_slice(&data[word.data.clone()]);
            let value = u32::from_le_bytes(bytes);
            let strobes = word.lanes().fold(0, |strobes, lane| strobes | 1 << lane);
            match region {
                VFIO_PCI_BAR0_REGION_INDEX => {
                    self.card.access(Access::Write { offset: word.offset as u16, value, strobes });
                }
                // The table takes whole words only, as the specification allows.
                _ if strobes == 0xf => self.host.msix().write(word.offset, value),
                _ => {}
            }
        }
    }
}

/// The part of an access that lies in one 32-bit word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    offset: usize, // of the word in its region
    first_lane: usize,
    data: std::ops::Range<usize>, // of the access
}

impl Word {
    fn lanes(&self) -> std::ops::Range<usize> {
        self.first_lane..self.first_lane + self.data.len()
    }
}

/// The words that an access touches; `None` if it is larger than any instruction's or not inside the region.
fn words(offset: u64, bytes: usize, region_bytes: usize) -> Option<impl Iterator<Item = Word>> {
    let offset = usize::try_from(offset).ok()?;
    let end = offset.checked_add(bytes)?;
    if bytes > BAR_ACCESS_MAX || end > region_bytes {
        return None;
    }
    let mut at = offset;
    Some(std::iter::from_fn(move || {
        let first_lane = at % 4;
        let count = (4 - first_lane).min(end - at);
        let word = Word { offset: at - first_lane, first_lane, data: at - offset..at - offset + count };
        at += count;
        (count > 0).then_some(word)
    }))
}

impl ServerBackend for Session<'_> {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        match region {
            VFIO_PCI_CONFIG_REGION_INDEX if data.len() <= CONFIG_BYTES => self.config.read(offset, data),
            VFIO_PCI_BAR0_REGION_INDEX | VFIO_PCI_BAR2_REGION_INDEX if data.len() <= BAR_ACCESS_MAX => {
                self.read_bar(region, offset, data);
            }
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }

    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        match region {
            VFIO_PCI_CONFIG_REGION_INDEX if data.len() <= CONFIG_BYTES => self.write_config(offset, data),
            VFIO_PCI_BAR0_REGION_INDEX | VFIO_PCI_BAR2_REGION_INDEX if data.len() <= BAR_ACCESS_MAX => {
                self.write_bar(region, offset, data);
            }
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
        Ok(())
    }

    fn dma_map(
        &mut self,
        flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        fd: Option<File>,
    ) -> io::Result<()> {
        let access =
            guest_memory::Access { read: flags.contains(DmaMapFlags::READ), write: flags.contains(DmaMapFlags::WRITE) };
        tracing::debug!(address, size, offset, ?access, file = fd.is_some(), "window mapped");
        self.host.reach().memory.map(address, size, access, fd, offset)
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        tracing::debug!(address, size, ?flags, "window unmapped");
        let mut reach = self.host.reach();
        if flags.contains(DmaUnmapFlags::UNMAP_ALL) {
            reach.memory.clear();
            return Ok(());
        }
        reach.memory.unmap(address, size)
    }

    fn reset(&mut self) -> io::Result<()> {
        self.function_reset();
        Ok(())
    }

    fn set_irqs(&mut self, index: u32, flags: u32, start: u32, count: u32, fds: Vec<File>) -> io::Result<()> {
        if index != VFIO_PCI_MSIX_IRQ_INDEX {
            return Ok(()); // the function has no others to set
        }
        let mut msix = self.host.msix();
        let (start, count) = (start as usize, count as usize);
        if flags & VFIO_IRQ_SET_ACTION_TRIGGER != 0 && flags & VFIO_IRQ_SET_DATA_EVENTFD != 0 {
            match fds.len() {
                0 => msix.disconnect(start, count)?, // how a virtual machine lets go of single vectors
                connected if connected == count => msix.connect(start, fds)?,
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
        } else if flags & VFIO_IRQ_SET_ACTION_TRIGGER != 0 && flags & VFIO_IRQ_SET_DATA_NONE != 0 {
            if count == 0 {
                msix.disconnect_all();
            }
            for vector in (start..VECTORS).take(count) {
                msix.raise(vector); // a loopback test of the eventfd
            }
        } else if flags & VFIO_IRQ_SET_ACTION_MASK != 0 {
            msix.set_masked(start, count, true)?;
        } else if flags & VFIO_IRQ_SET_ACTION_UNMASK != 0 {
            msix.set_masked(start, count, false)?;
        }
        self.config.set_msix_control(msix.control());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_split_into_words() {
        let split = |offset, bytes| {
            let words = words(offset, bytes, 64)?;
            Some(words.map(|word| (word.offset, word.lanes(), word.data)).collect::<Vec<_>>())
        };
        assert_eq!(split(8, 4), Some(vec![(8, 0..4, 0..4)]));
        assert_eq!(split(8, 8), Some(vec![(8, 0..4, 0..4), (12, 0..4, 4..8)]));
        assert_eq!(split(6, 4), Some(vec![(4, 2..4, 0..2), (8, 0..2, 2..4)]));
        assert_eq!(split(63, 1), Some(vec![(60, 3..4, 0..1)]));
        assert_eq!(split(0, 0), Some(vec![]));
        assert_eq!([split(64, 1), split(60, 8), split(0, 9), split(u64::MAX, 1)], [None, None, None, None]);
    }

    #[test]
    fn the_regions_are_those_of_the_function() {
        let sizes: Vec<u64> = regions().iter().map(|region| region.region_info.size).collect();
        assert_eq!(sizes, [0x1_0000, 0, 0x1000, 0, 0, 0, 0, 0x1000, 0]);
        let counts: Vec<u32> = irqs().iter().map(|irq| irq.count).collect();
        assert_eq!(counts, [0, 0, 8, 0, 0]);
    }
}
