//! The gallery and the probes that the host put into the machine, and the answers that the processor gives.

use crate::report::Fault;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use whorl_gallery::{Shard, ShardBuilder};
use whorl_matcher::{Backend, Probe, Record, Role, encode};
use whorl_search::{Answer, Candidate, CardEngine, CpuEngine, Engine, Search};
use whorl_template::{LengthCheck, read_any};

/// Where the host put the gallery.
pub const GALLERY: &str = "/gallery";
/// Where the host put the probes.
pub const PROBES: &str = "/probes";
/// Candidates of a search.
const TOP: usize = 10;
/// Bound of one pass: a second or two of a simulated card that shares its processor with this machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A search whose right answers are known.
#[derive(Debug)]
pub struct Fixture {
    shard: Arc<Shard>,
    probes: Vec<Probe>,
    answers: Vec<Answer>,
}

impl Fixture {
    /// Reads the gallery and has the processor search it.
    pub fn read() -> Result<Self, Fault> {
        let mut builder = ShardBuilder::new(0);
        for file in files(GALLERY)? {
            builder.push(&record(&file, Role::Reference)?.to_bytes())?;
        }
        let load = |file: &PathBuf| -> Result<Probe, Fault> { Ok(Probe::new(&record(file, Role::Probe)?)?) };
        let probes: Vec<Probe> = files(PROBES)?.iter().map(load).collect::<Result<_, _>>()?;
        if probes.is_empty() {
            return Err(format!("there is no probe in {PROBES}").into());
        }
        Self::new(Arc::new(builder.finish()), probes)
    }

    fn new(shard: Arc<Shard>, probes: Vec<Probe>) -> Result<Self, Fault> {
        let mut engine = CpuEngine::new(Backend::Auto);
        engine.load(Arc::clone(&shard))?;
        let answers = engine.search(&Search::new(probes.clone(), TOP))?;
        Ok(Self { shard, probes, answers })
    }

    /// The same with the probes in the other order.
    pub fn reversed(&self) -> Self {
        Self {
            shard: self.shard(),
            probes: self.probes.iter().rev().cloned().collect(),
            answers: self.answers.iter().rev().cloned().collect(),
        }
    }

    /// The gallery.
    pub fn shard(&self) -> Arc<Shard> {
        Arc::clone(&self.shard)
    }

    /// Number of probes.
    pub fn probes(&self) -> usize {
        self.probes.len()
    }

    /// The first probe, as the card takes it.
    pub fn probe_image(&self) -> Vec<u8> {
        self.probes[0].image()
    }

    /// The search, with its probes over and over.
    pub fn search(&self, times: usize) -> Search {
        let probes = std::iter::repeat_n(&self.probes, times).flatten().cloned().collect();
        Search { timeout: TIMEOUT, ..Search::new(probes, TOP) }
    }

    /// Searches on the card, which must have the gallery loaded. Fails unless every answer is the processor's.
    pub fn check(&self, engine: &mut CardEngine) -> Result<(), Fault> {
        self.expect(&engine.search(&self.search(1))?, 1)
    }

    /// Fails unless these are the processor's answers to [`search`](Self::search).
    pub fn expect(&self, answers: &[Answer], times: usize) -> Result<(), Fault> {
        let whole = |answer: &Answer| -> (Vec<Candidate>, u64, Vec<u64>) {
            (answer.candidates.clone(), answer.comparisons, answer.histogram.clone())
        };
        if answers.len() != self.answers.len() * times {
            return Err(format!("{} answers instead of {}", answers.len(), self.answers.len() * times).into());
        }
        for (nth, (found, expected)) in answers.iter().zip(self.answers.iter().cycle()).enumerate() {
            if whole(found) != whole(expected) || found.coverage != expected.coverage {
                return Err(format!("the card's answer to probe {nth} is not the processor's").into());
            }
        }
        Ok(())
    }
}

fn record(file: &Path, role: Role) -> Result<Record, Fault> {
    let template = read_any(&fs::read(file)?, LengthCheck::Strict)?;
    let view = template.views.first().ok_or("a minutiae file without a view")?;
    Ok(encode(view, template.resolution_x, template.resolution_y, role))
}

/// Files of a folder, by name.
pub fn files(folder: &str) -> Result<Vec<PathBuf>, Fault> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Fault>>()?;
    files.sort_unstable();
    Ok(files)
}
