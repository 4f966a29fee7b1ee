"""Scores, cycles per comparison and simulation speed of match_array over real templates.

Compares templates of the public data (WHORL_DATA, source `leader`) with one another through a compiled driver, checks
every score against the model, and prints what a comparison cost. WHORL_THROUGHPUT_PROBES (default 12) is the number of
probes, at most all 320; without data the test skips.
"""

import os
import struct
import subprocess

import pytest
import whorl
from bench.runner import ROOT, data_folder, verilate
from test_match_array import check

GALLERY = 160  # references of a search: every score fits the candidate list


def encoded_templates(folder):
    files = sorted(folder.glob("fvc/leader/*/*/*.iso"))
    return [whorl.encode(path.read_bytes()) for path in files], [whorl.encode(path.read_bytes(), role="probe") for path in files]


def test_throughput():
    folder = data_folder()
    if folder is None:
        pytest.skip("WHORL_DATA names no folder")
    references, probes = encoded_templates(folder)
    assert len(references) == 320
    count = int(os.environ.get("WHORL_THROUGHPUT_PROBES", "12"))
    probes = probes[:: max(1, len(probes) // count)][:count]
    galleries = [references[at : at + GALLERY] for at in range(0, len(references), GALLERY)]

    binary = verilate("match_array", ROOT / "testbench" / "bench" / "throughput.cpp")
    work = binary.parent / "searches.bin"
    with work.open("wb") as file:
        file.write(struct.pack("<I", len(probes)) + b"".join(whorl.probe_image(probe) for probe in probes))
        file.write(struct.pack("<I", len(galleries)))
        for gallery in galleries:
            data = b"".join(gallery)
            file.write(struct.pack("<II", len(gallery), len(data) // 64) + data)
    ran = subprocess.run([binary, work], capture_output=True, check=True)

    at, total, headers = 0, 0, []
    for probe in probes:
        for gallery in galleries:
            (lines,) = struct.unpack_from("<I", ran.stdout, at)
            at += 4
            block = [int.from_bytes(ran.stdout[at + 64 * i : at + 64 * i + 64], "little") for i in range(lines)]
            at += 64 * lines
            scores = [(i, whorl.compare(probe, record)["score"]) for i, record in enumerate(gallery)]
            headers.append(check(block, 0, 0, scores, gallery, 0, 256))
            total += len(gallery)
    assert at == len(ran.stdout)

    per = {name: sum(header[name] for header in headers) / total for name in headers[0] if name == "cycles" or "stall" in name}
    bound = sum(max(len(r) // 64, len(whorl.unpack(r))) for r in references) / len(references)
    cycles, seconds = ran.stderr.split()
    print(f"\n{total} comparisons, all scores equal; {bound:.2f} minutiae or lines a reference")
    print("cycles a comparison: " + ", ".join(f"{name} {value:.3f}" for name, value in per.items()))
    print(f"simulation: {int(cycles)} cycles in {float(seconds):.2f} s, {int(cycles) / float(seconds):,.0f} cycles/s")
    assert per["cycles"] <= bound + 2
