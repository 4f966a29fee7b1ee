//! Drives a store through its work until something stops it, and says what was begun and what was acknowledged.

use crate::trail;
use crate::work::{LANES, Outcome, Work};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::mpsc;
use whorl_gallery::{MasterKey, Store};
use whorl_server::audit::AuditLog;

/// What happens in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The store is open.
    Opened,
    /// A lane's operation was given to the store.
    Begun { lane: usize, number: u32 },
    /// It was answered.
    Answered { lane: usize, number: u32, outcome: Outcome },
    /// The master key is being replaced by the one of this number.
    Rotating { key: u32 },
    /// It was.
    Rotated { key: u32 },
    /// A compaction has ended.
    Compacted,
}

impl Event {
    /// The event on one line.
    pub fn line(&self) -> String {
        match self {
            Self::Opened => "opened".into(),
            Self::Begun { lane, number } => format!("begun {lane} {number}"),
            Self::Answered { lane, number, outcome: Outcome::Refused } => format!("refused {lane} {number}"),
            Self::Answered { lane, number, outcome: Outcome::Done { references, replayed } } => {
                format!("done {lane} {number} {references} {}", u8::from(*replayed))
            }
            Self::Rotating { key } => format!("rotating {key}"),
            Self::Rotated { key } => format!("rotated {key}"),
            Self::Compacted => "compacted".into(),
        }
    }

    /// Reads a line; `None` for one that was cut or is not an event.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let word = words.next()?;
        let mut number = || words.next()?.parse::<u32>().ok();
        match word {
            "opened" => Some(Self::Opened),
            "begun" => Some(Self::Begun { lane: number()? as usize, number: number()? }),
            "refused" => {
                Some(Self::Answered { lane: number()? as usize, number: number()?, outcome: Outcome::Refused })
            }
            "done" => Some(Self::Answered {
                lane: number()? as usize,
                number: number()?,
                outcome: Outcome::Done { references: number()?, replayed: number()? == 1 },
            }),
            "rotating" => Some(Self::Rotating { key: number()? }),
            "rotated" => Some(Self::Rotated { key: number()? }),
            "compacted" => Some(Self::Compacted),
            _ => None,
        }
    }
}

/// A master key of a run; `None` in a run without encryption.
pub fn key(seed: u64, encrypted: bool, number: u32) -> Option<MasterKey> {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x006b_6579);
    random.set_stream(number.into());
    encrypted.then(|| MasterKey::new(random.random()))
}

/// How a run goes.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// Decides what is done when.
    pub seed: u64,
    /// Decides the master keys, which belong to a store and not to one of its runs.
    pub key_seed: u64,
    /// Number of the operation that each lane does next.
    pub next: [u32; LANES],
    /// Number of the master key.
    pub key: u32,
    /// Whether the store is encrypted.
    pub encrypted: bool,
    /// Waves of operations at most.
    pub waves: u32,
    /// Whether compactions and rotations are done between waves; otherwise [`maintain`] does them meanwhile.
    pub inline: bool,
}

/// Gives waves of operations to the store until one fails, and reports what is answered once it is in the audit log. Returns
/// whether nothing failed.
pub fn run(store: &Store, audit: &AuditLog, work: Work, course: &mut Course, report: &dyn Fn(Event)) -> bool {
    let mut random = ChaCha8Rng::seed_from_u64(course.seed);
    let mut lanes: Vec<usize> = (0..LANES).collect();
    for _ in 0..course.waves {
        lanes.shuffle(&mut random);
        let count = random.random_range(1..=LANES);
        let (answer, answers) = mpsc::channel();
        for &lane in &lanes[..count] {
            let number = course.next[lane];
            course.next[lane] += 1;
            report(Event::Begun { lane, number });
            let answer = answer.clone();
            store.submit(work.operation(lane, number), move |outcome| {
                // The receiver waits for all of them.
                let _ = answer.send((lane, number, outcome));
            });
        }
        drop(answer);
        let answers =
            answers.into_iter().filter_map(|(lane, number, answer)| Some((lane, number, Outcome::of(&answer)?)));
        let recorded = trail::record(audit, &answers.collect::<Vec<_>>());
        for &(lane, number, outcome) in &recorded {
            report(Event::Answered { lane, number, outcome });
        }
        if recorded.len() < count {
            return false;
        }
        if course.inline && !maintain_once(store, course, &mut random, report) {
            return false;
        }
    }
    true
}

/// Compacts and rotates now and then until one fails.
pub fn maintain(store: &Store, mut course: Course, report: &dyn Fn(Event)) {
    let mut random = ChaCha8Rng::seed_from_u64(course.seed ^ 1);
    while maintain_once(store, &mut course, &mut random, report) {
        std::thread::sleep(std::time::Duration::from_millis(random.random_range(0..8)));
    }
}

fn maintain_once(store: &Store, course: &mut Course, random: &mut ChaCha8Rng, report: &dyn Fn(Event)) -> bool {
    match random.random_range(0..10) {
        0..2 => {
            let done = store.compact(&|_| {}).is_ok();
            if done {
                report(Event::Compacted);
            }
            done
        }
        2 => {
            let number = course.key + 1;
            let Some(new) = key(course.key_seed, course.encrypted, number) else { return true };
            report(Event::Rotating { key: number });
            let done = store.rotate_key(new).is_ok();
            if done {
                report(Event::Rotated { key: number });
                course.key = number;
            }
            done
        }
        _ => true,
    }
}
