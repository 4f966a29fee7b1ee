//! `whorl train`: the fine stage's weights from fingers with known mates.

use crate::error::CliError;
use crate::eval::{measured, pair, samples};
use crate::input::Reading;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use whorl_eval::{Collection, training};

/// Options of `whorl train`.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  whorl train --templates fvc/leader --templates fvc/mindtct --version m1.2 --out host/matcher/model/fine.txt\n\n\
A built program keeps the weights that it was built with; the table is a source file of the matcher. Never evaluate on what was \
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
    Ok(())
}
