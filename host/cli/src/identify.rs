//! `whorl identify`: probes in a gallery, ranked candidate lists out.

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use crate::input::{Gallery, Reading, files_of};
use crate::pool;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use whorl_layout::TOP_K_MAX;
use whorl_matcher::{GATE_DEFAULT, Probe};
use whorl_search::{Answer, Incident, Role, Search};

/// Options of `whorl identify`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  whorl identify --gallery gallery --probe p.iso --engine cpu\n  whorl identify --gallery \
gallery --probe probes --engine sim:2x2 --top 3 --json\n\nA candidate list is a lead for an examiner, never a verdict."
)]
pub struct Options {
    /// Folder of minutiae files, or one file: the references
    #[arg(long, value_name = "DIR-or-FILE")]
    gallery: PathBuf,
    /// Minutiae files, or folders of them; of a file with several views the first is searched
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    probe: Vec<PathBuf>,
    #[arg(long, help = engine::HELP, long_help = engine::POOL_HELP, required = true)]
    engine: Vec<EngineChoice>,
    /// Give no work to the CPU where cards fail
    #[arg(long)]
    no_spare: bool,
    /// Copy the gallery into the card's memory first and search it there, as far as it fits; the rest is streamed
    #[arg(long)]
    resident: bool,
    /// Candidates per probe
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=TOP_K_MAX as i64))]
    top: u16,
    /// Smallest score of a candidate, 0..65535
    #[arg(long, default_value_t = 0)]
    threshold: u16,
    /// Largest angle difference, 1/256 turn; 127 accepts every rotation
    #[arg(long, default_value_t = GATE_DEFAULT, value_parser = clap::value_parser!(u8).range(0..=127))]
    gate: u8,
    /// Give up a pass over the gallery after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Print one JSON object per probe
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let mut files = Vec::new();
    for argument in &options.probe {
        files.extend(files_of(argument)?);
    }
    let probes: Vec<Probe> = files.iter().map(|file| options.reading.probe(file)).collect::<Result<_, _>>()?;
    let gallery = Gallery::read(&options.gallery, options.reading)?;

    let mut pool = pool::open(&options.engine, options.resident, !options.no_spare)?;
    let workers = pool.status().into_iter().filter(|member| member.role == Role::Worker);
    let name = workers.map(|member| member.name).collect::<Vec<_>>().join(" + ");
    for shard in &gallery.shards {
        pool.load(shard.clone()).map_err(CliError::engine(&name))?;
    }
    let search = Search {
        probes,
        threshold: options.threshold,
        top_k: options.top.into(),
        gate: options.gate,
        timeout: Duration::from_secs(options.timeout),
    };
    let start = Instant::now();
    let answers = pool.search(&search).map_err(CliError::engine(&name))?;
    let elapsed = start.elapsed();

    let mut out = std::io::stdout().lock();
    let probes_per_pass = pool.probes_per_pass();
    let gallery_bytes = gallery.shards.iter().map(|shard| shard.bytes().len() as u64).sum::<u64>();
    let residency = options.resident.then(|| (pool.resident_bytes(), gallery_bytes));
    // The last pass may have fewer probes than there are slots.
    let sharing = |nth: usize| probes_per_pass.min(answers.len() - nth / probes_per_pass * probes_per_pass);
    for (nth, (file, answer)) in files.iter().zip(&answers).enumerate() {
        let probe = file.to_string_lossy();
        if options.json {
            let mut value = to_json(&probe, &name, answer, &gallery, sharing(nth));
            if let Some((bytes, of)) = residency {
                value["resident"] = json!({"bytes": bytes, "of": of});
            }
            writeln!(out, "{value}")?;
        } else {
            write_list(&mut out, &probe, answer, &gallery)?;
        }
    }
    if !options.json {
        write_summary(&mut out, &name, &answers, probes_per_pass, elapsed)?;
        if let Some((bytes, of)) = residency {
            writeln!(out, "  {bytes} of {of} bytes of the gallery lay in card memory")?;
        }
    }
    Ok(())
}

