//! A card under the kernel's `vfio-pci`: `vfio-ioctls` owns container, group, vectors and DMA windows; BAR0 is mapped.
//!
//! Nothing here goes through `region_read` or `region_write` of `vfio-ioctls`: they only log a failure, so a register of a
//! dead card would look like success. Configuration space is read and written at the device's descriptor instead.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use vfio_bindings::bindings::vfio::{
    VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX,
    VFIO_REGION_INFO_FLAG_MMAP,
};
use vfio_ioctls::{VfioContainer, VfioDevice, VfioError};
use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::ioctl::ioctl;
use whorl_device::dma::{DmaMemory, HUGE_PAGE_BYTES};
use whorl_device::{Transport, TransportError};
use whorl_layout::{BAR0_BYTES, PCI_DEVICE_ID, PCI_VENDOR_ID};

use crate::address::Address;
use crate::bar::MappedBar;
use crate::places::Places;
use crate::vectors::Vectors;

/// `VFIO_DEVICE_RESET` of linux/vfio.h. The crate's own call of it says nothing of its success.
const DEVICE_RESET: u64 = 0x3b6f;
/// Bound of a function reset, which takes 100 ms, while the kernel says that somebody else is at the function.
const RESET_BOUND: Duration = Duration::from_secs(1);
/// Pause between two attempts.
const RESET_PAUSE: Duration = Duration::from_millis(10);

/// Opens the card at the PCI address `bdf`, as in `0000:65:00.0`, which must be bound to `vfio-pci`.
///
/// # Errors
/// `InvalidArgument` if `bdf` is no PCI address. `Unavailable`, with the remedy, if the function is absent, not bound, in
/// no IOMMU group, open elsewhere or not a Whorl card. `System` if the kernel refuses for another reason.
pub fn open(bdf: &str) -> Result<Box<dyn Transport>, TransportError> {
    let address = Address::parse(bdf)?;
    let places = Places::default();
    places.check(address)?;
    let container = VfioContainer::new(None).map_err(|error| system("open a VFIO container", error))?;
    let container = Arc::new(container);
    let device = VfioDevice::new(&places.device(address), Arc::clone(&container) as Arc<_>, true)
        .map_err(|error| system("open the card's IOMMU group", error))?;
    let size = device.get_region_size(VFIO_PCI_BAR0_REGION_INDEX);
    let mappable = device.get_region_flags(VFIO_PCI_BAR0_REGION_INDEX) & VFIO_REGION_INFO_FLAG_MMAP != 0;
    let bar = if size == BAR0_BYTES as u64 && mappable {
        MappedBar::new(descriptor(&device), device.get_region_offset(VFIO_PCI_BAR0_REGION_INDEX))
            .map_err(|source| TransportError::System { action: "map BAR0", source })?
    } else {
        return Err(not_a_card(address, &format!("its BAR0 is of {size} bytes, mappable: {mappable}")));
    };
    let mut card = Vfio { address, bar, vectors: None, removal: Vectors::default(), warned: false, device, container };
    let mut id = [0; 4];
    card.config_read(0, &mut id)?;
    let id = (u16::from_le_bytes([id[0], id[1]]), u16::from_le_bytes([id[2], id[3]]));
    if id != (PCI_VENDOR_ID, PCI_DEVICE_ID) {
        return Err(not_a_card(address, &format!("it is {:04x}:{:04x}", id.0, id.1)));
    }
    card.watch_removal()?;
    Ok(Box::new(card))
}

/// The parts in the order in which they must be dropped: the mapping and the vectors before the device, the device
/// before the container.
struct Vfio {
    address: Address,
    bar: MappedBar,
    vectors: Option<Vectors>,
    removal: Vectors, // one, raised when the kernel wants the card back; none: this kernel does not say
    warned: bool,     // of ordinary pages
    device: VfioDevice,
    container: Arc<VfioContainer>,
}

impl std::fmt::Debug for Vfio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vfio").field("bar", &self.bar).field("vectors", &self.vectors).finish_non_exhaustive()
    }
}

fn not_a_card(address: Address, why: &str) -> TransportError {
    TransportError::Unavailable {
        what: format!("PCI function {address} is not a Whorl card: {why}"),
        remedy: "Give the address of a card, or load the card image of this release".into(),
    }
}

