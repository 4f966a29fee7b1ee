//! The reset ladder: abort, queue reset, card reset, function reset, give up. Each step has a bound, and the next is taken only
//! where the one before did not help. docs/reliability.md draws it, with the bounds.

use std::time::{Duration, Instant};

use whorl_layout::{Opcode, SQE_BYTES, SqeAbort, SqeResetQueuePair, csr};
use zerocopy::little_endian::U16;
use zerocopy::transmute;

use crate::bringup::{self, ADMIN_BOUND, Queues, RESET_BOUND};
use crate::command::{Completion, QueuePair};
use crate::error::{DeviceError, Recovery, with_causes};
use crate::limits::Limits;
use crate::pool::DmaPool;
use crate::registers::{FUNCTION_RESET_BOUND, Registers};
use crate::transport::RESET_CALL_BOUND;

/// An aborted command drains what it has in flight and completes within this.
const ABORT_BOUND: Duration = Duration::from_secs(1);

/// A late answer has come by then, or never will.
const HUNG_BOUND: Duration = Duration::from_secs(1);

/// An admin command that is not done by its bound. The last look at the card before that may find it away, as in a reset
/// by somebody else, and gives it time to come back.
const ADMIN_STEP: Duration = ADMIN_BOUND.saturating_add(FUNCTION_RESET_BOUND);

/// Bound of [`Recovery::Abort`]: the abort, then the completion of what it aborts.
pub const ABORT_STEP_BOUND: Duration = ADMIN_STEP.saturating_add(ABORT_BOUND);
/// Bound of [`Recovery::QueueReset`].
pub const QUEUE_RESET_STEP_BOUND: Duration = ADMIN_STEP;
/// Bound of [`Recovery::CardReset`]: the reset, a late answer of host memory, then the making of the I/O queue pair.
pub const CARD_RESET_STEP_BOUND: Duration = RESET_BOUND.saturating_add(HUNG_BOUND).saturating_add(ADMIN_STEP);
/// Bound of [`Recovery::FunctionReset`]: the transport's call, then what a card reset does. A kernel that waits for a
/// function that does not come back is on its own time.
pub const FUNCTION_RESET_STEP_BOUND: Duration = RESET_CALL_BOUND.saturating_add(RESET_BOUND).saturating_add(ADMIN_STEP);
/// Bound of the whole ladder.
pub const LADDER_BOUND: Duration = ABORT_STEP_BOUND
    .saturating_add(QUEUE_RESET_STEP_BOUND)
    .saturating_add(CARD_RESET_STEP_BOUND)
    .saturating_add(FUNCTION_RESET_STEP_BOUND);

impl Recovery {
    /// How long the step takes at most.
    #[must_use]
    pub const fn bound(self) -> Duration {
        match self {
            Self::Abort => ABORT_STEP_BOUND,
            Self::QueueReset => QUEUE_RESET_STEP_BOUND,
            Self::CardReset => CARD_RESET_STEP_BOUND,
            Self::FunctionReset => FUNCTION_RESET_STEP_BOUND,
        }
    }
}

/// A step of the ladder that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTaken {
    /// Which one.
    pub step: Recovery,
    /// How long it took.
    pub took: Duration,
    /// Why it did not help; none where it did.
    pub failure: Option<String>,
}

/// How the ladder ended.
#[derive(Debug)]
pub(crate) enum Rescued {
    /// The command completed after all, aborted or not; queues and probes are as they were.
    Completed(Completion),
    /// The I/O queue pair was emptied; probes are as they were.
    QueueReset,
    /// All queues were lost and made anew.
    Restarted(Recovery, Box<Queues>),
}

/// Why a step did not help.
#[derive(Debug, thiserror::Error)]
enum Unhelped {
    /// The card does not run the command, and yet its completion does not come.
    #[error("the card does not run the command and does not complete it either")]
    NoCompletion,
    /// An admin command did not complete: the card is too busy with something, or its admin queue is dead.
    #[error("no completion within {ADMIN_BOUND:?}")]
    Stuck,
    /// Anything else.
    #[error("{}", reason(.0))]
    Failed(#[from] DeviceError),
}

/// The ladder on one card. Each way up it notes the steps in a list.
#[derive(Debug)]
pub(crate) struct Ladder<'a> {
    registers: &'a mut Registers,
    pool: &'a DmaPool,
    limits: Limits,
    taken: &'a mut Vec<StepTaken>,
}

