//! The comparison of MATCHER 3 with AVX2: the only module of this crate with `unsafe` code.
//!
//! Pass A takes the lanes within the gate 32 at a time and finds the nearest as the smallest key
//! `distance << 8 | lane`, which also settles ties. Pass B keeps all 48 lanes in 16-bit numbers:
//! every difference that it forms fits 15 bits.

#![allow(unsafe_code)] // unaligned loads and the call past the processor check

use std::arch::x86_64::{
    __m256i, _mm_add_epi64, _mm_cvtsi128_si32, _mm_min_epu16, _mm_minpos_epu16, _mm_unpackhi_epi64, _mm256_add_epi8,
    _mm256_add_epi16, _mm256_and_si256, _mm256_castsi256_si128, _mm256_cmpeq_epi16, _mm256_extracti128_si256,
    _mm256_loadu_si256, _mm256_min_epu16, _mm256_or_si256, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_sub_epi16,
    _mm256_unpackhi_epi8, _mm256_unpacklo_epi8, _mm256_xor_si256,
};

use whorl_layout::LANES;

use crate::plain::{CEILING, rotation_index, weight};
use crate::probe::{Probe, RotationRow};
use crate::record::{PackedRecord, unpack_geometry};
use crate::score::{Comparison, score16};
use crate::sorted::{CHUNK, Run, STARTS, SortedLanes};

/// Proof that the processor has AVX2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, if this processor gives it.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Compares a probe with one packed reference. `gate` is in 1/256 turn, 0..=127.
    #[expect(clippy::unused_self, reason = "its existence is the proof")]
    pub(crate) fn compare(self, probe: &Probe, reference: &PackedRecord, gate: u8) -> Comparison {
        // SAFETY: `self` exists, so `detect` saw that this processor has AVX2.
        unsafe { compare(probe, reference, gate) }
    }
}

/// State of the lanes between the passes; unoccupied lanes have weight 0 and are otherwise unread.
struct Lanes {
    distances: [u8; LANES],
    gx: [i16; LANES],
    gy: [i16; LANES],
    d: [i16; LANES],
    weights: [i16; LANES],
    occupied: u64, // bit j: lane j holds a reference minutia
}

#[target_feature(enable = "avx2")]
fn compare(probe: &Probe, reference: &PackedRecord, gate: u8) -> Comparison {
    let lanes = pass_a(probe, reference, gate.min(crate::GATE_MAX));
    let (best, reference_lane) = pass_b(probe, &lanes);
    let score = score16(best, probe.minutiae().len(), reference.count());
    Comparison { score, best, reference_lane }
}

#[target_feature(enable = "avx2")]
fn pass_a(probe: &Probe, reference: &PackedRecord, gate: u8) -> Lanes {
    let sorted = probe.sorted();
    let mut lanes = Lanes {
        distances: [CEILING; LANES],
        gx: [0; LANES],
        gy: [0; LANES],
        d: [0; LANES],
        weights: [0; LANES],
        occupied: 0,
    };
    for i in 0..reference.count() {
        let (descriptor, word) = reference.field(i);
        let (x, y, angle) = unpack_geometry(word);
        let run = sorted.within(angle, gate);
        let key = nearest(sorted, run, descriptor);
        let (distance, lane) = ((key >> 8) as u8, usize::from(key as u8));
        // Lanes start at the ceiling, and the key of an empty run has a distance of 255.
        if distance < lanes.distances[lane] {
            lanes.distances[lane] = distance;
            lanes.gx[lane] = x;
            lanes.gy[lane] = y;
            lanes.d[lane] = i16::from(angle.wrapping_sub(probe.minutiae()[lane].angle) as i8);
            lanes.weights[lane] = i16::from(weight(distance));
            lanes.occupied |= 1 << lane;
        }
    }
    lanes
}

/// Smallest `distance << 8 | lane` of the lanes of a run; 0xff in the high byte if it is empty.
#[target_feature(enable = "avx2")]
fn nearest(sorted: &SortedLanes, run: Run, descriptor: &[u8; 16]) -> u16 {
    let mut least = nearest_of_chunk(sorted, run.start, run.length.min(CHUNK), descriptor);
    if run.length > CHUNK {
        least = least.min(nearest_of_chunk(sorted, run.start + CHUNK, run.length - CHUNK, descriptor));
    }
    least
}