/// The crate's errors are texts about one system call each; they are passed on as such.
fn system(action: &'static str, error: VfioError) -> TransportError {
    TransportError::System { action, source: std::io::Error::other(error) }
}

fn explain_map(bytes: usize, error: VfioError) -> TransportError {
    match error {
        VfioError::IommuDmaMap(error) if error.errno() == Errno::NOMEM.raw_os_error() => TransportError::Unavailable {
            what: format!("The kernel does not let this user pin {bytes} bytes of memory for the card"),
            remedy: "Raise the limit of locked memory (`ulimit -l`, or LimitMEMLOCK of the service)".into(),
        },
        error => system("map DMA memory", error),
    }
}

fn descriptor(device: &VfioDevice) -> BorrowedFd<'_> {
    // SAFETY: the device keeps its descriptor open as long as it lives, and the borrow does not outlive it.
    unsafe { BorrowedFd::borrow_raw(device.as_raw_fd()) }
}

impl Vfio {
    /// Has the kernel say when it wants the card back: it waits until the card is let go, and a reading of all ones may
    /// never come.
    fn watch_removal(&mut self) -> Result<(), TransportError> {
        let offered = self.device.get_irq_info(VFIO_PCI_REQ_IRQ_INDEX).is_some_and(|info| info.count > 0);
        if offered {
            let removal = Vectors::new(1)?;
            self.connect(VFIO_PCI_REQ_IRQ_INDEX, &removal, "watch for the card's removal")?;
            self.removal = removal;
        }
        Ok(())
    }

    fn check_not_removed(&self) -> Result<(), TransportError> {
        let asked = self.removal.fds().next().is_some() && self.removal.wait(0, Duration::ZERO)?;
        if asked {
            return Err(TransportError::Lost { reason: "the kernel is removing it from the bus".into() });
        }
        Ok(())
    }

    fn connect(&self, index: u32, vectors: &Vectors, action: &'static str) -> Result<(), TransportError> {
        let mut events = Vec::new();
        for fd in vectors.fds() {
            let fd = fd.try_clone_to_owned();
            let fd = fd.map_err(|source| TransportError::System { action: "duplicate an eventfd", source })?;
            // SAFETY: a descriptor that was just made an eventfd's and is owned by nothing else from here on.
            events.push(unsafe { EventFd::from_raw_fd(fd.into_raw_fd()) });
        }
        self.device.enable_irq(index, events.iter().collect()).map_err(|error| system(action, error))
    }

    fn config_place(&self, offset: u16, bytes: usize) -> Result<u64, TransportError> {
        let size = self.device.get_region_size(VFIO_PCI_CONFIG_REGION_INDEX);
        if u64::from(offset) + bytes as u64 > size {
            let what = format!("{bytes} bytes at {offset:#x} of a configuration space of {size}");
            return Err(TransportError::InvalidArgument { what });
        }
        Ok(self.device.get_region_offset(VFIO_PCI_CONFIG_REGION_INDEX) + u64::from(offset))
    }
}

fn register_refused(offset: u32) -> TransportError {
    let what = format!("BAR0 offset {offset:#x}, must be a multiple of 4 below {BAR0_BYTES:#x}");
    TransportError::InvalidArgument { what }
}

fn transferred(action: &'static str, result: rustix::io::Result<usize>, bytes: usize) -> Result<(), TransportError> {
    match result {
        Ok(done) if done == bytes => Ok(()),
        Ok(done) => Err(TransportError::Lost { reason: format!("{done} of {bytes} bytes of configuration space") }),
        Err(source) => Err(TransportError::System { action, source: source.into() }),
    }
}

impl Transport for Vfio {
    fn config_read(&mut self, offset: u16, data: &mut [u8]) -> Result<(), TransportError> {
        let place = self.config_place(offset, data.len())?;
        let bytes = data.len();
        transferred("read configuration space", rustix::io::pread(descriptor(&self.device), data, place), bytes)
    }

    fn config_write(&mut self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        let place = self.config_place(offset, data.len())?;
        let written = rustix::io::pwrite(descriptor(&self.device), data, place);
        transferred("write configuration space", written, data.len())
    }

