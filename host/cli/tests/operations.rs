//! docs/operations.md, run: every `sh` block against a simulated card, in order. `sh guest` blocks need a kernel with a
//! card on its bus: `cargo xtask guest` runs them, and here their syntax is checked.

#[path = "../../../xtask/src/fences.rs"]
mod fences;

use fences::Block;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A block takes seconds; one that hangs must not hang the test.
const BLOCK_BOUND: Duration = Duration::from_mins(3);

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    fs::read_to_string(path).expect("the page is there")
}

fn blocks(page: &str) -> Vec<Block> {
    fences::blocks(page).expect("every block ends")
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn simulator(folder: &Path, name: &str) -> (Running, PathBuf) {
    let socket = folder.join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
    command.args(["sim", "--streams", "2", "--probes", "2", "--socket"]).arg(&socket).stderr(Stdio::null());
    let card = Running(command.spawn().expect("whorl starts"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while !socket.exists() {
        assert!(Instant::now() < deadline, "no socket");
        sleep(Duration::from_millis(10));
    }
    (card, socket)
}

#[test]
fn every_block_is_a_command_that_is_run_somewhere() {
    let blocks = blocks(&page());
    for Block { kind, line, contents } in &blocks {
        assert!(["sh", "sh guest"].contains(&kind.as_str()), "line {line}: a block of `{kind}`");
        let checked = Command::new("sh").args(["-n", "-c", contents]).output().expect("sh starts");
        assert!(checked.status.success(), "line {line}: {}", String::from_utf8_lossy(&checked.stderr));
    }
    let count = |wanted| blocks.iter().filter(|block| block.kind == wanted).count();
    assert!(count("sh") >= 8 && count("sh guest") >= 5, "blocks are lost");
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (_card, socket) = simulator(folder.path(), "card.sock");
    let (_other, other_socket) = simulator(folder.path(), "other.sock");
    let work = folder.path().join("work");
    fs::create_dir(&work).expect("a folder can be made");
    let programs = Path::new(env!("CARGO_BIN_EXE_whorl")).parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
    for Block { kind, line, contents } in blocks(&page()) {
        if kind != "sh" {
            continue;
        }
        let errors = folder.path().join("stderr");
        let mut block = Running(
            Command::new("sh")
                .args(["-eu", "-c", &contents])
                .current_dir(&work)
                .env("PATH", &path)
                .env("CARD", format!("unix:{}", socket.display()))
                .env("OTHER", format!("unix:{}", other_socket.display()))
                .env("WHORL_RUNTIME_DIR", folder.path().join("run"))
                .stdout(Stdio::null())
                .stderr(fs::File::create(&errors).expect("a file can be made"))
                .spawn()
                .expect("sh starts"),
        );
        let deadline = Instant::now() + BLOCK_BOUND;
        let status = loop {
            if let Some(status) = block.0.try_wait().expect("the block can be asked") {
                break status;
            }
            assert!(Instant::now() < deadline, "line {line}: not done within {BLOCK_BOUND:?}");
            sleep(Duration::from_millis(20));
        };
        let said = fs::read_to_string(&errors).unwrap_or_default();
        assert!(status.success(), "line {line} ended with {status}:\n{contents}\n{said}");
    }
}

/// The rows of the page's tables, by their first cell.
fn rows(page: &str) -> BTreeSet<String> {
    let first = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    first.flat_map(|cell| cell.split(", ")).map(str::to_owned).collect()
}

#[test]
fn every_check_and_every_exit_code_has_its_row() {
    let rows = rows(&page());
    let whorl = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_whorl")).args(arguments).output().expect("whorl starts");
        String::from_utf8(output.stdout).expect("text")
    };
    // What the doctor says here, and what it says of cards on a bus.
    let mut checks: BTreeSet<String> =
        ["BAR0", "IOMMU group", "driver", "access", "NUMA node", "temperature", "function"].map(str::to_owned).into();
    for arguments in [&["doctor", "--json"][..], &["doctor", "--json", "--engine", "sim"]] {
        let report: serde_json::Value = serde_json::from_str(&whorl(arguments)).expect("JSON");
        let findings = report["findings"].as_array().expect("a list");
        checks.extend(findings.iter().filter_map(|finding| Some(finding["check"].as_str()?.to_owned())));
    }
    let missing: Vec<_> = checks.iter().filter(|check| !rows.contains(*check)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");

    let help = whorl(&["--help"]);
    let codes = help.split("Exit codes:").nth(1).expect("exit codes are listed");
    let codes: Vec<_> = codes.split_whitespace().filter(|word| word.parse::<u8>().is_ok()).collect();
    assert_eq!(codes.len(), 10);
    for code in codes {
        assert!(rows.contains(code), "no row for exit code {code}");
    }
}
