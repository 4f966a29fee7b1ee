//! Packing and unpacking of records: what is written reads back, and nothing else is accepted.

use proptest::collection::vec;
use proptest::prelude::*;
use whorl_matcher::{PackedRecord, Probe, Record, RecordError, RecordMinutia};

fn minutia() -> impl Strategy<Value = RecordMinutia> {
    (-2048..=2047_i16, -2048..=2047_i16, any::<u8>(), any::<[u8; 16]>(), 0..=50_u8, 0..=2_u8).prop_map(
        |(x, y, angle, descriptor, half_quality, kind)| RecordMinutia {
            x,
            y,
            angle,
            descriptor,
            quality: 2 * half_quality,
            kind,
        },
    )
}

fn sample(count: usize) -> Record {
    let minutia =
        |i: usize| RecordMinutia { x: -5, y: 7, angle: i as u8, descriptor: [0xc3; 16], quality: 100, kind: 2 };
    Record { minutiae: (0..count).map(minutia).collect() }
}

proptest! {
    #[test]
    fn what_is_packed_unpacks(minutiae in vec(minutia(), 0..=96), after in vec(any::<u8>(), 0..100)) {
        let record = Record { minutiae };
        let mut bytes = record.to_bytes();
        let length = bytes.len();
        prop_assert_eq!(length, 64 * record.minutiae.len().div_ceil(3).max(1));
        bytes.extend(after);
        prop_assert_eq!(Record::from_bytes(&bytes), Ok((record, length)));
    }

    #[test]
    fn any_bit_flip_is_another_record_or_an_error(
        minutiae in vec(minutia(), 0..=20),
        flips in vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let mut bytes = Record { minutiae }.to_bytes();
        for flip in flips {
            let bit = flip.index(8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        if let Ok((record, length)) = Record::from_bytes(&bytes) {
            prop_assert_eq!(&record.to_bytes()[..], &bytes[..length]);
        }
    }
}

#[test]
fn the_fields_are_where_the_format_says() {
    let bytes = sample(4).to_bytes();
    assert_eq!(bytes.len(), 128);
    assert_eq!(bytes[20..36], [0xc3; 16]);
    // X = -5 in bits 11:0, Y = 7 in bits 23:12, angle 1 in bits 31:24.
    assert_eq!(bytes[36..40], 0x0100_7ffb_u32.to_le_bytes());
    // Kind 2 in bits 7:6, half of quality 100 in bits 5:0.
    assert_eq!(bytes[60..64], [0xb2, 0xb2, 0xb2, 3]);
    assert_eq!(bytes[124..128], [0xb2, 0, 0, 0x85]);
}

#[test]
fn an_empty_finger_is_one_empty_line() {
    let bytes = Record::default().to_bytes();
    assert_eq!(bytes[..63], [0; 63]);
    assert_eq!(bytes[63], 0x80);
    assert_eq!(Record::from_bytes(&bytes), Ok((Record::default(), 64)));
}

#[test]
fn every_truncation_is_an_error_with_its_place() {
    let bytes = sample(7).to_bytes();
    for length in 0..bytes.len() {
        let offset = length / 64 * 64;
        let expected = RecordError::Truncated { offset, available: length - offset };
        assert_eq!(Record::from_bytes(&bytes[..length]), Err(expected));
    }
}

/// The error that a change to one byte of a 7-minutiae record brings about.
fn error_after(at: usize, value: u8) -> RecordError {
    let mut bytes = sample(7).to_bytes();
    assert_ne!(bytes[at], value);
    bytes[at] = value;
    Record::from_bytes(&bytes).unwrap_err()
}

#[test]
fn lines_out_of_place_are_refused() {
    let number = |offset, found, expected| RecordError::LineNumber { offset, found, expected };
    assert_eq!(error_after(63, 3 | 1 << 2), number(0, 1, 0));
    assert_eq!(error_after(127, 3), number(64, 0, 1));
    let count = |offset, count| RecordError::LineCount { offset, count };
    assert_eq!(error_after(63, 2), count(0, 2));
    assert_eq!(error_after(63, 0), count(0, 0));
    assert_eq!(error_after(191, 2 << 2 | 0x80), count(128, 0));
    assert_eq!(error_after(191, 1 | 2 << 2), count(128, 1));
}

#[test]
fn unused_bytes_and_bad_meta_values_are_refused() {
    for at in [148, 167, 168, 187, 189, 190] {
        assert_eq!(error_after(at, 1), RecordError::UnusedByte { offset: at });
    }
    assert_eq!(error_after(61, 0xc0), RecordError::Meta { offset: 61, value: 0xc0 });
    assert_eq!(error_after(188, 51), RecordError::Meta { offset: 188, value: 51 });
}

#[test]
fn a_record_without_an_end_is_refused() {
    let mut bytes = sample(96).to_bytes();
    assert_eq!(bytes.len(), 2048);
    bytes[2047] &= 0x7f;
    bytes.extend([0; 64]);
    assert_eq!(Record::from_bytes(&bytes), Err(RecordError::NoLastLine { offset: 1984 }));
}

#[test]
fn a_lone_record_has_nothing_after_it() {
    let mut bytes = sample(7).to_bytes();
    assert_eq!(PackedRecord::only(&bytes).unwrap().count(), 7);
    bytes.push(0);
    assert_eq!(PackedRecord::only(&bytes).unwrap_err(), RecordError::TrailingBytes { offset: 192, count: 1 });
    assert_eq!(PackedRecord::at(&bytes, 999).unwrap_err(), RecordError::Truncated { offset: 999, available: 0 });
}

#[test]
fn records_made_by_hand_are_checked() {
    assert_eq!(sample(97).check(), Err(RecordError::TooManyMinutiae { count: 97, max: 96 }));
    let changed = |change: fn(&mut RecordMinutia)| {
        let mut record = sample(3);
        change(&mut record.minutiae[1]);
        record.check().unwrap_err()
    };
    let range = |field, value| RecordError::FieldRange { field, index: 1, value };
    assert_eq!(changed(|m| m.x = 2048), range("x", 2048));
    assert_eq!(changed(|m| m.y = -2049), range("y", -2049));
    assert_eq!(changed(|m| m.quality = 51), range("quality", 51));
    assert_eq!(changed(|m| m.quality = 102), range("quality", 102));
    assert_eq!(changed(|m| m.kind = 3), range("kind", 3));
}

#[test]
fn a_probe_has_at_most_one_minutia_per_lane() {
    assert!(Probe::new(&sample(48)).is_ok());
    let error = Probe::new(&sample(49)).unwrap_err();
    assert_eq!(error, RecordError::TooManyMinutiae { count: 49, max: 48 });
}

#[test]
fn the_probe_image_is_the_record_and_then_the_rotation_rows() {
    let mut record = sample(47);
    (record.minutiae[46].x, record.minutiae[46].y) = (-2048, 2047);
    let image = Probe::new(&record).unwrap().image();
    assert_eq!(image.len(), 13_312);
    assert_eq!(image[..1024], record.to_bytes());
    let word = |row: usize, lane: usize| {
        let at = 64 * (16 + 3 * row) + 4 * lane;
        u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
    };
    let packed = |x: i32, y: i32| (x as u32 & 0x1fff) | (y as u32 & 0x1fff) << 16;
    // Quarter turns are exact: (x, y), (-y, x), (-x, -y), (y, -x).
    for (row, first, last) in [
        (0, (-5, 7), (-2048, 2047)),
        (16, (-7, -5), (-2047, -2048)),
        (32, (5, -7), (2048, -2047)),
        (48, (7, 5), (2047, 2048)),
    ] {
        assert_eq!(word(row, 0), packed(first.0, first.1), "row {row}");
        assert_eq!(word(row, 46), packed(last.0, last.1), "row {row}");
        assert_eq!(word(row, 47), 0, "row {row}");
    }
    let short = Probe::new(&sample(2)).unwrap().image();
    assert!(short[64..1024].iter().all(|&byte| byte == 0));
}

#[test]
fn rotation_rows_round_to_nearest_and_halves_up() {
    let table = |angle: usize, function: fn(f64) -> f64| {
        (16384.0 * function(std::f64::consts::TAU * angle as f64 / 256.0) + 0.5).floor() as i64
    };
    let mut halves = 0;
    for step in 0..100 {
        let place =
            |i: i16| RecordMinutia { x: 41 * i - step * 7, y: 1000 - 13 * i - step * 9, ..RecordMinutia::default() };
        let minutiae: Vec<_> = (0..48).map(place).collect();
        let probe = Probe::new(&Record { minutiae }).unwrap();
        for r in 0..64 {
            let (cosine, sine) = (table(4 * r, f64::cos), table(4 * r, f64::sin));
            let row = probe.rotation(r);
            for (j, minutia) in probe.minutiae().iter().enumerate() {
                let (x, y) = (i64::from(minutia.x), i64::from(minutia.y));
                for (rotated, exact) in [(row.x[j], x * cosine - y * sine), (row.y[j], x * sine + y * cosine)] {
                    assert_eq!(i64::from(rotated), (exact + 8192).div_euclid(16384), "row {r}, {minutia:?}");
                    halves += usize::from(exact.rem_euclid(16384) == 8192);
                }
            }
        }
    }
    assert!(halves > 0, "no half was put to the test");
}
