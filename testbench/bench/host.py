"""The host's side of the bus: memory with faults, clients' ports without AXI, and an AXI slave with latency."""

import random
from collections import deque

import cocotb
from bench.fields import Fields
from bench.streams import Stall
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiResp
from cocotbext.axi.axi_slave import AxiSlaveRead, AxiSlaveWrite

LINE = 64

# As in hdl/pkg/dma_pkg.sv.
WRITES_IN_FLIGHT_MAX = 16
BURST = Fields(("host_addr", 64), ("lines_less1", 8))
READ_BEAT = Fields(("data", 512), ("error", 1), ("last", 1))
WRITE_BEAT = Fields(("data", 512), ("strobe", 64), ("last", 1))


class HostMemory:
    """Sparse memory. Lines whose addresses are in `read_faults` or `write_faults` are answered with an error."""

    def __init__(self):
        self.lines: dict[int, bytearray] = {}
        self.read_faults: set[int] = set()
        self.write_faults: set[int] = set()
        self.write_faults_once: set[int] = set()
        self.written: list[int] = []  # line addresses, in order
        self.read_count = 0

    def load(self, address: int, length: int) -> bytes:
        """What stands in memory, zero where nothing was written."""
        out = bytearray()
        while length:
            start = address % LINE
            part = min(length, LINE - start)
            out += self.lines.get(address - start, bytes(LINE))[start : start + part]
            address, length = address + part, length - part
        return bytes(out)

    def store(self, address: int, data: bytes) -> None:
        """Writes as the host does: no faults, not logged."""
        while data:
            start = address % LINE
            part = min(len(data), LINE - start)
            self.lines.setdefault(address - start, bytearray(LINE))[start : start + part] = data[:part]
            address, data = address + part, data[part:]

    def device_read(self, address: int) -> bytes | None:
        """One line for the device, None for an error."""
        self.read_count += 1
        return None if address in self.read_faults else self.load(address, LINE)

    def device_write(self, address: int, data: int, strobe: int) -> bool:
        """One line from the device; whether it was accepted."""
        self.written.append(address)
        if address in self.write_faults_once:
            self.write_faults_once.discard(address)
            return False
        if address in self.write_faults:
            return False
        line = self.lines.setdefault(address, bytearray(LINE))
        for i, byte in enumerate(data.to_bytes(LINE, "little")):
            if strobe >> i & 1:
                line[i] = byte
        return True

    # What AxiSlave asks of a target.
    async def read(self, address: int, length: int) -> bytes:
        assert address % LINE == 0 and length == LINE
        data = self.device_read(address)
        if data is None:
            raise ValueError("read fault")
        return data

    async def write(self, address: int, data: bytes) -> None:
        start = address % LINE
        word = int.from_bytes(data, "little") << 8 * start
        if not self.device_write(address - start, word, (1 << len(data)) - 1 << start):
            raise ValueError("write fault")


def check_burst(address: int, lines: int) -> None:
    """The rules of DESIGN, limits of the shells: whole lines, nothing across 4 KiB, at most 1 KiB."""
    assert address % LINE == 0 and 1 <= lines <= 16
    assert address // 4096 == (address + lines * LINE - 1) // 4096, f"{lines} lines at {address:#x} cross 4 KiB"


