//! Result blocks as the card wrote them, checked field by field: nothing here trusts the card.

use std::collections::BTreeSet;

use whorl_layout::{
    CANDIDATE_BYTES, HISTOGRAM_BINS, HISTOGRAM_SHIFT, LINE_BYTES, RESULT_HEADER_LINES, RESULT_HISTOGRAM_LINES,
    ResultHeader,
};
use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use crate::DeviceInfo;
use crate::error::DeviceError;
use crate::search::SearchRequest;

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchOutcome {
    /// One block per stream and probe of the mask, by stream, then by probe slot.
    pub blocks: Vec<ResultBlock>,
    /// Card cycles from dispatch to completion, modulo 2^32.
    pub cycles: u32,
}

/// What one stream found for one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultBlock {
    /// Stream that made the comparisons.
    pub stream: u8,
    /// Slot of the probe that was compared.
    pub probe_slot: u8,
    /// Comparisons made: records that this stream was dealt.
    pub comparisons: u32,
    /// Comparisons whose score reached the threshold.
    pub passed: u32,
    /// Comparisons by score: bin = min(511, score16 >> 5).
    pub histogram: Vec<u32>,
    /// The best `top_k` of the comparisons that reached the threshold, best first; equal scores by gallery index.
    pub candidates: Vec<Candidate>,
    /// Records of known-answer extents compared.
    pub known_answers: u16,
    /// Over their scores in the order of the request: `signature = signature.rotate_left(5) ^ score`, from 0.
    pub known_answer_signature: u32,
    /// Where the card's time went.
    pub statistics: StreamStatistics,
}

/// One reference of the candidate list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Gallery index of the reference.
    pub index: u32,
    /// Coarse comparison score score16; higher is more similar.
    pub score: u16,
}

/// Cycles and volumes of one stream in one search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStatistics {
    /// Cycles while extents were dealt and streamed.
    pub cycles: u64,
    /// Gallery minutiae accepted.
    pub minutiae: u64,
    /// Cycles without a line to read.
    pub stall_starved: u64,
    /// Cycles that waited for an engine's consistency pass.
    pub stall_engine: u64,
    /// Cycles that waited for scores to be collected.
    pub stall_collect: u64,
    /// Lines read.
    pub lines: u32,
}

/// Parses the blocks of `request` from `memory`, a copy of the result buffer.
pub(crate) fn parse(
    request: &SearchRequest,
    info: &DeviceInfo,
    memory: &[u8],
) -> Result<Vec<ResultBlock>, DeviceError> {
    let stride = request.result_stride();
    let mut blocks = Vec::new();
    for stream in 0..info.streams {
        for probe_slot in (0..info.probes).filter(|slot| request.probe_mask >> slot & 1 == 1) {
            let place = (usize::from(stream) * usize::from(info.probes) + usize::from(probe_slot)) * stride;
            let block = parse_block(request, stream, probe_slot, &memory[place..place + stride]).map_err(|what| {
                DeviceError::Protocol { what: format!("result of stream {stream}, probe slot {probe_slot}: {what}") }
            })?;
            blocks.push(block);
        }
    }
    let records = request.records(false);
    for probe_slot in (0..info.probes).filter(|slot| request.probe_mask >> slot & 1 == 1) {
        let of_probe = blocks.iter().filter(|block| block.probe_slot == probe_slot);
        let comparisons: u64 = of_probe.map(|block| u64::from(block.comparisons)).sum();
        if comparisons != records {
            let what = format!("probe slot {probe_slot} was compared {comparisons} times with {records} records");
            return Err(DeviceError::Protocol { what });
        }
    }
    Ok(blocks)
}

fn parse_block(request: &SearchRequest, stream: u8, probe_slot: u8, block: &[u8]) -> Result<ResultBlock, String> {
    let (head, rest) = block.split_at(RESULT_HEADER_LINES * LINE_BYTES);
    let (bins, list) = rest.split_at(RESULT_HISTOGRAM_LINES * LINE_BYTES);
    let header = ResultHeader::read_from_bytes(head).map_err(|_| "its header is short".to_owned())?;
    if (header.stream, header.probe_slot) != (stream, probe_slot) {
        return Err(format!("it names stream {}, probe slot {}", header.stream, header.probe_slot));
    }
    let known = request.records(true);
    if u64::from(header.known_answers.get()) != known {
        return Err(format!("{} known answers instead of {known}", header.known_answers));
    }
    let (comparisons, passed) = (header.comparisons.get(), header.passed.get());
    if passed > comparisons {
        return Err(format!("{passed} of {comparisons} comparisons passed the threshold"));
    }
    let expected = passed.min(request.top_k.into());
    if header.candidates.get() != expected {
        return Err(format!("{} candidates instead of {expected}", header.candidates));
    }
    let histogram: Vec<u32> = bins.chunks_exact(4).map(|bin| U32::read_from_bytes(bin).map_or(0, U32::get)).collect();
    debug_assert_eq!(histogram.len(), HISTOGRAM_BINS);
    let binned: u64 = histogram.iter().map(|&count| u64::from(count)).sum();
    if binned != u64::from(comparisons) {
        return Err(format!("the histogram counts {binned} of {comparisons} comparisons"));
    }
    let candidates = parse_candidates(request, &list[..expected as usize * CANDIDATE_BYTES])?;
    check_against_histogram(request, passed, &histogram, &candidates)?;
    Ok(ResultBlock {
        stream,
        probe_slot,
        comparisons,
        passed,
        histogram,
        candidates,
        known_answers: header.known_answers.get(),
        known_answer_signature: header.known_answer_signature.get(),
        statistics: StreamStatistics {
            cycles: header.cycles.get(),
            minutiae: header.minutiae.get(),
            stall_starved: header.stall_starved.get(),
            stall_engine: header.stall_engine.get(),
            stall_collect: header.stall_collect.get(),
            lines: header.lines.get(),
        },
    })
}

