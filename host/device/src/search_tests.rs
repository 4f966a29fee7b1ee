//! Probes, searches and copies on the model of the card: what reaches it, and which of its answers are believed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use whorl_layout::{LINE_BYTES, PROBE_IMAGE_BYTES, Status, csr};

use crate::mock::{Fault, KNOWN_SIGNATURE, PROBES, STREAMS, score};
use crate::test_bench::{open, request};
use crate::{Candidate, CopyRequest, DeviceError, Memory, Recovery};

type Spoiler = (&'static str, fn(&mut [u8]));

#[test]
fn a_probe_reaches_its_slot() {
    let (mut device, card) = open();
    let image: Vec<u8> = (0..PROBE_IMAGE_BYTES).map(|byte| (byte / 3) as u8).collect();
    device.load_probe(1, &image, 127).unwrap();
    assert_eq!(card.lock().unwrap().probes[1].as_ref(), Some(&(127, image.clone())));
    device.load_probe(1, &image, 0).unwrap();
    assert_eq!(card.lock().unwrap().probes[1].as_ref(), Some(&(0, image.clone())));
    for (slot, image, gate) in [(PROBES, &image[..], 43), (0, &image[1..], 43), (0, &image[..], 128)] {
        assert!(matches!(device.load_probe(slot, image, gate), Err(DeviceError::InvalidRequest { .. })));
    }
}

#[test]
fn a_search_returns_the_best_of_every_stream_best_first() {
    let (mut device, _card) = open();
    let (request, _buffer) = request(&mut device, &[40, 30, 20]);
    let outcome = device.search(&request).unwrap();
    assert_eq!(outcome.cycles, 1000);
    let of_stream = [(1000..1040).chain(1070..1090).collect::<Vec<u32>>(), (1040..1070).collect()];
    let order: Vec<_> = outcome.blocks.iter().map(|block| (block.stream, block.probe_slot)).collect();
    assert_eq!(order, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    for block in &outcome.blocks {
        let records = &of_stream[usize::from(block.stream)];
        let mut best: Vec<_> = records.iter().map(|&index| Candidate { index, score: score(index) }).collect();
        best.retain(|candidate| candidate.score >= 500);
        best.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.index));
        assert_eq!(block.passed as usize, best.len());
        best.truncate(10);
        assert_eq!(block.candidates, best);
        assert_eq!(block.comparisons as usize, records.len());
        assert_eq!(block.histogram.iter().sum::<u32>(), block.comparisons);
        assert_eq!(block.statistics.lines, 5);
    }
}

#[test]
fn a_watcher_sees_the_counters_of_a_search_once_per_interval() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[3]);
    card.lock().unwrap().registers.insert(csr::COMMANDS, 7);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let watcher = Arc::clone(&seen);
    device.watch(Duration::from_hours(1), move |activity| watcher.lock().unwrap().push(activity.clone()));
    device.search(&request).unwrap();
    device.search(&request).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen.len(), seen[0].card.commands, seen[0].streams.len()), (1, 7, usize::from(STREAMS)));
}

#[test]
fn rings_wrap_many_times_over() {
    let (mut device, _card) = open();
    let (request, _buffer) = request(&mut device, &[3]);
    let expected = device.search(&request).unwrap();
    for _ in 0..100 {
        assert_eq!(device.search(&request).unwrap(), expected);
    }
}

#[test]
fn searches_queue_up_to_the_ring_and_finish_in_any_order() {
    let (mut device, _card) = open();
    let (request, _buffer) = request(&mut device, &[5]);
    let mut tickets: Vec<_> = (0..15).map(|_| device.start_search(&request).unwrap()).collect();
    tickets.reverse();
    for ticket in tickets {
        assert_eq!(device.finish_search(ticket).unwrap().blocks.len(), 4);
    }
}

#[test]
fn a_full_queue_refuses_and_is_not_broken_by_it() {
    let (mut device, card) = open();
    let (mut request, _buffer) = request(&mut device, &[5]);
    request.timeout = Duration::from_secs(5);
    card.lock().unwrap().fault = Fault::Hang;
    let tickets: Vec<_> = (0..15).map(|_| device.start_search(&request).unwrap()).collect();
    assert!(matches!(device.start_search(&request), Err(DeviceError::QueueFull)));
    assert_eq!(device.reset().unwrap(), Recovery::CardReset);
    card.lock().unwrap().fault = Fault::None;
    for ticket in tickets {
        assert!(matches!(device.finish_search(ticket), Err(DeviceError::LostInReset)));
    }
    device.search(&request).unwrap();
}

#[test]
fn a_command_that_fails_leaves_the_card_usable() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[5]);
    card.lock().unwrap().fault = Fault::Fails(Status::RecordFormat);
    let error = device.search(&request).unwrap_err();
    assert!(matches!(error, DeviceError::Command { status: Status::RecordFormat, detail: 7 }));
    card.lock().unwrap().fault = Fault::None;
    device.search(&request).unwrap();
}

