//! The mates that the coarse stage loses, and what the fine stage costs, among up to millions of fingers.
//!
//! Every mated ordered pair of impressions is a search with one enrolled mate among a [`Background`]; every impression is a
//! non-mated search of the background alone. Ranks are the coarse stage's; a tie counts against the mate. The fine stage
//! compares the mate and the first [`DEPTH`] background fingers, and a list of `keep` places holds the mate if its rank
//! is at most `keep`.
//!
//! The fine stage without loss is the one that is always given the mate, beside [`DEPTH`] background fingers: all of a
//! large background would take it hours. It *finds* a mate whose decision value is above the threshold at FPIR 1 % and above
//! that of every other candidate. Loss is the share of found mates whose coarse rank is beyond `keep`.

mod tally;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde::Serialize;
use whorl_matcher::fine::{self, open_set};
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT};

use crate::background::Background;
use crate::collection::{Collection, Relation};
use crate::error::EvalError;
use crate::interval::{Interval, bootstrap_share};
use crate::report::{AtFpir, IdentificationIntervals};
use crate::scores::{Scores, Stage};
use tally::{Snapshot, Tally};

/// Sizes that are reported, beside that of the whole background.
pub const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Lengths of the coarse stage's list for which the curve is told.
pub const KEEPS: [usize; 12] = [1, 2, 5, 10, 20, 50, 64, 100, 200, 256, 500, 1000];
/// Background fingers per probe that the fine stage compares, the coarse stage's best ones: as many as a card lists at most.
pub const DEPTH: usize = 256;
/// Loss that the recommended length stays below: 0.5 %.
pub const LOSS_TARGET: f64 = 0.005;

/// How the numbers came about.
const METHOD: &str = "Every mated ordered pair of impressions is a search with one enrolled mate among the background; every \
impression is a non-mated search of the background alone. Background: every second finger synthetic, the others recombined from \
the evaluated templates (impressions of two fingers of one database, both mirrored, cut along a random line, joined, turned by up \
to 24 degrees, with jitter); a smaller background is the beginning of a larger one. Ties count against the mate. The fine stage decides \
by its output less 0.6/256 of the coarse score that 0.5 % of the probe's background exceeds; it compares the mate and the 256 \
best background fingers of the coarse stage. It finds a mate above the threshold at FPIR 1 % and above every other candidate; \
loss is the share of those mates that the coarse stage does not list. Intervals: bootstrap over fingers, 1000 replicates, middle 95 %; \
without an error, or without anything else, Wilson's with as many trials as fingers. Times are those of one thread while all threads \
of the run worked.";

/// What the cascade does among a background.
#[derive(Debug, Serialize)]
pub struct CascadeReport {
    /// Places of the coarse stage's list for which rates are told.
    pub keep: usize,
    /// Seed of the background.
    pub seed: u64,
    /// Bytes of the background's records.
    pub background_bytes: usize,
    /// By number of background fingers.
    pub sizes: Vec<SizeReport>,
    /// How the numbers came about.
    pub method: &'static str,
}

/// What the cascade does among so many fingers.
#[derive(Debug, Serialize)]
pub struct SizeReport {
    /// Background fingers.
    pub fingers: usize,
    /// Mated searches.
    pub mated_searches: usize,
    /// Non-mated searches.
    pub nonmated_searches: usize,
    /// Mates that the fine stage finds if it is given them.
    pub found: usize,
    /// By length of the coarse stage's list.
    pub curve: Vec<KeepPoint>,
    /// The same at the chosen length.
    pub chosen: KeepPoint,
    /// The coarse stage alone.
    pub coarse: Rates,
    /// Both stages, with the chosen length.
    pub cascade: Rates,
    /// The fine stage if it is always given the mate.
    pub fine: Rates,
    /// Shortest list with a loss below [`LOSS_TARGET`]; absent if the fine stage finds nothing.
    pub recommended_keep: Option<usize>,
    /// Seconds of the coarse stage per search, on one thread.
    pub coarse_seconds: f64,
    /// Microseconds per fine comparison of the first background fingers, as many as are chosen, on one thread.
    pub fine_us: f64,
}

