"""Bench of hdl/match/record_reader.sv: records to beats, and every fault that it must find."""

import random

import cocotb
import whorl
from bench.records import BEAT, GALLERY_LINE, beats, extent, random_record
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


@cocotb.test()
@cocotb.parametrize(source_stall=STALLS, sink_stall=STALLS)
async def records_become_beats(dut, source_stall, sink_stall):
    rng = random.Random(f"{source_stall} {sink_stall}")
    source, sink = Source(dut, "line", source_stall), Sink(dut, "beat", sink_stall)
    await start(dut)
    expected = []
    for _ in range(4):
        base = rng.randrange(1 << 32)
        counts = [rng.choice((0, 1, 2, 3, 4, 34, 96, rng.randrange(97))) for _ in range(rng.choice((1, 12)))]
        records = [random_record(rng, count) for count in counts]
        source.send(*extent(records, base))
        for i, record in enumerate(records):
            expected += beats(record, base + i & 0xFFFF_FFFF)
    assert await sink.receive(len(expected)) == expected
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.error_o.value) == 0
    assert int(dut.idle_o.value) == 1


@cocotb.test()
async def every_length_of_a_record_comes_through(dut):
    rng = random.Random(4)
    source, sink = Source(dut, "line", Stall.NONE), Sink(dut, "beat", Stall.RANDOM)
    await start(dut)
    lengths = list(range(97))
    rng.shuffle(lengths)
    records = [random_record(rng, length) for length in lengths]
    source.send(*extent(records, 7))
    expected = [beat for i, record in enumerate(records) for beat in beats(record, 7 + i)]
    assert await sink.receive(len(expected)) == expected


@cocotb.test()
async def known_answers_are_marked_with_their_beats(dut):
    rng = random.Random(3)
    source, sink = Source(dut, "line", Stall.RANDOM), Sink(dut, "beat", Stall.RANDOM)
    await start(dut)
    marks, want = [], []

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            if int(dut.beat_valid_o.value) and int(dut.beat_ready_i.value):
                marks.append(int(dut.known_answer_o.value))

    cocotb.start_soon(watch())
    for known in (0, 1, 1, 0, 1, 0, 0):
        records = [random_record(rng, rng.choice((0, 1, 4, 9))) for _ in range(4)]
        source.send(*extent(records, 0, known))
        want += [known] * sum(max(1, len(whorl.unpack(record))) for record in records)
    await sink.receive(len(want))
    await ClockCycles(dut.clk_i, 2)
    assert marks == want


@cocotb.test()
async def one_beat_per_cycle_without_gaps(dut):
    rng = random.Random(1)
    source, sink = Source(dut, "line", Stall.NONE), Sink(dut, "beat", Stall.NONE)
    await start(dut)
    records = [random_record(rng, count) for count in (34, 1, 0, 0, 3, 1, 1, 96, 2, 5)]
    count = sum(max(1, len(whorl.unpack(record))) for record in records)
    source.send(*extent(records, 0))
    while not sink.words:
        await RisingEdge(dut.clk_i)
    cycles = 1
    while len(sink.words) < count:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles == count


@cocotb.test()
async def a_begun_record_is_not_idle(dut):
    rng = random.Random(2)
    source, sink = Source(dut, "line", Stall.NONE), Sink(dut, "beat", Stall.NONE)
    await start(dut)
    lines = extent([random_record(rng, 7)], 0)
    source.send(*lines[:2])
    await sink.receive(6)
    await ClockCycles(dut.clk_i, 3)
    assert int(dut.idle_o.value) == 0
    source.send(lines[2])
    await sink.receive(7)
    await ClockCycles(dut.clk_i, 3)
    assert int(dut.idle_o.value) == 1


def change(line: int, **values) -> int:
    """A gallery line with other side-band fields, or another byte 63 (`tail`)."""
    fields = GALLERY_LINE.unpack(line)
    if "tail" in values:
        fields["data"] = fields["data"] & (1 << 504) - 1 | values.pop("tail") << 504
    fields.update(values)
    return GALLERY_LINE.pack(**fields)


