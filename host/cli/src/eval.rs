//! `whorl eval`: error rates on databases of fingers with known mates.

use crate::error::CliError;
use crate::input::{Reading, files_of, progress};
use crate::peer::{self, MatcherCommand, Running};
use rayon::prelude::*;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use whorl_eval::background::{self, Background};
use whorl_eval::cascade::{self, CascadeReport};
use whorl_eval::report::{IdentificationReport, Verification};
use whorl_eval::scores::Peer;
use whorl_eval::training::{self, Measured, Training};
use whorl_eval::{Collection, Report, Sample, Scores, Stage, chart, page};
use whorl_search::cascade::KEEP_DEFAULT;

/// Options of `whorl eval`.
#[derive(clap::Args)]
#[command(
    after_help = "A folder that holds files <finger>_<impression>.<ending> is a database; folders may be nested. A finger is its \
folder below DIR and its number, such as fvc2002/DB3_B/108. Every impression is compared with every other.\n\nA matcher's command is started without a shell. It is \
given one line per comparison, PROBE<tab>REFERENCE, two paths, then the end of input. It prints one line each, in order: a number, \
higher is more similar, and if it likes a tab and the microseconds that it took. It may read ahead and print late, and ends with \
status 0. tools/peers has such programs."
)]
pub struct Options {
    /// Folder with databases of minutiae files
    #[arg(long, value_name = "DIR")]
    templates: PathBuf,
    /// Folder for report.json, report.html, det.svg and cmc.svg, with --background also kept.svg; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Last stage to run; with `fine`, the coarse stage is reported beside it
    #[arg(long, value_enum, default_value_t = StageChoice::Fine)]
    stage: StageChoice,
    /// Two fingers that are one in truth: neither mates nor non-mates. May be repeated
    #[arg(long, value_name = "A=B", value_parser = pair)]
    same_finger: Vec<(String, String)>,
    /// Another program to run over the same pairs, for the same report. May be repeated
    #[arg(long, value_name = "[NAME=]COMMAND")]
    matcher_command: Vec<MatcherCommand>,
    /// Processes of each such program
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    matcher_processes: u16,
    /// Longest wait for an answer of such a program, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400))]
    matcher_timeout: u64,
    /// Train the fine stage's weights here: half of the fingers by weights trained on the other half, and the reverse.
    /// Comparisons between the halves are left out
    #[arg(long, conflicts_with = "matcher_command")]
    two_fold: bool,
    /// Train on this folder as well: the same fingers from another extractor, under the same names. May be repeated
    #[arg(long, value_name = "DIR", requires = "two_fold")]
    train_with: Vec<PathBuf>,
    /// Search every impression among N made fingers as well: half synthetic, half recombined from the evaluated files. Tells at
    /// 10,000, 100,000, 1,000,000 and N of them what the coarse stage loses and what the fine stage costs. About 0.8 KB of
    /// memory each; 1,000 to 4,000,000
    #[arg(long, value_name = "N", conflicts_with = "two_fold")]
    background: Option<usize>,
    /// Seed of those fingers: the same one gives the same fingers
    #[arg(long, value_name = "S", default_value_t = 1, requires = "background")]
    background_seed: u64,
    /// Candidates of the coarse stage that the fine stage is given in that search
    #[arg(long, value_name = "K", default_value_t = KEEP_DEFAULT as u16, requires = "background",
        value_parser = clap::value_parser!(u16).range(1..=cascade::DEPTH as i64))]
    keep: u16,
    /// Print report.json to standard output as well, instead of the table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StageChoice {
    /// The comparison of the card
    Coarse,
    /// The comparison of candidates on the host
    Fine,
}

/// Two names with `=` between them.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((a, b)) if !a.is_empty() && !b.is_empty() => Ok((a.to_owned(), b.to_owned())),
        _ => Err("expected <folder>/<finger>=<folder>/<finger>".into()),
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let mut names: Vec<_> = options.matcher_command.iter().map(|command| &command.name).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows().find(|[a, b]| a == b) {
        return Err(CliError::Usage(format!("two matchers are called {twice}; NAME=COMMAND names them")));
    }
    if let Some(fingers) = options.background {
        if options.stage == StageChoice::Coarse {
            return Err(CliError::Usage("--background needs --stage fine".into()));
        }
        background::check_size(fingers)?;
    }
    let samples = samples(&options.templates, options.reading)?;
    let mut collection = Collection::new(&samples, &options.same_finger)?;
    let folds = training::folds(&collection);
    if options.two_fold {
        collection.part(folds.clone());
    }
    let stage = if options.stage == StageChoice::Fine { Stage::Fine } else { Stage::Coarse };
    let count = collection.impressions.len() as u64;
    let bar = progress(count * count, "comparing");
    let mut scores = Scores::compare(&collection, stage, |done| bar.inc(done))?;
    bar.finish_and_clear();
    scores.peers = peers(options, &collection)?;
    let trained = if options.two_fold { Some(two_fold(options, &collection, &folds, &mut scores)?) } else { None };
    let mut report = Report::new(&collection, &scores)?;
    report.training = trained.unwrap_or(report.training);
    report.cascade = options.background.map(|n| cascade(options, (&collection, &samples), &scores, n)).transpose()?;
    let json = serde_json::to_string_pretty(&report).expect("a report is plain data");
    write_files(&options.out, &report, &json, &options.templates)?;
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{json}")?;
        return Ok(());
    }
    print(&mut out, &report)?;
    let kept = if report.cascade.is_some() { ", kept.svg" } else { "" };
    writeln!(out, "report.json, report.html, det.svg{kept} and cmc.svg in {}", options.out.display())?;
    Ok(())
}

