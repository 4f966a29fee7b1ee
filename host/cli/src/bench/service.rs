//! A gallery of record and its appliance: enrolling, loading, bytes, and searches through the service beside bare ones.

use super::Options;
use super::overhead::processor_time;
use crate::engine::EngineChoice;
use crate::error::CliError;
use crate::gallery;
use crate::gallery::import::{Imported, Source, enroll};
use crate::pool;
use rustix::time::ClockId;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tonic::transport::Channel;
use whorl_gallery::{MasterKey, Recovery, Snapshot, Store};
use whorl_matcher::{Backend, Probe, Role, encode};
use whorl_search::{Cascade, CpuEngine, Engine, ProbeFinger, Searched};
use whorl_server::client::Access;
use whorl_server::config::Config;
use whorl_server::identity::Role as ClientRole;
use whorl_server::metrics::resident_bytes;
use whorl_server::proto::gallery_client::GalleryClient;
use whorl_server::proto::search_client::SearchClient;
use whorl_server::proto::{CountRequest, IdentifyRequest, Purpose};
use whorl_server::serve::{Parts, start};
use whorl_server::{pki, proto};
use whorl_synth::{Distortion, Finger};
use whorl_template::{LengthCheck, iso19794_2_2005, read_any};

const GALLERY: &str = "bench";
/// Candidates of a list, in both ways.
const CANDIDATES: u32 = 10;

/// What a search took.
#[derive(Debug, Clone, Copy)]
struct Took {
    time: Duration,
    /// Processor time of the whole process: through the service, that of client and server.
    cpu: Duration,
    /// Of `time`, what the coarse stage and the fine one took, the wait before them included.
    stages: [Duration; 2],
    /// Of `time`, what was spent in the server, or past it; the rest is the client's and the way there and back.
    inside: Duration,
}

/// Pairs of searches, and calls that only say how many are enrolled: the way to the server and back, and its audit log.
#[derive(Debug, Default)]
struct Searches {
    bare: Vec<Took>,
    service: Vec<Took>,
    calls: Vec<Duration>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    if options.engine != EngineChoice::Cpu {
        return Err(CliError::Usage("--service compares with the CPU engine; give --engine cpu".into()));
    }
    let folder = tempfile::tempdir()?;
    let (store_folder, key_file) = (folder.path().join("store"), folder.path().join("key"));
    write_key(&key_file)?;
    let key = MasterKey::from_file(&key_file).map_err(whorl_gallery::StoreError::from)?;
    let store = Store::create(&store_folder, gallery::options(Some(key.clone()), None))?;
    let imported = enroll(&store, &Source::Synthetic { seed: options.seed, fingers: options.fingers }, GALLERY)?;
    drop(store);
    let stats = stats_of(&store_folder, &key_file)?;
    let (store, recovery) = gallery::with_bar::<_, whorl_gallery::StoreError>("reading the log", |of| {
        Store::open(&store_folder, gallery::options(Some(key), None), of)
    })?;
    let templates = probes(options)?;
    let searches = searches(folder.path(), Arc::new(store), &templates)?;
    let value = to_json(options, &imported, &recovery, &stats, &searches);
    let mut out = std::io::stdout().lock();
    if options.json {
        writeln!(out, "{value}")?;
    } else {
        write_text(&mut out, &value)?;
    }
    Ok(())
}

fn write_key(file: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut key = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    Ok(key.write_all("5a".repeat(32).as_bytes())?)
}

/// What a process of its own says of the store: this one has memory of the import.
fn stats_of(store: &Path, key: &Path) -> Result<Value, CliError> {
    let mut stats = Command::new(std::env::current_exe()?);
    stats.args(["gallery", "stats", "--json", "--folder"]).arg(store).arg("--key-file").arg(key);
    let said = stats.output()?;
    serde_json::from_slice(&said.stdout).map_err(|error| {
        let err = String::from_utf8_lossy(&said.stderr);
        CliError::Mismatch(format!("whorl gallery stats printed no JSON: {error}: {err}"))
    })
}

