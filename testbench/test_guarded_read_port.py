"""Bench of hdl/dma/guarded_read_port.sv: everything that axi_read_port must do, and an answer that never comes."""

import cocotb
from bench.host import LINE
from bench.runner import run
from cocotb.triggers import ClockCycles, RisingEdge
from test_axi_read_port import begin


@cocotb.test()
async def a_silent_host_gives_errors_and_its_late_beats_meet_no_burst(dut):
    memory, host, clients = await begin(dut)
    dut.clear_i.value = 0
    dut.timeout_i.value = 100
    memory.store(0, bytes([1]) * LINE * 16)
    memory.store(0x4000, bytes([2]) * LINE * 4)
    host.r_channel.pause = True
    clients.waiting[0] += [(0, 16)]
    await ClockCycles(dut.clk_i, 400)
    assert [beat["error"] for beat in clients.beats[0]] == [1] * 16
    assert int(dut.hung_o.value) == 1 and int(dut.settled_o.value) == 1 and int(dut.idle_o.value) == 0
    clients.waiting[0] += [(0x4000, 4)]
    await ClockCycles(dut.clk_i, 50)
    assert [beat["error"] for beat in clients.beats[0]] == [1] * 20
    host.r_channel.pause = False
    while int(dut.hung_o.value):
        await RisingEdge(dut.clk_i)
    assert len(clients.beats[0]) == 20
    clients.waiting[0] += [(0x4000, 4)]
    await ClockCycles(dut.clk_i, 100)
    assert [beat["data"] & 0xFF for beat in clients.beats[0][20:]] == [2] * 4
    assert not any(beat["error"] for beat in clients.beats[0][20:])


def test_guarded_read_port():
    run("guarded_read_port", test_module="test_axi_read_port", parameters={"Clients": 5})
    run("guarded_read_port", parameters={"Clients": 5})
