//! Cascades over synthetic subjects, on the CPU.

use super::*;
use crate::{CpuEngine, Engine};
use whorl_gallery::{Enrolled, ListedDirectory, ShardBuilder};
use whorl_matcher::fusion::Place;
use whorl_matcher::{Backend, Record, Role, encode, fine};
use whorl_synth::{Distortion, Finger};

/// Positions of the fingers that every subject of the gallery has.
const HAND: [u8; 4] = [2, 3, 7, 8];
const SUBJECTS: u32 = 25;

fn record(subject: u32, nth: usize, impression: u32, role: Role) -> Record {
    let template = Finger::new(9, subject * 10 + nth as u32).impression(impression, &Distortion::default());
    encode(&template.views[0], template.resolution_x, template.resolution_y, role)
}

/// The subject's fingers `nth` of [`HAND`], under the positions that are given.
fn probes(subject: u32, fingers: &[(usize, u8)]) -> Vec<ProbeFinger> {
    let finger = |&(nth, position): &(usize, u8)| {
        let probe = Probe::new(&record(subject, nth, 2, Role::Probe)).expect("an encoded record is a probe");
        ProbeFinger { probe, position }
    };
    fingers.iter().map(finger).collect()
}

fn as_enrolled(subject: u32) -> Vec<ProbeFinger> {
    probes(subject, &[(0, 2), (1, 3), (2, 7), (3, 8)])
}

struct Gallery {
    engine: CpuEngine,
    shards: Vec<Arc<Shard>>,
    directory: ListedDirectory,
}

impl Gallery {
    /// Two shards that meet within a subject; `position` tells under which position finger `nth` is enrolled.
    fn new(position: impl Fn(usize) -> u8) -> Self {
        let mut gallery =
            Self { engine: CpuEngine::new(Backend::Auto), shards: Vec::new(), directory: ListedDirectory::default() };
        let mut builder = ShardBuilder::new(0);
        for subject in 0..SUBJECTS {
            for nth in 0..HAND.len() {
                let index = builder.push(&record(subject, nth, 1, Role::Reference).to_bytes()).expect("a whole record");
                gallery.directory.insert(index, Enrolled { subject, position: position(nth) });
                if index == 49 {
                    let full = std::mem::replace(&mut builder, ShardBuilder::new(50));
                    gallery.shards.push(Arc::new(full.finish()));
                }
            }
        }
        gallery.shards.push(Arc::new(builder.finish()));
        for shard in &gallery.shards {
            gallery.engine.load(shard.clone()).expect("the CPU takes any shard");
        }
        gallery
    }

    fn search(&mut self, cascade: &Cascade, subjects: &[Vec<ProbeFinger>]) -> Vec<Identification> {
        let Self { engine, shards, directory } = self;
        let searched = Searched { shards, directory };
        cascade.search(subjects, searched, |search| engine.search(search)).expect("the search runs").0
    }

    fn first(&mut self, cascade: &Cascade, fingers: Vec<ProbeFinger>) -> SubjectCandidate {
        self.search(cascade, &[fingers]).remove(0).candidates.remove(0)
    }
}

fn enrolled() -> Gallery {
    Gallery::new(|nth| HAND[nth])
}

fn few() -> Cascade {
    Cascade { keep: 6, ..Cascade::default() }
}

