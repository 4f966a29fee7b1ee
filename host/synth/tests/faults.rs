//! Every field of a distortion does what its documentation says, and nothing else.

use whorl_synth::{Distortion, Finger, FingerMinutia};
use whorl_template::Minutia;

/// Every true minutia of one impression beside the finger's own.
fn pairs(finger: &Finger, impression: u32, distortion: &Distortion) -> Vec<(Minutia, FingerMinutia)> {
    let observation = finger.observe(impression, distortion);
    let minutiae = observation.template.views[0].minutiae.iter().zip(observation.origins);
    minutiae.filter_map(|(m, origin)| Some((*m, finger.minutiae()[usize::from(origin?)]))).collect()
}

/// Displacement of a minutia in a clean image of 388 by 374 px: right, up (px) and turned (turns, -0.5..0.5).
fn change((minutia, master): &(Minutia, FingerMinutia)) -> [f64; 3] {
    let turns = f64::from(minutia.angle) / 256.0 - master.direction;
    let (x, y) = (f64::from(minutia.x) - 194.0, 187.0 - f64::from(minutia.y));
    [x - master.x, y - master.y, turns - turns.round()]
}

/// Deviation of each coordinate of [`change`] over 400 fingers.
fn deviation(distortion: &Distortion) -> [f64; 3] {
    let changes: Vec<_> =
        (0..400).flat_map(|f| pairs(&Finger::new(21, f), 0, distortion)).map(|pair| change(&pair)).collect();
    std::array::from_fn(|i| (changes.iter().map(|c| c[i] * c[i]).sum::<f64>() / changes.len() as f64).sqrt())
}

#[track_caller]
fn near(value: f64, expected: f64) {
    assert!((value / expected - 1.0).abs() < 0.25, "{value} instead of {expected}");
}

#[test]
fn a_clean_impression_shows_the_finger_itself() {
    let finger = Finger::new(12, 0);
    let observation = finger.observe(0, &Distortion::clean());
    assert!(observation.origins.len() > 20);
    for (minutia, origin) in observation.template.views[0].minutiae.iter().zip(observation.origins) {
        let master = finger.minutiae()[usize::from(origin.expect("nothing spurious"))];
        assert!((f64::from(minutia.x) - 194.0 - master.x).abs() <= 0.5, "{minutia:?} {master:?}");
        assert!((187.0 - f64::from(minutia.y) - master.y).abs() <= 0.5, "{minutia:?} {master:?}");
        let turns = f64::from(minutia.angle) / 256.0 - master.direction;
        assert!((turns - turns.round()).abs() <= 0.5 / 256.0 + 1e-9, "{minutia:?} {master:?}");
        assert_eq!(minutia.kind, master.kind);
    }
}

#[test]
fn an_image_shows_exactly_what_falls_into_it() {
    let small = Distortion { canvas_width_px: 120, canvas_height_px: 90, ..Distortion::clean() };
    for index in 0..200 {
        let finger = Finger::new(12, index);
        let inside = |m: &&FingerMinutia| {
            let (column, row) = ((m.x + 60.0).round(), (45.0 - m.y).round());
            (0.0..120.0).contains(&column) && (0.0..90.0).contains(&row)
        };
        let expected = finger.minutiae().iter().filter(inside).count();
        assert_eq!(finger.impression(0, &small).views[0].minutiae.len(), expected, "finger {index}");
    }
}

#[test]
fn rotations_are_mostly_small_and_never_beyond_the_limit() {
    let turned = Distortion {
        rotation_degrees: 0.0,
        careless_share: 1.0,
        careless_degrees: 90.0,
        rotation_limit_degrees: 30.0,
        ..Distortion::clean()
    };
    let finger = Finger::new(12, 0);
    let straight = finger.observe(0, &Distortion::clean());
    let angles = |impression| {
        let observation = finger.observe(impression, &turned);
        let pairs = observation.template.views[0].minutiae.clone().into_iter().zip(observation.origins);
        let first = straight.template.views[0].minutiae.iter().zip(&straight.origins);
        let same: Vec<i8> = pairs
            .filter_map(|(m, origin)| {
                let mate = first.clone().find(|(_, o)| **o == origin).map(|(s, _)| s.angle);
                mate.map(|angle| m.angle.wrapping_sub(angle) as i8)
            })
            .collect();
        f64::from(same[same.len() / 2]) * 360.0 / 256.0
    };
    let rotations: Vec<f64> = (0..40).map(angles).collect();
    assert!(rotations.iter().all(|r| r.abs() < 32.0), "{rotations:?}");
    assert!(rotations.iter().filter(|r| r.abs() > 28.0).count() > 20, "{rotations:?}");
}

#[test]
fn minutiae_are_listed_from_top_to_bottom() {
    let finger = Finger::new(12, 0);
    let template = finger.impression(0, &Distortion::default());
    assert!(template.views[0].minutiae.is_sorted_by_key(|m| m.y));
    assert!(!finger.minutiae().is_sorted_by(|a, b| a.y >= b.y));
}

