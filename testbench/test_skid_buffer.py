"""Bench of hdl/prim/skid_buffer.sv."""

import random

import cocotb
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


@cocotb.test()
@cocotb.parametrize(source_stall=STALLS, sink_stall=STALLS)
async def words_come_out_in_order(dut, source_stall, sink_stall):
    await start(dut)
    words = [random.getrandbits(16) for _ in range(400)]
    Source(dut, "data", source_stall).send(*words)
    assert await Sink(dut, "data", sink_stall).receive(len(words)) == words


@cocotb.test()
async def holds_two_words(dut):
    await start(dut)
    source = Source(dut, "data", Stall.NONE)
    dut.data_ready_i.value = 0
    source.send(*range(9))
    await ClockCycles(dut.clk_i, 12)
    assert source.sent == 2


@cocotb.test()
async def one_word_per_cycle(dut):
    await start(dut)
    Source(dut, "data", Stall.NONE).send(*range(200))
    sink = Sink(dut, "data", Stall.NONE)
    cycles = 0
    while len(sink.words) < 200:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles <= 204


def test_skid_buffer():
    run("skid_buffer", parameters={"Width": 16})
