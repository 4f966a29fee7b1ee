//! A member of a pool: an engine on a thread of its own, its state of service and the rules by which it leaves it.

mod claim;

use crate::batch::{Batch, MemberId, Role, Seat};
use crate::engine::{Engine, EngineError, Incident};
use claim::Claim;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tracing::{info, warn};
use whorl_gallery::Shard;

/// Failures without a success between them after which a member leaves service.
pub(crate) const STRIKES_MAX: u8 = 2;
/// Resets by somebody else without a success between them after which a member leaves service: no fault of the card, but
/// one that is reset over and over does no work.
pub(crate) const FOREIGN_RESETS_MAX: u8 = 3;

/// Opens the engine of a member: at first, and again when it is resumed.
pub type Opener = Box<dyn FnMut() -> Result<Box<dyn Engine>, EngineError> + Send>;

/// Whether a member takes work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// It does.
    InService,
    /// It finishes what it has taken and is then drained.
    Draining,
    /// An operator took it out; its engine is closed.
    Drained,
    /// It was found unfit; its engine is closed.
    OutOfService {
        /// Why, all causes included.
        reason: String,
    },
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InService => f.write_str("in service"),
            Self::Draining => f.write_str("draining"),
            Self::Drained => f.write_str("drained"),
            Self::OutOfService { reason } => write!(f, "out of service: {reason}"),
        }
    }
}

/// What a member's thread and its pool both know.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) name: String,
    pub(crate) role: Role,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    service: Service,
    fault: Option<Fault>, // of a member out of service
    strikes: u8,
    foreign_resets: u8,
    rate: Option<f64>,
    slots: usize,
    reference: bool,
    resident_bytes: u64,
}

/// What kind of fault took a member out of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its engine is gone.
    Lost,
    /// It gave wrong scores: nothing that it found can be used.
    WrongScores,
    /// Anything else.
    Other,
}

impl Fault {
    const fn of(error: &EngineError) -> Self {
        if error.is_wrong_scores() {
            Self::WrongScores
        } else if error.is_lost() {
            Self::Lost
        } else {
            Self::Other
        }
    }
}

/// Whether somebody else reset the card: it starts anew by itself, and has done nothing wrong.
const fn is_foreign_reset(error: &EngineError) -> bool {
    matches!(error, EngineError::Device(whorl_device::DeviceError::ForeignReset))
}

impl Standing {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn service(&self) -> Service {
        self.lock().service.clone()
    }

    pub(crate) fn in_service(&self) -> bool {
        self.lock().service == Service::InService
    }

    /// Why it is out of service, if it is.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.lock().fault
    }

    /// Probes that its engine compares in one pass.
    pub(crate) fn slots(&self) -> usize {
        self.lock().slots
    }

    /// Whether its scores need not be computed anew: [`Engine::is_reference`].
    pub(crate) fn is_reference(&self) -> bool {
        self.lock().reference
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        self.lock().resident_bytes
    }

    /// Comparisons per second that it has shown.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.lock().rate
    }

    pub(crate) fn set_rate(&self, rate: Option<f64>) {
        self.lock().rate = rate;
    }

    /// Asks it to take no more work. Does nothing where it takes none.
    pub(crate) fn start_draining(&self) {
        let mut state = self.lock();
        if state.service == Service::InService {
            state.service = Service::Draining;
        }
    }

    /// Takes it out of service.
    pub(crate) fn condemn(&self, reason: String, fault: Fault) {
        warn!(engine = self.name, reason, "out of service");
        let mut state = self.lock();
        state.service = Service::OutOfService { reason };
        state.fault = Some(fault);
    }

    /// Whether it leaves service for `error`: at once where nothing that it says can be trusted, or it is gone.
    pub(crate) fn judge(&self, error: &EngineError, what: &str) -> bool {
        let broken = matches!(
            error,
            EngineError::Device(whorl_device::DeviceError::Protocol { .. })
                | EngineError::Coverage { .. }
                | EngineError::Stray { .. }
                | EngineError::OtherShards { .. }
        );
        if error.is_wrong_scores() || error.is_lost() || broken {
            self.condemn(what.to_owned(), Fault::of(error));
            return true;
        }
        if is_foreign_reset(error) { self.count_foreign_reset(what) } else { self.strike(what) }
    }

    /// Counts a failure. Returns whether it has to leave service for it.
    pub(crate) fn strike(&self, reason: &str) -> bool {
        self.count(reason, STRIKES_MAX, |state| &mut state.strikes)
    }

    fn count_foreign_reset(&self, reason: &str) -> bool {
        self.count(reason, FOREIGN_RESETS_MAX, |state| &mut state.foreign_resets)
    }

    fn count(&self, reason: &str, most: u8, counter: impl FnOnce(&mut State) -> &mut u8) -> bool {
        let mut state = self.lock();
        let count = counter(&mut state);
        *count = count.saturating_add(1);
        let leaves = *count >= most;
        drop(state);
        if leaves {
            self.condemn(format!("{reason}, {most} times in a row"), Fault::Other);
        }
        leaves
    }

    /// Forgets failures: it did what it was given.
    fn absolve(&self) {
        let mut state = self.lock();
        (state.strikes, state.foreign_resets) = (0, 0);
    }
}

