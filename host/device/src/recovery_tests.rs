//! Cards that hang, vanish or are reset under the driver: what it makes of each, and what works afterwards.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use whorl_layout::{Opcode, PROBE_IMAGE_BYTES, Status};

use crate::mock::{self, Fault, PROBES};
use crate::test_bench::{open, request};
use crate::{Device, DeviceError, LADDER_BOUND, Recovery, SearchRequest, StepTaken};

/// A way through the ladder: what goes wrong at first, and from a later command on; the steps, of which the last helps or
/// nothing does.
type Way = (Fault, Option<(Opcode, Fault)>, &'static [Recovery], Helps);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Helps {
    Last,
    Nothing,
}

/// Every transition of docs/reliability.md.
const WAYS: [Way; 11] = {
    use Fault::{AllOnes, Fails, Hang, HangAll, HangBeyondAbort, HangBeyondAll, HangBeyondQueues, HangBeyondReset};
    use Opcode::{Abort, ResetQueuePair};
    use Recovery::{CardReset, FunctionReset, QueueReset};
    const ABORT: Recovery = Recovery::Abort;
    [
        (Hang, None, &[ABORT], Helps::Last),
        (HangBeyondAbort, None, &[ABORT, QueueReset], Helps::Last),
        (HangBeyondAbort, Some((ResetQueuePair, HangAll)), &[ABORT, QueueReset, CardReset], Helps::Last),
        (
            HangBeyondAbort,
            Some((ResetQueuePair, Fails(Status::InvalidQueue))),
            &[ABORT, QueueReset, CardReset],
            Helps::Last,
        ),
        (HangAll, None, &[ABORT, CardReset], Helps::Last),
        (HangBeyondReset, None, &[ABORT, CardReset, FunctionReset], Helps::Last),
        (HangBeyondQueues, None, &[ABORT, CardReset, FunctionReset], Helps::Last),
        (HangBeyondAll, None, &[ABORT, CardReset, FunctionReset], Helps::Nothing),
        (Fault::HangWithoutReset, None, &[ABORT, CardReset, FunctionReset], Helps::Nothing),
        (Hang, Some((Abort, AllOnes)), &[ABORT], Helps::Nothing),
        (HangBeyondAbort, Some((ResetQueuePair, Fault::Unplugged)), &[ABORT, QueueReset], Helps::Nothing),
    ]
};

#[test]
fn an_overdue_command_is_ended_by_the_mildest_step_that_helps_within_the_bounds() {
    std::thread::scope(|scope| {
        for way in WAYS {
            scope.spawn(move || climb(way));
        }
    });
}

fn climb((fault, then, steps, helps): Way) {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[5]);
    device.search(&request).unwrap();
    assert!(device.steps_taken().is_empty());
    {
        let mut card = card.lock().unwrap();
        (card.fault, card.then, card.address) = (fault, then, Some("0000:3b:00.0".into()));
    }
    let started = Instant::now();
    let error = device.search(&request).unwrap_err();
    let took = started.elapsed().saturating_sub(request.timeout);

    let case = format!("{fault:?}, then {then:?}");
    let taken = device.steps_taken();
    assert_eq!(taken.iter().map(|taken| taken.step).collect::<Vec<_>>(), steps, "{case}");
    for (nth, taken) in taken.iter().enumerate() {
        let helped = helps == Helps::Last && nth + 1 == steps.len();
        assert_eq!(taken.failure.is_none(), helped, "{case}: {taken:?}");
        assert!(taken.took <= taken.step.bound(), "{case}: {taken:?}");
    }
    assert!(took <= LADDER_BOUND, "{case}: {took:?}");
    if helps == Helps::Last {
        let DeviceError::Timeout { recovery, after } = error else { panic!("{case}: {error}") };
        assert_eq!((recovery, after), (steps[steps.len() - 1], request.timeout), "{case}");
        card.lock().unwrap().fault = Fault::None;
        device.search(&request).unwrap();
    } else {
        let DeviceError::CardLost { reason } = error else { panic!("{case}: {error}") };
        let remedy = "echo 1 > /sys/bus/pci/devices/0000:3b:00.0/remove; echo 1 > /sys/bus/pci/rescan";
        assert!(reason.contains(remedy) && reason.contains("power-cycle"), "{case}: {reason}");
        let resets_tried = steps.contains(&Recovery::FunctionReset);
        assert_eq!(reason.contains("not even a function reset helped: "), resets_tried, "{case}: {reason}");
        assert!(matches!(device.search(&request), Err(DeviceError::OutOfService)), "{case}");
        let command = card.lock().unwrap().command;
        let reachable = !matches!(then, Some((_, Fault::Unplugged)));
        assert!(command & 4 == 0 || !reachable, "{case}: DMA is still allowed");
    }
    let resets = card.lock().unwrap().function_resets; // a lock that is held would be poisoned by the assertion
    let reset = steps.contains(&Recovery::FunctionReset) && fault != Fault::HangWithoutReset;
    assert_eq!(resets, u32::from(reset), "{case}");
}

#[test]
fn a_card_on_no_bus_is_lost_without_a_word_of_one() {
    let (mut device, card) = open();
    card.lock().unwrap().fault = Fault::HangWithoutReset;
    let text = device.reset_function().unwrap_err().to_string();
    assert!(text.contains("start it anew") && !text.contains("/sys"), "{text}");
    assert!(text.contains("reset the function: unsupported"), "the cause is named: {text}");
}

#[test]
fn a_function_reset_opens_a_card_that_does_not_come_out_of_its_own_reset() {
    for (fault, helps) in [(Fault::HangBeyondReset, true), (Fault::HangBeyondAll, false)] {
        let (transport, card) = mock::mock();
        card.lock().unwrap().fault = fault;
        match Device::open_by_function_reset(Box::new(transport)) {
            Ok(device) => {
                assert!(helps);
                let [StepTaken { step: Recovery::FunctionReset, took, failure: None }] = device.steps_taken() else {
                    panic!("{:?}", device.steps_taken())
                };
                assert!(*took <= Recovery::FunctionReset.bound());
            }
            Err(error) => {
                assert!(!helps, "{error}");
                assert!(
                    error.to_string().contains("not even a function reset helped: its reset did not end"),
                    "{error}"
                );
            }
        }
    }
}

/// The page has a row for every step, with its bound as the code has it, and one for all of them.
#[test]
fn the_bounds_are_those_of_the_documentation() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reliability.md")).unwrap();
    let rows: Vec<Vec<&str>> =
        page.lines().map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    let steps = [
        ("abort", Recovery::Abort.bound()),
        ("queue reset", Recovery::QueueReset.bound()),
        ("card reset", Recovery::CardReset.bound()),
        ("function reset", Recovery::FunctionReset.bound()),
    ];
    let whole = [("all four", steps.iter().map(|(_, bound)| *bound).sum())];
    assert_eq!(whole[0].1, LADDER_BOUND);
    for (step, bound) in steps.into_iter().chain(whole) {
        let written = format!("{bound:?}").replace('s', " s");
        let found = rows.iter().any(|row| row.first() == Some(&step) && row.last() == Some(&written.as_str()));
        assert!(found, "no row of `{step}` that ends with {written}");
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
        let steps: Vec<_> = device.steps_taken().iter().map(|taken| taken.step).collect();
        let through_the_card = [Recovery::CardReset, Recovery::FunctionReset];
        assert_eq!(steps, if expected.is_some() { &through_the_card[..] } else { &[] });
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
