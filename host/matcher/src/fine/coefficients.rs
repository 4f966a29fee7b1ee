//! The weights of the features: a logistic regression, kept as a table with a version.

use super::Features;

/// Version of the table: a changed number gets another one, because outputs of two versions do not compare.
pub const VERSION: &str = "m1.1";

/// What the output adds to a log-likelihood ratio: the natural-log prior odds of a mate in the training set.
pub const PRIOR_LOG_ODDS: f64 = -3.078;

/// How much of the probe's own background an open-set decision takes off.
const BACKGROUND_WEIGHT: f64 = 0.6;

/// Weights of model m1. They were fitted with model m1 itself on FVC2002 DB1, DB3 and FVC2004 DB1, DB3 (set B),
/// minutiae of three extractors together, and are not monotone in each feature alone: features overlap.
pub(super) const M1: Coefficients = Coefficients {
    bias: -16.343_904_471_632_74,
    coarse: 0.185_511_397_953_320_53,
    coarse_root: 1.172_848_943_529_524,
    agreement_root: 7.524_412_012_704_137,
    matched_share: 7.766_634_355_429_459,
    agreement_share: -8.983_684_865_612_984,
    support_root: -0.406_329_806_050_837_35,
    extent: 1.006_604_849_105_158,
    rigidity: 0.979_042_139_554_649_6,
    matches: -0.319_702_601_121_623_4,
};

/// One weight per term of the sum.
#[derive(Debug)]
pub(super) struct Coefficients {
    bias: f64,
    coarse: f64,
    coarse_root: f64,
    agreement_root: f64,
    matched_share: f64,
    agreement_share: f64,
    support_root: f64,
    extent: f64,
    rigidity: f64,
    matches: f64,
}

impl Coefficients {
    /// L: the weighted sum, from left to right.
    pub(super) fn log_odds(&self, features: &Features) -> f64 {
        self.bias
            + self.coarse * features.coarse
            + self.coarse_root * features.coarse.sqrt()
            + self.agreement_root * features.agreement.sqrt()
            + self.matched_share * features.matched_share
            + self.agreement_share * features.agreement_share
            + self.support_root * features.support.sqrt()
            + self.extent * features.extent
            + self.rigidity * features.rigidity
            + self.matches * f64::from(features.matches)
    }
}

/// L': an output as an open-set search judges it, so that probes that resemble everybody need more.
/// `background` is the coarse score that 0.5 % of the search's comparisons exceed (MATCHER 5, item 6).
pub fn open_set(log_odds: f64, background: u16) -> f64 {
    log_odds - BACKGROUND_WEIGHT * f64::from(background) / 256.0
}