#[test]
fn an_extent_that_changed_is_reported_by_its_index() {
    let (mut device, _card) = open();
    let (request, mut buffer) = request(&mut device, &[2, 2]);
    buffer.write(3 * LINE_BYTES, &[0xff]);
    let error = device.search(&request).unwrap_err();
    assert!(matches!(error, DeviceError::Command { status: Status::CrcMismatch, detail: 1 }), "{error}");
}

#[test]
fn known_answers_count_as_no_comparison_and_must_all_be_there() {
    let (mut device, card) = open();
    let (mut request, _buffer) = request(&mut device, &[40, 30, 20]);
    request.extents[1].known_answer = true;
    let outcome = device.search(&request).unwrap();
    for block in &outcome.blocks {
        assert_eq!((block.known_answers, block.known_answer_signature), (30, KNOWN_SIGNATURE));
    }
    let compared: u32 =
        outcome.blocks.iter().filter(|block| block.probe_slot == 0).map(|block| block.comparisons).sum();
    assert_eq!(compared, 60);
    card.lock().unwrap().spoil = Some(|block| block[14] -= 1);
    let error = device.search(&request).unwrap_err();
    assert!(error.to_string().contains("29 known answers instead of 30"), "{error}");
}

#[test]
fn a_completion_that_cannot_be_is_a_broken_protocol() {
    for fault in [Fault::WrongTag, Fault::WrongQueue, Fault::UnknownStatus, Fault::WrongHead] {
        let (mut device, card) = open();
        let (request, _buffer) = request(&mut device, &[5]);
        card.lock().unwrap().fault = fault;
        let error = device.search(&request).unwrap_err();
        assert!(matches!(error, DeviceError::Protocol { .. }), "{fault:?}: {error}");
        assert!(matches!(device.search(&request), Err(DeviceError::OutOfService)));
        assert!(card.lock().unwrap().command & 4 == 0, "{fault:?}: DMA is still allowed");
        card.lock().unwrap().fault = Fault::None;
        device.reset().unwrap();
        device.search(&request).unwrap();
    }
}

#[test]
fn results_that_contradict_the_request_are_not_believed() {
    let spoilers: [Spoiler; 9] = [
        ("another stream", |block| block[12] ^= 1),
        ("another probe slot", |block| block[13] ^= 1),
        ("more candidates than asked for", |block| block[4] = 11),
        ("more candidates than fit", |block| block[4..8].fill(0xff)),
        ("more passed than compared", |block| block[8..12].fill(0xff)),
        ("a histogram of other comparisons", |block| block[64] += 1),
        ("an index outside the extents", |block| block[33 * 64] = 0xff),
        ("a score below the threshold", |block| block[33 * 64 + 4..33 * 64 + 6].fill(0)),
        ("one candidate twice", |block| block.copy_within(33 * 64..33 * 64 + 4, 33 * 64 + 8)),
    ];
    for (what, spoil) in spoilers {
        let (mut device, card) = open();
        let (request, _buffer) = request(&mut device, &[40, 40]);
        device.search(&request).unwrap();
        card.lock().unwrap().spoil = Some(spoil);
        let result = device.search(&request);
        assert!(matches!(result, Err(DeviceError::Protocol { .. })), "{what}: {result:?}");
    }
}

#[test]
fn comparisons_that_are_missing_are_noticed() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[1, 1]);
    // One record unseen, consistently: nothing compared, nothing passed, nothing binned.
    card.lock().unwrap().spoil = Some(|block| {
        block[..12].fill(0);
        block[64..].fill(0);
    });
    let error = device.search(&request).unwrap_err();
    assert!(error.to_string().contains("compared 0 times with 2 records"), "{error}");
}

#[test]
fn copies_end_as_the_card_says_and_leave_the_queue_free() {
    let (mut device, card) = open();
    let copy = CopyRequest { source: (Memory::Host, 0), destination: (Memory::Channel(0), 64), lines: 1, crc32c: 0 };
    let mut copies = |fault, count| {
        card.lock().unwrap().fault = fault;
        device.copy(&vec![copy; count], Duration::from_millis(50))
    };
    copies(Fault::None, 0).unwrap();
    for _ in 0..3 {
        copies(Fault::None, 40).unwrap();
        let error = copies(Fault::Fails(Status::CrcMismatch), 40).unwrap_err();
        assert!(matches!(error, DeviceError::Command { status: Status::CrcMismatch, detail: 7 }), "{error}");
        let error = copies(Fault::Hang, 40).unwrap_err();
        assert!(matches!(error, DeviceError::Timeout { recovery: Recovery::Abort, .. }), "{error}");
    }
    let error = copies(Fault::HangAll, 40).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout { recovery: Recovery::CardReset, .. }), "{error}");
    copies(Fault::None, 40).unwrap();
}
