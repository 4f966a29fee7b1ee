"""Bench of hdl/match/consistency_lane.sv: the edges of the three windows, and the swap of the slots."""

import random

import cocotb
from bench.fields import Fields
from bench.records import SLOT, WINDOW
from bench.runner import run
from bench.streams import start
from cocotb.triggers import RisingEdge

HERE, ELSEWHERE = 3, (0, 1, 2)  # values of write_select_i
ROTATED = Fields(("y", 13), ("x", 13))


async def begin(dut):
    for name in ("write_slot_i", "swap_i", "stage_valid_i"):
        getattr(dut, name).value = 0
    dut.write_select_i.value = 0
    await start(dut)


async def cycle(dut, write=None, swap=False):
    if write is not None:
        select, slot = write
        dut.write_select_i.value = select
        dut.write_slot_i.value = SLOT.pack(**{**slot, "x": slot["x"] + 2048})
    dut.swap_i.value = int(swap)
    await RisingEdge(dut.clk_i)
    dut.write_select_i.value = 0
    dut.swap_i.value = 0


async def contribution(dut, x=0, y=0, turn=0, error_x=0, error_y=0) -> int:
    """x, y: the lane's rotated position; the rest is the reference's."""
    dut.rotated_i.value = ROTATED.pack(y=y, x=x + 4096)
    # offset_x: 12 - error, the window's base, and what the two offset binaries leave; see pair_window.
    window = {"offset_x": 12 - error_x + 6144 - 1 - 2048 + 4096, "offset_y": 12 - error_y, "turn_low": turn - 16}
    dut.window_i.value = WINDOW.pack(**window)
    for stage in (1, 2, 4, 0):
        dut.stage_valid_i.value = stage
        await RisingEdge(dut.clk_i)
    await RisingEdge(dut.clk_i)
    return int(dut.contribution_o.value)


@cocotb.test()
async def windows_end_where_the_model_says(dut):
    rng = random.Random(23)
    await begin(dut)
    for _ in range(400):
        slot = {"weight": rng.randrange(1, 64), "turn": rng.randrange(-128, 128), "y": rng.randrange(-2047, 2048), "x": rng.randrange(-2047, 2048)}
        await cycle(dut, (HERE, slot))
        await cycle(dut, swap=True)
        off_x, off_y = (rng.choice((-13, -12, 0, 11, 12)) for _ in range(2))
        off_turn = rng.choice((-17, -16, 0, 15, 16))
        x, y = (rng.randrange(-2896, 2897) for _ in range(2))
        error_x, error_y = slot["x"] - x - off_x, slot["y"] - y - off_y
        turn = slot["turn"] - off_turn
        if not -128 <= turn < 128:
            continue
        inside = -12 <= off_x <= 11 and -12 <= off_y <= 11 and -16 <= off_turn <= 15
        assert await contribution(dut, x, y, turn, error_x, error_y) == (slot["weight"] if inside else 0)


@cocotb.test()
async def far_differences_do_not_wrap_into_the_window(dut):
    await begin(dut)
    await cycle(dut, (HERE, {"weight": 7, "turn": 127, "y": 2047, "x": 2047}))
    await cycle(dut, swap=True)
    assert await contribution(dut, x=-2896, y=2047, turn=127, error_x=-4943, error_y=0) == 0
    assert await contribution(dut, x=2047, y=2047, turn=-128, error_x=0, error_y=0) == 0
    assert await contribution(dut, x=2047, y=2047, turn=127, error_x=0, error_y=0) == 7


@cocotb.test()
async def a_swap_takes_over_and_empties(dut):
    await begin(dut)
    slot = {"turn": 0, "y": 0, "x": 0}
    await cycle(dut, (HERE, {"weight": 11, **slot}))
    assert await contribution(dut) == 0, "a slot counts before the swap"
    # The next record's first win comes with the swap: it is not the old record's.
    await cycle(dut, (HERE, {"weight": 22, **slot}), swap=True)
    assert await contribution(dut) == 11
    for select in ELSEWHERE:
        await cycle(dut, (select, {"weight": 55, **slot}))
    await cycle(dut, swap=True)
    assert await contribution(dut) == 22
    await cycle(dut, swap=True)
    assert await contribution(dut) == 0, "a record without this lane inherits its slot"
    await cycle(dut, (HERE, {"weight": 33, **slot}))
    dut.rst_i.value = 1
    await RisingEdge(dut.clk_i)
    dut.rst_i.value = 0
    await cycle(dut, swap=True)
    assert await contribution(dut) == 0, "a slot survives the reset"


def test_consistency_lane():
    run("consistency_lane")
