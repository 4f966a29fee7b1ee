"""Bench of hdl/match/collector.sv: totals, histogram and candidates of one stream of scores."""

import random
from collections import Counter

import cocotb
from bench.fields import Fields
from bench.records import COMPARISON
from bench.runner import run
from bench.streams import STALLS, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge
from test_known_answers import signed

COLLECTED = Fields(("comparisons", 32), ("passed", 32), ("candidates", 9), ("known_answers", 16), ("signature", 32), ("bin", 32), ("score", 16), ("index", 32))


async def offer(dut, source, words, known=()):
    """Scores, each after its record was announced, at most 8 records ahead."""
    sent = source.sent
    for place, word in enumerate(words):
        while place - (source.sent - sent) >= 8:
            dut.record_taken_i.value = 0
            await RisingEdge(dut.clk_i)
        dut.record_taken_i.value, dut.known_answer_i.value = 1, int(bool(known) and known[place])
        await RisingEdge(dut.clk_i)
        source.send(word)
    dut.record_taken_i.value = 0


async def read(dut, index) -> dict[str, int]:
    dut.read_index_i.value = index
    await ClockCycles(dut.clk_i, 2)
    return COLLECTED.unpack(int(dut.collected_o.value))


async def settle(dut, source):
    """Waits until everything queued is collected."""
    await source.drain()
    while not int(dut.idle_o.value):
        await RisingEdge(dut.clk_i)
    await ClockCycles(dut.clk_i, 2)


async def clear(dut):
    while not int(dut.cleared_o.value):
        await RisingEdge(dut.clk_i)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def collects_what_was_offered(dut, stall):
    rng = random.Random(f"collector {stall}")
    dut.read_index_i.value = 0
    any_configuration = (rng.randrange(1 << 16), rng.randrange(6, 257))
    for threshold, capacity in ((0, 256), (900, 5), (65535, 3), (500, 1), any_configuration):
        dut.record_taken_i.value = 0
        dut.threshold_i.value = threshold
        dut.capacity_i.value = capacity
        source = Source(dut, "comparison", stall)
        await start(dut)
        await clear(dut)
        edges = (0, 499, 500, 899, 900, 65535, threshold, max(0, threshold - 1))
        scores = lambda: rng.choice((*edges, rng.randrange(2000), rng.randrange(1 << 16)))  # noqa: E731
        comparisons = [(scores(), index) for index in rng.sample(range(1 << 32), 350)]
        known = [rng.random() < 0.2 for _ in comparisons]
        await offer(dut, source, [COMPARISON.pack(score=score, index=index) for score, index in comparisons], known)
        await settle(dut, source)
        signature = 0
        for is_known, (score, _) in zip(known, comparisons):
            signature = signed(signature, score) if is_known else signature
        comparisons = [c for c, is_known in zip(comparisons, known) if not is_known]
        passed = [c for c in comparisons if c[0] >= threshold]
        best = sorted(passed, key=lambda c: (-c[0], c[1]))[:capacity]
        totals = await read(dut, 0)
        assert totals["comparisons"] == len(comparisons)
        assert totals["passed"] == len(passed)
        assert totals["candidates"] == len(best)
        assert (totals["known_answers"], totals["signature"]) == (sum(known), signature)
        entries = [await read(dut, entry) for entry in range(len(best))]
        assert sorted(((e["score"], e["index"]) for e in entries), key=lambda c: (-c[0], c[1])) == best
        expected = Counter(min(511, score >> 5) for score, _ in comparisons)
        for bin_ in range(512):
            assert (await read(dut, bin_))["bin"] == expected[bin_]
        source.stop()


def put_forward(collector, rng) -> dict:
    """Puts a collector's totals forward to those of a long search, just below a carry; gives them."""
    totals = {
        "comparisons": (3 << 30) - rng.randint(1, 8),
        "passed": (1 << rng.randint(20, 31)) - rng.randint(1, 8),
        "known_answers": (1 << rng.randint(8, 15)) - rng.randint(1, 4),
        "bins": [(1 << rng.choice((rng.randint(8, 30), 31))) - rng.randint(1, 2) for _ in range(512)],
    }
    collector.comparisons_q.value = totals["comparisons"]
    collector.passed_q.value = totals["passed"]
    collector.i_known_answers.count_o.value = totals["known_answers"]
    for word, count in zip(collector.i_histogram.i_ram.words_q, totals["bins"], strict=True):
        word.value = count
    return totals


@cocotb.test()
async def totals_count_on_through_all_their_bits(dut):
    rng = random.Random(18)
    dut.record_taken_i.value = 0
    dut.threshold_i.value = threshold = 3000
    dut.capacity_i.value = 4
    dut.read_index_i.value = 0
    source = Source(dut, "comparison", Stall.NONE)
    await start(dut)
    for _ in range(4):
        await clear(dut)
        before = put_forward(dut, rng)
        await RisingEdge(dut.clk_i)
        comparisons = [(rng.randrange(1 << 16) >> rng.choice((0, 4)), index) for index in range(200)]
        known = [rng.random() < 0.2 for _ in comparisons]
        await offer(dut, source, [COMPARISON.pack(score=score, index=index) for score, index in comparisons], known)
        await settle(dut, source)
        scores = [score for (score, _), is_known in zip(comparisons, known, strict=True) if not is_known]
        totals = await read(dut, 0)
        assert totals["comparisons"] == before["comparisons"] + len(scores)
        assert totals["passed"] == before["passed"] + sum(score >= threshold for score in scores)
        assert totals["known_answers"] == min(0xFFFF, before["known_answers"] + sum(known))
        assert totals["candidates"] == 4
        came = Counter(score >> 5 if score < 1 << 14 else 511 for score in scores)
        for bin_, count in enumerate(before["bins"]):
            assert (await read(dut, bin_))["bin"] == count + came[bin_]
        dut.rst_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.rst_i.value = 0
        await RisingEdge(dut.clk_i)
        cleared = await read(dut, 0)
        assert not any(cleared[name] for name in ("comparisons", "passed", "known_answers", "signature", "candidates"))


@cocotb.test()
async def scores_below_the_threshold_pass_a_busy_heap(dut):
    dut.threshold_i.value = 100
    dut.capacity_i.value = 256
    dut.record_taken_i.value = 0
    dut.read_index_i.value = 0
    source = Source(dut, "comparison", STALLS[0])
    await start(dut)
    while not int(dut.cleared_o.value):
        await RisingEdge(dut.clk_i)
    await offer(dut, source, [COMPARISON.pack(score=200 + index, index=index) for index in range(40)])
    await source.drain()
    low = [COMPARISON.pack(score=99, index=index) for index in range(10)]
    await offer(dut, source, [COMPARISON.pack(score=9999, index=99), *low])
    while source.waiting:
        await RisingEdge(dut.clk_i)
    # The heap is still walking, yet the ten have gone.
    assert int(dut.idle_o.value) == 0


# What put_forward needs to see.
VISIBLE = ("collector", "known_answers", "ram_1w1r")


def test_collector():
    run("collector", visible=VISIBLE)
