"""Bench of hdl/match/match_array.sv: whole searches, result blocks against the model."""

import functools
import random
import zlib
from collections import Counter

import cocotb
import pytest
import whorl
from bench.fields import Fields
from bench.layout import limit
from bench.records import CONFIG, GALLERY_LINE, GATE, REQUEST, RESULT_LINE, extent, probe_lines, random_record
from bench.runner import data_folder, run
from bench.streams import STALLS, Sink, Source, Stall, start
from cocotb.triggers import ClockCycles, RisingEdge
from test_collector import VISIBLE, put_forward
from test_known_answers import signed
from test_stream_counters import EVENTS

# Most significant first, as result_header_t.
HEADER = Fields(
    ("known_answer_signature", 32), ("lines", 32), ("stall_collect", 64), ("stall_engine", 64), ("stall_starved", 64), ("minutiae", 64),
    ("cycles", 64), ("known_answers", 16), ("probe_slot", 8), ("stream", 8), ("passed", 32), ("candidates", 32), ("comparisons", 32),
)  # fmt: skip


class Array:
    """Drives one match_array through probe loads, searches and result reads."""

    def __init__(self, dut, stall: Stall):
        self.dut, self.stall = dut, stall
        self.streams, self.probes = int(dut.Streams.value), int(dut.Probes.value)
        self.rng = random.Random(f"array {stall}")

    async def begin(self):
        dut = self.dut
        for name in ("start_i", "active_i", "probe_discard_valid_i", "probe_discard_slot_i", "line_valid_i", "search_config_i"):
            getattr(dut, name).value = 0
        self.loader = Source(dut, "probe_line", self.stall)
        self.requests = Source(dut, "result_request", Stall.NONE)
        self.results = Sink(dut, "result_line", self.stall)
        await start(dut)

    async def load(self, slot: int, record: bytes, gate: int = GATE):
        self.loader.send(*probe_lines(record, slot, gate))
        await self.loader.drain()
        await ClockCycles(self.dut.clk_i, 2)

    async def start(self, threshold=0, top_k=256, probe_mask=None):
        dut = self.dut
        mask = (1 << self.probes) - 1 if probe_mask is None else probe_mask
        # Bits of probes that do not exist mean nothing.
        mask |= self.rng.getrandbits(limit("PROBES_MAX")) >> self.probes << self.probes
        dut.search_config_i.value = CONFIG.pack(threshold=threshold, top_k=top_k, probe_mask=mask)
        dut.start_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.start_i.value = 0
        # The configuration was taken; what follows must not matter.
        dut.search_config_i.value = 0
        await RisingEdge(dut.clk_i)
        assert int(dut.ready_o.value) == 0, "ready before the collectors are cleared"
        while not int(dut.ready_o.value):
            await RisingEdge(dut.clk_i)

    async def feed(self, per_stream: list[list[int]]):
        """Feeds each stream its lines; returns when all are taken and the array is idle."""
        dut, edge = self.dut, RisingEdge(self.dut.clk_i)
        waiting = [list(reversed(stream)) for stream in per_stream]
        patterns = [self.stall.pattern(10 + s) for s in range(self.streams)]
        valid = 0
        dut.active_i.value = 1
        while True:
            await edge
            ready = int(dut.line_ready_o.value)
            valid &= ~ready
            for s in range(self.streams):
                if not valid >> s & 1 and waiting[s] and not next(patterns[s]):
                    dut.line_i[s].value = waiting[s].pop()
                    valid |= 1 << s
                elif not valid >> s & 1:
                    # A line that is not offered means nothing.
                    dut.line_i[s].value = self.rng.getrandbits(GALLERY_LINE.width)
            dut.line_valid_i.value = valid
            if not valid and not any(waiting):
                break
        await edge
        dut.active_i.value = 0
        while not int(dut.idle_o.value):
            await edge

    async def block(self, stream: int, probe: int) -> list[int]:
        """The lines of one result block, up to the one marked last."""
        first = len(self.results.words)
        self.requests.send(REQUEST.pack(stream=stream, probe=probe))
        await self.requests.drain()
        self.dut.result_request_i.value = self.rng.getrandbits(REQUEST.width)
        while len(self.results.words) == first or not self.results.words[-1] & 1:
            await RisingEdge(self.dut.clk_i)
        block = [RESULT_LINE.unpack(word) for word in self.results.words[first:]]
        assert [line["last"] for line in block] == [0] * (len(block) - 1) + [1]
        return [line["data"] for line in block]

    def collector(self, stream: int, probe: int):
        """The collector behind an engine."""
        return self.dut[f"gen_stream[{stream}]"].i_search_stream[f"gen_probe[{probe}]"].i_collector


