//! The service over synthetic galleries, with an engine that waits for a sign at each piece.

mod ends;
mod holding;
mod queue;

use super::*;
use crate::cascade::{Cascade, ProbeFinger, Searched};
use crate::engine::{Engine, EngineError, Search};
use crate::pool::{Candidacy, Pool};
use crate::work::{Found, Piece, Work};
use crate::{CpuEngine, Role};
use crossbeam_channel::{Receiver, Sender, unbounded};
use proptest::prelude::*;
use rand::{RngCore, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use whorl_device::DeviceError;
use whorl_gallery::{Enrolled, ListedDirectory, Shard, ShardBuilder};
use whorl_matcher::{Backend, Probe, Record, RecordMinutia};

fn record(rng: &mut impl RngCore, count: usize) -> Record {
    let minutia = |_| {
        let mut descriptor = [0; 16];
        rng.fill_bytes(&mut descriptor);
        let (x, y) = ((rng.next_u32() % 400) as i16 - 200, (rng.next_u32() % 400) as i16 - 200);
        RecordMinutia { x, y, angle: rng.next_u32() as u8, descriptor, quality: 50, kind: 1 }
    };
    Record { minutiae: (0..count).map(minutia).collect() }
}

/// Shards of so many records each, and whose they are: a subject has two.
struct Gallery {
    name: String,
    shards: Vec<Arc<Shard>>,
    directory: Arc<ListedDirectory>,
}

impl Gallery {
    fn new(seed: u64, sizes: &[u32]) -> Self {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let (mut shards, mut directory) = (Vec::new(), ListedDirectory::default());
        for (nth, &size) in sizes.iter().enumerate() {
            let mut builder = ShardBuilder::new(nth as u32 * 100_000);
            for n in 0..size {
                let index = builder.push(&record(&mut rng, 6 + n as usize % 7).to_bytes()).expect("a whole record");
                directory.insert(index, Enrolled { subject: index / 2, position: 1 + (n % 2) as u8 });
            }
            shards.push(Arc::new(builder.finish()));
        }
        Self { name: format!("gallery {seed}"), shards, directory: Arc::new(directory) }
    }

    fn task(&self, seed: u64, fingers: usize) -> Task {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let finger = |n: usize| ProbeFinger {
            probe: Probe::new(&record(&mut rng, 12)).expect("a probe"),
            position: 1 + (n % 2) as u8,
        };
        Task {
            gallery: Some(self.name.clone()),
            fingers: (0..fingers).map(finger).collect(),
            cascade: Cascade { keep: 5, ..Cascade::default() },
            shards: self.shards.clone(),
            shards_of_finger: None,
            directory: Arc::clone(&self.directory) as Arc<_>,
            priority: 5,
            deadline: None,
        }
    }
}

/// What an engine is told at a piece.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Go,
    Fail,
    Die,
}

/// A CPU engine that reports each piece, by gallery index of its first record and number of probes, and waits for a sign.
struct Waiting {
    inner: CpuEngine,
    slots: usize,
    begun: Sender<(u32, usize)>,
    signs: Receiver<Sign>,
}

struct Single<'a>(Piece, &'a dyn Work, AtomicBool);

impl Work for Single<'_> {
    fn take(&self, _: bool) -> Option<Piece> {
        (!self.2.swap(true, Ordering::Relaxed)).then(|| self.0.clone())
    }
    fn done(&self, piece: &Piece, found: Vec<Found>) {
        self.1.done(piece, found);
    }
    fn is_over(&self) -> bool {
        self.1.is_over()
    }
}

impl Engine for Waiting {
    fn name(&self) -> &'static str {
        "waiting"
    }
    fn probes_per_pass(&self) -> usize {
        self.slots
    }
    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        self.inner.load(shard)
    }
    fn shards(&self) -> Vec<Arc<Shard>> {
        self.inner.shards()
    }
    fn keep(&mut self, wanted: &[Arc<Shard>]) {
        self.inner.keep(wanted);
    }
    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError> {
        while let Some(piece) = work.take(true) {
            let first = self.inner.shards()[piece.shard].extents()[piece.extents.start].base_index;
            let _ = self.begun.send((first, search.probes.len()));
            match self.signs.recv().unwrap_or(Sign::Go) {
                Sign::Go => {}
                Sign::Fail => return Err(DeviceError::CardLost { reason: "as told".into() }.into()),
                Sign::Die => panic!("an engine dies as it was told"),
            }
            self.inner.run(search, &Single(piece, work, AtomicBool::new(false)))?;
        }
        Ok(())
    }
}

