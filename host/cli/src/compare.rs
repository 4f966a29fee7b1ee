//! `whorl compare`: one comparison, with every intermediate value on request.

use crate::error::CliError;
use crate::input::Reading;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Record, Role, taps};

/// Options of `whorl compare`.
#[derive(clap::Args)]
pub struct Options {
    /// Minutiae file of the probe
    #[arg(value_name = "A")]
    probe: PathBuf,
    /// Minutiae file of the reference
    #[arg(value_name = "B")]
    reference: PathBuf,
    /// Largest angle difference, 1/256 turn; 127 accepts every rotation
    #[arg(long, default_value_t = GATE_DEFAULT, value_parser = clap::value_parser!(u8).range(0..=127))]
    gate: u8,
    /// Print distances, slots, weights and sums of every lane as well
    #[arg(long)]
    taps: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let probe = options.reading.probe(&options.probe)?;
    let records = options.reading.records(&options.reference, Role::Reference)?;
    let reference = &records[0];
    let comparison = Comparator::new(Backend::Auto).score(&probe, &reference.to_bytes(), options.gate)?;
    let mut value = json!({
        "score": comparison.score,
        "best": comparison.best,
        "reference_lane": comparison.reference_lane,
        "probe_minutiae": probe.minutiae().len(),
        "reference_minutiae": reference.minutiae.len(),
    });
    if options.taps {
        value["taps"] = tapped(&probe, reference, options.gate)?;
    }
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{value}")?;
        return Ok(());
    }
    writeln!(out, "score {} (0..65535, higher is more similar; a lead, not a verdict)", comparison.score)?;
    let lane = comparison.reference_lane.map_or("none".into(), |lane| lane.to_string());
    writeln!(out, "best sum {} at lane {lane}", comparison.best)?;
    writeln!(out, "minutiae {} and {}", probe.minutiae().len(), reference.minutiae.len())?;
    if options.taps {
        writeln!(out, "taps {}", value["taps"])?;
    }
    Ok(())
}

fn tapped(probe: &Probe, reference: &Record, gate: u8) -> Result<Value, CliError> {
    let taps = taps(probe, reference, gate)?;
    let slots: Vec<_> = taps
        .slots
        .iter()
        .map(|slot| slot.map_or(Value::Null, |s| json!({"x": s.x, "y": s.y, "d": s.d, "index": s.index})))
        .collect();
    Ok(json!({"distances": taps.distances, "slots": slots, "weights": taps.weights, "sums": taps.sums}))
}
