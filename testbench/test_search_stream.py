"""Bench of hdl/match/search_stream.sv: two engines in step behind one reader."""

import functools
import random
from collections import Counter

import cocotb
import whorl
from bench.layout import limit
from bench.records import CONFIG, GATE, extent, probe_writes, random_record
from bench.runner import run
from bench.streams import STALLS, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge
from test_collector import COLLECTED, VISIBLE, put_forward
from test_known_answers import signed
from test_match_array import Thresholds, lines_of, scores_of
from test_result_reader import ADDRESS
from test_stream_counters import COUNTERS, EVENTS

PROBES = 2


async def begin(dut, threshold=0, top_k=256, probe_mask=3, stall=Stall.NONE):
    dut.search_config_i.value = CONFIG.pack(threshold=threshold, top_k=top_k, probe_mask=probe_mask)
    dut.active_i.value = 0
    dut.probe_write_valid_i.value = 0
    dut.collected_address_i.value = 0
    source = Source(dut, "line", stall)
    await start(dut)
    while not int(dut.cleared_o.value):
        await RisingEdge(dut.clk_i)
    return source


async def load(dut, slot, record):
    for write in probe_writes(record):
        dut.probe_write_valid_i.value = 1 << slot
        dut.probe_write_i.value = write
        await RisingEdge(dut.clk_i)
    dut.probe_write_valid_i.value = 0


async def finish(dut, source):
    await source.drain()
    dut.active_i.value = 0
    while not int(dut.idle_o.value):
        await RisingEdge(dut.clk_i)


async def read(dut, probe, index) -> dict[str, int]:
    """What a probe's collector shows. The stream's number says nothing to a stream."""
    dut.collected_address_i.value = ADDRESS.pack(stream=(probe ^ index) * 37 & 255, probe=probe, index=index)
    await ClockCycles(dut.clk_i, 3)
    return COLLECTED.unpack(int(dut.collected_o.value))


