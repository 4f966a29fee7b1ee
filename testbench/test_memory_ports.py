"""Bench of hdl/dma/memory_ports.sv: clients of all kinds before memories of different distance."""

import cocotb
import pytest
from bench.axi_memory import AxiMemory
from bench.host import BURST, LINE, READ_BEAT, WRITE_BEAT, HostMemory
from bench.queue import rng
from bench.runner import run
from bench.streams import STALLS, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

HOST_READERS, READERS, WRITERS = 2, 3, 2


class Ports:
    def __init__(self, dut, stall=Stall.NONE):
        self.dut, self.channels = dut, int(dut.Channels.value)
        self.memories = [HostMemory() for _ in range(self.channels + 1)]
        self.axi = [AxiMemory(dut, self.memories[0], latency=60, stall=stall)]
        self.axi += [AxiMemory(dut, m, "m_axi_mem", c, 5 + c, stall, 50 + c) for c, m in enumerate(self.memories[1:])]
        dut.drain_i.value = dut.read_burst_valid_i.value = dut.write_burst_valid_i.value = dut.write_beat_valid_i.value = 0
        dut.write_memory_i.value = dut.clear_i.value = dut.timeout_i.value = 0
        for handle in dut.read_memory_i:
            handle.value = 0
        self.valid = {"read_burst": 0, "write_burst": 0, "write_beat": 0}

    def set(self, name, client, value):
        """One bit of a vector that several coroutines drive."""
        self.valid[name] = self.valid[name] & ~(1 << client) | value << client
        getattr(self.dut, f"{name}_valid_i").value = self.valid[name]

    async def transfer(self, name, client):
        self.set(name, client, 1)
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(getattr(self.dut, f"{name}_ready_o").value) >> client & 1:
                break
        self.set(name, client, 0)

    async def read(self, client, memory, bursts):
        """Lines of several bursts, asked for while the earlier are under way; error flags as None."""
        dut, lines = self.dut, []
        port = dut.host_beat_o if client < HOST_READERS else dut.read_beat_o[client - HOST_READERS]
        if client >= HOST_READERS:
            dut.read_memory_i[client - HOST_READERS].value = memory

        async def collect():
            while len(lines) < sum(n for _, n in bursts):
                await RisingEdge(dut.clk_i)
                if int(dut.read_beat_valid_o.value) >> client & 1:
                    beat = READ_BEAT.unpack(int(port.value))
                    lines.append(None if beat["error"] else beat["data"].to_bytes(LINE, "little"))

        task = cocotb.start_soon(collect())
        for address, n in bursts:
            dut.read_burst_i[client].value = BURST.pack(host_addr=address, lines_less1=n - 1)
            await self.transfer("read_burst", client)
        await task
        return lines

    async def write(self, client, memory, address, lines):
        """One burst; whether it was answered without an error."""
        dut = self.dut
        if client == WRITERS - 1:
            dut.write_memory_i.value = memory
        dut.write_burst_i[client].value = BURST.pack(host_addr=address, lines_less1=len(lines) - 1)
        await self.transfer("write_burst", client)
        for n, line in enumerate(lines):
            data = int.from_bytes(line, "little")
            dut.write_beat_i[client].value = WRITE_BEAT.pack(data=data, strobe=(1 << LINE) - 1, last=n == len(lines) - 1)
            await self.transfer("write_beat", client)
        while not int(dut.write_response_valid_o.value) >> client & 1:
            await RisingEdge(dut.clk_i)
        return not int(dut.write_response_error_o.value) >> client & 1


