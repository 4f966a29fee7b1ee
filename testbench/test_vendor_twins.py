"""Plain and vendor bodies of the modules of hdl/prim are equal (docs/decisions/0004-vendor-primitives.md)."""

from bench.twins import prove


def test_count7():
    prove("count7")
