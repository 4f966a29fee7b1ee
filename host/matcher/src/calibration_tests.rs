//! The committed table, and one whose answers are known.

use super::*;
use crate::fine;

/// One finger: FMR 10^-k at a ratio of k + 1, limits half a power of ten on either side; more fingers: at twice that.
fn made() -> Calibration {
    let tail = |fingers: usize| Tail {
        llr: std::array::from_fn(|k| (k as f64 + 2.0) * fingers.min(2) as f64),
        low: std::array::from_fn(|k| -(k as f64) - 1.5),
        high: std::array::from_fn(|k| -(k as f64) - 0.5),
    };
    Calibration {
        version: "test".into(),
        fine: "test".into(),
        bias: 1.0,
        slope: 2.0,
        background_weight: 0.5,
        background_mean: 768.0,
        tails: (1..=FINGERS_MAX).map(tail).collect(),
    }
}

fn assert_near(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-9, "{found}, expected {expected}");
}

#[test]
fn the_committed_table_is_that_of_the_committed_weights() {
    let table = Calibration::current();
    assert_eq!(table.fine, fine::Model::current().label(), "`make tables` calibrates new weights");
    assert!(table.fine.starts_with(&format!("{} ", fine::version())) && table.version.starts_with(fine::version()));
}

#[test]
fn a_table_is_read_as_it_was_written() {
    for table in [Calibration::current(), &made()] {
        assert_eq!(Calibration::from_text(&table.to_text()).as_ref(), Ok(table));
    }
}

#[test]
fn a_table_with_a_line_amiss_is_refused_with_its_number() {
    let text = made().to_text();
    let count = text.lines().count();
    assert_eq!(count, 6 + 3 * FINGERS_MAX);
    for nth in 0..count {
        let kept = text.lines().enumerate().filter(|&(at, _)| at != nth);
        let error = Calibration::from_text(&kept.map(|(_, line)| line.to_owned() + "\n").collect::<String>());
        assert_eq!(error.expect_err("a line is missing").line, nth + 1);
    }
    for (from, to, line) in [
        ("slope = 2", "slope = 0", 4),
        ("background weight = 0.5", "background weight = NaN", 5),
        ("llr = 2 3", "llr = 3 3", 7),
        ("llr = 2 3", "llr = 3", 7),
        ("low = -1.5 -2.5", "low = -2.5 -1.5", 8),
        ("high = -0.5 -1.5", "high = -1.5 -0.5", 9),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_eq!(Calibration::from_text(&changed).expect_err(to).line, line, "{to}");
    }
}

#[test]
fn a_ratio_counts_the_background_from_its_mean() {
    let table = made();
    assert_near(table.llr(3.0, None), 7.0);
    assert_near(table.llr(3.0, Some(768)), 7.0);
    assert_near(table.llr(3.0, Some(1024)), 6.5);
    assert_near(table.llr(3.0, Some(0)), 8.5);
}

#[test]
fn rates_are_those_of_the_table() {
    let table = made();
    let rate = |llr, fingers| table.false_match_rate(llr, fingers);
    assert_near(rate(4.0, 1).value, 1e-3);
    assert_near(rate(4.5, 1).value, 10_f64.powf(-3.5));
    assert_near(rate(4.0, 1).low, 10_f64.powf(-3.5));
    assert_near(rate(4.0, 1).high, 10_f64.powf(-2.5));
    assert_near(rate(1.5, 1).value, 10_f64.powf(-0.5));
    for far in [0.0, -100.0, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(rate(far, 1), Estimate { value: 1.0, ..rate(far, 1) }, "{far}");
    }
    assert_near(rate(8.0, 2).value, 1e-3);
    assert_eq!((rate(8.0, 2), rate(4.0, 1)), (rate(8.0, 40), rate(4.0, 0)));
    for far in [13.0, 40.0, f64::INFINITY] {
        assert_near(rate(far, 1).value, FMR_MIN);
        assert_near(rate(far, 1).high, 10_f64.powf(-11.5));
    }
}

#[test]
fn a_search_is_as_many_chances() {
    let table = made();
    let fpir = |llr, subjects| table.fpir(llr, 1, subjects);
    for (of_one, one) in [4.0, 7.3].map(|llr| (fpir(llr, 1), table.false_match_rate(llr, 1))) {
        assert_near(of_one.value, one.value);
        assert_near(of_one.low, one.low);
        assert_near(of_one.high, one.high);
    }
    assert_near(fpir(4.0, 1000).value, 1.0 - 0.999_f64.powi(1000));
    assert_near(fpir(12.0, 100).value, 1e-9); // a difference from 1 would have lost half of the digits
    assert!(fpir(4.0, 0).value.abs() < 1e-15);
    assert!((fpir(-5.0, 1000).value - 1.0).abs() < 1e-12);
}

#[test]
fn a_threshold_is_where_the_rate_is() {
    for table in [Calibration::current(), &made()] {
        for (fpir, fingers, subjects) in [(0.001, 1, 1), (0.001, 1, 1000), (0.3, 2, 1), (0.95, 4, 1), (1e-6, 10, 5000)]
        {
            let llr = table.threshold(fpir, fingers, subjects).expect("within the table");
            assert_near(table.fpir(llr, fingers, subjects).value, fpir);
        }
    }
    // 10^-13 is more than the table claims, and 2 fingers say 40 at most.
    assert_eq!(made().threshold(1e-7, 1, 1_000_000), None);
    let mut table = made();
    table.tails[1].llr[LEVELS - 1] = 41.0;
    assert_eq!(table.threshold(1e-12, 2, 1), None);
    assert!(table.threshold(1e-11, 2, 1).is_some());
}

#[test]
fn the_committed_table_is_sane() {
    let table = Calibration::current();
    assert!(table.slope > 0.5 && table.slope < 1.5 && table.background_mean > 0.0);
    for fingers in 1..=FINGERS_MAX {
        let mut before = 1.0;
        for llr in (-300..600).map(|tenth| f64::from(tenth) / 10.0) {
            let rate = table.false_match_rate(llr, fingers);
            assert!(rate.low <= rate.value && rate.value <= rate.high && rate.high <= 1.0, "{fingers} {llr} {rate:?}");
            assert!(rate.value <= before && rate.low > 0.0, "{fingers} {llr} {rate:?}");
            let of_more = table.fpir(llr, fingers, 2000).value;
            assert!(of_more >= table.fpir(llr, fingers, 1000).value);
            // Non-mates' fingers speak against mates, so more of them reach the same sum more rarely.
            assert!(fingers == 1 || rate.value <= table.false_match_rate(llr, fingers - 1).value, "{fingers} {llr}");
            before = rate.value;
        }
    }
}
