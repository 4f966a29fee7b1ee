//! The background of a probe: how well it resembles everybody (MATCHER 5, item 6).

use whorl_layout::HISTOGRAM_SHIFT;

/// Comparisons from which on a search has a background: with fewer, the share below is that of a handful of references,
/// one of which may be the mate. Their background is unknown, and evidence is that of a probe of mean background
/// ([`whorl_matcher::calibration`]).
pub const BACKGROUND_COMPARISONS_MIN: u64 = 1000;

/// Share of a search's comparisons that exceed its background.
const SHARE: f64 = 0.005;

/// TH: the score16 that 0.5 % of a search's comparisons exceed, from the histogram of its answer. Within a bin of 32
/// scores comparisons are taken as evenly spread, so the value is off by less than 32. `None` of fewer comparisons than
/// [`BACKGROUND_COMPARISONS_MIN`].
pub fn background(histogram: &[u64], comparisons: u64) -> Option<u16> {
    if comparisons < BACKGROUND_COMPARISONS_MIN {
        return None;
    }
    let wanted = SHARE * comparisons as f64;
    let mut above = 0.0;
    for (bin, &count) in histogram.iter().enumerate().rev() {
        let count = count as f64;
        if above + count >= wanted {
            let share_of_bin = if count > 0.0 { (wanted - above) / count } else { 0.0 };
            let score = (bin as f64 + 1.0 - share_of_bin) * f64::from(1_u32 << HISTOGRAM_SHIFT);
            return Some(score.min(f64::from(u16::MAX)) as u16);
        }
        above += count;
    }
    Some(0)
}

/// The background of each of `fingers` fingers. One that was not searched has the largest of those that were: its own may be
/// smaller, so a first pass of few fingers never makes evidence look stronger on average.
pub(super) fn of_all(fingers: usize, found: impl Iterator<Item = (usize, Option<u16>)>) -> Vec<Option<u16>> {
    let found: Vec<_> = found.collect();
    let largest = found.iter().filter_map(|&(_, background)| background).max();
    let mut all = vec![largest; fingers];
    for (finger, background) in found {
        all[finger] = background;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_layout::HISTOGRAM_BINS;

    #[test]
    fn half_a_percent_of_the_comparisons_exceed_the_background() {
        // Scores 4, 12, 20, ...: evenly spread, also within a bin.
        let mut histogram = vec![0; HISTOGRAM_BINS];
        for place in 0..2000_usize {
            histogram[(place * 8 + 4) >> HISTOGRAM_SHIFT] += 1;
        }
        let found = background(&histogram, 2000).expect("enough comparisons");
        let exceed = (0..2000).filter(|place| place * 8 + 4 > usize::from(found)).count();
        assert_eq!(exceed, 10, "{found}");
    }

    #[test]
    fn a_crowded_bin_is_divided() {
        let mut histogram = vec![0; HISTOGRAM_BINS];
        (histogram[0], histogram[10], histogram[511]) = (9900, 90, 10);
        // 50 of 10,000: the 10 of the last bin and 40 of the 90 from 320 to 352.
        assert_eq!(background(&histogram, 10_000), Some(337));
        (histogram[10], histogram[511]) = (0, 100);
        assert_eq!(background(&histogram, 10_000), Some(16_368));
    }

    #[test]
    fn a_small_gallery_has_no_background() {
        let mut histogram = vec![0; HISTOGRAM_BINS];
        histogram[20] = 999;
        assert_eq!(background(&histogram, 999), None);
        histogram[20] = 1000;
        assert_eq!(background(&histogram, 1000), Some(671));
        assert_eq!(background(&[], 5000), Some(0));
    }

    #[test]
    fn fingers_that_were_not_searched_have_the_largest_background() {
        let found = [(1, Some(300)), (3, Some(200))];
        assert_eq!(of_all(4, found.into_iter()), [300, 300, 300, 200].map(Some));
        assert_eq!(of_all(2, [(1, None)].into_iter()), [None, None]);
    }
}
