"""Bench of hdl/match/rotation_store.sv: what was loaded comes out, by row and by lane; a flipped bit is seen."""

import random

import cocotb
import pytest
import whorl
from bench.records import LANES, probe_writes, random_record
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

ROWS_BLOCK, ROWS_LUT = 0, 2  # of match_pkg


def rows(record) -> list[list[int]]:
    """Rotated positions of the image as rotated_t: y above x, 13 bits each, x in offset binary."""
    image = whorl.probe_image(record)
    words = [int.from_bytes(image[at : at + 4], "little") for at in range(64 * 16, len(image), 4)]
    packed = [(word >> 16 & 0x1FFF) << 13 | word & 0x1FFF ^ 0x1000 for word in words]
    return [packed[LANES * row : LANES * (row + 1)] for row in range(64)]


async def begin(dut):
    for name in ("probe_write_valid_i", "lane_read_i", "row_read_i", "row_i", "lane_row_i", "lane_i"):
        getattr(dut, name).value = 0
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    await reset(dut)


async def reset(dut):
    dut.rst_i.value = 1
    await ClockCycles(dut.clk_i, 4)
    dut.rst_i.value = 0


async def load(dut, record):
    for write in probe_writes(record):
        dut.probe_write_valid_i.value = 1
        dut.probe_write_i.value = write
        await RisingEdge(dut.clk_i)
    dut.probe_write_valid_i.value = 0


async def read_row(dut, row) -> list[int]:
    dut.row_read_i.value = 1
    dut.row_i.value = row
    await RisingEdge(dut.clk_i)
    dut.row_read_i.value = 0
    await RisingEdge(dut.clk_i)
    return [int(dut.row_o[lane].value) for lane in range(LANES)]


async def read_lane(dut, row, lane) -> int:
    dut.lane_read_i.value = 1
    dut.lane_row_i.value, dut.lane_i.value = row, lane
    await RisingEdge(dut.clk_i)
    dut.lane_read_i.value = 0
    await RisingEdge(dut.clk_i)
    return int(dut.lane_o.value)


@cocotb.test()
async def both_reads_give_what_was_loaded(dut):
    rng = random.Random(22)
    await begin(dut)
    for count in (48, 20):
        record = random_record(rng, count)
        await load(dut, record)
        wanted = rows(record)
        for row in range(64):
            assert await read_row(dut, row) == wanted[row]
        previous = None
        for _ in range(300):
            row, lane = rng.randrange(64), rng.randrange(LANES)
            dut.lane_read_i.value = 1
            dut.lane_row_i.value = row
            dut.lane_i.value = lane
            await RisingEdge(dut.clk_i)
            if previous is not None:
                assert int(dut.lane_o.value) == previous
            previous = wanted[row][lane]
        dut.lane_read_i.value = 0
        await ClockCycles(dut.clk_i, 5)
        assert int(dut.parity_o.value) == 0, "an undamaged memory is reported"


@cocotb.test()
async def a_flipped_bit_is_seen_when_it_is_read(dut):
    """The memories are damaged behind the back of the module, as radiation would; nothing but the read tells."""
    rng = random.Random(55)
    await begin(dut)
    record = random_record(rng, 48)
    await load(dut, record)
    wanted = rows(record)
    for _ in range(25):
        row, bit = rng.randrange(64), rng.randrange(27 * LANES)
        memory = row_words(dut, row, bit // 27)
        good = int(memory.value)
        memory.value = good ^ 1 << (bit if len(memory) > 27 else bit % 27)
        await ClockCycles(dut.clk_i, 2)
        assert await read_row(dut, (row + 1) % 64) == wanted[(row + 1) % 64]
        assert await read_lane(dut, row, bit // 27) == wanted[row][bit // 27]
        await ClockCycles(dut.clk_i, 5)
        assert int(dut.parity_o.value) == 0, "damage elsewhere is reported"
        await read_row(dut, row)
        await ClockCycles(dut.clk_i, 3)
        assert int(dut.parity_o.value) == 1, (row, bit)
        memory.value = good
        await read_row(dut, row)
        await ClockCycles(dut.clk_i, 4)
        assert int(dut.parity_o.value) == 1, "the report is not held"
        await reset(dut)
        assert await read_row(dut, row) == wanted[row]
        await ClockCycles(dut.clk_i, 4)
        assert int(dut.parity_o.value) == 0, "the report survives the reset"
    for _ in range(25):
        row, lane, bit = rng.randrange(64), rng.randrange(LANES), rng.randrange(27)
        memory = dut.i_lane_ram.words_q[row * 16 + lane // 4]
        good = int(memory.value)
        memory.value = good ^ 1 << 27 * (lane % 4) + bit
        await ClockCycles(dut.clk_i, 2)
        await read_row(dut, row)
        await read_lane(dut, row, (lane + 4) % LANES)
        await ClockCycles(dut.clk_i, 5)
        assert int(dut.parity_o.value) == 0, "damage elsewhere is reported"
        await read_lane(dut, row, lane)
        await ClockCycles(dut.clk_i, 3)
        assert int(dut.parity_o.value) == 1, (row, lane, bit)
        memory.value = good
        await reset(dut)


def row_words(dut, row, lane):
    """The memory word that holds a lane's entry: the row, or with LUT memory the entry alone."""
    if hasattr(dut, "gen_ram_rows"):
        return dut.gen_ram_rows.i_row_ram.words_q[row]
    return dut.gen_lut_rows.i_row_ram[f"gen_chunk[{lane}]"].words_q[row]


@pytest.mark.parametrize("memory", (ROWS_BLOCK, ROWS_LUT))
def test_rotation_store(memory):
    run("rotation_store", parameters={"Rows": memory}, visible=("ram_1w1r", "ram_1rw"))
