//! `whorl train`: the fine stage's weights from fingers with known mates.

use crate::error::CliError;
use crate::eval::{measured, name_of, pair, samples};
use crate::input::Reading;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use whorl_eval::Collection;
use whorl_eval::calibration::{Calibrated, METHOD, calibrate};
use whorl_eval::training::{self, Measured};

/// Options of `whorl train`.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  whorl train --templates fvc/leader --templates fvc/mindtct --version m1.2 \\\n    --out host/matcher/model/fine.txt --calibration host/matcher/model/calibration.txt\n\n\
A built program keeps the tables that it was built with; they are source files of the matcher, and `make tables` writes both. Never evaluate on what was \
trained on: whorl eval --two-fold trains on one half of the fingers and judges the other."
)]
pub struct Options {
    /// Folder of databases, as for `whorl eval`. May be repeated, for example one per extractor
    #[arg(long, value_name = "DIR", required = true)]
    templates: Vec<PathBuf>,
    /// Two fingers that are one in truth, in all folders. May be repeated
    #[arg(long, value_name = "A=B", value_parser = pair)]
    same_finger: Vec<(String, String)>,
    /// What the table calls itself; outputs of two versions do not compare
    #[arg(long, value_name = "NAME")]
    version: String,
    /// The table to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write the calibration table as well: from outputs of the same fingers by weights that were trained on other ones, in two
    /// folds. The folders must show the same fingers, each by another extractor
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let mut collections = Vec::new();
    for folder in &options.templates {
        collections.push(Collection::new(&samples(folder, options.reading)?, &options.same_finger)?);
    }
    let sources = measured(&collections.iter().collect::<Vec<_>>())?;
    let model = training::train(&options.version, &sources, |_, _| true)?;
    let fingers: usize = collections.iter().map(|c| c.fingers.len()).sum();
    let impressions: usize = collections.iter().map(|c| c.impressions.len()).sum();
    let heading = format!(
        "# Weights of the fine stage, written by `whorl train`: {fingers} fingers of {} sources, {impressions} impressions.\n",
        collections.len()
    );
    fs::write(&options.out, heading + &model.to_text()).map_err(CliError::file(&options.out))?;
    writeln!(
        std::io::stdout(),
        "{}: weights {} from {fingers} fingers, {impressions} impressions, prior log odds {:.4}",
        options.out.display(),
        model.version,
        model.prior
    )?;
    match &options.calibration {
        Some(file) => write_calibration(options, file, &model.label(), &sources),
        None => Ok(()),
    }
}

/// Makes the calibration table and tells how well it describes what it was made from.
fn write_calibration(options: &Options, file: &Path, weights: &str, sources: &[Measured]) -> Result<(), CliError> {
    let version = format!("{}-{METHOD}", options.version);
    let Calibrated { table, cllr, checks } = calibrate(&version, weights, sources)?;
    let names: Vec<String> = options.templates.iter().map(|folder| name_of(folder)).collect();
    let heading = format!(
        "# Calibration, written by `whorl train`: two-fold outputs of {} sources ({}).\n# Ratios are natural logarithms; at the \
         ratios of `llr`, FMR is 10^-1, 10^-2, ...; `low` and `high` limit log10 FMR at 95 %.\n",
        sources.len(),
        names.join(", ")
    );
    fs::write(file, heading + &table.to_text()).map_err(CliError::file(file))?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: llr = {:.4} + {:.4} L - {:.4} (TH - {:.0}) / 256, Cllr {cllr:.4}",
        file.display(),
        table.bias,
        table.slope,
        table.background_weight,
        table.background_mean
    )?;
    for check in checks {
        let by = if check.held_out { "the other sources" } else { "the table" };
        let (name, fingers) = (&names[check.source], check.fingers);
        writeln!(out, "{name}, fingers {fingers}: FMR {:.6} observed, {:.4} by {by}", check.observed, check.expected)?;
    }
    Ok(())
}
