//! Lists of subjects by fused log-likelihood ratio: all fingers of a file, one list.

use super::{Options, Printed, account};
use crate::error::CliError;
use crate::input::Gallery;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;
use whorl_matcher::Calibration;
use whorl_matcher::calibration::Estimate;
use whorl_matcher::fusion::{Place, Positions};
use whorl_search::cascade::{FingerCandidate, SubjectCandidate};
use whorl_search::{Answer, Cascade, Identification, Pool, ProbeFinger, Searched};

/// Searches each file as one subject.
pub fn run(
    options: &Options,
    files: &[PathBuf],
    gallery: &Gallery,
    pool: &mut Pool,
    engine: &str,
) -> Result<Printed, CliError> {
    let subjects: Vec<Vec<ProbeFinger>> =
        files.iter().map(|file| options.reading.fingers(file)).collect::<Result<_, _>>()?;
    let cascade = Cascade {
        keep: options.keep.into(),
        threshold: options.threshold,
        first_pass_fingers: options.first_pass_fingers.map(usize::from),
        gate: options.gate,
        timeout: Duration::from_secs(options.timeout),
        correspondences: false,
    };
    let searched = Searched { shards: &gallery.shards, directory: &gallery.directory };
    let (found, coarse_time) =
        cascade.search(&subjects, searched, |search| pool.search(search)).map_err(CliError::engine(engine))?;

    let per_pass = pool.probes_per_pass();
    let probes = found.iter().map(|identification| identification.coarse.len()).sum();
    let mut first = 0;
    let mut lists = Vec::new();
    for ((file, fingers), found) in files.iter().zip(&subjects).zip(&found) {
        let probe = file.to_string_lossy();
        let answers: Vec<_> = found.coarse.iter().enumerate().map(|(nth, (_, answer))| (first + nth, answer)).collect();
        first += answers.len();
        if !options.json {
            lists.push(text(&probe, fingers.len(), found, gallery, options));
            continue;
        }
        let mut value = account::to_json(engine, &answers, per_pass, probes);
        value["probe"] = json!(probe);
        value["stage"] = json!("fine");
        value["fingers"] = json!(fingers.iter().map(|finger| finger.position).collect::<Vec<_>>());
        value["searched_fingers"] = json!(found.coarse.iter().map(|(finger, _)| *finger).collect::<Vec<_>>());
        value["candidates"] = candidates(found, gallery, options);
        value["calibration"] = json!({
            "table": Calibration::current().version,
            "subjects": gallery.subjects.len(),
            "fpir": options.fpir,
        });
        value["fine_comparisons"] = json!(found.fine_comparisons);
        // Files that are searched together share the passes, so the coarse time is that of all of them.
        value["seconds"] = json!({"coarse_all": coarse_time.as_secs_f64(), "fine": found.fine_time.as_secs_f64()});
        lists.push(options.one_line(value, gallery, pool));
    }
    let answers: Vec<&Answer> = found.iter().flat_map(|found| found.coarse.iter().map(|(_, answer)| answer)).collect();
    let mut summary = account::summary(engine, &answers, per_pass, coarse_time);
    let comparisons: u64 = found.iter().map(|found| found.fine_comparisons).sum();
    let seconds = found.iter().map(|found| found.fine_time).sum::<Duration>().as_secs_f64();
    writeln!(summary, "  fine stage on this machine: {comparisons} comparisons in {seconds:.3} s")
        .expect("a string takes text");
    writeln!(
        summary,
        "LLR and FPIR are estimates by calibration table {}. FPIR is the expected share of searches for somebody who is not among \
         these {} subjects that list a candidate as strong, with limits at 95 % of the samples that the table was made from.",
        Calibration::current().version,
        gallery.subjects.len()
    )
    .expect("a string takes text");
    summary += "A candidate list is a lead for an examiner, never a verdict.\n";
    Ok(Printed { lists, summary })
}

/// The expected FPIR at a candidate's ratio. The number of fingers is that of the pairs it rests on: a subject of whom fewer are
/// enrolled reaches a ratio by chance more easily.
fn fpir(candidate: &SubjectCandidate, gallery: &Gallery) -> Estimate {
    Calibration::current().fpir(candidate.llr, candidate.fingers.len(), gallery.subjects.len() as u64)
}

/// The candidates that are listed, each with its expected FPIR.
fn listed<'a>(
    found: &'a Identification,
    gallery: &'a Gallery,
    options: &'a Options,
) -> impl Iterator<Item = (usize, &'a SubjectCandidate, Estimate)> {
    let with_fpir = found.candidates.iter().map(|candidate| (candidate, fpir(candidate, gallery)));
    let reach = with_fpir.filter(|(_, fpir)| options.fpir.is_none_or(|asked| fpir.value <= asked));
    reach.take(options.top.into()).enumerate().map(|(place, (candidate, fpir))| (place + 1, candidate, fpir))
}