/// Fails unless threshold, list and histogram tell of the same scores: the list has all of the best bins and nothing that
/// a bin does not count.
fn check_against_histogram(
    request: &SearchRequest,
    passed: u32,
    histogram: &[u32],
    candidates: &[Candidate],
) -> Result<(), String> {
    let bin = |score: u16| usize::from(score >> HISTOGRAM_SHIFT).min(HISTOGRAM_BINS - 1);
    let count = |bins: &[u32]| bins.iter().map(|&count| u64::from(count)).sum::<u64>();
    let threshold = bin(request.threshold);
    let surely = count(&histogram[threshold + 1..]);
    let at_most = count(&histogram[threshold..]);
    if !(surely..=at_most).contains(&passed.into()) {
        return Err(format!("{passed} comparisons passed, of which the histogram has {surely} to {at_most}"));
    }
    let mut listed = vec![0_u32; HISTOGRAM_BINS];
    for candidate in candidates {
        listed[bin(candidate.score)] += 1;
    }
    // Where the list was cut off, the worst one's bin may have more than is listed; of all above it, it has all.
    let whole = passed as usize == candidates.len();
    let worst = candidates.last().map_or(HISTOGRAM_BINS, |candidate| bin(candidate.score));
    let complete = if whole { threshold + 1 } else { worst + 1 };
    for (bin, (&listed, &counted)) in listed.iter().zip(histogram).enumerate() {
        if listed > counted || bin >= complete && listed < counted {
            return Err(format!("it lists {listed} candidates of histogram bin {bin}, which counts {counted}"));
        }
    }
    Ok(())
}

fn parse_candidates(request: &SearchRequest, list: &[u8]) -> Result<Vec<Candidate>, String> {
    let mut candidates = Vec::with_capacity(list.len() / CANDIDATE_BYTES);
    let mut seen = BTreeSet::new();
    for entry in list.chunks_exact(CANDIDATE_BYTES) {
        let entry = whorl_layout::Candidate::read_from_bytes(entry).map_err(|_| "a candidate is short".to_owned())?;
        let (index, score) = (entry.index.get(), entry.score.get());
        if score < request.threshold {
            return Err(format!("candidate {index} has score {score} below the threshold {}", request.threshold));
        }
        if !request.extents.iter().any(|extent| extent.holds(index)) {
            return Err(format!("candidate {index} lies in no extent"));
        }
        if !seen.insert(index) {
            return Err(format!("candidate {index} is listed twice"));
        }
        candidates.push(Candidate { index, score });
    }
    candidates.sort_unstable_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.index));
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether scores of a search for the best `top_k` of threshold 100 fit a histogram of `counted` scores.
    fn fits(top_k: u16, listed: &[u16], counted: &[u16], passed: u32) -> bool {
        let request = SearchRequest {
            probe_mask: 1,
            threshold: 100,
            top_k,
            extents: Vec::new(),
            timeout: std::time::Duration::ZERO,
        };
        let mut histogram = vec![0; HISTOGRAM_BINS];
        for &score in counted {
            histogram[usize::from(score >> HISTOGRAM_SHIFT).min(HISTOGRAM_BINS - 1)] += 1;
        }
        let candidates: Vec<_> = (0..).zip(listed).map(|(index, &score)| Candidate { index, score }).collect();
        check_against_histogram(&request, passed, &histogram, &candidates).is_ok()
    }

    #[test]
    fn a_list_and_a_histogram_of_the_same_scores_fit() {
        // Bins of 32: 100 and 120 share one with 97, which is below the threshold.
        assert!(fits(9, &[20_000, 700, 120, 100], &[5, 97, 100, 120, 700, 20_000], 4));
        assert!(fits(2, &[20_000, 700], &[97, 100, 120, 700, 20_000], 4));
        assert!(fits(3, &[700, 700, 700], &[700, 700, 700, 700], 4));
        assert!(fits(3, &[], &[1, 2], 0));
    }

    #[test]
    fn a_list_that_lacks_has_moved_or_invents_a_score_does_not() {
        // A score moved to another bin, up or down.
        assert!(!fits(9, &[20_000, 732, 120, 100], &[5, 97, 100, 120, 700, 20_000], 4));
        assert!(!fits(2, &[20_000, 668], &[97, 100, 120, 700, 20_000], 4));
        // A better one is missing from a list that was cut off, and from one that was not.
        assert!(!fits(2, &[700, 120], &[100, 120, 700, 20_000], 4));
        assert!(!fits(9, &[20_000, 120], &[100, 120, 700, 20_000], 2));
        // The histogram has fewer, or more, that passed than was said.
        assert!(!fits(1, &[20_000], &[50, 60, 70, 20_000], 3));
        assert!(!fits(1, &[20_000], &[700, 700, 20_000], 2));
    }
}
