//! `whorl eval` on synthetic databases: the report that scripts read, and other programs beside ours.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use whorl_synth::{Distortion, Finger};
use whorl_template::iso19794_2_2005;

/// Two databases, `a` and `n/b`, of four fingers with three impressions each. Finger 3 is in both.
struct Databases {
    folder: tempfile::TempDir,
}

/// A matcher that knows the truth: fingers of equal folder and number are the same.
const PERFECT: &str = r#"
function finger(path) { sub(/_[0-9]+\.iso$/, "", path); return path }
{ print finger($1) == finger($2) ? 1 : 0 }
"#;

impl Databases {
    fn new() -> Self {
        let databases = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        for (database, first) in [("a", 0), ("n/b", 3)] {
            let folder = databases.path("data").join(database);
            fs::create_dir_all(&folder).expect("the folder can be made");
            for finger in first..first + 4 {
                for impression in 1..4 {
                    let template = Finger::new(11, finger).impression(impression + first, &Distortion::default());
                    let bytes = iso19794_2_2005::write(&template).expect("a template that fits the format");
                    let file = folder.join(format!("{finger}_{impression}.iso"));
                    fs::write(file, bytes).expect("the folder can be written to");
                }
            }
        }
        fs::write(databases.path("perfect.awk"), PERFECT).expect("the folder can be written to");
        databases
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn eval(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
        command.current_dir(self.folder.path()).args(["eval", "--templates", "data", "--out", "out"]);
        command.args(arguments).output().expect("whorl starts")
    }

    fn report(&self, arguments: &[&str]) -> Value {
        let output = self.eval(arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = fs::read_to_string(self.path("out/report.json")).expect("a report was written");
        serde_json::from_str(&text).expect("the report is JSON")
    }

    /// Exit code and message of an evaluation that is refused.
    fn refusal(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.eval(arguments);
        (output.status.code(), stderr(&output))
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn number(value: &Value, place: &str) -> f64 {
    value.pointer(place).and_then(Value::as_f64).unwrap_or_else(|| panic!("no number at {place}"))
}

/// The figures that scripts read, each a fraction.
fn assert_contract(value: &Value, place: &str) {
    let mut keys = Vec::new();
    for group in ["pooled", "databases/a", "databases/n~1b"] {
        for key in ["eer", "fnmr_at_fmr/1e-2", "fnmr_at_fmr/1e-3", "fnmr_at_fmr/1e-4", "fnmr_at_fmr/zero"] {
            keys.push(format!("{place}/{group}/{key}"));
        }
    }
    for key in ["rank1", "fnir_at_fpir/1e-2", "fnir_at_fpir/1e-3"] {
        keys.push(format!("{place}/identification/{key}"));
    }
    for key in keys {
        assert!((0.0..=1.0).contains(&number(value, &key)), "{key}");
    }
}

#[test]
fn the_report_keeps_its_contract() {
    let databases = Databases::new();
    let value = databases.report(&["--same-finger", "a/3=n/b/3"]);
    assert_contract(&value, "");
    assert_contract(&value["coarse"], "");
    // 8 fingers with 3 pairs each; 24 impressions with 276 pairs, less 24 mated and 9 left out.
    assert_eq!((number(&value, "/pooled/counts/genuine"), number(&value, "/pooled/counts/impostor")), (24.0, 243.0));
    assert_eq!(value["databases"]["a"]["counts"]["impostor"], 54);
    assert!(number(&value, "/identification/rank1") > 0.9 && number(&value, "/pooled/eer") < 0.1);
    for key in ["encode_us", "coarse_us", "fine_us"] {
        assert!(number(&value, &format!("/speed/{key}")) > 0.0, "{key}");
    }
    assert_eq!(value.get("matchers"), None);
    for file in ["report.html", "det.svg", "cmc.svg"] {
        assert!(fs::metadata(databases.path("out").join(file)).is_ok_and(|m| m.len() > 500), "{file}");
    }
}

#[test]
fn one_finger_in_two_databases_counts_until_it_is_named() {
    let databases = Databases::new();
    let unnamed = databases.report(&["--stage", "coarse"]);
    assert_eq!(unnamed["pooled"]["counts"]["impostor"], 252);
    let named = databases.report(&["--stage", "coarse", "--same-finger", "n/b/3=a/3"]);
    assert!(number(&unnamed, "/pooled/fnmr_at_fmr/zero") > number(&named, "/pooled/fnmr_at_fmr/zero"));
    assert_eq!(named["stage"], "coarse");
    assert_eq!(named["speed"].get("fine_us"), None);
    let (code, said) = databases.refusal(&["--same-finger", "a/3=b/9"]);
    assert!(code == Some(2) && said.contains("no sample shows finger b/9"), "{said}");
    let (code, said) = databases.refusal(&["--same-finger", "a/3"]);
    assert!(code == Some(2) && said.contains("<folder>/<finger>=<folder>/<finger>"), "{said}");
}

#[test]
fn every_database_tells_its_sizes() {
    let databases = Databases::new();
    let value = databases.report(&["--stage", "coarse"]);
    let (mut least, mut most) = (u64::MAX, 0);
    for (key, folder) in [("a", "data/a"), ("n~1b", "data/n/b")] {
        let files = fs::read_dir(databases.path(folder)).expect("a folder").map(|entry| entry.expect("a file"));
        let bytes: Vec<u64> = files.map(|file| file.metadata().expect("a size").len()).collect();
        let samples = value.pointer(&format!("/databases/{key}/samples")).expect("sizes");
        assert_eq!((number(samples, "/fingers"), number(samples, "/impressions")), (4.0, 12.0));
        assert_eq!(samples["file_bytes"]["min"].as_u64(), bytes.iter().min().copied());
        assert_eq!(samples["file_bytes"]["max"].as_u64(), bytes.iter().max().copied());
        let mean = bytes.iter().sum::<u64>() as f64 / 12.0;
        assert!((number(samples, "/file_bytes/mean") - mean).abs() < 1e-9);
        // A file is 30 bytes and 6 per minutia.
        assert!((number(samples, "/minutiae/mean") - (mean - 30.0) / 6.0).abs() < 1e-9);
        assert!(number(samples, "/record_bytes/min") >= 64.0 && number(samples, "/record_bytes/max") <= 1024.0);
        least = least.min(bytes.iter().min().copied().expect("files"));
        most = most.max(bytes.iter().max().copied().expect("files"));
    }
    assert_eq!(value["samples"]["file_bytes"]["min"].as_u64(), Some(least));
    assert_eq!(value["samples"]["file_bytes"]["max"].as_u64(), Some(most));
    assert_eq!((number(&value, "/samples/databases"), number(&value, "/samples/fingers")), (2.0, 8.0));
}

#[test]
fn files_whose_names_say_no_finger_are_refused() {
    let databases = Databases::new();
    fs::rename(databases.path("data/a/0_1.iso"), databases.path("data/a/0.iso")).expect("the file can be renamed");
    let (code, said) = databases.refusal(&[]);
    assert!(code == Some(3) && said.contains("a/0.iso is not named <finger>_<impression>"), "{said}");
}

#[test]
fn another_program_stands_beside_ours() {
    let databases = Databases::new();
    let same = ["--stage", "coarse", "--same-finger", "a/3=n/b/3"];
    let perfect = r"perfect=awk -F '\t' -f perfect.awk";
    let constant = r#"constant=awk '{ print "3\t2.5" }'"#;
    let of = |processes| {
        let more = ["--matcher-command", perfect, "--matcher-command", constant, "--matcher-processes", processes];
        databases.report(&[&same[..], &more].concat())
    };
    let value = of("3");
    for name in ["perfect", "constant"] {
        assert_contract(&value["matchers"][name], "");
        let counts = ["/pooled/counts/genuine", "/pooled/counts/impostor", "/identification/mated_searches"];
        for count in counts {
            assert_eq!(value["matchers"][name].pointer(count), value.pointer(count), "{name} {count}");
        }
        assert!(number(&value["matchers"][name], "/speed/comparisons_per_second") > 0.0);
        assert_eq!(value["matchers"][name]["speed"]["processes"], 3);
    }
    let (perfect, constant) = (&value["matchers"]["perfect"], &value["matchers"]["constant"]);
    assert_eq!((number(perfect, "/pooled/eer"), number(perfect, "/pooled/fnmr_at_fmr/zero")), (0.0, 0.0));
    assert_eq!((number(perfect, "/identification/rank1"), &perfect["speed"]["comparison_us"]), (1.0, &Value::Null));
    assert_eq!((number(constant, "/pooled/eer"), number(constant, "/pooled/fnmr_at_fmr/1e-2")), (0.5, 1.0));
    assert_eq!((number(constant, "/identification/rank1"), number(constant, "/speed/comparison_us")), (0.0, 2.5));

    let page = fs::read_to_string(databases.path("out/report.html")).expect("a page was written");
    assert!(page.contains("<td>perfect") && page.contains("constant, by its own clock"));
    let det = fs::read_to_string(databases.path("out/det.svg")).expect("a chart was written");
    assert_eq!(det.matches("<polyline").count(), 3);
    let table = String::from_utf8(databases.eval(&[&same[..], &["--matcher-command", "echo=awk 1"]].concat()).stdout);
    assert!(table.expect("text").is_empty(), "awk 1 prints paths, which are refused");

    // As many processes as one likes: the scores are the same.
    let alone = of("1");
    for name in ["perfect", "constant"] {
        for part in ["pooled", "databases", "identification"] {
            assert_eq!(alone["matchers"][name][part], value["matchers"][name][part], "{name} {part}");
        }
    }
}

/// A matcher is asked for each pair once, the earlier name first, and its score counts from both sides.
#[test]
fn a_program_is_given_each_pair_once() {
    let databases = Databases::new();
    databases.report(&["--stage", "coarse", "--matcher-command", r#"tee=awk '{ print NR; print > "asked" }'"#]);
    let asked = fs::read_to_string(databases.path("asked")).expect("awk wrote what it was given");
    let pairs: Vec<_> = asked.lines().map(|line| line.split_once('\t').expect("two paths")).collect();
    assert_eq!(pairs.len(), 24 * 23 / 2);
    assert!(pairs.iter().all(|(probe, reference)| probe < reference && Path::new(reference).extension().is_some()));
    assert_eq!(pairs[0], ("data/a/0_1.iso", "data/a/0_2.iso"));
    assert_eq!(pairs.iter().collect::<std::collections::BTreeSet<_>>().len(), pairs.len());
}

#[test]
fn a_program_that_fails_is_named_with_its_reason() {
    let databases = Databases::new();
    let cases = [
        ("gone=/nowhere/matcher -x", "/nowhere/matcher cannot be started", "No such file"),
        ("dies=sh -c 'read line; echo 1; echo went wrong >&2; exit 3'", "exit status: 3", "said: went wrong"),
        ("short=awk 'NR < 4 { print 1 }'", "after 3 of its 276 answers", "exit status: 0"),
        ("failing=awk '{ print 1 } END { exit 5 }'", "exit status: 5", "after 276 of its 276"),
        ("text=awk '{ print \"same\" }'", "\"same\"", "data/a/0_1.iso with data/a/0_2.iso"),
        ("nan=awk '{ print \"nan\" }'", "\"nan\"", "one number was due"),
        ("more=awk '{ print 1; print 2 }'", "after the answers to all its 276", "\"1\""),
    ];
    for (command, reason, detail) in cases {
        let (code, said) = databases.refusal(&["--stage", "coarse", "--matcher-command", command]);
        assert_eq!(code, Some(4), "{command}: {said}");
        let name = command.split('=').next().expect("a name");
        assert!(said.contains(&format!("The matcher {name} failed")), "{command}: {said}");
        assert!(said.contains(reason) && said.contains(detail), "{command}: {said}");
        assert!(!databases.path("out").exists(), "no report of half an evaluation");
    }
}

/// Also one that has others work for it, which hold its pipes open.
#[test]
fn a_program_that_hangs_is_ended() {
    let databases = Databases::new();
    for command in ["slow=sleep 100", "slow=sh -c 'sleep 100 & sleep 100'"] {
        let begin = Instant::now();
        let arguments = ["--stage", "coarse", "--matcher-command", command, "--matcher-timeout", "1"];
        let (code, said) = databases.refusal(&[&arguments[..], &["--matcher-processes", "2"]].concat());
        assert!(code == Some(4) && said.contains("within 1 s; --matcher-timeout allows more"), "{said}");
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    }
}

#[test]
fn commands_without_a_name_of_their_own_are_wrong_usage() {
    let databases = Databases::new();
    let (code, said) = databases.refusal(&["--matcher-command", "fine=x"]);
    assert!(code == Some(2) && said.contains("cannot name a matcher"), "{said}");
    let (code, said) = databases.refusal(&["--matcher-command", "awk 1", "--matcher-command", "/usr/bin/awk 2"]);
    assert!(code == Some(2) && said.contains("two matchers are called awk"), "{said}");
}

#[test]
fn the_two_fold_protocol_prints_its_split_and_train_writes_a_table() {
    let databases = Databases::new();
    let output = databases.eval(&["--two-fold", "--same-finger", "a/3=n/b/3"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Fold 1: a/0, a/1, n/b/4."), "{text}");
    assert!(text.contains("Fold 2: a/2, a/3, n/b/3, n/b/5, n/b/6."), "{text}");
    let report = databases.report(&["--two-fold"]);
    assert_eq!(report["training"]["folds"][1][2], "n/b/5");
    assert_eq!(report["training"]["weights"], "two-fold");
    // Two fingers of three impressions by database and fold: 9 pairs in each of four, and across databases 4 times 9.
    assert_eq!(report.pointer("/pooled/counts/impostor").and_then(Value::as_u64), Some(108));
    let whorl = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
        command.current_dir(databases.folder.path()).args(arguments).output().expect("whorl starts")
    };
    let output = whorl(&["train", "--templates", "data", "--version", "mine", "--out", "fine.txt"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = fs::read_to_string(databases.path("fine.txt")).expect("a table was written");
    assert!(table.contains("version = mine\n") && table.contains("\nbias = "), "{table}");
    let (code, message) = databases.refusal(&["--two-fold", "--train-with", "nowhere"]);
    assert_eq!(code, Some(3), "{message}");
    assert!(message.contains("nowhere"), "{message}");
}

#[test]
fn a_background_of_made_fingers_is_searched() {
    let databases = Databases::new();
    let value = databases.report(&["--same-finger", "a/3=n/b/3", "--background", "1000", "--keep", "5"]);
    assert_eq!(value.pointer("/cascade/keep").and_then(Value::as_u64), Some(5));
    assert_eq!(value.pointer("/cascade/sizes/0/fingers").and_then(Value::as_u64), Some(1000));
    assert_eq!(value.pointer("/cascade/sizes/0/mated_searches").and_then(Value::as_u64), Some(48));
    assert!(number(&value, "/cascade/sizes/0/chosen/kept") > 0.9);
    let chart = fs::read_to_string(databases.path("out/kept.svg")).expect("a chart was written");
    assert!(chart.contains("1000 fingers"));
    for (arguments, status, reason) in [
        (&["--background", "999"][..], 3, "a background of 999 fingers, must be 1000 to 4000000"),
        (&["--background", "4000001"], 3, "a background of 4000001 fingers"),
        (&["--background", "1000", "--stage", "coarse"], 2, "--background needs --stage fine"),
        (&["--background", "1000", "--keep", "257"], 2, "257"),
        (&["--keep", "5"], 2, "--background"),
    ] {
        let (code, said) = databases.refusal(arguments);
        assert!(code == Some(status) && said.contains(reason), "{code:?} {said}");
    }
}
