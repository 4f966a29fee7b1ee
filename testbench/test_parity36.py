"""Bench of hdl/prim/parity36.sv."""

import random

import cocotb
from bench.runner import run
from cocotb.triggers import Timer


@cocotb.test()
async def counts_ones(dut):
    rng = random.Random(57)
    for bits in [1 << bit for bit in range(36)] + [0, (1 << 36) - 1] + [rng.getrandbits(36) for _ in range(2000)]:
        dut.bits_i.value = bits
        await Timer(1, unit="ns")
        assert int(dut.odd_o.value) == bits.bit_count() & 1


def test_parity36():
    run("parity36")
