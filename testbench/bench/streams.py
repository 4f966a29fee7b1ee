"""Sources and sinks of valid/ready streams. Every one of them takes a stall pattern."""

import enum
import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge


class Stall(enum.Enum):
    """When one side of a stream pauses."""

    NONE = "none"  # never
    RANDOM = "random"  # every other cycle, at random
    WORST = "worst"  # long pauses, in which everything behind fills or drains, then bursts at full rate

    def pattern(self, seed: int):
        """Endless sequence of booleans, one per cycle: True pauses."""
        rng = random.Random(f"{self.value} {seed}")
        while True:
            if self is Stall.NONE:
                yield False
            elif self is Stall.RANDOM:
                yield rng.random() < 0.5
            else:
                for _ in range(rng.randint(16, 48)):
                    yield True
                for _ in range(rng.choice((1, 1, 2, 5, 20))):
                    yield False


STALLS = (Stall.NONE, Stall.RANDOM, Stall.WORST)


async def start(dut, cycles: int = 4) -> None:
    """Starts the clock and pulses the synchronous reset."""
    dut.rst_i.value = 1
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start(start_high=False))
    await ClockCycles(dut.clk_i, cycles)
    dut.rst_i.value = 0
    await RisingEdge(dut.clk_i)


class Source:
    """Drives `<name>_valid_i` and `<name>_i`, watches `<name>_ready_o`.

    Words are packed integers, sent in order; a word that is offered stays until it is taken.
    `signals` overrides the three handles (valid, ready, data) where a port is an element of an array.
    """

    def __init__(self, dut, name: str, stall: Stall, seed: int = 0, signals=None):
        self.clock = dut.clk_i
        self.valid, self.ready, self.data = signals or (
            getattr(dut, f"{name}_valid_i"),
            getattr(dut, f"{name}_ready_o", None),
            getattr(dut, f"{name}_i"),
        )
        self.waiting = deque()
        self.offering = False
        self.sent = 0
        self.valid.value = 0
        self.pattern = stall.pattern(seed)
        self.task = cocotb.start_soon(self._run())

    def send(self, *words: int) -> None:
        """Queues words."""
        self.waiting.extend(words)

    @property
    def idle(self) -> bool:
        """Everything queued has been taken."""
        return not self.waiting and not self.offering

    async def drain(self) -> None:
        """Waits until everything queued has been taken."""
        while not self.idle:
            await RisingEdge(self.clock)

    def clear(self) -> None:
        """Forgets what has not been offered yet."""
        self.waiting.clear()

    def stop(self) -> None:
        """Ends the source; nothing is offered any more."""
        self.task.cancel()
        self.valid.value = 0

    async def _run(self):
        edge = RisingEdge(self.clock)
        while True:
            await edge
            if self.offering and (self.ready is None or int(self.ready.value)):
                self.offering = False
                self.sent += 1
            if not self.offering:
                if not next(self.pattern) and self.waiting:
                    self.data.value = self.waiting.popleft()
                    self.valid.value = 1
                    self.offering = True
                else:
                    self.valid.value = 0


class Sink:
    """Drives `<name>_ready_i`, collects what `<name>_valid_o` and `<name>_o` offer into `words`.

    A stream without `<name>_ready_i` (one that cannot be stalled) is only watched.
    """

    def __init__(self, dut, name: str, stall: Stall, seed: int = 1, signals=None):
        self.clock = dut.clk_i
        self.valid, self.ready, self.data = signals or (
            getattr(dut, f"{name}_valid_o"),
            getattr(dut, f"{name}_ready_i", None),
            getattr(dut, f"{name}_o"),
        )
        self.words = []
        self.pattern = stall.pattern(seed)
        if self.ready is not None:
            self.ready.value = 0
        self.task = cocotb.start_soon(self._run())

    async def receive(self, count: int, cycles_max: int = 1_000_000) -> list[int]:
        """Waits until `count` words have come in all and returns them all."""
        for _ in range(cycles_max):
            if len(self.words) >= count:
                return self.words
            await RisingEdge(self.clock)
        raise AssertionError(f"{len(self.words)} of {count} words after {cycles_max} cycles")

    async def _run(self):
        edge = RisingEdge(self.clock)
        taking = self.ready is None
        while True:
            await edge
            if taking and int(self.valid.value):
                self.words.append(int(self.data.value))
            if self.ready is not None:
                taking = not next(self.pattern)
                self.ready.value = int(taking)