def parse(block: list[int]) -> tuple[dict, list[int], list[tuple[int, int]]]:
    """Header, histogram and candidates (index, score) of a result block; checks what must be zero."""
    header = HEADER.unpack(block[0])
    bins = [line >> 32 * i & 0xFFFF_FFFF for line in block[1:33] for i in range(16)]
    words = [line >> 64 * i & (1 << 64) - 1 for line in block[33:] for i in range(8)]
    count = header["candidates"]
    assert len(block) == 33 + -(-count // 8)
    assert not any(words[count:]), "unused candidates are not zero"
    assert not any(word >> 48 for word in words), "reserved bits of a candidate"
    return header, bins, [(word & 0xFFFF_FFFF, word >> 32 & 0xFFFF) for word in words[:count]]


def lines_of(extents) -> list[int]:
    """The lines of (base index, records, known answer) extents."""
    return [line for base, records, known in extents for line in extent(records, base, known)]


def scores_of(probe: bytes, gate: int, extents) -> tuple[list[tuple[int, int]], list[int]]:
    """The model's (index, score) of every record of (base index, records, known answer), and its known answers."""
    scores, known_scores = [], []
    for base, records, known in extents:
        for i, record in enumerate(records):
            score = whorl.compare(probe, record, gate)["score"]
            if known:
                known_scores.append(score)
            else:
                scores.append((base + i & 0xFFFF_FFFF, score))
    return scores, known_scores


class Thresholds:
    """Scores, and numbers one above a score, in turn: between them each bit that matters is set, and is not set."""

    def __init__(self):
        self.told = {0: 0, 1: 0}

    def near(self, scores: list[int]) -> int:
        """The one that tells most bits anew: lower by a bit it lets a score pass, higher by a bit it stops one."""
        above = int(self.told[1].bit_count() < self.told[0].bit_count())
        news = lambda t: (t if above else t ^ 0xFFFF) & ~self.told[above]  # noqa: E731
        best = max((score + above for score in scores if score + above <= 0xFFFF), key=lambda t: news(t).bit_count())
        self.told[above] |= news(best)
        return best


# What a collector's totals are before a search.
NOTHING = {"comparisons": 0, "passed": 0, "known_answers": 0, "bins": [0] * limit("HISTOGRAM_BINS")}


def check(block, stream, probe_slot, scores, records, threshold, top_k, known=(), before=NOTHING):
    """Compares a result block with the model's (index, score) list and its scores of known answers."""
    header, bins, candidates = parse(block)
    passed = [(index, score) for index, score in scores if score >= threshold]
    assert header["comparisons"] == before["comparisons"] + len(scores)
    assert header["passed"] == before["passed"] + len(passed)
    assert header["known_answers"] == before["known_answers"] + len(known)
    assert header["known_answer_signature"] == functools.reduce(signed, known, 0)
    assert (header["stream"], header["probe_slot"]) == (stream, probe_slot)
    assert header["minutiae"] == sum(len(whorl.unpack(record)) for record in records)
    assert header["lines"] == sum(len(record) // 64 for record in records)
    lost = header["stall_starved"] + header["stall_engine"] + header["stall_collect"]
    # `active` falls when the last line is taken: its minutiae may follow uncounted.
    assert header["minutiae"] <= header["cycles"] + 3 and lost <= header["cycles"]
    expected_bins = Counter(min(511, score >> 5) for _, score in scores)
    assert bins == [before["bins"][b] + expected_bins[b] for b in range(512)]
    best = sorted(passed, key=lambda c: (-c[1], c[0]))[:top_k]
    assert sorted(candidates, key=lambda c: (-c[1], c[0])) == best
    return header


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def searches_equal_the_model(dut, stall):
    rng = random.Random(f"search {stall}")
    array = Array(dut, stall)
    await array.begin()
    assert int(dut.probe_loaded_o.value) == 0
    probes = [random_record(rng, rng.choice((48, 31))) for _ in range(array.probes)]
    gates = [rng.choice((GATE, rng.randrange(128))) for _ in probes]
    for slot, probe in enumerate(probes):
        await array.load(slot, probe, gates[slot])
        assert int(dut.probe_loaded_o.value) == (2 << slot) - 1
    # Two searches in a row: nothing of the first may be left in the second.
    for threshold, top_k, count in ((0, 9, 40), (300, 256, 25)):
        await array.start(threshold=threshold, top_k=top_k)
        galleries, fed = [], []
        for stream in range(array.streams):
            base = rng.randrange((1 << 32) - 2000)
            lengths = [0, 1, 96, 2, 0, 0, 3] + [rng.choice((rng.randrange(97), 34, 34, 3)) for _ in range(count)]
            galleries.append([random_record(rng, n, rng.choice((None, *probes))) for n in lengths])
            split = rng.randrange(1, len(lengths))
            # Two extents, the second with the smaller indices; known answers between them, and as the very last.
            a, b = galleries[-1][:split], galleries[-1][split:]
            ends = [a[-1], b[0]], [random_record(rng, rng.randrange(40), rng.choice(probes))]
            fed.append([(base + 1000, a, 0), (base + 1000, ends[0], 1), (base, b, 0), (base, ends[1], 1)])
            galleries[-1] += ends[0] + ends[1]
        await array.feed([lines_of(parts) for parts in fed])
        assert int(dut.record_error_o.value) == 0
        for stream in range(array.streams):
            for slot, probe in enumerate(probes):
                scores, known = scores_of(probe, gates[slot], fed[stream])
                assert max(score for _, score in scores) > 300, "no mates: the search compares nothing"
                block = await array.block(stream, slot)
                header = check(block, stream, slot, scores, galleries[stream], threshold, top_k, known)
                if array.streams == 1:
                    # Every cycle took a beat or was lost for a reason; the last ones are counted up to the end of `active`.
                    empty = sum(not whorl.unpack(record) for record in galleries[stream])
                    taken = header["minutiae"] + empty
                    lost = header["stall_starved"] + header["stall_engine"] + header["stall_collect"]
                    assert header["cycles"] - lost <= taken <= header["cycles"] - lost + 4


@cocotb.test()
async def every_configuration_and_every_total_comes_out_whole(dut):
    """Thresholds around a score, any capacity, any mask, with totals of a long search; events add up to the block."""
    rng = random.Random(2)
    array = Array(dut, Stall.NONE)
    await array.begin()
    probes = [random_record(rng, 44) for _ in range(array.probes)]
    for slot, probe in enumerate(probes):
        await array.load(slot, probe)
    happened = []

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            for stream, sums in enumerate(happened):
                for name, value in EVENTS.unpack(int(dut.events_o[stream].value)).items():
                    sums[name] += value

    cocotb.start_soon(watch())
    everything, thresholds = (1 << array.probes) - 1, Thresholds()
    for place in range(9):
        # At first many short records, that fill the heap: they come faster than it takes them once it is large.
        many = place < 2
        fed = []
        for _ in range(array.streams):
            lengths = [1] * 320 if many else [rng.randrange(20, 60) for _ in range(8)]
            records = [random_record(rng, n, rng.choice(probes)) for n in lengths] + [rng.choice(probes)]
            bases = rng.sample(range(1 << 32), 3)
            fed.append([(bases[0], records[:4], 0), (bases[1], records[:7], 1), (bases[2], records[4:], 0)])
        results = [[scores_of(probe, GATE, parts) for probe in probes] for parts in fed]
        top_k = (256, 255)[place] if many else rng.choice((1, 2, 5, rng.randrange(6, 256)))
        mask = everything if many else rng.randint(1, everything)
        some_scores = [score for result in results for _, score in result[mask.bit_length() - 1][0]]
        threshold = (0, 0, 0xFFFF, rng.randrange(1 << 16))[place] if place < 4 else thresholds.near(some_scores)
        await array.start(threshold=threshold, top_k=top_k, probe_mask=mask)
        before = [[put_forward(array.collector(s, p), rng) for p in range(array.probes)] for s in range(array.streams)]
        happened[:] = [dict.fromkeys((name for name, _ in EVENTS.fields), 0) for _ in range(array.streams)]
        await array.feed([lines_of(parts) for parts in fed])
        await ClockCycles(dut.clk_i, 2)  # events come a cycle late
        sums = [dict(sums) for sums in happened]
        for stream in range(array.streams):
            records = [record for _, part, _ in fed[stream] for record in part]
            events = {"comparisons": 0, "candidates": 0}
            for slot in range(array.probes):
                scores, known = results[stream][slot] if mask >> slot & 1 else ([], [])
                block = await array.block(stream, slot)
                header = check(block, stream, slot, scores, records, threshold, top_k, known, before[stream][slot])
                events["comparisons"] += header["comparisons"] - before[stream][slot]["comparisons"]
                events["candidates"] += header["passed"] - before[stream][slot]["passed"]
            if place == 0:
                assert header["stall_collect"] > 0
            assert sums[stream] == {
                **events,
                **{"active": header["cycles"], "line": header["lines"], "minutia": header["minutiae"]},
                **{"record": len(records), "starved": header["stall_starved"]},
                **{"engine": header["stall_engine"], "collect": header["stall_collect"]},
            }


@cocotb.test()
async def engines_outside_the_mask_stay_still(dut):
    rng = random.Random(3)
    array = Array(dut, Stall.NONE)
    await array.begin()
    probe = random_record(rng, 20)
    last = array.probes - 1
    await array.load(last, probe)
    await array.start(probe_mask=1 << last)
    records = [random_record(rng, 20, probe) for _ in range(12)]
    await array.feed([extent(records, 5) for _ in range(array.streams)])
    scores = [(5 + i, whorl.compare(probe, record)["score"]) for i, record in enumerate(records)]
    for stream in range(array.streams):
        check(await array.block(stream, last), stream, last, scores, records, 0, 256)
        if last > 0:
            assert parse(await array.block(stream, 0))[0]["comparisons"] == 0


@cocotb.test()
async def a_start_forgets_a_search_in_flight(dut):
    rng = random.Random(4)
    array = Array(dut, Stall.NONE)
    await array.begin()
    probe = random_record(rng, 48)
    for slot in range(array.probes):
        await array.load(slot, probe)
    for cut in (7, 20, 33, 58):
        await array.start()
        records = [random_record(rng, 17, probe) for _ in range(9)]
        feeding = cocotb.start_soon(array.feed([extent(records, 0) for _ in range(array.streams)]))
        await ClockCycles(dut.clk_i, cut)
        feeding.cancel()
        dut.line_valid_i.value = 0
        dut.active_i.value = 0
        await array.start()
        records = [random_record(rng, n, probe) for n in (9, 48, 1)]
        await array.feed([extent(records, 100) for _ in range(array.streams)])
        scores = [(100 + i, whorl.compare(probe, record)["score"]) for i, record in enumerate(records)]
        for stream in range(array.streams):
            for slot in range(array.probes):
                check(await array.block(stream, slot), stream, slot, scores, records, 0, 256)


@cocotb.test()
async def a_damaged_record_is_an_error_until_start(dut):
    rng = random.Random(5)
    array = Array(dut, Stall.NONE)
    await array.begin()
    for slot in range(array.probes):
        await array.load(slot, random_record(rng, 10))
    await array.start()
    lines = extent([random_record(rng, 20) for _ in range(4)], 0)
    await array.feed([lines[:9] + lines[10:] for _ in range(array.streams)])
    assert int(dut.record_error_o.value) == (1 << array.streams) - 1
    await array.start()
    assert int(dut.record_error_o.value) == 0


@cocotb.test()
async def a_discarded_or_reloading_probe_is_not_loaded(dut):
    rng = random.Random(6)
    array = Array(dut, Stall.NONE)
    await array.begin()
    probe = random_record(rng, 10)
    await array.load(0, probe)
    assert int(dut.probe_loaded_o.value) & 1 == 1
    dut.probe_discard_valid_i.value = 1
    await RisingEdge(dut.clk_i)
    dut.probe_discard_valid_i.value = 0
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.probe_loaded_o.value) & 1 == 0
    await array.load(0, probe)
    array.loader.send(*probe_lines(probe, 0)[:1])
    await array.loader.drain()
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.probe_loaded_o.value) & 1 == 0
    await array.load(array.probes, probe)  # a slot that does not exist
    assert int(dut.probe_loaded_o.value) == 0


