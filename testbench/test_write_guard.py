"""Bench of hdl/dma/write_guard.sv between clients that write at random and a port that stalls, loses or delays answers."""

from collections import deque

import cocotb
from bench.host import BURST, WRITE_BEAT
from bench.queue import rng
from bench.runner import run
from bench.streams import start
from cocotb.triggers import FallingEdge, RisingEdge

TIMEOUT = 250
FULL = (1 << 64) - 1


class Guard:
    """Clients above, port below. Data of a beat names its burst."""

    def __init__(self, dut, seed, loss=0.0):
        self.dut, self.random, self.loss = dut, rng(seed), loss
        self.clients = len(dut.burst_valid_i)
        self.asking = [None] * self.clients
        self.sending = [None] * self.clients  # [number, beats left]
        self.expected = [deque() for _ in range(self.clients)]  # bursts to be answered: [number, whole]
        self.owner = None  # burst that the port takes beats of: [client, number, beats left, written]
        self.bus = [deque() for _ in range(self.clients)]  # bursts to be answered: (number, ready at)
        self.number = self.cycle = self.good = self.errors = self.late = self.filled = 0
        self.ask = 0.2
        self.block = self.block_beats = self.release = self.clear = False
        self.offered = [False] * self.clients

    async def begin(self):
        dut = self.dut
        for name in ("clear_i", "burst_valid_i", "beat_valid_i", "port_burst_ready_i", "port_beat_ready_i",
                     "port_response_valid_i", "port_response_error_i"):
            getattr(dut, name).value = 0
        dut.timeout_i.value = TIMEOUT
        await start(dut)
        return self

    def _drive(self):
        dut, random = self.dut, self.random
        valid = 0
        for c in range(self.clients):
            free = self.asking[c] is None and self.sending[c] is None and len(self.expected[c]) < 4
            if free and random.random() < self.ask and not self.clear:
                self.number += 1
                self.asking[c] = (self.number, random.randint(1, 16))
                dut.burst_i[c].value = BURST.pack(host_addr=self.number * 4096, lines_less1=self.asking[c][1] - 1)
            if self.sending[c]:
                number, left = self.sending[c]
                dut.beat_i[c].value = WRITE_BEAT.pack(data=number << 8 | left, strobe=FULL, last=left == 1)
                valid |= 1 << c
        dut.burst_valid_i.value = sum(1 << c for c in range(self.clients) if self.asking[c])
        dut.beat_valid_i.value = valid
        self.ready = 0 if self.block or self.owner else 1 << random.randrange(self.clients)
        self.beat_ready = 1 << self.owner[0] if self.owner and not self.block_beats and random.random() < 0.8 else 0
        dut.port_burst_ready_i.value, dut.port_beat_ready_i.value = self.ready, self.beat_ready
        due = [c for c in range(self.clients) if self.bus[c] and (self.release or self.bus[c][0][1] <= self.cycle)]
        self.answer = random.choice(due) if due else None
        dut.port_response_valid_i.value = 0 if self.answer is None else 1 << self.answer
        dut.clear_i.value = int(self.clear)

    def _sample(self):
        dut = self.dut
        hung = int(dut.hung_o.value)
        owner = self.owner[0] if self.owner else None
        settled = all(hung >> c & 1 or not (self.bus[c] or owner == c) for c in range(self.clients))
        assert int(dut.settled_o.value) == settled
        if self.answer is not None:
            self.bus[self.answer].popleft()
        answered = int(dut.response_valid_o.value)
        for c in range(self.clients):
            if answered >> c & 1 and not self.clear:
                number, whole = self.expected[c].popleft()
                if int(dut.response_error_o.value):
                    assert hung >> c & 1 and self.answer != c or hung >> c & 1
                    self.errors += 1
                else:
                    assert self.answer == c and whole, "a success that the host did not give"
                    self.good += 1
                assert not (self.sending[c] and self.sending[c][0] == number), "answered before its last beat"
            elif self.answer == c and not self.clear:
                assert hung >> c & 1, "an answer was swallowed"
                self.late += 1
        # Beats at the port.
        beats = int(dut.port_beat_valid_o.value) & self.beat_ready
        if beats:
            c, number, left, _ = self.owner
            beat = WRITE_BEAT.unpack(int(dut.port_beat_o[c].value))
            assert beat["last"] == (left == 1)
            if beat["strobe"]:
                assert beat["strobe"] == FULL and beat["data"] == number << 8 | left
            else:
                assert hung >> c & 1
                self.filled += 1
                for burst in self.expected[c]:
                    if burst[0] == number:
                        burst[1] = False
            self.owner[2] -= 1
            if left == 1:
                lost = self.random.random() < self.loss
                self.bus[c].append((number, self.cycle + (10**9 if lost else self.random.randint(3, 20))))
                self.owner = None
        # Beats and bursts of the clients.
        ready, beat_ready = int(dut.burst_ready_o.value), int(dut.beat_ready_o.value)
        port = int(dut.port_burst_valid_o.value) & self.ready
        for c in range(self.clients):
            if self.sending[c] and beat_ready >> c & 1 and not self.clear:
                self.sending[c][1] -= 1
                if not self.sending[c][1]:
                    self.sending[c] = None
            if self.asking[c] and ready >> c & 1 and not self.clear:
                number, lines = self.asking[c]
                self.asking[c], self.sending[c] = None, [number, lines]
                self.expected[c].append([number, bool(port >> c & 1)])
                if port >> c & 1:
                    self.owner = [c, number, lines, True]
                else:
                    assert hung >> c & 1
        if self.clear:
            self.asking = [None] * self.clients
            self.sending = [None] * self.clients
            for queue in self.expected:
                queue.clear()

    async def run(self, cycles):
        for _ in range(cycles):
            self._drive()
            await FallingEdge(self.dut.clk_i)
            self._sample()
            self.cycle += 1
            await RisingEdge(self.dut.clk_i)

    async def finish(self):
        self.ask, self.loss, self.release, self.block, self.block_beats = 0, 0, True, False, False
        await self.run(3000)
        assert not any(self.expected) and not any(self.bus) and not self.owner and not any(self.sending)
        assert int(self.dut.hung_o.value) == 0 and int(self.dut.settled_o.value) == 1
        errors = self.errors
        self.ask = 0.2
        await self.run(1000)
        assert self.errors == errors, "an error after recovery"


