"""Bench of hdl/queue/io_exec.sv."""

import cocotb
from bench.layout import code, code_name, pack
from bench.queue import COMPLETION, FAR_LINES, FAR_WORDS, OUTCOME, command, rng
from bench.runner import run
from bench.streams import Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge


EXECUTORS = {"LOAD_PROBE": "probe", "COPY": "copy", "SEARCH": "search"}


class Io:
    """Stands for the executors: each ends after `cycles`, or soon after an abort."""

    def __init__(self, dut, cycles=20, stall=Stall.NONE):
        self.dut, self.cycles = dut, cycles
        self.commands, self.completions = Source(dut, "command", stall), Sink(dut, "completion", stall)
        self.started = []
        for name in ("abort_i", "watchdog_i", "hung_i", "probe_done_i", "probe_outcome_i", "copy_done_i", "copy_outcome_i",
                     "search_done_i", "search_outcome_i"):
            getattr(dut, name).value = 0
        self.outcome = {"status": 0, "detail": 0, "host_addr": 0}
        self.lag = 0  # cycles from an abort to the end
        self.blind = False  # an executor that is just ending does not see the abort

    async def begin(self):
        await start(self.dut)
        for name in EXECUTORS.values():
            cocotb.start_soon(self._executor(name))
        return self

    async def _executor(self, name):
        dut = self.dut
        begin, done, outcome = getattr(dut, f"{name}_start_o"), getattr(dut, f"{name}_done_i"), getattr(dut, f"{name}_outcome_i")
        while True:
            await RisingEdge(dut.clk_i)
            if int(begin.value):
                self.started.append((name, int(dut.sqe_o.value)))
                result = dict(self.outcome)
                for _ in range(self.cycles):
                    await RisingEdge(dut.clk_i)
                    if int(dut.abort_o.value) and not self.blind:
                        result["status"] = code("status", "ABORTED")
                        await ClockCycles(dut.clk_i, 1 + self.lag)
                        break
                outcome.value, done.value = OUTCOME.pack(**result), 1
                await RisingEdge(dut.clk_i)
                done.value = 0

    async def run(self, sqe, **values):
        self.commands.send(command(sqe, **values))
        done = COMPLETION.unpack((await self.completions.receive(len(self.completions.words) + 1, 8000))[-1])
        return done | {"status": code_name("status", done["status"])}


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.RANDOM])
async def commands_reach_their_executor(dut, stall):
    io = await Io(dut, stall=stall).begin()
    random = rng(1)
    for name in ("LOAD_PROBE", "SEARCH", "COPY", "SEARCH", "LOAD_PROBE", "COPY"):
        for n, status in enumerate(("SUCCESS", "CRC_MISMATCH")):
            queue_index, dut.watchdog_i.value = 3 + n, FAR_WORDS[n]
            given = {"detail": FAR_WORDS[1 - n], "host_addr": FAR_LINES[n] | (0x15, 0x2A)[n]}
            io.outcome = {"status": code("status", status)} | given
            tag = random.getrandbits(16)
            sqe = pack("sqe", opcode=code("opcode", name), tag=tag, words=random.getrandbits(480))
            done = await io.run(sqe, queue_index=queue_index)
            assert io.started[-1] == (EXECUTORS[name], int.from_bytes(sqe, "little"))
            want = {"queue_index": queue_index, "tag": tag, "status": status} | given
            assert {n: done[n] for n in want} == want
            assert io.cycles <= done["cycles"] <= io.cycles + 6
    assert len(io.started) == 12


@cocotb.test()
async def every_bit_of_the_time_is_told(dut):
    """The count is set forward: to let it run there would take a minute and more."""
    io = await Io(dut, cycles=60).begin()
    for pattern in (*FAR_WORDS, 0x7FFF_FFF8):
        task = cocotb.start_soon(io.run(pack("sqe", opcode=2)))
        await ClockCycles(dut.clk_i, 30)
        dut.cycles_q.value = pattern
        cycles = (await task)["cycles"] - pattern
        assert 32 <= cycles <= 42


@cocotb.test()
async def what_cannot_run_ends_here(dut):
    io = await Io(dut).begin()
    for opcode in (0, 4, 0x7F, 0x80, 0x81, 0x82, 0xFF):
        assert (await io.run(pack("sqe", opcode=opcode)))["status"] == "INVALID_OPCODE"
    for opcode in (1, 2, 3):
        for flags in (1, 0x80):
            assert (await io.run(pack("sqe", opcode=opcode, flags=flags)))["status"] == "INVALID_FIELD"
    done = await io.run(pack("sqe", opcode=1, tag=5), fetch_error=1, entry=6, host_addr=0x4180)
    assert (done["status"], done["tag"], done["detail"], done["host_addr"]) == ("DMA_READ_ERROR", 0xFFFF, 6, 0x4180)
    assert not io.started


