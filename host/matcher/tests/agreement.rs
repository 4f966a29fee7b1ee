//! AVX2 and plain comparison agree on every number, on real pairs and on random records.

mod common;

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use whorl_matcher::{
    Backend, Comparator, Comparison, GATE_DEFAULT, PackedRecord, Probe, Record, RecordError, RecordMinutia, Role,
    Winner, taps,
};

/// Both backends, or `None` after saying that the processor has only one.
fn backends() -> Option<(Comparator, Comparator)> {
    let fast = Comparator::new(Backend::Avx2);
    if fast.backend() != Backend::Avx2 {
        println!("SKIPPED: this processor has no AVX2");
        return None;
    }
    let plain = Comparator::new(Backend::Portable);
    assert_eq!(plain.backend(), Backend::Portable);
    Some((plain, fast))
}

#[test]
fn all_real_pairs_agree() {
    let (Some((plain, fast)), Some(data)) = (backends(), common::data()) else { return };
    for source in ["leader", "secugen"] {
        let templates = common::source(&data, source);
        assert_eq!(templates.len(), 320, "{source}");
        let references: Vec<Vec<u8>> =
            templates.iter().map(|t| common::record(t, Role::Reference).to_bytes()).collect();
        for template in &templates {
            let probe = Probe::new(&common::record(template, Role::Probe)).unwrap();
            for reference in &references {
                let expected = plain.score(&probe, reference, GATE_DEFAULT);
                assert_eq!(fast.score(&probe, reference, GATE_DEFAULT), expected);
            }
        }
    }
}

