//! What the model does with commands: entries, results and completions.

use whorl_layout::{
    CQE_BYTES, Candidate, Cqe, EXTENT_BYTES, Extent, HISTOGRAM_SHIFT, LINE_BYTES, Opcode, PROBE_IMAGE_BYTES,
    ResultHeader, SQE_BYTES, Sqe, SqeAbort, SqeCreateQueuePair, SqeLoadProbe, SqeResetQueuePair, SqeSearch, Status,
    csr,
};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, IntoBytes, transmute};

use super::{Fault, KNOWN_SIGNATURE, MockCard, PROBES, Ring, STREAMS, score};

impl MockCard {
    /// Carries out every entry up to `tail`.
    pub(super) fn doorbell(&mut self, queue: u8, tail: u16) {
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
        if let Some((_, fault)) = self.then.filter(|(opcode, _)| *opcode as u8 == entry.opcode) {
            (self.fault, self.then) = (fault, None);
        }
        if self.is_silent() {
            return;
        }
        let hangs = matches!(
            self.fault,
            Fault::Hang
                | Fault::HangAll
                | Fault::HangBeyondAbort
                | Fault::HangBeyondReset
                | Fault::HangBeyondAll
                | Fault::HangWithoutReset
                | Fault::HangBeyondQueues
        );
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
            Some(Opcode::CreateQueuePair) if matches!(self.fault, Fault::NoQueuePair | Fault::HangBeyondQueues) => {
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
            Some(Opcode::ResetQueuePair) if self.fault == Fault::HangAll => {}
            Some(Opcode::ResetQueuePair) if matches!(self.fault, Fault::Fails(_)) => {
                self.complete(queue, tag, Status::InvalidQueue, 0);
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
