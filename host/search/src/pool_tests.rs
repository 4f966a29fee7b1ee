//! Pools of engines that fail as they are told.

#[path = "pool_joining_tests.rs"]
mod joining;
#[path = "pool_lying_tests.rs"]
mod lying;

use super::*;
use crate::CpuEngine;
use crate::tally::{Candidate, Tally};
use crate::work::Work;
use rand::{RngCore, SeedableRng};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use whorl_device::{DeviceError, Recovery};
use whorl_gallery::ShardBuilder;
use whorl_layout::Status;
use whorl_matcher::{Probe, Record, RecordMinutia};

/// Searches in which an engine that waits for work gets some.
const SEARCHES_MAX: usize = 200;

/// What an engine does with its pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temper {
    Sound,
    /// Fails with a status at each piece, as often as this.
    Failing(u32),
    /// Is reset by somebody else at each piece, as often as this.
    Reset(u32),
    /// Is gone after so many pieces.
    Vanishing(u32),
    /// Says what is not so of each piece.
    Lying(Lie),
    /// Its known answers come out wrong after so many pieces.
    Broken(u32),
    /// Sits on its first piece until the pool ends the pass.
    Stuck,
    /// Panics at its first piece.
    Dying,
    /// Cannot hold a shard.
    Small,
    /// Has no shard when it is asked.
    Forgetful,
}

/// What an engine says that is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// One candidate has a better score than it has.
    Score,
    /// One comparison is made of too few.
    Fewer,
    /// One comparison too many.
    More,
    /// Nothing of the last probe.
    NoProbe,
    /// A record that the piece has not is a candidate.
    Stray,
}

/// A CPU engine of a temper.
struct Tempered {
    inner: CpuEngine,
    temper: Temper,
    pieces: Arc<AtomicU32>,
}

impl Tempered {
    fn trouble(&self, nth: u32) -> Option<EngineError> {
        let device = |error: DeviceError| Some(EngineError::Device(error));
        match self.temper {
            Temper::Failing(times) if nth < times => {
                device(DeviceError::Command { status: Status::DmaReadError, detail: 3 })
            }
            Temper::Reset(times) if nth < times => device(DeviceError::ForeignReset),
            Temper::Vanishing(after) if nth >= after => device(DeviceError::CardLost { reason: "all ones".into() }),
            Temper::Broken(after) if nth >= after => Some(EngineError::KnownAnswer {
                engine: "broken".into(),
                stream: 1,
                probe_slot: 2,
                found: 3,
                expected: 4,
            }),
            _ => None,
        }
    }
}

impl Engine for Tempered {
    fn name(&self) -> &'static str {
        "tempered"
    }
    fn probes_per_pass(&self) -> usize {
        2
    }
    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        if self.temper == Temper::Small {
            return Err(DeviceError::OutOfMemory { bytes: 1, source: None }.into());
        }
        self.inner.load(shard)
    }
    fn shards(&self) -> Vec<Arc<Shard>> {
        let held = self.inner.shards();
        if self.temper == Temper::Forgetful { Vec::new() } else { held }
    }
    fn keep(&mut self, wanted: &[Arc<Shard>]) {
        self.inner.keep(wanted);
    }
    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError> {
        while let Some(piece) = work.take(true) {
            let nth = self.pieces.fetch_add(1, Ordering::Relaxed);
            if let Some(error) = self.trouble(nth) {
                return Err(error);
            }
            assert!(self.temper != Temper::Dying, "an engine dies as it was told");
            if self.temper == Temper::Stuck {
                while !work.is_over() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                return Err(DeviceError::Stopped { recovery: Recovery::Abort }.into());
            }
            let lie = if let Temper::Lying(lie) = self.temper { Some(lie) } else { None };
            self.inner.run(search, &Single { piece, work, lie, taken: AtomicU32::new(0) })?;
        }
        Ok(())
    }
}

/// One piece, handed on.
struct Single<'a> {
    piece: Piece,
    work: &'a dyn Work,
    lie: Option<Lie>,
    taken: AtomicU32,
}

