"""Bench of hdl/match/result_reader.sv: block lines out of a modelled collector."""

import random

import cocotb
from bench.fields import Fields
from bench.records import REQUEST, RESULT_LINE
from bench.runner import run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge
from test_collector import COLLECTED
from test_match_array import HEADER, parse
from test_stream_counters import COUNTERS

ADDRESS = Fields(("stream", 8), ("probe", 8), ("index", 9))
LATENCY = 3  # COLLECTED_LATENCY of match_pkg


class Collectors:
    """What collectors would show: per (stream, probe) totals, bins, entries; answers LATENCY cycles late."""

    def __init__(self, dut, blocks):
        self.dut, self.blocks = dut, blocks
        cocotb.start_soon(self._run())

    async def _run(self):
        underway = [0] * (LATENCY - 1)
        while True:
            await RisingEdge(self.dut.clk_i)
            underway.append(int(self.dut.collected_address_o.value))
            address = ADDRESS.unpack(underway.pop(0))
            block = self.blocks.get((address["stream"], address["probe"]))
            if block is None:
                continue
            # Entries that do not exist show what the memory happens to hold.
            score, index = dict(enumerate(block["entries"])).get(address["index"] & 255, (0xDEAD, 0xDEADBEEF))
            totals = {name: block[name] for name in ("comparisons", "passed", "known_answers", "signature")}
            self.dut.collected_i.value = COLLECTED.pack(
                **totals, candidates=len(block["entries"]), bin=block["bins"][address["index"]], score=score, index=index
            )
            self.dut.counters_i.value = COUNTERS.pack(**block["counters"])


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def blocks_hold_what_the_collectors_show(dut, stall):
    rng = random.Random(f"results {stall}")
    blocks = {}
    for place, candidates in enumerate((0, 1, 7, 8, 9, 255, 256)):
        # The reader knows no limit of streams and probes: a number is handed on as it came.
        blocks[rng.randrange(256), place << 5 | rng.randrange(32)] = {
            "comparisons": rng.getrandbits(32),
            "passed": rng.getrandbits(32),
            "known_answers": rng.getrandbits(16),
            "signature": rng.getrandbits(32),
            "bins": [rng.getrandbits(32) for _ in range(512)],
            "entries": [(rng.getrandbits(16), rng.getrandbits(32)) for _ in range(candidates)],
            "counters": {name: rng.getrandbits(width) for name, width in COUNTERS.fields},
        }
    dut.collected_i.value = 0
    dut.counters_i.value = 0
    requests, sink = Source(dut, "result_request", stall), Sink(dut, "result_line", stall)
    await start(dut)
    Collectors(dut, blocks)
    for (stream, probe), block in blocks.items():
        requests.send(REQUEST.pack(stream=stream, probe=probe))
    wanted = sum(33 + -(-len(block["entries"]) // 8) for block in blocks.values())
    lines = [RESULT_LINE.unpack(word) for word in await sink.receive(wanted)]
    await ClockCycles(dut.clk_i, 40)
    assert len(sink.words) == wanted
    for (stream, probe), block in blocks.items():
        ends = next(i for i, line in enumerate(lines) if line["last"]) + 1
        header, bins, candidates = parse([line["data"] for line in lines[:ends]])
        lines = lines[ends:]
        assert header == {
            **block["counters"],
            **{"known_answers": block["known_answers"], "known_answer_signature": block["signature"]},
            **{"stream": stream, "probe_slot": probe},
            **{"comparisons": block["comparisons"], "passed": block["passed"], "candidates": len(block["entries"])},
        }
        assert bins == block["bins"]
        assert candidates == [(index, score) for score, index in block["entries"]]
    assert HEADER.width == 512 and not lines


@cocotb.test()
async def a_block_comes_within_its_time(dut):
    dut.collected_i.value = COLLECTED.pack(comparisons=9, passed=9, candidates=256, known_answers=0, signature=0, bin=1, score=1, index=1)
    dut.counters_i.value = 0
    requests, sink = Source(dut, "result_request", Stall.NONE), Sink(dut, "result_line", Stall.NONE)
    await start(dut)
    requests.send(0)
    cycles = 0
    while len(sink.words) < 65:
        await RisingEdge(dut.clk_i)
        cycles += 1
    assert cycles <= 32 * 21 + 32 * 13 + 10


def test_result_reader():
    run("result_reader")
