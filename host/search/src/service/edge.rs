//! What callers have in hand.

use super::job::{Job, Place, Reply};
use super::scheduler::{Load, Order, Scheduler};
use super::task::{Finished, PRIORITY_MAX, PRIORITY_URGENT, Progress, ServiceError, Stage, Task};
use crate::pool::{MemberStatus, Pool, PoolControl};
use crate::sync::after;
use crossbeam_channel::{Sender, unbounded};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use whorl_layout::TOP_K_MAX;

/// Of so many places of the queue one is kept for urgent searches.
const PLACES_PER_RESERVED: usize = 8;
/// Bounds of the time that somebody who is refused is told to wait.
const RETRY: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_mins(1);
/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// How a service runs.
#[derive(Debug, Clone, Copy)]
pub struct ServiceOptions {
    /// Searches that may be under way, those that wait among them. An eighth of the places, and one at least where there are
    /// several, is kept for those of [`PRIORITY_URGENT`] and above.
    pub queue_max: usize,
    /// Time after which a pass gives way to who has come or waits, and that a piece of it should take.
    pub slice: Duration,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self { queue_max: 256, slice: Duration::from_millis(50) }
    }
}

/// How a service stands.
#[derive(Debug, Clone)]
pub struct ServiceStatus {
    /// Searches under way, in whatever stage.
    pub queued: usize,
    /// Those whose fingers are being compared with a gallery.
    pub running: usize,
    /// Coarse comparisons that are still to be made.
    pub backlog: u64,
    /// Whether searches are still taken on: `false` after the end, and after a fault that ended the service's thread.
    pub alive: bool,
    /// The engines.
    pub engines: Vec<MemberStatus>,
}

/// Searches of many callers over one pool.
#[derive(Debug)]
pub struct Service {
    orders: Sender<Order>,
    thread: JoinHandle<()>,
    control: PoolControl,
    queued: Arc<AtomicUsize>,
    queue_max: usize,
    load: Arc<Load>,
    arrivals: AtomicU64,
    stopping: AtomicBool,
}

impl Service {
    /// Starts the thread that owns `pool`; it ends when the service is dropped, after what is under way.
    ///
    /// # Errors
    /// The system's, if there is no thread.
    pub fn start(pool: Pool, options: ServiceOptions) -> io::Result<Self> {
        let (orders, received) = unbounded();
        let (control, load) = (pool.control(), Arc::new(Load::default()));
        let scheduler = Scheduler::new(pool, received, Arc::clone(&load), options.slice);
        let thread = std::thread::Builder::new().name("scheduler".into()).spawn(move || scheduler.serve())?;
        Ok(Self {
            orders,
            thread,
            control,
            queued: Arc::default(),
            queue_max: options.queue_max,
            load,
            arrivals: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        })
    }

    /// Hands a search over.
    ///
    /// # Errors
    /// `Busy` where the queue is full, `Request` for what cannot be searched, `ShuttingDown`; `Broken` where a fault has ended the
    /// service's thread, and only a new service would search again.
    pub fn submit(&self, task: Task) -> Result<Ticket, ServiceError> {
        check(&task)?;
        if self.stopping.load(Ordering::Acquire) {
            return Err(ServiceError::ShuttingDown);
        }
        if self.thread.is_finished() {
            return Err(ServiceError::Broken);
        }
        let place = self.place(task.priority)?;
        let first = Progress { stage: Stage::Queued, compared: 0, of: 0 };
        let ((answer, answered), (progress, watched)) = (oneshot::channel(), watch::channel(first));
        let cancelled = Arc::new(AtomicBool::new(false));
        let reply = Reply { answer, progress, place };
        let number = self.arrivals.fetch_add(1, Ordering::Relaxed);
        let job = Job::new(task, Arc::clone(&cancelled), reply, Instant::now(), number).map_err(|(_, error)| error)?;
        let ended =
            |_| if self.stopping.load(Ordering::Acquire) { ServiceError::ShuttingDown } else { ServiceError::Broken };
        self.orders.send(Order::Search(Box::new(job))).map_err(ended)?;
        let cancel = CancelHandle { cancelled, orders: self.orders.clone() };
        Ok(Ticket { answered, watched, cancel, done: false })
    }

