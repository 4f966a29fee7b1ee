//! The audit log beside the store: what is acknowledged is on record first, as an appliance has it.

use crate::work::{LANES, Outcome};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use whorl_gallery::{OsStorage, Storage};
use whorl_server::audit::{AuditError, AuditLog, Event, verify_with};

/// Size at which a file is closed: so small that most runs begin a new one.
const FILE_BYTES: u64 = 16 << 10;

/// A lane's operation, and how it ended.
pub type Answer = (usize, u32, Outcome);

/// Folder of the audit log of a store.
pub fn folder(store: &Path) -> PathBuf {
    store.with_file_name("audit")
}

/// Opens the log of a store.
///
/// # Errors
/// [`AuditError`].
pub fn open(storage: Arc<dyn Storage>, store: &Path) -> Result<AuditLog, AuditError> {
    AuditLog::open(storage, &folder(store), FILE_BYTES)
}

/// Enters answers, all of them at once, and returns those that are durable.
pub fn record(log: &AuditLog, answers: &[Answer]) -> Vec<Answer> {
    let (reply, replies) = mpsc::channel();
    for &(lane, number, outcome) in answers {
        let reply = reply.clone();
        let event = Event {
            request_id: format!("{lane}-{number}"),
            outcome: if outcome == Outcome::Refused { "REFUSED" } else { "OK" }.into(),
            ..Event::default()
        };
        log.submit(event, move |entered| {
            let _ = reply.send((lane, number, outcome, entered.is_ok())); // the receiver waits for all of them
        });
    }
    drop(reply);
    replies.into_iter().filter(|reply| reply.3).map(|(lane, number, outcome, _)| (lane, number, outcome)).collect()
}

/// What must be on record of a store's whole life.
#[derive(Debug, Default)]
pub struct Trail {
    answered: BTreeSet<(usize, u32)>,
}

impl Trail {
    /// Notes that an answer was acknowledged.
    pub fn answered(&mut self, lane: usize, number: u32) {
        self.answered.insert((lane, number));
    }

    /// Checks the log after a crash, as the offline verifier does and as an appliance does that starts again. `begun` are
    /// the operations that each lane has begun. Returns the number of entries, and the bytes of a torn line.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&self, store: &Path, begun: [u32; LANES]) -> Result<(u64, u64), String> {
        let folder = folder(store);
        if !folder.exists() && self.answered.is_empty() {
            return Ok((0, 0)); // the crash came first
        }
        let mut found = BTreeSet::new();
        let mut wrong = None;
        let verified = verify_with(&OsStorage, &folder, |entry| match place(&entry.event.request_id) {
            Some((lane, number)) if lane < LANES && number < begun[lane] && found.insert((lane, number)) => {}
            _ => wrong = Some(format!("audit entry {} is of no operation: {:?}", entry.number, entry.event)),
        });
        let verified = verified.map_err(|e| format!("audit: {e}"))?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if let Some((lane, number)) = self.answered.difference(&found).next() {
            return Err(format!("operation {number} of lane {lane} was answered and is not on record"));
        }
        let log = open(Arc::new(OsStorage), store).map_err(|e| format!("audit, opened: {e}"))?;
        let again = log.verify().map_err(|e| format!("audit, opened: {e}"))?;
        if (again.entries, &again.head, again.torn_bytes) != (verified.entries, &verified.head, 0) {
            return Err(format!("opening the audit log made {again:?} of {verified:?}"));
        }
        Ok((verified.entries, verified.torn_bytes))
    }
}

fn place(request_id: &str) -> Option<(usize, u32)> {
    let (lane, number) = request_id.split_once('-')?;
    Some((lane.parse().ok()?, number.parse().ok()?))
}
