"""Bench of hdl/queue/cq_post.sv."""

import cocotb
from bench.host import HostMemory, WritePort
from bench.layout import code, code_name, unpack
from bench.queue import COMPLETION, ERROR, FAR_LINES, FAR_WORDS, FARS, NO_PAIR, QUEUE_PAIR, pair, rng
from bench.runner import run
from bench.streams import STALLS, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge

PAIRS = 8


class Post:
    """Keeps the pairs as queue_state would, and collects what comes out."""

    def __init__(self, dut, stall=Stall.NONE):
        self.dut = dut
        self.pairs = [dict(NO_PAIR) for _ in range(PAIRS)]
        self.memory = HostMemory()
        dut.hung_i.value = 0
        self.port = WritePort(dut, self.memory, stall)
        self.admin, self.io = Source(dut, "admin", stall, 1), Source(dut, "io", stall, 2)
        self.interrupts, self.errors, self.posted, self.halted = [], [], 0, 0
        self.drive()

    def drive(self):
        for q, values in enumerate(self.pairs):
            self.dut.pair_i[q].value = QUEUE_PAIR.pack(**values)

    async def begin(self):
        await start(self.dut)
        cocotb.start_soon(self._run())
        return self

    async def _run(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            advance, halt, interrupt = (int(getattr(dut, n).value) for n in ("cq_advance_o", "halt_o", "interrupt_o"))
            for q in range(PAIRS):
                if advance >> q & 1:
                    self.pairs[q]["cq_tail"] = (self.pairs[q]["cq_tail"] + 1) & self.pairs[q]["mask"]
                    self.pairs[q]["phase"] ^= self.pairs[q]["cq_tail"] == 0
                if halt >> q & 1:
                    self.pairs[q]["halted"] = 1
                    self.halted += 1
            if interrupt:
                self.interrupts.append((interrupt.bit_length() - 1, len(self.memory.written)))
            if int(dut.error_valid_o.value):
                self.errors.append(ERROR.unpack(int(dut.error_o.value)))
            self.posted += int(dut.posted_o.value)
            self.drive()


def completion(queue_index=1, tag=0, status="SUCCESS", **values):
    fields = {"cycles": 99, "detail": 0, "host_addr": 0} | values
    return COMPLETION.pack(queue_index=queue_index, tag=tag, status=code("status", status), **fields)


@cocotb.test()
@cocotb.parametrize(stall=STALLS, base=FARS)
async def entries_fill_the_ring_lap_by_lap(dut, stall, base):
    post = Post(dut, stall)
    random = rng(3)
    post.pairs[1] = pair(cq_base=base, sq_head=6)
    await post.begin()
    for n in range(30):
        # The host reads each entry at once.
        post.pairs[1]["cq_head"] = post.pairs[1]["cq_tail"]
        before = post.memory.load(base, 128)
        fields = {"tag": random.randrange(1 << 16), "cycles": random.getrandbits(32), "detail": random.getrandbits(32)}
        host_addr = random.getrandbits(64)
        post.io.send(completion(**fields, status="CRC_MISMATCH", host_addr=host_addr))
        await post.io.drain()
        assert (post.errors[-1]["tag"], post.errors[-1]["host_addr"]) == (fields["tag"], host_addr)
        cqe = unpack("cqe", post.memory.load(base + 16 * (n % 8), 16))
        want = fields | {"status": code("status", "CRC_MISMATCH"), "phase": 1 - n // 8 % 2, "queue_index": 1, "sq_head": 6}
        assert {name: cqe[name] for name in want} == want
        # Nothing else in the line was touched.
        after = post.memory.load(base, 128)
        place = 16 * (n % 8)
        assert before[:place] == after[:place] and before[place + 16 :] == after[place + 16 :]
    assert post.interrupts == [(1, n + 1) for n in range(30)] and post.posted == 30


@cocotb.test()
async def every_bit_of_a_completion_reaches_the_host(dut):
    """From both sources, for every pair, in rings of all their entries."""
    post = Post(dut)
    await post.begin()
    statuses = [code("status", name) for name in ("CRC_MISMATCH", "TIMEOUT", "INVALID_OPCODE")]
    sources = [(post.admin, 0)] * 3 + [(post.io, q) for q in (*range(1, PAIRS), 3, 4, 3)]
    for n, (source, index) in enumerate(sources):
        at, other = n % 2, 1 - n % 2
        place, free = (0x155, 0x2AA)[at], (0x155, 0x2AA)[other]
        places = {"mask": 0x3FF, "sq_head": place, "sq_tail": free, "cq_tail": place, "cq_head": free}
        post.pairs[index] = pair(sq_base=FAR_LINES[other], cq_base=FAR_LINES[at], **places)
        numbers = {"cycles": FAR_WORDS[at], "detail": FAR_WORDS[other]}
        status, tag, host_addr = statuses[n % 3], (0x5A3C, 0xA5C3)[at], FAR_LINES[other] | (0x15, 0x2A)[at]
        source.send(COMPLETION.pack(queue_index=index, tag=tag, status=status, host_addr=host_addr, **numbers))
        await source.drain()
        address = FAR_LINES[at] + 16 * place
        assert post.memory.written[-1] == address & -64
        found = unpack("cqe", post.memory.load(address, 16))
        want = numbers | {"tag": tag, "status": status, "queue_index": index, "sq_head": place, "phase": 1}
        assert {name: found[name] for name in want} == want
        assert post.errors[-1] == {"code": status, "queue_index": index, "tag": tag, "host_addr": host_addr}
    assert len(post.errors) == len(post.interrupts) == len(sources)


@cocotb.test()
async def any_pair_is_halted_by_its_own_failures_alone(dut):
    post = Post(dut)
    post.pairs = [pair(cq_base=FAR_LINES[q % 2] + 0x1000 * q) for q in range(PAIRS)]
    await post.begin()
    for q in range(PAIRS):
        source, line = post.io if q else post.admin, post.pairs[q]["cq_base"]
        post.memory.write_faults = {line}
        source.send(completion(q, q))
        await source.drain()
        await ClockCycles(dut.clk_i, 2)
        assert [p["halted"] for p in post.pairs] == [1] * (q + 1) + [0] * (PAIRS - 1 - q)
        error = {"code": code("status", "DMA_WRITE_ERROR"), "queue_index": q, "tag": q, "host_addr": line}
        assert post.errors == [*post.errors[:q], error]


@cocotb.test()
async def admin_goes_first_and_each_gets_its_ready(dut):
    post = Post(dut)
    post.pairs[0], post.pairs[2] = pair(cq_base=0x8000), pair(cq_base=0x9000)
    await post.begin()
    post.io.send(*[completion(2, n) for n in range(3)])
    post.admin.send(*[completion(0, n) for n in range(3)])
    await post.io.drain()
    await ClockCycles(dut.clk_i, 3)
    assert post.memory.written == [0x8000] * 3 + [0x9000] * 3
    assert post.admin.sent == post.io.sent == 3 and not post.errors


@cocotb.test()
async def a_failed_write_is_tried_again_then_the_pair_is_halted(dut):
    post = Post(dut)
    post.pairs[1] = pair()
    await post.begin()
    post.memory.write_faults_once = {0x20000}
    post.io.send(completion(1, 7))
    await post.io.drain()
    assert post.memory.written == [0x20000] * 2 and not post.errors and post.halted == 0
    assert unpack("cqe", post.memory.load(0x20000, 16))["tag"] == 7
    post.memory.write_faults = {0x20000}
    post.io.send(completion(1, 8))
    await post.io.drain()
    await ClockCycles(dut.clk_i, 2)
    assert post.memory.written == [0x20000] * 6 and post.halted == 1 and len(post.interrupts) == 1
    assert post.errors == [{"code": code("status", "DMA_WRITE_ERROR"), "queue_index": 1, "tag": 8, "host_addr": 0x20000}]
    # The same where the host did not answer at all.
    post.pairs[2] = pair()
    dut.hung_i.value = 1
    post.io.send(completion(2, 8))
    await post.io.drain()
    await ClockCycles(dut.clk_i, 2)
    assert [code_name("status", error["code"]) for error in post.errors] == ["DMA_WRITE_ERROR", "TIMEOUT"]
    dut.hung_i.value = 0
    written = len(post.memory.written)
    # Nothing more is written to a halted pair.
    post.io.send(completion(1, 9))
    await post.io.drain()
    assert len(post.memory.written) == written


@cocotb.test()
async def completions_of_pairs_that_are_gone_are_dropped(dut):
    post = Post(dut)
    await post.begin()
    post.io.send(completion(1, 1), completion(3, 2))
    await post.io.drain()
    assert not post.memory.written and not post.interrupts and post.posted == 0


@cocotb.test()
async def failures_are_logged_before_they_are_seen(dut):
    post = Post(dut)
    post.pairs[1] = pair()
    await post.begin()
    for n, status in enumerate(("SUCCESS", "ABORTED", "DMA_READ_ERROR", "RECORD_FORMAT")):
        post.pairs[1]["cq_head"] = post.pairs[1]["cq_tail"]
        logged = len(post.errors)
        post.io.send(completion(1, n, status, host_addr=0x1234))
        while len(post.memory.written) == n:
            await RisingEdge(dut.clk_i)
        assert len(post.errors) - logged == (n >= 2)
        await post.io.drain()
    assert [e["tag"] for e in post.errors] == [2, 3] and all(e["host_addr"] == 0x1234 for e in post.errors)


def test_cq_post():
    run("cq_post", parameters={"QueuePairs": PAIRS})
