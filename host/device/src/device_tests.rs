//! The driver against the model of the card: what it does in order, and what it makes of every fault.

use std::sync::{Arc, Mutex};

use super::*;
use crate::counters::StreamCounters;
use crate::error_log::ErrorLog;
use crate::memory::{CopyRequest, Memory};
use crate::mock::{self, Fault, KNOWN_SIGNATURE, MockCard, PROBES, STREAMS, score};
use crate::results::Candidate;
use crate::search::ExtentRequest;
use whorl_layout::{LINE_BYTES, csr};

type Card = Arc<Mutex<MockCard>>;
type Spoiler = (&'static str, fn(&mut [u8]));

fn open() -> (Device, Card) {
    let (transport, card) = mock::mock();
    (Device::open(Box::new(transport)).unwrap(), card)
}

fn open_with(change: impl FnOnce(&mut MockCard)) -> (DeviceError, Card) {
    let (transport, card) = mock::mock();
    change(&mut card.lock().unwrap());
    (Device::open(Box::new(transport)).unwrap_err(), card)
}

/// Extents of `records` records each, one line a record, one behind the other in one buffer.
fn request(device: &mut Device, extents: &[u32]) -> (SearchRequest, GalleryBuffer) {
    let lines: u32 = extents.iter().sum();
    let mut buffer = device.alloc_gallery(lines as usize * LINE_BYTES).unwrap();
    let mut requests = Vec::new();
    let mut first = 0;
    for &records in extents {
        let data: Vec<u8> = (0..records as usize * LINE_BYTES).map(|byte| (byte * 7 + first as usize) as u8).collect();
        let offset = first as usize * LINE_BYTES;
        buffer.write(offset, &data);
        requests.push(ExtentRequest {
            memory: Memory::Host,
            address: buffer.address(offset),
            lines: records,
            records,
            base_index: 1000 + first,
            crc32c: crc32c::crc32c(&data),
            known_answer: false,
        });
        first += records;
    }
    let request = SearchRequest {
        probe_mask: 3,
        threshold: 500,
        top_k: 10,
        extents: requests,
        timeout: Duration::from_millis(60),
    };
    (request, buffer)
}

#[test]
fn dma_is_allowed_after_rings_are_mapped_and_forbidden_first_of_all() {
    let (mut device, card) = open();
    let buffer = device.alloc_gallery(1).unwrap();
    let log = std::mem::take(&mut card.lock().unwrap().log);
    let expected = [
        "command 0x0",
        "command 0x2",
        "control 0x0",
        "control 0x2",
        "control 0x4",
        "map",
        "vectors on",
        "command 0x6",
        "control 0x1",
        "map",
    ];
    assert_eq!(log, expected);
    device.close().unwrap();
    drop(buffer);
    let card = card.lock().unwrap();
    assert_eq!(card.log, ["command 0x2", "control 0x0", "vectors off", "unmap", "unmap"]);
    assert!(card.windows.is_empty());
}

#[test]
fn dropping_stops_the_card_too() {
    let (device, card) = open();
    drop(device);
    let card = card.lock().unwrap();
    assert!(card.command & 4 == 0 && card.windows.is_empty() && card.vectors == 0);
}

#[test]
fn a_failed_open_leaves_no_dma_behind() {
    let (error, card) = open_with(|card| card.fault = Fault::NoQueuePair);
    assert!(matches!(error, DeviceError::Command { status: Status::InvalidQueue, .. }), "{error}");
    let card = card.lock().unwrap();
    assert!(card.log.contains(&"command 0x6".to_owned()), "it was allowed DMA");
    assert!(card.command & 4 == 0 && card.windows.is_empty() && card.vectors == 0);
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
fn what_is_not_this_card_is_refused_with_the_remedy() {
    assert!(matches!(open_with(|card| card.fault = Fault::AllOnes).0, DeviceError::CardLost { .. }));
    assert!(matches!(open_with(|card| card.fault = Fault::DeadTransport).0, DeviceError::CardLost { .. }));
    assert!(matches!(open_with(|card| card.command = 0xffff).0, DeviceError::CardLost { .. }));
    let with = |offset: u32, value: u32| open_with(|card| card.registers.extend([(offset, value)])).0;
    assert!(matches!(with(csr::ID_MAGIC, 0), DeviceError::NotWhorl { found: 0, .. }));
    assert!(matches!(with(csr::ID_VERSION, 0x7_0000), DeviceError::VersionMismatch { found: 7, expected: 1 }));
    let error = with(csr::ID_SPEC_HASH, 0x1234_5678);
    assert!(matches!(error, DeviceError::SpecMismatch { found: 0x1234_5678, .. }));
    assert!(error.to_string().contains("load the card image of this release"));
    for sizes in [0x3004_0100, 0x3004_0001, 0x3004_0109, 0x3001_0101, 0x2f04_0101, 0x3009_0101] {
        assert!(matches!(with(csr::CAPABILITY0, sizes), DeviceError::Protocol { .. }), "{sizes:#x}");
    }
    for limits in [0x000a_0000, 0x000a_0101, 0x0003_0100, 0x000b_0100] {
        assert!(matches!(with(csr::CAPABILITY1, limits), DeviceError::Protocol { .. }), "{limits:#x}");
    }
}

#[test]
fn the_card_is_known_by_its_registers() {
    let (device, _card) = open();
    let info = device.info();
    assert_eq!((info.streams, info.probes, info.queue_pairs, info.lanes), (STREAMS, PROBES, 4, 48));
    assert_eq!((info.top_k_max, info.queue_entries_log2_max, info.build), (256, 10, 0x0b11_1d00));
}

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
fn a_lost_interrupt_costs_time_and_nothing_else() {
    let (mut device, card) = open();
    let (request, _buffer) = request(&mut device, &[5]);
    card.lock().unwrap().fault = Fault::LostInterrupt;
    device.search(&request).unwrap();
}

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
fn the_cards_limits_are_set_at_the_start_and_kept_over_resets() {
    let (mut device, card) = open();
    let limits = |card: &Card| {
        let registers = &card.lock().unwrap().registers;
        Limits { bus_timeout: registers[&csr::BUS_TIMEOUT], watchdog: registers[&csr::WATCHDOG] }
    };
    assert_eq!(limits(&card), Limits::default());
    let other = Limits { bus_timeout: 77, watchdog: 5 };
    device.set_limits(other).unwrap();
    assert_eq!(limits(&card), other);
    card.lock().unwrap().registers.insert(csr::WATCHDOG, 0);
    device.reset().unwrap();
    assert_eq!(limits(&card), other);
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
fn a_dropped_gallery_buffer_is_unmapped_by_the_next_allocation() {
    let (mut device, card) = open();
    let first = device.alloc_gallery(1 << 20).unwrap();
    let address = first.address(0);
    assert_eq!(first.bytes(), 1 << 20);
    drop(first);
    assert_eq!(card.lock().unwrap().windows.len(), 2);
    let second = device.alloc_gallery(1 << 20).unwrap();
    assert_eq!(card.lock().unwrap().windows.len(), 2);
    assert_eq!(second.address(0), address);
}

#[test]
fn counters_and_the_error_log_are_read_from_their_registers() {
    let (mut device, card) = open();
    assert_eq!(device.error_log().unwrap(), None);
    {
        let registers = &mut card.lock().unwrap().registers;
        let of_card =
            (csr::CYCLES_LO..=csr::COMMANDS).step_by(4).chain((csr::COMPARISONS_LO..=csr::READ_HOLD_HI).step_by(4));
        for (nth, offset) in of_card.enumerate() {
            registers.insert(offset, nth as u32 + 1);
        }
        let last_of_stream = csr::STREAM_STRIDE + csr::STREAM_STALL_COLLECT_HI;
        for (nth, offset) in (csr::STREAM_ACTIVE_LO..=last_of_stream).step_by(4).enumerate() {
            registers.insert(offset, nth as u32 + 101);
        }
        registers.insert(csr::ERROR_LOG, 0xabcd_0103);
        registers.insert(csr::ERROR_ADDRESS_LO, 0x40);
        registers.insert(csr::ERROR_ADDRESS_HI, 0x2);
        registers.insert(csr::ERROR_COUNT, 9);
        registers.insert(csr::LAST_ERROR, 0x1234_020b);
        registers.insert(csr::LAST_ERROR_ADDRESS_LO, 0x80);
        registers.insert(csr::LAST_ERROR_ADDRESS_HI, 0x3);
    }
    let pair = |lo: u64, hi: u64| hi << 32 | lo;
    let expected = Counters {
        cycles: pair(1, 2),
        busy_cycles: pair(3, 4),
        read_beats: pair(5, 6),
        write_beats: pair(7, 8),
        records: pair(9, 10),
        minutiae: pair(11, 12),
        read_errors: 13,
        write_errors: 14,
        commands: 15,
        comparisons: pair(16, 17),
        candidates: pair(18, 19),
        read_wait: pair(20, 21),
        read_hold: pair(22, 23),
    };
    assert_eq!(device.counters().unwrap(), expected);
    let activity = device.activity().unwrap();
    assert_eq!((activity.card, activity.streams.len()), (expected, usize::from(device.info().streams)));
    let last = StreamCounters {
        active: pair(117, 118),
        minutiae: pair(119, 120),
        records: pair(121, 122),
        lines: pair(123, 124),
        starved: pair(125, 126),
        stall_engine: pair(127, 128),
        stall_collect: pair(129, 130),
    };
    assert_eq!(activity.streams[1], last);
    let log = ErrorLog { status: Status::DmaReadError, queue_index: 1, tag: 0xabcd, address: 0x2_0000_0040 };
    assert_eq!(device.error_log().unwrap(), Some(log));
    let latest = ErrorLog { status: Status::Watchdog, queue_index: 2, tag: 0x1234, address: 0x3_0000_0080 };
    assert_eq!((device.latest_error().unwrap(), device.error_count().unwrap()), (Some(latest), 9));
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
