//! What those who look after a card need beside searches: resets, the error log, and whether interrupts arrive.

use std::time::{Duration, Instant};

use crate::bringup::{IO_QUEUE, Queues};
use crate::device::Device;
use crate::error::{DeviceError, Recovery};
use crate::error_log::{ErrorHistory, ErrorLog};
use crate::recovery::{self, StepTaken};
use crate::transport::Transport;

/// A card raises its vector within microseconds of a completion; the rest is room for a simulated one.
const INTERRUPT_BOUND: Duration = Duration::from_secs(1);

impl Device {
    /// Resets the function behind `transport` before it opens the card: for one that cannot be opened otherwise.
    ///
    /// # Errors
    /// `CardLost`: that did not help.
    pub fn open_by_function_reset(mut transport: Box<dyn Transport>) -> Result<Self, DeviceError> {
        let address = transport.address();
        let started = Instant::now();
        let opened = transport.reset().map_err(DeviceError::from).and_then(|()| Self::open(transport));
        let mut device = opened.map_err(|error| {
            recovery::lost(&recovery::last_resort_failed(&recovery::reason(&error)), address.as_deref())
        })?;
        device.steps.push(StepTaken { step: Recovery::FunctionReset, took: started.elapsed(), failure: None });
        Ok(device)
    }

    /// The steps of the reset ladder when it was last needed, by a command or by [`reset`](Self::reset), in order.
    #[must_use]
    pub fn steps_taken(&self) -> &[StepTaken] {
        &self.steps
    }

    /// Resets the card, and the function if that does not help, and starts its queues anew. Commands in flight and
    /// loaded probes are lost; gallery buffers stay.
    ///
    /// # Errors
    /// `CardLost`: it did not come back.
    pub fn reset(&mut self) -> Result<Recovery, DeviceError> {
        self.restarted(|device| device.ladder().restart())
    }

    /// Resets the whole function at once, which takes the bus along, and starts the card's queues anew. What is lost is
    /// lost as by [`reset`](Self::reset).
    ///
    /// # Errors
    /// `CardLost`: it did not come back.
    pub fn reset_function(&mut self) -> Result<(), DeviceError> {
        let restarted = |device: &mut Self| {
            let queues = device.ladder().last_resort()?;
            Ok((Recovery::FunctionReset, queues))
        };
        self.restarted(restarted).map(|_| ())
    }

    fn restarted(
        &mut self,
        restart: impl FnOnce(&mut Self) -> Result<(Recovery, Queues), DeviceError>,
    ) -> Result<Recovery, DeviceError> {
        self.queues = None;
        let restarted = restart(self);
        self.lose_searches();
        let (recovery, queues) = restarted?;
        self.queues = Some(queues);
        Ok(recovery)
    }

    /// Has `work` done, which must end with a command, and finds out whether the card raised its interrupt for it.
    ///
    /// The driver looks for completions whether interrupts come or not, so without them a card is slow and nothing else
    /// tells.
    ///
    /// # Errors
    /// Those of `work`, else `OutOfService`, `CardLost` or `Transport`.
    pub fn raises_interrupt(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), DeviceError>,
    ) -> Result<bool, DeviceError> {
        // What earlier commands have raised and nobody waited for is no answer.
        while self.registers.transport().irq_wait(IO_QUEUE.into(), Duration::ZERO)? {}
        let before = self.interrupts()?;
        work(self)?;
        Ok(self.interrupts()? > before || self.registers.transport().irq_wait(IO_QUEUE.into(), INTERRUPT_BOUND)?)
    }

    fn interrupts(&self) -> Result<u64, DeviceError> {
        Ok(self.queues.as_ref().ok_or(DeviceError::OutOfService)?.io.interrupts())
    }

    /// Reads the whole error log.
    ///
    /// # Errors
    /// `CardLost` or `Transport`; `Protocol` if the log makes no sense.
    pub fn errors(&mut self) -> Result<ErrorHistory, DeviceError> {
        ErrorHistory::read(&mut self.registers)
    }

    /// Reads the first error that the card logged since it was reset, if there was one.
    ///
    /// # Errors
    /// As [`errors`](Self::errors).
    pub fn error_log(&mut self) -> Result<Option<ErrorLog>, DeviceError> {
        Ok(self.errors()?.first)
    }

    /// Reads the latest error that the card logged, which is the first where there was only one.
    ///
    /// # Errors
    /// As [`errors`](Self::errors).
    pub fn latest_error(&mut self) -> Result<Option<ErrorLog>, DeviceError> {
        Ok(self.errors()?.latest)
    }

    /// Reads how many errors the card has logged since it was reset; it stays at `u32::MAX`.
    ///
    /// # Errors
    /// As [`errors`](Self::errors).
    pub fn error_count(&mut self) -> Result<u32, DeviceError> {
        Ok(self.errors()?.count)
    }
}
