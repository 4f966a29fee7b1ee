//! Training and the two-fold protocol: who is trained on what, on synthetic fingers.

use whorl_eval::collection::Relation;
use whorl_eval::training::{Measured, folds, train, two_fold};
use whorl_eval::{Collection, EvalError, Sample, Scores, Stage};
use whorl_matcher::fine::{Model, from_both_orders};
use whorl_synth::{Distortion, Finger};

const IMPRESSIONS: u32 = 3;

fn samples(databases: &[(&str, std::ops::Range<u32>)]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (database, fingers) in databases {
        for finger in fingers.clone() {
            for impression in 0..IMPRESSIONS {
                let template = Finger::new(5, finger).impression(impression, &Distortion::default());
                samples.push(Sample {
                    path: format!("{database}/{finger:02}_{impression}.iso"),
                    file_bytes: 1,
                    template,
                });
            }
        }
    }
    samples
}

fn collection(databases: &[(&str, std::ops::Range<u32>)], same: &[(&str, &str)]) -> Collection {
    let same: Vec<_> = same.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
    Collection::new(&samples(databases), &same).expect("a collection")
}

#[test]
fn each_database_is_halved_and_one_finger_is_in_one_fold() {
    let found = folds(&collection(&[("a", 0..5), ("b", 0..4)], &[("a/01", "b/03")]));
    assert_eq!(found, [0, 0, 0, 1, 1, 0, 0, 1, 0]);
}

#[test]
fn comparisons_across_folds_are_left_out() {
    let mut parted = collection(&[("a", 0..4)], &[]);
    let by_finger = folds(&parted);
    parted.part(by_finger);
    let relation = |a: u32, b: u32| parted.relation((a * IMPRESSIONS) as usize, (b * IMPRESSIONS + 1) as usize);
    assert_eq!(
        [relation(0, 0), relation(0, 1), relation(1, 2)],
        [Relation::Mates, Relation::NonMates, Relation::LeftOut]
    );
}

#[test]
fn trained_weights_tell_mates_of_other_fingers() {
    let (taught, asked) = (collection(&[("a", 0..8)], &[]), collection(&[("a", 8..14)], &[]));
    let model = train("test", &[Measured::new(&taught, |_| ()).unwrap()], |_, _| true).unwrap();
    // 8 fingers of 3 impressions: 48 ordered mated pairs of 24 * 23.
    assert!((model.prior - (48.0_f64 / 504.0).ln()).abs() < 1e-12);
    assert_eq!(Model::from_text(&model.to_text()).unwrap(), model);
    let (mut wrong, mut pairs) = (0, 0);
    for (a, probe) in asked.impressions.iter().enumerate() {
        for (b, reference) in asked.impressions.iter().enumerate().filter(|&(b, _)| b != a) {
            let measured = whorl_matcher::fine::measure(&probe.probe, &reference.reference, 43).unwrap();
            let mated = asked.relation(a, b) == Relation::Mates;
            wrong += u32::from((model.log_odds(&measured) > 0.0) != mated);
            pairs += 1;
        }
    }
    assert!(wrong * 20 < pairs, "{wrong} of {pairs} on the wrong side");
}

#[test]
fn each_fold_is_judged_by_the_other_folds_weights() {
    let mut parted = collection(&[("a", 0..6)], &[]);
    let by_finger = folds(&parted);
    parted.part(by_finger.clone());
    let other = collection(&[("a", 0..6)], &[]);
    let sources = [Measured::new(&parted, |_| ()).unwrap(), Measured::new(&other, |_| ()).unwrap()];
    let mut scores = Scores::compare(&parted, Stage::Fine, |_| ()).unwrap();
    two_fold(&mut scores, &sources, 0, &by_finger).unwrap();
    for fold in [0, 1] {
        let model = train("", &sources, |_, finger| by_finger[finger] != fold).unwrap();
        let of = |probe: usize, reference: usize| {
            let (p, r) = (&parted.impressions[probe].probe, &parted.impressions[reference].reference);
            model.log_odds(&whorl_matcher::fine::measure(p, r, 43).unwrap())
        };
        let first = by_finger.iter().position(|&f| f == fold).unwrap() * IMPRESSIONS as usize;
        let expected = from_both_orders(of(first, first + 1), || Ok::<_, ()>(of(first + 1, first))).unwrap();
        assert!((scores.score(Stage::Fine, first, first + 1) - expected).abs() < 1e-9, "fold {fold}");
    }
}

#[test]
fn sources_of_other_fingers_and_folds_without_mates_are_refused() {
    let parted = collection(&[("a", 0..4)], &[]);
    let by_finger = folds(&parted);
    let mut scores = Scores::compare(&parted, Stage::Fine, |_| ()).unwrap();
    let other = collection(&[("z", 0..4)], &[]);
    let sources = [Measured::new(&parted, |_| ()).unwrap(), Measured::new(&other, |_| ()).unwrap()];
    let refused = two_fold(&mut scores, &sources, 0, &by_finger);
    assert!(matches!(refused, Err(EvalError::UnknownFinger { name, .. }) if name == "z/00"));
    let refused = train("", &sources[..1], |_, finger| finger == 0);
    assert!(matches!(refused, Err(EvalError::TooFew { genuine: 6, impostor: 0 })));
}
