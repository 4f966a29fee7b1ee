//! A background of any size: fingers that are nobody's mates, to search among.
//!
//! Nobody has a public gallery of a million fingers, so it is made, half and half:
//!
//! - **Even numbers** are synthetic fingers ([`whorl_synth`]), one impression each under the default distortion.
//! - **Odd numbers** are recombined (MATCHER 7): impressions of two different fingers of one database, both mirrored, cut along
//!   a random line near their centroids and joined, turned by up to 24 degrees, each minutia moved and turned a little. They
//!   bring the extractor's own habits and the sensor's, which synthetic fingers lack.
//!
//! Both halves of a recombined finger are mirrored because one that is not would be a piece of a finger that is searched for,
//! and would rightly come up. A mirrored piece does not align with its original by any rotation and translation; what is left
//! is its likeness of density and quality, which a background should have.
//!
//! Every finger draws from its own stream of ChaCha8 numbers under the seed, and angles use the `libm` crate: the same seed
//! and samples give the same background on every machine, and a smaller background is the beginning of a larger one, with
//! the same mixture.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use whorl_matcher::{PackedRecord, Record, RecordError, Role, encode};
use whorl_synth::{Distortion, Finger};
use whorl_template::{FingerView, Minutia, RESOLUTION_500_PPI, Template};

use crate::collection::{Collection, Sample};
use crate::error::EvalError;

/// Fewest fingers of a background: a search's TH is the score that 0.5 % of them exceed, and of fewer that is a handful.
pub const FINGERS_MIN: usize = 1000;
/// Most fingers of a background: records of about 800 bytes each stay in memory, 3.2 GB of them.
pub const FINGERS_MAX: usize = 4_000_000;
/// Fingers of a block, which one thread makes.
const BLOCK: usize = 1000;
/// What the key of a recombined finger's numbers spells besides seed and number.
const LABEL: &[u8; 16] = b"whorl recombined";
/// Largest rotation of a recombined finger, in 1/256 turn: 23.9 degrees.
const TURN_MAX: i32 = 17;
/// The cut lies at most this far from the centroids, in pixels at 500 ppi.
const CUT_MAX: f64 = 40.0;
/// Minutiae move by at most this much in each axis, in pixels at 500 ppi.
const MOVE_MAX: f64 = 2.0;
/// Minutiae turn by at most this much, in 1/256 turn.
const TWIST_MAX: i32 = 3;
/// Where the centre of a recombined finger is put, in pixels: far enough from 0 for every minutia.
const CENTRE: f64 = 4096.0;

/// Made fingers, packed as an engine reads them.
#[derive(Debug)]
pub struct Background {
    blocks: Vec<Block>,
    fingers: usize,
}

/// Consecutive fingers.
#[derive(Debug)]
pub(crate) struct Block {
    /// Packed records, one after the other.
    pub(crate) bytes: Vec<u8>,
    /// Where each record begins.
    offsets: Vec<usize>,
}

/// The evaluated samples as parts for recombination.
struct Parts<'a> {
    /// Samples by finger, fingers by database; only databases of two fingers or more.
    databases: Vec<Vec<Vec<&'a Template>>>,
}

/// A minutia at 500 ppi about its impression's centroid, y up.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    x: f64,
    y: f64,
    minutia: Minutia,
}

impl Background {
    /// Makes `fingers` fingers; the recombined ones are from `samples`, which are those of `collection`. `done` is told how
    /// many were made.
    ///
    /// # Errors
    /// [`EvalError::BackgroundSize`] outside [`FINGERS_MIN`]..=[`FINGERS_MAX`]; [`EvalError::OneFinger`] if no database has
    /// two fingers to recombine.
    pub fn new(
        collection: &Collection,
        samples: &[Sample],
        fingers: usize,
        seed: u64,
        done: impl Fn(u64) + Sync,
    ) -> Result<Self, EvalError> {
        check_size(fingers)?;
        let parts = Parts::new(collection, samples)?;
        let block = |nth: usize| {
            let within = nth * BLOCK..fingers.min((nth + 1) * BLOCK);
            let count = within.len() as u64;
            let mut block = Block { bytes: Vec::new(), offsets: Vec::new() };
            for finger in within {
                block.offsets.push(block.bytes.len());
                block.bytes.extend(record(&parts, seed, finger as u32).to_bytes());
            }
            done(count);
            block
        };
        Ok(Self { blocks: (0..fingers.div_ceil(BLOCK)).into_par_iter().map(block).collect(), fingers })
    }

