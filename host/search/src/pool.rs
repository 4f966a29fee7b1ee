//! Several engines as one: work is dealt in pieces, and what one engine fails on others do.
//!
//! A pool's answer is that of any one engine, bit for bit, or an error that lists what was not compared. Before an answer
//! leaves, the score of every candidate that a card gave is computed anew; an engine found to give wrong ones leaves service and
//! all that it did in the pass is done again.

mod control;
mod slices;

use crate::batch::{Batch, Entrant, GivesWay, MemberId, Role, Seat};
use crate::engine::{Answer, Engine, EngineError, Gap, Incident, Search, Share};
use crate::member::{Fault, Member, Opener, Order, Service};
use crate::sync::after;
use crate::tally::Candidate;
use crate::work::{self, Found, Gathered, Piece};
use control::Shared;
use crossbeam_channel::{Receiver, Sender, unbounded};
use rayon::prelude::*;
use std::sync::Arc;
use std::time::Instant;
use whorl_gallery::Shard;
use whorl_matcher::{Backend, Comparator, Probe};

pub use control::{MemberStatus, PoolControl};
pub use slices::{Pace, Part, Slice, Swept};

/// Pieces that each worker should have of a pass: the last ones end at about the same time.
const PIECES_PER_WORKER: u64 = 8;
/// Records of a piece where several engines share a pass; a command costs a card about as much as 30 records.
const PIECE_RECORDS: std::ops::RangeInclusive<u64> = 256..=65_536;
/// Records of a piece at least where one engine has it all.
const PIECE_RECORDS_ALONE: u64 = 4096;
/// Scores computed anew that are worth a thread's waking.
const SCORES_PER_THREAD: usize = 16;

/// An engine that is to join a pool.
pub struct Candidacy {
    /// What it is, for answers and messages.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The open engine; `None` for one that an operator has drained.
    pub engine: Option<Box<dyn Engine>>,
    /// Opens it again when it is resumed.
    pub open: Opener,
}

impl std::fmt::Debug for Candidacy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidacy").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// Engines that search together.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    comparator: Comparator,
    report: Sender<Incident>,
    reports: Receiver<Incident>, // one that comes after the end of its pass is told with the next
}

/// What a pass came to.
struct Passed {
    /// Of each probe.
    gathered: Vec<Gathered>,
    engines: Vec<Share>,
    incidents: Vec<Incident>,
    /// What was compared.
    pieces: Vec<Piece>,
}

/// What one piece came to: by whom, and of each probe.
type Kept = (Piece, MemberId, Vec<Found>);

impl Pool {
    /// A pool of `candidates`, without shards.
    ///
    /// # Errors
    /// The system's, if a thread cannot be started.
    pub fn new(candidates: Vec<Candidacy>) -> std::io::Result<Self> {
        let start = |(id, c): (usize, Candidacy)| Member::start(id, c.name, c.role, c.engine, c.open);
        let members = candidates.into_iter().enumerate().map(start).collect::<Result<_, _>>()?;
        let shared = Arc::new(Shared::new(members));
        let (report, reports) = unbounded();
        Ok(Self { shared, comparator: Comparator::new(Backend::Auto), report, reports })
    }

    /// A hand on the members.
    pub fn control(&self) -> PoolControl {
        PoolControl::of(&self.shared)
    }

    /// How the members stand.
    pub fn status(&self) -> Vec<MemberStatus> {
        self.shared.status()
    }

    /// Adds a shard to those that searches cover. A member that cannot hold it leaves service.
    ///
    /// # Errors
    /// That of the last member, if no one is left in service.
    pub fn load(&mut self, shard: Arc<Shard>) -> Result<(), EngineError> {
        let mut shards = self.shards();
        shards.push(shard);
        self.hold(shards)
    }

    /// The shards that searches cover.
    pub fn shards(&self) -> Vec<Arc<Shard>> {
        self.shared.shards().clone()
    }

    /// Has searches cover exactly `wanted`. Members keep what they hold of them and load only the others. A member that cannot
    /// hold them leaves service.
    ///
    /// # Errors
    /// That of the last member, if no one is left in service.
    pub fn hold(&mut self, wanted: Vec<Arc<Shard>>) -> Result<(), EngineError> {
        match self.shared.hold(wanted, true) {
            Some(EngineError::Stopped) => Err(EngineError::Stopped),
            Some(failure) if !self.shared.members.iter().any(|member| member.standing.in_service()) => Err(failure),
            _ => Ok(()),
        }
    }

    /// Has searches cover exactly `needed`, and beside them `welcome` where every member in service can hold that too. Returns
    /// whether they do.
    ///
    /// # Errors
    /// As [`hold`](Self::hold).
    pub fn hold_with(&mut self, needed: Vec<Arc<Shard>>, welcome: &[Arc<Shard>]) -> Result<bool, EngineError> {
        let all = needed.iter().chain(welcome).cloned().collect();
        match self.shared.hold(all, welcome.is_empty()) {
            None => Ok(true),
            Some(EngineError::Stopped) => Err(EngineError::Stopped),
            Some(_) => self.hold(needed).map(|()| false),
        }
    }

