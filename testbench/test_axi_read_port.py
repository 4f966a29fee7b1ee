"""Bench of hdl/dma/axi_read_port.sv against cocotbext-axi's slave."""

import random

import cocotb
import pytest
from bench.host import BURST, LINE, READ_BEAT, HostMemory, PipelinedRead
from bench.runner import run
from bench.streams import STALLS, start
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiReadBus


class Clients:
    """All clients: each asks for its bursts in order and collects its beats."""

    def __init__(self, dut, count):
        self.dut, self.count = dut, count
        self.waiting = [[] for _ in range(count)]
        self.beats = [[] for _ in range(count)]
        self.offered = 0
        self.errors = 0
        self.beats_done = 0
        dut.burst_valid_i.value = 0
        cocotb.start_soon(self._run())

    async def _run(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            self.offered &= ~int(dut.burst_ready_o.value)
            for c in range(self.count):
                if not self.offered >> c & 1 and self.waiting[c]:
                    address, lines = self.waiting[c].pop(0)
                    dut.burst_i[c].value = BURST.pack(host_addr=address, lines_less1=lines - 1)
                    self.offered |= 1 << c
            dut.burst_valid_i.value = self.offered
            came = int(dut.beat_valid_o.value)
            if came:
                assert came & came - 1 == 0
                self.beats[came.bit_length() - 1].append(READ_BEAT.unpack(int(dut.beat_o.value)))
            self.errors += int(dut.burst_error_o.value)
            self.beats_done += int(dut.beat_done_o.value)


async def begin(dut, latency_ns=40):
    memory = HostMemory()
    dut.drain_i.value = 0
    host = PipelinedRead(AxiReadBus.from_prefix(dut, "m_axi"), dut.clk_i, dut.rst_i, memory)
    host.latency_ns = latency_ns
    host.log.setLevel("ERROR")
    clients = Clients(dut, len(dut.burst_valid_i))
    await start(dut)
    return memory, host, clients


async def beats(dut, clients, total):
    for _ in range(200_000):
        if sum(map(len, clients.beats)) >= total:
            return
        await RisingEdge(dut.clk_i)
    raise AssertionError(f"{sum(map(len, clients.beats))} of {total} beats")


def requests(rng, count):
    out = []
    for _ in range(count):
        line = rng.randrange(1 << 20)
        out.append((line * LINE, rng.randint(1, 16 - line % 16)))
    return out


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_client_gets_its_beats_in_order(dut, stall):
    memory, host, clients = await begin(dut)
    rng = random.Random(8)
    host.ar_channel.set_pause_generator(stall.pattern(1))
    host.r_channel.set_pause_generator(stall.pattern(2))
    asked = [requests(rng, 40) for _ in range(clients.count)]
    faults = 0
    for c, bursts in enumerate(asked):
        for address, lines in bursts:
            memory.store(address, rng.randbytes(lines * LINE))
    memory.read_faults = {a + LINE * rng.randrange(n) for bursts in asked for a, n in rng.sample(bursts, 5)}
    for c, bursts in enumerate(asked):
        clients.waiting[c] += bursts
        faults += sum(any(a + i * LINE in memory.read_faults for i in range(n)) for a, n in bursts)
    total = sum(n for bursts in asked for _, n in bursts)
    await beats(dut, clients, total)
    await ClockCycles(dut.clk_i, 3)
    for c, bursts in enumerate(asked):
        want = [(a + i * LINE, i == n - 1) for a, n in bursts for i in range(n)]
        assert len(want) == len(clients.beats[c])
        for (address, last), beat in zip(want, clients.beats[c]):
            assert beat["last"] == last and beat["error"] == (address in memory.read_faults)
            assert beat["error"] or beat["data"] == int.from_bytes(memory.load(address, LINE), "little")
    assert clients.errors == faults and clients.beats_done == total
    assert int(dut.idle_o.value) == 1


@cocotb.test()
async def at_most_32_are_under_way(dut):
    memory, host, clients = await begin(dut, latency_ns=4000)
    for c in range(clients.count):
        clients.waiting[c] += [(i * 1024, 16) for i in range(40)]
    await ClockCycles(dut.clk_i, 300)
    assert host.in_flight_max == 32
    await beats(dut, clients, clients.count * 40 * 16)
    assert host.in_flight_max == 32


@cocotb.test()
async def clients_take_turns(dut):
    memory, host, clients = await begin(dut)
    for c in range(clients.count):
        clients.waiting[c] += [(0, 1)] * 30
    await beats(dut, clients, clients.count * 15)
    lengths = [len(b) for b in clients.beats]
    assert max(lengths) - min(lengths) <= 1


@cocotb.test()
async def one_beat_per_cycle(dut):
    memory, host, clients = await begin(dut)
    for c in range(clients.count):
        clients.waiting[c] += [(i * 1024, 16) for i in range(20)]
    total, cycles = clients.count * 20 * 16, 0
    while sum(map(len, clients.beats)) < total:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles < total * 1.1 + 30


@cocotb.test()
async def drain_begins_nothing_and_ends_what_is_owed(dut):
    memory, host, clients = await begin(dut, latency_ns=400)
    clients.waiting[0] += [(i * 1024, 16) for i in range(60)]
    await ClockCycles(dut.clk_i, 60)
    dut.drain_i.value = 1
    await ClockCycles(dut.clk_i, 2)
    owed = len(host.waiting)
    assert owed > 4 and int(dut.idle_o.value) == 0
    while not int(dut.idle_o.value):
        await RisingEdge(dut.clk_i)
    got = len(clients.beats[0])
    assert got % 16 == 0
    await ClockCycles(dut.clk_i, 200)
    assert len(clients.beats[0]) == got < 60 * 16
    dut.drain_i.value = 0
    await beats(dut, clients, 60 * 16)


@pytest.mark.parametrize("clients", [1, 5])
def test_axi_read_port(clients):
    run("axi_read_port", parameters={"Clients": clients})