impl<'a> Ladder<'a> {
    /// The ladder for a card with this `pool`; `taken` is emptied, and then has the steps.
    pub(crate) fn new(
        registers: &'a mut Registers,
        pool: &'a DmaPool,
        limits: Limits,
        taken: &'a mut Vec<StepTaken>,
    ) -> Self {
        taken.clear();
        Self { registers, pool, limits, taken }
    }

    /// Ends the command `tag` of the I/O queue, by the mildest step that works.
    ///
    /// An error other than [`DeviceError::CardLost`] cannot be: whatever else goes wrong on a step leads to the next.
    pub(crate) fn end_command(mut self, queues: &mut Queues, tag: u16) -> Result<Rescued, DeviceError> {
        match self.step(Recovery::Abort, |ladder| ladder.abort(queues, tag)) {
            Ok(completion) => return Ok(Rescued::Completed(completion)),
            Err(Unhelped::Failed(DeviceError::CardLost { reason })) => return Err(self.lost(&reason)),
            // A queue reset needs an admin queue that works.
            Err(Unhelped::NoCompletion) => match self.step(Recovery::QueueReset, |ladder| ladder.queue_reset(queues)) {
                Ok(()) => return Ok(Rescued::QueueReset),
                Err(Unhelped::Failed(DeviceError::CardLost { reason })) => return Err(self.lost(&reason)),
                Err(_) => {}
            },
            Err(_) => {}
        }
        let (recovery, queues) = self.restart()?;
        Ok(Rescued::Restarted(recovery, Box::new(queues)))
    }

    /// Resets card or function, and starts the queues anew.
    pub(crate) fn restart(mut self) -> Result<(Recovery, Queues), DeviceError> {
        // Even a card that seems to be gone may come back with its function.
        if let Ok(queues) = self.step(Recovery::CardReset, Self::card_reset) {
            return Ok((Recovery::CardReset, queues));
        }
        Ok((Recovery::FunctionReset, self.last_resort()?))
    }

    /// Resets the function and starts the queues anew: the last step, after which a card that is not back is lost.
    pub(crate) fn last_resort(mut self) -> Result<Queues, DeviceError> {
        let step = self.step(Recovery::FunctionReset, Self::function_reset);
        step.map_err(|unhelped| self.lost(&last_resort_failed(&unhelped.to_string())))
    }

    /// Has the card back after a command that ended with TIMEOUT: `None` where the late answer came, so that nothing is
    /// lost.
    pub(crate) fn end_hang(self) -> Result<Option<(Recovery, Queues)>, DeviceError> {
        if is_well(self.registers)? {
            return Ok(None);
        }
        tracing::warn!("host memory owes the card an answer that does not come");
        self.restart().map(Some)
    }

    /// Takes a step, and notes how long it took and why it did not help.
    fn step<T>(&mut self, step: Recovery, act: impl FnOnce(&mut Self) -> Result<T, Unhelped>) -> Result<T, Unhelped> {
        let started = Instant::now();
        let outcome = act(self);
        let took = started.elapsed();
        let failure = outcome.as_ref().err().map(ToString::to_string);
        if let Some(failure) = &failure {
            tracing::warn!(?step, ?took, failure, "a step of the reset ladder did not help");
        }
        self.taken.push(StepTaken { step, took, failure });
        outcome
    }

    fn abort(&mut self, queues: &mut Queues, tag: u16) -> Result<Completion, Unhelped> {
        let abort = queues.admin.submit(self.registers, |own| abort_entry(own, &queues.io, tag))?;
        if queues.admin.wait(self.registers, abort, Instant::now() + ADMIN_BOUND)?.is_none() {
            return Err(Unhelped::Stuck);
        }
        queues.io.wait(self.registers, tag, Instant::now() + ABORT_BOUND)?.ok_or(Unhelped::NoCompletion)
    }