/// Other impressions of fingers spread over the gallery, as minutiae files.
fn probes(options: &Options) -> Result<Vec<Vec<u8>>, CliError> {
    let step = (options.fingers / options.probes).max(1);
    let template = |nth: u32| {
        let finger = Finger::new(options.seed, (nth * step) % options.fingers);
        iso19794_2_2005::write(&finger.impression(1, &Distortion::default()))
            .map_err(|source| CliError::Template { path: format!("synthetic probe {nth}").into(), source })
    };
    (0..options.probes).map(template).collect()
}

/// Each probe past the service and through it, one after the other, so that both see the same machine.
fn searches(folder: &Path, store: Arc<Store>, templates: &[Vec<u8>]) -> Result<Searches, CliError> {
    let snapshot = store.snapshot(GALLERY)?;
    let mut engine = CpuEngine::new(Backend::Auto);
    for shard in snapshot.shards() {
        engine.load(Arc::clone(shard)).map_err(CliError::engine("cpu"))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let config = config(folder)?;
    let (pool, _) = pool::open_named(&[EngineChoice::Cpu], false, false)?;
    let serving = runtime.block_on(start(&config, Parts { store, pool, benches: BTreeMap::new() }))?;
    let pair = |ending: &str| folder.join(format!("pki/{}.{ending}", ClientRole::Searcher));
    let access = Access {
        server: format!("https://localhost:{}", serving.address.port()),
        ca: Some(folder.join("pki/ca.pem")),
        certificate: Some((pair("pem"), pair("key"))),
    };
    // A client is another program with threads of its own.
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let channel = client.block_on(access.connect())?;
    let mut searches = Searches::default();
    for (nth, template) in templates.iter().enumerate() {
        let mut bare = || timed(|| search_bare(&mut engine, &snapshot, template));
        let service = || timed(|| client.block_on(search_service(channel.clone(), template)));
        // In turn: what comes second finds the caches warm.
        let ((first, past), (second, through)) = if nth % 2 == 0 {
            let past = bare()?;
            (past, service()?)
        } else {
            let through = service()?;
            (bare()?, through)
        };
        if first != second {
            return Err(CliError::Mismatch(format!("probe {nth}: {first:?} past the service, {second:?} through it")));
        }
        // The first search through it has the engine load the gallery.
        if nth > 0 {
            searches.bare.push(past);
            searches.service.push(through);
        }
        let start = Instant::now();
        client.block_on(GalleryClient::new(channel.clone()).count(CountRequest { gallery: GALLERY.into() }))?;
        searches.calls.push(start.elapsed());
    }
    runtime.block_on(serving.stop())?;
    Ok(searches)
}

fn config(folder: &Path) -> Result<Config, CliError> {
    pki::init(&folder.join("pki"), &["localhost".into()], 1)?;
    let path = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[server.tls]\ncertificate = {:?}\nkey = {:?}\nclient_ca = {:?}\n\
         [gallery]\nfolder = {:?}\nkey_file = {:?}\n[audit]\nfolder = {:?}\n",
        path("pki/server.pem"),
        path("pki/server.key"),
        path("pki/ca.pem"),
        path("store"),
        path("key"),
        path("audit"),
    );
    Ok(Config::parse(&folder.join("whorl.toml"), &text)?)
}

fn timed(work: impl FnOnce() -> Result<Answered, CliError>) -> Result<(List, Took), CliError> {
    let (start, before) = (Instant::now(), processor_time(ClockId::ProcessCPUTime));
    let Answered { list, stages, inside } = work()?;
    let cpu = processor_time(ClockId::ProcessCPUTime).saturating_sub(before);
    let time = start.elapsed();
    Ok((list, Took { time, cpu, stages, inside: inside.unwrap_or(time) }))
}

