//! One pass of a pool: pieces that members take, give back where they fail, and take over from one that is late.

use crate::engine::Search;
use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, now};
use crate::work::{Found, Piece};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A member's place in its pool.
pub(crate) type MemberId = usize;

/// How often a member may fail on one piece.
const ATTEMPTS: u8 = 2;
/// A piece is late when its holder has had it this much longer than it should take ...
const LATE_GRACE: Duration = Duration::from_millis(100);
/// ... and this many times as long.
const LATE_FACTOR: u32 = 4;
/// Comparisons per second of a member that has shown nothing yet: a simulated card's, which is the slowest there is.
const UNKNOWN_RATE: f64 = 10_000.0;

/// Whether a pass should end with the pieces that were taken by now. It is asked before each piece, and must not wait.
#[derive(Clone)]
pub struct GivesWay(Arc<dyn Fn() -> bool + Send + Sync>);

impl GivesWay {
    /// What `asked` says.
    pub fn when(asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(asked))
    }

    /// A pass over all of its pieces.
    pub fn never() -> Self {
        Self::when(|| false)
    }
}

impl std::fmt::Debug for GivesWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GivesWay").finish_non_exhaustive()
    }
}

/// What a member is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes pieces as long as there are any.
    Worker,
    /// Takes what others gave back or are late with, and everything where there is no worker.
    Spare,
}

/// A member as the batch sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entrant {
    pub(crate) role: Role,
    /// It takes part until it leaves.
    pub(crate) live: bool,
    /// Comparisons per second, where it has shown them.
    pub(crate) rate: Option<f64>,
}

/// A piece that nobody has done yet, or what was found in it.
#[derive(Debug)]
struct Slot {
    piece: Piece,
    holders: Vec<(MemberId, Instant)>,
    failures: Vec<u8>, // by member
    given_back: Option<Instant>,
    late: bool, // its holder is, or was
    left: bool, // nobody had it before the pass gave way
    found: Option<(MemberId, Vec<Found>)>,
}

#[derive(Debug)]
struct State {
    free: VecDeque<usize>, // slots that nobody has had
    slots: Vec<Slot>,
    entrants: Vec<Entrant>,
    open: usize,
    cut: Option<Instant>, // when it ends, if before its deadline
}

/// How a batch ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What was found, by piece: by whom, and of each probe.
    pub(crate) found: Vec<(Piece, MemberId, Vec<Found>)>,
    /// Pieces that nobody did, but for those that were left where the pass gave way.
    pub(crate) missing: Vec<Piece>,
    /// Members that others overtook.
    pub(crate) late: Vec<MemberId>,
    /// Comparisons per second that members have shown.
    pub(crate) rates: Vec<Option<f64>>,
    /// Whether time was up before the members were.
    pub(crate) timed_out: bool,
}

/// Probes that share a pass, and the pieces of the gallery.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) search: Search,
    gives_way: GivesWay,
    state: Mutex<State>,
    changed: Condvar,
    over: AtomicBool,
}

