"""Bench of hdl/queue/sq_fetch.sv."""

import cocotb
from bench.host import HostMemory, ReadPort
from bench.queue import COMMAND, FAR_LINES, NO_PAIR, QUEUE_PAIR, pair, rng
from bench.runner import run
from bench.streams import Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

PAIRS = 4


class Fetch:
    """Keeps the pairs as queue_state would, and the executors: each is busy for `busy` cycles after a command."""

    def __init__(self, dut, stall=Stall.NONE, latency=5, busy=10):
        self.dut, self.busy = dut, busy
        self.pairs = [dict(NO_PAIR) for _ in range(PAIRS)]
        self.memory = HostMemory()
        self.port = ReadPort(dut, self.memory, stall, latency)
        self.commands = []
        self.admin_busy = self.io_busy = 0
        self.drive()

    def drive(self):
        for q, values in enumerate(self.pairs):
            self.dut.pair_i[q].value = QUEUE_PAIR.pack(**values)
        self.dut.admin_command_ready_i.value = int(self.admin_busy == 0)
        self.dut.io_command_ready_i.value = int(self.io_busy == 0)

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._run())
        return self

    def fill(self, index, random):
        """Writes random entries into a whole ring; gives them."""
        entries = [random.randbytes(64) for _ in range(self.pairs[index]["mask"] + 1)]
        self.memory.store(self.pairs[index]["sq_base"], b"".join(entries))
        return entries

    async def _run(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            advance = int(dut.sq_advance_o.value)
            for q in range(PAIRS):
                if advance >> q & 1:
                    self.pairs[q]["sq_head"] = (self.pairs[q]["sq_head"] + 1) & self.pairs[q]["mask"]
            self.admin_busy, self.io_busy = max(0, self.admin_busy - 1), max(0, self.io_busy - 1)
            for admin, valid in ((True, dut.admin_command_valid_o), (False, dut.io_command_valid_o)):
                if int(valid.value):
                    command = COMMAND.unpack(int(dut.command_o.value))
                    assert (command["queue_index"] == 0) == admin
                    self.commands.append(command)
                    if admin:
                        self.admin_busy = self.busy
                    else:
                        self.io_busy = self.busy
            self.drive()


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.WORST])
async def entries_come_in_ring_order_and_pairs_take_turns(dut, stall):
    fetch = Fetch(dut, stall)
    random = rng(2)
    bases = [FAR_LINES[q % 2] + 0x1000 * q for q in range(PAIRS)]
    fetch.pairs = [pair(sq_base=bases[q], cq_base=bases[q - 1], sq_head=5, sq_tail=4) for q in range(PAIRS)]
    entries = [fetch.fill(q, random) for q in range(PAIRS)]
    await fetch.begin()
    while len(fetch.commands) < 7 * PAIRS:
        await RisingEdge(dut.clk_i)
    for q in range(PAIRS):
        mine = [c for c in fetch.commands if c["queue_index"] == q]
        assert [c["entry"] for c in mine] == [5, 6, 7, 0, 1, 2, 3]
        for c in mine:
            assert c["sqe"].to_bytes(64, "little") == entries[q][c["entry"]] and not c["fetch_error"]
            assert c["host_addr"] == bases[q] + 64 * c["entry"]
    order = [c["queue_index"] for c in fetch.commands if c["queue_index"]]
    assert order[:9] in ([1, 2, 3] * 3, [2, 3, 1] * 3, [3, 1, 2] * 3)
    # The admin pair goes first whenever its executor is free.
    assert fetch.commands[0]["queue_index"] == 0
    await ClockCycles(dut.clk_i, 50)
    assert len(fetch.commands) == 7 * PAIRS and int(dut.busy_o.value) == 0


