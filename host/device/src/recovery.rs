//! The reset ladder: abort, queue reset, card reset, function reset, give up. Each step has a bound, and the next is taken only
//! where the one before did not end the command.

use std::time::{Duration, Instant};

use whorl_layout::{Opcode, SQE_BYTES, SqeAbort, SqeResetQueuePair, csr};
use zerocopy::little_endian::U16;
use zerocopy::transmute;

use crate::bringup::{self, ADMIN_BOUND, Queues};
use crate::command::{Completion, QueuePair};
use crate::error::{DeviceError, Recovery};
use crate::limits::Limits;
use crate::pool::DmaPool;
use crate::registers::Registers;

/// An aborted command drains what it has in flight and completes within this.
const ABORT_BOUND: Duration = Duration::from_secs(1);

/// A late answer has come by then, or never will.
const HUNG_BOUND: Duration = Duration::from_secs(1);

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

/// Ends the command `tag` of the I/O queue, by the mildest step that works.
///
/// An error other than [`DeviceError::CardLost`] cannot be: whatever else goes wrong on a step leads to the next.
pub(crate) fn end_command(
    registers: &mut Registers,
    queues: &mut Queues,
    pool: &DmaPool,
    limits: Limits,
    tag: u16,
) -> Result<Rescued, DeviceError> {
    match abort(registers, queues, tag) {
        Ok(Aborted::Completed(completion)) => return Ok(Rescued::Completed(completion)),
        Err(lost @ DeviceError::CardLost { .. }) => return Err(lost),
        Ok(Aborted::NoCompletion) => match queue_reset(registers, queues) {
            Ok(true) => return Ok(Rescued::QueueReset),
            Err(lost @ DeviceError::CardLost { .. }) => return Err(lost),
            Ok(false) => tracing::warn!(tag, "queue reset did not end"),
            Err(error) => tracing::warn!(tag, %error, "queue reset failed"),
        },
        Ok(Aborted::Stuck) => tracing::warn!(tag, "abort did not end"),
        Err(error) => tracing::warn!(tag, %error, "abort failed"),
    }
    let (recovery, queues) = restart(registers, pool, limits)?;
    Ok(Rescued::Restarted(recovery, Box::new(queues)))
}

/// Resets card or function, and starts the queues anew in `pool`.
pub(crate) fn restart(
    registers: &mut Registers,
    pool: &DmaPool,
    limits: Limits,
) -> Result<(Recovery, Queues), DeviceError> {
    match card_reset(registers, pool, limits) {
        Ok(queues) => return Ok((Recovery::CardReset, queues)),
        Err(error) => tracing::warn!(%error, "card reset failed"),
    }
    Ok((Recovery::FunctionReset, last_resort(registers, pool, limits)?))
}

/// Resets the function and starts the queues anew: the last step, after which a card that is not back is lost.
pub(crate) fn last_resort(registers: &mut Registers, pool: &DmaPool, limits: Limits) -> Result<Queues, DeviceError> {
    function_reset(registers, pool, limits).map_err(|error| match error {
        lost @ DeviceError::CardLost { .. } => lost,
        error => DeviceError::CardLost { reason: format!("not even a function reset helped: {error}") },
    })
}

/// Has the card back after a command that ended with TIMEOUT: `None` where the late answer came, so that nothing is lost.
pub(crate) fn end_hang(
    registers: &mut Registers,
    pool: &DmaPool,
    limits: Limits,
) -> Result<Option<(Recovery, Queues)>, DeviceError> {
    if is_well(registers)? {
        return Ok(None);
    }
    tracing::warn!("host memory owes the card an answer that does not come");
    restart(registers, pool, limits).map(Some)
}

/// Whether no memory port waits for an overdue answer, or not for long.
fn is_well(registers: &mut Registers) -> Result<bool, DeviceError> {
    registers.poll(csr::STATUS, csr::STATUS_HUNG_MASK, 0, HUNG_BOUND)
}

/// How an abort went.
enum Aborted {
    /// The command completed, aborted or not.
    Completed(Completion),
    /// The card does not run the command, and yet its completion does not come.
    NoCompletion,
    /// The abort itself did not complete: the card still runs the command, or its admin queue is dead.
    Stuck,
}

fn abort(registers: &mut Registers, queues: &mut Queues, tag: u16) -> Result<Aborted, DeviceError> {
    let abort = queues.admin.submit(registers, |own| abort_entry(own, &queues.io, tag))?;
    if queues.admin.wait(registers, abort, Instant::now() + ADMIN_BOUND)?.is_none() {
        return Ok(Aborted::Stuck);
    }
    let completed = queues.io.wait(registers, tag, Instant::now() + ABORT_BOUND)?;
    Ok(completed.map_or(Aborted::NoCompletion, Aborted::Completed))
}

/// Empties the I/O queue pair, as after completions that could not be written. `false`: it did not end.
fn queue_reset(registers: &mut Registers, queues: &mut Queues) -> Result<bool, DeviceError> {
    let reset = queues.admin.submit(registers, |own| reset_queue_pair_entry(own, &queues.io))?;
    let Some(completion) = queues.admin.wait(registers, reset, Instant::now() + ADMIN_BOUND)? else { return Ok(false) };
    completion.success()?;
    queues.io.restart();
    Ok(true)
}

fn card_reset(registers: &mut Registers, pool: &DmaPool, limits: Limits) -> Result<Queues, DeviceError> {
    // Rings are about to move: whatever the card still has in flight must not be let into their memory.
    registers.disable_bus_master()?;
    bringup::reset_card(registers, limits)?;
    if !is_well(registers)? {
        // Only a reset of the whole function takes the bus along.
        let what = "host memory still owes it an answer after its reset".into();
        return Err(DeviceError::Protocol { what });
    }
    bringup::start_queues(registers, pool)
}

fn function_reset(registers: &mut Registers, pool: &DmaPool, limits: Limits) -> Result<Queues, DeviceError> {
    registers.transport().reset()?;
    registers.enable_memory_space()?;
    registers.check_present()?;
    bringup::reset_card(registers, limits)?;
    bringup::start_queues(registers, pool)
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
