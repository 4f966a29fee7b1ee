//! `whorl crosscheck`: every score of an engine against the plain reference comparison.

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use crate::input::{Reading, files_of, progress};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use whorl_gallery::ShardBuilder;
use whorl_layout::{LINE_BYTES, TOP_K_MAX};
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Role};
use whorl_search::{CardCost, Engine, Search};

/// Options of `whorl crosscheck`.
#[derive(clap::Args)]
#[command(
    after_help = "Every probe is compared with every reference, on the engine and by the plain reference matcher; \
the command fails at the first score that differs."
)]
pub struct Options {
    /// Folder of minutiae files, or one file: the references
    #[arg(long, value_name = "DIR-or-FILE")]
    gallery: PathBuf,
    /// Minutiae files, or folders of them; the references themselves where not given
    #[arg(long, num_args = 1.., value_name = "FILE")]
    probe: Vec<PathBuf>,
    #[arg(long, help = engine::HELP)]
    engine: EngineChoice,
    /// Take as many probes, at random, as make at least this many comparisons
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Seed of the sample
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Largest angle difference, 1/256 turn
    #[arg(long, default_value_t = GATE_DEFAULT, value_parser = clap::value_parser!(u8).range(0..=127))]
    gate: u8,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

struct Reference {
    file: PathBuf,
    bytes: Vec<u8>,
    minutiae: usize,
}

/// What a run found.
#[derive(Default)]
struct Totals {
    comparisons: u64,
    mates: u64, // comparisons with a score that no chance gives, to show that there was something to compare
    records: u64,
    cost: CardCost,
}

/// A score beyond this is rare among non-mated comparisons (MATCHER 7: FMR below 0.1 % for every extractor).
const CLEAR_SCORE: u16 = 3000;

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let references = files_of(&options.gallery)?
        .into_iter()
        .map(|file| {
            let record = options.reading.records(&file, Role::Reference)?.swap_remove(0);
            Ok(Reference { file, bytes: record.to_bytes(), minutiae: record.minutiae.len() })
        })
        .collect::<Result<Vec<_>, CliError>>()?;
    let probes = probes(options, references.len())?;

    let mut open = options.engine.open(false)?;
    let bar = progress((probes.len() * references.len()) as u64, "comparing");
    let mut totals = Totals::default();
    // An engine lists at most TOP_K_MAX candidates, so with so many references it lists every score.
    for references in references.chunks(TOP_K_MAX) {
        open.engine.keep(&[]);
        let mut builder = ShardBuilder::new(0);
        for reference in references {
            builder.push(&reference.bytes)?;
        }
        let name = open.engine.name().to_owned();
        open.engine.load(Arc::new(builder.finish())).map_err(CliError::engine(&name))?;
        for pass in probes.chunks(open.engine.probes_per_pass()) {
            check_pass(open.engine.as_mut(), pass, references, options.gate, &mut totals)?;
            bar.inc((pass.len() * references.len()) as u64);
        }
    }
    bar.finish_and_clear();
    report(options, open.engine.name(), &references, &totals)
}

/// The probes asked for, or a sample of them.
fn probes(options: &Options, references: usize) -> Result<Vec<(PathBuf, Probe)>, CliError> {
    let arguments = if options.probe.is_empty() { std::slice::from_ref(&options.gallery) } else { &options.probe };
    let mut files = Vec::new();
    for argument in arguments {
        files.extend(files_of(argument)?);
    }
    if let Some(comparisons) = options.sample {
        files.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(options.seed));
        files.truncate(comparisons.div_ceil(references));
    }
    files.into_iter().map(|file| options.reading.probe(&file).map(|probe| (file, probe))).collect()
}

fn check_pass(
    engine: &mut dyn Engine,
    pass: &[(PathBuf, Probe)],
    references: &[Reference],
    gate: u8,
    totals: &mut Totals,
) -> Result<(), CliError> {
    let plain = Comparator::new(Backend::Portable);
    let mut search = Search::new(pass.iter().map(|(_, probe)| probe.clone()).collect(), TOP_K_MAX);
    search.gate = gate;
    let name = engine.name().to_owned();
    let answers = engine.search(&search).map_err(CliError::engine(&name))?;
    totals.records += references.len() as u64;
    totals.cost += answers[0].cost.unwrap_or_default();
    for ((file, probe), answer) in pass.iter().zip(&answers) {
        let mut scores = vec![None; references.len()];
        for candidate in &answer.candidates {
            scores[candidate.index as usize] = Some(candidate.score);
        }
        for (reference, score) in references.iter().zip(scores) {
            let expected = plain.score(probe, &reference.bytes, gate)?.score;
            if score != Some(expected) {
                return Err(mismatch(&name, file, &reference.file, score, expected));
            }
            totals.comparisons += 1;
            totals.mates += u64::from(expected >= CLEAR_SCORE);
        }
    }
    Ok(())
}

fn mismatch(engine: &str, probe: &Path, reference: &Path, found: Option<u16>, expected: u16) -> CliError {
    let found = found.map_or("no score".into(), |score| format!("score {score}"));
    CliError::Mismatch(format!(
        "{engine} gives {found} where the reference matcher gives {expected}, for probe {} and reference {}; \
         `whorl compare --taps` shows every intermediate value",
        probe.display(),
        reference.display()
    ))
}

fn report(options: &Options, engine: &str, references: &[Reference], totals: &Totals) -> Result<(), CliError> {
    let mean =
        |of: &dyn Fn(&Reference) -> usize| references.iter().map(of).sum::<usize>() as f64 / references.len() as f64;
    let bound = mean(&|r| r.minutiae.max(r.bytes.len() / LINE_BYTES));
    let each = |cycles: u64| cycles as f64 / totals.records as f64;
    let cost = &totals.cost;
    let mut out = std::io::stdout().lock();
    if options.json {
        let value = json!({
            "engine": engine,
            "comparisons": totals.comparisons,
            "differences": 0,
            "clear_scores": totals.mates,
            "cycles_per_record": each(cost.stream_cycles),
            "bound_per_record": bound,
            "minutiae_per_record": each(cost.minutiae),
            "stall_starved_per_record": each(cost.stall_starved),
            "stall_engine_per_record": each(cost.stall_engine),
            "stall_collect_per_record": each(cost.stall_collect),
        });
        writeln!(out, "{value}")?;
        return Ok(());
    }
    writeln!(out, "{engine}: {} comparisons equal the reference matcher bit for bit", totals.comparisons)?;
    writeln!(out, "  {} of them scored {CLEAR_SCORE} or more", totals.mates)?;
    if cost.stream_cycles > 0 {
        writeln!(
            out,
            "  {:.2} stream cycles per record; the larger of its lines and minutiae is {bound:.2}",
            each(cost.stream_cycles)
        )?;
        writeln!(
            out,
            "  of these {:.2} took a minutia, {:.2} had no line, {:.2} waited for the consistency pass, {:.2} for collecting",
            each(cost.minutiae),
            each(cost.stall_starved),
            each(cost.stall_engine),
            each(cost.stall_collect)
        )?;
    }
    Ok(())
}
