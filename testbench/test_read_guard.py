"""Bench of hdl/dma/read_guard.sv between clients that ask at random and a port whose answers may be lost or late."""

import cocotb
from bench.guard import TIMEOUT, GuardBench
from bench.host import READ_BEAT
from bench.runner import run


class Guard(GuardBench):
    """Expected are beats: data, last, since. Owed by the bus: [burst, beats left, ready at]."""

    INPUTS = ("port_beat_valid_i", "port_beat_i")

    def __init__(self, dut, seed, loss=0.0):
        super().__init__(dut, seed, loss)
        self.current = None  # client whose burst is being returned
        self.longest = 0

    def _drive(self):
        dut, random = self.dut, self.random
        for c in range(self.clients):
            self._offer(c, self.asking[c] is None and len(self.expected[c]) < 60)
        dut.burst_valid_i.value = sum(1 << c for c in range(self.clients) if self.asking[c])
        self.ready = 0 if self.block else 1 << random.randrange(self.clients)
        dut.port_burst_ready_i.value = self.ready
        self.beat = None
        if self.current is None:
            due = [c for c in range(self.clients) if self.bus[c] and (self.release or self.bus[c][0][2] <= self.cycle)]
            self.current = random.choice(due) if due else None
        if self.current is not None and random.random() < 0.7:
            number, left, _ = self.bus[self.current][0]
            self.beat = (self.current, number, left)
            dut.port_beat_i.value = READ_BEAT.pack(data=number << 8 | left, error=0, last=left == 1)
        dut.port_beat_valid_i.value = 1 << self.beat[0] if self.beat else 0
        dut.clear_i.value = int(self.clear)

    def _sample(self):
        dut = self.dut
        ready, hung = int(dut.burst_ready_o.value), int(dut.hung_o.value)
        assert int(dut.settled_o.value) == all(not self.bus[c] or hung >> c & 1 for c in range(self.clients))
        port = int(dut.port_burst_valid_o.value) & self.ready
        came = int(dut.beat_valid_o.value)
        if self.beat:
            c, number, left = self.beat
            self.bus[c][0][1] -= 1
            if left == 1:
                self.bus[c].popleft()
                self.current = None
        for c in range(self.clients):
            if came >> c & 1 and not self.clear:
                got = READ_BEAT.unpack(int(dut.beat_o.value))
                data, last, since = self.expected[c].popleft()
                if got["error"]:
                    assert hung >> c & 1
                    self.errors += 1
                    assert got["last"] == (not self.expected[c])
                else:
                    assert got == {"data": data, "error": 0, "last": last}, (c, got, data)
                    self.good += 1
            elif self.beat and self.beat[0] == c and not self.clear:
                assert hung >> c & 1, "a beat was swallowed"
                self.late += 1
            if self.asking[c] and ready >> c & 1 and not self.clear:
                number, lines = self.asking[c]
                self.expected[c].extend((number << 8 | left, left == 1, self.cycle) for left in range(lines, 0, -1))
                self.asking[c] = None
                if port >> c & 1:
                    self.bus[c].append([number, lines, self._ready_at()])
                else:
                    assert hung >> c & 1
            if self.expected[c]:
                self.longest = max(self.longest, self.cycle - self.expected[c][0][2])
        if self.clear:
            self.asking = [None] * self.clients
            for queue in self.expected:
                queue.clear()


@cocotb.test()
async def nothing_changes_where_every_answer_comes(dut):
    guard = await Guard(dut, 1).begin()
    await guard.run(3000)
    assert guard.errors == 0 and guard.good > 1500
    await guard.finish()


@cocotb.test()
@cocotb.parametrize(seed=[2, 3, 4, 5])
async def lost_answers_become_errors_and_late_ones_are_swallowed(dut, seed):
    guard = await Guard(dut, seed, loss=0.1).begin()
    for _ in range(6):
        await guard.run(4 * TIMEOUT)
        guard.release = True
        guard.loss = 0
        await guard.run(200)
        guard.release, guard.loss = False, 0.1
    assert guard.errors > 100 and guard.late > 20 and guard.good > 150
    await guard.finish()
    # Bursts wait behind each other, so more than one limit may pass until the last of them ends.
    assert guard.longest < 5 * TIMEOUT


@cocotb.test()
async def a_port_that_takes_no_burst_is_given_up(dut):
    guard = await Guard(dut, 6).begin()
    await guard.run(200)
    guard.block = True
    await guard.run(4 * TIMEOUT)
    assert guard.errors > 20
    await guard.finish()


@cocotb.test()
async def a_reset_of_the_clients_leaves_their_beats_behind(dut):
    guard = await Guard(dut, 7).begin()
    for _ in range(20):
        await guard.run(guard.random.randint(20, 60))
        guard.clear = True
        await guard.run(guard.random.choice((1, 8)))
        guard.clear = False
    assert guard.late > 100
    await guard.finish()


@cocotb.test()
async def without_a_timeout_a_lost_answer_is_waited_for(dut):
    guard = await Guard(dut, 8, loss=0.3).begin()
    dut.timeout_i.value = 0
    await guard.run(2000)
    assert guard.errors == 0 and any(guard.expected)
    await guard.finish()


def test_read_guard():
    run("read_guard", parameters={"Clients": 3})