    /// Bytes of the shards that lie in memory of the members' own.
    pub fn resident_bytes(&self) -> u64 {
        self.shared.members.iter().map(|member| member.standing.resident_bytes()).sum()
    }

    /// Probes that share one pass over the gallery: as many as every member in service can take.
    pub fn probes_per_pass(&self) -> usize {
        let serving = self.shared.members.iter().filter(|member| member.standing.in_service());
        serving.map(|member| member.standing.slots()).min().unwrap_or(1).max(1)
    }

    /// Compares each probe with every record of every loaded shard; answers stand in the order of the probes.
    ///
    /// # Errors
    /// `Request` if no engine can do it; `Incomplete` with what was not compared if no engine was left for it.
    pub fn search(&mut self, search: &Search) -> Result<Vec<Answer>, EngineError> {
        search.check()?;
        let shards = self.shared.shards().clone();
        let mut answers = Vec::with_capacity(search.probes.len());
        while answers.len() < search.probes.len() {
            // A member that joins or leaves changes how many probes fit.
            let end = answers.len().saturating_add(self.probes_per_pass()).min(search.probes.len());
            let pass = Search { probes: search.probes[answers.len()..end].to_vec(), ..search.clone() };
            let records = shards.iter().map(|shard| u64::from(shard.records())).sum();
            let pieces = work::cut(&shards, self.piece_records(records));
            let passed = self.pass(&pass, &shards, pieces, GivesWay::never())?;
            let answer = |of: &Gathered| Answer {
                incidents: passed.incidents.clone(),
                ..of.answer(&shards, passed.engines.clone())
            };
            answers.extend(passed.gathered.iter().map(answer));
        }
        Ok(answers)
    }

    /// Has the members do `open`, or as much of it as is taken before the pass gives way.
    fn pass(
        &self,
        search: &Search,
        shards: &[Arc<Shard>],
        mut open: Vec<Piece>,
        mut gives_way: GivesWay,
    ) -> Result<Passed, EngineError> {
        let deadline = after(search.timeout);
        let mut kept: Vec<Kept> = Vec::new();
        let mut incidents = Vec::new();
        loop {
            kept.extend(self.deal(search, shards, open, deadline, gives_way, &mut incidents)?);
            let gathered = gather(search, &kept);
            incidents.extend(self.condemn_wrong(search, shards, &kept, &gathered)?);
            let untrusted =
                |&(_, member, _): &Kept| self.shared.members[member].standing.fault() == Some(Fault::WrongScores);
            if !kept.iter().any(untrusted) {
                let engines = self.shares(&kept);
                let pieces = kept.into_iter().map(|(piece, ..)| piece).collect();
                return Ok(Passed { gathered, engines, incidents, pieces });
            }
            gives_way = GivesWay::never();
            open = kept.extract_if(.., |kept| untrusted(kept)).map(|(piece, ..)| piece).collect();
        }
    }

    /// Workers in service.
    fn serving(&self) -> Vec<&Member> {
        let serves = |member: &&Member| member.standing.role == Role::Worker && member.standing.in_service();
        self.shared.members.iter().filter(serves).collect()
    }

    /// Comparisons per second of all workers that have shown any.
    pub fn rate(&self) -> f64 {
        self.serving().into_iter().filter_map(|member| member.standing.rate()).sum()
    }

    /// Records of a piece, where `records` are dealt.
    fn piece_records(&self, records: u64) -> u64 {
        let serving = self.serving();
        let workers = serving.len().max(1) as u64;
        let (least, most) = PIECE_RECORDS.into_inner();
        let least = match serving.as_slice() {
            // One without slots is the CPU, which spreads a piece over its cores and waits for all of them at its end.
            [alone] if alone.standing.slots() == usize::MAX => most,
            [] | [_] => PIECE_RECORDS_ALONE,
            _ => least,
        };
        (records / (workers * PIECES_PER_WORKER)).clamp(least, most)
    }

    /// Has the members do `pieces`.
    fn deal(
        &self,
        search: &Search,
        shards: &[Arc<Shard>],
        pieces: Vec<Piece>,
        deadline: Instant,
        gives_way: GivesWay,
        incidents: &mut Vec<Incident>,
    ) -> Result<Vec<Kept>, EngineError> {
        let members = &self.shared.members;
        let entrant = |member: &Member| {
            let standing = &member.standing;
            let live = standing.in_service() && standing.slots() >= search.probes.len();
            Entrant { role: standing.role, live, rate: standing.rate() }
        };
        let entrants: Vec<_> = members.iter().map(entrant).collect();
        let wanted = pieces.iter().map(|piece| piece.records).sum();
        let batch = Arc::new(Batch::new(search.clone(), pieces, entrants.clone(), gives_way));
        let held: Arc<[_]> = shards.into();
        for (id, member) in members.iter().enumerate().filter(|&(id, _)| entrants[id].live) {
            member.order(Order::Run(Seat::new(&batch, id), Arc::clone(&held), self.report.clone()));
        }
        self.shared.watch(&batch);
        let outcome = batch.finish(deadline);
        let failed: Vec<Incident> = self.reports.try_iter().collect();
        incidents.extend(failed.iter().cloned());
        for (member, rate) in members.iter().zip(&outcome.rates) {
            member.standing.set_rate(*rate);
        }
        for &late in &outcome.late {
            let what = "it was late with its work".to_owned();
            let left_service = members[late].standing.strike(&what);
            incidents.push(Incident { engine: members[late].standing.name.clone(), what, left_service });
        }
        if outcome.missing.is_empty() {
            return Ok(outcome.found);
        }
        if outcome.timed_out && self.shared.is_stopped() {
            return Err(EngineError::Stopped);
        }
        let first = if outcome.timed_out { format!("time was up after {:?}", search.timeout) } else { String::new() };
        Err(self.incomplete(wanted, &outcome.missing, &first, &failed))
    }