async def collected(dut, probe, count) -> list[tuple[int, int]]:
    """The (index, score) of every kept entry, by index."""
    entries = []
    for entry in range(count):
        word = await read(dut, probe, entry)
        entries.append((word["index"], word["score"]))
    assert word["comparisons"] == word["candidates"] == count
    return sorted(entries)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def both_probes_see_every_record(dut, stall):
    rng = random.Random(f"stream {stall}")
    source = await begin(dut, stall=stall)
    probes = [random_record(rng, 48), random_record(rng, 7)]
    for slot, probe in enumerate(probes):
        await load(dut, slot, probe)
    # Short records after long ones make the engines wait at different times: many references in one, few in the other.
    records = [random_record(rng, rng.choice((0, 1, 5, 12, 48, 96)), rng.choice((None, *probes))) for _ in range(80)]
    seen = dict.fromkeys((name for name, _ in EVENTS.fields), 0)

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            for name, value in EVENTS.unpack(int(dut.events_o.value)).items():
                seen[name] += value

    cocotb.start_soon(watch())
    dut.active_i.value = 1
    base = rng.randrange(1 << 31, (1 << 32) - len(records))
    source.send(*extent(records, base))
    await finish(dut, source)
    for slot, probe in enumerate(probes):
        wanted = [(base + i, whorl.compare(probe, record)["score"]) for i, record in enumerate(records)]
        assert await collected(dut, slot, len(records)) == wanted
    minutiae = sum(len(whorl.unpack(record)) for record in records)
    counters = COUNTERS.unpack(int(dut.counters_o.value))
    assert seen == {
        "active": counters["cycles"],
        "line": counters["lines"],
        "minutia": minutiae,
        "record": len(records),
        "starved": counters["stall_starved"],
        "engine": counters["stall_engine"],
        "collect": counters["stall_collect"],
        "comparisons": 2 * len(records),
        "candidates": 2 * len(records),  # the threshold is 0
    }
    assert counters["minutiae"] == minutiae
    assert counters["lines"] == sum(len(record) // 64 for record in records)
    assert counters["stall_engine"] > 0
    if stall is Stall.WORST:
        assert counters["stall_starved"] > counters["cycles"] // 10


@cocotb.test()
async def a_busy_heap_is_a_collect_stall(dut):
    """Records of one minutia: each enters the filling heap, which takes longer than its comparison."""
    rng = random.Random(31)
    source = await begin(dut, top_k=256, probe_mask=1)
    probe = random_record(rng, 1)
    await load(dut, 0, probe)
    dut.active_i.value = 1
    records = [random_record(rng, 1) for _ in range(400)]
    source.send(*extent(records, 0))
    await finish(dut, source)
    counters = COUNTERS.unpack(int(dut.counters_o.value))
    assert counters["stall_collect"] > 0
    assert counters["stall_starved"] <= 4


@cocotb.test()
async def every_configuration_counts_as_the_model(dut):
    """Thresholds around a score, any capacity, any mask, known answers, with totals of a long search."""
    rng = random.Random(37)
    source = await begin(dut)
    probes = [random_record(rng, 48), random_record(rng, 40)]
    for slot, probe in enumerate(probes):
        await load(dut, slot, probe)
    thresholds = Thresholds()
    for place in range(10):
        records = [random_record(rng, rng.randrange(20, 60), rng.choice((None, *probes))) for _ in range(14)] + probes
        bases = rng.sample(range(1 << 32), 3)
        extents = [(bases[0], records[:7], 0), (bases[1], records[7:11], 1), (bases[2], records[11:], 0)]
        results = [scores_of(probe, GATE, extents) for probe in probes]
        top_k = rng.randint(1, limit("TOP_K_MAX")) if place % 2 else rng.randint(1, 8)
        # Bits of probes that do not exist mean nothing.
        mask = rng.randint(1, 3)
        some_scores = [score for _, score in results[mask.bit_length() - 1][0]]
        threshold = (0, 0xFFFF, rng.randrange(1 << 16))[place] if place < 3 else thresholds.near(some_scores)
        dut.search_config_i.value = CONFIG.pack(
            threshold=threshold, top_k=top_k, probe_mask=mask | rng.getrandbits(limit("PROBES_MAX")) >> PROBES << PROBES
        )
        dut.rst_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.rst_i.value = 0
        await RisingEdge(dut.clk_i)
        while not int(dut.cleared_o.value):
            await RisingEdge(dut.clk_i)
        before = [put_forward(dut[f"gen_probe[{slot}]"].i_collector, rng) for slot in range(PROBES)]
        dut.active_i.value = 1
        source.send(*lines_of(extents))
        await finish(dut, source)
        for slot in range(PROBES):
            scores, known = results[slot] if mask >> slot & 1 else ([], [])
            passed = [(index, score) for index, score in scores if score >= threshold]
            best = sorted(passed, key=lambda c: (-c[1], c[0]))[:top_k]
            totals = await read(dut, slot, 0)
            assert totals["comparisons"] == before[slot]["comparisons"] + len(scores)
            assert totals["passed"] == before[slot]["passed"] + len(passed)
            assert totals["candidates"] == len(best)
            assert totals["known_answers"] == before[slot]["known_answers"] + len(known)
            assert totals["signature"] == functools.reduce(signed, known, 0)
            entries = [await read(dut, slot, entry) for entry in range(len(best))]
            assert sorted(((e["index"], e["score"]) for e in entries), key=lambda c: (-c[1], c[0])) == best
            came = Counter(min(511, score >> 5) for _, score in scores)
            for bin_ in {*came, *rng.sample(range(512), 40)}:
                assert (await read(dut, slot, bin_))["bin"] == before[slot]["bins"][bin_] + came[bin_]
    # A probe is read by its whole number: one that does not exist is not taken for one that does.
    shown = [await read(dut, slot, 0) for slot in range(PROBES)]
    assert shown[0] != shown[1]
    for bit in range(1, 8):
        assert await read(dut, 1 << bit, 0) == shown[1]
    assert await read(dut, 0, 0) == shown[0]


def test_search_stream():
    run("search_stream", parameters={"Probes": PROBES}, visible=VISIBLE)
