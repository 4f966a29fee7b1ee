//! The thread that owns the engines.

use super::job::Job;
use super::task::ServiceError;
use crate::engine::{Search, address, addresses};
use crate::pool::{Pool, Slice};
use crate::{Role, Service as InService};
use crossbeam_channel::Receiver;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use whorl_gallery::Shard;

/// Probes of a pass at most, where engines have no slots to fill: a pass takes as long as its probes together.
const PROBES_MAX: usize = 16;

/// Records of a pass: with fewer it costs more than its comparisons; with more an urgent search waits long, and those that join
/// have much to make up for.
const RECORDS: RangeInclusive<u64> = 512..=65_536;

/// Time after its last search for which a gallery stays with the engines, where others are searched.
const KEPT: Duration = Duration::from_mins(10);

/// What the edge tells the thread.
pub enum Order {
    /// A new search.
    Search(Box<Job>),
    /// Nobody will search this gallery any more.
    Forget(String),
    /// A search was cancelled: look.
    Look,
    /// Take no more, and end at this moment at the latest.
    Stop(Instant),
}

/// What the edge may know of the thread.
#[derive(Debug, Default)]
pub struct Load {
    /// Comparisons that are still to be made.
    pub backlog: AtomicU64,
    /// Searches whose fingers are being compared.
    pub running: AtomicUsize,
    /// Comparisons per second that the engines have shown together.
    pub rate: AtomicU64,
}

/// The thread's state.
pub struct Scheduler {
    pub pool: Pool,
    pub orders: Receiver<Order>,
    pub load: Arc<Load>,
    pub slice: Duration,
    jobs: Vec<Job>,
    /// The newest shards of each gallery.
    galleries: HashMap<String, Newest>,
    stop: Option<Instant>,
}

/// What the last search of a gallery was over, and when it came.
struct Newest {
    shards: Vec<Arc<Shard>>,
    searched: Instant,
}

/// Who takes part in a pass: which job, and which of its fingers.
type Seat = (usize, usize);

impl Scheduler {
    pub fn new(pool: Pool, orders: Receiver<Order>, load: Arc<Load>, slice: Duration) -> Self {
        Self { pool, orders, load, slice, jobs: Vec::new(), galleries: HashMap::new(), stop: None }
    }

    /// Serves until it is told to stop, or nobody can tell it anything any more.
    pub fn serve(mut self) {
        while self.listen() {
            self.drop_ended();
            let now = Instant::now();
            if let Some(run) = self.lead(now) {
                self.pass(run, now);
            }
            self.finish_done();
            self.publish();
        }
        for job in self.jobs.drain(..) {
            job.fail(ServiceError::ShuttingDown);
        }
        // What was handed over before the end was known.
        for order in self.orders.try_iter() {
            if let Order::Search(job) = order {
                job.fail(ServiceError::ShuttingDown);
            }
        }
        self.load.backlog.store(0, Ordering::Relaxed);
    }

