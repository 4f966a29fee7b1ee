"""Parity of the generated structs: bytes of the Rust structs and of the hardware's packed structs are the same."""

import random

import cocotb
import whorl
from bench.runner import run
from cocotb.triggers import Timer


async def through_hardware(dut, number, data, fields):
    """What the hardware reads from `data`, and what it writes for `fields`."""
    dut.record_i.value = number
    dut.line_i.value = int.from_bytes(data, "little")
    for slot in range(len(dut.field_i)):
        dut.field_i[slot].value = fields[slot] if slot < len(fields) else 0
    await Timer(1, unit="ns")
    read = [int(dut.field_o[slot].value) for slot in range(len(fields))]
    return read, int(dut.line_o.value).to_bytes(64, "little")[: len(data)]


@cocotb.test()
async def every_field_has_the_same_place(dut):
    """Each field alone at all ones: its bits and no other's are set on both sides."""
    for number, (name, _, widths) in enumerate(whorl.layout_records()):
        for slot, width in enumerate(widths):
            fields = [(1 << width) - 1 if i == slot else 0 for i in range(len(widths))]
            data = bytes(whorl.layout_pack(number, fields))
            read, written = await through_hardware(dut, number, data, fields)
            assert read == fields, f"{name} field {slot}"
            assert written == data, f"{name} field {slot}"


@cocotb.test()
async def random_records_pass_both_ways(dut):
    rng = random.Random(1)
    for number, (name, size, widths) in enumerate(whorl.layout_records()):
        for _ in range(50):
            fields = [rng.getrandbits(width) for width in widths]
            data = bytes(whorl.layout_pack(number, fields))
            read, written = await through_hardware(dut, number, data, fields)
            assert (read, written) == (fields, data), name
            noise = rng.randbytes(size)
            assert (await through_hardware(dut, number, noise, fields))[0] == whorl.layout_unpack(number, noise), name


def test_whorl_parity():
    run("whorl_parity")