    fn bar0_read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.bar.read(offset).ok_or_else(|| register_refused(offset))
    }

    fn bar0_write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        self.bar.write(offset, value).ok_or_else(|| register_refused(offset))
    }

    fn dma_map(&mut self, iova: u64, memory: &DmaMemory) -> Result<(), TransportError> {
        if !memory.is_huge() && memory.bytes() >= HUGE_PAGE_BYTES && !std::mem::replace(&mut self.warned, true) {
            tracing::warn!(
                "no huge pages are free for {} bytes of memory: mapping it for the card takes longer, and may use up what the \
                 IOMMU can hold; reserve some with `sysctl vm.nr_hugepages=N`, 2 MiB each",
                memory.bytes()
            );
        }
        // SAFETY: `DmaMemory` never hands out a reference, only volatile copies; the kernel pins its pages, so they
        // outlive the mapping even if the memory is unmapped here first.
        unsafe { self.container.vfio_dma_map(iova, memory.bytes(), memory.as_ptr()) }
            .map_err(|error| explain_map(memory.bytes(), error))
    }

    fn dma_unmap(&mut self, iova: u64, bytes: u64) -> Result<(), TransportError> {
        self.container.vfio_dma_unmap(iova, bytes as usize).map_err(|error| system("unmap DMA memory", error))
    }

    fn irq_enable(&mut self, vectors: u16) -> Result<(), TransportError> {
        let available = self.device.get_irq_info(VFIO_PCI_MSIX_IRQ_INDEX).map_or(0, |info| info.count);
        if u32::from(vectors) > available {
            let what = format!("{vectors} MSI-X vectors of a card of {available}");
            return Err(TransportError::InvalidArgument { what });
        }
        let vectors = Vectors::new(vectors)?;
        self.connect(VFIO_PCI_MSIX_IRQ_INDEX, &vectors, "enable MSI-X")?;
        self.vectors = Some(vectors);
        Ok(())
    }

    fn irq_disable(&mut self) -> Result<(), TransportError> {
        if self.vectors.take().is_some() {
            self.device.disable_msix().map_err(|error| system("disable MSI-X", error))?;
        }
        Ok(())
    }

    fn irq_wait(&mut self, vector: u16, timeout: Duration) -> Result<bool, TransportError> {
        let Some(vectors) = &self.vectors else { return Vectors::default().wait(vector, timeout) };
        vectors.wait_present(vector, timeout, || self.check_not_removed())
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let deadline = Instant::now() + RESET_BOUND;
        loop {
            // SAFETY: the request takes no argument, and the descriptor is the device's.
            if unsafe { ioctl(&self.device, DEVICE_RESET) } == 0 {
                return Ok(());
            }
            let source = std::io::Error::last_os_error();
            let busy = source.raw_os_error() == Some(Errno::AGAIN.raw_os_error());
            if !busy || Instant::now() >= deadline {
                return Err(TransportError::System { action: "reset the function", source });
            }
            std::thread::sleep(RESET_PAUSE);
        }
    }

    fn address(&self) -> Option<String> {
        Some(self.address.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_opened_is_refused_with_a_text_that_helps() {
        assert!(matches!(open("65:00"), Err(TransportError::InvalidArgument { .. })));
        // No machine has this function: domain ffff belongs to no bridge.
        let error = open("ffff:ff:1f.7").unwrap_err();
        assert!(error.to_string().contains("There is no PCI function ffff:ff:1f.7. List the cards"), "{error}");
    }

    #[test]
    fn memory_that_may_not_be_pinned_is_said_with_the_remedy() {
        let refused = |errno: Errno| {
            explain_map(4096, VfioError::IommuDmaMap(vmm_sys_util::errno::Error::new(errno.raw_os_error())))
        };
        let text = refused(Errno::NOMEM).to_string();
        assert!(text.contains("4096 bytes") && text.contains("ulimit -l"), "{text}");
        assert!(matches!(refused(Errno::INVAL), TransportError::System { action: "map DMA memory", .. }));
    }

    #[test]
    fn a_short_transfer_of_configuration_space_is_a_lost_card() {
        assert!(transferred("read", Ok(4), 4).is_ok());
        assert!(matches!(transferred("read", Ok(3), 4), Err(TransportError::Lost { .. })));
        let error = transferred("read it", Err(Errno::IO), 4).unwrap_err();
        assert!(matches!(error, TransportError::System { action: "read it", .. }));
    }
}