#[test]
fn flips_turn_directions_and_kinds_of_every_minutia_when_certain() {
    let flipped = Distortion { direction_flips: 1.0, type_flips: 1.0, ..Distortion::clean() };
    let pairs = pairs(&Finger::new(12, 0), 0, &flipped);
    assert!(pairs.len() > 20);
    for pair in pairs {
        assert!(change(&pair)[2].abs() > 0.49, "{pair:?}");
        assert_ne!(pair.0.kind, pair.1.kind);
    }
}

#[test]
fn jitter_has_the_deviation_asked_for() {
    // faint minutiae have more of it even on good skin: two fifths on average
    let [x, y, turned] = deviation(&Distortion { position_jitter_px: 3.0, ..Distortion::clean() });
    near(x, 4.2);
    near(y, 4.2);
    assert!(turned < 0.3 / 256.0);
    let [x, y, turned] = deviation(&Distortion { direction_jitter_degrees: 6.0, ..Distortion::clean() });
    assert!(x < 0.4 && y < 0.4);
    near(turned * 360.0, 8.4);
}

#[test]
fn a_translation_moves_all_minutiae_of_an_impression_alike() {
    let moved = Distortion {
        translation_px: 20.0,
        canvas_width_px: 388,
        contact_half_width_px: 60.0,
        contact_half_height_px: 60.0,
        ..Distortion::clean()
    };
    let [x, y, turned] = deviation(&moved);
    near(x, 20.0);
    near(y, 20.0);
    assert!(turned < 0.3 / 256.0);
    let changes: Vec<_> = pairs(&Finger::new(12, 0), 0, &moved).iter().map(change).collect();
    assert!(changes.iter().all(|c| (c[0] - changes[0][0]).abs() <= 1.0), "{changes:?}");
}

#[test]
fn skin_stretches_more_the_farther_from_the_middle() {
    let near_middle = Distortion {
        plastic_px: 6.0,
        contact_half_width_px: 50.0,
        contact_half_height_px: 50.0,
        ..Distortion::clean()
    };
    let everywhere = Distortion { plastic_px: 6.0, ..Distortion::clean() };
    assert!(deviation(&near_middle)[0] < 1.0);
    // 6 px times the root mean square of the quadratic terms over the contact area
    near(deviation(&everywhere)[0], 3.5);
    near(deviation(&Distortion { careless_share: 1.0, ..everywhere })[0], 1.7 * 3.5);
    near(deviation(&Distortion { stretch: 0.05, ..Distortion::clean() })[0], 5.4);
}

#[test]
fn quality_tells_true_from_spurious_and_good_impressions_from_bad() {
    let qualities = |spurious: bool, distortion: &Distortion| {
        let list: Vec<f64> = (0..100)
            .map(|f| Finger::new(21, f).observe(0, distortion))
            .flat_map(|o| o.template.views[0].minutiae.clone().into_iter().zip(o.origins))
            .filter(|(_, origin)| origin.is_none() == spurious)
            .map(|(m, _)| f64::from(m.quality))
            .collect();
        list.iter().sum::<f64>() / list.len() as f64
    };
    let default = Distortion::default();
    assert!(qualities(false, &default) > qualities(true, &default) + 20.0);
    let view = |f, distortion: &Distortion| Finger::new(21, f).impression(0, distortion).views[0].quality;
    assert_eq!(view(0, &Distortion::clean()), 100);
    let bad = Distortion { quality_mean: 30.0, ..Distortion::clean() };
    assert_eq!(view(0, &bad), 30);
    assert!(qualities(false, &Distortion::clean()) > qualities(false, &bad) + 10.0);
    let patchy = Distortion { bad_patches: 8.0, ..Distortion::clean() };
    assert!(qualities(false, &Distortion::clean()) > qualities(false, &patchy) + 5.0);
}

#[test]
fn the_contact_area_moves_and_differs_in_size_as_asked() {
    let count = |f, distortion: &Distortion| Finger::new(21, f).impression(0, distortion).views[0].minutiae.len();
    let total = |distortion: &Distortion| (0..100).map(|f| count(f, distortion)).sum::<usize>() as f64;
    let half = Distortion { contact_half_width_px: 65.0, ..Distortion::clean() };
    near(total(&half) / total(&Distortion::clean()), 0.54);
    // off the pad there is no skin and so no minutia
    let off = Distortion { contact_offset_px: 500.0, ..Distortion::clean() };
    assert!(total(&off) < 0.3 * total(&Distortion::clean()));
    let spread = Distortion { contact_spread: 0.3, ..Distortion::clean() };
    let counts: Vec<usize> =
        (0..40).map(|i| Finger::new(12, 0).impression(i, &spread).views[0].minutiae.len()).collect();
    assert!(counts.iter().max() > counts.iter().min().map(|least| least + 20).as_ref(), "{counts:?}");
}
