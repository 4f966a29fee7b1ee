"""Bench of hdl/top/whorl_core.sv: the whole card between an AXI host and a driver model.

Scores are compared with the Rust matcher through its Python binding.
"""

import os
import random

import cocotb
import pytest
import whorl
from bench.card import LINE, Card
from bench.gallery import Gallery, check, load, random_record
from bench.layout import code, limit, pack, spec
from bench.runner import run
from bench.streams import Stall
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from test_known_answers import signed
from test_core_counters import TOTALS


async def start(dut, **options) -> Card:
    """Clock, reset, a card that is ready."""
    dut.rst_i.value = 1
    cocotb.start_soon(Clock(dut.clk_i, 4, unit="ns").start(start_high=False))
    card = Card(dut, **options)
    await ClockCycles(dut.clk_i, 4)
    dut.rst_i.value = 0
    await card.wait_status("ready")
    return card


async def start_with_queue(dut, index=1, **options):
    """A card with its admin pair and one I/O pair."""
    card = await start(dut, **options)
    await card.enable()
    return card, await card.create(index)


# ---- the way it should go


@cocotb.test()
async def identity_registers(dut):
    card = await start(dut)
    assert await card.read("id_magic") == limit("DEVICE_MAGIC")
    assert await card.read("id_spec_hash") == spec().hash
    word = await card.read("capability0")
    assert word & 0xFF == card.streams and word >> 8 & 0xFF == card.probes and word >> 24 == limit("LANES")
    # A hole in the map, and an address beyond it.
    for address in (0x0F00, 0x2000, 0x8040, 0xFFFC):
        await card.axil.write_dword(address, 0xFFFFFFFF)
        assert int(await card.axil.read_dword(address)) == 0
    assert await card.status("dma_idle") == 1


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.RANDOM, Stall.WORST])
async def search_gives_the_matchers_scores(dut, stall):
    card, queue = await start_with_queue(dut)
    card.host.stall(stall)
    gallery = Gallery(3, card.probes, records=24, extents=5)
    await load(card, queue, gallery)
    mask = (1 << card.probes) - 1
    extents = gallery.place(card)
    cqe = await card.command(queue, card.search_entry(extents, mask, threshold=100, top_k=6))
    check(card, gallery, mask, 100, 6)
    assert cqe["cycles"] > 0 and cqe["detail"] == 0
    # Again with every reference a candidate, another gate, and one probe only.
    await load(card, queue, gallery, gate=127)
    await card.command(queue, card.search_entry(extents, 1 << card.probes - 1, threshold=0, top_k=256))
    check(card, gallery, 1 << card.probes - 1, 0, 256, gate=127)
    records = len(gallery.records)
    assert await card.read64("records") == 2 * records
    assert await card.read64("comparisons") == (card.probes + 1) * records
    assert await card.read64("candidates") >= records  # all of the second search
    assert await card.read64("read_wait") > 0
    totals = [{name: await card.read64(f"stream_{name}", s) for name, _ in TOTALS.fields} for s in range(card.streams)]
    assert sum(total["records"] for total in totals) == 2 * records
    assert sum(total["minutiae"] for total in totals) == await card.read64("minutiae")
    for total in totals:
        assert total["active"] >= total["minutiae"] + total["starved"] + total["stall_engine"] + total["stall_collect"]
    assert await card.read("commands") == card.admin.tags + queue.tags


def invalid(tag_bits: int = 0) -> bytes:
    """An entry that ends at once, with INVALID_OPCODE."""
    return pack("sqe", opcode=0x7F, words=tag_bits)


