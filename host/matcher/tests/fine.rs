//! The fine comparison: published vectors on real templates, and what must hold of any.

mod common;

use proptest::collection::vec;
use proptest::prelude::*;
use whorl_matcher::fine::{
    Features, MINUTIAE_MIN, Model, TERMS, Transform, WarpedFeatures, alignments, compare, compare_all, compare_tapped,
    measure, open_set,
};
use whorl_matcher::{FineComparison, GATE_DEFAULT, GATE_MAX, Probe, Record, RecordMinutia, Role, taps};
use whorl_template::{FingerView, Minutia, MinutiaKind, Template};

fn fine(probe: &Record, reference: &Record) -> FineComparison {
    compare(&Probe::new(probe).unwrap(), reference, GATE_DEFAULT).unwrap()
}

/// The output that MATCHER 5 publishes for features: bias and weights of its `stage2.json`, in the order of its item 5.
fn published_output(f: &Features) -> f64 {
    let weights = [
        0.185_511_4,
        1.172_848_9,
        7.524_412_0,
        7.766_634_4,
        -8.983_684_9,
        -0.406_329_8,
        1.006_604_8,
        0.979_042_1,
        -0.319_702_6,
    ];
    let terms = [
        f.coarse,
        f.coarse.sqrt(),
        f.agreement.sqrt(),
        f.matched_share,
        f.agreement_share,
        f.support.sqrt(),
        f.extent,
        f.rigidity,
        f64::from(f.matches),
    ];
    weights.iter().zip(terms).fold(-16.343_904_5, |sum, (weight, term)| sum + weight * term)
}

/// The features of the alignment that MATCHER 5, item 4 chooses.
fn published_choice(probe: &Record, reference: &Record) -> Features {
    let tried = alignments(&Probe::new(probe).unwrap(), reference, GATE_DEFAULT).unwrap();
    let merit = |f: &Features| f.agreement * (0.4 + f.agreement_share);
    let better = |best: Features, next: Features| if merit(&next) > merit(&best) { next } else { best };
    tried.iter().map(|measured| measured.features).reduce(better).unwrap()
}

/// Asserts that a number is the published one, to a thousandth.
fn close(found: f64, published: f64, what: &str) {
    assert!((found - published).abs() < 1e-3, "{what}: {found}, published {published}");
}

#[test]
fn alignments_are_the_published_ones() {
    // S, Q, R, T, U, A, D, n and L.
    let published = [
        ('A', 'B', [81.8242, 9.4477, 0.8729, 0.5154, 14.0156, 1.7183, 4.6119, 16.0, 34.3299]),
        ('A', 'C', [1.3828, 0.2818, 0.25, 0.0235, 0.3594, 0.9927, 0.4138, 3.0, -8.7816]),
        ('D', 'E', [52.6523, 8.0955, 0.8356, 0.2505, 15.1094, 1.8247, 5.2621, 27.0, 24.3594]),
    ];
    for (probe, reference, [s, q, r, t, u, a, d, n, l]) in published {
        let (Some(p), Some(g)) = (vector(probe), vector(reference)) else { return };
        let what = format!("{probe} to {reference}");
        let f = published_choice(&p, &g);
        for (found, published) in [
            (f.coarse, s),
            (f.agreement, q),
            (f.matched_share, r),
            (f.agreement_share, t),
            (f.support, u),
            (f.extent, a),
            (f.rigidity, d),
            (f64::from(f.matches), n),
            (published_output(&f), l),
        ] {
            close(found, published, &what);
        }
    }
    let (Some(p), Some(g)) = (vector('A'), vector('D')) else { return };
    let features = published_choice(&p, &g);
    close(published_output(&features), -9.8225, "A to D");
    assert_eq!(features.matches, 4);
}

/// The record of one published vector, or `None` after saying that it is absent.
fn vector(name: char) -> Option<Record> {
    let path = common::data()?.join("../matcher/vectors").join(format!("{name}.iso"));
    if !path.is_file() {
        println!("SKIPPED: no vector at {}", path.display());
        return None;
    }
    Some(common::record(&common::template(&path), Role::Probe))
}

/// A template of 30 minutiae well apart, so that each has one right partner.
fn spread(seed: u64) -> Template {
    let mut random = common::Random::new(seed);
    let mut template = Template::new(800, 800);
    let minutiae = (0..30)
        .map(|nth| Minutia {
            x: 200 + 45 * (nth % 6) + random.below(16) as u16,
            y: 200 + 45 * (nth / 6) + random.below(16) as u16,
            angle: random.below(256) as u8,
            quality: 50,
            kind: MinutiaKind::Ending,
        })
        .collect();
    template.views.push(FingerView { minutiae, ..FingerView::default() });
    template
}

