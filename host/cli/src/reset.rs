//! `whorl card reset`: the reset ladder by hand.

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use serde_json::json;
use std::io::Write;
use std::time::Instant;
use whorl_device::{Device, DeviceError, Recovery};

/// Options of `whorl card reset`.
#[derive(clap::Args)]
#[command(after_help = "\
The card must be free. The steps are the card's own reset and, if the card is not back after it, a reset of the PCI \
function; each has a bound of seconds. Loaded probes are lost, and the error log is cleared.

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
    // Opening resets the card; one that does not come out of that can still be had back by its function.
    let (device, step, not_enough) = match Device::open(transport) {
        Ok(mut device) => {
            let step = if options.function {
                device.reset_function().map(|()| Recovery::FunctionReset)
            } else {
                device.reset()
            };
            (device, step.map_err(failed)?, None)
        }
        Err(first @ DeviceError::CardLost { .. }) => {
            let (mut transport, _, started_anew) = options.engine.open_transport()?;
            simulator = started_anew.or(simulator);
            let reset = transport.reset().map_err(DeviceError::from).and_then(|()| Device::open(transport));
            (reset.map_err(failed)?, Recovery::FunctionReset, Some(first.to_string()))
        }
        Err(error) => return Err(failed(error)),
    };
    let seconds = started.elapsed().as_secs_f64();
    device.close().map_err(CliError::engine(&name))?;
    drop(simulator);
    let step = if step == Recovery::FunctionReset { "function" } else { "card" };
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{}", json!({ "engine": name, "step": step, "seconds": seconds, "not_enough": not_enough }))?;
        return Ok(());
    }
    if let Some(why) = not_enough {
        writeln!(out, "{name}: the card reset was not enough: {why}")?;
    }
    writeln!(out, "{name}: back after a {step} reset, {seconds:.3} s in all")?;
    Ok(())
}
