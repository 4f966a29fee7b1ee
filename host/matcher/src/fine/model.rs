//! The trained weights: two logistic regressions, of a correspondence and of a comparison, kept as a table with a version.

use std::sync::LazyLock;

use super::{Correspondence, Measurement};

/// Names of the terms that a correspondence is judged by.
pub const MATCH_TERMS: [&str; 14] = [
    "distance",
    "distance squared",
    "angle",
    "angle squared",
    "hamming",
    "hamming squared",
    "support",
    "support squared",
    "distance x support",
    "hamming x support",
    "hamming x distance",
    "displacement",
    "displacement squared",
    "same kind",
];

/// Names of the terms that a comparison is judged by.
pub const COMPARISON_TERMS: [&str; 19] = [
    "coarse root",
    "evidence",
    "evidence for root",
    "evidence for per overlap",
    "warped agreement per overlap",
    "warped agreement root",
    "supported agreement root",
    "supported agreement per match",
    "matches per overlap",
    "matches",
    "displacement",
    "support root",
    "extent",
    "rigidity",
    "agreement root",
    "agreement share",
    "overlap log",
    "rival root",
    "rival share",
];

/// How much of the probe's own background an open-set decision takes off (MATCHER 5, item 6).
const BACKGROUND_WEIGHT: f64 = 0.6;

/// The committed table.
const TABLE: &str = include_str!("../../model/fine.txt");
static CURRENT: LazyLock<Model> = LazyLock::new(|| Model::from_text(TABLE).expect("the committed table is whole"));

/// L': an output as an open-set search judges it, so that probes that resemble everybody need more.
/// `background` is the coarse score that 0.5 % of the search's comparisons exceed (MATCHER 5, item 6).
pub fn open_set(log_odds: f64, background: u16) -> f64 {
    log_odds - BACKGROUND_WEIGHT * f64::from(background) / 256.0
}

/// Weights of the terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What tells outputs of two tables apart, because they do not compare.
    pub version: String,
    /// Bias and weights of a correspondence, in the order of [`MATCH_TERMS`].
    pub matches: (f64, [f64; MATCH_TERMS.len()]),
    /// Bias and weights of a comparison, in the order of [`COMPARISON_TERMS`].
    pub comparison: (f64, [f64; COMPARISON_TERMS.len()]),
    /// Natural-log prior odds of mates in the training set.
    pub prior: f64,
}

