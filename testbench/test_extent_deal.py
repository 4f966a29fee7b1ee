"""Bench of hdl/queue/extent_deal.sv."""

import cocotb
import pytest
from bench.host import LINE, HostMemory, ReadPort
from bench.layout import code, limit, pack
from bench.queue import DEALT_EXTENT, FAR_LINES, FAR_WORDS, OUTCOME, rng
from bench.runner import run
from bench.streams import STALLS, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


CHANNELS = 2
UNITS = 1 << 15  # of every channel


class Deal:
    """Streams that are ready by chance."""

    def __init__(self, dut, stall=Stall.NONE, latency=10):
        self.dut, self.streams = dut, len(dut.extent_ready_i)
        self.memory = HostMemory()
        self.port = ReadPort(dut, self.memory, stall, latency)
        self.patterns = [stall.pattern(20 + s) for s in range(self.streams)]
        self.dealt = []  # (stream, extent)
        self.hold = 0  # streams that are not ready
        for channel in dut.memory_units_i:
            channel.value = UNITS
        for name in ("start_i", "host_addr_i", "count_i", "flush_i", "extent_ready_i"):
            getattr(dut, name).value = 0

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._run())
        return self

    async def _run(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            valid = int(dut.extent_valid_o.value)
            if valid:
                extent = DEALT_EXTENT.unpack(int(dut.extent_o.value))
                assert valid == (1 << self.streams) - 1 or not extent["known_answer"]
                self.dealt.append((None if extent["known_answer"] else valid.bit_length() - 1, extent))
            ready = sum((not next(pattern)) << s for s, pattern in enumerate(self.patterns))
            dut.extent_ready_i.value = ready & ~self.hold

    def place(self, address, extents):
        self.memory.store(address, b"".join(pack("extent", **extent) for extent in extents))

    async def start(self, address, count):
        dut = self.dut
        dut.host_addr_i.value, dut.count_i.value, dut.start_i.value = address, count, 1
        await RisingEdge(dut.clk_i)
        dut.start_i.value = 0
        await RisingEdge(dut.clk_i)

    async def idle(self):
        for _ in range(20_000):
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.idle_o.value):
                return
        raise AssertionError("not idle")

    async def flush(self):
        self.dut.flush_i.value = 1
        await ClockCycles(self.dut.clk_i, 2)
        await self.idle()
        self.dut.flush_i.value = 0


def extents(random, count):
    return [
        {
            "address": random.randrange(1 << (58 if memory == 0 else 24)) * LINE,
            "memory": memory,
            "lines": random.randint(1, (1 << 24) - 1),
            "records": random.getrandbits(32),
            "base_index": random.getrandbits(32),
            "crc32c": random.getrandbits(32),
        }
        for memory in random.choices(range(CHANNELS + 1), k=count)
    ]


def dealt(extent, index):
    fields = {n: extent[n] for n in ("memory", "lines", "records", "base_index", "crc32c")}
    return {"host_addr": extent["address"], "index": index, "known_answer": extent.get("known_answer", 0)} | fields


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_extent_is_dealt_once_in_order(dut, stall):
    deal = await Deal(dut, stall).begin()
    random = rng(9)
    for n, count in enumerate((1, 2, 40, 7)):
        listed = extents(random, count)
        address = FAR_LINES[n % 2]
        for channel in dut.memory_units_i:  # in the middle of which the extents lie
            channel.value = FAR_WORDS[n % 2]
        deal.place(address, listed)
        deal.dealt.clear()
        await deal.start(address, count)
        await deal.idle()
        assert [extent for _, extent in deal.dealt] == [dealt(extent, i) for i, extent in enumerate(listed)]
        assert not int(dut.error_valid_o.value)


@cocotb.test()
async def every_bit_of_an_index_is_told(dut):
    """The index is set forward: a list of that length would take minutes."""
    deal = await Deal(dut).begin()
    faults = (("INVALID_FIELD", {"lines": 0}), ("DMA_READ_ERROR", {}), ("ADDRESS_RANGE", {"memory": CHANNELS + 1}))
    for n, (first, (status, wrong)) in enumerate(zip((0x5A3C96, 0xA5C369) * 3, faults * 2)):
        base = FAR_LINES[n % 2]
        listed = extents(rng(n), 5)
        listed[4] |= wrong
        deal.place(base, listed)
        deal.memory.read_faults = {base + 4 * LINE} if status == "DMA_READ_ERROR" else set()
        deal.dealt.clear()
        await deal.start(base, 5)
        dut.index_q.value = first
        while not int(dut.error_valid_o.value):
            await RisingEdge(dut.clk_i)
        assert [extent for _, extent in deal.dealt] == [dealt(extent, first + i) for i, extent in enumerate(listed[:4])]
        detail = 0 if status == "INVALID_FIELD" else first + 4
        host_addr = listed[4]["address"] if status == "ADDRESS_RANGE" else base + (first + 4) * LINE & (1 << 64) - 1
        want = {"status": code("status", status), "detail": detail, "host_addr": host_addr}
        assert OUTCOME.unpack(int(dut.error_o.value)) == want
        await deal.flush()


