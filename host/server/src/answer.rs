//! What a search found, as messages.

use crate::proto;
use std::collections::BTreeMap;
use std::time::Duration;
use whorl_gallery::{Directory, Snapshot};
use whorl_matcher::calibration::Estimate;
use whorl_matcher::fusion::Positions;
use whorl_matcher::{Calibration, Record};
use whorl_search::cascade::{FingerCandidate, SubjectCandidate};
use whorl_search::service::{Finished, Timing};
use whorl_search::{Answer, Identification, Incident, ProbeFinger, ShardCoverage};

/// What of a candidate list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Candidates at most.
    pub candidates: usize,
    /// Largest expected FPIR of a candidate.
    pub fpir: Option<f64>,
}

/// The answer to a search of `snapshot`.
pub fn identified(
    search_id: &str,
    finished: &Finished,
    probe: &[ProbeFinger],
    snapshot: &Snapshot,
    wanted: Wanted,
) -> proto::IdentifyResponse {
    let Identification { coarse, candidates, fine_comparisons, .. } = &finished.identification;
    let rated = candidates.iter().map(|candidate| (candidate, fpir(candidate, snapshot)));
    let listed = rated.filter(|(_, rate)| wanted.fpir.is_none_or(|asked| rate.value <= asked));
    let listed = listed.filter_map(|(c, rate)| candidate(c, Some(rate), probe, snapshot)).take(wanted.candidates);
    let listed = listed.enumerate().map(|(place, c)| proto::Candidate { rank: place as u32 + 1, ..c });
    proto::IdentifyResponse {
        search_id: search_id.to_owned(),
        candidates: listed.collect(),
        coverage: Some(coverage(coarse, snapshot.generation())),
        calibration: Some(proto::CalibrationBasis {
            table: Calibration::current().version.clone(),
            subjects: snapshot.subjects(),
        }),
        timing: Some(timing(&finished.timing)),
        incidents: incidents(coarse),
        engines: engines(coarse),
        comparisons: coarse.iter().map(|(_, answer)| answer.comparisons).sum(),
        fine_comparisons: *fine_comparisons,
    }
}

/// Whether a candidate rests on a reference that was withdrawn since, and has others.
pub fn is_stale(found: &Identification, snapshot: &Snapshot) -> bool {
    if snapshot.is_current() {
        return false;
    }
    let gone = |candidate: &SubjectCandidate| candidate.fingers.iter().any(|f| snapshot.reference(f.index).is_none());
    let mut stale = found.candidates.iter().filter(|candidate| gone(candidate));
    stale.any(|candidate| !snapshot.references_of(candidate.subject).is_empty())
}

/// The expected FPIR at a candidate's ratio. The number of fingers is that of the pairs it rests on: a subject of whom fewer
/// are enrolled reaches a ratio by chance more easily.
fn fpir(candidate: &SubjectCandidate, snapshot: &Snapshot) -> Estimate {
    Calibration::current().fpir(candidate.llr, candidate.fingers.len(), snapshot.subjects())
}

/// A candidate without rank; `None` of one that was withdrawn since it was compared.
pub fn candidate(
    of: &SubjectCandidate,
    fpir: Option<Estimate>,
    probe: &[ProbeFinger],
    snapshot: &Snapshot,
) -> Option<proto::Candidate> {
    let fingers = of.fingers.iter().map(|finger| finger_score(finger, probe, snapshot)).collect::<Option<Vec<_>>>()?;
    let strongest = fingers.iter().max_by(|a, b| a.llr.total_cmp(&b.llr));
    Some(proto::Candidate {
        rank: 0,
        subject: snapshot.subject_name(of.subject)?,
        encounter: strongest.map(|finger| finger.encounter.clone()).unwrap_or_default(),
        llr: of.llr,
        fpir: fpir.map(|rate| proto::Rate { value: rate.value, low: rate.low, high: rate.high }),
        coarse_score: of.coarse_score.into(),
        positions: positions(of.positions).into(),
        penalty: of.penalty,
        fingers,
    })
}

