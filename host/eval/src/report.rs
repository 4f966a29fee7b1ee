//! Everything that a run found, in the words and the nesting of `report.json`. Rates are fractions.

use std::collections::BTreeMap;

use serde::Serialize;
use whorl_matcher::fine;

use crate::cascade::CascadeReport;
use crate::collection::{Collection, Impression, Relation};
use crate::error::EvalError;
use crate::identification::Identification;
use crate::interval::{Interval, bootstrap, wilson};
use crate::rates::{Comparisons, Figures, Point, Scored};
use crate::scores::{PeerSpeed, Scores, Stage};
use crate::subjects::{self, FusionReport};
use crate::training::Training;

/// Ranks of a cumulative match characteristic.
const RANKS: usize = 20;
/// Bins of a histogram.
const BINS: usize = 60;

/// What a run found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Stage of the figures that follow directly: the last that was run.
    pub stage: &'static str,
    /// The figures of that stage.
    #[serde(flatten)]
    pub figures: StageReport,
    /// The coarse stage's figures, beside those of the fine stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coarse: Option<StageReport>,
    /// Other programs' figures over the same comparisons, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub matchers: BTreeMap<String, PeerReport>,
    /// Several fingers fused; absent without the fine stage, or with too few fingers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fusion: Option<FusionReport>,
    /// The cascade among a background of made fingers, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cascade: Option<CascadeReport>,
    /// Where the fine stage's weights come from.
    pub training: Training,
    /// What was read.
    pub samples: Samples,
    /// What comparing took.
    pub speed: Speed,
    /// How the numbers came about.
    pub method: Method,
}

/// The figures of another program.
#[derive(Debug, Serialize)]
pub struct PeerReport {
    /// The figures.
    #[serde(flatten)]
    pub figures: StageReport,
    /// What comparing took.
    pub speed: PeerSpeed,
}

/// The figures of one stage.
#[derive(Debug, Serialize)]
pub struct StageReport {
    /// Over all databases; non-mated comparisons are across databases too.
    pub pooled: Verification,
    /// Over each database alone. Databases without comparisons of both kinds are absent.
    pub databases: BTreeMap<String, DatabaseReport>,
    /// Each impression searched among all the others.
    pub identification: IdentificationReport,
}

/// Figures of one database.
#[derive(Debug, Serialize)]
pub struct DatabaseReport {
    /// The figures.
    #[serde(flatten)]
    pub verification: Verification,
    /// What was read of it.
    pub samples: Sizes,
}

/// Figures of one set of comparisons.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures<f64>,
    /// Their confidence intervals at 95 %.
    pub ci95: Figures<Interval>,
    /// How many comparisons they rest on.
    pub counts: Counts,
    /// How the scores are distributed.
    pub histogram: Histogram,
    /// Operating points.
    #[serde(skip)]
    pub points: Vec<Point>,
}

/// Numbers of comparisons.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Counts {
    /// Mated comparisons.
    pub genuine: usize,
    /// Non-mated comparisons.
    pub impostor: usize,
}

/// Comparisons by score.
#[derive(Debug, Serialize)]
pub struct Histogram {
    /// Score where the first bin begins.
    pub start: f64,
    /// Width of a bin.
    pub width: f64,
    /// Mated comparisons by bin.
    pub genuine: Vec<usize>,
    /// Non-mated comparisons by bin.
    pub impostor: Vec<usize>,
}

/// Identification figures.
#[derive(Debug, Serialize)]
pub struct IdentificationReport {
    /// Share of mated searches with the mate first.
    pub rank1: f64,
    /// FNIR at limited FPIRs.
    pub fnir_at_fpir: AtFpir<f64>,
    /// Confidence intervals at 95 % of the figures above.
    pub ci95: IdentificationIntervals,
    /// Share of mated searches with the mate among the first 1, 2, 3, ... fingers.
    pub cmc: Vec<f64>,
    /// Mated searches.
    pub mated_searches: usize,
    /// Non-mated searches.
    pub nonmated_searches: usize,
    /// Open-set operating points.
    #[serde(skip)]
    pub points: Vec<Point>,
}

/// A value at FPIR 1 % and 0.1 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtFpir<T> {
    /// At FPIR 1 %.
    #[serde(rename = "1e-2")]
    pub percent: T,
    /// At FPIR 0.1 %.
    #[serde(rename = "1e-3")]
    pub per_thousand: T,
}

/// Confidence intervals of identification figures.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct IdentificationIntervals {
    /// Of the rank-1 rate.
    pub rank1: Interval,
    /// Of FNIR, at the threshold that was found.
    pub fnir_at_fpir: AtFpir<Interval>,
}

/// What was read.
#[derive(Debug, Serialize)]
pub struct Samples {
    /// Databases, that is, folders with samples.
    pub databases: usize,
    /// Their numbers and sizes together.
    #[serde(flatten)]
    pub sizes: Sizes,
}

