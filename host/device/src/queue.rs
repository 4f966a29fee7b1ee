//! The two rings of a queue pair in host memory: the driver produces submissions, the card produces completions.

use whorl_layout::{CQE_BYTES, Cqe, SQE_BYTES};
use zerocopy::little_endian::{U16, U32};

use crate::dma;
use crate::pool::DmaBuffer;

/// Nothing was written: every slot but the one that stays empty holds an entry that the card has not fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// A submission queue head that the card cannot have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadOutOfRange;

/// Driver's end of a submission queue. One slot stays empty so that full and empty differ.
#[derive(Debug)]
pub(crate) struct SubmissionQueue {
    entries: DmaBuffer,
    mask: u16,      // entries - 1; their number is a power of two
    tail: u16,      // next slot to write
    card_head: u16, // first slot that the card may not have fetched yet
}

impl SubmissionQueue {
    /// A queue over all of `entries`, whose number of slots must be a power of two from 2 to 32,768.
    pub(crate) fn new(entries: DmaBuffer) -> Self {
        let mask = mask(&entries, SQE_BYTES);
        Self { entries, mask, tail: 0, card_head: 0 }
    }

    /// Address of slot 0 as the card sees it.
    pub(crate) fn iova(&self) -> u64 {
        self.entries.iova()
    }

    /// Begins at slot 0 again, as the card does when the pair is reset.
    pub(crate) fn restart(&mut self) {
        (self.tail, self.card_head) = (0, 0);
    }

    /// Writes one entry and makes it visible. Returns the new tail, which the caller rings the doorbell with.
    pub(crate) fn push(&mut self, entry: &[u8; SQE_BYTES]) -> Result<u16, Full> {
        let next = (self.tail + 1) & self.mask;
        if next == self.card_head {
            return Err(Full);
        }
        self.entries.write(usize::from(self.tail) * SQE_BYTES, entry);
        dma::write_barrier(); // the entry is in memory before the doorbell that follows
        self.tail = next;
        Ok(next)
    }

    /// Takes over the head that a completion reported: slots before it are free again.
    pub(crate) fn advance(&mut self, head: u16) -> Result<(), HeadOutOfRange> {
        let in_flight = self.tail.wrapping_sub(self.card_head) & self.mask;
        if head > self.mask || (head.wrapping_sub(self.card_head) & self.mask) > in_flight {
            return Err(HeadOutOfRange);
        }
        self.card_head = head;
        Ok(())
    }
}

/// Driver's end of a completion queue. An entry is new when its phase bit is the one of the current lap.
#[derive(Debug)]
pub(crate) struct CompletionQueue {
    entries: DmaBuffer,
    mask: u16,   // entries - 1
    head: u16,   // next slot to read
    phase: bool, // phase of entries written on this lap; the first lap's is 1
}

impl CompletionQueue {
    /// A queue over all of `entries`, which must be zeroed and have a power of two of slots from 2 to 32,768.
    pub(crate) fn new(entries: DmaBuffer) -> Self {
        let mask = mask(&entries, CQE_BYTES);
        Self { entries, mask, head: 0, phase: true }
    }

    /// Address of slot 0 as the card sees it.
    pub(crate) fn iova(&self) -> u64 {
        self.entries.iova()
    }

    /// Empties the ring and begins at slot 0 again. The card must not be writing to it.
    pub(crate) fn restart(&mut self) {
        self.entries.write(0, &vec![0; self.entries.bytes()]);
        (self.head, self.phase) = (0, true);
    }

    /// Takes the next completion, if the card has written it, with the new head to ring the doorbell with.
    pub(crate) fn pop(&mut self) -> Option<(Cqe, u16)> {
        let at = usize::from(self.head) * CQE_BYTES;
        // Sixteen bytes are not one bus transaction: the word with the phase first, then what it vouches for.
        let outcome = U32::new(self.entries.read_u32(at + 12));
        let mut entry = Cqe { outcome, ..Cqe::default() };
        if (entry.phase() == 1) != self.phase {
            return None;
        }
        dma::read_barrier();
        entry.detail = U32::new(self.entries.read_u32(at));
        let head_and_queue = self.entries.read_u32(at + 4);
        entry.sq_head = U16::new(head_and_queue as u16);
        entry.queue_index = (head_and_queue >> 16) as u8;
        entry.cycles = U32::new(self.entries.read_u32(at + 8));
        dma::read_barrier(); // the slot has been read before the doorbell that gives it back
        self.head = (self.head + 1) & self.mask;
        if self.head == 0 {
            self.phase = !self.phase;
        }
        Some((entry, self.head))
    }
}