/// Searches every impression among `fingers` made fingers.
fn cascade(
    options: &Options,
    (collection, samples): (&Collection, &[Sample]),
    scores: &Scores,
    fingers: usize,
) -> Result<CascadeReport, CliError> {
    let bar = progress(fingers as u64, "making fingers");
    let background = Background::new(collection, samples, fingers, options.background_seed, |done| bar.inc(done))?;
    bar.finish_and_clear();
    let bar = progress(fingers as u64 * collection.impressions.len() as u64, "searching");
    let chosen = (options.keep.into(), options.background_seed);
    let found = cascade::study(collection, scores, &background, chosen, |done| bar.inc(done))?;
    bar.finish_and_clear();
    Ok(found)
}

/// The cascade's figures in percent.
fn print_cascade(out: &mut impl Write, found: &CascadeReport) -> Result<(), CliError> {
    for size in &found.sizes {
        let at = &size.chosen;
        writeln!(
            out,
            "among {} fingers: {:.2} of mates in the first {}, {:.2} ({:.2} to {:.2}) of {} lost to the fine stage, {} for less than 0.5",
            size.fingers,
            100.0 * at.kept,
            at.keep,
            100.0 * at.loss,
            100.0 * at.loss_ci95[0],
            100.0 * at.loss_ci95[1],
            size.found,
            size.recommended_keep.map_or("none".into(), |keep| keep.to_string())
        )?;
        for (stage, rates) in [("coarse", &size.coarse), ("both", &size.cascade), ("fine, nothing lost", &size.fine)] {
            writeln!(
                out,
                "  {stage}: rank 1 {:.2}, FNIR {:.2} at FPIR 1, {:.2} at FPIR 0.1",
                100.0 * rates.rank1,
                100.0 * rates.fnir_at_fpir.percent,
                100.0 * rates.fnir_at_fpir.per_thousand
            )?;
        }
        writeln!(
            out,
            "  {:.4} s coarse, {:.1} us per fine comparison, fine stage {:.2} of the time, on one thread",
            size.coarse_seconds,
            size.fine_us,
            100.0 * at.fine_share
        )?;
    }
    Ok(())
}

/// Replaces the fine scores by those of the two-fold protocol.
fn two_fold(
    options: &Options,
    collection: &Collection,
    folds: &[usize],
    scores: &mut Scores,
) -> Result<Training, CliError> {
    let mut others = Vec::new();
    for folder in &options.train_with {
        others.push(Collection::new(&samples(folder, options.reading)?, &options.same_finger)?);
    }
    let collections: Vec<&Collection> = std::iter::once(collection).chain(&others).collect();
    let sources = measured(&collections)?;
    training::two_fold(scores, &sources, 0, folds)?;
    let names = std::iter::once(&options.templates).chain(&options.train_with);
    Ok(Training::two_fold(collection, folds, names.map(|folder| name_of(folder)).collect()))
}

/// Measures every ordered pair of impressions of each collection.
pub fn measured<'a>(collections: &[&'a Collection]) -> Result<Vec<Measured<'a>>, CliError> {
    let pairs: usize = collections.iter().map(|c| c.impressions.len().pow(2)).sum();
    let bar = progress(pairs as u64, "measuring");
    let found = collections.iter().map(|collection| Measured::new(collection, |done| bar.inc(done)));
    let found = found.collect::<Result<_, _>>()?;
    bar.finish_and_clear();
    Ok(found)
}

/// What a folder is called.
pub fn name_of(folder: &Path) -> String {
    folder.file_name().map_or_else(|| "templates".into(), |name| name.to_string_lossy().into_owned())
}

/// Reads every minutiae file below a folder.
pub fn samples(folder: &Path, reading: Reading) -> Result<Vec<Sample>, CliError> {
    if !fs::metadata(folder).map_err(CliError::file(folder))?.is_dir() {
        let what = "a folder of databases is needed".into();
        return Err(CliError::Unusable { path: folder.to_path_buf(), what });
    }
    let files = files_of(folder)?;
    let bar = progress(files.len() as u64, "reading");
    let read = |file: &PathBuf| {
        bar.inc(1);
        let below = file.strip_prefix(folder).unwrap_or(file);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let file_bytes = fs::metadata(file).map_err(CliError::file(file))?.len() as usize;
        Ok(Sample { path: parts.join("/"), file_bytes, template: reading.template(file)? })
    };
    let samples = files.par_iter().map(read).collect::<Result<_, CliError>>()?;
    bar.finish_and_clear();
    Ok(samples)
}

