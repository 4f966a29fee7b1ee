"""Bench of hdl/match/search_stream.sv: two engines in step behind one reader."""

import random

import cocotb
import whorl
from bench.records import extent, probe_writes, random_record
from bench.runner import run
from bench.streams import STALLS, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge
from test_collector import COLLECTED
from test_match_array import CONFIG
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


async def collected(dut, probe, count) -> list[tuple[int, int]]:
    """The (index, score) of every kept entry, by index."""
    entries = []
    for entry in range(count):
        dut.collected_address_i.value = ADDRESS.pack(stream=0, probe=probe, index=entry)
        await ClockCycles(dut.clk_i, 3)
        word = COLLECTED.unpack(int(dut.collected_o.value))
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
    source.send(*extent(records, 0))
    await finish(dut, source)
    for slot, probe in enumerate(probes):
        wanted = [(index, whorl.compare(probe, record)["score"]) for index, record in enumerate(records)]
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


def test_search_stream():
    run("search_stream", parameters={"Probes": PROBES})