/// What a pool tells a member's thread. Orders are carried out one after another.
pub(crate) enum Order {
    /// Hold these shards, if in service.
    Hold {
        shards: Vec<Arc<Shard>>,
        /// Whether it leaves service where it cannot.
        must: bool,
        /// Who waits for the first failure, if anybody does.
        reply: Option<Sender<Result<(), EngineError>>>,
    },
    /// Take part in a batch over these shards; incidents go to the sender.
    Run(Seat, Arc<[Arc<Shard>]>, Sender<Incident>),
    /// Close the engine, in answer to [`Standing::start_draining`].
    Drain,
    /// Open the engine again and hold these shards.
    Resume(Vec<Arc<Shard>>, Sender<Result<(), EngineError>>),
}

/// The pool's end of a member. Dropping it ends its thread when its work is done.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) standing: Arc<Standing>,
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Member {
    /// Starts the thread of `engine`, or of a member that is drained from the start.
    pub(crate) fn start(
        id: MemberId,
        name: String,
        role: Role,
        engine: Option<Box<dyn Engine>>,
        open: Opener,
    ) -> std::io::Result<Self> {
        let state = State {
            service: if engine.is_some() { Service::InService } else { Service::Drained },
            fault: None,
            strikes: 0,
            foreign_resets: 0,
            rate: None,
            slots: engine.as_ref().map_or(usize::MAX, |engine| engine.probes_per_pass()),
            reference: engine.as_ref().is_some_and(|engine| engine.is_reference()),
            resident_bytes: 0,
        };
        let standing = Arc::new(Standing { name, role, state: Mutex::new(state) });
        let (orders, received) = unbounded();
        let worker = Worker { id, standing: Arc::clone(&standing), engine, open };
        let thread = std::thread::Builder::new().name(format!("engine-{id}")).spawn(move || worker.serve(&received))?;
        Ok(Self { standing, orders: Some(orders), thread: Some(thread) })
    }

    /// Hands it an order; it is lost only where the thread died of a panic.
    pub(crate) fn order(&self, order: Order) {
        if self.orders.as_ref().is_none_or(|orders| orders.send(order).is_err()) {
            self.standing.condemn("its thread has ended".into(), Fault::Other);
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's end.
struct Worker {
    id: MemberId,
    standing: Arc<Standing>,
    engine: Option<Box<dyn Engine>>,
    open: Opener,
}

impl Worker {
    fn serve(mut self, orders: &Receiver<Order>) {
        for order in orders {
            // Nobody minds an answer that is no longer waited for.
            match order {
                Order::Hold { shards, must, reply } => {
                    let held = if self.standing.in_service() { self.hold(&shards, must) } else { Ok(()) };
                    let _ = reply.map(|reply| reply.send(held));
                }
                Order::Run(seat, shards, incidents) => self.run(seat.batch(), &shards, &incidents),
                Order::Drain => {
                    if self.standing.service() == Service::Draining {
                        self.engine = None;
                        self.standing.lock().service = Service::Drained;
                        info!(engine = self.standing.name, "drained");
                    }
                }
                Order::Resume(shards, reply) => {
                    let resumed = self.resume(&shards);
                    let _ = reply.send(resumed);
                }
            }
            if matches!(self.standing.service(), Service::OutOfService { .. }) {
                self.engine = None; // a card is left without DMA
            }
        }
    }

    /// Has the engine hold exactly `shards`, in this order. What it holds of them stays where it is.
    fn hold(&mut self, shards: &[Arc<Shard>], must: bool) -> Result<(), EngineError> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        engine.keep(shards);
        let held = engine.shards();
        let is_first = held.iter().zip(shards).all(|(held, wanted)| Arc::ptr_eq(held, wanted));
        if !is_first || held.len() > shards.len() {
            engine.keep(&[]);
        }
        let loaded = shards[engine.shards().len()..].iter().try_for_each(|shard| engine.load(Arc::clone(shard)));
        if must && let Err(error) = &loaded {
            self.standing.condemn(format!("it cannot hold the gallery: {}", error.explained()), Fault::of(error));
        }
        self.standing.lock().resident_bytes = engine.resident_bytes();
        loaded
    }

    fn resume(&mut self, shards: &[Arc<Shard>]) -> Result<(), EngineError> {
        if self.standing.in_service() {
            return Ok(());
        }
        self.engine = None; // of one that drains: a card is opened once
        match (self.open)() {
            Ok(engine) => {
                let (slots, reference) = (engine.probes_per_pass(), engine.is_reference());
                self.engine = Some(engine);
                self.hold(shards, true)?;
                let mut state = self.standing.lock();
                (state.service, state.fault) = (Service::InService, None);
                (state.strikes, state.foreign_resets) = (0, 0);
                (state.slots, state.reference, state.rate) = (slots, reference, None);
                drop(state);
                info!(engine = self.standing.name, "in service");
                Ok(())
            }
            Err(error) => {
                self.standing.condemn(error.explained(), Fault::of(&error));
                Err(error)
            }
        }
    }

    fn run(&mut self, batch: &Batch, shards: &[Arc<Shard>], incidents: &Sender<Incident>) {
        let standing = Arc::clone(&self.standing);
        let claim = Claim::new(batch, self.id, &standing);
        while let Some(engine) = &mut self.engine {
            if !standing.in_service() {
                return;
            }
            // Pieces are places in these shards; in others the same places are other records.
            let ran = if engine.shards().iter().map(Arc::as_ptr).eq(shards.iter().map(Arc::as_ptr)) {
                claim.verdict(engine.run(&batch.search, &claim))
            } else {
                Err(EngineError::OtherShards { engine: standing.name.clone() })
            };
            let Err(error) = ran else {
                if claim.worked() {
                    standing.absolve();
                }
                return;
            };
            let what = error.explained();
            let overtaken = batch.is_over(); // the pool has judged that already
            let tell = |what: &str, left_service| {
                let (engine, what) = (standing.name.clone(), what.to_owned());
                let _ = incidents.send(Incident { engine, what, left_service });
            };
            // First the judgement, then the work: others may be done with it at once, and the pool must know by then.
            let leaves = !overtaken && standing.judge(&error, &what);
            if !overtaken {
                tell(&what, leaves);
            }
            let records = batch.give_back(self.id, !is_foreign_reset(&error));
            warn!(engine = standing.name, what, records, leaves, overtaken, "work was given back");
            if !leaves && let Err(error) = engine.revive() {
                let what = format!("{what}; then: {}", error.explained());
                standing.condemn(what.clone(), Fault::of(&error));
                tell(&what, true);
            }
            if overtaken {
                return;
            }
        }
    }
}