#[test]
fn every_subject_is_found_by_all_its_fingers_and_ranked_by_their_sum() {
    let mut gallery = enrolled();
    let subjects: Vec<_> = [3, 12, 24].map(as_enrolled).into();
    let found = gallery.search(&few(), &subjects);
    for (subject, (fingers, found)) in [3, 12, 24].into_iter().zip(subjects.iter().zip(&found)) {
        assert_eq!(found.candidates[0].subject, subject);
        assert!(found.candidates.is_sorted_by(|a, b| a.llr >= b.llr) && found.candidates.len() > 3);
        for candidate in found.candidates.iter().filter(|c| c.positions == Positions::AsDeclared) {
            let own = |finger: usize| {
                let reference = record(candidate.subject, finger, 1, Role::Reference);
                fine::compare(&fingers[finger].probe, &reference, GATE_DEFAULT).expect("a whole record")
            };
            // 100 references are too few for a background.
            let sum: f64 = (0..4).map(|f| own(f).log_likelihood_ratio().clamp(-14.0, 20.0)).sum();
            assert!((candidate.llr - sum).abs() < 1e-9, "{candidate:?}, expected {sum}");
            let counted: Vec<_> = (0..4).map(|f| own(f).measurement.correspondences.len()).collect();
            assert_eq!(candidate.fingers.iter().map(|f| f.correspondences).collect::<Vec<_>>(), counted);
            let indices: Vec<_> = candidate.fingers.iter().map(|f| f.index).collect();
            assert_eq!(indices, [0, 1, 2, 3].map(|finger| candidate.subject * 4 + finger));
        }
        assert_eq!(found.candidates[0].positions, Positions::AsDeclared);
        assert!(found.fine_comparisons >= 4 * found.candidates.len() as u64, "{}", found.fine_comparisons);
        // Four declared pairs, and the one or two that brought the subject up; not all 16.
        assert!(found.fine_comparisons < 7 * found.candidates.len() as u64, "{}", found.fine_comparisons);
    }
}

#[test]
fn a_first_pass_searches_two_fingers_and_fuses_all() {
    let mut gallery = enrolled();
    let two = Cascade { first_pass_fingers: Some(2), ..few() };
    let all = gallery.search(&few(), &[as_enrolled(5)]).remove(0);
    let found = gallery.search(&two, &[as_enrolled(5)]).remove(0);
    let fingers = as_enrolled(5);
    let sizes: Vec<_> = fingers.iter().map(|f| (f.position, f.probe.minutiae().len())).collect();
    assert_eq!(found.coarse.iter().map(|(finger, _)| *finger).collect::<Vec<_>>(), fusion::first_pass(&sizes, 2));
    assert_eq!(found.candidates[0], all.candidates[0], "the rest is fused on the survivors");
    assert_eq!(found.candidates[0].fingers.len(), 4);
    assert!(found.candidates.len() < all.candidates.len());
    assert!(found.fine_comparisons < all.fine_comparisons);
}

#[test]
fn a_subject_that_no_searched_finger_brings_up_is_lost() {
    let mut gallery = enrolled();
    // The two first fingers are somebody else's; the others are subject 5's.
    let mut fingers = probes(5, &[(2, 5), (3, 10)]);
    fingers.extend(probes(80, &[(0, 2), (1, 3)]));
    let one = Cascade { keep: 1, ..Cascade::default() };
    let lists = |found: &Identification, subject| found.candidates.iter().any(|c| c.subject == subject);
    let found = gallery.search(&one, std::slice::from_ref(&fingers)).remove(0);
    assert!(lists(&found, 5));
    let two = Cascade { first_pass_fingers: Some(2), ..one };
    let found = gallery.search(&two, &[fingers]).remove(0);
    assert!(found.coarse.iter().all(|(finger, _)| *finger >= 2));
    assert!(!lists(&found, 5));
}

#[test]
fn swapped_hands_are_found_and_reported() {
    let swapped = [(0, 7), (1, 8), (2, 2), (3, 3)];
    let found = enrolled().first(&few(), probes(14, &swapped));
    assert_eq!((found.subject, found.positions), (14, Positions::HandsSwapped));
    assert_eq!(found.fingers.iter().map(|f| f.index).collect::<Vec<_>>(), [56, 57, 58, 59]);
    assert!(found.fingers.iter().all(|f| f.place == Place::Mirrored));
    assert!((found.penalty - 100_f64.ln()).abs() < 1e-9);
    // Also by the two fingers of a first pass.
    let two = Cascade { first_pass_fingers: Some(2), ..few() };
    let found = enrolled().first(&two, probes(14, &swapped));
    assert_eq!((found.subject, found.positions, found.fingers.len()), (14, Positions::HandsSwapped, 4));
}

#[test]
fn fingers_out_of_place_are_found_and_reported() {
    let found = enrolled().first(&few(), probes(14, &[(0, 3), (1, 2), (2, 7), (3, 8)]));
    assert_eq!((found.subject, found.positions), (14, Positions::OutOfPlace));
    let places: Vec<_> = found.fingers.iter().map(|f| f.place).collect();
    assert_eq!(places, [Place::Elsewhere, Place::Elsewhere, Place::Declared, Place::Declared]);
    // Where one finger is searched, what it says has the other looked for as well.
    let one = Cascade { first_pass_fingers: Some(1), ..few() };
    let found = enrolled().first(&one, probes(14, &[(0, 3), (1, 2)]));
    assert_eq!((found.subject, found.positions, found.fingers.len()), (14, Positions::OutOfPlace, 2));
}