/// A list of so many places.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeepPoint {
    /// Places.
    pub keep: usize,
    /// Share of mates in the list.
    pub kept: f64,
    /// Its interval.
    pub kept_ci95: Interval,
    /// Number of mates that the fine stage finds and the list lacks.
    pub lost: usize,
    /// The same as a share of those that the fine stage finds.
    pub loss: f64,
    /// Its interval.
    pub loss_ci95: Interval,
    /// Share of a search's time on one thread that the fine stage takes for such a list.
    pub fine_share: f64,
}

/// Identification rates.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rates {
    /// Share of mated searches with the mate first.
    pub rank1: f64,
    /// Share of mated searches whose mate is not above the threshold or not in the list, at limited FPIRs.
    pub fnir_at_fpir: AtFpir<f64>,
    /// Their intervals, thresholds taken as given.
    pub ci95: IdentificationIntervals,
}

/// A mate among the background of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mate {
    /// Coarse rank, from 1.
    rank: usize,
    coarse: u16,
    /// Decision value of the fine stage.
    fine: f64,
}

/// One probe among the background of one size.
#[derive(Debug, Clone, PartialEq)]
struct Searched {
    finger: usize,
    mates: Vec<Mate>,
    /// Best coarse score of the background.
    coarse: u16,
    /// At `n`, the best decision value of the background's first `n` fingers; negative infinity at 0.
    best: Vec<f64>,
    /// At `n`, seconds of the fine stage for those.
    seconds: Vec<f64>,
}

/// Everything about one probe.
struct ProbeResult {
    /// By size.
    searched: Vec<Searched>,
    coarse_time: Vec<Duration>,
}

/// Searches every impression among the background. `keep` is 1..=[`DEPTH`]; `seed` is told in the report. `done` is told
/// how many background fingers were compared with.
///
/// # Errors
/// [`EvalError::NoMates`] without fine scores or mates; [`EvalError::Record`] if a record is not one.
pub fn study(
    collection: &Collection,
    scores: &Scores,
    background: &Background,
    (keep, seed): (usize, u64),
    done: impl Fn(u64) + Sync,
) -> Result<CascadeReport, EvalError> {
    let count = collection.impressions.len();
    let mates = |probe: usize| {
        (0..count).filter(move |&other| other != probe && collection.relation(probe, other) == Relation::Mates)
    };
    if !scores.has(Stage::Fine) || (0..count).all(|probe| mates(probe).next().is_none()) {
        return Err(EvalError::NoMates);
    }
    let keep = keep.clamp(1, DEPTH);
    let mut sizes: Vec<usize> = SIZES.into_iter().filter(|&size| size < background.fingers()).collect();
    sizes.push(background.fingers());
    let comparator = Comparator::new(Backend::Auto);
    let search = |probe: usize| -> Result<ProbeResult, EvalError> {
        let snapshots = scan(comparator, collection, probe, (background, &sizes), &done)?;
        let mates: Vec<_> =
            mates(probe).map(|mate| (scores.coarse(probe, mate), scores.score(Stage::Fine, probe, mate))).collect();
        compared(collection, probe, background, &snapshots, &mates)
    };
    let results = (0..count).into_par_iter().map(search).collect::<Result<Vec<_>, _>>()?;
    let size = |(nth, &fingers): (usize, &usize)| {
        let coarse_time: Duration = results.iter().map(|r| r.coarse_time[nth]).sum();
        let searched: Vec<&Searched> = results.iter().map(|r| &r.searched[nth]).collect();
        report(fingers, &searched, keep, coarse_time.as_secs_f64() / count as f64)
    };
    Ok(CascadeReport {
        keep,
        seed,
        background_bytes: background.bytes(),
        sizes: sizes.iter().enumerate().map(size).collect(),
        method: METHOD,
    })
}

