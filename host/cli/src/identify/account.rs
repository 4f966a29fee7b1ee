//! What lists of both stages have in common: coverage, engines, incidents and cost.

use serde_json::{Value, json};
use std::time::Duration;
use whorl_search::{Answer, CardCost, Incident, Share};

/// The members of an answer's JSON object that tell how it came about. `answers` are those of the fingers of one probe, with
/// the number of each in the search: fingers of one pass share its cost, which is counted once.
pub fn to_json(engine: &str, answers: &[(usize, &Answer)], probes_per_pass: usize, probes: usize) -> Value {
    let mut engines: Vec<Share> = Vec::new();
    let mut incidents: Vec<&Incident> = Vec::new();
    let mut passes: Vec<usize> = Vec::new();
    let mut cost: Option<CardCost> = None;
    for &(nth, answer) in answers {
        for share in &answer.engines {
            match engines.iter_mut().find(|known| known.engine == share.engine) {
                Some(known) => known.records += share.records,
                None => engines.push(share.clone()),
            }
        }
        for incident in &answer.incidents {
            if !incidents.contains(&incident) {
                incidents.push(incident);
            }
        }
        let pass = nth / probes_per_pass;
        if !passes.contains(&pass) {
            passes.push(pass);
            if let Some(more) = answer.cost {
                *cost.get_or_insert_default() += more;
            }
        }
    }
    let coverage = answers.first().map_or(&[][..], |(_, answer)| answer.coverage.as_slice());
    let shard = |s: &whorl_search::ShardCoverage| json!({"base_index": s.base_index, "generation": s.generation, "records": s.records, "crc32c": format!("{:08x}", s.crc32c)});
    let incident = |i: &&Incident| json!({"engine": i.engine, "what": i.what, "left_service": i.left_service});
    let records: u64 = coverage.iter().map(|shard| u64::from(shard.records)).sum();
    let mut value = json!({
        "engine": engine,
        "coverage": {
            "complete": true,
            "records": records,
            "shards": coverage.iter().map(shard).collect::<Vec<_>>(),
        },
        "comparisons": answers.iter().map(|(_, answer)| answer.comparisons).sum::<u64>(),
        "engines": engines.iter().map(|s| json!({"engine": s.engine, "records": s.records})).collect::<Vec<_>>(),
        "incidents": incidents.iter().map(incident).collect::<Vec<_>>(),
        "cycles": cost.map(|c| c.command_cycles),
    });
    if let Some(cost) = cost {
        // The last pass may have fewer probes than there are slots.
        let first = passes.first().copied().unwrap_or(0);
        value["cost"] = json!({
            "probes_in_pass": probes_per_pass.min(probes - first * probes_per_pass),
            "stream_cycles": cost.stream_cycles,
            "minutiae": cost.minutiae,
            "lines": cost.lines,
            "stall_starved": cost.stall_starved,
            "stall_engine": cost.stall_engine,
            "stall_collect": cost.stall_collect,
            "known_answers": cost.known_answers,
        });
    }
    value
}

/// What went wrong, engine, speed, and for a card its cycles and where they went.
pub fn summary(engine: &str, answers: &[&Answer], probes_per_pass: usize, elapsed: Duration) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut told: Vec<&Incident> = Vec::new();
    for incident in answers.iter().flat_map(|answer| &answer.incidents) {
        if !told.contains(&incident) {
            lines.push(format!("NOTE: {incident}"));
            told.push(incident);
        }
    }
    let comparisons: u64 = answers.iter().map(|a| a.comparisons).sum();
    let seconds = elapsed.as_secs_f64();
    let rate = comparisons as f64 / seconds;
    lines.push(format!("engine {engine}: {comparisons} comparisons in {seconds:.3} s, {rate:.0}/s"));
    if answers.iter().all(|a| a.cost.is_none()) {
        let threads = rayon::current_num_threads();
        lines.push(format!(
            "  {:.0} comparisons/s per core over {threads} threads; for scale, one core of a like machine:",
            rate / threads as f64
        ));
        lines.push("  NBIS bozorth3 about 1,000/s, OpenAFIS about 44,000/s (docs/performance.md)".into());
        return lines.join("\n") + "\n";
    }
    // Probes of one pass share its cycles, so each pass is counted once.
    let mut total = CardCost::default();
    for pass in answers.chunks(probes_per_pass) {
        total += pass[0].cost.unwrap_or_default();
    }
    let each = |cycles: u64| cycles as f64 / total.records.max(1) as f64;
    lines.push(format!(
        "  {:.2} stream cycles per record: {:.2} minutiae, stalls {:.2} no line, {:.2} consistency pass, {:.2} collecting",
        each(total.stream_cycles),
        each(total.minutiae),
        each(total.stall_starved),
        each(total.stall_engine),
        each(total.stall_collect)
    ));
    lines.push(format!(
        "  {:.2} command cycles per comparison (simulated or counted by the card)",
        total.command_cycles as f64 / comparisons.max(1) as f64
    ));
    lines.join("\n") + "\n"
}
