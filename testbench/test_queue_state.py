"""Bench of hdl/queue/queue_state.sv."""

import cocotb
from bench.layout import code
from bench.queue import DOORBELL, ERROR, FAR_LINES, PAIR_SETUP, QUEUE_PAIR, rng
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, RisingEdge

PULSES = ("admin_start_i", "forget_i", "create_i", "delete_i", "restart_i", "doorbell_valid_i", "sq_advance_i", "cq_advance_i", "halt_i")


class State:
    def __init__(self, dut):
        self.dut = dut
        self.refusals, self.created = [], 0
        for name in (*PULSES, "admin_setup_i", "create_setup_i", "delete_index_i", "restart_index_i", "doorbell_i"):
            getattr(dut, name).value = 0

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._watch())
        return self

    async def _watch(self):
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.refusal_valid_o.value):
                self.refusals.append(ERROR.unpack(int(self.dut.refusal_o.value)))

    async def strobe(self, name, value=1, settle=3):
        signal = getattr(self.dut, name)
        signal.value = value
        await RisingEdge(self.dut.clk_i)
        signal.value = 0
        await ClockCycles(self.dut.clk_i, settle)

    async def create(self, index, entries_log2):
        """Creates a pair at far places, of which the next creation takes the other one."""
        at = self.created % 2
        sq_base, cq_base = FAR_LINES[at] + 0x1000 * index, FAR_LINES[1 - at] + 0x8000 * index
        self.created += 1
        self.dut.create_setup_i.value = PAIR_SETUP.pack(queue_index=index, sq_base=sq_base, cq_base=cq_base, entries_log2=entries_log2)
        await self.strobe("create_i")
        assert (self.pair(index)["sq_base"], self.pair(index)["cq_base"]) == (sq_base, cq_base)

    async def ring(self, index, value, completion=0):
        self.dut.doorbell_i.value = DOORBELL.pack(queue_index=index, completion=completion, value=value)
        await self.strobe("doorbell_valid_i")

    def pair(self, index):
        return QUEUE_PAIR.unpack(int(self.dut.pair_o[index].value))


@cocotb.test()
async def laps_and_phases(dut):
    """Heads, tails and the phase over several laps of rings of all sizes, against counting."""
    state = await State(dut).begin()
    random = rng(1)
    for entries_log2 in (1, 2, 10):
        entries = 1 << entries_log2
        await state.create(1, entries_log2)
        tail = fetched = posted = freed = 0
        laps = 3 if entries_log2 < 10 else 2.2
        while freed < laps * entries:
            space = entries - 1 - (tail - freed)
            step = random.randint(0, space)
            tail += step
            await state.ring(1, tail % entries)
            for _ in range(tail - fetched):
                await state.strobe("sq_advance_i", 2, settle=1)
                fetched += 1
                await state.strobe("cq_advance_i", 2, settle=1)
                posted += 1
                now = state.pair(1)
                assert (now["sq_head"], now["cq_tail"]) == (fetched % entries, posted % entries)
                assert now["phase"] == 1 - posted // entries % 2
            freed = random.randint(freed, posted)
            await state.ring(1, freed % entries, completion=1)
            assert state.pair(1)["cq_head"] == freed % entries and state.pair(1)["sq_tail"] == tail % entries
        await state.strobe("delete_i")  # of pair 0 by the index at rest: no I/O pair is touched
        dut.delete_index_i.value = 1
        assert state.pair(1)["active"] == 1
        await state.strobe("delete_i")
        assert state.pair(1)["active"] == 0
        dut.delete_index_i.value = 0
    assert not state.refusals