    /// Empties the I/O queue pair, as after completions that could not be written.
    fn queue_reset(&mut self, queues: &mut Queues) -> Result<(), Unhelped> {
        let reset = queues.admin.submit(self.registers, |own| reset_queue_pair_entry(own, &queues.io))?;
        let completion = queues.admin.wait(self.registers, reset, Instant::now() + ADMIN_BOUND)?;
        completion.ok_or(Unhelped::Stuck)?.success()?;
        queues.io.restart();
        Ok(())
    }

    fn card_reset(&mut self) -> Result<Queues, Unhelped> {
        // Rings are about to move: whatever the card still has in flight must not be let into their memory.
        self.registers.disable_bus_master().map_err(DeviceError::from)?;
        bringup::reset_card(self.registers, self.limits)?;
        if !is_well(self.registers)? {
            // Only a reset of the whole function takes the bus along.
            let what = "host memory still owes it an answer after its reset".into();
            return Err(DeviceError::Protocol { what }.into());
        }
        Ok(bringup::start_queues(self.registers, self.pool)?)
    }

    fn function_reset(&mut self) -> Result<Queues, Unhelped> {
        self.registers.transport().reset().map_err(DeviceError::from)?;
        self.registers.enable_memory_space().map_err(DeviceError::from)?;
        self.registers.check_present()?;
        bringup::reset_card(self.registers, self.limits)?;
        Ok(bringup::start_queues(self.registers, self.pool)?)
    }

    fn lost(&mut self, why: &str) -> DeviceError {
        lost(why, self.registers.transport().address().as_deref())
    }
}

/// What is said after the last step of the ladder.
pub(crate) fn last_resort_failed(why: &str) -> String {
    format!("not even a function reset helped: {why}")
}

/// The end of the ladder; the error says what an operator can still do.
pub(crate) fn lost(why: &str, address: Option<&str>) -> DeviceError {
    let remedy = address.map_or_else(
        || "start it anew, or power-cycle it".to_owned(),
        |address| {
            format!(
                "have it enumerated anew, as root: echo 1 > /sys/bus/pci/devices/{address}/remove; \
                 echo 1 > /sys/bus/pci/rescan; or power-cycle it"
            )
        },
    );
    DeviceError::CardLost { reason: format!("{why}; {remedy}") }
}

/// An error with its causes, of a lost card without the words that [`lost`] begins with.
pub(crate) fn reason(error: &DeviceError) -> String {
    if let DeviceError::CardLost { reason } = error {
        return reason.clone();
    }
    with_causes(error)
}

/// Whether no memory port waits for an overdue answer, or not for long.
fn is_well(registers: &mut Registers) -> Result<bool, DeviceError> {
    registers.poll(csr::STATUS, csr::STATUS_HUNG_MASK, 0, HUNG_BOUND)
}

/// Ends all DMA and stops the queues: bus mastering goes off first, so that nothing is written from here on even if the
/// rest fails.
pub(crate) fn quiesce(registers: &mut Registers) -> Result<(), DeviceError> {
    registers.disable_bus_master()?;
    registers.write(csr::CONTROL, 0)?;
    Ok(registers.transport().irq_disable()?)
}

fn abort_entry(own_tag: u16, io: &QueuePair, target: u16) -> [u8; SQE_BYTES] {
    transmute!(SqeAbort {
        opcode: Opcode::Abort as u8,
        tag: U16::new(own_tag),
        queue_index: io.index(),
        target_tag: U16::new(target),
        ..SqeAbort::default()
    })
}

fn reset_queue_pair_entry(own_tag: u16, io: &QueuePair) -> [u8; SQE_BYTES] {
    transmute!(SqeResetQueuePair {
        opcode: Opcode::ResetQueuePair as u8,
        tag: U16::new(own_tag),
        queue_index: io.index(),
        ..SqeResetQueuePair::default()
    })
}