/// Descriptors near one of a few patterns, so that distances below the ceiling and ties are common.
fn descriptor() -> impl Strategy<Value = [u8; 16]> {
    let pattern = prop_oneof![Just([0; 16]), Just([0xff; 16]), Just([0xa5; 16]), any::<[u8; 16]>(),];
    (pattern, vec(0..128_usize, 0..24)).prop_map(|(mut bytes, flips)| {
        for bit in flips {
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        bytes
    })
}

fn coordinate() -> impl Strategy<Value = i16> {
    prop_oneof![4 => -40..40_i16, 2 => -300..300_i16, 1 => Just(-2048), 1 => Just(2047), 1 => -2048..=2047_i16]
}

fn minutia() -> impl Strategy<Value = RecordMinutia> {
    let angle = prop_oneof![3 => 0..40_u8, 2 => any::<u8>(), 1 => Just(127), 1 => Just(128), 1 => Just(255)];
    (coordinate(), coordinate(), angle, descriptor()).prop_map(|(x, y, angle, descriptor)| RecordMinutia {
        x,
        y,
        angle,
        descriptor,
        quality: 0,
        kind: 0,
    })
}

fn record(counts: Range<usize>, edges: [usize; 4]) -> impl Strategy<Value = Record> {
    let edge = prop::sample::select(edges.to_vec());
    let count = prop_oneof![3 => counts, 2 => edge];
    count.prop_flat_map(|count| vec(minutia(), count)).prop_map(|minutiae| Record { minutiae })
}

fn compare_both(probe: &Record, reference: &Record, gate: u8) -> Option<(Comparison, Comparison)> {
    let (plain, fast) = backends()?;
    let probe = Probe::new(probe).unwrap();
    let reference = reference.to_bytes();
    Some((plain.score(&probe, &reference, gate).unwrap(), fast.score(&probe, &reference, gate).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_records_agree(
        probe in record(0..49, [0, 1, 33, 48]),
        reference in record(0..97, [0, 1, 48, 96]),
        gate in 0..=127_u8,
    ) {
        if let Some((plain, fast)) = compare_both(&probe, &reference, gate) {
            prop_assert_eq!(plain, fast);
        }
    }

    #[test]
    fn a_record_finds_itself(record in record(1..49, [1, 2, 33, 48]), gate in 0..=127_u8) {
        if let Some((plain, fast)) = compare_both(&record, &record, gate) {
            prop_assert_eq!(plain, fast);
            prop_assert!(plain.best >= 63, "at least one minutia meets itself");
        }
    }
}

#[test]
fn opposite_directions_pass_no_gate() {
    let at = |angle| Record { minutiae: vec![RecordMinutia { angle, ..RecordMinutia::default() }] };
    for gate in [127, 128, 255] {
        for angle in [0, 1, 127, 128, 255_u8] {
            let Some((plain, fast)) = compare_both(&at(angle), &at(angle.wrapping_add(128)), gate) else { return };
            assert_eq!((plain.best, fast.best), (0, 0), "angle {angle}, gate {gate}");
        }
    }
}

#[test]
fn only_distances_below_the_ceiling_win() {
    let differing = |bits: u32| {
        let descriptor = ((1_u128 << bits) - 1).to_le_bytes();
        Record { minutiae: vec![RecordMinutia { descriptor, ..RecordMinutia::default() }] }
    };
    let probe = differing(0);
    for (bits, wins) in [(0, true), (58, true), (59, false), (127, false)] {
        let taps = taps(&Probe::new(&probe).unwrap(), &differing(bits), GATE_DEFAULT).unwrap();
        let winner = Winner { lane: 0, distance: bits as u8, accepted: true };
        assert_eq!(taps.winners, [wins.then_some(winner)], "{bits} bits differ");
        assert_eq!(taps.slots[0].is_some(), wins, "{bits} bits differ");
        let Some((plain, fast)) = compare_both(&probe, &differing(bits), GATE_DEFAULT) else { return };
        assert_eq!(plain.best > 0, wins, "{bits} bits differ");
        assert_eq!(plain, fast);
    }
}

/// Records in which every angle occurs, for the gate's edges.
fn around_the_circle(count: usize, step: u8, x_step: i16) -> Record {
    let minutia = |i: usize| RecordMinutia {
        x: x_step * i as i16,
        angle: step.wrapping_mul(i as u8),
        descriptor: [if i.is_multiple_of(3) { 0x11 } else { 0x13 }; 16],
        ..RecordMinutia::default()
    };
    Record { minutiae: (0..count).map(minutia).collect() }
}

#[test]
fn every_gate_agrees_and_admits_more_than_the_last() {
    let (probe, reference) = (around_the_circle(48, 5, 0), around_the_circle(96, 3, 0));
    let mut bests = Vec::new();
    for gate in 0..=u8::MAX {
        let Some((plain, fast)) = compare_both(&probe, &reference, gate) else { return };
        assert_eq!(plain, fast, "gate {gate}");
        bests.push(plain.best);
    }
    assert!(bests[0] < bests[43], "a gate of 0 admits equal angles only");
    assert!(bests[127..].iter().all(|&best| best == bests[127]), "gates above 127 mean 127");
}

#[test]
fn the_gate_is_inclusive_on_both_sides() {
    let at = |angle| Record { minutiae: vec![RecordMinutia { angle, ..RecordMinutia::default() }] };
    for gate in [0, 1, 43, 126, 127_u8] {
        for angle in [0, 1, 100, 128, 255_u8] {
            for (difference, passes) in [(gate, true), (gate + 1, false)] {
                for other in [angle.wrapping_add(difference), angle.wrapping_sub(difference)] {
                    let Some((plain, fast)) = compare_both(&at(angle), &at(other), gate) else { return };
                    assert_eq!(plain.best > 0, passes, "angles {angle} and {other}, gate {gate}");
                    assert_eq!(plain, fast);
                }
            }
        }
    }
}

#[test]
fn a_scan_reports_what_single_comparisons_find() {
    let templates = common::random_templates(40);
    let records: Vec<Record> = templates.iter().map(|t| common::record(t, Role::Reference)).collect();
    let shard: Vec<u8> = records.iter().flat_map(Record::to_bytes).collect();
    let probe = Probe::new(&records[7]).unwrap();
    for backend in [Backend::Portable, Backend::Auto] {
        let comparator = Comparator::new(backend);
        let mut scores = Vec::new();
        let count = comparator.scan(&probe, &shard, GATE_DEFAULT, |index, score| scores.push((index, score))).unwrap();
        assert_eq!(count, 40);
        let single = |record: &Record| comparator.score(&probe, &record.to_bytes(), GATE_DEFAULT).unwrap().score;
        let expected: Vec<_> = records.iter().enumerate().map(|(i, record)| (i as u32, single(record))).collect();
        assert_eq!(scores, expected);
        assert!(scores.iter().all(|&(index, score)| index == 7 || score < scores[7].1));
    }
}

#[test]
fn a_scan_stops_at_the_first_bad_line_and_says_where() {
    let record = common::record(&common::random_templates(1)[0], Role::Reference).to_bytes();
    let probe = Probe::new(&Record::default()).unwrap();
    let mut shard = [record.clone(), record.clone(), record.clone()].concat();
    let bad_line = 2 * record.len() + 64;
    shard[bad_line + 63] ^= 1 << 2;
    let mut reported = 0;
    let outcome = Comparator::new(Backend::Auto).scan(&probe, &shard, GATE_DEFAULT, |_, _| reported += 1);
    let expected = PackedRecord::at(&shard, 2 * record.len()).map(|_| 0).unwrap_err();
    assert!(expected.to_string().contains(&format!("offset {bad_line}")), "{expected}");
    assert_eq!(outcome, Err(expected));
    assert_eq!(reported, 2);
}

#[test]
fn a_score_is_of_exactly_one_record() {
    let record = Record::default().to_bytes();
    let probe = Probe::new(&Record::default()).unwrap();
    let two = [record.clone(), record].concat();
    let outcome = Comparator::new(Backend::Auto).score(&probe, &two, GATE_DEFAULT);
    assert_eq!(outcome, Err(RecordError::TrailingBytes { offset: 64, count: 64 }));
}
