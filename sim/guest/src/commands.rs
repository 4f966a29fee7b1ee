//! Steps that are commands of `whorl`, as an operator gives them.

use crate::bus::{self, Card};
use crate::fixture::{Fixture, GALLERY, PROBES};
use crate::report::{Fault, Step};
use serde_json::Value;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use whorl_layout::SPEC_HASH;

const WHORL: &str = "/bin/whorl";
/// What doctor calls the test of the engines.
const SELF_TEST: &str = "self test";
/// Huge pages of the machine: the pools of two cards, and their galleries.
pub const HUGE_PAGES: usize = 24;
/// What the driver's warning of ordinary pages has in it.
const HUGE_PAGES_SETTING: &str = "vm.nr_hugepages";
/// References that the gallery has at least.
const RECORDS_MIN: u64 = 300;
/// A user who is not root.
const USER: u32 = 1000;
/// Exit code of `whorl` for an engine that failed.
const ENGINE_FAILED: i32 = 4;

/// `whorl doctor`: nothing keeps this machine and this card from searching, and the card's self test was done.
pub fn doctor(card: &Card) -> Step {
    let output = whorl(&["doctor", "--json", "--engine", &card.engine()])?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|_| shown(&output))?;
    let findings = report["findings"].as_array().ok_or("doctor names no findings")?;
    let are = |finding: &Value, check: &str, outcome: &str| {
        finding["check"].as_str().is_some_and(|name| name.starts_with(check)) && finding["outcome"] == outcome
    };
    let of = |outcome: &str| -> Vec<String> {
        findings
            .iter()
            .filter(|finding| are(finding, "", outcome))
            .map(|f| format!("{}: {}", f["check"], f["cause"]))
            .collect()
    };
    if !output.status.success() || !of("fail").is_empty() {
        return Err(format!("{}: {}", output.status, of("fail").join(", ")).into());
    }
    if !findings.iter().any(|finding| are(finding, SELF_TEST, "pass")) {
        return Err(format!("no self test was passed: {}", of("skipped").join(", ")).into());
    }
    Ok(format!("{} checks passed; warnings: [{}]", of("pass").len(), of("warn").join(", ")))
}

/// `whorl card info`: the card names the specification that this software was made from.
pub fn card_info(card: &Card) -> Step {
    let output = whorl(&["card", "info", "--json", "--engine", &card.engine()])?;
    succeeded(&output)?;
    let info: Value = serde_json::from_slice(&output.stdout)?;
    let expected = format!("{SPEC_HASH:08x}");
    if info["spec_hash"] != expected.as_str() {
        return Err(format!("specification {} instead of {expected}", info["spec_hash"]).into());
    }
    warned_of_ordinary_pages(&output, false)?;
    Ok(format!("interface {}, {} streams x {} probes", info["version"], info["streams"], info["probes"]))
}

/// `whorl identify` on the card and on the processor: the same lists.
pub fn identify(card: &Card) -> Step {
    let answers = |engine: &str| -> Result<Vec<Value>, Fault> {
        let output = whorl(&[
            "identify",
            "--stage",
            "coarse",
            "--json",
            "--engine",
            engine,
            "--gallery",
            GALLERY,
            "--probe",
            PROBES,
        ])?;
        succeeded(&output)?;
        said(&output).lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    let (found, expected) = (answers(&card.engine())?, answers("cpu")?);
    if found.is_empty() || found.len() != expected.len() {
        return Err(format!("{} answers of the card, {} of the processor", found.len(), expected.len()).into());
    }
    for (found, expected) in found.iter().zip(&expected) {
        for field in ["probe", "candidates", "comparisons", "coverage"] {
            if found[field] != expected[field] || found[field].is_null() {
                return Err(
                    format!("{field} of {}: {} instead of {}", found["probe"], found[field], expected[field]).into()
                );
            }
        }
        // The processor would step in for an engine of the card that computes wrong scores.
        if found["incidents"] != Value::Array(Vec::new()) || found["cycles"].as_u64().unwrap_or(0) == 0 {
            return Err(format!("{} was not answered by the card: {}", found["probe"], found["incidents"]).into());
        }
    }
    let records = found[0]["comparisons"].as_u64().unwrap_or(0);
    if records < RECORDS_MIN {
        return Err(format!("{records} references, at least {RECORDS_MIN} are wanted").into());
    }
    Ok(format!("{} probes x {records} references, lists equal the processor's", found.len()))
}

/// A user who is not root drives the card that was given to them, and is told of the limit that stands in the way.
pub fn without_root(card: &Card) -> Step {
    let info = |kib: u32| -> Result<Output, Fault> {
        let script = format!("ulimit -l {kib}; exec {WHORL} card info --engine {}", card.engine());
        Ok(Command::new("/bin/busybox").args(["sh", "-c", &script]).uid(USER).gid(USER).output()?)
    };
    let refused = info(1 << 20)?;
    expect_refusal(&refused, "chown")?;
    chown(card.node(), Some(USER), Some(USER))?;
    let limited = info(64)?;
    expect_refusal(&limited, "ulimit -l")?;
    succeeded(&info(1 << 20)?)?;
    Ok("works with the group's node and enough locked memory, and says which of them is missing".to_owned())
}

fn expect_refusal(output: &Output, remedy: &str) -> Result<(), Fault> {
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(ENGINE_FAILED) && text.contains(remedy) {
        return Ok(());
    }
    Err(format!("{} without `{remedy}`: {}", output.status, text.trim()).into())
}

/// Without huge pages the card is driven all the same, with a warning.
pub fn ordinary_pages(card: &Card, fixture: &Fixture) -> Step {
    bus::reserve_huge_pages(0)?;
    let output = whorl(&["card", "info", "--engine", &card.engine()])?;
    succeeded(&output)?;
    warned_of_ordinary_pages(&output, true)?;
    let mut engine = card.open_engine(fixture)?;
    fixture.check(&mut engine)?;
    Ok("searches are right, the operator is warned".to_owned())
}

fn warned_of_ordinary_pages(output: &Output, expected: bool) -> Result<(), Fault> {
    let text = String::from_utf8_lossy(&output.stderr);
    if text.contains(HUGE_PAGES_SETTING) == expected {
        return Ok(());
    }
    let what = if expected { "no warning of ordinary pages" } else { "a warning of ordinary pages" };
    Err(format!("{what}: {}", text.trim()).into())
}

fn whorl(arguments: &[&str]) -> Result<Output, Fault> {
    Ok(Command::new(WHORL).args(arguments).output()?)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn succeeded(output: &Output) -> Result<(), Fault> {
    if output.status.success() { Ok(()) } else { Err(shown(output).into()) }
}

fn shown(output: &Output) -> String {
    format!("{}: {}{}", output.status, said(output), String::from_utf8_lossy(&output.stderr))
}
