"""Bench of hdl/prim/distance_table.sv, with either body: every bit of the word, every distance, every angle at windows of
every kind. The plain body is compared with the definition; so is the vendor's, hence they are equal.
"""

import random

import cocotb
from bench.records import CEILING, FURTHER, KEY_BIAS, NONE, column_addresses, tables
from bench.runner import run
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

WORD_LATENCY, ANGLE_LATENCY = 4, 1
ONES = (1 << 128) - 1


def parities(word: int) -> int:
    return sum((address.bit_count() & 1) << column for column, address in enumerate(column_addresses(word)))


def expected_key(word, angle, probe, probe_angle, gate):
    distance = (word ^ probe).bit_count()
    turn = ((angle - probe_angle + 128) & 255) - 128
    return distance + KEY_BIAS if -gate <= turn <= gate and distance < CEILING else NONE


async def begin(dut):
    dut.stage_valid_i.value = 0b1111
    dut.write_i.value = 0
    dut.word_i.value = dut.angle_i.value = dut.parities_i.value = dut.odd_i.value = 0
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start(start_high=False))
    await RisingEdge(dut.clk_i)


async def store(dut, word, angle, gate, present=True):
    dut.write_word_i.value = word
    dut.write_angle_i.value = angle
    dut.write_gate_i.value = gate
    dut.write_present_i.value = int(present)
    for step, (halves, further) in enumerate(tables(word, angle, gate, present)):
        dut.write_i.value = 1
        dut.write_step_i.value = step
        dut.write_halves_i.value = halves
        dut.write_further_i.value = FURTHER.pack(**FURTHER.unpack(further))
        dut.word_i.value = sum(step << 5 * column for column in range(4))
        await RisingEdge(dut.clk_i)
    dut.write_i.value = 0


async def stream(dut, pairs):
    """Keys of (word, angle) pairs, one per cycle; the angle follows its word three cycles later."""
    keys = []
    late = WORD_LATENCY - ANGLE_LATENCY
    for i in range(len(pairs) + WORD_LATENCY + 1):
        if i < len(pairs):
            dut.word_i.value = pairs[i][0]
            dut.parities_i.value = parities(pairs[i][0])
        if 0 <= i - late < len(pairs):
            word, angle = pairs[i - late]
            dut.angle_i.value = angle
            dut.odd_i.value = word.bit_count() & 1
        await RisingEdge(dut.clk_i)
        if i >= WORD_LATENCY:
            keys.append(int(dut.key_o.value))
    return keys[: len(pairs)]


async def check(dut, probe, probe_angle, gate, pairs, present=True):
    expected = [expected_key(word, angle, probe, probe_angle, gate) if present else NONE for word, angle in pairs]
    seen = await stream(dut, pairs)
    wrong = [(hex(word ^ probe), angle, want, got) for (word, angle), want, got in zip(pairs, expected, seen, strict=True) if want != got]
    assert not wrong, f"probe angle {probe_angle}, gate {gate}: {wrong[:3]} and {len(wrong) - 3} more"
    return set(expected)


@cocotb.test()
async def every_bit_counts_once(dut):
    rng = random.Random(31)
    await begin(dut)
    seen = set()
    for probe in (0, ONES, *(rng.getrandbits(128) for _ in range(6))):
        await store(dut, probe, 7, 127)
        words = [probe, *(probe ^ 1 << bit for bit in range(128)), *(probe ^ ONES ^ 1 << bit for bit in range(128))]
        # Every distance, the bits at random places, and in one piece, in which whole columns are ones.
        for distance in range(129):
            words.append(probe ^ sum(1 << bit for bit in rng.sample(range(128), distance)))
            words.append(probe ^ ((1 << distance) - 1))
            words.append(probe ^ ((1 << distance) - 1) << 128 - distance)
        # Around the ceiling, where the sum must neither wrap nor stop early.
        for _ in range(1500):
            words.append(probe ^ sum(1 << bit for bit in rng.sample(range(128), rng.randrange(54, 66))))
        seen |= await check(dut, probe, 7, 127, [(word, rng.randrange(256)) if rng.random() < 0.1 else (word, 7) for word in words])
    assert seen == {*range(KEY_BIAS, NONE + 1)}, "a distance did not occur"


@cocotb.test()
async def every_angle_at_windows_of_every_kind(dut):
    rng = random.Random(32)
    await begin(dut)
    for gate in (0, 1, 2, 3, 4, 5, 7, 8, 12, 43, 119, 120, 123, 124, 125, 126, 127):
        for angle in (0, 3, 7, 8, 128, 131, 250, 255):
            probe = rng.getrandbits(128)
            await store(dut, probe, angle, gate)
            await check(dut, probe, angle, gate, [(probe ^ turn & 7, turn) for turn in range(256)])


@cocotb.test()
async def nothing_is_near_to_an_empty_lane(dut):
    await begin(dut)
    await store(dut, 0, 0, 127)
    await store(dut, 0, 0, 127, present=False)
    await check(dut, 0, 0, 127, [(0, angle) for angle in range(256)], present=False)


def test_distance_table():
    run("distance_table")


def test_distance_table_vendor():
    run("distance_table", vendor=True)


