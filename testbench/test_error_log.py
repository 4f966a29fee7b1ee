"""Bench of hdl/csr/error_log.sv."""

import cocotb
from bench.queue import ERROR, rng
from bench.runner import run
from bench.streams import start
from cocotb.triggers import ClockCycles, RisingEdge


@cocotb.test()
async def the_first_error_is_kept_and_the_latest_and_their_number(dut):
    dut.error_valid_i.value = dut.clear_i.value = 0
    for source in range(2):
        dut.error_i[source].value = 0
    await start(dut)
    random, held, latest, count = rng(1), None, 0, 0
    for _ in range(2000):
        valid = random.getrandbits(2) & random.getrandbits(2)
        clear = random.random() < 0.05
        errors = [ERROR.pack(code=random.randint(1, 9), queue_index=random.randrange(8), tag=random.getrandbits(16), host_addr=random.getrandbits(64)) for _ in range(2)]
        for source in range(2):
            dut.error_i[source].value = errors[source]
        dut.error_valid_i.value, dut.clear_i.value = valid, int(clear)
        await RisingEdge(dut.clk_i)
        dut.error_valid_i.value = dut.clear_i.value = 0
        if clear:
            held, latest, count = None, 0, 0
        elif valid:
            held = errors[0 if valid & 1 else 1] if held is None else held
            latest = errors[1 if valid & 2 else 0]
            count += valid.bit_count()
        await ClockCycles(dut.clk_i, 1)
        assert int(dut.fault_o.value) == (held is not None)
        assert int(dut.error_o.value) == (held or 0)
        assert (int(dut.latest_o.value), int(dut.count_o.value)) == (latest, count)


def test_error_log():
    run("error_log")
