"""Bench of hdl/match/lane.sv: which minutia it takes as its own, and its key (more in test_lane_array)."""

import random

import cocotb
import whorl
from bench.records import MINUTIA, probe_writes, random_record
from bench.runner import run
from bench.streams import start
from cocotb.triggers import RisingEdge
from test_lane_array import NONE, expected_keys

LANE = 37


@cocotb.test()
async def keys_of_its_own_minutia_only(dut):
    rng = random.Random(21)
    for name in ("stage_valid_i", "probe_write_valid_i"):
        getattr(dut, name).value = 0
    await start(dut)
    for count in (48, LANE, LANE + 1):
        dut.gate_i.value = gate = 60
        record = random_record(rng, count)
        # All lanes' minutiae in any order, and rotation rows: all but one must pass by.
        writes = probe_writes(record)[: 48 + 12]
        rng.shuffle(writes)
        for write in writes:
            dut.probe_write_valid_i.value = 1
            dut.probe_write_i.value = write
            await RisingEdge(dut.clk_i)
        dut.probe_write_valid_i.value = 0
        probe = whorl.unpack(record)
        for _ in range(50):
            _, _, angle, descriptor, _, _ = rng.choice(probe[30:])
            angle = angle + rng.choice((0, 60, 61, -60, -61)) & 255
            descriptor = int.from_bytes(descriptor, "little") ^ rng.getrandbits(128) & rng.getrandbits(128)
            dut.minutia_i.value = MINUTIA.pack(angle=angle, y=0, x=0, descriptor=descriptor)
            for stage in (1, 2, 4, 0):
                dut.stage_valid_i.value = stage
                await RisingEdge(dut.clk_i)
            expected = expected_keys(probe, angle, descriptor, gate)[LANE]
            assert int(dut.key_o.value) == expected
            assert count > LANE or expected == NONE


def test_lane():
    run("lane", parameters={"Lane": LANE})
