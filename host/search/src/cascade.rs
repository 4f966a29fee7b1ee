//! The cascade: coarse search of a subject's fingers, fine comparison of the subjects that come up, fusion.
//!
//! 1. The fingers are searched on the engines, each for its best references. With a first pass of few fingers only those
//!    are searched; what that costs in mates that never come up is measured by `whorl eval`.
//! 2. Every subject with a reference in one of the lists survives. Its other fingers are compared by the fine stage as
//!    well, whether or not the coarse stage listed them (`plan`).
//! 3. Each subject's fingers are fused ([`whorl_matcher::fusion`]), and subjects are ranked by that.
//!
//! Fine comparisons run on the threads of the current rayon pool. A subject's result depends on nothing but its records,
//! the probes and their background, so lists are the same whoever searched.

mod background;
mod plan;

use crate::engine::{Answer, EngineError, Search};
use plan::Plan;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use whorl_gallery::{Directory, Entry, Shard};
use whorl_matcher::fine::Transform;
use whorl_matcher::fusion::{self, Positions};
use whorl_matcher::{GATE_DEFAULT, Probe};

pub use background::{BACKGROUND_COMPARISONS_MIN, background};

/// References per finger that survive the coarse stage, unless something else is asked for.
///
/// From `docs/accuracy.md`, "Cascade": among 100,000 fingers lists of 1 or 2 lose less than 0.5 % of the mates that the fine stage
/// would find at FPIR 1 %, and those of 5 lost none that was seen, so 100 leaves a margin for larger galleries, other extractors
/// and mates that only fused fingers bring out. It is kept below 200 by its cost: a fine comparison of one of the best
/// takes as long as about 400 coarse ones on the CPU, so 100 take about 4 % of a search of a million fingers and 200 would
/// take over 7 %; 5 % is the budget. More than [`whorl_layout::TOP_K_MAX`], 256, a card does not list.
pub const KEEP_DEFAULT: usize = 100;

/// Most fingers of one search: a person has no more.
pub const FINGERS_MAX: usize = 10;

/// One finger of the subject that is searched.
#[derive(Debug, Clone)]
pub struct ProbeFinger {
    /// Its minutiae, prepared.
    pub probe: Probe,
    /// Its position code, 1..=10; anything else is unknown (ISO/IEC 19794-2:2005 7.4.2.1).
    pub position: u8,
}

/// How a cascade runs.
#[derive(Debug, Clone)]
pub struct Cascade {
    /// References per searched finger that survive the coarse stage, 1 to [`whorl_layout::TOP_K_MAX`].
    pub keep: usize,
    /// Smallest score16 with which a reference survives.
    pub threshold: u16,
    /// Fingers that are searched; `None` for all of them. Which ones: [`fusion::first_pass`].
    pub first_pass_fingers: Option<usize>,
    /// Largest angle difference in 1/256 turn, 0..=127.
    pub gate: u8,
    /// How long one pass over the gallery may take.
    pub timeout: Duration,
    /// Keep how fingers of candidates lie to each other ([`FingerCandidate::alignment`]).
    pub correspondences: bool,
}

impl Default for Cascade {
    fn default() -> Self {
        Self {
            keep: KEEP_DEFAULT,
            threshold: 0,
            first_pass_fingers: None,
            gate: GATE_DEFAULT,
            timeout: Duration::from_mins(10),
            correspondences: false,
        }
    }
}

/// What is searched: references, and whose they are.
#[derive(Debug, Clone, Copy)]
pub struct Searched<'a> {
    /// The shards that the engines hold.
    pub shards: &'a [Arc<Shard>],
    /// Subject and position of each reference.
    pub directory: &'a dyn Directory,
}

/// The answer to one subject's fingers.
#[derive(Debug, Clone)]
pub struct Identification {
    /// Coarse answers, each with the index of its finger; fewer than fingers with a first pass.
    pub coarse: Vec<(usize, Answer)>,
    /// Subjects, the best first: fused log-likelihood ratio descending, then subject ascending.
    pub candidates: Vec<SubjectCandidate>,
    /// Fine comparisons made.
    pub fine_comparisons: u64,
    /// Time in fine comparisons and fusion.
    pub fine_time: Duration,
}

/// A subject of the gallery that came up: a lead for an examiner.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectCandidate {
    /// Number of the subject in the directory.
    pub subject: u32,
    /// Fused natural-log likelihood ratio, higher is more similar.
    pub llr: f64,
    /// How positions were found to be related.
    pub positions: Positions,
    /// What the choice of who is who took off `llr`.
    pub penalty: f64,
    /// Largest score16 of any pair of fingers that was compared.
    pub coarse_score: u16,
    /// The pairs of fingers that the subject's value rests on, by finger of the probe.
    pub fingers: Vec<FingerCandidate>,
}

/// One pair of fingers of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct FingerCandidate {
    /// Index of the probe's finger.
    pub finger: usize,
    /// Its position code.
    pub probe_position: u8,
    /// Gallery index of the reference.
    pub index: u32,
    /// Its position code.
    pub reference_position: u8,
    /// How the two are related.
    pub place: fusion::Place,
    /// score16 of the pair.
    pub coarse_score: u16,
    /// What the pair contributes, a natural-log likelihood ratio.
    pub llr: f64,
    /// Minutiae that correspond.
    pub correspondences: usize,
    /// Which ones, and where they lie, if that was asked for.
    pub alignment: Option<Alignment>,
}

/// How two fingers lie to each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// From the probe's places to the reference's.
    pub transform: Transform,
    /// Corresponding minutiae by their places in the two records, the best first.
    pub pairs: Vec<(u8, u8)>,
}

