"""Synthetic records and the model's numbers about them (the `whorl` binding), in the shapes of hdl/pkg/match_pkg.sv."""

import random

import whorl
from bench.fields import Fields
from bench.layout import limit

LANES = 48
CEILING = 59
GATE = 43
STEPS = 32
KEY_BIAS = 4
NONE = 63

MINUTIA = Fields(("angle", 8), ("y", 12), ("x", 12), ("descriptor", 128))
BEAT = Fields(*MINUTIA.fields, ("present", 1), ("first", 1), ("last", 1), ("count", 7), ("index", 32))
TRACE = Fields(("angle", 8), ("y", 12), ("x", 12), ("present", 1), ("first", 1), ("last", 1))
RECORD_TRACE = Fields(("index", 32), ("count", 7))
HALVES_WIDTH = 64
FURTHER = Fields(("low", 2), ("high", 2), ("odd", 1))
PROBE_WRITE = Fields(
    ("halves", HALVES_WIDTH), ("further", 5), ("step", 5), ("gate", 7),
    ("rotation", 1), ("present", 1), ("row", 6), ("lane", 6), ("data", 160),
)  # fmt: skip
PROBE_LINE = Fields(("data", 512), ("gate", 7), ("slot", 8), ("index", 8))
GALLERY_LINE = Fields(
    ("data", 512), ("first", 1), ("last", 1), ("base_index", 32), ("records", 32), ("known_answer", 1)
)
NEAREST = Fields(("key", 6), ("lane", 6))
SLOT = Fields(("weight", 6), ("turn", 8), ("y", 12), ("x", 12))
SLOT_WRITE = Fields(("bank", 1), ("fresh", 1), ("lane", 6), *SLOT.fields)
FINISHED = Fields(("index", 32), ("count", 7), ("occupied", 6), ("bank", 1))
MOVED = Fields(("turn", 8), ("y", 12), ("x", 12))
REFERENCE = Fields(("index", 32), ("count", 7), ("occupied", 1), ("first", 1), ("last", 1), ("lane", 6), *MOVED.fields)
WINDOW = Fields(("turn_low", 9), ("offset_y", 14), ("offset_x", 14))
SUPPORTED = Fields(("index", 32), ("count", 7), ("best", 12))
COMPARISON = Fields(("score", 16), ("index", 32))
CONFIG = Fields(("threshold", 16), ("top_k", 9), ("probe_mask", limit("PROBES_MAX")))
REQUEST = Fields(("stream", 8), ("probe", 8))
RESULT_LINE = Fields(("data", 512), ("last", 1))


def random_record(rng: random.Random, count: int, mate: bytes | None = None) -> bytes:
    """A packed record of `count` minutiae. With `mate`, most of them are that record's, turned, moved and noisy."""
    theirs = whorl.unpack(mate) if mate else []
    turn, dx, dy = rng.randrange(-6, 7), rng.randrange(-40, 41), rng.randrange(-40, 41)
    minutiae = []
    for i in range(count):
        if i < len(theirs) and rng.random() < 0.8:
            x, y, angle, descriptor, quality, kind = theirs[i]
            flips = sum({1 << rng.randrange(128) for _ in range(rng.choice((0, 5, 20, 60)))})
            descriptor = (int.from_bytes(descriptor, "little") ^ flips).to_bytes(16, "little")
            x, y = (max(-2047, min(2047, v + d + rng.randrange(-6, 7))) for v, d in ((x, dx), (y, dy)))
            minutiae.append((x, y, (angle + turn + rng.randrange(-8, 9)) & 255, descriptor, quality, kind))
        else:
            reach = rng.choice((250, 250, 250, 2047))
            x, y = rng.randrange(-reach, reach + 1), rng.randrange(-reach, reach + 1)
            minutiae.append((x, y, rng.randrange(256), rng.randbytes(16), rng.randrange(101) & ~1, rng.randrange(3)))
    return whorl.pack(minutiae)


def lines(record: bytes) -> list[int]:
    """The 64-byte lines of a record or image."""
    return [int.from_bytes(record[at : at + 64], "little") for at in range(0, len(record), 64)]


def extent(records: list[bytes], base_index: int, known_answer: int = 0) -> list[int]:
    """Packed records as the lines of one extent."""
    data = [line for record in records for line in lines(record)]
    return [
        GALLERY_LINE.pack(
            data=line, first=i == 0, last=i == len(data) - 1, base_index=base_index, records=len(records), known_answer=known_answer
        )
        for i, line in enumerate(data)
    ]


