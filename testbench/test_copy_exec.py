"""Bench of hdl/queue/copy_exec.sv."""

import cocotb
import pytest
import whorl
from bench.host import LINE, WRITES_IN_FLIGHT_MAX, HostMemory, ReadPort, WritePort
from bench.layout import code, code_name, limit, pack
from bench.queue import FAR_LINES, FAR_WORDS, FARS, OUTCOME, rng
from bench.runner import run
from bench.streams import STALLS, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

UNITS = 16  # of every channel
END = UNITS * limit("CHANNEL_UNIT_BYTES")


class Copy:
    """A source and a destination, with the memories that bursts named."""

    def __init__(self, dut, stall=Stall.NONE, latency=20):
        self.dut, self.source, self.destination = dut, HostMemory(), HostMemory()
        self.reads = ReadPort(dut, self.source, stall, latency)
        self.writes = WritePort(dut, self.destination, stall, latency, prefix="write_")
        self.named = set()
        for name in ("start_i", "sqe_i", "abort_i"):
            getattr(dut, name).value = 0
        for channel in range(int(dut.Channels.value)):
            dut.memory_units_i[channel].value = UNITS

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._watch())
        return self

    async def _watch(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            if int(dut.burst_valid_o.value):
                self.named.add(("read", int(dut.memory_o.value)))
            if int(dut.write_burst_valid_o.value):
                self.named.add(("write", int(dut.write_memory_o.value)))

    async def run(self, abort_after=None, **fields):
        """One COPY; gives its status, detail and address, and the cycles it took."""
        dut = self.dut
        values = {"source_memory": 1, "destination_memory": 0, "source_address": 0x1000, "destination_address": 0x8000, "lines": 1}
        sqe = pack("sqe_copy", opcode=code("opcode", "COPY"), **values | fields)
        dut.sqe_i.value, dut.start_i.value = int.from_bytes(sqe, "little"), 1
        await RisingEdge(dut.clk_i)
        dut.start_i.value = 0
        for cycles in range(40_000):
            dut.abort_i.value = int(abort_after is not None and cycles >= abort_after)
            await RisingEdge(dut.clk_i)
            if int(dut.done_o.value):
                outcome = OUTCOME.unpack(int(dut.outcome_o.value))
                dut.abort_i.value = 0
                await RisingEdge(dut.clk_i)
                assert self.reads.outstanding == 0 and not self.writes.answers
                return code_name("status", outcome["status"]), outcome["detail"], outcome["host_addr"], cycles
        raise AssertionError("no end")

    def place(self, random, lines, address=0x1000):
        data = random.randbytes(lines * LINE)
        self.source.store(address, data)
        return data

    async def works(self, random):
        data = self.place(random, 40)
        assert (await self.run(lines=40, crc32c=whorl.crc32c(data)))[:3] == ("SUCCESS", 0, 0)
        assert self.destination.load(0x8000, len(data)) == data


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_line_arrives_and_no_other(dut, stall):
    copy = await Copy(dut, stall).begin()
    random = rng(1)
    for n, lines in enumerate((1, 2, 15, 16, 17, 33, 300)):
        # Both memories are the host's, at places that a channel does not have.
        source, destination = (FAR_LINES[at] + random.randrange(100) * LINE for at in (n % 2, 1 - n % 2))
        data = copy.place(random, lines, source)
        copy.destination.lines.clear()
        # Nothing but the lines' own CRC lets them pass.
        fields = {"source_memory": 0, "source_address": source, "destination_address": destination}
        outcome = await copy.run(lines=lines, crc32c=whorl.crc32c(data), **fields)
        assert outcome[:3] == ("SUCCESS", 0, 0), lines
        assert copy.destination.load(destination, len(data)) == data
        assert len(copy.destination.lines) == lines
    assert copy.named == {("read", 0), ("write", 0)}


@cocotb.test()
async def each_memory_is_asked_by_its_name(dut):
    copy = await Copy(dut).begin()
    random, channels = rng(2), int(dut.Channels.value)
    data = copy.place(random, 5)
    for source in range(channels + 1):
        for destination in range(channels + 1):
            copy.named.clear()
            fields = {"source_memory": source, "destination_memory": destination, "lines": 5, "crc32c": whorl.crc32c(data)}
            assert (await copy.run(**fields))[0] == "SUCCESS"
            assert copy.named == {("read", source), ("write", destination)}


@cocotb.test()
async def latency_is_hidden(dut):
    """16 lines in 19 cycles, with 200 cycles of latency on both sides."""
    copy = await Copy(dut, latency=200).begin()
    data = copy.place(rng(3), 1600, 0)
    cycles = (await copy.run(lines=1600, source_address=0, crc32c=whorl.crc32c(data)))[3]
    dut._log.info("1600 lines in %d cycles", cycles)
    assert cycles < 1600 * 20 / 16 + 2 * 200 + 60


@cocotb.test()
async def as_many_writes_are_under_way_as_the_port_has_room_for(dut):
    copy = await Copy(dut, latency=1000).begin()
    # More bursts than may be under way, and exactly as many: all of them are owed at the end of the lines.
    for lines in (600, 16 * WRITES_IN_FLIGHT_MAX):
        data = copy.place(rng(9), lines)
        copy.writes.in_flight_max = 0
        assert (await copy.run(lines=lines, crc32c=whorl.crc32c(data)))[0] == "SUCCESS"
        assert copy.writes.in_flight_max == WRITES_IN_FLIGHT_MAX
        assert copy.destination.load(0x8000, len(data)) == data


@cocotb.test()
async def fields_out_of_range_are_refused(dut):
    copy = await Copy(dut).begin()
    lines = [{"lines": lines} for lines in (0, 1 << 24, 1 << 31 | 1)]
    for fields in (*lines, {"source_address": 0x103F}, {"destination_address": 0x8008}):
        assert (await copy.run(**fields))[:3] == ("INVALID_FIELD", 0, 0), fields
    absent = int(dut.Channels.value) + 1
    for fields, address in (
        ({"source_memory": absent}, 0x1000),
        ({"destination_memory": absent}, 0x8000),
        ({"destination_memory": 0xFF}, 0x8000),
        ({"source_address": END}, END),
        ({"source_address": END - LINE, "lines": 2}, END - LINE),
        ({"destination_memory": 1, "destination_address": END}, END),
        ({"destination_memory": 1, "source_memory": 0, "destination_address": END - 4 * LINE, "lines": 5}, END - 4 * LINE),
    ):
        assert (await copy.run(**fields))[:3] == ("ADDRESS_RANGE", 0, address), fields
    # Lines, addresses and sizes of every bit.
    for n, lines in enumerate((0x5A3C96, 0xA5C369, 0x5A3C96)):
        for channel in range(absent - 1):
            dut.memory_units_i[channel].value = FAR_WORDS[n % 2]
        fields = {"source_address": FAR_LINES[n % 2], "lines": lines}
        assert (await copy.run(**fields))[:3] == ("ADDRESS_RANGE", 0, FAR_LINES[n % 2])
        fields = {"destination_memory": absent - 1, "destination_address": FAR_LINES[n % 2], "lines": lines}
        assert (await copy.run(source_memory=0, **fields))[:3] == ("ADDRESS_RANGE", 0, FAR_LINES[n % 2])
    for channel in range(absent - 1):
        dut.memory_units_i[channel].value = UNITS
    assert not copy.named
    data = copy.place(rng(4), 1, END - LINE)
    assert (await copy.run(source_address=END - LINE, crc32c=whorl.crc32c(data)))[0] == "SUCCESS"


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def damage_is_told(dut, stall):
    copy = await Copy(dut, stall).begin()
    random = rng(5)
    data = copy.place(random, 50)
    for bit in (0, 13, 31):
        assert (await copy.run(lines=50, crc32c=whorl.crc32c(data) ^ 1 << bit))[:3] == ("CRC_MISMATCH", 0, 0x1000)
    await copy.works(random)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def a_line_that_cannot_be_read_ends_the_copy(dut, stall):
    copy = await Copy(dut, stall).begin()
    random = rng(6)
    for n, line in enumerate((0, 1, 15, 16, 63, 99)):
        base = FAR_LINES[n % 2]
        data = copy.place(random, 100, base)
        copy.destination.lines.clear()
        copy.source.read_faults = {base + line * LINE, base + 99 * LINE}
        outcome = await copy.run(lines=100, source_memory=0, source_address=base, crc32c=whorl.crc32c(data))
        assert outcome[:3] == ("DMA_READ_ERROR", 0, base + line * LINE)
        # What came before may have been copied; nothing from the damaged line on.
        assert all(0x8000 <= address < 0x8000 + line * LINE for address in copy.destination.lines)
    copy.source.read_faults = set()
    await copy.works(random)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def a_line_that_cannot_be_written_ends_the_copy(dut, stall):
    copy = await Copy(dut, stall).begin()
    random = rng(7)
    data = copy.place(random, 100)
    # The burst at fault is named, wherever the destination begins within its KiB.
    faults = ((0, 0x5540), (3, 0x2A80), (10, 0x5540), (31, 0x3000), (15, 0x5800), (99, 0x4000), (0, 0x5540))
    for n, (line, burst) in enumerate(faults):
        base = FARS[n % 2] + (0x5540, 0x2A80)[n % 2]
        copy.destination.write_faults = {base + line * LINE}
        outcome = await copy.run(lines=100, destination_address=base, crc32c=whorl.crc32c(data))
        assert outcome[:3] == ("DMA_WRITE_ERROR", 0, FARS[n % 2] + burst), line
    copy.destination.write_faults = set()
    await copy.works(random)


@cocotb.test()
@cocotb.parametrize(after=[1, 8, 30, 55, 90, 200])
async def an_abort_ends_the_copy_between_bursts(dut, after):
    copy = await Copy(dut, Stall.RANDOM).begin()
    random = rng(8)
    data = copy.place(random, 2000)
    status, _, _, cycles = await copy.run(abort_after=after, lines=2000, crc32c=whorl.crc32c(data))
    assert status == "ABORTED" and cycles < after + 700  # of 4000: what was asked for still comes
    await copy.works(random)


@pytest.mark.parametrize("channels", [1, 3])
def test_copy_exec(channels):
    run("copy_exec", parameters={"Channels": channels})
