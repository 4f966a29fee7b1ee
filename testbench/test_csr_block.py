"""Bench of hdl/csr/csr_block.sv: every register of the specification as the host sees it."""

import cocotb
import pytest
from bench.layout import limit, offset, spec
from bench.queue import DOORBELL, ERROR, NO_PAIR, PAIR_SETUP, QUEUE_PAIR, rng
from bench.runner import run
from bench.streams import Stall, start
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster
from test_core_counters import COUNTERS, TOTALS

BUILD = 0xB0117001


def memory_units(channel):
    """Size of a channel, of both halves of its register."""
    return 0x8001_0000 + channel


class Port:
    """The host's end of BAR0, with the doorbells and pulses that came of it."""

    def __init__(self, dut):
        self.dut = dut
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk_i, dut.rst_i)
        for part in (self.axil.read_if, self.axil.write_if):
            part.log.setLevel("ERROR")
        self.doorbells, self.pulses = [], {"reset_o": 0, "clear_errors_o": 0}
        for name in ("ready_i", "busy_i", "dma_idle_i", "fault_i", "hung_i", "error_i", "latest_error_i", "error_count_i", "counters_i"):
            getattr(dut, name).value = 0
        for handle in (*dut.pair_i, *dut.stream_i):
            handle.value = 0
        for channel, handle in enumerate(dut.memory_units_i):
            handle.value = memory_units(channel)

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._watch())
        return self

    def stall(self, pattern):
        for n, channel in enumerate(
            (self.axil.write_if.aw_channel, self.axil.write_if.w_channel, self.axil.write_if.b_channel,
             self.axil.read_if.ar_channel, self.axil.read_if.r_channel)
        ):
            channel.set_pause_generator(pattern.pattern(n))

    async def _watch(self):
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.doorbell_valid_o.value):
                self.doorbells.append(DOORBELL.unpack(int(self.dut.doorbell_o.value)))
            for name in self.pulses:
                self.pulses[name] += int(getattr(self.dut, name).value)

    async def read(self, register, index=0):
        return int(await self.axil.read_dword(offset(register, index)))

    async def write(self, register, value, index=0):
        await self.axil.write_dword(offset(register, index), value)
        await ClockCycles(self.dut.clk_i, 3)


@cocotb.test()
async def identity_is_that_of_the_specification(dut):
    port = await Port(dut).begin()
    assert await port.read("id_magic") == limit("DEVICE_MAGIC")
    assert await port.read("id_version") == limit("INTERFACE_MAJOR") << 16 | limit("INTERFACE_MINOR")
    assert await port.read("id_spec_hash") == spec().hash
    assert await port.read("id_build") == BUILD
    streams, probes, pairs = (int(getattr(dut, name).value) for name in ("Streams", "Probes", "QueuePairs"))
    assert await port.read("capability0") == limit("LANES") << 24 | pairs << 16 | probes << 8 | streams
    channels = int(dut.Channels.value)
    assert await port.read("capability1") == channels << 24 | limit("QUEUE_ENTRIES_LOG2_MAX") << 16 | limit("TOP_K_MAX")
    units = [await port.read("memory_units", channel) for channel in range(limit("CHANNELS_MAX"))]
    assert units == [memory_units(c) if c < channels else 0 for c in range(limit("CHANNELS_MAX"))]


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.RANDOM])
async def state_is_read_where_it_belongs(dut, stall):
    port = await Port(dut).begin()
    port.stall(stall)
    random = rng(4)
    for bit, name in enumerate(("ready_i", "busy_i", "dma_idle_i", "fault_i", "hung_i")):
        getattr(dut, name).value = 1
        await ClockCycles(dut.clk_i, 2)
        assert await port.read("status") == 1 << bit
        getattr(dut, name).value = 0
    error = {name: random.getrandbits(width) for name, width in ERROR.fields}
    dut.error_i.value = sum_bits(ERROR, error)
    latest, count = {name: random.getrandbits(width) for name, width in ERROR.fields}, random.getrandbits(32)
    dut.latest_error_i.value, dut.error_count_i.value = sum_bits(ERROR, latest), count
    counters = {name: random.getrandbits(width) for name, width in COUNTERS.fields}
    dut.counters_i.value = sum_bits(COUNTERS, counters)
    totals = [{name: random.getrandbits(width) for name, width in TOTALS.fields} for _ in dut.stream_i]
    for handle, values in zip(dut.stream_i, totals):
        handle.value = TOTALS.pack(**values)
    pairs = [NO_PAIR | {"sq_head": random.getrandbits(9), "cq_tail": random.getrandbits(9)} for _ in dut.pair_i]
    for handle, values in zip(dut.pair_i, pairs):
        handle.value = sum_bits(QUEUE_PAIR, values)
    await ClockCycles(dut.clk_i, 2)
    assert await port.read("error_log") == error["tag"] << 16 | error["queue_index"] << 8 | error["code"]
    assert await port.read("error_address_lo") | await port.read("error_address_hi") << 32 == error["host_addr"]
    assert await port.read("last_error") == latest["tag"] << 16 | latest["queue_index"] << 8 | latest["code"]
    assert await port.read("last_error_address_lo") | await port.read("last_error_address_hi") << 32 == latest["host_addr"]
    assert await port.read("error_count") == count
    for name, width in COUNTERS.fields:
        found = await port.read(name) if width == 32 else await port.read(f"{name}_lo") | await port.read(f"{name}_hi") << 32
        assert found == counters[name], name
    for index in range(limit("STREAMS_MAX")):
        for name, _ in TOTALS.fields:
            found = await port.read(f"stream_{name}_lo", index) | await port.read(f"stream_{name}_hi", index) << 32
            assert found == (totals[index][name] if index < len(totals) else 0), (index, name)
    for index in range(limit("QUEUE_PAIRS_MAX")):
        want = pairs[index] if index < len(pairs) else NO_PAIR
        assert await port.read("queue_pair_sq_head", index) == want["sq_head"]
        assert await port.read("queue_pair_cq_tail", index) == want["cq_tail"]


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.RANDOM])
async def each_doorbell_is_reported_once_with_its_value(dut, stall):
    port = await Port(dut).begin()
    port.stall(stall)
    random, want = rng(5), []
    for _ in range(40):
        index, completion = random.randrange(int(dut.QueuePairs.value)), random.randrange(2)
        value = random.getrandbits(16)
        await port.write("queue_pair_cq_head" if completion else "queue_pair_sq_tail", value, index)
        want.append({"queue_index": index, "completion": completion, "value": value})
    assert port.doorbells == want


