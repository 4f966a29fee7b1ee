//! `whorl identify` with subjects of several fingers: multi-view files, swapped and missing fingers, a first pass.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use whorl_synth::{Distortion, Finger};
use whorl_template::{FingerView, Template, iso19794_2_2005};

const SUBJECTS: u32 = 20;

/// The view of finger `nth` of a subject, under `position`.
fn view(subject: u32, nth: u32, impression: u32, position: u8) -> FingerView {
    let template = Finger::new(11, subject * 10 + nth).impression(impression, &Distortion::default());
    FingerView { position, ..template.views[0].clone() }
}

fn write(path: &Path, views: Vec<FingerView>) {
    let mut template = Template::new(500, 500);
    template.views = views;
    let bytes = iso19794_2_2005::write(&template).expect("synthetic views fit");
    fs::write(path, bytes).expect("the file can be written");
}

/// A gallery of subjects with fingers 0 to 3 under 2, 3, 7 and 8, and room for probes.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().expect("a temporary folder can be made"));
        fs::create_dir(files.gallery()).expect("a folder can be made");
        for subject in 0..SUBJECTS {
            let views =
                [2, 3, 7, 8].into_iter().enumerate().map(|(nth, position)| view(subject, nth as u32, 1, position));
            write(&files.gallery().join(format!("s{subject:02}.iso")), views.collect());
        }
        files
    }

    fn gallery(&self) -> PathBuf {
        self.0.path().join("gallery")
    }

    /// Searches fingers (number, declared position) of a subject.
    fn identify(&self, subject: u32, fingers: &[(u32, u8)], options: &[&str]) -> Output {
        let probe = self.0.path().join("probe.iso");
        write(&probe, fingers.iter().map(|&(nth, position)| view(subject, nth, 2, position)).collect());
        let mut command = Command::new(env!("CARGO_BIN_EXE_whorl"));
        command.env("WHORL_RUNTIME_DIR", self.0.path()).arg("identify").arg("--gallery").arg(self.gallery());
        command.arg("--probe").arg(probe).args(["--engine", "cpu", "--keep", "5", "--top", "3"]).args(options);
        command.output().expect("whorl starts")
    }

    fn answer(&self, subject: u32, fingers: &[(u32, u8)], options: &[&str]) -> Value {
        let output = self.identify(subject, fingers, &[options, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one line of JSON")
    }
}

/// The first candidate, which must be `subject`.
fn first(answer: &Value, subject: u32) -> &Value {
    let first = &answer["candidates"][0];
    assert_eq!((first["rank"].as_u64(), &first["reference"]), (Some(1), &Value::from(format!("s{subject:02}.iso"))));
    first
}

fn column(candidate: &Value, key: &str) -> Vec<Value> {
    candidate["fingers"].as_array().into_iter().flatten().map(|finger| finger[key].clone()).collect()
}

#[test]
fn a_file_of_several_views_is_one_subject() {
    let files = Files::new();
    let answer = files.answer(6, &[(0, 2), (1, 3), (2, 7), (3, 8)], &[]);
    let candidate = first(&answer, 6);
    assert_eq!(candidate["positions"], "as-declared");
    assert_eq!(column(candidate, "reference"), ["s06.iso#1", "s06.iso#2", "s06.iso#3", "s06.iso#4"]);
    assert_eq!(column(candidate, "probe_position"), column(candidate, "reference_position"));
    let llrs: Vec<f64> = column(candidate, "llr").iter().filter_map(Value::as_f64).collect();
    let sum = candidate["llr"].as_f64().expect("a ratio");
    assert!(llrs.len() == 4 && (llrs.iter().sum::<f64>() - sum).abs() < 1e-9, "{llrs:?}, {sum}");
    assert!(column(candidate, "correspondences").iter().any(|count| count.as_u64().is_some_and(|count| count > 5)));
    let scores: Vec<u64> = column(candidate, "score").iter().filter_map(Value::as_u64).collect();
    assert!(scores.iter().max() <= candidate["score"].as_u64().as_ref());
    assert_eq!(answer["candidates"].as_array().map(Vec::len), Some(3));
    // Four fingers with 80 references each, of which each was searched.
    assert_eq!((&answer["comparisons"], &answer["coverage"]["records"]), (&320.into(), &80.into()));
    assert_eq!((&answer["stage"], &answer["searched_fingers"]), (&"fine".into(), &serde_json::json!([0, 1, 2, 3])));
    assert!(answer["fine_comparisons"].as_u64().is_some_and(|count| count >= 12));
    assert!(answer["seconds"]["fine"].as_f64().is_some_and(|seconds| seconds > 0.0));
    assert!(answer["seconds"]["coarse_all"].as_f64().is_some_and(|seconds| seconds > 0.0));
    assert_eq!(answer["engines"][0]["records"], 320);
}

#[test]
fn the_coarse_stage_lists_references_of_the_first_view() {
    let files = Files::new();
    let answer = files.answer(6, &[(1, 3), (0, 2)], &["--stage", "coarse"]);
    assert_eq!(answer["candidates"][0]["reference"], "s06.iso#2");
    assert_eq!((&answer["comparisons"], &answer["stage"]), (&80.into(), &"coarse".into()));
    assert_eq!(answer["fine_comparisons"], Value::Null);
}

#[test]
fn swapped_hands_are_reported_to_readers_and_scripts() {
    let files = Files::new();
    let swapped = [(0, 7), (1, 8), (2, 2), (3, 3)];
    let answer = files.answer(9, &swapped, &[]);
    let candidate = first(&answer, 9);
    assert_eq!(candidate["positions"], "hands-swapped");
    assert_eq!(column(candidate, "place"), ["mirrored"; 4]);
    let said = String::from_utf8(files.identify(9, &swapped, &[]).stdout).expect("text");
    let note = said.lines().find(|line| line.starts_with("NOTE: ")).expect("a note");
    assert!(note.contains("s09.iso") && note.contains("left and right hand seem swapped"), "{said}");
    assert!(said.contains("never a verdict"), "{said}");
    // And nobody is told of a swap where there is none.
    let said = String::from_utf8(files.identify(9, &[(0, 2), (1, 3)], &[]).stdout).expect("text");
    assert!(said.contains("s09.iso") && !said.contains("NOTE"), "{said}");
}

#[test]
fn a_missing_finger_and_an_unknown_one_do_no_harm() {
    let files = Files::new();
    // Finger 8 was not captured; finger 5 was never enrolled.
    let answer = files.answer(13, &[(0, 2), (7, 5), (2, 7)], &[]);
    let candidate = first(&answer, 13);
    assert_eq!((&candidate["positions"], column(candidate, "view")), (&"as-declared".into(), vec![1.into(), 3.into()]));
    let answer = files.answer(13, &[(3, 0)], &[]);
    let candidate = first(&answer, 13);
    assert_eq!(
        (&candidate["positions"], &candidate["fingers"][0]["reference"]),
        (&"unknown".into(), &"s13.iso#4".into())
    );
    assert!(candidate["penalty"].as_f64().is_some_and(|penalty| (penalty - 4_f64.ln()).abs() < 1e-9), "{candidate}");
}

#[test]
fn a_first_pass_of_two_fingers_searches_two_and_fuses_four() {
    let files = Files::new();
    let fingers = [(0, 2), (1, 3), (2, 7), (3, 8)];
    let all = files.answer(2, &fingers, &[]);
    let answer = files.answer(2, &fingers, &["--first-pass-fingers", "2"]);
    assert_eq!(first(&answer, 2), first(&all, 2));
    assert_eq!(answer["searched_fingers"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["comparisons"], 160);
    assert!(answer["fine_comparisons"].as_u64() < all["fine_comparisons"].as_u64());
}

#[test]
fn only_candidates_that_reach_an_expected_rate_are_listed() {
    let files = Files::new();
    let fingers = [(0, 2), (1, 3), (2, 7), (3, 8)];
    let said =
        |subject, options: &[&str]| String::from_utf8(files.identify(subject, &fingers, options).stdout).expect("text");
    // Of three candidates the mate stays, as it was.
    let all = files.answer(6, &fingers, &[]);
    let answer = files.answer(6, &fingers, &["--fpir", "0.001"]);
    assert_eq!((answer["candidates"].as_array().map(Vec::len), first(&answer, 6)), (Some(1), first(&all, 6)));
    assert_eq!((&answer["calibration"]["fpir"], &answer["calibration"]["subjects"]), (&0.001.into(), &SUBJECTS.into()));
    assert!(answer["calibration"]["table"].as_str().is_some_and(|name| said(6, &[]).contains(name)));
    let rates = |key: &str| -> Vec<f64> {
        all["candidates"].as_array().into_iter().flatten().filter_map(|c| c[key].as_f64()).collect()
    };
    let (rate, low, high) = (rates("fpir"), rates("fpir_low"), rates("fpir_high"));
    assert!(rate.len() == 3 && rate[0] < 1e-6 && rate[1] > 0.001 && rate[2] >= rate[1] && rate[2] <= 1.0, "{all}");
    assert!((0..3).all(|nth| low[nth] <= rate[nth] && rate[nth] <= high[nth]), "{all}");
    // Somebody who is not enrolled is not found, and that is said.
    assert_eq!(files.answer(SUBJECTS + 7, &fingers, &["--fpir", "0.001"])["candidates"], serde_json::json!([]));
    let nobody = said(SUBJECTS + 7, &["--fpir", "0.001"]);
    assert!(nobody.contains("no candidate reaches FPIR 0.001 in 20 subjects\n"), "{nobody}");
    let nobody = said(6, &["--fpir", "1e-14"]);
    assert!(nobody.contains("no candidate reaches FPIR 0.00000000000001 in 20 subjects, and none could"), "{nobody}");
    assert!(said(6, &["--fpir", "0.001"]).contains("s06.iso") && !said(6, &[]).contains("no candidate"));
}

#[test]
fn an_impossible_rate_is_refused_with_a_reason() {
    let files = Files::new();
    for rate in ["0", "1", "-0.1", "1.5", "NaN", "inf", "often"] {
        let output = files.identify(1, &[(0, 2)], &[&format!("--fpir={rate}")]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("above 0 and below 1"), "{rate}: {said}");
    }
    let output = files.identify(1, &[(0, 2)], &["--fpir", "0.1", "--stage", "coarse"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("coarse scores"), "{said}");
}

#[test]
fn more_fingers_than_a_person_has_are_refused() {
    let files = Files::new();
    let eleven: Vec<_> = (0..11).map(|nth| (nth % 4, 0)).collect();
    let output = files.identify(1, &eleven, &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("probe.iso") && said.contains("11 finger views"), "{said}");
    for options in [["--first-pass-fingers", "0"], ["--first-pass-fingers", "11"], ["--keep", "257"]] {
        assert_eq!(files.identify(1, &[(0, 2)], &options).status.code(), Some(2), "{options:?}");
    }
}