/// A list as it is compared: subjects with the bits of their ratios.
type List = Vec<(String, u64)>;

/// What a search gave.
struct Answered {
    list: List,
    stages: [Duration; 2],
    /// Time in the server, where there is one.
    inside: Option<Duration>,
}

/// File, record, engine, fine stage: all but the service.
fn search_bare(engine: &mut CpuEngine, snapshot: &Snapshot, template: &[u8]) -> Result<Answered, CliError> {
    let failed = |source| CliError::Template { path: "synthetic probe".into(), source };
    let template = read_any(template, LengthCheck::Lenient).map_err(failed)?;
    let finger = |view: &whorl_template::FingerView| {
        let record = encode(view, template.resolution_x, template.resolution_y, Role::Probe);
        Ok(ProbeFinger { probe: Probe::new(&record)?, position: view.position })
    };
    let fingers = template.views.iter().map(finger).collect::<Result<Vec<_>, CliError>>()?;
    let searched = Searched { shards: snapshot.shards(), directory: snapshot };
    let found = Cascade::default().search(&[fingers], searched, |search| engine.search(search));
    let (found, coarse) = found.map_err(CliError::engine("cpu"))?;
    let fine = found.iter().map(|found| found.fine_time).sum();
    let candidates = found.iter().flat_map(|found| &found.candidates).take(CANDIDATES as usize);
    let list = candidates.filter_map(|c| Some((snapshot.subject_name(c.subject)?, c.llr.to_bits()))).collect();
    Ok(Answered { list, stages: [coarse, fine], inside: None })
}

async fn search_service(channel: Channel, template: &[u8]) -> Result<Answered, CliError> {
    let request = IdentifyRequest {
        gallery: GALLERY.into(),
        templates: vec![template.to_vec()],
        purpose: Purpose::SystemTest.into(),
        max_candidates: CANDIDATES,
        ..Default::default()
    };
    let answer = SearchClient::new(channel).identify(request).await?.into_inner();
    let timing = answer.timing.unwrap_or_default();
    let of = |stage: Option<prost_types::Duration>| Duration::try_from(stage.unwrap_or_default()).unwrap_or_default();
    let candidate = |c: proto::Candidate| (c.subject, c.llr.to_bits());
    let list = answer.candidates.into_iter().map(candidate).collect();
    let stages = [of(timing.queued) + of(timing.coarse), of(timing.fine)];
    Ok(Answered { list, stages, inside: Some(of(timing.total)) })
}

fn quantile(mut times: Vec<f64>, share: f64) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied()
}

/// The median and the bounds between which it lies at 95 %, whatever the distribution: the ranks of a binomial of one half, by its
/// normal approximation (Conover, Practical Nonparametric Statistics, 3.2).
fn median_with_bounds(times: &[f64]) -> Value {
    let off = 0.98 / (times.len() as f64).sqrt();
    let at = |share| quantile(times.to_vec(), share);
    json!({"p50_ms": at(0.5), "low_ms": at(0.5 - off), "high_ms": at(0.5 + off)})
}

