"""Bench of hdl/queue/memory_range.sv."""

import cocotb
import pytest
from bench.layout import limit
from bench.queue import FAR_LINES, rng
from bench.runner import run
from cocotb.triggers import Timer

LINE, UNIT = limit("LINE_BYTES"), limit("CHANNEL_UNIT_BYTES")


async def valid(dut, memory, address, lines):
    dut.memory_i.value, dut.host_addr_i.value, dut.lines_i.value = memory, address, lines
    await Timer(1, unit="ns")
    return bool(int(dut.valid_o.value))


@cocotb.test()
async def a_run_lies_in_its_memory_or_not(dut):
    channels, random = int(dut.Channels.value), rng(3)
    sizes = [1, 0xFFFF_FFFF, 7, 300, 0, 2, 3, 4][: max(channels, 1)]
    # Sizes of every bit; whoever asks last is answered by the sizes of that time.
    for sizes in (sizes, [units ^ 0xFFFF_FFFF for units in sizes], sizes):
        await runs_lie_in_their_memories_or_not(dut, channels, random, sizes)


async def runs_lie_in_their_memories_or_not(dut, channels, random, sizes):
    for channel, units in enumerate(sizes):
        dut.memory_units_i[channel].value = units
    # The host's memory is the host's to judge.
    for address in (0, 1 << 40, (1 << 64) - LINE, *FAR_LINES):
        assert await valid(dut, 0, address, (1 << 24) - 1)
    for channel, units in enumerate(sizes[:channels]):
        end = units * UNIT
        for lines in (1, 2, 1024, (1 << 24) - 1, random.randint(1, 1 << 23)):
            for slack in (-LINE, 0, LINE):
                address = end - lines * LINE + slack
                if address >= 0:
                    assert await valid(dut, channel + 1, address, lines) == (slack <= 0), (channel, lines, slack)
        assert not await valid(dut, channel + 1, (1 << 64) - LINE, 1)
        assert not await valid(dut, channel + 1, (1 << 64) - LINE, 2)
        # No channel is that large, so each of these bits alone puts a run outside.
        for bit in range(48, 64):
            assert not await valid(dut, channel + 1, 1 << bit, 1), (channel, bit)
    for memory in (channels + 1, channels + 2, 0x10, 0x80, 0xFF):
        assert not await valid(dut, memory, 0, 1)


@pytest.mark.parametrize("channels", [0, 1, 8])
def test_memory_range(channels):
    run("memory_range", parameters={"Channels": channels})
