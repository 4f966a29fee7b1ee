"""Bench of hdl/queue/extent_feed.sv."""

import cocotb
import whorl
from bench.host import LINE, HostMemory, RoutedReadPort
from bench.layout import code_name, limit
from bench.queue import DEALT_EXTENT, FAR_LINES, FAR_WORDS, OUTCOME, rng
from bench.records import GALLERY_LINE
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


MEMORIES = 1 + limit("CHANNELS_MAX")


def number(index):
    """Position of an extent in a long list: neighbours differ in nearly every bit."""
    return index ^ FAR_WORDS[index % 2]


class Feed:
    """A feed between memories, of which every third is the furthest away, and a record stream."""

    def __init__(self, dut, stall=Stall.NONE, latency=20):
        self.dut, self.memories = dut, [HostMemory() for _ in range(MEMORIES)]
        self.memory = self.memories[0]
        self.port = RoutedReadPort(dut, self.memories, stall, (latency, latency // 4, latency // 5))
        self.extents, self.lines = Source(dut, "extent", stall), Sink(dut, "line", stall)
        self.placed = 0
        dut.clear_i.value = dut.flush_i.value = dut.record_error_i.value = 0

    async def begin(self):
        await start(self.dut)
        return self

    def place(self, random, lines, index=0, memory=0, **override):
        """Random lines as an extent; gives what to send and what must come out."""
        data = random.randbytes(lines * LINE)
        address, self.placed = FAR_LINES[self.placed % 2] + self.placed * 0x1_0000, self.placed + 1
        self.memories[memory].store(address, data)
        values = {"records": random.getrandbits(32), "base_index": random.getrandbits(32), "known_answer": random.getrandbits(1)}
        place = {"host_addr": address, "memory": memory, "lines": lines, "index": number(index)}
        extent = values | place | {"crc32c": whorl.crc32c(data)} | override
        want = [
            values | {"data": int.from_bytes(data[i * LINE : (i + 1) * LINE], "little"), "first": int(i == 0), "last": int(i == lines - 1)}
            for i in range(lines)
        ]
        return extent, want

    def send(self, extent):
        self.extents.send(DEALT_EXTENT.pack(**extent))

    async def error(self, cycles=20_000):
        for _ in range(cycles):
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.error_valid_o.value):
                found = OUTCOME.unpack(int(self.dut.error_o.value))
                return found | {"status": code_name("status", found["status"])}
        raise AssertionError("no error")

    async def idle(self):
        while not (self.extents.idle and int(self.dut.idle_o.value)):
            await RisingEdge(self.dut.clk_i)

    async def recover(self):
        """Flush, then clear, as the search executor does."""
        dut = self.dut
        dut.flush_i.value = 1
        self.extents.clear()
        await ClockCycles(dut.clk_i, 2)
        while not int(dut.drained_o.value):
            await RisingEdge(dut.clk_i)
        assert self.port.outstanding == 0
        self.extents.stop()
        dut.flush_i.value = 0
        dut.clear_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.clear_i.value = dut.record_error_i.value = 0
        await ClockCycles(dut.clk_i, 2)
        self.extents = Source(dut, "extent", Stall.NONE)
        self.lines.words.clear()
        assert not int(dut.error_valid_o.value) and not int(dut.line_valid_o.value)

    def got(self):
        return [GALLERY_LINE.unpack(word) for word in self.lines.words]

    async def works(self, random):
        extent, want = self.place(random, 37)
        self.send(extent)
        await self.idle()
        assert self.got() == want and not int(self.dut.error_valid_o.value)
        self.lines.words.clear()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def lines_come_in_order_with_their_extent(dut, stall):
    feed = await Feed(dut, stall).begin()
    random, want = rng(1), []
    for index, lines in enumerate((1, 1, 2, 30, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 300, 5)):
        extent, expected = feed.place(random, lines, index)
        feed.send(extent)
        want += expected
    await feed.idle()
    assert feed.got() == want and not int(dut.error_valid_o.value)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def lines_of_all_memories_come_in_order(dut, stall):
    """The near memory is always ready to overtake the far one."""
    feed = await Feed(dut, stall, latency=100).begin()
    random, want = rng(6), []
    for index in range(40):
        lines, memory = random.choice((1, 2, 16, 17, 60)), random.randrange(MEMORIES)
        extent, expected = feed.place(random, lines, index, memory)
        feed.send(extent)
        want += expected
    await feed.idle()
    assert feed.got() == want and not int(dut.error_valid_o.value)


@cocotb.test()
async def what_the_buffer_holds_hides_a_change_of_memory(dut):
    """A record stream takes a line in three cycles: that is slower than a memory, so it never waits for a change of one."""
    feed = await Feed(dut, latency=250).begin()
    feed.lines.task.cancel()
    random, taken, cycles = rng(7), 0, 0
    for index in range(8):
        feed.send(feed.place(random, 512, index, memory=index % 2 + 1)[0])
    while taken < 8 * 512:
        dut.line_ready_i.value = int(cycles % 3 == 0)
        ready = cycles % 3 == 0
        await RisingEdge(dut.clk_i)
        taken += int(ready and int(dut.line_valid_o.value))
        cycles += 1
    dut._log.info("8 extents of 512 lines in two memories by turns: %.3f cycles per line", cycles / taken)
    assert cycles < 3.1 * taken


@cocotb.test()
async def latency_is_hidden_between_extents(dut):
    """One line per cycle but for the settling after each extent, with 250 cycles of latency."""
    feed = await Feed(dut, latency=250).begin()
    random = rng(2)
    for index in range(8):
        feed.send(feed.place(random, 200, index)[0])
    await feed.lines.receive(1)
    cycles = 0
    while len(feed.lines.words) < 1600:
        await RisingEdge(dut.clk_i)
        cycles += 1
    dut._log.info("1600 lines of 8 extents in %d cycles", cycles)
    assert cycles < 1.15 * 1600


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def damage_is_the_extents_own(dut, stall):
    feed = await Feed(dut, stall).begin()
    random = rng(3)
    for bad in (0, 1, 2, 5, 4):
        listed = [feed.place(random, random.randint(1, 40), index) for index in range(6)]
        for index, (extent, _) in enumerate(listed):
            feed.send(extent | {"crc32c": extent["crc32c"] ^ (0x80 if index == bad else 0)})
        error = await feed.error()
        assert error == {"status": "CRC_MISMATCH", "detail": number(bad), "host_addr": listed[bad][0]["host_addr"]}
        await ClockCycles(dut.clk_i, 60)
        # Nothing of a later extent was let through.
        assert feed.got() == [line for _, lines in listed[: bad + 1] for line in lines]
        await feed.recover()
    await feed.works(random)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def a_read_error_stops_at_its_line(dut, stall):
    feed = await Feed(dut, stall).begin()
    random = rng(4)
    for line in (0, 1, 15, 16, 59):
        listed = [feed.place(random, 60, index) for index in range(3)]
        address = listed[1][0]["host_addr"] + line * LINE
        feed.memory.read_faults = {address}
        for extent, _ in listed:
            feed.send(extent)
        assert await feed.error() == {"status": "DMA_READ_ERROR", "detail": number(1), "host_addr": address}
        await ClockCycles(dut.clk_i, 60)
        assert feed.got() == listed[0][1] + listed[1][1][:line]
        await feed.recover()
    feed.memory.read_faults = set()
    await feed.works(random)


@cocotb.test()
async def lines_are_counted_to_the_largest_extent(dut):
    """The count is set forward: the last line is the one that the extent says, an error's address follows the count."""
    feed = await Feed(dut).begin()
    for bit in range(1, 24):
        feed.send(feed.place(rng(bit), 1)[0] | {"lines": 1 << bit | 1})
        await feed.lines.receive(2)
        assert [line["last"] for line in feed.got()[:2]] == [0, 0], bit
        await feed.recover()
    for n, lines in enumerate((0x5A3C96, 0xA5C369, 0x5A3C96, 0xFFFFFF)):
        base = FAR_LINES[n % 2]
        feed.send(feed.place(rng(n), 1, n)[0] | {"lines": lines, "host_addr": base})
        await feed.lines.receive(20)
        dut.line_index_q.value = lines - 20
        assert (await feed.error())["status"] == "CRC_MISMATCH"
        got = feed.got()
        assert [line["last"] for line in got] == [0] * (len(got) - 1) + [1] and 38 <= len(got) <= 44
        await feed.recover()
        address = base + 600 * LINE
        feed.memory.read_faults = {address}
        feed.send(feed.place(rng(n), 1, n)[0] | {"lines": lines, "host_addr": base})
        await feed.lines.receive(1)
        dut.line_index_q.value = lines // 2
        start = len(feed.lines.words)
        error = await feed.error()
        assert (error["status"], error["detail"]) == ("DMA_READ_ERROR", number(n))
        taken = (error["host_addr"] - base) % (1 << 64) // LINE - lines // 2
        assert abs(start + taken - 600) <= 3
        await feed.recover()
    feed.memory.read_faults = set()
    await feed.works(rng(9))


@cocotb.test()
@cocotb.parametrize(crc_wrong=[False, True], at=[0, 20, 59])
async def a_format_error_is_told_after_the_crc(dut, crc_wrong, at):
    """The record stream complains at line `at`: damage explains it, and without damage it is the format."""
    feed = await Feed(dut).begin()
    random = rng(5)
    listed = [feed.place(random, 60, index) for index in range(3)]
    for index, (extent, _) in enumerate(listed):
        feed.send(extent | {"crc32c": extent["crc32c"] ^ int(crc_wrong and index == 1)})
    await feed.lines.receive(60 + at + 1)
    dut.record_error_i.value = 1
    want = "CRC_MISMATCH" if crc_wrong else "RECORD_FORMAT"
    assert await feed.error() == {"status": want, "detail": number(1), "host_addr": listed[1][0]["host_addr"]}
    # The complaint takes a cycle to be seen and a cycle to be registered, with a line in the output register.
    assert len(feed.lines.words) <= 60 + at + 4
    await feed.recover()
    await feed.works(random)


@cocotb.test()
@cocotb.parametrize(after=[0, 3, 22, 40, 90], stall=[Stall.NONE, Stall.WORST])
async def flush_drains_whatever_is_under_way(dut, after, stall):
    feed = await Feed(dut, stall, latency=30).begin()
    random = rng(after)
    for index in range(4):
        feed.send(feed.place(random, 100, index)[0])
    await ClockCycles(dut.clk_i, after)
    await feed.recover()
    await feed.works(random)


def test_extent_feed():
    run("extent_feed")
