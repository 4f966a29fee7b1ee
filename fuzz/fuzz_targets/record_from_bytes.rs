//! Any bytes read as a packed record and as a shard: see README.md for what must hold.

#![no_main]

use libfuzzer_sys::fuzz_target;
use whorl_matcher::{Backend, Comparator, Probe, Record, taps};

fuzz_target!(|input: (u8, &[u8])| {
    let (gate, bytes) = input;
    let (plain, fast) = (Comparator::new(Backend::Portable), Comparator::new(Backend::Auto));
    let mut probe = Probe::new(&Record::default()).expect("an empty probe");

    if let Ok((record, length)) = Record::from_bytes(bytes) {
        let packed = &bytes[..length];
        assert_eq!(record.to_bytes(), packed);
        // A long record is compared by its first minutiae with the whole of itself.
        let lanes = Record { minutiae: record.minutiae.iter().copied().take(48).collect() };
        probe = Probe::new(&lanes).expect("at most 48 minutiae");
        let comparison = plain.score(&probe, packed, gate).expect("the record just read");
        assert_eq!(fast.score(&probe, packed, gate), Ok(comparison));
        let taps = taps(&probe, &record, gate).expect("the record just read");
        assert_eq!(taps.comparison, comparison);
        assert_eq!(probe.image().len(), 13_312);
    }

    let mut scores = Vec::new();
    let outcome = plain.scan(&probe, bytes, gate, |index, score| scores.push((index, score)));
    let mut expected = scores.iter().copied();
    let again = fast.scan(&probe, bytes, gate, |index, score| assert_eq!(expected.next(), Some((index, score))));
    assert_eq!(again, outcome);
});