    /// A place in the queue for a search of a priority.
    fn place(&self, priority: u8) -> Result<Place, ServiceError> {
        let reserved = if self.queue_max > 1 { (self.queue_max / PLACES_PER_RESERVED).max(1) } else { 0 };
        let places = self.queue_max - if priority < PRIORITY_URGENT { reserved } else { 0 };
        let free = |taken: usize| (taken < places).then_some(taken + 1);
        // In one step: who is refused must not hold a place that another needs, not even for a moment.
        let Err(taken) = self.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, free) else {
            return Ok(Place(Arc::clone(&self.queued)));
        };
        let (backlog, rate) = (self.load.backlog.load(Ordering::Relaxed), self.load.rate.load(Ordering::Relaxed));
        // A place is free when about one of those that wait is through.
        let seconds = backlog as f64 / rate.max(1) as f64 / taken.max(1) as f64;
        let retry_after =
            Duration::try_from_secs_f64(seconds).unwrap_or(*RETRY.end()).clamp(*RETRY.start(), *RETRY.end());
        Err(ServiceError::Busy { queued: taken, retry_after })
    }

    /// How it stands.
    pub fn status(&self) -> ServiceStatus {
        ServiceStatus {
            queued: self.queued.load(Ordering::Acquire),
            running: self.load.running.load(Ordering::Relaxed),
            backlog: self.load.backlog.load(Ordering::Relaxed),
            alive: !self.thread.is_finished(),
            engines: self.control.status(),
        }
    }

    /// A hand on the engines.
    pub fn control(&self) -> PoolControl {
        self.control.clone()
    }

    /// Has the engines forget a gallery that will not be searched any more, after the pass under way; searches of it
    /// that are under way go on.
    pub fn forget(&self, gallery: &str) {
        let _ = self.orders.send(Order::Forget(gallery.to_owned())); // a service that has ended holds nothing
    }

    /// Takes no more searches, and returns when those under way have an answer. What has none after `patience` gets
    /// [`ServiceError::ShuttingDown`], also where its pass is still under way.
    pub async fn shut_down(&self, patience: Duration) {
        self.stopping.store(true, Ordering::Release);
        let until = after(patience);
        self.control.stop_by(until);
        if self.orders.send(Order::Stop(until)).is_err() {
            return; // it has ended already
        }
        // The fine stage of a search is short; it is waited for a little longer.
        let end = until.checked_add(Duration::from_secs(5)).unwrap_or(until);
        while self.queued.load(Ordering::Acquire) > 0 && Instant::now() < end {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Fails on a task that no engine can do.
fn check(task: &Task) -> Result<(), ServiceError> {
    let request = |what: String| Err(ServiceError::Request { what });
    if task.priority > PRIORITY_MAX {
        return request(format!("priority {}, must be 0 to {PRIORITY_MAX}", task.priority));
    }
    if !(1..=TOP_K_MAX).contains(&task.cascade.keep) {
        return request(format!("{} candidates of a finger wanted, must be 1 to {TOP_K_MAX}", task.cascade.keep));
    }
    if task.cascade.gate > whorl_matcher::GATE_MAX {
        return request(format!("gate {}, must be 0 to 127", task.cascade.gate));
    }
    match &task.shards_of_finger {
        Some(of_finger) if of_finger.len() != task.fingers.len() => {
            request(format!("shards of {} fingers are given, where there are {}", of_finger.len(), task.fingers.len()))
        }
        _ => Ok(()),
    }
}

/// Ends a search.
#[derive(Debug, Clone)]
pub struct CancelHandle {
    cancelled: Arc<AtomicBool>,
    orders: Sender<Order>,
}

impl CancelHandle {
    /// Ends the search when the pass under way gives way. Does nothing where it has ended, or its fine stage has begun.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        let _ = self.orders.send(Order::Look); // a service that has ended has no search to end
    }
}

/// A search that was handed over. Dropping it ends the search.
#[derive(Debug)]
pub struct Ticket {
    answered: oneshot::Receiver<Result<Finished, ServiceError>>,
    watched: watch::Receiver<Progress>,
    cancel: CancelHandle,
    done: bool,
}

impl Ticket {
    /// Waits for the answer. May be given up and called again, but not after it gave one.
    ///
    /// # Errors
    /// [`ServiceError`]: there is none.
    pub async fn answer(&mut self) -> Result<Finished, ServiceError> {
        let answer = (&mut self.answered).await;
        self.done = true;
        answer.unwrap_or(Err(ServiceError::Broken))
    }

    /// How far it is, from now on.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.watched.clone()
    }

    /// What ends it.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.done {
            self.cancel.cancel();
        }
    }
}
