"""A driver's view of the whole card: registers, queue pairs, probes, searches. Small and slow; for benches."""

from dataclasses import dataclass, field

import whorl
from bench import layout
from bench.host import AxiHost, HostMemory
from bench.layout import code, code_name, limit, offset, pack, unpack
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster

LINE = 64


@dataclass
class QueuePair:
    """The host's end of a queue pair."""

    index: int
    sq: int
    cq: int
    entries: int
    tail: int = 0
    head: int = 0
    phase: int = 1
    tags: int = 0
    vectors: int = 0
    completions: list = field(default_factory=list)


class Card:
    """Driver model. `memory` is the host's; `interrupts` counts MSI-X requests by vector."""

    def __init__(self, dut, latency_ns=40):
        self.dut, self.clock = dut, dut.clk_i
        self.memory = HostMemory()
        self.host = AxiHost(AxiBus.from_prefix(dut, "m_axi"), dut.clk_i, dut.rst_i, self.memory, latency_ns)
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk_i, dut.rst_i)
        for part in (self.axil.read_if, self.axil.write_if):
            part.log.setLevel("ERROR")
        self.next_address = 0x1_0000_0000
        self.interrupts = [0] * limit("QUEUE_PAIRS_MAX")
        dut.msix_ready_i.value = 1
        self.streams = int(dut.Streams.value)
        self.probes = int(dut.Probes.value)

    # ---- memory and registers

    def allocate(self, length: int, align: int = 4096) -> int:
        """Address of fresh host memory."""
        address = -(-self.next_address // align) * align
        self.next_address = address + length
        return address

    def place(self, data: bytes, align: int = 4096) -> int:
        """Copies data into fresh host memory."""
        address = self.allocate(len(data), align)
        self.memory.store(address, data)
        return address

    async def read(self, register: str, index: int = 0) -> int:
        return int(await self.axil.read_dword(offset(register, index)))

    async def read64(self, register: str, index: int = 0) -> int:
        return await self.read(f"{register}_lo", index) | await self.read(f"{register}_hi", index) << 32

    async def write(self, register: str, value: int, index: int = 0) -> None:
        await self.axil.write_dword(offset(register, index), value)

    async def status(self, name: str) -> int:
        return layout.field("status", name, await self.read("status"))

    async def wait_status(self, name: str, value: int = 1, polls: int = 500) -> None:
        for _ in range(polls):
            if await self.status(name) == value:
                return
        raise AssertionError(f"status.{name} is not {value}")

    async def error_log(self) -> dict:
        word = await self.read("error_log")
        return {
            "code": code_name("status", layout.field("error_log", "code", word)),
            "queue_index": layout.field("error_log", "queue_index", word),
            "tag": layout.field("error_log", "tag", word),
            "address": await self.read64("error_address"),
        }

    # ---- queues

    async def enable(self, entries_log2: int = 3) -> QueuePair:
        """Sets up the admin pair and enables the card."""
        entries = 1 << entries_log2
        pair = QueuePair(0, self.allocate(entries * 64), self.allocate(entries * 16), entries)
        self.memory.store(pair.cq, bytes(entries * 16))
        for register, value in (("admin_sq_base", pair.sq), ("admin_cq_base", pair.cq)):
            await self.write(f"{register}_lo", value & 0xFFFFFFFF)
            await self.write(f"{register}_hi", value >> 32)
        await self.write("admin_queue", entries_log2)
        await self.write("control", 1)
        self.admin = pair
        return pair

    def fill(self, pair: QueuePair, entry: bytes, tag: int | None = None) -> int:
        """Writes an entry at the tail without ringing; gives its tag."""
        if tag is None:
            tag = pair.tags
            pair.tags += 1
        entry = entry[:2] + tag.to_bytes(2, "little") + entry[4:]
        self.memory.store(pair.sq + 64 * pair.tail, entry)
        pair.tail = (pair.tail + 1) % pair.entries
        return tag

    async def ring(self, pair: QueuePair) -> None:
        await self.write("queue_pair_sq_tail", pair.tail, pair.index)

    async def submit(self, pair: QueuePair, entry: bytes, tag: int | None = None) -> int:
        tag = self.fill(pair, entry, tag)
        await self.ring(pair)
        return tag

    def poll(self, pair: QueuePair) -> dict | None:
        """The next completion, if it is there. The head doorbell is not rung."""
        cqe = unpack("cqe", self.memory.load(pair.cq + 16 * pair.head, 16))
        if cqe["phase"] != pair.phase:
            return None
        assert cqe["queue_index"] == pair.index
        pair.head = (pair.head + 1) % pair.entries
        if pair.head == 0:
            pair.phase ^= 1
        cqe["status"] = code_name("status", cqe["status"])
        pair.completions.append(cqe)
        return cqe

    async def completion(self, pair: QueuePair, cycles_max: int = 400_000, ring: bool = True) -> dict:
        """Waits for the next completion and frees its entry."""
        for _ in range(cycles_max // 8):
            cqe = self.poll(pair)
            if cqe:
                if ring:
                    await self.write("queue_pair_cq_head", pair.head, pair.index)
                return cqe
            await ClockCycles(self.clock, 8)
        raise AssertionError(f"no completion on queue {pair.index} in {cycles_max} cycles")

    async def command(self, pair: QueuePair, entry: bytes, status: str = "SUCCESS", tag: int | None = None) -> dict:
        """Submits an entry and waits for its completion, which must be next and have this status."""
        tag = await self.submit(pair, entry, tag)
        cqe = await self.completion(pair)
        assert cqe["tag"] == tag and cqe["status"] == status, (cqe, tag, status)
        return cqe

    async def create(self, index: int, entries_log2: int = 3, status: str = "SUCCESS", **override) -> QueuePair:
        """CREATE_QUEUE_PAIR on the admin queue."""
        entries = 1 << min(entries_log2, 10)
        pair = QueuePair(index, self.allocate(entries * 64), self.allocate(entries * 16), entries)
        fields = {"queue_index": index, "entries_log2": entries_log2, "sq_address": pair.sq, "cq_address": pair.cq} | override
        entry = pack("sqe_create_queue_pair", opcode=code("opcode", "CREATE_QUEUE_PAIR"), **fields)
        await self.command(self.admin, entry, status)
        return pair

    async def delete(self, index: int, status: str = "SUCCESS") -> dict:
        entry = pack("sqe_delete_queue_pair", opcode=code("opcode", "DELETE_QUEUE_PAIR"), queue_index=index)
        return await self.command(self.admin, entry, status)

    async def reset_pair(self, pair: QueuePair, status: str = "SUCCESS") -> dict:
        """RESET_QUEUE_PAIR; the host's end starts anew as well. The other pair's completions are left alone."""
        entry = pack("sqe_reset_queue_pair", opcode=code("opcode", "RESET_QUEUE_PAIR"), queue_index=pair.index)
        done = await self.command(self.admin, entry, status)
        if done["status"] == "SUCCESS":
            self.memory.store(pair.cq, bytes(16 * pair.entries))
            pair.tail = pair.head = 0
            pair.phase = 1
        return done

    async def abort(self, index: int, tag: int) -> dict:
        entry = pack("sqe_abort", opcode=code("opcode", "ABORT"), queue_index=index, target_tag=tag)
        return await self.command(self.admin, entry)

    # ---- probes and searches

    def load_probe_entry(self, slot: int, image: bytes, address: int | None = None, gate: int = 43, **override) -> bytes:
        address = self.place(image) if address is None else address
        fields = {"probe_slot": slot, "gate": gate, "image_address": address, "crc32c": whorl.crc32c(image)} | override
        return pack("sqe_load_probe", opcode=code("opcode", "LOAD_PROBE"), **fields)

    def place_extent(self, packed: list[bytes], base_index: int, align: int = 64, **override) -> dict:
        """Copies records into host memory; gives the fields of their extent."""
        data = b"".join(packed)
        return {
            "address": self.place(data, align),
            "lines": len(data) // LINE,
            "records": len(packed),
            "base_index": base_index,
            "crc32c": whorl.crc32c(data),
        } | override

    def search_entry(self, extents: list[dict], probe_mask=1, threshold=0, top_k=16, **override) -> bytes:
        """A SEARCH entry with its descriptors and room for its results placed in host memory."""
        self.stride = 64 * (1 + 32 + -(-top_k // 8))
        self.results = self.allocate(self.stride * self.streams * self.probes, 64)
        descriptors = self.place(b"".join(pack("extent", **extent) for extent in extents), 64)
        fields = {
            "probe_mask": probe_mask,
            "extents_address": descriptors,
            "extent_count": len(extents),
            "threshold": threshold,
            "top_k": top_k,
            "result_stride": self.stride,
            "result_address": self.results,
        } | override
        return pack("sqe_search", opcode=code("opcode", "SEARCH"), **fields)

    def result_block(self, stream: int, probe: int) -> dict:
        """A result block of the last search entry, with its `histogram` and `candidates`."""
        address = self.results + (stream * self.probes + probe) * self.stride
        block = unpack("result_header", self.memory.load(address, LINE))
        counts = self.memory.load(address + LINE, 4 * limit("HISTOGRAM_BINS"))
        block["histogram"] = [int.from_bytes(counts[i : i + 4], "little") for i in range(0, len(counts), 4)]
        start = address + LINE * (limit("RESULT_HEADER_LINES") + limit("RESULT_HISTOGRAM_LINES"))
        found = [unpack("candidate", self.memory.load(start + 8 * i, 8)) for i in range(block["candidates"])]
        block["list"] = sorted(((c["score"], c["index"]) for c in found), key=lambda c: (-c[0], c[1]))
        return block

    def shift(self, stream: int, probe: int, **fields: int) -> None:
        """Adds to header fields of a result block in host memory."""
        address = self.results + (stream * self.probes + probe) * self.stride
        header = unpack("result_header", self.memory.load(address, LINE))
        for name, amount in fields.items():
            header[name] += amount
        self.memory.store(address, pack("result_header", **header))

    async def watch_interrupts(self) -> None:
        """Counts MSI-X requests; run it in the background."""
        while True:
            await RisingEdge(self.clock)
            if int(self.dut.msix_valid_o.value) and int(self.dut.msix_ready_i.value):
                self.interrupts[int(self.dut.msix_vector_o.value)] += 1
