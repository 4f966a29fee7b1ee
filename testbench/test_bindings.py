"""The `whorl` extension module that the benches take golden values from: exact, and strict about its input.

Synthetic fingers and their numbers come from the specification's slow model (host/matcher/tests/golden);
the published vectors of MATCHER 4 need real templates and are skipped without them.
"""

import json
import os
import pathlib
import zlib

import pytest
import whorl

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
GOLDEN = json.loads((REPOSITORY / "host/matcher/tests/golden/synthetic.json").read_text())
FINGERS = {finger["name"]: finger for finger in GOLDEN["fingers"]}
VECTORS = REPOSITORY / os.environ.get("WHORL_DATA", "../shared/data") / "../matcher/vectors"

# Name: minutiae, lines, crc32 of the packed record.
PUBLISHED_RECORDS = {
    "A": (25, 9, 0xBA0F7478),
    "B": (16, 6, 0x5C1CD396),
    "C": (45, 15, 0xA5AFB84C),
    "D": (40, 14, 0x5D2E33E0),
    "E": (36, 12, 0xD9D20FA5),
}
# Probe, reference: score, best, lane.
PUBLISHED_COMPARISONS = {
    "AB": (20947, 897, 1),
    "BA": (20947, 897, 2),
    "AC": (354, 23, 17),
    "DE": (13479, 967, 6),
    "AD": (323, 20, 0),
}
PUBLISHED_DISTANCES_B_TO_A = [8, 8, 15, 14, 6, 11, 9, 13, 13, 11, 25, 10, 27, 20, 31, 38]


def record(name: str) -> bytes:
    return bytes.fromhex(FINGERS[name]["record"])


def template(name: str) -> bytes:
    path = VECTORS / f"{name}.iso"
    if not path.is_file():
        pytest.skip(f"no vector at {path} (set WHORL_DATA)")
    return path.read_bytes()


@pytest.mark.parametrize("name", FINGERS)
def test_synthetic_minutiae_encode_to_the_models_record(name):
    finger = FINGERS[name]
    minutiae = [tuple(minutia) for minutia in finger["minutiae"]]
    encoded = whorl.encode_minutiae(minutiae, impression_type=1 if finger["rolled"] else 0)
    assert encoded == record(name)
    assert whorl.pack(whorl.unpack(encoded)) == encoded
    assert len(whorl.unpack(encoded)) == min(len(minutiae), 96 if finger["rolled"] else 48)


@pytest.mark.parametrize("expected", GOLDEN["comparisons"], ids=lambda c: f"{c['probe']}-{c['reference']}")
def test_synthetic_comparisons_are_the_models(expected):
    probe, reference = record(expected["probe"]), record(expected["reference"])
    comparison = {key: expected[key] for key in ("score", "best", "reference_lane")}
    assert whorl.compare(probe, reference) == comparison
    taps = whorl.taps(probe, reference)
    assert {key: taps[key] for key in comparison} == comparison
    assert taps["distances"] == expected["distances"]
    assert taps["slots"] == [slot and tuple(slot) for slot in expected["slots"]]
    assert taps["weights"] == [min(63, ((59 - h) * 11) >> 3) for h in expected["distances"]]
    assert max(taps["sums"], default=0) == expected["best"]
    accepted = {winner[0]: i for i, winner in enumerate(taps["winners"]) if winner and winner[2]}
    assert accepted == {lane: slot[3] for lane, slot in enumerate(taps["slots"]) if slot}


@pytest.mark.parametrize("name", PUBLISHED_RECORDS)
def test_published_records(name):
    minutiae, lines, crc32 = PUBLISHED_RECORDS[name]
    packed = whorl.encode(template(name))
    assert (len(whorl.unpack(packed)), len(packed) // 64, zlib.crc32(packed)) == (minutiae, lines, crc32)
    assert whorl.encode(template(name), view=0, role="probe") == packed


@pytest.mark.parametrize("pair", PUBLISHED_COMPARISONS)
def test_published_comparisons(pair):
    probe, reference = (whorl.encode(template(name)) for name in pair)
    score, best, lane = PUBLISHED_COMPARISONS[pair]
    assert whorl.compare(probe, reference) == {"score": score, "best": best, "reference_lane": lane}


def test_published_distances():
    taps = whorl.taps(whorl.encode(template("B")), whorl.encode(template("A")))
    assert taps["distances"] == PUBLISHED_DISTANCES_B_TO_A


def test_the_gate_is_passed_on():
    probe, reference = record("base"), record("base_upside_down")
    narrow, wide = whorl.compare(probe, reference), whorl.compare(probe, reference, gate=127)
    assert narrow["best"] < wide["best"]
    assert whorl.taps(probe, reference, gate=127)["best"] == wide["best"]


def test_resolution_scales_and_role_caps():
    doubled = [(2 * x, 2 * y, t, q, k) for x, y, t, q, k in FINGERS["base"]["minutiae"]]
    assert whorl.encode_minutiae(doubled, resolution=394) == record("base")
    rolled = [tuple(minutia) for minutia in FINGERS["dense_rolled"]["minutiae"]]
    assert whorl.encode_minutiae(rolled, role="probe", impression_type=1) == record("dense")


def test_the_probe_image_holds_the_record_and_the_rotations():
    packed = record("base")
    image = whorl.probe_image(packed)
    assert len(image) == 13312
    assert image[: len(packed)] == packed and not any(image[len(packed) : 1024])
    quarter_turn = image[1024 + 16 * 192 :][:192]
    for lane, (x, y, *_) in enumerate(whorl.unpack(packed)):
        word = int.from_bytes(quarter_turn[4 * lane : 4 * lane + 4], "little")
        assert word == (-y & 0x1FFF) | (x & 0x1FFF) << 16


def test_crc32c_of_the_usual_check_string():
    assert whorl.crc32c(b"123456789") == 0xE3069283
    assert whorl.crc32c(b"") == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: whorl.encode(b"FMR"), "format identifier at offset 0 needs 4 bytes"),
        (lambda: whorl.encode(b"FMR\0" + b"030\0"), "unsupported revision"),
        (lambda: whorl.encode_minutiae([], role="gallery"), "role is"),
        (lambda: whorl.encode_minutiae([(1, 2, 3, 4, 3)]), "kind is 3"),
        (lambda: whorl.encode_minutiae([(1, 2, 3, 4, 0)] * 256), "256 minutiae exceed the limit of 255"),
        (lambda: whorl.unpack(record("base")[:-1]), "needs a line at offset 704"),
        (lambda: whorl.unpack(record("base") + record("one")), "64 bytes follow the record"),
        (lambda: whorl.pack([(2048, 0, 0, bytes(16), 0, 0)]), "x of minutia 0 is 2048"),
        (lambda: whorl.probe_image(record("dense_rolled")), "96 minutiae exceed the limit of 48"),
        (lambda: whorl.compare(record("base"), bytes(64)), "count of 0"),
        (lambda: whorl.compare(record("base"), record("one"), gate=128), "gate is 128"),
        (lambda: whorl.taps(record("dense_rolled"), record("one")), "96 minutiae exceed the limit of 48"),
    ],
)
def test_bad_input_is_a_value_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_view_that_is_not_there_is_a_value_error():
    with pytest.raises(ValueError, match="view 1 of a template with 1 views"):
        whorl.encode(template("A"), view=1)
