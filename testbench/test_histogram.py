"""Bench of hdl/match/histogram.sv: against a counter."""

import random
from collections import Counter

import cocotb
from bench.runner import run
from bench.streams import STALLS, Source, Stall, start
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


@cocotb.test()
async def a_bin_counts_on_through_all_its_bits(dut):
    """Counts of a long search, put into the memory: each carries into another bit, some without a pause."""
    rng = random.Random(17)
    source = Source(dut, "score", Stall.RANDOM)
    await start(dut)
    while not int(dut.score_ready_o.value):
        await RisingEdge(dut.clk_i)
    counts = [(1 << rng.randint(8, 31)) - rng.randint(1, 3) for _ in range(512)]
    for word, count in zip(dut.i_ram.words_q, counts, strict=True):
        word.value = count
    await RisingEdge(dut.clk_i)
    order = [bin_ for bin_ in range(512) for _ in range(2)]
    rng.shuffle(order)
    order += [bin_ for bin_ in rng.sample(range(512), 100) for _ in range(4)]
    source.send(*[bin_ << 5 | rng.randrange(32) for bin_ in order])
    await source.drain()
    came = Counter(order)
    assert await bins(dut) == [count + came[bin_] for bin_, count in enumerate(counts)]


def test_histogram():
    run("histogram", visible=("ram_1w1r",))
