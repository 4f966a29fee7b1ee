//! Searches on the whole card, compared with the matcher to the last number, and the errors that a search may end with.

mod common;

use std::time::Duration;

use common::{Numbers, Simulator, check_small_search, expected, found, gallery, load, place, request};
use whorl_device::{DeviceError, ErrorLog, Recovery, SearchRequest};
use whorl_layout::Status;
use whorl_matcher::{GATE_DEFAULT, GATE_MAX, Probe};

fn check_shape(shape: (u8, u8), records: usize) {
    let simulator = Simulator::start(shape);
    let mut device = simulator.open();
    let mut numbers = Numbers::new(5);
    let probes: Vec<_> = (0..shape.1).map(|slot| numbers.record(48 - 9 * usize::from(slot))).collect();
    let records = gallery(&mut numbers, &probes, records);
    let (_buffer, extents) = place(&mut device, &records, records.len().div_ceil(5), 70_000);
    let all = request(shape.1, extents);
    for (gate, request) in [
        (GATE_DEFAULT, all.clone()),
        (GATE_DEFAULT, SearchRequest { threshold: 1500, top_k: 3, ..all.clone() }),
        (GATE_MAX, SearchRequest { top_k: 256, ..all.clone() }),
        (GATE_DEFAULT, SearchRequest { threshold: u16::MAX, ..all }),
    ] {
        load(&mut device, &probes, gate).unwrap();
        let outcome = device.search(&request).unwrap();
        for (slot, probe) in (0..).zip(&probes) {
            let right = expected(probe, gate, &records, 70_000, &request);
            assert_eq!(found(&outcome, slot, &request), right, "slot {slot} of {request:?}");
        }
        // The mates stand out, or this test would compare noise with noise.
        assert!(request.threshold == u16::MAX || outcome.blocks[0].candidates[0].score > 4000);
        let minutiae: u64 = outcome.blocks.iter().filter(|b| b.probe_slot == 0).map(|b| b.statistics.minutiae).sum();
        assert_eq!(minutiae, records.iter().map(|record| record.minutiae.len() as u64).sum::<u64>());
    }
    let counters = device.counters().unwrap();
    assert_eq!(counters.records, 4 * records.len() as u64);
    assert_eq!((counters.read_errors, counters.write_errors), (0, 0));
    assert_eq!(device.error_log().unwrap(), None);
    device.close().unwrap();
}

#[test]
fn one_stream_of_one_engine_agrees_with_the_matcher() {
    check_shape((1, 1), 150);
}

#[test]
fn two_streams_of_two_engines_agree_with_the_matcher() {
    check_shape((2, 2), 150);
}

#[test]
fn one_probe_of_two_is_searched_alone() {
    let simulator = Simulator::start((2, 2));
    let mut device = simulator.open();
    let mut numbers = Numbers::new(6);
    let probes = [numbers.record(20), numbers.record(40)];
    let records = gallery(&mut numbers, &probes, 20);
    load(&mut device, &probes, GATE_DEFAULT).unwrap();
    let (_buffer, extents) = place(&mut device, &records, 7, 0);
    let request = SearchRequest { probe_mask: 0b10, ..request(2, extents) };
    let outcome = device.search(&request).unwrap();
    assert!(outcome.blocks.iter().all(|block| block.probe_slot == 1));
    assert_eq!(found(&outcome, 1, &request), expected(&probes[1], GATE_DEFAULT, &records, 0, &request));
}

#[test]
fn searches_queue_behind_each_other_and_rings_wrap() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    let mut numbers = Numbers::new(7);
    let probes = [numbers.record(25)];
    let records = gallery(&mut numbers, &probes, 4);
    load(&mut device, &probes, GATE_DEFAULT).unwrap();
    let (_buffer, extents) = place(&mut device, &records, 4, 9);
    let request = request(1, extents);
    let right = expected(&probes[0], GATE_DEFAULT, &records, 9, &request);
    for _ in 0..3 {
        let tickets: Vec<_> = (0..15).map(|_| device.start_search(&request).unwrap()).collect();
        for ticket in tickets {
            let outcome = device.finish_search(ticket).unwrap();
            assert_eq!(found(&outcome, 0, &request), right);
        }
    }
}

#[test]
fn a_card_without_a_probe_says_so() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    let records = gallery(&mut Numbers::new(8), &[Numbers::new(1).record(3)], 4);
    let (_buffer, extents) = place(&mut device, &records, 4, 0);
    let error = device.search(&request(1, extents)).unwrap_err();
    assert!(matches!(error, DeviceError::Command { status: Status::ProbeNotLoaded, .. }), "{error}");
}

#[test]
fn memory_that_is_not_mapped_is_refused_and_named() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    let mut numbers = Numbers::new(9);
    let probes = [numbers.record(25)];
    let records = gallery(&mut numbers, &probes, 40);
    load(&mut device, &probes, GATE_DEFAULT).unwrap();
    let (_buffer, mut extents) = place(&mut device, &records, 10, 0);
    let right = extents.clone();
    let nowhere = 0x1234_5678_0000;
    extents[2].address = nowhere;
    let error = device.search(&request(1, extents)).unwrap_err();
    let DeviceError::Command { status: Status::DmaReadError, detail: 2 } = error else { panic!("{error}") };
    let log = device.error_log().unwrap();
    let Some(ErrorLog { status: Status::DmaReadError, queue_index: 1, address, .. }) = log else { panic!("{log:?}") };
    assert_eq!(address & !0xfff, nowhere);
    assert!(device.counters().unwrap().read_errors > 0);
    let request = request(1, right);
    let outcome = device.search(&request).unwrap();
    assert_eq!(found(&outcome, 0, &request), expected(&probes[0], GATE_DEFAULT, &records, 0, &request));
}

#[test]
fn damaged_records_and_extents_are_refused_by_their_index() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    let mut numbers = Numbers::new(10);
    let probes = [numbers.record(25)];
    let records = gallery(&mut numbers, &probes, 30);
    load(&mut device, &probes, GATE_DEFAULT).unwrap();
    let (_buffer, extents) = place(&mut device, &records, 10, 0);
    let mut status = |change: &dyn Fn(&mut SearchRequest)| {
        let mut request = request(1, extents.clone());
        change(&mut request);
        match device.search(&request) {
            Err(DeviceError::Command { status, detail }) => (status, detail),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(status(&|request| request.extents[1].crc32c ^= 1), (Status::CrcMismatch, 1));
    assert_eq!(status(&|request| request.extents[2].records -= 1), (Status::RecordFormat, 2));
    let mut image = Probe::new(&probes[0]).unwrap().image();
    image.truncate(100);
    assert!(matches!(device.load_probe(0, &image, GATE_DEFAULT), Err(DeviceError::InvalidRequest { .. })));
    check_small_search(&mut device);
}

#[test]
fn an_overdue_search_is_aborted_and_the_card_goes_on() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    let mut numbers = Numbers::new(12);
    let probes = [numbers.record(48)];
    let records = gallery(&mut numbers, &probes, 2000);
    load(&mut device, &probes, GATE_DEFAULT).unwrap();
    let (_buffer, extents) = place(&mut device, &records, 100, 0);
    let request = SearchRequest { timeout: Duration::from_millis(20), ..request(1, extents) };
    let error = device.search(&request).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout { recovery: Recovery::Abort, .. }), "{error}");
    check_small_search(&mut device);
}
