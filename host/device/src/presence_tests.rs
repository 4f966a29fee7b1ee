//! A card that leaves the bus, on every path that reads it; and what maintenance finds of one that stays.

use std::fs;
use std::time::{Duration, Instant};

use whorl_layout::{DEVICE_MAGIC, INTERFACE_MAJOR, PCI_DEVICE_ID, PCI_VENDOR_ID, PROBE_IMAGE_BYTES, SPEC_HASH, csr};

use crate::mock::{self, Fault};
use crate::test_bench::open;
use crate::{CardState, CopyRequest, Device, DeviceError, Memory, inspect};

const GONE: [Fault; 3] = [Fault::AllOnes, Fault::Unplugged, Fault::DeadTransport];

type Path = (&'static str, fn(&mut Device) -> Result<(), DeviceError>);

fn load(device: &mut Device) -> Result<(), DeviceError> {
    device.load_probe(0, &[0; PROBE_IMAGE_BYTES], 0)
}

fn copy(device: &mut Device) -> Result<(), DeviceError> {
    let copy = CopyRequest { source: (Memory::Host, 0), destination: (Memory::Host, 64), lines: 1, crc32c: 0 };
    device.copy(&[copy], Duration::from_mins(1))
}

/// One of each kind of path to a register: a single one, a pair, the log, a poll, and the waits for a command.
const PATHS: [Path; 8] = [
    ("counters", |device| device.counters().map(|_| ())),
    ("activity", |device| device.activity().map(|_| ())),
    ("error log", |device| device.errors().map(|_| ())),
    ("reset", |device| device.reset().map(|_| ())),
    ("function reset", Device::reset_function),
    ("probe", load),
    ("copy", copy),
    ("interrupt", |device| device.raises_interrupt(load).map(|_| ())),
];

#[test]
fn a_card_that_is_gone_is_lost_on_every_path_at_once() {
    for fault in GONE {
        for (name, path) in PATHS {
            let (mut device, card) = open();
            card.lock().unwrap().fault = fault;
            let started = Instant::now();
            let result = path(&mut device);
            assert!(matches!(result, Err(DeviceError::CardLost { .. })), "{name} of {fault:?}: {result:?}");
            assert!(started.elapsed() < Duration::from_secs(1), "{name} of {fault:?} took {:?}", started.elapsed());
        }
        let (transport, card) = mock::mock();
        card.lock().unwrap().fault = fault;
        assert!(matches!(inspect(Box::new(transport)), Err(DeviceError::CardLost { .. })), "{fault:?}");
    }
}

#[test]
fn a_card_that_left_the_bus_is_told_from_one_whose_registers_do_not_answer() {
    for (fault, text) in [(Fault::AllOnes, "configuration space names vendor 10ee"), (Fault::Unplugged, "left the bus")]
    {
        let (mut device, card) = open();
        card.lock().unwrap().fault = fault;
        let error = device.counters().unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn a_register_of_all_ones_is_no_lost_card() {
    let (mut device, card) = open();
    card.lock().unwrap().registers.insert(csr::ERROR_COUNT, u32::MAX);
    assert_eq!(device.error_count().unwrap(), u32::MAX);
}

/// What makes the tests above cover every read: there is one place that turns all ones into an error.
#[test]
fn registers_are_read_in_one_place() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut found = Vec::new();
    for file in fs::read_dir(sources).unwrap().map(|file| file.unwrap().path()) {
        let text = fs::read_to_string(&file).unwrap();
        let calls = text.matches(concat!(".bar0_", "read(")).count();
        if calls > 0 {
            found.push((file.file_name().unwrap().to_owned(), calls));
        }
    }
    assert_eq!(found, [("registers.rs".into(), 2)], "one read, and the look whether the card is there");
}

#[test]
fn an_inspection_reports_the_card_as_it_was_found_and_resets_nothing() {
    let (transport, card) = mock::mock();
    {
        let mut card = card.lock().unwrap();
        card.command = 6;
        card.registers.insert(csr::ERROR_LOG, 0x0007_0103);
        card.registers.insert(csr::LAST_ERROR, 0x0009_010b);
        card.registers.insert(csr::ERROR_COUNT, 2);
        card.registers.insert(csr::STATUS, csr::STATUS_HUNG_MASK | csr::STATUS_BUSY_MASK);
    }
    let (seen, transport) = inspect(Box::new(transport)).unwrap();
    assert_eq!((seen.id, seen.magic), ((PCI_VENDOR_ID, PCI_DEVICE_ID), DEVICE_MAGIC));
    assert_eq!((seen.version, seen.spec_hash), ((INTERFACE_MAJOR as u16, 0), SPEC_HASH));
    assert_eq!((seen.bus_master, seen.state), (true, CardState::Hung));
    let errors = seen.errors.unwrap();
    assert_eq!((errors.first.unwrap().tag, errors.latest.unwrap().tag, errors.count), (7, 9, 2));
    assert_eq!(card.lock().unwrap().log, ["command 0x2", "command 0x2"], "no DMA from here on, and no reset");
    card.lock().unwrap().registers.insert(csr::ERROR_LOG, 0xff);
    let (seen, transport) = inspect(transport).unwrap();
    assert_eq!((seen.bus_master, seen.errors), (false, None), "a log that makes no sense is no reason to see nothing");
    Device::open(transport).unwrap();
}

#[test]
fn an_interrupt_that_does_not_come_is_noticed() {
    let (mut device, card) = open();
    load(&mut device).unwrap();
    assert!(device.raises_interrupt(load).unwrap());
    card.lock().unwrap().fault = Fault::LostInterrupt;
    assert!(!device.raises_interrupt(load).unwrap());
    // Old ones are no answer.
    card.lock().unwrap().raised[1] = 3;
    assert!(!device.raises_interrupt(|_| Ok(())).unwrap());
}

#[test]
fn a_function_reset_may_be_had_at_once() {
    let (mut device, card) = open();
    device.reset_function().unwrap();
    assert_eq!(card.lock().unwrap().function_resets, 1);
    load(&mut device).unwrap();
}