/// The other programs' scores.
fn peers(options: &Options, collection: &Collection) -> Result<Vec<Peer>, CliError> {
    let path = |below: &str| options.templates.join(below).to_string_lossy().into_owned();
    let files: Vec<String> = collection.impressions.iter().map(|i| path(&i.path)).collect();
    let running =
        Running { processes: options.matcher_processes.into(), timeout: Duration::from_secs(options.matcher_timeout) };
    let scores = |command: &MatcherCommand| {
        let bar = progress((files.len() * (files.len() - 1) / 2) as u64, format!("comparing by {}", command.name));
        let found = peer::compare(command, &files, running, |done| bar.inc(done));
        bar.finish_and_clear();
        found.map_err(|source| CliError::Peer { name: command.name.clone(), source })
    };
    options.matcher_command.iter().map(scores).collect()
}

fn write_files(folder: &Path, report: &Report, json: &str, templates: &Path) -> Result<(), CliError> {
    fs::create_dir_all(folder).map_err(CliError::file(folder))?;
    let name = name_of(templates);
    let mut files = vec![
        ("report.json", json.to_owned() + "\n"),
        ("report.html", page::html(report, &format!("Evaluation of {name}"))),
        ("det.svg", chart::det(report)),
        ("cmc.svg", chart::cmc(report)),
    ];
    if report.cascade.is_some() {
        files.push(("kept.svg", chart::kept(report)));
    }
    for (file, text) in files {
        let path = folder.join(file);
        fs::write(&path, text).map_err(CliError::file(&path))?;
    }
    Ok(())
}

/// The figures in percent, stages and programs below each other.
fn print(out: &mut impl Write, report: &Report) -> Result<(), CliError> {
    let stages = report.stages();
    let width = report.figures.databases.keys().map(String::len).max().unwrap_or(0).max("all databases".len());
    let column = stages.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max("coarse".len());
    writeln!(
        out,
        "{:width$}  {:column$}     EER  FMR100 FMR1000 FMR10000 ZeroFMR   mated non-mated",
        "percent", "stage"
    )?;
    let mut row = |name: &str, stage: &str, found: &Verification| {
        let [eer, percent, thousand, ten_thousand, zero] = found.figures.list().map(|rate| 100.0 * rate);
        let (mated, other) = (found.counts.genuine, found.counts.impostor);
        writeln!(
            out,
            "{name:width$}  {stage:column$} {eer:7.2} {percent:7.2} {thousand:7.2} {ten_thousand:8.2} {zero:7.2} {mated:7} {other:9}"
        )
    };
    for &(stage, found) in &stages {
        row("all databases", stage, &found.pooled)?;
    }
    for name in report.figures.databases.keys() {
        for &(stage, found) in &stages {
            row(name, stage, &found.databases[name].verification)?;
        }
    }
    for (stage, found) in stages {
        let IdentificationReport { rank1, fnir_at_fpir: at, .. } = found.identification;
        writeln!(
            out,
            "identification, {stage}: rank 1 {:.2}, FNIR {:.2} at FPIR 1, {:.2} at FPIR 0.1, {} mated searches",
            100.0 * rank1,
            100.0 * at.percent,
            100.0 * at.per_thousand,
            found.identification.mated_searches
        )?;
    }
    for found in report.fusion.iter().flat_map(|fusion| &fusion.subjects) {
        let (at, [low, high]) = (found.fnir_at_fpir, found.ci95.per_thousand);
        writeln!(
            out,
            "fingers fused {:2}: FNIR {:.2} at FPIR 1, {:.2} ({:.2} to {:.2}) at FPIR 0.1; {:.2} with what the coarse stage loses, \
             {:.2} with two fingers searched first",
            found.fingers,
            100.0 * at.percent,
            100.0 * at.per_thousand,
            100.0 * low,
            100.0 * high,
            100.0 * found.all_searched.fnir_at_fpir.per_thousand,
            100.0 * found.two_searched.fnir_at_fpir.per_thousand
        )?;
    }
    if let Some(found) = &report.cascade {
        print_cascade(out, found)?;
    }
    let fine = report.speed.fine_us.map_or(String::new(), |us| format!(", {us:.1} us per fine one"));
    writeln!(
        out,
        "{:.1} us per encoded template, {:.2} us per coarse comparison{fine}, on one thread",
        report.speed.encode_us, report.speed.coarse_us
    )?;
    for (name, peer) in &report.matchers {
        let own = peer.speed.comparison_us.map_or(String::new(), |us| format!(", {us:.2} us each by its own clock"));
        writeln!(out, "{name}: {:.0} comparisons per second of a process{own}", peer.speed.comparisons_per_second)?;
    }
    for line in report.training.described() {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