/// A table that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the table of fine weights: expected `{expected}`, found `{found}`")]
pub struct ModelError {
    /// Line, counted from 1.
    pub line: usize,
    /// What belongs there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Model {
    /// The weights that this program compares with.
    pub fn current() -> &'static Self {
        &CURRENT
    }

    /// Natural-log prior odds of mates in the training set: what an output exceeds a log-likelihood ratio by.
    pub fn prior_log_odds(&self) -> f64 {
        self.prior
    }

    /// L: natural-log odds that the fingers are mates. Sums run from left to right.
    pub fn log_odds(&self, measurement: &Measurement) -> f64 {
        weighted(&self.comparison, &self.comparison_terms(measurement))
    }

    /// The terms of a correspondence.
    pub fn match_terms(c: &Correspondence) -> [f64; MATCH_TERMS.len()] {
        let (distance, angle, hamming) =
            (c.distance / 12.0, c.angle_difference / 24.0, f64::from(c.hamming) / 64.0);
        let (support, displacement) = (libm::log1p(c.support), c.displacement / 18.0);
        [
            distance,
            distance * distance,
            angle,
            angle * angle,
            hamming,
            hamming * hamming,
            support,
            support * support,
            distance * support,
            hamming * support,
            hamming * distance,
            displacement,
            displacement * displacement,
            f64::from(u8::from(c.same_kind)),
        ]
    }

    /// The terms of a comparison. They depend on the weights of a correspondence, not on those of a comparison.
    pub fn comparison_terms(&self, measurement: &Measurement) -> [f64; COMPARISON_TERMS.len()] {
        let Measurement { features, warped, correspondences, .. } = measurement;
        let (mut evidence, mut evidence_for) = (0.0, 0.0_f64);
        for c in correspondences {
            let each = weighted(&self.matches, &Self::match_terms(c));
            evidence += each;
            evidence_for += each.max(0.0);
        }
        let (overlap, matches) = (warped.overlap.max(1.0), f64::from(warped.matches));
        let merit = warped.merit();
        [
            features.coarse.sqrt(),
            evidence,
            evidence_for.sqrt(),
            evidence_for / overlap,
            warped.agreement / overlap,
            warped.agreement.sqrt(),
            warped.supported_agreement.sqrt(),
            warped.supported_agreement / matches.max(1.0),
            matches / overlap,
            matches,
            warped.displacement,
            features.support.sqrt(),
            features.extent,
            features.rigidity,
            features.agreement.sqrt(),
            features.agreement_share,
            libm::log(overlap),
            warped.rival.sqrt(),
            if merit > 0.0 { warped.rival / merit } else { 0.0 },
        ]
    }

    /// Reads a table: a name and a value per line, in a fixed order.
    ///
    /// # Errors
    /// [`ModelError`] with the first line that is not as it should be.
    pub fn from_text(text: &str) -> Result<Self, ModelError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
        let mut value = |name: &str| {
            let (at, line) = lines.next().unwrap_or((text.lines().count(), ""));
            let fail = || ModelError { line: at + 1, expected: format!("{name} = ..."), found: line.to_owned() };
            let (found, value) = line.split_once(" = ").ok_or_else(fail)?;
            if found == name { Ok((value.to_owned(), fail())) } else { Err(fail()) }
        };
        let (version, _) = value("version")?;
        let mut number = |name: &str| {
            let (text, fail) = value(name)?;
            text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or(fail)
        };
        let prior = number("prior log odds")?;
        let mut matches = (number("match: bias")?, [0.0; MATCH_TERMS.len()]);
        for (weight, name) in matches.1.iter_mut().zip(MATCH_TERMS) {
            *weight = number(&format!("match: {name}"))?;
        }
        let mut comparison = (number("comparison: bias")?, [0.0; COMPARISON_TERMS.len()]);
        for (weight, name) in comparison.1.iter_mut().zip(COMPARISON_TERMS) {
            *weight = number(&format!("comparison: {name}"))?;
        }
        Ok(Self { version, matches, comparison, prior })
    }

    /// The table as [`from_text`](Self::from_text) reads it.
    pub fn to_text(&self) -> String {
        let mut lines = vec![
            format!("version = {}", self.version),
            format!("prior log odds = {}", self.prior),
            format!("match: bias = {}", self.matches.0),
        ];
        lines.extend(self.matches.1.iter().zip(MATCH_TERMS).map(|(w, name)| format!("match: {name} = {w}")));
        lines.push(format!("comparison: bias = {}", self.comparison.0));
        let terms = self.comparison.1.iter().zip(COMPARISON_TERMS);
        lines.extend(terms.map(|(w, name)| format!("comparison: {name} = {w}")));
        lines.join("\n") + "\n"
    }
}

/// Bias and weighted sum, from left to right.
fn weighted<const N: usize>((bias, weights): &(f64, [f64; N]), terms: &[f64; N]) -> f64 {
    weights.iter().zip(terms).fold(*bias, |sum, (weight, term)| sum + weight * term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let model = Model::current();
        assert_eq!(Model::from_text(&model.to_text()).as_ref(), Ok(model));
    }

    #[test]
    fn a_table_with_a_line_amiss_is_refused_with_its_number() {
        let text = Model::current().to_text();
        let without = |nth: usize| {
            text.lines().enumerate().filter(|&(at, _)| at != nth).map(|(_, line)| format!("{line}\n")).collect::<String>()
        };
        for nth in 0..text.lines().count() {
            let error = Model::from_text(&without(nth)).expect_err("a line is missing");
            assert_eq!(error.line, nth + 1, "{error}");
        }
        let error = Model::from_text(&text.replacen("match: bias = ", "match: bias = x", 1)).expect_err("no number");
        assert_eq!(error.line, 3, "{error}");
    }
}
