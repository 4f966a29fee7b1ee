//! What the driver costs: its processor time beside the card's, and the way of a command that has nothing to compare.

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};
use whorl_device::{Device, DeviceError, ExtentRequest, SearchRequest};
use whorl_matcher::{GATE_DEFAULT, Probe, Record};

/// Commands of a measurement.
const COMMANDS: usize = 200;
/// Clock of a card: an assumption, see docs/performance.md.
const CLOCK_HZ: f64 = 250e6;

/// Processor time of the calling thread so far. What a vfio-user transport does on its own thread is not part of it.
pub fn thread_time() -> Duration {
    processor_time(ClockId::ThreadCPUTime)
}

/// What a clock of processor time shows.
pub fn processor_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Commands that compare one record whose score nobody asks for.
pub struct Empty {
    /// From dispatch to completion on the card.
    cycles: u32,
    /// From submission to completion, sorted.
    latencies: Vec<Duration>,
    cpu: Duration,
}

impl Empty {
    /// Runs [`COMMANDS`] of them.
    pub fn measure(device: &mut Device, probe: &Probe) -> Result<Self, DeviceError> {
        device.load_probe(0, &probe.image(), GATE_DEFAULT)?;
        let line = Record { minutiae: Vec::new() }.to_bytes();
        let mut buffer = device.alloc_gallery(line.len())?;
        let extents = vec![ExtentRequest { known_answer: true, ..buffer.put(0, &line, 1) }];
        let timeout = Duration::from_mins(1);
        let request = SearchRequest { probe_mask: 1, threshold: 0, top_k: 1, extents, timeout };
        let mut latencies = Vec::with_capacity(COMMANDS);
        let mut cycles = 0;
        let before = thread_time();
        for _ in 0..COMMANDS {
            let start = Instant::now();
            cycles = device.search(&request)?.cycles;
            latencies.push(start.elapsed());
        }
        let cpu = thread_time().saturating_sub(before);
        latencies.sort_unstable();
        Ok(Self { cycles, latencies, cpu })
    }

    fn microseconds(&self, percent: usize) -> f64 {
        self.latencies[(COMMANDS - 1) * percent / 100].as_secs_f64() * 1e6
    }

    fn cpu_microseconds(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / COMMANDS as f64
    }

    /// As part of the report.
    pub fn to_json(&self) -> Value {
        json!({
            "commands": COMMANDS,
            "card_cycles": self.cycles,
            "latency_us": {"min": self.microseconds(0), "median": self.microseconds(50), "p99": self.microseconds(99)},
            "driver_cpu_us": self.cpu_microseconds(),
        })
    }

    /// In words.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(
            out,
            "a command with nothing to compare: {} card cycles, {:.0} us from submission to completion (median; {:.0} to {:.0}), \
             {:.1} us of the driver's processor time",
            self.cycles,
            self.microseconds(50),
            self.microseconds(0),
            self.microseconds(99),
            self.cpu_microseconds()
        )
    }
}

/// The driver's share of searches that compared something.
pub fn loaded_json(cpu: Duration, searches: usize, comparisons: u64, cycles_per_comparison: f64) -> Value {
    let million = 1e6 / comparisons.max(1) as f64;
    let card = cycles_per_comparison * 1e6 / CLOCK_HZ;
    let driver = cpu.as_secs_f64() * million;
    json!({
        "cpu_us_per_search": cpu.as_secs_f64() * 1e6 / searches.max(1) as f64,
        "cpu_s_per_million_comparisons": driver,
        "card_s_per_million_comparisons": card,
        "share": driver / card,
    })
}
