//! Models of the two rings: the driver's ends are the code that runs, the card's are written from the text of the format
//! alone, and loom tries every order in which each side can see what the other writes.
//!
//! Two slots make a ring wrap at every other entry. The card's reads of host memory follow the doorbell that asked for
//! them and its writes stay in order, as on PCIe; the driver has nothing but the barriers that `queue` sets itself.

use std::sync::Arc;

use loom::model::Builder;
use loom::sync::atomic::{AtomicU32, Ordering, fence};
use loom::thread;
use whorl_layout::{CQE_BYTES, SQE_BYTES};

use crate::dma::DmaMemory;
use crate::pool::DmaBuffer;
use crate::queue::{CompletionQueue, Full, SubmissionQueue};

const SLOTS: u32 = 2;

/// Memory for `slots` of `slot_bytes`, once for the driver and once for the card.
fn ring(slot_bytes: usize) -> (DmaBuffer, DmaMemory) {
    let memory = DmaMemory::new(SLOTS as usize * slot_bytes).unwrap();
    let card = memory.share().unwrap();
    (DmaBuffer::whole(Arc::new(memory), 1 << 32), card)
}

/// Waits until a doorbell, or a register, is something else than `old`; all that was written before it is there then.
fn await_change(register: &AtomicU32, old: u32) -> u32 {
    loop {
        let value = register.load(Ordering::Acquire);
        if value != old {
            return value;
        }
        thread::yield_now();
    }
}

/// A word of entry `nth` that no other word of any entry is like.
fn word(nth: u32, place: u32) -> u32 {
    0x100 * (nth + 1) + place
}

/// Card's end of a completion queue.
struct CompletionWriter {
    memory: DmaMemory,
    tail: u32,
    phase: u32, // 1 on the first lap
}

impl CompletionWriter {
    fn new(memory: DmaMemory) -> Self {
        Self { memory, tail: 0, phase: 1 }
    }

    /// Writes entry `nth`, which says that the submission queue's head is `sq_head`; the word with the phase comes last.
    fn post(&mut self, nth: u32, sq_head: u32) {
        let at = self.tail as usize * CQE_BYTES;
        let store = |offset, value: u32| self.memory.write(at + offset, &value.to_le_bytes());
        store(8, word(nth, 2));
        store(0, word(nth, 0));
        store(4, nth << 16 | sq_head);
        fence(Ordering::Release);
        store(12, self.phase << 31 | nth);
        self.tail = (self.tail + 1) % SLOTS;
        self.phase ^= u32::from(self.tail == 0);
    }
}

/// The next completion, which must be entry `nth`, and whole; returns the submission queue's head and the new one of its own.
fn take(queue: &mut CompletionQueue, nth: u32) -> (u16, u16) {
    let (entry, head) = loop {
        match queue.pop() {
            Some(taken) => break taken,
            None => thread::yield_now(),
        }
    };
    assert_eq!((entry.tag(), entry.status()), (nth, 0), "completions come once and in order");
    assert_eq!((entry.detail.get(), entry.cycles.get()), (word(nth, 0), word(nth, 2)), "completion {nth} is torn");
    assert_eq!(u32::from(entry.queue_index), nth, "completion {nth} is torn");
    assert_eq!(u32::from(head), (nth + 1) % SLOTS);
    (entry.sq_head.get(), head)
}

/// A lap and the first entry of the next, whose phase is 0.
#[test]
fn completions_are_taken_whole_once_and_in_order() {
    completions(3, &Builder::new());
}

/// Two laps and the first entry of the third, whose phase is 1 again; threads are interrupted three times at most.
#[test]
fn completions_of_the_third_lap_are_not_those_of_the_first() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    completions(5, &builder);
}

fn completions(count: u32, builder: &Builder) {
    builder.check(move || {
        let (entries, card) = ring(CQE_BYTES);
        let head = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&head);
        let card = thread::spawn(move || {
            let mut writer = CompletionWriter::new(card);
            for nth in 0..count {
                if nth > 0 {
                    await_change(&seen, (nth - 1) % SLOTS); // one slot stays empty
                }
                writer.post(nth, 0);
            }
        });
        let mut queue = CompletionQueue::new(entries);
        for nth in 0..count {
            let (_, new_head) = take(&mut queue, nth);
            head.store(new_head.into(), Ordering::Relaxed);
        }
        assert!(queue.pop().is_none(), "an entry is taken twice");
        card.join().unwrap();
    });
}

