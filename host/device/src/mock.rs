//! A model of the card for unit tests: registers, queues and commands as software, with a fault to order.
//!
//! It acts inside the register write that rings a doorbell, so tests need neither threads nor clocks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use whorl_layout::{
    CQE_BYTES, Candidate, Cqe, DEVICE_MAGIC, EXTENT_BYTES, Extent, HISTOGRAM_SHIFT, INTERFACE_MAJOR, LANES, LINE_BYTES,
    Opcode, PCI_DEVICE_ID, PCI_VENDOR_ID, PROBE_IMAGE_BYTES, ResultHeader, SPEC_HASH, SQE_BYTES, Sqe, SqeAbort,
    SqeCreateQueuePair, SqeLoadProbe, SqeResetQueuePair, SqeSearch, Status, TOP_K_MAX, csr,
};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, IntoBytes, transmute};

use crate::dma::DmaMemory;
use crate::transport::{Transport, TransportError};

/// What the model does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Every register reads as all ones and nothing is done; configuration space answers.
    AllOnes,
    /// As `AllOnes`, and configuration space reads as all ones too.
    Unplugged,
    /// Every call of the transport fails.
    DeadTransport,
    /// Commands of I/O queues never complete but by an abort.
    Hang,
    /// Commands of I/O queues never complete, nor do aborts.
    HangAll,
    /// Commands of I/O queues never complete; aborts do, and do not help.
    HangBeyondAbort,
    /// Commands of I/O queues end with TIMEOUT, and the port stays hung until the function is reset.
    HungBus,
    /// The same, and the answer comes late.
    LateBus,
    /// As `HangAll`, and a card reset does not end.
    HangBeyondReset,
    /// The I/O queue pair is refused.
    NoQueuePair,
    /// No interrupt is raised, though the completion is written.
    LostInterrupt,
    /// Completions carry another tag, queue index, status or head.
    WrongTag,
    WrongQueue,
    UnknownStatus,
    WrongHead,
    /// The commands end with this status and detail 7.
    Fails(Status),
}

#[derive(Debug)]
struct Ring {
    sq: u64,
    cq: u64,
    slots: u16,
    sq_head: u16,
    cq_tail: u16,
    phase: u32,
}

/// The state of the model, shared with the test that watches it.
#[derive(Debug)]
pub(crate) struct MockCard {
    pub(crate) fault: Fault,
    pub(crate) registers: BTreeMap<u32, u32>,
    pub(crate) command: u16,
    pub(crate) windows: BTreeMap<u64, DmaMemory>,
    pub(crate) vectors: u16,
    pub(crate) raised: Vec<u64>,
    pub(crate) function_resets: u32,
    pub(crate) card_resets: u32,
    pub(crate) queue_resets: u32,
    pub(crate) probes: [Option<(u8, Vec<u8>)>; 8], // gate and image
    /// What is done to a result block before it is written.
    pub(crate) spoil: Option<fn(&mut [u8])>,
    /// Everything done to the transport, by name, in order.
    pub(crate) log: Vec<String>,
    rings: BTreeMap<u8, Ring>,
    pending: Vec<(u8, u16)>, // commands that hang: queue, tag
}

/// Signature that the model gives all known answers.
pub(crate) const KNOWN_SIGNATURE: u32 = 0x5eed_ca5e;
pub(crate) const STREAMS: u8 = 2;
pub(crate) const PROBES: u8 = 2;

/// Score that the model gives a record, a function of its gallery index alone.
pub(crate) fn score(index: u32) -> u16 {
    (index.wrapping_mul(40_503) >> 3) as u16
}

/// A transport over the model.
#[derive(Debug)]
pub(crate) struct Mock(Arc<Mutex<MockCard>>);