/// The coarse stage of one probe, with what it knows at each size.
fn scan(
    comparator: Comparator,
    collection: &Collection,
    probe: usize,
    (background, sizes): (&Background, &[usize]),
    done: &impl Fn(u64),
) -> Result<Vec<Snapshot>, EvalError> {
    let probe = &collection.impressions[probe].probe;
    let (mut tally, mut time, mut snapshots) = (Tally::new(), Duration::ZERO, Vec::new());
    for block in background.blocks() {
        let start = Instant::now();
        let fingers = comparator.scan(probe, &block.bytes, GATE_DEFAULT, |_, score| tally.add(score))?;
        time += start.elapsed();
        done(fingers.into());
        if sizes.contains(&(tally.fingers as usize)) {
            snapshots.push(tally.snapshot(time));
        }
    }
    Ok(snapshots)
}

/// The fine stage of one probe at each size. `mates` are coarse scores and outputs of the fine stage.
fn compared(
    collection: &Collection,
    probe: usize,
    background: &Background,
    snapshots: &[Snapshot],
    mates: &[(u16, f64)],
) -> Result<ProbeResult, EvalError> {
    let impression = &collection.impressions[probe];
    let mut outputs: BTreeMap<u32, (f64, f64)> = BTreeMap::new(); // with seconds; sizes share fingers
    let mut searched = Vec::new();
    for snapshot in snapshots {
        let th = snapshot.background();
        let (mut best, mut seconds) = (vec![f64::NEG_INFINITY], vec![0.0]);
        for &(_, index) in &snapshot.best {
            let (output, took) = if let Some(&known) = outputs.get(&index) {
                known
            } else {
                let record = background.record(index)?;
                let start = Instant::now();
                let output = fine::compare(&impression.probe, &record, GATE_DEFAULT)?.log_odds;
                let known = (output, start.elapsed().as_secs_f64());
                outputs.insert(index, known);
                known
            };
            let so_far = best[best.len() - 1];
            best.push(so_far.max(open_set(output, th)));
            seconds.push(seconds[seconds.len() - 1] + took);
        }
        let mate =
            |&(coarse, output): &(u16, f64)| Mate { rank: snapshot.rank(coarse), coarse, fine: open_set(output, th) };
        searched.push(Searched {
            finger: impression.finger,
            mates: mates.iter().map(mate).collect(),
            coarse: snapshot.best.first().map_or(0, |&(score, _)| score),
            best,
            seconds,
        });
    }
    let coarse_time = snapshots.iter().map(|snapshot| snapshot.time).collect();
    Ok(ProbeResult { searched, coarse_time })
}

/// The value that at most this share of the values exceed: what a decision value must exceed at that FPIR.
fn threshold(mut values: Vec<f64>, fpir: f64) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    values.get((values.len() as f64 * fpir).floor() as usize).copied().unwrap_or(f64::NEG_INFINITY)
}

/// Seconds of the fine stage per search with a list of `keep` places. Places beyond [`DEPTH`] are taken to cost what the
/// others do on average.
fn fine_seconds(searched: &[&Searched], keep: usize) -> f64 {
    let of = |s: &&Searched| {
        let last = s.seconds.len() - 1;
        s.seconds[keep.min(last)] * (keep as f64 / last.max(1) as f64).max(1.0)
    };
    searched.iter().map(of).sum::<f64>() / searched.len().max(1) as f64
}