impl Work for Single<'_> {
    fn take(&self, _: bool) -> Option<Piece> {
        (self.taken.fetch_add(1, Ordering::Relaxed) == 0).then(|| self.piece.clone())
    }
    fn done(&self, piece: &Piece, mut found: Vec<Found>) {
        let best = found[0].tally.candidates()[0];
        match self.lie {
            // Another record of the piece, which has more than a hundred.
            Some(Lie::Score) => {
                let index = if piece.holds(best.index + 1) { best.index + 1 } else { best.index - 1 };
                found[0].tally.merge(0, [], [Candidate { index, score: 65_000 }]);
            }
            Some(Lie::Stray) => {
                let index = piece.first + piece.records as u32;
                found[0].tally.merge(0, [], [Candidate { index, score: 65_000 }]);
            }
            Some(Lie::More) => found[0].tally.merge(1, [], []),
            Some(Lie::NoProbe) => drop(found.pop()),
            Some(Lie::Fewer) => {
                let mut fewer = Tally::new(0, 40);
                fewer.merge(piece.records - 1, found[0].tally.histogram().iter().copied(), found[0].tally.kept());
                found[0].tally = fewer;
            }
            None => {}
        }
        self.work.done(piece, found);
    }
    fn is_over(&self) -> bool {
        self.work.is_over()
    }
}

/// A pool over shards of 5,000 records, what it must answer, and how many pieces each worker took.
struct Bench {
    pool: Pool,
    search: Search,
    right: Vec<Answer>,
    pieces: Vec<Arc<AtomicU32>>,
    /// How often an engine was opened, and what holds up the next.
    opened: Arc<(AtomicU32, Mutex<()>)>,
}

fn bench(tempers: &[Temper], spare: bool) -> Bench {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let mut record = |count: usize| {
        let minutia = |_| {
            let mut descriptor = [0; 16];
            rng.fill_bytes(&mut descriptor);
            let (x, y) = ((rng.next_u32() % 400) as i16 - 200, (rng.next_u32() % 400) as i16 - 200);
            RecordMinutia { x, y, angle: rng.next_u32() as u8, descriptor, quality: 50, kind: 1 }
        };
        Record { minutiae: (0..count).map(minutia).collect() }
    };
    let probes = (0..3).map(|_| Probe::new(&record(20)).expect("a probe")).collect();
    let mut shards = Vec::new();
    for base in [0, 3000] {
        let mut builder = ShardBuilder::new(base);
        for n in 0..if base == 0 { 3000 } else { 2000 } {
            builder.push(&record(n % 12).to_bytes()).expect("the record is whole");
        }
        shards.push(Arc::new(builder.finish()));
    }
    let pieces: Vec<Arc<AtomicU32>> = tempers.iter().map(|_| Arc::default()).collect();
    let opened: Arc<(AtomicU32, Mutex<()>)> = Arc::default();
    let mut candidates: Vec<_> = (0..)
        .zip(tempers)
        .zip(&pieces)
        .map(|((n, &temper), pieces)| {
            let (pieces, opened) = (Arc::clone(pieces), Arc::clone(&opened));
            let open = move || -> Result<Box<dyn Engine>, EngineError> {
                let pieces = Arc::clone(&pieces);
                opened.0.fetch_add(1, Ordering::Release);
                drop(opened.1.lock());
                Ok(Box::new(Tempered { inner: CpuEngine::new(Backend::Auto), temper, pieces }))
            };
            let engine = Some(open().expect("it opens"));
            Candidacy { name: format!("worker {n}"), role: Role::Worker, engine, open: Box::new(open) }
        })
        .collect();
    if spare {
        let open = || -> Result<Box<dyn Engine>, EngineError> { Ok(Box::new(CpuEngine::new(Backend::Portable))) };
        let engine = Some(open().expect("it opens"));
        candidates.push(Candidacy { name: "spare".into(), role: Role::Spare, engine, open: Box::new(open) });
    }
    let mut pool = Pool::new(candidates).expect("threads");
    let mut cpu = CpuEngine::new(Backend::Portable);
    for shard in shards {
        let _ = pool.load(Arc::clone(&shard));
        cpu.load(shard).expect("the CPU holds it");
    }
    let search = Search { timeout: Duration::from_secs(20), ..Search::new(probes, 40) };
    let right = cpu.search(&search).expect("the CPU searches");
    Bench { pool, search, right, pieces, opened }
}

