"""Bench of hdl/prim/ram_1rw.sv: chunk writes, held output."""

import random

import cocotb
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

WIDTH, CHUNKS, DEPTH = 9, 3, 8


@cocotb.test()
async def behaves_as_an_array(dut):
    rng = random.Random(54)
    mask = (1 << WIDTH) - 1
    for name in ("write_enable_i", "write_data_i", "read_enable_i", "address_i"):
        getattr(dut, name).value = 0
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    words, output = [0] * DEPTH, None
    for cycle in range(3000):
        fill = cycle < DEPTH  # a power-on value is not promised
        enable = 7 if fill else rng.choice((0, 0, 0, rng.randrange(8)))
        address, data = cycle if fill else rng.randrange(DEPTH), rng.getrandbits(WIDTH * CHUNKS)
        read = not enable and rng.random() < 0.7
        dut.write_enable_i.value, dut.write_data_i.value = enable, data
        dut.address_i.value, dut.read_enable_i.value = address, int(read)
        await RisingEdge(dut.clk_i)
        if output is not None:
            assert int(dut.read_data_o.value) == output
        if read:
            output = words[address]
        for chunk in range(CHUNKS):
            if enable >> chunk & 1:
                keep = words[address] & ~(mask << WIDTH * chunk)
                words[address] = keep | data & mask << WIDTH * chunk


def test_ram_1rw():
    run("ram_1rw", parameters={"ChunkWidth": WIDTH, "Chunks": CHUNKS, "Depth": DEPTH})
