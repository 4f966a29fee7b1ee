"""Bench of hdl/match/engine.sv: slots, sums, best and score of every record against the model's taps."""

import random

import cocotb
import whorl
from bench.records import COMPARISON, LANES, SLOT_WRITE, SUPPORTED, beats, probe_writes, random_record, slot_of
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import RisingEdge


class Taps:
    """Watches the stages: the slots and the order of their first win, the sums, and the best of each record."""

    def __init__(self, dut):
        self.dut = dut
        self.slots, self.orders, self.sums, self.bests = [], [], [], []
        self.task = cocotb.start_soon(self._run())

    async def _run(self):
        slots, consistency, edge = self.dut.i_slots, self.dut.i_consistency, RisingEdge(self.dut.clk_i)
        won, sums = {}, []
        while True:
            await edge
            if int(slots.slot_write_valid_o.value):
                write = SLOT_WRITE.unpack(int(slots.slot_write_o.value))
                won[write["lane"]] = {name: write[name] for name in ("weight", "turn", "y", "x")}
            if int(slots.finished_valid_o.value):
                self.slots.append(won)
                self.orders.append(list(won))
                won = {}
            if int(consistency.supported_valid_o.value):
                self.sums.append(sums)
                self.bests.append(SUPPORTED.unpack(int(consistency.supported_o.value))["best"])
                sums = []
            if int(consistency.tail_valid_q.value) >> 4 & 1:
                sums.append(int(consistency.sum.value))

    def check(self, probe, records, gate):
        for n, record in enumerate(records):
            taps = whorl.taps(probe, record, gate)
            assert self.slots[n] == {lane: slot for lane in range(LANES) if (slot := slot_of(taps, lane))}, f"slots of {n}"
            order = self.orders[n]
            assert self.sums[n][: len(order)] == [taps["sums"][lane] for lane in order], f"sums of {n}"
            assert len(self.sums[n]) == max(1, len(order)), f"references of {n}"
            assert self.bests[n] == taps["best"], f"best of {n}"


async def begin(dut):
    dut.probe_write_valid_i.value = 0
    await start(dut)


async def load(dut, record, gate=43):
    for write in probe_writes(record, gate):
        dut.probe_write_valid_i.value = 1
        dut.probe_write_i.value = write
        await RisingEdge(dut.clk_i)
    dut.probe_write_valid_i.value = 0
    await RisingEdge(dut.clk_i)


@cocotb.test()
@cocotb.parametrize(source_stall=STALLS, sink_stall=STALLS)
async def every_stage_equals_the_model(dut, source_stall, sink_stall):
    rng = random.Random(f"{source_stall} {sink_stall}")
    for probe_count in (0, 1, 30, 48):
        gate = rng.choice((43, 43, 0, 127, 5))
        await begin(dut)
        probe = random_record(rng, probe_count)
        await load(dut, probe, gate)
        lengths = [0, 1, 2, 3, 96, 0, 1, 1, 1, 1, 48, 2] + [rng.choice((rng.randrange(97), rng.randrange(5), 40)) for _ in range(30)]
        records = [random_record(rng, n, probe if rng.random() < 0.6 else None) for n in lengths]
        source, sink, taps = Source(dut, "beat", source_stall), Sink(dut, "comparison", sink_stall), Taps(dut)
        indices = [rng.randrange(1 << 32) for _ in records]
        for index, record in zip(indices, records, strict=True):
            source.send(*beats(record, index))
        words = [COMPARISON.unpack(word) for word in await sink.receive(len(records))]
        taps.check(probe, records, gate)
        scores = [whorl.compare(probe, record, gate)["score"] for record in records]
        expected = [{"score": score, "index": index} for score, index in zip(scores, indices, strict=True)]
        assert words == expected
        if probe_count >= 30 and gate >= 43:
            assert max(e["score"] for e in expected) > 1000, "no mate among the records: the bench compares nothing"
        assert int(dut.idle_o.value) == 1
        assert int(dut.probe_parity_o.value) == 0
        for task in (source.task, sink.task, taps.task):
            task.cancel()


@cocotb.test()
async def a_record_costs_its_minutiae(dut):
    rng = random.Random(7)
    await begin(dut)
    probe = random_record(rng, 40)
    await load(dut, probe)
    lengths = [max(3, min(60, round(rng.gauss(34, 10)))) for _ in range(300)]
    source, sink = Source(dut, "beat", Stall.NONE), Sink(dut, "comparison", Stall.NONE)
    records = [random_record(rng, n, probe if index % 3 == 0 else None) for index, n in enumerate(lengths)]
    for index, record in enumerate(records):
        source.send(*beats(record, index))
    await sink.receive(1)
    cycles, rest = 0, lengths[1:]
    while len(sink.words) < len(lengths):
        await RisingEdge(dut.clk_i)
        cycles += 1
    dut._log.info("%.2f cycles a record of %.2f minutiae", cycles / len(rest), sum(rest) / len(rest))
    assert cycles / len(rest) <= sum(rest) / len(rest) + 1.5
    scores = [COMPARISON.unpack(word)["score"] for word in sink.words]
    assert scores == [whorl.compare(probe, record)["score"] for record in records]


@cocotb.test()
async def a_sink_that_never_takes_loses_nothing(dut):
    """Eight records fit behind the last beat; the ninth waits at its last beat, and says it is not pass B."""
    rng = random.Random(8)
    await begin(dut)
    probe = random_record(rng, 40)
    await load(dut, probe)
    records = [random_record(rng, 20, probe) for _ in range(12)]
    source = Source(dut, "beat", Stall.NONE)
    dut.comparison_ready_i.value = 0
    for index, record in enumerate(records):
        source.send(*beats(record, index))
    for _ in range(500):
        await RisingEdge(dut.clk_i)
    assert source.sent == 8 * 20 + 19
    assert int(dut.beat_ready_o.value) == 0
    assert int(dut.pass_b_busy_o.value) == 0
    assert int(dut.idle_o.value) == 0
    words = await Sink(dut, "comparison", Stall.NONE).receive(len(records))
    assert [COMPARISON.unpack(word)["score"] for word in words] == [whorl.compare(probe, r)["score"] for r in records]
    source.stop()


@cocotb.test()
async def a_reset_forgets_records_and_keeps_the_probe(dut):
    rng = random.Random(9)
    await begin(dut)
    probe = random_record(rng, 48)
    await load(dut, probe)
    for cut in (3, 25, 40, 47, 55, 70):
        source = Source(dut, "beat", Stall.NONE)
        for index in range(3):
            source.send(*beats(random_record(rng, 24, probe), index))
        for _ in range(cut):
            await RisingEdge(dut.clk_i)
        source.stop()
        dut.rst_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.rst_i.value = 0
        sink = Sink(dut, "comparison", Stall.NONE)
        source = Source(dut, "beat", Stall.NONE)
        records = [random_record(rng, n, probe) for n in (2, 0, 30, 96)]
        for index, record in enumerate(records):
            source.send(*beats(record, index))
        words = [COMPARISON.unpack(word)["score"] for word in await sink.receive(len(records))]
        assert words == [whorl.compare(probe, record)["score"] for record in records]
        source.stop()
        sink.task.cancel()


def test_engine():
    run("engine", visible=("slots", "consistency"))


def test_engine_vendor():
    """Every module of hdl/prim with its vendor body."""
    run("engine", testcase=["a_record_costs_its_minutiae", "a_reset_forgets_records_and_keeps_the_probe"], vendor=True)
