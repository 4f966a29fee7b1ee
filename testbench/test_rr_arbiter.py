"""Bench of hdl/prim/rr_arbiter.sv."""

import random

import cocotb
import pytest
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, FallingEdge


def model(request: int, last: int, count: int) -> int:
    """The grant after requester `last` was granted."""
    for step in range(1, count + 1):
        chosen = (last + step) % count
        if request >> chosen & 1:
            return chosen
    return last


@cocotb.test()
async def follows_the_round(dut):
    dut.request_i.value = 0
    dut.advance_i.value = 0
    await start(dut)
    count, rng, last = int(dut.Requesters.value), random.Random(1), int(dut.Requesters.value) - 1
    for _ in range(2000):
        request, advance = rng.getrandbits(count), rng.random() < 0.7
        dut.request_i.value, dut.advance_i.value = request, int(advance)
        await FallingEdge(dut.clk_i)
        grant = int(dut.grant_o.value)
        if request == 0:
            assert grant == 0
        else:
            want = model(request, last, count)
            assert grant == 1 << want
            if advance:
                last = want
        await ClockCycles(dut.clk_i, 1)


@cocotb.test()
async def everybody_gets_a_turn(dut):
    dut.request_i.value = 0
    dut.advance_i.value = 1
    await start(dut)
    count = int(dut.Requesters.value)
    dut.request_i.value = (1 << count) - 1
    grants = []
    for _ in range(4 * count):
        await FallingEdge(dut.clk_i)
        grants.append(int(dut.grant_o.value).bit_length() - 1)
        await ClockCycles(dut.clk_i, 1)
    assert all(grants.count(i) == 4 for i in range(count))


@pytest.mark.parametrize("requesters", [1, 2, 5])
def test_rr_arbiter(requesters):
    run("rr_arbiter", parameters={"Requesters": requesters})