#[test]
fn unknown_positions_are_assigned_on_either_side() {
    let found = enrolled().first(&few(), probes(14, &[(3, 0), (0, 2)]));
    assert_eq!((found.subject, found.positions), (14, Positions::Unknown));
    assert_eq!(found.fingers.iter().map(|f| f.index).collect::<Vec<_>>(), [59, 56]);
    // Where one of them is searched, what it says has the other looked for as well.
    let one = Cascade { first_pass_fingers: Some(1), ..few() };
    let found = enrolled().first(&one, probes(14, &[(3, 0), (0, 0)]));
    assert_eq!(found.fingers.iter().map(|f| f.index).collect::<Vec<_>>(), [59, 56]);
    let found = Gallery::new(|_| 0).first(&few(), as_enrolled(14));
    assert_eq!((found.subject, found.positions), (14, Positions::Unknown));
    assert_eq!(found.fingers.iter().map(|f| f.index).collect::<Vec<_>>(), [56, 57, 58, 59]);
}

#[test]
fn a_finger_that_is_missing_on_a_side_says_nothing() {
    // Ring finger 4 was never enrolled, finger 8 was not captured.
    let found = enrolled().first(&few(), probes(14, &[(0, 2), (1, 3), (5, 4)]));
    assert_eq!((found.subject, found.positions, found.penalty), (14, Positions::AsDeclared, 0.0));
    assert_eq!(found.fingers.iter().map(|f| f.finger).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let Gallery { mut engine, shards, directory } = enrolled();
    let mut refused = |cascade: &Cascade, fingers: Vec<ProbeFinger>, directory: &ListedDirectory| {
        let searched = Searched { shards: &shards, directory };
        cascade.search(&[fingers], searched, |search| engine.search(search)).map(|_| ()).unwrap_err()
    };
    let of = |count| as_enrolled(1).into_iter().cycle().take(count).collect::<Vec<_>>();
    for count in [0, 11] {
        assert!(matches!(refused(&few(), of(count), &directory), EngineError::Request { .. }), "{count} fingers");
    }
    let none = Cascade { first_pass_fingers: Some(0), ..few() };
    assert!(matches!(refused(&none, of(2), &directory), EngineError::Request { .. }));
    assert!(matches!(refused(&few(), of(2), &ListedDirectory::default()), EngineError::Directory { .. }));
    let mut beyond = directory.clone();
    beyond.insert(4000, Enrolled { subject: 1, position: 1 });
    assert!(matches!(refused(&few(), of(2), &beyond), EngineError::Directory { index: 4000 }));
}

/// A directory from which the references of one subject, or one reference, were withdrawn after the shards were made.
#[derive(Debug)]
struct Later<'a>(&'a ListedDirectory, std::ops::Range<u32>);

impl Directory for Later<'_> {
    fn entry(&self, index: u32) -> Option<Entry> {
        if self.1.contains(&index) { Some(Entry::Withdrawn) } else { self.0.entry(index) }
    }

    fn references_of(&self, subject: u32) -> Vec<u32> {
        self.0.references_of(subject)
    }
}

#[test]
fn what_was_withdrawn_meanwhile_is_not_listed_and_not_compared() {
    let Gallery { mut engine, shards, directory } = enrolled();
    let mut search = |withdrawn| {
        let directory = Later(&directory, withdrawn);
        let searched = Searched { shards: &shards, directory: &directory };
        let found = few().search(&[as_enrolled(14)], searched, |search| engine.search(search)).expect("it runs");
        found.0[0].candidates.clone()
    };
    let first = search(0..0).remove(0);
    assert_eq!((first.subject, first.fingers.len()), (14, 4));
    let one_less = search(57..58).remove(0);
    assert_eq!((one_less.subject, one_less.fingers.len()), (14, 3));
    assert!(one_less.fingers.iter().all(|finger| finger.index != 57));
    assert!(search(56..60).iter().all(|candidate| candidate.subject != 14));
}