@cocotb.test()
@cocotb.parametrize(entries_log2=[1, 3])
async def rings_wrap_for_several_laps(dut, entries_log2):
    card = await start(dut)
    await card.enable(entries_log2=1)
    queue = await card.create(1, entries_log2)
    card.host.stall(Stall.RANDOM)
    phases = []
    for _ in range(11):
        # As many entries as the ring holds: one slot stays empty.
        tags = [card.fill(queue, invalid()) for _ in range(queue.entries - 1)]
        await card.ring(queue)
        for tag in tags:
            cqe = await card.completion(queue)
            assert (cqe["tag"], cqe["status"]) == (tag, "INVALID_OPCODE")
            phases.append(cqe["phase"])
        assert cqe["sq_head"] == queue.tail
        await card.delete(2, "INVALID_QUEUE")  # the admin ring of two entries wraps too
    want = [1 - i // queue.entries % 2 for i in range(len(phases))]
    assert phases == want and 0 in phases
    assert await card.read("queue_pair_sq_head", 1) == queue.tail
    assert await card.read("queue_pair_cq_tail", 1) == queue.head


@cocotb.test()
async def a_full_completion_queue_is_waited_for(dut):
    card, queue = await start_with_queue(dut)
    other = await card.create(2)
    room = queue.entries - 1
    tags = [card.fill(queue, invalid()) for _ in range(room)]
    await card.ring(queue)
    await ClockCycles(dut.clk_i, 1500)
    tags += [card.fill(queue, invalid()) for _ in range(room)]
    await card.ring(queue)
    await ClockCycles(dut.clk_i, 1500)
    assert await card.read("queue_pair_cq_tail", 1) == room
    assert await card.read("queue_pair_sq_head", 1) == room
    # The other pair is not held up.
    await card.command(other, invalid(), "INVALID_OPCODE")
    for i in range(room):
        cqe = await card.completion(queue, ring=False)
        assert cqe["tag"] == tags[i]
    await ClockCycles(dut.clk_i, 500)
    assert card.poll(queue) is None
    await card.write("queue_pair_cq_head", queue.head, 1)
    for i in range(room, 2 * room):
        assert (await card.completion(queue))["tag"] == tags[i]


@cocotb.test()
async def two_queues_take_turns(dut):
    card = await start(dut)
    cocotb.start_soon(card.watch_interrupts())
    await card.enable()
    queues = [await card.create(i, 4) for i in (1, 3)]
    gallery = Gallery(5, 1, records=6, extents=2)
    await load(card, queues[0], gallery)
    entry = card.search_entry(gallery.place(card), threshold=50)
    for queue in queues:
        for _ in range(6):
            card.fill(queue, invalid())
        card.fill(queue, entry)
    before = len(queues[0].completions)
    for queue in queues:
        await card.ring(queue)
    order = []
    while len(order) < 14:
        for queue in queues:
            while (cqe := card.poll(queue)) is not None:
                order.append((queue.index, cqe["tag"]))
                assert cqe["status"] == ("SUCCESS" if len(queue.completions) - (before if queue.index == 1 else 0) == 7 else "INVALID_OPCODE")
        await RisingEdge(dut.clk_i)
    check(card, gallery, 1, 50, 16)
    indices = [index for index, _ in order]
    # From where both wait, neither goes twice in a row.
    assert all(a != b for a, b in zip(indices[2:12], indices[3:12]))
    for queue in queues:
        tags = [tag for index, tag in order if index == queue.index]
        assert tags == sorted(tags)
    await ClockCycles(dut.clk_i, 50)
    assert card.interrupts[1] == len(queues[0].completions) and card.interrupts[3] == len(queues[1].completions)
    assert card.interrupts[0] == 2 and card.interrupts[2] == 0


@cocotb.test()
async def interrupts_wait_and_completions_do_not(dut):
    card, queue = await start_with_queue(dut)
    await ClockCycles(dut.clk_i, 20)
    cocotb.start_soon(card.watch_interrupts())
    dut.msix_ready_i.value = 0
    for _ in range(3):
        await card.command(queue, invalid(), "INVALID_OPCODE")
    await card.delete(3, "INVALID_QUEUE")
    assert int(dut.msix_valid_o.value) == 1 and sum(card.interrupts) == 0
    dut.msix_ready_i.value = 1
    await ClockCycles(dut.clk_i, 20)
    # The request that was offered, and one for the two that met behind it.
    assert card.interrupts[1] == 2 and card.interrupts[0] == 1


@cocotb.test()
async def latency_of_a_microsecond_does_not_starve_the_streams(dut):
    """1 us of latency and a link of 50 bytes a cycle: an extent of three-line records keeps every stream busy."""
    card, queue = await start_with_queue(dut, latency_ns=1000)

    def link():
        credit = 0
        while True:
            credit += 50
            yield credit < 64
            credit -= 64 if credit >= 64 else 0

    card.host.read_if.r_channel.set_pause_generator(link())
    gallery = Gallery(9, card.probes, records=1, extents=1)
    gallery.records = [random_record(random.Random(i), 36) for i in range(60 * card.streams)]
    half = len(gallery.records) // card.streams
    gallery.bounds = [(i * half, (i + 1) * half) for i in range(card.streams)]
    await load(card, queue, gallery)
    mask = (1 << card.probes) - 1
    await card.command(queue, card.search_entry(gallery.place(card), mask, threshold=0, top_k=256))
    check(card, gallery, mask, 0, 256)
    for s in range(card.streams):
        block = card.result_block(s, 0)
        busy = block["cycles"] - block["stall_starved"]
        dut._log.info("stream %d: %d cycles, starved %d, engine %d, collect %d, minutiae %d, lines %d", s, block["cycles"],
            block["stall_starved"], block["stall_engine"], block["stall_collect"], block["minutiae"], block["lines"])  # fmt: skip
        # What it starves: descriptor and first line, one latency each, and the link's own pauses.
        assert block["stall_starved"] < 2 * 250 + 150
        assert block["lines"] == half * 12 and busy >= block["minutiae"]
    dut._log.info("reads in flight at most: %d", card.host.read_if.in_flight_max)
    assert card.host.read_if.in_flight_max <= 32


# ---- what ends with a status


async def works(card, queue, gallery, extents, mask) -> None:
    """The next command works: a whole search with the right results."""
    await card.command(queue, card.search_entry(extents, mask, threshold=20, top_k=8))
    check(card, gallery, mask, 20, 8)


async def start_with_gallery(dut, records=16, extents=4, **options):
    """A card with loaded probes and a gallery in host memory."""
    card, queue = await start_with_queue(dut, **options)
    gallery = Gallery(7, card.probes, records, extents)
    await load(card, queue, gallery)
    return card, queue, gallery, gallery.place(card), (1 << card.probes) - 1


@cocotb.test()
async def opcodes_of_the_other_queue_are_refused(dut):
    card, queue = await start_with_queue(dut)
    for name in ("CREATE_QUEUE_PAIR", "DELETE_QUEUE_PAIR", "ABORT"):
        await card.command(queue, pack("sqe", opcode=code("opcode", name)), "INVALID_OPCODE")
    for value in (code("opcode", "LOAD_PROBE"), code("opcode", "SEARCH"), 0, 0x7F, 0x84, 0xFF):
        await card.command(card.admin, pack("sqe", opcode=value), "INVALID_OPCODE")
    await card.command(queue, pack("sqe", opcode=0), "INVALID_OPCODE")
    log = await card.error_log()
    assert log == {"code": "INVALID_OPCODE", "queue_index": 1, "tag": 0, "address": 0}


@cocotb.test()
async def queue_commands_check_their_fields(dut):
    card, queue = await start_with_queue(dut)
    pairs = int(dut.QueuePairs.value)
    for index in (0, 1, pairs, 255):
        await card.create(index, status="INVALID_QUEUE")
    for override in ({"entries_log2": 0}, {"entries_log2": 11}, {"sq_address": 0x1020}, {"cq_address": 0x1010}, {"flags": 1}):
        await card.create(2, status="INVALID_FIELD", **override)
    for index in (0, 2, pairs, 255):
        await card.delete(index, "INVALID_QUEUE")
    await card.create(2)
    await card.delete(2)
    await card.delete(2, "INVALID_QUEUE")
    # A pair that is made again starts over, whatever its doorbells were before.
    await card.command(queue, invalid(), "INVALID_OPCODE")
    await card.delete(1)
    again = await card.create(1)
    cqe = await card.command(again, invalid(), "INVALID_OPCODE")
    assert cqe["phase"] == 1 and cqe["sq_head"] == 1


@cocotb.test()
async def search_checks_its_fields(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    stride = 64 * (1 + 32 + 2)
    for override in (
        {"flags": 1},
        {"probe_mask": 0},
        {"probe_mask": 1 << card.probes},
        {"probe_mask": 1 | 1 << 31},
        {"extents_address": 0x1008},
        {"extent_count": 0},
        {"extent_count": 1 << 24},
        {"top_k": 0},
        {"top_k": 257},
        {"result_stride": stride - 64},
        {"result_stride": stride + 32},
        {"result_address": 0x1020},
    ):
        # 257 candidates would need a longer stride as well: give it, so that top_k alone is wrong.
        entry = card.search_entry(extents, **({"result_stride": 8192} | override))
        cqe = await card.command(queue, entry, "INVALID_FIELD")
        assert cqe["detail"] == 0
    for override in ({"lines": 0}, {"lines": 1 << 24}, {"reserved_flags": 1}, {"address": extents[1]["address"] + 8}):
        bad = [extents[0], extents[1] | override, *extents[2:]]
        await card.command(queue, card.search_entry(bad, mask), "INVALID_FIELD")
    await works(card, queue, gallery, extents, mask)
    # The shortest stride that does.
    await card.command(queue, card.search_entry(extents, mask, top_k=16, result_stride=stride))


@cocotb.test()
async def probes_must_be_loaded(dut):
    card, queue = await start_with_queue(dut)
    gallery = Gallery(7, card.probes, 4, 1)
    extents = gallery.place(card)
    await card.command(queue, card.search_entry(extents), "PROBE_NOT_LOADED")
    image = whorl.probe_image(gallery.probes[0])
    for override in ({"probe_slot": card.probes}, {"probe_slot": 255}, {"flags": 4}, {"image_address": 0x1010}, {"gate": 128}):
        await card.command(queue, card.load_probe_entry(0, image, **override), "INVALID_FIELD")
    await card.command(queue, card.load_probe_entry(0, image, crc32c=0x12345678), "CRC_MISMATCH")
    await card.command(queue, card.search_entry(extents), "PROBE_NOT_LOADED")
    await load(card, queue, gallery)
    await works(card, queue, gallery, extents, 1)
    # A field error leaves the slot alone, damage takes it out.
    await card.command(queue, card.load_probe_entry(0, image, image_address=0x1010), "INVALID_FIELD")
    await works(card, queue, gallery, extents, 1)
    damaged = bytearray(image)
    damaged[-70] ^= 4
    await card.command(queue, card.load_probe_entry(0, image, address=card.place(bytes(damaged))), "CRC_MISMATCH")
    await card.command(queue, card.search_entry(extents), "PROBE_NOT_LOADED")
    # Read errors at the first line, in the middle and at the last.
    for line in (0, 100, limit("PROBE_IMAGE_LINES") - 1):
        await load(card, queue, gallery)
        address = card.place(image)
        card.memory.read_faults = {address + line * LINE}
        await card.write("control", 5)
        await card.command(queue, card.load_probe_entry(0, image, address=address), "DMA_READ_ERROR")
        log = await card.error_log()
        assert (log["code"], log["address"]) == ("DMA_READ_ERROR", address + line * LINE)
        await card.command(queue, card.search_entry(extents), "PROBE_NOT_LOADED")
    await load(card, queue, gallery)
    await works(card, queue, gallery, extents, 1)


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.WORST])
async def read_errors_end_the_search_only(dut, stall):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=24, extents=6)
    card.host.stall(stall)
    for index in (0, 3, 5):
        for line in (0, extents[index]["lines"] // 2, extents[index]["lines"] - 1):
            entry = card.search_entry(extents, mask)
            address = extents[index]["address"] + line * LINE
            card.memory.read_faults = {address}
            await card.write("control", 5)
            cqe = await card.command(queue, entry, "DMA_READ_ERROR")
            assert cqe["detail"] == index
            log = await card.error_log()
            assert log == {"code": "DMA_READ_ERROR", "queue_index": 1, "tag": cqe["tag"], "address": address}
            card.memory.read_faults = set()
    assert await card.read("read_errors") >= 9
    await works(card, queue, gallery, extents, mask)
    # Descriptors.
    for index in (0, 5):
        entry = card.search_entry(extents, mask)
        card.memory.read_faults = {int.from_bytes(entry[8:16], "little") + index * LINE}
        assert (await card.command(queue, entry, "DMA_READ_ERROR"))["detail"] == index
        card.memory.read_faults = set()
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def an_errored_search_deals_nothing_further(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=60, extents=20)
    card.memory.read_faults = {extents[0]["address"]}
    before = await card.read64("read_beats")
    await card.command(queue, card.search_entry(extents, mask), "DMA_READ_ERROR")
    beats = await card.read64("read_beats") - before
    # Entry, descriptors ahead, and what was under way when the error came in; not the rest of the list.
    assert beats < sum(e["lines"] for e in extents) // 2 + 40
    card.memory.read_faults = set()
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def write_errors_end_the_search_only(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    blocks = card.streams * card.probes
    for line in (0, 17, 32):
        for block in {0, blocks - 1}:
            entry = card.search_entry(extents, mask)
            address = card.results + block * card.stride
            card.memory.write_faults = {address + line * LINE}
            await card.write("control", 5)
            await card.command(queue, entry, "DMA_WRITE_ERROR")
            log = await card.error_log()
            assert (log["code"], log["queue_index"]) == ("DMA_WRITE_ERROR", 1)
            card.memory.write_faults = set()
    assert await card.read("write_errors") >= 3
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def an_entry_that_cannot_be_read_is_answered(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    for pair in (queue, card.admin):
        address = pair.sq + 64 * pair.tail
        slot = pair.tail
        card.memory.read_faults = {address}
        await card.write("control", 5)
        await card.submit(pair, invalid())
        cqe = await card.completion(pair)
        assert (cqe["status"], cqe["tag"], cqe["detail"]) == ("DMA_READ_ERROR", 0xFFFF, slot)
        assert (await card.error_log())["address"] == address
        card.memory.read_faults = set()
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def a_completion_that_cannot_be_written_is_tried_again(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    line = queue.cq + 16 * queue.head & ~63
    card.memory.write_faults_once = {line}
    await works(card, queue, gallery, extents, mask)
    assert await card.read("write_errors") == 1 and await card.status("fault") == 0
    # For good: the pair is halted, the card goes on.
    other = await card.create(2)
    card.memory.write_faults = set(range(queue.cq & ~63, queue.cq + 16 * queue.entries, 64))
    tag = await card.submit(queue, card.load_probe_entry(0, whorl.probe_image(gallery.probes[0])))
    await ClockCycles(dut.clk_i, 2500)
    assert await card.error_log() == {"code": "DMA_WRITE_ERROR", "queue_index": 1, "tag": tag,
        "address": queue.cq + 16 * queue.head & ~63}  # fmt: skip
    assert await card.read("write_errors") == 5
    head = await card.read("queue_pair_sq_head", 1)
    await card.submit(queue, invalid())
    await ClockCycles(dut.clk_i, 300)
    assert await card.read("queue_pair_sq_head", 1) == head
    card.memory.write_faults = set()
    await works(card, other, gallery, extents, mask)
    await card.delete(1)
    queue = await card.create(1)
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def damaged_extents_are_found(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=18, extents=5)
    for index in (0, 2, 4):
        good = extents[index]
        # A descriptor bit; the byte that frames a line; the CRC itself.
        for offset_in, flip in ((1, 0x10), (63, 0x7C), (good["lines"] * LINE - 1, 0x80)):
            data = bytearray(card.memory.load(good["address"], good["lines"] * LINE))
            data[offset_in] ^= flip
            bad = extents[:index] + [good | {"address": card.place(bytes(data), 64)}] + extents[index + 1 :]
            cqe = await card.command(queue, card.search_entry(bad, mask), "CRC_MISMATCH")
            assert cqe["detail"] == index
        bad = extents[:index] + [good | {"crc32c": good["crc32c"] ^ 1}] + extents[index + 1 :]
        assert (await card.command(queue, card.search_entry(bad, mask), "CRC_MISMATCH"))["detail"] == index
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
@cocotb.parametrize(stall=[Stall.NONE, Stall.WORST])
async def malformed_records_are_found(dut, stall):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=12, extents=4)
    card.host.stall(stall)
    record = random_record(random.Random(1), 20)
    cases = {
        "line out of order": [record[:64] + record[128:]],
        "no first line": [record[64:]],
        "open at the end": [record, record[:-64]],
        "no minutiae inside": [record[:127] + bytes([record[127] & ~3]) + record[128:]],
        "too few records": ([record, record], {"records": 3}),
        "too many records": ([record, record], {"records": 1}),
    }
    for name, case in cases.items():
        records, override = case if isinstance(case, tuple) else (case, {})
        for index in (0, 3):
            bad = extents[:index] + [card.place_extent(records, 0, **override)] + extents[index + 1 :]
            cqe = await card.command(queue, card.search_entry(bad, mask), "RECORD_FORMAT")
            assert cqe["detail"] == index, name
    await works(card, queue, gallery, extents, mask)


# ---- control


@cocotb.test()
@cocotb.parametrize(after=[20, 120, 400, 900, 1500, 2500])
async def abort_ends_a_running_search(dut, after):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=40, extents=3, latency_ns=400)
    tag = await card.submit(queue, card.search_entry(extents, mask, top_k=256), 0xBEEF)
    await ClockCycles(dut.clk_i, after)
    cqe = await card.abort(1, tag)
    ended = await card.completion(queue)
    assert ended["tag"] == tag
    # Too early or too late, and the command is not running.
    assert ended["status"] == ("ABORTED" if cqe["detail"] else "SUCCESS")
    if after in (400, 900):
        assert cqe["detail"] == 1
    assert await card.status("fault") == 0
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def abort_wants_the_right_queue_and_tag(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=40, extents=3)
    card.host.hold(True)
    tag = await card.submit(queue, card.search_entry(extents, mask))
    card.host.hold(False)
    await ClockCycles(dut.clk_i, 60)
    card.host.hold(True)
    card.host.hold(False)
    for index, other in ((1, tag + 1), (2, tag), (0, tag), (200, tag)):
        assert (await card.abort(index, other))["detail"] == 0
    assert (await card.completion(queue))["status"] == "SUCCESS"
    check(card, gallery, mask, 0, 16)
    # A probe on its way is ended and not loaded.
    tag = await card.submit(queue, card.load_probe_entry(0, whorl.probe_image(gallery.probes[0])))
    await ClockCycles(dut.clk_i, 60)
    assert (await card.abort(1, tag))["detail"] == 1
    assert (await card.completion(queue))["status"] == "ABORTED"
    await card.command(queue, card.search_entry(extents), "PROBE_NOT_LOADED")


@cocotb.test()
async def deleting_a_pair_ends_its_search_and_writes_nothing_more(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=40, extents=3)
    other = await card.create(2)
    for _ in range(3):
        card.fill(queue, card.search_entry(extents, mask))
    await card.ring(queue)
    await ClockCycles(dut.clk_i, 200)
    await card.delete(1)
    written = len(card.memory.written)
    await works(card, other, gallery, extents, mask)
    rings = range(queue.cq, queue.cq + 16 * queue.entries)
    assert not [a for a in card.memory.written[written:] if a in rings] and card.poll(queue) is None
    await works(card, await card.create(1), gallery, extents, mask)


@cocotb.test()
async def resetting_a_pair_empties_it_and_leaves_the_others_alone(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=40, extents=3)
    other = await card.create(2)
    for after in (0, 30, 100, 300, 900, 2000):
        card.fill(other, invalid())
        await card.ring(other)
        await card.completion(other)
        waiting = [card.fill(queue, card.search_entry(extents, mask)) for _ in range(3)]
        await card.ring(queue)
        await ClockCycles(dut.clk_i, after)
        behind = card.fill(other, card.search_entry(extents, mask, threshold=20, top_k=8))
        await card.ring(other)
        await card.reset_pair(queue)
        assert (await card.completion(other))["tag"] == behind and len(waiting) == 3
        check(card, gallery, mask, 20, 8)
        assert [await card.read(f"queue_pair_{name}", 1) for name in ("sq_head", "cq_tail")] == [0, 0]
        await works(card, queue, gallery, extents, mask)
    assert (await card.error_log())["code"] == "INVALID_OPCODE"


@cocotb.test()
@cocotb.parametrize(after=[0, 40, 300, 700, 2000], stall=[Stall.NONE, Stall.WORST])
async def reset_in_a_search_and_the_next_is_right(dut, after, stall):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=40, extents=3, latency_ns=400)
    card.host.stall(stall)
    await card.submit(queue, card.search_entry(extents, mask, top_k=256))
    await ClockCycles(dut.clk_i, after)
    await card.write("control", 2)
    await card.wait_status("ready")
    assert await card.status("dma_idle") == 1 and await card.status("busy") == 0
    written = len(card.memory.written)
    await ClockCycles(dut.clk_i, 300)
    assert len(card.memory.written) == written
    assert await card.read("commands") == 0 and await card.read("queue_pair_sq_head", 1) == 0
    await card.enable()
    queue = await card.create(1)
    await card.command(queue, card.search_entry(extents), "PROBE_NOT_LOADED")
    await load(card, queue, gallery)
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
@cocotb.parametrize(after=[0, 40, 300, 700])
async def disabling_forgets_all_queues(dut, after):
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=40, extents=3, latency_ns=400)
    await card.submit(queue, card.search_entry(extents, mask, top_k=256))
    await ClockCycles(dut.clk_i, after)
    await card.write("control", 0)
    await card.wait_status("busy", 0)
    await card.wait_status("dma_idle")
    written = len(card.memory.written)
    await card.write("queue_pair_sq_tail", 3, 1)  # rings at nobody's door
    await ClockCycles(dut.clk_i, 300)
    assert len(card.memory.written) == written and card.poll(queue) is None
    assert (await card.error_log())["code"] == "INVALID_QUEUE"
    # Probes stay loaded: only a reset forgets them.
    await card.enable()
    await works(card, await card.create(1), gallery, extents, mask)


