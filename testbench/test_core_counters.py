"""Bench of hdl/csr/core_counters.sv."""

import cocotb
from bench.fields import Fields
from bench.queue import rng
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, RisingEdge
from test_stream_counters import EVENTS

LONG = ("cycles", "busy_cycles", "read_beats", "write_beats", "records", "minutiae")
SHORT = ("read_errors", "write_errors", "commands")
WAITS = ("comparisons", "candidates", "read_wait", "read_hold")
COUNTERS = Fields(*((name, 64) for name in LONG), *((name, 32) for name in SHORT), *((name, 64) for name in WAITS))
TOTALS = Fields(*((name, 64) for name in ("active", "minutiae", "records", "lines", "starved", "stall_engine", "stall_collect")))
INPUTS = {
    "busy_i": "busy_cycles",
    "read_beat_i": "read_beats",
    "read_wait_i": "read_wait",
    "read_hold_i": "read_hold",
    "write_beat_i": "write_beats",
    "read_error_i": "read_errors",
    "write_error_i": "write_errors",
    "command_i": "commands",
}
# Event of a stream: its counter among the stream's, and among the card's.
STREAM_EVENTS = {
    "active": ("active", None),
    "line": ("lines", None),
    "minutia": ("minutiae", "minutiae"),
    "record": ("records", "records"),
    "starved": ("starved", None),
    "engine": ("stall_engine", None),
    "collect": ("stall_collect", None),
    "comparisons": (None, "comparisons"),
    "candidates": (None, "candidates"),
}


def silence(dut):
    for name in INPUTS:
        getattr(dut, name).value = 0
    for events in dut.events_i:
        events.value = 0


@cocotb.test()
async def every_event_is_counted_in_its_counter(dut):
    silence(dut)
    await start(dut)
    random = rng(1)
    before = COUNTERS.unpack(int(dut.counters_o.value))
    want = dict.fromkeys((name for name, _ in COUNTERS.fields), 0)
    totals = [dict.fromkeys((name for name, _ in TOTALS.fields), 0) for _ in dut.events_i]
    for _ in range(1000):
        for name, counter in INPUTS.items():
            pulse = random.getrandbits(1)
            getattr(dut, name).value = pulse
            want[counter] += pulse
        for stream, handle in zip(totals, dut.events_i, strict=True):
            events = {name: random.getrandbits(1) if width == 1 else random.randrange(9) for name, width in EVENTS.fields}
            handle.value = EVENTS.pack(**events)
            for name, (of_stream, of_card) in STREAM_EVENTS.items():
                if of_stream:
                    stream[of_stream] += events[name]
                if of_card:
                    want[of_card] += events[name]
        await RisingEdge(dut.clk_i)
    silence(dut)
    await RisingEdge(dut.clk_i)
    now = COUNTERS.unpack(int(dut.counters_o.value))
    assert {name: now[name] - before[name] for name in want if name != "cycles"} == {n: v for n, v in want.items() if n != "cycles"}
    assert now["cycles"] - before["cycles"] == 1001
    assert [TOTALS.unpack(int(handle.value)) for handle in dut.streams_o] == totals
    dut.rst_i.value = 1
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.counters_o.value) == 0
    assert all(int(handle.value) == 0 for handle in dut.streams_o)


def test_core_counters():
    run("core_counters", parameters={"Streams": 3})
