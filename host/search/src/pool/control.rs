//! What a pool and those who have a hand on it both reach: its members, and what they are to hold.

use crate::batch::{Batch, Role};
use crate::engine::{EngineError, address, addresses};
use crate::member::{Member, Order, Service};
use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use whorl_gallery::Shard;

/// How often the end is looked for while members load shards.
const LOOK: Duration = Duration::from_millis(20);

/// How a member stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// Which engine.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether it takes work, and why not.
    pub service: Service,
    /// Comparisons per second that it has shown, 0 before it has.
    pub comparisons_per_second: u64,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) members: Vec<Member>,
    /// What members hold when they have carried out their orders. Orders that change that are given under this lock, so every
    /// member gets them in the same sequence, and one that is opened meanwhile gets all that come after.
    shards: Mutex<Vec<Arc<Shard>>>,
    passes: Mutex<Passes>,
}

/// How long passes may last.
#[derive(Debug, Default)]
struct Passes {
    stop: Option<Instant>,
    running: Weak<Batch>,
}

impl Shared {
    pub(super) fn new(members: Vec<Member>) -> Self {
        Self { members, shards: Mutex::default(), passes: Mutex::default() }
    }

    pub(super) fn shards(&self) -> MutexGuard<'_, Vec<Arc<Shard>>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the members hold exactly `wanted`. Returns the last failure of one in service; with `must` that one has left.
    pub(super) fn hold(&self, wanted: Vec<Arc<Shard>>, must: bool) -> Option<EngineError> {
        self.wait(&self.order(wanted, must))
    }

    fn order(&self, wanted: Vec<Arc<Shard>>, must: bool) -> Receiver<Result<(), EngineError>> {
        let (reply, replies) = unbounded();
        let mut shards = self.shards();
        // Kept ones come first, in their order: so members need not move them.
        let among = addresses(&wanted);
        shards.retain(|shard| among.contains(&address(shard)));
        let mut known = addresses(&*shards);
        shards.extend(wanted.into_iter().filter(|shard| known.insert(address(shard))));
        for member in &self.members {
            // One that is not in service may be about to be; it is not waited for.
            let reply = member.standing.in_service().then(|| reply.clone());
            let must = must || reply.is_none();
            member.order(Order::Hold { shards: shards.clone(), must, reply });
        }
        replies
    }

    /// The last failure among the replies. They are not waited for longer than passes may last.
    fn wait(&self, replies: &Receiver<Result<(), EngineError>>) -> Option<EngineError> {
        let mut failure = None;
        loop {
            match replies.recv_timeout(LOOK) {
                Ok(held) => failure = held.err().or(failure),
                Err(RecvTimeoutError::Disconnected) => return failure,
                Err(RecvTimeoutError::Timeout) if self.is_stopped() => return Some(EngineError::Stopped),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A pass begins: it is cut where the pool is told to stop.
    pub(super) fn watch(&self, batch: &Arc<Batch>) {
        let mut passes = self.passes();
        passes.running = Arc::downgrade(batch);
        if let Some(until) = passes.stop {
            batch.cut(until);
        }
    }

    /// Whether the pool was told to have stopped by now.
    pub(super) fn is_stopped(&self) -> bool {
        self.passes().stop.is_some_and(|until| until <= Instant::now())
    }

    fn passes(&self) -> MutexGuard<'_, Passes> {
        self.passes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> Vec<MemberStatus> {
        let of = |member: &Member| MemberStatus {
            name: member.standing.name.clone(),
            role: member.standing.role,
            service: member.standing.service(),
            comparisons_per_second: member.standing.rate().unwrap_or(0.0) as u64,
        };
        self.members.iter().map(of).collect()
    }
}

/// A hand on a pool's members while it searches; it does not keep the pool alive.
#[derive(Debug, Clone)]
pub struct PoolControl(Weak<Shared>);

impl PoolControl {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(shared))
    }

    /// How the members stand; nobody where the pool has ended.
    pub fn status(&self) -> Vec<MemberStatus> {
        self.0.upgrade().map(|shared| shared.status()).unwrap_or_default()
    }

    /// Ends every pass that is under way at `until`, and every later one, with [`EngineError::Stopped`]. For a pool that is not
    /// used any more then.
    pub fn stop_by(&self, until: Instant) {
        let Some(shared) = self.0.upgrade() else { return };
        let mut passes = shared.passes();
        passes.stop = Some(until);
        if let Some(batch) = passes.running.upgrade() {
            batch.cut(until);
        }
    }

    /// Has the member finish what it has taken, and then closes its engine, so that another process can open it. Returns
    /// whether there is such a member.
    pub fn drain(&self, name: &str) -> bool {
        let Some(shared) = self.0.upgrade() else { return false };
        let Some(member) = shared.members.iter().find(|member| member.standing.name == name) else { return false };
        member.standing.start_draining();
        member.order(Order::Drain);
        true
    }

    /// Opens a member's engine again and loads the gallery into it; the next pass has it. Does nothing where it is in
    /// service.
    ///
    /// # Errors
    /// What stands in the way; the member is out of service then. `Request` if there is no such member.
    pub fn resume(&self, name: &str) -> Result<(), EngineError> {
        let unknown = || EngineError::Request { what: format!("there is no engine {name}") };
        let shared = self.0.upgrade().ok_or_else(unknown)?;
        let member = shared.members.iter().find(|member| member.standing.name == name).ok_or_else(unknown)?;
        let (reply, replies) = unbounded();
        {
            let shards = shared.shards();
            member.order(Order::Resume(shards.clone(), reply));
        }
        replies.recv().unwrap_or_else(|_| Err(unknown()))
    }
}