    /// Number of fingers.
    pub fn fingers(&self) -> usize {
        self.fingers
    }

    /// Bytes of all records.
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.bytes.len()).sum()
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The record of finger `index`.
    ///
    /// # Errors
    /// As [`Record::from_bytes`].
    ///
    /// # Panics
    /// If there is no such finger.
    pub fn record(&self, index: u32) -> Result<Record, RecordError> {
        let block = &self.blocks[index as usize / BLOCK];
        let packed = PackedRecord::at(&block.bytes, block.offsets[index as usize % BLOCK])?;
        Ok(Record::from_bytes(packed.bytes())?.0)
    }
}

/// Whether a background can have so many fingers, before anything is read.
///
/// # Errors
/// [`EvalError::BackgroundSize`] outside [`FINGERS_MIN`]..=[`FINGERS_MAX`].
pub fn check_size(fingers: usize) -> Result<(), EvalError> {
    if (FINGERS_MIN..=FINGERS_MAX).contains(&fingers) {
        return Ok(());
    }
    Err(EvalError::BackgroundSize { asked: fingers, min: FINGERS_MIN, max: FINGERS_MAX })
}

/// Finger `index` of the background.
fn record(parts: &Parts<'_>, seed: u64, index: u32) -> Record {
    let template = if index.is_multiple_of(2) {
        Finger::new(seed, index / 2).impression(0, &Distortion::default())
    } else {
        parts.recombined(seed, index / 2)
    };
    let view = template.views.first().cloned().unwrap_or_default();
    encode(&view, template.resolution_x, template.resolution_y, Role::Reference)
}

impl<'a> Parts<'a> {
    fn new(collection: &Collection, samples: &'a [Sample]) -> Result<Self, EvalError> {
        let by_path: BTreeMap<&str, &Template> = samples.iter().map(|s| (s.path.as_str(), &s.template)).collect();
        let mut databases = vec![BTreeMap::<usize, Vec<&Template>>::new(); collection.databases.len()];
        for (index, impression) in collection.impressions.iter().enumerate() {
            if let Some(&template) = by_path.get(impression.path.as_str()) {
                databases[collection.database_of(index)].entry(impression.finger).or_default().push(template);
            }
        }
        databases.retain(|fingers| fingers.len() > 1);
        if databases.is_empty() {
            return Err(EvalError::OneFinger);
        }
        Ok(Self { databases: databases.into_iter().map(|fingers| fingers.into_values().collect()).collect() })
    }

    /// Recombined finger `number` of the seed.
    fn recombined(&self, seed: u64, number: u32) -> Template {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&number.to_le_bytes());
        key[16..].copy_from_slice(LABEL);
        let mut random = ChaCha8Rng::from_seed(key);
        let fingers = &self.databases[random.random_range(0..self.databases.len())];
        let first = random.random_range(0..fingers.len());
        let second = (first + random.random_range(1..fingers.len())) % fingers.len();
        let mut impression = |finger: usize| {
            let impressions = &fingers[finger];
            mirrored(&centred(impressions[random.random_range(0..impressions.len())]))
        };
        let (first, second) = (impression(first), impression(second));
        let across = circle(random.random_range(0..256));
        let offset = random.random_range(-CUT_MAX..CUT_MAX);
        let turn = random.random_range(-TURN_MAX..=TURN_MAX);
        let mut minutiae = turned(&joined(&first, &second, across, offset), turn);
        for part in &mut minutiae {
            part.x += random.random_range(-MOVE_MAX..MOVE_MAX);
            part.y += random.random_range(-MOVE_MAX..MOVE_MAX);
            let twist = random.random_range(-TWIST_MAX..=TWIST_MAX);
            part.minutia.angle = part.minutia.angle.wrapping_add(twist as u8); // wrapping: a turn is 256
        }
        template(&minutiae)
    }
}

