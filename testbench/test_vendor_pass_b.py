"""The vendor bodies of what pass B is made of do as the plain ones (docs/decisions/0004-vendor-primitives.md).

Adders are proven equal. What has registers or a DSP block passes, with our models of the cells, the bench that its
plain body passes; reach_window's tries every input.
"""

import pytest
from bench.runner import run
from bench.twins import prove


@pytest.mark.parametrize(("width", "full", "invert", "carry"), [(6, 1, 0, 0), (8, 1, 0, 0), (10, 1, 0, 0), (14, 0, 1, 1), (14, 0, 1, 2)])
def test_add3(width, full, invert, carry):
    prove("add3", {"Width": width, "Full": f"{full}", "InvertB": f"{invert}", "CarryIn": carry})


def test_parity36():
    prove("parity36")


def test_reach_window():
    run("reach_window", vendor=True)


@pytest.mark.parametrize("dsp", (0, 1))
def test_pair_window(dsp):
    run("pair_window", parameters={"Dsp": dsp}, vendor=True)


def test_consistency():
    run("consistency", vendor=True)
