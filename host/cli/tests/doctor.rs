//! `whorl doctor`, `whorl card selftest` and `whorl card reset` on simulated cards: output and exit codes.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A folder with a simulated card, which goes with it.
struct Bench {
    card: Child,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
        command.args(["sim", "--socket"]).arg(folder.path().join("card.sock")).stderr(Stdio::null());
        let bench = Self { card: command.spawn().expect("whorl starts"), folder };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !bench.socket().exists() {
            assert!(Instant::now() < deadline, "no socket");
            sleep(Duration::from_millis(10));
        }
        bench
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("card.sock")
    }

    fn engine(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    fn whorl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
        command.env("WHORL_RUNTIME_DIR", self.folder.path().join("run")).args(arguments);
        command.args(["--engine", &self.engine()]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.whorl(arguments).output().expect("whorl starts")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.card.kill();
        let _ = self.card.wait();
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let findings = report["findings"].as_array().expect("a list").iter();
    findings.filter_map(|finding| Some((finding["check"].as_str()?, finding["outcome"].as_str()?))).collect()
}

#[test]
fn a_simulated_card_that_is_well_passes_every_check() {
    let bench = Bench::new();
    let output = bench.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report = json(&output);
    let checks = [
        "connection",
        "link",
        "bus mastering",
        "identity",
        "interface",
        "specification",
        "state",
        "error log",
        "self test",
    ];
    assert_eq!(outcomes(&report), checks.map(|check| (check, "pass")));
    assert!(report["findings"].as_array().is_some_and(|all| all.iter().all(|one| one["card"] == bench.engine())));
    // It is free again, and as it was.
    assert_eq!(bench.run(&["doctor"]).status.code(), Some(0));
}

#[test]
fn a_card_that_is_not_there_fails_with_cause_and_remedy_and_a_code_of_its_own() {
    let mut bench = Bench::new();
    bench.card.kill().expect("the card can be killed");
    bench.card.wait().expect("the card ends");
    let output = bench.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(7));
    let report = json(&output);
    let first = &report["findings"][0];
    assert_eq!(outcomes(&report)[0], ("connection", "fail"));
    assert!(first["cause"].as_str().is_some_and(|cause| cause.contains("No card is served at")), "{first}");
    assert!(first["remedy"].as_str().is_some_and(|remedy| remedy.contains("Start the simulator")), "{first}");
    assert!(outcomes(&report)[1..].iter().all(|(_, outcome)| *outcome == "skipped"), "{report}");
    assert_eq!(bench.run(&["card", "selftest"]).status.code(), Some(4));
}

#[test]
fn a_card_in_use_is_left_alone_and_its_owner_named() {
    let bench = Bench::new();
    let run = bench.folder.path().join("run");
    let mut owner = bench
        .whorl(&["bench", "--fingers", "400", "--probes", "500"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("whorl starts");
    let published = |folder: &Path| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    let deadline = Instant::now() + Duration::from_mins(1);
    while !published(&run) {
        assert!(Instant::now() < deadline, "nothing was published");
        sleep(Duration::from_millis(20));
    }
    let started = Instant::now();
    let output = bench.run(&["doctor", "--json"]);
    let took = started.elapsed();
    owner.kill().expect("the owner can be killed");
    owner.wait().expect("the owner ends");
    let report = json(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(outcomes(&report).iter().all(|(_, outcome)| *outcome == "skipped"), "{report}");
    let expected = format!("the card is in use by process {}", owner.id());
    assert_eq!(report["findings"][0]["cause"], expected);
    assert!(took < Duration::from_secs(2), "it knocked at the card: {took:?}");
}

#[test]
fn a_self_test_and_resets_leave_a_card_that_searches() {
    let bench = Bench::new();
    let report = json(&bench.run(&["card", "selftest", "--json"]));
    assert_eq!(report["well"], true, "{report}");
    let parts: Vec<_> = report["parts"].as_array().expect("a list").iter().map(|part| part["part"].clone()).collect();
    assert_eq!(parts, ["engine of stream 0, probe slot 0", "card memory, channel 0", "interrupt", "error log"]);
    for (arguments, step) in
        [(&["card", "reset", "--json"][..], "card"), (&["card", "reset", "--function", "--json"], "function")]
    {
        let output = bench.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report = json(&output);
        assert_eq!((&report["step"], &report["not_enough"]), (&step.into(), &Value::Null));
        let [taken] = &report["steps"].as_array().expect("a list")[..] else { panic!("{report}") };
        assert_eq!((&taken["step"], &taken["failure"]), (&step.into(), &Value::Null));
        assert!(taken["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{report}");
        assert!(report["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds < 10.0), "{report}");
    }
    let told = bench.run(&["card", "reset"]);
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(told.contains(": card reset, 0.") && told.contains(": back after a card reset, "), "{told}");
    let info = json(&bench.run(&["card", "info", "--json"]));
    assert_eq!((&info["errors"]["count"], &info["errors"]["first"]), (&0.into(), &Value::Null));
    let output = bench.run(&["card", "info"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("error log     empty"));
    let output = bench.run(&["bench", "--fingers", "20", "--probes", "1", "--json"]);
    assert_eq!(json(&output)["comparisons"], 20);
}

#[test]
fn what_is_no_card_is_wrong_usage() {
    for arguments in [
        &["doctor", "--engine", "cpu"][..],
        &["doctor", "--engine", "vfio:65"],
        &["card", "selftest", "--engine", "cpu"],
        &["card", "reset", "--engine", "cpu"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_whorl")).args(arguments).output().expect("whorl starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
