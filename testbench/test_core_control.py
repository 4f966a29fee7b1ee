"""Bench of hdl/top/core_control.sv."""

import cocotb
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, RisingEdge


async def begin(dut):
    dut.enable_i.value = dut.reset_i.value = 0
    dut.engine_quiet_i.value = dut.dma_settled_i.value = 1
    await start(dut)
    starts = []
    cocotb.start_soon(count(dut, starts))
    await until(dut, "ready_o")
    return starts


async def count(dut, starts):
    while True:
        await RisingEdge(dut.clk_i)
        if int(dut.admin_start_o.value):
            starts.append(1)


async def until(dut, name, value=1, cycles=64):
    for n in range(cycles):
        if int(getattr(dut, name).value) == value:
            return n
        await RisingEdge(dut.clk_i)
    raise AssertionError(f"{name} is not {value} in {cycles} cycles")


async def reset(dut):
    dut.reset_i.value = 1
    await RisingEdge(dut.clk_i)
    dut.reset_i.value = 0
    await RisingEdge(dut.clk_i)


@cocotb.test()
async def enabling_starts_the_admin_pair_once(dut):
    starts = await begin(dut)
    assert int(dut.core_rst_o.value) == 0
    for n in range(3):
        dut.enable_i.value = 1
        await ClockCycles(dut.clk_i, 20)
        assert len(starts) == n + 1 and int(dut.forget_o.value) == 0
        dut.enable_i.value = 0
        await ClockCycles(dut.clk_i, 20)
    assert int(dut.ready_o.value) == 1


@cocotb.test()
async def disabling_forgets_and_waits_for_quiet(dut):
    starts = await begin(dut)
    dut.enable_i.value = 1
    await ClockCycles(dut.clk_i, 5)
    dut.engine_quiet_i.value = 0
    dut.enable_i.value = 0
    await until(dut, "forget_o")
    dut.enable_i.value = 1  # enabled again while the old command still ends
    await ClockCycles(dut.clk_i, 50)
    assert int(dut.forget_o.value) == 1 and len(starts) == 1
    dut.engine_quiet_i.value = 1
    await until(dut, "forget_o", 0)
    await ClockCycles(dut.clk_i, 5)
    assert len(starts) == 2


@cocotb.test()
async def a_reset_drains_first_and_takes_64_cycles_at_most(dut):
    starts = await begin(dut)
    for enabled in (0, 1):
        dut.enable_i.value = enabled
        await ClockCycles(dut.clk_i, 5)
        dut.dma_settled_i.value = 0
        await reset(dut)
        await ClockCycles(dut.clk_i, 50)
        assert (int(dut.drain_o.value), int(dut.core_rst_o.value), int(dut.ready_o.value)) == (1, 0, 0)
        dut.dma_settled_i.value = 1
        await until(dut, "core_rst_o")
        assert int(dut.drain_o.value) == 0
        assert await until(dut, "ready_o") <= 64
        assert int(dut.core_rst_o.value) == 0
    # Enabled all through: the admin pair starts again.
    await ClockCycles(dut.clk_i, 5)
    assert len(starts) == 2


@cocotb.test()
async def a_reset_while_stopping_resets(dut):
    await begin(dut)
    dut.enable_i.value = 1
    await ClockCycles(dut.clk_i, 5)
    dut.engine_quiet_i.value = 0
    dut.enable_i.value = 0
    await ClockCycles(dut.clk_i, 5)
    await reset(dut)
    await until(dut, "core_rst_o")
    await until(dut, "ready_o")
    assert int(dut.forget_o.value) == 0


@cocotb.test()
async def a_bus_that_never_settles_is_left_behind(dut):
    await begin(dut)
    dut.dma_settled_i.value = 0
    await reset(dut)
    assert 60 <= await until(dut, "core_rst_o", cycles=80) <= 66
    await until(dut, "ready_o")


def test_core_control():
    run("core_control", parameters={"DrainCyclesMax": 64})
