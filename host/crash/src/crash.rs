//! The crashes: a process that is killed, and a file layer that fails.

use crate::check::{self, Trial};
use crate::drive::{self, Course, Event, key};
use crate::trail;
use crate::work::Work;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use whorl_gallery::faults::{Fault, FaultyStorage, Plan};
use whorl_gallery::{OsStorage, Store, StoreError, StoreOptions};

/// A process is given this long to do what it is to be killed after.
const PATIENCE: Duration = Duration::from_secs(20);

/// A way to crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// kill -9 of the process.
    Process,
    /// A fault of the file layer.
    Layer(LayerFault),
}

/// The faults of the file layer, in an order that a report can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerFault {
    /// Power is lost between two operations.
    PowerLoss,
    /// Power is lost within a write.
    TornWrite,
    /// The disk is full.
    FullDisk,
    /// Syncing fails.
    SyncError,
}

impl Way {
    /// Any way, half of the time a killed process.
    pub fn random(random: &mut ChaCha8Rng) -> Self {
        match random.random_range(0..8) {
            0..4 => Self::Process,
            4 => Self::Layer(LayerFault::PowerLoss),
            5 => Self::Layer(LayerFault::TornWrite),
            6 => Self::Layer(LayerFault::FullDisk),
            _ => Self::Layer(LayerFault::SyncError),
        }
    }

    /// Its name in a report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "kill -9",
            Self::Layer(LayerFault::PowerLoss) => "power loss",
            Self::Layer(LayerFault::TornWrite) => "torn write",
            Self::Layer(LayerFault::FullDisk) => "full disk",
            Self::Layer(LayerFault::SyncError) => "sync error",
        }
    }
}

/// What the process that is to be killed does: it opens the store, or makes it, and works until it is gone.
#[derive(Debug, clap::Args)]
pub struct Child {
    /// Folder of the store
    #[arg(long)]
    folder: PathBuf,
    /// Decides the operations, and the keys
    #[arg(long)]
    work: u64,
    /// Decides what is done when
    #[arg(long)]
    seed: u64,
    /// Number of the master key
    #[arg(long)]
    key: u32,
    /// Whether the store is encrypted
    #[arg(long)]
    encrypted: bool,
    /// Number of each lane's next operation
    #[arg(long, value_delimiter = ',', required = true)]
    next: Vec<u32>,
}

impl Child {
    /// Works until it is killed.
    ///
    /// # Errors
    /// What ended it instead.
    pub fn run(&self) -> Result<(), String> {
        let out = Mutex::new(io::stdout());
        let report = |event: Event| {
            let line = format!("{}\n", event.line());
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            // The parent reads until this process is gone; without it there is nothing to report to.
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        };
        let course = Course {
            seed: self.seed,
            key_seed: self.work,
            next: self.next.clone().try_into().map_err(|_| "as many numbers as lanes are expected")?,
            key: self.key,
            encrypted: self.encrypted,
            waves: u32::MAX,
            inline: false,
        };
        let options = check::options(key(self.work, self.encrypted, self.key));
        let store = open_or_make(&self.folder, options).map_err(|e| e.to_string())?;
        report(Event::Opened);
        let audit = trail::open(Arc::new(OsStorage), &self.folder).map_err(|e| e.to_string())?;
        std::thread::scope(|scope| {
            scope.spawn(|| drive::maintain(&store, course, &report));
            drive::run(&store, &audit, Work { seed: self.work }, &mut course.clone(), &report);
        });
        Err(format!("the store failed by itself: {:?}", store.stats().poisoned))
    }
}

fn open_or_make(folder: &Path, options: StoreOptions) -> Result<Store, StoreError> {
    match Store::open(folder, options.clone(), &|_| {}) {
        Ok((store, _)) => Ok(store),
        Err(StoreError::NoStore { .. }) => Store::create(folder, options),
        Err(other) => Err(other),
    }
}

/// Kills a process that works on the trial's store, after a random number of its reports, and returns these.
pub fn kill_process(trial: &Trial, folder: &Path, random: &mut ChaCha8Rng) -> Result<Vec<Event>, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let next: Vec<String> = trial.lanes.iter().map(|lane| lane.next.to_string()).collect();
    let mut command = Command::new(program);
    command.arg("child").arg("--folder").arg(folder);
    command.arg("--work").arg(trial.work.seed.to_string()).arg("--seed").arg(random.random::<u64>().to_string());
    command.arg("--key").arg(trial.key.to_string()).arg("--next").arg(next.join(","));
    if trial.encrypted {
        command.arg("--encrypted");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let output = child.stdout.take().ok_or("the process has no output")?;
    let after = if random.random_bool(0.1) { 0 } else { random.random_range(1..400) };
    let pause = Duration::from_micros(random.random_range(0..8000));
    let heard = AtomicUsize::new(0);
    let (events, alive) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            // A line that was cut off by the end was not said.
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            let events = lines.filter_map(|line| {
                heard.fetch_add(1, Ordering::Relaxed);
                Event::parse(&line)
            });
            events.collect::<Vec<Event>>()
        });
        let begun = Instant::now();
        while heard.load(Ordering::Relaxed) < after && begun.elapsed() < PATIENCE && !reader.is_finished() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(pause);
        let alive = child.try_wait().map(|status| status.is_none());
        let _ = child.kill(); // it may have ended by itself, which is an error below
        let _ = child.wait();
        (reader.join(), alive)
    });
    let events = events.map_err(|_| "the reader of the process panicked")?;
    match alive {
        Ok(true) if heard.into_inner() >= after => Ok(events),
        Ok(true) => Err(format!("the process said less than {after} lines in {PATIENCE:?}")),
        _ => Err("the process ended by itself".into()),
    }
}

/// Lets the file layer below the trial's store fail, and returns what was reported until then.
pub fn fail_layer(trial: &Trial, folder: &Path, fault: LayerFault, random: &mut ChaCha8Rng) -> Vec<Event> {
    let fault = match fault {
        LayerFault::PowerLoss => Fault::Kill,
        LayerFault::TornWrite => Fault::TornWrite,
        LayerFault::FullDisk => Fault::NoSpace,
        LayerFault::SyncError => Fault::SyncError,
    };
    let storage = FaultyStorage::new(Some(Plan { fault, at: random.random_range(0..400), seed: random.random() }));
    let options = StoreOptions {
        storage: Arc::new(storage.clone()),
        ..check::options(key(trial.key_seed, trial.encrypted, trial.key))
    };
    let mut course = Course {
        seed: random.random(),
        key_seed: trial.key_seed,
        next: std::array::from_fn(|lane| trial.lanes[lane].next),
        key: trial.key,
        encrypted: trial.encrypted,
        waves: 400,
        inline: true,
    };
    let events = Mutex::new(Vec::new());
    let report = |event| events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    if let Ok(store) = open_or_make(folder, options) {
        report(Event::Opened);
        if let Ok(audit) = trail::open(Arc::new(storage.clone()), folder) {
            drive::run(&store, &audit, trial.work, &mut course, &report);
        }
        storage.kill(); // before the store can close in good order
    }
    storage.kill();
    events.into_inner().unwrap_or_else(PoisonError::into_inner)
}
