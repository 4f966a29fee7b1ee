//! `whorl card reset`: the reset ladder by hand.

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use serde_json::json;
use std::io::Write;
use std::time::Instant;
use whorl_device::{Device, DeviceError, Recovery, StepTaken};

/// Options of `whorl card reset`.
#[derive(clap::Args)]
#[command(after_help = "\
The card must be free. The steps are the card's own reset and, if the card is not back after it, a reset of the PCI \
function; each has a bound of seconds, and its time is printed. Loaded probes are lost, and the error log is cleared.

Exit codes:
  0 the card is back   4 it cannot be reached   5 no step helped: the card is lost

Example:
  whorl card reset --engine vfio:0000:3b:00.0 --function")]
pub struct Options {
    #[arg(long, help = engine::HELP)]
    engine: EngineChoice,
    /// Reset the PCI function at once
    #[arg(long)]
    function: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let started = Instant::now();
    let (transport, name, mut simulator) = options.engine.open_transport()?;
    let failed = CliError::engine::<DeviceError>(&name);
    let mut steps = Vec::new();
    // Opening resets the card; one that does not come out of that can still be had back by its function.
    let (mut device, opened) = match Device::open(transport) {
        Ok(device) => (device, true),
        Err(first @ DeviceError::CardLost { .. }) => {
            steps.push(StepTaken {
                step: Recovery::CardReset,
                took: started.elapsed(),
                failure: Some(first.to_string()),
            });
            let (transport, _, started_anew) = options.engine.open_transport()?;
            simulator = started_anew.or(simulator);
            (Device::open_by_function_reset(transport).map_err(failed)?, false)
        }
        Err(error) => return Err(failed(error)),
    };
    let reset = match (opened, options.function) {
        (false, _) => Ok(()),
        (true, true) => device.reset_function(),
        (true, false) => device.reset().map(|_| ()),
    };
    steps.extend_from_slice(device.steps_taken());
    let seconds = started.elapsed().as_secs_f64();
    let closed = device.close();
    drop(simulator);

    let mut out = std::io::stdout().lock();
    if !options.json {
        write_steps(&mut out, &name, &steps)?;
    }
    reset.and(closed).map_err(CliError::engine(&name))?;
    let last = steps.last().map_or("", |taken| name_of(taken.step));
    if options.json {
        let not_enough = steps.iter().find_map(|taken| taken.failure.as_deref());
        let steps: Vec<_> = steps.iter().map(to_json).collect();
        let value =
            json!({ "engine": name, "step": last, "seconds": seconds, "not_enough": not_enough, "steps": steps });
        writeln!(out, "{value}")?;
    } else {
        writeln!(out, "{name}: back after a {last} reset, {seconds:.3} s in all")?;
    }
    Ok(())
}

/// A step in one word; the first two are never taken by hand.
const fn name_of(step: Recovery) -> &'static str {
    match step {
        Recovery::Abort => "abort",
        Recovery::QueueReset => "queue",
        Recovery::CardReset => "card",
        Recovery::FunctionReset => "function",
    }
}

fn to_json(taken: &StepTaken) -> serde_json::Value {
    json!({ "step": name_of(taken.step), "seconds": taken.took.as_secs_f64(), "failure": taken.failure })
}

fn write_steps(out: &mut impl Write, name: &str, steps: &[StepTaken]) -> std::io::Result<()> {
    for taken in steps {
        let (step, seconds) = (name_of(taken.step), taken.took.as_secs_f64());
        match &taken.failure {
            None => writeln!(out, "{name}: {step} reset, {seconds:.3} s")?,
            Some(why) => writeln!(out, "{name}: {step} reset did not help, {seconds:.3} s: {why}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_step_is_told_with_its_time_and_why_it_did_not_help() {
        let step = |step, millis, failure: Option<&str>| StepTaken {
            step,
            took: Duration::from_millis(millis),
            failure: failure.map(str::to_owned),
        };
        let steps = [step(Recovery::CardReset, 2001, Some("it did not end")), step(Recovery::FunctionReset, 104, None)];
        let mut out = Vec::new();
        write_steps(&mut out, "card x", &steps).expect("memory takes text");
        let text = String::from_utf8(out).expect("text");
        let expected =
            ["card x: card reset did not help, 2.001 s: it did not end\n", "card x: function reset, 0.104 s\n"];
        assert_eq!(text, expected.concat());
        assert_eq!(
            steps.each_ref().map(to_json),
            [
                json!({"step": "card", "seconds": 2.001, "failure": "it did not end"}),
                json!({"step": "function", "seconds": 0.104, "failure": null}),
            ]
        );
    }
}
