use super::*;

#[test]
fn ranks_are_counted_by_hand() {
    let mut tally = Tally::new();
    for score in [10, 30, 20, 30, 5, 20] {
        tally.add(score);
    }
    let found = tally.snapshot(Duration::ZERO);
    // Ties go against the mate; order is by score, then by finger.
    assert_eq!([31, 30, 29, 20, 6, 5, 0].map(|score| found.rank(score)), [1, 3, 3, 5, 6, 7, 7]);
    assert_eq!(found.best, [(30, 1), (30, 3), (20, 2), (20, 5), (10, 0), (5, 4)]);
}

#[test]
fn the_best_stay_and_half_a_percent_exceed_the_background() {
    let mut tally = Tally::new();
    for nth in 0..1000_u16 {
        tally.add(nth * 7 % 1000 / 2); // each of 0..500 twice
    }
    let found = tally.snapshot(Duration::ZERO);
    assert_eq!(found.best.len(), DEPTH);
    assert_eq!((found.best[0].0, found.best[1].0, found.best[DEPTH - 1].0), (499, 499, 372));
    assert!(found.best[0].1 < found.best[1].1);
    // Five of a thousand may exceed it: four exceed 497, six exceed 496.
    assert_eq!(found.background(), 497);
    let mut distinct = Tally::new();
    (0..1000).for_each(|score| distinct.add(score));
    assert_eq!(distinct.snapshot(Duration::ZERO).background(), 994); // five exceed it, as many as may
}

fn searched(finger: usize, mates: &[(usize, f64)], others: &[f64]) -> Searched {
    let mut best = vec![f64::NEG_INFINITY];
    for &other in others {
        best.push(best[best.len() - 1].max(other));
    }
    let mate = |&(rank, fine): &(usize, f64)| Mate { rank, coarse: if rank == 1 { 900 } else { 100 }, fine };
    Searched {
        finger,
        mates: mates.iter().map(mate).collect(),
        coarse: 500,
        best,
        seconds: vec![0.0, 0.02, 0.03, 0.04],
    }
}

#[test]
fn losses_are_counted_by_hand() {
    // The threshold at FPIR 1 % of three searches is the best background finger of any: 4.
    let all = [
        searched(0, &[(1, 9.0), (3, 8.0)], &[-3.0, 2.0, 4.0]),
        searched(1, &[(4, 7.0), (2, 3.5)], &[1.0, 0.0, 0.0]), // the second is below the threshold
        searched(2, &[(2, 5.0), (9, 2.5)], &[3.0, 3.0, 3.0]), // the second is below its own rival as well
    ];
    let found = report(1000, &all.iter().collect::<Vec<_>>(), 2, 0.97);
    assert_eq!((found.mated_searches, found.nonmated_searches, found.found), (6, 3, 4));
    let at = |keep: usize| found.curve.iter().find(|point| point.keep == keep).unwrap();
    assert_eq!([1, 2, 5, 10].map(|keep| (6.0 * at(keep).kept).round() as usize), [1, 3, 5, 6]);
    assert_eq!([1, 2, 5].map(|keep| at(keep).lost), [3, 2, 0]);
    assert!((at(2).loss - 0.5).abs() < 1e-12);
    assert_eq!(found.chosen, *at(2));
    assert!((at(2).fine_share - 0.03).abs() < 1e-12);
    assert!((at(5).fine_share - 0.2 / 3.0 / (0.2 / 3.0 + 0.97)).abs() < 1e-12); // 0.04 for three, so 0.2 / 3 for five
    assert!((found.fine_us - 15_000.0).abs() < 1e-6);
    assert_eq!(found.recommended_keep, Some(4));
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    near(found.coarse.rank1, 1.0 / 6.0);
    near(found.coarse.fnir_at_fpir.percent, 5.0 / 6.0);
    // With two places the threshold is 3 and the mate has one rival: 9, 3.5 and 5 are kept, above and first.
    near(found.cascade.rank1, 0.5);
    near(found.cascade.fnir_at_fpir.percent, 0.5);
    near(found.fine.rank1, 5.0 / 6.0);
    near(found.fine.fnir_at_fpir.percent, 2.0 / 6.0);
}

#[test]
fn the_recommended_length_loses_less_than_the_target() {
    // Of 400, two are the target itself: one may be lost.
    let mut ranks = vec![1; 397];
    ranks.extend([7, 50, 300]);
    assert_eq!(recommended(ranks.clone()), Some(50));
    ranks.push(1); // of 401, two are below it
    assert_eq!(recommended(ranks), Some(7));
    assert_eq!(recommended(vec![3, 8, 2]), Some(8));
    assert_eq!(recommended(Vec::new()), None);
}

#[test]
fn the_threshold_lets_the_allowed_share_through() {
    let values: Vec<f64> = (0..200).map(f64::from).collect();
    assert_eq!((threshold(values.clone(), 0.01), threshold(values, 0.001)), (197.0, 199.0));
}
