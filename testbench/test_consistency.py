"""Bench of hdl/match/consistency.sv, its lanes and the rotation memory: the sum of every reference against the taps."""

import random

import cocotb
import whorl
from bench.records import LANES, REFERENCE, SLOT_WRITE, SUPPORTED, moved_of, probe_writes, random_record, slot_of
from bench.runner import run
from bench.streams import STALLS, start
from cocotb.triggers import RisingEdge

REFERENCE_LATENCY = 3  # of match_pkg: record finished to its first reference


class Bench:
    def __init__(self, dut):
        self.dut = dut
        self.seen, self.sums = [], []
        self.references = {}  # cycle to reference
        self.cycle = 0

    async def step(self, write=None):
        dut = self.dut
        dut.slot_write_valid_i.value = int(write is not None)
        if write is not None:
            dut.slot_write_i.value = write
        reference = self.references.pop(self.cycle, None)
        dut.reference_valid_i.value = int(reference is not None)
        if reference is not None:
            dut.reference_i.value = reference
        self.cycle += 1
        await RisingEdge(dut.clk_i)
        if int(dut.tail_valid_q.value) >> 4 & 1:
            self.sums.append(int(dut.sum.value))
        if int(dut.supported_valid_o.value):
            self.seen.append(SUPPORTED.unpack(int(dut.supported_o.value)))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def sums_equal_the_model(dut, stall):
    """Slot writes of the next record follow the last of this one without a gap: the lanes must swap in between."""
    rng = random.Random(f"consistency {stall}")
    for name in ("probe_write_valid_i", "slot_write_valid_i", "reference_valid_i"):
        getattr(dut, name).value = 0
    await start(dut)
    bench = Bench(dut)
    pattern = stall.pattern(5)
    supported = 0
    for _ in range(3):
        probe = random_record(rng, rng.choice((48, 30)))
        for write in probe_writes(probe):
            dut.probe_write_valid_i.value = 1
            dut.probe_write_i.value = write
            await RisingEdge(dut.clk_i)
        dut.probe_write_valid_i.value = 0
        bench.seen, bench.sums = [], []
        wanted, wanted_sums = [], []
        for index in range(30):
            record = random_record(rng, rng.choice((0, 1, 3, 30, 48, 96)), probe if rng.random() < 0.8 else None)
            taps = whorl.taps(probe, record)
            order = [lane for lane in range(LANES) if slot_of(taps, lane)]
            rng.shuffle(order)
            # Earlier holders of the slots, which must be forgotten; the lanes of the record's last writes stand.
            writes = [(lane, {"weight": 63, "turn": 0, "y": 0, "x": 0}) for lane in rng.sample(order, len(order) // 2)]
            writes += [(lane, slot_of(taps, lane)) for lane in order]
            while writes:
                if next(pattern):
                    await bench.step()
                    continue
                # The record finishes with its last write, and may not before the one before is read out.
                if len(writes) == 1:
                    while bench.references and max(bench.references) >= bench.cycle + REFERENCE_LATENCY:
                        await bench.step()
                lane, slot = writes.pop(0)
                if not writes:
                    for place, reference in enumerate(order):
                        bench.references[bench.cycle + REFERENCE_LATENCY + place] = REFERENCE.pack(
                            index=index, count=len(whorl.unpack(record)), occupied=1,
                            first=place == 0, last=place == len(order) - 1, lane=reference, **moved_of(slot_of(taps, reference)),
                        )  # fmt: skip
                await bench.step(SLOT_WRITE.pack(bank=0, fresh=0, lane=lane, **slot))
            if not order:
                while bench.references and max(bench.references) >= bench.cycle + REFERENCE_LATENCY:
                    await bench.step()
                bench.references[bench.cycle + REFERENCE_LATENCY] = REFERENCE.pack(
                    index=index, count=len(whorl.unpack(record)), occupied=0, first=1, last=1, lane=5, turn=0, y=0, x=0
                )
                await bench.step()
            wanted.append({"index": index, "count": len(whorl.unpack(record)), "best": taps["best"]})
            wanted_sums += [taps["sums"][lane] for lane in order] or [None]
            supported += taps["best"] > 300
        for _ in range(80):
            await bench.step()
        assert len(bench.sums) == len(wanted_sums)
        assert [s if w is not None else None for s, w in zip(bench.sums, wanted_sums, strict=True)] == wanted_sums
        assert bench.seen == wanted
    assert supported > 10, "no record found support: the bench compares nothing"


def test_consistency():
    run("consistency")
