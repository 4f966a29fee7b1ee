//! False match and false non-match rates over all thresholds.
//!
//! At a threshold t, FMR is the share of non-mated comparisons with a score of t or more and FNMR the share of
//! mated comparisons below t. Each distinct score is a threshold, and so is one above all scores; a tie between a
//! mated and a non-mated comparison thus costs both.

use serde::Serialize;

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The score, higher is more similar.
    pub score: f64,
    /// Finger of the probe.
    pub probe: usize,
    /// Finger of the reference: the same for mates.
    pub reference: usize,
}

impl Scored {
    fn is_mated(&self) -> bool {
        self.probe == self.reference
    }
}

/// An operating point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Scores of this and more are matches.
    pub threshold: f64,
    /// False match rate, 0..=1.
    pub fmr: f64,
    /// False non-match rate, 0..=1.
    pub fnmr: f64,
}

/// FNMR at a limited FMR: the lowest at any threshold that keeps FMR at or below the limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct AtFmr<T> {
    /// At FMR 1 % (FMR100).
    #[serde(rename = "1e-2")]
    pub percent: T,
    /// At FMR 0.1 % (FMR1000).
    #[serde(rename = "1e-3")]
    pub per_thousand: T,
    /// At FMR 0.01 % (FMR10000).
    #[serde(rename = "1e-4")]
    pub per_ten_thousand: T,
    /// Without any false match (ZeroFMR).
    pub zero: T,
}

/// The figures that a comparison experiment is reported with, as fractions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Figures<T> {
    /// Equal error rate: where FMR and FNMR meet, on the line between the operating points on either side.
    pub eer: T,
    /// FNMR at limited FMRs.
    pub fnmr_at_fmr: AtFmr<T>,
}

impl<T> Figures<T> {
    /// Applies `change` to each figure.
    pub fn map<U>(&self, mut change: impl FnMut(&T) -> U) -> Figures<U> {
        let at = &self.fnmr_at_fmr;
        Figures {
            eer: change(&self.eer),
            fnmr_at_fmr: AtFmr {
                percent: change(&at.percent),
                per_thousand: change(&at.per_thousand),
                per_ten_thousand: change(&at.per_ten_thousand),
                zero: change(&at.zero),
            },
        }
    }

    /// The figures in the order in which they are reported.
    pub fn list(&self) -> [&T; 5] {
        let at = &self.fnmr_at_fmr;
        [&self.eer, &at.percent, &at.per_thousand, &at.per_ten_thousand, &at.zero]
    }
}

/// Comparisons from the highest score down.
#[derive(Debug, Clone)]
pub struct Comparisons {
    sorted: Vec<Scored>,
    genuine: usize,
}

impl Comparisons {
    /// Sorts them.
    pub fn new(mut scored: Vec<Scored>) -> Self {
        scored.sort_by(|a, b| b.score.total_cmp(&a.score));
        let genuine = scored.iter().filter(|s| s.is_mated()).count();
        Self { sorted: scored, genuine }
    }

    /// Number of mated comparisons.
    pub fn genuine(&self) -> usize {
        self.genuine
    }

    /// Number of non-mated comparisons.
    pub fn impostor(&self) -> usize {
        self.sorted.len() - self.genuine
    }

    /// The scores of all mated or of all non-mated comparisons, from the highest down.
    pub fn scores(&self, mated: bool) -> impl Iterator<Item = f64> + '_ {
        self.sorted.iter().filter(move |s| s.is_mated() == mated).map(|s| s.score)
    }

    /// Every operating point, from the threshold above all scores down.
    pub fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        self.walk(|_| 1, |point| points.push(point));
        points
    }

    /// The figures, or `None` without comparisons of both kinds.
    pub fn figures(&self) -> Option<Figures<f64>> {
        self.weighted_figures(|_| 1)
    }

    /// The figures if comparisons counted as often as `weight` says.
    pub fn weighted_figures(&self, weight: impl Fn(&Scored) -> u64) -> Option<Figures<f64>> {
        let mut figures = Figures::default();
        let mut eer = None;
        let mut last: Option<Point> = None;
        let any = self.walk(weight, |point| {
            let at = &mut figures.fnmr_at_fmr;
            for (limit, figure) in [
                (1e-2, &mut at.percent),
                (1e-3, &mut at.per_thousand),
                (1e-4, &mut at.per_ten_thousand),
                (0.0, &mut at.zero),
            ] {
                if point.fmr <= limit {
                    *figure = point.fnmr;
                }
            }
            if let Some(above) = last
                && eer.is_none()
                && point.fmr >= point.fnmr
            {
                eer = Some(crossing(above, point));
            }
            last = Some(point);
        });
        figures.eer = eer?;
        any.then_some(figures)
    }

    /// Calls `each` with every operating point from the highest threshold down; false, without a call, if one kind
    /// of comparison has no weight.
    fn walk(&self, weight: impl Fn(&Scored) -> u64, mut each: impl FnMut(Point)) -> bool {
        let (mut genuine, mut impostor) = (0, 0);
        for scored in &self.sorted {
            *(if scored.is_mated() { &mut genuine } else { &mut impostor }) += weight(scored);
        }
        if genuine == 0 || impostor == 0 {
            return false;
        }
        each(Point { threshold: f64::INFINITY, fmr: 0.0, fnmr: 1.0 });
        let (mut accepted, mut falsely) = (0, 0);
        for (nth, scored) in self.sorted.iter().enumerate() {
            *(if scored.is_mated() { &mut accepted } else { &mut falsely }) += weight(scored);
            if self.sorted.get(nth + 1).is_none_or(|next| next.score < scored.score) {
                each(Point {
                    threshold: scored.score,
                    fmr: falsely as f64 / impostor as f64,
                    fnmr: (genuine - accepted) as f64 / genuine as f64,
                });
            }
        }
        true
    }
}

