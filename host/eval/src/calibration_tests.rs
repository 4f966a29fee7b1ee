//! Non-mates whose tail is known.

use super::*;

/// Exponential ratios of mean 2 from -8 on between the first and all other fingers, 10 for each pair, as quantiles.
fn exponential(fingers: usize) -> Vec<NonMate> {
    let pairs: Vec<_> = (0..fingers).flat_map(|a| (0..fingers).map(move |b| (a, b))).filter(|(a, b)| a != b).collect();
    let count = 10 * pairs.len();
    // Pairs take turns in a stride that is prime to their number, so that none has only large ratios.
    let at = |nth: usize| pairs[nth * 7919 % pairs.len()];
    let llr = |nth: usize| -8.0 - 2.0 * ((nth as f64 + 0.5) / count as f64).ln();
    (0..count).map(|nth| NonMate { llr: llr(nth), probe: at(nth).0, reference: at(nth).1 }).collect()
}

#[test]
fn the_tail_of_one_finger_is_found_and_continued() {
    let tails = tails(&[exponential(30)], 30);
    // The last level of so flat a tail is beyond the last bin.
    for (level, &llr) in tails[0].llr.iter().enumerate().take(LEVELS - 1) {
        let expected = -8.0 + 2.0 * (level as f64 + 1.0) * std::f64::consts::LN_10;
        assert!((llr - expected).abs() < 0.1 + 0.02 * level as f64, "level {level}: {llr}, expected {expected}");
        let value = -(level as f64 + 1.0);
        assert!(tails[0].low[level] < value && value < tails[0].high[level], "{tails:?}");
    }
}

#[test]
fn the_tail_of_two_fingers_is_that_of_their_sum() {
    let tails = tails(&[exponential(30)], 30);
    for (level, &llr) in tails[1].llr.iter().enumerate() {
        // Erlang: P(sum of two >= x) = (1 + x) e^-x in units of the mean.
        let x = f64::midpoint(llr, 16.0);
        let log = ((1.0 + x).ln() - x) / std::f64::consts::LN_10;
        assert!((log + level as f64 + 1.0).abs() < 0.05 + 0.02 * level as f64, "level {level}: {log}");
    }
}

#[test]
fn limits_span_the_sources() {
    let near = exponential(20);
    let far: Vec<_> = near.iter().map(|n| NonMate { llr: n.llr + 3.0, ..*n }).collect();
    let tails = tails(&[near, far], 20);
    // At FMR 10^-3 of both together one source has about a tenth of what the other has: e^-1.5 of it.
    assert!(tails[0].low[2] < -3.3 && tails[0].high[2] > -2.8, "{:?}", tails[0]);
}

#[test]
fn a_ratio_without_information_costs_a_bit() {
    assert!((cllr([(0.0, true), (0.0, false), (0.0, false)].into_iter()) - 1.0).abs() < 1e-12);
    assert!(cllr([(20.0, true), (-14.0, false)].into_iter()) < 1e-5);
    // ln 3 for mates costs log2(4/3), for non-mates log2 4.
    let llr = 3_f64.ln();
    assert!((cllr([(llr, true), (llr, false)].into_iter()) - f64::midpoint((4.0_f64 / 3.0).log2(), 2.0)).abs() < 1e-12);
}

#[test]
fn the_ratio_takes_off_the_prior_and_the_background() {
    // Mates are as likely as the log odds say, less 0.5 per 256 of background, at twice as many non-mates as mates.
    let mut pairs = Vec::new();
    for background in [0_u16, 256, 512] {
        for log_odds in -4..=4 {
            let odds = (f64::from(log_odds) - 0.5 * f64::from(background) / 256.0).exp();
            let mates = (odds / (1.0 + odds) * 2000.0).round() as usize;
            let pair = |mated| Pair { log_odds: log_odds.into(), background, mated, probe: 0, reference: 1 };
            pairs.extend((0..2000).map(|nth| pair(nth < mates)));
        }
    }
    let genuine = pairs.iter().filter(|pair| pair.mated).count() as f64;
    let prior = (genuine / (pairs.len() as f64 - genuine)).ln();
    let table = ratio(&[pairs]).expect("both kinds");
    assert!((table.slope - 1.0).abs() < 0.01 && (table.background_weight - 0.5).abs() < 0.02, "{table:?}");
    assert!((table.background_mean - 256.0).abs() < 1e-9);
    assert!((table.bias - (-0.5 - prior)).abs() < 0.02, "{table:?}");
}

#[test]
fn fingers_that_do_not_give_enough_pairs_give_no_sums() {
    // Six fingers make three pairs at a time, however often they were compared.
    let nonmates: Vec<NonMate> =
        (0..600).map(|nth| NonMate { llr: -3.0, probe: nth % 6, reference: (nth + 1 + nth / 6 % 5) % 6 }).collect();
    assert!(drawn_sums(&nonmates, 6, 4).is_empty());
    let sums = drawn_sums(&nonmates, 6, 2);
    assert_eq!(sums.len(), DRAWINGS);
    assert!(sums.iter().all(|sum| (sum + 6.0).abs() < 1e-12));
}
