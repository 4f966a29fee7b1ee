//! A link to memory: answers an AXI4 port of the card from the host's memory or from a channel of the card's own, as far
//! away and as fast as the options say.
//!
//! Reads are answered in the order in which they were asked, `latency` cycles later at the earliest and at the rate of
//! the link. Writes are posted: they reach memory with their last beat, in order, and their response comes `latency`
//! cycles after that. A burst that memory refuses is answered SLVERR as a whole; a write burst is then dropped.
//! An answer that a fault delays lets those of other identifiers pass, and holds up those of its own.

use std::collections::VecDeque;

use whorl_layout::LINE_BYTES;

use crate::faults::{FaultKind, Faults, FaultyLink};
use crate::model::{PortInputs, PortOutputs};

const OKAY: u8 = 0;
const SLVERR: u8 = 2;
/// No burst crosses a boundary of this many bytes (AXI4 A3.4.1).
const BOUNDARY: u64 = 4096;
const BEATS_MAX: usize = BOUNDARY as usize / LINE_BYTES;
/// When an answer that is lost is due.
const NEVER: u64 = u64::MAX;
/// Write bursts whose address may be ahead of their data or response.
const WRITES_MAX: usize = 32;

/// Memory as the card reaches it.
pub(crate) trait Memory {
    /// Fills `data` from `address`. `false`: not all of it may be read; `data` is then unspecified.
    fn read(&self, address: u64, data: &mut [u8]) -> bool;
    /// Writes `data` to `address`. `false`: not all of it may be written; nothing was.
    fn write(&self, address: u64, data: &[u8]) -> bool;
}

/// How far away and how fast memory is, in cycles of the card's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LinkTiming {
    pub(crate) latency: u64,
    pub(crate) bytes_per_cycle: u64,
    pub(crate) reads_in_flight: usize,
    /// Reads and writes share the rate, as on the pins of a DRAM; else each way has its own.
    pub(crate) half_duplex: bool,
    /// The last `refresh` of every `refresh_every` cycles carry nothing; 0 for memory that needs no refresh.
    pub(crate) refresh_every: u64,
    pub(crate) refresh: u64,
}

impl LinkTiming {
    fn refreshes(&self, now: u64) -> bool {
        self.refresh_every != 0 && now % self.refresh_every >= self.refresh_every - self.refresh
    }
}

impl std::ops::AddAssign for LinkCounts {
    fn add_assign(&mut self, other: Self) {
        self.read_bursts += other.read_bursts;
        self.read_bytes += other.read_bytes;
        self.write_bursts += other.write_bursts;
        self.write_bytes += other.write_bytes;
        self.errors += other.errors;
    }
}

/// What went over the link since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LinkCounts {
    pub(crate) read_bursts: u64,
    pub(crate) read_bytes: u64,
    pub(crate) write_bursts: u64,
    pub(crate) write_bytes: u64,
    pub(crate) errors: u64,
}

#[derive(Debug)]
struct Read {
    id: u8,
    address: u64,
    beats: usize,
    ready_at: u64,
    fault: Option<FaultKind>,
}

/// A read burst whose data is being returned.
#[derive(Debug)]
struct Returning {
    id: u8,
    response: u8,
    data: Vec<u8>,
    beat: usize,
}

#[derive(Debug)]
struct Write {
    id: u8,
    address: u64,
    beats: usize,
    fault: Option<FaultKind>,
}

/// The answer to a write.
#[derive(Debug)]
struct Response {
    ready_at: u64,
    id: u8,
    code: u8,
}

/// The link, advanced once a cycle.
#[derive(Debug)]
pub(crate) struct Link {
    timing: LinkTiming,
    now: u64,
    reads: VecDeque<Read>,
    returning: Option<Returning>,
    read_credit: i64, // bytes that may be returned by now, at most one beat and a bit; half duplex: owed where negative
    writes: VecDeque<Write>,
    beats: Vec<(u64, [u8; LINE_BYTES])>, // strobes and data of the burst at the head of `writes`
    write_credit: i64,
    responses: VecDeque<Response>,
    responding: usize, // of `responses`: what is offered to the card
    counts: LinkCounts,
    stalled_until: u64,
    faults: Faults,
    side: FaultyLink,
}

impl Link {
    pub(crate) fn new(timing: LinkTiming, faults: Faults, side: FaultyLink) -> Self {
        Self {
            timing,
            now: 0,
            reads: VecDeque::new(),
            returning: None,
            read_credit: 0,
            writes: VecDeque::new(),
            beats: Vec::new(),
            write_credit: 0,
            responses: VecDeque::new(),
            responding: 0,
            counts: LinkCounts::default(),
            stalled_until: 0,
            faults,
            side,
        }
    }

