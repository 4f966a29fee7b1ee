//! The border between the driver and whatever carries it to a card.

use std::io;
use std::time::Duration;

use crate::dma::DmaMemory;

/// What [`Transport::reset`] takes at most where the function comes back. The kernel waits for one that does not, a minute for
/// each way of resetting it that it knows, and nobody can hurry it.
pub const RESET_CALL_BOUND: Duration = Duration::from_secs(3);

/// One PCI function as the driver sees it: configuration space, BAR0, DMA windows, MSI-X vectors and a reset.
///
/// All calls are synchronous and bounded in time: a transport whose card no longer answers returns
/// [`TransportError::Lost`] rather than waiting on. Dropping a transport ends every DMA of the card.
pub trait Transport: Send + std::fmt::Debug {
    /// Fills `data` from configuration space at byte `offset`.
    ///
    /// # Errors
    /// [`TransportError`]; `data` is then unspecified.
    fn config_read(&mut self, offset: u16, data: &mut [u8]) -> Result<(), TransportError>;

    /// Writes `data` to configuration space at byte `offset`.
    ///
    /// # Errors
    /// [`TransportError`]; the write may or may not have reached the card.
    fn config_write(&mut self, offset: u16, data: &[u8]) -> Result<(), TransportError>;

    /// Reads the 32-bit register at BAR0 byte `offset`, a multiple of 4. A card that is gone may read as all ones.
    ///
    /// # Errors
    /// [`TransportError`].
    fn bar0_read(&mut self, offset: u32) -> Result<u32, TransportError>;

    /// Writes the 32-bit register at BAR0 byte `offset`, a multiple of 4. Returns once the write is on its way.
    ///
    /// # Errors
    /// [`TransportError`]; the write may or may not have reached the card.
    fn bar0_write(&mut self, offset: u32, value: u32) -> Result<(), TransportError>;

    /// Lets the card reach all of `memory` at `iova`, a multiple of the memory's page size.
    ///
    /// # Errors
    /// [`TransportError`]; nothing is mapped then.
    fn dma_map(&mut self, iova: u64, memory: &DmaMemory) -> Result<(), TransportError>;

    /// Ends the card's access to the window of `bytes` bytes at `iova`, exactly as it was mapped. On success no byte of
    /// it is read or written by the card any more.
    ///
    /// # Errors
    /// [`TransportError`]; the window must then be taken to be still mapped.
    fn dma_unmap(&mut self, iova: u64, bytes: u64) -> Result<(), TransportError>;

    /// Connects MSI-X vectors `0..vectors` and enables MSI-X.
    ///
    /// # Errors
    /// [`TransportError`]; no vector is connected then.
    fn irq_enable(&mut self, vectors: u16) -> Result<(), TransportError>;

    /// Disables MSI-X and disconnects all vectors. Does nothing where none is connected.
    ///
    /// # Errors
    /// [`TransportError`].
    fn irq_disable(&mut self) -> Result<(), TransportError>;

    /// Waits until `vector` was raised since it was last waited for (`true`), or `timeout` has passed (`false`).
    ///
    /// # Errors
    /// [`TransportError`]; `InvalidArgument` if the vector is not connected.
    fn irq_wait(&mut self, vector: u16, timeout: Duration) -> Result<bool, TransportError>;

    /// Resets the function (FLR or its equivalent) within [`RESET_CALL_BOUND`]. BAR0 state is lost, DMA windows and vectors
    /// stay.
    ///
    /// # Errors
    /// [`TransportError`].
    fn reset(&mut self) -> Result<(), TransportError>;

    /// Its address on the PCI bus of this machine, as sysfs writes it. `None`: it is on none, as a simulated card.
    fn address(&self) -> Option<String> {
        None
    }
}

/// What went wrong between the driver and the card.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The other end is gone or does not answer within its bound.
    #[error("The card does not answer: {reason}")]
    Lost {
        /// What was seen.
        reason: String,
    },
    /// The card cannot be reached from here, for a cause that the operator can remove.
    #[error("{what}. {remedy}")]
    Unavailable {
        /// What is missing or in the way.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// A system call failed.
    #[error("Cannot {action}")]
    System {
        /// What was being done, as in "Cannot map DMA memory".
        action: &'static str,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The caller asked for something that this function does not have.
    #[error("Invalid argument to the transport: {what}")]
    InvalidArgument {
        /// The argument and its range.
        what: String,
    },
}
