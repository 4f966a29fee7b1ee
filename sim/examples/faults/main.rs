//! `cargo xtask faults`: faults of many kinds in a running simulated card and its surroundings. Each search under one must end
//! with exactly the reference's answer or with a typed error that says what was not compared, within its bound, and the
//! card must give right answers again once the fault is gone.

#[path = "../../tests/common/mod.rs"]
mod common;
mod kinds;
mod rig;

use clap::Parser;
use common::Numbers;
use kinds::{Kind, Needs};
use rig::{Case, Ending, RECOVERY_BOUND, Rig, SEARCH_BOUND};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Rigs at work side by side: one per shape of the card.
const SHAPES: [(u8, u8); 2] = [(1, 1), (2, 2)];
/// A fault and its recovery take at most this, or something hangs.
const HANG_BOUND: Duration = SEARCH_BOUND.saturating_add(RECOVERY_BOUND).saturating_mul(2);

#[derive(Parser)]
struct Options {
    /// What the faults are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Faults in all
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// Only kinds whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Write figures by kind to this file as JSON
    #[arg(long)]
    report: Option<PathBuf>,
    /// Serve a card at this socket instead
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
}

/// What the faults of one kind came to.
#[derive(Default)]
struct Tally {
    right: u64,
    again: u64,
    refused: u64,
    wrong: u64,
    late: u64,
    lost: u64,
    recoveries: Vec<Duration>,
    reasons: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, case: &Case) {
        match &case.ending {
            Ending::Right { again } => {
                self.right += 1;
                self.again += u64::from(*again);
            }
            Ending::Refused(why) => {
                self.refused += 1;
                *self.reasons.entry(why.clone()).or_default() += 1;
            }
            Ending::Wrong(_) => self.wrong += 1,
        }
        self.late += u64::from(!case.in_time);
        match case.recovery {
            Some(recovery) => self.recoveries.push(recovery),
            None => self.lost += 1,
        }
    }

    fn faults(&self) -> u64 {
        self.right + self.refused + self.wrong
    }

    fn recovery_ms(&self, share: usize) -> f64 {
        let mut sorted = self.recoveries.clone();
        sorted.sort_unstable();
        sorted.get((sorted.len().saturating_sub(1)) * share / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(socket) = &options.serve {
        // The card does not outlive the campaign, however that ends.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
        let served = whorl_sim::Simulator::new(&common::options(socket, SHAPES[0]), &whorl_sim::Faults::default())
            .and_then(|simulator| simulator.serve());
        eprintln!("the card of another process ended: {served:?}");
        return ExitCode::FAILURE;
    }
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.name().contains(&options.only)).collect();
    if kinds.is_empty() {
        eprintln!("no kind has `{}` in its name", options.only);
        return ExitCode::from(2);
    }
    let start = Instant::now();
    let (report, reports) = mpsc::channel();
    for worker in 0..SHAPES.len() as u64 {
        let (report, kinds) = (report.clone(), kinds.clone());
        let (seed, count) = (options.seed, options.count);
        std::thread::spawn(move || {
            let shape = SHAPES[worker as usize];
            let mut rigs: Vec<(Needs, Rig)> = Vec::new();
            for nth in (worker..count).step_by(SHAPES.len()) {
                let kind = kinds[(nth / SHAPES.len() as u64) as usize % kinds.len()];
                let needs = if kind.needs() == Needs::Device { Needs::Streamed } else { kind.needs() };
                let place = rigs.iter().position(|(of, _)| *of == needs).unwrap_or_else(|| {
                    rigs.push((needs, Rig::new(needs, shape, seed)));
                    rigs.len() - 1
                });
                let mut numbers = Numbers::new(seed ^ nth << 20);
                let case = rigs[place].1.suffer(kind, &mut numbers);
                if report.send((nth, kind, case)).is_err() {
                    return;
                }
            }
        });
    }
    drop(report);
    let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
    for done in 1..=options.count {
        let Ok((nth, kind, case)) = reports.recv_timeout(HANG_BOUND) else {
            eprintln!("a fault hangs, or its thread has ended: {done} of {} came to an end", options.count);
            return ExitCode::FAILURE;
        };
        if let Ending::Wrong(what) = &case.ending {
            eprintln!("fault {nth}, {}: {what}", kind.name());
        }
        if case.recovery.is_none() || !case.in_time {
            eprintln!("fault {nth}, {}: in time {}, recovery {:?}", kind.name(), case.in_time, case.recovery);
        }
        tallies.entry(kind).or_default().add(&case);
        if done % 100 == 0 {
            eprintln!("{done} of {} faults, {:.0} s", options.count, start.elapsed().as_secs_f64());
        }
    }
    print(&options, &tallies, start.elapsed());
    let bad: u64 = tallies.values().map(|tally| tally.wrong + tally.late + tally.lost).sum();
    if let Some(path) = &options.report
        && let Err(error) = std::fs::write(path, format!("{:#}\n", to_json(&options, &tallies)))
    {
        eprintln!("{}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(options: &Options, tallies: &BTreeMap<Kind, Tally>, took: Duration) {
    println!(
        "{:<42} {:>6} {:>6} {:>6} {:>8} {:>6} {:>5} {:>5} {:>12} {:>9}",
        "fault", "count", "right", "again", "refused", "wrong", "late", "lost", "recovery ms", "max"
    );
    for (kind, tally) in tallies {
        println!(
            "{:<42} {:>6} {:>6} {:>6} {:>8} {:>6} {:>5} {:>5} {:>12.0} {:>9.0}",
            kind.name(),
            tally.faults(),
            tally.right,
            tally.again,
            tally.refused,
            tally.wrong,
            tally.late,
            tally.lost,
            tally.recovery_ms(50),
            tally.recovery_ms(100)
        );
    }
    let sum = |of: fn(&Tally) -> u64| tallies.values().map(of).sum::<u64>();
    println!(
        "seed {}: {} faults of {} kinds in {:.0} s: {} right answers, {} of them after work was done again, {} typed errors, \
         {} wrong, {} beyond {:?}, {} without recovery within {:?}",
        options.seed,
        sum(Tally::faults),
        tallies.len(),
        took.as_secs_f64(),
        sum(|tally| tally.right),
        sum(|tally| tally.again),
        sum(|tally| tally.refused),
        sum(|tally| tally.wrong),
        sum(|tally| tally.late),
        SEARCH_BOUND,
        sum(|tally| tally.lost),
        RECOVERY_BOUND
    );
}

fn to_json(options: &Options, tallies: &BTreeMap<Kind, Tally>) -> serde_json::Value {
    let kinds: serde_json::Map<_, _> = tallies
        .iter()
        .map(|(kind, tally)| {
            let value = serde_json::json!({
                "faults": tally.faults(), "right": tally.right, "again": tally.again, "refused": tally.refused,
                "wrong": tally.wrong, "late": tally.late, "lost": tally.lost, "reasons": tally.reasons,
                "recovery_ms": {"median": tally.recovery_ms(50), "max": tally.recovery_ms(100)},
            });
            (kind.name().to_owned(), value)
        })
        .collect();
    serde_json::json!({"seed": options.seed, "count": options.count, "kinds": kinds})
}