/// A CPU engine that has room for so many shards, and loads the first when it is let.
struct Narrow {
    inner: CpuEngine,
    room: usize,
    load: Receiver<()>,
}

impl Narrow {
    /// It loads when what comes with it is dropped.
    fn new(room: usize) -> (Self, Sender<()>) {
        let (let_go, load) = unbounded();
        (Self { inner: CpuEngine::new(Backend::Auto), room, load }, let_go)
    }
}

impl Engine for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }
    fn probes_per_pass(&self) -> usize {
        self.inner.probes_per_pass()
    }
    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        let _ = self.load.recv();
        if self.inner.shards().len() == self.room {
            return Err(DeviceError::OutOfMemory { bytes: 1, source: None }.into());
        }
        self.inner.load(shard)
    }
    fn shards(&self) -> Vec<Arc<Shard>> {
        self.inner.shards()
    }
    fn keep(&mut self, wanted: &[Arc<Shard>]) {
        self.inner.keep(wanted);
    }
    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError> {
        self.inner.run(search, work)
    }
}

/// A pool of one engine, which opens once.
fn pool(engine: Box<dyn Engine>) -> Pool {
    let open = || Err(EngineError::Request { what: "it opens once".into() });
    let (name, role) = (engine.name().to_owned(), Role::Worker);
    Pool::new(vec![Candidacy { name, role, engine: Some(engine), open: Box::new(open) }]).expect("threads")
}

/// A service whose engine waits for signs; without `signs` it never waits.
struct Bench {
    service: Service,
    begun: Receiver<(u32, usize)>,
    signs: Option<Sender<Sign>>,
}

impl Bench {
    fn new(slots: usize, options: ServiceOptions) -> Self {
        let ((begin, begun), (signs, received)) = (unbounded(), unbounded());
        let inner = CpuEngine::new(Backend::Auto);
        let pool = pool(Box::new(Waiting { inner, slots, begun: begin, signs: received }));
        Self { service: Service::start(pool, options).expect("a thread"), begun, signs: Some(signs) }
    }

    fn go(&self, count: usize) {
        for _ in 0..count {
            self.signs.as_ref().expect("it waits").send(Sign::Go).expect("it lives");
        }
    }

    /// From here on it waits no more.
    fn free(&mut self) {
        self.signs = None;
    }

    fn next(&self) -> (u32, usize) {
        self.begun.recv_timeout(Duration::from_secs(20)).expect("a piece is begun")
    }
}

/// Passes of one piece each, where anybody waits.
fn small() -> ServiceOptions {
    ServiceOptions { slice: Duration::from_nanos(1), ..ServiceOptions::default() }
}

fn submit(bench: &Bench, task: Task) -> Ticket {
    bench.service.submit(task).expect("it is taken")
}

/// What searching with a pool alone gives.
fn alone(task: &Task) -> (Vec<crate::Answer>, Vec<crate::cascade::SubjectCandidate>) {
    let mut engine = CpuEngine::new(Backend::Portable);
    for shard in &task.shards {
        engine.load(Arc::clone(shard)).expect("the CPU takes any shard");
    }
    let searched = Searched { shards: &task.shards, directory: &*task.directory };
    let fingers = std::slice::from_ref(&task.fingers);
    let found = task.cascade.search(fingers, searched, |search| engine.search(search)).expect("it runs").0.remove(0);
    (found.coarse.into_iter().map(|(_, answer)| answer).collect(), found.candidates)
}

fn assert_right(task: &Task, finished: &Finished) {
    let (coarse, candidates) = alone(task);
    assert_eq!(finished.identification.candidates, candidates);
    assert_eq!(finished.identification.coarse.len(), coarse.len());
    for ((_, found), right) in finished.identification.coarse.iter().zip(&coarse) {
        assert_eq!((&found.candidates, &found.histogram), (&right.candidates, &right.histogram));
        assert_eq!((found.comparisons, &found.coverage), (right.comparisons, &right.coverage));
        assert_eq!(found.engines.iter().map(|share| share.records).sum::<u64>(), right.comparisons);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn whoever_shares_passes_every_answer_is_that_of_a_search_alone(
        sizes in prop::collection::vec(0..2500_u32, 1..4),
        tasks in prop::collection::vec((any::<u64>(), 1..4_usize, 1..7_usize, 0..10_u8, any::<bool>()), 1..7),
        slots in 1..5_usize,
    ) {
        let galleries = [Gallery::new(1, &sizes), Gallery::new(2, &[700])];
        let mut bench = Bench::new(slots, small());
        bench.free();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut waiting = Vec::new();
            for (seed, fingers, keep, priority, second) in tasks {
                let mut task = galleries[usize::from(second)].task(seed, fingers);
                (task.cascade.keep, task.priority) = (keep, priority);
                waiting.push((submit(&bench, task.clone()), task));
            }
            for (ticket, task) in &mut waiting {
                assert_right(task, &ticket.answer().await.expect("it is answered"));
            }
        });
        prop_assert_eq!(bench.service.status().queued, 0);
    }
}

