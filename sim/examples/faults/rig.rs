//! A pool over one simulated card, what it must answer, and one fault after another.

use crate::common::{self, Numbers, gallery};
use crate::kinds::{Kind, Needs};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use whorl_device::{Device, DeviceError, Limits, SearchRequest};
use whorl_gallery::{Shard, ShardBuilder};
use whorl_matcher::{Backend, Probe};
use whorl_search::{
    Answer, Candidacy, CardEngine, CpuEngine, Engine, EngineError, Opener, Pool, PoolControl, Role, Search, Service,
    put_shard,
};
use whorl_sim::{Faults, LinkModel, MemoryModel, Mishap};

const RECORDS: usize = 240;
/// What a pass of a search may take, and the bound that is stated for its return: searches of the campaign have two passes.
const TIMEOUT: Duration = Duration::from_secs(3);
pub const SEARCH_BOUND: Duration = Duration::from_secs(7);
/// The same of a queue full of searches.
const QUEUE_BOUND: Duration = Duration::from_secs(20);
/// What having a right answer again may take after the fault is gone.
pub const RECOVERY_BOUND: Duration = Duration::from_secs(30);
const NAME: &str = "card";
/// Bounds of the card: 20,000 cycles for an answer of memory, a million for a command.
const LIMITS: Limits = Limits { bus_timeout: 20_000, watchdog: 1000 };

/// How a search under a fault ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the reference answer; whether something had to be done again.
    Right { again: bool },
    /// With a typed error that says what was not compared.
    Refused(String),
    /// With anything else: never acceptable.
    Wrong(String),
}

/// What one fault came to.
#[derive(Debug)]
pub struct Case {
    pub ending: Ending,
    /// From the end of the fault to the next right answer, beyond what a search takes; `None`: there was none.
    pub recovery: Option<Duration>,
    /// Whether the search returned within its bound.
    pub in_time: bool,
}

enum Host {
    Thread(common::Simulator),
    Process { child: Child, socket: PathBuf, _folder: tempfile::TempDir },
}

impl Host {
    fn socket(&self) -> PathBuf {
        match self {
            Self::Thread(simulator) => simulator.socket(),
            Self::Process { socket, .. } => socket.clone(),
        }
    }
}

fn serve(socket: &PathBuf) -> Child {
    let program = std::env::current_exe().expect("this program has a path");
    Command::new(program).arg("--serve").arg(socket).spawn().expect("it starts once more")
}

/// See the module.
pub struct Rig {
    host: Host,
    pub faults: Faults,
    pool: Pool,
    control: PoolControl,
    search: Search,
    right: Vec<Answer>,
    normal: Duration,
    shape: (u8, u8),
    shard: Arc<Shard>,
}