    /// Takes orders; waits for one where there is nothing to do. `false`: it is over.
    fn listen(&mut self) -> bool {
        if self.jobs.is_empty() && self.stop.is_none() {
            match self.orders.recv() {
                Ok(order) => self.obey(order),
                Err(_) => return false,
            }
        }
        let waiting: Vec<_> = self.orders.try_iter().collect();
        for order in waiting {
            self.obey(order);
        }
        self.stop.is_none_or(|until| !self.jobs.is_empty() && Instant::now() < until)
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Search(job) if self.stop.is_some() => job.fail(ServiceError::ShuttingDown),
            Order::Search(job) => {
                match self.hold(&job, Instant::now()) {
                    Ok(()) => self.jobs.push(*job),
                    Err(error) => job.fail(error),
                }
                self.publish();
            }
            Order::Forget(gallery) => {
                self.galleries.remove(&gallery);
                let _ = self.hold_for(None); // with fewer shards nothing goes wrong that the next search does not tell
            }
            Order::Look => {}
            Order::Stop(until) => self.stop = Some(until),
        }
    }

    /// Comparisons per second of all workers that have shown any.
    fn rate(&self) -> u64 {
        let serving =
            self.pool.status().into_iter().filter(|m| m.role == Role::Worker && m.service == InService::InService);
        serving.map(|member| member.comparisons_per_second).sum()
    }

    /// Has the engines hold what the job needs, beside what others need and the newest shards of other galleries that were
    /// searched lately.
    pub fn hold(&mut self, job: &Job, now: Instant) -> Result<(), ServiceError> {
        if let Some(gallery) = &job.task.gallery {
            let newest = Newest { shards: job.shards().to_vec(), searched: now };
            self.galleries.insert(gallery.clone(), newest);
        }
        self.galleries.retain(|_, newest| now.saturating_duration_since(newest.searched) < KEPT);
        self.hold_for(Some(job))
    }

    /// Has the engines hold what `job` and the jobs need, and of the galleries what they have room for.
    fn hold_for(&mut self, job: Option<&Job>) -> Result<(), ServiceError> {
        let jobs = || self.jobs.iter().chain(job);
        let mut known = HashSet::new();
        let mut new = |shard: &&Arc<Shard>| shard.records() > 0 && known.insert(address(shard));
        let needed: Vec<_> = jobs().flat_map(Job::shards).filter(&mut new).cloned().collect();
        let welcome: Vec<_> = self.galleries.values().flat_map(|newest| &newest.shards).filter(new).cloned().collect();
        if addresses(&self.pool.shards()) == known || self.pool.hold_with(needed, &welcome)? {
            return Ok(());
        }
        // There is no room for all: what nobody waits for is not tried again with every search.
        let used: HashSet<&String> = jobs().filter_map(|job| job.task.gallery.as_ref()).collect();
        self.galleries.retain(|gallery, _| used.contains(gallery));
        Ok(())
    }

    fn drop_ended(&mut self) {
        let now = Instant::now();
        let ended: Vec<_> = self.jobs.extract_if(.., |job| job.ends(now).is_some()).collect();
        for job in ended {
            if let Some(why) = job.ends(now) {
                job.fail(why);
            }
        }
    }

    /// What the most urgent job needs next.
    fn lead(&self, now: Instant) -> Option<Slice> {
        self.jobs
            .iter()
            .filter_map(|job| Some((job.urgency(now), job.next()?)))
            .min_by(|a, b| a.0.cmp(&b.0))
            .map(|(_, run)| run)
    }

    /// Fingers that need the run's first extent and find a slot, the most urgent first. All probes of a pass have one gate. The
    /// run is cut to what all of them need, and to what takes the time of a slice.
    fn seats(&self, run: &mut Slice, now: Instant) -> Vec<Seat> {
        let need = |nth: usize| self.jobs[nth].needing(&run.shard, run.extents.start);
        let mut order: Vec<usize> = (0..self.jobs.len()).filter(|&nth| need(nth).next().is_some()).collect();
        order.sort_by_cached_key(|&nth| self.jobs[nth].urgency(now));
        let gate = |nth: usize| self.jobs[nth].task.cascade.gate;
        let first = order.first().map(|&nth| gate(nth));
        let same = order.into_iter().filter(|&nth| Some(gate(nth)) == first);
        let slots = self.pool.probes_per_pass().min(PROBES_MAX);
        let seated: Vec<_> =
            same.flat_map(|nth| need(nth).map(move |(place, end)| ((nth, place), end))).take(slots).collect();
        let end = seated.iter().map(|&(_, end)| end).min().unwrap_or(run.extents.end);
        run.extents.end = run.extents.end.min(end);
        let records = self.rate() as f64 * self.slice.as_secs_f64() / seated.len().max(1) as f64;
        cut(run, (records as u64).clamp(*RECORDS.start(), *RECORDS.end()));
        seated.into_iter().map(|(seat, _)| seat).collect()
    }

    /// Compares a slice with all who have a seat.
    fn pass(&mut self, mut slice: Slice, now: Instant) {
        let seats = self.seats(&mut slice, now);
        let searches: BTreeSet<usize> = seats.iter().map(|&(nth, _)| nth).collect();
        for &nth in &searches {
            self.jobs[nth].begin(searches.len() > 1, now);
        }
        let of = |&(nth, place): &Seat| {
            let job = &self.jobs[nth];
            (&job.task.cascade, job.task.fingers[job.finger(place)].probe.clone())
        };
        let (cascades, probes): (Vec<_>, Vec<_>) = seats.iter().map(of).unzip();
        // Each finger keeps what its own search wants of what all together want.
        let search = Search {
            probes,
            threshold: cascades.iter().map(|cascade| cascade.threshold).min().unwrap_or(0),
            top_k: cascades.iter().map(|cascade| cascade.keep).max().unwrap_or(1),
            gate: cascades.first().map_or(0, |cascade| cascade.gate),
            timeout: cascades.iter().map(|cascade| cascade.timeout).max().unwrap_or_default(),
        };
        match self.pool.search_slice(&search, &slice) {
            Ok(parts) => {
                for (&(nth, place), part) in seats.iter().zip(&parts) {
                    self.jobs[nth].take(place, &slice, part);
                }
            }
            Err(error) => {
                let error = ServiceError::from(error);
                for nth in searches.into_iter().rev() {
                    self.jobs.remove(nth).fail(error.clone());
                }
            }
        }
    }

    /// Hands jobs that have been through their gallery to the fine stage.
    fn finish_done(&mut self) {
        let now = Instant::now();
        for job in self.jobs.extract_if(.., |job| job.next().is_none()).collect::<Vec<_>>() {
            rayon::spawn(move || {
                // A panic drops the job, and its ticket tells of a fault; it must not end the process.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job.finish(now)));
            });
        }
    }

    fn publish(&self) {
        self.load.backlog.store(self.jobs.iter().map(Job::backlog).sum(), Ordering::Relaxed);
        self.load.running.store(self.jobs.len(), Ordering::Relaxed);
        self.load.rate.store(self.rate(), Ordering::Relaxed);
    }
}

/// Cuts a slice to the extents that hold its first `records` records.
fn cut(slice: &mut Slice, records: u64) {
    let mut held = 0;
    for nth in slice.extents.clone() {
        held += u64::from(slice.shard.extents()[nth].records);
        if held >= records {
            slice.extents.end = nth + 1;
            return;
        }
    }
}
