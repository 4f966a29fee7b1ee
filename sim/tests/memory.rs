//! Card memory on the whole card: copies, searches in it, and what goes wrong with it.

mod common;

use common::{Numbers, SEARCH_BOUND, Simulator, expected, found, gallery, load, place, request};
use whorl_device::{
    CardBuffer, CopyRequest, Device, DeviceError, ErrorLog, ExtentRequest, GalleryBuffer, Memory, SearchOutcome,
};
use whorl_layout::Status;
use whorl_matcher::{GATE_DEFAULT, Record};
use whorl_sim::{LinkModel, MemoryModel};

/// A card with probes loaded and a gallery in host memory.
struct Loaded {
    device: Device,
    probes: Vec<Record>,
    records: Vec<Record>,
    buffer: GalleryBuffer,
    extents: Vec<ExtentRequest>,
}

impl Loaded {
    fn new(simulator: &Simulator, records: usize, per_extent: usize) -> Self {
        let mut device = simulator.open();
        let mut numbers = Numbers::new(21);
        let slots = device.info().probes;
        let probes: Vec<_> = (0..slots).map(|_| numbers.record(40)).collect();
        let records = gallery(&mut numbers, &probes, records);
        load(&mut device, &probes, GATE_DEFAULT).unwrap();
        let (buffer, extents) = place(&mut device, &records, per_extent, 300);
        Self { device, probes, records, buffer, extents }
    }

    /// The extents, those that `wanted` picks copied into card memory.
    fn copied(&mut self, wanted: impl Fn(usize) -> bool) -> (Vec<CardBuffer>, Vec<ExtentRequest>) {
        let mut extents = self.extents.clone();
        let (mut held, mut copies) = (Vec::new(), Vec::new());
        for (_, extent) in extents.iter_mut().enumerate().filter(|&(nth, _)| wanted(nth)) {
            let buffer = self.device.alloc_card(u64::from(extent.lines) * 64).unwrap();
            copies.push(copy_of(extent, buffer.place()));
            (extent.memory, extent.address) = buffer.place();
            held.push(buffer);
        }
        self.device.copy(&copies, SEARCH_BOUND).unwrap();
        (held, extents)
    }

    /// Searches `extents` and compares every number with the matcher.
    fn check(&mut self, extents: Vec<ExtentRequest>) -> SearchOutcome {
        let request = request(self.probes.len() as u8, extents);
        let outcome = self.device.search(&request).unwrap();
        for (slot, probe) in (0..).zip(&self.probes) {
            assert_eq!(
                found(&outcome, slot, &request),
                expected(probe, GATE_DEFAULT, &self.records, 300, &request),
                "slot {slot}"
            );
        }
        outcome
    }

    fn fails(&mut self, extents: Vec<ExtentRequest>) -> (Status, u32) {
        command_error(&self.device.search(&request(self.probes.len() as u8, extents)).unwrap_err())
    }
}

fn copy_of(extent: &ExtentRequest, destination: (Memory, u64)) -> CopyRequest {
    CopyRequest { source: (extent.memory, extent.address), destination, lines: extent.lines, crc32c: extent.crc32c }
}

fn command_error(error: &DeviceError) -> (Status, u32) {
    let &DeviceError::Command { status, detail } = error else { panic!("{error:?}") };
    (status, detail)
}

fn small() -> MemoryModel {
    MemoryModel { channel_bytes: 1 << 20, ..MemoryModel::HBM2 }
}

#[test]
fn a_resident_gallery_gives_what_a_streamed_one_gives() {
    for shape in [(1, 1), (2, 2)] {
        let simulator = Simulator::start_with(shape, LinkModel::default(), small());
        let mut card = Loaded::new(&simulator, 120, 7);
        assert_eq!(card.device.info().memory_channels, shape.0);
        assert!(card.device.info().memory_bytes[..usize::from(shape.0)].iter().all(|&bytes| bytes == 1 << 20));
        let streamed = card.check(card.extents.clone());
        let before = card.device.counters().unwrap().read_beats;
        let (held, extents) = card.copied(|_| true);
        let lines: u64 = extents.iter().map(|extent| u64::from(extent.lines)).sum();
        let copying = card.device.counters().unwrap().read_beats - before;
        let channels: Vec<_> = held.iter().map(|run| run.place().0).collect();
        assert_eq!(channels.contains(&Memory::Channel(1)), shape.0 == 2);
        assert!(copying >= lines);
        let before = card.device.counters().unwrap().read_beats;
        let resident = card.check(extents.clone());
        // The host is asked for the entry and the descriptors, and for no record.
        let searching = card.device.counters().unwrap().read_beats - before;
        assert!(searching <= extents.len() as u64 + 1, "{searching} beats");
        let minutiae = |outcome: &SearchOutcome| outcome.blocks.iter().map(|b| b.statistics.minutiae).sum::<u64>();
        assert_eq!(minutiae(&resident), minutiae(&streamed));
        card.device.close().unwrap();
    }
}

