//! Calibration: from the fine stage's output to evidence, and from evidence to expected false matches.
//!
//! # One pair of fingers
//! `llr = bias + slope * L - background weight * (TH - TH0) / 256`, a natural-log likelihood ratio. L is the fine stage's
//! output, TH the probe's background (MATCHER 5, item 6) and TH0 the mean background of the training set. A search of too few
//! references to have a background takes TH0, so evidence does not jump where a gallery grows large enough for one.
//!
//! # One subject
//! FMR of `n` fused fingers at a ratio: the share of comparisons with another person's `n` fingers that reach it. The table has,
//! for each number of fingers, the ratios at which FMR is 0.1, 0.01, ... down to [`FMR_MIN`]; between them the logarithm is
//! linear, above the first it goes on as between the first two, at most to 1, and beyond the last it stays at [`FMR_MIN`]:
//! smaller rates are never claimed. A search of `N` subjects has FPIR = 1 - (1 - FMR)^N. Non-mates of one probe
//! depend on each other, which makes the true FPIR at a mean FMR smaller than that.
//!
//! # What it is worth
//! `whorl train --calibration` makes the table from non-mated comparisons by weights that did not see them. One finger: as
//! observed where 0.5 % of comparisons or more exceed a ratio, an exponential tail beyond. Several: sums of as many
//! independent fingers, clipped below as fusion does. Fingers of one person are not quite independent, and no comparison of several
//! real fingers was observed. Limits hold 95 % of a bootstrap over fingers and extractors; they do not hold what another sensor, extractor or
//! population does. MATCHER 7 found such tails optimistic by up to 4 times on databases that were not used.

use std::sync::LazyLock;

use crate::fusion::LLR_MAX;
use crate::table::{self, Reader, TableError};

/// Numbers of fingers that the table knows, from 1; more are taken as so many.
pub const FINGERS_MAX: usize = 10;
/// Ratios per number of fingers: at FMR 10^-1 to 10^-12.
pub const LEVELS: usize = 12;
/// Smallest FMR that is ever claimed, 10^-[`LEVELS`].
pub const FMR_MIN: f64 = 1e-12;

/// The committed table.
const TABLE: &str = include_str!("../model/calibration.txt");
static CURRENT: LazyLock<Calibration> =
    LazyLock::new(|| Calibration::from_text(TABLE).expect("the committed table is whole"));

/// An expected rate as a fraction, with its limits at 95 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The rate.
    pub value: f64,
    /// Its lower limit.
    pub low: f64,
    /// Its upper limit.
    pub high: f64,
}

impl Estimate {
    fn map(self, to: impl Fn(f64) -> f64) -> Self {
        Self { value: to(self.value), low: to(self.low), high: to(self.high) }
    }
}

/// The non-mated tail of one number of fingers, at FMR 10^-1, 10^-2, ...
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// Fused ratios at those rates, ascending.
    pub llr: [f64; LEVELS],
    /// Lower limits of log10 FMR at those ratios, not ascending.
    pub low: [f64; LEVELS],
    /// Upper limits of log10 FMR at those ratios, not ascending.
    pub high: [f64; LEVELS],
}

impl Tail {
    /// log10 FMR at a fused ratio, and its limits.
    fn log_rate(&self, llr: f64) -> Estimate {
        let last = LEVELS - 1;
        if llr >= self.llr[last] {
            return Estimate { value: -(LEVELS as f64), low: self.low[last], high: self.high[last] };
        }
        // Below the first ratio as between the first two.
        let nth = self.llr[1..last].iter().take_while(|&&at| at <= llr).count();
        let share = (llr - self.llr[nth]) / (self.llr[nth + 1] - self.llr[nth]);
        let between = |from: f64, to: f64| (from + share * (to - from)).min(0.0);
        let value = between(-(nth as f64 + 1.0), -(nth as f64 + 2.0));
        let (low, high) = (between(self.low[nth], self.low[nth + 1]), between(self.high[nth], self.high[nth + 1]));
        Estimate { value, low: low.min(value), high: high.max(value) }
    }

    /// The fused ratio at a log10 FMR that is not below that of [`FMR_MIN`].
    fn at(&self, log_rate: f64) -> f64 {
        let place = -log_rate - 1.0;
        let nth = (place.max(0.0) as usize).min(LEVELS - 2);
        self.llr[nth] + (place - nth as f64) * (self.llr[nth + 1] - self.llr[nth])
    }
}

/// The tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// What tells ratios and rates of two tables apart.
    pub version: String,
    /// Version and digest of the fine weights whose outputs it calibrates ([`crate::fine::Model::label`]).
    pub fine: String,
    /// Ratio of an output of 0 at the mean background.
    pub bias: f64,
    /// What a unit of the fine stage's output adds, above 0.
    pub slope: f64,
    /// What 256 of a probe's background take off, 0 or more.
    pub background_weight: f64,
    /// TH0: the mean background of the training set, score16.
    pub background_mean: f64,
    /// By number of fingers, from 1.
    pub tails: Vec<Tail>,
}

