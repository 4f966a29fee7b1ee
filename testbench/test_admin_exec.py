"""Bench of hdl/queue/admin_exec.sv."""

import cocotb
from bench.layout import code, code_name, pack
from bench.queue import COMPLETION, FAR_LINES, FAR_WORDS, NO_PAIR, PAIR_SETUP, QUEUE_PAIR, command, pair, rng
from bench.runner import run
from bench.streams import Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

PAIRS = 8


class Admin:
    def __init__(self, dut):
        self.dut = dut
        self.pairs = [pair()] + [dict(NO_PAIR) for _ in range(PAIRS - 1)]
        self.commands, self.completions = Source(dut, "command", Stall.NONE), Sink(dut, "completion", Stall.RANDOM)
        for name in ("fetch_busy_i", "fetch_index_i", "io_running_i", "io_index_i", "io_tag_i", "io_aborted_i"):
            getattr(dut, name).value = 0
        self.created, self.deleted, self.restarted = [], [], []
        self.drive()

    def drive(self):
        for q, values in enumerate(self.pairs):
            self.dut.pair_i[q].value = QUEUE_PAIR.pack(**values)

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._run())
        return self

    async def _run(self):
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.create_o.value):
                setup = PAIR_SETUP.unpack(int(self.dut.create_setup_o.value))
                self.created.append(setup)
                self.pairs[setup["queue_index"]] = pair(sq_base=setup["sq_base"], cq_base=setup["cq_base"])
            if int(self.dut.delete_o.value):
                index = int(self.dut.delete_index_o.value)
                self.deleted.append(index)
                self.pairs[index]["active"] = 0
            if int(self.dut.restart_o.value):
                assert not (int(self.dut.io_running_i.value) and int(self.dut.io_index_i.value) == self.deleted[-1])
                self.restarted.append(int(self.dut.delete_index_o.value))
                self.pairs[self.restarted[-1]]["active"] = 1
            self.drive()

    async def run(self, name, tag=1, **fields):
        """Runs a command; gives status and detail."""
        sqe = pack(f"sqe_{name.lower()}", opcode=code("opcode", name), tag=tag, **fields)
        return await self.run_bytes(sqe)

    async def run_bytes(self, sqe, **values):
        self.commands.send(command(sqe, 0, **values))
        words = await self.completions.receive(len(self.completions.words) + 1, 2000)
        done = COMPLETION.unpack(words[-1])
        assert done["queue_index"] == 0
        self.last = done
        return code_name("status", done["status"]), done["detail"]


CREATE = {"sq_address": FAR_LINES[0], "cq_address": FAR_LINES[1]}
SWAPPED = {"sq_address": FAR_LINES[1], "cq_address": FAR_LINES[0]}


@cocotb.test()
async def pairs_are_created_once(dut):
    admin = await Admin(dut).begin()
    for index in range(1, PAIRS):
        for entries_log2, bases in ((1, CREATE), (10, SWAPPED)):
            if entries_log2 == 10:
                assert await admin.run("DELETE_QUEUE_PAIR", queue_index=index) == ("SUCCESS", 0)
            fields = {"queue_index": index, "entries_log2": entries_log2}
            assert await admin.run("CREATE_QUEUE_PAIR", **fields, **bases) == ("SUCCESS", 0)
            assert admin.created[-1] == fields | {"sq_base": bases["sq_address"], "cq_base": bases["cq_address"]}
        assert await admin.run("CREATE_QUEUE_PAIR", queue_index=index, entries_log2=3, **CREATE) == ("INVALID_QUEUE", 0)
    for index in (0, PAIRS, 255):
        assert (await admin.run("CREATE_QUEUE_PAIR", queue_index=index, entries_log2=3, **CREATE))[0] == "INVALID_QUEUE"
        assert (await admin.run("DELETE_QUEUE_PAIR", queue_index=index))[0] == "INVALID_QUEUE"
    assert len(admin.created) == 2 * (PAIRS - 1) and admin.deleted == list(range(1, PAIRS))


@cocotb.test()
async def fields_and_opcodes_are_checked(dut):
    admin, random = await Admin(dut).begin(), rng(4)
    sizes = [{"entries_log2": size} for size in (0, 11, 16, 32, 64, 0x8A)]
    for wrong in (*sizes, {"sq_address": 0x4010}, {"cq_address": 0x20}, {"flags": 1}):
        fields = {"queue_index": 1, "entries_log2": 3} | CREATE | wrong
        assert await admin.run("CREATE_QUEUE_PAIR", **fields) == ("INVALID_FIELD", 0)
    assert await admin.run("ABORT", queue_index=1, flags=0x80) == ("INVALID_FIELD", 0)
    for name in ("DELETE_QUEUE_PAIR", "RESET_QUEUE_PAIR"):
        assert await admin.run(name, queue_index=1, flags=2) == ("INVALID_FIELD", 0)
        for index in (0, 1, PAIRS, 255):
            assert await admin.run(name, queue_index=index) == ("INVALID_QUEUE", 0)
    for opcode in (0, 1, 2, 0x7F, 0x84):
        tag = random.getrandbits(16)
        sqe = pack("sqe", opcode=opcode, flags=random.getrandbits(8), tag=tag, words=random.getrandbits(480))
        assert await admin.run_bytes(sqe) == ("INVALID_OPCODE", 0) and admin.last["tag"] == tag
    fields = {"opcode": code("opcode", "CREATE_QUEUE_PAIR"), "queue_index": 1, "entries_log2": 3}
    sqe = pack("sqe_create_queue_pair", **fields, **CREATE)
    for entry, host_addr in ((0x155, FAR_LINES[0]), (0x2AA, FAR_LINES[1]), (3, FAR_LINES[0])):
        assert await admin.run_bytes(sqe, fetch_error=1, entry=entry, host_addr=host_addr) == ("DMA_READ_ERROR", entry)
        assert (admin.last["tag"], admin.last["host_addr"]) == (0xFFFF, host_addr)
    assert not admin.created and not admin.deleted


