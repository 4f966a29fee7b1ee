//! Coarse comparisons of all impressions of a set with each other, mated and non-mated.

use crate::spread::quantile;
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, RecordError, Role, encode};
use whorl_template::Template;

/// Whose a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The same number for the same finger.
    pub finger: u32,
    /// Comparisons of one finger across databases are left out.
    pub database: u32,
}

/// Scores of every ordered pair of different impressions, each list sorted.
#[derive(Debug, Clone, Default)]
pub struct Comparisons {
    pub mated: Vec<f64>,
    pub non_mated: Vec<f64>,
    probes: u32,
    first: u32,
}

impl Comparisons {
    /// Compares each template with every other; `owners` tells whose each is.
    ///
    /// # Errors
    /// [`RecordError`] if the encoder made a record that the comparator refuses.
    pub fn of(templates: &[Template], owners: &[Owner]) -> Result<Self, RecordError> {
        let mut shard = Vec::new();
        let mut probes = Vec::new();
        for template in templates {
            let record = |role| encode(&template.views[0], template.resolution_x, template.resolution_y, role);
            probes.push(Probe::new(&record(Role::Probe))?);
            shard.extend(record(Role::Reference).to_bytes());
        }
        let comparator = Comparator::new(Backend::Auto);
        let mut all = Self::default();
        for (index, probe) in probes.iter().enumerate() {
            let (mut best_mate, mut best_other) = (None, None);
            comparator.scan(probe, &shard, GATE_DEFAULT, |reference, score| {
                let reference = reference as usize;
                let (owner, other) = (owners[index], owners[reference]);
                let (list, best) = match owner.finger == other.finger {
                    true if reference == index || owner.database != other.database => return,
                    true => (&mut all.mated, &mut best_mate),
                    false => (&mut all.non_mated, &mut best_other),
                };
                list.push(f64::from(score));
                *best = (*best).max(Some(score));
            })?;
            all.probes += u32::from(best_mate.is_some());
            all.first += u32::from(best_mate.is_some() && best_mate > best_other);
        }
        all.mated.sort_by(f64::total_cmp);
        all.non_mated.sort_by(f64::total_cmp);
        Ok(all)
    }

    /// Share of mated comparisons that do not exceed the score which this share of non-mated ones exceeds.
    pub fn fnmr_at_fmr(&self, fmr: f64) -> f64 {
        self.fnmr(quantile(&self.non_mated, 1.0 - fmr))
    }

    /// Error rate at the threshold where both kinds of error are nearest to equal.
    pub fn equal_error_rate(&self) -> f64 {
        let count = self.non_mated.len();
        for (index, &threshold) in self.non_mated.iter().enumerate() {
            let (fmr, fnmr) = ((count - 1 - index) as f64 / count as f64, self.fnmr(threshold));
            if fmr <= fnmr {
                return f64::midpoint(fmr, fnmr);
            }
        }
        0.0
    }

    /// Share of probes with a mate whose best mate beats every non-mate.
    pub fn rank_one(&self) -> f64 {
        f64::from(self.first) / f64::from(self.probes)
    }

    fn fnmr(&self, threshold: f64) -> f64 {
        self.mated.partition_point(|&score| score <= threshold) as f64 / self.mated.len() as f64
    }
}
