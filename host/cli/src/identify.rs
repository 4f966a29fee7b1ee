//! `whorl identify`: probes in a gallery, ranked candidate lists out.

mod account;
mod coarse;
mod fine;

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use crate::input::{Gallery, Reading, files_of};
use crate::pool;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use whorl_layout::TOP_K_MAX;
use whorl_matcher::GATE_DEFAULT;
use whorl_search::cascade::{FINGERS_MAX, KEEP_DEFAULT};
use whorl_search::{Pool, Role};

/// Options of `whorl identify`.
#[derive(clap::Args)]
#[command(
    after_help = "A file is one subject, and its views are fingers with their positions. Mix-ups of positions are found and \
reported: swapped hands, single fingers under wrong positions, and fingers of unknown position (code 0).\n\nExamples:\n  \
whorl identify --gallery gallery --probe p.iso --engine cpu\n  whorl identify --gallery gallery --probe probes --engine \
sim:2x2 --top 3 --json\n  whorl identify --gallery gallery --probe tenprint.iso --engine cpu --first-pass-fingers 2\n  \
whorl identify --gallery gallery --probe p.iso --engine cpu --fpir 0.001\n  \
whorl identify --gallery gallery --probe p.iso --engine cpu --stage coarse\n\nA candidate list is a lead for an examiner, \
never a verdict."
)]
pub struct Options {
    /// Folder of minutiae files, or one file: the references
    #[arg(long, value_name = "DIR-or-FILE")]
    gallery: PathBuf,
    /// Minutiae files, or folders of them; each is searched as one subject with up to ten fingers
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
    /// Last stage to run
    #[arg(long, value_enum, default_value_t = Stage::Fine)]
    stage: Stage,
    /// Coarse candidates of each searched finger that go to the fine stage
    #[arg(long, value_name = "N", default_value_t = KEEP_DEFAULT as u16, value_parser = clap::value_parser!(u16).range(1..=TOP_K_MAX as i64))]
    keep: u16,
    /// Search only the N fingers of most minutiae, thumb, index and middle finger first; the others are compared with the
    /// subjects that came up. Faster, and loses mates that none of the N brings up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=FINGERS_MAX as i64))]
    first_pass_fingers: Option<u8>,
    /// Candidates per probe
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=TOP_K_MAX as i64))]
    top: u16,
    /// List only candidates so strong that a search of a gallery of this size for a subject who is not in it is expected to list
    /// anybody with this probability, above 0 and below 1. An estimate by the calibration table
    #[arg(long, value_name = "RATE", value_parser = rate)]
    fpir: Option<f64>,
    /// Smallest coarse score of a candidate, 0..65535
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Stage {
    /// References by the score that cards compute; of a file with several views the first is searched
    Coarse,
    /// Subjects by the likelihood ratio of all their fingers
    Fine,
}

/// What a stage has to say.
struct Printed {
    /// One text or JSON object per probe.
    lists: Vec<String>,
    /// Lines after the lists, for readers.
    summary: String,
}

impl Options {
    /// A JSON object in one line, with what of the gallery lay in card memory.
    fn one_line(&self, mut value: Value, gallery: &Gallery, pool: &Pool) -> String {
        if self.resident {
            value["resident"] = json!({"bytes": pool.resident_bytes(), "of": gallery.bytes()});
        }
        format!("{value}\n")
    }
}

/// A rate above 0 and below 1.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate < 1.0 => Ok(rate),
        _ => Err("expected a fraction above 0 and below 1, such as 0.001".into()),
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    if options.fpir.is_some() && options.stage == Stage::Coarse {
        let what = "--fpir needs --stage fine: coarse scores of single references are not calibrated";
        return Err(CliError::Usage(what.into()));
    }
    let mut files = Vec::new();
    for argument in &options.probe {
        files.extend(files_of(argument)?);
    }
    let gallery = Gallery::read(&options.gallery, options.reading)?;
    let mut pool = pool::open(&options.engine, options.resident, !options.no_spare)?;
    let workers = pool.status().into_iter().filter(|member| member.role == Role::Worker);
    let name = workers.map(|member| member.name).collect::<Vec<_>>().join(" + ");
    for shard in &gallery.shards {
        pool.load(shard.clone()).map_err(CliError::engine(&name))?;
    }
    let printed = match options.stage {
        Stage::Coarse => coarse::run(options, &files, &gallery, &mut pool, &name)?,
        Stage::Fine => fine::run(options, &files, &gallery, &mut pool, &name)?,
    };
    let mut out = std::io::stdout().lock();
    for list in &printed.lists {
        write!(out, "{list}")?;
    }
    if !options.json {
        write!(out, "{}", printed.summary)?;
        if options.resident {
            let (bytes, of) = (pool.resident_bytes(), gallery.bytes());
            writeln!(out, "  {bytes} of {of} bytes of the gallery lay in card memory")?;
        }
    }
    Ok(())
}
