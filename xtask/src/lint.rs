//! Static checks of all languages.

use crate::generate;
use crate::shell::{TaskError, cargo, run, tool};
use std::process::Command;

/// Card sizes whose elaboration is linted: (streams, probes).
const SIZES: [(u32, u32); 3] = [(1, 1), (2, 2), (8, 8)];

/// All checks; stops at the first failure.
pub fn all() -> Result<(), TaskError> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    hdl()?;
    generate::check()?;
    dependencies()
}

/// Verilator's lint of the whole card, every warning an error.
fn hdl() -> Result<(), TaskError> {
    for (streams, probes) in SIZES {
        println!("hdl lint: {streams} x {probes}");
        run(Command::new(tool("verilator"))
            .args(["--lint-only", "-Wall", "--assert", "-Ihdl/prim", "--top-module", "whorl_core"])
            .arg(format!("-GStreams={streams}"))
            .arg(format!("-GProbes={probes}"))
            .args(["hdl/lint/verilator.vlt", "-f", "hdl/hdl.f"]))?;
    }
    Ok(())
}

/// Licences, sources and bans. Advisories need a database from outside; `cargo deny check` asks for them as well.
fn dependencies() -> Result<(), TaskError> {
    cargo(&["deny", "--log-level", "error", "check", "licenses", "bans", "sources"])
}