@cocotb.test()
async def an_abort_reaches_the_executor_and_only_this_command(dut):
    io = await Io(dut, cycles=200).begin()
    for opcode in (1, 2, 3):
        task = cocotb.start_soon(io.run(pack("sqe", opcode=opcode, tag=8), queue_index=2))
        await ClockCycles(dut.clk_i, 20)
        assert (int(dut.running_o.value), int(dut.running_index_o.value), int(dut.running_tag_o.value)) == (1, 2, 8)
        dut.abort_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.abort_i.value = 0  # kept by the executor of commands
        done = await task
        assert done["status"] == "ABORTED" and done["cycles"] < 40
        # While idle it means nothing.
        dut.abort_i.value = 1
        await ClockCycles(dut.clk_i, 5)
        dut.abort_i.value = 0
        assert (await io.run(pack("sqe", opcode=opcode)))["status"] == "SUCCESS"
    # Too late: the executor has ended.
    io.blind = True
    task = cocotb.start_soon(io.run(pack("sqe", opcode=1)))
    await ClockCycles(dut.clk_i, 150)
    dut.abort_i.value = 1
    assert (await task)["status"] == "SUCCESS"
    dut.abort_i.value = 0


@cocotb.test()
async def aborted_shows_until_the_completion_is_taken(dut):
    io = await Io(dut, cycles=100).begin()
    io.completions.task.cancel()
    dut.completion_ready_i.value = 0
    io.commands.send(command(pack("sqe", opcode=2)))
    await ClockCycles(dut.clk_i, 20)
    assert int(dut.aborted_o.value) == 0
    dut.abort_i.value = 1
    await ClockCycles(dut.clk_i, 20)
    assert int(dut.aborted_o.value) == 1 and int(dut.running_o.value) == 1
    cycles = COMPLETION.unpack(int(dut.completion_o.value))["cycles"]
    await ClockCycles(dut.clk_i, 20)
    assert COMPLETION.unpack(int(dut.completion_o.value))["cycles"] == cycles
    dut.completion_ready_i.value = 1
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.running_o.value) == 0 and int(dut.aborted_o.value) == 0


@cocotb.test()
async def the_watchdog_ends_a_command_as_an_abort_does(dut):
    io = await Io(dut, cycles=3000).begin()
    for opcode in (1, 2, 3):
        dut.watchdog_i.value = 0
        assert (await io.run(pack("sqe", opcode=opcode)))["status"] == "SUCCESS"
        dut.watchdog_i.value = 2
        done = await io.run(pack("sqe", opcode=opcode, tag=4))
        assert done["status"] == "WATCHDOG" and 2048 <= done["cycles"] < 2070 and done["tag"] == 4
        dut.watchdog_i.value = 3  # a command that ends in time
        assert (await io.run(pack("sqe", opcode=opcode)))["status"] == "SUCCESS"
        # Who asked first is named.
        dut.watchdog_i.value = 1
        task = cocotb.start_soon(io.run(pack("sqe", opcode=opcode)))
        await ClockCycles(dut.clk_i, 500)
        io.lag, dut.abort_i.value = 2000, 1
        await RisingEdge(dut.clk_i)
        dut.abort_i.value = 0
        assert (await task)["status"] == "ABORTED"
        io.lag = 0
        # Its completion waits for long: that is no time of the command.
        dut.watchdog_i.value = 0
    dut.watchdog_i.value, io.cycles = 1, 100
    io.completions.task.cancel()
    dut.completion_ready_i.value = 0
    io.commands.send(command(pack("sqe", opcode=2)))
    await ClockCycles(dut.clk_i, 3000)
    assert code_name("status", COMPLETION.unpack(int(dut.completion_o.value))["status"]) == "SUCCESS"


@cocotb.test()
async def a_failed_transfer_of_a_hung_port_is_a_timeout(dut):
    io = await Io(dut, cycles=40).begin()
    for opcode in (1, 2, 3):
        for status, explained in (("DMA_READ_ERROR", "TIMEOUT"), ("DMA_WRITE_ERROR", "TIMEOUT"), ("CRC_MISMATCH", "CRC_MISMATCH"), ("SUCCESS", "SUCCESS")):
            io.outcome = {"status": code("status", status), "detail": 5, "host_addr": 0x40}
            assert (await io.run(pack("sqe", opcode=opcode)))["status"] == status
            task = cocotb.start_soon(io.run(pack("sqe", opcode=opcode)))
            await ClockCycles(dut.clk_i, 15)
            dut.hung_i.value = 1
            await ClockCycles(dut.clk_i, 5)
            dut.hung_i.value = 0  # healed before the command ends
            done = await task
            assert (done["status"], done["detail"], done["host_addr"]) == (explained, 5, 0x40)
    io.outcome = {"status": 0, "detail": 0, "host_addr": 0}
    dut.hung_i.value = 1
    done = await io.run(pack("sqe", opcode=1), fetch_error=1, entry=6, host_addr=0x4180)
    assert (done["status"], done["detail"]) == ("TIMEOUT", 6)


def test_io_exec():
    run("io_exec")