impl Calibration {
    /// The tables that this program uses.
    pub fn current() -> &'static Self {
        &CURRENT
    }

    /// Natural-log likelihood ratio of one pair of fingers, not yet clipped, from the fine stage's output and the coarse score
    /// that 0.5 % of the probe's comparisons exceed, where that is known.
    pub fn llr(&self, log_odds: f64, background: Option<u16>) -> f64 {
        let beyond = background.map_or(0.0, |background| f64::from(background) - self.background_mean);
        self.bias + self.slope * log_odds - self.background_weight * (beyond / 256.0)
    }

    /// FMR: the expected share of other subjects that reach `llr` by so many fused fingers, [`FMR_MIN`]..=1. A ratio that is no
    /// number is reached by nobody's evidence, and counts as everybody's: rate 1.
    pub fn false_match_rate(&self, llr: f64, fingers: usize) -> Estimate {
        if llr.is_nan() {
            return Estimate { value: 1.0, low: 1.0, high: 1.0 };
        }
        self.tail(fingers).log_rate(llr).map(libm::exp10)
    }

    /// FPIR: the expected share of searches of `subjects` non-mated subjects in which at least one reaches `llr` by so many fused
    /// fingers.
    pub fn fpir(&self, llr: f64, fingers: usize, subjects: u64) -> Estimate {
        let subjects = subjects as f64;
        let of_all = |rate: f64| if subjects > 0.0 { -libm::expm1(subjects * libm::log1p(-rate)) } else { 0.0 };
        self.false_match_rate(llr, fingers).map(of_all)
    }

    /// The fused ratio from which on [`fpir`](Self::fpir) is at most `fpir`, a fraction above 0 and below 1. `None` where it would be
    /// beyond what this table claims ([`FMR_MIN`]) or beyond what so many fingers can say ([`LLR_MAX`] each).
    pub fn threshold(&self, fpir: f64, fingers: usize, subjects: u64) -> Option<f64> {
        let rate = -libm::expm1(libm::log1p(-fpir) / subjects.max(1) as f64);
        let log_rate = libm::log10(rate);
        let llr = (log_rate >= -(LEVELS as f64)).then(|| self.tail(fingers).at(log_rate))?;
        (llr <= LLR_MAX * fingers as f64).then_some(llr)
    }

    fn tail(&self, fingers: usize) -> &Tail {
        &self.tails[fingers.clamp(1, FINGERS_MAX) - 1]
    }

    /// Reads a table: a name and a value per line, in a fixed order.
    ///
    /// # Errors
    /// [`TableError`] with the first line that is not as it should be.
    pub fn from_text(text: &str) -> Result<Self, TableError> {
        let mut lines = Reader::new("calibration table", text);
        let version = lines.value("version", |text| Some(text.to_owned()))?;
        let fine = lines.value("fine weights", |text| Some(text.to_owned()))?;
        let mut at_least =
            |name: &str, least: f64| lines.value(name, |value| table::number(value).filter(|&number| number >= least));
        let bias = at_least("bias", f64::MIN)?;
        let slope = at_least("slope", f64::MIN_POSITIVE)?;
        let background_weight = at_least("background weight", 0.0)?;
        let background_mean = at_least("background mean", 0.0)?;
        let mut tails = Vec::with_capacity(FINGERS_MAX);
        for fingers in 1..=FINGERS_MAX {
            let mut row = |what: &str, fits: fn(&[f64; LEVELS]) -> bool| {
                lines.value(&format!("fingers {fingers} {what}"), |value| table::numbers(value).filter(fits))
            };
            let llr = row("llr", |row| row.array_windows().all(|[a, b]| a < b))?;
            let low = row("low", |row| row.array_windows().all(|[a, b]| a >= b))?;
            let high = row("high", |row| row.array_windows().all(|[a, b]| a >= b))?;
            tails.push(Tail { llr, low, high });
        }
        Ok(Self { version, fine, bias, slope, background_weight, background_mean, tails })
    }

    /// The table as [`from_text`](Self::from_text) reads it.
    pub fn to_text(&self) -> String {
        let mut lines = vec![
            table::line("version", &self.version),
            table::line("fine weights", &self.fine),
            table::line("bias", self.bias),
            table::line("slope", self.slope),
            table::line("background weight", self.background_weight),
            table::line("background mean", self.background_mean),
        ];
        for (nth, tail) in self.tails.iter().enumerate() {
            for (what, row) in [("llr", tail.llr), ("low", tail.low), ("high", tail.high)] {
                let row: Vec<String> = row.iter().map(f64::to_string).collect();
                lines.push(table::line(&format!("fingers {} {what}", nth + 1), row.join(" ")));
            }
        }
        lines.concat()
    }
}

#[cfg(test)]
#[path = "calibration_tests.rs"]
mod tests;
