//! What a search asks, what an engine answers.

use crate::tally::Candidate;
use crate::work::{self, Alone, Work};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use whorl_device::{DeviceError, TransportError, with_causes};
use whorl_gallery::Shard;
use whorl_layout::{Status, TOP_K_MAX};
use whorl_matcher::{GATE_DEFAULT, Probe, RecordError};

/// Probes to compare with every record of the loaded shards.
#[derive(Debug, Clone)]
pub struct Search {
    /// The probes; any number.
    pub probes: Vec<Probe>,
    /// Smallest score16 of a candidate.
    pub threshold: u16,
    /// Candidates per probe, 1 to [`TOP_K_MAX`].
    pub top_k: usize,
    /// Largest angle difference in 1/256 turn, 0..=127.
    pub gate: u8,
    /// How long one pass over the gallery may take.
    pub timeout: Duration,
}

impl Search {
    /// A search with the model's gate, no threshold and the `top_k` best candidates.
    pub fn new(probes: Vec<Probe>, top_k: usize) -> Self {
        Self { probes, threshold: 0, top_k, gate: GATE_DEFAULT, timeout: Duration::from_mins(10) }
    }

    /// Fails on a field that no engine can honour.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        if !(1..=TOP_K_MAX).contains(&self.top_k) {
            return Err(EngineError::Request {
                what: format!("{} candidates wanted, must be 1 to {TOP_K_MAX}", self.top_k),
            });
        }
        if self.gate > whorl_matcher::GATE_MAX {
            return Err(EngineError::Request { what: format!("gate {}, must be 0 to 127", self.gate) });
        }
        Ok(())
    }
}

/// The answer to one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// Comparisons made: as many as the shards of `coverage` have records.
    pub comparisons: u64,
    /// Comparisons by score: bin `min(511, score16 >> 5)`.
    pub histogram: Vec<u64>,
    /// The shards that were searched whole.
    pub coverage: Vec<ShardCoverage>,
    /// What it cost on a card; `None` where no card was used.
    pub cost: Option<CardCost>,
    /// The engines that made the comparisons.
    pub engines: Vec<Share>,
    /// What went wrong on the way, without harm to the answer.
    pub incidents: Vec<Incident>,
}

/// What one engine did of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Which engine.
    pub engine: String,
    /// Records that it compared.
    pub records: u64,
}

/// An engine that did not do what it had taken on at first; it was done again, by it or by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Which engine.
    pub engine: String,
    /// What it failed with, all causes included.
    pub what: String,
    /// Whether it left service for that.
    pub left_service: bool,
}

impl std::fmt::Display for Incident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rest = if self.left_service { "it left service" } else { "it stays in service" };
        write!(f, "{}: {}; its work was done again, {rest}", self.engine, self.what)
    }
}

/// A run of gallery indices that no engine compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// First gallery index.
    pub first: u32,
    /// Records from there.
    pub records: u32,
}

/// One shard that an answer covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardCoverage {
    /// Gallery index of its first record.
    pub base_index: u32,
    /// The state of the gallery that it was made of ([`Shard::generation`]).
    pub generation: u64,
    /// Its records, all of them compared.
    pub records: u32,
    /// CRC-32C over its lines.
    pub crc32c: u32,
}

impl From<&Shard> for ShardCoverage {
    fn from(shard: &Shard) -> Self {
        Self {
            base_index: shard.base_index(),
            generation: shard.generation(),
            records: shard.records(),
            crc32c: shard.crc32c(),
        }
    }
}

/// Cycles of a card, summed over the passes of a search. Probes that share a pass share its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardCost {
    /// From the dispatch of each command to its completion.
    pub command_cycles: u64,
    /// Cycles in which streams were fed, summed over the streams.
    pub stream_cycles: u64,
    /// Gallery minutiae, one per cycle and stream.
    pub minutiae: u64,
    /// Lines read.
    pub lines: u64,
    /// Stream cycles without a line to read: the link or the descriptors were late.
    pub stall_starved: u64,
    /// Stream cycles that waited for the consistency pass of an earlier record.
    pub stall_engine: u64,
    /// Stream cycles that waited for scores to be collected.
    pub stall_collect: u64,
    /// Comparisons whose scores were known and came out right; they are part of the cycles, minutiae and lines.
    pub known_answers: u64,
    /// Records that the card compared: the rest of an answer, if there is one, was made elsewhere.
    pub records: u64,
}

