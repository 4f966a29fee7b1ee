"""Bench of hdl/prim/pair_window.sv: the edges of both windows, and any values at all, at a pair per cycle."""

import random

import cocotb
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

MODULUS = 1 << 14


def pair(rng):
    """Rotated position, offsets and the position's values, mostly near the windows' edges."""
    position_x, position_y = rng.randrange(4096), rng.randrange(-2048, 2048)
    rotated_x, rotated_y = rng.randrange(8192), rng.randrange(-4096, 4096)
    if rng.random() < 0.9:
        offset_x = rotated_x - position_x - 1 + 6144 + rng.choice((-1, 0, 1, 12, 22, 23, 24, -8192, 8192, 32))
        offset_y = rotated_y - position_y + rng.choice((-1, 0, 1, 12, 22, 23, 24, -8192, 8192, 32))
    else:
        offset_x, offset_y = rng.randrange(MODULUS), rng.randrange(MODULUS)
    return position_x, position_y, rotated_x, rotated_y, min(max(offset_x, 0), MODULUS - 1), offset_y % MODULUS


@cocotb.test()
async def near_is_both_windows_and_the_extra(dut):
    rng = random.Random(52)
    for name in ("position_load_i", "stage_valid_i", "extra_i"):
        getattr(dut, name).value = 0
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    # Cycle c: the position is loaded and the rotated position of c captured; offsets belong to c - 1, extra to c - 2.
    pairs, extras, near = [], [], 0
    for cycle in range(30000):
        pairs.append(pair(rng))
        extras.append(rng.random() < 0.8)
        dut.position_load_i.value = 1
        dut.position_x_i.value, dut.position_y_i.value = pairs[-1][:2]
        dut.rotated_x_i.value, dut.rotated_y_i.value = pairs[-1][2:4]
        if cycle > 1:
            dut.offset_x_i.value, dut.offset_y_i.value = pairs[-2][4:]
            dut.extra_i.value = int(extras[-3])
            dut.stage_valid_i.value = 7
        await RisingEdge(dut.clk_i)
        if cycle > 6:
            position_x, position_y, rotated_x, rotated_y, offset_x, offset_y = pairs[-4]
            in_x = 6144 <= position_x - rotated_x + offset_x + 1 < 6168
            in_y = (position_y - rotated_y + offset_y) % MODULUS < 24
            wanted = in_x and in_y and extras[-4]
            assert int(dut.far_o.value) == (not wanted), (pairs[-4], extras[-4])
            near += wanted
    assert near > 2000, "too few pairs are near: the bench compares little"


@cocotb.test()
async def what_is_not_valid_is_held(dut):
    for name in ("position_x_i", "position_y_i", "rotated_x_i", "rotated_y_i", "offset_y_i"):
        getattr(dut, name).value = 0
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    dut.position_load_i.value, dut.extra_i.value, dut.offset_x_i.value, dut.stage_valid_i.value = 1, 1, 6150, 7
    for _ in range(5):
        await RisingEdge(dut.clk_i)
    assert int(dut.far_o.value) == 0
    dut.position_load_i.value, dut.stage_valid_i.value = 0, 0
    for name in ("position_x_i", "rotated_x_i", "offset_x_i"):
        getattr(dut, name).value = 3000
    for _ in range(5):
        await RisingEdge(dut.clk_i)
    assert int(dut.far_o.value) == 0


def test_pair_window():
    run("pair_window")