# MATCHER 4.
RECORD_CRC = {"A": 0xBA0F7478, "B": 0x5C1CD396, "C": 0xA5AFB84C, "D": 0x5D2E33E0, "E": 0xD9D20FA5}
VECTOR_SCORES = {"AB": 20947, "BA": 20947, "AC": 354, "DE": 13479, "AD": 323}


@cocotb.test(skip=data_folder() is None)
async def vectors_of_the_matcher(dut):
    folder = data_folder().parent / "matcher" / "vectors"
    records = {name: whorl.encode((folder / f"{name}.iso").read_bytes()) for name in "ABCDE"}
    assert {name: zlib.crc32(record) for name, record in records.items()} == RECORD_CRC
    array = Array(dut, Stall.NONE)
    await array.begin()
    gallery = list(records.values())
    for name in "ABD":
        for slot in range(array.probes):
            await array.load(slot, records[name])
        await array.start(top_k=3, threshold=330)
        await array.feed([extent(gallery, 0) for _ in range(array.streams)])
        scores = [(i, whorl.compare(records[name], record)["score"]) for i, record in enumerate(gallery)]
        by_pair = {name + other: score for other, (_, score) in zip("ABCDE", scores, strict=True)}
        for pair, score in VECTOR_SCORES.items():
            assert by_pair.get(pair, score) == score
        for stream in range(array.streams):
            for slot in range(array.probes):
                check(await array.block(stream, slot), stream, slot, scores, gallery, 330, 3)


