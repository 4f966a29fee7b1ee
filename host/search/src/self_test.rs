//! The self test of a card: every engine, every channel of card memory, the interrupt and the error log.
//!
//! It takes the card for itself: loaded probes are replaced, and card memory must be free.

use std::fmt;
use std::time::Duration;

use whorl_device::{
    CopyRequest, Device, DeviceError, ErrorHistory, ExtentRequest, GalleryBuffer, Memory, ResultBlock, SearchRequest,
};
use whorl_layout::{LINE_BYTES, Status};
use whorl_matcher::{GATE_DEFAULT, Probe, RecordError};

use crate::known_answers::{KnownAnswers, fixed_probe};

/// Probes that each engine is given, one after another: what one of them leaves alone the next one uses.
const ROUNDS: u64 = 2;
/// Angle gates of the rounds: the usual one, and the one that lets most pairs through.
const GATES: [u8; ROUNDS as usize] = [GATE_DEFAULT, 127];
/// Bound of one command: a card takes microseconds, a simulated one seconds.
const COMMAND_BOUND: Duration = Duration::from_mins(1);
/// Lines of one patch that is written to card memory: the granule in which the driver hands it out.
const PATCH_LINES: u32 = 16;
const PATCH_BYTES: u64 = PATCH_LINES as u64 * LINE_BYTES as u64;

/// What is tested on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One engine: the comparisons of a stream with the probe of a slot.
    Engine {
        /// Its stream.
        stream: u8,
        /// Its probe slot.
        probe_slot: u8,
    },
    /// One channel of card memory.
    Channel(u8),
    /// The interrupt of a completed command.
    Interrupt,
    /// The error log, which must stay empty.
    ErrorLog,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine { stream, probe_slot } => write!(f, "engine of stream {stream}, probe slot {probe_slot}"),
            Self::Channel(channel) => write!(f, "card memory, channel {channel}"),
            Self::Interrupt => f.write_str("interrupt"),
            Self::ErrorLog => f.write_str("error log"),
        }
    }
}