impl std::ops::AddAssign for CardCost {
    fn add_assign(&mut self, other: Self) {
        self.command_cycles += other.command_cycles;
        self.stream_cycles += other.stream_cycles;
        self.minutiae += other.minutiae;
        self.lines += other.lines;
        self.stall_starved += other.stall_starved;
        self.stall_engine += other.stall_engine;
        self.stall_collect += other.stall_collect;
        self.known_answers += other.known_answers;
        self.records += other.records;
    }
}

/// Why an engine gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The search itself cannot be done.
    #[error("The search is not possible: {what}")]
    Request {
        /// The field and its range.
        what: String,
    },
    /// The card or the way to it failed.
    #[error("The card failed")]
    Device(#[from] DeviceError),
    /// A shard holds a malformed record.
    #[error("A shard is damaged")]
    Record(#[from] RecordError),
    /// Directory and shards are not of one gallery.
    #[error(
        "The directory and the shards disagree about the record of gallery index {index}; they must come from one gallery"
    )]
    Directory {
        /// Gallery index of the record.
        index: u32,
    },
    /// Fewer or more comparisons than there are records: the answer would be silently partial.
    #[error("{engine} made {made} comparisons where there are {wanted} records")]
    Coverage {
        /// Which engine.
        engine: String,
        /// Comparisons reported.
        made: u64,
        /// Records that it had to compare.
        wanted: u64,
    },
    /// A candidate is none of the records that were compared.
    #[error(
        "{engine} named the record of gallery index {index}, where it compared {records} from gallery index {first}; \
         nothing that it says can be trusted"
    )]
    Stray {
        /// Which engine.
        engine: String,
        /// Gallery index that it named.
        index: u32,
        /// Gallery index of the first record that it had to compare.
        first: u32,
        /// How many it had to compare.
        records: u64,
    },
    /// An engine holds other shards than those that are searched.
    #[error("{engine} holds other shards than those that are searched")]
    OtherShards {
        /// Which engine.
        engine: String,
    },
    /// The pool was told to stop.
    #[error("The engines were told to stop")]
    Stopped,
    /// No engine was left for part of the gallery, or time was up.
    #[error(
        "{} of {wanted} records were compared: {why}. Not compared: {}",
        wanted - .gaps.iter().map(|gap| u64::from(gap.records)).sum::<u64>(),
        listed(.gaps)
    )]
    Incomplete {
        /// What stood in the way, all engines included.
        why: String,
        /// Records loaded.
        wanted: u64,
        /// What was not compared with every probe, by gallery index.
        gaps: Vec<Gap>,
        /// Whether every engine that failed was lost, not merely wrong or late.
        lost: bool,
    },
    /// A candidate has another score than the reference matcher gives it.
    #[error(
        "{engine} gave the record of gallery index {index} score {found} instead of {expected}; its scores cannot be trusted"
    )]
    WrongScore {
        /// Which engine.
        engine: String,
        /// Gallery index of the record.
        index: u32,
        /// Score that it gave.
        found: u16,
        /// The right one.
        expected: u16,
    },
    /// One of a card's engines gave wrong scores to records whose scores are known.
    #[error(
        "{engine}: the known answer of stream {stream}, probe slot {probe_slot} is wrong, \
         {found:#010x} instead of {expected:#010x}; its scores cannot be trusted"
    )]
    KnownAnswer {
        /// Which card.
        engine: String,
        /// The stream of the engine.
        stream: u8,
        /// Its probe slot.
        probe_slot: u8,
        /// Signature of the scores that it gave.
        found: u32,
        /// Signature of the right ones.
        expected: u32,
    },
}

