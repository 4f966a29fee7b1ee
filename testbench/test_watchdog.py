"""Bench of hdl/queue/watchdog.sv."""

import cocotb
from bench.queue import FAR_WORDS
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, RisingEdge

UNIT = 1024


async def cycles_to_expiry(dut, most):
    dut.running_i.value = 1
    for cycle in range(most):
        await RisingEdge(dut.clk_i)
        if int(dut.expired_o.value):
            return cycle
    return None


async def stop(dut):
    dut.running_i.value = 0
    await ClockCycles(dut.clk_i, 3)
    assert int(dut.expired_o.value) == 0


@cocotb.test()
async def it_expires_after_its_units_and_counts_anew_for_each_command(dut):
    dut.running_i.value = 0
    await start(dut)
    for units in (1, 3):
        dut.limit_i.value = units
        for _ in range(2):
            assert await cycles_to_expiry(dut, units * UNIT - 2) is None
            await stop(dut)
            cycles = await cycles_to_expiry(dut, (units + 1) * UNIT)
            assert units * UNIT <= cycles <= units * UNIT + 3
            await ClockCycles(dut.clk_i, 50)
            assert int(dut.expired_o.value) == 1
            await stop(dut)
    dut.limit_i.value = 0
    assert await cycles_to_expiry(dut, 5 * UNIT) is None
    dut.limit_i.value = 5  # set while a command runs that has run for as long
    assert await cycles_to_expiry(dut, UNIT) is not None
    await stop(dut)


@cocotb.test()
async def a_limit_of_hours_is_kept(dut):
    """The count is set forward to just before the limit: to let it run there would take hours."""
    dut.running_i.value = 0
    await start(dut)
    for units in (*FAR_WORDS, FAR_WORDS[0], 1 << 31, 0xFFFF_FFFF):
        dut.limit_i.value, dut.running_i.value = units, 1
        await ClockCycles(dut.clk_i, 3)
        dut.cycles_q.value = units * UNIT - 20
        cycles = await cycles_to_expiry(dut, 40)
        assert cycles is not None and 19 <= cycles <= 22, (units, cycles)
        await stop(dut)


def test_watchdog():
    run("watchdog")
