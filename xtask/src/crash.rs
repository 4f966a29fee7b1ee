//! `cargo xtask crash`: crashes of the gallery of record, and their report.

use crate::shell::{self, TaskError, root};
use std::path::PathBuf;

/// Options of `cargo xtask crash`.
#[derive(clap::Args)]
pub struct Options {
    /// What the crashes are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Crashes in all; thirty to fifty in a second
    #[arg(long, default_value_t = 500)]
    count: u64,
    /// Where figures go, as JSON
    #[arg(long, default_value = "target/crash/report.json")]
    report: PathBuf,
}

/// Runs the crashes. Fails where something acknowledged is missing, something else is there by half, or something
/// expunged can still be read.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let (seed, count) = (options.seed.to_string(), options.count.to_string());
    let report = root().join(&options.report);
    let report = report.to_string_lossy();
    let arguments = ["run", "--release", "--quiet", "--bin", "whorl-crash", "--"];
    let options = ["--seed", &seed, "--count", &count, "--report", &report];
    shell::cargo(&[&arguments[..], &options[..]].concat())
}
