//! The published test vectors of MATCHER 4, on real templates.

mod common;

use whorl_matcher::{GATE_DEFAULT, Probe, Record, Role, Taps, taps};

/// n, lines, crc32 of the packed record, first line if published.
const RECORDS: [(char, usize, usize, u32, &str); 5] = [
    (
        'A',
        25,
        9,
        0xba0f_7478,
        "7cfac32302d17b841c8449b35125355a0290ffde086333449efe1aeea48241b2300551231250005d69ebd3f6c6fc7191f44a5a5235201225eedffe7840404003",
    ),
    (
        'B',
        16,
        6,
        0x5c1c_d396,
        "69ebd3f246bc7195f44a7a4a35201265f23f007b3efac72106d16b841c8449b35125317a032001e1782634810e0434d97d4726bd317f9c40e2cfffa740404003",
    ),
    ('C', 45, 15, 0xa5af_b84c, ""),
    ('D', 40, 14, 0x5d2e_33e0, ""),
    ('E', 36, 12, 0xd9d2_0fa5, ""),
];

/// The record of one vector, or `None` after saying that it is absent.
fn vector(name: char) -> Option<Record> {
    let path = common::data()?.join("../matcher/vectors").join(format!("{name}.iso"));
    if !path.is_file() {
        println!("SKIPPED: no vector at {}", path.display());
        return None;
    }
    Some(common::record(&common::template(&path), Role::Reference))
}

fn compared(probe: char, reference: char) -> Option<Taps> {
    let probe = Probe::new(&vector(probe)?).unwrap();
    Some(taps(&probe, &vector(reference)?, GATE_DEFAULT).unwrap())
}

#[test]
fn records_have_the_published_bytes() {
    for (name, count, lines, crc32, first_line) in RECORDS {
        let Some(record) = vector(name) else { return };
        let bytes = record.to_bytes();
        assert_eq!(record.minutiae.len(), count, "{name}");
        assert_eq!(bytes.len(), 64 * lines, "{name}");
        for (at, digits) in (0..first_line.len()).step_by(2).enumerate() {
            let byte = u8::from_str_radix(&first_line[digits..digits + 2], 16).unwrap();
            assert_eq!(bytes[at], byte, "{name}, byte {at}");
        }
        assert_eq!(crc32fast::hash(&bytes), crc32, "{name}");
        assert_eq!(Record::from_bytes(&bytes), Ok((record, bytes.len())), "{name}");
    }
}

#[test]
fn distances_are_the_published_ones() {
    let published: [(char, char, &[u8]); 4] = [
        ('A', 'B', &[8, 14, 8, 15, 25, 13, 27, 59, 6, 11, 31, 9, 59, 20, 11, 13, 10, 59, 59, 59, 59, 59, 59, 38, 59]),
        ('B', 'A', &[8, 8, 15, 14, 6, 11, 9, 13, 13, 11, 25, 10, 27, 20, 31, 38]),
        (
            'A',
            'C',
            &[57, 56, 59, 49, 59, 49, 59, 59, 56, 49, 58, 57, 59, 53, 59, 50, 51, 56, 59, 57, 45, 56, 59, 59, 42],
        ),
        (
            'D',
            'E',
            &[
                23, 34, 38, 34, 35, 29, 23, 59, 35, 37, 30, 32, 32, 24, 36, 37, 37, 36, 36, 59, 26, 59, 50, 13, 59, 59,
                59, 24, 59, 42, 27, 58, 59, 59, 59, 18, 26, 59, 34, 30,
            ],
        ),
    ];
    for (probe, reference, distances) in published {
        let Some(taps) = compared(probe, reference) else { return };
        assert_eq!(taps.distances, distances, "{probe} to {reference}");
    }
}

#[test]
fn scores_are_the_published_ones() {
    let published = [
        ('A', 'B', 897, 1, 20947),
        ('B', 'A', 897, 2, 20947),
        ('A', 'C', 23, 17, 354),
        ('D', 'E', 967, 6, 13479),
        ('A', 'D', 20, 0, 323),
    ];
    for (probe, reference, best, lane, score) in published {
        let Some(taps) = compared(probe, reference) else { return };
        let comparison = taps.comparison;
        assert_eq!(comparison.best, best, "{probe} to {reference}");
        assert_eq!(comparison.reference_lane, Some(lane), "{probe} to {reference}");
        assert_eq!(comparison.score, score, "{probe} to {reference}");
    }
}
