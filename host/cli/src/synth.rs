//! `whorl synth`: synthetic fingers as files.

use crate::error::CliError;
use crate::input::progress;
use rayon::prelude::*;
use std::fs;
use std::path::PathBuf;
use whorl_synth::{Distortion, Finger};
use whorl_template::iso19794_2_2005;

/// Options of `whorl synth`.
#[derive(clap::Args)]
#[command(
    after_help = "Files are named FINGER_IMPRESSION.iso, as in 000042_1.iso. The same seed, finger and impression \
give the same file on every machine."
)]
pub struct Options {
    /// Number of fingers
    #[arg(long, value_name = "N")]
    fingers: u32,
    /// Impressions of each finger
    #[arg(long, value_name = "M", default_value_t = 1)]
    impressions: u32,
    /// Seed: other seeds are other people
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder to write to; made where it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of the first finger
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_finger: u32,
    /// Number of the first impression, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    first_impression: u32,
    /// How much impressions of a finger differ
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    distortion: Preset,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Preset {
    /// Cooperative capture on a clean sensor
    Clean,
    /// As in the public test sets of live-scan sensors
    Default,
    /// Dry, wet and partial fingers
    Hard,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    fs::create_dir_all(&options.out).map_err(CliError::file(&options.out))?;
    let distortion = match options.distortion {
        Preset::Clean => Distortion::clean(),
        Preset::Default => Distortion::default(),
        Preset::Hard => Distortion::hard(),
    };
    let last = |first: u32, count: u32, what| {
        first.checked_add(count).ok_or_else(|| CliError::Usage(format!("{what} beyond {}", u32::MAX)))
    };
    let fingers = options.first_finger..last(options.first_finger, options.fingers, "fingers")?;
    let impressions = options.first_impression..last(options.first_impression, options.impressions, "impressions")?;
    let bar = progress(u64::from(options.fingers), "making fingers");
    fingers.into_par_iter().try_for_each(|index| {
        let finger = Finger::new(options.seed, index);
        for impression in impressions.clone() {
            let path = options.out.join(format!("{index:06}_{impression}.iso"));
            let template = finger.impression(impression, &distortion);
            let bytes = iso19794_2_2005::write(&template)
                .map_err(|source| CliError::Template { path: path.clone(), source })?;
            fs::write(&path, bytes).map_err(CliError::file(&path))?;
        }
        bar.inc(1);
        Ok::<_, CliError>(())
    })?;
    bar.finish_and_clear();
    println!("{} files in {}", u64::from(options.fingers) * u64::from(options.impressions), options.out.display());
    Ok(())
}
