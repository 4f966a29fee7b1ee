//! Cards that hang, vanish or are reset under the driver: what it makes of each, and what works afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use whorl_layout::PROBE_IMAGE_BYTES;

use crate::mock::{Fault, PROBES};
use crate::test_bench::{open, request};
use crate::{DeviceError, Recovery, SearchRequest};

#[test]
fn an_overdue_command_is_ended_by_the_mildest_step_that_works() {
    for (fault, expected) in [
        (Fault::Hang, Recovery::Abort),
        (Fault::HangBeyondAbort, Recovery::QueueReset),
        (Fault::HangAll, Recovery::CardReset),
        (Fault::HangBeyondReset, Recovery::FunctionReset),
    ] {
        let (mut device, card) = open();
        let (request, _buffer) = request(&mut device, &[5]);
        card.lock().unwrap().fault = fault;
        let error = device.search(&request).unwrap_err();
        let DeviceError::Timeout { recovery, after } = error else { panic!("{fault:?}: {error}") };
        assert_eq!((recovery, after), (expected, request.timeout), "{fault:?}");
        card.lock().unwrap().fault = Fault::None;
        device.search(&request).unwrap();
        let card = card.lock().unwrap();
        assert_eq!(card.function_resets, u32::from(fault == Fault::HangBeyondReset));
        assert_eq!(card.queue_resets, u32::from(fault == Fault::HangBeyondAbort));
    }
}

#[test]
fn a_queue_reset_starts_both_rings_anew_and_loses_what_was_queued() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[5]);
    for _ in 0..5 {
        device.search(&request).unwrap();
    }
    card.lock().unwrap().fault = Fault::HangBeyondAbort;
    let first = device.start_search(&request).unwrap();
    let second = device.start_search(&request).unwrap();
    let error = device.finish_search(first).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout { recovery: Recovery::QueueReset, .. }), "{error}");
    assert!(matches!(device.finish_search(second), Err(DeviceError::LostInReset)));
    for _ in 0..40 {
        device.search(&request).unwrap();
    }
    assert_eq!(card.lock().unwrap().card_resets, 1, "that of the opening");
}

#[test]
fn a_bus_that_does_not_answer_costs_a_function_reset_only_where_it_stays_silent() {
    for (fault, expected) in [(Fault::LateBus, None), (Fault::HungBus, Some(Recovery::FunctionReset))] {
        let (mut device, card) = open();
        let (request, _buffer) = request(&mut device, &[5]);
        card.lock().unwrap().fault = fault;
        let error = device.search(&request).unwrap_err();
        let DeviceError::BusTimeout { recovery } = error else { panic!("{fault:?}: {error}") };
        assert_eq!(recovery, expected);
        card.lock().unwrap().fault = Fault::None;
        device.search(&request).unwrap();
        let card = card.lock().unwrap();
        assert_eq!(card.function_resets, u32::from(expected.is_some()));
    }
}

#[test]
fn a_reset_by_somebody_else_is_noticed_at_once_and_the_card_started_anew() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[3]);
    let request = SearchRequest { timeout: Duration::from_mins(1), ..request };
    for while_searching in [true, false] {
        for slot in 0..PROBES {
            device.load_probe(slot, &[slot; PROBE_IMAGE_BYTES], 40).unwrap();
        }
        device.search(&request).unwrap();
        card.lock().unwrap().fault = Fault::Hang;
        let started = Instant::now();
        let error = if while_searching {
            let [ticket, other] = [(); 2].map(|()| device.start_search(&request).unwrap());
            card.lock().unwrap().reset_by_somebody_else();
            let error = device.finish_search(ticket).unwrap_err();
            assert!(matches!(device.finish_search(other), Err(DeviceError::LostInReset)));
            error
        } else {
            card.lock().unwrap().reset_by_somebody_else();
            device.search(&request).unwrap_err()
        };
        assert!(matches!(error, DeviceError::ForeignReset), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5), "far below the search's own bound");
        card.lock().unwrap().fault = Fault::None;
    }
    assert_eq!(card.lock().unwrap().function_resets, 0);
}

#[test]
fn a_card_that_does_not_answer_while_somebody_resets_it_is_not_lost() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[3]);
    card.lock().unwrap().fault = Fault::Hang;
    let ticket = device.start_search(&SearchRequest { timeout: Duration::from_mins(1), ..request }).unwrap();
    card.lock().unwrap().fault = Fault::AllOnes;
    let resets = Arc::clone(&card);
    let end_of_reset = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200)); // below the 500 ms that the driver gives it
        let mut card = resets.lock().unwrap();
        card.fault = Fault::None;
        card.reset_by_somebody_else();
    });
    let error = device.finish_search(ticket).unwrap_err();
    end_of_reset.join().unwrap();
    assert!(matches!(error, DeviceError::ForeignReset), "{error}");
    device.load_probe(0, &[0; PROBE_IMAGE_BYTES], 40).unwrap();
}

#[test]
fn a_card_that_vanishes_in_mid_search_is_lost_in_time() {
    for fault in [Fault::AllOnes, Fault::DeadTransport] {
        let (mut device, card) = open();
        let (mut request, _buffer) = request(&mut device, &[5]);
        request.timeout = Duration::from_mins(1);
        card.lock().unwrap().fault = Fault::Hang;
        let ticket = device.start_search(&request).unwrap();
        card.lock().unwrap().fault = fault;
        let started = Instant::now();
        assert!(matches!(device.finish_search(ticket), Err(DeviceError::CardLost { .. })), "{fault:?}");
        assert!(started.elapsed() < Duration::from_secs(5));
        assert!(matches!(device.search(&request), Err(DeviceError::OutOfService)));
        assert!(matches!(device.reset(), Err(DeviceError::CardLost { .. })));
    }
}

#[test]
fn a_lost_interrupt_costs_time_and_nothing_else() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[5]);
    card.lock().unwrap().fault = Fault::LostInterrupt;
    device.search(&request).unwrap();
}