    /// Answers nothing new for so many cycles.
    pub(crate) fn stall(&mut self, cycles: u64) {
        self.stalled_until = self.now + cycles;
    }

    /// The time as answers see it: it does not pass in a stall.
    fn time(&self) -> u64 {
        if self.now < self.stalled_until { 0 } else { self.now }
    }

    /// What went over the link.
    pub(crate) fn counts(&self) -> LinkCounts {
        self.counts
    }

    /// Forgets everything in flight, as when the card is reset; counts stay.
    pub(crate) fn reset(&mut self) {
        *self = Self { now: self.now, counts: self.counts, ..Self::new(self.timing, self.faults.clone(), self.side) };
    }

    /// Whether nothing is in flight in either direction.
    pub(crate) fn is_idle(&self) -> bool {
        self.reads.is_empty() && self.returning.is_none() && self.writes.is_empty() && self.responses.is_empty()
    }

    /// Sets this cycle's inputs of the card. They depend on nothing that the card does in this cycle.
    pub(crate) fn drive(&mut self, inputs: &mut PortInputs, memory: &impl Memory) {
        self.start_returning(memory);
        inputs.arready = self.reads.len() + usize::from(self.returning.is_some()) < self.timing.reads_in_flight;
        inputs.rvalid = false;
        if let Some(burst) = &self.returning
            && self.read_credit >= LINE_BYTES as i64
        {
            inputs.rvalid = true;
            inputs.rid = burst.id;
            inputs.rresp = burst.response;
            inputs.rlast = (burst.beat + 1) * LINE_BYTES == burst.data.len();
            let beat = burst.data.chunks_exact(LINE_BYTES).nth(burst.beat).unwrap_or(&[0; LINE_BYTES]);
            for (word, bytes) in inputs.rdata.iter_mut().zip(beat.as_chunks::<4>().0) {
                *word = u32::from_le_bytes(*bytes);
            }
        }
        inputs.awready = self.writes.len() + self.responses.len() < WRITES_MAX;
        inputs.wready = !self.writes.is_empty() && self.write_credit >= LINE_BYTES as i64;
        inputs.bvalid = false;
        let due = first_due(&self.responses, self.time(), |response| (response.ready_at, response.id));
        if let Some((place, response)) = due.and_then(|place| Some((place, self.responses.get(place)?))) {
            inputs.bvalid = true;
            inputs.bid = response.id;
            inputs.bresp = response.code;
            self.responding = place;
        }
    }

    fn start_returning(&mut self, memory: &impl Memory) {
        if self.returning.is_some() {
            return;
        }
        let due = first_due(&self.reads, self.time(), |read| (read.ready_at, read.id));
        let Some(read) = due.and_then(|place| self.reads.remove(place)) else { return };
        let mut data = vec![0; read.beats * LINE_BYTES];
        let well_formed = is_well_formed(read.address, read.beats);
        let refused = read.fault == Some(FaultKind::ReadError);
        let response = if well_formed && !refused && memory.read(read.address, &mut data) { OKAY } else { SLVERR };
        if let Some(FaultKind::ReadFlip(byte, bit)) = read.fault {
            flip(&mut data, byte, bit);
        }
        if response == SLVERR {
            self.counts.errors += 1;
            tracing::debug!(address = read.address, beats = read.beats, "DMA read refused");
            data.fill(0);
        }
        self.returning = Some(Returning { id: read.id, response, data, beat: 0 });
    }

