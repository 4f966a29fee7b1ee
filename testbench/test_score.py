"""Bench of hdl/match/score.sv: MATCHER 3, Score, over all counts and up to saturation."""

import random

import cocotb
from bench.records import COMPARISON, SUPPORTED
from bench.runner import run
from bench.streams import STALLS, start
from cocotb.triggers import RisingEdge


def normalisation(count: int) -> int:
    """KN by the formula behind MATCHER's table: floor(256 * (32 / max(n, 8)) ** 0.4 + 0.5)."""
    return int(256 * (32 / max(count, 8)) ** 0.4 + 0.5)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def scores_follow_the_formula(dut, stall):
    rng = random.Random(f"score {stall}")
    dut.supported_valid_i.value = 0
    dut.probe_count_i.value = 0
    await start(dut)
    pattern = stall.pattern(6)
    saturated = 0
    for probe_count in (0, 1, 8, 9, 32, 47, 48):
        dut.probe_count_i.value = probe_count
        await RisingEdge(dut.clk_i)
        words = [(count, rng.choice((0, 1, 897, 3024, rng.randrange(3025)))) for count in range(97)]
        expected, seen = [], []
        queue = list(enumerate(words))
        while len(seen) < len(words):
            valid = bool(queue) and not next(pattern)
            dut.supported_valid_i.value = int(valid)
            if valid:
                index, (count, best) = queue.pop(0)
                dut.supported_i.value = SUPPORTED.pack(index=index, count=count, best=best)
                score = min(65535, best * normalisation(probe_count) * normalisation(count) >> 12)
                expected.append({"score": score, "index": index})
                saturated += score == 65535
            await RisingEdge(dut.clk_i)
            if int(dut.comparison_valid_o.value):
                seen.append(COMPARISON.unpack(int(dut.comparison_o.value)))
        assert seen == expected
    assert saturated > 5


def test_score():
    run("score")
