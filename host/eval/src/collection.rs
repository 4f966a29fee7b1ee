//! Samples with known identities, encoded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use whorl_matcher::{Probe, Record, Role, encode};
use whorl_template::Template;

use crate::error::EvalError;

/// One minutiae file.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Path below the folder that is evaluated, with `/` between its parts: `<database>/<finger>_<impression>.<ending>`.
    pub path: String,
    /// Size of the file in bytes.
    pub file_bytes: usize,
    /// What the file holds; its first view counts.
    pub template: Template,
}

/// One sample as both sides of a comparison.
#[derive(Debug)]
pub struct Impression {
    /// The sample's path.
    pub path: String,
    /// Index of the finger in [`Collection::fingers`].
    pub finger: usize,
    /// As a probe.
    pub probe: Probe,
    /// As a reference.
    pub reference: Record,
    /// Size of the file in bytes.
    pub file_bytes: usize,
    /// Minutiae in the file.
    pub minutiae: usize,
    /// Time that encoding the reference took, on one thread.
    pub encode_time: Duration,
}

/// A finger of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finger {
    /// Index of its database in [`Collection::databases`].
    pub database: usize,
    /// Name in its database.
    pub name: String,
}

/// Databases of fingers.
#[derive(Debug)]
pub struct Collection {
    /// Folders that hold samples, sorted by name.
    pub databases: Vec<String>,
    /// Fingers by database, then by name.
    pub fingers: Vec<Finger>,
    /// Impressions by finger, then by number.
    pub impressions: Vec<Impression>,
    /// Pairs of fingers that are one finger in truth, smaller index first.
    same: BTreeSet<(usize, usize)>,
    /// Fold by finger: comparisons across folds are left out.
    folds: Option<Vec<usize>>,
}

/// How two impressions are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Two impressions of one finger of one database.
    Mates,
    /// Impressions of different fingers.
    NonMates,
    /// Impressions of one finger in different databases, or of fingers of different folds: counted neither as mates nor as
    /// non-mates.
    LeftOut,
}

impl Collection {
    /// Encodes the samples. Each pair of `same` names two fingers, `<folder>/<finger>`, that are one in truth.
    ///
    /// # Errors
    /// Every [`EvalError`] but [`EvalError::TooFew`].
    pub fn new(samples: &[Sample], same: &[(String, String)]) -> Result<Self, EvalError> {
        let mut order = BTreeMap::new();
        for sample in samples {
            let name = SampleName::of(&sample.path).ok_or_else(|| EvalError::Name { path: sample.path.clone() })?;
            if order.insert(name, sample).is_some() {
                return Err(EvalError::Twice { path: sample.path.clone() });
            }
        }
        let mut databases: Vec<String> = Vec::new();
        let mut fingers: Vec<Finger> = Vec::new();
        let mut numbered = Vec::with_capacity(samples.len());
        for (name, sample) in &order {
            if databases.last().is_none_or(|last| last != name.database) {
                databases.push(name.database.to_owned());
            }
            let finger = Finger { database: databases.len() - 1, name: name.finger.to_owned() };
            if fingers.last() != Some(&finger) {
                fingers.push(finger);
            }
            numbered.push((fingers.len() - 1, *sample));
        }
        let impressions =
            numbered.into_par_iter().map(|(finger, sample)| impression(finger, sample)).collect::<Result<_, _>>()?;
        let mut collection = Self { databases, fingers, impressions, same: BTreeSet::new(), folds: None };
        for (a, b) in same {
            let (a, b) = (collection.finger(a)?, collection.finger(b)?);
            collection.same.insert((a.min(b), a.max(b)));
        }
        Ok(collection)
    }

    /// How impressions `a` and `b` are related.
    pub fn relation(&self, a: usize, b: usize) -> Relation {
        let (a, b) = (self.impressions[a].finger, self.impressions[b].finger);
        let across = self.folds.as_ref().is_some_and(|folds| folds[a] != folds[b]);
        if a == b {
            Relation::Mates
        } else if across || self.same.contains(&(a.min(b), a.max(b))) {
            Relation::LeftOut
        } else {
            Relation::NonMates
        }
    }

    /// Name of the database of impression `index`.
    pub fn database_of(&self, index: usize) -> usize {
        self.fingers[self.impressions[index].finger].database
    }

    /// Pairs of fingers that are one finger in truth.
    pub(crate) fn same(&self) -> &BTreeSet<(usize, usize)> {
        &self.same
    }

    /// Leaves out every comparison of fingers of different folds. `folds` is by finger.
    ///
    /// # Panics
    /// If there is not one fold per finger.
    pub fn part(&mut self, folds: Vec<usize>) {
        assert_eq!(folds.len(), self.fingers.len(), "a fold for each finger");
        self.folds = Some(folds);
    }

