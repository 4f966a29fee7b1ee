//! Crashes of the gallery of record: at random, from a seed, and what must hold after each.
//!
//! A store enrols, seals, expunges, keeps, compacts and changes its key. Its process is killed, or its file layer fails.
//! Then everything acknowledged must be there, everything else wholly or not at all, and what is expunged in no file
//! after a compaction. Each answer is in an audit log before it is one, and the log's chain must be whole. The same store goes
//! through several crashes.

mod check;
mod crash;
mod drive;
mod trail;
mod work;

use check::{Found, Trial};
use clap::{Parser, Subcommand};
use crash::Way;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Crashes that one store goes through.
const CRASHES_OF_A_STORE: u64 = 5;

/// Crashes of the gallery of record.
#[derive(Debug, Parser)]
#[command(name = "whorl-crash", args_conflicts_with_subcommands = true)]
struct Arguments {
    /// What the crashes are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many there are
    #[arg(long, default_value_t = 500)]
    count: u64,
    /// Where the report goes
    #[arg(long, default_value = "target/crash/report.json")]
    report: PathBuf,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The process that is killed
    #[command(hide = true)]
    Child(crash::Child),
}

/// What a run of crashes found.
#[derive(Debug, Default, Serialize)]
struct Report {
    seed: u64,
    crashes: BTreeMap<&'static str, u64>,
    stores: u64,
    operations_acknowledged: u64,
    compactions: u64,
    rotations: u64,
    unacknowledged_kept: u64,
    unacknowledged_dropped: u64,
    torn_tails: u64,
    torn_bytes: u64,
    leftover_files: u64,
    checks_of_every_file: u64,
    audit_entries_verified: u64,
    audit_torn_lines: u64,
    failures: Vec<String>,
    seconds: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Part::Child(child)) = arguments.part {
        let Err(error) = child.run() else { return ExitCode::SUCCESS };
        eprintln!("whorl-crash: {error}");
        return ExitCode::FAILURE;
    }
    let begun = Instant::now();
    let mut report = Report { seed: arguments.seed, ..Report::default() };
    let mut done = 0;
    while done < arguments.count {
        let crashes = CRASHES_OF_A_STORE.min(arguments.count - done);
        if let Err(failure) = store(arguments.seed, report.stores, crashes, &mut report) {
            eprintln!("{failure}");
            report.failures.push(failure);
        }
        report.stores += 1;
        done += crashes;
    }
    report.seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} crashes of {} stores: {:?}; {} operations acknowledged, {} compactions, {} rotations; of those not \
         acknowledged {} are there and {} are not; {} torn tails; every file read {} times; {} audit entries verified, {} torn lines; {} failures; {:.0} s",
        done,
        report.stores,
        report.crashes,
        report.operations_acknowledged,
        report.compactions,
        report.rotations,
        report.unacknowledged_kept,
        report.unacknowledged_dropped,
        report.torn_tails,
        report.checks_of_every_file,
        report.audit_entries_verified,
        report.audit_torn_lines,
        report.failures.len(),
        report.seconds,
    );
    let written = arguments.report.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| {
        let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::other)?;
        std::fs::write(&arguments.report, text)
    });
    if let Err(error) = written {
        eprintln!("{}: {error}", arguments.report.display());
        return ExitCode::FAILURE;
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One store and its crashes.
fn store(seed: u64, number: u64, crashes: u64, report: &mut Report) -> Result<(), String> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let folder = folder.path().join("store");
    let mut trial = Trial::new(random.random(), random.random_bool(0.5));
    for crash in 0..crashes {
        let way = Way::random(&mut random);
        let failed = |what: String| format!("seed {seed}, store {number}, crash {crash} ({}): {what}", way.name());
        *report.crashes.entry(way.name()).or_default() += 1;
        let events = match way {
            Way::Process => crash::kill_process(&trial, &folder, &mut random).map_err(failed)?,
            Way::Layer(fault) => crash::fail_layer(&trial, &folder, fault, &mut random),
        };
        let heard = trial.hear(&events).map_err(failed)?;
        let before = trial.key;
        let compact = random.random_bool(0.5);
        let found = trial.check(&folder, &heard, compact).map_err(failed)?;
        let Found { kept, dropped, torn_bytes, leftover_files, audit_entries, audit_torn_bytes } = found;
        report.operations_acknowledged += heard.answered;
        report.compactions += heard.compactions;
        report.rotations += u64::from(trial.key - before);
        report.unacknowledged_kept += kept;
        report.unacknowledged_dropped += dropped;
        report.torn_tails += u64::from(torn_bytes > 0);
        report.torn_bytes += torn_bytes;
        report.leftover_files += leftover_files;
        report.checks_of_every_file += u64::from(compact);
        report.audit_entries_verified += audit_entries;
        report.audit_torn_lines += u64::from(audit_torn_bytes > 0);
    }
    Ok(())
}