impl Cascade {
    /// Searches several subjects, whose fingers share passes over the gallery. `coarse` is [`Pool::search`](crate::Pool::search)
    /// or [`Engine::search`](crate::Engine::search). The time is that of the coarse search of all subjects together.
    ///
    /// # Errors
    /// `Request` for a subject without fingers or with more than [`FINGERS_MAX`], or as the coarse search; `Directory` if the
    /// directory is not that of the shards; `Record` if a shard is damaged. There is no answer for any subject then.
    pub fn search(
        &self,
        subjects: &[Vec<ProbeFinger>],
        searched: Searched<'_>,
        coarse: impl FnOnce(&Search) -> Result<Vec<Answer>, EngineError>,
    ) -> Result<(Vec<Identification>, Duration), EngineError> {
        let chosen = subjects.iter().map(|fingers| self.chosen(fingers)).collect::<Result<Vec<_>, _>>()?;
        let probes =
            subjects.iter().zip(&chosen).flat_map(|(fingers, chosen)| chosen.iter().map(|&f| fingers[f].probe.clone()));
        let search = Search {
            probes: probes.collect(),
            threshold: self.threshold,
            top_k: self.keep,
            gate: self.gate,
            timeout: self.timeout,
        };
        let start = Instant::now();
        let mut answers = coarse(&search)?.into_iter();
        let coarse_time = start.elapsed();
        let identify = |(fingers, chosen): (&Vec<ProbeFinger>, Vec<usize>)| {
            let answers: Vec<Answer> = answers.by_ref().take(chosen.len()).collect();
            if answers.len() != chosen.len() {
                let what = "an answer for each probe is needed, and the search gave fewer".into();
                return Err(EngineError::Request { what });
            }
            self.identify(fingers, chosen.into_iter().zip(answers).collect(), searched)
        };
        Ok((subjects.iter().zip(chosen).map(identify).collect::<Result<_, _>>()?, coarse_time))
    }

    /// The fingers of a subject that are searched, by index.
    ///
    /// # Errors
    /// `Request` for a subject without fingers or with more than [`FINGERS_MAX`], or a first pass of none.
    pub fn chosen(&self, fingers: &[ProbeFinger]) -> Result<Vec<usize>, EngineError> {
        if !(1..=FINGERS_MAX).contains(&fingers.len()) {
            let what = format!("a subject of {} fingers, must be 1 to {FINGERS_MAX}", fingers.len());
            return Err(EngineError::Request { what });
        }
        let sizes: Vec<_> = fingers.iter().map(|f| (f.position, f.probe.minutiae().len())).collect();
        let count = self.first_pass_fingers.unwrap_or(FINGERS_MAX);
        if count == 0 {
            return Err(EngineError::Request { what: "a first pass of 0 fingers, must be 1 or more".into() });
        }
        Ok(fusion::first_pass(&sizes, count))
    }

    /// Compares the fingers with all references of one subject, each with each; no engine takes part, and nothing is known of the
    /// probe's background.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn verify(
        &self,
        fingers: &[ProbeFinger],
        subject: u32,
        searched: Searched<'_>,
    ) -> Result<SubjectCandidate, EngineError> {
        self.chosen(fingers)?;
        let backgrounds = vec![None; fingers.len()];
        let plan =
            Plan { fingers, backgrounds: &backgrounds, gate: self.gate, alignments: self.correspondences, searched };
        let references = searched.directory.references_of(subject);
        let all: Vec<_> = (0..fingers.len()).flat_map(|f| references.iter().map(move |&index| (f, index))).collect();
        Ok(plan.compare(subject, &all)?.0)
    }

    /// The fine stage on what the coarse one found of the [`chosen`](Self::chosen) fingers.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn identify(
        &self,
        fingers: &[ProbeFinger],
        coarse: Vec<(usize, Answer)>,
        searched: Searched<'_>,
    ) -> Result<Identification, EngineError> {
        let start = Instant::now();
        let mut hits: BTreeMap<u32, Vec<(usize, u32)>> = BTreeMap::new();
        for (finger, answer) in &coarse {
            for candidate in &answer.candidates {
                let index = candidate.index;
                if let Entry::Enrolled(enrolled) =
                    searched.directory.entry(index).ok_or(EngineError::Directory { index })?
                {
                    hits.entry(enrolled.subject).or_default().push((*finger, index));
                }
            }
        }
        let found = coarse.iter().map(|(finger, answer)| (*finger, background(&answer.histogram, answer.comparisons)));
        let backgrounds = background::of_all(fingers.len(), found);
        let plan =
            Plan { fingers, backgrounds: &backgrounds, gate: self.gate, alignments: self.correspondences, searched };
        let hits: Vec<_> = hits.into_iter().collect();
        // One at a time: a few of the candidates take most of the time, and no core is to sit on two of them.
        let compared = hits.par_iter().with_max_len(1).map(|(subject, hits)| plan.compare(*subject, hits));
        let compared = compared.collect::<Result<Vec<_>, _>>()?;
        let fine_comparisons = compared.iter().map(|(_, comparisons)| comparisons).sum();
        let mut candidates: Vec<_> = compared.into_iter().map(|(candidate, _)| candidate).collect();
        candidates.sort_by(|a, b| b.llr.total_cmp(&a.llr).then(a.subject.cmp(&b.subject)));
        Ok(Identification { coarse, candidates, fine_comparisons, fine_time: start.elapsed() })
    }
}

#[cfg(test)]
#[path = "cascade_tests.rs"]
mod tests;
