//! `cargo xtask synth`: what the hardware occupies, and how many engines a device holds.

mod cards;
mod cells;
mod page;

pub use cells::{Netlist, StatError};

use crate::shell::{TaskError, read, read_json, root, write};
use crate::yosys::{Family, Run, Sources};
use cards::{DEVICES, FIXED_STREAMS, Limits, Parts, device_json};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An engine may take so many LUTs: 84 of them, which make 600 million comparisons/s, must fit a VU47P.
const ENGINE_LUT_MAX: u64 = 9_000;
/// The same with collector and record reader.
const COMPLETE_LUT_MAX: u64 = 10_000;
/// Clock that cycles are turned into time with. An assumption: no open tool closes timing for these devices.
pub const CLOCK_HZ: f64 = 250e6;
/// Cycles per comparison where no file of measured ones is named: FVC templates, docs/performance.md.
const CYCLES: f64 = 34.91;
/// The committed report.
const COMMITTED: &str = "docs/area.json";
const PAGE: &str = "docs/area.md";

/// A way to build an engine, with the parameters that say so.
struct Variant {
    name: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    family: Family,
}

/// The engines of the report (decision 0005). The first is the one that the limits hold for. `Rows` is ROWS_ULTRA and
/// ROWS_LUT of hdl/pkg/match_pkg.sv.
const VARIANTS: [Variant; 4] = [
    Variant { name: "engine", parameters: &[], family: Family::UltraScalePlus },
    Variant { name: "engine-ultra-rows", parameters: &[("Rows", "1")], family: Family::UltraScalePlus },
    Variant { name: "engine-lut-rows", parameters: &[("Rows", "2")], family: Family::UltraScalePlus },
    Variant { name: "engine-series7", parameters: &[("DspWindows", "0")], family: Family::Series7 },
];

/// Parts of an engine that the report lists, each with all that is below it.
const MODULES: [&str; 8] =
    ["distance_table", "lane_array", "winner", "slots", "references", "rotation_store", "consistency", "score"];

/// Options of `cargo xtask synth`.
#[derive(clap::Args)]
pub struct Options {
    /// Synthesise this module alone, for UltraScale+, and print what it occupies
    #[arg(long)]
    module: Option<String>,
    /// Parameters for --module, as Name=Value
    #[arg(long, requires = "module")]
    parameter: Vec<String>,
    /// Run nothing: fail where docs/area.json was made from other HDL files, or docs/area.md from another report
    #[arg(long, conflicts_with_all = ["module", "json"])]
    check: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// A report of `cargo xtask bench` whose cycles per comparison are used for the projection
    #[arg(long)]
    cycles: Option<PathBuf>,
    /// Runs of yosys at a time; each may take 2 GB
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// Runs what the options ask for.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let sources = Sources::find()?;
    if options.check {
        return check(&sources);
    }
    if let Some(module) = &options.module {
        return single(module, options, &sources);
    }
    let report = report(options, &sources)?;
    let text = format!("{report:#}\n");
    for file in ["target/synth/report.json", COMMITTED] {
        write(&root().join(file), &text)?;
    }
    write(&root().join(PAGE), &page::render(&report)?)?;
    if options.json {
        print!("{text}");
    } else {
        print!("{}", page::render(&report)?);
    }
    within_budget(&report)
}

/// One module, quickly.
fn single(module: &str, options: &Options, sources: &Sources) -> Result<(), TaskError> {
    let parameters = options.parameter.iter().map(|parameter| {
        let pair = parameter.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        pair.ok_or_else(|| TaskError::Check(format!("{parameter} is not Name=Value")))
    });
    let parameters = parameters.collect::<Result<_, _>>()?;
    let run = Run { parameters, ..Run::whole(module) };
    let usage = run.netlist(sources)?.total(module, &[])?;
    println!("{:#}", usage.to_json());
    Ok(())
}

