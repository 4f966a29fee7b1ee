"""Bench of hdl/queue/command_engine.sv: the executors side by side, between rings in memory and a quiet match array."""

import cocotb
import whorl
from bench.host import BURST, LINE, WRITE_BEAT, HostMemory, ReadPort
from bench.layout import code, code_name, pack, unpack
from bench.queue import DOORBELL, PAIR_SETUP
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, RisingEdge

ADMIN_SQ, ADMIN_CQ, IO_SQ, IO_CQ = 0x1_0000, 0x2_0000, 0x3_0000, 0x4_0000
ENTRIES_LOG2 = 3


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
            burst = BURST.unpack(int(dut.write_burst_o[client].value))
            for n in range(burst["lines_less1"] + 1):
                await RisingEdge(dut.clk_i)
                await self._next(dut.write_beat_valid_o, dut.write_beat_ready_i, client)
                beat = WRITE_BEAT.unpack(int(dut.write_beat_o[client].value))
                self.memory.device_write(burst["host_addr"] + n * LINE, beat["data"], beat["strobe"])
            dut.write_response_valid_i.value = 1 << client
            await RisingEdge(dut.clk_i)
            dut.write_response_valid_i.value = 0


class Engine:
    """A driver of two pairs, small and slow."""

    def __init__(self, dut):
        self.dut, self.memory = dut, HostMemory()
        self.tails, self.heads, self.vectors = {0: 0, 1: 0}, {0: 0, 1: 0}, []
        for name in ("admin_start_i", "forget_i", "doorbell_valid_i", "match_idle_i", "probe_loaded_i", "line_ready_i",
                     "record_error_i", "result_request_ready_i", "result_line_valid_i"):
            getattr(dut, name).value = 0
        dut.match_ready_i.value = dut.probe_line_ready_i.value = dut.msix_ready_i.value = 1
        beats = [dut.host_beat_i, *dut.read_beat_i]
        self.reads = ReadPort(dut, self.memory, clients=len(dut.read_burst_ready_i), prefix="read_", beats=beats)
        for channel in dut.memory_units_i:
            channel.value = 1
        Writes(dut, self.memory)

    async def begin(self):
        dut = self.dut
        await start(dut)
        cocotb.start_soon(self._watch())
        dut.admin_setup_i.value = PAIR_SETUP.pack(queue_index=0, sq_base=ADMIN_SQ, cq_base=ADMIN_CQ, entries_log2=ENTRIES_LOG2)
        dut.admin_start_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.admin_start_i.value = 0
        create = pack("sqe_create_queue_pair", opcode=code("opcode", "CREATE_QUEUE_PAIR"), tag=1, queue_index=1,
                      entries_log2=ENTRIES_LOG2, sq_address=IO_SQ, cq_address=IO_CQ)
        assert await self.command(0, create) == ("SUCCESS", 1)
        return self

    async def _watch(self):
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.msix_valid_o.value):
                self.vectors.append(int(self.dut.msix_vector_o.value))

    async def submit(self, queue, entry):
        base = (ADMIN_SQ, IO_SQ)[queue]
        self.memory.store(base + 64 * self.tails[queue], entry)
        self.tails[queue] = (self.tails[queue] + 1) % (1 << ENTRIES_LOG2)
        await self.ring(queue, 0, self.tails[queue])

    async def ring(self, queue, completion, value):
        self.dut.doorbell_i.value = DOORBELL.pack(queue_index=queue, completion=completion, value=value)
        self.dut.doorbell_valid_i.value = 1
        await RisingEdge(self.dut.clk_i)
        self.dut.doorbell_valid_i.value = 0

    async def completion(self, queue):
        """Status and tag of the next completion."""
        base, entries = (ADMIN_CQ, IO_CQ)[queue], 1 << ENTRIES_LOG2
        place, phase = self.heads[queue] % entries, 1 - self.heads[queue] // entries % 2
        for _ in range(20_000):
            entry = unpack("cqe", self.memory.load(base + 16 * place, 16))
            if entry["phase"] == phase:
                self.heads[queue] += 1
                await self.ring(queue, 1, self.heads[queue] % entries)
                assert entry["queue_index"] == queue
                return code_name("status", entry["status"]), entry["tag"]
            await RisingEdge(self.dut.clk_i)
        raise AssertionError("no completion")

    async def command(self, queue, entry):
        await self.submit(queue, entry)
        return await self.completion(queue)


def load_probe(address, image, tag):
    return pack("sqe_load_probe", opcode=code("opcode", "LOAD_PROBE"), tag=tag, probe_slot=0, image_address=address,
                crc32c=whorl.crc32c(image))


@cocotb.test()
async def both_executors_complete_on_their_own_pair_with_its_interrupt(dut):
    engine = await Engine(dut).begin()
    image = whorl.probe_image(whorl.pack([(1, 2, 3, bytes(16), 50, 1)]))
    engine.memory.store(0x10_0000, image)
    for tag in range(20):  # over two laps of the rings
        assert await engine.command(1, load_probe(0x10_0000, image, tag)) == ("SUCCESS", tag)
        wrong_queue = pack("sqe_load_probe", opcode=code("opcode", "LOAD_PROBE"), tag=tag)
        assert await engine.command(0, wrong_queue) == ("INVALID_OPCODE", tag)
    await ClockCycles(dut.clk_i, 30)
    assert engine.vectors.count(1) == 20 and engine.vectors.count(0) == 21
    assert int(dut.quiet_o.value) == 1 and engine.reads.outstanding == 0


@cocotb.test()
async def an_abort_reaches_the_search_that_runs_beside_it(dut):
    engine = await Engine(dut).begin()
    dut.probe_loaded_i.value = 1
    data = bytes(LINE)
    engine.memory.store(0x20_0000, data)
    engine.memory.store(0x30_0000, pack("extent", address=0x20_0000, lines=1, records=1, crc32c=whorl.crc32c(data)))
    search = pack("sqe_search", opcode=code("opcode", "SEARCH"), tag=9, probe_mask=1, extents_address=0x30_0000, extent_count=1,
                  top_k=1, result_stride=64 * 34, result_address=0x40_0000)
    await engine.submit(1, search)
    await ClockCycles(dut.clk_i, 300)  # the match array takes no line, so the search cannot end
    assert int(dut.busy_o.value) == 1
    abort = {"opcode": code("opcode", "ABORT"), "queue_index": 1}
    assert await engine.command(0, pack("sqe_abort", tag=2, target_tag=8, **abort)) == ("SUCCESS", 2)
    await ClockCycles(dut.clk_i, 100)
    assert int(dut.busy_o.value) == 1, "another tag was aborted"
    dut.match_idle_i.value = 1
    assert await engine.command(0, pack("sqe_abort", tag=3, target_tag=9, **abort)) == ("SUCCESS", 3)
    assert await engine.completion(1) == ("ABORTED", 9)
    await ClockCycles(dut.clk_i, 30)
    assert int(dut.busy_o.value) == 0


def test_command_engine():
    run("command_engine")
