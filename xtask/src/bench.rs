//! `make bench`: every speed figure of the project from one run, with the targets that simulated cycles must meet.

use crate::shell::{self, TaskError, output, read_json, root, write};
use crate::synth::CLOCK_HZ;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Options {
    /// The `whorl` program
    #[arg(long, default_value = "target/release/whorl")]
    whorl: PathBuf,
    /// Leave out the criterion benchmarks
    #[arg(long)]
    skip_criterion: bool,
    /// Synthetic fingers of the gallery of record
    #[arg(long, default_value_t = 1_000_000)]
    gallery_fingers: u32,
    /// Measure the gallery of record and the appliance only
    #[arg(long)]
    only_service: bool,
}

/// One figure of the report.
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// What an exact figure must reach.
    target: Option<Target>,
}

#[derive(Clone, Copy)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    fn met(&self) -> Option<bool> {
        self.target.map(|target| match target {
            Target::AtLeast(bound) => self.value >= bound,
            Target::AtMost(bound) => self.value <= bound,
        })
    }
}

/// The figures so far.
#[derive(Default)]
struct Report {
    figures: Vec<Figure>,
    runs: Vec<Value>,
}

impl Report {
    /// Adds a figure and prints it.
    fn add(&mut self, name: &str, value: f64, unit: &'static str, target: Option<Target>) {
        let figure = Figure { name: name.to_owned(), value, unit, target };
        let goal = match target {
            Some(Target::AtLeast(bound)) => format!("  at least {bound}"),
            Some(Target::AtMost(bound)) => format!("  at most {bound:.2}"),
            None => String::new(),
        };
        let verdict = figure.met().map_or("", |met| if met { ": met" } else { ": NOT MET" });
        println!("{name:<60} {value:>14.2} {unit:<14}{goal}{verdict}");
        self.figures.push(figure);
    }

    fn to_json(&self, machine: &str) -> Value {
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|f| {
                let target = f.target.map(|t| match t {
                    Target::AtLeast(bound) => json!({"at_least": bound}),
                    Target::AtMost(bound) => json!({"at_most": bound}),
                });
                json!({"name": f.name, "value": f.value, "unit": f.unit, "target": target, "met": f.met()})
            })
            .collect();
        json!({"machine": machine, "clock_hz_assumed": CLOCK_HZ, "figures": figures, "runs": self.runs})
    }
}

/// Runs all benchmarks and writes `target/bench/report.json`. Fails where a figure in simulated cycles misses its target;
/// times are only printed.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let mut report = Report::default();
    if options.only_service {
        appliance(&mut report, options)?;
        return finish(&report);
    }
    if !options.skip_criterion {
        shell::cargo(&["bench", "-p", "whorl-benches"])?;
        criterion(&mut report)?;
    }
    let data = std::env::var_os("WHORL_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let real = data.join("fvc/leader");
    let bench = |arguments: &[&str]| whorl_bench(&options.whorl, arguments);

    let mut sources: Vec<(&str, Vec<&str>)> = vec![("synthetic", vec!["--fingers", "3000", "--probes", "4"])];
    let path = real.to_string_lossy().into_owned();
    if real.is_dir() {
        sources.push(("FVC", vec!["--gallery", &path, "--repeat", "8", "--probes", "4"]));
    } else {
        println!("real templates: skipped, there is no {path}; WHORL_DATA names the folder");
    }
    let mut cycles = Vec::new();
    let mut cpu = Vec::new();
    for (source, of_source) in &sources {
        let run = bench(&[&["--engine", "sim"], &of_source[..]].concat())?;
        compute_bound(&mut report, source, &run)?;
        cycles.push((*source, number(&run, "/cycles_per_record")?));
        report.runs.push(run);
        let run = bench(&[&["--engine", "cpu", "--threads", "1"], &of_source[..]].concat())?;
        cpu.push(number(&run, "/comparisons_per_second")?);
        report.add(&format!("CPU, one core, {source}"), cpu[cpu.len() - 1], "comparisons/s", None);
        report.runs.push(run);
    }
    let narrow = 8.0;
    let run = bench(&["--engine", "sim,bytes_per_cycle=8", "--fingers", "1000", "--probes", "2"])?;
    let carried = number(&run, "/card/streams/0/bytes_per_cycle")?;
    report.add("link-bound stream, share of the link", 100.0 * carried / narrow, "%", Some(Target::AtLeast(95.0)));
    report.runs.push(run);
    let run = bench(&["--engine", "sim,memory_bytes_per_cycle=8", "--resident", "--fingers", "1000", "--probes", "2"])?;
    let carried = number(&run, "/card/streams/0/bytes_per_cycle")?;
    report.add("memory-bound stream, share of the channel", 100.0 * carried / narrow, "%", Some(Target::AtLeast(90.0)));
    report.runs.push(run);
    let run = bench(&["--engine", "sim", "--fingers", "10000", "--probes", "4", "--overhead"])?;
    driver(&mut report, &run)?;
    report.runs.push(run);
    projected(&mut report, &cycles, &cpu)?;
    appliance(&mut report, options)?;
    finish(&report)
}

