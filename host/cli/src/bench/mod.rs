//! `whorl bench`: comparisons per second of an engine, and of a card the efficiency of each stream.

#[cfg(feature = "sim")]
mod model;
mod overhead;
mod service;
#[cfg(feature = "sim")]
mod sweep;
mod workload;

use crate::activity;
use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use crate::input::Reading;
use overhead::Empty;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use whorl_device::Activity;
use whorl_layout::RECORD_MINUTIAE_MAX;
use whorl_matcher::Backend;
use whorl_search::{CardEngine, CpuEngine, Engine, Search};
use workload::Workload;

/// Options of `whorl bench`.
#[derive(clap::Args)]
#[command(
    after_help = "Simulated cycles are exact; times are of this machine.\n\nExamples:\n  whorl bench --engine sim\n  \
whorl bench --engine sim:2x2,bytes_per_cycle=8 --json\n  whorl bench --engine cpu --threads 1 --gallery templates\n  \
whorl bench --engine sim --sweep\n  whorl bench --engine cpu --service --fingers 100000"
)]
#[allow(clippy::struct_excessive_bools)] // flags of a command line
pub struct Options {
    #[arg(long, help = engine::HELP, default_value = "sim")]
    engine: EngineChoice,
    /// Folder of minutiae files to compare with one another; synthetic fingers where not given
    #[arg(long, value_name = "DIR")]
    gallery: Option<PathBuf>,
    /// Synthetic fingers
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    fingers: u32,
    /// Probes to search
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    probes: u32,
    /// Cut every record to so many minutiae
    #[arg(long, value_name = "N", default_value_t = RECORD_MINUTIAE_MAX as u8, value_parser = clap::value_parser!(u8).range(1..=RECORD_MINUTIAE_MAX as i64))]
    minutiae: u8,
    /// Take the references so many times over: a long gallery of few files
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Seed of the synthetic fingers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of the CPU engine; all cores where not given
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Copy the references into card memory first; that is not part of the time
    #[arg(long)]
    resident: bool,
    /// Many links, shapes and record lengths, each beside what the throughput model says; with `--engine sim`
    #[arg(long)]
    sweep: bool,
    /// Also time commands that have nothing to compare
    #[arg(long)]
    overhead: bool,
    /// Enrol the synthetic fingers in a gallery of record, and search it through an appliance and past it
    #[arg(long, conflicts_with_all = ["gallery", "sweep", "resident", "overhead"])]
    service: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// What one run measured.
struct Run {
    comparisons: u64,
    elapsed: Duration,
    /// Processor time of the thread that drove the engine.
    cpu: Duration,
    /// Of a card, where it was asked for.
    empty: Option<Empty>,
    /// Of a card: what it counted.
    activity: Option<Activity>,
    /// Of a simulated card that streams from the host: what the throughput model says.
    #[cfg(feature = "sim")]
    model: Option<model::Prediction>,
}

impl Run {
    fn per_second(&self) -> f64 {
        self.comparisons as f64 / self.elapsed.as_secs_f64()
    }

    /// Cycles per record and stream.
    fn cycles_per_record(&self) -> Option<f64> {
        let activity = self.activity.as_ref()?;
        let active = activity.streams.iter().map(|s| s.active).sum();
        Some(activity::ratio(active, activity.card.records))
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    if options.sweep {
        #[cfg(feature = "sim")]
        return sweep::run(options);
        #[cfg(not(feature = "sim"))]
        return Err(CliError::Usage("this build has no simulated card; build with the `sim` feature".into()));
    }
    if options.service {
        return service::run(options);
    }
    let workload = workload(options, options.minutiae)?;
    let run = measure(&options.engine, &workload, options)?;
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{}", to_json(&options.engine, &workload, &run))?;
    } else {
        write_run(&mut out, &options.engine, &workload, &run)?;
    }
    Ok(())
}

fn workload(options: &Options, minutiae: u8) -> Result<Workload, CliError> {
    let shape = workload::Shape { minutiae_max: minutiae.into(), repeat: options.repeat };
    match &options.gallery {
        Some(folder) => Workload::of_folder(folder, options.probes, options.reading, shape),
        None => Workload::synthetic(options.fingers, options.probes, options.seed, shape),
    }
}

/// Searches all probes of the workload once. Loading the gallery is not part of the time; loading probes is.
fn measure(choice: &EngineChoice, workload: &Workload, options: &Options) -> Result<Run, CliError> {
    let search = Search::new(workload.probes.clone(), 10);
    if *choice == EngineChoice::Cpu {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads.unwrap_or(0))
            .build()
            .map_err(|error| CliError::Usage(format!("--threads: {error}")))?;
        let mut engine = CpuEngine::new(Backend::Auto);
        engine.load(workload.shard.clone()).map_err(CliError::engine("cpu"))?;
        return pool.install(|| searched(&mut engine, &search));
    }
    let (device, name, _simulator) = choice.open_device()?;
    let mut engine = CardEngine::new(device, name.clone());
    if options.resident {
        engine = engine.resident();
    }
    engine.load(workload.shard.clone()).map_err(CliError::engine(&name))?;
    let before = engine.device().activity().map_err(CliError::engine(&name))?;
    let mut run = searched(&mut engine, &search)?;
    let after = engine.device().activity().map_err(CliError::engine(&name))?;
    run.activity = Some(after.since(&before));
    if options.overhead {
        let probe = workload.probes.first().ok_or_else(|| CliError::Usage("--overhead: there is no probe".into()))?;
        run.empty = Some(Empty::measure(engine.device(), probe).map_err(CliError::engine(&name))?);
    }
    #[cfg(feature = "sim")]
    if let (EngineChoice::Sim(sim), false) = (choice, options.resident) {
        run.model = Some(model::Prediction::of(sim, workload));
    }
    Ok(run)
}