    fn incomplete(&self, wanted: u64, missing: &[Piece], first: &str, failed: &[Incident]) -> EngineError {
        let mut why: Vec<String> =
            Some(first).filter(|first| !first.is_empty()).map(str::to_owned).into_iter().collect();
        for status in self.shared.status() {
            let last = failed.iter().rfind(|incident| incident.engine == status.name);
            match (&status.service, last) {
                (Service::InService, Some(incident)) => why.push(format!("{}: {}", status.name, incident.what)),
                (Service::InService, None) => {}
                (service, _) => why.push(format!("{} is {service}", status.name)),
            }
        }
        if why.is_empty() {
            why.push("no engine took it".into());
        }
        let gap = |piece: &Piece| Gap { first: piece.first, records: piece.records as u32 };
        let workers = self.shared.members.iter().map(|member| &member.standing).filter(|s| s.role == Role::Worker);
        EngineError::Incomplete {
            why: why.join("; "),
            wanted,
            gaps: missing.iter().map(gap).collect(),
            lost: workers.clone().count() > 0 && workers.clone().all(|s| s.fault() == Some(Fault::Lost)),
        }
    }

    /// Computes the scores of all candidates anew that are not the reference matcher's own, and takes members out of service that
    /// had them wrong.
    ///
    /// # Errors
    /// `Stray` for a candidate of no piece. Members' claims let none through.
    fn condemn_wrong(
        &self,
        search: &Search,
        shards: &[Arc<Shard>],
        kept: &[Kept],
        gathered: &[Gathered],
    ) -> Result<Vec<Incident>, EngineError> {
        let mut suspects: Vec<(&Probe, Candidate, &Kept)> = Vec::new();
        for (probe, gathered) in search.probes.iter().zip(gathered) {
            for candidate in gathered.tally().candidates() {
                let Some(of) = kept.iter().find(|(piece, ..)| piece.holds(candidate.index)) else {
                    let (engine, index) = ("the pool".into(), candidate.index);
                    let first = kept.first().map_or(0, |(piece, ..)| piece.first);
                    let records = kept.iter().map(|(piece, ..)| piece.records).sum();
                    return Err(EngineError::Stray { engine, index, first, records });
                };
                if !self.shared.members[of.1].standing.is_reference() {
                    suspects.push((probe, candidate, of));
                }
            }
        }
        // On all cores: the engines have nothing to do meanwhile.
        let score = |&(probe, candidate, (piece, ..)): &(&Probe, Candidate, &Kept)| {
            let record = shards[piece.shard].record(candidate.index).unwrap_or_default();
            self.comparator.score(probe, record, search.gate).map_or(0, |found| found.score)
        };
        let scores: Vec<u16> = suspects.par_iter().with_min_len(SCORES_PER_THREAD).map(score).collect();
        let mut incidents = Vec::new();
        for ((_, candidate, &(_, member, _)), expected) in suspects.into_iter().zip(scores) {
            let standing = &self.shared.members[member].standing;
            if expected == candidate.score || standing.fault() == Some(Fault::WrongScores) {
                continue;
            }
            let what = EngineError::WrongScore {
                engine: standing.name.clone(),
                index: candidate.index,
                found: candidate.score,
                expected,
            }
            .to_string();
            standing.condemn(what.clone(), Fault::WrongScores);
            incidents.push(Incident { engine: standing.name.clone(), what, left_service: true });
        }
        Ok(incidents)
    }

    fn shares(&self, kept: &[Kept]) -> Vec<Share> {
        let of = |(id, member): (usize, &Member)| {
            let records = kept.iter().filter(|(_, by, _)| *by == id).map(|(piece, ..)| piece.records).sum();
            Share { engine: member.standing.name.clone(), records }
        };
        self.shared.members.iter().enumerate().map(of).filter(|share| share.records > 0).collect()
    }
}

fn gather(search: &Search, kept: &[Kept]) -> Vec<Gathered> {
    let mut gathered: Vec<_> = search.probes.iter().map(|_| Gathered::new(search)).collect();
    for (_, _, found) in kept {
        for (gathered, found) in gathered.iter_mut().zip(found) {
            gathered.add(found);
        }
    }
    gathered
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