#[test]
fn extents_of_all_memories_are_searched_in_one_command() {
    let simulator = Simulator::start_with((2, 2), LinkModel::default(), small());
    let mut card = Loaded::new(&simulator, 150, 4);
    let (_held, extents) = card.copied(|nth| nth % 3 != 1);
    for memory in [Memory::Host, Memory::Channel(0), Memory::Channel(1)] {
        assert!(extents.iter().any(|extent| extent.memory == memory), "{memory:?}");
    }
    card.check(extents);
}

#[test]
fn lines_go_to_the_card_between_channels_and_back() {
    let simulator = Simulator::start_with((2, 2), LinkModel::default(), small());
    let mut device = simulator.open();
    let mut buffer = device.alloc_gallery(1 << 16).unwrap();
    let mut numbers = Numbers::new(3);
    let data: Vec<u8> = (0..300 * 64).map(|_| numbers.next() as u8).collect();
    buffer.write(64, &data);
    let crc32c = crc32c::crc32c(&data);
    let host = |offset| (Memory::Host, buffer.address(offset));
    let (first, second) = ((Memory::Channel(0), (1 << 20) - 300 * 64), (Memory::Channel(1), 192));
    let hops = [(host(64), first), (first, second), (second, (Memory::Channel(1), 0x8000)), (second, host(0x8000))];
    let copies = hops.map(|(source, destination)| CopyRequest { source, destination, lines: 300, crc32c });
    device.copy(&copies, SEARCH_BOUND).unwrap();
    let mut back = vec![0; data.len()];
    buffer.read(0x8000, &mut back);
    assert_eq!(back, data);
    // What lies in card memory outlives a reset of the card.
    device.reset().unwrap();
    buffer.write(0x8000, &vec![0; 300 * 64]);
    device.copy(&copies[3..], SEARCH_BOUND).unwrap();
    buffer.read(0x8000, &mut back);
    assert_eq!(back, data);
    // More than the queue holds, each behind the other.
    let many: Vec<_> = copies.iter().cycle().take(40).copied().collect();
    device.copy(&many, SEARCH_BOUND).unwrap();
}

#[test]
fn damage_is_found_by_the_copy_and_by_the_search() {
    let simulator = Simulator::start_with((1, 1), LinkModel::default(), small());
    let mut card = Loaded::new(&simulator, 40, 10);
    let (_held, extents) = card.copied(|_| true);
    // A wrong sum and wrong lines.
    let mut copy = copy_of(&card.extents[1], (Memory::Channel(0), 0x8_0000));
    copy.crc32c ^= 1;
    let error = card.device.copy(&[copy], SEARCH_BOUND).unwrap_err();
    assert_eq!(command_error(&error), (Status::CrcMismatch, 0));
    // Another extent's lines over one that lies in card memory.
    let victim = extents[2];
    let lines = card.extents[0].lines.min(victim.lines) - 1;
    let mut start = vec![0; lines as usize * 64];
    card.buffer.read(0, &mut start);
    let source = (Memory::Host, card.extents[0].address);
    let copy =
        CopyRequest { source, destination: (victim.memory, victim.address), lines, crc32c: crc32c::crc32c(&start) };
    card.device.copy(&[copy], SEARCH_BOUND).unwrap();
    assert_eq!(card.fails(extents), (Status::CrcMismatch, 2));
    card.check(card.extents.clone());
}

