//! Training the fine stage's weights, and evaluating it on fingers that it was not trained on.
//!
//! Fingers are parted into two folds ([`folds`]). For the two-fold protocol the weights for one fold's comparisons are
//! trained on the other fold's fingers, of all sources that are given; comparisons across folds, one of whose fingers is
//! in the training set of either weights, are left out. The descriptor model m1 and the constants of the fine stage are
//! not trained again: they were found on development data, and stay as they are.

use rayon::prelude::*;
use serde::Serialize;
use whorl_matcher::GATE_DEFAULT;
use whorl_matcher::fine::{Measurement, Model, from_both_orders, measure};

use crate::collection::{Collection, Relation};
use crate::error::EvalError;
use crate::regression::{Observation, fit};
use crate::scores::Scores;

/// Where the fine stage's weights come from.
#[derive(Debug, Clone, Serialize)]
pub struct Training {
    /// Version of the committed weights, or `two-fold`.
    pub weights: String,
    /// The fingers of each fold, where each fold is judged by weights trained on the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<[Vec<String>; 2]>,
    /// The collections that were trained on, where training was part of the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

impl Training {
    /// The two-fold protocol.
    pub fn two_fold(collection: &Collection, folds: &[usize], sources: Vec<String>) -> Self {
        let of = |fold: usize| {
            folds
                .iter()
                .enumerate()
                .filter(|&(_, &f)| f == fold)
                .map(|(finger, _)| collection.name_of(finger))
                .collect()
        };
        Self { weights: "two-fold".into(), folds: Some([of(0), of(1)]), sources }
    }

    /// The same in sentences.
    pub fn described(&self) -> Vec<String> {
        let Some(folds) = &self.folds else {
            return vec![format!(
                "Weights {} are fixed: nothing was trained on these samples in this run.",
                self.weights
            )];
        };
        let fold = |nth: usize| format!("Fold {}: {}.", nth + 1, folds[nth].join(", "));
        vec![
            format!(
                "Two-fold protocol: the fine stage's weights were trained in this run on {}, and each fold is judged by those \
                 trained on the other. Comparisons across folds are left out. The descriptor model m1 is fixed, and its \
                 training saw FVC's development set.",
                self.sources.join(", ")
            ),
            fold(0),
            fold(1),
        ]
    }
}

/// One source's fingers with what the fine stage measures of every ordered pair of impressions.
#[derive(Debug)]
pub struct Measured<'a> {
    /// The fingers.
    pub collection: &'a Collection,
    measurements: Vec<Measurement>,
}

impl<'a> Measured<'a> {
    /// Measures every ordered pair. `done` is told how many pairs were measured.
    ///
    /// # Errors
    /// [`EvalError::Record`] if a record is not one.
    pub fn new(collection: &'a Collection, done: impl Fn(u64) + Sync) -> Result<Self, EvalError> {
        let impressions = &collection.impressions;
        let row = |probe: usize| -> Result<Vec<Measurement>, EvalError> {
            let of = |reference| Ok(measure(&impressions[probe].probe, reference, GATE_DEFAULT)?);
            let row = impressions.iter().map(|impression| of(&impression.reference)).collect();
            done(impressions.len() as u64);
            row
        };
        let rows = (0..impressions.len()).into_par_iter().map(row).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { collection, measurements: rows.concat() })
    }

    fn of(&self, probe: usize, reference: usize) -> &Measurement {
        &self.measurements[probe * self.collection.impressions.len() + reference]
    }

    /// Ordered pairs of different impressions that may be trained on, each with whether it is mated.
    fn pairs(&self, trained_on: impl Fn(usize) -> bool) -> Vec<(&Measurement, bool)> {
        let indices: Vec<usize> = (0..self.collection.impressions.len())
            .filter(|&index| trained_on(self.collection.impressions[index].finger))
            .collect();
        let mut pairs = Vec::new();
        for &probe in &indices {
            for &reference in indices.iter().filter(|&&reference| reference != probe) {
                match self.collection.relation(probe, reference) {
                    Relation::Mates => pairs.push((self.of(probe, reference), true)),
                    Relation::NonMates => pairs.push((self.of(probe, reference), false)),
                    Relation::LeftOut => {}
                }
            }
        }
        pairs
    }
}