@cocotb.test()
async def a_damaged_probe_memory_is_reported_for_its_engine(dut):
    rng = random.Random(56)
    array = Array(dut, Stall.NONE)
    await array.begin()
    probe = random_record(rng, 40)
    lines = [extent([random_record(rng, 30, probe) for _ in range(4)], 0) for _ in range(array.streams)]

    async def search() -> int:
        await array.start()
        assert int(dut.probe_parity_error_o.value) == 0, "a report survives the start of a search"
        await array.feed(lines)
        return int(dut.probe_parity_error_o.value)

    for slot in range(array.probes):
        await array.load(slot, probe)
    assert await search() == 0
    for stream in range(array.streams):
        for slot in range(array.probes):
            engine = dut[f"gen_stream[{stream}]"].i_search_stream[f"gen_probe[{slot}]"].i_engine
            # One bit of every word, so that whichever lane is read is damaged.
            for word in engine.i_consistency.i_rotation_store.i_lane_ram.words_q:
                word.value = int(word.value) ^ 1 << 40
            await RisingEdge(dut.clk_i)
            assert await search() == 1 << array.probes * stream + slot
            # A probe is loaded into all streams at once.
            await array.load(slot, probe)
            assert await search() == 0


@pytest.mark.parametrize(("streams", "probes", "block_rows"), [(1, 1, 1), (2, 2, 1)])
def test_match_array(streams, probes, block_rows):
    run("match_array", parameters={"Streams": streams, "Probes": probes, "BlockRowProbes": block_rows}, visible=VISIBLE)
    if data_folder() is None:
        print("skipped vectors_of_the_matcher: WHORL_DATA names no folder")
