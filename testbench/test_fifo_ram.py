"""Bench of hdl/prim/fifo_ram.sv."""

import random

import cocotb
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

WIDTH, DEPTH = 24, 16


@cocotb.test()
@cocotb.parametrize(source_stall=STALLS, sink_stall=STALLS)
async def words_come_out_in_order(dut, source_stall, sink_stall):
    await start(dut)
    words = [random.getrandbits(WIDTH) for _ in range(400)]
    Source(dut, "data", source_stall).send(*words)
    assert await Sink(dut, "data", sink_stall).receive(len(words)) == words
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.count_o.value) == 0


@cocotb.test()
async def holds_its_depth_and_three_more(dut):
    await start(dut)
    source = Source(dut, "data", Stall.NONE)
    dut.data_ready_i.value = 0
    source.send(*range(DEPTH + 9))
    await ClockCycles(dut.clk_i, 3 * DEPTH)
    assert source.sent == DEPTH + 3
    assert int(dut.count_o.value) == DEPTH + 3


@cocotb.test()
async def one_word_per_cycle(dut):
    await start(dut)
    Source(dut, "data", Stall.NONE).send(*range(200))
    sink = Sink(dut, "data", Stall.NONE)
    cycles = 0
    while len(sink.words) < 200:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles <= 208


def test_fifo_ram():
    run("fifo_ram", parameters={"Width": WIDTH, "Depth": DEPTH})
