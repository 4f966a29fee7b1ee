//! Whatever is asked for, a template stays within the format's limits; nonsense is refused by name.

use proptest::prelude::*;
use whorl_synth::{Distortion, Finger, Population, SynthError};
use whorl_template::{LengthCheck, MINUTIAE_MAX, iso19794_2_2005};

/// Numbers of every size and none at all, with the ends of the ranges well represented.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        prop::sample::select(vec![
            0.0,
            -0.0,
            0.3,
            1.0,
            5.0,
            8.0,
            100.0,
            180.0,
            500.0,
            1000.0,
            5000.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY
        ]),
        -1.0..1.2f64,
        0.0..200.0f64,
    ]
}

fn any_distortion() -> impl Strategy<Value = Distortion> {
    let sides = prop_oneof![any::<u16>(), prop::sample::select(vec![0, 15, 16, 388, 16_383, 16_384])];
    (sides.clone(), sides, prop::collection::vec(number(), 20)).prop_map(|(width, height, n)| Distortion {
        canvas_width_px: width,
        canvas_height_px: height,
        contact_half_width_px: n[0],
        contact_half_height_px: n[1],
        contact_spread: n[2],
        contact_offset_px: n[3],
        rotation_degrees: n[4],
        careless_share: n[5],
        careless_degrees: n[6],
        rotation_limit_degrees: n[7],
        translation_px: n[8],
        stretch: n[9],
        plastic_px: n[10],
        missing: n[11],
        spurious: n[12],
        position_jitter_px: n[13],
        direction_jitter_degrees: n[14],
        direction_flips: n[15],
        type_flips: n[16],
        quality_mean: n[17],
        quality_deviation: n[18],
        bad_patches: n[19],
    })
}

/// Everything that holds for every impression.
fn check(finger: &Finger, index: u32, distortion: &Distortion) -> Result<usize, TestCaseError> {
    let observation = finger.observe(index, distortion);
    let template = observation.template;
    prop_assert_eq!(&template, &finger.impression(index, distortion));
    let view = &template.views[0];
    prop_assert!(view.minutiae.len() <= MINUTIAE_MAX);
    prop_assert_eq!(view.minutiae.len(), observation.origins.len());
    prop_assert!(view.quality <= 100);
    for minutia in &view.minutiae {
        prop_assert!(minutia.x < template.size_x && minutia.y < template.size_y, "{:?}", minutia);
        prop_assert!((1..=100).contains(&minutia.quality), "{:?}", minutia);
    }
    let bytes = iso19794_2_2005::write(&template).unwrap();
    prop_assert_eq!(&iso19794_2_2005::read(&bytes, LengthCheck::Strict).unwrap(), &template);
    Ok(view.minutiae.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_distortion_leads_beyond_the_limits(distortion in any_distortion(), seed: u64, index: u32) {
        check(&Finger::new(seed, index), index, &distortion)?;
        prop_assert_eq!(distortion.clamped().validate(), Ok(()));
        let population = Population::new(seed, 1, 1, distortion.clone());
        // as text, because a value that is no number is not equal to itself
        let text = |error: SynthError| error.to_string();
        prop_assert_eq!(population.err().map(text), distortion.validate().err().map(text));
    }
}

#[test]
fn an_extractor_that_sees_minutiae_everywhere_reports_255() {
    let noisy = Distortion {
        contact_half_width_px: 200.0,
        contact_half_height_px: 280.0,
        canvas_width_px: 1000,
        canvas_height_px: 1000,
        spurious: 5.0,
        quality_mean: 0.0,
        ..Distortion::clean()
    };
    let most = (0..20).map(|index| check(&Finger::new(3, index), 0, &noisy).unwrap()).max();
    assert_eq!(most, Some(MINUTIAE_MAX));
}

#[test]
fn a_small_image_loses_what_lies_outside() {
    let small = Distortion { canvas_width_px: 100, canvas_height_px: 80, ..Distortion::clean() };
    let finger = Finger::new(3, 1);
    let few = check(&finger, 0, &small).unwrap();
    let all = check(&finger, 0, &Distortion::clean()).unwrap();
    assert!((1..all / 2).contains(&few), "{few} of {all}");
}

#[test]
fn a_refusal_names_field_value_and_range() {
    let distortion = Distortion { missing: 1.5, ..Distortion::default() };
    let error = Population::new(1, 1, 1, distortion).unwrap_err();
    assert_eq!(error, SynthError::FieldRange { field: "missing", value: 1.5, min: 0.0, max: 1.0 });
    assert_eq!(error.to_string(), "Distortion field missing is 1.5, outside 0 to 1");
}