@cocotb.test()
async def control_enables_and_pulses(dut):
    port = await Port(dut).begin()
    await port.write("control", 1)
    assert int(dut.enable_o.value) == 1 and port.pulses == {"reset_o": 0, "clear_errors_o": 0}
    await port.write("control", 1 | 2)
    assert int(dut.enable_o.value) == 1 and port.pulses == {"reset_o": 1, "clear_errors_o": 0}
    await port.write("control", 4)
    assert int(dut.enable_o.value) == 0 and port.pulses == {"reset_o": 1, "clear_errors_o": 1}
    assert await port.read("control") == 0


@cocotb.test()
async def the_limits_are_what_was_written(dut):
    port = await Port(dut).begin()
    assert (int(dut.bus_timeout_o.value), int(dut.watchdog_o.value)) == (2_500_000, 0)
    for timeout, watchdog in ((0, 0xFFFF_FFFF), (0xFFFF_FFFF, 0), (0x1234_5678, 0x8765_4321)):
        await port.write("bus_timeout", timeout)
        await port.write("watchdog", watchdog)
        assert (int(dut.bus_timeout_o.value), int(dut.watchdog_o.value)) == (timeout, watchdog)


@cocotb.test()
async def the_admin_rings_are_handed_on_aligned(dut):
    port = await Port(dut).begin()
    sq, cq = 0x1234_5678_9ABC_DEFF, 0xFEDC_BA98_7654_323F
    for name, value in (("admin_sq_base", sq), ("admin_cq_base", cq)):
        await port.write(f"{name}_lo", value & 0xFFFF_FFFF)
        await port.write(f"{name}_hi", value >> 32)
    await port.write("admin_queue", 7)
    setup = PAIR_SETUP.unpack(int(dut.admin_setup_o.value))
    assert setup == {"queue_index": 0, "sq_base": sq & ~63, "cq_base": cq & ~63, "entries_log2": 7}


@cocotb.test()
async def addresses_without_a_register_read_zero_and_ignore_writes(dut):
    port = await Port(dut).begin()
    await port.write("control", 1)
    for address in (0x018, 0x1100, 0x1FFC, 0x2020, 0x8020, 0xFFFC):
        await port.axil.write_dword(address, 0xFFFF_FFFF)
        assert int(await port.axil.read_dword(address)) == 0, hex(address)
    await port.write("id_magic", 0)
    assert await port.read("id_magic") == limit("DEVICE_MAGIC")
    assert int(dut.enable_o.value) == 1 and port.doorbells == [] and port.pulses["reset_o"] == 0


def sum_bits(layout, values):
    word = 0
    for name, width in layout.fields:
        word = word << width | values[name]
    return word


@pytest.mark.parametrize("channels", [0, 3])
def test_csr_block(channels):
    run("csr_block", parameters={"Streams": 2, "Probes": 3, "QueuePairs": 4, "Channels": channels, "BuildId": BUILD})
