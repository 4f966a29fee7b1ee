"""Bench of hdl/dma/crc32c.sv, against a bitwise model."""

import random

import cocotb
from bench.runner import run
from bench.streams import start
from cocotb.triggers import RisingEdge


def crc32c(data: bytes) -> int:
    """CRC-32C bit by bit (RFC 3720, B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


async def feed(dut, data: bytes, gap=lambda: False) -> int:
    """Clears, feeds the lines and gives the CRC two cycles after the last."""
    dut.clear_i.value = 1
    await RisingEdge(dut.clk_i)
    dut.clear_i.value = 0
    for i in range(0, len(data), 64):
        while gap():
            dut.line_i.value = random.getrandbits(512)
            await RisingEdge(dut.clk_i)
        dut.line_i.value = int.from_bytes(data[i : i + 64], "little")
        dut.line_valid_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.line_valid_i.value = 0
    for _ in range(3):
        await RisingEdge(dut.clk_i)
    return int(dut.crc_o.value)


async def begin(dut):
    dut.clear_i.value = dut.line_valid_i.value = dut.line_i.value = 0
    await start(dut)


@cocotb.test()
async def known_values(dut):
    await begin(dut)
    assert crc32c(b"123456789") == 0xE3069283  # the check value of the polynomial
    # RFC 3720, B.4: 32 bytes of zeros give aa36918a; two lots of 32 make a line.
    for data in (bytes(64), bytes(range(64)), b"\xff" * 64, bytes(63) + b"\x80"):
        assert await feed(dut, data) == crc32c(data)


@cocotb.test()
async def runs_with_gaps_and_without(dut):
    await begin(dut)
    rng = random.Random(2)
    for lines in (1, 2, 3, 17, 64):
        data = rng.randbytes(64 * lines)
        assert await feed(dut, data) == crc32c(data)
        assert await feed(dut, data, lambda: rng.random() < 0.5) == crc32c(data)


@cocotb.test()
async def every_bit_counts(dut):
    await begin(dut)
    for bit in range(512):
        data = (1 << bit).to_bytes(64, "little")
        assert await feed(dut, data) == crc32c(data), bit


def test_crc32c():
    run("crc32c")
