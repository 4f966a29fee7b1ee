//! Lists of references by coarse score: one probe, one list.

use super::{Options, Printed, account};
use crate::error::CliError;
use crate::input::Gallery;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use whorl_search::{Answer, Pool, Search};

/// Searches the first view of each file.
pub fn run(
    options: &Options,
    files: &[PathBuf],
    gallery: &Gallery,
    pool: &mut Pool,
    engine: &str,
) -> Result<Printed, CliError> {
    let search = Search {
        probes: files.iter().map(|file| options.reading.probe(file)).collect::<Result<_, _>>()?,
        threshold: options.threshold,
        top_k: options.top.into(),
        gate: options.gate,
        timeout: Duration::from_secs(options.timeout),
    };
    let start = Instant::now();
    let answers = pool.search(&search).map_err(CliError::engine(engine))?;
    let elapsed = start.elapsed();
    let per_pass = pool.probes_per_pass();
    let list = |(nth, (file, answer)): (usize, (&PathBuf, &Answer))| {
        let probe = file.to_string_lossy();
        if !options.json {
            return text(&probe, answer, gallery);
        }
        let mut value = account::to_json(engine, &[(nth, answer)], per_pass, answers.len());
        value["probe"] = json!(probe);
        value["stage"] = json!("coarse");
        value["candidates"] = candidates(answer, gallery);
        options.one_line(value, gallery, pool)
    };
    let lists = files.iter().zip(&answers).enumerate().map(list).collect();
    let summary = account::summary(engine, &answers.iter().collect::<Vec<_>>(), per_pass, elapsed);
    Ok(Printed { lists, summary })
}

fn candidates(answer: &Answer, gallery: &Gallery) -> Value {
    let listed = answer.candidates.iter().enumerate();
    listed
        .map(|(place, c)| json!({"rank": place + 1, "reference": gallery.names[c.index as usize], "score": c.score}))
        .collect()
}

fn text(probe: &str, answer: &Answer, gallery: &Gallery) -> String {
    let mut text =
        format!("{probe}: {} comparisons over {} shards, all searched\n", answer.comparisons, answer.coverage.len());
    text += "  rank  score  reference\n";
    for (place, candidate) in answer.candidates.iter().enumerate() {
        let name = &gallery.names[candidate.index as usize];
        writeln!(text, "  {:>4}  {:>5}  {name}", place + 1, candidate.score).expect("a string takes text");
    }
    text
}
