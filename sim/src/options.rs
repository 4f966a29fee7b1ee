//! What a simulator is told when it starts, and why it may refuse.

use std::path::PathBuf;

use crate::link::LinkTiming;

/// Frequency that the card's clock stands for. No open tool gives timing for the parts in view, so it is an assumption.
pub const CLOCK_MHZ: u64 = 250;

/// A simulated card and the socket it is served at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimOptions {
    /// Path of the vfio-user socket to make. A socket that a dead simulator left behind is replaced.
    pub socket: PathBuf,
    /// Record streams; with `probes` one of [`configurations`](crate::configurations).
    pub streams: u8,
    /// Engines per stream.
    pub probes: u8,
    /// File to write waves to (FST), in a build with the `trace` feature.
    pub fst: Option<PathBuf>,
    /// The link to host memory.
    pub link: LinkModel,
    /// The card's own memory: every card has one channel for each stream.
    pub memory: MemoryModel,
}

/// A channel of card memory as the card's port sees it; all channels are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryModel {
    /// Size of a channel, a multiple of 64 KiB. Only what is written costs memory of the host's.
    pub channel_bytes: u64,
    /// From a read's request to its first beat, and from a write's last beat to its response, in nanoseconds.
    pub latency_ns: u64,
    /// Bytes in one cycle of the card's clock, reads and writes together, with what activations and turnarounds of the
    /// bus take away, but not refresh.
    pub bytes_per_cycle: u64,
    /// A refresh stops all transfers for `refresh_ns` every so many nanoseconds; 0 for none.
    pub refresh_every_ns: u64,
    /// How long one refresh takes, in nanoseconds.
    pub refresh_ns: u64,
    /// Address of a line in every channel that answers with an error, as one with an uncorrectable fault does.
    pub bad_line: Option<u64>,
}

impl MemoryModel {
    /// A DIMM of DDR4-2400: 19.2 GB/s on the pins, 80 % of it to be had, 350 ns of refresh each 7.8 us. Assumed figures.
    pub const DDR4: Self = Self {
        channel_bytes: 16 << 30,
        latency_ns: 150,
        bytes_per_cycle: 61,
        refresh_every_ns: 7800,
        refresh_ns: 350,
        bad_line: None,
    };
    /// A pseudo channel of HBM2 at 1.8 Gb/s a pin: 14.4 GB/s, 90 % of it to be had, 260 ns of refresh each 3.9 us.
    /// Assumed figures.
    pub const HBM2: Self = Self {
        channel_bytes: 512 << 20,
        latency_ns: 120,
        bytes_per_cycle: 51,
        refresh_every_ns: 3900,
        refresh_ns: 260,
        bad_line: None,
    };
    /// Read bursts that a channel takes before it makes the card wait.
    const READS_IN_FLIGHT: usize = 64;

    /// Units of `CHANNEL_UNIT_BYTES` in a channel, and its timing in cycles.
    ///
    /// # Errors
    /// [`SimError::InvalidMemory`] if a field is out of its range.
    pub(crate) fn channel(&self) -> Result<(u32, LinkTiming), SimError> {
        let invalid = || SimError::InvalidMemory { memory: *self };
        let unit = whorl_layout::CHANNEL_UNIT_BYTES as u64;
        let units = u32::try_from(self.channel_bytes / unit).map_err(|_| invalid())?;
        let in_range = self.channel_bytes.is_multiple_of(unit)
            && units > 0
            && self.latency_ns.max(self.refresh_every_ns) <= LinkModel::LATENCY_NS_MAX
            && self.bytes_per_cycle >= 1
            && (self.refresh_ns < self.refresh_every_ns || self.refresh_every_ns == 0)
            && self.bad_line.is_none_or(|line| line < self.channel_bytes);
        if !in_range {
            return Err(invalid());
        }
        let cycles = |ns: u64| (ns * CLOCK_MHZ).div_ceil(1000);
        Ok((
            units,
            LinkTiming {
                latency: cycles(self.latency_ns),
                bytes_per_cycle: self.bytes_per_cycle.min(whorl_layout::LINE_BYTES as u64),
                reads_in_flight: Self::READS_IN_FLIGHT,
                half_duplex: true,
                refresh_every: cycles(self.refresh_every_ns),
                refresh: cycles(self.refresh_ns),
            },
        ))
    }

    /// Bytes per cycle that the channel carries in the long run.
    pub fn mean_bytes_per_cycle(&self) -> f64 {
        let carries =
            if self.refresh_every_ns == 0 { 1.0 } else { 1.0 - self.refresh_ns as f64 / self.refresh_every_ns as f64 };
        self.bytes_per_cycle.min(whorl_layout::LINE_BYTES as u64) as f64 * carries
    }
}

impl Default for MemoryModel {
    fn default() -> Self {
        Self::DDR4
    }
}

/// A PCIe link and what lies behind it, as the card's memory port sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkModel {
    /// From a read's request to its first beat, and from a write's last beat to its response, in nanoseconds.
    pub latency_ns: u64,
    /// Bytes each way in one cycle of the card's clock (4 ns), at least 1. The port itself carries 64.
    pub bytes_per_cycle: u64,
    /// Read bursts in flight at most, 1 to 256.
    pub reads_in_flight: u16,
}

impl Default for LinkModel {
    /// A Gen3 x16 link: 1 us there and back, 12.5 GB/s, 64 reads.
    fn default() -> Self {
        Self { latency_ns: 1000, bytes_per_cycle: 50, reads_in_flight: 64 }
    }
}