/// Trains on the fingers of each source that `trained_on`, given its index in `sources` and that of a finger, takes.
///
/// # Errors
/// [`EvalError::TooFew`] without comparisons of both kinds.
pub fn train(
    version: &str,
    sources: &[Measured],
    trained_on: impl Fn(usize, usize) -> bool,
) -> Result<Model, EvalError> {
    let mut pairs = Vec::new();
    for (nth, source) in sources.iter().enumerate() {
        pairs.extend(source.pairs(|finger| trained_on(nth, finger)));
    }
    let genuine = pairs.iter().filter(|pair| pair.1).count();
    let impostor = pairs.len() - genuine;
    let observed =
        |&(measurement, mated): &(&Measurement, bool)| Observation { terms: Model::terms(measurement), mated };
    let observations: Vec<_> = pairs.par_iter().map(observed).collect();
    let (bias, weights) = fit(&observations).ok_or(EvalError::TooFew { genuine, impostor })?;
    Ok(Model { version: version.to_owned(), bias, weights, prior: (genuine as f64 / impostor as f64).ln() })
}

/// The fold of each finger, 0 or 1: of each database the first half of its fingers by name, and the rest. Fingers that are
/// named as the same are in the fold of the first.
pub fn folds(collection: &Collection) -> Vec<usize> {
    let fingers = &collection.fingers;
    let mut folds: Vec<usize> = (0..fingers.len())
        .map(|finger| {
            let of_database = |&other: &usize| fingers[other].database == fingers[finger].database;
            let all = (0..fingers.len()).filter(of_database).count();
            let before = (0..finger).filter(of_database).count();
            usize::from(2 * before >= all)
        })
        .collect();
    for &(a, b) in collection.same() {
        folds[b] = folds[a];
    }
    folds
}

/// The fine scores of `sources[judged]`, each fold's by weights trained on the other fold of all sources. A finger of another
/// source is in the fold of the finger of the same name.
///
/// # Errors
/// [`EvalError::TooFew`] if a fold has no comparisons of both kinds; [`EvalError::UnknownFinger`] if sources differ in their
/// fingers.
pub fn two_fold(scores: &mut Scores, sources: &[Measured], judged: usize, folds: &[usize]) -> Result<(), EvalError> {
    let judged = &sources[judged];
    let fold_of = |source: usize, finger: usize| -> Result<usize, EvalError> {
        let collection = sources[source].collection;
        Ok(folds[judged.collection.finger(&collection.name_of(finger))?])
    };
    let all: Vec<Vec<usize>> = sources
        .iter()
        .enumerate()
        .map(|(nth, source)| (0..source.collection.fingers.len()).map(|finger| fold_of(nth, finger)).collect())
        .collect::<Result<_, _>>()?;
    let trained = |fold: usize| train("two-fold", sources, |source, finger| all[source][finger] != fold);
    let models = [trained(0)?, trained(1)?];
    let count = judged.collection.impressions.len();
    let score = |probe: usize, reference: usize| {
        let model = &models[folds[judged.collection.impressions[probe].finger]];
        let swapped = || Ok::<_, EvalError>(model.log_odds(judged.of(reference, probe)));
        from_both_orders(model.log_odds(judged.of(probe, reference)), swapped)
    };
    let rows = |probe: usize| (0..count).map(|reference| score(probe, reference)).collect::<Result<Vec<f64>, _>>();
    let rows = (0..count).into_par_iter().map(rows).collect::<Result<Vec<_>, _>>()?;
    scores.replace_fine(rows.concat());
    Ok(())
}
