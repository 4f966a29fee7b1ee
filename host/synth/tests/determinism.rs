//! The same seed gives the same fingers and impressions: on every machine, in any order, on any number of threads.

use proptest::prelude::*;
use rayon::iter::ParallelIterator;
use whorl_synth::{Distortion, Finger, Impression, Population, impressions};
use whorl_template::{Template, iso19794_2_2005};

// What the golden test's templates add up to.
const CLEAN: u32 = 0x84ea_9fb6;
const DEFAULT: u32 = 0x062c_1917;
const HARD: u32 = 0x763c_3c0e;
const FAR: u32 = 0xa8d6_d4cf;

/// CRC-32C over the bytes of the templates, one after the other.
fn checksum(templates: impl IntoIterator<Item = Template>) -> u32 {
    templates
        .into_iter()
        .fold(0, |crc, template| crc32c::crc32c_append(crc, &iso19794_2_2005::write(&template).unwrap()))
}

/// Whoever changes these changes every published figure: change the label of the random streams too, and say so.
#[test]
fn golden_impressions_have_not_changed() {
    let set = |seed, distortion: Distortion| {
        let population = Population::new(seed, 40, 3, distortion).unwrap();
        checksum(population.iter().map(|i| i.template))
    };
    assert_eq!(set(2026, Distortion::clean()), CLEAN);
    assert_eq!(set(2026, Distortion::default()), DEFAULT);
    assert_eq!(set(2026, Distortion::hard()), HARD);
    let far = Finger::new(u64::MAX, u32::MAX).impression(u32::MAX, &Distortion::default());
    assert_eq!(checksum([far]), FAR);
}

#[test]
fn impressions_come_finger_by_finger_and_threads_change_nothing() {
    let one_by_one: Vec<Impression> = impressions(5, 30, 2).collect();
    let population = Population::new(5, 30, 2, Distortion::default()).unwrap();
    let parallel: Vec<Impression> = population.par_iter().collect::<Vec<_>>().concat();
    assert_eq!(one_by_one, parallel);
    assert_eq!(one_by_one.len(), 60);
    for (number, impression) in one_by_one.iter().enumerate() {
        assert_eq!((impression.finger, impression.impression), (number as u32 / 2, number as u32 % 2));
        let alone = Finger::new(5, impression.finger).impression(impression.impression, &Distortion::default());
        assert_eq!(impression.template, alone);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_impression_is_the_same_whatever_was_asked_before(seed: u64, index: u32, before in prop::collection::vec(any::<u32>(), 0..4)) {
        let expected = Finger::new(seed, index).impression(0, &Distortion::default());
        let finger = Finger::new(seed, index);
        for other in before {
            finger.impression(other, &Distortion::hard());
        }
        prop_assert_eq!(finger.impression(0, &Distortion::default()), expected);
    }

    #[test]
    fn seeds_and_indices_make_different_fingers(seed: u64, index: u32) {
        let finger = Finger::new(seed, index);
        let minutiae = finger.minutiae();
        for other in [Finger::new(seed ^ 1, index), Finger::new(seed, index ^ 1), Finger::new(seed ^ 1 << 63, index)] {
            prop_assert!(other.minutiae() != minutiae);
        }
    }
}
