"""Bench of hdl/prim/add3.sv: full and modular sums, inverted operand, carries in."""

import os
import random

import cocotb
import pytest
from bench.runner import run
from cocotb.triggers import Timer

KINDS = ({"Width": 6}, {"Width": 3, "CarryIn": 2}, {"Width": 14, "Full": 0, "InvertB": 1, "CarryIn": 1})


@cocotb.test()
async def sums_as_integers_do(dut):
    rng = random.Random(51)
    width, full, invert, carry = (int(os.environ[name]) for name in ("WIDTH", "FULL", "INVERT", "CARRY"))
    top = (1 << width) - 1
    for _ in range(4000):
        a, b, c = (rng.choice((0, 1, top, rng.randrange(top + 1))) for _ in range(3))
        dut.a_i.value, dut.b_i.value, dut.c_i.value = a, b, c
        await Timer(1, unit="ns")
        total = a + (b ^ top if invert else b) + c + carry
        assert int(dut.sum_o.value) == (total if full else total & top), (a, b, c)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "_".join(f"{name}{value}" for name, value in kind.items()))
def test_add3(kind):
    values = {"WIDTH": kind["Width"], "FULL": kind.get("Full", 1), "INVERT": kind.get("InvertB", 0), "CARRY": kind.get("CarryIn", 0)}
    run("add3", parameters=kind, environment={name: str(value) for name, value in values.items()})
