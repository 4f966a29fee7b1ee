//! `whorl card`: what a card says of itself.

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use serde_json::json;
use std::io::Write;

/// What to do with a card.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Print identity, capabilities and counters
    Info(InfoOptions),
}

/// Options of `whorl card info`.
#[derive(clap::Args)]
pub struct InfoOptions {
    #[arg(long, help = engine::HELP)]
    engine: EngineChoice,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), CliError> {
    let Command::Info(options) = command;
    let (mut device, name, _simulator) = options.engine.open_device()?;
    let info = *device.info();
    let counters = device.counters().map_err(CliError::engine(&name))?;
    let error = device.error_log().map_err(CliError::engine(&name))?;
    device.close().map_err(CliError::engine(&name))?;
    let mut out = std::io::stdout().lock();
    if options.json {
        let value = json!({
            "engine": name,
            "version": format!("{}.{}", info.version.0, info.version.1),
            "spec_hash": format!("{:08x}", info.spec_hash),
            "build": format!("{:08x}", info.build),
            "streams": info.streams,
            "probes": info.probes,
            "lanes": info.lanes,
            "queue_pairs": info.queue_pairs,
            "top_k_max": info.top_k_max,
            "memory_channels": info.memory_channels,
            "cycles": counters.cycles,
            "busy_cycles": counters.busy_cycles,
            "records": counters.records,
            "error": error.map(|e| format!("{e:?}")),
        });
        writeln!(out, "{value}")?;
        return Ok(());
    }
    writeln!(out, "{name}")?;
    writeln!(
        out,
        "interface     {}.{}, specification {:08x}, build {:08x}",
        info.version.0, info.version.1, info.spec_hash, info.build
    )?;
    writeln!(out, "engines       {} streams x {} probes, {} lanes each", info.streams, info.probes, info.lanes)?;
    writeln!(out, "queues        {} pairs, {} entries at most", info.queue_pairs, 1 << info.queue_entries_log2_max)?;
    writeln!(out, "candidates    {} per probe and stream at most", info.top_k_max)?;
    writeln!(out, "card memory   {} channels", info.memory_channels)?;
    writeln!(
        out,
        "since reset   {} cycles, {} busy, {} records",
        counters.cycles, counters.busy_cycles, counters.records
    )?;
    match error {
        None => writeln!(out, "error log     empty")?,
        Some(error) => writeln!(out, "error log     {error:?}")?,
    }
    Ok(())
}