#[tokio::test]
async fn a_late_search_joins_the_pass_and_makes_up_for_what_it_missed() {
    let gallery = Gallery::new(3, &[4000]);
    let bench = Bench::new(8, small());
    let mut first = submit(&bench, gallery.task(1, 1));
    let (begin, probes) = bench.next();
    assert_eq!((begin, probes), (0, 1));
    let mut late: Vec<Ticket> = (2..9).map(|seed| submit(&bench, gallery.task(seed, 1))).collect();
    bench.go(1000);
    let answer = first.answer().await.expect("it is answered");
    assert_eq!((answer.timing.passes, answer.timing.shared_passes), (2, 1), "{:?}", answer.timing);
    assert_right(&gallery.task(1, 1), &answer);
    for (seed, ticket) in (2..9).zip(&mut late) {
        let answer = ticket.answer().await.expect("it is answered");
        assert_eq!((answer.timing.passes, answer.timing.shared_passes), (2, 2), "search {seed}");
        assert_right(&gallery.task(seed, 1), &answer);
    }
    let rest: Vec<_> = bench.begun.try_iter().collect();
    let (missed, shared) = rest.split_last().expect("pieces");
    assert_eq!(*missed, (0, 7), "what the late ones had missed comes last");
    assert!(shared.len() >= 3 && shared.iter().all(|&(first, probes)| first > 0 && probes == 8), "{rest:?}");
}

#[tokio::test]
async fn searches_that_missed_different_parts_share_what_both_need() {
    let gallery = Gallery::new(30, &[4000, 600]);
    let bench = Bench::new(8, small());
    let mut tickets = Vec::new();
    for (seed, priority) in [(1, 9), (2, 4), (3, 5)] {
        let task = Task { priority, ..gallery.task(seed, 1) };
        tickets.push((submit(&bench, task.clone()), task));
        bench.next();
        bench.go(usize::from(seed < 3));
    }
    bench.go(1000);
    for (ticket, task) in &mut tickets {
        assert_right(task, &ticket.answer().await.expect("it is answered"));
    }
}

#[tokio::test]
async fn a_search_that_nobody_waits_behind_takes_one_pass_over_all_shards() {
    let gallery = Gallery::new(26, &[1500, 0, 2000, 10]);
    let mut bench = Bench::new(2, small());
    bench.free();
    let task = gallery.task(1, 2);
    let found = submit(&bench, task.clone()).answer().await.expect("it is answered");
    assert_eq!((found.timing.passes, found.timing.shared_passes), (1, 0));
    assert!(bench.begun.try_iter().count() > 5, "in pieces of the time of a slice");
    assert_right(&task, &found);
    // Of very many shards a pass takes a part.
    let task = Gallery::new(29, &[1; 1100]).task(1, 1);
    let found = submit(&bench, task.clone()).answer().await.expect("it is answered");
    assert_eq!(found.timing.passes, 2);
    assert_right(&task, &found);
}

#[tokio::test]
async fn a_search_that_finds_no_seat_lets_no_pass_take_longer_than_a_slice() {
    let gallery = Gallery::new(27, &[4000]);
    let bench = Bench::new(1, small());
    let mut first = submit(&bench, gallery.task(1, 1));
    bench.next();
    let mut second = submit(&bench, gallery.task(2, 1));
    bench.go(1000);
    let [first, second] = [first.answer().await, second.answer().await].map(|answer| answer.expect("it is answered"));
    assert!(first.timing.passes > 5, "{:?}", first.timing);
    assert_eq!(second.timing.passes, 1, "nobody is left who would wait for it");
}

#[tokio::test]
async fn who_looks_on_is_told_on_the_way() {
    let gallery = Gallery::new(28, &[9000]);
    let bench = Bench::new(1, ServiceOptions { slice: Duration::from_hours(1), ..ServiceOptions::default() });
    let mut ticket = submit(&bench, gallery.task(1, 1));
    let mut progress = ticket.progress();
    bench.next();
    progress.borrow_and_update();
    tokio::time::sleep(Duration::from_millis(300)).await;
    bench.go(1);
    let changed = tokio::time::timeout(Duration::from_secs(20), progress.changed()).await;
    changed.expect("it is told").expect("it goes on");
    let told = *progress.borrow_and_update();
    assert!(told.stage == Stage::Coarse && (1..9000).contains(&told.compared), "{told:?}");
    bench.go(1000);
    ticket.answer().await.expect("it is answered");
}

