"""Bench of hdl/match/stream_counters.sv: every cycle goes to one account."""

import random

import cocotb
from bench.fields import Fields
from bench.layout import limit
from bench.runner import run
from bench.streams import start
from cocotb.triggers import RisingEdge

COUNTERS = Fields(("lines", 32), ("stall_collect", 64), ("stall_engine", 64), ("stall_starved", 64), ("minutiae", 64), ("cycles", 64))
# Of one cycle, as match_pkg has them.
EVENTS = Fields(
    *((name, 1) for name in ("active", "line", "minutia", "record", "starved", "engine", "collect")), ("comparisons", 5), ("candidates", 5)
)
BITS = ("active_i", "line_taken_i", "beat_valid_i", "beat_taken_i", "beat_present_i", "beat_last_i", "pass_b_busy_i")
INPUTS = (*BITS, "takes_part_i", "candidates_i")
ENGINES = limit("PROBES_MAX")


@cocotb.test()
async def cycles_are_accounted_for(dut):
    rng = random.Random(11)
    for name in INPUTS:
        getattr(dut, name).value = 0
    await start(dut)
    wanted = dict.fromkeys((name for name, _ in COUNTERS.fields), 0)
    events = None  # of the cycle before
    for _ in range(2000):
        active, line, valid, taken, present, last, busy = (rng.random() < 0.6 for _ in BITS)
        taken = taken and valid
        engines, candidates = rng.randint(0, ENGINES), rng.randint(0, ENGINES)
        for name, value in zip(INPUTS, (active, line, valid, taken, present, last, busy, engines, candidates), strict=True):
            getattr(dut, name).value = int(value)
        await RisingEdge(dut.clk_i)
        if events is not None:
            assert EVENTS.unpack(int(dut.events_o.value)) == events
        events = {
            "active": active,
            "line": line,
            "minutia": taken and present,
            "record": taken and last,
            "starved": active and not valid,
            "engine": active and valid and not taken and busy,
            "collect": active and valid and not taken and not busy,
            "comparisons": engines if taken and last else 0,
            "candidates": candidates,
        }
        wanted["cycles"] += active
        wanted["lines"] += line
        wanted["minutiae"] += taken and present
        wanted["stall_starved"] += active and not valid
        wanted["stall_engine"] += active and valid and not taken and busy
        wanted["stall_collect"] += active and valid and not taken and not busy
    for name in INPUTS:
        getattr(dut, name).value = 0
    await RisingEdge(dut.clk_i)
    await RisingEdge(dut.clk_i)
    assert COUNTERS.unpack(int(dut.counters_o.value)) == wanted
    dut.rst_i.value = 1
    await RisingEdge(dut.clk_i)
    dut.rst_i.value = 0
    await RisingEdge(dut.clk_i)
    assert int(dut.counters_o.value) == 0
    assert int(dut.events_o.value) == 0


def test_stream_counters():
    run("stream_counters")
