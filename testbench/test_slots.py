"""Bench of hdl/match/slots.sv: slots after each record against the model's taps."""

import random

import cocotb
import whorl
from bench.records import (
    FINISHED,
    KEY_BIAS,
    LANES,
    NEAREST,
    NONE,
    RECORD_TRACE,
    SLOT_WRITE,
    TRACE,
    minutia_writes,
    random_record,
    slot_of,
)
from bench.runner import run
from bench.streams import STALLS, start
from cocotb.triggers import RisingEdge


def winners(probe, record, index):
    """The record as lane_array and winner would hand it to slots: (nearest, trace, record) per beat."""
    minutiae = whorl.unpack(record)
    if not minutiae:
        trace = TRACE.pack(angle=0, y=0, x=0, present=0, first=1, last=1)
        return [(NEAREST.pack(key=KEY_BIAS + 3, lane=1), trace, RECORD_TRACE.pack(index=index, count=0))]  # whatever the lanes say
    steps = []
    for i, winner in enumerate(whorl.taps(probe, record)["winners"]):
        x, y, angle, *_ = minutiae[i]
        lane, distance, _ = winner or (0, NONE - KEY_BIAS, False)
        last = i == len(minutiae) - 1
        trace = TRACE.pack(angle=angle, y=y, x=x, present=1, first=i == 0, last=last)
        # Before the last beat the record's words are left to chance.
        told = {"index": index, "count": i + 1} if last else {"index": index ^ 0xFFFFFFFF, "count": 0}
        record_word = RECORD_TRACE.pack(**told)
        steps.append((NEAREST.pack(key=distance + KEY_BIAS, lane=lane), trace, record_word))
    return steps


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def slots_equal_the_model(dut, stall):
    rng = random.Random(f"slots {stall}")
    dut.nearest_valid_i.value = 0
    dut.probe_write_valid_i.value = 0
    await start(dut)
    probe = random_record(rng, LANES)
    for write in minutia_writes(probe):
        dut.probe_write_valid_i.value = 1
        dut.probe_write_i.value = write
        await RisingEdge(dut.clk_i)
    dut.probe_write_valid_i.value = 0

    lengths = [0, 1, 1, 0, 96, 2, 48] + [rng.randrange(97) for _ in range(40)]
    records = [random_record(rng, n, probe if rng.random() < 0.7 else None) for n in lengths]
    indices = [rng.randrange(1 << 32) for _ in records]
    steps = [step for index, record in zip(indices, records, strict=True) for step in winners(probe, record, index)]
    pattern = stall.pattern(3)
    written, fresh, finished = {}, 0, []
    again = 0
    while len(finished) < len(records):
        dut.nearest_valid_i.value = 0
        if steps and not next(pattern):
            nearest, trace, record_word = steps.pop(0)
            dut.nearest_valid_i.value = 1
            dut.nearest_i.value = nearest
            dut.trace_i.value = trace
            dut.record_i.value = record_word
        await RisingEdge(dut.clk_i)
        if int(dut.slot_write_valid_o.value):
            write = SLOT_WRITE.unpack(int(dut.slot_write_o.value))
            assert write["bank"] == len(finished) & 1
            assert write["fresh"] == (write["lane"] not in written)
            again += not write["fresh"]
            fresh += write["fresh"]
            written[write["lane"]] = {name: write[name] for name in ("weight", "turn", "y", "x")}
        if int(dut.finished_valid_o.value):
            record = records[len(finished)]
            taps = whorl.taps(probe, record)
            expected = {lane: slot for lane in range(LANES) if (slot := slot_of(taps, lane))}
            assert written == expected
            word = FINISHED.unpack(int(dut.finished_o.value))
            count = len(whorl.unpack(record))
            place = len(finished)
            assert word == {"index": indices[place], "count": count, "occupied": fresh, "bank": place & 1}
            finished.append(word)
            written, fresh = {}, 0
    assert again > 20, "no slot changed hands: the bench compares nothing"


def test_slots():
    run("slots")
