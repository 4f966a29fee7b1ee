//! The last step of a comparison: from the best support to a score that forgets the sizes.

use whorl_layout::RECORD_MINUTIAE_MAX;

/// KN of MATCHER 3: weight by number of minutiae, floor(256 * (32 / max(n, 8))^0.4 + 0.5).
#[rustfmt::skip]
const SIZE_WEIGHTS: [u16; RECORD_MINUTIAE_MAX + 1] = [
    446, 446, 446, 446, 446, 446, 446, 446, 446, 425, 408, 392, 379, 367, 356, 347, 338, 330, 322, 315,
    309, 303, 297, 292, 287, 283, 278, 274, 270, 266, 263, 259, 256, 253, 250, 247, 244, 242, 239, 237,
    234, 232, 230, 227, 225, 223, 221, 220, 218, 216, 214, 212, 211, 209, 208, 206, 205, 203, 202, 200,
    199, 198, 196, 195, 194, 193, 192, 190, 189, 188, 187, 186, 185, 184, 183, 182, 181, 180, 179, 178,
    177, 177, 176, 175, 174, 173, 172, 172, 171, 170, 169, 169, 168, 167, 166, 166, 165,
];

/// Outcome of one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparison {
    /// The comparison score (`score16`), 0..=65535; higher is more similar.
    pub score: u16,
    /// Largest support of any lane, 0..=3024.
    pub best: u16,
    /// First lane that reached `best`; `None` if no lane found a partner.
    pub reference_lane: Option<u8>,
}

/// `score16` of a probe of `probe_count` (0..=48) and a reference of `reference_count` (0..=96)
/// minutiae whose best support is `best` (0..=3024).
pub(crate) fn score16(best: u16, probe_count: usize, reference_count: usize) -> u16 {
    // At most 3024 * 446 * 446 < 2^30.
    let product = u32::from(best) * u32::from(SIZE_WEIGHTS[probe_count]) * u32::from(SIZE_WEIGHTS[reference_count]);
    (product >> 12).min(u16::MAX.into()) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_weights_follow_their_formula() {
        for (count, &weight) in SIZE_WEIGHTS.iter().enumerate() {
            let exact = 256.0 * (32.0 / count.max(8) as f64).powf(0.4) + 0.5;
            assert_eq!(weight, exact.floor() as u16, "{count} minutiae");
        }
    }

    #[test]
    fn the_score_saturates_at_sixteen_bits() {
        assert_eq!(score16(3024, 1, 1), u16::MAX);
        assert_eq!(score16(1349, 1, 1), 65512);
        assert_eq!(score16(1350, 1, 1), u16::MAX);
        assert_eq!(score16(0, 48, 96), 0);
    }
}
