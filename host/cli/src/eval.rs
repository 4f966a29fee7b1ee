//! `whorl eval`: error rates on databases of fingers with known mates.

use crate::error::CliError;
use crate::input::{Reading, files_of, progress};
use rayon::prelude::*;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use whorl_eval::report::{IdentificationReport, Verification};
use whorl_eval::{Collection, Report, Sample, Scores, Stage, chart, page};

/// Options of `whorl eval`.
#[derive(clap::Args)]
#[command(
    after_help = "A folder that holds files <finger>_<impression>.<ending> is a database; folders may be nested. A finger is its \
folder below DIR and its number, such as fvc2002/DB3_B/108. Every impression is compared with every other."
)]
pub struct Options {
    /// Folder with databases of minutiae files
    #[arg(long, value_name = "DIR")]
    templates: PathBuf,
    /// Folder for report.json, report.html, det.svg and cmc.svg; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Last stage to run; with `fine`, the coarse stage is reported beside it
    #[arg(long, value_enum, default_value_t = StageChoice::Fine)]
    stage: StageChoice,
    /// Two fingers that are one in truth: neither mates nor non-mates. May be repeated
    #[arg(long, value_name = "A=B", value_parser = pair)]
    same_finger: Vec<(String, String)>,
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
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((a, b)) if !a.is_empty() && !b.is_empty() => Ok((a.to_owned(), b.to_owned())),
        _ => Err("expected <folder>/<finger>=<folder>/<finger>".into()),
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let samples = samples(&options.templates, options.reading)?;
    let collection = Collection::new(&samples, &options.same_finger)?;
    let stage = if options.stage == StageChoice::Fine { Stage::Fine } else { Stage::Coarse };
    let count = collection.impressions.len() as u64;
    let bar = progress(count * count, "comparing");
    let scores = Scores::compare(&collection, stage, |done| bar.inc(done))?;
    bar.finish_and_clear();
    let report = Report::new(&collection, &scores)?;
    let json = serde_json::to_string_pretty(&report).expect("a report is plain data");
    write_files(&options.out, &report, &json, &options.templates)?;
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{json}")?;
        return Ok(());
    }
    print(&mut out, &report)?;
    writeln!(out, "report.json, report.html, det.svg and cmc.svg in {}", options.out.display())?;
    Ok(())
}

/// Reads every minutiae file below a folder.
fn samples(folder: &Path, reading: Reading) -> Result<Vec<Sample>, CliError> {
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

fn write_files(folder: &Path, report: &Report, json: &str, templates: &Path) -> Result<(), CliError> {
    fs::create_dir_all(folder).map_err(CliError::file(folder))?;
    let name = templates.file_name().map_or_else(|| "templates".into(), |name| name.to_string_lossy());
    for (file, text) in [
        ("report.json", json.to_owned() + "\n"),
        ("report.html", page::html(report, &format!("Evaluation of {name}"))),
        ("det.svg", chart::det(report)),
        ("cmc.svg", chart::cmc(report)),
    ] {
        let path = folder.join(file);
        fs::write(&path, text).map_err(CliError::file(&path))?;
    }
    Ok(())
}

/// The figures in percent, coarse and fine below each other.
fn print(out: &mut impl Write, report: &Report) -> Result<(), CliError> {
    let stages = report.stages();
    let width = report.figures.databases.keys().map(String::len).max().unwrap_or(0).max("all databases".len());
    writeln!(out, "{:width$}  stage      EER  FMR100 FMR1000 FMR10000 ZeroFMR   mated non-mated", "percent")?;
    let mut row = |name: &str, stage: &str, found: &Verification| {
        let [eer, percent, thousand, ten_thousand, zero] = found.figures.list().map(|rate| 100.0 * rate);
        let (mated, other) = (found.counts.genuine, found.counts.impostor);
        writeln!(
            out,
            "{name:width$}  {stage:6} {eer:7.2} {percent:7.2} {thousand:7.2} {ten_thousand:8.2} {zero:7.2} {mated:7} {other:9}"
        )
    };
    for &(stage, found) in &stages {
        row("all databases", stage, &found.pooled)?;
    }
    for name in report.figures.databases.keys() {
        for &(stage, found) in &stages {
            row(name, stage, &found.databases[name])?;
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
    let fine = report.speed.fine_us.map_or(String::new(), |us| format!(", {us:.1} us per fine one"));
    writeln!(out, "{:.2} us per coarse comparison{fine}, on one thread", report.speed.coarse_us)?;
    writeln!(out, "Coefficients {} are fixed: nothing was trained on these samples in this run.", report.coefficients)?;
    Ok(())
}