@cocotb.test()
async def ready_streams_take_turns(dut):
    deal = await Deal(dut).begin()
    deal.place(0, extents(rng(1), 24))
    await deal.start(0, 24)
    await deal.idle()
    order = [stream for stream, _ in deal.dealt]
    assert all((a + 1) % deal.streams == b for a, b in zip(order, order[1:]))
    # A stream that is busy is passed over.
    deal.hold, deal.dealt = 1, []
    if deal.streams > 1:
        await deal.start(0, 24)
        await deal.idle()
        assert {stream for stream, _ in deal.dealt} == set(range(1, deal.streams))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def known_answers_go_to_all_streams_together(dut, stall):
    deal = await Deal(dut, stall).begin()
    random = rng(12)
    listed = [extent | {"known_answer": int(random.random() < 0.3)} for extent in extents(random, 60)]
    deal.place(0, listed)
    await deal.start(0, 60)
    await deal.idle()
    assert [extent for _, extent in deal.dealt] == [dealt(extent, i) for i, extent in enumerate(listed)]
    # Turns go on as if they were not there.
    if stall is Stall.NONE:
        turns = [stream for stream, _ in deal.dealt if stream is not None]
        assert all((a + 1) % deal.streams == b for a, b in zip(turns, turns[1:]))


@cocotb.test()
async def a_wrong_descriptor_ends_the_dealing(dut):
    deal = await Deal(dut).begin()
    good = extents(rng(2), 30)
    flags = [{"reserved_flags": flag} for flag in (1, 1 << 22)]
    for wrong in ({"lines": 0}, {"lines": 1 << 24}, {"lines": 1 << 31}, *flags, {"address": 0x103F}):
        for index in (0, 11, 29):
            listed = [dict(extent) for extent in good]
            listed[index] |= wrong
            deal.place(0x8000, listed)
            deal.dealt.clear()
            await deal.start(0x8000, 30)
            while not int(dut.error_valid_o.value):
                await RisingEdge(dut.clk_i)
            assert len(deal.dealt) <= index
            await ClockCycles(dut.clk_i, 20)
            assert len(deal.dealt) == index
            want = {"status": code("status", "INVALID_FIELD"), "detail": 0, "host_addr": 0x8000 + index * LINE}
            assert OUTCOME.unpack(int(dut.error_o.value)) == want
            await deal.flush()
    deal.place(0x8000, good)
    deal.memory.read_faults = {0x8000 + 17 * LINE}
    deal.dealt.clear()
    await deal.start(0x8000, 30)
    while not int(dut.error_valid_o.value):
        await RisingEdge(dut.clk_i)
    want = {"status": code("status", "DMA_READ_ERROR"), "detail": 17, "host_addr": 0x8000 + 17 * LINE}
    assert OUTCOME.unpack(int(dut.error_o.value)) == want
    await deal.flush()
    deal.memory.read_faults = set()
    deal.dealt.clear()
    await deal.start(0x8000, 30)
    assert not int(dut.error_valid_o.value)
    await deal.idle()
    assert len(deal.dealt) == 30


@cocotb.test()
async def an_extent_outside_its_memory_ends_the_dealing(dut):
    deal = await Deal(dut).begin()
    end = UNITS * limit("CHANNEL_UNIT_BYTES")
    good = [extent | {"memory": 1, "address": end - 64 * LINE, "lines": 64} for extent in extents(rng(4), 5)]
    for wrong in ({"memory": CHANNELS + 1}, {"memory": 0xFF}, {"lines": 65}, {"address": end}, {"memory": 2, "address": 1 << 63}):
        listed = [dict(extent) for extent in good]
        listed[3] |= wrong
        deal.place(0x8000, listed)
        deal.dealt.clear()
        await deal.start(0x8000, 5)
        await ClockCycles(dut.clk_i, 60)
        want = {"status": code("status", "ADDRESS_RANGE"), "detail": 3, "host_addr": listed[3]["address"]}
        assert int(dut.error_valid_o.value) and OUTCOME.unpack(int(dut.error_o.value)) == want, wrong
        assert [extent for _, extent in deal.dealt] == [dealt(extent, i) for i, extent in enumerate(listed[:3])]
        await deal.flush()
    deal.place(0x8000, good)
    deal.dealt.clear()
    await deal.start(0x8000, 5)
    await deal.idle()
    assert len(deal.dealt) == 5


@cocotb.test()
@cocotb.parametrize(after=[1, 5, 14, 30, 60])
async def flush_forgets_the_list(dut, after):
    deal = await Deal(dut, Stall.RANDOM).begin()
    random = rng(after)
    deal.place(0, extents(random, 100))
    await deal.start(0, 100)
    await ClockCycles(dut.clk_i, after)
    await deal.flush()
    assert deal.port.outstanding == 0
    deal.dealt.clear()
    listed = extents(random, 3)
    deal.place(0x4000, listed)
    await deal.start(0x4000, 3)
    await deal.idle()
    assert [extent for _, extent in deal.dealt] == [dealt(extent, i) for i, extent in enumerate(listed)]


@pytest.mark.parametrize("streams", [1, 3])
def test_extent_deal(streams):
    run("extent_deal", parameters={"Streams": streams, "Channels": CHANNELS})
