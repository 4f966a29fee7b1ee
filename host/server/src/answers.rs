//! Answers that were given, kept with what was asked, so that they can be made again.
//!
//! A kept answer is a document of the store: encrypted as everything there, gone when it expires. It holds the probe's records,
//! which are biometric data, and keyed hashes in place of the names of candidates.

use crate::answer::{self, Wanted};
use crate::appliance::Appliance;
use crate::identity::hex;
use crate::proto;
use crate::refusal;
use crate::request;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tonic::{Code, Status};
use whorl_gallery::{Snapshot, Store};
use whorl_matcher::{Probe, Record};
use whorl_search::service::{Finished, Task};
use whorl_search::{Cascade, Identification, ProbeFinger, Searched};

/// Priority of a replay: whoever searches goes first.
const PRIORITY: u8 = 0;

/// A finger of the probe.
#[derive(Clone, PartialEq, prost::Message)]
struct KeptFinger {
    #[prost(uint32, tag = "1")]
    position: u32,
    #[prost(bytes = "vec", tag = "2")]
    record: Vec<u8>,
}

/// A search and its answer. Fields are added, never renumbered: documents outlive versions.
#[derive(Clone, PartialEq, prost::Message)]
struct Kept {
    #[prost(string, tag = "1")]
    gallery: String,
    #[prost(uint64, tag = "2")]
    generation: u64,
    #[prost(uint64, tag = "3")]
    unix_ms: u64,
    #[prost(bool, tag = "4")]
    declared_positions_only: bool,
    #[prost(uint32, tag = "5")]
    keep: u32,
    #[prost(uint32, tag = "6")]
    first_pass_fingers: u32,
    #[prost(uint32, tag = "7")]
    candidates: u32,
    #[prost(double, optional, tag = "8")]
    fpir: Option<f64>,
    #[prost(message, repeated, tag = "9")]
    fingers: Vec<KeptFinger>,
    #[prost(message, optional, tag = "10")]
    answer: Option<proto::IdentifyResponse>,
}

/// What was asked.
#[derive(Debug)]
pub struct Asked {
    /// The search's id.
    pub id: String,
    /// The fingers.
    pub fingers: Vec<ProbeFinger>,
    /// How they were searched.
    pub cascade: Cascade,
    /// Each among references of its own position only.
    pub own: bool,
    /// Where.
    pub snapshot: Arc<Snapshot>,
    /// What of the list was wanted.
    pub wanted: Wanted,
}

impl Asked {
    /// The task, for the service.
    pub fn task(&self, gallery: Option<String>, priority: u8, deadline: Option<Instant>) -> Task {
        let snapshot = &self.snapshot;
        let of_position = |finger: &ProbeFinger| match finger.position {
            1..=10 => snapshot.shards_of(&[0, finger.position]),
            _ => snapshot.shards().to_vec(),
        };
        Task {
            gallery,
            fingers: self.fingers.clone(),
            cascade: self.cascade.clone(),
            shards: snapshot.shards().to_vec(),
            shards_of_finger: self.own.then(|| self.fingers.iter().map(of_position).collect()),
            directory: Arc::clone(snapshot) as Arc<_>,
            priority,
            deadline,
        }
    }

    /// The fine stage once more, with the references that are still there.
    ///
    /// # Errors
    /// UNAVAILABLE if it cannot be done.
    pub fn compared_again(&self, found: Identification) -> Result<Identification, Status> {
        let searched = Searched { shards: self.snapshot.shards(), directory: &*self.snapshot };
        let again = self.cascade.identify(&self.fingers, found.coarse, searched);
        again.map_err(|error| refusal::service(error.into()))
    }

    /// The answer as a message.
    pub fn answer(&self, finished: &Finished) -> proto::IdentifyResponse {
        answer::identified(&self.id, finished, &self.fingers, &self.snapshot, self.wanted)
    }
}

/// What stands in a kept answer in place of a name: who is expunged leaves none there.
fn masked(store: &Store, name: &str) -> String {
    hex(&store.name_hash(name))
}

/// Keeps an answer for replays.
pub fn keep(appliance: &Appliance, asked: Asked, answer: proto::IdentifyResponse) {
    let (id, gallery) = (asked.id.clone(), asked.snapshot.gallery().to_owned());
    let store = Arc::clone(&appliance.store);
    appliance.keeping.keep(&appliance.store, id, gallery, move || document(&store, &asked, answer));
}

/// The document that keeps an answer.
fn document(store: &Store, asked: &Asked, mut answer: proto::IdentifyResponse) -> Vec<u8> {
    let finger = |f: &ProbeFinger| KeptFinger { position: f.position.into(), record: f.probe.record().to_bytes() };
    for candidate in &mut answer.candidates {
        candidate.subject = masked(store, &candidate.subject);
        (candidate.encounter, candidate.fingers) = (String::new(), Vec::new()); // a replay does not compare them
    }
    let kept = Kept {
        gallery: asked.snapshot.gallery().to_owned(),
        generation: asked.snapshot.generation(),
        unix_ms: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        declared_positions_only: asked.own,
        keep: asked.cascade.keep as u32,
        first_pass_fingers: asked.cascade.first_pass_fingers.unwrap_or(0) as u32,
        candidates: asked.wanted.candidates as u32,
        fpir: asked.wanted.fpir,
        fingers: asked.fingers.iter().map(finger).collect(),
        answer: Some(answer),
    };
    kept.encode_to_vec()
}