@cocotb.test()
@cocotb.parametrize(ends_with=["ABORTED", "SUCCESS"])
async def abort_waits_for_its_target(dut, ends_with):
    """ABORT holds its request until the command is gone; the detail says how it went."""
    admin = await Admin(dut).begin()
    dut.io_running_i.value, dut.io_index_i.value, dut.io_tag_i.value = 1, 2, 0xCAFE
    others = [(2, 0xCAFE ^ 1 << bit) for bit in range(16)] + [(index, 0xCAFE) for index in range(PAIRS) if index != 2]
    for index, tag in others:
        assert await admin.run("ABORT", queue_index=index, target_tag=tag) == ("SUCCESS", 0)
    task = cocotb.start_soon(admin.run("ABORT", tag=9, queue_index=2, target_tag=0xCAFE))
    await ClockCycles(dut.clk_i, 30)
    assert int(dut.io_abort_o.value) == 1 and int(dut.running_o.value) == 1 and not task.done()
    dut.io_aborted_i.value = int(ends_with == "ABORTED")
    await ClockCycles(dut.clk_i, 10)
    assert not task.done()
    dut.io_running_i.value = dut.io_aborted_i.value = 0
    assert await task == ("SUCCESS", int(ends_with == "ABORTED"))
    assert admin.last["tag"] == 9 and admin.last["cycles"] >= 35
    assert int(dut.io_abort_o.value) == 0


@cocotb.test()
async def every_bit_of_the_time_and_of_the_tag_is_told(dut):
    """The count is set forward: to let it run there would take a minute and more."""
    admin = await Admin(dut).begin()
    dut.io_running_i.value = 1
    for pattern in (*FAR_WORDS, 0x7FFF_FFF8):
        index, tag = pattern % PAIRS or 2, pattern & 0xFFFF
        dut.io_index_i.value, dut.io_tag_i.value = index, tag
        task = cocotb.start_soon(admin.run("ABORT", tag=tag ^ 0xFFFF, queue_index=index, target_tag=tag))
        await ClockCycles(dut.clk_i, 20)
        assert not task.done()
        dut.cycles_q.value = pattern
        await ClockCycles(dut.clk_i, 10)
        dut.io_tag_i.value = tag ^ 0xFFFF
        assert await task == ("SUCCESS", 0)
        assert admin.last["tag"] == tag ^ 0xFFFF and 8 <= admin.last["cycles"] - pattern <= 14


@cocotb.test()
@cocotb.parametrize(name=["DELETE_QUEUE_PAIR", "RESET_QUEUE_PAIR"])
async def delete_and_reset_wait_for_the_fetch_and_the_command(dut, name):
    admin = await Admin(dut).begin()
    await admin.run("CREATE_QUEUE_PAIR", queue_index=3, entries_log2=3, **CREATE)
    # Another pair's fetch and command do not matter.
    dut.fetch_busy_i.value, dut.fetch_index_i.value = 1, 4
    await ClockCycles(dut.clk_i, 2)
    dut.fetch_index_i.value = 3
    dut.io_running_i.value, dut.io_index_i.value = 1, 1
    task = cocotb.start_soon(admin.run(name, queue_index=3))
    await ClockCycles(dut.clk_i, 30)
    assert admin.deleted == [3] and not task.done() and int(dut.io_abort_o.value) == 0
    dut.fetch_busy_i.value, dut.io_index_i.value = 0, 3  # the fetched command runs now
    await ClockCycles(dut.clk_i, 30)
    assert not task.done() and int(dut.io_abort_o.value) == 1
    dut.io_aborted_i.value = 1
    await ClockCycles(dut.clk_i, 5)
    assert admin.restarted == []
    dut.io_running_i.value = dut.io_aborted_i.value = 0
    assert await task == ("SUCCESS", 0)
    reset = name == "RESET_QUEUE_PAIR"
    assert admin.restarted == [3] * reset and admin.pairs[3]["active"] == reset


def test_admin_exec():
    run("admin_exec", parameters={"QueuePairs": PAIRS})