    /// Takes what was transferred at the end of the cycle whose inputs and outputs these are. Whether anything was.
    pub(crate) fn advance(&mut self, inputs: &PortInputs, outputs: &PortOutputs, memory: &impl Memory) -> bool {
        let mut moved = false;
        self.now += 1;
        let earned = if self.timing.refreshes(self.now) { 0 } else { self.timing.bytes_per_cycle as i64 };
        self.read_credit += earned;
        self.write_credit += earned;
        if inputs.arready && outputs.arvalid != 0 {
            moved = true;
            self.counts.read_bursts += 1;
            let fault = self.faults.take(self.side, true, outputs.araddr);
            let ready_at = match fault {
                Some(FaultKind::ReadLost) => NEVER,
                Some(FaultKind::ReadLate(cycles)) => self.now + self.timing.latency + cycles,
                _ => self.now + self.timing.latency,
            };
            let beats = usize::from(outputs.arlen) + 1;
            self.reads.push_back(Read { id: outputs.arid, address: outputs.araddr, beats, ready_at, fault });
        }
        if inputs.rvalid && outputs.rready != 0 {
            moved = true;
            self.read_credit -= LINE_BYTES as i64;
            if self.timing.half_duplex {
                self.write_credit -= LINE_BYTES as i64;
            }
            self.counts.read_bytes += LINE_BYTES as u64;
            if let Some(burst) = &mut self.returning {
                burst.beat += 1;
            }
            if inputs.rlast {
                self.returning = None;
            }
        }
        if inputs.awready && outputs.awvalid != 0 {
            moved = true;
            self.counts.write_bursts += 1;
            let beats = usize::from(outputs.awlen) + 1;
            let fault = self.faults.take(self.side, false, outputs.awaddr);
            self.writes.push_back(Write { id: outputs.awid, address: outputs.awaddr, beats, fault });
        }
        if inputs.wready && outputs.wvalid != 0 {
            moved = true;
            self.write_credit -= LINE_BYTES as i64;
            if self.timing.half_duplex {
                self.read_credit -= LINE_BYTES as i64;
            }
            self.counts.write_bytes += LINE_BYTES as u64;
            let mut data = [0; LINE_BYTES];
            for (bytes, word) in data.as_chunks_mut::<4>().0.iter_mut().zip(outputs.wdata) {
                *bytes = word.to_le_bytes();
            }
            self.beats.push((outputs.wstrb, data));
            self.finish_write(outputs.wlast != 0, memory);
        }
        if inputs.bvalid && outputs.bready != 0 {
            moved = true;
            self.responses.remove(self.responding);
        }
        // Credit does not pile up while there is nothing to carry. What a beat has just used is not part of the pile.
        let credit_max = (LINE_BYTES as u64 + self.timing.bytes_per_cycle) as i64;
        self.read_credit = self.read_credit.min(credit_max);
        self.write_credit = self.write_credit.min(credit_max);
        moved
    }

    /// Carries out the write at the head once its last beat is there.
    fn finish_write(&mut self, last: bool, memory: &impl Memory) {
        let Some(write) = self.writes.front().filter(|write| last || self.beats.len() >= write.beats) else { return };
        let well_formed = is_well_formed(write.address, write.beats) && last && self.beats.len() == write.beats;
        if let Some(FaultKind::WriteFlip(byte, bit)) = write.fault
            && let Some((_, data)) = self.beats.get_mut(byte / LINE_BYTES)
        {
            flip(data, byte % LINE_BYTES, bit);
        }
        let store = |address: u64| {
            self.beats.iter().zip(0..).all(|((strobes, data), beat)| {
                runs(*strobes).all(|(first, end)| {
                    memory.write(address + beat * LINE_BYTES as u64 + first as u64, &data[first..end])
                })
            })
        };
        let done = well_formed
            && match write.fault {
                Some(FaultKind::WriteError) => false,
                Some(FaultKind::WriteDropped) => true,
                Some(FaultKind::WriteTwice(further)) => store(write.address) && store(write.address + further),
                _ => store(write.address),
            };
        if !done {
            self.counts.errors += 1;
            tracing::debug!(address = write.address, beats = write.beats, "DMA write refused");
        }
        let ready_at = match write.fault {
            Some(FaultKind::WriteLost) => NEVER,
            Some(FaultKind::WriteLate(cycles)) => self.now + self.timing.latency + cycles,
            _ => self.now + self.timing.latency,
        };
        self.responses.push_back(Response { ready_at, id: write.id, code: if done { OKAY } else { SLVERR } });
        self.writes.pop_front();
        self.beats.clear();
    }
}

/// The first answer whose time has come, and none of its identifier before it. Where nothing is delayed that is the first.
fn first_due<T>(answers: &VecDeque<T>, now: u64, key: impl Fn(&T) -> (u64, u8)) -> Option<usize> {
    let mut held_up: u64 = 0; // identifiers of 5 bits
    for (place, answer) in answers.iter().enumerate() {
        let (ready_at, id) = key(answer);
        if ready_at <= now && held_up >> id & 1 == 0 {
            return Some(place);
        }
        held_up |= 1 << id;
    }
    None
}

fn flip(data: &mut [u8], byte: usize, bit: u8) {
    if let Some(byte) = data.get_mut(byte) {
        *byte ^= 1 << bit;
    }
}

/// Whether a burst keeps to the rules of the card's port: whole beats, at most 4 KiB, across no 4 KiB boundary.
fn is_well_formed(address: u64, beats: usize) -> bool {
    let sound = address.is_multiple_of(LINE_BYTES as u64)
        && beats <= BEATS_MAX
        && address % BOUNDARY + (beats * LINE_BYTES) as u64 <= BOUNDARY;
    if !sound {
        tracing::error!(address, beats, "the card issued a burst that breaks the rules of its port");
    }
    sound
}

/// Runs of set strobes, as first byte and end.
fn runs(strobes: u64) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = strobes.checked_shr(at).filter(|&rest| rest != 0)?;
        let first = at + rest.trailing_zeros();
        let end = first + (strobes >> first).trailing_ones();
        at = end;
        Some((first as usize, end as usize))
    })
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