impl Rig {
    pub fn new(needs: Needs, shape: (u8, u8), seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let probes: Vec<_> = (0..=shape.1).map(|_| numbers.record(30)).collect();
        let records = gallery(&mut numbers, &probes, RECORDS);
        let mut builder = ShardBuilder::new(0);
        for record in &records {
            builder.push(&record.to_bytes()).expect("the record is whole");
        }
        let shard = Arc::new(builder.finish());

        let (host, faults) = if needs == Needs::Process {
            let folder = tempfile::tempdir().expect("a folder");
            let socket = folder.path().join("card");
            (Host::Process { child: serve(&socket), socket, _folder: folder }, Faults::default())
        } else {
            let memory = MemoryModel { channel_bytes: 64 << 20, ..MemoryModel::default() };
            let simulator = common::Simulator::start_with(shape, LinkModel::default(), memory);
            let faults = simulator.faults.clone();
            (Host::Thread(simulator), faults)
        };
        let socket = host.socket();
        let resident = needs == Needs::Resident;
        let mut open: Opener = Box::new(move || {
            let mut device = Device::open(whorl_transport::vfio_user::connect(&socket).map_err(DeviceError::from)?)?;
            device.set_limits(LIMITS)?;
            let engine = CardEngine::new(device, NAME.into());
            Ok(Box::new(if resident { engine.resident() } else { engine }) as Box<dyn Engine>)
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        let engine = loop {
            match open() {
                Ok(engine) => break engine,
                Err(error) => assert!(Instant::now() < deadline, "{}", error.explained()),
            }
        };
        let card = Candidacy { name: NAME.into(), role: Role::Worker, engine: Some(engine), open };
        let mut pool = Pool::new(vec![card]).expect("a thread");
        pool.load(Arc::clone(&shard)).expect("the card takes the shard");
        let mut cpu = CpuEngine::new(Backend::Portable);
        cpu.load(Arc::clone(&shard)).expect("the CPU takes the shard");
        let probes = probes.iter().map(|probe| Probe::new(probe).expect("a probe")).collect();
        let search = Search { timeout: TIMEOUT, ..Search::new(probes, 20) };
        let right = cpu.search(&search).expect("the CPU searches");
        let control = pool.control();
        let mut rig = Self { host, faults, pool, control, search, right, normal: TIMEOUT, shape, shard };
        for _ in 0..2 {
            let start = Instant::now();
            assert_eq!(rig.run(), Ending::Right { again: false }, "without any fault");
            rig.normal = start.elapsed();
        }
        rig
    }

    fn run(&mut self) -> Ending {
        judge(self.pool.search(&self.search), &self.right)
    }

    fn in_service(&self) -> bool {
        self.pool.status()[0].service == Service::InService
    }

    /// Opens the device anew, so that its rings lie where kinds expect them.
    fn renew(&mut self) {
        self.control.drain(NAME);
        self.control.resume(NAME).expect("the card comes back between faults");
    }

    /// Brings about `kind`, and then has the card well again.
    pub fn suffer(&mut self, kind: Kind, numbers: &mut Numbers) -> Case {
        if kind.needs() == Needs::Device {
            self.renew();
            return self.suffer_alone(kind);
        }
        loop {
            let case = self.attempt(kind, numbers);
            // A burst that the search did not have, or a moment after its end: the fault met nothing.
            if let Some(case) = case {
                return case;
            }
        }
    }

    fn attempt(&mut self, kind: Kind, numbers: &mut Numbers) -> Option<Case> {
        self.renew();
        let later = kind.order(&self.faults, numbers, self.normal, self.shape);
        let begin = Instant::now();
        let over = AtomicBool::new(false);
        let in_time_to_meet = AtomicBool::new(true);
        let (ending, took) = std::thread::scope(|scope| {
            let (over, met) = (&over, &in_time_to_meet);
            let delay = self.normal.mul_f64(numbers.below(1000) as f64 / 1000.0);
            let child = if let Host::Process { child, .. } = &mut self.host { Some(child) } else { None };
            if let Some((delay, happen)) = later {
                scope.spawn(move || {
                    std::thread::sleep(delay);
                    met.store(kind == Kind::InterruptHeld || !over.load(Ordering::Relaxed), Ordering::Relaxed);
                    happen();
                });
            } else if let Some(child) = child {
                let pid = rustix::process::Pid::from_child(child);
                scope.spawn(move || {
                    std::thread::sleep(delay);
                    met.store(!over.load(Ordering::Relaxed), Ordering::Relaxed);
                    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("a child can be killed");
                });
            }
            let ending = judge(self.pool.search(&self.search), &self.right);
            over.store(true, Ordering::Relaxed);
            (ending, begin.elapsed())
        });
        let met = self.faults.outstanding() == 0 && in_time_to_meet.into_inner();
        let recovery = self.recover();
        met.then_some(Case { ending, recovery, in_time: took < SEARCH_BOUND })
    }

    /// What only the driver sees: memory that is not to be had, and a queue that is full.
    fn suffer_alone(&mut self, kind: Kind) -> Case {
        self.control.drain(NAME);
        while self.pool.status()[0].service != Service::Drained {
            std::thread::sleep(Duration::from_millis(1));
        }
        let begin = Instant::now();
        let ending = match self.exhaust(kind) {
            Ok(what) => Ending::Refused(what),
            Err(what) => Ending::Wrong(what),
        };
        let in_time = begin.elapsed() < QUEUE_BOUND;
        Case { ending, recovery: self.recover(), in_time }
    }

    fn exhaust(&self, kind: Kind) -> Result<String, String> {
        let failed = |error: DeviceError| format!("{error:?}");
        let transport = whorl_transport::vfio_user::connect(&self.host.socket()).map_err(|error| format!("{error}"))?;
        let mut device = Device::open(transport).map_err(failed)?;
        if kind == Kind::MemoryExhausted {
            let streamed = device.alloc_gallery(1 << 45).err();
            let resident = device.alloc_card(1 << 45).err();
            return match (streamed, resident) {
                (Some(DeviceError::OutOfMemory { .. }), Some(DeviceError::CardMemoryFull { .. })) => {
                    Ok("no memory of that size".into())
                }
                other => Err(format!("{other:?}")),
            };
        }
        let probe = &self.search.probes[0];
        device.load_probe(0, &probe.image(), self.search.gate).map_err(failed)?;
        let mut buffer = device.alloc_gallery(self.shard.bytes().len()).map_err(failed)?;
        let extents = put_shard(&mut buffer, &self.shard);
        let request = SearchRequest { probe_mask: 1, threshold: 0, top_k: 20, extents, timeout: QUEUE_BOUND };
        let mut tickets = Vec::new();
        let refused = loop {
            match device.start_search(&request) {
                Ok(ticket) if tickets.len() < 100 => tickets.push(ticket),
                Ok(_) => return Err("a queue without end".into()),
                Err(error) => break error,
            }
        };
        if !matches!(refused, DeviceError::QueueFull) {
            return Err(failed(refused));
        }
        let first: Vec<_> = self.right[0].candidates.iter().map(|c| (c.index, c.score)).collect();
        for ticket in tickets {
            let outcome = device.finish_search(ticket).map_err(failed)?;
            let mut all: Vec<_> = outcome.blocks.iter().flat_map(|block| &block.candidates).collect();
            all.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.index));
            if !all.iter().take(20).map(|c| (c.index, c.score)).eq(first.iter().copied()) {
                return Err("a search of a full queue is not the reference's".into());
            }
        }
        Ok("the queue is full".into())
    }

