use super::*;

fn sample(path: &str, seed: u32) -> Sample {
    Sample {
        path: path.into(),
        file_bytes: 1,
        template: Finger::new(11, seed / 10).impression(seed % 10, &Distortion::default()),
    }
}

/// Two databases, of two fingers and of one.
fn samples() -> Vec<Sample> {
    [("a/1_1.iso", 10), ("a/1_2.iso", 11), ("a/2_1.iso", 20), ("b/3_1.iso", 30)].map(|(p, s)| sample(p, s)).to_vec()
}

fn background(fingers: usize, seed: u64) -> Result<Background, EvalError> {
    let samples = samples();
    Background::new(&Collection::new(&samples, &[]).unwrap(), &samples, fingers, seed, |_| ())
}

#[test]
fn a_smaller_background_is_the_beginning_of_a_larger_one() {
    let (small, large) = (background(1000, 5).unwrap(), background(2300, 5).unwrap());
    assert_eq!((small.fingers(), large.fingers(), large.blocks.len()), (1000, 2300, 3));
    for index in (0..1000).step_by(37) {
        assert_eq!(small.record(index).unwrap(), large.record(index).unwrap(), "{index}");
    }
    assert_eq!(small.blocks[0].bytes, large.blocks[0].bytes);
    assert_ne!(small.blocks[0].bytes, background(1000, 6).unwrap().blocks[0].bytes);
}

#[test]
fn every_second_finger_is_synthetic() {
    let found = background(1000, 5).unwrap();
    for number in [0, 7, 499] {
        let template = Finger::new(5, number).impression(0, &Distortion::default());
        let wanted = encode(&template.views[0], template.resolution_x, template.resolution_y, Role::Reference);
        assert_eq!(found.record(2 * number).unwrap(), wanted);
        assert_ne!(found.record(2 * number + 1).unwrap(), wanted);
    }
}

#[test]
fn a_mirrored_finger_points_the_other_way() {
    let mut given = Template::new(300, 300);
    let minutia = |x, y, angle| Minutia { x, y, angle, ..Minutia::default() };
    // At 1000 ppi: half the distance counts. Directions right, up, and 45 degrees up to the left.
    (given.resolution_x, given.resolution_y) = (2 * RESOLUTION_500_PPI, 2 * RESOLUTION_500_PPI);
    let minutiae = vec![minutia(100, 100, 0), minutia(160, 100, 64), minutia(100, 220, 96)];
    given.views.push(FingerView { minutiae, ..FingerView::default() });
    let found: Vec<_> = mirrored(&centred(&given)).iter().map(|p| (p.x, p.y, p.minutia.angle)).collect();
    assert_eq!(found, [(10.0, 20.0, 128), (-20.0, 20.0, 64), (10.0, -40.0, 32)]);
}

#[test]
fn a_quarter_turn_takes_right_to_up() {
    let part = Part { x: 10.0, y: 0.0, minutia: Minutia { angle: 250, ..Minutia::default() } };
    let found = turned(&[part], 64)[0];
    assert!(found.x.abs() < 1e-9 && (found.y - 10.0).abs() < 1e-9, "{found:?}");
    assert_eq!(found.minutia.angle, 58);
}

#[test]
fn each_side_of_the_cut_is_of_one_finger() {
    let part = |x: f64, kind: u8| Part { x, y: 0.0, minutia: Minutia { quality: kind, ..Minutia::default() } };
    let (first, second) = ([part(-9.0, 1), part(4.0, 1), part(6.0, 1)], [part(-8.0, 2), part(4.5, 2), part(7.0, 2)]);
    let found: Vec<_> = joined(&first, &second, (1.0, 0.0), 5.0).iter().map(|p| (p.x, p.minutia.quality)).collect();
    assert_eq!(found, [(-9.0, 1), (4.0, 1), (7.0, 2)]);
}

#[test]
fn recombined_fingers_stay_in_their_image() {
    let samples = samples();
    let parts = Parts::new(&Collection::new(&samples, &[]).unwrap(), &samples).unwrap();
    for number in 0..50 {
        let made = parts.recombined(3, number);
        assert_eq!(made, parts.recombined(3, number));
        let far = |m: &Minutia| (f64::from(m.x) - CENTRE).hypot(f64::from(m.y) - CENTRE);
        assert!(made.views[0].minutiae.iter().all(|m| far(m) < 500.0), "{number}");
    }
    // What is further away than any finger goes to the edge.
    let far = Part { x: -1e5, y: -1e5, minutia: Minutia::default() };
    let edge = &template(&[far]).views[0].minutiae[0];
    assert_eq!((edge.x, edge.y), (0, 8191));
}

#[test]
fn impossible_backgrounds_are_refused() {
    for asked in [0, FINGERS_MIN - 1, FINGERS_MAX + 1] {
        let wanted = EvalError::BackgroundSize { asked, min: FINGERS_MIN, max: FINGERS_MAX };
        assert_eq!(check_size(asked).unwrap_err(), wanted);
    }
    let alone = vec![sample("a/1_1.iso", 10), sample("b/2_1.iso", 20)];
    let collection = Collection::new(&alone, &[]).unwrap();
    assert_eq!(Background::new(&collection, &alone, 1000, 1, |_| ()).unwrap_err(), EvalError::OneFinger);
}