/// A card that is ahead of the driver: it writes as many as fit, whenever the driver looks.
#[test]
fn completions_that_wait_together_are_taken_one_by_one() {
    loom::model(|| {
        let memory = DmaMemory::new(4 * CQE_BYTES).unwrap();
        let mut writer = CompletionWriter::new(memory.share().unwrap());
        let mut queue = CompletionQueue::new(DmaBuffer::whole(Arc::new(memory), 1 << 32));
        let card = thread::spawn(move || (0..2).for_each(|nth| writer.post(nth, 0)));
        let mut taken = 0;
        while taken < 2 {
            let Some((entry, _)) = queue.pop() else {
                thread::yield_now();
                continue;
            };
            assert_eq!((entry.tag(), entry.detail.get()), (taken, word(taken, 0)));
            assert_eq!(entry.cycles.get(), word(taken, 2));
            taken += 1;
        }
        assert!(queue.pop().is_none());
        card.join().unwrap();
    });
}

/// What a completion vouches for beyond itself: results that the card wrote before it.
#[test]
fn results_are_there_when_their_completion_is() {
    loom::model(|| {
        let (entries, card) = ring(CQE_BYTES);
        let results = DmaMemory::new(8).unwrap();
        let written = results.share().unwrap();
        let card = thread::spawn(move || {
            written.write(0, &[7; 8]);
            CompletionWriter::new(card).post(0, 1);
        });
        take(&mut CompletionQueue::new(entries), 0);
        let mut read = [0; 8];
        results.read(0, &mut read);
        assert_eq!(read, [7; 8]);
        card.join().unwrap();
    });
}

/// A card that looks at its doorbell whenever it likes, and fetches what there is: entries pile up or do not.
#[test]
fn submissions_behind_the_doorbell_are_whole() {
    const ENTRIES: u32 = 3;
    loom::model(|| {
        let memory = DmaMemory::new(4 * SQE_BYTES).unwrap();
        let card = memory.share().unwrap();
        let mut queue = SubmissionQueue::new(DmaBuffer::whole(Arc::new(memory), 1 << 32));
        let doorbell = Arc::new(AtomicU32::new(0));
        let rung = Arc::clone(&doorbell);
        let card = thread::spawn(move || {
            let mut fetched = 0;
            while fetched < ENTRIES {
                let tail = await_change(&rung, fetched);
                while fetched < tail {
                    fetch(&card, fetched, fetched);
                    fetched += 1;
                }
            }
        });
        for nth in 0..ENTRIES {
            let tail = queue.push(&submission(nth)).unwrap();
            doorbell.store(tail.into(), Ordering::Relaxed);
        }
        assert_eq!(queue.push(&submission(ENTRIES)), Err(Full));
        card.join().unwrap();
    });
}

/// Both rings at work: a slot is written again as soon as a completion's head frees it, and never before it is fetched.
#[test]
fn a_slot_is_written_again_only_after_the_card_has_fetched_it() {
    const ENTRIES: u32 = 3;
    loom::model(|| {
        let (submissions, card_submissions) = ring(SQE_BYTES);
        let (completions, card_completions) = ring(CQE_BYTES);
        let doorbells = Arc::new((AtomicU32::new(0), AtomicU32::new(0))); // submission tail, completion head
        let rung = Arc::clone(&doorbells);
        let card = thread::spawn(move || {
            let mut writer = CompletionWriter::new(card_completions);
            for nth in 0..ENTRIES {
                await_change(&rung.0, nth % SLOTS);
                fetch(&card_submissions, nth % SLOTS, nth);
                if nth > 0 {
                    await_change(&rung.1, (nth - 1) % SLOTS);
                }
                writer.post(nth, (nth + 1) % SLOTS);
            }
        });
        let mut submissions = SubmissionQueue::new(submissions);
        let mut completions = CompletionQueue::new(completions);
        let mut completed = 0;
        for nth in 0..ENTRIES {
            let tail = loop {
                match submissions.push(&submission(nth)) {
                    Ok(tail) => break tail,
                    Err(Full) => {
                        let (freed, head) = take(&mut completions, completed);
                        submissions.advance(freed).unwrap();
                        doorbells.1.store(head.into(), Ordering::Relaxed);
                        completed += 1;
                    }
                }
            };
            doorbells.0.store(tail.into(), Ordering::Relaxed);
        }
        assert_eq!(completed, ENTRIES - 1);
        let (freed, _) = take(&mut completions, completed);
        submissions.advance(freed).unwrap();
        card.join().unwrap();
    });
}

fn submission(nth: u32) -> [u8; SQE_BYTES] {
    std::array::from_fn(|at| word(nth, at as u32 / 4).to_le_bytes()[at % 4])
}

/// The card reads a slot, in which entry `nth` must be whole.
fn fetch(memory: &DmaMemory, slot: u32, nth: u32) {
    for place in 0..(SQE_BYTES / 4) as u32 {
        let found = memory.read_u32(slot as usize * SQE_BYTES + place as usize * 4);
        assert_eq!(found, word(nth, place), "word {place} of submission {nth}");
    }
}
