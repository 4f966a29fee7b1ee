//! Speed of the fine comparison: microseconds per candidate, with and without the coarse one that it starts from.
//!
//! Candidates are the references with the best coarse scores, as a search would hand them on. Templates are
//! random and, if `WHORL_DATA` is there, real ones.

#[path = "../../matcher/tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use whorl_matcher::fine::{compare, compare_tapped};
use whorl_matcher::{GATE_DEFAULT, Probe, Record, Role, Taps, taps};
use whorl_template::Template;

const PROBES: usize = 8;
/// Candidates of each probe.
const CANDIDATES: usize = 64;

/// A probe and one of its candidates.
struct Comparison {
    probe: Probe,
    reference: Record,
    taps: Taps,
}

/// The best candidates of some probes among all templates.
fn comparisons(templates: &[Template]) -> Vec<Comparison> {
    let references: Vec<_> = templates.iter().map(|t| common::record(t, Role::Reference)).collect();
    let probes = templates.iter().step_by(templates.len() / PROBES).take(PROBES);
    probes
        .flat_map(|template| {
            let probe = Probe::new(&common::record(template, Role::Probe)).expect("a probe record");
            let tap = |reference: &Record| taps(&probe, reference, GATE_DEFAULT).expect("a record");
            let mut of_probe: Vec<_> = references
                .iter()
                .map(|reference| Comparison {
                    probe: probe.clone(),
                    reference: reference.clone(),
                    taps: tap(reference),
                })
                .collect();
            of_probe.sort_by_key(|c| std::cmp::Reverse(c.taps.comparison.score));
            of_probe.truncate(CANDIDATES);
            of_probe
        })
        .collect()
}

fn main() {
    let mut sets = vec![("random", common::random_templates(320))];
    if let Some(data) = common::data() {
        sets.push(("leader", common::source(&data, "leader")));
    }
    let mut criterion = Criterion::default().configure_from_args();
    for (name, templates) in sets {
        let comparisons = comparisons(&templates);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20).throughput(Throughput::Elements(comparisons.len() as u64));
        group.bench_function("fine", |b| {
            b.iter(|| {
                let each = |c: &Comparison| compare_tapped(black_box(&c.probe), &c.reference, &c.taps, GATE_DEFAULT);
                comparisons.iter().map(|c| each(c).expect("records").log_odds).sum::<f64>()
            });
        });
        group.bench_function("coarse taps and fine", |b| {
            b.iter(|| {
                let each = |c: &Comparison| compare(black_box(&c.probe), &c.reference, GATE_DEFAULT).expect("records");
                comparisons.iter().map(|c| each(c).log_odds).sum::<f64>()
            });
        });
        group.finish();
    }
    criterion.final_summary();
}
