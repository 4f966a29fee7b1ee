"""What the benches of the read and the write guard share: clients that ask at random, and the course of a run.

A guard's bench says how a cycle is driven and sampled (`_drive`, `_sample`), and what must have ended (`_ended`).
"""

from collections import deque

from bench.host import BURST
from bench.queue import rng
from bench.streams import start
from cocotb.triggers import FallingEdge, RisingEdge

TIMEOUT = 250  # cycles
ASK = 0.2  # chance that a client asks in a cycle


class GuardBench:
    """Clients above, port below. Data of a beat names its burst, so that a beat of another burst is told apart."""

    INPUTS: tuple[str, ...] = ()  # what is low at the start

    def __init__(self, dut, seed, loss=0.0):
        self.dut, self.random, self.loss = dut, rng(seed), loss
        self.clients = len(dut.burst_valid_i)
        self.asking = [None] * self.clients  # burst offered: number, lines
        self.expected = [deque() for _ in range(self.clients)]  # what a client is owed
        self.bus = [deque() for _ in range(self.clients)]  # bursts that the bus owes
        self.number = self.cycle = self.good = self.errors = self.late = 0
        self.ask = ASK
        self.block = False  # the port takes no burst
        self.release = False  # lost answers come after all
        self.clear = False

    async def begin(self):
        for name in ("clear_i", "burst_valid_i", "port_burst_ready_i", *self.INPUTS):
            getattr(self.dut, name).value = 0
        self.dut.timeout_i.value = TIMEOUT
        await start(self.dut)
        return self

    def _offer(self, c, free):
        """Client `c` may ask for a new burst if it is `free` to."""
        if free and self.random.random() < self.ask and not self.clear:
            self.number += 1
            self.asking[c] = (self.number, self.random.randint(1, 16))
            self.dut.burst_i[c].value = BURST.pack(host_addr=self.number * 4096, lines_less1=self.asking[c][1] - 1)

    def _ready_at(self):
        """When the bus answers a burst that it was just given."""
        lost = self.random.random() < self.loss
        return self.cycle + (10**9 if lost else self.random.randint(3, 20))

    async def run(self, cycles):
        for _ in range(cycles):
            self._drive()
            await FallingEdge(self.dut.clk_i)
            self._sample()
            self.cycle += 1
            await RisingEdge(self.dut.clk_i)

    async def finish(self):
        """Everybody gets what is owed, and all are well."""
        self.ask, self.loss, self.release, self.block = 0, 0, True, False
        await self.run(3000)
        assert not any(self.expected) and not any(self.bus) and self._ended()
        assert int(self.dut.hung_o.value) == 0 and int(self.dut.settled_o.value) == 1
        errors = self.errors
        self.ask = ASK
        await self.run(1000)
        assert self.errors == errors, "an error after recovery"

    def _ended(self):
        return True