/// Numbers and sizes of samples.
#[derive(Debug, Serialize)]
pub struct Sizes {
    /// Fingers, each counted once per database.
    pub fingers: usize,
    /// Impressions.
    pub impressions: usize,
    /// Bytes of the minutiae files.
    pub file_bytes: Spread,
    /// Bytes of the packed references.
    pub record_bytes: Spread,
    /// Minutiae in the files.
    pub minutiae: Spread,
}

/// The spread of a size.
#[derive(Debug, Serialize)]
pub struct Spread {
    /// The smallest.
    pub min: usize,
    /// The mean.
    pub mean: f64,
    /// The largest.
    pub max: usize,
}

/// What each stage took, on one thread.
#[derive(Debug, Serialize)]
pub struct Speed {
    /// Microseconds per template to encode a reference.
    pub encode_us: f64,
    /// Microseconds per coarse comparison.
    pub coarse_us: f64,
    /// Microseconds per fine comparison, with the slots of the coarse stage that it starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fine_us: Option<f64>,
    /// Comparisons that were timed, per stage.
    pub comparisons: usize,
}

/// How the numbers came about.
#[derive(Debug, Serialize)]
pub struct Method {
    /// Which comparisons count.
    pub comparisons: &'static str,
    /// How figures are read off the rates.
    pub rates: &'static str,
    /// How intervals were computed.
    pub intervals: &'static str,
    /// How searches were made.
    pub searches: &'static str,
    /// How other programs take part.
    pub matchers: &'static str,
}

const METHOD: Method = Method {
    comparisons: "Each unordered pair of impressions counts once, the earlier by name as the probe. Mates are impressions \
of one finger of one database. Fingers named as the same are neither mates nor non-mates.",
    rates: "FNMR at an FMR is the lowest at any threshold that keeps FMR at or below the limit. EER is interpolated between \
the operating points on either side of it.",
    intervals: "Comparisons: bootstrap over fingers, 1000 replicates, middle 95 %; where no error was observed, the upper \
limit is Wilson's with as many trials as fingers. Searches: Wilson, searches taken as independent.",
    searches: "Each impression is searched among all others; non-mated searches leave its finger out. Ranks count fingers. \
FNIR counts mates below the threshold, at any rank. The fine stage decides by its output less 0.6/256 of the coarse score that \
0.5 % of the probe's non-mated comparisons exceed.",
    matchers: "Other programs are given the same files and compare each unordered pair once, the earlier by name as the probe. \
In searches that score counts in both directions, and decides as it is.",
};

impl Report {
    /// Evaluates the scores.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] without comparisons of both kinds.
    pub fn new(collection: &Collection, scores: &Scores) -> Result<Self, EvalError> {
        let coarse = stage_report(collection, scores, Stage::Coarse)?;
        let fine = scores.has(Stage::Fine).then(|| stage_report(collection, scores, Stage::Fine)).transpose()?;
        let comparisons = scores.comparisons();
        let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / comparisons as f64;
        let (stage, figures, coarse) = match fine {
            Some(fine) => ("fine", fine, Some(coarse)),
            None => ("coarse", coarse, None),
        };
        let mut matchers = BTreeMap::new();
        for (nth, peer) in scores.peers.iter().enumerate() {
            let figures = stage_report(collection, scores, Stage::Peer(nth))?;
            matchers.insert(peer.name.clone(), PeerReport { figures, speed: peer.speed });
        }
        let encode_time: std::time::Duration = collection.impressions.iter().map(|i| i.encode_time).sum();
        let encode_us = encode_time.as_secs_f64() * 1e6 / collection.impressions.len() as f64;
        let fine_us = scores.has(Stage::Fine).then(|| each(scores.fine_time));
        Ok(Self {
            stage,
            figures,
            coarse,
            matchers,
            fusion: subjects::fusion(collection, scores),
            cascade: None,
            training: Training { weights: fine::version().to_owned(), folds: None, sources: Vec::new() },
            samples: Samples { databases: collection.databases.len(), sizes: sizes(collection, None) },
            speed: Speed { encode_us, coarse_us: each(scores.coarse_time), fine_us, comparisons },
            method: METHOD,
        })
    }

    /// The stages that were run with their figures, coarse first, then other programs by name.
    pub fn stages(&self) -> Vec<(&str, &StageReport)> {
        let coarse = self.coarse.iter().map(|figures| ("coarse", figures));
        let peers = self.matchers.iter().map(|(name, peer)| (name.as_str(), &peer.figures));
        coarse.chain([(self.stage, &self.figures)]).chain(peers).collect()
    }
}