@cocotb.test()
async def wrong_doorbells_change_nothing(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    entries, head = queue.entries, queue.head
    for register, index, value in (
        ("queue_pair_sq_tail", 1, entries),
        ("queue_pair_sq_tail", 1, 0xFFFF),
        ("queue_pair_cq_head", 1, entries),
        ("queue_pair_cq_head", 1, (head + 1) % entries),  # beyond what was completed
        ("queue_pair_cq_head", 1, (head - 1) % entries),  # back
        ("queue_pair_sq_tail", 2, 0),
        ("queue_pair_sq_tail", 7, 1),
        ("queue_pair_cq_head", 3, 0),
    ):
        await card.write("control", 5)
        assert await card.status("fault") == 0
        await card.write(register, value, index)
        await ClockCycles(dut.clk_i, 4)
        assert await card.error_log() == {"code": "INVALID_QUEUE", "queue_index": index, "tag": value, "address": 0}
        assert await card.status("fault") == 1
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def an_admin_queue_of_no_size_is_refused(dut):
    card = await start(dut)
    for entries_log2 in (0, 11, 15):
        await card.write("control", 4)
        await card.write("admin_queue", entries_log2)
        await card.write("control", 1)
        await ClockCycles(dut.clk_i, 10)
        assert (await card.error_log())["code"] == "INVALID_QUEUE"
        await card.write("control", 0)
    await card.write("control", 4)
    await card.enable()
    await card.create(1)


@cocotb.test()
async def known_answers_go_past_every_engine_and_into_no_result(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    answers = Gallery(9, card.probes, 12, 2)
    known = [extent | {"known_answer": 1} for extent in answers.place(card, 0)]
    listed = [known[0], *extents[:2], known[1], *extents[2:]]
    await card.command(queue, card.search_entry(listed, mask, threshold=20, top_k=8))
    for p in range(card.probes):
        signature = 0
        for record in answers.records:
            signature = signed(signature, whorl.compare(gallery.probes[p], record, 43)["score"])
        for s in range(card.streams):
            block = card.result_block(s, p)
            assert (block["known_answers"], block["known_answer_signature"]) == (12, signature) and signature
            # The rest of the block knows nothing of them.
            known_minutiae = sum(len(whorl.unpack(record)) for record in answers.records)
            card.shift(s, p, minutiae=-known_minutiae)
    check(card, gallery, mask, 20, 8)
    assert await card.read64("comparisons") == len(gallery.records) * card.probes
    await works(card, queue, gallery, extents, mask)
    assert card.result_block(0, 0)["known_answers"] == 0


# ---- a host that does not answer


@cocotb.test()
@cocotb.parametrize(channel=["ar", "r", "aw", "w", "b"])
async def a_silent_host_ends_the_search_with_timeout(dut, channel):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    await card.write("bus_timeout", 500)
    await works(card, queue, gallery, extents, mask)
    entry = card.search_entry(extents, mask)
    part = card.host.read_if if channel in ("ar", "r") else card.host.write_if
    tag = await card.submit(queue, entry)
    # The entry is fetched, the results are not written yet; then the channel falls silent.
    await ClockCycles(dut.clk_i, 60)
    getattr(part, f"{channel}_channel").pause = True
    for _ in range(30):
        await ClockCycles(dut.clk_i, 200)
        if await card.status("hung"):
            break
    await ClockCycles(dut.clk_i, 300)
    getattr(part, f"{channel}_channel").pause = False
    while await card.status("hung") or not await card.status("dma_idle"):
        await ClockCycles(dut.clk_i, 100)
    cqe = await card.completion(queue)
    assert (cqe["tag"], cqe["status"]) == (tag, "TIMEOUT")
    log = await card.error_log()
    assert (log["code"], log["queue_index"], log["tag"]) == ("TIMEOUT", 1, tag)
    assert await card.read("error_count") >= 1
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
@cocotb.parametrize(channel=["r", "b", "w"])
async def a_reset_does_not_wait_for_a_silent_host(dut, channel):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    await card.write("bus_timeout", 500)
    part = card.host.read_if if channel == "r" else card.host.write_if
    await card.submit(queue, card.search_entry(extents, mask))
    await ClockCycles(dut.clk_i, 60)
    getattr(part, f"{channel}_channel").pause = True
    await ClockCycles(dut.clk_i, 1200)
    await card.write("control", 2)
    await card.wait_status("ready")
    await card.write("control", 4)
    assert await card.status("hung") == 1
    # What the host owes comes now; nothing of it reaches the card that has begun anew.
    getattr(part, f"{channel}_channel").pause = False
    while await card.status("hung"):
        await ClockCycles(dut.clk_i, 20)
    await card.enable()
    queue = await card.create(1)
    await load(card, queue, gallery)
    await works(card, queue, gallery, extents, mask)
    assert await card.read("error_count") == 0


@cocotb.test()
async def the_watchdog_ends_a_search_that_lasts(dut):
    card, queue, gallery, extents, mask = await start_with_gallery(dut)
    await card.write("watchdog", 3)
    card.host.hold(True)
    tag = await card.submit(queue, card.search_entry(extents, mask))
    card.host.hold(False)
    await ClockCycles(dut.clk_i, 100)
    card.host.hold(True)
    await ClockCycles(dut.clk_i, 4000)
    card.host.hold(False)
    cqe = await card.completion(queue)
    assert (cqe["tag"], cqe["status"]) == (tag, "WATCHDOG") and cqe["cycles"] >= 3 * 1024
    assert (await card.error_log())["code"] == "WATCHDOG"
    await card.write("watchdog", 0)
    await works(card, queue, gallery, extents, mask)


@cocotb.test()
async def a_reset_at_any_moment_leaves_a_card_that_works(dut):
    """Resets at random cycles between the doorbell and the last interrupt; a whole search is right after each."""
    card, queue, gallery, extents, mask = await start_with_gallery(dut, records=8, extents=3, latency_ns=100)
    rng, points = random.Random(21), int(os.environ.get("WHORL_RESET_POINTS", "100"))
    seen = set()

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            if int(dut.soft_reset.value):
                seen.add(tuple(state(dut)))

    cocotb.start_soon(watch())
    for _ in range(points):
        card.host.stall(rng.choice((Stall.NONE, Stall.RANDOM, Stall.WORST)))
        dut.msix_ready_i.value = rng.randrange(2)
        # Commands that end at once, so that many points lie in their completions; a probe; a search.
        what = rng.randrange(4)
        if what == 0:
            for _ in range(3):
                card.fill(queue, invalid())
        if what == 1:
            card.fill(queue, card.load_probe_entry(0, whorl.probe_image(gallery.probes[0])))
        card.fill(queue, card.search_entry(extents, mask, top_k=256))
        await card.ring(queue)
        await ClockCycles(dut.clk_i, rng.randrange((150, 2500, 1200, 3000)[what]))
        await card.write("control", 2)
        await card.wait_status("ready")
        card.host.stall(Stall.NONE)
        dut.msix_ready_i.value = 1
        await card.enable()
        queue = await card.create(1)
        await load(card, queue, gallery)
        await works(card, queue, gallery, extents, mask)
        assert (await card.error_log())["code"] == "SUCCESS"
    phases = [{phase[part] for phase in seen} for part in range(3)]
    # States that last a cycle or two are met by chance only.
    assert all(len(phase) >= least for phase, least in zip(phases, (4, 2, 4))), phases


def state(dut) -> list[int]:
    """Where the card is: the command's executor, the completion, the search."""
    engine = dut.i_engine
    return [int(part.state_q.value) for part in (engine.i_io, engine.i_post, engine.i_search)]


def _core(streams: int, probes: int, testcase=None):
    run("whorl_core", parameters={"Streams": streams, "Probes": probes}, testcase=testcase, visible=("io_exec", "cq_post", "search_exec"))


@pytest.mark.parametrize(("streams", "probes"), [(1, 1), (2, 2)])
def test_whorl_core(streams, probes):
    _core(streams, probes)
