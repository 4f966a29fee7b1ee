//! Faults that a test orders of a running card and its surroundings: of links, interrupts, registers and lanes.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with one burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// A read is answered with an error.
    ReadError,
    /// A read is never answered, nor are later ones of its identifier: AXI answers those in order.
    ReadLost,
    /// A read is answered so many cycles late, and so are later ones of its identifier.
    ReadLate(u64),
    /// A bit of a read's data comes flipped: byte of the burst, bit of the byte.
    ReadFlip(usize, u8),
    /// A write is refused.
    WriteError,
    /// A write is carried out and never answered, nor are later ones of its identifier.
    WriteLost,
    /// A write is carried out and answered so many cycles late.
    WriteLate(u64),
    /// A bit of a write's data is flipped on its way.
    WriteFlip(usize, u8),
    /// A write is acknowledged and never carried out.
    WriteDropped,
    /// A write is carried out, and once more so many bytes further on.
    WriteTwice(u64),
}

/// What goes wrong at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mishap {
    /// Somebody else resets the function.
    Reset,
    /// The host link starts nothing new for so many cycles.
    LinkStall(u64),
    /// A bit of the descriptor that a lane compares with is flipped, until the probe is loaded again: stream, probe slot,
    /// lane, bit.
    ProbeBit([u8; 4]),
    /// A lane finds nothing any more, over loads and resets: stream, probe slot, lane.
    DeadLane([u8; 3]),
    /// All lanes are well again.
    Repair,
}

impl FaultKind {
    fn of_reads(self) -> bool {
        matches!(self, Self::ReadError | Self::ReadLost | Self::ReadLate(_) | Self::ReadFlip(..))
    }
}

/// An order for one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    link: FaultyLink,
    kind: FaultKind,
    within: Range<u64>,
    after: u64,
}

/// Where a burst goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultyLink {
    Host,
    Memory,
}

#[derive(Debug, Default)]
struct State {
    orders: Mutex<Vec<Order>>,
    interrupts_held: AtomicBool,
    interrupts_lost: AtomicU64,
    registers_gone: AtomicBool,
    slow_ns: AtomicU64,
    mishaps: Mutex<Vec<Mishap>>,
    mishap_waits: AtomicBool,
}

/// A hand on the surroundings of a card; copies share it. The default does no harm.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<State>);

impl Faults {
    /// Orders `kind` for one burst of its direction: of those that begin within the addresses, the first after `after`
    /// others.
    pub fn order(&self, kind: FaultKind, within: Range<u64>, after: u64) {
        self.push(Order { link: FaultyLink::Host, kind, within, after });
    }

    /// Orders `kind` for a burst of card memory, of whatever channel; addresses begin at 0 in each.
    pub fn order_in_memory(&self, kind: FaultKind, within: Range<u64>, after: u64) {
        self.push(Order { link: FaultyLink::Memory, kind, within, after });
    }

    fn push(&self, order: Order) {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner).push(order);
    }

    /// Forgets orders that have met no burst, and everything else that lasts but dead lanes.
    pub fn clear(&self) {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.hold_interrupts(false);
        self.lose_interrupts(0);
        self.remove_registers(false);
        self.slow_down(Duration::ZERO);
    }

    /// Orders that have met no burst yet.
    pub fn outstanding(&self) -> usize {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes no interrupt from the card while `held`.
    pub fn hold_interrupts(&self, held: bool) {
        self.0.interrupts_held.store(held, Ordering::Relaxed);
    }

    /// Loses the next `count` interrupts of the card, on their way.
    pub fn lose_interrupts(&self, count: u64) {
        self.0.interrupts_lost.store(count, Ordering::Relaxed);
    }

    /// Whether the interrupt that is about to be delivered is lost.
    pub(crate) fn loses_interrupt(&self) -> bool {
        self.0.interrupts_lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Has all registers read as all ones and swallow writes while `gone`, as those of a card that left the bus.
    pub fn remove_registers(&self, gone: bool) {
        self.0.registers_gone.store(gone, Ordering::Relaxed);
    }

    pub(crate) fn registers_gone(&self) -> bool {
        self.0.registers_gone.load(Ordering::Relaxed)
    }

    /// Has every cycle of the card take at least `cycle`.
    pub fn slow_down(&self, cycle: Duration) {
        self.0.slow_ns.store(cycle.as_nanos() as u64, Ordering::Relaxed);
    }

    /// How long the card has to rest after so many cycles.
    pub(crate) fn rest(&self, cycles: u64) -> Duration {
        Duration::from_nanos(self.0.slow_ns.load(Ordering::Relaxed).saturating_mul(cycles))
    }

    /// Lets `mishap` come over the card in its next cycle.
    pub fn strike(&self, mishap: Mishap) {
        self.0.mishaps.lock().unwrap_or_else(PoisonError::into_inner).push(mishap);
        self.0.mishap_waits.store(true, Ordering::Release);
    }

    /// What has come over the card since it was asked last; cheap where nothing has.
    pub(crate) fn mishaps(&self) -> Vec<Mishap> {
        if !self.0.mishap_waits.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut mishaps = self.0.mishaps.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.mishap_waits.store(false, Ordering::Relaxed);
        std::mem::take(&mut mishaps)
    }

    pub(crate) fn interrupts_held(&self) -> bool {
        self.0.interrupts_held.load(Ordering::Relaxed)
    }

    /// What is to happen to a burst that begins at `address`.
    pub(crate) fn take(&self, link: FaultyLink, read: bool, address: u64) -> Option<FaultKind> {
        let mut orders = self.0.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut met = None;
        orders.retain_mut(|order| {
            let other = order.link != link || order.kind.of_reads() != read;
            if met.is_some() || other || !order.within.contains(&address) {
                return true;
            }
            if order.after > 0 {
                order.after -= 1;
                return true;
            }
            met = Some(order.kind);
            false
        });
        met
    }
}
