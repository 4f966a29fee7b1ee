//! A whole evaluation of fingers made for it: the keys that scripts read, and what must be found.

use serde_json::Value;
use whorl_eval::background::Background;
use whorl_eval::{Collection, EvalError, Report, Sample, Scores, Stage, cascade, chart, page};
use whorl_template::{FingerView, Minutia, Template};

/// An impression: minutiae of the finger, each a pixel or two off.
fn sample(path: &str, finger: u32, impression: u32) -> Sample {
    let mut state = u64::from(finger) * 7919 + 1;
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % limit) as u16
    };
    let shift = |nth: u16| (nth.wrapping_mul(7) + impression as u16 * 5) % 3;
    let minutiae = (0..30)
        .map(|nth| Minutia {
            x: 50 + below(300) + shift(nth),
            y: 50 + below(300) + shift(nth + 1),
            angle: below(256) as u8,
            quality: 50,
            ..Minutia::default()
        })
        .collect();
    let mut template = Template::new(400, 400);
    template.views.push(FingerView { minutiae, ..FingerView::default() });
    Sample { path: path.into(), file_bytes: 210, template }
}

/// Two databases of four fingers with three impressions each; the last fingers of both are one.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (database, first) in [("a", 0), ("n/b", 3)] {
        for finger in first..first + 4 {
            for impression in 1..4 {
                samples.push(sample(&format!("{database}/{finger}_{impression}.iso"), finger, impression));
            }
        }
    }
    samples
}

fn report(stage: Stage, same: &[(&str, &str)]) -> Result<Report, EvalError> {
    let same: Vec<_> = same.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
    let collection = Collection::new(&samples(), &same)?;
    Report::new(&collection, &Scores::compare(&collection, stage, |_| ())?)
}

