"""Bench of hdl/queue/search_exec.sv: whole searches between a host memory and a stand-in for the match array."""

import cocotb
import pytest
import whorl
from bench.host import BURST, LINE, HostMemory, ReadPort, WritePort
from bench.layout import code_name, limit, pack
from bench.queue import FAR_LINES, FAR_WORDS, OUTCOME, rng
from bench.records import CONFIG, GALLERY_LINE, REQUEST, RESULT_LINE
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

# Of searches by turns.
STRIDES, THRESHOLDS, TOP_K = (0x5A3C_9680, 0xA5C3_6940), (0x5A3C, 0xA5C3), (0x55, 0xAA, limit("TOP_K_MAX"))
FIRST = (0x5A3C96, 0xA5C369)  # indices in a list as long as may be


class Search:
    """Host memory below, match array above. The array notes lines and answers with random result blocks."""

    def __init__(self, dut, stall=Stall.NONE):
        self.dut = dut
        self.streams, self.probes = int(dut.Streams.value), int(dut.Probes.value)
        self.channels = int(dut.Channels.value)
        self.memory = HostMemory()
        beats = [dut.beat_i, *dut.stream_beat_i]
        self.reads = ReadPort(dut, self.memory, stall, latency=20, clients=self.streams + 1, beats=beats)
        self.turn, self.named = 0, {}
        self.writes = WritePort(dut, self.memory, stall, prefix="result_")
        self.requests, self.results = Sink(dut, "result_request", stall), Source(dut, "result_line", stall)
        self.blocks, self.answered, self.starts = {}, 0, 0
        self.taken = [[] for _ in range(self.streams)]
        self.patterns = [stall.pattern(30 + s) for s in range(self.streams)]
        for name in ("start_i", "sqe_i", "abort_i", "line_ready_i", "record_error_i"):
            getattr(dut, name).value = 0
        dut.probe_parity_i.value = 0
        dut.match_ready_i.value = dut.match_idle_i.value = 1
        dut.probe_loaded_i.value = (1 << self.probes) - 1

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._array())
        return self

    async def _array(self):
        dut, ready = self.dut, 0
        while True:
            await RisingEdge(dut.clk_i)
            self.starts += int(dut.match_start_o.value)
            asked = (int(dut.burst_valid_o.value) & int(dut.burst_ready_i.value)) >> 1
            for s in range(self.streams):
                if asked >> s & 1:
                    self.named[BURST.unpack(int(dut.burst_o[1 + s].value))["host_addr"]] = int(dut.memory_o[s].value)
            moved = int(dut.line_valid_o.value) & ready
            for s in range(self.streams):
                # A line in the feed's register may still leave while an ended search is flushed.
                if moved >> s & 1 and int(dut.match_active_o.value):
                    self.taken[s].append(GALLERY_LINE.unpack(int(dut.line_o[s].value)))
            ready = sum((not next(p)) << s for s, p in enumerate(self.patterns))
            dut.line_ready_i.value = ready
            while len(self.requests.words) > self.answered:
                request = REQUEST.unpack(self.requests.words[self.answered])
                block = self.blocks[request["stream"], request["probe"]]
                for i, data in enumerate(block):
                    self.results.send(RESULT_LINE.pack(data=data, last=i == len(block) - 1))
                self.answered += 1

    def place(self, random, count):
        """Extents of random lines in any memory, far from those of the last time; gives their data."""
        self.turn += 1
        at, other = self.turn % 2, 1 - self.turn % 2
        self.list, self.blocks_at, self.stride = FAR_LINES[at], FAR_LINES[other], STRIDES[at]
        for channel in self.dut.memory_units_i:
            channel.value = FAR_WORDS[at]
        extents, listed = [], []
        for index in range(count):
            data = random.randbytes(random.randint(1, 40) * LINE)
            memory = random.choice((0, random.randint(0, self.channels)))
            # A channel ends before 2^48.
            address = FAR_LINES[(index + self.turn) % 2] % (1 << (64 if memory == 0 else 46)) + (index + 1) * 0x1_0000
            self.memory.store(address, data)
            crc = whorl.crc32c(data)
            names = {"records": random.getrandbits(32), "base_index": random.getrandbits(32)}
            extents.append({"address": address, "memory": memory, "lines": len(data) // LINE, "crc32c": crc} | names)
            listed.append(data)
        self.store(extents)
        self.blocks = {
            (s, p): [random.getrandbits(512) for _ in range(33 + 2)] for s in range(self.streams) for p in range(self.probes)
        }
        return listed, extents

    def store(self, extents):
        """Writes the list."""
        self.memory.store(self.list, b"".join(pack("extent", **extent) for extent in extents))

    async def run(self, extents, abort_after=None, error_after=None, abort_when=lambda: False, first=0, **fields):
        """One SEARCH; gives its status and detail, and `host_addr`. Its list counts from `first`."""
        values = {"probe_mask": (1 << self.probes) - 1, "extents_address": self.list, "extent_count": extents,
                  "threshold": THRESHOLDS[self.turn % 2], "top_k": TOP_K[self.turn % 3], "result_stride": self.stride,
                  "result_address": self.blocks_at} | fields
        dut = self.dut
        self.named.clear()
        self.taken = [[] for _ in range(self.streams)]
        self.memory.written.clear()
        dut.sqe_i.value = int.from_bytes(pack("sqe_search", **values), "little")
        dut.start_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.start_i.value = 0
        for cycle in range(100_000):
            if (abort_after is not None and cycle >= abort_after) or abort_when():
                dut.abort_i.value = 1
            if error_after is not None and len(self.taken[0]) >= error_after:
                dut.record_error_i.value = 1
            await RisingEdge(dut.clk_i)
            if first and int(dut.match_active_o.value):
                dut.i_deal.index_q.value, first = first, 0  # before the first descriptor has come
            if int(dut.match_start_o.value):
                dut.record_error_i.value = 0
                error_after = None if cycle > 20 else error_after
            if int(dut.done_o.value):
                dut.abort_i.value = 0
                outcome = OUTCOME.unpack(int(dut.outcome_o.value))
                self.host_addr = outcome["host_addr"]
                await ClockCycles(dut.clk_i, 2)
                assert self.reads.outstanding == 0 and not self.writes.answers
                return code_name("status", outcome["status"]), outcome["detail"]
        raise AssertionError("not done")

    def check(self, listed, extents, mask):
        """Every line came once, to one stream each extent, and every result block stands in its place."""
        seen = {}
        for lines in self.taken:
            for line in lines:
                seen.setdefault(line["base_index"], []).append(line)
        for data, extent in zip(listed, extents):
            lines = seen.pop(extent["base_index"])
            assert b"".join(line["data"].to_bytes(LINE, "little") for line in lines) == data
            assert self.named[extent["address"]] == extent["memory"]
            assert {line["records"] for line in lines} == {extent["records"]}
            assert [line["first"] for line in lines] == [1] + [0] * (len(lines) - 1)
            assert [line["last"] for line in lines] == [0] * (len(lines) - 1) + [1]
        assert not seen
        for (s, p), block in self.blocks.items():
            found = self.memory.load(self.blocks_at + (s * self.probes + p) * self.stride, len(block) * LINE)
            want = b"".join(word.to_bytes(LINE, "little") for word in block)
            assert (found == want) == bool(mask >> p & 1), (s, p)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def a_search_streams_every_extent_and_writes_every_block(dut, stall):
    search = await Search(dut, stall).begin()
    random = rng(1)
    for count, mask in ((1, 1), (9, (1 << search.probes) - 1), (4, 1 << search.probes - 1)):
        listed, extents = search.place(random, count)
        before = search.starts
        assert await search.run(count, probe_mask=mask) == ("SUCCESS", 0)
        config = CONFIG.unpack(int(dut.search_config_o.value))
        assert config == {"threshold": THRESHOLDS[search.turn % 2], "top_k": TOP_K[search.turn % 3], "probe_mask": mask}
        search.check(listed, extents, mask)
        assert search.starts == before + 1


@cocotb.test()
async def what_cannot_run_is_refused_before_anything_moves(dut):
    search = await Search(dut).begin()
    search.place(rng(2), 2)
    addresses = {"extents_address": search.list, "result_address": search.blocks_at, "result_stride": search.stride}
    refused = [{name: value | 0x3F} for name, value in addresses.items()]
    for fields in ({"probe_mask": 0}, {"top_k": 0}, {"result_stride": LINE}, {"extent_count": 0}, *refused):
        assert await search.run(2, **fields) == ("INVALID_FIELD", 0), fields
    dut.probe_loaded_i.value = 0
    assert await search.run(2) == ("PROBE_NOT_LOADED", 0)
    assert search.memory.read_count == 0 and search.starts == 0


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_error_ends_the_search_and_the_next_one_works(dut, stall):
    search = await Search(dut, stall).begin()
    random = rng(3)

    async def works():
        listed, extents = search.place(random, 3)
        assert await search.run(3) == ("SUCCESS", 0)
        search.check(listed, extents, (1 << search.probes) - 1)

    for n, bad in enumerate((0, 1, 5, 0, 1)):
        first = FIRST[n % 2]
        _, extents = search.place(random, 6)
        # It is the largest as well: its end is never reached.
        extents[bad]["lines"] = FIRST[n % 2] if not extents[bad]["memory"] else extents[bad]["lines"]
        search.store(extents)
        search.memory.read_faults = {extents[bad]["address"]}
        assert await search.run(6, first=first) == ("DMA_READ_ERROR", first + bad)
        assert search.host_addr == extents[bad]["address"] and search.memory.written == []
        search.memory.read_faults = {search.list + bad * LINE}
        assert await search.run(6, first=first) == ("DMA_READ_ERROR", first + bad)
        assert search.host_addr == search.list + (first + bad) * LINE
        search.memory.read_faults = set()
        _, extents = search.place(random, 6)
        extents[bad]["memory"] = search.channels + 1
        search.store(extents)
        assert await search.run(6, first=first) == ("ADDRESS_RANGE", first + bad)
        assert search.host_addr == extents[bad]["address"] and search.memory.written == []
        _, extents = search.place(random, 6)
        extents[bad]["crc32c"] ^= 1
        search.store(extents)
        assert await search.run(6, first=first) == ("CRC_MISMATCH", first + bad)
        assert search.host_addr == extents[bad]["address"] and search.memory.written == []
        await works()
    for n in range(2):
        _, extents = search.place(random, 4)
        extents[n]["address"] += 0x3F
        search.store(extents)
        assert await search.run(4) == ("INVALID_FIELD", 0)
        assert search.host_addr == search.list + n * LINE and search.memory.written == []
    for _ in range(3):
        search.place(random, 4)
        search.memory.write_faults = {search.blocks_at + 3 * LINE}
        before = search.starts
        assert await search.run(4) == ("DMA_WRITE_ERROR", 0)
        assert search.host_addr - search.blocks_at in (0, search.stride)
        assert search.starts == before + 2, "the match array is cleared before the search and after its failure"
    search.memory.write_faults = set()
    await works()
    search.place(random, 4)
    assert (await search.run(4, error_after=2))[0] == "RECORD_FORMAT"
    await works()


@cocotb.test()
@cocotb.parametrize(after=[1, 12, 60, 150, 400])
async def an_abort_ends_the_search_at_any_time(dut, after):
    search = await Search(dut, Stall.RANDOM).begin()
    random = rng(after)
    search.place(random, 12)
    status, _ = await search.run(12, abort_after=after)
    assert status == "ABORTED"
    listed, extents = search.place(random, 3)
    assert await search.run(3) == ("SUCCESS", 0)
    search.check(listed, extents, (1 << search.probes) - 1)


@cocotb.test()
async def an_abort_beside_an_error_changes_nothing_of_what_is_left(dut):
    search = await Search(dut).begin()
    random = rng(7)

    async def works():
        listed, extents = search.place(random, 3)
        assert await search.run(3) == ("SUCCESS", 0)
        search.check(listed, extents, (1 << search.probes) - 1)

    # While the array is cleared after an error: the search has its outcome.
    _, extents = search.place(random, 4)
    search.memory.read_faults = {extents[1]["address"]}
    before = search.starts
    assert await search.run(4, abort_when=lambda: search.starts == before + 2) == ("DMA_READ_ERROR", 1)
    search.memory.read_faults = set()
    await works()
    # While the rest of an extent with a format error is read: the error is not known yet.
    search.place(random, 4)
    assert await search.run(4, error_after=2, abort_when=lambda: int(dut.record_error_i.value)) == ("ABORTED", 0)
    await works()
    # While results are written of which one fails.
    search.place(random, 4)
    search.memory.write_faults = {search.blocks_at + 3 * LINE}
    assert await search.run(4, abort_when=lambda: bool(search.memory.written)) == ("DMA_WRITE_ERROR", 0)
    assert search.host_addr == search.blocks_at and len(search.memory.written) == len(search.blocks[0, 0])
    search.memory.write_faults = set()
    await works()


@cocotb.test()
async def a_probe_that_lost_a_bit_ends_searches_with_it(dut):
    search = await Search(dut).begin()
    random = rng(5)
    for stream in range(search.streams):
        for slot in range(search.probes):
            dut.probe_parity_i.value = 1 << stream * search.probes + slot
            search.place(random, 4)
            assert await search.run(4) == ("PROBE_PARITY", stream << 8 | slot)
            assert search.memory.written == []
            others = (1 << search.probes) - 1 & ~(1 << slot)
            if others:
                listed, extents = search.place(random, 4)
                assert await search.run(4, probe_mask=others) == ("SUCCESS", 0)
                search.check(listed, extents, others)
            dut.probe_parity_i.value = 0
    # The lowest stream and slot are named.
    dut.probe_parity_i.value = (1 << search.streams * search.probes) - 1
    assert await search.run(4) == ("PROBE_PARITY", 0)


@cocotb.test()
async def known_answers_reach_every_stream(dut):
    search = await Search(dut).begin()
    listed, extents = search.place(rng(6), 6)
    extents[2]["known_answer"] = 1
    search.store(extents)
    assert await search.run(6) == ("SUCCESS", 0)
    for s in range(search.streams):
        known = [line for line in search.taken[s] if line["known_answer"]]
        assert b"".join(line["data"].to_bytes(LINE, "little") for line in known) == listed[2]
        assert {line["base_index"] for line in known} == {extents[2]["base_index"]}
        assert not [line for line in search.taken[s] if line["base_index"] == extents[2]["base_index"] and line not in known]


@pytest.mark.parametrize(("streams", "probes", "channels"), [(1, 1, 0), (2, 2, 8)])
def test_search_exec(streams, probes, channels):
    parameters = {"Streams": streams, "Probes": probes, "Channels": channels}
    run("search_exec", parameters=parameters, visible=("extent_deal",))
