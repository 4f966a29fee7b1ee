//! Kinds of faults, and how each is brought about.

use crate::common::Numbers;
use std::ops::Range;
use std::time::Duration;
use whorl_sim::{FaultKind, Faults, Mishap};

/// First address that the driver gives a card: its pool of 16 MiB, which begins with the rings.
const POOL: u64 = 1 << 32;
const PAGE: u64 = 4096;
/// Rings of the I/O queue of a device just opened.
const SUBMISSIONS: Range<u64> = POOL + 2 * PAGE..POOL + 3 * PAGE;
const COMPLETIONS: Range<u64> = POOL + 3 * PAGE..POOL + 4 * PAGE;
/// Probe images and extent lists are read from here, results written here.
const BUFFERS: Range<u64> = POOL + 4 * PAGE..POOL + (16 << 20);
/// Shards and known answers.
const GALLERY: Range<u64> = POOL + (16 << 20)..POOL + (1 << 34);
/// Channels of card memory begin at 0.
const CARD_MEMORY: Range<u64> = 0..POOL;

/// Read bursts of the gallery and of the buffers, and write bursts, in a search of the campaign: at least.
const GALLERY_BURSTS: u64 = 120;
const BUFFER_BURSTS: u64 = 24;
const RESULT_BURSTS: u64 = 6;
/// Commands of a search.
const COMMANDS: u64 = 4;