fn finger_score(of: &FingerCandidate, probe: &[ProbeFinger], snapshot: &Snapshot) -> Option<proto::FingerScore> {
    let reference = snapshot.reference(of.index)?;
    Some(proto::FingerScore {
        finger: of.finger as u32,
        probe_position: of.probe_position.into(),
        reference_position: of.reference_position.into(),
        encounter: reference.encounter,
        reference_view: reference.view.into(),
        coarse_score: of.coarse_score.into(),
        llr: of.llr,
        corresponding: of.correspondences as u32,
        correspondences: correspondences(of, probe, snapshot).unwrap_or_default(),
        transform: of.alignment.as_ref().map(|alignment| proto::Transform {
            angle: alignment.transform.angle,
            x_pixels: alignment.transform.x,
            y_pixels: alignment.transform.y,
        }),
    })
}

/// Corresponding minutiae with their places; `None` where they were not asked for.
fn correspondences(
    of: &FingerCandidate,
    probe: &[ProbeFinger],
    snapshot: &Snapshot,
) -> Option<Vec<proto::Correspondence>> {
    let alignment = of.alignment.as_ref()?;
    let bytes = snapshot.shards().iter().find_map(|shard| shard.record(of.index))?;
    let (reference, _) = Record::from_bytes(bytes).ok()?;
    let probe = probe.get(of.finger)?.probe.record();
    let minutia = |record: &Record, nth: u8| {
        let minutia = record.minutiae.get(usize::from(nth))?;
        Some(proto::Minutia { x: minutia.x.into(), y: minutia.y.into(), angle: minutia.angle.into() })
    };
    let pair =
        |&(p, r): &(u8, u8)| proto::Correspondence { probe: minutia(probe, p), reference: minutia(&reference, r) };
    Some(alignment.pairs.iter().map(pair).collect())
}

const fn positions(positions: Positions) -> proto::Positions {
    match positions {
        Positions::AsDeclared => proto::Positions::AsDeclared,
        Positions::Unknown => proto::Positions::Unknown,
        Positions::HandsSwapped => proto::Positions::HandsSwapped,
        Positions::OutOfPlace => proto::Positions::OutOfPlace,
    }
}

/// Every shard that was compared, once, with the fingers that were compared with it.
fn coverage(coarse: &[(usize, Answer)], generation: u64) -> proto::Coverage {
    let mut shards: BTreeMap<(u32, u32), proto::ShardCoverage> = BTreeMap::new();
    for (finger, answer) in coarse {
        for &ShardCoverage { base_index, generation, records, crc32c } in &answer.coverage {
            let fingers = Vec::new();
            let shard = proto::ShardCoverage { base_index, generation, records, crc32c, fingers };
            shards.entry((base_index, crc32c)).or_insert(shard).fingers.push(*finger as u32);
        }
    }
    proto::Coverage { generation, shards: shards.into_values().collect() }
}

fn incidents(coarse: &[(usize, Answer)]) -> Vec<proto::Incident> {
    let mut told: Vec<&Incident> = Vec::new();
    for incident in coarse.iter().flat_map(|(_, answer)| &answer.incidents) {
        if !told.contains(&incident) {
            told.push(incident);
        }
    }
    let message = |Incident { engine, what, left_service }: &Incident| proto::Incident {
        engine: engine.clone(),
        what: what.clone(),
        left_service: *left_service,
    };
    told.into_iter().map(message).collect()
}

fn engines(coarse: &[(usize, Answer)]) -> Vec<proto::EngineShare> {
    let mut records: BTreeMap<&str, u64> = BTreeMap::new();
    for share in coarse.iter().flat_map(|(_, answer)| &answer.engines) {
        *records.entry(&share.engine).or_default() += share.records;
    }
    records.into_iter().map(|(engine, records)| proto::EngineShare { engine: engine.to_owned(), records }).collect()
}

fn timing(timing: &Timing) -> proto::Timing {
    proto::Timing {
        queued: Some(duration(timing.queued)),
        coarse: Some(duration(timing.coarse)),
        fine: Some(duration(timing.fine)),
        passes: timing.passes,
        shared_passes: timing.shared_passes,
        total: None, // known when it is given
    }
}

/// As a message; one too long for it, 292 years, becomes the longest.
pub(crate) fn duration(duration: Duration) -> prost_types::Duration {
    duration.try_into().unwrap_or(prost_types::Duration { seconds: i64::MAX, nanos: 0 })
}