# Faults by the line that shows them: an extent of records with 7, 4 and 3 minutiae has lines 0-2, 3-4 and 5.
# Byte 63: bit 7 last line, bits 6-2 line number, bits 1-0 count.
FAULTS = {
    "line_left_out": (1, lambda lines: lines[:1] + lines[2:]),
    "line_twice": (2, lambda lines: lines[:2] + lines[1:]),
    "starts_within_record": (0, lambda lines: [change(lines[1], first=1), *lines[2:]]),
    "count_0_in_first_line": (0, lambda lines: [change(lines[0], tail=0x00), *lines[1:]]),
    "count_2_before_last_line": (1, lambda lines: [lines[0], change(lines[1], tail=1 << 2 | 2), *lines[2:]]),
    "count_0_in_later_last_line": (2, lambda lines: [*lines[:2], change(lines[2], tail=0x80 | 2 << 2), *lines[3:]]),
    "open_at_the_end": (4, lambda lines: [*lines[:4], change(lines[4], last=1, tail=1 << 2 | 3)]),
    "too_few_records": (5, lambda lines: [change(line, records=4) for line in lines]),
    "too_many_records": (5, lambda lines: [change(line, records=2) for line in lines]),
    "extent_begins_within_record": (1, lambda lines: [lines[0], change(lines[5], first=1)]),
}


@cocotb.test()
@cocotb.parametrize(fault=list(FAULTS))
async def faults_are_found(dut, fault):
    rng = random.Random(fault)
    source, sink = Source(dut, "line", Stall.NONE), Sink(dut, "beat", Stall.NONE)
    await start(dut)
    records = [random_record(rng, count) for count in (7, 4, 3)]
    at, damage = FAULTS[fault]
    lines = damage(extent(records, 10))
    # Sound lines before the fault come through.
    source.send(*lines[:at])
    await source.drain()
    await ClockCycles(dut.clk_i, 8)
    assert int(dut.error_o.value) == 0
    sound = len(sink.words)
    assert sound == sum(GALLERY_LINE.unpack(line)["data"] >> 504 & 3 for line in lines[:at])
    # The fault and all that follows is swallowed.
    source.send(*lines[at:], *extent(records, 10))
    await source.drain()
    await ClockCycles(dut.clk_i, 8)
    assert int(dut.error_o.value) == 1
    assert len(sink.words) == sound


@cocotb.test()
async def a_record_of_more_than_32_lines_is_a_fault(dut):
    source, sink = Source(dut, "line", Stall.NONE), Sink(dut, "beat", Stall.NONE)
    await start(dut)
    fields = {"base_index": 0, "records": 1, "known_answer": 0}
    source.send(*[GALLERY_LINE.pack(data=(n << 2 | 3) << 504, first=n == 0, last=0, **fields) for n in range(32)])
    await sink.receive(96)
    assert int(dut.error_o.value) == 0
    source.send(GALLERY_LINE.pack(data=(0x80 | 0 << 2 | 3) << 504, first=0, last=1, **fields))
    await source.drain()
    await ClockCycles(dut.clk_i, 3)
    assert int(dut.error_o.value) == 1


@cocotb.test()
async def records_of_an_extent_are_compared_in_all_bits(dut):
    """Extents of up to 2^32 - 1 records: after the first record the count is put forward."""
    rng = random.Random(32)
    source, sink = Source(dut, "line", Stall.NONE), Sink(dut, "beat", Stall.NONE)
    await start(dut)

    async def ends_with_error(records: int, counted: int) -> int:
        """An extent of four records that says `records`; with the first, `counted` have ended."""
        base = rng.randrange(1 << 32)
        lines = [change(line, records=records) for line in extent([random_record(rng, 3) for _ in range(4)], base)]
        sink.words.clear()
        source.send(lines[0])
        await source.drain()
        assert int(dut.number_q.value) == 1
        dut.number_q.value = counted
        await RisingEdge(dut.clk_i)
        source.send(*lines[1:3])
        await sink.receive(9)
        assert int(dut.error_o.value) == 0
        assert BEAT.unpack(sink.words[3])["index"] == base + counted & 0xFFFF_FFFF
        source.send(lines[3])
        await source.drain()
        await ClockCycles(dut.clk_i, 8)
        error = int(dut.error_o.value)
        assert len(sink.words) == (9 if error else 12)
        dut.rst_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.rst_i.value = 0
        await RisingEdge(dut.clk_i)
        return error

    for bit in range(32):
        # The third record carries into the bit.
        number = rng.getrandbits(32) >> bit << bit | 1 << bit | 1
        assert await ends_with_error(number, number - 3) == 0
        assert await ends_with_error(number ^ 1 << bit, number - 3) == 1


def test_record_reader():
    run("record_reader")