/// Writes the report. Fails where a target is missed.
fn finish(report: &Report) -> Result<(), TaskError> {
    let machine = machine();
    let file = root().join("target/bench/report.json");
    write(&file, &format!("{:#}\n", report.to_json(&machine)))?;
    println!("on {machine}; {} holds these figures and the runs", file.display());
    let missed: Vec<_> = report.figures.iter().filter(|f| f.met() == Some(false)).map(|f| f.name.as_str()).collect();
    if missed.is_empty() { Ok(()) } else { Err(TaskError::Check(format!("missed: {}", missed.join("; ")))) }
}

/// Figures of a stream that nothing but its own pace limits.
fn compute_bound(report: &mut Report, source: &str, run: &Value) -> Result<(), TaskError> {
    let minutiae = number(run, "/gallery/mean_minutiae")?;
    let cycles = number(run, "/cycles_per_record")?;
    let efficiency = 100.0 * number(run, "/card/streams/0/efficiency")?;
    report.add(&format!("mean minutiae of a record, {source}"), minutiae, "", None);
    let within = Some(Target::AtMost(minutiae + 1.5));
    report.add(&format!("cycles per comparison, {source}"), cycles, "cycles", within);
    report.add(&format!("compute-bound stream, {source}"), efficiency, "%", Some(Target::AtLeast(97.0)));
    let simulated = number(run, "/comparisons_per_second")?;
    let assertions = if run["assertions"] == json!(false) { "off" } else { "on" };
    report.add(&format!("simulated card of 1x1, assertions {assertions}, {source}"), simulated, "comparisons/s", None);
    Ok(())
}

/// The gallery of record, and what an appliance adds to a search: in a small gallery, where a search takes little, in one that is
/// searched often enough to tell a tenth of a millisecond, and in a large one, where pairs differ by more than that. Times are
/// this machine's.
fn appliance(report: &mut Report, options: &Options) -> Result<(), TaskError> {
    let large = options.gallery_fingers.to_string();
    for (fingers, probes) in [("2000", "500"), ("40000", "1000"), (large.as_str(), "60")] {
        println!("{fingers} fingers are enrolled and searched");
        let of = ["--engine", "cpu", "--service", "--fingers", fingers, "--probes", probes];
        let run = whorl_bench(&options.whorl, &of)?;
        let mut add = |name: &str, pointer: &str, factor: f64, unit| {
            number(&run, pointer)
                .map(|value| report.add(&format!("{fingers} fingers, {name}"), value * factor, unit, None))
        };
        add("enrolled durably", "/import/per_second", 1.0, "per second")?;
        add("read again", "/load/seconds", 1.0, "s")?;
        add("on disk, encrypted, minutiae file and record", "/bytes_per_finger/disk", 1.0, "bytes/finger")?;
        add("in memory", "/bytes_per_finger/resident", 1.0, "bytes/finger")?;
        add("on a card", "/bytes_per_finger/card", 1.0, "bytes/finger")?;
        add("search past the service, median", "/bare/p50_ms", 1.0, "ms")?;
        add("search through it, median", "/service/p50_ms", 1.0, "ms")?;
        add("what the service adds, median of pairs", "/overhead/in_server/p50_ms", 1.0, "ms")?;
        add("what the service adds, lower 95 % bound", "/overhead/in_server/low_ms", 1.0, "ms")?;
        add("what the service adds, upper 95 % bound", "/overhead/in_server/high_ms", 1.0, "ms")?;
        add("what it adds with the way there and back, TLS and the client", "/overhead/with_client/p50_ms", 1.0, "ms")?;
        add("what it adds of processor time, client included", "/overhead/cpu_share", 100.0, "%")?;
        add("a call without a search, median", "/empty_call_p50_ms", 1.0, "ms")?;
        report.runs.push(run);
    }
    Ok(())
}

