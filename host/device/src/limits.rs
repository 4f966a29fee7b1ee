//! Bounds that the card itself keeps, so that it ends what takes too long before the driver must.

use std::time::Duration;

use whorl_layout::csr;

use crate::error::DeviceError;
use crate::registers::Registers;

/// Cycles of the card's clock per microsecond: what its shells run it at.
const CYCLES_PER_MICROSECOND: u64 = 250;
/// Cycles of one unit of the watchdog.
const WATCHDOG_UNIT: u64 = 1024;

/// How long the card waits. In cycles of its clock: a simulated card's cycles take longer than a card's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Cycles after which a read or write that host memory has not answered counts as failed; 0: never.
    pub bus_timeout: u32,
    /// Units of 1024 cycles after which a command is ended; 0: never.
    pub watchdog: u32,
}

impl Default for Limits {
    /// 10 ms for an answer, as PCIe root ports give up in, and a quarter of an hour for a command.
    fn default() -> Self {
        let cycles = |time: Duration| time.as_micros() as u64 * CYCLES_PER_MICROSECOND;
        Self {
            bus_timeout: cycles(Duration::from_millis(10)) as u32,
            watchdog: cycles(Duration::from_mins(15)).div_ceil(WATCHDOG_UNIT) as u32,
        }
    }
}

impl Limits {
    pub(crate) fn write(self, registers: &mut Registers) -> Result<(), DeviceError> {
        registers.write(csr::BUS_TIMEOUT, self.bus_timeout)?;
        registers.write(csr::WATCHDOG, self.watchdog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_10_ms_and_15_minutes_of_250_mhz() {
        let limits = Limits::default();
        assert_eq!(limits.bus_timeout, 2_500_000);
        assert_eq!(u64::from(limits.watchdog), (900 * 250_000_000_u64).div_ceil(1024));
    }
}
