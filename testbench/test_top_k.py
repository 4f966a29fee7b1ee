"""Bench of hdl/match/top_k.sv: against a sorted list."""

import random

import cocotb
from bench.records import COMPARISON
from bench.runner import run
from bench.streams import STALLS, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


async def begin(dut, stall, capacity):
    dut.capacity_i.value = capacity
    dut.read_entry_i.value = 0
    source = Source(dut, "comparison", stall)
    await start(dut)
    return source


async def entries(dut) -> list[tuple[int, int]]:
    """Everything that is kept, as (score, index), best first."""
    while not int(dut.idle_o.value):
        await RisingEdge(dut.clk_i)
    kept = []
    count = int(dut.count_o.value)
    for entry in range(count + 1):
        dut.read_entry_i.value = entry & 255
        await RisingEdge(dut.clk_i)
        if entry >= 1:  # the one before was asked for an edge ago
            word = COMPARISON.unpack(int(dut.read_comparison_o.value))
            kept.append((word["score"], word["index"]))
    return sorted(kept, key=lambda c: (-c[0], c[1]))


def best(comparisons, capacity):
    return sorted(comparisons, key=lambda c: (-c[0], c[1]))[:capacity]


async def settle(dut, source):
    await source.drain()
    await ClockCycles(dut.clk_i, 2)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def keeps_the_best_of_any_number(dut, stall):
    rng = random.Random(f"top_k {stall}")
    for capacity in (1, 2, 3, 7, 8, 30, rng.randrange(32, 128), rng.randrange(128, 256), 256):
        for count in (0, 1, capacity - 1, capacity, 2 * capacity + 9):
            source = await begin(dut, stall, capacity)
            # Few different scores: ties, which the smaller index wins.
            scores = rng.choice((range(4), range(65536), [0, 65535]))
            comparisons = [(rng.choice(scores), index) for index in rng.sample(range(1 << 32), count)]
            source.send(*[COMPARISON.pack(score=score, index=index) for score, index in comparisons])
            await settle(dut, source)
            assert await entries(dut) == best(comparisons, capacity)
            source.stop()


@cocotb.test()
@cocotb.parametrize(order=("ascending", "descending", "equal"))
async def keeps_the_best_of_sorted_streams(dut, order):
    source = await begin(dut, Stall.NONE, 256)
    scores = {"ascending": range(600), "descending": range(600, 0, -1), "equal": [9] * 600}[order]
    comparisons = [(score, index) for index, score in enumerate(scores)]
    source.send(*[COMPARISON.pack(score=score, index=index) for score, index in comparisons])
    await settle(dut, source)
    assert await entries(dut) == best(comparisons, 256)


@cocotb.test()
async def drops_one_per_cycle_and_keeps_within_eighteen(dut):
    source = await begin(dut, Stall.NONE, 256)
    source.send(*[COMPARISON.pack(score=1000 + i, index=i) for i in range(256)])
    await settle(dut, source)
    while not int(dut.idle_o.value):
        await RisingEdge(dut.clk_i)
    source.send(*[COMPARISON.pack(score=5, index=i) for i in range(100)])
    cycles = 0
    while not source.idle:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles <= 102
    # The new best walks to a leaf.
    source.send(COMPARISON.pack(score=65535, index=1))
    busy = 0
    for _ in range(40):
        await RisingEdge(dut.clk_i)
        busy += not int(dut.idle_o.value)
    assert 16 <= busy <= 18


def test_top_k():
    run("top_k")