/// Reads a document.
async fn read(appliance: &Appliance, id: &str) -> Result<Kept, Status> {
    if let Some(document) = appliance.keeping.get(id) {
        return Kept::decode((**document).as_slice()).map_err(refusal::broken);
    }
    let (store, name) = (Arc::clone(&appliance.store), id.to_owned());
    let document = tokio::task::spawn_blocking(move || store.kept(&name)).await.map_err(refusal::broken)?;
    let document = document.map_err(refusal::store)?.ok_or_else(|| refusal::not_found("Search", id))?;
    Kept::decode(document.as_slice()).map_err(refusal::broken)
}

/// Searches again over what was enrolled then and still is.
pub async fn replay(
    appliance: &Appliance,
    id: &str,
    deadline: Option<Instant>,
) -> Result<proto::ReplayResponse, Status> {
    let kept = read(appliance, id).await?;
    let snapshot = appliance.store.snapshot(&kept.gallery).map_err(refusal::store)?;
    let generation = kept.generation;
    let then = tokio::task::spawn_blocking(move || snapshot.at(generation)).await.map_err(refusal::broken)?;
    let fingers = kept.fingers.iter().map(finger).collect::<Option<Vec<_>>>();
    let first = kept.first_pass_fingers as usize;
    let asked = Asked {
        id: id.to_owned(),
        fingers: fingers.ok_or_else(|| refusal::broken("a kept probe is not whole"))?,
        cascade: Cascade {
            keep: kept.keep as usize,
            first_pass_fingers: (first > 0).then_some(first),
            ..Cascade::default()
        },
        own: kept.declared_positions_only,
        snapshot: Arc::new(then),
        wanted: Wanted { candidates: kept.candidates as usize, fpir: kept.fpir },
    };
    let mut ticket = appliance.service.submit(asked.task(None, PRIORITY, deadline)).map_err(refusal::service)?;
    let recomputed = asked.answer(&ticket.answer().await.map_err(refusal::service)?);
    let differences = compare(&kept.answer.unwrap_or_default(), &recomputed, &appliance.store);
    Ok(proto::ReplayResponse {
        equal: differences.is_empty(),
        differences,
        searched: Some(request::timestamp(kept.unix_ms)),
        generation,
        recomputed: Some(recomputed),
    })
}

fn finger(kept: &KeptFinger) -> Option<ProbeFinger> {
    let (record, _) = Record::from_bytes(&kept.record).ok()?;
    Some(ProbeFinger { probe: Probe::new(&record).ok()?, position: u8::try_from(kept.position).ok()? })
}

/// What of two lists is not the same to the last bit. The kept one has masked names.
fn compare(
    kept: &proto::IdentifyResponse,
    made: &proto::IdentifyResponse,
    store: &Store,
) -> Vec<proto::ReplayDifference> {
    let then: BTreeMap<&str, &proto::Candidate> = kept.candidates.iter().map(|c| (c.subject.as_str(), c)).collect();
    let again: BTreeMap<String, &proto::Candidate> =
        made.candidates.iter().map(|c| (masked(store, &c.subject), c)).collect();
    let mut differences = Vec::new();
    let mut differs = |subject: &str, what: String| {
        differences.push(proto::ReplayDifference { subject: subject.to_owned(), what });
    };
    for (mask, old) in &then {
        let Some(new) = again.get(*mask) else {
            let what = "a subject was listed, and is not now: sealed, expunged or beyond the list's end";
            differs("", format!("{what} (rank {}, LLR {:.3})", old.rank, old.llr));
            continue;
        };
        let subject = new.subject.as_str();
        if old.rank != new.rank {
            differs(subject, format!("was at rank {}, and is at rank {} now", old.rank, new.rank));
        }
        if old.llr.to_bits() != new.llr.to_bits() || old.coarse_score != new.coarse_score {
            let values = |c: &proto::Candidate| format!("LLR {} and score {}", c.llr, c.coarse_score);
            differs(subject, format!("had {}, and has {} now", values(old), values(new)));
        }
    }
    for (_, new) in again.iter().filter(|(mask, _)| !then.contains_key(mask.as_str())) {
        differs(&new.subject, format!("was not listed, and is at rank {} now, LLR {:.3}", new.rank, new.llr));
    }
    differences
}

/// Refuses an id under which an answer is kept already.
pub async fn refuse_known(appliance: &Appliance, id: &str) -> Result<(), Status> {
    let (store, name) = (Arc::clone(&appliance.store), id.to_owned());
    let known = tokio::task::spawn_blocking(move || store.kept(&name)).await.map_err(refusal::broken)?;
    if known.map_err(refusal::store)?.is_none() && appliance.keeping.get(id).is_none() {
        return Ok(());
    }
    let what = format!("an answer is kept under {id}; choose another search_id");
    Err(refusal::because(Code::AlreadyExists, "SEARCH_KEPT", what))
}
