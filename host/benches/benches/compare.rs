//! Speed of the encoder and of the comparison, plain and AVX2, and their ratio in the same run.
//!
//! Templates are random (a mean of 35 minutiae) and, if `WHORL_DATA` is there, real ones.

#[path = "../../matcher/tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Role};
use whorl_template::Template;

const PROBES: usize = 8;
/// Parts in which templates are encoded, a millisecond each.
const PARTS: usize = 40;

/// One set of templates, encoded.
struct Set {
    name: &'static str,
    templates: Vec<Template>,
    probes: Vec<Probe>,
    shard: Vec<u8>,
}

impl Set {
    fn new(name: &'static str, templates: Vec<Template>) -> Self {
        let shard = templates.iter().flat_map(|t| common::record(t, Role::Reference).to_bytes()).collect();
        let step = templates.len() / PROBES;
        let probe = |t: &Template| Probe::new(&common::record(t, Role::Probe)).expect("a probe record");
        let probes = templates.iter().step_by(step).take(PROBES).map(probe).collect();
        Self { name, templates, probes, shard }
    }

    fn comparisons(&self) -> u64 {
        (self.probes.len() * self.templates.len()) as u64
    }

    /// Compares one probe with every record; the sum keeps the work from being dropped.
    fn scan(&self, comparator: Comparator, probe: usize) -> u64 {
        let mut sum = 0;
        let each = |_, score| sum += u64::from(score);
        let (probe, shard) = (black_box(&self.probes[probe]), black_box(&self.shard));
        comparator.scan(probe, shard, GATE_DEFAULT, each).expect("a shard of records");
        sum
    }

    fn scan_all(&self, comparator: Comparator) -> u64 {
        (0..self.probes.len()).map(|probe| self.scan(comparator, probe)).sum()
    }

    /// Encodes the templates of one part.
    fn encode(&self, part: usize) -> usize {
        let part = self.templates.iter().skip(part).step_by(PARTS);
        part.map(|t| common::record(black_box(t), Role::Reference).minutiae.len()).sum()
    }

    fn mean_minutiae(&self) -> f64 {
        let minutiae: usize = self.templates.iter().map(|t| t.views[0].minutiae.len()).sum();
        minutiae as f64 / self.templates.len() as f64
    }
}

/// Units per second of all parts together, each part at the fastest of its rounds: other work on
/// the machine only slows, and a short part has rounds that it does not interrupt.
fn rate(units: u64, parts: usize, run: impl Fn(usize)) -> f64 {
    let mut fastest = vec![Duration::MAX; parts];
    let deadline = Instant::now() + Duration::from_secs(2);
    while Instant::now() < deadline {
        for (part, fastest) in fastest.iter_mut().enumerate() {
            let start = Instant::now();
            run(part);
            *fastest = start.elapsed().min(*fastest);
        }
    }
    units as f64 / fastest.iter().sum::<Duration>().as_secs_f64()
}

fn report(set: &Set) {
    let (plain, fast) = (Comparator::new(Backend::Portable), Comparator::new(Backend::Auto));
    assert_eq!(set.scan_all(plain), set.scan_all(fast), "backends disagree");
    let plain_rate = rate(set.comparisons(), PROBES, |probe| assert!(set.scan(plain, probe) > 0));
    let fast_rate = rate(set.comparisons(), PROBES, |probe| assert!(set.scan(fast, probe) > 0));
    let encode_rate = rate(set.templates.len() as u64, PARTS, |part| assert!(set.encode(part) > 0));
    println!(
        "{}: {} templates, mean {:.1} minutiae: plain {plain_rate:.0} comparisons/s, {:?} {fast_rate:.0} comparisons/s, ratio {:.2}, encode {encode_rate:.0} fingers/s",
        set.name,
        set.templates.len(),
        set.mean_minutiae(),
        fast.backend(),
        fast_rate / plain_rate,
    );
}

fn main() {
    let mut sets = vec![Set::new("random", common::random_templates(320))];
    if let Some(data) = common::data() {
        sets.push(Set::new("leader", common::source(&data, "leader")));
    }
    let mut criterion = Criterion::default().configure_from_args();
    for set in &sets {
        let mut group = criterion.benchmark_group(set.name);
        group.sample_size(20).throughput(Throughput::Elements(set.comparisons()));
        for backend in [Backend::Portable, Backend::Avx2] {
            let comparator = Comparator::new(backend);
            group.bench_function(format!("compare {backend:?}"), |b| b.iter(|| set.scan_all(comparator)));
        }
        group.throughput(Throughput::Elements(set.templates.len() as u64));
        group.bench_function("encode", |b| b.iter(|| (0..PARTS).map(|part| set.encode(part)).sum::<usize>()));
        group.finish();
    }
    criterion.final_summary();
    sets.iter().for_each(report);
}