/// Records by engine of the first probe, and all incidents of a search.
type Checked = (Vec<(String, u64)>, Vec<Incident>);

impl Bench {
    fn run(&mut self) -> Result<Vec<Answer>, EngineError> {
        self.pool.search(&self.search)
    }

    /// Searches, checks that every number is right, and returns records by engine of the first probe, and all incidents.
    fn check(&mut self) -> Checked {
        let answers = self.run().expect("there is an answer");
        assert_eq!(answers.len(), self.right.len());
        for (answer, right) in answers.iter().zip(&self.right) {
            assert_eq!((&answer.candidates, &answer.histogram), (&right.candidates, &right.histogram));
            assert_eq!((answer.comparisons, &answer.coverage), (right.comparisons, &right.coverage));
            assert_eq!(answer.engines.iter().map(|share| share.records).sum::<u64>(), right.comparisons);
        }
        let shares = answers[0].engines.iter().map(|share| (share.engine.clone(), share.records)).collect();
        // Answers of one pass have the same incidents: of three probes, two and one.
        let incidents = [0, 2].into_iter().flat_map(|nth: usize| answers[nth].incidents.clone()).collect();
        (shares, incidents)
    }

    /// Searches until the first worker is out of service: on a busy machine the other may do all of a search before this
    /// one wakes up. Returns what [`check`](Self::check) does of each search.
    fn check_until_first_leaves(&mut self) -> Vec<Checked> {
        let mut checked = Vec::new();
        while self.service(0) == Service::InService {
            assert!(checked.len() < SEARCHES_MAX, "it is in service after {SEARCHES_MAX} searches");
            checked.push(self.check());
        }
        checked
    }

    /// Searches until the worker has taken more than `before` pieces.
    fn check_until_taken(&mut self, worker: usize, before: u32) {
        for _ in 0..SEARCHES_MAX {
            assert_eq!(self.check().1, []);
            if self.pieces[worker].load(Ordering::Relaxed) > before {
                return;
            }
        }
        panic!("worker {worker} was given nothing in {SEARCHES_MAX} searches");
    }

    fn service(&self, member: usize) -> Service {
        self.pool.status()[member].service.clone()
    }
}

#[test]
fn sound_workers_share_the_work_and_the_spare_rests() {
    let mut bench = bench(&[Temper::Sound, Temper::Sound], true);
    assert_eq!(bench.pool.probes_per_pass(), 2);
    let (shares, incidents) = bench.check();
    assert!(incidents.is_empty(), "{incidents:?}");
    assert!(shares.iter().all(|(engine, _)| engine.starts_with("worker")), "{shares:?}");
    bench.check_until_taken(0, 0);
    bench.check_until_taken(1, 0);
}

#[test]
fn work_that_fails_once_is_done_again_and_the_engine_stays() {
    let mut bench = bench(&[Temper::Failing(1)], false);
    let (shares, incidents) = bench.check();
    assert_eq!(shares, [("worker 0".to_owned(), 5000)]);
    assert!(matches!(&incidents[..], [incident] if incident.what.contains("DmaReadError") && !incident.left_service));
    assert_eq!(bench.service(0), Service::InService);
    assert!(bench.check().1.is_empty());
}

#[test]
fn an_engine_that_keeps_failing_leaves_and_the_spare_does_it_all() {
    let mut bench = bench(&[Temper::Failing(u32::MAX)], true);
    let (shares, incidents) = bench.check();
    assert_eq!(shares, [("spare".to_owned(), 5000)]);
    assert_eq!(incidents.iter().map(|incident| incident.left_service).collect::<Vec<_>>(), [false, true]);
    let Service::OutOfService { reason } = bench.service(0) else { panic!("{:?}", bench.service(0)) };
    assert!(reason.contains("DmaReadError") && reason.contains("2 times in a row"), "{reason}");
}