/// Where FMR and FNMR are equal on the line between two operating points on either side.
fn crossing(above: Point, below: Point) -> f64 {
    let (before, after) = (above.fnmr - above.fmr, below.fmr - below.fnmr); // positive, and zero or more
    above.fmr + (below.fmr - above.fmr) * before / (before + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparisons(genuine: &[f64], impostor: &[f64]) -> Comparisons {
        let mated = genuine.iter().map(|&score| Scored { score, probe: 0, reference: 0 });
        let other = impostor.iter().map(|&score| Scored { score, probe: 0, reference: 1 });
        Comparisons::new(mated.chain(other).collect())
    }

    fn assert_figures(genuine: &[f64], impostor: &[f64], expected: [f64; 5]) {
        let figures = comparisons(genuine, impostor).figures().unwrap();
        for (found, expected) in figures.list().into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{figures:?}, expected {expected}");
        }
    }

    #[test]
    fn separate_scores_have_no_errors() {
        assert_figures(&[5.0, 6.0, 7.0], &[1.0, 2.0, 3.0, 4.0], [0.0; 5]);
    }

    #[test]
    fn reversed_scores_have_nothing_else() {
        assert_figures(&[1.0, 2.0], &[3.0, 4.0], [1.0; 5]);
    }

    #[test]
    fn operating_points_are_counted_by_hand() {
        // 9g 8i 7g 6g 5i 4i 3g 2i: five thresholds matter below.
        let found = comparisons(&[9.0, 7.0, 6.0, 3.0], &[8.0, 5.0, 4.0, 2.0]);
        assert_eq!((found.genuine(), found.impostor()), (4, 4));
        let points: Vec<_> = found.points().iter().map(|p| (p.threshold, p.fmr, p.fnmr)).collect();
        assert_eq!(
            points,
            [
                (f64::INFINITY, 0.0, 1.0),
                (9.0, 0.0, 0.75),
                (8.0, 0.25, 0.75),
                (7.0, 0.25, 0.5),
                (6.0, 0.25, 0.25),
                (5.0, 0.5, 0.25),
                (4.0, 0.75, 0.25),
                (3.0, 0.75, 0.0),
                (2.0, 1.0, 0.0),
            ]
        );
        assert_figures(&[9.0, 7.0, 6.0, 3.0], &[8.0, 5.0, 4.0, 2.0], [0.25, 0.75, 0.75, 0.75, 0.75]);
    }

    #[test]
    fn the_equal_error_rate_lies_between_two_points() {
        // From (FMR 0, FNMR 2/3) to (1/2, 2/3) to (1/2, 1/3): crossing on the upright line, at FMR 1/2.
        assert_figures(&[9.0, 7.0, 1.0], &[8.0, 2.0], [0.5, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]);
        // A tie moves both at once, from (0, 1) to (1/4, 0): on that line they meet at 1/5.
        assert_figures(&[5.0, 5.0], &[5.0, 1.0, 1.0, 1.0], [0.2, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn ties_count_against_mates() {
        // No threshold accepts the mate at 5 without the non-mate at 5: from (0, 1/2) to (1/2, 0).
        assert_figures(&[5.0, 6.0], &[5.0, 1.0], [0.25, 0.5, 0.5, 0.5, 0.5]);
    }

    #[test]
    fn limits_are_kept_and_used_up() {
        // One of 100 non-mates above the lower mate: allowed at 1 %, not at 0.1 %.
        let mut impostor = vec![0.0; 99];
        impostor.push(7.0);
        assert_figures(&[8.0, 6.0], &impostor, [0.01, 0.0, 0.5, 0.5, 0.5]);
        // Two of 100 are too many at 1 %.
        impostor[0] = 7.5;
        assert_figures(&[8.0, 6.0], &impostor, [0.02, 0.5, 0.5, 0.5, 0.5]);
        // One of 1000 and one of 10000.
        let mut impostor = vec![0.0; 999];
        impostor.push(7.0);
        assert_figures(&[8.0, 6.0], &impostor, [0.001, 0.0, 0.0, 0.5, 0.5]);
        impostor.extend(vec![0.0; 9000]);
        assert_figures(&[8.0, 6.0], &impostor, [0.0001, 0.0, 0.0, 0.0, 0.5]);
    }

    #[test]
    fn weights_are_as_repetitions() {
        let repeated = comparisons(&[9.0, 9.0, 4.0], &[8.0, 8.0, 8.0, 1.0]).figures();
        let weigh = |s: &Scored| {
            if s.score > 8.5 {
                2
            } else if s.score > 7.5 {
                3
            } else {
                1
            }
        };
        let weighted = comparisons(&[9.0, 4.0], &[8.0, 1.0]).weighted_figures(weigh);
        assert_eq!(weighted, repeated);
        assert!(repeated.is_some());
    }

    #[test]
    fn rates_need_both_kinds() {
        assert_eq!(comparisons(&[1.0], &[]).figures(), None);
        assert_eq!(comparisons(&[], &[1.0]).figures(), None);
        assert_eq!(comparisons(&[2.0], &[1.0]).weighted_figures(|s| u64::from(s.is_mated())), None);
    }
}
