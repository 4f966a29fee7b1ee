"""Bench of hdl/top/whorl_core.sv: the whole card between an AXI host and a driver model.

Scores are compared with the Rust matcher through its Python binding.
"""

import random

import cocotb
import pytest
import whorl
from bench.card import LINE, Card
from bench.layout import code, limit, offset, pack
from bench.runner import run
from bench.streams import Stall
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

# Only the top's own signals are seen from outside: making all of the card's public takes minutes to compile.
BUILD = ("--timing", "--no-public-flat-rw", "--public-depth", "1")


async def start(dut, **options) -> Card:
    """Clock, reset, a card that is ready."""
    dut.rst_i.value = 1
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start(start_high=False))
    card = Card(dut, **options)
    await ClockCycles(dut.clk_i, 4)
    dut.rst_i.value = 0
    await card.wait_status("ready")
    return card


async def start_with_queue(dut, index=1, **options):
    """A card with its admin pair and one I/O pair."""
    card = await start(dut, **options)
    await card.enable()
    return card, await card.create(index)


def random_record(rng, count: int) -> bytes:
    """A packed record of random minutiae."""
    return whorl.pack(
        [
            (rng.randint(-200, 200), rng.randint(-200, 200), rng.randrange(256), rng.randbytes(16), 2 * rng.randrange(51), rng.randrange(3))
            for _ in range(count)
        ]
    )


def impression(rng, record: bytes, keep: float = 0.7) -> bytes:
    """Another impression of a record: some minutiae lost, the rest moved a little and with bits flipped."""
    minutiae = []
    for x, y, angle, descriptor, quality, kind in whorl.unpack(record):
        if rng.random() < keep:
            bits = int.from_bytes(descriptor, "little") ^ sum(1 << b for b in rng.sample(range(128), 20))
            minutiae.append(
                (x + rng.randint(-4, 4), y + rng.randint(-4, 4), (angle + rng.randint(-3, 3)) & 255, bits.to_bytes(16, "little"), quality, kind)
            )
    rng.shuffle(minutiae)
    return whorl.pack(minutiae)


class Gallery:
    """Random records, some of them mates of the probes, cut into extents."""

    def __init__(self, seed: int, probes: int, records: int, extents: int):
        rng = random.Random(seed)
        self.probes = [random_record(rng, n) for n in [24, 48, 7, 31][:probes]]
        self.records = [random_record(rng, rng.choice((0, 1, 5, 12, 20, 33))) for _ in range(records)]
        for place in rng.sample(range(records), min(records, 2 * probes)):
            self.records[place] = impression(rng, rng.choice(self.probes))
        cuts = sorted(rng.sample(range(1, records), extents - 1)) if extents > 1 else []
        self.bounds = list(zip([0, *cuts], [*cuts, records]))

    def place(self, card: Card, base: int = 1000) -> list[dict]:
        return [card.place_extent(self.records[a:b], base + a) for a, b in self.bounds]

    def scores(self, probe: int, gate: int = 43, base: int = 1000) -> list[tuple[int, int]]:
        return [(whorl.compare(self.probes[probe], r, gate)["score"], base + i) for i, r in enumerate(self.records)]


async def load(card, queue, gallery) -> None:
    for slot, probe in enumerate(gallery.probes):
        await card.command(queue, card.load_probe_entry(slot, whorl.probe_image(probe)))


def check(card, gallery, mask: int, threshold: int, top_k: int, gate: int = 43) -> None:
    """Every result block against the matcher: counts, histogram and the merged candidate list."""
    for p in range(card.probes):
        if not mask >> p & 1:
            continue
        blocks = [card.result_block(s, p) for s in range(card.streams)]
        scores = gallery.scores(p, gate)
        assert sum(b["comparisons"] for b in blocks) == len(scores)
        assert sum(b["passed"] for b in blocks) == sum(score >= threshold for score, _ in scores)
        bins = [0] * limit("HISTOGRAM_BINS")
        for score, _ in scores:
            bins[min(len(bins) - 1, score >> limit("HISTOGRAM_SHIFT"))] += 1
        assert [sum(column) for column in zip(*(b["histogram"] for b in blocks))] == bins
        want = sorted((c for c in scores if c[0] >= threshold), key=lambda c: (-c[0], c[1]))[:top_k]
        got = sorted((c for b in blocks for c in b["list"]), key=lambda c: (-c[0], c[1]))
        assert got[:top_k] == want
        assert sum(b["minutiae"] for b in blocks) == sum(len(whorl.unpack(r)) for r in gallery.records)
        for s, block in enumerate(blocks):
            assert (block["stream"], block["probe_slot"]) == (s, p)
            assert block["candidates"] == min(top_k, block["passed"])


# ---- the way it should go


@cocotb.test()
async def identity_registers(dut):
    card = await start(dut)
    assert await card.read("id_magic") == limit("DEVICE_MAGIC")
    assert await card.read("id_spec_hash") == card_hash()
    word = await card.read("capability0")
    assert word & 0xFF == card.streams and word >> 8 & 0xFF == card.probes and word >> 24 == limit("LANES")
    # A hole in the map, and an address beyond it.
    for address in (0x0F00, 0x2000, 0x8040, 0xFFFC):
        await card.axil.write_dword(address, 0xFFFFFFFF)
        assert int(await card.axil.read_dword(address)) == 0
    assert await card.status("dma_idle") == 1


def card_hash() -> int:
    from bench import layout

    return layout.spec().hash


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.RANDOM, Stall.WORST])
async def search_gives_the_matchers_scores(dut, stall):
    card, queue = await start_with_queue(dut)
    card.host.stall(stall)
    gallery = Gallery(3, card.probes, records=24, extents=5)
    await load(card, queue, gallery)
    mask = (1 << card.probes) - 1
    extents = gallery.place(card)
    cqe = await card.command(queue, card.search_entry(extents, mask, threshold=100, top_k=6))
    check(card, gallery, mask, 100, 6)
    assert cqe["cycles"] > 0 and cqe["detail"] == 0
    # Again with every reference a candidate, another gate, and one probe only.
    await card.command(queue, card.search_entry(extents, 1 << card.probes - 1, threshold=0, top_k=256, gate=127))
    check(card, gallery, 1 << card.probes - 1, 0, 256, gate=127)
    assert await card.read64("records") == 2 * len(gallery.records)
    await card.wait_status("busy", 0)  # the counter follows the answer to the completion's write
    assert await card.read("commands") == card.admin.tags + queue.tags


def _core(streams: int, probes: int, testcase=None):
    run("whorl_core", parameters={"Streams": streams, "Probes": probes}, testcase=testcase, build_args=BUILD)


@pytest.mark.parametrize(("streams", "probes"), [(1, 1), (2, 2)])
def test_whorl_core(streams, probes):
    _core(streams, probes)
