"""Bench of hdl/match/support_sum.sv: the sum of 48 contributions, a set per cycle."""

import random

import cocotb
from bench.records import LANES
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


@cocotb.test()
async def sums_all_lanes(dut):
    rng = random.Random(53)
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    dut.stage_valid_i.value = 3
    sums = []
    sets = [[63 * (lane == one) for lane in range(LANES)] for one in range(LANES)] + [[63] * LANES]
    sets += [[rng.choice((0, 0, 63, rng.randrange(64))) for _ in range(LANES)] for _ in range(1500)]
    for values in sets:
        for lane, value in enumerate(values):
            dut.contributions_i[lane].value = value
        sums.append(sum(values))
        await RisingEdge(dut.clk_i)
        if len(sums) > 2:
            assert int(dut.sum_o.value) == sums[-3]


def test_support_sum():
    run("support_sum")