/// All runs, and the report from them.
fn report(options: &Options, sources: &Sources) -> Result<Value, TaskError> {
    let limits = Limits { streams: limit("STREAMS_MAX")?, probes: limit("PROBES_MAX")? };
    // The smallest card, and one with a memory channel for each of its streams.
    let of_size = |streams: u64, probes: u64, channels: u64| {
        let parameters = [("Streams", streams), ("Probes", probes), ("Channels", channels)];
        Run {
            name: format!("fixed-{streams}x{probes}"),
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect(),
            outside: &["search_stream"],
            ..Run::whole("whorl_core")
        }
    };
    let engines = VARIANTS.iter().map(|variant| Run {
        name: variant.name.to_owned(),
        parameters: variant.parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        family: variant.family,
        ..Run::whole("engine")
    });
    // The quick ones first, for a mistake to be seen early.
    let mut runs = vec![
        Run::whole("collector"),
        Run::whole("record_reader"),
        Run {
            name: "stream".to_owned(),
            parameters: vec![("Probes".to_owned(), limits.probes.to_string())],
            outside: &["engine", "collector"],
            ..Run::whole("search_stream")
        },
        of_size(1, 1, 0),
        of_size(FIXED_STREAMS, FIXED_STREAMS, FIXED_STREAMS),
    ];
    runs.extend(engines);
    runs.extend(MODULES.map(Run::whole));

    let netlists = all(&runs, sources, options.jobs)?;
    let at = |name: &str| runs.iter().position(|run| run.name == name).expect("a run of this list");
    let total = |name: &str| netlists[at(name)].total(&runs[at(name)].top, runs[at(name)].outside);

    let engine = total(VARIANTS[0].name)?;
    let (collector, reader, stream) = (total("collector")?, total("record_reader")?, total("stream")?);
    let fixed = [total("fixed-1x1")?, total(&format!("fixed-{FIXED_STREAMS}x{FIXED_STREAMS}"))?];
    let mut modules = Vec::new();
    for module in MODULES {
        modules.push(json!({"module": module, "usage": total(module)?.to_json()}));
    }
    let (cycles, cycles_source) = cycles(options.cycles.as_deref())?;

    let mut variants = Map::new();
    for variant in &VARIANTS {
        variants.insert(variant.name.to_owned(), total(variant.name)?.to_json());
    }
    let mut of_cards = Map::new();
    for device in &DEVICES {
        let engines = VARIANTS.iter().filter(|variant| variant.family == device.family);
        let engines =
            engines.map(|v| Ok((v.name.to_owned(), total(v.name)? + collector))).collect::<Result<_, StatError>>()?;
        let parts = Parts { fixed, stream, engines };
        let mut card = device_json(device);
        card["engines"] = json!(0);
        card["limit"] = json!("not one engine fits");
        if let Some(fit) = device.fit(&parts, limits) {
            let mix: Map<_, _> =
                parts.engines.iter().zip(&fit.mix).map(|((name, _), n)| (name.clone(), json!(n))).collect();
            card["engines"] = json!(fit.engines());
            card["limit"] = json!(fit.limit);
            card["streams"] = json!(fit.streams);
            card["engines_of_a_stream"] = Value::Object(mix);
            card["used"] = fit.usage.to_json();
            card["comparisons_per_second"] = json!((fit.engines() as f64 * CLOCK_HZ / cycles).round());
        }
        // What the area alone would allow, whatever the specification's largest numbers.
        let by_area = device.fit(&parts, Limits { probes: 64, ..limits });
        card["engines_by_area"] = json!(by_area.map_or(0, |fit| fit.engines()));
        of_cards.insert(device.name.to_owned(), card);
    }
    Ok(json!({
        "hdl": sources.hash()?,
        "tool": netlists[0].creator,
        "engine": engine.to_json(),
        "variants": variants,
        "collector": collector.to_json(),
        "record_reader": reader.to_json(),
        "complete": (engine + collector + reader).to_json(),
        "stream": {"probes": limits.probes, "shared": stream.to_json()},
        "fixed": [
            {"streams": 1, "probes": 1, "channels": 0, "usage": fixed[0].to_json()},
            {"streams": FIXED_STREAMS, "probes": FIXED_STREAMS, "channels": FIXED_STREAMS, "usage": fixed[1].to_json()},
        ],
        "modules": modules,
        "budget": {"engine.lut": ENGINE_LUT_MAX, "complete.lut": COMPLETE_LUT_MAX},
        "clock_hz_assumed": CLOCK_HZ,
        "cycles_per_comparison": cycles,
        "cycles_source": cycles_source,
        "cards": of_cards,
    }))
}

/// The netlists of all runs, some at a time. The first failure ends the rest.
fn all(runs: &[Run], sources: &Sources, jobs: usize) -> Result<Vec<Netlist>, TaskError> {
    eprintln!("synth: {} runs, {jobs} at a time", runs.len());
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Result<Netlist, TaskError>>>> = Mutex::new(runs.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, runs.len()) {
            scope.spawn(|| {
                while let Some((index, run)) = runs.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = run.netlist(sources);
                    if result.is_err() {
                        next.store(runs.len(), Ordering::Relaxed);
                    }
                    done.lock().expect("no run panics")[index] = Some(result);
                }
            });
        }
    });
    let done = done.into_inner().expect("no run panics");
    let (failed, whole): (Vec<_>, Vec<_>) = done.into_iter().flatten().partition(Result::is_err);
    match failed.into_iter().next() {
        Some(failure) => failure.map(|_| Vec::new()),
        None => whole.into_iter().collect(),
    }
}

