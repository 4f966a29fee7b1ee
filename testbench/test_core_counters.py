"""Bench of hdl/csr/core_counters.sv."""

import cocotb
from bench.fields import Fields
from bench.queue import rng
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, RisingEdge

LONG = ("cycles", "busy_cycles", "read_beats", "write_beats", "records", "minutiae")
SHORT = ("read_errors", "write_errors", "commands")
COUNTERS = Fields(*((name, 64) for name in LONG), *((name, 32) for name in SHORT))
INPUTS = {
    "busy_i": "busy_cycles",
    "read_beat_i": "read_beats",
    "write_beat_i": "write_beats",
    "read_error_i": "read_errors",
    "write_error_i": "write_errors",
    "command_i": "commands",
}


@cocotb.test()
async def every_pulse_is_counted_in_its_counter(dut):
    for name in (*INPUTS, "record_i", "minutia_i"):
        getattr(dut, name).value = 0
    await start(dut)
    random = rng(1)
    before = COUNTERS.unpack(int(dut.counters_o.value))
    want = dict.fromkeys((*LONG, *SHORT), 0)
    streams = len(dut.record_i)
    for _ in range(1000):
        for name, counter in INPUTS.items():
            pulse = random.getrandbits(1)
            getattr(dut, name).value = pulse
            want[counter] += pulse
        for name, counter in (("record_i", "records"), ("minutia_i", "minutiae")):
            pulses = random.getrandbits(streams)
            getattr(dut, name).value = pulses
            want[counter] += pulses.bit_count()
        await RisingEdge(dut.clk_i)
    for name in (*INPUTS, "record_i", "minutia_i"):
        getattr(dut, name).value = 0
    await RisingEdge(dut.clk_i)
    now = COUNTERS.unpack(int(dut.counters_o.value))
    assert {name: now[name] - before[name] for name in want if name != "cycles"} == {n: v for n, v in want.items() if n != "cycles"}
    assert now["cycles"] - before["cycles"] == 1001
    dut.rst_i.value = 1
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.counters_o.value) == 0


def test_core_counters():
    run("core_counters", parameters={"Streams": 3})