@cocotb.test()
async def doorbells_that_cannot_be_are_refused(dut):
    state = await State(dut).begin()
    await state.create(2, 3)
    await state.ring(2, 5)
    for _ in range(5):
        await state.strobe("sq_advance_i", 4, settle=1)
        await state.strobe("cq_advance_i", 4, settle=1)
    await state.ring(2, 2, completion=1)
    good = state.pair(2)
    assert not state.refusals
    wrong = [(2, 8, 0), (2, 0x105, 0), (2, 0xFFFF, 0), (2, 8, 1), (2, 6, 1), (2, 1, 1), (2, 7, 1), (1, 0, 0), (3, 1, 1), (7, 0, 0), (0, 0, 0)]
    wrong += [(index, 0, 0) for index in (8, 16, 32, 64, 128, 2 + 8, 2 + 16, 2 + 32, 2 + 64, 2 + 128)]
    for index, value, completion in wrong:
        await state.ring(index, value, completion)
        assert state.pair(2) == good
    assert state.refusals == [{"code": code("status", "INVALID_QUEUE"), "queue_index": i, "tag": v, "host_addr": 0} for i, v, _ in wrong]
    for value in (2, 3, 5):
        await state.ring(2, value, completion=1)
        assert state.pair(2)["cq_head"] == value
    assert len(state.refusals) == len(wrong)


@cocotb.test()
async def the_admin_pair_starts_and_everything_is_forgotten(dut):
    state = await State(dut).begin()
    for entries_log2 in (0, 11, 15, 4 + 16, 4 + 32, 4 + 64, 4 + 128):
        dut.admin_setup_i.value = PAIR_SETUP.pack(queue_index=0, sq_base=64, cq_base=128, entries_log2=entries_log2)
        await state.strobe("admin_start_i")
        assert state.pair(0)["active"] == 0
    assert len(state.refusals) == 7
    for sq_base, cq_base in (FAR_LINES, FAR_LINES[::-1], FAR_LINES):
        dut.admin_setup_i.value = PAIR_SETUP.pack(queue_index=0, sq_base=sq_base, cq_base=cq_base, entries_log2=4)
        await state.strobe("admin_start_i")
        admin = state.pair(0)
        assert (admin["active"], admin["mask"], admin["phase"]) == (1, 15, 1)
        assert (admin["sq_base"], admin["cq_base"]) == (sq_base, cq_base)
    await state.create(3, 2)
    await state.ring(0, 9)
    await state.strobe("halt_i", 8)
    assert state.pair(3)["halted"] == 1 and state.pair(0)["halted"] == 0 and state.pair(0)["sq_tail"] == 9
    await state.strobe("halt_i", 1)
    assert state.pair(0)["halted"] == 1
    await state.strobe("forget_i")
    assert not any(state.pair(q)["active"] for q in range(4))
    await state.create(3, 2)
    fresh = state.pair(3)
    assert (fresh["active"], fresh["halted"], fresh["sq_tail"], fresh["phase"]) == (1, 0, 0, 1)


@cocotb.test()
async def a_deleted_pair_starts_again_where_it_was(dut):
    state = await State(dut).begin()
    for index in (1, 2):
        await state.create(index, 3)
        fresh = state.pair(index)
        await state.ring(index, 7)
        for _ in range(5):
            await state.strobe("sq_advance_i", 1 << index, settle=1)
            await state.strobe("cq_advance_i", 1 << index, settle=1)
        for _ in range(2):
            await state.ring(index, int(state.pair(index)["cq_tail"]), completion=1)
            await state.ring(index, (state.pair(index)["sq_head"] + 6) & 7)
            for _ in range(4):
                await state.strobe("sq_advance_i", 1 << index, settle=1)
                await state.strobe("cq_advance_i", 1 << index, settle=1)
        assert state.pair(index)["phase"] == 0 and state.pair(index)["cq_tail"] != 0
        await state.strobe("halt_i", 1 << index)
        dut.delete_index_i.value = dut.restart_index_i.value = index
        await state.strobe("delete_i")
        others = [state.pair(q) for q in range(4) if q != index]
        await state.strobe("restart_i")
        assert state.pair(index) == fresh
        assert [state.pair(q) for q in range(4) if q != index] == others
    assert not state.refusals


def test_queue_state():
    run("queue_state")
