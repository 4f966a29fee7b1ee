//! Experiments whose outcome is known.

use super::*;

/// Enough for the tolerances below.
const LITTLE: Effort = Effort { trials: 5000, replicates: 100, replicate_trials: 500 };

/// `fingers` fingers of 4 impressions; `mate` gives the ratio of two impressions of finger f, all others say -3.
fn experiment(fingers: usize, mate: impl Fn(usize) -> f64, listed: impl Fn(usize) -> bool) -> Experiment {
    let count = 4 * fingers;
    let pairs = || (0..count).flat_map(|probe| (0..count).map(move |reference| (probe / 4, reference / 4)));
    Experiment {
        count,
        llr: pairs().map(|(a, b)| if a == b { mate(a) } else { -3.0 }).collect(),
        listed: pairs().map(|(a, b)| a == b && listed(a)).collect(),
        minutiae: vec![30; count],
        fingers: (0..fingers).map(|finger| (4 * finger..4 * finger + 4).collect()).collect(),
    }
}

fn figures(experiment: &Experiment, fingers: usize) -> SubjectFigures {
    let hand = HANDS.iter().find(|hand| hand.len() == fingers).expect("a known number");
    experiment.figures(hand, LITTLE).expect("there are enough fingers")
}

#[test]
fn fusion_makes_up_for_fingers_that_fail_alone() {
    // Every fourth finger resembles its mate less than others do.
    let experiment = experiment(40, |finger| if finger % 4 == 0 { -4.0 } else { 8.0 }, |_| true);
    let alone = figures(&experiment, 1);
    assert!((alone.fnir_at_fpir.percent - 0.25).abs() < 0.02, "{alone:?}");
    // The interval is that of 40 fingers, not of 20,000 searches: a binomial deviation of 0.07.
    let [low, high] = alone.ci95.percent;
    assert!((0.08..0.18).contains(&low) && (0.33..0.45).contains(&high), "{alone:?}");
    // Two fail together with 10/40 * 9/39 and sum up to -8, below the -6 of others.
    let two = figures(&experiment, 2);
    assert!((two.fnir_at_fpir.per_thousand - 0.0577).abs() < 0.01, "{two:?}");
    let limits = two.ci95;
    assert!(limits.percent[1] <= limits.per_thousand[1], "{two:?}");
    let ten = figures(&experiment, 10);
    assert!(ten.fnir_at_fpir.per_thousand.abs() < 1e-12);
    assert_eq!((ten.disjoint_subjects, ten.searches), (4, LITTLE.trials));
    assert!((ten.ci95.percent[1] - wilson(0, 4)[1]).abs() < 1e-12, "no error in 4 disjoint subjects is little");
}

#[test]
fn a_first_pass_loses_the_mates_that_its_fingers_do_not_bring_up() {
    let experiment = experiment(40, |_| 8.0, |finger| finger % 2 == 0);
    let four = figures(&experiment, 4);
    // All of four fingers of the wrong half: 20*19*18*17 of 40*39*38*37; of two: 20*19 of 40*39.
    assert!((four.all_searched.lost - 0.053).abs() < 0.01, "{four:?}");
    assert!((four.two_searched.lost - 0.2436).abs() < 0.015, "{four:?}");
    assert!((four.two_searched.fnir_at_fpir.per_thousand - four.two_searched.lost).abs() < 1e-12);
    assert!(four.fnir_at_fpir.per_thousand.abs() < 1e-12);
    assert_eq!(four.two_searched, figures(&experiment, 4).two_searched, "the same every time");
}

#[test]
fn subjects_need_different_fingers_in_either_half() {
    let few = experiment(8, |_| 8.0, |_| true);
    assert_eq!(
        HANDS.iter().filter_map(|hand| few.figures(hand, LITTLE)).map(|f| f.fingers).collect::<Vec<_>>(),
        [1, 2, 4]
    );
    // A finger that is drawn again is still one finger.
    assert!(few.trials(HANDS[1], &[0, 0, 0, 1, 2, 2], 1, 0).is_none());
    assert!(few.trials(HANDS[1], &[0, 0, 0, 1, 2, 3], 1, 0).is_some());
}

#[test]
fn a_search_never_meets_its_own_finger_as_a_non_mate() {
    // Mates of finger f say 8, so a non-mated search that meets one would say more than -3 per finger.
    let mut experiment = experiment(20, |_| 8.0, |_| true);
    // An impression with itself is no mated comparison.
    for impression in 0..experiment.count {
        experiment.llr[impression * (experiment.count + 1)] = 20.0;
    }
    let all: Vec<_> = (0..20).collect();
    let trials = experiment.trials(HANDS[3], &all, 300, 5).expect("two halves of ten");
    assert!(trials.iter().all(|trial| (trial.other + 30.0).abs() < 1e-9 && (trial.mate - 80.0).abs() < 1e-9));
}
