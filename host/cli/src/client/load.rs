//! `whorl client load`: many clients at once for a while, each answer checked.
//!
//! Enrollers enrol synthetic fingers under new names; searchers search another impression of one that was acknowledged and
//! expect its subject at rank 1. What was enrolled a moment ago is searched most: enrolled must mean searchable.

use super::{PurposeWord, new_id, print};
use crate::error::CliError;
use crate::input::progress;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tonic::transport::Channel;
use whorl_server::metrics::resident_bytes;
use whorl_server::proto::gallery_client::GalleryClient;
use whorl_server::proto::search_client::SearchClient;
use whorl_server::proto::{EnrollRequest, IdentifyRequest};
use whorl_synth::{Distortion, Finger};
use whorl_template::iso19794_2_2005;

/// Seed of the synthetic fingers.
const SEED: u64 = 0x6c6f_6164;
/// How often the server's memory is read.
const SAMPLE: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub struct Options {
    /// The gallery, which should be new
    #[arg(long, default_value = "load")]
    gallery: String,
    /// How long
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
    /// Enrol only so long, then only search: what the server's memory gains from then on is not what is enrolled
    #[arg(long, value_name = "SECONDS")]
    enroll_seconds: Option<u64>,
    /// Clients that enrol
    #[arg(long, default_value_t = 4)]
    enrollers: usize,
    /// Enrolments per second of all of them together at most; 0: as fast as it goes
    #[arg(long, default_value_t = 20)]
    enrolments_per_second: u64,
    /// Clients that search
    #[arg(long, default_value_t = 4)]
    searchers: usize,
    /// Different fingers; later enrolments repeat them under new names
    #[arg(long, default_value_t = 2000)]
    fingers: u32,
    /// Process id of the server on this machine, to read its memory
    #[arg(long)]
    pid: Option<u32>,
    /// Write every figure, memory over time included, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// A finger as it is enrolled, and as it is searched.
type Pair = (Vec<u8>, Vec<u8>);

/// What all clients share.
struct Load {
    gallery: String,
    pairs: Vec<Pair>,
    /// Names of the acknowledged subjects of each finger.
    enrolled: Mutex<Vec<Vec<String>>>,
    next: AtomicU64,
    start: Instant,
    end: Instant,
    /// When enrolling ends.
    enrolled_by: Instant,
    rate: u64,
    failures: Mutex<Vec<String>>,
}

impl Load {
    fn failed(&self, what: String) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// Enrols until time is up; the latency of each.
    async fn enroll(&self, channel: Channel) -> Vec<Duration> {
        let mut client = GalleryClient::new(channel);
        let mut latencies = Vec::new();
        while Instant::now() < self.enrolled_by {
            let nth = self.next.fetch_add(1, Ordering::Relaxed);
            if self.rate > 0 {
                let due = self.start + Duration::from_secs_f64(nth as f64 / self.rate as f64);
                if due >= self.enrolled_by {
                    break;
                }
                tokio::time::sleep_until(due.into()).await;
            }
            let finger = nth as usize % self.pairs.len();
            let subject = format!("load-{nth}");
            let request = EnrollRequest {
                request_id: new_id(),
                gallery: self.gallery.clone(),
                subject: subject.clone(),
                encounter: "1".into(),
                templates: vec![self.pairs[finger].0.clone()],
            };
            let start = Instant::now();
            match client.enroll(request).await {
                Ok(_) => {
                    latencies.push(start.elapsed());
                    self.enrolled.lock().unwrap_or_else(PoisonError::into_inner)[finger].push(subject);
                }
                Err(status) => self.failed(format!("Enroll: {:?}: {}", status.code(), status.message())),
            }
        }
        latencies
    }

    /// Searches until time is up; latency of each, and how much of it was not comparing or waiting for others.
    async fn search(&self, channel: Channel, seed: u64) -> Vec<(Duration, Duration)> {
        let mut client = SearchClient::new(channel);
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut latencies = Vec::new();
        while Instant::now() < self.end {
            let Some((finger, names)) = self.choose(&mut random) else {
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            };
            let request = IdentifyRequest {
                gallery: self.gallery.clone(),
                templates: vec![self.pairs[finger].1.clone()],
                purpose: PurposeWord::SystemTest.into(),
                max_candidates: 256,
                ..Default::default()
            };
            let start = Instant::now();
            match client.identify(request).await {
                Ok(answer) => {
                    let took = start.elapsed();
                    let answer = answer.into_inner();
                    let timing = answer.timing.unwrap_or_default();
                    let parts = [timing.queued, timing.coarse, timing.fine].into_iter().flatten();
                    let inside: Duration = parts.map(|part| Duration::try_from(part).unwrap_or_default()).sum();
                    latencies.push((took, took.saturating_sub(inside)));
                    let first = answer.candidates.first().map(|c| c.subject.as_str()).unwrap_or_default();
                    if !answer.candidates.iter().any(|c| names.contains(&c.subject)) {
                        self.failed(format!(
                            "Identify: finger {finger} was enrolled and is not listed; first is {first:?}"
                        ));
                    }
                }
                Err(status) => self.failed(format!("Identify: {:?}: {}", status.code(), status.message())),
            }
        }
        latencies
    }

    /// A finger that is enrolled, with its newest names.
    fn choose(&self, random: &mut impl Rng) -> Option<(usize, Vec<String>)> {
        let enrolled = self.enrolled.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.next.load(Ordering::Relaxed) as usize;
        // Half of the searches are for one of the last ten.
        let finger = if random.random_bool(0.5) {
            newest.saturating_sub(random.random_range(0..10)) % self.pairs.len()
        } else {
            random.random_range(0..self.pairs.len())
        };
        let names = enrolled.get(finger)?;
        (!names.is_empty()).then(|| (finger, names.clone()))
    }
}

fn pairs(count: u32) -> Result<Vec<Pair>, CliError> {
    let bar = progress(count.into(), "making fingers");
    let pair = |index| {
        let finger = Finger::new(SEED, index);
        let write = |impression| {
            let template = finger.impression(impression, &Distortion::clean());
            iso19794_2_2005::write(&template)
                .map_err(|source| CliError::Template { path: format!("synthetic finger {index}").into(), source })
        };
        bar.inc(1);
        Ok((write(0)?, write(1)?))
    };
    let made = (0..count).into_par_iter().map(pair).collect();
    bar.finish_and_clear();
    made
}

fn quantiles(mut latencies: Vec<Duration>) -> Value {
    latencies.sort_unstable();
    let at = |share: f64| {
        let place = (latencies.len() as f64 * share) as usize;
        latencies.get(place.min(latencies.len().saturating_sub(1))).map(|latency| latency.as_secs_f64() * 1e3)
    };
    json!({"count": latencies.len(), "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0)})
}

/// Runs the command.
pub async fn run(options: &Options, channel: Channel, json: bool) -> Result<(), CliError> {
    let pairs = pairs(options.fingers.max(1))?;
    let start = Instant::now();
    let load = Arc::new(Load {
        gallery: options.gallery.clone(),
        enrolled: Mutex::new(vec![Vec::new(); pairs.len()]),
        pairs,
        next: AtomicU64::new(0),
        start,
        end: start + Duration::from_secs(options.seconds),
        enrolled_by: start
            + Duration::from_secs(options.enroll_seconds.unwrap_or(options.seconds).min(options.seconds)),
        rate: options.enrolments_per_second,
        failures: Mutex::default(),
    });
    let enrollers: Vec<_> = (0..options.enrollers)
        .map(|_| {
            let (load, channel) = (Arc::clone(&load), channel.clone());
            tokio::spawn(async move { load.enroll(channel).await })
        })
        .collect();
    let searchers: Vec<_> = (0..options.searchers)
        .map(|nth| {
            let (load, channel) = (Arc::clone(&load), channel.clone());
            tokio::spawn(async move { load.search(channel, nth as u64).await })
        })
        .collect();
    let memory = watch(options, &load).await;
    let (mut enrolled, mut searched, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for enroller in enrollers {
        enrolled.extend(enroller.await.map_err(std::io::Error::other)?);
    }
    for searcher in searchers {
        for (took, rest) in searcher.await.map_err(std::io::Error::other)? {
            searched.push(took);
            beside.push(rest);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let enrolling = (load.enrolled_by - start).as_secs_f64().max(f64::MIN_POSITIVE);
    let failures = std::mem::take(&mut *load.failures.lock().unwrap_or_else(PoisonError::into_inner));
    let report = json!({
        "seconds": seconds,
        "enroll_seconds": enrolling,
        "enrolments_per_second": enrolled.len() as f64 / enrolling,
        "searches_per_second": searched.len() as f64 / seconds,
        "enroll": quantiles(enrolled),
        "identify": quantiles(searched),
        "identify_beside_stages": quantiles(beside),
        "failures": failures.len(),
        "first_failures": failures.iter().take(10).collect::<Vec<_>>(),
        "memory": memory.iter().map(|(at, bytes)| json!([at, bytes])).collect::<Value>(),
    });
    if let Some(path) = &options.report {
        fs::write(path, format!("{report:#}\n")).map_err(CliError::file(path))?;
    }
    print(json, || report.clone(), || text(&report))?;
    match failures.first() {
        None => Ok(()),
        Some(first) => Err(CliError::Mismatch(format!("{} calls failed; the first: {first}", failures.len()))),
    }
}

/// The server's memory over time, until the load ends.
async fn watch(options: &Options, load: &Load) -> Vec<(f64, u64)> {
    let bar = progress(options.seconds, "seconds under load");
    let mut memory = Vec::new();
    while Instant::now() < load.end {
        if let Some(bytes) = options.pid.and_then(|pid| resident_bytes(Some(pid))) {
            memory.push((load.start.elapsed().as_secs_f64(), bytes));
        }
        bar.set_position(load.start.elapsed().as_secs());
        tokio::time::sleep(SAMPLE).await;
    }
    bar.finish_and_clear();
    memory
}

fn text(report: &Value) -> String {
    let line = |name: &str, key: &str| {
        let of = &report[key];
        let ms = |value: &Value| value.as_f64().map_or_else(|| "-".into(), |ms| format!("{ms:.2} ms"));
        format!(
            "{name:<24}  {:>8}  p50 {}  p99 {}  max {}",
            of["count"],
            ms(&of["p50_ms"]),
            ms(&of["p99_ms"]),
            ms(&of["max_ms"])
        )
    };
    let rate = |key: &str| report[key].as_f64().unwrap_or_default();
    let mib = |nth: Option<&Value>| {
        nth.and_then(|s| s[1].as_f64()).map_or_else(|| "-".into(), |b| format!("{:.1} MiB", b / 1_048_576.0))
    };
    let memory = report["memory"].as_array();
    [
        format!(
            "{:.0} s: {:.1} enrolments/s, {:.1} searches/s, {} failures",
            rate("seconds"),
            rate("enrolments_per_second"),
            rate("searches_per_second"),
            report["failures"]
        ),
        line("Enroll", "enroll"),
        line("Identify", "identify"),
        line("  beside its stages", "identify_beside_stages"),
        format!(
            "server's memory: {} at first, {} at last",
            mib(memory.and_then(|m| m.first())),
            mib(memory.and_then(|m| m.last()))
        ),
    ]
    .join("\n")
}
