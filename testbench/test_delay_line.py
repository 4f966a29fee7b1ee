"""Bench of hdl/prim/delay_line.sv."""

import random

import cocotb
import pytest
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


@cocotb.test()
async def words_come_out_stages_later(dut):
    rng = random.Random(42)
    stages = int(dut.Stages.value)
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    sent = []
    for _ in range(100):
        sent.append(rng.getrandbits(12))
        dut.data_i.value = sent[-1]
        await RisingEdge(dut.clk_i)
        if len(sent) > stages:
            assert int(dut.data_o.value) == sent[-1 - stages]


@pytest.mark.parametrize("stages", [1, 6])
def test_delay_line(stages):
    run("delay_line", parameters={"Width": 12, "Stages": stages})
