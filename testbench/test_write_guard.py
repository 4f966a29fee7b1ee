"""Bench of hdl/dma/write_guard.sv between clients that write at random and a port that stalls, loses or delays answers."""

import cocotb
from bench.guard import TIMEOUT, GuardBench
from bench.host import WRITE_BEAT
from bench.runner import run

FULL = (1 << 64) - 1


class Guard(GuardBench):
    """Expected are answers to bursts: [number, whole]. Owed by the bus: (burst, ready at)."""

    INPUTS = ("beat_valid_i", "port_beat_ready_i", "port_response_valid_i", "port_response_error_i")

    def __init__(self, dut, seed, loss=0.0):
        super().__init__(dut, seed, loss)
        self.sending = [None] * self.clients  # [number, beats left]
        self.owner = None  # burst that the port takes beats of: [client, number, beats left, written]
        self.filled = 0
        self.block_beats = False

    def _drive(self):
        dut, random = self.dut, self.random
        valid = 0
        for c in range(self.clients):
            self._offer(c, self.asking[c] is None and self.sending[c] is None and len(self.expected[c]) < 4)
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
                self.bus[c].append((number, self._ready_at()))
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

    async def finish(self):
        self.block_beats = False
        await super().finish()

    def _ended(self):
        return not self.owner and not any(self.sending)


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
