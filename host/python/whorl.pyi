"""Bit-exact Whorl records, comparisons and their intermediate values.

Packed records are those of MATCHER 2.4: 64 bytes for every three minutiae. Scores are 16 bits,
higher is more similar. Every refusal of outside values is a ValueError.
"""

from collections.abc import Sequence
from typing import Literal, TypedDict

Role = Literal["probe", "reference"]

Minutia = tuple[int, int, int, int, int]
"""x and y in pixels (origin top left), angle in 1/256 turn, quality 0..255, kind 0..2."""

RecordMinutia = tuple[int, int, int, bytes, int, int]
"""x and y in pixels from the centroid (y up), angle in 1/256 turn, descriptor (16 bytes), quality 0..100, kind 0..2."""

class Comparison(TypedDict):
    score: int
    """score16, 0..65535."""
    best: int
    """Largest support, 0..3024."""
    reference_lane: int | None
    """First lane that reached `best`; None if no lane found a partner."""

class Taps(Comparison):
    distances: list[int]
    """H by lane; 59 if the lane took no reference minutia."""
    slots: list[tuple[int, int, int, int] | None]
    """gx, gy, d and index of the reference minutia that each lane took."""
    weights: list[int]
    """s by lane, 0..63."""
    sums: list[int]
    """Support by lane, 0..3024."""
    winners: list[tuple[int, int, bool] | None]
    """By reference minutia: winning lane, its distance, and whether the lane took the minutia."""

def encode(iso_bytes: bytes, view: int = 0, role: Role = "reference") -> bytes:
    """Packed record of one view of an ISO/IEC 19794-2:2005 file."""

def encode_minutiae(
    minutiae: Sequence[Minutia], resolution: int = 197, role: Role = "reference", impression_type: int = 0
) -> bytes:
    """Packed record of at most 255 minutiae; resolution in pixels per centimetre."""

def pack(minutiae: Sequence[RecordMinutia]) -> bytes:
    """Packed record of at most 96 record minutiae given as they are: the inverse of `unpack`."""

def unpack(record_bytes: bytes) -> list[RecordMinutia]:
    """Minutiae of exactly one packed record."""

def probe_image(record_bytes: bytes) -> bytes:
    """The 13,312 bytes that the card loads for a record of at most 48 minutiae."""

def compare(probe_record_bytes: bytes, reference_record_bytes: bytes, gate: int = 43) -> Comparison:
    """Compares a probe of at most 48 minutiae with a reference; gate in 1/256 turn, 0..127."""

def taps(probe_record_bytes: bytes, reference_record_bytes: bytes, gate: int = 43) -> Taps:
    """As `compare`, with every intermediate value, by the plain comparison."""

def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) as the card checks it."""

def layout_records() -> list[tuple[str, int, list[int]]]:
    """Name, bytes and field widths of every record of the specification, in the order of docs/wire-formats.md."""

def layout_pack(number: int, fields: Sequence[int]) -> list[int]:
    """Bytes of record `number` with these fields, as the Rust struct has them."""

def layout_unpack(number: int, bytes: bytes) -> list[int]:
    """Fields of the bytes of record `number`, as the Rust struct reads them."""