/// The figures of one size.
fn report(fingers: usize, searched: &[&Searched], keep: usize, coarse_seconds: f64) -> SizeReport {
    let pairs = || searched.iter().flat_map(|&s| s.mates.iter().map(move |mate| (s, mate)));
    // At the end of `best`: as many candidates as there are, up to DEPTH.
    let best = |s: &Searched, count: usize| s.best[count.min(s.best.len() - 1)];
    let limit = threshold(searched.iter().map(|s| best(s, DEPTH)).collect(), 0.01);
    let found: Vec<(usize, usize)> = pairs()
        .filter(|(s, mate)| mate.fine > limit && mate.fine > best(s, DEPTH))
        .map(|(s, mate)| (s.finger, mate.rank))
        .collect();
    let point = |keep: usize| {
        let kept: Vec<_> = pairs().map(|(s, mate)| (s.finger, mate.rank <= keep)).collect();
        let lost: Vec<_> = found.iter().map(|&(finger, rank)| (finger, rank > keep)).collect();
        let fine_seconds = fine_seconds(searched, keep);
        KeepPoint {
            keep,
            kept: share(&kept),
            kept_ci95: bootstrap_share(&kept),
            lost: lost.iter().filter(|(_, lost)| *lost).count(),
            loss: share(&lost),
            loss_ci95: bootstrap_share(&lost),
            fine_share: fine_seconds / (fine_seconds + coarse_seconds).max(f64::MIN_POSITIVE),
        }
    };
    // Of a mate: its decision value, negative infinity if the list lacks it, and that of its best rival in the list.
    let rates = |mate: &dyn Fn(&Searched, &Mate) -> (f64, f64), other: &dyn Fn(&Searched) -> f64| {
        let others: Vec<f64> = searched.iter().map(|s| other(s)).collect();
        let missed = |fpir: f64| -> Vec<_> {
            let limit = threshold(others.clone(), fpir);
            pairs().map(|(s, m)| (s.finger, mate(s, m).0 <= limit || mate(s, m).0 == f64::NEG_INFINITY)).collect()
        };
        let first = pairs().map(|(s, m)| (s.finger, mate(s, m).0 > mate(s, m).1)).collect::<Vec<_>>();
        let (percent, per_thousand) = (missed(0.01), missed(0.001));
        Rates {
            rank1: share(&first),
            fnir_at_fpir: AtFpir { percent: share(&percent), per_thousand: share(&per_thousand) },
            ci95: IdentificationIntervals {
                rank1: bootstrap_share(&first),
                fnir_at_fpir: AtFpir {
                    percent: bootstrap_share(&percent),
                    per_thousand: bootstrap_share(&per_thousand),
                },
            },
        }
    };
    SizeReport {
        fingers,
        mated_searches: pairs().count(),
        nonmated_searches: searched.len(),
        found: found.len(),
        curve: KEEPS.into_iter().map(point).collect(),
        chosen: point(keep),
        coarse: rates(&|s, m| (m.coarse.into(), s.coarse.into()), &|s| s.coarse.into()),
        // The mate takes one of the places.
        cascade: rates(&|s, m| (if m.rank <= keep { m.fine } else { f64::NEG_INFINITY }, best(s, keep - 1)), &|s| {
            best(s, keep)
        }),
        fine: rates(&|s, m| (m.fine, best(s, DEPTH)), &|s| best(s, DEPTH)),
        recommended_keep: recommended(found.iter().map(|&(_, rank)| rank).collect()),
        coarse_seconds,
        fine_us: fine_seconds(searched, keep) * 1e6 / keep as f64,
    }
}

/// Shortest list that loses less than [`LOSS_TARGET`] of mates at these ranks.
fn recommended(mut ranks: Vec<usize>) -> Option<usize> {
    ranks.sort_unstable_by(|a, b| b.cmp(a));
    let more = (ranks.len() as f64 * LOSS_TARGET).ceil() as usize; // the fewest that are no longer below the target
    ranks.get(more.saturating_sub(1)).copied()
}

/// Share of the outcomes that are true; 0 of none.
fn share(outcomes: &[(usize, bool)]) -> f64 {
    outcomes.iter().filter(|(_, outcome)| *outcome).count() as f64 / outcomes.len().max(1) as f64
}

#[cfg(test)]
#[path = "cascade_tests.rs"]
mod tests;