/// A number of the specification, from the generated package.
fn limit(name: &str) -> Result<u64, TaskError> {
    let path = root().join("hdl/pkg/whorl_gen_pkg.sv");
    let text = read(&path)?;
    let start = format!("localparam int unsigned {name} = 32'd");
    let value = text.lines().find_map(|line| line.trim().strip_prefix(&start)?.split(';').next()?.parse().ok());
    value.ok_or_else(|| TaskError::Check(format!("no number {name} in {}", path.display())))
}

/// Cycles per comparison, and where they are from.
fn cycles(measured: Option<&Path>) -> Result<(f64, String), TaskError> {
    let Some(path) = measured else {
        return Ok((CYCLES, "measured in simulation on FVC templates, docs/performance.md".to_owned()));
    };
    let report = read_json(path)?;
    let figures = report["figures"].as_array().into_iter().flatten();
    let mut cycles =
        figures.filter(|figure| figure["name"].as_str().is_some_and(|n| n.starts_with("cycles per comparison")));
    // Of several sources of templates the last is the real one.
    let figure = cycles.next_back();
    let value = figure.and_then(|figure| figure["value"].as_f64());
    let value = value.ok_or_else(|| TaskError::Check(format!("no cycles per comparison in {}", path.display())))?;
    let name = figure.and_then(|figure| figure["name"].as_str()).unwrap_or_default();
    Ok((value, format!("measured in simulation by `cargo xtask bench`: {name}")))
}

/// Fails where an engine outgrew its budget.
fn within_budget(report: &Value) -> Result<(), TaskError> {
    let mut over = Vec::new();
    for (what, most) in [("engine", ENGINE_LUT_MAX), ("complete", COMPLETE_LUT_MAX)] {
        let luts = report[what]["lut"].as_u64();
        let luts = luts.ok_or_else(|| TaskError::Check(format!("no {what}.lut in the synthesis report")))?;
        if luts > most {
            over.push(format!("{what} takes {luts} LUTs, of {most} at most"));
        }
    }
    if over.is_empty() { Ok(()) } else { Err(TaskError::Check(over.join("; "))) }
}

/// Compares the committed report with the HDL files, and the page with the report.
fn check(sources: &Sources) -> Result<(), TaskError> {
    let report = read_json(&root().join(COMMITTED))?;
    if report["hdl"].as_str() != Some(&sources.hash()?) {
        return Err(TaskError::Check(format!("{COMMITTED} was made from other HDL files; run `cargo xtask synth`")));
    }
    if read(&root().join(PAGE))? != page::render(&report)? {
        return Err(TaskError::Check(format!("{PAGE} is not what {COMMITTED} says; run `cargo xtask synth`")));
    }
    within_budget(&report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_beyond_its_budget_is_an_error() {
        let report = |engine: u64, complete: u64| json!({"engine": {"lut": engine}, "complete": {"lut": complete}});
        assert!(within_budget(&report(9_000, 10_000)).is_ok());
        let error = within_budget(&report(9_001, 10_000)).unwrap_err().to_string();
        assert_eq!(error, "engine takes 9001 LUTs, of 9000 at most");
        let error = within_budget(&report(9_001, 10_002)).unwrap_err().to_string();
        assert!(error.ends_with("; complete takes 10002 LUTs, of 10000 at most"), "{error}");
        assert!(within_budget(&json!({"engine": {}, "complete": {"lut": 1}})).is_err());
    }

    #[test]
    fn measured_cycles_are_those_of_the_last_source_of_templates() {
        let file = root().join(format!("target/synth/test-{}.json", std::process::id()));
        let figures = json!({"figures": [
            {"name": "cycles per comparison, synthetic", "value": 34.5},
            {"name": "cycles per comparison, FVC", "value": 34.9},
            {"name": "CPU, one core, FVC", "value": 1.0},
        ]});
        write(&file, &figures.to_string()).unwrap();
        let (value, source) = cycles(Some(&file)).unwrap();
        assert!((value - 34.9).abs() < 1e-9, "{value}");
        assert!(source.ends_with("cycles per comparison, FVC"), "{source}");
        write(&file, r#"{"figures": []}"#).unwrap();
        assert!(cycles(Some(&file)).is_err());
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn the_limits_of_the_specification_are_found() {
        assert!(limit("STREAMS_MAX").unwrap() >= 1);
        assert!(limit("NO_SUCH_NUMBER").is_err());
    }

    #[test]
    fn the_engines_of_each_device_have_a_variant() {
        for device in &DEVICES {
            assert!(VARIANTS.iter().any(|variant| variant.family == device.family), "{}", device.name);
        }
    }
}
