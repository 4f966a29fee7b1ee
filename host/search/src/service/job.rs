//! A search under way.

use super::left::Left;
use super::task::{Finished, PRIORITY_MAX, PRIORITY_URGENT, Progress, ServiceError, Stage, Task, Timing};
use crate::engine::{Answer, CardCost, EngineError, Incident, ShardCoverage, Share};
use crate::pool::{Part, Slice};
use crate::tally::Tally;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use whorl_gallery::Shard;

/// A search without a deadline is as urgent as one that is to be done so long after its arrival.
const DUE_AFTER: Duration = Duration::from_mins(1);
/// A search that waits gains a priority in this time.
const GAINS_EVERY: Duration = Duration::from_secs(30);

/// A place in the service's bounded queue; dropping it leaves the queue.
#[derive(Debug)]
pub struct Place(pub Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Where the answer goes. Dropped without one, its ticket tells of a fault.
#[derive(Debug)]
pub struct Reply {
    pub answer: oneshot::Sender<Result<Finished, ServiceError>>,
    pub progress: watch::Sender<Progress>,
    pub place: Place,
}

impl Reply {
    /// Answers, and leaves the queue first: who has an answer finds a place again.
    pub fn send(self, result: Result<Finished, ServiceError>) {
        drop(self.place);
        let _ = self.answer.send(result); // nobody may wait any more
    }
}

/// What was found of one finger so far.
#[derive(Debug)]
struct Finger {
    /// Which of the task's fingers.
    nth: usize,
    left: Left,
    coverage: Vec<ShardCoverage>,
    tally: Tally,
    cost: Option<CardCost>,
    engines: Vec<Share>,
    incidents: Vec<Incident>,
}

/// A search whose fingers are compared with its gallery.
#[derive(Debug)]
pub struct Job {
    pub task: Task,
    pub cancelled: Arc<AtomicBool>,
    reply: Reply,
    fingers: Vec<Finger>,
    arrived: Instant,
    started: Option<Instant>,
    /// When its last pass began; when it arrived, before it had one.
    served: Instant,
    number: u64,
    compared: u64,
    of: u64,
    timing: Timing,
}

impl Job {
    /// A job that has not begun; `number` is its place in the order of arrival.
    pub fn new(
        task: Task,
        cancelled: Arc<AtomicBool>,
        reply: Reply,
        arrived: Instant,
        number: u64,
    ) -> Result<Self, (Reply, ServiceError)> {
        match task.cascade.chosen(&task.fingers) {
            Ok(chosen) => {
                let finger = |&nth: &usize| {
                    let left = Left::all(match &task.shards_of_finger {
                        Some(of_finger) => of_finger.get(nth).map_or(&[][..], Vec::as_slice),
                        None => &task.shards,
                    });
                    Finger {
                        nth,
                        coverage: left.shards().map(|shard| ShardCoverage::from(&**shard)).collect(),
                        left,
                        tally: Tally::new(task.cascade.threshold, task.cascade.keep),
                        cost: None,
                        engines: Vec::new(),
                        incidents: Vec::new(),
                    }
                };
                let fingers: Vec<Finger> = chosen.iter().map(finger).collect();
                let of = fingers.iter().flat_map(|finger| &finger.coverage).map(|shard| u64::from(shard.records)).sum();
                let timing = Timing::default();
                let (started, served, compared) = (None, arrived, 0);
                let job =
                    Self { task, cancelled, reply, fingers, arrived, started, served, number, compared, of, timing };
                job.tell();
                Ok(job)
            }
            Err(error) => Err((reply, error.into())),
        }
    }

    fn tell(&self) {
        let stage = if self.started.is_some() { Stage::Coarse } else { Stage::Queued };
        self.reply.progress.send_replace(Progress { stage, compared: self.compared, of: self.of });
    }

    /// Comparisons that are still to be made.
    pub const fn backlog(&self) -> u64 {
        self.of - self.compared
    }

    /// Shards that engines must hold for it.
    pub fn shards(&self) -> &[Arc<Shard>] {
        &self.task.shards
    }

    /// The order of jobs: the smallest is the most urgent. Of the same level the one that must be done first, and one without a
    /// deadline is as if it had one, or it would wait for all that have.
    pub fn urgency(&self, now: Instant) -> impl Ord + use<> {
        let due = self.task.deadline.unwrap_or(self.arrived + DUE_AFTER);
        (std::cmp::Reverse(self.level(now)), due, self.number)
    }

    /// Its priority, and what it gained by waiting: by its age up to below the urgent ones, so that it is done some time; above
    /// only by the time since its last pass, so that an urgent one waits for a slice of it and not for all.
    fn level(&self, now: Instant) -> u8 {
        let gained = |since: Instant| {
            let steps = now.saturating_duration_since(since).as_secs() / GAINS_EVERY.as_secs();
            self.task.priority.saturating_add(u8::try_from(steps).unwrap_or(u8::MAX))
        };
        let aged = gained(self.arrived).min(PRIORITY_URGENT - 1);
        aged.max(gained(self.served)).min(PRIORITY_MAX)
    }

    /// The runs of extents that its first unfinished finger needs, in the order of the sweep; none where all is done.
    pub fn runs(&self) -> impl Iterator<Item = Slice> {
        self.fingers.iter().find(|finger| !finger.left.is_empty()).into_iter().flat_map(|finger| finger.left.runs())
    }

    /// Whether all its fingers have been through the gallery.
    pub fn is_done(&self) -> bool {
        self.fingers.iter().all(|finger| finger.left.is_empty())
    }

    /// Places, among the fingers that are searched, of those that still need an extent.
    pub fn needing(&self, shard: &Arc<Shard>, extent: usize) -> impl Iterator<Item = usize> {
        (0..self.fingers.len()).filter(move |&place| self.fingers[place].left.end(shard, extent).is_some())
    }

    /// What the finger at `place` was not compared with yet.
    pub fn left(&self, place: usize) -> &Left {
        &self.fingers[place].left
    }

    /// Which of the task's fingers stands at `place`.
    pub fn finger(&self, place: usize) -> usize {
        self.fingers[place].nth
    }

    /// A pass begins that it takes part in.
    pub fn begin(&mut self, shared: bool, now: Instant) {
        if self.started.is_none() {
            self.started = Some(now);
            self.timing.queued = now - self.arrived;
        }
        self.served = now;
        self.timing.passes += 1;
        self.timing.shared_passes += u32::from(shared);
    }

    /// Takes in what a pass over `slices` found of the finger at `place`.
    pub fn take(&mut self, place: usize, slices: &[Slice], part: &Part) {
        let finger = &mut self.fingers[place];
        for slice in slices {
            finger.left.remove(slice);
            self.compared += slice.records();
        }
        finger.tally.merge_tally(&part.found.tally);
        if let Some(cost) = part.found.cost {
            *finger.cost.get_or_insert_default() += cost;
        }
        for share in &part.engines {
            match finger.engines.iter_mut().find(|known| known.engine == share.engine) {
                Some(known) => known.records += share.records,
                None => finger.engines.push(share.clone()),
            }
        }
        for incident in &part.incidents {
            if !finger.incidents.contains(incident) {
                finger.incidents.push(incident.clone());
            }
        }
        self.tell();
    }

    /// Whether somebody is told how far it is: a ticket looks on by itself.
    pub fn is_watched(&self) -> bool {
        self.reply.progress.receiver_count() > 1
    }

    /// Why it must end early, if it must.
    pub fn ends(&self, now: Instant) -> Option<ServiceError> {
        let (compared, of) = (self.compared, self.of);
        if self.cancelled.load(Ordering::Acquire) {
            Some(ServiceError::Cancelled { compared, of })
        } else if self.task.deadline.is_some_and(|deadline| deadline <= now) {
            Some(ServiceError::DeadlineExceeded { compared, of })
        } else {
            None
        }
    }

    /// Ends it without an answer.
    pub fn fail(self, error: ServiceError) {
        self.reply.send(Err(error));
    }

    /// The fine stage, and the answer. Takes the current thread as long as that takes.
    pub fn finish(self, now: Instant) {
        let Self { task, reply, fingers, mut timing, compared, of, arrived, started, .. } = self;
        timing.coarse = now - started.unwrap_or(now);
        if started.is_none() {
            timing.queued = now - arrived; // an empty gallery takes no pass
        }
        if let Some(error) = partial(&fingers, compared, of) {
            return reply.send(Err(error.into()));
        }
        reply.progress.send_replace(Progress { stage: Stage::Fine, compared, of });
        let answer = |finger: Finger| {
            let answer = Answer {
                candidates: finger.tally.candidates(),
                comparisons: finger.tally.comparisons(),
                histogram: finger.tally.histogram().to_vec(),
                coverage: finger.coverage,
                cost: finger.cost,
                engines: finger.engines,
                incidents: finger.incidents,
            };
            (finger.nth, answer)
        };
        let searched = crate::cascade::Searched { shards: &task.shards, directory: &*task.directory };
        let found = task.cascade.identify(&task.fingers, fingers.into_iter().map(answer).collect(), searched);
        let finished = found.map(|identification| {
            timing.fine = identification.fine_time;
            Finished { identification, timing }
        });
        reply.send(finished.map_err(ServiceError::from));
    }
}

/// Why what was found may not leave, if it may not: somewhere records were compared twice or never.
fn partial(fingers: &[Finger], compared: u64, of: u64) -> Option<EngineError> {
    let whole = |finger: &Finger| finger.coverage.iter().map(|shard| u64::from(shard.records)).sum();
    let of_fingers = fingers.iter().map(|finger| (finger.tally.comparisons(), whole(finger)));
    let (made, wanted) = of_fingers.chain([(compared, of)]).find(|(made, wanted)| made != wanted)?;
    Some(EngineError::Coverage { engine: "the search service".into(), made, wanted })
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