@cocotb.test()
async def nothing_changes_where_every_answer_comes(dut):
    guard = await Guard(dut, 1).begin()
    await guard.run(4000)
    assert guard.errors == 0 and guard.filled == 0 and guard.good > 200
    await guard.finish()


@cocotb.test()
@cocotb.parametrize(seed=[2, 3, 4, 5])
async def lost_answers_become_errors_and_late_ones_are_swallowed(dut, seed):
    guard = await Guard(dut, seed, loss=0.1).begin()
    for _ in range(8):
        await guard.run(4 * TIMEOUT)
        guard.release, guard.loss = True, 0
        await guard.run(200)
        guard.release, guard.loss = False, 0.1
    assert guard.errors > 50 and guard.late > 8 and guard.good > 50
    await guard.finish()


@cocotb.test()
@cocotb.parametrize(seed=[6, 7, 8])
async def a_bus_that_takes_no_beat_is_given_up_and_its_burst_ended(dut, seed):
    guard = await Guard(dut, seed).begin()
    for _ in range(6):
        await guard.run(guard.random.randint(50, 150))
        guard.block_beats = True
        await guard.run(5 * TIMEOUT)
        guard.block_beats = False
        await guard.run(400)
    assert guard.errors > 20 and guard.filled > 10
    await guard.finish()


@cocotb.test()
async def a_port_that_takes_no_burst_is_given_up(dut):
    guard = await Guard(dut, 9).begin()
    await guard.run(200)
    guard.block = True
    await guard.run(6 * TIMEOUT)
    assert guard.errors > 5
    await guard.finish()


@cocotb.test()
async def a_reset_of_the_clients_leaves_their_answers_behind(dut):
    guard = await Guard(dut, 10).begin()
    for _ in range(40):
        await guard.run(guard.random.randint(20, 60))
        guard.clear = True
        await guard.run(guard.random.choice((1, 8)))
        guard.clear = False
    assert guard.late > 10 and guard.filled > 20
    await guard.finish()


def test_write_guard():
    run("write_guard", parameters={"Clients": 2})
