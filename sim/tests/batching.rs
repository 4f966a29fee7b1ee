//! Searches of several callers share passes of one card: what they cost together, in exact cycles of the card.

mod common;

use common::{Numbers, Simulator, gallery};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use whorl_gallery::{Enrolled, ListedDirectory, Shard, ShardBuilder};
use whorl_matcher::{Probe, Record};
use whorl_search::service::{Service, ServiceOptions, Task};
use whorl_search::work::Work;
use whorl_search::{Candidacy, CardEngine, Cascade, Engine, EngineError, Pool, ProbeFinger, Role, Search};

/// Streams and engines of the card; as many searches as engines of a stream share a pass.
const SHAPE: (u8, u8) = if cfg!(feature = "wide") { (1, 8) } else { (2, 2) };
/// Shards of the gallery, and records of each: two pieces, of 4,096 records and the rest, where a real card has up to 65,536. In
/// shorter ones the 1,750 cycles that each further search costs in a command would be a larger share.
const SHARDS: usize = 2;
const RECORDS: usize = 6144;
/// What as many searches as fit into a pass may cost, where one costs 1.
const COST_MAX: f64 = 1.3;

/// A card engine that waits at a gate, and tells for how many cycles its card was busy in each pass.
struct Counted {
    card: CardEngine,
    gate: Arc<Mutex<()>>,
    passes: Sender<u64>,
}

impl Engine for Counted {
    fn name(&self) -> &str {
        self.card.name()
    }
    fn probes_per_pass(&self) -> usize {
        self.card.probes_per_pass()
    }
    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        self.card.load(shard)
    }
    fn shards(&self) -> Vec<Arc<Shard>> {
        self.card.shards()
    }
    fn keep(&mut self, wanted: &[Arc<Shard>]) {
        self.card.keep(wanted);
    }
    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError> {
        drop(self.gate.lock());
        let before = self.card.device().activity()?.card.busy_cycles;
        let ran = self.card.run(search, work);
        let _ = self.passes.send(self.card.device().activity()?.card.busy_cycles - before); // the test may be over
        ran
    }
}

#[test]
fn searches_of_several_callers_cost_little_more_than_one() {
    let simulator = Simulator::start(SHAPE);
    let mut numbers = Numbers::new(8);
    let probes: Vec<Record> = (0..SHAPE.1).map(|_| numbers.record(40)).collect();
    let mut directory = ListedDirectory::default();
    let mut shard = |nth: usize, records: usize| {
        let mut builder = ShardBuilder::new((nth * RECORDS) as u32);
        for record in gallery(&mut numbers, &probes, records) {
            let index = builder.push(&record.to_bytes()).unwrap();
            directory.insert(index, Enrolled { subject: index, position: 1 });
        }
        Arc::new(builder.finish())
    };
    let shards: Vec<Arc<Shard>> = (0..SHARDS).map(|nth| shard(nth, RECORDS)).collect();
    let other = vec![shard(SHARDS, 16)];
    let directory = Arc::new(directory);
    let task = |gallery: &str, shards: &[Arc<Shard>], probe: &Record| Task {
        gallery: Some(gallery.into()),
        fingers: vec![ProbeFinger { probe: Probe::new(probe).unwrap(), position: 1 }],
        cascade: Cascade { keep: 5, timeout: Duration::from_mins(10), ..Cascade::default() },
        shards: shards.to_vec(),
        shards_of_finger: None,
        directory: Arc::clone(&directory) as Arc<_>,
        priority: 5,
        deadline: None,
    };
    let (gate, (told, passes)) = (Arc::<Mutex<()>>::default(), mpsc::channel());
    let card = CardEngine::new(simulator.open(), "card".into());
    let engine = Counted { card, gate: Arc::clone(&gate), passes: told };
    let open = Box::new(|| Err(EngineError::Request { what: "opened once".into() }));
    let candidacy = Candidacy { name: "card".into(), role: Role::Worker, engine: Some(Box::new(engine)), open };
    // By time a piece would be a few hundred records: a simulated card has no more in 50 ms.
    let options = ServiceOptions { slice: Duration::from_hours(1), ..ServiceOptions::default() };
    let service = Service::start(Pool::new(vec![candidacy]).unwrap(), options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    // What `probes` cost together, and the best of each. They come while the card is busy with another gallery.
    let cost = |probes: &[Record]| {
        let closed = gate.lock().unwrap();
        let mut busy = service.submit(task("other", &other, &probes[0])).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        let mut tickets: Vec<_> =
            probes.iter().map(|probe| service.submit(task("gallery", &shards, probe)).unwrap()).collect();
        std::thread::sleep(Duration::from_millis(100));
        drop(closed);
        runtime.block_on(busy.answer()).unwrap();
        let best = tickets.iter_mut().map(|ticket| {
            let finished = runtime.block_on(ticket.answer()).unwrap();
            let answer = &finished.identification.coarse[0].1;
            assert_eq!(answer.comparisons, (SHARDS * RECORDS) as u64, "each search is compared with every record");
            assert_eq!(finished.timing.passes, 1, "one pass over both shards");
            answer.candidates[0]
        });
        let best: Vec<_> = best.collect();
        // An answer may be here before its pass is counted.
        let cycles = || passes.recv_timeout(Duration::from_mins(1)).expect("the pass is counted");
        let (_other, gallery) = (cycles(), cycles());
        assert!(passes.try_recv().is_err(), "nothing else was searched");
        (gallery as f64, best)
    };
    let (one, alone) = cost(&probes[..1]);
    let (together, shared) = cost(&probes);
    assert_eq!(alone[0], shared[0], "company changes nothing");
    let ratio = together / one;
    println!(
        "{} searches through one card of {}x{} over {} records: {together} cycles, one alone {one}, ratio {ratio:.3}",
        probes.len(),
        SHAPE.0,
        SHAPE.1,
        SHARDS * RECORDS
    );
    assert!(ratio < COST_MAX, "{ratio}");
    assert!(one > 1e4, "the counter counts: {one}");
}