/// What the driver costs. Times are this machine's, over a simulated card.
fn driver(report: &mut Report, run: &Value) -> Result<(), TaskError> {
    let mut add = |name: &str, pointer: &str, factor: f64, unit| {
        number(run, pointer).map(|value| report.add(name, value * factor, unit, None))
    };
    add("driver, processor time of a search over 10,000 records", "/driver/cpu_us_per_search", 1.0, "us")?;
    add("driver, per million comparisons", "/driver/cpu_s_per_million_comparisons", 1e3, "ms")?;
    add("card of one engine at an assumed 250 MHz, same", "/driver/card_s_per_million_comparisons", 1e3, "ms")?;
    add("driver's share of that", "/driver/share", 100.0, "%")?;
    add("command with nothing to compare, on the card", "/empty/card_cycles", 1.0, "cycles")?;
    add("same, submission to completion, median", "/empty/latency_us/median", 1.0, "us")?;
    add("same, processor time of the driver", "/empty/driver_cpu_us", 1.0, "us")
}

/// What a card would do, from simulated cycles and the engines that synthesis fits.
fn projected(report: &mut Report, cycles: &[(&str, f64)], cpu: &[f64]) -> Result<(), TaskError> {
    let fresh = root().join("target/synth/report.json");
    let file = if fresh.exists() { fresh } else { root().join("docs/area.json") };
    let synthesis = read_json(&file)?;
    let cards = synthesis["cards"].as_object().into_iter().flatten();
    for (card, of_card) in cards {
        let engines = number(of_card, "/engines")?;
        for ((source, cycles), cpu) in cycles.iter().zip(cpu) {
            let rate = engines * CLOCK_HZ / cycles;
            report.add(
                &format!("{card}, {engines} engines at an assumed 250 MHz, {source}"),
                rate / 1e6,
                "M comparisons/s",
                None,
            );
            report.add(&format!("{card} against one core, {source}"), rate / cpu, "times", None);
        }
    }
    Ok(())
}

/// Reads what criterion measured.
fn criterion(report: &mut Report) -> Result<(), TaskError> {
    let folder = root().join("target/criterion");
    let listing = output(Command::new("find").arg(&folder).args(["-path", "*/new/estimates.json"]))?;
    let mut paths: Vec<_> = listing.lines().map(PathBuf::from).collect();
    paths.sort();
    for estimates in paths {
        let benchmark = read_json(&estimates.with_file_name("benchmark.json"))?;
        let nanoseconds = number(&read_json(&estimates)?, "/mean/point_estimate")?;
        let name = benchmark["full_id"].as_str().unwrap_or_default().to_owned();
        let elements = benchmark.pointer("/throughput/Elements").and_then(Value::as_f64).unwrap_or(1.0);
        report.add(&name, elements * 1e9 / nanoseconds, "per second", None);
    }
    Ok(())
}

fn whorl_bench(whorl: &Path, arguments: &[&str]) -> Result<Value, TaskError> {
    let text = output(Command::new(whorl).args(["bench", "--json"]).args(arguments))?;
    serde_json::from_str(&text).map_err(|e| TaskError::Check(format!("whorl bench printed no JSON: {e}")))
}

fn number(value: &Value, pointer: &str) -> Result<f64, TaskError> {
    value
        .pointer(pointer)
        .and_then(Value::as_f64)
        .ok_or_else(|| TaskError::Check(format!("no number at {pointer} of a benchmark's report")))
}

/// What the times were measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("?", |m| m.1);
    format!("{cores} cores of {model}")
}
