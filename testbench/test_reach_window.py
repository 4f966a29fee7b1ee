"""Bench of hdl/prim/reach_window.sv: every value against every window."""

import cocotb
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


@cocotb.test()
async def every_pair_as_integers_compare(dut):
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    wanted = None
    for low in range(-144, 112):
        dut.low_i.value = low
        for value in range(-128, 128):
            dut.value_i.value = value
            await RisingEdge(dut.clk_i)
            if wanted is not None:
                assert int(dut.inside_o.value) == wanted, (value, low)
            wanted = low <= value <= low + 31


def test_reach_window():
    run("reach_window")
