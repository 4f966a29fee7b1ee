//! `whorl bench` and `whorl card top`: what the counters of a card say.

use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn whorl(runtime: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
    command.env("WHORL_RUNTIME_DIR", runtime);
    command
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn bench(engine: &str) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let arguments = ["bench", "--fingers", "80", "--probes", "3", "--json", "--engine", engine];
    json(&whorl(folder.path()).args(arguments).output().expect("whorl starts"))
}

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn bench_counts_what_the_card_did_and_says_what_limits_it() {
    let run = bench("sim");
    assert_eq!((run["comparisons"].as_u64(), run["card"]["comparisons"].as_u64()), (Some(240), Some(240)));
    let stream = &run["card"]["streams"][0];
    // Known answers go along: eight fixed records and two mates of the probe, in each of three passes.
    assert_eq!(stream["records"], 240 + 3 * 10);
    let mean = run["gallery"]["mean_minutiae"].as_f64().unwrap();
    let known = stream["minutiae"].as_f64().unwrap() - 240.0 * mean;
    assert!((3.0..3.0 * 10.0 * 96.0).contains(&known), "{run}");
    assert_eq!(run["model"]["regime"], "compute");
    let efficiency = stream["efficiency"].as_f64().unwrap();
    assert!((0.7..1.0).contains(&efficiency), "{run}");

    let starved = bench("sim,bytes_per_cycle=4");
    assert_eq!(starved["model"]["regime"], "link");
    let measured = starved["cycles_per_record"].as_f64().unwrap();
    let modelled = starved["model"]["cycles_per_record"].as_f64().unwrap();
    assert!((modelled * 0.999..modelled * 1.1).contains(&measured), "{starved}");
    assert!(starved["card"]["streams"][0]["starved"].as_f64().unwrap() > 0.7, "{starved}");
}

#[test]
fn bench_of_the_cpu_has_no_card_in_it() {
    let run = bench("cpu");
    assert_eq!(run["comparisons"], 240);
    assert!(run["comparisons_per_second"].as_f64().unwrap() > 0.0 && run["card"].is_null());
}

#[test]
fn top_shows_the_work_of_another_process() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let socket = folder.path().join("card.sock");
    let engine = format!("unix:{}", socket.display());
    let start = |command: &mut Command| Running(command.stdout(Stdio::null()).spawn().expect("whorl starts"));
    let _card = start(whorl(folder.path()).args(["sim", "--bytes-per-cycle", "2", "--socket"]).arg(&socket));
    let deadline = Instant::now() + Duration::from_secs(30);
    while !socket.exists() {
        assert!(Instant::now() < deadline, "no socket");
        sleep(Duration::from_millis(10));
    }
    // Top waits for somebody to drive the card.
    let mut top = whorl(folder.path())
        .args(["card", "top", "--json", "--count", "1", "--engine", &engine])
        .stdout(Stdio::piped())
        .spawn()
        .expect("whorl starts");
    let owner = start(whorl(folder.path()).args(["bench", "--fingers", "400", "--probes", "500", "--engine", &engine]));
    let deadline = Instant::now() + Duration::from_mins(1);
    while top.try_wait().expect("top can be asked").is_none() {
        if Instant::now() > deadline {
            top.kill().expect("top can be killed");
            panic!("top showed nothing");
        }
        sleep(Duration::from_millis(20));
    }
    let seen = json(&top.wait_with_output().expect("top ends"));
    assert_eq!((seen["engine"].as_str(), seen["pid"].as_u64()), (Some(engine.as_str()), Some(owner.0.id().into())));
    assert!(seen["streams"][0]["records"].as_u64().unwrap() > 0, "{seen}");
    assert!(seen["streams"][0]["starved"].as_f64().unwrap() > 0.8, "{seen}");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for arguments in [["--engine", "sim", "--interval", "1"], ["--engine", "unix:/x", "--interval", "0"]] {
        let output = whorl(folder.path()).args(["card", "top"]).args(arguments).output().expect("whorl starts");
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
