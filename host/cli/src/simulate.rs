//! `whorl sim`: the Verilated card behind a socket.

use crate::error::CliError;
use std::path::PathBuf;

/// Options of `whorl sim`.
#[derive(clap::Args)]
pub struct Options {
    /// Path of the vfio-user socket to make
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// Record streams
    #[arg(long, value_name = "S", default_value_t = 1)]
    streams: u8,
    /// Engines per stream
    #[arg(long, value_name = "P", default_value_t = 1)]
    probes: u8,
    /// Write waves to this file; needs a build with `--features trace`
    #[arg(long, value_name = "FILE")]
    fst: Option<PathBuf>,
    /// Latency of the host link in nanoseconds
    #[arg(long, value_name = "NS", default_value_t = 1000)]
    latency_ns: u64,
    /// Bytes that the link carries each way in one 4 ns cycle
    #[arg(long, value_name = "BYTES", default_value_t = 50)]
    bytes_per_cycle: u64,
    /// Read bursts in flight at most
    #[arg(long, value_name = "N", default_value_t = 64)]
    reads_in_flight: u16,
    /// Card memory: one channel for each stream
    #[arg(long, value_name = "KIND", default_value = "ddr4")]
    memory: crate::engine::MemoryKind,
    /// MiB of each channel, instead of what the kind has
    #[arg(long, value_name = "MIB")]
    memory_mib: Option<u64>,
}

/// Runs the command: returns when the simulator fails, and is else ended by a signal.
#[cfg(feature = "sim")]
pub fn run(options: &Options) -> Result<(), CliError> {
    let link = whorl_sim::LinkModel {
        latency_ns: options.latency_ns,
        bytes_per_cycle: options.bytes_per_cycle,
        reads_in_flight: options.reads_in_flight,
    };
    let (streams, probes) = (options.streams, options.probes);
    let memory = options.memory.model([options.memory_mib, None, None])?;
    let (socket, fst) = (options.socket.clone(), options.fst.clone());
    let options = whorl_sim::SimOptions { socket, streams, probes, fst, link, memory };
    let simulator = whorl_sim::Simulator::new(&options, &whorl_sim::Faults::default())?;
    eprintln!("whorl: simulated card of {streams} streams x {probes} probes at {}", options.socket.display());
    Ok(simulator.serve()?)
}

/// Runs the command in a build without the simulator.
#[cfg(not(feature = "sim"))]
pub fn run(_: &Options) -> Result<(), CliError> {
    Err(CliError::Usage("this build has no simulated card; build with the `sim` feature".into()))
}
