"""Synthetic records and the model's numbers about them (the `whorl` binding), in the shapes of hdl/pkg/match_pkg.sv."""

import random

import whorl
from bench.fields import Fields

LANES = 48
CEILING = 59

MINUTIA = Fields(("angle", 8), ("y", 12), ("x", 12), ("descriptor", 128))
BEAT = Fields(*MINUTIA.fields, ("present", 1), ("first", 1), ("last", 1), ("count", 7), ("index", 32))
TRACE = Fields(("angle", 8), ("y", 12), ("x", 12), ("present", 1), ("first", 1), ("last", 1), ("count", 7), ("index", 32))
PROBE_WRITE = Fields(("rotation", 1), ("present", 1), ("row", 6), ("lane", 6), ("data", 160))
PROBE_LINE = Fields(("data", 512), ("slot", 8), ("index", 8))
GALLERY_LINE = Fields(
    ("data", 512), ("first", 1), ("last", 1), ("base_index", 32), ("records", 32), ("known_answer", 1)
)
NEAREST = Fields(("key", 6), ("lane", 6))
SLOT = Fields(("weight", 6), ("turn", 8), ("y", 12), ("x", 12))
SLOT_WRITE = Fields(("bank", 1), ("fresh", 1), ("lane", 6), *SLOT.fields)
FINISHED = Fields(("index", 32), ("count", 7), ("occupied", 6), ("bank", 1))
REFERENCE = Fields(("index", 32), ("count", 7), ("occupied", 1), ("first", 1), ("last", 1), ("lane", 6), *SLOT.fields)
SUPPORTED = Fields(("index", 32), ("count", 7), ("best", 12))
COMPARISON = Fields(("score", 16), ("index", 32))


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


def probe_lines(record: bytes, slot: int) -> list[int]:
    """The lines of a probe's image."""
    image = lines(whorl.probe_image(record))
    return [PROBE_LINE.pack(data=line, slot=slot, index=i) for i, line in enumerate(image)]


def probe_writes(record: bytes) -> list[int]:
    """What probe_loader makes of a probe's image."""
    image = whorl.probe_image(record)
    count = len(whorl.unpack(record))
    writes = []
    for lane in range(LANES):
        at = 64 * (lane // 3) + 20 * (lane % 3)
        data = int.from_bytes(image[at : at + 20], "little")
        writes.append(PROBE_WRITE.pack(rotation=0, present=lane < count, row=0, lane=lane, data=data))
    for row in range(64):
        for lane in range(0, LANES, 4):
            at = 64 * 16 + 192 * row + 4 * lane
            data = int.from_bytes(image[at : at + 16], "little")
            writes.append(PROBE_WRITE.pack(rotation=1, present=0, row=row, lane=lane, data=data))
    return writes


def slot_of(taps: dict, lane: int) -> dict[str, int] | None:
    """The slot of a lane at the end of a record, as SLOT unpacks it, or None where it is empty."""
    slot = taps["slots"][lane] if lane < len(taps["slots"]) else None
    if slot is None:
        return None
    x, y, turn, _ = slot
    return {"weight": taps["weights"][lane], "turn": turn & 0xFF, "y": y & 0xFFF, "x": x & 0xFFF}


def weight(distance: int) -> int:
    """s of MATCHER 3, pass B."""
    return min(63, ((CEILING - distance) * 11) >> 3)

