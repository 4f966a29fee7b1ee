"""Bench of hdl/queue/search_check.sv: the edges of every field."""

import cocotb
import pytest
from bench.layout import code, limit, pack
from bench.runner import run
from cocotb.triggers import Timer

GOOD = {
    "probe_mask": 1,
    "extents_address": 0x1000,
    "extent_count": 1,
    "top_k": 16,
    "result_stride": 64 * 35,
    "result_address": 0x2000,
}


async def verdict(dut, loaded=None, **override):
    probes = len(dut.probe_loaded_i)
    dut.sqe_i.value = int.from_bytes(pack("sqe_search", **(GOOD | override)), "little")
    dut.probe_loaded_i.value = (1 << probes) - 1 if loaded is None else loaded
    await Timer(1, "ns")
    return int(dut.status_o.value)


@cocotb.test()
async def every_field_has_its_range(dut):
    probes = len(dut.probe_loaded_i)
    good, bad = code("status", "SUCCESS"), code("status", "INVALID_FIELD")
    ranges = {
        "probe_mask": ([1, 1 << probes - 1, (1 << probes) - 1], [0, 1 << probes, 1 | 1 << probes, 1 << 31]),
        "extents_address": ([0, 64, (1 << 64) - 64], [1, 32, 63, 65]),
        "extent_count": ([1, 1000, (1 << 24) - 1], [0, 1 << 24, (1 << 32) - 1]),
        "threshold": ([0, 65535], []),
        "result_address": ([0, (1 << 64) - 64], [1, 32]),
        "result_stride": ([64 * 35, 64 * 36, (1 << 32) - 64], [0, 64 * 34, 64 * 35 + 32, 64 * 35 - 1]),
    }
    for name, (allowed, refused) in ranges.items():
        for value in allowed:
            assert await verdict(dut, **{name: value}) == good, (name, value)
        for value in refused:
            assert await verdict(dut, **{name: value}) == bad, (name, value)
    for top_k in (0, 257, *(1 << bit for bit in range(9, 16)), 0x5A3C, 0xA5C3, 0xFFFF):
        assert await verdict(dut, top_k=top_k, result_stride=1 << 20) == bad, top_k


@cocotb.test()
async def the_stride_holds_every_candidate(dut):
    for top_k in range(1, limit("TOP_K_MAX") + 1):
        lines = 33 + -(-top_k // 8)
        assert await verdict(dut, top_k=top_k, result_stride=64 * lines) == code("status", "SUCCESS")
        assert await verdict(dut, top_k=top_k, result_stride=64 * (lines - 1)) == code("status", "INVALID_FIELD")


@cocotb.test()
async def all_probes_of_the_mask_must_be_loaded(dut):
    probes = len(dut.probe_loaded_i)
    for mask in range(1, 1 << probes):
        for loaded in range(1 << probes):
            want = "SUCCESS" if mask & ~loaded == 0 else "PROBE_NOT_LOADED"
            assert await verdict(dut, loaded, probe_mask=mask) == code("status", want)
    # A wrong field goes first.
    assert await verdict(dut, 0, top_k=0) == code("status", "INVALID_FIELD")


@pytest.mark.parametrize("probes", [1, 4, 8])
def test_search_check(probes):
    run("search_check", parameters={"Probes": probes})