/// The template turned by `angle` (1/256 turn, counter-clockwise) about its middle and moved to the right and up.
fn turned(template: &Template, angle: u8, right: i32, up: i32) -> Template {
    let mut template = template.clone();
    let (sine, cosine) = (f64::from(angle) * std::f64::consts::TAU / 256.0).sin_cos();
    for minutia in &mut template.views[0].minutiae {
        let (x, y) = (f64::from(minutia.x) - 330.0, 300.0 - f64::from(minutia.y));
        minutia.x = (400.0 + x * cosine - y * sine + f64::from(right)).round() as u16;
        minutia.y = (400.0 - x * sine - y * cosine - f64::from(up)).round() as u16;
        minutia.angle = minutia.angle.wrapping_add(angle);
    }
    template
}

#[test]
fn a_finger_corresponds_to_itself_minutia_by_minutia() {
    for seed in 1..20 {
        let record = common::record(&spread(seed), Role::Probe);
        let outcome = fine(&record, &record);
        assert_eq!(outcome.measurement.correspondences.len(), record.minutiae.len());
        for c in &outcome.measurement.correspondences {
            assert_eq!(c.probe, c.reference);
            assert!(c.distance < 1e-9 && c.angle_difference < 1e-9 && c.hamming == 0, "{c:?}");
        }
        let f = outcome.measurement.features;
        assert!((f.matched_share - 1.0).abs() < 1e-9 && (f.agreement_share - 1.0).abs() < 1e-9, "{f:?}");
        let Transform { angle, x, y, .. } = outcome.measurement.transform;
        assert!(angle.abs() < 1e-9 && x.abs() < 1e-9 && y.abs() < 1e-9, "{:?}", outcome.measurement.transform);
        assert!(outcome.log_odds > 20.0);
    }
}

#[test]
fn a_turn_and_a_shift_are_found_again() {
    for (seed, angle, right, up) in [(3, 0, 17, -40), (4, 20, 0, 0), (5, 236, -30, 25), (6, 43, 12, 60)] {
        let template = spread(seed);
        let probe = common::record(&template, Role::Probe);
        let reference = common::record(&turned(&template, angle, right, up), Role::Reference);
        let outcome = fine(&probe, &reference);
        assert_eq!(outcome.measurement.correspondences.len(), 30, "turn of {angle}");
        assert!(
            (outcome.measurement.transform.angle - f64::from(angle as i8)).abs() < 0.4,
            "{:?}",
            outcome.measurement.transform
        );
        // Both records are centred, so what is left of the shift is less than a pixel of rounding.
        assert!(
            outcome.measurement.transform.x.abs() < 1.5 && outcome.measurement.transform.y.abs() < 1.5,
            "{:?}",
            outcome.measurement.transform
        );
        for c in &outcome.measurement.correspondences {
            let at = &probe.minutiae[usize::from(c.probe)];
            let to = &reference.minutiae[usize::from(c.reference)];
            let moved = outcome.measurement.transform.apply((at.x.into(), at.y.into()));
            let distance = (moved.0 - f64::from(to.x)).hypot(moved.1 - f64::from(to.y));
            assert!((distance - c.displacement).abs() < 1e-9 && distance < 1.5, "{c:?}");
            assert!(c.distance < 2.0 && c.support > 0.5, "its neighbours tell where it went: {c:?}");
        }
        // Clean copies give both orders the same correspondences, and the output is the mean of both.
        let swapped = fine(&reference, &probe);
        let sorted = |mut pairs: Vec<(u8, u8)>| {
            pairs.sort_unstable();
            pairs
        };
        assert_eq!(
            sorted(swapped.measurement.correspondences.iter().map(|c| (c.reference, c.probe)).collect()),
            sorted(outcome.measurement.correspondences.iter().map(|c| (c.probe, c.reference)).collect())
        );
        assert!((swapped.log_odds - outcome.log_odds).abs() < 1e-9, "{} {}", swapped.log_odds, outcome.log_odds);
        assert!((swapped.measurement.transform.angle + outcome.measurement.transform.angle).abs() < 0.4);
    }
}

#[test]
fn a_part_of_a_finger_moves_where_it_belongs() {
    let template = spread(9);
    let mut part = template.clone();
    part.views[0].minutiae.truncate(12); // the two upper rows: their centroid lies above that of the whole
    let (part, whole) = (common::record(&part, Role::Probe), common::record(&template, Role::Reference));
    let outcome = fine(&part, &whole);
    assert!(outcome.measurement.correspondences.len() >= 11);
    assert!((60.0..75.0).contains(&outcome.measurement.transform.y), "{:?}", outcome.measurement.transform);
    assert!(outcome.measurement.transform.x.abs() < 8.0, "{:?}", outcome.measurement.transform);
}