/// Why a part failed.
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    /// An engine signed known answers wrong.
    #[error("it signs known answers {found:#010x} instead of {expected:#010x}: its scores are wrong")]
    Scores {
        /// Its signature.
        found: u32,
        /// The right one.
        expected: u32,
    },
    /// What was copied into card memory came back otherwise, though every CRC was right.
    #[error(
        "the {PATCH_BYTES} bytes at {address:#x} came back as others, with a right CRC: an address line of card memory or the way to the host is bad"
    )]
    Contents {
        /// Where in the channel.
        address: u64,
    },
    /// The command of the test failed.
    #[error("the command failed")]
    Command(#[from] DeviceError),
    /// The command that all engines take part in failed for another reason.
    #[error("not tested: the command that has all engines compare failed")]
    NotTested,
    /// The known answers cannot be made.
    #[error("the known answers cannot be made")]
    Record(#[from] RecordError),
    /// No interrupt came.
    #[error("no interrupt came for a command that completed; searches work, and slowly")]
    NoInterrupt,
    /// The card logged errors during the test.
    #[error("the card logged {} errors during the test{}", .0.count, .0.first.map_or(String::new(), |first| format!(", the first: {first}")))]
    Logged(ErrorHistory),
}

impl Defect {
    /// Whether the card computes wrongly, so that its answers cannot be trusted, rather than not at all.
    pub const fn is_wrong_scores(&self) -> bool {
        matches!(self, Self::Scores { .. } | Self::Command(DeviceError::Command { status: Status::ProbeParity, .. }))
    }

    /// Whether the card is gone.
    pub const fn is_lost(&self) -> bool {
        matches!(self, Self::Command(DeviceError::CardLost { .. }))
    }
}

/// What a part came to.
#[derive(Debug)]
pub struct PartResult {
    /// The part.
    pub part: Part,
    /// What is wrong with it, if anything is.
    pub defect: Option<Defect>,
}

/// Tests all parts of `device`, one after another, whatever becomes of the earlier ones, and reports each.
///
/// The card should hold nothing: what is left of it is its probe slots with other contents.
pub fn self_test(device: &mut Device) -> Vec<PartResult> {
    let logged_before = device.error_count().unwrap_or(0);
    let mut results = engines(device);
    for channel in 0..device.info().memory_channels {
        let defect = test_channel(device, channel).err().map(|defect| revived(device, defect));
        results.push(PartResult { part: Part::Channel(channel), defect });
    }
    let defect = test_interrupt(device).err().map(|defect| revived(device, defect));
    results.push(PartResult { part: Part::Interrupt, defect });
    results.push(PartResult { part: Part::ErrorLog, defect: test_log(device, logged_before).err() });
    results
}

/// One result for each engine. A command that fails is the failure of the engine that it names, else of the first; the
/// others are then not tested.
fn engines(device: &mut Device) -> Vec<PartResult> {
    let info = *device.info();
    let parts = (0..info.streams)
        .flat_map(|stream| (0..info.probes).map(move |probe_slot| Part::Engine { stream, probe_slot }));
    let mut results: Vec<_> = parts.map(|part| PartResult { part, defect: None }).collect();
    for (round, gate) in (0..ROUNDS).zip(GATES) {
        match sign(device, round, gate) {
            Ok((blocks, signatures)) => {
                for block in &blocks {
                    let expected = signatures.get(usize::from(block.probe_slot)).copied().unwrap_or_default();
                    let found = block.known_answer_signature;
                    if found != expected {
                        let part = Part::Engine { stream: block.stream, probe_slot: block.probe_slot };
                        report(&mut results, part, Defect::Scores { found, expected });
                    }
                }
            }
            Err(defect) => {
                let part = failed_engine(&defect).unwrap_or(Part::Engine { stream: 0, probe_slot: 0 });
                report(&mut results, part, revived(device, defect));
                for result in results.iter_mut().filter(|result| result.defect.is_none()) {
                    result.defect = Some(Defect::NotTested);
                }
                break;
            }
        }
    }
    results
}

/// Has the card back in service after a defect that took it out, so that the other parts are tested all the same.
fn revived(device: &mut Device, defect: Defect) -> Defect {
    if matches!(defect, Defect::Command(DeviceError::Protocol { .. } | DeviceError::OutOfService))
        && let Err(error) = device.reset()
    {
        tracing::warn!(%error, "the card did not come back for the rest of its self test");
    }
    defect
}

/// Notes the first defect of a part.
fn report(results: &mut [PartResult], part: Part, defect: Defect) {
    if let Some(result) = results.iter_mut().find(|result| result.part == part && result.defect.is_none()) {
        result.defect = Some(defect);
    }
}

/// The engine that the status of a command names.
const fn failed_engine(defect: &Defect) -> Option<Part> {
    match defect {
        Defect::Command(DeviceError::Command { status: Status::ProbeParity, detail }) => {
            Some(Part::Engine { stream: (*detail >> 8) as u8, probe_slot: *detail as u8 })
        }
        _ => None,
    }
}

/// Has every engine compare known answers; the signatures are those of the probe slots.
fn sign(device: &mut Device, round: u64, gate: u8) -> Result<(Vec<ResultBlock>, Vec<u32>), Defect> {
    let slots = device.info().probes;
    let probes: Vec<Probe> =
        (0..u64::from(slots)).map(|slot| fixed_probe(1 + round * 256 + slot)).collect::<Result<_, _>>()?;
    for (slot, probe) in (0..).zip(&probes) {
        device.load_probe(slot, &probe.image(), gate)?;
    }
    let known = KnownAnswers::new(&probes);
    let signatures: Vec<u32> = probes.iter().map(|probe| known.signature(probe, gate)).collect::<Result<_, _>>()?;
    let (_buffer, planted) = plant(device, &known.bytes(), known.records() as u32)?;
    let request = SearchRequest {
        probe_mask: (1_u32 << slots) - 1,
        threshold: 0,
        top_k: 1,
        extents: vec![planted],
        timeout: COMMAND_BOUND,
    };
    Ok((device.search(&request)?.blocks, signatures))
}

fn plant(device: &mut Device, bytes: &[u8], records: u32) -> Result<(GalleryBuffer, ExtentRequest), DeviceError> {
    let mut buffer = device.alloc_gallery(bytes.len())?;
    let extent = ExtentRequest { known_answer: true, ..buffer.put(0, bytes, records) };
    Ok((buffer, extent))
}

/// Writes a patch of its own at every address that one address line tells from the first, then reads all of them back.
fn test_channel(device: &mut Device, channel: u8) -> Result<(), Defect> {
    let bytes = device.info().memory_bytes.get(usize::from(channel)).copied().unwrap_or(0);
    let memory = device.alloc_channel(channel, bytes)?;
    let addresses = patches(bytes);
    let patch = |nth: usize| -> Vec<u8> { (0..PATCH_BYTES).map(|byte| (byte as usize * 7 + nth * 31) as u8).collect() };
    let mut host = device.alloc_gallery(2 * addresses.len() * PATCH_BYTES as usize)?;
    let back = addresses.len() * PATCH_BYTES as usize;
    let (mut there, mut here) = (Vec::new(), Vec::new());
    for (nth, &address) in addresses.iter().enumerate() {
        let offset = nth * PATCH_BYTES as usize;
        host.write(offset, &patch(nth));
        let place = (memory.place().0, memory.place().1 + address);
        let crc32c = crc32c::crc32c(&patch(nth));
        let copy = |source, destination| CopyRequest { source, destination, lines: PATCH_LINES, crc32c };
        there.push(copy((Memory::Host, host.address(offset)), place));
        here.push(copy(place, (Memory::Host, host.address(back + offset))));
    }
    device.copy(&there, COMMAND_BOUND)?;
    device.copy(&here, COMMAND_BOUND)?;
    let mut found = vec![0; PATCH_BYTES as usize];
    for (nth, &address) in addresses.iter().enumerate() {
        host.read(back + nth * PATCH_BYTES as usize, &mut found);
        if found != patch(nth) {
            return Err(Defect::Contents { address });
        }
    }
    Ok(())
}

/// The first and the last patch of a channel of `bytes`, and one at each power of two between.
fn patches(bytes: u64) -> Vec<u64> {
    let powers = std::iter::successors(Some(PATCH_BYTES), |address| address.checked_mul(2));
    let mut addresses = vec![0];
    addresses.extend(powers.take_while(|address| address + PATCH_BYTES < bytes));
    addresses.extend(bytes.checked_sub(PATCH_BYTES).filter(|&last| last > 0));
    addresses
}

fn test_interrupt(device: &mut Device) -> Result<(), Defect> {
    let image = fixed_probe(1)?.image();
    if device.raises_interrupt(|device| device.load_probe(0, &image, GATE_DEFAULT))? {
        return Ok(());
    }
    Err(Defect::NoInterrupt)
}

fn test_log(device: &mut Device, before: u32) -> Result<(), Defect> {
    let errors = device.errors()?;
    match errors.count.saturating_sub(before) {
        0 => Ok(()),
        count => Err(Defect::Logged(ErrorHistory { count, ..errors })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_lie_on_every_address_line_and_inside_the_channel() {
        assert_eq!(patches(1024), [0]);
        assert_eq!(patches(2048), [0, 1024]);
        assert_eq!(patches(8192), [0, 1024, 2048, 4096, 7168]);
        let all = patches(16 << 30);
        assert_eq!((all.len(), all.last()), (26, Some(&((16 << 30) - 1024))));
    }

    #[test]
    fn a_broken_probe_memory_names_its_engine_and_other_failures_none() {
        let failed = |status, detail| failed_engine(&Defect::Command(DeviceError::Command { status, detail }));
        assert_eq!(failed(Status::ProbeParity, 0x0302), Some(Part::Engine { stream: 3, probe_slot: 2 }));
        assert_eq!(failed(Status::CrcMismatch, 0x0302), None);
    }

    #[test]
    fn only_the_first_defect_of_a_part_is_reported() {
        let part = Part::Interrupt;
        let mut results = [PartResult { part, defect: None }];
        report(&mut results, part, Defect::NoInterrupt);
        report(&mut results, part, Defect::Contents { address: 0 });
        assert!(matches!(results[0].defect, Some(Defect::NoInterrupt)));
    }
}