#[tokio::test]
async fn an_urgent_search_overtakes_at_the_next_slice() {
    let (bulk, urgent) = (Gallery::new(4, &[4000]), Gallery::new(5, &[100]));
    let bench = Bench::new(2, small());
    let mut slow = submit(&bench, Task { priority: 0, ..bulk.task(1, 1) });
    assert_eq!(bench.next(), (0, 1));
    let mut quick = submit(&bench, Task { priority: 9, ..urgent.task(2, 2) });
    bench.go(2);
    quick.answer().await.expect("it is answered");
    assert_eq!(bench.next(), (0, 2), "its two fingers share one pass, the second of all");
    assert!(slow.progress().borrow().compared < 4000);
    bench.go(1000);
    assert_right(&bulk.task(1, 1), &slow.answer().await.expect("it is answered"));
}

#[tokio::test]
async fn fingers_that_stay_with_their_position_leave_the_other_shards_out() {
    let gallery = Gallery::new(6, &[600, 700, 800]);
    let mut bench = Bench::new(4, small());
    bench.free();
    let shards = &gallery.shards;
    let own = vec![vec![Arc::clone(&shards[0])], vec![Arc::clone(&shards[2]), Arc::clone(&shards[1])]];
    let task = Task { shards_of_finger: Some(own), ..gallery.task(1, 2) };
    let found = submit(&bench, task.clone()).answer().await.expect("it is answered");
    let comparisons: Vec<u64> = found.identification.coarse.iter().map(|(_, answer)| answer.comparisons).collect();
    assert_eq!(comparisons, [600, 1500]);
    let wrong = Task { shards_of_finger: Some(Vec::new()), ..task };
    assert!(matches!(bench.service.submit(wrong), Err(ServiceError::Request { .. })));
}

#[tokio::test]
async fn a_search_that_is_cancelled_or_late_ends_at_a_slice_and_says_how_far_it_was() {
    let gallery = Gallery::new(7, &[4000]);
    let mut bench = Bench::new(1, small());
    let mut cancelled = submit(&bench, gallery.task(1, 1));
    bench.next();
    cancelled.cancel_handle().cancel();
    bench.go(1);
    let ended = cancelled.answer().await.expect_err("it was cancelled");
    assert!(matches!(ended, ServiceError::Cancelled { compared: 1..4000, of: 4000 }), "{ended:?}");

    let soon = Instant::now() + Duration::from_millis(30);
    let mut late = submit(&bench, Task { deadline: Some(soon), ..gallery.task(2, 1) });
    bench.next();
    tokio::time::sleep(Duration::from_millis(40)).await;
    bench.go(1);
    let ended = late.answer().await.expect_err("it was late");
    assert!(matches!(ended, ServiceError::DeadlineExceeded { compared: 1..4000, of: 4000 }), "{ended:?}");

    // Nobody waits for this one any more: no more than the piece that is under way is spent on it.
    drop(submit(&bench, gallery.task(3, 1)));
    let mut next = submit(&bench, gallery.task(4, 1));
    bench.free();
    next.answer().await.expect("it is answered");
    assert!(bench.begun.try_iter().count() <= gallery.shards[0].extents().len() + 1);
    assert_eq!(bench.service.status().queued, 0);
}

#[tokio::test]
async fn what_the_engines_cannot_do_is_an_error_and_the_service_goes_on() {
    let gallery = Gallery::new(9, &[2000]);
    for sign in [Sign::Fail, Sign::Die] {
        let bench = Bench::new(1, small());
        let mut first = submit(&bench, gallery.task(1, 1));
        bench.next();
        bench.signs.as_ref().expect("it waits").send(sign).expect("it lives");
        let error = first.answer().await.expect_err("there is no engine left");
        assert!(
            matches!(&error, ServiceError::Engine(of) if matches!(**of, EngineError::Incomplete { .. })),
            "{error}"
        );
        let error = submit(&bench, gallery.task(2, 1)).answer().await.expect_err("there is still none");
        assert!(matches!(error, ServiceError::Engine(_)), "{error}");
        assert_eq!(bench.service.status().queued, 0);
    }
}

#[tokio::test]
async fn an_empty_gallery_has_an_answer() {
    let gallery = Gallery::new(11, &[0]);
    let bench = Bench::new(1, small());
    let found = submit(&bench, gallery.task(1, 2)).answer().await.expect("it is answered");
    assert!(found.identification.candidates.is_empty() && found.timing.passes == 0);
}