#[test]
fn the_report_has_the_keys_that_scripts_read() {
    let found = report(Stage::Fine, &[("a/3", "n/b/3")]).unwrap();
    let value = serde_json::to_value(&found).unwrap();
    for place in ["/pooled", "/databases/a", "/databases/n~1b", "/coarse/pooled"] {
        for key in ["/eer", "/fnmr_at_fmr/1e-2", "/fnmr_at_fmr/1e-3", "/fnmr_at_fmr/1e-4", "/fnmr_at_fmr/zero"] {
            assert_eq!(value.pointer(&format!("{place}{key}")).and_then(Value::as_f64), Some(0.0), "{place}{key}");
            assert!(value.pointer(&format!("{place}/ci95{key}/1")).is_some_and(Value::is_f64), "{place}{key}");
        }
    }
    let number = |place: &str| value.pointer(place).and_then(Value::as_f64);
    assert_eq!(number("/identification/rank1"), Some(1.0));
    assert_eq!(number("/identification/fnir_at_fpir/1e-2"), Some(0.0));
    assert_eq!(number("/identification/fnir_at_fpir/1e-3"), Some(0.0));
    // 8 fingers with 3 pairs each; 24 impressions with 276 pairs, less 24 mated and 9 left out.
    assert_eq!(number("/pooled/counts/genuine"), Some(24.0));
    assert_eq!(number("/pooled/counts/impostor"), Some(243.0));
    assert_eq!(number("/databases/a/counts/impostor"), Some(54.0));
    assert_eq!(value["stage"], "fine");
    // Seven different fingers: halves of three and four, so subjects of one and of two fingers, whose mates all score best.
    let subjects = value["fusion"]["subjects"].as_array().unwrap();
    assert_eq!(subjects.iter().map(|s| s["fingers"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    for place in ["/fnir_at_fpir/1e-3", "/all_searched/lost", "/two_searched/fnir_at_fpir/1e-2", "/ci95/1e-3/0"] {
        assert_eq!(subjects[1].pointer(place).and_then(Value::as_f64), Some(0.0), "{place}");
    }
    assert_eq!(subjects[1]["disjoint_subjects"], 3);
    assert!(number("/speed/fine_us").is_some_and(|us| us > 0.0));
    let counted: u64 =
        value["pooled"]["histogram"]["impostor"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!(counted, 243);
}

#[test]
fn one_finger_under_two_names_is_found_out_by_its_scores() {
    let found = report(Stage::Coarse, &[]).unwrap();
    assert!(found.figures.pooled.figures.fnmr_at_fmr.zero > 0.0, "non-mates that are mates score like mates");
    assert_eq!(found.figures.pooled.counts.impostor, 252);
    assert_eq!(found.stage, "coarse");
    assert!(found.coarse.is_none() && found.speed.fine_us.is_none() && found.fusion.is_none());
}

#[test]
fn charts_and_page_are_whole() {
    let found = report(Stage::Fine, &[("a/3", "n/b/3")]).unwrap();
    for svg in [chart::det(&found), chart::cmc(&found), chart::open_set(&found)] {
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<polyline").count(), 2, "a line per stage");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
    let page = page::html(&found, "a <b>");
    assert!(page.contains("<title>a &lt;b&gt;</title>"));
    assert_eq!(page.matches("</svg>").count(), 5);
    assert!(page.contains("<h2>Several fingers fused, percent</h2>"));
    assert!(page.ends_with("</html>\n"));
}

#[test]
fn rates_without_non_mates_are_refused() {
    let own: Vec<_> = samples().into_iter().filter(|s| s.path.starts_with("a/0")).collect();
    let collection = Collection::new(&own, &[]).unwrap();
    let scores = Scores::compare(&collection, Stage::Coarse, |_| ()).unwrap();
    let refused = Report::new(&collection, &scores).unwrap_err();
    assert_eq!(refused, EvalError::TooFew { genuine: 3, impostor: 0 });
}

#[test]
fn the_cascade_is_told_with_its_curve() {
    let same = [("a/3".to_owned(), "n/b/3".to_owned())];
    let samples = samples();
    let collection = Collection::new(&samples, &same).unwrap();
    let scores = Scores::compare(&collection, Stage::Fine, |_| ()).unwrap();
    let background = Background::new(&collection, &samples, 1500, 4, |_| ()).unwrap();
    let mut found = Report::new(&collection, &scores).unwrap();
    assert!(chart::kept(&found).is_empty() && serde_json::to_value(&found).unwrap().get("cascade").is_none());
    found.cascade = Some(cascade::study(&collection, &scores, &background, (20, 4), |_| ()).unwrap());
    let value = serde_json::to_value(&found).unwrap();
    let number = |place: &str| value.pointer(&format!("/cascade{place}")).and_then(Value::as_f64);
    assert_eq!((number("/keep"), number("/seed"), number("/sizes/0/fingers")), (Some(20.0), Some(4.0), Some(1500.0)));
    // 24 impressions with two mates each, all of which come first.
    assert_eq!((number("/sizes/0/mated_searches"), number("/sizes/0/nonmated_searches")), (Some(48.0), Some(24.0)));
    for stages in ["coarse", "cascade", "fine"] {
        assert_eq!(number(&format!("/sizes/0/{stages}/rank1")), Some(1.0), "{stages}");
        assert_eq!(number(&format!("/sizes/0/{stages}/fnir_at_fpir/1e-2")), Some(0.0), "{stages}");
        assert!(
            number(&format!("/sizes/0/{stages}/ci95/fnir_at_fpir/1e-3/1")).is_some_and(|high| high > 0.0),
            "{stages}"
        );
    }
    assert_eq!((number("/sizes/0/found"), number("/sizes/0/recommended_keep")), (Some(48.0), Some(1.0)));
    for (nth, keep) in cascade::KEEPS.into_iter().enumerate() {
        let at = |key: &str| number(&format!("/sizes/0/curve/{nth}/{key}"));
        assert_eq!(
            (at("keep"), at("kept"), at("lost"), at("loss")),
            (Some(keep as f64), Some(1.0), Some(0.0), Some(0.0))
        );
        assert!(at("fine_share").is_some_and(|share| share > 0.0 && share < 1.0), "{keep}");
    }
    assert_eq!(number("/sizes/0/chosen/keep"), Some(20.0));
    assert!(
        number("/sizes/0/coarse_seconds").is_some_and(|s| s > 0.0)
            && number("/sizes/0/fine_us").is_some_and(|s| s > 0.0)
    );
    assert_eq!(number("/background_bytes"), Some(background.bytes() as f64));
    assert_eq!(chart::kept(&found).matches("<polyline").count(), 1);
    let page = page::html(&found, "a");
    assert!(page.contains("<h2>Cascade among made fingers, percent</h2>") && page.contains("1500 fingers</text>"));
}

#[test]
fn a_cascade_without_fine_scores_or_mates_is_refused() {
    let samples = samples();
    let collection = Collection::new(&samples, &[]).unwrap();
    let background = Background::new(&collection, &samples, 1000, 4, |_| ()).unwrap();
    let scores = Scores::compare(&collection, Stage::Coarse, |_| ()).unwrap();
    let refused = cascade::study(&collection, &scores, &background, (20, 4), |_| ()).unwrap_err();
    assert_eq!(refused, EvalError::NoMates);
}