/// As [`nearest`] for the `length` (at most 32) places from `start` (below 128).
#[target_feature(enable = "avx2")]
fn nearest_of_chunk(sorted: &SortedLanes, start: usize, length: usize, descriptor: &[u8; 16]) -> u16 {
    let start = start & (STARTS - 1);
    let ones = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let nibble = _mm256_set1_epi8(0x0f);
    let mut distances = _mm256_setzero_si256();
    for (plane, &byte) in sorted.planes.iter().zip(descriptor) {
        let differing = _mm256_xor_si256(load_bytes(plane, start), _mm256_set1_epi8(byte as i8));
        let low = _mm256_and_si256(differing, nibble);
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(differing), nibble);
        let count = _mm256_add_epi8(_mm256_shuffle_epi8(ones, low), _mm256_shuffle_epi8(ones, high));
        distances = _mm256_add_epi8(distances, count);
    }
    let distances = _mm256_or_si256(distances, load_bytes(&BEYOND, CHUNK - length));
    let lanes = load_bytes(&sorted.lanes, start);
    let keys = _mm256_min_epu16(_mm256_unpacklo_epi8(lanes, distances), _mm256_unpackhi_epi8(lanes, distances));
    let keys = _mm_min_epu16(_mm256_castsi256_si128(keys), _mm256_extracti128_si256::<1>(keys));
    _mm_cvtsi128_si32(_mm_minpos_epu16(keys)) as u16
}

/// Loaded from place 32 - n, this leaves n places as they are and puts the others out of reach.
static BEYOND: [u8; 2 * CHUNK] = {
    let mut mask = [0; 2 * CHUNK];
    let mut place = CHUNK;
    while place < 2 * CHUNK {
        mask[place] = 0xff;
        place += 1;
    }
    mask
};

/// Largest support and the first lane that has it.
#[target_feature(enable = "avx2")]
fn pass_b(probe: &Probe, lanes: &Lanes) -> (u16, Option<u8>) {
    let mut best = 0;
    let mut reference_lane = None;
    let mut rest = lanes.occupied;
    while rest != 0 {
        let j = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        let sum = support(probe.rotation(rotation_index(lanes.d[j] as i8)), lanes, j);
        if sum > best {
            best = sum;
            reference_lane = Some(j as u8);
        }
    }
    (best, reference_lane)
}

/// sum_j: the weight of all lanes that agree with the rotation and translation of lane `j`.
#[target_feature(enable = "avx2")]
fn support(row: &RotationRow, lanes: &Lanes, j: usize) -> u16 {
    let (ex, ey) = (lanes.gx[j] - row.x[j], lanes.gy[j] - row.y[j]);
    let (ex, ey, d) = (_mm256_set1_epi16(ex - 12), _mm256_set1_epi16(ey - 12), _mm256_set1_epi16(lanes.d[j] - 16));
    let (window, turn) = (_mm256_set1_epi16(23), _mm256_set1_epi16(31));
    let mut total = _mm256_setzero_si256();
    for at in (0..LANES).step_by(16) {
        let fx = _mm256_sub_epi16(_mm256_sub_epi16(load_words(&lanes.gx, at), load_words(&row.x, at)), ex);
        let fy = _mm256_sub_epi16(_mm256_sub_epi16(load_words(&lanes.gy, at), load_words(&row.y, at)), ey);
        let turned = _mm256_sub_epi16(load_words(&lanes.d, at), d);
        let agrees = _mm256_and_si256(
            _mm256_and_si256(at_most(fx, window), at_most(fy, window)),
            _mm256_and_si256(at_most(turned, turn), load_words(&lanes.weights, at)),
        );
        total = _mm256_add_epi16(total, agrees);
    }
    // Three weights of at most 63 leave the high byte of each word zero, so bytes may be added.
    horizontal_sum(_mm256_sad_epu8(total, _mm256_setzero_si256()))
}

/// All ones in the words whose value is at most `limit`, both taken as unsigned.
#[target_feature(enable = "avx2")]
fn at_most(values: __m256i, limit: __m256i) -> __m256i {
    _mm256_cmpeq_epi16(_mm256_min_epu16(values, limit), values)
}

/// Sum of the four 64-bit numbers, which fits 16 bits here.
#[target_feature(enable = "avx2")]
fn horizontal_sum(values: __m256i) -> u16 {
    let pair = _mm_add_epi64(_mm256_castsi256_si128(values), _mm256_extracti128_si256::<1>(values));
    _mm_cvtsi128_si32(_mm_add_epi64(pair, _mm_unpackhi_epi64(pair, pair))) as u16
}

/// The 32 bytes from `start`.
#[target_feature(enable = "avx2")]
fn load_bytes<const N: usize>(bytes: &[u8; N], start: usize) -> __m256i {
    let chunk: &[u8; CHUNK] = bytes[start..].first_chunk().expect("32 bytes from the start");
    // SAFETY: `chunk` is 32 readable bytes, and this load needs no alignment.
    unsafe { _mm256_loadu_si256(chunk.as_ptr().cast()) }
}

/// The 16 words from `start`.
#[target_feature(enable = "avx2")]
fn load_words(words: &[i16; LANES], start: usize) -> __m256i {
    let chunk: &[i16; CHUNK / 2] = words[start..].first_chunk().expect("16 words from the start");
    // SAFETY: `chunk` is 32 readable bytes, and this load needs no alignment.
    unsafe { _mm256_loadu_si256(chunk.as_ptr().cast()) }
}