/// A model and its transport.
pub(crate) fn mock() -> (Mock, Arc<Mutex<MockCard>>) {
    let sizes = u32::from(STREAMS) | u32::from(PROBES) << 8 | 4 << 16 | (LANES as u32) << 24;
    let card = MockCard {
        fault: Fault::None,
        registers: BTreeMap::from([
            (csr::ID_MAGIC, DEVICE_MAGIC),
            (csr::ID_VERSION, (INTERFACE_MAJOR as u32) << 16),
            (csr::ID_SPEC_HASH, SPEC_HASH),
            (csr::ID_BUILD, 0x0b11_1d00),
            (csr::CAPABILITY0, sizes),
            (csr::CAPABILITY1, TOP_K_MAX as u32 | 10 << 16),
            (csr::STATUS, csr::STATUS_READY_MASK),
        ]),
        command: 0,
        windows: BTreeMap::new(),
        vectors: 0,
        raised: Vec::new(),
        function_resets: 0,
        card_resets: 0,
        queue_resets: 0,
        probes: Default::default(),
        spoil: None,
        log: Vec::new(),
        rings: BTreeMap::new(),
        pending: Vec::new(),
    };
    let card = Arc::new(Mutex::new(card));
    (Mock(Arc::clone(&card)), card)
}

impl MockCard {
    fn window(&self, address: u64, bytes: usize) -> Option<(&DmaMemory, usize)> {
        assert!(self.command & 4 != 0, "DMA at {address:#x} with bus mastering off");
        let (start, memory) = self.windows.range(..=address).next_back()?;
        let offset = (address - start) as usize;
        (offset + bytes <= memory.bytes()).then_some((memory, offset))
    }

    fn fetch(&self, address: u64, bytes: usize) -> Option<Vec<u8>> {
        let (memory, offset) = self.window(address, bytes)?;
        let mut data = vec![0; bytes];
        memory.read(offset, &mut data);
        Some(data)
    }

    fn store(&self, address: u64, data: &[u8]) {
        let (memory, offset) = self.window(address, data.len()).expect("the model writes to mapped memory");
        memory.write(offset, data);
    }

    fn is_silent(&self) -> bool {
        matches!(self.fault, Fault::AllOnes | Fault::Unplugged)
    }

    fn pair(&self, lo: u32, hi: u32) -> u64 {
        let word = |offset| u64::from(self.registers.get(&offset).copied().unwrap_or(0));
        word(hi) << 32 | word(lo)
    }

    fn control(&mut self, value: u32) {
        if value & csr::CONTROL_RESET_MASK != 0 {
            self.card_resets += 1;
            self.stop();
            self.probes = Default::default();
            let ready = u32::from(self.fault != Fault::HangBeyondReset);
            let hung = if self.fault == Fault::HungBus { csr::STATUS_HUNG_MASK } else { 0 };
            self.registers.insert(csr::STATUS, ready | hung);
        }
        if value & csr::CONTROL_ENABLE_MASK == 0 {
            self.stop();
        } else if self.rings.is_empty() {
            let slots = 1 << self.registers[&csr::ADMIN_QUEUE];
            let sq = self.pair(csr::ADMIN_SQ_BASE_LO, csr::ADMIN_SQ_BASE_HI);
            let cq = self.pair(csr::ADMIN_CQ_BASE_LO, csr::ADMIN_CQ_BASE_HI);
            self.rings.insert(0, Ring { sq, cq, slots, sq_head: 0, cq_tail: 0, phase: 1 });
        }
    }

    /// A function reset by somebody who restores configuration space after it, as the kernel does.
    pub(crate) fn reset_by_somebody_else(&mut self) {
        self.registers.insert(csr::CONTROL, 0);
        self.probes = Default::default();
        self.stop();
    }

    fn stop(&mut self) {
        self.rings.clear();
        self.pending.clear();
    }