impl Batch {
    /// `pieces` for `entrants`, of which those that are live are going to [`take`](Self::take) until they
    /// [`leave`](Self::leave). Where it gives way, at least one piece has been taken.
    pub(crate) fn new(search: Search, pieces: Vec<Piece>, entrants: Vec<Entrant>, gives_way: GivesWay) -> Self {
        let slot = |piece| Slot {
            piece,
            holders: Vec::new(),
            failures: vec![0; entrants.len()],
            given_back: None,
            late: false,
            left: false,
            found: None,
        };
        let slots: Vec<Slot> = pieces.into_iter().map(slot).collect();
        let state = State { free: (0..slots.len()).collect(), open: slots.len(), slots, entrants, cut: None };
        Self { search, gives_way, state: Mutex::new(state), changed: Condvar::new(), over: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        crate::sync::lock(&self.state)
    }

    /// Whether nobody waits for pieces under way.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// A piece for `member`; with `wait`, none only where there can be no more for it.
    pub(crate) fn take(&self, member: MemberId, wait: bool) -> Option<Piece> {
        let mut state = self.lock();
        if state.is_begun() && (self.gives_way.0)() {
            state.leave_free();
            self.changed.notify_all();
        }
        loop {
            if self.is_over() || state.open == 0 {
                return None;
            }
            let since = now();
            if let Some(nth) = state.choose(member, since, self.search.probes.len()) {
                let slot = &mut state.slots[nth];
                slot.holders.push((member, since));
                return Some(slot.piece.clone());
            }
            if !wait || !state.may_help(member) {
                return None;
            }
            state = crate::sync::wait_timeout(&self.changed, state, LATE_GRACE / 4);
        }
    }

    /// Takes what `member` found in a piece. Nothing, if another was first: they found the same.
    pub(crate) fn done(&self, member: MemberId, piece: &Piece, found: Vec<Found>) {
        let mut state = self.lock();
        let comparisons = piece.records as f64 * found.len() as f64;
        let Some(place) = state.slots.iter().position(|slot| slot.piece.nth == piece.nth) else { return };
        let slot = &mut state.slots[place];
        let Some(held) = slot.holders.iter().position(|&(holder, _)| holder == member) else { return };
        let (_, since) = slot.holders.swap_remove(held);
        // After the end nobody asks, and what was found before has been taken out of its slot.
        if slot.found.is_none() && !self.is_over() {
            slot.found = Some((member, found));
            state.open -= 1;
        }
        let rate = comparisons / now().saturating_duration_since(since).as_secs_f64().max(1e-6);
        let known = &mut state.entrants[member].rate;
        *known = Some(known.map_or(rate, |known| 0.75 * known + 0.25 * rate));
        let is_last = state.open == 0;
        drop(state);
        if is_last {
            self.changed.notify_all(); // nobody waits for less
        }
    }

    /// Takes back everything that `member` holds, after it failed; where that was no fault of its own, it may try the same
    /// pieces as often as before. Returns how many records are to be compared again.
    pub(crate) fn give_back(&self, member: MemberId, its_fault: bool) -> u64 {
        let mut state = self.lock();
        let mut records = 0;
        for slot in &mut state.slots {
            if let Some(held) = slot.holders.iter().position(|&(holder, _)| holder == member) {
                slot.holders.swap_remove(held);
                slot.failures[member] += u8::from(its_fault);
                slot.given_back = Some(now());
                records += if slot.found.is_none() { slot.piece.records } else { 0 };
            }
        }
        drop(state);
        self.changed.notify_all();
        records
    }

    /// `member` takes part no more; others have to do what it still holds.
    pub(crate) fn leave(&self, member: MemberId) {
        let mut state = self.lock();
        state.entrants[member].live = false;
        for slot in &mut state.slots {
            if let Some(held) = slot.holders.iter().position(|&(holder, _)| holder == member) {
                slot.holders.swap_remove(held);
                slot.given_back = Some(now());
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Has it end at `until`, where it would last longer.
    pub(crate) fn cut(&self, until: Instant) {
        self.lock().cut = Some(until);
        self.changed.notify_all();
    }

    /// Waits until every piece is done, nobody is left who could do the rest, or `deadline` has come; ends the batch.
    pub(crate) fn finish(&self, deadline: Instant) -> Outcome {
        let mut state = self.lock();
        let mut timed_out = false;
        while state.open > 0 && state.entrants.iter().any(|entrant| entrant.live) {
            let left = state.cut.map_or(deadline, |cut| cut.min(deadline)).saturating_duration_since(now());
            if left.is_zero() {
                timed_out = true;
                break;
            }
            state = crate::sync::wait_timeout(&self.changed, state, left);
        }
        self.over.store(true, Ordering::Release);
        let mut outcome = Outcome {
            found: Vec::new(),
            missing: Vec::new(),
            late: Vec::new(),
            rates: state.entrants.iter().map(|entrant| entrant.rate).collect(),
            timed_out,
        };
        for slot in &mut state.slots {
            let overtaken = slot.holders.iter().filter(|_| slot.late && slot.found.is_some()).map(|held| held.0);
            outcome.late.extend(overtaken);
            match slot.found.take() {
                Some((member, found)) => outcome.found.push((slot.piece.clone(), member, found)),
                None if slot.left => {}
                None => outcome.missing.push(slot.piece.clone()),
            }
        }
        outcome.late.sort_unstable();
        outcome.late.dedup();
        drop(state);
        self.changed.notify_all();
        outcome
    }
}

/// A live member's part in a batch. It [leaves](Batch::leave) when this is dropped, also where its thread has died.
#[derive(Debug)]
pub(crate) struct Seat {
    batch: Arc<Batch>,
    member: MemberId,
}

impl Seat {
    pub(crate) fn new(batch: &Arc<Batch>, member: MemberId) -> Self {
        Self { batch: Arc::clone(batch), member }
    }

    pub(crate) fn batch(&self) -> &Batch {
        &self.batch
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.batch.leave(self.member);
    }
}

impl State {
    /// Whether pieces have been taken, and not all.
    fn is_begun(&self) -> bool {
        !self.free.is_empty() && self.free.len() < self.slots.len()
    }

    /// Leaves what nobody has had.
    fn leave_free(&mut self) {
        for nth in self.free.drain(..) {
            let slot = &mut self.slots[nth];
            slot.left = slot.is_untouched();
            self.open -= usize::from(slot.left);
        }
    }

    /// The slot that `member` should take now.
    fn choose(&mut self, member: MemberId, now: Instant, probes: usize) -> Option<usize> {
        let late = |worker| self.slots.iter().any(|slot| slot.late && slot.is_held_by(worker));
        let mut entrants = self.entrants.iter().enumerate();
        let workers = entrants.any(|(nth, entrant)| entrant.live && entrant.role == Role::Worker && !late(nth));
        let given_back = self.slots.iter().position(|slot| {
            slot.is_given_back() && slot.may_be_tried_by(member) && !self.better_off_with_another(slot, member, now)
        });
        if given_back.is_some() {
            return given_back;
        }
        if self.entrants[member].role == Role::Worker || !workers {
            while let Some(nth) = self.free.pop_front() {
                if self.slots[nth].is_untouched() {
                    return Some(nth);
                }
            }
        }
        self.overdue(member, now, probes)
    }

    /// A slot whose holder is late, or slower than `member` would be from the start.
    fn overdue(&mut self, member: MemberId, now: Instant, probes: usize) -> Option<usize> {
        for nth in 0..self.slots.len() {
            let slot = &self.slots[nth];
            let [(holder, since)] = slot.holders[..] else { continue };
            if holder == member || slot.found.is_some() || !slot.may_be_tried_by(member) {
                continue;
            }
            let held = now.saturating_duration_since(since);
            // The command before it in the holder's queue may take as long.
            let expected = 2 * self.expected(holder, slot, probes);
            let late = held > LATE_GRACE + LATE_FACTOR * expected;
            let known = self.entrants[member].rate.is_some() && self.entrants[holder].rate.is_some();
            let worker = self.entrants[member].role == Role::Worker;
            if late || worker && known && self.expected(member, slot, probes) < expected.saturating_sub(held) {
                self.slots[nth].late |= late;
                return Some(nth);
            }
        }
        None
    }

    fn expected(&self, member: MemberId, slot: &Slot, probes: usize) -> Duration {
        let rate = self.entrants[member].rate.unwrap_or(UNKNOWN_RATE);
        Duration::try_from_secs_f64(slot.piece.records as f64 * probes as f64 / rate).unwrap_or(Duration::MAX / 16)
    }

    /// Whether somebody else who has failed less often than `member` should have a slot that was just given back.
    fn better_off_with_another(&self, slot: &Slot, member: MemberId, now: Instant) -> bool {
        if slot.given_back.is_none_or(|since| now.saturating_duration_since(since) > 2 * LATE_GRACE) {
            return false; // nobody came for it
        }
        let others = self.entrants.iter().enumerate().filter(|&(other, entrant)| other != member && entrant.live);
        others.map(|(other, _)| slot.failures[other]).any(|failures| failures < slot.failures[member])
    }

    /// Whether anything that is not done may yet come to `member`.
    fn may_help(&self, member: MemberId) -> bool {
        self.slots.iter().any(|slot| slot.found.is_none() && slot.may_be_tried_by(member))
    }
}

impl Slot {
    fn is_held_by(&self, member: MemberId) -> bool {
        self.holders.iter().any(|&(holder, _)| holder == member)
    }

    fn may_be_tried_by(&self, member: MemberId) -> bool {
        self.failures[member] < ATTEMPTS
    }

    fn is_untouched(&self) -> bool {
        self.found.is_none() && self.holders.is_empty() && self.given_back.is_none()
    }

    fn is_given_back(&self) -> bool {
        self.found.is_none() && self.holders.is_empty() && self.given_back.is_some()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_after_the_end_of_a_pass_is_not_counted() {
        let piece = Piece { nth: 0, shard: 0, extents: 0..1, first: 0, records: 1 };
        let entrant = Entrant { role: Role::Worker, live: true, rate: None };
        let batch =
            Batch::new(Search::new(Vec::new(), 1), vec![piece.clone()], vec![entrant, entrant], GivesWay::never());
        assert!(batch.take(0, false).is_some());
        // As where the first is late, and another does its piece too.
        batch.lock().slots[0].holders.push((1, now()));
        batch.done(1, &piece, Vec::new());
        assert_eq!(batch.finish(now()).found.len(), 1);
        batch.done(0, &piece, Vec::new());
        assert_eq!(batch.lock().open, 0);
    }
}
