//! Searches of several callers share passes of one card: what they cost together, in exact cycles of the card.

mod common;

use common::{Numbers, Simulator, gallery};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use whorl_gallery::{Enrolled, ListedDirectory, Shard, ShardBuilder};
use whorl_matcher::{Probe, Record};
use whorl_search::service::{Service, ServiceOptions, Task};
use whorl_search::work::Work;
use whorl_search::{Candidacy, CardEngine, Cascade, Engine, EngineError, Pool, ProbeFinger, Role, Search};

/// Streams and engines of the card; as many searches as engines of a stream share a pass.
const SHAPE: (u8, u8) = if cfg!(feature = "wide") { (1, 8) } else { (2, 2) };
/// Records of the gallery: eight of the smallest slices.
const RECORDS: usize = 4096;
/// What as many searches as fit into a pass may cost, where one costs 1.
const COST_MAX: f64 = 1.3;

/// A card engine that notes how many cycles its card was busy.
struct Counted {
    card: CardEngine,
    cycles: Arc<AtomicU64>,
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
        let ran = self.card.run(search, work);
        self.cycles.store(self.card.device().activity()?.card.busy_cycles, Ordering::Release);
        ran
    }
}

#[test]
fn searches_of_several_callers_cost_little_more_than_one() {
    let simulator = Simulator::start(SHAPE);
    let mut numbers = Numbers::new(8);
    let probes: Vec<Record> = (0..SHAPE.1).map(|_| numbers.record(40)).collect();
    let records = gallery(&mut numbers, &probes, RECORDS);
    let (mut builder, mut directory) = (ShardBuilder::new(0), ListedDirectory::default());
    for record in &records {
        let index = builder.push(&record.to_bytes()).unwrap();
        directory.insert(index, Enrolled { subject: index, position: 1 });
    }
    let (shard, directory) = (Arc::new(builder.finish()), Arc::new(directory));
    let task = |probe: &Record| Task {
        gallery: Some("g".into()),
        fingers: vec![ProbeFinger { probe: Probe::new(probe).unwrap(), position: 1 }],
        cascade: Cascade { keep: 5, timeout: Duration::from_mins(10), ..Cascade::default() },
        shards: vec![Arc::clone(&shard)],
        shards_of_finger: None,
        directory: Arc::clone(&directory) as Arc<_>,
        priority: 5,
        deadline: None,
    };
    let cycles = Arc::new(AtomicU64::new(0));
    let engine = Counted { card: CardEngine::new(simulator.open(), "card".into()), cycles: Arc::clone(&cycles) };
    let open = Box::new(|| Err(EngineError::Request { what: "opened once".into() }));
    let candidacy = Candidacy { name: "card".into(), role: Role::Worker, engine: Some(Box::new(engine)), open };
    // Time as short as it may be: slices are then as small as they may be, as they are beside a gallery of millions.
    let options = ServiceOptions { slice: Duration::from_millis(1), ..ServiceOptions::default() };
    let service = Service::start(Pool::new(vec![candidacy]).unwrap(), options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    // What `probes` cost together, and the best score of each.
    let cost = |probes: &[Record]| {
        let before = cycles.load(Ordering::Acquire);
        let mut tickets: Vec<_> = probes.iter().map(|probe| service.submit(task(probe)).unwrap()).collect();
        let best = tickets.iter_mut().map(|ticket| {
            let finished = runtime.block_on(ticket.answer()).unwrap();
            let answer = &finished.identification.coarse[0].1;
            assert_eq!(answer.comparisons, RECORDS as u64, "each search is compared with every record");
            answer.candidates[0]
        });
        let best: Vec<_> = best.collect();
        ((cycles.load(Ordering::Acquire) - before) as f64, best)
    };
    cost(&probes[..1]); // loads the gallery
    let (one, alone) = cost(&probes[..1]);
    let (together, shared) = cost(&probes);
    assert_eq!(alone[0], shared[0], "company changes nothing");
    let ratio = together / one;
    println!(
        "{} searches through one card of {}x{} over {RECORDS} records: {together} cycles, one alone {one}, ratio {ratio:.3}",
        probes.len(),
        SHAPE.0,
        SHAPE.1
    );
    assert!(ratio < COST_MAX, "{ratio}");
    assert!(one > 1e4, "the counter counts: {one}");
}