    fn doorbell(&mut self, queue: u8, tail: u16) {
        while let Some(ring) = self.rings.get_mut(&queue).filter(|ring| ring.sq_head != tail) {
            let address = ring.sq + u64::from(ring.sq_head) * SQE_BYTES as u64;
            ring.sq_head = (ring.sq_head + 1) % ring.slots;
            let entry = self.fetch(address, SQE_BYTES).expect("a mapped submission queue");
            let entry = Sqe::read_from_bytes(&entry).unwrap();
            self.execute(queue, entry);
        }
    }

    fn execute(&mut self, queue: u8, entry: Sqe) {
        let tag = entry.tag.get();
        let hangs =
            matches!(self.fault, Fault::Hang | Fault::HangAll | Fault::HangBeyondAbort | Fault::HangBeyondReset);
        if queue > 0 && matches!(self.fault, Fault::HungBus | Fault::LateBus) {
            let hung = if self.fault == Fault::HungBus { csr::STATUS_HUNG_MASK } else { 0 };
            self.registers.insert(csr::STATUS, csr::STATUS_READY_MASK | hung);
            return self.complete(queue, tag, Status::Timeout, 1);
        }
        if queue > 0 && hangs {
            self.pending.push((queue, tag));
            return;
        }
        if let (true, Fault::Fails(status)) = (queue > 0, self.fault) {
            return self.complete(queue, tag, status, 7);
        }
        match Opcode::from_byte(entry.opcode) {
            Some(Opcode::CreateQueuePair) if self.fault == Fault::NoQueuePair => {
                self.complete(queue, tag, Status::InvalidQueue, 0);
            }
            Some(Opcode::CreateQueuePair) if queue == 0 => {
                let entry: SqeCreateQueuePair = transmute!(entry);
                let (sq, cq) = (entry.sq_address.get(), entry.cq_address.get());
                let ring = Ring { sq, cq, slots: 1 << entry.entries_log2, sq_head: 0, cq_tail: 0, phase: 1 };
                self.rings.insert(entry.queue_index, ring);
                self.complete(queue, tag, Status::Success, 0);
            }
            Some(Opcode::Abort) if queue == 0 => {
                if self.fault == Fault::Hang {
                    let entry: SqeAbort = transmute!(entry);
                    let target = (entry.queue_index, entry.target_tag.get());
                    self.pending.retain(|&pending| pending != target);
                    self.complete(target.0, target.1, Status::Aborted, 0);
                    self.complete(queue, tag, Status::Success, 1);
                } else if self.fault == Fault::HangBeyondAbort {
                    self.complete(queue, tag, Status::Success, 0);
                }
            }
            Some(Opcode::ResetQueuePair) if queue == 0 => {
                let entry: SqeResetQueuePair = transmute!(entry);
                let ring = self.rings.get_mut(&entry.queue_index).expect("a queue that exists");
                (ring.sq_head, ring.cq_tail, ring.phase) = (0, 0, 1);
                self.pending.clear();
                self.queue_resets += 1;
                self.fault = Fault::None;
                self.complete(queue, tag, Status::Success, 0);
            }
            Some(Opcode::LoadProbe) if queue > 0 => {
                let entry: SqeLoadProbe = transmute!(entry);
                let image = self.fetch(entry.image_address.get(), PROBE_IMAGE_BYTES).expect("a mapped image");
                let intact = crc32c::crc32c(&image) == entry.crc32c.get();
                self.probes[usize::from(entry.probe_slot)] = intact.then_some((entry.gate, image));
                self.complete(queue, tag, if intact { Status::Success } else { Status::CrcMismatch }, 0);
            }
            Some(Opcode::Copy) if queue > 0 => self.complete(queue, tag, Status::Success, 0),
            Some(Opcode::Search) if queue > 0 => self.search(queue, tag, &transmute!(entry)),
            _ => self.complete(queue, tag, Status::InvalidOpcode, 0),
        }
    }

