"""Bench of hdl/queue/msix_request.sv."""

import cocotb
from bench.queue import rng
from bench.runner import run
from bench.streams import STALLS, Sink, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


PAIRS = 8


def sink(dut, stall):
    return Sink(dut, "msix", stall, signals=(dut.msix_valid_o, dut.msix_ready_i, dut.msix_vector_o))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_pulse_is_followed_by_a_request(dut, stall):
    dut.interrupt_i.value = 0
    taken = sink(dut, stall)
    await start(dut)
    pairs, count, random = len(dut.interrupt_i), 0, rng(1)
    # From quiet, each set of pulses gives exactly its vectors.
    for pulses in (*(1 << q for q in range(pairs)), (1 << pairs) - 1, *(random.getrandbits(pairs) for _ in range(9))):
        dut.interrupt_i.value = pulses
        await RisingEdge(dut.clk_i)
        dut.interrupt_i.value = 0
        await ClockCycles(dut.clk_i, 800)
        assert sorted(taken.words[count:]) == [q for q in range(pairs) if pulses >> q & 1]
        count = len(taken.words)


@cocotb.test()
async def requests_that_meet_become_one(dut):
    dut.interrupt_i.value = 0
    taken = sink(dut, Stall.NONE)
    taken.task.cancel()
    dut.msix_ready_i.value = 0
    await start(dut)
    for _ in range(5):
        dut.interrupt_i.value = 2
        await RisingEdge(dut.clk_i)
        dut.interrupt_i.value = 0
        await ClockCycles(dut.clk_i, 3)
    taken = sink(dut, Stall.NONE)
    await ClockCycles(dut.clk_i, 20)
    assert taken.words == [1, 1]  # the one on offer, and one for all behind it


def test_msix_request():
    run("msix_request", parameters={"QueuePairs": PAIRS})
