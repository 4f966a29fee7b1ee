"""Bench of hdl/queue/command_engine.sv: the executors side by side, between memory and a stand-in for match_array."""

import cocotb
import whorl
from bench.host import BURST, LINE, WRITE_BEAT, HostMemory, ReadPort
from bench.layout import code, code_name, pack, unpack
from bench.queue import DOORBELL, ERROR, FAR_LINES, FAR_WORDS, PAIR_SETUP, rng
from bench.records import GALLERY_LINE, REQUEST, RESULT_LINE
from bench.runner import run
from bench.streams import Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

STREAMS, PROBES, PAIRS, CHANNELS = 2, 2, 8, 8
ENTRIES_LOG2 = 3
BLOCK_LINES = 34
TOP_K = (0x55, 0xAA)
TAGS, STRIDES, FIRST = (0x5A3C, 0xA5C3), (0x5A3C_9680, 0xA5C3_6940), (0x5A3C96, 0xA5C369)


class Writes:
    """Stands for axi_write_port towards its clients: takes a burst, its beats, and answers."""

    def __init__(self, dut, memory):
        self.dut, self.memory = dut, memory
        dut.write_burst_ready_i.value = dut.write_beat_ready_i.value = dut.write_response_valid_i.value = 0
        dut.write_response_error_i.value = 0
        cocotb.start_soon(self._run())

    async def _next(self, valid, ready, client=None):
        """Waits for a transfer; gives the client that made it."""
        while True:
            offered = int(valid.value) if client is None else int(valid.value) & 1 << client
            if offered:
                client = (offered & -offered).bit_length() - 1
                ready.value = 1 << client
                await RisingEdge(self.dut.clk_i)
                ready.value = 0
                return client
            await RisingEdge(self.dut.clk_i)

    async def _run(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            client = await self._next(dut.write_burst_valid_o, dut.write_burst_ready_i)
            burst, good = BURST.unpack(int(dut.write_burst_o[client].value)), True
            for n in range(burst["lines_less1"] + 1):
                await RisingEdge(dut.clk_i)
                await self._next(dut.write_beat_valid_o, dut.write_beat_ready_i, client)
                beat = WRITE_BEAT.unpack(int(dut.write_beat_o[client].value))
                good &= self.memory.device_write(burst["host_addr"] + n * LINE, beat["data"], beat["strobe"])
            dut.write_response_valid_i.value = 1 << client
            dut.write_response_error_i.value = 0 if good else 1 << client
            await RisingEdge(dut.clk_i)
            dut.write_response_valid_i.value = 0


class Engine:
    """A driver, small and slow. Rings and data lie at far places, which differ in every bit between turns."""

    def __init__(self, dut, turn=0):
        self.dut, self.memory, self.turn = dut, HostMemory(), turn
        self.tails, self.heads, self.vectors, self.errors = [0] * PAIRS, [0] * PAIRS, [], []
        self.taken, self.blocks, self.named = [[] for _ in range(STREAMS)], [], {}
        for name in ("admin_start_i", "forget_i", "doorbell_valid_i", "match_idle_i", "probe_loaded_i", "line_ready_i",
                     "record_error_i", "probe_parity_i", "read_hung_i", "write_hung_i"):
            getattr(dut, name).value = 0
        dut.match_ready_i.value = dut.probe_line_ready_i.value = dut.msix_ready_i.value = 1
        dut.watchdog_i.value = FAR_WORDS[turn]
        beats = [dut.host_beat_i, *dut.read_beat_i]
        self.reads = ReadPort(dut, self.memory, clients=len(dut.read_burst_ready_i), prefix="read_", beats=beats)
        for channel in dut.memory_units_i:
            channel.value = FAR_WORDS[turn]
        Writes(dut, self.memory)
        self.requests, self.results = Sink(dut, "result_request", Stall.NONE), Source(dut, "result_line", Stall.NONE)

    def place(self, n, memory=0):
        """The n-th place; a channel ends before 2^46."""
        return FAR_LINES[(n + self.turn) % 2] % (1 << (64 if memory == 0 else 46)) ^ n << 16

    def rings(self, queue):
        return self.place(2 * queue), self.place(2 * queue + 1)

    async def begin(self):
        dut = self.dut
        await start(dut)
        cocotb.start_soon(self._watch())
        sq, cq = self.rings(0)
        dut.admin_setup_i.value = PAIR_SETUP.pack(queue_index=0, sq_base=sq, cq_base=cq, entries_log2=ENTRIES_LOG2)
        dut.admin_start_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.admin_start_i.value = 0
        assert await self.create(1) == "SUCCESS"
        return self

    async def create(self, queue, **override):
        """CREATE_QUEUE_PAIR; gives its status."""
        sq, cq = self.rings(queue)
        fields = {"queue_index": queue, "entries_log2": ENTRIES_LOG2, "sq_address": sq, "cq_address": cq} | override
        create = pack("sqe_create_queue_pair", opcode=code("opcode", "CREATE_QUEUE_PAIR"), tag=1, **fields)
        status, tag = await self.command(0, create)
        assert tag == 1
        return status

    async def _watch(self):
        dut, answered = self.dut, 0
        while True:
            await RisingEdge(dut.clk_i)
            if int(dut.msix_valid_o.value):
                self.vectors.append(int(dut.msix_vector_o.value))
            errors = int(dut.error_valid_o.value)
            self.errors += [ERROR.unpack(int(dut.error_o[source].value)) for source in range(2) if errors >> source & 1]
            asked = int(dut.read_burst_valid_o.value) & int(dut.read_burst_ready_i.value)
            for client in range(STREAMS + 1):  # those that name a memory
                if asked >> 3 + client & 1:
                    address = BURST.unpack(int(dut.read_burst_o[3 + client].value))["host_addr"]
                    self.named["read", address] = int(dut.read_memory_o[client].value)
            if int(dut.write_burst_valid_o.value) & int(dut.write_burst_ready_i.value) & 4:
                address = BURST.unpack(int(dut.write_burst_o[2].value))["host_addr"]
                self.named["write", address] = int(dut.write_memory_o.value)
            moved = int(dut.line_valid_o.value) & int(dut.line_ready_i.value)
            for s in range(STREAMS):
                if moved >> s & 1:
                    self.taken[s].append(GALLERY_LINE.unpack(int(dut.line_o[s].value)))
            for word in self.requests.words[answered:]:
                self.blocks.append(REQUEST.unpack(word))
                lines = [rng((answered, i)).getrandbits(512) for i in range(BLOCK_LINES)]
                self.blocks[-1]["lines"] = lines
                words = (RESULT_LINE.pack(data=line, last=i == BLOCK_LINES - 1) for i, line in enumerate(lines))
                self.results.send(*words)
                answered += 1

    def take_lines(self):
        """Has the match array take every line at once."""
        self.dut.line_ready_i.value = (1 << STREAMS) - 1
        self.dut.match_idle_i.value = 1
        self.dut.probe_loaded_i.value = (1 << PROBES) - 1

    async def submit(self, queue, entry):
        self.memory.store(self.rings(queue)[0] + 64 * self.tails[queue], entry)
        self.tails[queue] = (self.tails[queue] + 1) % (1 << ENTRIES_LOG2)
        await self.ring(queue, 0, self.tails[queue])

    async def ring(self, queue, completion, value):
        self.dut.doorbell_i.value = DOORBELL.pack(queue_index=queue, completion=completion, value=value)
        self.dut.doorbell_valid_i.value = 1
        await RisingEdge(self.dut.clk_i)
        self.dut.doorbell_valid_i.value = 0

    async def completion(self, queue):
        """Status and tag of the next completion; the rest of it stays in `last`."""
        entries = 1 << ENTRIES_LOG2
        place, phase = self.heads[queue] % entries, 1 - self.heads[queue] // entries % 2
        for _ in range(20_000):
            self.last = unpack("cqe", self.memory.load(self.rings(queue)[1] + 16 * place, 16))
            if self.last["phase"] == phase:
                self.heads[queue] += 1
                await self.ring(queue, 1, self.heads[queue] % entries)
                assert self.last["queue_index"] == queue
                return code_name("status", self.last["status"]), self.last["tag"]
            await RisingEdge(self.dut.clk_i)
        raise AssertionError("no completion")

    async def command(self, queue, entry):
        await self.submit(queue, entry)
        return await self.completion(queue)

    async def fails(self, entry, status, host_addr, queue=1, detail=0):
        """A command that fails with what is given, which the error log is told as well."""
        tag = unpack("sqe", entry)["tag"]
        errors = len(self.errors)
        assert await self.command(queue, entry) == (status, tag) and self.last["detail"] == detail
        error = {"code": code("status", status), "queue_index": queue, "tag": tag, "host_addr": host_addr}
        assert self.errors[errors:] == [error]

    # ---- entries

    def search(self, random, count, tag, memories=(0,)):
        """A SEARCH of random lines, and its extents; place 20 has the list, 21 the results, the extents follow."""
        extents = []
        for index in range(count):
            memory = memories[index % len(memories)]
            data, address = random.randbytes(random.randint(1, 40) * LINE), self.place(22 + index, memory)
            self.memory.store(address, data)
            crc = whorl.crc32c(data)
            names = {"records": random.getrandbits(32), "base_index": random.getrandbits(32)}
            extents.append({"address": address, "memory": memory, "lines": len(data) // LINE, "crc32c": crc} | names)
        self.memory.store(self.place(20), b"".join(pack("extent", **extent) for extent in extents))
        fields = {"probe_mask": (1 << PROBES) - 1, "extents_address": self.place(20), "extent_count": count,
                  "top_k": TOP_K[self.turn], "threshold": TAGS[self.turn], "result_stride": STRIDES[self.turn],
                  "result_address": self.place(21)}
        return pack("sqe_search", opcode=code("opcode", "SEARCH"), tag=tag, **fields), extents


def load_probe(address, image, tag, slot=0):
    return pack("sqe_load_probe", opcode=code("opcode", "LOAD_PROBE"), tag=tag, probe_slot=slot, image_address=address,
                crc32c=whorl.crc32c(image))


def copy(tag, data, source, destination, source_memory=0, destination_memory=0):
    return pack("sqe_copy", opcode=code("opcode", "COPY"), tag=tag, source_memory=source_memory, source_address=source,
                destination_memory=destination_memory, destination_address=destination, lines=len(data) // LINE,
                crc32c=whorl.crc32c(data))


TURNS = cocotb.parametrize(turn=[0, 1, 0])


@cocotb.test()
@cocotb.parametrize(turn=[0, 1])
async def both_executors_complete_on_their_own_pair_with_its_interrupt(dut, turn):
    engine = await Engine(dut, turn).begin()
    image, address = whorl.probe_image(whorl.pack([(1, 2, 3, bytes(16), 50, 1)])), engine.place(20)
    engine.memory.store(address, image)
    for tag in range(20):  # over two laps of the rings
        assert await engine.command(1, load_probe(address, image, tag)) == ("SUCCESS", tag)
        wrong_queue = pack("sqe_load_probe", opcode=code("opcode", "LOAD_PROBE"), tag=tag)
        assert await engine.command(0, wrong_queue) == ("INVALID_OPCODE", tag)
    await ClockCycles(dut.clk_i, 30)
    assert engine.vectors.count(1) == 20 and engine.vectors.count(0) == 21
    assert int(dut.quiet_o.value) == 1 and engine.reads.outstanding == 0


@cocotb.test()
@TURNS
async def a_search_reads_every_memory_and_writes_its_blocks(dut, turn):
    engine, random = await Engine(dut, turn).begin(), rng(turn)
    engine.take_lines()
    for memories in ((0, 1, 2, 4), (8, 7)):
        entry, extents = engine.search(random, 5, TAGS[turn], memories)
        for taken in engine.taken:
            taken.clear()
        engine.blocks.clear()
        assert await engine.command(1, entry) == ("SUCCESS", TAGS[turn])
        lines = {}
        for line in (line for taken in engine.taken for line in taken):
            lines.setdefault((line["base_index"], line["records"]), []).append(line["data"].to_bytes(LINE, "little"))
        for extent in extents:
            data = b"".join(lines.pop((extent["base_index"], extent["records"])))
            assert data == engine.memory.load(extent["address"], extent["lines"] * LINE)
            assert engine.named["read", extent["address"]] == extent["memory"]
        assert not lines
        every = [(s, p) for s in range(STREAMS) for p in range(PROBES)]
        assert [(block["stream"], block["probe"]) for block in engine.blocks] == every
        for n, block in enumerate(engine.blocks):
            written = engine.memory.load(engine.place(21) + n * STRIDES[turn], BLOCK_LINES * LINE)
            assert written == b"".join(line.to_bytes(LINE, "little") for line in block["lines"])


@cocotb.test()
@TURNS
async def copies_go_from_and_to_every_memory(dut, turn):
    engine, random = await Engine(dut, turn).begin(), rng(turn)
    for source_memory, destination_memory in ((0, 0), (0, 1), (2, 0), (4, 8), (8, 4)):
        data = random.randbytes(20 * LINE)
        source, destination = engine.place(20, source_memory), engine.place(21, destination_memory)
        engine.memory.store(source, data)
        engine.memory.store(destination, bytes(len(data)))
        entry = copy(TAGS[turn], data, source, destination, source_memory, destination_memory)
        assert await engine.command(1, entry) == ("SUCCESS", TAGS[turn])
        assert engine.memory.load(destination, len(data)) == data
        assert engine.named["read", source] == source_memory
        assert engine.named["write", destination] == destination_memory


@cocotb.test()
@TURNS
async def failures_are_told_with_their_place(dut, turn):
    engine, random = await Engine(dut, turn).begin(), rng(turn)
    engine.take_lines()
    tag, near, far = TAGS[turn], engine.place(40), engine.place(21)
    image = random.randbytes(208 * LINE)
    engine.memory.store(near, image)
    data = image[: 20 * LINE]
    await engine.fails(load_probe(near, bytes(LINE), tag), "CRC_MISMATCH", near)
    await engine.fails(copy(tag, bytes(20 * LINE), near, far), "CRC_MISMATCH", near)
    await engine.fails(copy(tag, data, near, far, destination_memory=CHANNELS + 1), "ADDRESS_RANGE", far)
    engine.memory.read_faults = {near}
    await engine.fails(load_probe(near, image, tag), "DMA_READ_ERROR", near)
    await engine.fails(copy(tag, data, near, far), "DMA_READ_ERROR", near)
    # Whoever owes the answer for too long: any reader, or a writer other than that of the completions.
    for name, clients in (("read_hung_i", range(STREAMS + 4)), ("write_hung_i", (1, 2))):
        for client in clients:
            getattr(dut, name).value = 1 << client
            await engine.fails(copy(tag, data, near, far), "TIMEOUT", near)
            getattr(dut, name).value = 0
            await ClockCycles(dut.clk_i, 2)
    dut.write_hung_i.value = 1
    await engine.fails(copy(tag, data, near, far), "DMA_READ_ERROR", near)
    dut.write_hung_i.value = 0
    engine.memory.read_faults, engine.memory.write_faults = set(), {far}
    await engine.fails(copy(tag, data, near, far), "DMA_WRITE_ERROR", far)
    entry, extents = engine.search(random, 4, tag, (1, 0, CHANNELS))
    await engine.fails(entry, "DMA_WRITE_ERROR", far)
    engine.memory.write_faults = set()
    # In a list as long as may be.
    for bad in range(4):
        engine.memory.read_faults = {extents[bad]["address"]}
        await engine.submit(1, entry)
        while not int(dut.match_active_o.value):
            await RisingEdge(dut.clk_i)
        dut.i_search.i_deal.index_q.value = FIRST[turn]
        assert await engine.completion(1) == ("DMA_READ_ERROR", tag)
        assert engine.last["detail"] == FIRST[turn] + bad and engine.errors[-1]["host_addr"] == extents[bad]["address"]
    engine.memory.read_faults = set()
    for stream in range(STREAMS):
        for slot in range(PROBES):
            dut.probe_parity_i.value = 1 << stream * PROBES + slot
            await engine.fails(entry, "PROBE_PARITY", 0, detail=stream << 8 | slot)
    dut.probe_parity_i.value = 0
    # Entries that cannot be read.
    for queue in (1, 0):
        address = engine.rings(queue)[0] + 64 * engine.tails[queue]
        engine.memory.read_faults = {address}
        place = engine.tails[queue]
        assert await engine.command(queue, load_probe(near, image, tag)) == ("DMA_READ_ERROR", 0xFFFF)
        assert engine.last["detail"] == place and engine.errors[-1]["host_addr"] == address
    engine.memory.read_faults = set()
    assert await engine.command(1, load_probe(near, image, tag)) == ("SUCCESS", tag)


@cocotb.test()
@TURNS
async def pairs_are_halted_and_doorbells_refused_on_their_own(dut, turn):
    engine = await Engine(dut, turn).begin()
    for queue in range(2, PAIRS):
        for wrong in ({"entries_log2": 0xF3}, {"sq_address": engine.rings(queue)[0] + 0x3F}, {"cq_address": 0x3F}):
            assert await engine.create(queue, **wrong) == "INVALID_FIELD"
        assert await engine.create(queue) == "SUCCESS"
    engine.errors.clear()
    refused = [(queue, TAGS[turn]) for queue in range(PAIRS)] + [(1 << bit, 0) for bit in range(3, 8)]
    for queue, value in refused:
        await engine.ring(queue, 0, value)
        await ClockCycles(dut.clk_i, 3)
    same = {"code": code("status", "INVALID_QUEUE"), "host_addr": 0}
    assert engine.errors == [same | {"queue_index": queue, "tag": value} for queue, value in refused]
    engine.errors.clear()
    for queue in (*range(1, PAIRS), 0):
        vectors = engine.vectors.count(queue)
        assert await engine.command(queue, pack("sqe", opcode=0x7F, tag=7)) == ("INVALID_OPCODE", 7)
        await ClockCycles(dut.clk_i, 20)
        assert engine.vectors.count(queue) == vectors + 1
        engine.errors.clear()
        line = engine.rings(queue)[1] + 16 * (engine.heads[queue] % (1 << ENTRIES_LOG2)) & -LINE
        engine.memory.write_faults = {line}
        await engine.submit(queue, pack("sqe", opcode=0x7F, tag=TAGS[turn]))
        await ClockCycles(dut.clk_i, 150)
        # The first is that of the opcode.
        want = [(code("status", "INVALID_OPCODE"), 0), (code("status", "DMA_WRITE_ERROR"), line)]
        assert engine.errors == [{"code": c, "queue_index": queue, "tag": TAGS[turn], "host_addr": a} for c, a in want]
        engine.errors.clear()
        engine.memory.write_faults = set()
        written = len(engine.memory.written)
        await engine.submit(queue, pack("sqe", opcode=0x7F))
        await ClockCycles(dut.clk_i, 100)
        assert len(engine.memory.written) == written, "a halted pair was served"


@cocotb.test()
@TURNS
async def an_abort_reaches_the_search_that_runs_beside_it(dut, turn):
    engine = await Engine(dut, turn).begin()
    dut.probe_loaded_i.value = (1 << PROBES) - 1
    tag, cycles = TAGS[turn], FAR_WORDS[turn]
    await engine.submit(1, engine.search(rng(1), 1, tag)[0])
    await ClockCycles(dut.clk_i, 300)  # the match array takes no line, so the search cannot end
    assert int(dut.busy_o.value) == 1
    abort = {"opcode": code("opcode", "ABORT"), "queue_index": 1}
    assert await engine.command(0, pack("sqe_abort", tag=2, target_tag=tag ^ 1, **abort)) == ("SUCCESS", 2)
    await ClockCycles(dut.clk_i, 100)
    assert int(dut.busy_o.value) == 1, "another tag was aborted"
    # Both wait while the match array is not clear; their counts are set forward, which would take a minute and more.
    dut.match_idle_i.value, dut.match_ready_i.value = 1, 0
    await engine.submit(0, pack("sqe_abort", tag=3, target_tag=tag, **abort))
    await ClockCycles(dut.clk_i, 60)
    dut.i_io.cycles_q.value, dut.i_admin.cycles_q.value = cycles, FAR_WORDS[1 - turn]
    await ClockCycles(dut.clk_i, 20)
    dut.match_ready_i.value = 1
    assert await engine.completion(1) == ("ABORTED", tag) and 20 <= engine.last["cycles"] - cycles <= 40
    assert await engine.completion(0) == ("SUCCESS", 3) and 20 <= engine.last["cycles"] - FAR_WORDS[1 - turn] <= 100
    assert engine.last["detail"] == 1
    await ClockCycles(dut.clk_i, 30)
    assert int(dut.busy_o.value) == 0


@cocotb.test()
async def the_watchdog_ends_what_does_not_end(dut):
    engine = await Engine(dut).begin()
    dut.probe_loaded_i.value = (1 << PROBES) - 1
    dut.watchdog_i.value, dut.match_idle_i.value = 1, 1
    entry = engine.search(rng(1), 1, 5)[0]  # the match array takes no line
    assert await engine.command(1, entry) == ("WATCHDOG", 5) and 1024 <= engine.last["cycles"] < 1100


def test_command_engine():
    parameters = {"Streams": STREAMS, "Probes": PROBES, "QueuePairs": PAIRS, "Channels": CHANNELS}
    run("command_engine", parameters=parameters, visible=("admin_exec", "io_exec", "search_exec", "extent_deal"))
