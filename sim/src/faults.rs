//! Faults that a test orders of a running card's surroundings: of the host link and of the interrupts.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
}

impl FaultKind {
    fn of_reads(self) -> bool {
        matches!(self, Self::ReadError | Self::ReadLost | Self::ReadLate(_) | Self::ReadFlip(..))
    }
}

/// An order for one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    kind: FaultKind,
    within: Range<u64>,
    after: u64,
}

#[derive(Debug, Default)]
struct State {
    orders: Mutex<Vec<Order>>,
    interrupts_held: AtomicBool,
}

/// A hand on the surroundings of a card; copies share it. The default does no harm.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<State>);

impl Faults {
    /// Orders `kind` for one burst of its direction: of those that begin within the addresses, the first after `after`
    /// others.
    pub fn order(&self, kind: FaultKind, within: Range<u64>, after: u64) {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner).push(Order { kind, within, after });
    }

    /// Orders that have met no burst yet.
    pub fn outstanding(&self) -> usize {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes no interrupt from the card while `held`.
    pub fn hold_interrupts(&self, held: bool) {
        self.0.interrupts_held.store(held, Ordering::Relaxed);
    }

    pub(crate) fn interrupts_held(&self) -> bool {
        self.0.interrupts_held.load(Ordering::Relaxed)
    }

    /// What is to happen to a burst that begins at `address`.
    pub(crate) fn take(&self, read: bool, address: u64) -> Option<FaultKind> {
        let mut orders = self.0.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut met = None;
        orders.retain_mut(|order| {
            if met.is_some() || order.kind.of_reads() != read || !order.within.contains(&address) {
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
