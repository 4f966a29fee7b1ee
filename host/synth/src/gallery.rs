//! Galleries and probes of any size, made as they are asked for.

use crate::{Distortion, Finger, SynthError};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use whorl_template::Template;

/// One impression of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impression {
    /// Index of the finger.
    pub finger: u32,
    /// Number of the impression of this finger, from 0.
    pub impression: u32,
    /// What was captured. It tells nothing of the conditions of capture.
    pub template: Template,
}

/// The impressions of `fingers` fingers of population `seed`, `impressions_per_finger` of each, under the default
/// distortion: finger 0 first, then finger 1, each finger's impressions in order.
///
/// ```
/// let templates: Vec<_> = whorl_synth::impressions(7, 3, 2).map(|i| (i.finger, i.impression)).collect();
/// assert_eq!(templates, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
/// ```
pub fn impressions(seed: u64, fingers: u32, impressions_per_finger: u32) -> impl Iterator<Item = Impression> {
    Population { seed, fingers, impressions_per_finger, distortion: Distortion::default() }.into_sequence()
}

/// Fingers 0 to `fingers` of one seed and their impressions.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    seed: u64,
    fingers: u32,
    impressions_per_finger: u32,
    distortion: Distortion,
}

impl Population {
    /// A population whose impressions are distorted like this.
    ///
    /// # Errors
    /// [`SynthError::FieldRange`] if a field of `distortion` is outside its range.
    pub fn new(
        seed: u64,
        fingers: u32,
        impressions_per_finger: u32,
        distortion: Distortion,
    ) -> Result<Self, SynthError> {
        distortion.validate()?;
        Ok(Self { seed, fingers, impressions_per_finger, distortion })
    }

    /// All impressions, finger by finger.
    pub fn iter(&self) -> impl Iterator<Item = Impression> + use<> {
        self.clone().into_sequence()
    }

    /// All impressions of each finger, fingers in parallel; collecting keeps their order.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = Vec<Impression>> + '_ {
        (0..self.fingers as usize).into_par_iter().map(|finger| self.impressions_of(finger as u32).collect())
    }

    fn impressions_of(&self, index: u32) -> impl Iterator<Item = Impression> + use<> {
        let finger = Finger::new(self.seed, index);
        let distortion = self.distortion.clone();
        (0..self.impressions_per_finger).map(move |impression| Impression {
            finger: index,
            impression,
            template: finger.impression(impression, &distortion),
        })
    }

    fn into_sequence(self) -> impl Iterator<Item = Impression> {
        (0..self.fingers).flat_map(move |finger| self.impressions_of(finger))
    }
}