def bursts_of(random, count):
    starts = [random.randrange(1 << 12) for _ in range(count)]
    return [(start * LINE, random.randint(1, 16 - start % 16)) for start in starts]


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_client_has_the_lines_of_the_memory_it_named(dut, stall):
    ports = Ports(dut, stall)
    await start(dut)
    random = rng(1)

    async def reader(client):
        for _ in range(12):
            memory = random.randrange(ports.channels + 1) if client >= HOST_READERS else 0
            bursts = bursts_of(random, random.randint(1, 6))
            for address, n in bursts:
                for line in range(n):
                    # The same addresses hold something else in every memory.
                    ports.memories[memory].store(address + line * LINE, (memory + 1).to_bytes(1, "little") + bytes(55) + (address + line * LINE).to_bytes(8, "little"))
            want = [ports.memories[memory].load(a + i * LINE, LINE) for a, n in bursts for i in range(n)]
            assert await ports.read(client, memory, bursts) == want

    for task in [cocotb.start_soon(reader(client)) for client in range(HOST_READERS + READERS)]:
        await task
    for axi in ports.axi:
        assert axi.reads > 0
    await ClockCycles(dut.clk_i, 4)
    assert int(dut.idle_o.value)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_line_is_written_where_it_belongs(dut, stall):
    ports = Ports(dut, stall)
    await start(dut)
    random = rng(2)
    shadow = [{} for _ in ports.memories]

    async def writer(client):
        for turn in range(20):
            memory = random.randrange(ports.channels + 1) if client == WRITERS - 1 else 0
            # Each has a range of its own.
            address, n = bursts_of(random, 1)[0]
            address += client << 24
            lines = [random.randbytes(LINE) for _ in range(n)]
            assert await ports.write(client, memory, address, lines)
            shadow[memory].update({address + i * LINE: line for i, line in enumerate(lines)})

    for task in [cocotb.start_soon(writer(client)) for client in range(WRITERS)]:
        await task
    for memory, lines in zip(ports.memories, shadow):
        assert {address: bytes(line) for address, line in memory.lines.items()} == lines and lines


@cocotb.test()
async def errors_reach_the_client_alone(dut):
    ports = Ports(dut)
    await start(dut)
    for memory in range(ports.channels + 1):
        for each in ports.memories:
            each.read_faults = each.write_faults = set()
        ports.memories[memory].read_faults = {3 * LINE}
        ports.memories[memory].write_faults = {0x8000 + LINE}
        for other in range(ports.channels + 1):
            lines = await ports.read(HOST_READERS, other, [(0, 8)])
            assert [line is None for line in lines] == [other == memory and n == 3 for n in range(8)]
            assert await ports.write(WRITERS - 1, other, 0x8000, [bytes(LINE)] * 4) == (other != memory)


@cocotb.test()
@cocotb.parametrize(memory=[0, 1, 2])
async def a_memory_that_does_not_answer_costs_one_client_its_burst(dut, memory):
    ports = Ports(dut)
    memory %= ports.channels + 1
    await start(dut)
    dut.timeout_i.value = 200
    ports.axi[memory].deaf = True
    assert await ports.read(HOST_READERS, memory, [(0, 4)]) == [None] * 4
    assert not await ports.write(WRITERS - 1, memory, 0, [bytes(LINE)] * 2)
    assert int(dut.read_hung_o.value) == 1 << HOST_READERS and int(dut.write_hung_o.value) == 1 << WRITERS - 1
    assert int(dut.settled_o.value) and not int(dut.idle_o.value)
    for other in range(ports.channels + 1):
        if other != memory:
            assert None not in await ports.read(HOST_READERS + 1, other, [(0, 4)])
    ports.axi[memory].deaf = False
    await ClockCycles(dut.clk_i, 100)
    assert int(dut.idle_o.value)


@cocotb.test()
async def drain_begins_nothing_in_any_memory(dut):
    ports = Ports(dut)
    await start(dut)
    for memory in range(ports.channels + 1):
        dut.drain_i.value = 1
        task = cocotb.start_soon(ports.read(HOST_READERS, memory, [(0, 4)]))
        writing = cocotb.start_soon(ports.write(WRITERS - 1, memory, 0, [bytes(LINE)]))
        reads, writes = ports.axi[memory].reads, ports.axi[memory].writes
        await ClockCycles(dut.clk_i, 100)
        assert (ports.axi[memory].reads, ports.axi[memory].writes) == (reads, writes) and int(dut.idle_o.value)
        dut.drain_i.value = 0
        await RisingEdge(dut.clk_i)
        await RisingEdge(dut.clk_i)
        await RisingEdge(dut.clk_i)
        assert not int(dut.idle_o.value)
        await task
        await writing
        await ClockCycles(dut.clk_i, 4)
        assert int(dut.idle_o.value)


@pytest.mark.parametrize("channels", [0, 2])
def test_memory_ports(channels):
    run("memory_ports", parameters={"Channels": channels, "HostReaders": HOST_READERS, "Readers": READERS, "Writers": WRITERS})
