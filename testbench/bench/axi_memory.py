"""A memory behind an AXI4 port of the card, for ports that are elements of arrays too."""

from collections import deque

import cocotb
from bench.host import LINE, check_burst
from bench.streams import Stall
from cocotb.triggers import RisingEdge


class AxiMemory:
    """Answers `<prefix>_<signal>`, or element `index` of it, from `memory`; bursts in order, `latency` cycles late.

    Counts the beats of reads and writes, and notes the identifiers that asked.
    """

    def __init__(self, dut, memory, prefix="m_axi", index=None, latency=10, stall=Stall.NONE, seed=31):
        self.clock, self.memory, self.latency = dut.clk_i, memory, latency
        handle = lambda name: getattr(dut, f"{prefix}_{name}")  # noqa: E731
        self.port = handle if index is None else lambda name: handle(name)[index]
        self.patterns = [stall.pattern(seed + n) for n in range(5)]
        self.reads = self.writes = 0
        self.ids = set()
        self.deaf = False  # takes bursts and does not answer
        for name in ("awready", "arready", "wready", "bvalid", "rvalid", "rlast", "bid", "rid", "bresp", "rresp", "rdata"):
            self.port(name).value = 0
        cocotb.start_soon(self._read())
        cocotb.start_soon(self._write())

    def _drive(self, **values):
        for name, value in values.items():
            self.port(name).value = value

    def _value(self, name):
        return int(self.port(name).value)

    async def _read(self):
        cycle, ready, owed = 0, False, deque()
        while True:
            await RisingEdge(self.clock)
            cycle += 1
            if ready and self._value("arvalid"):
                address, lines, name = self._value("araddr"), self._value("arlen") + 1, self._value("arid")
                check_burst(address, lines)
                self.ids.add(name)
                owed += ((cycle + self.latency, address + n * LINE, name, n == lines - 1) for n in range(lines))
            ready = not next(self.patterns[0])
            answers = not self.deaf and bool(owed) and owed[0][0] <= cycle and not next(self.patterns[1])
            self._drive(arready=int(ready), rvalid=int(answers))
            if answers:
                _, address, name, last = owed.popleft()
                data = self.memory.device_read(address)
                self._drive(rid=name, rlast=int(last), rresp=0 if data else 2, rdata=int.from_bytes(data or bytes(LINE), "little"))
                self.reads += 1

    async def _write(self):
        cycle, aw_ready, w_ready, bursts, answers = 0, False, False, deque(), deque()
        good = True
        while True:
            await RisingEdge(self.clock)
            cycle += 1
            if aw_ready and self._value("awvalid"):
                check_burst(self._value("awaddr"), self._value("awlen") + 1)
                bursts.append([self._value("awaddr"), self._value("awlen") + 1, self._value("awid")])
            if w_ready and self._value("wvalid"):
                burst = bursts[0]
                good &= self.memory.device_write(burst[0], self._value("wdata"), self._value("wstrb"))
                assert self._value("wlast") == (burst[1] == 1)
                burst[0], burst[1], self.writes = burst[0] + LINE, burst[1] - 1, self.writes + 1
                if burst[1] == 0:
                    answers.append((cycle + self.latency, burst[2], good))
                    bursts.popleft()
                    good = True
            aw_ready, w_ready = not next(self.patterns[2]), bool(bursts) and not next(self.patterns[3])
            answer = not self.deaf and bool(answers) and answers[0][0] <= cycle and not next(self.patterns[4])
            self._drive(awready=int(aw_ready), wready=int(w_ready), bvalid=int(answer))
            if answer:
                _, name, accepted = answers.popleft()
                self._drive(bid=name, bresp=0 if accepted else 2)