    fn search(&mut self, queue: u8, tag: u16, entry: &SqeSearch) {
        let mut records: [Vec<u32>; STREAMS as usize] = Default::default();
        let mut known = 0;
        for nth in 0..entry.extent_count.get() {
            let extent = self.fetch(entry.extents_address.get() + u64::from(nth) * EXTENT_BYTES as u64, EXTENT_BYTES);
            let extent = Extent::read_from_bytes(&extent.expect("a mapped extent list")).unwrap();
            let Some(lines) = self.fetch(extent.address.get(), extent.lines.get() as usize * LINE_BYTES) else {
                return self.complete(queue, tag, Status::DmaReadError, nth);
            };
            if crc32c::crc32c(&lines) != extent.crc32c.get() {
                return self.complete(queue, tag, Status::CrcMismatch, nth);
            }
            if extent.known_answer() == 1 {
                known += extent.records.get() as u16;
                continue;
            }
            let first = extent.base_index.get();
            records[nth as usize % records.len()].extend(first..first + extent.records.get());
        }
        for stream in 0..STREAMS {
            for slot in (0..PROBES).filter(|slot| entry.probe_mask.get() >> slot & 1 == 1) {
                let mut block = result_block(&records[usize::from(stream)], known, stream, slot, entry);
                if let Some(spoil) = self.spoil {
                    spoil(&mut block);
                }
                let place = u64::from(stream * PROBES + slot) * u64::from(entry.result_stride.get());
                self.store(entry.result_address.get() + place, &block);
            }
        }
        self.complete(queue, tag, Status::Success, 0);
    }

    fn complete(&mut self, queue: u8, tag: u16, status: Status, detail: u32) {
        let fault = if queue > 0 { self.fault } else { Fault::None };
        let ring = self.rings.get_mut(&queue).expect("a queue that exists");
        let mut entry = Cqe { detail: U32::new(detail), sq_head: U16::new(ring.sq_head), ..Cqe::default() };
        entry.queue_index = queue + u8::from(fault == Fault::WrongQueue);
        entry.cycles = U32::new(1000);
        entry.set_tag(u32::from(tag) ^ if fault == Fault::WrongTag { 0x8000 } else { 0 });
        entry.set_status(if fault == Fault::UnknownStatus { 0x7f } else { status as u32 });
        entry.set_phase(ring.phase);
        if fault == Fault::WrongHead {
            entry.sq_head = U16::new(ring.sq_head + 1);
        }
        let address = ring.cq + u64::from(ring.cq_tail) * CQE_BYTES as u64;
        ring.cq_tail = (ring.cq_tail + 1) % ring.slots;
        if ring.cq_tail == 0 {
            ring.phase ^= 1;
        }
        self.store(address, entry.as_bytes());
        if fault != Fault::LostInterrupt {
            self.raised[usize::from(queue)] += 1;
        }
    }
}

fn result_block(records: &[u32], known: u16, stream: u8, probe_slot: u8, entry: &SqeSearch) -> Vec<u8> {
    let passed: Vec<u32> = records.iter().copied().filter(|&index| score(index) >= entry.threshold.get()).collect();
    let mut best = passed.clone();
    best.sort_by_key(|&index| (std::cmp::Reverse(score(index)), index));
    best.truncate(entry.top_k.get().into());
    best.reverse(); // any order will do: the worst possible for a host that forgets to sort
    let header = ResultHeader {
        comparisons: U32::new(records.len() as u32),
        candidates: U32::new(best.len() as u32),
        passed: U32::new(passed.len() as u32),
        stream,
        probe_slot,
        known_answers: U16::new(known),
        known_answer_signature: U32::new(KNOWN_SIGNATURE),
        lines: U32::new(5),
        ..ResultHeader::default()
    };
    let mut histogram = [0_u32; 512];
    for &index in records {
        histogram[usize::from(score(index) >> HISTOGRAM_SHIFT).min(511)] += 1;
    }
    let mut block = header.as_bytes().to_vec();
    block.extend(histogram.iter().flat_map(|count| count.to_le_bytes()));
    for index in best {
        let candidate = Candidate { index: U32::new(index), score: U16::new(score(index)), reserved_6: [0; 2] };
        block.extend(candidate.as_bytes());
    }
    block.resize(block.len().next_multiple_of(LINE_BYTES), 0);
    block
}

