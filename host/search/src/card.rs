//! A card as an engine: shards lie in DMA memory or in the card's own, probes share passes, known answers go along with
//! every search.

use crate::engine::{CardCost, Engine, EngineError, Search, address, addresses};
use crate::known_answers::KnownAnswers;
use crate::tally::{Candidate, Tally};
use crate::work::{Found, Piece, Work};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tracing::debug;
use whorl_device::{
    CardBuffer, CopyRequest, Device, DeviceError, ExtentRequest, GalleryBuffer, Memory, ResultBlock, SearchOutcome,
    SearchRequest, SearchTicket,
};
use whorl_gallery::{Extent, Shard};
use whorl_layout::LINE_BYTES;

/// Commands that a card is given ahead: while one runs, the next waits in the queue.
const COMMANDS_IN_FLIGHT: usize = 2;

/// One card with the shards that it reaches.
#[derive(Debug)]
pub struct CardEngine {
    device: Device,
    name: String,
    shards: Vec<Loaded>,
    planted: Option<GalleryBuffer>, // room for known answers, once there was a search
    resident: bool,
}

#[derive(Debug)]
struct Loaded {
    shard: Arc<Shard>,
    extents: Vec<ExtentRequest>,
    _buffer: Option<GalleryBuffer>, // keeps the card's window open, where an extent is streamed
    resident: Vec<CardBuffer>,      // keeps the card's memory
}

/// How long a shard of so many bytes may take to be copied: a simulated card moves a few megabytes in a second.
fn copy_bound(bytes: usize) -> Duration {
    Duration::from_secs(60 + bytes as u64 / 100_000)
}

impl CardEngine {
    /// An engine over an open device; `name` says which card, for answers and messages.
    pub const fn new(device: Device, name: String) -> Self {
        Self { device, name, shards: Vec::new(), planted: None, resident: false }
    }

    /// Shards loaded from here on are copied into card memory and searched there, as far as they fit; the rest is
    /// streamed from the host in every search.
    #[must_use]
    pub const fn resident(mut self) -> Self {
        self.resident = true;
        self
    }

    /// Copies as many of `extents` as fit from host to card memory. Their CRCs are checked on the way, and by every
    /// search again.
    fn make_resident(&mut self, extents: &mut [ExtentRequest], bytes: usize) -> Result<Vec<CardBuffer>, EngineError> {
        let mut held = Vec::new();
        let mut copies = Vec::new();
        for extent in extents {
            let buffer = match self.device.alloc_card(u64::from(extent.lines) * LINE_BYTES as u64) {
                Ok(buffer) => buffer,
                Err(DeviceError::CardMemoryFull { .. }) => continue, // a shorter one may still fit
                Err(error) => return Err(error.into()),
            };
            let source = (extent.memory, extent.address);
            copies.push(CopyRequest {
                source,
                destination: buffer.place(),
                lines: extent.lines,
                crc32c: extent.crc32c,
            });
            (extent.memory, extent.address) = buffer.place();
            held.push(buffer);
        }
        self.device.copy(&copies, copy_bound(bytes))?;
        Ok(held)
    }

    /// The device, for its identity and counters.
    pub const fn device(&mut self) -> &mut Device {
        &mut self.device
    }

    /// Hands a piece to the card, known answers last: what went wrong before them is still wrong then.
    fn start(&mut self, piece: &Piece, search: &Search, planted: ExtentRequest) -> Result<SearchTicket, EngineError> {
        let mut extents = self.shards[piece.shard].extents[piece.extents.clone()].to_vec();
        // A stream waits at a change of memory for what it has asked for, and the host is far: so there is one such change.
        extents.sort_by_key(|extent| extent.memory == Memory::Host);
        extents.push(planted);
        Ok(self.device.start_search(&SearchRequest {
            probe_mask: (1 << search.probes.len()) - 1,
            threshold: search.threshold,
            top_k: search.top_k as u16,
            extents,
            timeout: search.timeout,
        })?)
    }

    /// Keeps commands in flight until `work` has no more pieces.
    fn keep_fed(
        &mut self,
        search: &Search,
        work: &dyn Work,
        planted: ExtentRequest,
        signatures: &[u32],
        flying: &mut VecDeque<(Piece, SearchTicket)>,
    ) -> Result<(), EngineError> {
        loop {
            while flying.len() < COMMANDS_IN_FLIGHT
                && let Some(piece) = work.take(flying.is_empty())
            {
                let ticket = self.start(&piece, search, planted)?;
                flying.push_back((piece, ticket));
            }
            let Some((piece, ticket)) = flying.pop_front() else { return Ok(()) };
            let outcome = self.device.finish_search_unless(ticket, &|| work.is_over())?;
            debug!(engine = self.name, cycles = outcome.cycles, records = piece.records, "piece");
            check_known_answers(&self.name, &outcome, signatures)?;
            work.done(&piece, found(&outcome, search, piece.records));
        }
    }

    /// Puts known answers where the card reads them. No search runs meanwhile, so one place serves all.
    fn plant(&mut self, known: &KnownAnswers) -> Result<ExtentRequest, EngineError> {
        let buffer = if let Some(buffer) = &mut self.planted {
            buffer
        } else {
            let bytes = KnownAnswers::bytes_max(usize::from(self.device.info().probes));
            self.planted.insert(self.device.alloc_gallery(bytes)?)
        };
        Ok(ExtentRequest { known_answer: true, ..buffer.put(0, &known.bytes(), known.records() as u32) })
    }
}

