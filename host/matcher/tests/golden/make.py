"""Writes synthetic.json beside this file: synthetic fingers, their records and their comparisons.

The numbers come from the specification's own slow model (`reference.py` of MATCHER), never from
this crate, so that the crate's tests judge it by somebody else's arithmetic:

    python make.py <folder that holds reference.py>
"""

import json
import math
import pathlib
import random
import sys


def finger(seed: int, count: int, width: int = 300, height: int = 380) -> list[tuple[int, int, int, int, int]]:
    """Minutiae strewn evenly: x, y, angle, quality, kind."""
    rng = random.Random(seed)
    return [
        (rng.randrange(width), rng.randrange(height), rng.randrange(256), rng.randrange(101), rng.randrange(3))
        for _ in range(count)
    ]


def impression(minutiae, seed: int, turn: int, shift: tuple[int, int], lost: float):
    """The same finger again: turned by `turn`/256, shifted, jittered, some minutiae lost and some new."""
    rng = random.Random(seed)
    angle = 2 * math.pi * turn / 256
    result = []
    for x, y, t, _, k in minutiae:
        if rng.random() < lost:
            continue
        dx, dy = x - 150, y - 190
        # Image rows run downwards, so a counter-clockwise turn has the signs of a clockwise one.
        nx = 150 + dx * math.cos(angle) + dy * math.sin(angle) + shift[0] + rng.gauss(0, 1.5)
        ny = 190 - dx * math.sin(angle) + dy * math.cos(angle) + shift[1] + rng.gauss(0, 1.5)
        clamp = lambda value: min(max(round(value), 0), 16383)
        result.append((clamp(nx), clamp(ny), (t + turn + rng.randrange(-4, 5)) % 256, rng.randrange(101), k))
    return result + finger(seed + 1, len(minutiae) // 8)


def fingers():
    """Name, minutiae and cap (48, or 96 for a rolled reference)."""
    base = finger(1, 36)
    dense = finger(2, 110)
    rng = random.Random(3)
    return {
        "empty": ([], 48),
        "one": (finger(4, 1), 48),
        "two": (finger(5, 2), 48),
        "four": (finger(6, 4), 48),
        "base": (base, 48),
        "base_again": (impression(base, 7, 9, (14, -8), 0.2), 48),
        "base_turned": (impression(base, 8, -30, (-25, 11), 0.3), 48),
        "base_upside_down": (impression(base, 9, 128, (0, 0), 0.1), 48),
        "other": (finger(10, 41), 48),
        "full": (finger(11, 48), 48),
        "dense": (dense, 48),
        "dense_rolled": (dense, 96),
        "dense_rolled_again": (impression(dense, 12, 5, (3, 3), 0.1), 96),
        # Every minutia in one place: the largest accumulated values and the hardest ties.
        "heap": ([(150, 190, t, 50, 1) for t in range(255)], 48),
        # Coordinates up to the format's limit: clamped, and no neighbours.
        "far": ([(rng.randrange(16384), rng.randrange(16384), rng.randrange(256), rng.randrange(256), 0) for _ in range(40)], 48),
    }


PAIRS = [
    ("base", "base"), ("base", "base_again"), ("base_again", "base"), ("base", "base_turned"),
    ("base_turned", "base_again"), ("base", "base_upside_down"), ("base", "other"), ("other", "base"),
    ("base", "dense_rolled"), ("dense", "dense_rolled"), ("dense", "dense_rolled_again"), ("full", "dense_rolled"),
    ("full", "full"), ("heap", "heap"), ("heap", "base"), ("base", "heap"), ("far", "far"), ("far", "base"),
    ("empty", "base"), ("base", "empty"), ("empty", "empty"), ("one", "one"), ("one", "base"), ("base", "one"),
    ("two", "two"), ("four", "four"), ("four", "dense_rolled"), ("dense", "two"),
]


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    import reference

    records = {name: reference.encode(minutiae, cap) for name, (minutiae, cap) in fingers().items()}
    out = {"fingers": [], "comparisons": []}
    for name, (minutiae, cap) in fingers().items():
        packed = reference.pack(records[name]).hex()
        out["fingers"].append({"name": name, "rolled": cap == 96, "minutiae": minutiae, "record": packed})
    for probe, other in PAIRS:
        score, best, lane, distances, slots = reference.stage1(records[probe], records[other])
        out["comparisons"].append({
            "probe": probe, "reference": other, "score": score, "best": best,
            "reference_lane": None if lane < 0 else lane, "distances": distances, "slots": slots,
        })
    lines = [f'"{key}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for key, rows in out.items()]
    path = pathlib.Path(__file__).with_name("synthetic.json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
