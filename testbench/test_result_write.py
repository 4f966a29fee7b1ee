"""Bench of hdl/queue/result_write.sv."""

import cocotb
import pytest
from bench.host import LINE, WRITES_IN_FLIGHT_MAX, HostMemory, WritePort
from bench.queue import FAR_LINES, rng
from bench.records import REQUEST, RESULT_LINE
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge



class Results:
    """Stands for the match array: answers each request with the lines of its block."""

    def __init__(self, dut, stall=Stall.NONE, latency=3):
        self.dut = dut
        self.streams, self.probes = int(dut.Streams.value), int(dut.Probes.value)
        self.memory = HostMemory()
        self.port = WritePort(dut, self.memory, stall, latency)
        self.requests, self.lines = Sink(dut, "result_request", stall), Source(dut, "result_line", stall)
        self.blocks = {}
        for name in ("start_i", "stop_i", "probe_mask_i", "host_addr_i", "stride_i"):
            getattr(dut, name).value = 0

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._answer())
        return self

    async def _answer(self):
        answered = 0
        while True:
            await RisingEdge(self.dut.clk_i)
            while len(self.requests.words) > answered:
                request = REQUEST.unpack(self.requests.words[answered])
                block = self.blocks[request["stream"], request["probe"]]
                for i, data in enumerate(block):
                    self.lines.send(RESULT_LINE.pack(data=data, last=i == len(block) - 1))
                answered += 1

    async def run(self, mask, address, stride, stop_after=None):
        dut = self.dut
        dut.probe_mask_i.value, dut.host_addr_i.value, dut.stride_i.value, dut.start_i.value = mask, address, stride, 1
        await RisingEdge(dut.clk_i)
        dut.start_i.value = 0
        for cycle in range(100_000):
            if cycle == stop_after:
                dut.stop_i.value = 1
            await RisingEdge(dut.clk_i)
            if int(dut.done_o.value):
                dut.stop_i.value = 0
                error = int(dut.error_o.value)
                return error, int(dut.error_addr_o.value) if error else None
        raise AssertionError("not done")


def fresh_blocks(results, random):
    results.blocks = {
        (s, p): [random.getrandbits(512) for _ in range(random.randint(33, 65))] for s in range(results.streams) for p in range(results.probes)
    }


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def blocks_lie_at_their_strides(dut, stall):
    results = await Results(dut, stall, latency=12).begin()
    random = rng(1)
    full = (1 << results.probes) - 1
    strides = (65 * LINE, 0x5A3C_9680, 0xA5C3_6940, 4096, 0x5A3C_9680, 1 << 20)
    for n, stride in enumerate(strides):
        fresh_blocks(results, random)
        mask, address = full if n % 3 else 1 << results.probes - 1, FAR_LINES[n % 2]
        results.memory.written.clear()
        assert await results.run(mask, address, stride) == (0, None)
        expected = []
        for s in range(results.streams):
            for p in range(results.probes):
                if not mask >> p & 1:
                    continue
                start_of = address + (s * results.probes + p) * stride
                block = results.blocks[s, p]
                expected += [start_of + i * LINE for i in range(len(block))]
                data = results.memory.load(start_of, len(block) * LINE)
                assert data == b"".join(word.to_bytes(LINE, "little") for word in block)
        assert results.memory.written == expected
        assert not results.port.answers  # every answer was waited for


@cocotb.test()
async def bursts_are_long(dut):
    """A block of 65 lines takes 5 or 6 bursts, not 65, and as many may be under way as the port has room for."""
    results = await Results(dut, latency=1000).begin()
    results.blocks = {(s, p): [1] * 65 for s in range(results.streams) for p in range(results.probes)}
    await results.run((1 << results.probes) - 1, 0x10000 + 3 * LINE, 65 * LINE)
    assert results.port.addresses[0] == (0x10000 + 3 * LINE, 13)
    bursts = len(results.port.addresses)
    assert bursts <= 6 * results.streams * results.probes
    assert results.port.in_flight_max == min(bursts, WRITES_IN_FLIGHT_MAX)


@cocotb.test()
async def the_end_waits_for_every_answer(dut):
    """Exactly as many bursts as may be under way: all of them are owed at the end of the lines."""
    results = await Results(dut, latency=1000).begin()
    places = [(s, p) for s in range(results.streams) for p in range(results.probes)]
    bursts = [WRITES_IN_FLIGHT_MAX + 1 - len(places)] + [1] * (len(places) - 1)
    results.blocks = {place: [1] * 16 * count for place, count in zip(places, bursts)}
    assert await results.run((1 << results.probes) - 1, 0x10000, 1 << 16) == (0, None)
    assert results.port.in_flight_max == WRITES_IN_FLIGHT_MAX and not results.port.answers


@cocotb.test()
async def an_error_is_reported_with_its_block(dut):
    results = await Results(dut, latency=1).begin()
    random = rng(2)
    mask = (1 << results.probes) - 1
    last = results.streams * results.probes - 1
    for n, (block, line) in enumerate(((0, 0), (0, 0), (0, 0), (0, 32), (last, 20), (last, 32))):
        fresh_blocks(results, random)
        base = FAR_LINES[n % 2]
        results.memory.write_faults = {base + block * 8192 + line * LINE}
        error, address = await results.run(mask, base, 8192)
        # The answer may come while the next block is sent.
        assert error == 1 and address - (base + block * 8192) in (0, 8192)
    results.memory.write_faults = set()
    fresh_blocks(results, random)
    assert await results.run(mask, 0x40000, 8192) == (0, None)


@cocotb.test()
async def stop_ends_after_the_block_in_hand(dut):
    results = await Results(dut).begin()
    random = rng(3)
    for after in (0, 40, 100, 180):
        fresh_blocks(results, random)
        results.memory.written.clear()
        await results.run((1 << results.probes) - 1, 0, 65 * LINE, stop_after=after)
        order = [len(results.blocks[s, p]) for s in range(results.streams) for p in range(results.probes)]
        whole = [sum(order[:n]) for n in range(len(order) + 1)]
        assert len(results.memory.written) in whole
        assert after > 0 or len(results.memory.written) <= order[0]
        await ClockCycles(dut.clk_i, 5)


@pytest.mark.parametrize(("streams", "probes"), [(1, 1), (3, 2)])
def test_result_write(streams, probes):
    run("result_write", parameters={"Streams": streams, "Probes": probes})