macro_rules! kinds {
    ($($(#[doc = $text:literal])* $name:ident = $label:literal,)*) => {
        /// What goes wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[doc = $text])* $name,)* }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

kinds! {
    GalleryReadError = "gallery read refused",
    GalleryReadLost = "gallery read never answered",
    GalleryReadLate = "gallery read answered late",
    GalleryFlip = "gallery bit flipped on the way",
    BufferReadError = "image or extent list read refused",
    BufferFlip = "image or extent list bit flipped",
    SubmissionReadError = "submission entry read refused",
    SubmissionReadLost = "submission entry read never answered",
    ResultWriteError = "result write refused",
    ResultWriteLost = "result write never answered",
    ResultWriteLate = "result write answered late",
    ResultFlip = "result bit flipped",
    ResultDropped = "result write acknowledged and dropped",
    CompletionWriteError = "completion write refused",
    CompletionDropped = "completion lost",
    CompletionLate = "completion answered late",
    CompletionFlip = "completion bit flipped",
    CompletionPhase = "completion of the wrong phase",
    CompletionTwice = "completion duplicated",
    InterruptLost = "interrupts lost",
    InterruptHeld = "interrupts held back",
    RegistersBlink = "registers all ones for a while",
    RegistersGone = "registers all ones for good",
    ForeignReset = "function reset by somebody else",
    LinkStall = "link stalled",
    SlowCard = "card far too slow",
    ProbeBit = "probe bit flipped in a lane",
    DeadLane = "lane stuck",
    CardMemoryError = "card memory read refused",
    CardMemoryFlip = "card memory bit flipped",
    SimulatorKilled = "socket closed",
    MemoryExhausted = "memory exhausted",
    QueueFull = "queue full",
}

/// Which surroundings a kind needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A pool over a card that streams the gallery.
    Streamed,
    /// A pool over a card that has the gallery in its memory.
    Resident,
    /// A pool over a card of another process.
    Process,
    /// The driver alone.
    Device,
}

/// Something that happens while the search runs.
pub type Later = (Duration, Box<dyn FnOnce() + Send>);

impl Kind {
    pub const fn needs(self) -> Needs {
        match self {
            Self::CardMemoryError | Self::CardMemoryFlip => Needs::Resident,
            Self::SimulatorKilled => Needs::Process,
            Self::MemoryExhausted | Self::QueueFull => Needs::Device,
            _ => Needs::Streamed,
        }
    }

    /// Orders the fault for a search that takes about `normal` otherwise, on a card of streams x probes. What is to happen
    /// in its middle is returned.
    pub fn order(self, faults: &Faults, numbers: &mut Numbers, normal: Duration, shape: (u8, u8)) -> Option<Later> {
        let later = |numbers: &mut Numbers| normal.mul_f64(numbers.below(1000) as f64 / 1000.0);
        let faults = faults.clone();
        let bit = |numbers: &mut Numbers| numbers.below(8) as u8;
        let (kind, within, bursts) = match self {
            Self::GalleryReadError => (FaultKind::ReadError, GALLERY, GALLERY_BURSTS),
            Self::GalleryReadLost => (FaultKind::ReadLost, GALLERY, GALLERY_BURSTS),
            Self::GalleryReadLate => (FaultKind::ReadLate(100 + numbers.below(60_000)), GALLERY, GALLERY_BURSTS),
            Self::GalleryFlip => {
                (FaultKind::ReadFlip(numbers.below(64) as usize, bit(numbers)), GALLERY, GALLERY_BURSTS)
            }
            Self::BufferReadError => (FaultKind::ReadError, BUFFERS, BUFFER_BURSTS),
            Self::BufferFlip => (FaultKind::ReadFlip(numbers.below(64) as usize, bit(numbers)), BUFFERS, BUFFER_BURSTS),
            Self::SubmissionReadError => (FaultKind::ReadError, SUBMISSIONS, COMMANDS),
            Self::SubmissionReadLost => (FaultKind::ReadLost, SUBMISSIONS, COMMANDS),
            Self::ResultWriteError => (FaultKind::WriteError, BUFFERS, RESULT_BURSTS),
            Self::ResultWriteLost => (FaultKind::WriteLost, BUFFERS, RESULT_BURSTS),
            Self::ResultWriteLate => (FaultKind::WriteLate(100 + numbers.below(60_000)), BUFFERS, RESULT_BURSTS),
            Self::ResultFlip => {
                (FaultKind::WriteFlip(numbers.below(2240) as usize, bit(numbers)), BUFFERS, RESULT_BURSTS)
            }
            Self::ResultDropped => (FaultKind::WriteDropped, BUFFERS, RESULT_BURSTS),
            Self::CompletionWriteError => (FaultKind::WriteError, COMPLETIONS, COMMANDS),
            Self::CompletionDropped => (FaultKind::WriteDropped, COMPLETIONS, COMMANDS),
            Self::CompletionLate => (FaultKind::WriteLate(100 + numbers.below(60_000)), COMPLETIONS, COMMANDS),
            Self::CompletionFlip | Self::CompletionPhase => {
                let (byte, bit) = match self {
                    Self::CompletionPhase => (15, 7),
                    _ => (numbers.below(16), bit(numbers)),
                };
                // Entries of 16 bytes are written one by one into lines of four.
                let nth = numbers.below(COMMANDS);
                let line = COMPLETIONS.start + nth / 4 * 64;
                faults.order(FaultKind::WriteFlip((nth % 4 * 16 + byte) as usize, bit), line..line + 64, nth % 4);
                return None;
            }
            Self::CompletionTwice => (FaultKind::WriteTwice(16), COMPLETIONS, COMMANDS),
            Self::CardMemoryError => (FaultKind::ReadError, CARD_MEMORY, GALLERY_BURSTS / 2),
            Self::CardMemoryFlip => {
                (FaultKind::ReadFlip(numbers.below(64) as usize, bit(numbers)), CARD_MEMORY, GALLERY_BURSTS / 2)
            }
            Self::InterruptLost => {
                faults.lose_interrupts(1 + numbers.below(3));
                return None;
            }
            Self::InterruptHeld => {
                faults.hold_interrupts(true);
                let freed = move || faults.hold_interrupts(false);
                return Some((Duration::from_millis(numbers.below(800)), Box::new(freed)));
            }
            Self::RegistersBlink | Self::RegistersGone => {
                let gone = if self == Self::RegistersGone { None } else { Some(numbers.below(700)) };
                let go = move || {
                    faults.remove_registers(true);
                    if let Some(milliseconds) = gone {
                        std::thread::sleep(Duration::from_millis(milliseconds));
                        faults.remove_registers(false);
                    }
                };
                return Some((later(numbers), Box::new(go)));
            }
            Self::ForeignReset => return Some((later(numbers), Box::new(move || faults.strike(Mishap::Reset)))),
            Self::LinkStall => {
                let stall = Mishap::LinkStall(1000 + numbers.below(80_000));
                return Some((later(numbers), Box::new(move || faults.strike(stall))));
            }
            Self::SlowCard => {
                let cycle = Duration::from_micros(20 + numbers.below(400));
                return Some((later(numbers), Box::new(move || faults.slow_down(cycle))));
            }
            Self::ProbeBit => {
                let (stream, probe) = (numbers.below(shape.0.into()) as u8, numbers.below(shape.1.into()) as u8);
                let mishap = Mishap::ProbeBit([stream, probe, numbers.below(30) as u8, numbers.below(128) as u8]);
                return Some((later(numbers), Box::new(move || faults.strike(mishap))));
            }
            Self::DeadLane => {
                let (stream, probe) = (numbers.below(shape.0.into()) as u8, numbers.below(shape.1.into()) as u8);
                let mishap = Mishap::DeadLane([stream, probe, numbers.below(30) as u8]);
                return Some((later(numbers), Box::new(move || faults.strike(mishap))));
            }
            Self::SimulatorKilled | Self::MemoryExhausted | Self::QueueFull => return None,
        };
        let after = numbers.below(bursts);
        if self.needs() == Needs::Resident {
            faults.order_in_memory(kind, within, after);
        } else {
            faults.order(kind, within, after);
        }
        None
    }
}
