//! Project tasks: everything that CI does, runnable by hand.

mod bench;
mod card;
mod coverage;
mod crash;
mod demo;
mod faults;
mod fences;
mod formal;
mod generate;
mod guest;
mod lint;
mod load;
mod models;
mod mutate;
mod shell;
mod synth;
mod timing;
mod yosys;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Project tasks: everything that CI does, runnable by hand.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the files generated from spec/
    Gen {
        /// Write nothing; fail where a committed file differs from what spec/ says
        #[arg(long)]
        check: bool,
    },
    /// Check formatting, clippy, HDL lint, dependencies' licences and generated files
    Lint,
    /// Lint and run the quick tests: before every push
    Prepush,
    /// Search a synthetic gallery, and real templates where there are any, through the simulated card
    Demo(demo::Options),
    /// Run the benches with coverage; fails where lines, toggles or functional bins are not reached
    Coverage(coverage::Options),
    /// Put random faults into the RTL and see whether the benches find them
    Mutate(mutate::Options),
    /// Prove what formal/ states of the control modules of the card
    Formal(formal::Options),
    /// Try every order in which threads, and the driver and a card, can meet; under a minute once it is built
    Loom,
    /// Run what makes no system call under Miri; skipped where Miri is not installed
    Miri,
    /// Let a thousand things go wrong in a running simulated card; writes target/faults/report.json
    Faults(faults::Options),
    /// Kill a gallery of record in the middle of its work, again and again; writes target/crash/report.json
    Crash(crash::Options),
    /// Enrol and search at once for ten minutes, check every answer, and plot the server's memory; writes target/load/
    Load(load::Options),
    /// Drive simulated cards under a stock kernel's vfio-pci, in a virtual machine
    Guest(guest::Options),
    /// Measure everything that is claimed; writes target/bench/report.json
    Bench(bench::Options),
    /// Count what the hardware occupies and how many engines fit a device; writes target/synth/report.json and docs/area.*
    Synth(synth::Options),
    /// Place and route pieces of an engine on an ECP5; writes docs/timing.md
    Timing(timing::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Gen { check: true } => generate::check(),
        Task::Gen { check: false } => generate::write(),
        Task::Lint => lint::all(),
        Task::Prepush => lint::all().and_then(|()| shell::cargo(&["test", "--quiet", "--release", "--lib"])),
        Task::Demo(options) => demo::run(&options),
        Task::Coverage(options) => coverage::run_all(&options),
        Task::Mutate(options) => mutate::run(&options),
        Task::Formal(options) => formal::run(&options),
        Task::Loom => models::loom(),
        Task::Miri => models::miri(),
        Task::Faults(options) => faults::run(&options),
        Task::Crash(options) => crash::run(&options),
        Task::Load(options) => load::run(&options),
        Task::Guest(options) => guest::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Synth(options) => synth::run(&options),
        Task::Timing(options) => timing::measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
