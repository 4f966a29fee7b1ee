"""Plain and vendor bodies of the modules of hdl/prim are equal (docs/decisions/0004-vendor-primitives.md)."""

import pytest
from bench.twins import prove


def test_count7():
    prove("count7")


def test_count13():
    prove("count13")


@pytest.mark.parametrize("index_width", [1, 2, 5])
def test_min_node(index_width):
    prove("min_node", {"IndexWidth": index_width})
