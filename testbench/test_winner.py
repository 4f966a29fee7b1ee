"""Bench of hdl/match/winner.sv: the smallest key, ties to the smallest lane."""

import random

import cocotb
from bench.records import KEY_BIAS, LANES, NEAREST, NONE
from bench.runner import run
from bench.streams import STALLS, start
from cocotb.triggers import RisingEdge


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def smallest_key_of_the_smallest_lane(dut, stall):
    rng = random.Random(f"winner {stall}")
    dut.keys_valid_i.value = 0
    await start(dut)
    pattern = stall.pattern(1)
    expected, seen = [], []
    while len(seen) < 600:
        # Few different keys make ties; most lanes are no candidates, as in real comparisons.
        keys = [rng.choice((NONE, NONE, KEY_BIAS + rng.randrange(rng.choice((2, 59))))) for _ in range(LANES)]
        if rng.random() < 0.1:
            keys = [NONE] * LANES
        valid = not next(pattern)
        dut.keys_valid_i.value = int(valid)
        for lane, key in enumerate(keys):
            dut.keys_i[lane].value = key
        if valid:
            expected.append((min(keys), keys.index(min(keys))))
        await RisingEdge(dut.clk_i)
        if int(dut.nearest_valid_o.value):
            word = NEAREST.unpack(int(dut.nearest_o.value))
            seen.append((word["key"], word["lane"]))
    assert seen == expected[: len(seen)]


def test_winner():
    run("winner")
