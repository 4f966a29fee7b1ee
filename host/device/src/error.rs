//! Everything that can go wrong with a card, as its user needs to tell it apart.

use std::error::Error;
use std::time::Duration;

use whorl_layout::Status;

use crate::transport::TransportError;

/// The message of an error with all its causes.
pub fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Why an operation on a card failed, and what is left of the card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The card is gone: its registers read as all ones, or its transport is dead. Nothing but dropping the device helps.
    #[error("The card is lost: {reason}")]
    CardLost {
        /// What was seen.
        reason: String,
    },
    /// A command did not complete in time. It was ended; [`Recovery`] says by what means and what was lost with it.
    #[error("The card did not complete a command within {after:?}; {recovery}")]
    Timeout {
        /// How long was waited.
        after: Duration,
        /// What ended the command.
        recovery: Recovery,
    },
    /// The caller stopped waiting for a command. It was ended; [`Recovery`] says by what means.
    #[error("The command was stopped; {recovery}")]
    Stopped {
        /// What ended the command.
        recovery: Recovery,
    },
    /// Host memory did not answer the card in time, and the card ended the command for that.
    #[error("Host memory did not answer the card in time; {}", match .recovery {
        Some(recovery) => recovery.to_string(),
        None => "the answer came later, and the card is as it was".to_owned(),
    })]
    BusTimeout {
        /// What was needed to have the card back, where the answer never came.
        recovery: Option<Recovery>,
    },
    /// What is at BAR0 is not a Whorl card.
    #[error("This is not a Whorl card: the identification register reads {found:#010x}, not {expected:#010x}")]
    NotWhorl {
        /// The value read.
        found: u32,
        /// The value of a Whorl card.
        expected: u32,
    },
    /// The card's register interface has another major version than this driver.
    #[error(
        "The card has interface version {found}, this software knows {expected}; load the card image of this release"
    )]
    VersionMismatch {
        /// Major version of the card.
        found: u16,
        /// Major version that this driver knows.
        expected: u16,
    },
    /// Card and driver were generated from different specifications.
    #[error(
        "The card was built from specification {found:#010x}, this software from {expected:#010x}; \
         load the card image of this release, or run the software release that the image came with"
    )]
    SpecMismatch {
        /// Hash read from the card.
        found: u32,
        /// Hash compiled into this driver.
        expected: u32,
    },
    /// The card ended a command with a status other than success. The card remains usable.
    #[error("The card ended a command with {status:?} (detail {detail})")]
    Command {
        /// The reason it gave.
        status: Status,
        /// Index of the extent concerned, for CRC, format, DMA and address errors of a search; stream * 256 + probe slot
        /// for `ProbeParity`; else 0.
        detail: u32,
    },
    /// The card said or wrote something that it never should. It must be reset before its answers are trusted again.
    #[error("The card broke its protocol: {what}")]
    Protocol {
        /// What was wrong.
        what: String,
    },
    /// The request does not fit this card. Nothing was sent.
    #[error("The request does not fit this card: {what}")]
    InvalidRequest {
        /// The field and its range.
        what: String,
    },
    /// As many commands are in flight as the queue holds. Finish one and try again.
    #[error("The card's queue is full")]
    QueueFull,
    /// The command was in flight when the card was reset or taken out of service; nothing is known of it.
    #[error("The command was lost when the card was reset")]
    LostInReset,
    /// Somebody else reset the card under the driver, as the kernel does when it is told to in sysfs. It runs again;
    /// commands in flight and loaded probes are lost.
    #[error("The card was reset by somebody else; it must be given its probes again")]
    ForeignReset,
    /// An earlier failure left the card without queues.
    #[error("The card is out of service since an earlier failure; reset it, or close it and open it again")]
    OutOfService,
    /// Memory for the card could not be had.
    #[error("No DMA memory of {bytes} bytes can be had")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
        /// The system's answer, or none where the card's address space is used up.
        #[source]
        source: Option<std::io::Error>,
    },
    /// Card memory has no free run of that size.
    #[error("No channel of card memory has {bytes} bytes free")]
    CardMemoryFull {
        /// Bytes asked for.
        bytes: u64,
    },
    /// The transport failed in a way that does not mean that the card is gone.
    #[error("The transport to the card failed")]
    Transport {
        /// Its error.
        #[source]
        source: TransportError,
    },
}

impl From<TransportError> for DeviceError {
    fn from(source: TransportError) -> Self {
        match source {
            TransportError::Lost { reason } => Self::CardLost { reason },
            source => Self::Transport { source },
        }
    }
}

/// The step of the reset ladder that ended an overdue command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The card aborted the command; loaded probes and other commands are as they were.
    Abort,
    /// The queue pair was reset; loaded probes are as they were, other commands in flight are lost.
    QueueReset,
    /// The card's queues and engines were reset: every command in flight and every loaded probe is lost.
    CardReset,
    /// The whole function was reset: every command in flight and every loaded probe is lost.
    FunctionReset,
}

impl std::fmt::Display for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Abort => "it was aborted and the card is as it was",
            Self::QueueReset => "its queue was reset, and the card is as it was",
            Self::CardReset => "the card was reset and must be given its probes again",
            Self::FunctionReset => "the PCI function was reset and must be given its probes again",
        })
    }
}