#[test]
fn what_lies_outside_card_memory_is_refused_and_named() {
    let simulator = Simulator::start_with((1, 1), LinkModel::default(), small());
    let mut card = Loaded::new(&simulator, 40, 10);
    let (_held, right) = card.copied(|_| true);
    let end = 1 << 20;
    let lines = u64::from(right[3].lines) * 64;
    for (memory, address) in [
        (Memory::Channel(0), end),
        (Memory::Channel(0), end - lines + 64),
        (Memory::Channel(0), u64::MAX - 63),
        (Memory::Channel(1), 0),
        (Memory::Channel(254), 0),
    ] {
        let mut extents = right.clone();
        (extents[3].memory, extents[3].address) = (memory, address);
        assert_eq!(card.fails(extents), (Status::AddressRange, 3), "{memory:?} at {address:#x}");
        let copy = copy_of(&card.extents[3], (memory, address));
        let error = card.device.copy(&[copy], SEARCH_BOUND).unwrap_err();
        assert_eq!(command_error(&error), (Status::AddressRange, 0), "{memory:?} at {address:#x}");
    }
    let log = card.device.error_log().unwrap();
    let Some(ErrorLog { status: Status::AddressRange, address, .. }) = log else { panic!("{log:?}") };
    assert_eq!(address, end);
    assert!(matches!(card.device.alloc_card(end + 64), Err(DeviceError::CardMemoryFull { .. })));
    card.check(right);
}

#[test]
fn a_bad_line_of_card_memory_ends_the_command_and_not_the_card() {
    let bad_line = 0x4_0040;
    let memory = MemoryModel { bad_line: Some(bad_line), ..small() };
    let simulator = Simulator::start_with((1, 1), LinkModel::default(), memory);
    let mut card = Loaded::new(&simulator, 40, 10);
    let (_held, right) = card.copied(|_| true);
    let mut copy = copy_of(&card.extents[0], (Memory::Channel(0), bad_line - 64 * 20));
    assert!(copy.lines > 21);
    let error = card.device.copy(&[copy], SEARCH_BOUND).unwrap_err();
    assert_eq!(command_error(&error), (Status::DmaWriteError, 0));
    (copy.source, copy.destination) = (copy.destination, copy.source);
    let error = card.device.copy(&[copy], SEARCH_BOUND).unwrap_err();
    assert_eq!(command_error(&error), (Status::DmaReadError, 0));
    let mut extents = right.clone();
    extents[1].address = bad_line;
    assert_eq!(card.fails(extents), (Status::DmaReadError, 1));
    let log = card.device.error_log().unwrap();
    let Some(ErrorLog { status: Status::DmaWriteError, address, .. }) = log else { panic!("{log:?}") };
    assert_eq!(address, 0x4_0000, "the burst that was refused");
    card.check(right);
}

/// What one stream has of a gallery that lies in card memory: bytes and minutiae per cycle.
fn rates(shape: (u8, u8), memory: MemoryModel, records: usize) -> (f64, f64) {
    let simulator = Simulator::start_with(shape, LinkModel::default(), memory);
    let mut card = Loaded::new(&simulator, records, 25);
    let (_held, extents) = card.copied(|_| true);
    let outcome = card.check(extents);
    let streams = outcome.blocks.iter().filter(|block| block.probe_slot == 0).map(|block| &block.statistics);
    let (mut lines, mut minutiae, mut cycles) = (0, 0, 0);
    for statistics in streams {
        lines += u64::from(statistics.lines);
        minutiae += statistics.minutiae;
        cycles += statistics.cycles;
    }
    let (bytes, minutiae) = (lines as f64 * 64.0 / cycles as f64, minutiae as f64 / cycles as f64);
    println!("{shape:?} {bytes:.2} bytes and {minutiae:.3} minutiae per cycle and stream; {memory:?}");
    (bytes, minutiae)
}

#[test]
fn a_stream_has_what_a_narrow_memory_carries_or_all_it_can_use() {
    let narrow = MemoryModel { bytes_per_cycle: 8, ..small() };
    let carried = narrow.mean_bytes_per_cycle();
    let (bytes, _) = rates((1, 1), narrow, 600);
    assert!(bytes >= 0.9 * carried && bytes < 1.01 * carried, "{bytes} of {carried} bytes per cycle");
    // Two streams, each with a channel's worth.
    let (bytes, _) = rates((2, 2), narrow, 800);
    assert!(bytes >= 0.9 * carried, "{bytes} of {carried} bytes per cycle");
    let (_, minutiae) = rates((1, 1), MemoryModel::HBM2, 600);
    // The rest are consistency passes of long records: more memory would not help.
    assert!(minutiae > 0.88, "{minutiae} minutiae per cycle");
}
