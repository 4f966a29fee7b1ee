//! Speed of the encoder and of the comparison, plain and AVX2, and their ratio in the same run.
//!
//! Templates are random (a mean of 35 minutiae) and, if `WHORL_DATA` is there, real ones.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Role};
use whorl_template::Template;

const PROBES: usize = 8;

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

    /// Compares every probe with every record; the sum keeps the work from being dropped.
    fn scan(&self, comparator: Comparator) -> u64 {
        let mut sum = 0;
        for probe in &self.probes {
            let each = |_, score| sum += u64::from(score);
            comparator.scan(black_box(probe), black_box(&self.shard), GATE_DEFAULT, each).expect("a shard of records");
        }
        sum
    }

    fn encode(&self) -> usize {
        self.templates.iter().map(|t| common::record(black_box(t), Role::Reference).minutiae.len()).sum()
    }

    fn mean_minutiae(&self) -> f64 {
        let minutiae: usize = self.templates.iter().map(|t| t.views[0].minutiae.len()).sum();
        minutiae as f64 / self.templates.len() as f64
    }
}

/// Runs per second, from the fastest of several rounds: other work on the machine only slows.
fn rate(units: u64, mut run: impl FnMut()) -> f64 {
    let mut fastest = Duration::MAX;
    let deadline = Instant::now() + Duration::from_secs(2);
    while Instant::now() < deadline {
        let start = Instant::now();
        run();
        fastest = fastest.min(start.elapsed());
    }
    units as f64 / fastest.as_secs_f64()
}

fn report(set: &Set) {
    let (plain, fast) = (Comparator::new(Backend::Portable), Comparator::new(Backend::Auto));
    assert_eq!(set.scan(plain), set.scan(fast), "backends disagree");
    let plain_rate = rate(set.comparisons(), || assert!(set.scan(plain) > 0));
    let fast_rate = rate(set.comparisons(), || assert!(set.scan(fast) > 0));
    let encode_rate = rate(set.templates.len() as u64, || assert!(set.encode() > 0));
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
    let mut sets = vec![Set::new("random", common::random_templates(1000))];
    if let Some(data) = common::data() {
        sets.push(Set::new("leader", common::source(&data, "leader")));
    }
    let mut criterion = Criterion::default().configure_from_args();
    for set in &sets {
        let mut group = criterion.benchmark_group(set.name);
        group.sample_size(20).throughput(Throughput::Elements(set.comparisons()));
        for backend in [Backend::Portable, Backend::Avx2] {
            let comparator = Comparator::new(backend);
            group.bench_function(format!("compare {backend:?}"), |b| b.iter(|| set.scan(comparator)));
        }
        group.throughput(Throughput::Elements(set.templates.len() as u64));
        group.bench_function("encode", |b| b.iter(|| set.encode()));
        group.finish();
    }
    criterion.final_summary();
    sets.iter().for_each(report);
}