fn mask(entries: &DmaBuffer, entry_bytes: usize) -> u16 {
    let slots = entries.bytes() / entry_bytes;
    assert!(slots.is_power_of_two() && (2..=1 << 15).contains(&slots), "a ring of {slots} slots");
    slots as u16 - 1
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use zerocopy::IntoBytes;

    use super::*;
    use crate::dma::DmaMemory;
    use crate::pool::DmaPool;

    fn pool() -> DmaPool {
        DmaPool::new(Arc::new(DmaMemory::new(64 << 10).unwrap()), 1 << 32)
    }

    fn submission_queue(slots: usize) -> SubmissionQueue {
        SubmissionQueue::new(pool().take(slots * SQE_BYTES).unwrap())
    }

    /// The card's end of a completion queue, written from the text of the format alone.
    struct Producer {
        slots: u16,
        tail: u16,
        phase: u32,
    }

    impl Producer {
        fn write(&mut self, queue: &mut CompletionQueue, tag: u16) {
            let mut entry = Cqe { detail: U32::new(0x0101_0101 * u32::from(tag)), ..Cqe::default() };
            entry.sq_head = U16::new(tag);
            entry.queue_index = tag as u8;
            entry.cycles = U32::new(!u32::from(tag));
            entry.set_tag(tag.into());
            entry.set_phase(self.phase);
            queue.entries.write(usize::from(self.tail) * CQE_BYTES, entry.as_bytes());
            self.tail += 1;
            if self.tail == self.slots {
                self.tail = 0;
                self.phase ^= 1;
            }
        }
    }

    #[test]
    fn a_full_queue_refuses_and_writes_nothing() {
        let mut queue = submission_queue(4);
        assert_eq!([1, 2, 3].map(|n| queue.push(&[n; SQE_BYTES])), [Ok(1), Ok(2), Ok(3)]);
        assert_eq!(queue.push(&[4; SQE_BYTES]), Err(Full));
        let mut slots = [0; 4 * SQE_BYTES];
        queue.entries.read(0, &mut slots);
        assert_eq!([0, 64, 128, 192].map(|at| slots[at]), [1, 2, 3, 0]);
        queue.advance(1).unwrap();
        assert_eq!(queue.push(&[4; SQE_BYTES]), Ok(0));
        assert_eq!(queue.push(&[5; SQE_BYTES]), Err(Full));
    }

    #[test]
    fn a_head_beyond_the_tail_or_the_ring_is_refused() {
        let mut queue = submission_queue(4);
        queue.push(&[1; SQE_BYTES]).unwrap();
        queue.push(&[2; SQE_BYTES]).unwrap();
        assert_eq!([3, 4, 0xffff].map(|head| queue.advance(head)), [Err(HeadOutOfRange); 3]);
        assert_eq!(queue.advance(2), Ok(()));
        assert_eq!(queue.advance(1), Err(HeadOutOfRange), "a head never moves back");
    }

    #[test]
    fn the_phase_flips_on_every_lap_and_old_entries_stay_old() {
        let mut queue = CompletionQueue::new(pool().take(2 * CQE_BYTES).unwrap());
        let mut card = Producer { slots: 2, tail: 0, phase: 1 };
        assert!(queue.pop().is_none(), "zeroed memory is no completion");
        for tag in 0..7 {
            card.write(&mut queue, tag);
            let (entry, head) = queue.pop().unwrap();
            assert_eq!((entry.tag(), head), (tag.into(), (tag + 1) % 2));
            assert!(queue.pop().is_none(), "the entry of the lap before is taken again at tag {tag}");
        }
    }

    #[test]
    fn every_field_of_a_completion_is_copied_out() {
        let mut queue = CompletionQueue::new(pool().take(4 * CQE_BYTES).unwrap());
        Producer { slots: 4, tail: 0, phase: 1 }.write(&mut queue, 0x81);
        let (entry, _) = queue.pop().unwrap();
        assert_eq!(entry.detail.get(), 0x8181_8181);
        assert_eq!((entry.sq_head.get(), entry.queue_index), (0x81, 0x81));
        assert_eq!((entry.cycles.get(), entry.tag()), (!0x81, 0x81));
    }

    proptest! {
        /// Any interleaving of producer and consumer that keeps to the doorbell rules gives every entry once, in order.
        #[test]
        fn completions_come_once_and_in_order(slots_log2 in 1_u32..5, steps in prop::collection::vec(any::<bool>(), 1..300)) {
            let slots = 1_u16 << slots_log2;
            let mut queue = CompletionQueue::new(pool().take(usize::from(slots) * CQE_BYTES).unwrap());
            let mut card = Producer { slots, tail: 0, phase: 1 };
            let (mut written, mut taken) = (0_u16, 0_u16);
            for write in steps {
                if write && written - taken < slots - 1 {
                    card.write(&mut queue, written);
                    written += 1;
                } else if let Some((entry, head)) = queue.pop() {
                    prop_assert_eq!(entry.tag(), u32::from(taken));
                    taken += 1;
                    prop_assert_eq!(head, taken % slots);
                } else {
                    prop_assert_eq!(written, taken);
                }
            }
        }

        /// Any interleaving of pushes and heads keeps entries in order and never overwrites one that is not fetched.
        #[test]
        fn submissions_are_never_overwritten(slots_log2 in 1_u32..5, steps in prop::collection::vec(any::<bool>(), 1..300)) {
            let slots = 1_u16 << slots_log2;
            let mut queue = submission_queue(usize::from(slots));
            let (mut pushed, mut fetched) = (0_u16, 0_u16);
            for push in steps {
                if push {
                    let result = queue.push(&[pushed as u8; SQE_BYTES]);
                    if pushed - fetched == slots - 1 {
                        prop_assert_eq!(result, Err(Full));
                    } else {
                        pushed += 1;
                        prop_assert_eq!(result, Ok(pushed % slots));
                    }
                } else if fetched < pushed {
                    let mut entry = [0; SQE_BYTES];
                    queue.entries.read(usize::from(fetched % slots) * SQE_BYTES, &mut entry);
                    prop_assert_eq!(entry, [fetched as u8; SQE_BYTES]);
                    fetched += 1;
                    prop_assert_eq!(queue.advance(fetched % slots), Ok(()));
                }
            }
        }
    }
}
