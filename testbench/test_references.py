"""Bench of hdl/match/references.sv: the occupied lanes of each record, in the order of their first win."""

import random

import cocotb
from bench.records import FINISHED, LANES, REFERENCE, SLOT_WRITE, moved_of
from bench.runner import run
from bench.streams import STALLS, start
from cocotb.triggers import RisingEdge


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def references_are_the_slots_in_order(dut, stall):
    """The next record is written while one is read out, and finishes in the very cycle in which it may."""
    rng = random.Random(f"references {stall}")
    for name in ("slot_write_valid_i", "slot_write_i", "finished_valid_i", "finished_i"):
        getattr(dut, name).value = 0
    await start(dut)
    expected, seen = [], []
    cycle, free = 0, 0  # free: the first cycle in which the next record may finish

    async def step():
        nonlocal cycle
        await RisingEdge(dut.clk_i)
        cycle += 1
        if int(dut.reference_valid_o.value):
            seen.append(REFERENCE.unpack(int(dut.reference_o.value)))
        dut.slot_write_valid_i.value = 0
        dut.finished_valid_i.value = 0

    pattern = stall.pattern(4)
    for index in range(60):
        bank = index & 1
        slots = {}
        writes = rng.choice((0, 1, 1, 2, 10, 60, 200))
        for n in range(writes):
            while next(pattern):
                await step()
            lane = rng.randrange(rng.choice((3, LANES)))
            slot = {"weight": rng.randrange(1, 64), "turn": rng.randrange(256), "y": rng.randrange(4096), "x": rng.randrange(4096)}
            last = n == writes - 1
            if last:
                # A record finishes with its last win at the earliest, while the last reference of the one before is read.
                while cycle < free:
                    await step()
            dut.slot_write_valid_i.value = 1
            dut.slot_write_i.value = SLOT_WRITE.pack(bank=bank, fresh=lane not in slots, lane=lane, **slot)
            slots[lane] = slot
            if not last:
                await step()
        if not writes:
            while cycle < free:
                await step()
        count = rng.randrange(97)
        dut.finished_valid_i.value = 1
        dut.finished_i.value = FINISHED.pack(index=index, count=count, occupied=len(slots), bank=bank)
        free = cycle + max(1, len(slots))
        await step()
        common = {"index": index, "count": count}
        for place, (lane, slot) in enumerate(slots.items()):
            edges = {"first": int(place == 0), "last": int(place == len(slots) - 1)}
            expected.append({**common, "occupied": 1, **edges, "lane": lane, **moved_of(slot)})
        if not slots:
            expected.append({**common, "occupied": 0, "first": 1, "last": 1})
    for _ in range(60):
        await step()
    for reference, wanted in zip(seen, expected, strict=True):
        assert {name: reference[name] for name in wanted} == wanted


def test_references():
    run("references")