    /// A finger's name among all databases: `<folder>/<finger>`.
    pub fn name_of(&self, finger: usize) -> String {
        let finger = &self.fingers[finger];
        full_name(&self.databases[finger.database], &finger.name)
    }

    /// The finger of this name.
    pub(crate) fn finger(&self, name: &str) -> Result<usize, EvalError> {
        let full = |finger: &Finger| full_name(&self.databases[finger.database], &finger.name);
        self.fingers.iter().position(|finger| full(finger) == name).ok_or_else(|| EvalError::UnknownFinger {
            name: name.to_owned(),
            example: self.fingers.first().map(full).unwrap_or_default(),
        })
    }
}

/// A finger's name among all databases.
fn full_name(database: &str, finger: &str) -> String {
    if database.is_empty() { finger.to_owned() } else { format!("{database}/{finger}") }
}

/// What a path says about its sample, in the order in which samples are kept.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SampleName<'a> {
    database: &'a str,
    finger: &'a str,
    impression: u32,
}

impl<'a> SampleName<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let (database, file) = path.rsplit_once('/').unwrap_or(("", path));
        let (stem, _) = file.rsplit_once('.')?;
        let (finger, impression) = stem.rsplit_once('_')?;
        let impression = impression.parse().ok()?;
        (!finger.is_empty()).then_some(Self { database, finger, impression })
    }
}

fn impression(finger: usize, sample: &Sample) -> Result<Impression, EvalError> {
    let template = &sample.template;
    let view = template.views.first().ok_or_else(|| EvalError::NoView { path: sample.path.clone() })?;
    let record = |role| encode(view, template.resolution_x, template.resolution_y, role);
    let probe = Probe::new(&record(Role::Probe))?;
    let start = Instant::now();
    let reference = record(Role::Reference);
    let encode_time = start.elapsed();
    Ok(Impression {
        path: sample.path.clone(),
        finger,
        probe,
        reference,
        encode_time,
        file_bytes: sample.file_bytes,
        minutiae: view.minutiae.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use whorl_template::FingerView;

    fn sample(path: &str) -> Sample {
        let mut template = Template::new(300, 300);
        template.views.push(FingerView::default());
        Sample { path: path.into(), file_bytes: 1, template }
    }

    fn collection(paths: &[&str], same: &[(&str, &str)]) -> Result<Collection, EvalError> {
        let samples: Vec<_> = paths.iter().map(|path| sample(path)).collect();
        let same: Vec<_> = same.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
        Collection::new(&samples, &same)
    }

    #[test]
    fn a_finger_is_its_folder_and_number() {
        let found = collection(&["b/x/101_2.iso", "a/101_1.iso", "b/x/101_1.fmr", "a/102_10.iso", "a/102_9.iso"], &[]);
        let found = found.unwrap();
        assert_eq!(found.databases, ["a", "b/x"]);
        let fingers: Vec<_> = found.fingers.iter().map(|f| (f.database, f.name.as_str())).collect();
        assert_eq!(fingers, [(0, "101"), (0, "102"), (1, "101")]);
        assert_eq!(found.impressions.iter().map(|i| i.finger).collect::<Vec<_>>(), [0, 1, 1, 2, 2]);
        assert_eq!(found.relation(1, 2), Relation::Mates);
        assert_eq!(found.relation(0, 3), Relation::NonMates);
        assert_eq!((found.database_of(0), found.database_of(4)), (0, 1));
    }

    #[test]
    fn fingers_said_to_be_one_are_left_out() {
        let found = collection(&["a/1_1.iso", "b/7_1.iso", "b/8_1.iso"], &[("b/7", "a/1")]).unwrap();
        assert_eq!(found.relation(0, 1), Relation::LeftOut);
        assert_eq!(found.relation(1, 0), Relation::LeftOut);
        assert_eq!(found.relation(0, 2), Relation::NonMates);
        let unknown = collection(&["a/1_1.iso"], &[("a/1", "a/2")]).unwrap_err();
        assert_eq!(unknown, EvalError::UnknownFinger { name: "a/2".into(), example: "a/1".into() });
        assert_eq!(collection(&["1_1.iso", "2_1.iso"], &[("1", "2")]).unwrap().relation(0, 1), Relation::LeftOut);
    }

    #[test]
    fn names_that_say_no_finger_are_refused() {
        for path in ["a/1.iso", "a/_1.iso", "a/1_x.iso", "a/1_1", "1_.iso"] {
            assert_eq!(collection(&[path], &[]).unwrap_err(), EvalError::Name { path: path.into() });
        }
        let twice = collection(&["a/1_1.iso", "a/1_1.fmr"], &[]).unwrap_err();
        assert_eq!(twice, EvalError::Twice { path: "a/1_1.fmr".into() });
        let mut empty = sample("1_1.iso");
        empty.template.views.clear();
        assert_eq!(Collection::new(&[empty], &[]).unwrap_err(), EvalError::NoView { path: "1_1.iso".into() });
    }
}
