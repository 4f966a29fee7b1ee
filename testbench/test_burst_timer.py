"""Bench of hdl/dma/burst_timer.sv: against a count of the cycles that each client has waited."""

import cocotb
from bench.queue import rng
from bench.runner import run
from bench.streams import start
from cocotb.triggers import FallingEdge, RisingEdge


@cocotb.test()
@cocotb.parametrize(limit=[1, 2, 7, 50])
async def who_waits_too_long_expires_in_time(dut, limit):
    dut.waiting_i.value = dut.progress_i.value = 0
    dut.limit_i.value = limit
    await start(dut)
    random, clients = rng(limit), len(dut.waiting_i)
    waited, expired_ever = [0] * clients, 0
    waiting = 0
    for _ in range(4000):
        for c in range(clients):
            if random.random() < 0.5 / limit:
                waiting ^= 1 << c
        progress = sum(1 << c for c in range(clients) if random.random() < 0.2 / limit)
        dut.waiting_i.value, dut.progress_i.value = waiting, progress
        await FallingEdge(dut.clk_i)
        expired = int(dut.expired_o.value)
        expired_ever += expired.bit_count()
        for c in range(clients):
            waited[c] = waited[c] + 1 if waiting & ~progress & 1 << c else 0
            if expired >> c & 1:
                assert limit < waited[c] <= 2 * limit, waited[c]
                waited[c] = 0
            assert waited[c] < 2 * limit or limit == 1
        waiting &= ~expired
        await RisingEdge(dut.clk_i)
    assert expired_ever > 20


@cocotb.test()
async def zero_is_never(dut):
    dut.limit_i.value = dut.progress_i.value = 0
    dut.waiting_i.value = 3
    await start(dut)
    for _ in range(500):
        await RisingEdge(dut.clk_i)
        assert int(dut.expired_o.value) == 0
    dut.limit_i.value = 40  # set while they wait
    for cycle in range(100):
        await RisingEdge(dut.clk_i)
        if int(dut.expired_o.value) == 3:
            break
    assert 40 <= cycle <= 81


def test_burst_timer():
    run("burst_timer", parameters={"Clients": 3})
