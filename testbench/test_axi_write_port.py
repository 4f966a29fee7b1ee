"""Bench of hdl/dma/axi_write_port.sv against cocotbext-axi's slave."""

import random

import cocotb
import pytest
from bench.host import BURST, LINE, WRITE_BEAT, HostMemory
from bench.runner import run
from bench.streams import STALLS, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiWriteBus
from cocotbext.axi.axi_slave import AxiSlaveWrite


class Clients:
    """All clients: each sends its bursts in order, as fast as it may."""

    def __init__(self, dut, count):
        self.dut, self.count = dut, count
        self.waiting = [[] for _ in range(count)]  # (address, [(data, strobe)])
        self.answers = [[] for _ in range(count)]
        self.beats_done = 0
        dut.burst_valid_i.value = 0
        dut.beat_valid_i.value = 0
        cocotb.start_soon(self._run())

    async def _run(self):
        dut = self.dut
        burst_valid = beat_valid = 0
        left: list[list] = [[] for _ in range(self.count)]
        while True:
            await RisingEdge(dut.clk_i)
            burst_taken = burst_valid & int(dut.burst_ready_o.value)
            beat_taken = beat_valid & int(dut.beat_ready_o.value)
            for c in range(self.count):
                if burst_taken >> c & 1:
                    burst_valid &= ~(1 << c)
                if beat_taken >> c & 1:
                    left[c].pop(0)
                    beat_valid &= ~(1 << c)
                # A client offers its beats once its burst is granted.
                if not burst_valid >> c & 1 and not left[c] and self.waiting[c]:
                    address, left[c] = self.waiting[c].pop(0)
                    left[c] = list(left[c])
                    dut.burst_i[c].value = BURST.pack(host_addr=address, lines_less1=len(left[c]) - 1)
                    burst_valid |= 1 << c
                elif not burst_valid >> c & 1 and left[c] and not beat_valid >> c & 1:
                    data, strobe = left[c][0]
                    dut.beat_i[c].value = WRITE_BEAT.pack(data=data, strobe=strobe, last=len(left[c]) == 1)
                    beat_valid |= 1 << c
            dut.burst_valid_i.value, dut.beat_valid_i.value = burst_valid, beat_valid
            came = int(dut.response_valid_o.value)
            if came:
                assert came & came - 1 == 0
                self.answers[came.bit_length() - 1].append(int(dut.response_error_o.value))
            self.beats_done += int(dut.beat_done_o.value)


async def begin(dut):
    memory = HostMemory()
    dut.drain_i.value = 0
    host = AxiSlaveWrite(AxiWriteBus.from_prefix(dut, "m_axi"), dut.clk_i, dut.rst_i, memory)
    host.log.setLevel("ERROR")
    clients = Clients(dut, len(dut.burst_valid_i))
    await start(dut)
    return memory, host, clients


async def answers(dut, clients, total):
    for _ in range(100_000):
        if sum(map(len, clients.answers)) >= total:
            return
        await RisingEdge(dut.clk_i)
    raise AssertionError(f"{sum(map(len, clients.answers))} of {total} answers")


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def data_strobes_and_errors_arrive(dut, stall):
    memory, host, clients = await begin(dut)
    rng = random.Random(3)
    for i, channel in enumerate((host.aw_channel, host.w_channel, host.b_channel)):
        channel.set_pause_generator(stall.pattern(i))
    want, errors, total, sent = {}, [[] for _ in range(clients.count)], 0, 0
    for c in range(clients.count):
        for n in range(25):
            # Every burst has its own KiB, so that order between clients does not matter.
            line = rng.randrange(16)
            address = (c * 100 + n) * 1024 + line * LINE
            beats = [(rng.getrandbits(512), rng.choice(((1 << 64) - 1, 0xFFFF << 16, 1, 1 << 63))) for _ in range(rng.randint(1, 16 - line))]
            fault = rng.random() < 0.2
            if fault:
                memory.write_faults.add(address + LINE * rng.randrange(len(beats)))
            for i, (data, strobe) in enumerate(beats):
                if address + i * LINE not in memory.write_faults:
                    want[address + i * LINE] = bytes(b if strobe >> k & 1 else 0 for k, b in enumerate(data.to_bytes(64, "little")))
            clients.waiting[c].append((address, beats))
            errors[c].append(int(fault))
            total += 1
            sent += len(beats)
    await answers(dut, clients, total)
    assert clients.answers == errors
    for address, data in want.items():
        assert memory.load(address, LINE) == data
    assert clients.beats_done == sent and int(dut.idle_o.value) == 1


@cocotb.test()
async def one_beat_per_cycle_and_turns(dut):
    memory, host, clients = await begin(dut)
    host.aw_channel.queue_occupancy_limit = host.b_channel.queue_occupancy_limit = 32
    full = [(1, (1 << 64) - 1)] * 16
    for c in range(clients.count):
        clients.waiting[c] += [(c << 20 | i << 10, full) for i in range(10)]
    await ClockCycles(dut.clk_i, 10)
    first, cycles = clients.beats_done, 0
    while clients.beats_done < clients.count * 100:
        await RisingEdge(dut.clk_i)
        cycles += 1
    # The bench's clients take a cycle between beats; two of them do not overlap, since a burst is not interleaved.
    assert cycles < 2.4 * (clients.count * 100 - first)
    counts = [sum(a >> 20 == c for a in memory.written) for c in range(clients.count)]
    assert max(counts) - min(counts) <= 16


@cocotb.test()
async def at_most_16_are_under_way(dut):
    memory, host, clients = await begin(dut)
    host.b_channel.pause = True
    host.b_channel.queue_occupancy_limit = 64
    for c in range(clients.count):
        clients.waiting[c] += [(c << 20 | i << 10, [(1, 1)]) for i in range(40)]
    await ClockCycles(dut.clk_i, 400)
    assert len(memory.written) == 16
    host.b_channel.pause = False
    await answers(dut, clients, clients.count * 40)


@cocotb.test()
async def drain_ends_the_burst_in_hand(dut):
    memory, host, clients = await begin(dut)
    host.w_channel.set_pause_generator(Stall.RANDOM.pattern(5))
    full = [(1, (1 << 64) - 1)] * 16
    clients.waiting[0] += [(i << 10, full) for i in range(20)]
    await ClockCycles(dut.clk_i, 60)
    dut.drain_i.value = 1
    while not int(dut.idle_o.value):
        await RisingEdge(dut.clk_i)
    written = len(memory.written)
    assert 0 < written < 320 and written % 16 == 0
    await ClockCycles(dut.clk_i, 100)
    assert len(memory.written) == written
    dut.drain_i.value = 0
    await answers(dut, clients, 20)


@pytest.mark.parametrize("clients", [1, 2])
def test_axi_write_port(clients):
    run("axi_write_port", parameters={"Clients": clients})