fn candidates(found: &Identification, gallery: &Gallery, options: &Options) -> Value {
    let finger = |f: &FingerCandidate| {
        json!({
            "view": f.finger + 1,
            "probe_position": f.probe_position,
            "reference": gallery.names[f.index as usize],
            "reference_position": f.reference_position,
            "index": f.index,
            "place": place_word(f.place),
            "score": f.coarse_score,
            "llr": f.llr,
            "correspondences": f.correspondences,
        })
    };
    let candidate = |(rank, c, fpir): (usize, &SubjectCandidate, Estimate)| {
        json!({
            "rank": rank,
            "reference": gallery.subjects[c.subject as usize],
            "score": c.coarse_score,
            "llr": c.llr,
            "fpir": fpir.value,
            "fpir_low": fpir.low,
            "fpir_high": fpir.high,
            "positions": positions_word(c.positions),
            "penalty": c.penalty,
            "fingers": c.fingers.iter().map(finger).collect::<Vec<_>>(),
        })
    };
    listed(found, gallery, options).map(candidate).collect()
}

fn positions_word(positions: Positions) -> &'static str {
    match positions {
        Positions::AsDeclared => "as-declared",
        Positions::Unknown => "unknown",
        Positions::HandsSwapped => "hands-swapped",
        Positions::OutOfPlace => "out-of-place",
    }
}

fn place_word(place: Place) -> &'static str {
    match place {
        Place::Declared => "declared",
        Place::Unknown => "unknown",
        Place::Mirrored => "mirrored",
        Place::Elsewhere => "elsewhere",
    }
}

fn text(probe: &str, fingers: usize, found: &Identification, gallery: &Gallery, options: &Options) -> String {
    let comparisons: u64 = found.coarse.iter().map(|(_, answer)| answer.comparisons).sum();
    let shards = found.coarse.first().map_or(0, |(_, answer)| answer.coverage.len());
    let mut text = format!(
        "{probe}: {} of {fingers} fingers searched, {comparisons} comparisons over {shards} shards, all searched; {} fine \
         comparisons of {} subjects\n  rank      LLR     FPIR  (95 %)              score  fingers  reference\n",
        found.coarse.len(),
        found.fine_comparisons,
        found.candidates.len()
    );
    let mut last = 0;
    for (rank, candidate, fpir) in listed(found, gallery, options) {
        last = rank;
        let name = &gallery.subjects[candidate.subject as usize];
        // A finger counts where it speaks for mates by itself.
        let matched = candidate.fingers.iter().filter(|finger| finger.llr > 0.0).count();
        let of = format!("{matched} of {fingers}");
        let limits = format!("({:.0e} to {:.0e})", fpir.low, fpir.high);
        writeln!(
            text,
            "  {rank:>4}  {:>7.2}  {:>7.1e}  {limits:<18}  {:>5}  {of:>7}  {name}",
            candidate.llr, fpir.value, candidate.coarse_score
        )
        .expect("a string takes text");
        if let Some(note) = note(candidate) {
            writeln!(text, "NOTE: rank {rank}, {name}: {note}").expect("a string takes text");
        }
    }
    if let (0, Some(asked)) = (last, options.fpir) {
        text += &nobody(asked, fingers, gallery);
    }
    text
}

/// That nobody is listed, and why where nobody could have been.
fn nobody(asked: f64, fingers: usize, gallery: &Gallery) -> String {
    let subjects = gallery.subjects.len();
    let mut text = format!("  no candidate reaches FPIR {asked} in {subjects} subjects");
    if Calibration::current().threshold(asked, fingers, subjects as u64).is_none() {
        text += ", and none could: calibration does not claim so small a rate for so many fingers";
    }
    text + "\n"
}

/// What an examiner must know about the positions of a candidate that would be likely.
fn note(candidate: &SubjectCandidate) -> Option<String> {
    let wrong = |f: &&FingerCandidate| f.llr > 0.0 && matches!(f.place, Place::Mirrored | Place::Elsewhere);
    let moved: Vec<_> = candidate
        .fingers
        .iter()
        .filter(wrong)
        .map(|f| format!("{} is their {}", f.probe_position, f.reference_position))
        .collect();
    match candidate.positions {
        _ if candidate.llr <= 0.0 || moved.is_empty() => None,
        Positions::HandsSwapped => Some(format!(
            "left and right hand seem swapped, in the probe or in the reference: position {}",
            moved.join(", ")
        )),
        _ => Some(format!("fingers seem to be under wrong positions: position {}", moved.join(", "))),
    }
}