class ReadPort:
    """Stands for axi_read_port: serves the `burst_*` and `beat_*` ports of one or more clients on one beat bus.

    Answers are in order within a client; `latency` cycles pass from a burst to its first beat. `outstanding` is the
    number of bursts that are owed. `beats` names the beat ports where there are several; all carry the same beats.
    """

    def __init__(self, dut, memory, stall=Stall.NONE, latency=3, clients=1, seed=5, prefix="", beats=None):
        self.clock = dut.clk_i
        self.valid, self.ready = getattr(dut, f"{prefix}burst_valid_o"), getattr(dut, f"{prefix}burst_ready_i")
        burst = getattr(dut, f"{prefix}burst_o")
        self.bursts = [burst[i] for i in range(clients)] if clients > 1 else [burst]
        self.beat_valid = getattr(dut, f"{prefix}beat_valid_i")
        self.beats = beats or [getattr(dut, f"{prefix}beat_i")]
        self.memory, self.latency = memory, latency
        self.clients = clients
        self.rng = random.Random(f"read port {seed}")
        self.pattern, self.beat_pattern = stall.pattern(seed), stall.pattern(seed + 1)
        self.owed = [deque() for _ in range(clients)]
        self.addresses: list[tuple[int, int]] = []  # of every burst: address, lines
        self.ready.value = 0
        self.beat_valid.value = 0
        self.cycle = 0
        self.paused = False  # no beats while set
        cocotb.start_soon(self._run())

    @property
    def outstanding(self) -> int:
        return sum(map(len, self.owed))

    async def _run(self):
        offered, current = 0, None
        while True:
            await RisingEdge(self.clock)
            self.cycle += 1
            asked = int(self.valid.value) & offered
            for client in range(self.clients):
                if asked >> client & 1:
                    burst = BURST.unpack(int(self.bursts[client].value))
                    lines = burst["lines_less1"] + 1
                    check_burst(burst["host_addr"], lines)
                    self.addresses.append((burst["host_addr"], lines))
                    self.owed[client].append((self.cycle + self.latency, burst["host_addr"], lines))
            # Like the port: one burst per cycle.
            offered = 0 if next(self.pattern) else 1 << self.rng.randrange(self.clients)
            self.ready.value = offered
            self.beat_valid.value = 0
            if self.paused or next(self.beat_pattern):
                continue
            if current is None:
                due = [c for c in range(self.clients) if self.owed[c] and self.owed[c][0][0] <= self.cycle]
                if not due:
                    continue
                client = self.rng.choice(due)
                _, address, lines = self.owed[client][0]
                current = [client, address, lines]
            client, address, lines = current
            data = self.memory.device_read(address)
            beat = READ_BEAT.pack(data=int.from_bytes(data or bytes(LINE), "little"), error=data is None, last=lines == 1)
            for port in self.beats:
                port.value = beat
            self.beat_valid.value = 1 << client
            current = [client, address + LINE, lines - 1]
            if lines == 1:
                self.owed[client].popleft()
                current = None


class RoutedReadPort:
    """Stands for memory_ports towards one client: each memory answers in order, and none waits for another."""

    def __init__(self, dut, memories, stall=Stall.NONE, latencies=(20,), seed=5):
        self.dut, self.memories, self.latencies = dut, memories, latencies
        self.rng = random.Random(f"routed read port {seed}")
        self.pattern, self.beat_pattern = stall.pattern(seed), stall.pattern(seed + 1)
        self.owed = [deque() for _ in memories]
        dut.burst_ready_i.value = dut.beat_valid_i.value = 0
        cocotb.start_soon(self._run())

    @property
    def outstanding(self) -> int:
        return sum(map(len, self.owed))

    async def _run(self):
        dut, cycle, ready = self.dut, 0, 0
        while True:
            await RisingEdge(dut.clk_i)
            cycle += 1
            if ready and int(dut.burst_valid_o.value):
                burst, memory = BURST.unpack(int(dut.burst_o.value)), int(dut.memory_o.value)
                check_burst(burst["host_addr"], burst["lines_less1"] + 1)
                for n in range(burst["lines_less1"] + 1):
                    at = cycle + self.latencies[memory % len(self.latencies)]
                    self.owed[memory].append((at, burst["host_addr"] + n * LINE, n == burst["lines_less1"]))
            ready = int(not next(self.pattern))
            dut.burst_ready_i.value = ready
            due = [m for m, owed in enumerate(self.owed) if owed and owed[0][0] <= cycle]
            answers = bool(due) and not next(self.beat_pattern)
            dut.beat_valid_i.value = int(answers)
            if not answers:
                continue
            memory = self.rng.choice(due)
            _, address, last = self.owed[memory].popleft()
            data = self.memories[memory].device_read(address)
            dut.beat_i.value = READ_BEAT.pack(data=int.from_bytes(data or bytes(LINE), "little"), error=data is None, last=last)