/// Cosine and sine of an angle in 1/256 turn.
fn circle(angle: i32) -> (f64, f64) {
    let (sine, cosine) = libm::sincos(f64::from(angle) * std::f64::consts::TAU / 256.0);
    (cosine, sine)
}

/// The minutiae of a template's first view about their centroid, at 500 ppi with y up.
fn centred(template: &Template) -> Vec<Part> {
    let minutiae = template.views.first().map_or(&[][..], |view| &view.minutiae);
    let scale = |resolution: u16| match resolution {
        0 => 1.0, // not known: taken as 500 ppi, as the encoder does
        resolution => f64::from(RESOLUTION_500_PPI) / f64::from(resolution),
    };
    let (across, down) = (scale(template.resolution_x), scale(template.resolution_y));
    let count = minutiae.len().max(1) as f64;
    let mean_x = minutiae.iter().map(|m| f64::from(m.x) * across).sum::<f64>() / count;
    let mean_y = minutiae.iter().map(|m| f64::from(m.y) * down).sum::<f64>() / count;
    let part = |&minutia: &Minutia| Part {
        x: f64::from(minutia.x) * across - mean_x,
        y: mean_y - f64::from(minutia.y) * down,
        minutia,
    };
    minutiae.iter().map(part).collect()
}

/// Left and right exchanged: a direction `a` becomes half a turn less `a`.
fn mirrored(parts: &[Part]) -> Vec<Part> {
    let mirror = |part: &Part| Part {
        x: -part.x,
        y: part.y,
        minutia: Minutia { angle: 128_u8.wrapping_sub(part.minutia.angle), ..part.minutia },
    };
    parts.iter().map(mirror).collect()
}

/// What lies on this side of a line in `first` and on the other in `second`. The line is at `offset` from the centroids
/// in direction `across`, a cosine and a sine.
fn joined(first: &[Part], second: &[Part], across: (f64, f64), offset: f64) -> Vec<Part> {
    let beyond = |part: &&Part| part.x * across.0 + part.y * across.1 > offset;
    first.iter().filter(|part| !beyond(part)).chain(second.iter().filter(beyond)).copied().collect()
}

/// Turned about the centre by an angle in 1/256 turn, counter-clockwise.
fn turned(parts: &[Part], turn: i32) -> Vec<Part> {
    let (cosine, sine) = circle(turn);
    let turned = |part: &Part| Part {
        x: part.x * cosine - part.y * sine,
        y: part.x * sine + part.y * cosine,
        minutia: Minutia { angle: part.minutia.angle.wrapping_add(turn as u8), ..part.minutia }, // a turn is 256
    };
    parts.iter().map(turned).collect()
}

/// A template of these minutiae at 500 ppi. Minutiae further from the centre than coordinates reach go to the edge.
fn template(parts: &[Part]) -> Template {
    let side = 2.0 * CENTRE;
    let minutia = |part: &Part| Minutia {
        x: (CENTRE + part.x).round().clamp(0.0, side - 1.0) as u16,
        y: (CENTRE - part.y).round().clamp(0.0, side - 1.0) as u16,
        ..part.minutia
    };
    let mut template = Template::new(side as u16, side as u16);
    (template.resolution_x, template.resolution_y) = (RESOLUTION_500_PPI, RESOLUTION_500_PPI);
    template.views.push(FingerView { minutiae: parts.iter().map(minutia).collect(), ..FingerView::default() });
    template
}

#[cfg(test)]
#[path = "background_tests.rs"]
mod tests;
