//! A batch as one member's work.

use super::Standing;
use crate::batch::{Batch, MemberId};
use crate::engine::EngineError;
use crate::work::{Found, Piece, Work};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What a member's engine takes its pieces from, and what looks at all that it says of them.
pub(super) struct Claim<'a> {
    batch: &'a Batch,
    member: MemberId,
    standing: &'a Standing,
    worked: AtomicBool,
    misreport: Mutex<Option<EngineError>>,
}

impl<'a> Claim<'a> {
    pub(super) const fn new(batch: &'a Batch, member: MemberId, standing: &'a Standing) -> Self {
        Self { batch, member, standing, worked: AtomicBool::new(false), misreport: Mutex::new(None) }
    }

    /// Whether the engine did anything.
    pub(super) fn worked(&self) -> bool {
        self.worked.load(Ordering::Relaxed)
    }

    fn misreport(&self) -> std::sync::MutexGuard<'_, Option<EngineError>> {
        self.misreport.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a run came to: an engine that said what cannot be so has failed, whatever else it says.
    pub(super) fn verdict(&self, ran: Result<(), EngineError>) -> Result<(), EngineError> {
        self.misreport().take().map_or(ran, Err)
    }
}

impl Work for Claim<'_> {
    fn take(&self, wait: bool) -> Option<Piece> {
        let sound = self.standing.in_service() && self.misreport().is_none();
        if sound { self.batch.take(self.member, wait) } else { None }
    }

    fn done(&self, piece: &Piece, found: Vec<Found>) {
        match piece.check(&self.standing.name, self.batch.search.probes.len(), &found) {
            Ok(()) => {
                self.worked.store(true, Ordering::Relaxed);
                self.batch.done(self.member, piece, found);
            }
            // The piece stays with the member until it gives back what it holds.
            Err(error) => {
                self.misreport().get_or_insert(error);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.batch.is_over()
    }
}
