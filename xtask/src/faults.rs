//! `cargo xtask faults`: the campaign of sim/examples/faults, and its report.

use crate::shell::{self, TaskError, root};
use std::path::PathBuf;

/// Options of `cargo xtask faults`.
#[derive(clap::Args)]
pub struct Options {
    /// What the faults are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Faults in all; about two in a second
    #[arg(long, default_value_t = 1056)]
    count: u64,
    /// Only kinds whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Where figures by kind go, as JSON
    #[arg(long, default_value = "target/faults/report.json")]
    report: PathBuf,
}

/// Runs the campaign. Fails on a wrong or silently partial answer, a hang, or a card that does not come back.
pub fn run(options: &Options) -> Result<(), TaskError> {
    let report = root().join(&options.report);
    shell::write(&report, "")?; // its folder may not be there yet
    let (seed, count) = (options.seed.to_string(), options.count.to_string());
    let report = report.to_string_lossy();
    shell::cargo(&[
        "run",
        "--release",
        "--quiet",
        "--example",
        "faults",
        "--",
        "--seed",
        &seed,
        "--count",
        &count,
        "--only",
        &options.only,
        "--report",
        &report,
    ])
}