fn searched(engine: &mut dyn Engine, search: &Search) -> Result<Run, CliError> {
    let name = engine.name().to_owned();
    let (start, before) = (Instant::now(), overhead::thread_time());
    let answers = engine.search(search).map_err(CliError::engine(&name))?;
    let comparisons = answers.iter().map(|a| a.comparisons).sum();
    Ok(Run {
        comparisons,
        elapsed: start.elapsed(),
        cpu: overhead::thread_time().saturating_sub(before),
        empty: None,
        activity: None,
        #[cfg(feature = "sim")]
        model: None,
    })
}

fn to_json(choice: &EngineChoice, workload: &Workload, run: &Run) -> Value {
    let mut value = json!({
        "engine": choice.to_string(),
        "gallery": {
            "source": workload.source,
            "records": workload.shard.records(),
            "mean_minutiae": workload.minutiae,
            "mean_cycles_bound": workload.cycles_bound,
            "mean_bytes": workload.bytes,
        },
        "probes": workload.probes.len(),
        "comparisons": run.comparisons,
        "seconds": run.elapsed.as_secs_f64(),
        "comparisons_per_second": run.per_second(),
    });
    if let Some(activity) = &run.activity {
        value["card"] = activity::to_json(activity);
        value["cycles_per_record"] = json!(run.cycles_per_record());
        let cycles = activity::ratio(activity.card.busy_cycles, run.comparisons);
        value["cycles_per_comparison"] = json!(cycles);
        value["driver"] = overhead::loaded_json(run.cpu, workload.probes.len(), run.comparisons, cycles);
    }
    #[cfg(feature = "sim")]
    if matches!(choice, EngineChoice::Sim(_)) {
        value["assertions"] = json!(whorl_sim::ASSERTIONS);
    }
    if let Some(empty) = &run.empty {
        value["empty"] = empty.to_json();
    }
    #[cfg(feature = "sim")]
    if let Some(model) = &run.model {
        value["model"] = model.to_json();
    }
    value
}

fn write_run(out: &mut impl Write, choice: &EngineChoice, workload: &Workload, run: &Run) -> std::io::Result<()> {
    writeln!(
        out,
        "{choice}: {} probes against {} records of {}, mean {:.2} minutiae and {:.0} bytes",
        workload.probes.len(),
        workload.shard.records(),
        workload.source,
        workload.minutiae,
        workload.bytes
    )?;
    writeln!(out, "{} comparisons in {:.3} s, {:.0}/s", run.comparisons, run.elapsed.as_secs_f64(), run.per_second())?;
    let Some(activity) = &run.activity else { return Ok(()) };
    activity::write_table(out, activity)?;
    writeln!(
        out,
        "{:.2} cycles per record in a stream, {:.2} over the mean minutia count; {:.2} cycles per comparison, loading and \
results included",
        run.cycles_per_record().unwrap_or_default(),
        run.cycles_per_record().unwrap_or_default() - workload.minutiae,
        activity::ratio(activity.card.busy_cycles, run.comparisons)
    )?;
    writeln!(
        out,
        "the driver took {:.1} us of processor time per search, {:.3} s per million comparisons",
        run.cpu.as_secs_f64() * 1e6 / workload.probes.len().max(1) as f64,
        run.cpu.as_secs_f64() * 1e6 / run.comparisons.max(1) as f64
    )?;
    if let Some(empty) = &run.empty {
        empty.write(out)?;
    }
    #[cfg(feature = "sim")]
    if let Some(model) = &run.model {
        writeln!(out, "the model says {:.2} cycles per record, {}-bound", model.cycles(), model.regime())?;
    }
    Ok(())
}
