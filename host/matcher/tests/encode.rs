//! What the golden records do not show of the encoder: scaling, caps and odd inputs.

mod common;

use whorl_matcher::{Origin, Record, Role, encode};
use whorl_template::{FingerView, Minutia};

fn view(count: u16) -> FingerView {
    let minutia = |i| Minutia {
        x: 20 + (i * 53) % 301,
        y: 30 + (i * 91) % 367,
        angle: (i * 37) as u8,
        quality: (i % 101) as u8,
        ..Minutia::default()
    };
    FingerView { minutiae: (0..count).map(minutia).collect(), ..FingerView::default() }
}

fn at_500_ppi(view: &FingerView) -> Record {
    encode(view, 197, 197, Role::Reference)
}

#[test]
fn twice_the_resolution_gives_the_same_record() {
    let view = view(40);
    let mut wide = view.clone();
    wide.minutiae.iter_mut().for_each(|m| m.x *= 2);
    assert_eq!(encode(&wide, 394, 197, Role::Reference), at_500_ppi(&view));
    let mut tall = view.clone();
    tall.minutiae.iter_mut().for_each(|m| m.y *= 2);
    assert_eq!(encode(&tall, 197, 394, Role::Reference), at_500_ppi(&view));
    assert_ne!(at_500_ppi(&tall), at_500_ppi(&view));
}

#[test]
fn scaling_rounds_to_nearest() {
    // 3 * 197 / 394 = 1.5 rounds up, 1 * 197 / 394 = 0.5 rounds up, 1 * 197 / 400 down.
    let pair = |x| FingerView {
        minutiae: vec![Minutia { x, ..Minutia::default() }, Minutia { x: 1000, quality: 1, ..Minutia::default() }],
        ..FingerView::default()
    };
    let distance = |x, resolution| {
        let record = encode(&pair(x), resolution, 197, Role::Reference);
        record.minutiae[0].x - record.minutiae[1].x
    };
    assert_eq!(distance(3, 394), 500 - 2);
    assert_eq!(distance(1, 394), 500 - 1);
    assert_eq!(distance(1, 400), 493, "1000 * 197 / 400 = 492.5 rounds up, 0.4925 down");
}

#[test]
fn an_unknown_resolution_is_taken_as_500_ppi() {
    let view = view(40);
    assert_eq!(encode(&view, 0, 0, Role::Reference), at_500_ppi(&view));
}

#[test]
fn extreme_resolutions_do_not_overflow() {
    let mut view = view(40);
    view.minutiae[0] = Minutia { x: u16::MAX, y: u16::MAX, ..view.minutiae[0] };
    for resolution in [1, u16::MAX] {
        assert_eq!(encode(&view, resolution, resolution, Role::Probe).check(), Ok(()));
    }
}

#[test]
fn only_rolled_references_keep_96() {
    let mut view = view(120);
    for (impression_type, role, kept) in [
        (0, Role::Reference, 48),
        (1, Role::Reference, 96),
        (2, Role::Reference, 48),
        (3, Role::Reference, 96),
        (8, Role::Reference, 48),
        (1, Role::Probe, 48),
        (3, Role::Probe, 48),
    ] {
        view.impression_type = impression_type;
        let record = encode(&view, 197, 197, role);
        assert_eq!(record.minutiae.len(), kept, "impression type {impression_type}, {role:?}");
    }
}

#[test]
fn more_minutiae_than_a_file_can_hold_count_with_the_first_255() {
    let long = view(300);
    let mut short = long.clone();
    short.minutiae.truncate(255);
    assert_eq!(at_500_ppi(&long), at_500_ppi(&short));
    short.minutiae.truncate(254);
    assert_ne!(at_500_ppi(&long), at_500_ppi(&short));
}

#[test]
fn qualities_lose_their_last_bit_and_stop_at_100() {
    let mut view = view(3);
    for (minutia, quality) in view.minutiae.iter_mut().zip([255, 99, 1]) {
        minutia.quality = quality;
    }
    let qualities: Vec<u8> = at_500_ppi(&view).minutiae.iter().map(|m| m.quality).collect();
    assert_eq!(qualities, [100, 98, 0]);
}

#[test]
fn packed_encodings_unpack_to_themselves() {
    for template in common::random_templates(50) {
        let record = common::record(&template, Role::Reference);
        let bytes = record.to_bytes();
        assert_eq!(Record::from_bytes(&bytes), Ok((record, bytes.len())));
    }
}

#[test]
fn a_record_leads_back_to_its_file() {
    for (resolution, off) in [(0, 0.0), (197, 0.0), (394, 2.0), (120, 0.7)] {
        let mut view = view(120);
        view.impression_type = 1;
        for role in [Role::Probe, Role::Reference] {
            let record = encode(&view, resolution, resolution, role);
            let origin = Origin::of(&view, resolution, resolution, role);
            assert_eq!(origin.indices.len(), record.minutiae.len());
            for (&index, minutia) in origin.indices.iter().zip(&record.minutiae) {
                let of_file = view.minutiae[index];
                assert_eq!((of_file.angle, of_file.quality & !1), (minutia.angle, minutia.quality));
                let (x, y) = origin.in_image((minutia.x.into(), minutia.y.into()));
                let (dx, dy) = ((x - f64::from(of_file.x)).abs(), (y - f64::from(of_file.y)).abs());
                assert!(dx <= off && dy <= off, "{x}, {y} of {of_file:?} at {resolution}");
            }
        }
    }
}
