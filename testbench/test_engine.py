"""Bench of hdl/match/engine.sv: scores, slots and sums against the model's taps."""

import random

import cocotb
import whorl
from bench.fields import Fields
from bench.runner import run
from bench.streams import STALLS, Sink, Source, start
from cocotb.triggers import RisingEdge

BEAT = Fields(("angle", 8), ("y", 12), ("x", 12), ("descriptor", 128), ("present", 1), ("first", 1), ("last", 1), ("count", 7), ("index", 32))
WRITE = Fields(("rotation", 1), ("present", 1), ("row", 6), ("lane", 6), ("data", 160))
COMPARISON = Fields(("score", 16), ("index", 32))


def random_record(rng, count, mate=None):
    """A packed record; with `mate`, a turned, moved and noisy copy of that record's minutiae and some of its own."""
    minutiae = []
    turn, dx, dy = rng.randrange(-30, 31), rng.randrange(-40, 41), rng.randrange(-40, 41)
    for i in range(count):
        if mate and i < len(mate) and rng.random() < 0.8:
            x, y, angle, descriptor, quality, kind = mate[i]
            flips = sum(1 << rng.randrange(128) for _ in range(rng.randrange(12)))
            descriptor = (int.from_bytes(descriptor, "little") ^ (flips & (1 << 128) - 1)).to_bytes(16, "little")
            x, y = max(-2047, min(2047, x + dx + rng.randrange(-3, 4))), max(-2047, min(2047, y + dy + rng.randrange(-3, 4)))
            minutiae.append((x, y, (angle + turn // 8) & 255, descriptor, quality, kind))
        else:
            minutiae.append((rng.randrange(-250, 251), rng.randrange(-250, 251), rng.randrange(256), rng.randbytes(16), 50, 1))
    return whorl.pack(minutiae)


def beats(record, index):
    minutiae = whorl.unpack(record)
    if not minutiae:
        empty = dict(angle=0, y=0, x=0, descriptor=0, present=0, first=1, last=1, count=0, index=index)
        return [pack_beat(empty)]
    return [
        pack_beat(
            dict(angle=m[2], y=m[1] & 0xFFF, x=m[0] & 0xFFF, descriptor=int.from_bytes(m[3], "little"), present=1,
                 first=int(i == 0), last=int(i == len(minutiae) - 1), count=i + 1, index=index)
        )
        for i, m in enumerate(minutiae)
    ]


def pack_beat(values):
    word = 0
    for name, width in BEAT.fields:
        word = word << width | values[name]
    return word


async def load_probe(dut, record):
    """The writes that probe_loader makes of a probe image."""
    image = whorl.probe_image(record)
    minutiae = whorl.unpack(record)
    writes = []
    for lane in range(48):
        line, place = divmod(lane, 3)
        data = int.from_bytes(image[64 * line + 20 * place : 64 * line + 20 * place + 20], "little")
        writes.append((0, int(lane < len(minutiae)), 0, lane, data))
    for row in range(64):
        for lane in range(0, 48, 4):
            at = 64 * 16 + 192 * row + 4 * lane
            writes.append((1, 0, row, lane, int.from_bytes(image[at : at + 16], "little")))
    for rotation, present, row, lane, data in writes:
        dut.probe_write_valid_i.value = 1
        dut.probe_write_i.value = ((((rotation << 1 | present) << 6 | row) << 6 | lane) << 160) | data
        await RisingEdge(dut.clk_i)
    dut.probe_write_valid_i.value = 0
    await RisingEdge(dut.clk_i)


@cocotb.test()
@cocotb.parametrize(source_stall=STALLS, sink_stall=STALLS)
async def scores_equal_the_model(dut, source_stall, sink_stall):
    rng = random.Random(f"{source_stall} {sink_stall}")
    dut.probe_write_valid_i.value = 0
    dut.gate_i.value = 43
    await start(dut)
    for probe_count in (0, 1, 30, 48):
        gate = rng.choice((43, 43, 0, 127, 5))
        dut.gate_i.value = gate
        probe = random_record(rng, probe_count)
        await load_probe(dut, probe)
        lengths = [0, 1, 2, 3, 96, 0, 1, 1, 1, 1, 48, 2] + [rng.choice((rng.randrange(97), rng.randrange(5), 40)) for _ in range(30)]
        records = [random_record(rng, n, whorl.unpack(probe) if rng.random() < 0.6 else None) for n in lengths]
        source, sink = Source(dut, "beat", source_stall), Sink(dut, "comparison", sink_stall)
        for index, record in enumerate(records):
            source.send(*beats(record, index))
        words = [COMPARISON.unpack(w) for w in await sink.receive(len(records))]
        expected = [{"score": whorl.compare(probe, r, gate)["score"], "index": i} for i, r in enumerate(records)]
        assert words == expected
        if probe_count >= 30:
            assert max(e["score"] for e in expected) > 1000, "no mate among the records: the bench compares nothing"
        assert int(dut.idle_o.value) == 1
        source.task.cancel()
        sink.task.cancel()


@cocotb.test()
async def a_record_costs_its_minutiae(dut):
    rng = random.Random(7)
    dut.probe_write_valid_i.value = 0
    dut.gate_i.value = 43
    await start(dut)
    probe = random_record(rng, 40)
    await load_probe(dut, probe)
    lengths = [max(3, min(60, round(rng.gauss(34, 10)))) for _ in range(300)]
    source, sink = Source(dut, "beat", STALLS[0]), Sink(dut, "comparison", STALLS[0])
    for index, n in enumerate(lengths):
        source.send(*beats(random_record(rng, n, whorl.unpack(probe) if index % 3 == 0 else None), index))
    cycles = 0
    while len(sink.words) < len(lengths):
        await RisingEdge(dut.clk_i)
        cycles += 1
    dut._log.info("%.2f cycles a record of %.2f minutiae", cycles / len(lengths), sum(lengths) / len(lengths))
    assert cycles / len(lengths) <= sum(lengths) / len(lengths) + 2


def test_engine():
    run("engine")
