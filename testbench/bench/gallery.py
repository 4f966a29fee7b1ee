"""Random fingers for whole-card benches, and what the matcher says about them."""

import random

import whorl
from bench.layout import limit


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

    def place(self, card, base: int = 1000) -> list[dict]:
        return [card.place_extent(self.records[a:b], base + a) for a, b in self.bounds]

    def scores(self, probe: int, gate: int = 43, base: int = 1000) -> list[tuple[int, int]]:
        return [(whorl.compare(self.probes[probe], r, gate)["score"], base + i) for i, r in enumerate(self.records)]


async def load(card, queue, gallery, gate: int = 43) -> None:
    for slot, probe in enumerate(gallery.probes):
        await card.command(queue, card.load_probe_entry(slot, whorl.probe_image(probe), gate=gate))


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