fn to_json(probe: &str, engine: &str, answer: &Answer, gallery: &Gallery, probes_in_pass: usize) -> serde_json::Value {
    let candidates: Vec<_> = answer
        .candidates
        .iter()
        .enumerate()
        .map(|(place, c)| json!({"rank": place + 1, "reference": gallery.names[c.index as usize], "score": c.score}))
        .collect();
    let shards: Vec<_> = answer
        .coverage
        .iter()
        .map(|s| json!({"base_index": s.base_index, "records": s.records, "crc32c": format!("{:08x}", s.crc32c)}))
        .collect();
    let engines: Vec<_> =
        answer.engines.iter().map(|share| json!({"engine": share.engine, "records": share.records})).collect();
    let incidents: Vec<_> = answer
        .incidents
        .iter()
        .map(
            |incident| json!({"engine": incident.engine, "what": incident.what, "left_service": incident.left_service}),
        )
        .collect();
    let mut value = json!({
        "probe": probe,
        "candidates": candidates,
        "engine": engine,
        "coverage": {"complete": true, "records": answer.comparisons, "shards": shards},
        "comparisons": answer.comparisons,
        "engines": engines,
        "incidents": incidents,
        "cycles": answer.cost.map(|c| c.command_cycles),
    });
    if let Some(cost) = answer.cost {
        value["cost"] = json!({
            "probes_in_pass": probes_in_pass,
            "stream_cycles": cost.stream_cycles,
            "minutiae": cost.minutiae,
            "lines": cost.lines,
            "stall_starved": cost.stall_starved,
            "stall_engine": cost.stall_engine,
            "stall_collect": cost.stall_collect,
            "known_answers": cost.known_answers,
        });
    }
    value
}

fn write_list(out: &mut impl Write, probe: &str, answer: &Answer, gallery: &Gallery) -> std::io::Result<()> {
    writeln!(out, "{probe}: {} comparisons over {} shards, all searched", answer.comparisons, answer.coverage.len())?;
    writeln!(out, "  rank  score  reference")?;
    for (place, candidate) in answer.candidates.iter().enumerate() {
        writeln!(out, "  {:>4}  {:>5}  {}", place + 1, candidate.score, gallery.names[candidate.index as usize])?;
    }
    Ok(())
}

/// Engine, speed, and for a card its cycles and where they went.
fn write_summary(
    out: &mut impl Write,
    name: &str,
    answers: &[Answer],
    probes_per_pass: usize,
    elapsed: Duration,
) -> std::io::Result<()> {
    let mut told: Vec<&Incident> = Vec::new();
    for incident in answers.iter().flat_map(|answer| &answer.incidents) {
        if !told.contains(&incident) {
            writeln!(out, "NOTE: {incident}")?;
            told.push(incident);
        }
    }
    let comparisons: u64 = answers.iter().map(|a| a.comparisons).sum();
    let rate = comparisons as f64 / elapsed.as_secs_f64();
    writeln!(out, "engine {name}: {comparisons} comparisons in {:.3} s, {rate:.0}/s", elapsed.as_secs_f64())?;
    if answers.iter().all(|a| a.cost.is_none()) {
        let threads = rayon::current_num_threads();
        let per_core = rate / threads as f64;
        writeln!(
            out,
            "  {per_core:.0} comparisons/s per core over {threads} threads; for scale, one core of a like machine:"
        )?;
        writeln!(out, "  NBIS bozorth3 about 1,000/s, OpenAFIS about 44,000/s (docs/performance.md)")?;
        return Ok(());
    }
    // Probes of one pass share its cycles, so each pass is counted once.
    let mut total = whorl_search::CardCost::default();
    let mut records = 0;
    for pass in answers.chunks(probes_per_pass) {
        total += pass[0].cost.unwrap_or_default();
        records += pass[0].cost.map_or(0, |cost| cost.records);
    }
    let each = |cycles: u64| cycles as f64 / records.max(1) as f64;
    writeln!(
        out,
        "  {:.2} stream cycles per record: {:.2} minutiae, stalls {:.2} no line, {:.2} consistency pass, {:.2} collecting",
        each(total.stream_cycles),
        each(total.minutiae),
        each(total.stall_starved),
        each(total.stall_engine),
        each(total.stall_collect)
    )?;
    writeln!(
        out,
        "  {:.2} command cycles per comparison (simulated or counted by the card)",
        total.command_cycles as f64 / comparisons.max(1) as f64
    )
}