class WritePort:
    """Stands for axi_write_port towards one client; `in_flight_max` answers were owed at once."""

    def __init__(self, dut, memory, stall=Stall.NONE, latency=3, seed=7, prefix=""):
        get = lambda name: getattr(dut, prefix + name)  # noqa: E731
        self.clock, self.memory, self.latency = dut.clk_i, memory, latency
        self.burst_valid, self.burst_ready, self.burst = get("burst_valid_o"), get("burst_ready_i"), get("burst_o")
        self.beat_valid, self.beat_ready, self.beat = get("beat_valid_o"), get("beat_ready_i"), get("beat_o")
        self.response_valid, self.response_error = get("response_valid_i"), get("response_error_i")
        self.pattern, self.beat_pattern = stall.pattern(seed), stall.pattern(seed + 1)
        self.answers = deque()
        self.in_flight_max = 0
        self.addresses: list[tuple[int, int]] = []
        for signal in (self.burst_ready, self.beat_ready, self.response_valid, self.response_error):
            signal.value = 0
        cocotb.start_soon(self._run())

    async def _run(self):
        cycle, burst_ready, beat_ready, owner = 0, 0, 0, None
        while True:
            await RisingEdge(self.clock)
            cycle += 1
            if burst_ready and int(self.burst_valid.value):
                burst = BURST.unpack(int(self.burst.value))
                check_burst(burst["host_addr"], burst["lines_less1"] + 1)
                self.addresses.append((burst["host_addr"], burst["lines_less1"] + 1))
                owner = [burst["host_addr"], burst["lines_less1"] + 1, True]
            elif beat_ready and int(self.beat_valid.value):
                beat = WRITE_BEAT.unpack(int(self.beat.value))
                owner[2] &= self.memory.device_write(owner[0], beat["data"], beat["strobe"])
                assert beat["last"] == (owner[1] == 1)
                owner[0], owner[1] = owner[0] + LINE, owner[1] - 1
                if owner[1] == 0:
                    self.answers.append((cycle + self.latency, owner[2]))
                    owner = None
            self.in_flight_max = max(self.in_flight_max, len(self.answers))
            burst_ready = int(owner is None and len(self.answers) < WRITES_IN_FLIGHT_MAX and not next(self.pattern))
            beat_ready = int(owner is not None and not next(self.beat_pattern))
            self.burst_ready.value, self.beat_ready.value = burst_ready, beat_ready
            self.response_valid.value = 0
            if self.answers and self.answers[0][0] <= cycle:
                self.response_valid.value = 1
                self.response_error.value = int(not self.answers.popleft()[1])


class PipelinedRead(AxiSlaveRead):
    """AXI reads with latency: bursts wait side by side, not one after another. Watches the bounds of the card."""

    latency_ns = 40
    in_flight_max = 0
    gap = None  # pause pattern between beats

    def _handle_reset(self, state):
        if not hasattr(self, "waiting"):
            self.waiting = deque()
            self.ar_channel.queue_occupancy_limit = 64
            cocotb.start_soon(self._collect())
        super()._handle_reset(state)

    async def _process_read(self):
        waiting = self.waiting
        waiting.clear()
        while True:
            while not waiting or waiting[0][0] > get_sim_time("ns"):
                await RisingEdge(self.clock)
            _, ar = waiting[0]
            lines, address = int(ar.arlen) + 1, int(ar.araddr)
            for n in range(lines):
                r = self.r_channel._transaction_obj()
                r.rid, r.rlast, r.rresp = int(ar.arid), n == lines - 1, AxiResp.OKAY
                data = self.target.device_read(address + n * LINE)
                if data is None:
                    r.rresp = AxiResp.SLVERR
                r.rdata = int.from_bytes(data or bytes(LINE), "little")
                await self.r_channel.send(r)
            waiting.popleft()

    async def _collect(self):
        while True:
            ar = await self.ar_channel.recv()
            check_burst(int(ar.araddr), int(ar.arlen) + 1)
            assert int(ar.arsize) == 6 and int(ar.arburst) == 1
            self.waiting.append((get_sim_time("ns") + self.latency_ns, ar))
            self.in_flight_max = max(self.in_flight_max, len(self.waiting))


class AxiHost:
    """Host memory behind an AXI port: `write_if` as cocotbext-axi has it, `read_if` with latency."""

    def __init__(self, bus, clock, reset, memory, latency_ns=40):
        self.memory = memory
        self.write_if = AxiSlaveWrite(bus.write, clock, reset, memory)
        self.read_if = PipelinedRead(bus.read, clock, reset, memory)
        self.read_if.latency_ns = latency_ns
        for part in (self.write_if, self.read_if):
            part.log.setLevel("ERROR")

    def stall(self, pattern: Stall, seed: int = 11) -> None:
        """Pauses all five channels at random."""
        channels = (
            self.write_if.aw_channel,
            self.write_if.w_channel,
            self.write_if.b_channel,
            self.read_if.ar_channel,
            self.read_if.r_channel,
        )
        for i, channel in enumerate(channels):
            channel.set_pause_generator(pattern.pattern(seed + i))

    def hold(self, paused: bool) -> None:
        """Stops or resumes the answers to reads."""
        self.read_if.r_channel.pause = paused
