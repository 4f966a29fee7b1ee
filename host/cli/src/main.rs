//! The `whorl` command: templates to records, comparisons, searches on cards and CPU, and the simulated card.

mod activity;
mod audit;
mod bench;
mod card;
mod client;
mod compare;
mod crosscheck;
mod doctor;
mod drawing;
mod encode;
mod engine;
mod error;
mod error_log;
mod eval;
mod gallery;
mod identify;
mod input;
mod peer;
mod pki;
mod pool;
mod reset;
mod selftest;
mod serve;
mod serve_log;
mod simulate;
mod synth;
mod telemetry;
mod train;

use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Fingerprint identification on FPGA cards and CPU.
///
/// A candidate list is a lead for an examiner, never a verdict.
#[derive(Parser)]
#[command(name = "whorl", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Say more on standard error (-v: info, -vv: debug); RUST_LOG overrides
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  whorl synth --fingers 1000 --impressions 1 --seed 1 --out gallery
  whorl synth --fingers 5 --impressions 1 --first-impression 2 --seed 1 --out probes
  whorl identify --gallery gallery --probe probes/*.iso --engine cpu --top 5
  whorl sim --socket /tmp/card.sock --streams 2 --probes 2 &
  whorl identify --gallery gallery --probe probes/*.iso --engine unix:/tmp/card.sock --json
  whorl card top --engine unix:/tmp/card.sock
  whorl doctor --engine unix:/tmp/card.sock
  whorl bench --engine sim:2x2
  whorl eval --templates databases --out report
  whorl compare probes/000000_2.iso gallery/000000_1.iso --svg comparison.svg

Exit codes:
  0 done   1 other failure   2 wrong usage   3 an input file is unreadable or malformed
  4 an engine or another matcher failed   5 the card is lost   6 an engine's scores differ from the reference
  7 a check of `whorl doctor` failed   8 an appliance cannot be reached, or refused a call
  9 the store of galleries refused or failed";

#[derive(Subcommand)]
enum Command {
    /// Turn minutiae files into packed records
    Encode(encode::Options),
    /// Compare two minutiae files
    Compare(compare::Options),
    /// Write synthetic fingers as ISO/IEC 19794-2:2005 files
    Synth(synth::Options),
    /// Search probes in a gallery and print ranked candidate lists
    Identify(identify::Options),
    /// Compare every score of an engine with the reference matcher's
    Crosscheck(crosscheck::Options),
    /// Measure error rates on databases of fingers with known mates
    Eval(eval::Options),
    /// Train the weights of the fine comparison on fingers with known mates
    Train(train::Options),
    /// Measure an engine: comparisons per second, and where a card's cycles go
    Bench(bench::Options),
    /// Serve a simulated card at a vfio-user socket until killed
    Sim(simulate::Options),
    /// Serve galleries and searches to other programs
    Serve(serve::Options),
    /// Make certificates for a laboratory
    Pki(pki::Options),
    /// Check an audit log
    Audit(audit::Options),
    /// Make, fill, check and copy a store of galleries
    Gallery(gallery::Options),
    /// Use an appliance's services: enrol, search, verify, expunge, look at cards and audit log
    Client(client::Options),
    /// Find out what keeps this machine and its cards from searching, and what to do about it
    Doctor(doctor::Options),
    /// Look at a card, test it, reset it
    #[command(subcommand)]
    Card(card::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A server's log is as its configuration says.
    if !matches!(arguments.command, Command::Serve(_)) {
        start_log(arguments.verbose);
    }
    let done = match &arguments.command {
        Command::Encode(options) => encode::run(options),
        Command::Compare(options) => compare::run(options),
        Command::Synth(options) => synth::run(options),
        Command::Identify(options) => identify::run(options),
        Command::Crosscheck(options) => crosscheck::run(options),
        Command::Eval(options) => eval::run(options),
        Command::Train(options) => train::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Sim(options) => simulate::run(options),
        Command::Serve(options) => serve::run(options),
        Command::Pki(options) => pki::run(options),
        Command::Audit(options) => audit::run(options),
        Command::Gallery(options) => gallery::run(options),
        Command::Client(options) => client::run(options),
        Command::Doctor(options) => doctor::run(options),
        Command::Card(command) => card::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("whorl: {}", error.explained());
            ExitCode::from(error.exit_code())
        }
    }
}

fn start_log(verbose: u8) {
    let level = ["warn", "info", "debug"][usize::from(verbose.min(2))];
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
