//! Prometheus metrics. No name, id or content of a request is in a label.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use std::net::SocketAddr;
use std::time::Duration;
use tonic::Code;
use whorl_gallery::{Commit, Compaction, PartitionStats, StoreObserver, StoreStats};
use whorl_search::service::Finished;
use whorl_search::{MemberStatus, Service as InService};

/// Bounds of latency buckets in seconds.
const SECONDS: [f64; 16] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// Serves the metrics of this process at `http://ADDRESS/metrics`. Needs a tokio runtime.
///
/// # Errors
/// The address cannot be listened at, or metrics are served already.
pub fn install(listen: SocketAddr) -> Result<(), BuildError> {
    let builder = PrometheusBuilder::new().with_http_listener(listen);
    builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?.install()?;
    describe();
    Ok(())
}

fn describe() {
    describe_histogram!("whorl_request_seconds", Unit::Seconds, "time of a call, by method and code");
    describe_counter!("whorl_refused_total", "calls that the guard refused, by method and code");
    describe_histogram!("whorl_search_seconds", Unit::Seconds, "time of a search, by stage: queued, coarse, fine");
    describe_counter!("whorl_comparisons_total", "coarse comparisons");
    describe_counter!("whorl_fine_comparisons_total", "fine comparisons");
    describe_counter!("whorl_candidates_total", "subjects that came up in searches");
    describe_counter!("whorl_answers_not_kept_total", "answers that the store did not keep: they cannot be replayed");
    describe_counter!("whorl_passes_total", "passes over parts of galleries, by whether searches shared them");
    describe_counter!("whorl_incidents_total", "engines that failed while they searched");
    describe_gauge!("whorl_searches_queued", "searches under way, in whatever stage");
    describe_gauge!("whorl_searches_running", "searches whose fingers are being compared");
    describe_counter!("whorl_references_enrolled_total", "references enrolled");
    describe_gauge!("whorl_references", "references that are searched, by finger position");
    describe_gauge!("whorl_shards", "shards, by finger position");
    describe_gauge!("whorl_shard_generation", "newest generation of a shard, by finger position");
    describe_histogram!("whorl_log_sync_seconds", Unit::Seconds, "time until a group commit is on the disk");
    describe_histogram!("whorl_log_operations", "operations of a group commit");
    describe_counter!("whorl_log_bytes_total", Unit::Bytes, "bytes written to the log");
    describe_gauge!("whorl_log_queued", "operations that wait for the log");
    describe_gauge!("whorl_store_bytes", Unit::Bytes, "bytes of the store, by kind: disk, dead, memory, memory_limit");
    describe_counter!("whorl_compactions_total", "compactions");
    describe_gauge!("whorl_card_state", "1 for the state that an engine is in, by engine and state");
    describe_gauge!("whorl_card_comparisons_per_second", "comparisons per second that an engine has shown");
    describe_gauge!("whorl_resident_bytes", Unit::Bytes, "memory of this process");
}

/// A call ended.
pub fn request(method: &'static str, code: Code, took: Duration) {
    histogram!("whorl_request_seconds", "method" => method, "code" => code_name(code)).record(took);
}

/// The guard refused a call.
pub fn refused(method: &'static str, code: Code) {
    counter!("whorl_refused_total", "method" => method, "code" => code_name(code)).increment(1);
}

/// An answer cannot be replayed.
pub fn not_kept() {
    counter!("whorl_answers_not_kept_total").increment(1);
}

/// References were enrolled.
pub fn enrolled(references: u32) {
    counter!("whorl_references_enrolled_total").increment(references.into());
}

/// A search has an answer.
pub fn searched(finished: &Finished) {
    let (timing, found) = (&finished.timing, &finished.identification);
    for (stage, took) in [("queued", timing.queued), ("coarse", timing.coarse), ("fine", timing.fine)] {
        histogram!("whorl_search_seconds", "stage" => stage).record(took);
    }
    counter!("whorl_comparisons_total").increment(found.coarse.iter().map(|(_, answer)| answer.comparisons).sum());
    counter!("whorl_fine_comparisons_total").increment(found.fine_comparisons);
    counter!("whorl_candidates_total").increment(found.candidates.len() as u64);
    let shared = u64::from(timing.shared_passes);
    counter!("whorl_passes_total", "shared" => "yes").increment(shared);
    counter!("whorl_passes_total", "shared" => "no").increment(u64::from(timing.passes).saturating_sub(shared));
    let incidents: usize = found.coarse.iter().map(|(_, answer)| answer.incidents.len()).max().unwrap_or(0);
    counter!("whorl_incidents_total").increment(incidents as u64);
}

/// How things stand, taken now and then.
pub fn levels(
    queued: usize,
    running: usize,
    engines: &[MemberStatus],
    store: &StoreStats,
    partitions: &[PartitionStats],
) {
    gauge!("whorl_searches_queued").set(queued as f64);
    gauge!("whorl_searches_running").set(running as f64);
    gauge!("whorl_log_queued").set(store.queued as f64);
    for (kind, bytes) in [
        ("disk", store.disk_bytes),
        ("dead", store.dead_bytes),
        ("memory", store.memory_bytes),
        ("memory_limit", store.memory_limit_bytes),
    ] {
        gauge!("whorl_store_bytes", "kind" => kind).set(bytes as f64);
    }
    for position in 0..=10_u8 {
        let of = || partitions.iter().filter(move |partition| partition.position == position);
        let label = position.to_string();
        gauge!("whorl_references", "position" => label.clone()).set(of().map(|p| p.references).sum::<u64>() as f64);
        gauge!("whorl_shards", "position" => label.clone()).set(of().map(|p| p.shards).sum::<u64>() as f64);
        let newest = of().map(|p| p.generation).max().unwrap_or(0);
        gauge!("whorl_shard_generation", "position" => label).set(newest as f64);
    }
    for engine in engines {
        let is = match engine.service {
            InService::InService => "in_service",
            InService::Draining => "draining",
            InService::Drained => "drained",
            InService::OutOfService { .. } => "out_of_service",
        };
        for state in ["in_service", "draining", "drained", "out_of_service"] {
            let value = f64::from(u8::from(state == is));
            gauge!("whorl_card_state", "engine" => engine.name.clone(), "state" => state).set(value);
        }
        gauge!("whorl_card_comparisons_per_second", "engine" => engine.name.clone())
            .set(engine.comparisons_per_second as f64);
    }
    if let Some(bytes) = resident_bytes(None) {
        gauge!("whorl_resident_bytes").set(bytes as f64);
    }
}

/// Resident bytes of a process; `None`: of this one.
pub fn resident_bytes(pid: Option<u32>) -> Option<u64> {
    let process = pid.map_or_else(|| "self".into(), |pid| pid.to_string());
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    kib.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Tells the metrics of what the store does.
#[derive(Debug)]
pub struct StoreMetrics;

impl StoreObserver for StoreMetrics {
    fn committed(&self, commit: &Commit) {
        histogram!("whorl_log_sync_seconds").record(commit.sync);
        histogram!("whorl_log_operations").record(commit.operations as f64);
        counter!("whorl_log_bytes_total").increment(commit.bytes as u64);
    }

    fn compacted(&self, _: &Compaction) {
        counter!("whorl_compactions_total").increment(1);
    }
}

/// A gRPC code as the protocol names it.
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