impl Mock {
    fn card(&self) -> Result<MutexGuard<'_, MockCard>, TransportError> {
        let card = self.0.lock().unwrap();
        if card.fault == Fault::DeadTransport {
            return Err(TransportError::Lost { reason: "the model is dead".into() });
        }
        Ok(card)
    }
}

impl Transport for Mock {
    fn config_read(&mut self, offset: u16, data: &mut [u8]) -> Result<(), TransportError> {
        let card = self.card()?;
        let [vendor, device] = [PCI_VENDOR_ID, PCI_DEVICE_ID].map(u16::to_le_bytes);
        match (offset, data.len()) {
            _ if card.fault == Fault::Unplugged => data.fill(0xff),
            (0, 4) => data.copy_from_slice(&[vendor, device].concat()),
            (4, 2) => data.copy_from_slice(&card.command.to_le_bytes()),
            other => panic!("configuration space at {other:?}"),
        }
        Ok(())
    }

    fn config_write(&mut self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        assert_eq!(offset, 4);
        let mut card = self.card()?;
        card.command = u16::from_le_bytes(data.try_into().unwrap());
        let entry = format!("command {:#x}", card.command);
        card.log.push(entry);
        Ok(())
    }

    fn bar0_read(&mut self, offset: u32) -> Result<u32, TransportError> {
        let card = self.card()?;
        if card.is_silent() {
            return Ok(u32::MAX);
        }
        assert!(card.command & 2 != 0, "BAR0 is read with memory space off");
        Ok(card.registers.get(&offset).copied().unwrap_or(0))
    }

    fn bar0_write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.registers.insert(offset, value);
        let group = offset.wrapping_sub(csr::QUEUE_PAIR_SQ_TAIL);
        if card.is_silent() {
        } else if offset == csr::CONTROL {
            card.log.push(format!("control {value:#x}"));
            card.control(value);
        } else if group < csr::QUEUE_PAIR_COUNT * csr::QUEUE_PAIR_STRIDE && group.is_multiple_of(csr::QUEUE_PAIR_STRIDE)
        {
            card.doorbell((group / csr::QUEUE_PAIR_STRIDE) as u8, value as u16);
        }
        Ok(())
    }

    fn dma_map(&mut self, iova: u64, memory: &DmaMemory) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("map".into());
        card.windows.insert(iova, memory.share().unwrap());
        Ok(())
    }

    fn dma_unmap(&mut self, iova: u64, bytes: u64) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("unmap".into());
        let window = card.windows.remove(&iova).expect("a window that was mapped");
        assert_eq!(window.bytes() as u64, bytes);
        Ok(())
    }

    fn irq_enable(&mut self, vectors: u16) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("vectors on".into());
        card.vectors = vectors;
        card.raised = vec![0; vectors.into()];
        Ok(())
    }

    fn irq_disable(&mut self) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("vectors off".into());
        card.vectors = 0;
        Ok(())
    }

    fn irq_wait(&mut self, vector: u16, timeout: Duration) -> Result<bool, TransportError> {
        let raised = std::mem::take(&mut self.card()?.raised[usize::from(vector)]) > 0;
        if !raised {
            std::thread::sleep(timeout.min(Duration::from_millis(20))); // a test need not wait for the whole of it
        }
        Ok(raised)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.function_resets += 1;
        card.command = 0;
        if !card.is_silent() {
            card.fault = Fault::None;
        }
        card.stop();
        card.registers.insert(csr::STATUS, csr::STATUS_READY_MASK);
        Ok(())
    }
}