@cocotb.test()
async def entries_of_the_largest_rings_are_found(dut):
    fetch = Fetch(dut)
    await fetch.begin()
    for n, index in enumerate((0, 0, 0, 1, 2, 3, 2)):
        base, place = FAR_LINES[n % 2], (0x155, 0x2AA)[n % 2]
        places = {"mask": 0x3FF, "sq_head": place, "sq_tail": place + 1, "cq_head": place, "cq_tail": place ^ 0x3FF}
        fetch.pairs[index] = pair(sq_base=base, cq_base=FAR_LINES[1 - n % 2], **places)
        sqe = rng(n).randbytes(64)
        fetch.memory.store(base + 64 * place, sqe)
        await ClockCycles(dut.clk_i, 40)
        want = {"sqe": int.from_bytes(sqe, "little"), "queue_index": index, "entry": place, "fetch_error": 0}
        assert len(fetch.commands) == n + 1 and fetch.commands[-1] == want | {"host_addr": base + 64 * place}


@cocotb.test()
async def nothing_is_fetched_without_room_for_its_completion(dut):
    fetch = Fetch(dut)
    fetch.pairs[1] = pair(sq_tail=5, cq_tail=2, cq_head=3)
    fetch.pairs[2] = pair(sq_tail=5, halted=1)
    fetch.pairs[3] = pair(sq_tail=5, active=0)
    await fetch.begin()
    await ClockCycles(dut.clk_i, 100)
    assert not fetch.commands and not fetch.port.addresses
    fetch.pairs[1]["cq_head"] = 4
    await ClockCycles(dut.clk_i, 100)
    # The bench leaves the tail where it is, so room stays.
    assert len(fetch.commands) == 5


@cocotb.test()
async def a_busy_io_executor_does_not_hold_up_the_admin_pair(dut):
    fetch = Fetch(dut, busy=5)
    fetch.io_busy = 1 << 30
    fetch.pairs[1] = pair(sq_tail=3)
    await fetch.begin()
    await ClockCycles(dut.clk_i, 50)
    assert not fetch.commands
    fetch.pairs[0] = pair(sq_tail=6)
    await ClockCycles(dut.clk_i, 150)
    assert [c["queue_index"] for c in fetch.commands] == [0] * 6


@cocotb.test()
async def an_entry_that_cannot_be_read_is_handed_on(dut):
    fetch = Fetch(dut)
    fetch.memory.read_faults = {0x10000 + 64}
    fetch.pairs[1] = pair(sq_tail=3)
    await fetch.begin()
    await ClockCycles(dut.clk_i, 150)
    assert [c["fetch_error"] for c in fetch.commands] == [0, 1, 0]
    assert fetch.pairs[1]["sq_head"] == 3


async def fetching(dut):
    """Pair 1 has three entries, of which the first is on its way."""
    fetch = Fetch(dut, latency=40)
    fetch.pairs[1] = pair(sq_tail=3)
    await fetch.begin()
    await ClockCycles(dut.clk_i, 20)
    assert int(dut.busy_o.value) == 1 and int(dut.busy_index_o.value) == 1
    return fetch


@cocotb.test()
async def an_entry_of_a_pair_that_is_halted_meanwhile_is_the_last(dut):
    fetch = await fetching(dut)
    fetch.pairs[1]["halted"] = 1
    await ClockCycles(dut.clk_i, 120)
    assert len(fetch.commands) == 1 and fetch.pairs[1]["sq_head"] == 1


@cocotb.test()
async def an_entry_of_a_deleted_pair_is_dropped(dut):
    fetch = await fetching(dut)
    fetch.pairs[1]["active"] = 0
    await ClockCycles(dut.clk_i, 60)
    assert not fetch.commands and int(dut.busy_o.value) == 0 and fetch.pairs[1]["sq_head"] == 0
    fetch.pairs[2] = pair(sq_tail=1)
    await ClockCycles(dut.clk_i, 80)
    assert [c["queue_index"] for c in fetch.commands] == [2]


def test_sq_fetch():
    run("sq_fetch")
