"""Bench of hdl/queue/probe_exec.sv."""

import cocotb
import whorl
from bench.host import LINE, HostMemory, ReadPort
from bench.layout import code_name, limit, pack
from bench.queue import FAR_LINES, OUTCOME, rng
from bench.records import PROBE_LINE
from bench.runner import run
from bench.streams import STALLS, Sink, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

PROBES = 3
LINES = limit("PROBE_IMAGE_LINES")


class Exec:
    def __init__(self, dut, stall=Stall.NONE, latency=20):
        self.dut, self.memory = dut, HostMemory()
        self.port = ReadPort(dut, self.memory, stall, latency)
        self.lines = Sink(dut, "probe_line", stall)
        self.discards = []
        dut.start_i.value = dut.abort_i.value = dut.sqe_i.value = 0

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._watch())
        return self

    async def _watch(self):
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.probe_discard_valid_o.value):
                self.discards.append(int(self.dut.probe_discard_slot_o.value))

    async def run(self, abort_after=None, **fields):
        """Runs one command; gives its outcome with the status as a name."""
        dut = self.dut
        dut.sqe_i.value = int.from_bytes(pack("sqe_load_probe", **fields), "little")
        dut.start_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.start_i.value = 0
        for cycle in range(100_000):
            if cycle == abort_after:
                dut.abort_i.value = 1
            await RisingEdge(dut.clk_i)
            if int(dut.done_o.value):
                dut.abort_i.value = 0
                outcome = OUTCOME.unpack(int(dut.outcome_o.value))
                await ClockCycles(dut.clk_i, 3)
                assert self.port.outstanding == 0
                return outcome | {"status": code_name("status", outcome["status"])}
        raise AssertionError("not done")


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def an_image_reaches_its_slot(dut, stall):
    probe = await Exec(dut, stall).begin()
    for slot, gate, base in ((0, 127, FAR_LINES[0]), (2, 0, FAR_LINES[1]), (1, 43, FAR_LINES[0])):
        image = rng(slot).randbytes(LINES * LINE)
        probe.memory.store(base, image)
        outcome = await probe.run(probe_slot=slot, gate=gate, image_address=base, crc32c=whorl.crc32c(image))
        assert outcome == {"status": "SUCCESS", "detail": 0, "host_addr": 0}
        got = [PROBE_LINE.unpack(word) for word in probe.lines.words]
        assert [(line["slot"], line["gate"], line["index"]) for line in got] == [(slot, gate, i) for i in range(LINES)]
        assert b"".join(line["data"].to_bytes(LINE, "little") for line in got) == image
        probe.lines.words.clear()
    assert not probe.discards


@cocotb.test()
async def wrong_fields_touch_nothing(dut):
    probe = await Exec(dut).begin()
    addresses = [(slot, address, 43) for slot, address in ((0, 0x20), (0, 0x1E), (1, 0x7001))]
    for slot, address, gate in ((PROBES, 0, 43), (255, 0, 43), *addresses, (0, 0, 128), (0, 0, 255)):
        assert (await probe.run(probe_slot=slot, image_address=address, gate=gate))["status"] == "INVALID_FIELD"
    assert not probe.lines.words and not probe.discards and not probe.port.addresses


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def damage_discards_the_slot(dut, stall):
    probe = await Exec(dut, stall).begin()
    random = rng(5)
    image = bytearray(random.randbytes(LINES * LINE))
    crc = whorl.crc32c(bytes(image))
    for bit in (0, 8 * LINES * LINE - 1, random.randrange(8 * LINES * LINE)):
        image[bit // 8] ^= 1 << bit % 8
        probe.memory.store(0x8000, bytes(image))
        image[bit // 8] ^= 1 << bit % 8
        outcome = await probe.run(probe_slot=1, image_address=0x8000, crc32c=crc)
        assert outcome == {"status": "CRC_MISMATCH", "detail": 0, "host_addr": 0x8000}
    assert probe.discards == [1] * 3
    probe.memory.store(0x8000, bytes(image))
    assert (await probe.run(probe_slot=1, image_address=0x8000, crc32c=crc))["status"] == "SUCCESS"


@cocotb.test()
async def a_read_error_ends_it_at_its_line(dut):
    probe = await Exec(dut).begin()
    image = bytes(LINES * LINE)
    for n, line in enumerate((0, 15, 16, 100, LINES - 1)):
        base = FAR_LINES[n % 2]
        probe.memory.read_faults = {base + line * LINE}
        outcome = await probe.run(probe_slot=2, image_address=base, crc32c=whorl.crc32c(image))
        assert outcome == {"status": "DMA_READ_ERROR", "detail": 0, "host_addr": base + line * LINE}
        assert len(probe.lines.words) == line
        probe.lines.words.clear()
    assert probe.discards == [2] * 5
    probe.memory.read_faults = set()
    assert (await probe.run(probe_slot=2, image_address=0x4000, crc32c=whorl.crc32c(image)))["status"] == "SUCCESS"


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.WORST])
async def abort_ends_it_and_the_next_is_whole(dut, stall):
    probe = await Exec(dut, stall).begin()
    image = rng(6).randbytes(LINES * LINE)
    probe.memory.store(0x4000, image)
    for after in (0, 2, 30, 100, 200):
        discarded = len(probe.discards)
        outcome = await probe.run(abort_after=after, probe_slot=0, image_address=0x4000, crc32c=whorl.crc32c(image))
        assert outcome["status"] == "ABORTED" and len(probe.discards) == discarded + 1
        probe.lines.words.clear()
        assert (await probe.run(probe_slot=0, image_address=0x4000, crc32c=whorl.crc32c(image)))["status"] == "SUCCESS"
        assert len(probe.lines.words) == LINES
        probe.lines.words.clear()


def test_probe_exec():
    run("probe_exec", parameters={"Probes": PROBES})
