"""Bench of hdl/match/known_answers.sv: which scores are taken out, and what they are signed to."""

import cocotb
from bench.queue import rng
from bench.runner import run
from bench.streams import start
from cocotb.triggers import FallingEdge, RisingEdge

RECORDS_MAX = 16  # between a record's last beat and its score


def signed(signature: int, score: int) -> int:
    """The signature with one more score."""
    return (signature << 5 & 0xFFFFFFFF | signature >> 27) ^ score


@cocotb.test()
async def known_scores_are_taken_in_the_order_of_their_records(dut):
    for name in ("record_taken_i", "known_answer_i", "score_valid_i", "score_ready_i", "score_i"):
        getattr(dut, name).value = 0
    await start(dut)
    random = rng(4)
    underway, counted, signature, passed, full = [], 0, 0, 0, 0
    score, age = None, 0
    for cycle in range(6000):
        # Every other thousand cycles the scores come slowly, and as many records as may wait do.
        pace = 0.6 if cycle // 1000 % 2 else 0.1
        full += len(underway) == RECORDS_MAX
        taken = len(underway) < RECORDS_MAX and random.random() < 0.4
        known = random.random() < 0.3
        if score is None and underway and underway[0][1] <= 0 and random.random() < pace:
            score = random.getrandbits(16)
        ready = random.random() < 0.5
        dut.record_taken_i.value, dut.known_answer_i.value = int(taken), int(known)
        dut.score_valid_i.value, dut.score_i.value = int(score is not None), score or 0
        dut.score_ready_i.value = int(ready)
        await FallingEdge(dut.clk_i)
        assert (int(dut.count_o.value), int(dut.signature_o.value)) == (counted, signature)
        if score is not None:
            assert int(dut.is_known_o.value) == underway[0][0]
            if underway[0][0]:
                counted, signature = counted + 1, signed(signature, score)
            if underway[0][0] or ready:
                passed += not underway.pop(0)[0]
                score = None
        else:
            assert int(dut.is_known_o.value) == 0
        underway = [(k, a - 1) for k, a in underway]
        if taken:
            underway.append((known, random.randint(1, 6)))
        await RisingEdge(dut.clk_i)
    assert counted > 200 and passed > 200 and full > 200


@cocotb.test()
async def the_count_stays_at_all_ones(dut):
    dut.score_valid_i.value = dut.score_ready_i.value = dut.score_i.value = 0
    await start(dut)
    dut.record_taken_i.value = dut.known_answer_i.value = 1
    await RisingEdge(dut.clk_i)
    await RisingEdge(dut.clk_i)
    dut.score_valid_i.value = 1
    for _ in range(65_600):
        await RisingEdge(dut.clk_i)
    assert int(dut.count_o.value) == 0xFFFF
    dut.rst_i.value = 1
    await RisingEdge(dut.clk_i)
    await FallingEdge(dut.clk_i)
    assert (int(dut.count_o.value), int(dut.signature_o.value)) == (0, 0)


def test_known_answers():
    run("known_answers")