def beats(record: bytes, index: int) -> list[int]:
    """What record_reader makes of a record."""
    minutiae = whorl.unpack(record)
    if not minutiae:
        return [BEAT.pack(angle=0, y=0, x=0, descriptor=0, present=0, first=1, last=1, count=0, index=index)]
    return [
        BEAT.pack(
            angle=angle, y=y, x=x, descriptor=int.from_bytes(descriptor, "little"),
            present=1, first=i == 0, last=i == len(minutiae) - 1, count=i + 1, index=index,
        )
        for i, (x, y, angle, descriptor, _, _) in enumerate(minutiae)
    ]  # fmt: skip


def probe_lines(record: bytes, slot: int, gate: int = GATE) -> list[int]:
    """The lines of a probe's image."""
    image = lines(whorl.probe_image(record))
    return [PROBE_LINE.pack(data=line, gate=gate, slot=slot, index=i) for i, line in enumerate(image)]


def column_addresses(word: int) -> list[int]:
    """The addresses of a word's columns, as hdl/pkg/distance_pkg.sv makes them, spelled out."""

    def five(bits):
        return sum(bit << i for i, bit in enumerate(bits))

    bits = [word >> i & 1 for i in range(128)]
    fresh = [bits[5 * c : 5 * c + 5] for c in range(25)]
    second = [[sum(column) & 1 for column in fresh[5 * c : 5 * c + 5]] for c in range(5)]
    third = [sum(column) & 1 for column in second]
    return [five(column) for column in (*fresh, *second, third, [sum(third) & 1, *bits[125:]])]


def tables(word: int, angle: int, gate: int, present: bool) -> list[tuple[int, int]]:
    """What the tables of a probe minutia hold, per address: (halves, further)."""
    addresses = column_addresses(word)
    first, last = (angle - gate) & 255, (angle + gate) & 255
    steps = []
    for step in range(STEPS):
        halves = 0
        for column, address in enumerate(addresses):
            half = (((address ^ step) & (31 if column < 31 else 15)).bit_count()) >> 1
            entry = (0, 1, 3)[half] if column < 3 else half + (column < 5)
            halves |= entry << 2 * column

        def inside(block, step=step):
            return ((block & 0xF8 | step & 7) - first) & 255 <= 2 * gate

        if not present:
            high = 0
        elif step in (first >> 3, last >> 3):
            high = 2 if step == first >> 3 else 3
        else:
            high = int((8 * step - first) & 255 <= 2 * gate)
        odd = (word.bit_count() ^ step) & 1
        steps.append((halves, FURTHER.pack(low=inside(last) << 1 | inside(first), high=high, odd=odd)))
    return steps


def minutia_writes(record: bytes, gate: int = GATE) -> list[int]:
    """What probe_loader makes of the record in a probe's image: all steps of each lane."""
    image = whorl.probe_image(record)
    count = len(whorl.unpack(record))
    writes = []
    for lane in range(LANES):
        at = 64 * (lane // 3) + 20 * (lane % 3)
        data = int.from_bytes(image[at : at + 20], "little")
        minutia = MINUTIA.unpack(data)
        present = lane < count
        for step, (halves, further) in enumerate(tables(minutia["descriptor"], minutia["angle"], gate, present)):
            writes.append(
                PROBE_WRITE.pack(
                    halves=halves, further=further, step=step, gate=gate, rotation=0, present=present, row=0, lane=lane, data=data
                )
            )
    return writes


def rotation_writes(record: bytes) -> list[int]:
    """What probe_loader makes of the rotation rows of a probe's image."""
    image = whorl.probe_image(record)
    writes = []
    for row in range(64):
        for lane in range(0, LANES, 4):
            at = 64 * 16 + 192 * row + 4 * lane
            data = int.from_bytes(image[at : at + 16], "little")
            writes.append(
                PROBE_WRITE.pack(halves=0, further=0, step=0, gate=0, rotation=1, present=0, row=row, lane=lane, data=data)
            )
    return writes


def probe_writes(record: bytes, gate: int = GATE) -> list[int]:
    """What probe_loader makes of a probe's image."""
    return minutia_writes(record, gate) + rotation_writes(record)


def slot_of(taps: dict, lane: int) -> dict[str, int] | None:
    """The slot of a lane at the end of a record, as SLOT unpacks it, or None where it is empty."""
    slot = taps["slots"][lane] if lane < len(taps["slots"]) else None
    if slot is None:
        return None
    x, y, turn, _ = slot
    return {"weight": taps["weights"][lane], "turn": turn & 0xFF, "y": y & 0xFFF, "x": x & 0xFFF}


def moved_of(slot: dict[str, int]) -> dict[str, int]:
    """What a reference needs of a slot."""
    return {name: slot[name] for name, _ in MOVED.fields}


def weight(distance: int) -> int:
    """s of MATCHER 3, pass B."""
    return min(63, ((CEILING - distance) * 11) >> 3)

