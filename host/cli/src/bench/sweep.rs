//! `whorl bench --sweep`: measured points on the curve of the throughput model.

use super::model::Prediction;
use super::{Options, measure, to_json, workload};
use crate::engine::{EngineChoice, SimChoice};
use crate::error::CliError;
use serde_json::json;
use std::io::Write;

/// One point: what is varied, and the card.
struct Point {
    varied: String,
    choice: SimChoice,
    minutiae: u8,
}

/// Runs all points; the engine given is the one around which they vary.
pub fn run(options: &Options) -> Result<(), CliError> {
    let EngineChoice::Sim(base) = &options.engine else {
        return Err(CliError::Usage(format!("--sweep varies a simulated card; {} is none", options.engine)));
    };
    let mut out = std::io::stdout().lock();
    if !options.json {
        writeln!(
            out,
            "varied                    model  measured  off by  regime   efficiency  link B/cycle  comparisons/s"
        )?;
    }
    let mut held = (options.minutiae, workload(options, options.minutiae)?);
    for point in points(base, options.minutiae) {
        // Records are made anew only where their length is what varies.
        if held.0 != point.minutiae {
            held = (point.minutiae, workload(options, point.minutiae)?);
        }
        let workload = &held.1;
        let choice = EngineChoice::Sim(point.choice.clone());
        let run = measure(&choice, workload, options)?;
        if options.json {
            let mut value = to_json(&choice, workload, &run);
            value["varied"] = json!(point.varied);
            writeln!(out, "{value}")?;
            continue;
        }
        let model = Prediction::of(&point.choice, workload);
        let measured = run.cycles_per_record().unwrap_or_default();
        let card = run.activity.as_ref().map(crate::activity::to_json).unwrap_or_default();
        writeln!(
            out,
            "{:<24} {:>6.2}  {measured:>8.2}  {:>4.1} %  {:<7}  {:>8.2} %  {:>12.2}  {:>13.0}",
            point.varied,
            model.cycles(),
            100.0 * (measured / model.cycles() - 1.0),
            model.regime(),
            100.0 * workload.minutiae / measured,
            card["read_bytes_per_busy_cycle"].as_f64().unwrap_or_default(),
            run.per_second()
        )?;
    }
    Ok(())
}

fn points(base: &SimChoice, minutiae: u8) -> Vec<Point> {
    let of = |varied: String, choice: SimChoice| Point { varied, choice, minutiae };
    let linked = |place: usize, value: u64| {
        let mut choice = base.clone();
        choice.link[place] = Some(value);
        choice
    };
    let mut points = vec![of("as given".into(), base.clone())];
    points.extend([4, 8, 16, 24, 32, 64].map(|n| of(format!("{n} B/cycle"), linked(1, n))));
    points.extend([0, 2000, 4000, 8000].map(|n| of(format!("latency {n} ns"), linked(0, n))));
    points.extend([2, 4, 8, 16].map(|n| of(format!("{n} reads in flight"), linked(2, n))));
    points.extend([6, 12, 24, 36].map(|n| Point { minutiae: n, ..of(format!("{n} minutiae at most"), base.clone()) }));
    let shapes = whorl_sim::configurations().iter().filter(|shape| **shape != (base.streams, base.probes));
    points
        .extend(shapes.map(|&(streams, probes)| {
            of(format!("{streams}x{probes}"), SimChoice { streams, probes, ..base.clone() })
        }));
    points
}