/// Copies a shard to the beginning of `buffer` and returns its extents there.
///
/// # Panics
/// If it does not fit inside the buffer.
pub fn put_shard(buffer: &mut GalleryBuffer, shard: &Shard) -> Vec<ExtentRequest> {
    buffer.write(0, shard.bytes());
    let place = |extent: &Extent| ExtentRequest {
        memory: Memory::Host,
        address: buffer.address(extent.first_line as usize * LINE_BYTES),
        lines: extent.lines,
        records: extent.records,
        base_index: extent.base_index,
        crc32c: extent.crc32c,
        known_answer: false,
    };
    shard.extents().iter().map(place).collect()
}

/// Fails on the first engine of a search that gave known answers other scores than `signatures` has of its probe slot.
fn check_known_answers(engine: &str, outcome: &SearchOutcome, signatures: &[u32]) -> Result<(), EngineError> {
    for block in &outcome.blocks {
        let found = block.known_answer_signature;
        match signatures.get(usize::from(block.probe_slot)) {
            Some(&expected) if found != expected => {
                let (engine, stream, probe_slot) = (engine.to_owned(), block.stream, block.probe_slot);
                return Err(EngineError::KnownAnswer { engine, stream, probe_slot, found, expected });
            }
            _ => {}
        }
    }
    Ok(())
}

/// What all streams together found of each probe.
fn found(outcome: &SearchOutcome, search: &Search, records: u64) -> Vec<Found> {
    let of_probe = |slot: usize| {
        let mut tally = Tally::new(search.threshold, search.top_k);
        let mut cost = CardCost { command_cycles: outcome.cycles.into(), records, ..CardCost::default() };
        for block in outcome.blocks.iter().filter(|block| usize::from(block.probe_slot) == slot) {
            tally.merge(
                u64::from(block.comparisons),
                block.histogram.iter().map(|&n| u64::from(n)),
                block.candidates.iter().map(|c| Candidate { index: c.index, score: c.score }),
            );
            cost += stream_cost(block);
        }
        Found { tally, cost: Some(cost) }
    };
    (0..search.probes.len()).map(of_probe).collect()
}

fn stream_cost(block: &ResultBlock) -> CardCost {
    let statistics = &block.statistics;
    CardCost {
        command_cycles: 0,
        records: 0,
        stream_cycles: statistics.cycles,
        minutiae: statistics.minutiae,
        lines: u64::from(statistics.lines),
        stall_starved: statistics.stall_starved,
        stall_engine: statistics.stall_engine,
        stall_collect: statistics.stall_collect,
        known_answers: u64::from(block.known_answers),
    }
}

impl Engine for CardEngine {
    fn name(&self) -> &str {
        &self.name
    }

    fn probes_per_pass(&self) -> usize {
        usize::from(self.device.info().probes)
    }

    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        if shard.records() == 0 {
            self.shards.push(Loaded { shard, extents: Vec::new(), _buffer: None, resident: Vec::new() });
            return Ok(());
        }
        let mut buffer = self.device.alloc_gallery(shard.bytes().len())?;
        let mut extents = put_shard(&mut buffer, &shard);
        let resident = if self.resident { self.make_resident(&mut extents, shard.bytes().len())? } else { Vec::new() };
        let streamed = extents.iter().any(|extent| extent.memory == Memory::Host);
        self.shards.push(Loaded { shard, extents, _buffer: streamed.then_some(buffer), resident });
        Ok(())
    }

    fn resident_bytes(&self) -> u64 {
        self.shards.iter().flat_map(|loaded| &loaded.resident).map(CardBuffer::bytes).sum()
    }

    fn keep(&mut self, wanted: &[Arc<Shard>]) {
        let wanted = addresses(wanted);
        self.shards.retain(|loaded| wanted.contains(&address(&loaded.shard)));
    }

    fn shards(&self) -> Vec<Arc<Shard>> {
        self.shards.iter().map(|loaded| Arc::clone(&loaded.shard)).collect()
    }

    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError> {
        for (slot, probe) in search.probes.iter().enumerate() {
            self.device.load_probe(slot as u8, &probe.image(), search.gate)?;
        }
        let known = KnownAnswers::new(&search.probes);
        let planted = self.plant(&known)?;
        let signatures: Vec<u32> =
            search.probes.iter().map(|probe| known.signature(probe, search.gate)).collect::<Result<_, _>>()?;
        let mut flying = VecDeque::new();
        let ran = self.keep_fed(search, work, planted, &signatures, &mut flying);
        // After an error the others still hold slots of the queue, and may end well.
        for (piece, ticket) in flying {
            let Ok(outcome) = self.device.finish_search_unless(ticket, &|| work.is_over()) else { continue };
            if check_known_answers(&self.name, &outcome, &signatures).is_ok() {
                work.done(&piece, found(&outcome, search, piece.records));
            }
        }
        ran
    }

    fn revive(&mut self) -> Result<(), EngineError> {
        if !self.device.is_in_service() {
            let recovery = self.device.reset()?;
            debug!(engine = self.name, %recovery, "back in service");
        }
        Ok(())
    }
}
