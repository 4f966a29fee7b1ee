//! Exactness without real data: synthetic fingers and the numbers that the specification's own slow
//! model gave for them (`golden/make.py`).

use serde::Deserialize;
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Record, Role, Slot, encode, taps};
use whorl_template::{FingerView, IMPRESSION_LIVE_ROLLED, Minutia, MinutiaKind, RESOLUTION_500_PPI};

#[derive(Deserialize)]
struct Golden {
    fingers: Vec<Finger>,
    comparisons: Vec<Compared>,
}

#[derive(Deserialize)]
struct Finger {
    name: String,
    rolled: bool,
    minutiae: Vec<(u16, u16, u8, u8, u8)>,
    record: String,
}

#[derive(Deserialize)]
struct Compared {
    probe: String,
    reference: String,
    score: u16,
    best: u16,
    reference_lane: Option<u8>,
    distances: Vec<u8>,
    slots: Vec<Option<(i16, i16, i8, u8)>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/synthetic.json")).expect("the committed file")
}

impl Finger {
    fn view(&self) -> FingerView {
        let minutia = |&(x, y, angle, quality, code)| Minutia {
            x,
            y,
            angle,
            quality,
            kind: MinutiaKind::from_code(code).expect("a kind"),
        };
        FingerView {
            impression_type: if self.rolled { IMPRESSION_LIVE_ROLLED } else { 0 },
            minutiae: self.minutiae.iter().map(minutia).collect(),
            ..FingerView::default()
        }
    }

    fn packed(&self) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&self.record[at..at + 2], 16).expect("hexadecimal digits");
        (0..self.record.len()).step_by(2).map(byte).collect()
    }
}

impl Golden {
    fn packed(&self, name: &str) -> Vec<u8> {
        self.fingers.iter().find(|finger| finger.name == name).expect("a finger of that name").packed()
    }
}

#[test]
fn records_are_the_models() {
    for finger in golden().fingers {
        let record = encode(&finger.view(), RESOLUTION_500_PPI, RESOLUTION_500_PPI, Role::Reference);
        assert_eq!(record.to_bytes(), finger.packed(), "{}", finger.name);
        assert_eq!(Record::from_bytes(&finger.packed()), Ok((record, finger.packed().len())), "{}", finger.name);
    }
}

#[test]
fn intermediate_values_are_the_models() {
    let golden = golden();
    for expected in &golden.comparisons {
        let name = format!("{} to {}", expected.probe, expected.reference);
        let (probe, _) = Record::from_bytes(&golden.packed(&expected.probe)).unwrap();
        let (reference, _) = Record::from_bytes(&golden.packed(&expected.reference)).unwrap();
        let taps = taps(&Probe::new(&probe).unwrap(), &reference, GATE_DEFAULT).unwrap();
        assert_eq!(taps.distances, expected.distances, "{name}");
        let slots: Vec<_> =
            expected.slots.iter().map(|slot| slot.map(|(x, y, d, index)| Slot { x, y, d, index })).collect();
        assert_eq!(taps.slots, slots, "{name}");
        assert_eq!(taps.comparison.best, expected.best, "{name}");
        assert_eq!(taps.comparison.reference_lane, expected.reference_lane, "{name}");
        assert_eq!(taps.comparison.score, expected.score, "{name}");
        let best_sum = taps.sums.iter().copied().max().unwrap_or(0);
        assert_eq!(best_sum, expected.best, "{name}");
    }
}

#[test]
fn every_backend_gives_the_models_scores() {
    let golden = golden();
    for backend in [Backend::Portable, Backend::Avx2, Backend::Auto] {
        let comparator = Comparator::new(backend);
        for expected in &golden.comparisons {
            let name = format!("{} to {}, {backend:?}", expected.probe, expected.reference);
            let (probe, _) = Record::from_bytes(&golden.packed(&expected.probe)).unwrap();
            let probe = Probe::new(&probe).unwrap();
            let comparison = comparator.score(&probe, &golden.packed(&expected.reference), GATE_DEFAULT).unwrap();
            assert_eq!(comparison.score, expected.score, "{name}");
            assert_eq!(comparison.best, expected.best, "{name}");
            assert_eq!(comparison.reference_lane, expected.reference_lane, "{name}");
        }
    }
}

#[test]
fn winners_tell_how_the_slots_came_to_be() {
    let golden = golden();
    for expected in &golden.comparisons {
        let (probe, _) = Record::from_bytes(&golden.packed(&expected.probe)).unwrap();
        let (reference, _) = Record::from_bytes(&golden.packed(&expected.reference)).unwrap();
        let taps = taps(&Probe::new(&probe).unwrap(), &reference, GATE_DEFAULT).unwrap();
        assert_eq!(taps.winners.len(), reference.minutiae.len());
        let mut distances = vec![59; probe.minutiae.len()];
        for winner in taps.winners.iter().flatten() {
            let held = &mut distances[usize::from(winner.lane)];
            assert_eq!(winner.accepted, winner.distance < *held);
            *held = winner.distance.min(*held);
        }
        assert_eq!(distances, expected.distances);
    }
}
