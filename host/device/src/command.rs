//! One queue pair in use: entries go in with a tag, completions are matched with it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use whorl_layout::{CQE_BYTES, Cqe, SQE_BYTES, Status, csr};

use crate::error::DeviceError;
use crate::monitor::Monitor;
use crate::pool::DmaPool;
use crate::queue::{CompletionQueue, Full, HeadOutOfRange, SubmissionQueue};
use crate::registers::Registers;

/// How long the driver sleeps on an interrupt before it asks whether the card is still there and runs, and looks into the
/// completion queue in case the interrupt was lost.
const LIVENESS_INTERVAL: Duration = Duration::from_millis(500);

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) status: Status,
    pub(crate) detail: u32,
    pub(crate) cycles: u32,
}

impl Completion {
    /// The completion itself if it is a success.
    pub(crate) fn success(self) -> Result<Self, DeviceError> {
        match self.status {
            Status::Success => Ok(self),
            status => Err(DeviceError::Command { status, detail: self.detail }),
        }
    }
}

/// A submission queue, its completion queue and the tags between them.
#[derive(Debug)]
pub(crate) struct QueuePair {
    index: u8,
    submissions: SubmissionQueue,
    completions: CompletionQueue,
    next_tag: u16,
    tags: BTreeMap<u16, Option<Completion>>, // in flight, or completed and not yet collected
    interrupts: u64,                         // that waits were ended by
}

impl QueuePair {
    /// Rings of `1 << entries_log2` slots cut from `pool`, for queue `index`. The card does not know them yet.
    pub(crate) fn new(pool: &DmaPool, index: u8, entries_log2: u8) -> Result<Self, DeviceError> {
        let slots = 1_usize << entries_log2;
        Ok(Self {
            index,
            submissions: SubmissionQueue::new(pool.take(slots * SQE_BYTES)?),
            completions: CompletionQueue::new(pool.take(slots * CQE_BYTES)?),
            next_tag: 0,
            tags: BTreeMap::new(),
            interrupts: 0,
        })
    }

    pub(crate) fn index(&self) -> u8 {
        self.index
    }

    /// Interrupts that came while somebody waited.
    pub(crate) fn interrupts(&self) -> u64 {
        self.interrupts
    }

    /// Starts both rings anew after the card has reset the pair; what was in flight is lost.
    pub(crate) fn restart(&mut self) {
        self.submissions.restart();
        self.completions.restart();
        self.tags.clear();
    }

    pub(crate) fn sq_iova(&self) -> u64 {
        self.submissions.iova()
    }

    pub(crate) fn cq_iova(&self) -> u64 {
        self.completions.iova()
    }

    fn register(&self, of_pair_0: u32) -> u32 {
        of_pair_0 + u32::from(self.index) * csr::QUEUE_PAIR_STRIDE
    }

    /// Submits the entry that `entry` makes with the tag it is given, rings the doorbell and returns the tag.
    pub(crate) fn submit(
        &mut self,
        registers: &mut Registers,
        entry: impl FnOnce(u16) -> [u8; SQE_BYTES],
    ) -> Result<u16, DeviceError> {
        while self.tags.contains_key(&self.next_tag) {
            self.next_tag = self.next_tag.wrapping_add(1);
        }
        let tag = self.next_tag;
        let tail = self.submissions.push(&entry(tag)).map_err(|Full| DeviceError::QueueFull)?;
        self.next_tag = tag.wrapping_add(1);
        self.tags.insert(tag, None);
        registers.write(self.register(csr::QUEUE_PAIR_SQ_TAIL), tail.into())?;
        Ok(tag)
    }

    /// Waits for the completion of `tag`. `None`: it did not come before `deadline`, and the command is still in flight.
    pub(crate) fn wait(
        &mut self,
        registers: &mut Registers,
        tag: u16,
        deadline: Instant,
    ) -> Result<Option<Completion>, DeviceError> {
        self.wait_watched(registers, tag, deadline, None, &|| false)
    }

    /// [`wait`](Self::wait) that lets `monitor` look at the counters meanwhile, and ends as at the deadline where `stopped`
    /// says so, which is asked after each interrupt and every [`LIVENESS_INTERVAL`].
    pub(crate) fn wait_watched(
        &mut self,
        registers: &mut Registers,
        tag: u16,
        deadline: Instant,
        mut monitor: Option<&mut Monitor>,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Completion>, DeviceError> {
        loop {
            self.drain(registers)?;
            if let Some(monitor) = &mut monitor {
                monitor.look(registers)?;
            }
            if let Some(&Some(completion)) = self.tags.get(&tag) {
                self.tags.remove(&tag);
                return Ok(Some(completion));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || stopped() {
                return Ok(None);
            }
            let raised = registers.transport().irq_wait(self.index.into(), left.min(LIVENESS_INTERVAL))?;
            if raised {
                self.interrupts += 1;
            } else {
                registers.check_running()?;
            }
        }
    }

    /// Takes every completion that is there, and tells the card how far it was read.
    fn drain(&mut self, registers: &mut Registers) -> Result<(), DeviceError> {
        let mut new_head = None;
        while let Some((entry, head)) = self.completions.pop() {
            self.accept(&entry)?;
            new_head = Some(head);
        }
        match new_head {
            Some(head) => registers.write(self.register(csr::QUEUE_PAIR_CQ_HEAD), head.into()),
            None => Ok(()),
        }
    }

    fn accept(&mut self, entry: &Cqe) -> Result<(), DeviceError> {
        let index = self.index;
        let broken = |what: String| DeviceError::Protocol { what: format!("completion on queue {index}: {what}") };
        if entry.queue_index != index {
            return Err(broken(format!("it names queue {}", entry.queue_index)));
        }
        let status = Status::from_byte(entry.status() as u8)
            .ok_or_else(|| broken(format!("status {} has no meaning", entry.status())))?;
        self.submissions
            .advance(entry.sq_head.get())
            .map_err(|HeadOutOfRange| broken(format!("submission queue head {} was never reached", entry.sq_head)))?;
        match self.tags.get_mut(&(entry.tag() as u16)) {
            Some(slot @ None) => {
                *slot = Some(Completion { status, detail: entry.detail.get(), cycles: entry.cycles.get() });
                Ok(())
            }
            Some(Some(_)) => Err(broken(format!("tag {} completes a second time", entry.tag()))),
            None => Err(broken(format!("tag {} is not in flight", entry.tag()))),
        }
    }
}