    fn recover(&mut self) -> Option<Duration> {
        let begin = Instant::now();
        self.faults.clear();
        self.faults.strike(Mishap::Repair);
        if let Host::Process { child, socket, .. } = &mut self.host {
            let _ = child.kill();
            let _ = child.wait();
            *child = serve(socket);
        }
        while begin.elapsed() < RECOVERY_BOUND {
            if !self.in_service() && self.control.resume(NAME).is_err() {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            }
            match self.run() {
                Ending::Right { .. } => return Some(begin.elapsed().saturating_sub(self.normal)),
                Ending::Refused(_) => {}
                Ending::Wrong(what) => panic!("after the fault: {what}"),
            }
        }
        None
    }
}

/// Compares every number of an answer with the reference, and asks of an error that it says what is missing.
fn judge(found: Result<Vec<Answer>, EngineError>, right: &[Answer]) -> Ending {
    match found {
        Ok(answers) => {
            let same = |a: &Answer, b: &Answer| {
                (&a.candidates, &a.histogram, a.comparisons, &a.coverage)
                    == (&b.candidates, &b.histogram, b.comparisons, &b.coverage)
            };
            let all =
                answers.len() == right.len() && answers.iter().zip(right).all(|(answer, right)| same(answer, right));
            let again = answers.iter().any(|answer| !answer.incidents.is_empty());
            if all { Ending::Right { again } } else { Ending::Wrong("an answer that is not the reference's".into()) }
        }
        Err(EngineError::Incomplete { why, wanted, gaps, .. }) => {
            let missing: u64 = gaps.iter().map(|gap| u64::from(gap.records)).sum();
            if wanted == RECORDS as u64 && (1..=wanted).contains(&missing) {
                Ending::Refused(why)
            } else {
                Ending::Wrong(format!("an error that leaves out {missing} of {wanted}: {why}"))
            }
        }
        Err(error) => Ending::Wrong(format!("an error without coverage: {}", error.explained())),
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Host::Process { child, .. } = &mut self.host {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
