"""Bench of hdl/match/lane_array.sv and the lanes in it: keys from distances and angles."""

import random

import cocotb
import whorl
from bench.records import CEILING, KEY_BIAS, LANES, MINUTIA, NONE, minutia_writes, random_record
from bench.runner import run
from bench.streams import STALLS, start
from cocotb.triggers import RisingEdge


def expected_keys(probe, angle, descriptor, gate):
    """Keys of MATCHER 3, pass A, spelled out: the binding shows winners only."""
    keys = []
    for _, _, lane_angle, lane_descriptor, _, _ in probe:
        turn = ((angle - lane_angle + 128) & 255) - 128
        distance = (int.from_bytes(lane_descriptor, "little") ^ descriptor).bit_count()
        keys.append(distance + KEY_BIAS if -gate <= turn <= gate and distance < CEILING else NONE)
    return keys + [NONE] * (LANES - len(probe))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def keys_are_distances_within_the_gate(dut, stall):
    rng = random.Random(f"lanes {stall}")
    dut.minutia_valid_i.value = 0
    dut.probe_write_valid_i.value = 0
    await start(dut)
    pattern = stall.pattern(2)
    edges = set()
    for gate, count in ((43, 48), (0, 48), (127, 31), (5, 1), (43, 0)):
        record = random_record(rng, count)
        probe = whorl.unpack(record)
        for write in minutia_writes(record, gate):
            dut.probe_write_valid_i.value = 1
            dut.probe_write_i.value = write
            await RisingEdge(dut.clk_i)
        dut.probe_write_valid_i.value = 0
        expected, seen = [], []
        while len(seen) < 60:
            # Near some probe minutia: at the edges of the gate, and at the ceiling of the distance.
            _, _, angle, descriptor, _, _ = rng.choice(probe) if probe else (0, 0, 0, bytes(16), 0, 0)
            angle = angle + rng.choice((0, gate, -gate, gate + 1, -gate - 1, 128)) & 255
            flips = rng.sample(range(128), rng.choice((0, 1, 57, 58, 59, 60, 128)))
            descriptor = int.from_bytes(descriptor, "little") ^ sum(1 << bit for bit in flips)
            valid = not next(pattern)
            dut.minutia_valid_i.value = int(valid)
            dut.minutia_i.value = MINUTIA.pack(angle=angle, y=0, x=0, descriptor=descriptor)
            if valid:
                expected.append(expected_keys(probe, angle, descriptor, gate))
                edges.update(expected[-1])
            await RisingEdge(dut.clk_i)
            if int(dut.keys_valid_o.value):
                seen.append([int(dut.keys_o[lane].value) for lane in range(LANES)])
        # What is still in the lanes must not meet the next probe.
        dut.minutia_valid_i.value = 0
        for _ in range(6):
            await RisingEdge(dut.clk_i)
        assert seen == expected[: len(seen)]
    assert {KEY_BIAS, NONE - 1, NONE} <= edges, "the bench missed an edge"


def test_lane_array():
    run("lane_array")
