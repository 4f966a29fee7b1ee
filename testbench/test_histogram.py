"""Bench of hdl/match/histogram.sv: against a counter."""

import random
from collections import Counter

import cocotb
from bench.runner import run
from bench.streams import STALLS, Source, start
from cocotb.triggers import ClockCycles, RisingEdge


async def bins(dut) -> list[int]:
    await ClockCycles(dut.clk_i, 3)
    counts = []
    for bin_ in range(512):
        dut.read_bin_i.value = bin_
        await ClockCycles(dut.clk_i, 2)
        counts.append(int(dut.read_count_o.value))
    return counts


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def counts_every_score(dut, stall):
    rng = random.Random(f"histogram {stall}")
    dut.read_bin_i.value = 0
    for choice in (range(65536), [64, 65, 95], [0, 32, 32, 64], [16351, 16352, 65535]):
        source = Source(dut, "score", stall)
        await start(dut)
        cycles = 0
        while not int(dut.score_ready_o.value):
            await RisingEdge(dut.clk_i)
            cycles += 1
        assert cycles <= 513
        scores = [rng.choice(choice) for _ in range(400)]
        source.send(*scores)
        await source.drain()
        expected = Counter(min(511, score >> 5) for score in scores)
        assert await bins(dut) == [expected[b] for b in range(512)]
        source.stop()


@cocotb.test()
async def takes_one_score_per_cycle(dut):
    source = Source(dut, "score", STALLS[0])
    await start(dut)
    source.send(*[77] * 300)
    while source.sent == 0:
        await RisingEdge(dut.clk_i)
    await source.drain()
    cycles = 0
    source.send(*[77] * 300)
    while not source.idle:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles <= 302
    assert (await bins(dut))[77 >> 5] == 600


def test_histogram():
    run("histogram")
