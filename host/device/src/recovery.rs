//! The reset ladder: abort, card reset, function reset, give up. Each step has a bound, and the next is taken only
//! where the one before did not end the command.

use std::time::{Duration, Instant};

use whorl_layout::{Opcode, SQE_BYTES, SqeAbort, csr};
use zerocopy::little_endian::U16;
use zerocopy::transmute;

use crate::bringup::{self, ADMIN_BOUND, Queues};
use crate::command::{Completion, QueuePair};
use crate::error::{DeviceError, Recovery};
use crate::pool::DmaPool;
use crate::registers::Registers;

/// An aborted command drains what it has in flight and completes within this.
const ABORT_BOUND: Duration = Duration::from_secs(1);

/// How the ladder ended.
#[derive(Debug)]
pub(crate) enum Rescued {
    /// The command completed after all, aborted or not; queues and probes are as they were.
    Completed(Completion),
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
    tag: u16,
) -> Result<Rescued, DeviceError> {
    match abort(registers, queues, tag) {
        Ok(Some(completion)) => return Ok(Rescued::Completed(completion)),
        Err(lost @ DeviceError::CardLost { .. }) => return Err(lost),
        Ok(None) => tracing::warn!(tag, "abort did not end the command"),
        Err(error) => tracing::warn!(tag, %error, "abort failed"),
    }
    let (recovery, queues) = restart(registers, pool)?;
    Ok(Rescued::Restarted(recovery, Box::new(queues)))
}

/// Resets card or function, and starts the queues anew in `pool`.
pub(crate) fn restart(registers: &mut Registers, pool: &DmaPool) -> Result<(Recovery, Queues), DeviceError> {
    match card_reset(registers, pool) {
        Ok(queues) => return Ok((Recovery::CardReset, queues)),
        Err(error) => tracing::warn!(%error, "card reset failed"),
    }
    match function_reset(registers, pool) {
        Ok(queues) => Ok((Recovery::FunctionReset, queues)),
        Err(lost @ DeviceError::CardLost { .. }) => Err(lost),
        Err(error) => Err(DeviceError::CardLost { reason: format!("not even a function reset helped: {error}") }),
    }
}

fn abort(registers: &mut Registers, queues: &mut Queues, tag: u16) -> Result<Option<Completion>, DeviceError> {
    let abort = queues.admin.submit(registers, |own| abort_entry(own, &queues.io, tag))?;
    if queues.admin.wait(registers, abort, Instant::now() + ADMIN_BOUND)?.is_none() {
        return Ok(None);
    }
    queues.io.wait(registers, tag, Instant::now() + ABORT_BOUND)
}

fn card_reset(registers: &mut Registers, pool: &DmaPool) -> Result<Queues, DeviceError> {
    // Rings are about to move: whatever the card still has in flight must not be let into their memory.
    registers.disable_bus_master()?;
    bringup::reset_card(registers)?;
    bringup::start_queues(registers, pool)
}

fn function_reset(registers: &mut Registers, pool: &DmaPool) -> Result<Queues, DeviceError> {
    registers.transport().reset()?;
    registers.enable_memory_space()?;
    registers.check_present()?;
    bringup::reset_card(registers)?;
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
