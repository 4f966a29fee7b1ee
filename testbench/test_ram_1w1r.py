"""Bench of hdl/prim/ram_1w1r.sv: chunk writes, old data on a collision, held output."""

import random

import cocotb
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

WIDTH, CHUNKS, DEPTH = 9, 3, 8


@cocotb.test()
async def behaves_as_an_array(dut):
    rng = random.Random(41)
    for name in ("write_enable_i", "write_address_i", "write_data_i", "read_enable_i", "read_address_i"):
        getattr(dut, name).value = 0
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    words, output = [None] * DEPTH, None
    for address in range(DEPTH):  # a power-on value is not promised
        dut.write_enable_i.value = 7
        dut.write_address_i.value = address
        dut.write_data_i.value = words[address] = rng.getrandbits(WIDTH * CHUNKS)
        await RisingEdge(dut.clk_i)
    for _ in range(2000):
        enable, write_to, read_from = rng.randrange(8), rng.randrange(DEPTH), rng.randrange(DEPTH)
        data, read = rng.getrandbits(WIDTH * CHUNKS), rng.random() < 0.7
        dut.write_enable_i.value = enable
        dut.write_address_i.value = write_to
        dut.write_data_i.value = data
        dut.read_enable_i.value = int(read)
        dut.read_address_i.value = read_from
        await RisingEdge(dut.clk_i)
        if output is not None:
            assert int(dut.read_data_o.value) == output
        if read:
            output = words[read_from]
        for chunk in range(CHUNKS):
            if enable >> chunk & 1:
                mask = (1 << WIDTH) - 1 << WIDTH * chunk
                words[write_to] = words[write_to] & ~mask | data & mask


def test_ram_1w1r():
    run("ram_1w1r", parameters={"ChunkWidth": WIDTH, "Chunks": CHUNKS, "Depth": DEPTH})
