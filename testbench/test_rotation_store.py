"""Bench of hdl/match/rotation_store.sv: what was loaded comes out, by row and by lane."""

import random

import cocotb
import whorl
from bench.records import LANES, probe_writes, random_record
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge


def rows(record) -> list[list[int]]:
    """Rotated positions of the image as rotated_t: y above x, 13 bits each."""
    image = whorl.probe_image(record)
    words = [int.from_bytes(image[at : at + 4], "little") for at in range(64 * 16, len(image), 4)]
    packed = [(word >> 16 & 0x1FFF) << 13 | word & 0x1FFF for word in words]
    return [packed[LANES * row : LANES * (row + 1)] for row in range(64)]


@cocotb.test()
async def both_reads_give_what_was_loaded(dut):
    rng = random.Random(22)
    for name in ("probe_write_valid_i", "lane_read_i", "row_read_i"):
        getattr(dut, name).value = 0
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start())
    for count in (48, 20):
        record = random_record(rng, count)
        for write in probe_writes(record):
            dut.probe_write_valid_i.value = 1
            dut.probe_write_i.value = write
            await RisingEdge(dut.clk_i)
        dut.probe_write_valid_i.value = 0
        wanted = rows(record)
        for row in range(64):
            dut.row_read_i.value = 1
            dut.row_i.value = row
            await RisingEdge(dut.clk_i)
            dut.row_read_i.value = 0
            await ClockCycles(dut.clk_i, 2)
            assert [int(dut.row_o[lane].value) for lane in range(LANES)] == wanted[row]
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


def test_rotation_store():
    run("rotation_store")
