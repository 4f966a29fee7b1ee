//! The host's end of the card's AXI4-Lite port: one register access at a time, at the card's cycles.

use crate::model::{Inputs, Outputs};

/// An access that the card does not answer within this many cycles is given up, as a root port does.
const ANSWER_CYCLES_MAX: u32 = 1 << 16;
/// What a read that failed returns, as a root port's completion does.
pub(crate) const ALL_ONES: u32 = u32::MAX;

/// One register access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read the word at this BAR0 offset.
    Read { offset: u16 },
    /// Write the bytes of `strobes` of the word at this BAR0 offset.
    Write { offset: u16, value: u32, strobes: u8 },
}

/// The port, advanced once a cycle.
#[derive(Debug, Default)]
pub(crate) struct RegisterPort {
    access: Option<Access>,
    address_taken: bool,
    data_taken: bool,
    cycles: u32,
    broken: bool, // an access was given up: the port is out of step until the card is reset
}

impl RegisterPort {
    /// Whether an access is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.access.is_some()
    }

    /// Starts an access; none may be under way.
    pub(crate) fn start(&mut self, access: Access) {
        debug_assert!(!self.is_busy());
        *self = Self { access: Some(access), broken: self.broken, ..Self::default() };
    }

    /// Forgets the access under way, as when the card is reset.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Sets this cycle's inputs of the card.
    pub(crate) fn drive(&self, inputs: &mut Inputs) {
        let access = self.access.filter(|_| !self.broken);
        inputs.axil_arvalid = false;
        inputs.axil_awvalid = false;
        inputs.axil_wvalid = false;
        inputs.axil_rready = true;
        inputs.axil_bready = true;
        match access {
            Some(Access::Read { offset }) => {
                inputs.axil_araddr = offset;
                inputs.axil_arvalid = !self.address_taken;
            }
            Some(Access::Write { offset, value, strobes }) => {
                inputs.axil_awaddr = offset;
                inputs.axil_awvalid = !self.address_taken;
                inputs.axil_wdata = value;
                inputs.axil_wstrb = strobes;
                inputs.axil_wvalid = !self.data_taken;
            }
            None => {}
        }
    }

    /// Takes what was transferred at the end of a cycle. The value read, or 0 for a write, when the access has ended.
    pub(crate) fn advance(&mut self, inputs: &Inputs, outputs: &Outputs) -> Option<u32> {
        let access = self.access?;
        self.cycles += 1;
        let (answered, answer) = match access {
            Access::Read { .. } => {
                self.address_taken |= inputs.axil_arvalid && outputs.axil_arready != 0;
                let failed = outputs.axil_rresp != 0;
                (outputs.axil_rvalid != 0, if failed { ALL_ONES } else { outputs.axil_rdata })
            }
            Access::Write { .. } => {
                self.address_taken |= inputs.axil_awvalid && outputs.axil_awready != 0;
                self.data_taken |= inputs.axil_wvalid && outputs.axil_wready != 0;
                (outputs.axil_bvalid != 0, 0)
            }
        };
        if answered && !self.broken {
            self.access = None;
            return Some(answer);
        }
        if self.broken || self.cycles >= ANSWER_CYCLES_MAX {
            self.access = None;
            self.broken = true;
            return Some(if matches!(access, Access::Read { .. }) { ALL_ONES } else { 0 });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs an access against a card that answers as `card` says, for at most `cycles`: the answer and when it came.
    fn run(
        port: &mut RegisterPort,
        access: Access,
        cycles: u32,
        mut card: impl FnMut(u32, &Inputs) -> Outputs,
    ) -> Option<(u32, u32)> {
        port.start(access);
        for at in 0..cycles {
            let mut inputs = Inputs::default();
            port.drive(&mut inputs);
            let outputs = card(at, &inputs);
            if let Some(answer) = port.advance(&inputs, &outputs) {
                return Some((answer, at));
            }
        }
        None
    }

    #[test]
    fn a_read_asks_once_and_takes_the_answer() {
        let mut port = RegisterPort::default();
        let mut asked = 0;
        let answer = run(&mut port, Access::Read { offset: 0x24 }, 100, |at, inputs| {
            asked += u32::from(inputs.axil_arvalid && at == 3);
            assert!(!inputs.axil_arvalid || inputs.axil_araddr == 0x24);
            assert!(at <= 3 || !inputs.axil_arvalid, "asked again");
            let answers = u8::from(at == 7);
            Outputs { axil_arready: u8::from(at == 3), axil_rvalid: answers, axil_rdata: 0x55, ..Outputs::default() }
        });
        assert_eq!((answer, asked), (Some((0x55, 7)), 1));
        assert!(!port.is_busy());
    }

    #[test]
    fn a_write_gives_address_and_data_in_whatever_order_they_are_taken() {
        for (address_at, data_at) in [(1, 4), (4, 1), (2, 2)] {
            let mut port = RegisterPort::default();
            let mut taken = (0, 0);
            let access = Access::Write { offset: 0x20, value: 7, strobes: 3 };
            let answer = run(&mut port, access, 100, |at, inputs| {
                let (address, data) = (at == address_at, at == data_at);
                taken.0 += u32::from(address && inputs.axil_awvalid && inputs.axil_awaddr == 0x20);
                taken.1 += u32::from(data && inputs.axil_wvalid && (inputs.axil_wdata, inputs.axil_wstrb) == (7, 3));
                assert!(at <= address_at || !inputs.axil_awvalid);
                assert!(at <= data_at || !inputs.axil_wvalid);
                let [axil_awready, axil_wready, axil_bvalid] = [address, data, at == 6].map(u8::from);
                Outputs { axil_awready, axil_wready, axil_bvalid, ..Outputs::default() }
            });
            assert_eq!((answer, taken), (Some((0, 6)), (1, 1)));
        }
    }

    #[test]
    fn an_error_reads_as_all_ones() {
        let mut port = RegisterPort::default();
        let outputs = Outputs { axil_arready: 1, axil_rvalid: 1, axil_rresp: 2, axil_rdata: 5, ..Outputs::default() };
        assert_eq!(run(&mut port, Access::Read { offset: 0 }, 9, |_, _| outputs), Some((ALL_ONES, 0)));
    }

    #[test]
    fn a_card_that_never_answers_reads_as_all_ones_until_it_is_reset() {
        let mut port = RegisterPort::default();
        let deaf = Outputs::default();
        let read = Access::Read { offset: 0 };
        assert_eq!(run(&mut port, read, 1 << 20, |_, _| deaf), Some((ALL_ONES, ANSWER_CYCLES_MAX - 1)));
        let late = Outputs { axil_rvalid: 1, axil_rdata: 5, ..deaf };
        assert_eq!(run(&mut port, read, 9, |_, _| late), Some((ALL_ONES, 0)), "the answer to another question");
        port.reset();
        assert_eq!(run(&mut port, read, 9, |_, _| late), Some((5, 0)));
    }
}