impl LinkModel {
    /// Latency at most: a second, beyond which a root port has given up.
    const LATENCY_NS_MAX: u64 = 1_000_000_000;

    /// The model in cycles.
    ///
    /// # Errors
    /// [`SimError::InvalidLink`] if a field is out of its range.
    pub(crate) fn timing(&self) -> Result<LinkTiming, SimError> {
        let in_range = self.latency_ns <= Self::LATENCY_NS_MAX
            && self.bytes_per_cycle >= 1
            && (1..=256).contains(&self.reads_in_flight);
        if !in_range {
            return Err(SimError::InvalidLink { link: *self });
        }
        Ok(LinkTiming {
            latency: (self.latency_ns * CLOCK_MHZ).div_ceil(1000),
            bytes_per_cycle: self.bytes_per_cycle.min(whorl_layout::LINE_BYTES as u64),
            reads_in_flight: self.reads_in_flight.into(),
            ..LinkTiming::default()
        })
    }
}

/// Why a simulator did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// No card of that shape is compiled in.
    #[error("No card of {streams} streams x {probes} probes is compiled in; there are {}", known())]
    UnknownConfiguration {
        /// Streams asked for.
        streams: u8,
        /// Probes asked for.
        probes: u8,
    },
    /// The link cannot be modelled.
    #[error(
        "This link cannot be modelled: {link:?}; at least 1 byte per cycle, 1 to 256 reads, at most 1 s of latency"
    )]
    InvalidLink {
        /// The link asked for.
        link: LinkModel,
    },
    /// Card memory cannot be modelled.
    #[error(
        "This card memory cannot be modelled: {memory:?}; whole 64 KiB, at least 1 byte per cycle, at most 1 s of \
         latency, refresh shorter than what lies between two"
    )]
    InvalidMemory {
        /// The memory asked for.
        memory: MemoryModel,
    },
    /// Waves were asked of a build that cannot write them.
    #[error("This build writes no waves; build with `--features whorl-sim/trace`")]
    NoTracing,
    /// Another simulator, or something else, is at the socket's path.
    #[error("{} is in use; end the simulator that serves it, or give another path", .socket.display())]
    SocketInUse {
        /// The path.
        socket: PathBuf,
    },
    /// The socket could not be made.
    #[error("No socket can be made at {}", .socket.display())]
    Socket {
        /// The path.
        socket: PathBuf,
        /// What the vfio-user server says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A thread could not be started.
    #[error("The card's thread cannot be started")]
    Thread {
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// An assertion in the card's RTL failed. The card is gone; this is a bug of the card.
    #[error("The card failed an assertion of its own: {text}")]
    CardFailed {
        /// What and where.
        text: String,
    },
}

fn known() -> String {
    let shapes: Vec<String> = crate::configurations().iter().map(|(s, p)| format!("{s} x {p}")).collect();
    shapes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_link_is_250_cycles_away() {
        let timing = LinkModel::default().timing().unwrap();
        assert_eq!((timing.latency, timing.bytes_per_cycle, timing.reads_in_flight), (250, 50, 64));
    }

    #[test]
    fn links_that_would_hang_or_overflow_are_refused() {
        let link = LinkModel::default();
        for link in [
            LinkModel { latency_ns: u64::MAX, ..link },
            LinkModel { bytes_per_cycle: 0, ..link },
            LinkModel { reads_in_flight: 0, ..link },
            LinkModel { reads_in_flight: 257, ..link },
        ] {
            assert!(matches!(link.timing(), Err(SimError::InvalidLink { .. })), "{link:?}");
        }
        let fast = LinkModel { latency_ns: 1, bytes_per_cycle: u64::MAX, ..link }.timing().unwrap();
        assert_eq!((fast.latency, fast.bytes_per_cycle), (1, 64));
    }

    #[test]
    fn the_presets_are_what_they_say_in_cycles() {
        let (units, timing) = MemoryModel::DDR4.channel().unwrap();
        assert_eq!((units, timing.latency, timing.bytes_per_cycle), (1 << 18, 38, 61));
        assert_eq!((timing.refresh_every, timing.refresh, timing.half_duplex), (1950, 88, true));
        let mean = MemoryModel::HBM2.mean_bytes_per_cycle();
        assert!((47.5..47.7).contains(&mean), "{mean}");
    }

    #[test]
    fn memory_that_would_hang_or_overflow_is_refused() {
        let memory = MemoryModel::HBM2;
        for memory in [
            MemoryModel { channel_bytes: 0, ..memory },
            MemoryModel { channel_bytes: 65535, ..memory },
            MemoryModel { channel_bytes: 1 << 48, ..memory },
            MemoryModel { latency_ns: u64::MAX, ..memory },
            MemoryModel { bytes_per_cycle: 0, ..memory },
            MemoryModel { refresh_ns: 3900, ..memory },
            MemoryModel { refresh_every_ns: u64::MAX, ..memory },
            MemoryModel { bad_line: Some(512 << 20), ..memory },
        ] {
            assert!(matches!(memory.channel(), Err(SimError::InvalidMemory { .. })), "{memory:?}");
        }
        assert!(MemoryModel { refresh_every_ns: 0, channel_bytes: 65536, ..memory }.channel().is_ok());
    }

    #[test]
    fn an_unknown_shape_names_the_known_ones() {
        let text = SimError::UnknownConfiguration { streams: 3, probes: 1 }.to_string();
        assert!(text.contains("3 streams x 1 probes") && text.contains("1 x 1, 2 x 2"), "{text}");
    }
}
