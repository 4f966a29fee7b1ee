//! The self test on the whole card: each defect that can be had is found, and named.

mod common;

use common::Simulator;
use whorl_device::{Device, DeviceError};
use whorl_layout::Status;
use whorl_search::self_test::{Defect, Part, self_test};
use whorl_sim::{FaultKind, LinkModel, MemoryModel};

/// Byte of a result block where the signature of its known answers stands.
const SIGNATURE: usize = 0x3c;

/// The parts with a defect, and the defects.
fn defects(device: &mut Device) -> Vec<(Part, Defect)> {
    self_test(device).into_iter().filter_map(|result| Some((result.part, result.defect?))).collect()
}

#[test]
fn a_card_that_is_well_passes_in_every_part_and_again() {
    let simulator = Simulator::start((2, 2));
    let mut device = simulator.open();
    for _ in 0..2 {
        let results = self_test(&mut device);
        assert!(results.iter().all(|result| result.defect.is_none()), "{results:?}");
        let parts: Vec<Part> = results.iter().map(|result| result.part).collect();
        let engine = |stream, probe_slot| Part::Engine { stream, probe_slot };
        let memory = [Part::Channel(0), Part::Channel(1)];
        let engines = [engine(0, 0), engine(0, 1), engine(1, 0), engine(1, 1)];
        assert_eq!(parts, [&engines[..], &memory, &[Part::Interrupt, Part::ErrorLog]].concat());
    }
}

#[test]
fn wrong_scores_are_the_defect_of_one_engine() {
    let simulator = Simulator::start((2, 2));
    let mut device = simulator.open();
    // Writes of a round: a completion for each of two probes, then the blocks, the first of stream 0 and slot 0.
    simulator.faults.order(FaultKind::WriteFlip(SIGNATURE, 3), 0..u64::MAX, 2);
    let found = defects(&mut device);
    let [(part, defect @ Defect::Scores { found, expected })] = &found[..] else { panic!("{found:?}") };
    assert_eq!(*part, Part::Engine { stream: 0, probe_slot: 0 });
    assert_eq!(found ^ expected, 8);
    assert!(defect.is_wrong_scores());
}

#[test]
fn what_all_engines_need_and_do_not_get_leaves_none_of_them_tested() {
    let simulator = Simulator::start((2, 2));
    let mut device = simulator.open();
    simulator.faults.order(FaultKind::ReadError, 0..u64::MAX, 1);
    let found = defects(&mut device);
    let [(first, Defect::Command(DeviceError::Command { .. })), others @ .., (log, logged)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((*first, *log), (Part::Engine { stream: 0, probe_slot: 0 }, Part::ErrorLog));
    assert_eq!(others.len(), 3);
    assert!(others.iter().all(|other| matches!(other, (Part::Engine { .. }, Defect::NotTested))), "{others:?}");
    let Defect::Logged(errors) = logged else { panic!("{logged:?}") };
    assert_eq!((errors.count, errors.first.map(|first| first.status)), (1, Some(Status::DmaReadError)));
    // The next test begins with that error in the log, and does not count it again.
    assert!(defects(&mut device).is_empty());
}

#[test]
fn a_bad_line_of_card_memory_is_the_defect_of_its_channel() {
    let memory = MemoryModel { channel_bytes: 1 << 20, bad_line: Some(0x4_0040), ..MemoryModel::default() };
    let simulator = Simulator::start_with((1, 1), LinkModel::default(), memory);
    let found = defects(&mut simulator.open());
    let [(Part::Channel(0), Defect::Command(error)), (Part::ErrorLog, Defect::Logged(_))] = &found[..] else {
        panic!("{found:?}")
    };
    assert!(matches!(error, DeviceError::Command { status: Status::DmaWriteError, .. }), "{error}");
}

#[test]
fn contents_that_come_back_as_others_are_a_defect_though_every_crc_is_right() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    // Beyond the pool the card writes only what it copies back.
    let beyond_pool = device.alloc_gallery(1).unwrap().address(0);
    simulator.faults.order(FaultKind::WriteFlip(5, 0), beyond_pool..u64::MAX, 2);
    let found = defects(&mut device);
    let [(Part::Channel(0), Defect::Contents { address: 2048 })] = &found[..] else { panic!("{found:?}") };
}

#[test]
fn an_interrupt_that_does_not_come_is_a_defect_of_its_own() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    simulator.faults.hold_interrupts(true);
    let found = defects(&mut device);
    let [(Part::Interrupt, Defect::NoInterrupt)] = &found[..] else { panic!("{found:?}") };
}
