//! What the card's thread and the session share: the client's memory and its interrupts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::guest_memory::GuestMemory;
use crate::link::Memory;
use crate::msix::Msix;

/// Memory that the card may reach, if it is allowed to at all.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    pub(crate) memory: GuestMemory,
    pub(crate) bus_master: bool,
}

/// The client's machine. A transfer holds the lock on memory, so a window that has been unmapped, or a bus mastering
/// that has been turned off, is not seen by any transfer after that.
#[derive(Debug)]
pub(crate) struct Host {
    reach: Mutex<Reach>,
    msix: Mutex<Msix>,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self { reach: Mutex::new(Reach::default()), msix: Mutex::new(Msix::new()) }
    }

    /// The client's memory. A session that panicked leaves a consistent map: every change is one insertion or removal.
    pub(crate) fn reach(&self) -> MutexGuard<'_, Reach> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client's interrupts.
    pub(crate) fn msix(&self) -> MutexGuard<'_, Msix> {
        self.msix.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory for Host {
    fn read(&self, address: u64, data: &mut [u8]) -> bool {
        let reach = self.reach();
        reach.bus_master && reach.memory.read(address, data)
    }

    fn write(&self, address: u64, data: &[u8]) -> bool {
        let reach = self.reach();
        reach.bus_master && reach.memory.write(address, data)
    }
}
