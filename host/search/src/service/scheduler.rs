//! The thread that owns the engines.

use super::job::Job;
use super::task::ServiceError;
use crate::batch::GivesWay;
use crate::engine::{Search, address, addresses};
use crate::pool::{Pace, Pool, Slice};
use crossbeam_channel::Receiver;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use whorl_gallery::Shard;

/// Probes of a pass at most, where engines have no slots to fill: a pass takes as long as its probes together.
const PROBES_MAX: usize = 16;

/// Runs of extents of a pass at most, about as many pieces: for each of them a pass keeps some KiB for each probe.
const RUNS_MAX: usize = 1024;

/// How often somebody who looks on is told how far a search is.
const TELL_EVERY: Duration = Duration::from_millis(200);

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
            if let Some(lead) = self.lead(now) {
                self.pass(lead, now);
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

    /// The most urgent job.
    fn lead(&self, now: Instant) -> Option<usize> {
        (0..self.jobs.len()).min_by_key(|&nth| self.jobs[nth].urgency(now))
    }

    /// Fingers that need what `lead` needs next and find a slot, the most urgent first. All probes of a pass have one gate.
    fn seats(&self, lead: usize, now: Instant) -> Vec<Seat> {
        let Some(first) = self.jobs[lead].runs().next() else { return Vec::new() };
        let gate = |nth: usize| self.jobs[nth].task.cascade.gate;
        let mut order: Vec<usize> = (0..self.jobs.len()).filter(|&nth| gate(nth) == gate(lead)).collect();
        order.sort_by_cached_key(|&nth| self.jobs[nth].urgency(now));
        let slots = self.pool.probes_per_pass().min(PROBES_MAX);
        let need = |nth: usize| self.jobs[nth].needing(&first.shard, first.extents.start);
        order.into_iter().flat_map(|nth| need(nth).map(move |place| (nth, place))).take(slots).collect()
    }

    /// What `lead` needs from here on, as far as all who have a seat need it too.
    fn plan(&self, lead: usize, seats: &[Seat]) -> Vec<Slice> {
        let mut plan = Vec::new();
        let mut needed: Vec<_> = seats.iter().map(|&(nth, place)| self.jobs[nth].left(place).ends()).collect();
        for mut run in self.jobs[lead].runs().take(RUNS_MAX) {
            let ends: Option<Vec<usize>> = needed.iter_mut().map(|end| end(&run.shard, run.extents.start)).collect();
            let Some(end) = ends.and_then(|ends| ends.into_iter().min()) else { break };
            run.extents.end = run.extents.end.min(end);
            plan.push(run);
        }
        plan
    }

    /// How a pass with `searches` goes: nobody waits longer than a slice and the pieces that are under way then.
    fn pace(&self, searches: usize, now: Instant) -> Pace {
        let slice = now + self.slice;
        let tell = self.jobs.iter().any(Job::is_watched).then(|| now + TELL_EVERY);
        let waits = (searches < self.jobs.len()).then_some(slice);
        let end = self.jobs.iter().filter_map(|job| job.task.deadline).chain(tell).chain(waits).min();
        let orders = self.orders.clone();
        let gives_way = GivesWay::when(move || {
            let now = Instant::now();
            end.is_some_and(|end| now >= end) || now >= slice && !orders.is_empty()
        });
        Pace { gives_way, piece: self.slice }
    }

    /// Compares what `lead` needs next, with all who have a seat.
    fn pass(&mut self, lead: usize, now: Instant) {
        let seats = self.seats(lead, now);
        let plan = self.plan(lead, &seats);
        if plan.is_empty() {
            return; // of an empty gallery
        }
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
        match self.pool.search_slices(&search, &plan, self.pace(searches.len(), now)) {
            Ok(swept) => {
                for (&(nth, place), part) in seats.iter().zip(&swept.parts) {
                    self.jobs[nth].take(place, &swept.slices, part);
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
        for job in self.jobs.extract_if(.., |job| job.is_done()).collect::<Vec<_>>() {
            rayon::spawn(move || {
                // A panic drops the job, and its ticket tells of a fault; it must not end the process.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job.finish(now)));
            });
        }
    }

    fn publish(&self) {
        self.load.backlog.store(self.jobs.iter().map(Job::backlog).sum(), Ordering::Relaxed);
        self.load.running.store(self.jobs.len(), Ordering::Relaxed);
        self.load.rate.store(self.pool.rate() as u64, Ordering::Relaxed);
    }
}