#[test]
fn different_fingers_stay_far_apart() {
    let records: Vec<_> = (30..40).map(|seed| common::record(&spread(seed), Role::Probe)).collect();
    for (nth, probe) in records.iter().enumerate() {
        for (other, reference) in records.iter().enumerate() {
            let log_odds = fine(probe, reference).log_odds;
            assert_eq!(nth == other, log_odds > 0.0, "{nth} to {other}: {log_odds}");
        }
    }
}

#[test]
fn fingers_of_too_few_minutiae_give_nothing() {
    let full = common::record(&spread(1), Role::Probe);
    for count in 0..MINUTIAE_MIN {
        let few = Record { minutiae: full.minutiae[..count].to_vec() };
        for (probe, reference) in [(&few, &full), (&full, &few), (&few, &few)] {
            let outcome = fine(probe, reference);
            assert_eq!(outcome.measurement.features, Features::default());
            assert_eq!(outcome.measurement.transform, Transform::IDENTITY);
            assert_eq!(outcome.measurement.warped, WarpedFeatures::default());
            assert_eq!(outcome.measurement.correspondences, []);
            assert!((outcome.log_odds - Model::current().bias).abs() < 1e-12);
        }
    }
    let three = Record { minutiae: full.minutiae[..3].to_vec() };
    assert_eq!(fine(&three, &full).measurement.correspondences.len(), 3);
}

#[test]
fn slots_beyond_the_gate_give_nothing() {
    let template = spread(2);
    let probe = common::record(&template, Role::Probe);
    let reference = common::record(&turned(&template, 128, 0, 0), Role::Reference);
    assert!(fine(&probe, &reference).log_odds < 0.0);
    let open = compare(&Probe::new(&probe).unwrap(), &reference, GATE_MAX).unwrap();
    assert!(open.log_odds < 0.0, "half a turn is one more than the widest gate");
    let reference = common::record(&turned(&template, 120, 0, 0), Role::Reference);
    let open = compare(&Probe::new(&probe).unwrap(), &reference, GATE_MAX).unwrap();
    assert_eq!(open.measurement.correspondences.len(), 30);
}

#[test]
fn candidates_in_parallel_are_as_one_by_one() {
    let references: Vec<_> = common::random_templates(60).iter().map(|t| common::record(t, Role::Reference)).collect();
    let probe = Probe::new(&references[7]).unwrap();
    let together = compare_all(&probe, &references, GATE_DEFAULT).unwrap();
    for (reference, outcome) in references.iter().zip(&together) {
        assert_eq!(outcome, &compare(&probe, reference, GATE_DEFAULT).unwrap());
    }
    assert!(together[7].log_odds > 0.0);
}

#[test]
fn derived_values_follow_their_formulas() {
    let record = common::record(&spread(1), Role::Probe);
    let outcome = fine(&record, &record);
    let model = Model::current();
    let calibrated = whorl_matcher::Calibration::current().llr(outcome.log_odds, None);
    assert!((outcome.log_likelihood_ratio() - calibrated).abs() < 1e-12);
    assert!(model.prior < 0.0, "there were fewer mates than non-mates");
    let measured = measure(&Probe::new(&record).unwrap(), &record, GATE_DEFAULT).unwrap();
    let terms = Model::terms(&measured);
    let sum: f64 = (0..TERMS.len()).map(|nth| model.weights[nth] * terms[nth]).sum();
    assert!((outcome.log_odds - model.bias - sum).abs() < 1e-9);
    assert!((open_set(5.0, 512) - 3.8).abs() < 1e-12);
}

#[test]
fn both_orders_are_asked_where_there_is_something_to_be_said_for_mates() {
    let template = spread(12);
    let mut other = turned(&template, 9, 3, 3);
    other.views[0].minutiae.truncate(20);
    let (a, b) = (common::record(&template, Role::Probe), common::record(&other, Role::Probe));
    let of =
        |p: &Record, g: &Record| Model::current().log_odds(&measure(&Probe::new(p).unwrap(), g, GATE_DEFAULT).unwrap());
    assert!((of(&a, &b) - of(&b, &a)).abs() > 1e-6, "the orders differ, or nothing is tested");
    assert!((fine(&a, &b).log_odds - f64::midpoint(of(&a, &b), of(&b, &a))).abs() < 1e-12);
    let stranger = common::record(&spread(13), Role::Probe);
    assert!(of(&a, &stranger) < -6.0);
    assert!((fine(&a, &stranger).log_odds - of(&a, &stranger)).abs() < 1e-12);
}

