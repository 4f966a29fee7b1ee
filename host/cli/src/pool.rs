//! Engines of the command line as one pool, and the marks by which an operator takes a card out of it.
//!
//! A mark is a file in the runtime folder: `whorl card drain` sets it, `resume` takes it away, and whoever drives a pool
//! looks for it twice a second. So a card stays out of service over restarts, until somebody says otherwise.

use crate::engine::{EngineChoice, Way};
use crate::error::CliError;
use crate::telemetry::{self, INTERVAL};
use std::collections::HashMap;
use std::time::Duration;
use std::{fs, io, thread};
use tracing::{info, warn};
use whorl_search::{Candidacy, CpuEngine, Engine, EngineError, Opener, Pool, PoolControl, Role, Service};

/// The engines that were asked for, `spare` with the CPU behind them where it is not one of them.
pub fn open(choices: &[EngineChoice], resident: bool, spare: bool) -> Result<Pool, CliError> {
    Ok(open_named(choices, resident, spare)?.0)
}

/// The same, with the way to each card by its name in the pool.
pub fn open_named(
    choices: &[EngineChoice],
    resident: bool,
    spare: bool,
) -> Result<(Pool, Vec<(String, Way)>), CliError> {
    let mut candidates = Vec::new();
    let mut ways = Vec::new();
    let mut marked = Vec::new();
    for choice in choices {
        if choices.iter().filter(|other| *other == choice).count() > 1 && !matches!(choice, EngineChoice::Sim(_)) {
            return Err(CliError::Usage(format!("--engine {choice} is given twice; a card has one owner")));
        }
        if resident && *choice == EngineChoice::Cpu {
            return Err(CliError::Usage("the CPU has no card memory; leave out --resident, or --engine cpu".into()));
        }
        let way = choice.way()?;
        let engine = if *choice != EngineChoice::Cpu && is_drained(choice) {
            eprintln!("whorl: {choice} is drained; `whorl card resume --engine {choice}` gives it work again");
            None
        } else {
            Some(open_engine(&way, choice, resident).map_err(CliError::engine(&way.name()))?)
        };
        let name = numbered(&way.name(), &candidates);
        if matches!(choice, EngineChoice::Unix(_) | EngineChoice::Vfio(_)) {
            marked.push((name.clone(), choice.clone()));
        }
        if *choice != EngineChoice::Cpu {
            ways.push((name.clone(), way.clone()));
        }
        let choice = choice.clone();
        let reopen: Opener = Box::new(move || open_engine(&way, &choice, resident));
        candidates.push(Candidacy { name, role: Role::Worker, engine, open: reopen });
    }
    if spare && !choices.contains(&EngineChoice::Cpu) {
        let engine = Some(cpu());
        candidates.push(Candidacy { name: "cpu".into(), role: Role::Spare, engine, open: Box::new(|| Ok(cpu())) });
    }
    let pool = Pool::new(candidates)?;
    watch(pool.control(), marked)?;
    Ok((pool, ways))
}

/// Simulated cards of one shape have one name; here each gets its own.
fn numbered(name: &str, others: &[Candidacy]) -> String {
    let same = others.iter().filter(|other| other.name.split('#').next() == Some(name)).count();
    if same == 0 { name.to_owned() } else { format!("{name}#{}", same + 1) }
}

fn cpu() -> Box<dyn Engine> {
    Box::new(CpuEngine::new(whorl_matcher::Backend::Auto))
}

fn open_engine(way: &Way, choice: &EngineChoice, resident: bool) -> Result<Box<dyn Engine>, EngineError> {
    if *choice == EngineChoice::Cpu {
        return Ok(cpu());
    }
    Ok(Box::new(way.open_card(resident)?))
}

/// Does what marks say, as long as the pool lives.
fn watch(control: PoolControl, marked: Vec<(String, EngineChoice)>) -> io::Result<()> {
    if marked.is_empty() {
        return Ok(());
    }
    thread::Builder::new().name("marks".into()).spawn(move || {
        let mut drained: HashMap<String, bool> = HashMap::new();
        loop {
            let status = control.status();
            if status.is_empty() {
                return;
            }
            for (name, choice) in &marked {
                let Some(member) = status.iter().find(|member| member.name == *name) else { continue };
                let was = *drained.entry(name.clone()).or_insert(member.service == Service::Drained);
                let is = is_drained(choice);
                if is == was {
                    continue;
                }
                drained.insert(name.clone(), is);
                if is {
                    info!(engine = name, "drained by an operator");
                    control.drain(name);
                } else if let Err(error) = control.resume(name) {
                    warn!(engine = name, error = error.explained(), "cannot be resumed");
                }
            }
            thread::sleep(INTERVAL);
        }
    })?;
    Ok(())
}

/// Whether an operator has taken the card out of service.
fn is_drained(choice: &EngineChoice) -> bool {
    telemetry::mark_of(&choice.to_string()).exists()
}

/// Marks a card as out of service, and waits until nobody drives it any more. `false`: somebody still does after
/// `patience`.
pub fn drain(choice: &EngineChoice, patience: Duration) -> Result<bool, CliError> {
    let mark = telemetry::mark_of(&choice.to_string());
    if let Some(folder) = mark.parent() {
        fs::create_dir_all(folder).map_err(CliError::file(folder))?;
    }
    fs::write(&mark, []).map_err(CliError::file(&mark))?;
    let start = std::time::Instant::now();
    while telemetry::read(&choice.to_string())?.is_some() {
        if start.elapsed() >= patience {
            return Ok(false);
        }
        thread::sleep(INTERVAL / 5);
    }
    Ok(true)
}

/// Takes the mark away. `false`: there was none.
pub fn resume(choice: &EngineChoice) -> Result<bool, CliError> {
    let mark = telemetry::mark_of(&choice.to_string());
    match fs::remove_file(&mark) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CliError::file(&mark)(error)),
    }
}
