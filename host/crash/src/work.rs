//! What a store is made to do: operations that follow from seed, lane and number, and what must come of them.
//!
//! Each lane has subjects of its own and does one operation after another, so a lane's state follows from how many it
//! has done. Several lanes go at once.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use whorl_gallery::{EnrolledFinger, Enrolment, Operation, Status, StoreError};
use whorl_layout::LINE_BYTES;

/// Lanes of a run.
pub const LANES: usize = 8;
/// Subjects of a lane, encounters of a subject, documents of a lane.
const SUBJECTS: u32 = 5;
const ENCOUNTERS: u32 = 3;
const DOCUMENTS: u32 = 4;
/// What stands before the names in a template's, a record's or a document's bytes.
pub const MARK: &str = "<mark:";

/// Gallery of a lane.
pub fn gallery(lane: usize) -> String {
    format!("gallery-{}", lane % 3)
}

/// An operation of a lane, before it gets its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Enroll { subject: u32, encounter: u32 },
    SetStatus { subject: u32, encounter: Option<u32>, status: Status },
    Expunge { subject: u32, encounter: Option<u32> },
    Keep { document: u32 },
}

/// How an operation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, with so many references, now or before.
    Done { references: u32, replayed: bool },
    /// It is refused as not found or as existing already, which leaves no trace.
    Refused,
}

impl Outcome {
    /// How an answer of the store reads; `None` for a failure, which ends a run.
    pub fn of(answer: &Result<whorl_gallery::Receipt, StoreError>) -> Option<Self> {
        match answer {
            Ok(receipt) => Some(Self::Done { references: receipt.references, replayed: receipt.replayed }),
            Err(StoreError::NotFound(_) | StoreError::AlreadyExists(_)) => Some(Self::Refused),
            Err(_) => None,
        }
    }
}

/// The operations of one seed.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// The seed.
    pub seed: u64,
}

impl Work {
    fn random(self, lane: usize, number: u32) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream((lane as u64) << 32 | u64::from(number));
        random
    }

    /// Which operation a number stands for: itself, or the one before it once more.
    fn original(self, lane: usize, number: u32) -> u32 {
        let again = number > 0 && self.random(lane, number).random_bool(0.08);
        if again { self.original(lane, number - 1) } else { number }
    }

    fn step(self, lane: usize, original: u32) -> Step {
        let mut random = self.random(lane, original);
        let _ = random.random_bool(0.08); // what decided that it is itself
        let subject = random.random_range(0..SUBJECTS);
        let encounter = random.random_range(0..ENCOUNTERS);
        let some = random.random_bool(0.6).then_some(encounter);
        let status = if random.random_bool(0.5) { Status::Sealed } else { Status::Active };
        match random.random_range(0..100) {
            0..50 => Step::Enroll { subject, encounter },
            50..70 => Step::SetStatus { subject, encounter: some, status },
            70..88 => Step::Expunge { subject, encounter: some },
            _ => Step::Keep { document: random.random_range(0..DOCUMENTS) },
        }
    }

    /// A lane's operation of a number.
    pub fn operation(self, lane: usize, number: u32) -> Operation {
        let original = self.original(lane, number);
        let (request_id, gallery) = (format!("request-{lane}-{original}"), gallery(lane));
        match self.step(lane, original) {
            Step::Enroll { subject, encounter } => Operation::Enroll(Enrolment {
                request_id,
                gallery,
                subject: subject_name(lane, subject),
                encounter: encounter_name(encounter),
                templates: self.templates(lane, original),
                fingers: self.fingers(lane, original),
            }),
            Step::SetStatus { subject, encounter, status } => Operation::SetStatus {
                request_id,
                gallery,
                subject: subject_name(lane, subject),
                encounter: encounter.map(encounter_name),
                status,
            },
            Step::Expunge { subject, encounter } => Operation::Expunge {
                request_id,
                gallery,
                subject: subject_name(lane, subject),
                encounter: encounter.map(encounter_name),
            },
            Step::Keep { document } => Operation::Keep {
                request_id,
                id: document_name(lane, document),
                gallery,
                document: self.document(lane, original),
            },
        }
    }

    /// Templates of the enrolment with a number.
    pub fn templates(self, lane: usize, number: u32) -> Vec<Vec<u8>> {
        let mut random = self.random(lane, number);
        random.set_word_pos(64);
        let count = self.fingers(lane, number).len();
        (0..count)
            .map(|template| {
                let mut bytes = mark(lane, number, &format!("t{template}")).into_bytes();
                bytes.resize(bytes.len() + random.random_range(0..1500), 0x5a);
                bytes
            })
            .collect()
    }

    /// Fingers of the enrolment with a number.
    pub fn fingers(self, lane: usize, number: u32) -> Vec<EnrolledFinger> {
        let mut random = self.random(lane, number);
        random.set_word_pos(32);
        let count = random.random_range(1..=4);
        (0..count)
            .map(|template| {
                let lines = random.random_range(1..=16);
                let mut record = vec![0x33; lines * LINE_BYTES];
                let mark = mark(lane, number, &format!("r{template}"));
                record[..mark.len()].copy_from_slice(mark.as_bytes());
                for (line, bytes) in record.chunks_exact_mut(LINE_BYTES).enumerate() {
                    bytes[LINE_BYTES - 1] = 3 | (line as u8) << 2 | u8::from(line + 1 == lines) << 7;
                }
                EnrolledFinger { position: random.random_range(0..=10), template, view: template, record }
            })
            .collect()
    }

    /// The document with a number.
    pub fn document(self, lane: usize, number: u32) -> Vec<u8> {
        let mut bytes = mark(lane, number, "d").into_bytes();
        bytes.resize(self.random(lane, number).random_range(100..3000), 0x44);
        bytes
    }
}

