//! `whorl card`: what a card says of itself; `selftest` and `reset` stand in files of their own.

use crate::activity;
use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use crate::pool;
use crate::telemetry::{self, INTERVAL};
use crate::{error_log, reset, selftest};
use serde_json::json;
use std::io::Write;
use std::thread::sleep;
use std::time::Duration;
use whorl_device::Device;

/// What to do with a card.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Print identity, capabilities and counters
    Info(InfoOptions),
    /// Take a card out of service: its owner finishes what it does there, and lets go of it
    Drain(DrainOptions),
    /// Give a drained card work again
    Resume(ResumeOptions),
    /// Show what the streams of a card do while another process drives it
    Top(TopOptions),
    /// Test every engine, channel of card memory, the interrupt and the error log
    Selftest(selftest::Options),
    /// Reset the card, and the PCI function if that does not help
    Reset(reset::Options),
}

/// Options of `whorl card top`.
#[derive(clap::Args)]
#[command(
    after_help = "A card has one owner: the process that searches on it publishes its counters every half second, and \
this command shows what they gained. It waits where nobody drives the card.\n\nExamples:\n  whorl card top --engine \
unix:/run/whorl/card.sock\n  whorl card top --engine vfio:0000:3b:00.0 --interval 5 --count 12 --json"
)]
pub struct TopOptions {
    /// The card, as its owner named it
    #[arg(long, value_name = "ENGINE")]
    engine: EngineChoice,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    interval: f64,
    /// End after so many tables
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Print one JSON object per look
    #[arg(long)]
    json: bool,
}

/// Options of `whorl card drain`.
#[derive(clap::Args)]
#[command(
    after_help = "The card stays out of service, over restarts too, until `whorl card resume`.\n\nExamples:\n  whorl card \
drain --engine vfio:0000:3b:00.0\n  whorl card drain --engine unix:/run/whorl/card.sock --wait 5"
)]
pub struct DrainOptions {
    /// The card, as its owner named it
    #[arg(long, value_name = "ENGINE")]
    engine: EngineChoice,
    /// Wait so long for its owner to let go of it; exit code 4 if it has not by then
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
}

/// Options of `whorl card resume`.
#[derive(clap::Args)]
pub struct ResumeOptions {
    /// The card, as its owner named it
    #[arg(long, value_name = "ENGINE")]
    engine: EngineChoice,
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
    match command {
        Command::Info(options) => info(options),
        Command::Top(options) => top(options),
        Command::Drain(options) => drain(options),
        Command::Resume(options) => resume(options),
        Command::Selftest(options) => selftest::run(options),
        Command::Reset(options) => reset::run(options),
    }
}

/// A card in this process, and the CPU, are nobody else's to name.
fn check_named(engine: &EngineChoice) -> Result<(), CliError> {
    if matches!(engine, EngineChoice::Cpu | EngineChoice::Sim(_)) {
        return Err(CliError::Usage(format!("{engine} is no card that others drive; name a unix: or vfio: card")));
    }
    Ok(())
}

fn drain(options: &DrainOptions) -> Result<(), CliError> {
    check_named(&options.engine)?;
    if !pool::drain(&options.engine, Duration::from_secs(options.wait))? {
        return Err(CliError::StillDriven { engine: options.engine.to_string(), seconds: options.wait });
    }
    println!("{} is drained and nobody drives it", options.engine);
    Ok(())
}

fn resume(options: &ResumeOptions) -> Result<(), CliError> {
    check_named(&options.engine)?;
    let was = pool::resume(&options.engine)?;
    println!("{} {}", options.engine, if was { "is given work again" } else { "was not drained" });
    Ok(())
}

fn info(options: &InfoOptions) -> Result<(), CliError> {
    let (transport, name, _simulator) = options.engine.open_transport()?;
    // Opening clears the log.
    let (seen, transport) = whorl_device::inspect(transport).map_err(CliError::engine(&name))?;
    let mut device = Device::open(transport).map_err(CliError::engine(&name))?;
    let info = *device.info();
    let counters = device.counters().map_err(CliError::engine(&name))?;
    device.close().map_err(CliError::engine(&name))?;
    let channels = &info.memory_bytes[..usize::from(info.memory_channels).min(info.memory_bytes.len())];
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
            "memory_bytes": channels,
            "cycles": counters.cycles,
            "busy_cycles": counters.busy_cycles,
            "records": counters.records,
            "errors": seen.errors.as_ref().map(error_log::to_json),
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
    match channels {
        [] => writeln!(out, "card memory   none")?,
        [first, rest @ ..] if rest.iter().all(|bytes| bytes == first) => {
            writeln!(out, "card memory   {} channels of {} MiB", channels.len(), first >> 20)?;
        }
        _ => writeln!(out, "card memory   {} channels of {channels:?} bytes", channels.len())?,
    }
    writeln!(
        out,
        "since reset   {} cycles, {} busy, {} records",
        counters.cycles, counters.busy_cycles, counters.records
    )?;
    match &seen.errors {
        None => writeln!(out, "error log     holds codes that this software does not know")?,
        Some(errors) => writeln!(out, "error log     {}", error_log::sentence(errors))?,
    }
    Ok(())
}

fn top(options: &TopOptions) -> Result<(), CliError> {
    let interval = Duration::try_from_secs_f64(options.interval).ok().filter(|i| *i >= INTERVAL).ok_or_else(|| {
        CliError::Usage(format!(
            "--interval {}: must be {:.1} or more seconds",
            options.interval,
            INTERVAL.as_secs_f64()
        ))
    })?;
    check_named(&options.engine)?;
    let engine = options.engine.to_string();
    let mut before: Option<telemetry::Snapshot> = None;
    let mut shown = 0;
    let mut waiting = false;
    while options.count.is_none_or(|count| shown < count) {
        let Some(now) = telemetry::read(&engine)? else {
            if !std::mem::replace(&mut waiting, true) {
                eprintln!("whorl: nobody drives {engine}; waiting");
            }
            before = None;
            sleep(INTERVAL);
            continue;
        };
        waiting = false;
        // Another owner has reset the card; an unchanged snapshot says nothing yet.
        let comparable = before.as_ref().filter(|b| b.pid == now.pid && b.unix_ms < now.unix_ms);
        if let Some(before) = comparable {
            let gained = now.activity.since(&before.activity);
            show(options, &now, Duration::from_millis(now.unix_ms - before.unix_ms), &gained)?;
            shown += 1;
        }
        before = Some(now);
        sleep(interval);
    }
    Ok(())
}

fn show(
    options: &TopOptions,
    snapshot: &telemetry::Snapshot,
    elapsed: Duration,
    gained: &whorl_device::Activity,
) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    if options.json {
        let mut value = activity::to_json(gained);
        value["engine"] = json!(snapshot.engine);
        value["pid"] = json!(snapshot.pid);
        value["seconds"] = json!(elapsed.as_secs_f64());
        writeln!(out, "{value}")?;
    } else {
        let rate = gained.card.comparisons as f64 / elapsed.as_secs_f64();
        writeln!(out, "{} driven by process {}: {rate:.0} comparisons/s", snapshot.engine, snapshot.pid)?;
        activity::write_table(&mut out, gained)?;
        writeln!(out)?;
    }
    Ok(out.flush()?)
}
