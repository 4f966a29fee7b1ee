"""Bench of hdl/dma/guarded_write_port.sv: everything that axi_write_port must do, and an answer that never comes."""

import cocotb
from bench.runner import run
from cocotb.triggers import ClockCycles, RisingEdge
from test_axi_write_port import answers, begin

FULL = (1 << 64) - 1


@cocotb.test()
@cocotb.parametrize(channel=["aw_channel", "w_channel", "b_channel"])
async def a_silent_host_gives_errors_until_it_has_caught_up(dut, channel):
    memory, host, clients = await begin(dut)
    dut.clear_i.value = 0
    dut.timeout_i.value = 100
    getattr(host, channel).pause = True
    clients.waiting[0] += [(n << 12, [(n + 1, FULL)] * 16) for n in range(3)]
    await ClockCycles(dut.clk_i, 1500)
    assert clients.answers[0] == [1] * 3
    assert int(dut.hung_o.value) == 1 and int(dut.settled_o.value) == 1 and int(dut.idle_o.value) == 0
    assert memory.load(1 << 12, 64) == bytes(64) or channel == "b_channel"
    getattr(host, channel).pause = False
    while int(dut.hung_o.value):
        await RisingEdge(dut.clk_i)
    assert len(clients.answers[0]) == 3
    clients.waiting[0] += [(5 << 12, [(99, FULL)] * 2)]
    await answers(dut, clients, 4)
    assert clients.answers[0] == [1, 1, 1, 0] and memory.load(5 << 12, 64)[0] == 99


def test_guarded_write_port():
    run("guarded_write_port", test_module="test_axi_write_port", parameters={"Clients": 2})
    run("guarded_write_port", parameters={"Clients": 2})
