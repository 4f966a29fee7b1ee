"""Structs of hdl/pkg/queue_pkg.sv, and streams of structs."""

import random

from bench.fields import Fields
from bench.layout import limit

INDEX_BITS = limit("QUEUE_ENTRIES_LOG2_MAX")

PAIR_SETUP = Fields(("queue_index", 8), ("sq_base", 64), ("cq_base", 64), ("entries_log2", 8))
QUEUE_PAIR = Fields(
    ("active", 1),
    ("halted", 1),
    ("sq_base", 64),
    ("cq_base", 64),
    ("mask", INDEX_BITS),
    ("sq_head", INDEX_BITS),
    ("sq_tail", INDEX_BITS),
    ("cq_head", INDEX_BITS),
    ("cq_tail", INDEX_BITS),
    ("phase", 1),
)
DOORBELL = Fields(("queue_index", 8), ("completion", 1), ("value", 16))
COMMAND = Fields(("sqe", 512), ("queue_index", 8), ("entry", INDEX_BITS), ("host_addr", 64), ("fetch_error", 1))
OUTCOME = Fields(("status", 8), ("detail", 32), ("host_addr", 64))
COMPLETION = Fields(("queue_index", 8), ("tag", 16), ("cycles", 32), ("status", 8), ("detail", 32), ("host_addr", 64))
ERROR = Fields(("code", 8), ("queue_index", 8), ("tag", 16), ("host_addr", 64))
DEALT_EXTENT = Fields(
    ("host_addr", 64), ("memory", 4), ("lines", 24), ("records", 32), ("base_index", 32), ("crc32c", 32), ("index", 32),
    ("known_answer", 1),
)

# Two aligned places that differ in every bit from 16 up: an address that is cut short does not pass for either.
FARS = (0x5A3C_96E1_0F5A_0000, 0xA5C3_691E_F0A5_0000)
# Two lines that differ in every bit above those within a line.
FAR_LINES = (FARS[0] + 0x5540, FARS[1] + 0xAA80)

# Two words that differ in every bit.
FAR_WORDS = (FARS[0] >> 32, FARS[1] >> 32)

NO_PAIR = {name: 0 for name, _ in QUEUE_PAIR.fields}


def pair(**values: int) -> dict[str, int]:
    """An active pair of 8 entries, with what is given instead."""
    return NO_PAIR | {"active": 1, "sq_base": 0x10000, "cq_base": 0x20000, "mask": 7, "phase": 1} | values


def command(sqe: bytes, queue_index: int = 1, **values: int) -> int:
    """A fetched command, packed."""
    fields = {"entry": 3, "host_addr": 0x4000, "fetch_error": 0} | values
    return COMMAND.pack(sqe=int.from_bytes(sqe, "little"), queue_index=queue_index, **fields)


def rng(seed: int) -> random.Random:
    """A generator of its own for a test."""
    return random.Random(f"queue {seed}")
