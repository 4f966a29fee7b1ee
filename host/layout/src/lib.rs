//! Constants and wire structs that hardware and software share: generated from `spec/`, written by driver and card, read by both.
//!
//! Nothing here decides anything. Names, offsets and meanings stand in `spec/*.rdl`; `docs/wire-formats.md` and
//! `docs/registers.md` show them in tables. All integers are little endian.

#[allow(clippy::doc_markdown, clippy::unreadable_literal)] // generated text
mod generated;

pub use generated::*;

use zerocopy::little_endian::U32;

/// Bits `shift..shift + width` of a word.
const fn bits(word: U32, shift: u32, width: u32) -> u32 {
    (word.get() >> shift) & mask(width)
}

/// The word with bits `shift..shift + width` replaced by the low bits of `value`.
const fn with_bits(word: U32, shift: u32, width: u32, value: u32) -> U32 {
    U32::new(word.get() & !(mask(width) << shift) | ((value & mask(width)) << shift))
}

const fn mask(width: u32) -> u32 {
    u32::MAX >> (32 - width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_field_keeps_its_neighbours() {
        let mut line = RecordLine { tail: U32::new(u32::MAX), ..RecordLine::default() };
        line.set_line(0);
        assert_eq!(line.tail.get(), !(0x1f << 26));
        line.set_line(0xffff_ffff);
        assert_eq!(line.tail.get(), u32::MAX);
        assert_eq!((line.count(), line.line(), line.last()), (3, 31, 1));
    }

    #[test]
    fn derived_limits_agree() {
        assert_eq!(PROBE_IMAGE_LINES, PROBE_LINES + ROTATIONS * ROTATION_LINES);
        assert_eq!(PROBE_IMAGE_BYTES, PROBE_IMAGE_LINES * LINE_BYTES);
        assert_eq!(ROTATION_LINES * LINE_BYTES, LANES * size_of::<Rotation>());
        assert_eq!(RECORD_LINES_MAX, RECORD_MINUTIAE_MAX.div_ceil(LINE_MINUTIAE));
        assert_eq!(PROBE_LINES, LANES.div_ceil(LINE_MINUTIAE));
        let lines = RESULT_HEADER_LINES + RESULT_HISTOGRAM_LINES + (TOP_K_MAX * CANDIDATE_BYTES).div_ceil(LINE_BYTES);
        assert_eq!(RESULT_BYTES_MAX, lines * LINE_BYTES);
        assert_eq!(RESULT_HISTOGRAM_LINES * LINE_BYTES, HISTOGRAM_BINS * 4);
        assert_eq!([SQE_BYTES, CQE_BYTES, EXTENT_BYTES], [size_of::<Sqe>(), size_of::<Cqe>(), size_of::<Extent>()]);
        assert_eq!(size_of::<Candidate>(), CANDIDATE_BYTES);
    }

    #[test]
    fn every_named_status_is_read_back_and_no_other() {
        let named = (0..=255u8).filter(|&b| Status::from_byte(b).is_some_and(|s| s as u8 == b)).count();
        assert_eq!(named, 14);
    }
}
