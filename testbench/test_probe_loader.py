"""Bench of hdl/match/probe_loader.sv: image lines to writes, and which slots are loaded."""

import random

import cocotb
from bench.records import PROBE_LINE, PROBE_WRITE, probe_lines, probe_writes, random_record
from bench.runner import run
from bench.streams import STALLS, Source, start
from cocotb.triggers import ClockCycles, RisingEdge

# Fields of probe_write_t that mean nothing in a write of each kind.
CHANCE = {"rotation": ("halves", "further", "step", "gate"), "minutia": ("row",)}


async def watch(dut, writes):
    while True:
        await RisingEdge(dut.clk_i)
        valid = int(dut.probe_write_valid_o.value)
        if valid:
            writes.append((valid, int(dut.probe_write_o.value)))


def meaning(write: int) -> dict:
    fields = PROBE_WRITE.unpack(write)
    chance = CHANCE["rotation" if fields["rotation"] else "minutia"]
    return {name: value for name, value in fields.items() if name not in chance}


async def begin(dut, stall):
    dut.probe_discard_valid_i.value = 0
    dut.probe_discard_slot_i.value = 0
    source = Source(dut, "probe_line", stall)
    await start(dut)
    writes = []
    cocotb.start_soon(watch(dut, writes))
    return source, writes


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def images_become_writes(dut, stall):
    rng = random.Random(f"loader {stall}")
    source, writes = await begin(dut, stall)
    expected = []
    for slot, count, gate in ((0, 48, 43), (1, 0, 0), (1, 1, 127), (0, 31, 125), (2, 20, 3)):
        record = random_record(rng, count)
        source.send(*probe_lines(record, slot, gate))
        if slot < 2:  # slot 2 does not exist
            expected += [(1 << slot, meaning(write)) for write in probe_writes(record, gate)]
    await source.drain()
    await ClockCycles(dut.clk_i, 5)
    assert [(slot, meaning(write)) for slot, write in writes] == expected
    assert int(dut.probe_loaded_o.value) == 3


@cocotb.test()
async def loaded_from_the_last_line_to_the_next_first_or_discard(dut):
    rng = random.Random(8)
    source, _ = await begin(dut, STALLS[0])

    async def loaded():
        await source.drain()
        await ClockCycles(dut.clk_i, 2)
        return int(dut.probe_loaded_o.value)

    async def discard(slot):
        dut.probe_discard_slot_i.value = slot
        dut.probe_discard_valid_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.probe_discard_valid_i.value = 0

    image = [probe_lines(random_record(rng, 9), slot) for slot in range(2)]
    source.send(*image[0][:-1])
    assert await loaded() == 0
    source.send(image[0][-1])
    assert await loaded() == 1
    source.send(*image[1])
    assert await loaded() == 3
    await discard(0)
    assert await loaded() == 2
    await discard(7)
    assert await loaded() == 2
    source.send(image[1][0])
    assert await loaded() == 0
    source.send(*image[1][1:])
    assert await loaded() == 2


@cocotb.test()
async def an_image_takes_2304_cycles(dut):
    source, writes = await begin(dut, STALLS[0])
    lines = probe_lines(random_record(random.Random(9), 40), 0)
    assert [PROBE_LINE.unpack(line)["index"] for line in lines] == list(range(208))
    source.send(*lines)
    cycles = 0
    while len(writes) < 16 * 96 + 192 * 4:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles <= 2304 + 6


def test_probe_loader():
    run("probe_loader", parameters={"Probes": 2})
