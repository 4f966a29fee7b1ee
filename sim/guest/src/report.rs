//! The steps' outcomes, as the host reads them: a line of JSON for each, at a terminal of its own.

use serde_json::json;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::Instant;
use whorl_device::with_causes;

/// Characters of a detail: a block of docs/operations.md, and what it said.
const DETAIL_MAX: usize = 2000;

/// Whatever made a step fail; only its text matters.
pub type Fault = Box<dyn Error>;

/// What a step comes to: what was seen.
pub type Step = Result<String, Fault>;

/// The terminal that the host listens at.
#[derive(Debug)]
pub struct Report {
    terminal: File,
}

impl Report {
    /// Reports at the terminal of this name.
    pub fn open(terminal: &str) -> Result<Self, Fault> {
        Ok(Self { terminal: OpenOptions::new().write(true).open(terminal)? })
    }

    /// Does one step and says what came of it, on the console too. Fails only if it cannot be said.
    pub fn step(&mut self, name: &str, act: impl FnOnce() -> Step) -> Result<(), Fault> {
        println!("== {name}");
        let started = Instant::now();
        let (outcome, detail) = match act() {
            Ok(seen) => ("passed", seen),
            Err(fault) => ("failed", with_causes(&*fault)),
        };
        let detail: String = detail.replace('\n', " ").chars().take(DETAIL_MAX).collect();
        let seconds = started.elapsed().as_secs_f64();
        println!("== {name}: {outcome} in {seconds:.3} s: {detail}");
        writeln!(self.terminal, "{}", json!({"name": name, "outcome": outcome, "seconds": seconds, "detail": detail}))?;
        Ok(())
    }
}