fn to_json(options: &Options, imported: &Imported, recovery: &Recovery, stats: &Value, searches: &Searches) -> Value {
    let Searches { bare, service, calls } = searches;
    let ms = |times: &Vec<Took>| times.iter().map(|t| t.time.as_secs_f64() * 1e3).collect::<Vec<_>>();
    let cpu =
        |times: &Vec<Took>| times.iter().map(|t| t.cpu.as_secs_f64() * 1e3).sum::<f64>() / times.len().max(1) as f64;
    let stage = |times: &Vec<Took>, nth: usize| {
        quantile(times.iter().map(|t| t.stages[nth].as_secs_f64() * 1e3).collect(), 0.5)
    };
    let rest = |times: &Vec<Took>| {
        times.iter().map(|t| t.time.saturating_sub(t.stages.iter().sum()).as_secs_f64() * 1e3).collect()
    };
    let of = |times: &Vec<Took>| {
        json!({"p50_ms": quantile(ms(times), 0.5), "p99_ms": quantile(ms(times), 0.99), "cpu_ms": cpu(times),
            "coarse_p50_ms": stage(times, 0), "fine_p50_ms": stage(times, 1), "rest_p50_ms": quantile(rest(times), 0.5)})
    };
    let beside = |part: fn(&Took) -> Duration| {
        let of = |took: &Took| part(took).as_secs_f64() * 1e3;
        median_with_bounds(&service.iter().zip(bare).map(|(through, past)| of(through) - of(past)).collect::<Vec<_>>())
    };
    let references = stats["references"].as_f64().unwrap_or(1.0).max(1.0);
    let p50 = quantile(ms(bare), 0.5).unwrap_or(f64::INFINITY);
    json!({
        "fingers": options.fingers,
        "import": {"seconds": imported.seconds, "per_second": imported.enrolled as f64 / imported.seconds},
        "load": {"seconds": recovery.seconds, "per_second": references / recovery.seconds},
        "bytes_per_finger": {
            "disk": stats["bytes_per_reference"]["disk"], "memory_estimated": stats["bytes_per_reference"]["memory"],
            "resident": stats["resident_bytes"].as_f64().map(|bytes| bytes / references),
            "card": stats["bytes_per_reference"]["card"],
        },
        "searches": service.len(),
        "bare": of(bare),
        "service": of(service),
        "comparisons_per_second": references / p50 * 1e3,
        "overhead": {"with_client": beside(|took| took.time), "in_server": beside(|took| took.inside),
            "cpu_share": cpu(service) / cpu(bare) - 1.0},
        "empty_call_p50_ms": quantile(calls.iter().map(|took| took.as_secs_f64() * 1e3).collect(), 0.5),
        "resident_bytes_of_this_process": resident_bytes(None),
    })
}

fn write_text(out: &mut impl Write, value: &Value) -> std::io::Result<()> {
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    writeln!(
        out,
        "{:.0} synthetic fingers enrolled durably in {:.1} s, {:.0}/s; read again in {:.2} s, {:.0}/s",
        number("/fingers"),
        number("/import/seconds"),
        number("/import/per_second"),
        number("/load/seconds"),
        number("/load/per_second")
    )?;
    writeln!(
        out,
        "bytes per finger: {:.0} on disk, {:.0} resident in a process that has opened the store ({:.0} by its own count), {:.0} on a card",
        number("/bytes_per_finger/disk"),
        number("/bytes_per_finger/resident"),
        number("/bytes_per_finger/memory_estimated"),
        number("/bytes_per_finger/card")
    )?;
    for (name, key) in [("past the service", "bare"), ("through it", "service")] {
        let of = |what: &str| number(&format!("/{key}/{what}"));
        writeln!(
            out,
            "a search {name:<16}: p50 {:.2} ms ({:.2} coarse, {:.2} fine, {:.2} beside them), p99 {:.2} ms, {:.2} ms of processor time",
            of("p50_ms"),
            of("coarse_p50_ms"),
            of("fine_p50_ms"),
            of("rest_p50_ms"),
            of("p99_ms"),
            of("cpu_ms")
        )?;
    }
    writeln!(
        out,
        "the service adds {:.2} ms ({:.2} to {:.2}; median of {:.0} pairs and its 95 % bounds); with the way there and back, TLS and \
         the client {:.2} ms ({:.2} to {:.2}), and {:.2} % of processor time; a call without a search takes {:.2} ms",
        number("/overhead/in_server/p50_ms"),
        number("/overhead/in_server/low_ms"),
        number("/overhead/in_server/high_ms"),
        number("/searches"),
        number("/overhead/with_client/p50_ms"),
        number("/overhead/with_client/low_ms"),
        number("/overhead/with_client/high_ms"),
        100.0 * number("/overhead/cpu_share"),
        number("/empty_call_p50_ms")
    )
}
