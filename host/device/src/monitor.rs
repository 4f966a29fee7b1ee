//! Somebody who watches the counters while the card works.

use std::fmt;
use std::time::{Duration, Instant};

use crate::counters::Activity;
use crate::error::DeviceError;
use crate::registers::Registers;

/// Reads the counters at most once per interval and hands them on.
pub(crate) struct Monitor {
    interval: Duration,
    due: Instant,
    streams: u8,
    watch: Box<dyn FnMut(&Activity) + Send>,
}

impl Monitor {
    pub(crate) fn new(interval: Duration, streams: u8, watch: Box<dyn FnMut(&Activity) + Send>) -> Self {
        Self { interval, due: Instant::now(), streams, watch }
    }

    /// Reads the counters if it is time.
    pub(crate) fn look(&mut self, registers: &mut Registers) -> Result<(), DeviceError> {
        let now = Instant::now();
        if now >= self.due {
            self.due = now + self.interval;
            (self.watch)(&Activity::read(registers, self.streams)?);
        }
        Ok(())
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("interval", &self.interval).finish_non_exhaustive()
    }
}