/// Numbers and sizes of all samples or of one database's.
fn sizes(collection: &Collection, database: Option<usize>) -> Sizes {
    let within = |index: usize| database.is_none_or(|database| collection.fingers[index].database == database);
    let impressions = || collection.impressions.iter().filter(|impression| within(impression.finger));
    let spread = |of: fn(&Impression) -> usize| {
        let sizes: Vec<usize> = impressions().map(of).collect();
        Spread {
            min: sizes.iter().copied().min().unwrap_or(0),
            mean: sizes.iter().sum::<usize>() as f64 / sizes.len().max(1) as f64,
            max: sizes.iter().copied().max().unwrap_or(0),
        }
    };
    Sizes {
        fingers: (0..collection.fingers.len()).filter(|&finger| within(finger)).count(),
        impressions: impressions().count(),
        file_bytes: spread(|i| i.file_bytes),
        record_bytes: spread(|i| i.reference.to_bytes().len()),
        minutiae: spread(|i| i.minutiae),
    }
}

fn stage_report(collection: &Collection, scores: &Scores, stage: Stage) -> Result<StageReport, EvalError> {
    let pooled = comparisons(collection, scores, stage, None);
    let (genuine, impostor) = (pooled.genuine(), pooled.impostor());
    let fingers: Vec<usize> = (0..collection.fingers.len()).collect();
    let pooled = verification(&pooled, &fingers).ok_or(EvalError::TooFew { genuine, impostor })?;
    let mut databases = BTreeMap::new();
    for (database, name) in collection.databases.iter().enumerate() {
        let own: Vec<usize> =
            fingers.iter().copied().filter(|&finger| collection.fingers[finger].database == database).collect();
        let found = verification(&comparisons(collection, scores, stage, Some(database)), &own);
        databases.extend(found.map(|verification| {
            (name.clone(), DatabaseReport { verification, samples: sizes(collection, Some(database)) })
        }));
    }
    let identification = identification(&Identification::new(collection, scores, stage));
    Ok(StageReport { pooled, databases, identification })
}

/// The comparisons of all databases or of one.
fn comparisons(collection: &Collection, scores: &Scores, stage: Stage, database: Option<usize>) -> Comparisons {
    let within = |&index: &usize| database.is_none_or(|database| collection.database_of(index) == database);
    let indices: Vec<usize> = (0..collection.impressions.len()).filter(within).collect();
    let mut scored = Vec::new();
    for (nth, &probe) in indices.iter().enumerate() {
        for &reference in &indices[nth + 1..] {
            if collection.relation(probe, reference) != Relation::LeftOut {
                let finger = |index: usize| collection.impressions[index].finger;
                let score = scores.score(stage, probe, reference);
                scored.push(Scored { score, probe: finger(probe), reference: finger(reference) });
            }
        }
    }
    Comparisons::new(scored)
}

fn verification(comparisons: &Comparisons, fingers: &[usize]) -> Option<Verification> {
    let figures = comparisons.figures()?;
    Some(Verification {
        figures,
        ci95: bootstrap(comparisons, &figures, fingers),
        counts: Counts { genuine: comparisons.genuine(), impostor: comparisons.impostor() },
        histogram: histogram(comparisons),
        points: comparisons.points(),
    })
}

fn histogram(comparisons: &Comparisons) -> Histogram {
    let ends = |mated| (comparisons.scores(mated).last(), comparisons.scores(mated).next());
    let ((g_low, g_high), (i_low, i_high)) = (ends(true), ends(false));
    let low = g_low.into_iter().chain(i_low).fold(f64::INFINITY, f64::min);
    let high = g_high.into_iter().chain(i_high).fold(f64::NEG_INFINITY, f64::max);
    let width = if high > low { (high - low) / BINS as f64 } else { 1.0 };
    let count = |mated| {
        let mut bins = vec![0; BINS];
        for score in comparisons.scores(mated) {
            bins[(((score - low) / width) as usize).min(BINS - 1)] += 1;
        }
        bins
    };
    Histogram { start: low, width, genuine: count(true), impostor: count(false) }
}

fn identification(found: &Identification) -> IdentificationReport {
    let mated = found.mated();
    let share = |hits: usize| hits as f64 / mated.max(1) as f64;
    let open = found.open_set().unwrap_or_default().fnmr_at_fmr;
    let interval = |rate: f64| wilson((rate * mated as f64).round() as usize, mated);
    IdentificationReport {
        rank1: share(found.hits(1)),
        fnir_at_fpir: AtFpir { percent: open.percent, per_thousand: open.per_thousand },
        ci95: IdentificationIntervals {
            rank1: wilson(found.hits(1), mated),
            fnir_at_fpir: AtFpir { percent: interval(open.percent), per_thousand: interval(open.per_thousand) },
        },
        cmc: (1..=RANKS).map(|rank| share(found.hits(rank))).collect(),
        mated_searches: mated,
        nonmated_searches: found.nonmated(),
        points: found.points(),
    }
}