impl EngineError {
    /// Whether an engine was found to give wrong scores, so that none of its scores can be used.
    pub const fn is_wrong_scores(&self) -> bool {
        matches!(
            self,
            Self::KnownAnswer { .. }
                | Self::WrongScore { .. }
                | Self::Device(DeviceError::Command { status: Status::ProbeParity, .. })
        )
    }

    /// Whether the engine is gone, rather than in trouble.
    pub const fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::Device(DeviceError::CardLost { .. } | DeviceError::Transport { source: TransportError::Lost { .. } })
                | Self::Incomplete { lost: true, .. }
        )
    }

    /// The message with all its causes.
    pub fn explained(&self) -> String {
        with_causes(self)
    }
}

/// The first gaps in words, as many as a message should hold.
fn listed(gaps: &[Gap]) -> String {
    const SHOWN: usize = 4;
    let mut text = Vec::new();
    for gap in gaps.iter().take(SHOWN) {
        text.push(format!("{} from gallery index {}", gap.records, gap.first));
    }
    if gaps.len() > SHOWN {
        text.push(format!("{} more ranges", gaps.len() - SHOWN));
    }
    text.join(", ")
}

/// What tells a shard from one like it, as long as both are there.
pub(crate) fn address(shard: &Arc<Shard>) -> usize {
    Arc::as_ptr(shard).addr()
}

/// The [`address`] of each.
pub(crate) fn addresses<'a>(shards: impl IntoIterator<Item = &'a Arc<Shard>>) -> HashSet<usize> {
    shards.into_iter().map(address).collect()
}

/// Something that compares probes with shards.
pub trait Engine: Send {
    /// What it is, for answers and messages.
    fn name(&self) -> &str;

    /// Probes that share one pass over the gallery.
    fn probes_per_pass(&self) -> usize;

    /// Adds a shard to those that searches cover.
    ///
    /// # Errors
    /// [`EngineError`]: the shard is not covered, earlier ones still are.
    fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError>;

    /// The loaded shards, in the order of their loading.
    fn shards(&self) -> Vec<Arc<Shard>>;

    /// Whether its scores are the reference matcher's, computed by this process: to compute them anew would show nothing.
    fn is_reference(&self) -> bool {
        false
    }

    /// Bytes of the loaded shards that lie in memory of the engine's own.
    fn resident_bytes(&self) -> u64 {
        0
    }

    /// Forgets the shards that are not among `wanted`; the others keep their order.
    fn keep(&mut self, wanted: &[Arc<Shard>]);

    /// Compares at most [`probes_per_pass`](Self::probes_per_pass) probes with pieces of the loaded shards, until `work`
    /// has no more of them.
    ///
    /// # Errors
    /// [`EngineError`]: pieces that it took and did not report are not done.
    fn run(&mut self, search: &Search, work: &dyn Work) -> Result<(), EngineError>;

    /// Makes the engine fit for another [`run`](Self::run) after one that failed.
    ///
    /// # Errors
    /// [`EngineError`]: it cannot be used any more.
    fn revive(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Compares each probe with every record of every loaded shard; answers stand in the order of the probes.
    ///
    /// # Errors
    /// [`EngineError`]: there is no answer for any probe.
    fn search(&mut self, search: &Search) -> Result<Vec<Answer>, EngineError> {
        search.check()?;
        let shards = self.shards();
        let wanted: u64 = shards.iter().map(|shard| u64::from(shard.records())).sum();
        let engines = vec![Share { engine: self.name().to_owned(), records: wanted }];
        let mut answers = Vec::with_capacity(search.probes.len());
        for probes in search.probes.chunks(self.probes_per_pass()) {
            let pass = Search { probes: probes.to_vec(), ..search.clone() };
            let work = Alone::new(self.name().to_owned(), &pass, work::cut(&shards, u64::MAX));
            self.run(&pass, &work)?;
            for gathered in work.gathered()? {
                let made = gathered.tally().comparisons();
                if made != wanted {
                    return Err(EngineError::Coverage { engine: self.name().to_owned(), made, wanted });
                }
                answers.push(gathered.answer(&shards, engines.clone()));
            }
        }
        Ok(answers)
    }
}
