//! The `whorl` command as scripts use it: output, exit codes, bad input, and cards that go away.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn whorl() -> Command {
    Command::new(env!("CARGO_BIN_EXE_whorl"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are text")
}

fn run(arguments: &[&str]) -> Output {
    whorl().args(arguments).output().expect("whorl starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with `gallery` of so many fingers and `probes` of the first few.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(fingers: u32, probes: u32) -> Self {
        let files = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        let synth = |count: u32, impression: &str, out: &Path| {
            let count = count.to_string();
            let output = run(&[
                "synth",
                "--seed",
                "5",
                "--fingers",
                &count,
                "--first-impression",
                impression,
                "--out",
                text(out),
            ]);
            assert!(output.status.success(), "{}", stderr(&output));
        };
        synth(fingers, "1", &files.path("gallery"));
        synth(probes, "2", &files.path("probes"));
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn identify(&self, engine: &str) -> Command {
        let mut command = whorl();
        command.env("WHORL_RUNTIME_DIR", self.path("run"));
        command.args(["identify", "--stage", "coarse", "--json", "--top", "5", "--engine", engine]);
        command.arg("--gallery").arg(self.path("gallery")).arg("--probe").arg(self.path("probes"));
        command
    }

    /// Returns when the card of a running `identify` has compared something, by the counters that its owner publishes.
    fn wait_for_comparisons(&self) {
        let compared = || {
            let published = fs::read_dir(self.path("run")).ok()?.filter_map(|entry| fs::read(entry.ok()?.path()).ok());
            let counts = published.filter_map(|bytes| {
                let snapshot: Value = serde_json::from_slice(&bytes).ok()?;
                snapshot.pointer("/activity/card/comparisons")?.as_u64()
            });
            counts.max()
        };
        let begin = Instant::now();
        while compared().unwrap_or(0) == 0 {
            assert!(begin.elapsed() < Duration::from_mins(2), "the card has compared nothing yet");
            sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self, engine: &str) -> Vec<Value> {
        let output = self.identify(engine).output().expect("whorl starts");
        assert!(output.status.success(), "{}", stderr(&output));
        let lines = String::from_utf8(output.stdout).expect("JSON is text");
        lines.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
    }
}

/// A process that does not outlive its test.
struct Running(Child);

impl Running {
    /// A simulated card, once its socket is there.
    fn simulator(socket: &Path) -> Self {
        let _ = fs::remove_file(socket); // of one that was killed
        let child =
            whorl().args(["sim", "--socket", text(socket)]).stderr(Stdio::null()).spawn().expect("whorl starts");
        let running = Self(child);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !socket.exists() {
            assert!(Instant::now() < deadline, "no socket within 10 s");
            sleep(Duration::from_millis(5));
        }
        running
    }

    /// SIGKILL, as by `kill -9`.
    fn kill(&mut self) {
        self.0.kill().expect("the process can be killed");
        self.0.wait().expect("the process ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn identify_finds_the_mates_and_prints_the_agreed_json() {
    let files = Files::new(60, 3);
    for (nth, answer) in files.answers("cpu").iter().enumerate() {
        assert!(answer["probe"].as_str().is_some_and(|p| p.ends_with(&format!("{nth:06}_2.iso"))));
        assert_eq!(answer["comparisons"], 60);
        assert_eq!(answer["cycles"], Value::Null);
        assert_eq!(answer["coverage"]["records"], 60);
        assert!(answer["engine"].as_str().is_some_and(|e| e.starts_with("cpu")));
        let candidates = answer["candidates"].as_array().expect("a list");
        assert_eq!(candidates.len(), 5);
        assert_eq!(candidates[0]["rank"], 1);
        assert_eq!(candidates[0]["reference"], format!("{nth:06}_1.iso"));
        let scores: Vec<_> = candidates.iter().filter_map(|c| c["score"].as_u64()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b) && scores[0] > 1000, "{scores:?}");
    }
}

#[test]
fn compare_and_encode_print_the_agreed_json() {
    let files = Files::new(1, 1);
    let (probe, reference) = (files.path("probes/000000_2.iso"), files.path("gallery/000000_1.iso"));
    let output = run(&["compare", text(&probe), text(&reference), "--json", "--taps"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for key in ["score", "best", "reference_lane", "probe_minutiae", "reference_minutiae"] {
        assert!(value[key].is_u64(), "{key} in {value}");
    }
    let lanes = value["taps"]["distances"].as_array().map(Vec::len);
    assert_eq!(lanes.map(|n| n as u64), value["probe_minutiae"].as_u64());
    let best = value["taps"]["sums"].as_array().and_then(|sums| sums.iter().filter_map(Value::as_u64).max());
    assert_eq!(best, value["best"].as_u64());

    let output = run(&["encode", text(&reference), "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let lines = value["lines"].as_u64().expect("a count");
    assert_eq!(value["record"].as_str().map(|r| r.len() as u64), Some(lines * 128));
    assert_eq!(value["minutiae"].as_u64().map(|n| n.div_ceil(3)), Some(lines));
}

#[test]
fn the_simulated_card_gives_the_cpus_lists() {
    let files = Files::new(80, 3);
    let expected = files.answers("cpu");
    for engine in ["sim", "sim:2x2"] {
        let answers = files.answers(engine);
        for (answer, expected) in answers.iter().zip(&expected) {
            assert_eq!(answer["candidates"], expected["candidates"], "{engine}");
            assert_eq!(answer["comparisons"], 80);
            assert!(answer["cycles"].as_u64().is_some_and(|c| c > 80), "{engine}");
        }
        assert_eq!(answers.len(), expected.len());
    }
}

#[test]
fn a_resident_gallery_gives_the_same_lists_as_far_as_it_fits() {
    let files = Files::new(80, 3);
    let streamed = files.answers("sim:2x2");
    let output = files.identify("sim:2x2,memory=hbm2,memory_mib=1").arg("--resident").output().expect("whorl starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = String::from_utf8(output.stdout).expect("JSON is text");
    let answers: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect();
    assert_eq!(answers.len(), streamed.len());
    for (answer, expected) in answers.iter().zip(&streamed) {
        for field in ["candidates", "comparisons", "coverage"] {
            assert_eq!(answer[field], expected[field], "{field}");
        }
        assert!(answer["resident"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
        assert_eq!(answer["resident"]["bytes"], answer["resident"]["of"]);
        assert_eq!(expected["resident"], Value::Null);
    }
    let info = run(&["card", "info", "--engine", "sim:2x2,memory_mib=3"]);
    let said = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(said.contains("2 channels of 3 MiB"), "{said}");
    let refused = files.identify("cpu").arg("--resident").output().expect("whorl starts");
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}

#[test]
fn what_does_not_fit_into_card_memory_is_streamed() {
    let files = Files::new(1600, 1);
    let expected = files.answers("cpu");
    let output = files.identify("sim,memory_mib=1").arg("--resident").output().expect("whorl starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(answer["candidates"], expected[0]["candidates"]);
    assert_eq!(answer["comparisons"], 1600);
    let (bytes, of) = (answer["resident"]["bytes"].as_u64(), answer["resident"]["of"].as_u64());
    let (bytes, of) = (bytes.expect("a count"), of.expect("a count"));
    // Extents of 32 KiB leave free less than one of them, and less than 1 KiB behind each.
    assert!(bytes <= 1 << 20 && bytes > (1 << 20) - (64 << 10) && of > 1 << 20, "{bytes} of {of}");
}

#[test]
fn damaged_files_end_with_a_reason_and_exit_code_3() {
    let files = Files::new(2, 1);
    let good = fs::read(files.path("gallery/000001_1.iso")).expect("the file was written");
    let bad = files.path("gallery/000001_1.iso");
    let refused = |bytes: &[u8]| {
        fs::write(&bad, bytes).expect("the file can be written");
        let output = files.identify("cpu").output().expect("whorl starts");
        let said = stderr(&output);
        assert!(!said.contains("panicked"), "{said}");
        (output.status.code(), said)
    };
    for length in [0, 3, 10, 23, 27, 40, good.len() - 3] {
        let (code, said) = refused(&good[..length]);
        assert_eq!(code, Some(3), "cut to {length} bytes: {said}");
        assert!(said.contains("000001_1.iso"), "{said}");
    }
    for bit in 0..28 * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (code, said) = refused(&flipped);
        assert!(matches!(code, Some(0 | 3)), "bit {bit}: {code:?} {said}");
    }
    let (code, said) = refused(&vec![b'F'; (1 << 20) + 1]);
    assert_eq!(code, Some(3), "{said}");
    let (code, said) = refused(&[good.as_slice(), &[0; 4096]].concat());
    assert_eq!(code, Some(3), "{said}");
}

#[test]
fn wrong_usage_ends_with_exit_code_2() {
    for arguments in [
        &["identify", "--gallery", ".", "--probe", "x", "--engine", "gpu"][..],
        &["identify", "--gallery", ".", "--probe", "x", "--engine", "cpu", "--top", "257"],
        &["card", "info", "--engine", "cpu"],
        &["compare", "only-one"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_client_killed_in_mid_search_leaves_a_card_that_answers_the_next() {
    let files = Files::new(1500, 20);
    let socket = files.path("card.sock");
    let _card = Running::simulator(&socket);
    let engine = format!("unix:{}", socket.display());
    let mut client = Running(files.identify(&engine).stdout(Stdio::null()).spawn().expect("whorl starts"));
    files.wait_for_comparisons();
    assert!(client.0.try_wait().expect("the client can be asked").is_none(), "the search was over before the kill");
    client.kill();
    fs::remove_dir_all(files.path("probes")).expect("the probes can go");
    let output = run(&[
        "synth",
        "--seed",
        "5",
        "--fingers",
        "2",
        "--first-impression",
        "3",
        "--out",
        text(&files.path("probes")),
    ]);
    assert!(output.status.success());
    let candidates = |answers: Vec<Value>| answers.into_iter().map(|a| a["candidates"].clone()).collect::<Vec<_>>();
    assert_eq!(candidates(files.answers(&engine)), candidates(files.answers("cpu")));
}

/// Starts a search and kills its card in the middle of it. Returns how it ended, and how long after.
fn lose_card(files: &Files, card: &mut Running, mut search: Command) -> (Output, Duration) {
    let search = search.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("whorl starts");
    let mut client = Running(search);
    files.wait_for_comparisons();
    assert!(client.0.try_wait().expect("the client can be asked").is_none(), "the search was over before the kill");
    card.kill();
    let killed = Instant::now();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    std::io::Read::read_to_end(&mut client.0.stdout.take().expect("piped"), &mut stdout).expect("bytes");
    std::io::Read::read_to_end(&mut client.0.stderr.take().expect("piped"), &mut stderr).expect("bytes");
    let status = client.0.wait().expect("the client ends");
    (Output { status, stdout, stderr }, killed.elapsed())
}

#[test]
fn a_card_that_goes_away_in_mid_search_is_reported_lost_within_5_seconds() {
    let files = Files::new(1500, 20);
    let socket = files.path("card.sock");
    let mut card = Running::simulator(&socket);
    let engine = format!("unix:{}", socket.display());
    let mut search = files.identify(&engine);
    search.arg("--no-spare");
    let (output, took) = lose_card(&files, &mut card, search);
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    assert_eq!(output.status.code(), Some(5));
    let said = stderr(&output);
    assert!(said.contains("lost") && said.contains("of 1500 records were compared"), "{said}");
    // And no card at all is as lost as one that went away, or cannot be reached: never a hang, never success.
    assert!(matches!(run(&["card", "info", "--engine", &engine]).status.code(), Some(4 | 5)));
}

#[test]
fn what_a_lost_card_leaves_undone_the_other_card_and_the_cpu_do() {
    let files = Files::new(1500, 20);
    let sockets = [files.path("a.sock"), files.path("b.sock")];
    let [mut first, _second] = sockets.each_ref().map(|socket| Running::simulator(socket));
    let [a, b] = sockets.each_ref().map(|socket| format!("unix:{}", socket.display()));
    let right = files.answers("cpu");
    for others in [&["--engine", &b, "--no-spare"][..], &[]] {
        let mut search = files.identify(&a);
        search.args(others);
        let (output, _) = lose_card(&files, &mut first, search);
        assert!(output.status.success(), "{}", stderr(&output));
        let answers: Vec<Value> =
            serde_json::Deserializer::from_slice(&output.stdout).into_iter().collect::<Result<_, _>>().expect("JSON");
        for (answer, right) in answers.iter().zip(&right) {
            assert_eq!((&answer["candidates"], &answer["comparisons"]), (&right["candidates"], &right["comparisons"]));
        }
        assert_eq!(answers.len(), right.len());
        let incidents: Vec<_> =
            answers.iter().flat_map(|a| a["incidents"].as_array().cloned().unwrap_or_default()).collect();
        assert!(
            incidents.iter().any(|i| i["left_service"] == true && i["engine"] == format!("card {a}")),
            "{incidents:?}\n{}",
            stderr(&output)
        );
        let last = answers.last().expect("answers")["engines"].to_string();
        assert!(!last.contains(&a), "{last}");
        first = Running::simulator(&sockets[0]);
    }
}

#[test]
fn a_drained_card_is_let_go_of_in_mid_search_and_taken_up_again_when_resumed() {
    let files = Files::new(1500, 60);
    let sockets = [files.path("a.sock"), files.path("b.sock")];
    let _cards = sockets.each_ref().map(|socket| Running::simulator(socket));
    let [a, b] = sockets.each_ref().map(|socket| format!("unix:{}", socket.display()));
    let mut search = files.identify(&a);
    search.args(["--engine", &b, "--no-spare"]);
    let search = search.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("whorl starts");
    files.wait_for_comparisons();
    let whorl = |arguments: &[&str]| {
        whorl().args(arguments).env("WHORL_RUNTIME_DIR", files.path("run")).output().expect("whorl starts")
    };
    let drained = whorl(&["card", "drain", "--engine", &a, "--wait", "20"]);
    assert!(drained.status.success(), "{}", stderr(&drained));
    // Nobody holds it: another process can open it while the search goes on with the other card.
    let info = whorl(&["card", "info", "--engine", &a]);
    assert!(info.status.success(), "{}", stderr(&info));
    assert!(whorl(&["card", "resume", "--engine", &a]).status.success());
    let output = search.wait_with_output().expect("the search ends");
    assert!(output.status.success(), "{}", stderr(&output));
    let answers: Vec<Value> =
        serde_json::Deserializer::from_slice(&output.stdout).into_iter().collect::<Result<_, _>>().expect("JSON");
    let right = files.answers("cpu");
    for (answer, right) in answers.iter().zip(&right) {
        assert_eq!(answer["candidates"], right["candidates"]);
        assert_eq!(answer["incidents"], serde_json::json!([]));
    }
    let with_a: Vec<bool> = answers.iter().map(|answer| answer["engines"].to_string().contains(&a)).collect();
    let changes = with_a.chunk_by(|a, b| a == b).map(|run| run[0]).collect::<Vec<_>>();
    // The other card may now and then be quick enough to do all of a pass.
    assert!(changes.starts_with(&[true, false, true]), "{with_a:?}");
    // A mark outlives its search, and nobody opens a marked card.
    assert!(whorl(&["card", "drain", "--engine", &a]).status.success());
    let refused = files.identify(&a).args(["--no-spare"]).output().expect("whorl starts");
    assert_eq!(refused.status.code(), Some(4), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("whorl card resume --engine"), "{}", stderr(&refused));
}
