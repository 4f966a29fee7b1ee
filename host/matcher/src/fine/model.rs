//! The trained weights: a logistic regression over what was measured, kept as a table with a version.

use std::sync::LazyLock;

use super::Measurement;
use crate::table::{self, Reader, TableError};

/// Names of the terms that a comparison is judged by.
pub const TERMS: [&str; 13] = [
    "coarse root",
    "warped agreement per overlap",
    "warped agreement root",
    "supported agreement root",
    "supported agreement per match",
    "matches per overlap",
    "matches",
    "displacement",
    "support root",
    "extent",
    "agreement root",
    "overlap log",
    "rival root",
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
    /// What the sum starts from.
    pub bias: f64,
    /// Weights in the order of [`TERMS`].
    pub weights: [f64; TERMS.len()],
    /// Natural-log prior odds of mates in the training set: what an output exceeds a log-likelihood ratio by.
    pub prior: f64,
}

impl Model {
    /// The weights that this program compares with.
    pub fn current() -> &'static Self {
        &CURRENT
    }

    /// Version and digest: tells any two tables apart, also those that were given one version.
    pub fn label(&self) -> String {
        // FNV-1a of 64 bits: no secret depends on it.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        format!("{} {:016x}", self.version, self.to_text().bytes().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    /// L: natural-log odds that the fingers are mates. Sums run from left to right.
    pub fn log_odds(&self, measurement: &Measurement) -> f64 {
        self.weights.iter().zip(&Self::terms(measurement)).fold(self.bias, |sum, (weight, term)| sum + weight * term)
    }

    /// The terms of a comparison.
    pub fn terms(measurement: &Measurement) -> [f64; TERMS.len()] {
        let Measurement { features, warped, .. } = measurement;
        let (overlap, matches) = (warped.overlap.max(1.0), f64::from(warped.matches));
        [
            features.coarse.sqrt(),
            warped.agreement / overlap,
            warped.agreement.sqrt(),
            warped.supported_agreement.sqrt(),
            warped.supported_agreement / matches.max(1.0),
            matches / overlap,
            matches,
            warped.displacement,
            features.support.sqrt(),
            features.extent,
            features.agreement.sqrt(),
            libm::log(overlap),
            warped.rival.sqrt(),
        ]
    }

    /// Reads a table: a name and a value per line, in a fixed order.
    ///
    /// # Errors
    /// [`TableError`] with the first line that is not as it should be.
    pub fn from_text(text: &str) -> Result<Self, TableError> {
        let mut lines = Reader::new("table of fine weights", text);
        let version = lines.value("version", |text| Some(text.to_owned()))?;
        let prior = lines.value("prior log odds", table::number)?;
        let bias = lines.value("bias", table::number)?;
        let mut weights = [0.0; TERMS.len()];
        for (weight, name) in weights.iter_mut().zip(TERMS) {
            *weight = lines.value(name, table::number)?;
        }
        Ok(Self { version, bias, weights, prior })
    }

    /// The table as [`from_text`](Self::from_text) reads it.
    pub fn to_text(&self) -> String {
        let numbers = [("prior log odds", self.prior), ("bias", self.bias)];
        let weights = TERMS.into_iter().zip(self.weights);
        let numbers = numbers.into_iter().chain(weights).map(|(name, number)| table::line(name, number));
        std::iter::once(table::line("version", &self.version)).chain(numbers).collect()
    }
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
            text.lines()
                .enumerate()
                .filter(|&(at, _)| at != nth)
                .map(|(_, line)| line.to_owned() + "\n")
                .collect::<String>()
        };
        for nth in 0..text.lines().count() {
            let error = Model::from_text(&without(nth)).expect_err("a line is missing");
            assert_eq!(error.line, nth + 1, "{error}");
        }
        let error = Model::from_text(&text.replacen("bias = ", "bias = x", 1)).expect_err("no number");
        assert_eq!(error.line, 3, "{error}");
        let bias = format!("bias = {}", Model::current().bias);
        assert!(Model::from_text(&text.replacen(&bias, "bias = inf", 1)).is_err());
    }
}
