"""Bench of hdl/prim/fifo.sv."""

import random

import cocotb
import pytest
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


@cocotb.test()
@cocotb.parametrize(source_stall=STALLS, sink_stall=STALLS)
async def words_come_out_in_order(dut, source_stall, sink_stall):
    await start(dut)
    words = [random.getrandbits(int(dut.Width.value)) for _ in range(500)]
    Source(dut, "data", source_stall).send(*words)
    assert await Sink(dut, "data", sink_stall).receive(len(words)) == words


@cocotb.test()
async def a_full_queue_holds_depth_words_and_refuses(dut):
    await start(dut)
    depth = int(dut.Depth.value)
    source = Source(dut, "data", Stall.NONE)
    dut.data_ready_i.value = 0
    source.send(*range(1, depth + 2))
    await ClockCycles(dut.clk_i, 2 * depth + 4)
    assert source.sent == depth
    assert int(dut.count_o.value) == depth
    assert int(dut.data_o.value) == 1


@cocotb.test()
async def one_word_per_cycle(dut):
    await start(dut)
    count = 200
    Source(dut, "data", Stall.NONE).send(*[i & 0xFF for i in range(count)])
    sink = Sink(dut, "data", Stall.NONE)
    cycles = 0
    while len(sink.words) < count:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles <= count + 4


@cocotb.test()
async def reset_empties(dut):
    await start(dut)
    source = Source(dut, "data", Stall.NONE)
    dut.data_ready_i.value = 0
    source.send(7)
    await ClockCycles(dut.clk_i, 4)
    assert int(dut.data_valid_o.value) == 1
    dut.rst_i.value = 1
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.data_valid_o.value) == 0
    assert int(dut.count_o.value) == 0


@pytest.mark.parametrize("depth", [2, 16])
def test_fifo(depth):
    run("fifo", parameters={"Width": 8, "Depth": depth})
