//! `whorl card selftest`: every engine, every channel of card memory, the interrupt and the error log.

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use serde_json::json;
use std::io::Write;
use whorl_device::with_causes;
use whorl_search::self_test::{PartResult, self_test};

/// Options of `whorl card selftest`.
#[derive(clap::Args)]
#[command(after_help = "\
The card must be free: it is reset, and its probes and its memory are overwritten.

Exit codes:
  0 the card is well   4 a part failed   5 the card is lost   6 an engine computes wrong scores

Example:
  whorl card selftest --engine unix:/run/whorl/card.sock --json")]
pub struct Options {
    #[arg(long, help = engine::HELP)]
    engine: EngineChoice,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let (mut device, name, _simulator) = options.engine.open_device()?;
    let results = self_test(&mut device);
    let closed = device.close();
    print(options, &name, &results)?;
    match verdict(&name, &results) {
        None => closed.map_err(CliError::engine(&name)),
        Some(failure) => Err(failure),
    }
}

fn print(options: &Options, name: &str, results: &[PartResult]) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    if options.json {
        let parts: Vec<_> = results
            .iter()
            .map(|result| json!({ "part": result.part.to_string(), "defect": result.defect.as_ref().map(|defect| with_causes(defect)) }))
            .collect();
        let well = results.iter().all(|result| result.defect.is_none());
        writeln!(out, "{}", json!({ "engine": name, "well": well, "parts": parts }))?;
        return Ok(());
    }
    writeln!(out, "{name}")?;
    for PartResult { part, defect } in results {
        match defect {
            None => writeln!(out, "  pass  {part}")?,
            Some(defect) => writeln!(out, "  fail  {part}: {}", with_causes(defect))?,
        }
    }
    Ok(())
}

/// The worst that the parts came to; none: the card is well.
fn verdict(name: &str, results: &[PartResult]) -> Option<CliError> {
    let defects: Vec<_> = results.iter().filter_map(|result| result.defect.as_ref()).collect();
    if defects.is_empty() {
        return None;
    }
    let what = format!("{name}: {} of {} parts failed the self test", defects.len(), results.len());
    if defects.iter().any(|defect| defect.is_lost()) {
        return Some(CliError::SelfTest { what, lost: true });
    }
    if defects.iter().any(|defect| defect.is_wrong_scores()) {
        return Some(CliError::Mismatch(what));
    }
    Some(CliError::SelfTest { what, lost: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_device::DeviceError;
    use whorl_search::self_test::{Defect, Part};

    #[test]
    fn the_exit_code_is_that_of_the_worst_defect() {
        let code = |defects: Vec<Option<Defect>>| {
            let results: Vec<_> =
                defects.into_iter().map(|defect| PartResult { part: Part::Interrupt, defect }).collect();
            verdict("card", &results).map(|error| error.exit_code())
        };
        let scores = || Some(Defect::Scores { found: 1, expected: 2 });
        let lost = || Some(Defect::Command(DeviceError::CardLost { reason: String::new() }));
        assert_eq!(code(vec![None, None]), None);
        assert_eq!(code(vec![None, Some(Defect::NoInterrupt)]), Some(4));
        assert_eq!(code(vec![Some(Defect::NoInterrupt), scores()]), Some(6));
        assert_eq!(code(vec![scores(), lost()]), Some(5));
    }
}
