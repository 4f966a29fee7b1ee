"""Bench of hdl/dma/line_fetch.sv."""

import random

import cocotb
import pytest
from bench.fields import Fields
from bench.host import LINE, HostMemory, ReadPort
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

REQUEST = Fields(("host_addr", 64), ("lines", 24))
FETCHED = Fields(("data", 512), ("error", 1))


async def begin(dut, stall=Stall.NONE, latency=3, sink_stall=Stall.NONE):
    memory = HostMemory()
    dut.flush_i.value = 0
    dut.line_ready_i.value = 0
    source = Source(dut, "request", stall)
    port = ReadPort(dut, memory, stall, latency)
    await start(dut)
    sink = Sink(dut, "line", sink_stall)
    return memory, source, port, sink


def fill(memory, address, lines, rng) -> list[int]:
    data = rng.randbytes(lines * LINE)
    memory.store(address, data)
    return [int.from_bytes(data[i : i + LINE], "little") for i in range(0, len(data), LINE)]


@cocotb.test()
@cocotb.parametrize(stall=STALLS, sink_stall=STALLS)
async def runs_come_back_in_order(dut, stall, sink_stall):
    memory, source, port, sink = await begin(dut, stall, 20, sink_stall)
    rng = random.Random(4)
    want = []
    for lines in (1, 2, 15, 16, 17, 63, 64, 65, 130, 1, 1, 1):
        address = rng.randrange(1 << 40) * LINE
        want += fill(memory, address, lines, rng)
        source.send(REQUEST.pack(host_addr=address, lines=lines))
    lines = [FETCHED.unpack(word) for word in await sink.receive(len(want))]
    assert [line["data"] for line in lines] == want
    assert not any(line["error"] for line in lines)
    await ClockCycles(dut.clk_i, 10)
    assert len(sink.words) == len(want) and int(dut.idle_o.value) == 1


@cocotb.test()
async def bursts_end_at_kib(dut):
    """Every start within 1 KiB: one short burst to the boundary, whole ones after it, the rest."""
    memory, source, port, sink = await begin(dut)
    total = 0
    for start_line in range(16):
        address = 0x10000 * (start_line + 1) + start_line * LINE
        source.send(REQUEST.pack(host_addr=address, lines=40))
        total += 40
        await sink.receive(total)
        want, left, line = [], 40, start_line
        while left:
            part = min(left, 16 - line % 16)
            want.append((0x10000 * (start_line + 1) + line * LINE, part))
            left, line = left - part, line + part
        assert port.addresses == want
        port.addresses.clear()


@cocotb.test()
async def never_asks_for_more_than_it_can_hold(dut):
    """With the sink stopped, exactly `Depth` lines are asked for, and they all fit."""
    memory, source, port, sink = await begin(dut)
    sink.task.cancel()
    dut.line_ready_i.value = 0
    depth = int(dut.Depth.value)
    source.send(REQUEST.pack(host_addr=0, lines=4 * depth))
    await ClockCycles(dut.clk_i, 8 * depth)
    assert sum(lines for _, lines in port.addresses) == depth
    assert int(dut.idle_o.value) == 0


@cocotb.test()
async def latency_does_not_limit_the_rate(dut):
    """A depth of 256 carries the 50 bytes a cycle of the link over a latency of 250 cycles; one of 16 holds one burst."""
    depth = int(dut.Depth.value)
    latency, least = (250, 50 / 64) if depth >= 256 else (8, 0.5)
    memory, source, port, sink = await begin(dut, latency=latency)
    lines = 8 * depth
    source.send(*[REQUEST.pack(host_addr=i * depth * LINE, lines=depth) for i in range(8)])
    cycles = 0
    while len(sink.words) < lines:
        await RisingEdge(dut.clk_i)
        cycles += 1
    rate = lines / (cycles - latency)
    dut._log.info("depth %d, latency %d: %.3f lines per cycle", depth, latency, rate)
    assert rate > least


@cocotb.test()
async def errors_are_marked_line_by_line(dut):
    memory, source, port, sink = await begin(dut)
    faults = {3, 16, 39}
    memory.read_faults = {i * LINE for i in faults}
    source.send(REQUEST.pack(host_addr=0, lines=40))
    lines = [FETCHED.unpack(word) for word in await sink.receive(40)]
    assert {i for i, line in enumerate(lines) if line["error"]} == faults


@cocotb.test()
@cocotb.parametrize(after=[0, 1, 3, 12, 40, 90])
async def flush_drops_everything_and_the_next_run_is_whole(dut, after):
    memory, source, port, sink = await begin(dut, Stall.RANDOM, 30, Stall.RANDOM)
    rng = random.Random(after)
    source.send(REQUEST.pack(host_addr=0x4000, lines=500))
    await ClockCycles(dut.clk_i, after)
    dut.flush_i.value = 1
    source.clear()
    await ClockCycles(dut.clk_i, 2)
    got = len(sink.words)
    while not int(dut.idle_o.value):
        await RisingEdge(dut.clk_i)
        assert int(dut.line_valid_o.value) == 0
    assert len(sink.words) == got and port.outstanding == 0
    source.stop()
    source = Source(dut, "request", Stall.NONE)
    dut.flush_i.value = 0
    sink.words.clear()
    want = fill(memory, 0x80000, 33, rng)
    source.send(REQUEST.pack(host_addr=0x80000, lines=33))
    assert [FETCHED.unpack(word)["data"] for word in await sink.receive(33)] == want


@pytest.mark.parametrize("depth", [16, 256])
def test_line_fetch(depth):
    run("line_fetch", parameters={"Depth": depth})