#[test]
fn an_engine_that_others_reset_is_given_its_work_again_and_leaves_at_the_third_reset_in_a_row() {
    // It has nobody beside it, so it gets the same piece a third time. A success comes between the two searches.
    let mut alone = bench(&[Temper::Reset(2)], false);
    for _ in 0..2 {
        alone.pieces[0].store(0, Ordering::Relaxed);
        let (shares, incidents) = alone.check();
        assert_eq!(shares, [("worker 0".to_owned(), 5000)]);
        assert_eq!(incidents.len(), 2, "{incidents:?}");
        assert!(incidents.iter().all(|incident| incident.what.contains("somebody else") && !incident.left_service));
        assert_eq!(alone.service(0), Service::InService);
    }
    let mut hopeless = bench(&[Temper::Reset(u32::MAX)], true);
    let (shares, incidents) = hopeless.check();
    assert_eq!(shares, [("spare".to_owned(), 5000)]);
    assert_eq!(incidents.iter().map(|incident| incident.left_service).collect::<Vec<_>>(), [false, false, true]);
    let Service::OutOfService { reason } = hopeless.service(0) else { panic!("{:?}", hopeless.service(0)) };
    assert!(reason.contains("somebody else") && reason.contains("3 times in a row"), "{reason}");
}

#[test]
fn a_lost_engine_leaves_at_once_and_keeps_what_it_did() {
    let mut bench = bench(&[Temper::Vanishing(1), Temper::Sound], false);
    let (shares, incidents): (Vec<_>, Vec<_>) = bench.check_until_first_leaves().into_iter().unzip();
    let incidents = incidents.concat();
    assert!(matches!(&incidents[..], [incident] if incident.left_service), "{incidents:?}");
    assert!(matches!(bench.service(0), Service::OutOfService { .. }));
    assert_eq!(bench.pieces[0].load(Ordering::Relaxed), 2);
    // Of the second pass of a search no shares are known here.
    let kept = shares.concat().iter().filter(|(engine, _)| engine == "worker 0").count();
    assert!(kept <= 1, "{shares:?}");
}

#[test]
fn a_stuck_engine_is_overtaken_and_leaves_the_second_time() {
    let mut bench = bench(&[Temper::Stuck, Temper::Sound], true);
    let incidents: Vec<_> = bench.check_until_first_leaves().into_iter().flat_map(|(_, incidents)| incidents).collect();
    assert!(incidents.iter().all(|incident| incident.what.contains("late")), "{incidents:?}");
    assert_eq!(incidents.iter().map(|incident| incident.left_service).collect::<Vec<_>>(), [false, true]);
    assert!(matches!(bench.service(0), Service::OutOfService { .. }));
    assert!(bench.check().1.is_empty());
}

#[test]
fn an_engine_whose_thread_dies_keeps_nobody_waiting() {
    let mut bench = bench(&[Temper::Dying], true);
    bench.search.timeout = Duration::from_secs(3); // before its piece is late
    assert_eq!(bench.check().0, [("spare".to_owned(), 5000)]);
    assert_eq!(bench.check().0, [("spare".to_owned(), 5000)]);
    assert!(matches!(bench.service(0), Service::OutOfService { reason } if reason.contains("thread has ended")));
}

#[test]
fn an_answer_that_would_be_partial_is_an_error_that_lists_the_rest() {
    let mut bench = bench(&[Temper::Vanishing(1)], false);
    let EngineError::Incomplete { why, wanted, gaps, lost } = bench.run().expect_err("no answer") else { panic!() };
    assert!(why.contains("worker 0 is out of service") && why.contains("all ones"), "{why}");
    assert_eq!((wanted, lost), (5000, true));
    // One piece was done: of each shard there is one, for one worker has it all.
    assert_eq!(gaps, [Gap { first: 3000, records: 2000 }]);
    let text = bench.run().expect_err("still none").to_string();
    assert!(text.contains("0 of 5000 records were compared") && text.contains("3000 from gallery index 0"), "{text}");
}

#[test]
fn time_that_is_up_is_an_error() {
    let mut bench = bench(&[Temper::Stuck], false);
    bench.search.timeout = Duration::from_millis(100);
    let error = bench.run().expect_err("no answer");
    assert!(error.to_string().contains("time was up after 100ms"), "{error}");
    assert!(!error.is_lost());
}

#[test]
fn an_engine_that_cannot_hold_the_gallery_is_done_without() {
    let mut bench = bench(&[Temper::Small, Temper::Sound], false);
    assert!(matches!(bench.service(0), Service::OutOfService { reason } if reason.contains("cannot hold the gallery")));
    assert!(bench.check().1.is_empty());
}