/// Bytes that only one template, record or document has, at most 40 of them.
fn mark(lane: usize, number: u32, part: &str) -> String {
    format!("{MARK}{lane}-{number}-{part}>")
}

/// Name of a lane's subject.
pub fn subject_name(lane: usize, subject: u32) -> String {
    format!("subject-{lane}-{subject}")
}

/// Name of an encounter.
pub fn encounter_name(encounter: u32) -> String {
    format!("encounter-{encounter}")
}

/// Name of a lane's document.
pub fn document_name(lane: usize, document: u32) -> String {
    format!("document-{lane}-{document}")
}

/// An encounter as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Number of the operation that enrolled it.
    pub number: u32,
    /// Its status.
    pub status: Status,
}

/// What a lane has done, and what must be there of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    number: usize,
    /// Number of the next operation.
    pub next: u32,
    /// Encounters by subject and encounter.
    pub encounters: BTreeMap<(u32, u32), Expected>,
    /// Documents, with the number of the operation that kept them.
    pub documents: BTreeMap<u32, u32>,
    requests: BTreeMap<u32, u32>, // number of the original, references
}

impl Lane {
    /// A lane that has done nothing.
    pub fn new(lane: usize) -> Self {
        Self {
            number: lane,
            next: 0,
            encounters: BTreeMap::new(),
            documents: BTreeMap::new(),
            requests: BTreeMap::new(),
        }
    }

    /// All names that the lane's encounters can have.
    pub fn names() -> impl Iterator<Item = (u32, u32)> {
        (0..SUBJECTS).flat_map(|subject| (0..ENCOUNTERS).map(move |encounter| (subject, encounter)))
    }

    /// All documents that the lane can have.
    pub fn document_numbers() -> std::ops::Range<u32> {
        0..DOCUMENTS
    }

    /// Number of the original of an operation that was done, if it was.
    pub fn was_done(&self, work: Work, number: u32) -> Option<u32> {
        self.requests.get(&work.original(self.number, number)).copied()
    }

    /// Does the next operation: what must come of it.
    pub fn advance(&mut self, work: Work) -> Outcome {
        let original = work.original(self.number, self.next);
        self.next += 1;
        if let Some(&references) = self.requests.get(&original) {
            return Outcome::Done { references, replayed: true };
        }
        let Some(references) = self.apply(work, original) else { return Outcome::Refused };
        self.requests.insert(original, references);
        Outcome::Done { references, replayed: false }
    }

    fn apply(&mut self, work: Work, number: u32) -> Option<u32> {
        let references = |expected: &Expected| work.fingers(self.number, expected.number).len() as u32;
        match work.step(self.number, number) {
            Step::Enroll { subject, encounter } => {
                if self.encounters.contains_key(&(subject, encounter)) {
                    return None;
                }
                let expected = Expected { number, status: Status::Active };
                let references = references(&expected);
                self.encounters.insert((subject, encounter), expected);
                Some(references)
            }
            Step::SetStatus { subject, encounter, status } => {
                let targets = self.targets(subject, encounter)?;
                let changed = targets.iter().map(|target| self.encounters[target]).filter(|e| e.status != status);
                let count = changed.map(|expected| references(&expected)).sum();
                for target in targets {
                    self.encounters.entry(target).and_modify(|expected| expected.status = status);
                }
                Some(count)
            }
            Step::Expunge { subject, encounter } => {
                let targets = self.targets(subject, encounter)?;
                let gone = targets.iter().map(|target| self.encounters[target]);
                let count = gone.filter(|e| e.status == Status::Active).map(|e| references(&e)).sum();
                for target in targets {
                    self.encounters.remove(&target);
                }
                Some(count)
            }
            Step::Keep { document } => {
                if self.documents.contains_key(&document) {
                    return None;
                }
                self.documents.insert(document, number);
                Some(0)
            }
        }
    }

    fn targets(&self, subject: u32, encounter: Option<u32>) -> Option<Vec<(u32, u32)>> {
        let all = self.encounters.keys().copied().filter(|&(s, e)| s == subject && encounter.is_none_or(|x| x == e));
        let targets: Vec<_> = all.collect();
        (!targets.is_empty()).then_some(targets)
    }

    /// Marks of everything that must be in the files of a store that is not encrypted.
    pub fn marks(&self, work: Work) -> BTreeSet<String> {
        let mut marks = BTreeSet::new();
        for expected in self.encounters.values() {
            for finger in 0..work.fingers(self.number, expected.number).len() {
                marks.insert(mark(self.number, expected.number, &format!("t{finger}")));
                marks.insert(mark(self.number, expected.number, &format!("r{finger}")));
            }
        }
        marks.extend(self.documents.values().map(|&number| mark(self.number, number, "d")));
        marks
    }
}
