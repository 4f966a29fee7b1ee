//! A device's beginning and end, and what it says of itself: what the driver does to the model of the card, in order.

use whorl_layout::{Status, csr};

use crate::mock::{Fault, PROBES, STREAMS};
use crate::test_bench::{Card, open, open_with};
use crate::{Counters, DeviceError, ErrorLog, Limits, StreamCounters};

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