#[test]
fn a_reference_of_more_minutiae_than_a_probe_has_lanes_is_compared_in_both_orders() {
    let mut template = spread(14);
    let minutiae = &mut template.views[0].minutiae;
    let more: Vec<_> =
        minutiae.iter().map(|m| Minutia { x: m.x + 20, y: m.y + 21, angle: m.angle ^ 0x55, ..*m }).collect();
    minutiae.extend(more);
    template.views[0].impression_type = 1; // rolled
    let reference = common::record(&template, Role::Reference);
    assert_eq!(reference.minutiae.len(), 60);
    let probe = common::record(&template, Role::Probe);
    let outcome = fine(&probe, &reference);
    assert!(outcome.log_odds > 10.0 && outcome.measurement.correspondences.len() >= 40, "{}", outcome.log_odds);
}

#[test]
fn known_taps_give_the_same_outcome() {
    let (probe, reference) = (common::record(&spread(3), Role::Probe), common::record(&spread(4), Role::Reference));
    let probe = Probe::new(&probe).unwrap();
    let taps = taps(&probe, &reference, GATE_DEFAULT).unwrap();
    let tapped = compare_tapped(&probe, &reference, &taps, GATE_DEFAULT).unwrap();
    assert_eq!(tapped, compare(&probe, &reference, GATE_DEFAULT).unwrap());
}

/// The bits of outcomes on templates that come with the test, so that every machine must give them.
#[test]
fn outputs_have_the_same_bits_on_every_machine() {
    let mut digest = crc32fast::Hasher::new();
    let mut records: Vec<_> = (50..58).map(|seed| common::record(&spread(seed), Role::Probe)).collect();
    records.extend(common::random_templates(24).iter().map(|t| common::record(t, Role::Probe)));
    for probe in &records {
        for reference in &records {
            let outcome = fine(probe, reference);
            let Transform { angle, cosine, sine, x, y } = outcome.measurement.transform;
            for number in [outcome.log_odds, angle, cosine, sine, x, y] {
                digest.update(&number.to_bits().to_le_bytes());
            }
            for c in &outcome.measurement.correspondences {
                digest.update(&[c.probe, c.reference, c.hamming]);
                digest.update(&c.distance.to_bits().to_le_bytes());
            }
        }
    }
    assert_eq!(format!("{:08x}", digest.finalize()), "71bee634");
}

prop_compose! {
    /// Minutiae anywhere, crowded at times, with descriptors that are near each other at times.
    fn minutia(reach: i16)(
        x in -reach..=reach, y in -reach..=reach, angle: u8, bits: u8, at in 0_usize..16,
    ) -> RecordMinutia {
        let mut descriptor = [0; 16];
        descriptor[at] = bits;
        RecordMinutia { x, y, angle, descriptor, quality: 50, kind: 1 }
    }
}

fn minutiae(count: usize) -> impl Strategy<Value = Vec<RecordMinutia>> {
    prop_oneof![vec(minutia(2047), 0..=count), vec(minutia(60), 0..=count), vec(minutia(3), 0..=count)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_two_records_have_a_sound_outcome(probe in minutiae(48), reference in minutiae(96), gate in 0_u8..=127) {
        let (probe, reference) = (Record { minutiae: probe }, Record { minutiae: reference });
        let outcome = compare(&Probe::new(&probe).unwrap(), &reference, gate).unwrap();
        prop_assert!(outcome.log_odds.is_finite());
        let Transform { angle, cosine, sine, x, y } = outcome.measurement.transform;
        prop_assert!((-128.0..=128.0).contains(&angle) && x.is_finite() && y.is_finite());
        prop_assert!((cosine * cosine + sine * sine - 1.0).abs() < 1e-9);
        let (mut probe_seen, mut reference_seen) = ([false; 48], [false; 96]);
        for c in &outcome.measurement.correspondences {
            prop_assert!(usize::from(c.probe) < probe.minutiae.len());
            prop_assert!(usize::from(c.reference) < reference.minutiae.len());
            prop_assert!(!std::mem::replace(&mut probe_seen[usize::from(c.probe)], true));
            prop_assert!(!std::mem::replace(&mut reference_seen[usize::from(c.reference)], true));
            prop_assert!(c.distance <= 12.0 && c.angle_difference <= 24.0 && c.support >= 0.0);
        }
        let f = outcome.measurement.features;
        for feature in [f.coarse, f.agreement, f.matched_share, f.agreement_share, f.support, f.extent, f.rigidity] {
            prop_assert!(feature >= 0.0 && feature.is_finite(), "{:?}", f);
        }
        let w = outcome.measurement.warped;
        for feature in [w.agreement, w.supported_agreement, w.overlap, w.displacement, w.rival] {
            prop_assert!(feature >= 0.0 && feature.is_finite(), "{:?}", w);
        }
        prop_assert_eq!(usize::from(w.matches), outcome.measurement.correspondences.len());
    }
}
